//! Signed checkpoints of chains: which chains need one, how one is made, and where it was noted.

use super::chain::{ChainFault, FIRST_HASH, Walker};
use super::checkpoint::{Checkpoint, CheckpointKey};
use super::frontier::Frontier;
use super::rows::as_i64;
use super::session::Scope;
use super::{Catalog, CatalogError, sql};
use crate::domain::Timestamp;

/// Records that one checkpoint adds at most; a chain that grew more gets several.
const STRIDE: u64 = 50_000;

/// What became of a chain that was to get a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealing {
    /// A checkpoint speaks for so many records now.
    Sealed(u64),
    /// Its records are not what was written: nobody signs that.
    Broken(ChainFault),
}

impl Catalog {
    /// Chains that grew since their last checkpoint, after the named one.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn unsealed_chains(&self, after: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        self.chains_where("SELECT chain FROM audit_heads WHERE seq > sealed AND chain > $1 ORDER BY chain LIMIT $2", after, limit).await
    }

    /// Chains whose last checkpoint is noted nowhere but here, after the named one.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn unanchored_chains(&self, after: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        self.chains_where("SELECT chain FROM audit_heads WHERE sealed > anchored AND chain > $1 ORDER BY chain LIMIT $2", after, limit)
            .await
    }

    async fn chains_where(&self, query: &'static str, after: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        let rows: Vec<(String,)> =
            sql::query(query).bind(after).bind(i64::from(limit)).fetch_all(&mut self.read(Scope::House).await?).await?;
        Ok(rows.into_iter().map(|(chain,)| chain).collect())
    }

    /// Signs for the records that came since the last checkpoint, after checking each.
    ///
    /// # Errors
    /// When the catalog does not answer, or what was kept of the tree cannot be read.
    pub async fn seal_chain(&self, chain: &str, key: &CheckpointKey, now: Timestamp) -> Result<Sealing, CatalogError> {
        let row: Option<(i64, i64, String, String)> =
            sql::query("SELECT seq, sealed, sealed_hash, sealed_tree FROM audit_heads WHERE chain = $1")
                .bind(chain)
                .fetch_optional(&mut self.read(Scope::Chain(chain)).await?)
                .await?;
        let Some((seq, sealed, hash, tree)) = row else { return Ok(Sealing::Sealed(0)) };
        let (seq, sealed) = (seq.unsigned_abs(), sealed.unsigned_abs());
        let tree = Frontier::parse(sealed, &tree).ok_or_else(|| CatalogError::Corrupt { table: "audit_heads", id: chain.to_owned() })?;
        let wanted = seq.min(sealed.saturating_add(STRIDE));
        let mut walker = Walker::resume(chain, if sealed == 0 { FIRST_HASH } else { &hash }, tree);
        self.walk(&mut walker, wanted).await?;
        let report = walker.report();
        if let Some(fault) = &report.fault {
            return Ok(Sealing::Broken(fault.clone()));
        }
        if report.records < wanted {
            return Ok(Sealing::Broken(ChainFault::Cut { seq: report.records, head: seq }));
        }
        let checkpoint =
            Checkpoint { chain: chain.to_owned(), size: report.records, root: walker.tree().root(), head: report.head.clone(), at: now };
        let (note, tree) = (key.sign(&checkpoint), walker.tree().nodes_hex());
        self.verb(|| async {
            let mut tx = self.begin(Scope::Chain(chain)).await?;
            // Another process may have been first, for as many records or more.
            sql::query("INSERT INTO audit_checkpoints (chain, size, note) VALUES ($1, $2, $3) ON CONFLICT (chain, size) DO NOTHING")
                .bind(chain)
                .bind(as_i64(checkpoint.size))
                .bind(&note)
                .execute(&mut tx)
                .await?;
            sql::query("UPDATE audit_heads SET sealed = $2, sealed_hash = $3, sealed_tree = $4 WHERE chain = $1 AND sealed < $2")
                .bind(chain)
                .bind(as_i64(checkpoint.size))
                .bind(&checkpoint.head)
                .bind(&tree)
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await?;
        Ok(Sealing::Sealed(checkpoint.size))
    }

    /// The signed notes of a chain after a size, in order, with the sizes they are kept under.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn checkpoint_notes(&self, chain: &str, after: u64, limit: u32) -> Result<Vec<(u64, String)>, CatalogError> {
        let rows: Vec<(i64, String)> =
            sql::query("SELECT size, note FROM audit_checkpoints WHERE chain = $1 AND size > $2 ORDER BY size LIMIT $3")
                .bind(chain)
                .bind(as_i64(after))
                .bind(i64::from(limit))
                .fetch_all(&mut self.read(Scope::Chain(chain)).await?)
                .await?;
        Ok(rows.into_iter().map(|(size, note)| (size.unsigned_abs(), note)).collect())
    }

    /// The newest signed note of a chain, where it is noted nowhere but here.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn unanchored_note(&self, chain: &str) -> Result<Option<(u64, String)>, CatalogError> {
        let row: Option<(i64, String)> = sql::query(
            "SELECT c.size, c.note FROM audit_heads h JOIN audit_checkpoints c ON c.chain = h.chain AND c.size = h.sealed \
             WHERE h.chain = $1 AND h.sealed > h.anchored",
        )
        .bind(chain)
        .fetch_optional(&mut self.read(Scope::Chain(chain)).await?)
        .await?;
        Ok(row.map(|(size, note)| (size.unsigned_abs(), note)))
    }

    /// Notes that a checkpoint lies in the store now.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn anchored(&self, chain: &str, size: u64) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::Chain(chain)).await?;
            sql::query("UPDATE audit_heads SET anchored = $2 WHERE chain = $1 AND anchored < $2")
                .bind(chain)
                .bind(as_i64(size))
                .execute(&mut tx)
                .await?;
            tx.commit().await
        })
        .await
    }
}
