//! Spoken codes: a keyed hash, a few tries, an end. The try is taken before the comparison.

use subtle::ConstantTimeEq;

use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, CodeId, CustomerId, LinkId, Timestamp};

/// A code to be made.
#[derive(Debug)]
pub struct NewCode {
    /// Which.
    pub id: CodeId,
    /// The link it opens.
    pub link: LinkId,
    /// The call it was made in.
    pub call: CallId,
    /// Keyed hash of link and code, hexadecimal.
    pub code_hash: String,
    /// The code itself, sealed.
    pub sealed: String,
    /// Wrong answers it survives.
    pub tries: u32,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A living code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Which.
    pub id: CodeId,
    /// The link it opens.
    pub link: LinkId,
    /// The code itself, sealed.
    pub sealed: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// How a try went. Wrong, expired, used up, revoked and unknown are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is the code.
    Right,
    /// It is not, or there is none.
    Wrong,
}

/// Stores a code; earlier codes of the link are void.
pub(super) async fn insert_code(tx: &mut Tx, customer: CustomerId, code: &NewCode, now: Timestamp) -> Result<(), CatalogError> {
    sql::query("UPDATE codes SET voided_at = $3 WHERE customer_id = $1 AND link_id = $2 AND voided_at IS NULL")
        .bind(customer.to_string())
        .bind(code.link.to_string())
        .bind(micros(now))
        .execute(tx)
        .await?;
    sql::query(
        "INSERT INTO codes (id, customer_id, link_id, call_id, code_hash, sealed, tries_left, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(code.id.to_string())
    .bind(customer.to_string())
    .bind(code.link.to_string())
    .bind(code.call.to_string())
    .bind(&code.code_hash)
    .bind(&code.sealed)
    .bind(i64::from(code.tries))
    .bind(micros(now))
    .bind(micros(code.expires_at))
    .execute(tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Stores a code for a link; earlier codes of the link are void.
    ///
    /// # Errors
    /// `Conflict` when the customer has no such link or call; else when it could not be committed.
    pub async fn issue_code(&self, customer: CustomerId, code: &NewCode, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            insert_code(&mut tx, customer, code, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The living code of a link that was made in this call.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn living_code(&self, customer: CustomerId, call: CallId, link: LinkId) -> Result<Option<CodeRecord>, CatalogError> {
        let row: Option<(String, String, i64)> = sql::query(
            "SELECT id, sealed, expires_at FROM codes WHERE customer_id = $1 AND call_id = $2 AND link_id = $3 AND voided_at IS NULL \
             AND tries_left > 0 AND expires_at > $4 ORDER BY id DESC LIMIT 1",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(link.to_string())
        .bind(micros(self.clock().now()))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some((id, sealed, expires_at)) = row else { return Ok(None) };
        let row = RowRef { table: "codes", id: &id };
        Ok(Some(CodeRecord { id: row.parsed(&id)?, link, sealed, expires_at: row.instant(expires_at)? }))
    }

    /// Tries a code on a link. A try is used up before the comparison and given back when it was
    /// right, so parallel guesses never get more than the code has. `entries` are recorded for a
    /// right and for a wrong try.
    ///
    /// # Errors
    /// When it could not be committed; the answer must then be the same as for a wrong code.
    pub async fn try_code(
        &self,
        customer: CustomerId,
        link: LinkId,
        code_hash: &str,
        right: &AuditEntry,
        wrong: &AuditEntry,
    ) -> Result<Attempt, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let row: Option<(String, String)> = sql::query(
                "UPDATE codes SET tries_left = tries_left - 1 WHERE customer_id = $1 AND link_id = $2 AND voided_at IS NULL AND tries_left > 0 \
                 AND expires_at > $3 AND EXISTS (SELECT 1 FROM links l JOIN shares s ON s.id = l.share_id WHERE l.customer_id = $1 AND l.id = $2 \
                 AND s.revoked_at IS NULL AND s.expires_at > $3) RETURNING id, code_hash",
            )
            .bind(customer.to_string())
            .bind(link.to_string())
            .bind(micros(self.clock().now()))
            .fetch_optional(&mut tx)
            .await?;
            // A comparison is made in every case, so that its time tells nothing.
            let (id, stored) = row.unwrap_or_else(|| (String::new(), "-".repeat(code_hash.len())));
            let attempt = if stored.as_bytes().ct_eq(code_hash.as_bytes()).into() { Attempt::Right } else { Attempt::Wrong };
            if attempt == Attempt::Right {
                sql::query("UPDATE codes SET tries_left = tries_left + 1 WHERE customer_id = $1 AND id = $2")
                    .bind(customer.to_string())
                    .bind(&id)
                    .execute(&mut tx)
                    .await?;
            }
            let entry = if attempt == Attempt::Right { right } else { wrong };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(attempt)
        })
        .await
    }
}
