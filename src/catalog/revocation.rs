//! Taking shares back: link, codes and what was not sent yet end with them.

use super::files::touch;
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::share_events::{ShareEvent, tell_of_share};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, FileId, ShareId, Timestamp};

/// A share to be taken back, with its record.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// Which.
    pub share: ShareId,
    /// The record of it; its actor is who takes it back.
    pub entry: AuditEntry,
}

/// Voids the codes of a share's link.
async fn void_codes(tx: &mut Tx, customer: CustomerId, share: ShareId, now: Timestamp) -> Result<(), CatalogError> {
    sql::query(
        "UPDATE codes SET voided_at = $3 WHERE customer_id = $1 AND voided_at IS NULL \
         AND link_id IN (SELECT id FROM links WHERE customer_id = $1 AND share_id = $2)",
    )
    .bind(customer.to_string())
    .bind(share.to_string())
    .bind(micros(now))
    .execute(tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Takes shares back, all or none, each with its record. Their links open nothing from the commit
    /// on, their codes are void, and messages that wait are not sent. Gives those that were alive; one that had ended is left as it is,
    /// without a record.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn revoke(&self, customer: CustomerId, revocations: &[Revocation]) -> Result<Vec<ShareId>, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let now = self.clock().now();
            let mut ended = Vec::new();
            for Revocation { share, entry } in revocations {
                let file: Option<(String,)> = sql::query(
                    "UPDATE shares SET revoked_at = $3, revoked_by = $4 WHERE customer_id = $1 AND id = $2 AND revoked_at IS NULL \
                     AND expires_at > $3 RETURNING file_id",
                )
                .bind(customer.to_string())
                .bind(share.to_string())
                .bind(micros(now))
                .bind(entry.actor.to_string())
                .fetch_optional(&mut tx)
                .await?;
                let Some((file,)) = file else { continue };
                let file: FileId = RowRef { table: "shares", id: &file }.parsed(&file)?;
                void_codes(&mut tx, customer, *share, now).await?;
                // What may be found of the file changed for whoever had it.
                touch(&mut tx, customer, file, now).await?;
                audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
                tell_of_share(&mut tx, customer, *share, ShareEvent::TakenBack, now).await?;
                self.withdraw(&mut tx, customer, &share.to_string(), entry).await?;
                ended.push(*share);
            }
            tx.commit().await?;
            Ok(ended)
        })
        .await
    }
}
