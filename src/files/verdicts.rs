//! What the store's own scanner says, whenever it comes: before a file is judged here, its word counts beside
//! ours; later, a threat closes the file. It never opens one.

use super::collect::unless_lost;
use super::errand::Errand;
use super::moving::Goal;
use super::sweeps::AT_ONCE;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::BlobRecord;
use crate::domain::{AuditEntry, CustomerId, ScanStatus, ScanVerdict};

/// Bytes of an object that is moved while whoever told of it waits: a few seconds' work.
const AT_ONCE_BYTES: u64 = 64 * 1024 * 1024;

const fn is_threat(status: ScanStatus) -> bool {
    matches!(status, ScanStatus::Infected | ScanStatus::Suspicious)
}

fn of_the_store(status: ScanStatus) -> ScanVerdict {
    ScanVerdict { status, engine: "the store's scanner".to_owned(), findings: vec!["store.verdict".to_owned()] }
}

/// The stricter of our verdict and of what the store's scanner said. That it could not judge takes nothing from
/// ours.
fn stricter(ours: &ScanVerdict, theirs: Option<ScanStatus>) -> ScanVerdict {
    match theirs {
        Some(theirs) if is_threat(theirs) && ours.status.strictest(theirs) != ours.status => of_the_store(theirs),
        _ => ours.clone(),
    }
}

impl Files {
    /// The stricter of our verdict and of what the store's scanner said of the same bytes, wherever they lay.
    pub(super) async fn strictest(&self, customer: CustomerId, blob: &BlobRecord, ours: &ScanVerdict) -> Result<ScanVerdict, FilesError> {
        let theirs = stricter(ours, self.0.catalog.store_verdict(customer, blob.id).await?);
        // Once somebody's password has shown harm inside, the same bytes are harmful to whoever has no password as well.
        Ok(match self.0.catalog.harm_inside(customer, blob.id).await? {
            Some((status, findings)) if theirs.status.strictest(status) != theirs.status => {
                ScanVerdict { status, engine: ours.engine.clone(), findings }
            }
            _ => theirs,
        })
    }

    /// Closes what stands for the bytes that the store's scanner found harmful, and moves them where nobody reads.
    /// Closed first: a copy may take long, and nobody is to be given an address meanwhile. A copy that is large,
    /// or fails, is left to the sweep.
    pub(super) async fn heed(&self, customer: CustomerId, object_key: &str, status: ScanStatus) -> Result<(), FilesError> {
        if !is_threat(status) {
            return Ok(());
        }
        let verdict = of_the_store(status);
        if self.is_released(customer, object_key).await? {
            return Ok(());
        }
        let entry = AuditEntry { reason: Some(verdict.findings.join(", ")), ..Self::worker_entry("scan", status.as_str(), object_key) };
        self.close(customer, object_key, &verdict, &entry).await
    }

    /// Whether two people have let the bytes at a place out: a scanner that says the same again is not news.
    async fn is_released(&self, customer: CustomerId, object_key: &str) -> Result<bool, FilesError> {
        let Some(checksum) = self.0.catalog.checksum_at(customer, object_key).await? else { return Ok(false) };
        Ok(self.0.catalog.release_in_force(customer, &checksum).await?.is_some())
    }

    /// Closes what stands for harmful bytes, as a scanner judged them, and moves them where nobody reads.
    pub(super) async fn close(
        &self,
        customer: CustomerId,
        object_key: &str,
        verdict: &ScanVerdict,
        entry: &AuditEntry,
    ) -> Result<(), FilesError> {
        // Bytes that are no file yet are judged with the store's word when they are.
        let Some(id) = self.0.catalog.condemn(customer, object_key, verdict, entry).await? else { return Ok(()) };
        self.0.changed.notify_waiters();
        let Some(blob) = self.0.catalog.blob(customer, id).await?.filter(|blob| blob.size <= AT_ONCE_BYTES) else { return Ok(()) };
        if let Err(error) = self.isolate(customer, &blob).await {
            tracing::warn!(customer.id = %customer, code = %error.code(), error = %error, "harmful bytes wait for the sweep to move them");
        }
        Ok(())
    }

    /// Moves what was found harmful and lies elsewhere into quarantine. Gives how many.
    pub(super) async fn isolate_condemned(&self, customer: CustomerId) -> Result<u64, FilesError> {
        let mut moved = 0;
        for id in self.0.catalog.condemned(customer, AT_ONCE).await? {
            if let Some(blob) = self.0.catalog.blob(customer, id).await? {
                moved += u64::from(self.isolate(customer, &blob).await?);
            }
        }
        Ok(moved)
    }

    /// Whether harmful bytes were moved: not where they are there already, or the store removed them by itself.
    async fn isolate(&self, customer: CustomerId, blob: &BlobRecord) -> Result<bool, FilesError> {
        let moved = match self.move_on(customer, blob, Goal::Quarantine).await {
            Ok(Some(moved)) => moved,
            Ok(None) | Err(FilesError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        };
        if unless_lost(self.0.catalog.move_blob(customer, blob.id, &moved.0).await)?.is_none() {
            return Ok(false);
        }
        self.leave(customer, Some(moved)).await;
        Ok(true)
    }

    /// Whether a verdict is about other bytes than those that lie at the place now.
    pub(super) async fn is_of_others(&self, customer: CustomerId, object_key: &str, etag: Option<&str>) -> Result<bool, FilesError> {
        let (Some(etag), Ok(key)) = (etag, ObjectKey::parse(customer, object_key)) else { return Ok(false) };
        let bare = |etag: &str| etag.trim_matches('"').to_owned();
        Ok(self.store(Errand::of_worker(customer)).await?.look(&key).await?.is_some_and(|facts| bare(&facts.etag) != bare(etag)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_two_verdicts_counts_and_no_judgement_is_none() {
        use ScanStatus::{Clean, Failed, Infected, Pending, Suspicious};
        for (ours, theirs, expected) in [
            (Clean, None, Clean),
            (Clean, Some(Clean), Clean),
            (Clean, Some(Failed), Clean),
            (Clean, Some(Pending), Clean),
            (Clean, Some(Suspicious), Suspicious),
            (Clean, Some(Infected), Infected),
            (Failed, Some(Clean), Failed),
            (Failed, Some(Infected), Infected),
            (Suspicious, Some(Clean), Suspicious),
            (Suspicious, Some(Infected), Infected),
            (Infected, Some(Suspicious), Infected),
            (Infected, Some(Clean), Infected),
            (Infected, None, Infected),
        ] {
            let own = ScanVerdict { status: ours, engine: "ours".to_owned(), findings: Vec::new() };
            let told = stricter(&own, theirs);
            assert_eq!(told.status, expected, "{ours} beside {theirs:?}");
            // Who said it is told with it.
            assert_eq!(told.engine == "ours", expected == ours, "{ours} beside {theirs:?}");
        }
    }
}
