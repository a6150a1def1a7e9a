//! Writing and reading the audit chain within the catalog; `chain` says what one is.

use super::chain::{AuditRecord, ChainFault, ChainReport, Checkpoints, FIRST_HASH, Walker, link_hash};
use super::rows::as_i64;
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, CheckpointVerifier, sql};
use crate::domain::{AuditEntry, AuditId, Clock, CustomerId, Entropy};

/// The chain of refusals before a customer is known.
pub const SYSTEM_CHAIN: &str = "system";

/// Appends a record within the caller's transaction.
pub(super) async fn append(
    tx: &mut Tx,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    chain: &str,
    entry: &AuditEntry,
) -> Result<(), CatalogError> {
    // The head is written before it is read, so that two transactions never take the same place.
    let (seq, previous): (i64, String) = sql::query(
        "INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, 1, $2) \
         ON CONFLICT (chain) DO UPDATE SET seq = audit_heads.seq + 1 RETURNING seq, hash",
    )
    .bind(chain)
    .bind(FIRST_HASH)
    .fetch_one(tx)
    .await?;
    let record = AuditRecord {
        id: AuditId::new(clock, entropy).to_string(),
        chain: chain.to_owned(),
        seq: seq.unsigned_abs(),
        at: clock.now(),
        actor_kind: entry.actor.kind().to_owned(),
        actor: entry.actor.to_string(),
        on_behalf_of: entry.on_behalf_of.clone(),
        assurance: entry.assurance.map(|verified| verified.to_string()),
        call: entry.call.map(|id| id.to_string()),
        door: entry.origin.door.as_str().to_owned(),
        source: entry.origin.address.clone(),
        request_id: entry.origin.request.clone(),
        purpose: entry.origin.purpose.as_ref().map(|purpose| purpose.as_str().to_owned()),
        action: entry.action.to_owned(),
        object: entry.object.clone(),
        version: entry.version,
        content_hash: entry.content_hash.clone(),
        bytes: entry.bytes,
        decision: entry.decision.as_str().to_owned(),
        policy: entry.policy.clone(),
        outcome: entry.outcome.to_owned(),
        reason: entry.reason.clone(),
        previous: previous.clone(),
    };
    let text = serde_json::to_string(&record).map_err(|_| CatalogError::Corrupt { table: "audit", id: record.id.clone() })?;
    let hash = link_hash(&previous, text.as_bytes());
    sql::query("INSERT INTO audit (chain, seq, record, hash) VALUES ($1, $2, $3, $4)")
        .bind(chain)
        .bind(seq)
        .bind(&text)
        .bind(&hash)
        .execute(tx)
        .await?;
    sql::query("UPDATE audit_heads SET hash = $2 WHERE chain = $1").bind(chain).bind(&hash).execute(tx).await?;
    Ok(())
}

/// Notes read at once.
const NOTES: u32 = 1000;

/// A chain that no transaction leaves behind.
const PROBE_CHAIN: &str = "probe";

