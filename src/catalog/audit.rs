//! The audit chain: every record carries the hash of the one before it.
//!
//! A record is stored as the exact JSON text that was hashed; its hash is
//! `SHA-256(previous hash as 64 hex digits, "\n", record text)`, and the first record follows 64
//! zeros. Anybody with the rows can check a chain without this program.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::rows::as_i64;
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, sql};
use crate::domain::{AuditEntry, AuditId, Clock, CustomerId, Entropy, Timestamp};

/// The chain of refusals before a customer is known.
pub const SYSTEM_CHAIN: &str = "system";

const FIRST_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One record, as stored and exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its id.
    pub id: String,
    /// Whose chain.
    pub chain: String,
    /// Place in the chain, from 1.
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// Kind of actor: `user`, `guest`, `key`, `operator`, `link`, `system`.
    pub actor_kind: String,
    /// Who.
    pub actor: String,
    /// On whose behalf, where that is somebody else.
    pub on_behalf_of: Option<String>,
    /// In which call.
    pub call: Option<String>,
    /// Through which door.
    pub door: String,
    /// From which address.
    pub source: Option<String>,
    /// What was asked for.
    pub action: String,
    /// On what.
    pub object: Option<String>,
    /// Which version of it.
    pub version: Option<u32>,
    /// SHA-256 of its content.
    pub content_hash: Option<String>,
    /// What the policies said.
    pub decision: String,
    /// Which policies.
    pub policy: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// Hash of the record before it.
    pub previous: String,
}

/// What is wrong with a chain, at its first bad place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum ChainFault {
    /// A record is missing or out of order here.
    Gap {
        /// The place.
        seq: u64,
    },
    /// The record's text does not give its hash, or it does not follow the one before it.
    Altered {
        /// The place.
        seq: u64,
    },
    /// Records at the end are missing.
    Cut {
        /// The last place found.
        seq: u64,
        /// The place the head names.
        head: u64,
    },
}

/// The result of checking one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Which chain.
    pub chain: String,
    /// Records read.
    pub records: u64,
    /// Hash of the last good record.
    pub head: String,
    /// The first fault; `None` when the chain is whole.
    pub fault: Option<ChainFault>,
}

fn link_hash(previous: &str, record: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(previous.len() + 1 + record.len());
    bytes.extend_from_slice(previous.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(record);
    hex::encode(digest(&SHA256, &bytes))
}

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
        on_behalf_of: None,
        call: entry.call.map(|id| id.to_string()),
        door: entry.door.as_str().to_owned(),
        source: entry.source.clone(),
        action: entry.action.to_owned(),
        object: entry.object.clone(),
        version: entry.version,
        content_hash: entry.content_hash.clone(),
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
    /// them. A head noted elsewhere shows that: compare it with the one in an earlier report.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn verify_chain(&self, chain: &str) -> Result<ChainReport, CatalogError> {
        let mut report = ChainReport { chain: chain.to_owned(), records: 0, head: FIRST_HASH.to_owned(), fault: None };
        let mut named = None;
        loop {
            self.walk(&mut report).await?;
            if report.fault.is_some() {
                return Ok(report);
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
                return Ok(report);
            }
            if seq <= report.records || named == Some(seq) {
                report.fault = Some(ChainFault::Cut { seq: report.records, head: seq });
                return Ok(report);
            }
            named = Some(seq);
        }
    }

    /// Checks the records after the last good one up to the first fault or the end.
    async fn walk(&self, report: &mut ChainReport) -> Result<(), CatalogError> {
        loop {
            // As bytes: damage may leave what is no text.
            let rows: Vec<(i64, Vec<u8>, Vec<u8>)> =
                sql::query(self.engine().pick(
                    "SELECT seq, record, hash FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT 1000",
                    "SELECT seq, convert_to(record, 'UTF8'), convert_to(hash, 'UTF8') FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT 1000",
                ))
                    .bind(&report.chain)
                    .bind(as_i64(report.records))
                    .fetch_all(&mut self.read(Scope::Chain(&report.chain)).await?)
                    .await?;
            if rows.is_empty() {
                return Ok(());
            }
            for (seq, text, hash) in rows {
                let expected = report.records + 1;
                if seq.unsigned_abs() != expected {
                    report.fault = Some(ChainFault::Gap { seq: expected });
                    return Ok(());
                }
                let follows = serde_json::from_slice::<AuditRecord>(&text)
                    .is_ok_and(|record| record.previous == report.head && record.seq == expected && record.chain == report.chain);
                let computed = link_hash(&report.head, &text);
                if !follows || computed.as_bytes() != hash {
                    report.fault = Some(ChainFault::Altered { seq: expected });
                    return Ok(());
                }
                report.records = expected;
                report.head = computed;
            }
        }
    }

    async fn is_customer(&self, chain: &str) -> Result<bool, CatalogError> {
        let row: Option<(String,)> = sql::query("SELECT id FROM customers WHERE id = $1")
            .bind(chain)
            .fetch_optional(&mut self.read(Scope::Chain(chain)).await?)
            .await?;
        Ok(row.is_some())
    }
}
