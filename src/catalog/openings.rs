//! Openings of links: how often a file was handed out, when, and to which network.

use super::rows::{RowRef, micros};
use super::share_events::{ShareEvent, tell_of_share};
use super::{Catalog, CatalogError, LinkRecord, audit, sql};
use crate::domain::{AuditEntry, CustomerId, FileId, Network, ShareId, Timestamp};

/// That a link gave out its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The share the link stands for.
    pub share: ShareId,
    /// How many there were of this link with it, from 1.
    pub number: u64,
    /// Which version was given.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// The network it came from: 24 bits of an IPv4 address, 48 of an IPv6 one.
    pub network: Option<String>,
}

impl Catalog {
    /// Counts that a link gave out its file, keeps when and to which network as the record has them, and
    /// notes that the file was used. The first one is told by event. However many come at once, no more than the link allows are counted.
    ///
    /// # Errors
    /// `Conflict` when the share has ended, the link was opened as often as it may be, or the file may not
    /// be handed out any more; else when it could not be committed.
    pub async fn downloaded(&self, link: &LinkRecord, entry: &AuditEntry) -> Result<(), CatalogError> {
        let at = self.clock().now();
        let now = micros(at);
        let customer = link.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(link.customer).await?;
            let counted: Option<(i64,)> = sql::query(
                "UPDATE links SET downloads = downloads + 1 WHERE customer_id = $1 AND id = $2 \
                 AND (most_downloads IS NULL OR downloads < most_downloads) AND EXISTS (SELECT 1 FROM shares s \
                 JOIN files f ON f.customer_id = s.customer_id AND f.id = s.file_id WHERE s.customer_id = $1 AND s.id = links.share_id \
                 AND s.revoked_at IS NULL AND s.expires_at > $3 AND f.status NOT IN ('quarantined', 'expired', 'deleted')) RETURNING downloads",
            )
            .bind(&customer)
            .bind(link.id.to_string())
            .bind(now)
            .fetch_optional(&mut tx)
            .await?;
            let Some((number,)) = counted else { return Err(CatalogError::Conflict("this link opens nothing any more")) };
            sql::query("INSERT INTO openings (customer_id, link_id, number, version, opened_at, network) VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(&customer)
                .bind(link.id.to_string())
                .bind(number)
                .bind(i64::from(entry.version.unwrap_or(link.version)))
                .bind(now)
                .bind(entry.origin.address.as_deref().and_then(Network::of_text).map(|network| network.to_string()))
                .execute(&mut tx)
                .await?;
            if number == 1 {
                // Before the file's row, as `touch` locks them: the customer's, then the file's.
                tell_of_share(&mut tx, link.customer, link.share, ShareEvent::Opened, at).await?;
            }
            sql::query("UPDATE files SET last_accessed = $3 WHERE customer_id = $1 AND id = $2")
                .bind(&customer)
                .bind(link.file.to_string())
                .bind(now)
                .execute(&mut tx)
                .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Openings of all links to a file, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn openings(&self, customer: CustomerId, file: FileId, limit: u32) -> Result<Vec<Opening>, CatalogError> {
        let rows: Vec<(String, i64, i64, i64, Option<String>)> = sql::query(
            "SELECT l.share_id, o.number, o.version, o.opened_at, o.network FROM shares s \
             JOIN links l ON l.customer_id = s.customer_id AND l.share_id = s.id \
             JOIN openings o ON o.customer_id = l.customer_id AND o.link_id = l.id \
             WHERE s.customer_id = $1 AND s.file_id = $2 ORDER BY o.opened_at DESC, o.number DESC LIMIT $3",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter()
            .map(|(share, number, version, at, network)| {
                let row = RowRef { table: "openings", id: &share };
                Ok(Opening {
                    share: row.parsed(&share)?,
                    number: row.number(number)?,
                    version: row.number(version)?,
                    at: row.instant(at)?,
                    network,
                })
            })
            .collect()
    }
}