impl Catalog {
    /// Whether a record could be written now: writes one row, takes it away, and waits for the disk.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn probe_writing(&self) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::Chain(PROBE_CHAIN)).await?;
            sql::query("INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, 0, $2)")
                .bind(PROBE_CHAIN)
                .bind(FIRST_HASH)
                .execute(&mut tx)
                .await?;
            sql::query("DELETE FROM audit_heads WHERE chain = $1").bind(PROBE_CHAIN).execute(&mut tx).await?;
            tx.commit().await
        })
        .await
    }

    /// Records an operation that changes nothing else: a look, or a refusal.
    ///
    /// # Errors
    /// When the record could not be committed; the operation must then fail too.
    pub async fn record(&self, customer: CustomerId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.record_in(&customer.to_string(), entry).await
    }

    /// Records a refusal before a customer is known.
    ///
    /// # Errors
    /// When the record could not be committed.
    pub async fn record_system(&self, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.record_in(SYSTEM_CHAIN, entry).await
    }

    async fn record_in(&self, chain: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::Chain(chain)).await?;
            append(&mut tx, self.clock(), self.entropy(), chain, entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Records of one customer after a place, in order.
    ///
    /// # Errors
    /// When the catalog does not answer or a record cannot be read.
    pub async fn audit_page(&self, customer: CustomerId, after: u64, limit: u32) -> Result<Vec<AuditRecord>, CatalogError> {
        let rows: Vec<(i64, String)> = sql::query("SELECT seq, record FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(customer.to_string())
            .bind(as_i64(after))
            .bind(i64::from(limit))
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter()
            .map(|(seq, text)| {
                serde_json::from_str(&text).map_err(|_| CatalogError::Corrupt { table: "audit", id: format!("{customer} {seq}") })
            })
            .collect()
    }

    /// Every chain there is, and every customer's, which must be there.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn audit_chains(&self) -> Result<Vec<String>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT chain FROM audit_heads UNION SELECT DISTINCT chain FROM audit UNION SELECT id AS chain FROM customers ORDER BY chain",
        )
        .fetch_all(&mut self.read(Scope::House).await?)
        .await?;
        Ok(rows.into_iter().map(|(chain,)| chain).collect())
    }

    /// Walks a chain from its start and recomputes every hash, while others may append to it.
    ///
    /// What this cannot see by itself: records cut off at the end together with the head that named
    /// them, and a history that was written anew. Checkpoints show both: [`Catalog::verify_sealed`].
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn verify_chain(&self, chain: &str) -> Result<ChainReport, CatalogError> {
        self.verify_against(chain, Checkpoints::default()).await
    }

    /// The same, held against the chain's signed checkpoints: those kept here, and those of
    /// `elsewhere`, where whoever changed the catalog could not reach.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn verify_sealed(
        &self,
        chain: &str,
        verifier: &CheckpointVerifier,
        mut elsewhere: Checkpoints,
    ) -> Result<ChainReport, CatalogError> {
        let mut after = 0;
        loop {
            let notes = self.checkpoint_notes(chain, after, NOTES).await?;
            let Some((last, _)) = notes.last() else { break };
            after = *last;
            for (size, note) in notes {
                elsewhere.add(verifier, chain, size, &note);
            }
        }
        self.verify_against(chain, elsewhere).await
    }

    async fn verify_against(&self, chain: &str, elsewhere: Checkpoints) -> Result<ChainReport, CatalogError> {
        let mut walker = Walker::new(chain, elsewhere);
        let mut named = None;
        loop {
            self.walk(&mut walker, u64::MAX).await?;
            let report = walker.report();
            if report.fault.is_some() {
                return Ok(walker.end());
            }
            // The head is read after the rows: it may name records that came meanwhile, never fewer.
            // What it names must be there when the rows are read again.
            let head: Option<(i64, String)> = sql::query("SELECT seq, hash FROM audit_heads WHERE chain = $1")
                .bind(chain)
                .fetch_optional(&mut self.read(Scope::Chain(chain)).await?)
                .await?;
            let (seq, hash) = match head {
                Some((seq, hash)) => (seq.unsigned_abs(), hash),
                // A customer's first record is that it was made.
                None => (u64::from(self.is_customer(chain).await?), FIRST_HASH.to_owned()),
            };
            if seq == report.records && hash == report.head {
                return Ok(walker.end());
            }
            if seq <= report.records || named == Some(seq) {
                let fault = ChainFault::Cut { seq: report.records, head: seq };
                walker.fail(fault);
                return Ok(walker.end());
            }
            named = Some(seq);
        }
    }

    /// Takes the records after the last good one up to `last`, the first fault or the end.
    pub(super) async fn walk(&self, walker: &mut Walker, last: u64) -> Result<(), CatalogError> {
        while walker.report().records < last {
            let report = walker.report();
            let rows = sql::query(self.engine().pick(
                // As bytes: damage may leave what is no text.
                "SELECT seq, record, hash FROM audit WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT 1000",
                "SELECT seq, convert_to(record, 'UTF8'), convert_to(hash, 'UTF8') FROM audit \
                 WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT 1000",
            ));
            let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = rows
                .bind(&report.chain)
                .bind(as_i64(report.records))
                .bind(as_i64(last))
                .fetch_all(&mut self.read(Scope::Chain(&report.chain)).await?)
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            for (seq, text, hash) in rows {
                if !walker.step(seq.unsigned_abs(), &text, Some(&hash)) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn is_customer(&self, chain: &str) -> Result<bool, CatalogError> {
        let row: Option<(String,)> = sql::query("SELECT id FROM customers WHERE id = $1")
            .bind(chain)
            .fetch_optional(&mut self.read(Scope::Chain(chain)).await?)
            .await?;
        Ok(row.is_some())
    }
}
