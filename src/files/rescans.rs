//! Bytes that are judged again, because the scanner changed since; and releases whose time is over. Nothing here opens a file.

use jiff::SignedDuration;

use super::errand::Errand;
use super::inspection::UnderInspection;
use super::{Files, FilesError};
use crate::catalog::{BlobRecord, CatalogError, ReleaseState, StaleBlob, Sweep};
use crate::domain::{AuditEntry, ChunkStream, CustomerId, FileName, ScanStatus, ScanVerdict, Timestamp};

/// Customers that are asked for at once.
const CUSTOMERS: u32 = 100;
/// Releases of one customer that are looked at.
const RELEASES: u32 = 1000;

/// Bytes that are to be judged again.
#[derive(Debug, Clone)]
pub struct ToRescan {
    /// Whose.
    pub customer: CustomerId,
    /// Their name.
    pub name: FileName,
    blob: BlobRecord,
}

/// A process's turn at judging again.
#[derive(Debug)]
pub struct RescanTurn(Sweep);

/// How long a turn is kept without a sign: the longest scan takes less.
const LEASE: SignedDuration = SignedDuration::from_mins(45);
/// How long after one round the next is due.
const NEXT: SignedDuration = SignedDuration::from_secs(50);

impl Files {
    fn in_a_while(&self, while_: SignedDuration) -> Timestamp {
        self.now().saturating_add(while_).unwrap_or(Timestamp::MAX)
    }

    /// Takes the turn at judging again; `None` while another process has it, or had it just now.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn take_rescan_turn(&self) -> Result<Option<RescanTurn>, FilesError> {
        Ok(self.0.catalog.take_sweep("rescans", self.in_a_while(LEASE)).await?.map(RescanTurn))
    }

    /// Keeps the turn.
    ///
    /// # Errors
    /// `Conflict` when another process has it now; else when the catalog does not answer.
    pub async fn keep_rescan_turn(&self, turn: &RescanTurn) -> Result<(), FilesError> {
        Ok(self.0.catalog.keep_sweep(&turn.0, "", self.in_a_while(LEASE)).await?)
    }

    /// Gives the turn back.
    ///
    /// # Errors
    /// `Conflict` when another process has it now; else when the catalog does not answer.
    pub async fn end_rescan_turn(&self, turn: &RescanTurn) -> Result<(), FilesError> {
        Ok(self.0.catalog.end_sweep(&turn.0, self.in_a_while(NEXT)).await?)
    }

    /// That a file's bytes were found clean by the scanner as it is now, under the same name.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn known_clean(&self, under: &UnderInspection, engine: &str) -> Result<Option<ScanVerdict>, FilesError> {
        let file = &under.file;
        let findings = self.0.catalog.known_clean(file.customer, file.blob, engine, &file.name).await?;
        Ok(findings.map(|findings| ScanVerdict { status: ScanStatus::Clean, engine: engine.to_owned(), findings }))
    }

    /// Bytes of every customer that were judged before an instant, and not by this scanner as it is: of each customer
    /// the oldest first, and of all no more than `limit`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn stale(&self, engine: &str, before: Timestamp, limit: usize) -> Result<Vec<ToRescan>, FilesError> {
        let (mut stale, mut after) = (Vec::new(), None);
        loop {
            let customers = self.0.catalog.customers_after(after, false, CUSTOMERS).await?;
            for customer in &customers {
                after = Some(*customer);
                let left = u32::try_from(limit.saturating_sub(stale.len())).unwrap_or(u32::MAX);
                if left == 0 {
                    return Ok(stale);
                }
                // An equal part for each, so that one with very much does not keep the others waiting.
                let blobs = self.0.catalog.stale_blobs(*customer, engine, before, left.min(10)).await?;
                self.to_rescan(*customer, blobs, &mut stale).await?;
            }
            if customers.len() < CUSTOMERS as usize {
                return Ok(stale);
            }
        }
    }

    /// Ends releases whose time is over: what they let out is judged anew. Gives how many.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn close_lapsed_releases(&self) -> Result<u64, FilesError> {
        let (mut closed, mut after, now) = (0, None, self.now());
        loop {
            let customers = self.0.catalog.customers_after(after, false, CUSTOMERS).await?;
            for customer in &customers {
                after = Some(*customer);
                for release in self.0.catalog.open_releases(*customer, RELEASES).await? {
                    if release.state(now) != ReleaseState::Over {
                        continue;
                    }
                    let entry = AuditEntry {
                        content_hash: Some(release.checksum.hex()),
                        ..Self::worker_entry("release_quarantine", "over", release.file)
                    };
                    // One that is closed by another process meanwhile is closed.
                    match self.0.catalog.close_release(*customer, release.id, &entry).await {
                        Ok(_) => closed += 1,
                        Err(CatalogError::Conflict(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            if customers.len() < CUSTOMERS as usize {
                break;
            }
        }
        if closed > 0 {
            self.0.arrived.notify_waiters();
            self.0.changed.notify_waiters();
        }
        Ok(closed)
    }

    async fn to_rescan(&self, customer: CustomerId, blobs: Vec<StaleBlob>, into: &mut Vec<ToRescan>) -> Result<(), FilesError> {
        for StaleBlob { blob, name } in blobs {
            if let Some(blob) = self.0.catalog.blob(customer, blob).await? {
                into.push(ToRescan { customer, name, blob });
            }
        }
        Ok(())
    }

    /// Bytes that are to be judged again.
    ///
    /// # Errors
    /// `NotFound` when they are gone; else when the store does not answer.
    pub async fn open_for_rescan(&self, bytes: &ToRescan) -> Result<ChunkStream, FilesError> {
        Ok(self.open_blob(Errand::of_worker(bytes.customer), &bytes.blob).await?.stream)
    }

    /// Heeds what a scanner says of bytes that were clean before: harmful ones are closed and moved where nobody reads,
    /// unless a release of them is in force. No verdict opens anything, and a scan that failed changes nothing.
    ///
    /// # Errors
    /// When catalog or store do not answer.
    pub async fn judge_again(&self, bytes: &ToRescan, verdict: ScanVerdict) -> Result<ScanStatus, FilesError> {
        let ToRescan { customer, name, blob } = bytes;
        let verdict = self.unless_released(*customer, &blob.checksum, verdict).await?;
        let entry = AuditEntry {
            content_hash: Some(blob.checksum.hex()),
            reason: (!verdict.findings.is_empty()).then(|| verdict.findings.join(", ")),
            ..Self::worker_entry("rescan", verdict.status.as_str(), blob.id)
        };
        match verdict.status {
            ScanStatus::Infected | ScanStatus::Suspicious => self.close(*customer, &blob.object_key, &verdict, &entry).await?,
            ScanStatus::Clean | ScanStatus::Failed | ScanStatus::Pending => {
                self.0.catalog.note_rescan(*customer, blob.id, &verdict, name, &entry).await?;
            }
        }
        Ok(verdict.status)
    }
}
