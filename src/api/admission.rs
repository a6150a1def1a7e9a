//! Who is let in to work: a place for each request and each upload, or a quick "not now".

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::limits::DoorLimits;
use super::problem::Problem;
use crate::domain::ErrorCode;

/// Most memory one upload fills, in bytes: two parts on their way to the store while the next fills.
const LARGEST: u64 = 24 * 1024 * 1024;
/// What the smallest upload is counted as, in bytes: it has a connection to the store, and a thread
/// that writes, however few its bytes are.
const SMALLEST: u64 = 2 * 1024 * 1024;
/// Memory is given out in pieces of so many bytes.
const PIECE: u64 = 64 * 1024;
/// How long an upload waits for memory before it is told to come back. Its sender is held up by the
/// connection meanwhile, so that nothing piles up here.
const PATIENCE: Duration = Duration::from_secs(15);

/// The places at the doors.
#[derive(Debug)]
pub(super) struct Admission {
    requests: Semaphore,
    uploads: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    /// Pieces of memory there are, taken or not.
    pieces: u32,
    patience: Duration,
    refused: AtomicU64,
}

/// An upload's place, and the memory it may fill; free again when this is dropped.
#[derive(Debug)]
pub(super) struct UploadPlace {
    _place: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

impl Admission {
    pub fn new(limits: &DoorLimits) -> Self {
        // Less would let no upload in, ever.
        let pieces = pieces(limits.upload_memory.max(LARGEST));
        Self {
            requests: Semaphore::new(limits.requests.clamp(1, Semaphore::MAX_PERMITS)),
            uploads: Arc::new(Semaphore::new(limits.uploads.clamp(1, Semaphore::MAX_PERMITS))),
            memory: Arc::new(Semaphore::new(usize::try_from(pieces).unwrap_or(Semaphore::MAX_PERMITS))),
            pieces,
            patience: PATIENCE,
            refused: AtomicU64::new(0),
        }
    }

    /// A place for a request that is not an upload; `None` when all are taken.
    pub fn request(&self) -> Option<SemaphorePermit<'_>> {
        let place = self.requests.try_acquire().ok();
        if place.is_none() {
            self.note("request");
        }
        place
    }

    /// A place for an upload of so many bytes, where its sender said how many; waits a while for the
    /// memory that it will fill.
    ///
    /// # Errors
    /// `unavailable` when there is no place, or no memory in time.
    pub async fn upload(&self, declared: Option<u64>) -> Result<UploadPlace, Problem> {
        let busy = || {
            self.note("upload");
            Problem::new(ErrorCode::Unavailable, "too many uploads are under way; nothing was stored, try again in a few seconds")
        };
        let place = Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| busy())?;
        let wanted = pieces(declared.unwrap_or(LARGEST).clamp(SMALLEST, LARGEST)).min(self.pieces);
        let memory = tokio::time::timeout(self.patience, Arc::clone(&self.memory).acquire_many_owned(wanted)).await;
        match memory {
            Ok(Ok(memory)) => Ok(UploadPlace { _place: place, _memory: memory }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// The log hears of the first refusal, the second, the fourth, the eighth: a flood of requests
    /// must not become a flood of lines.
    fn note(&self, what: &'static str) {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if refused.is_power_of_two() {
            tracing::warn!(what, refused, "the server is full; some of what came was told to come back");
        }
    }
}

fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(limits: DoorLimits) -> Admission {
        Admission { patience: Duration::from_millis(20), ..Admission::new(&limits) }
    }

    #[test]
    fn a_request_beyond_the_last_place_is_refused_and_the_place_comes_back() {
        let admission = admission(DoorLimits { requests: 2, ..DoorLimits::default() });
        let (first, second) = (admission.request(), admission.request());
        assert!(first.is_some() && second.is_some() && admission.request().is_none());
        drop(first);
        assert!(admission.request().is_some());
    }

    #[tokio::test]
    async fn uploads_share_memory_by_their_size_and_never_more_than_there_is() {
        let admission = admission(DoorLimits { uploads: 20, upload_memory: 48 * 1024 * 1024, ..DoorLimits::default() });
        // One of unknown size counts as the largest; twelve small ones as much as another of them.
        let unknown = admission.upload(None).await.unwrap();
        let mut small = Vec::new();
        for _ in 0..12 {
            small.push(admission.upload(Some(10)).await.unwrap());
        }
        let refused = admission.upload(Some(10)).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable);
        drop(small);
        let large = admission.upload(Some(5 << 30)).await.unwrap();
        assert!(admission.upload(Some(1)).await.is_err());
        drop((unknown, large));
        assert!(admission.upload(Some(1)).await.is_ok());
    }

    #[tokio::test]
    async fn uploads_that_only_wait_have_a_last_place_too() {
        let admission = admission(DoorLimits { uploads: 1, ..DoorLimits::default() });
        let only = admission.upload(Some(1)).await.unwrap();
        assert!(admission.upload(Some(1)).await.is_err());
        drop(only);
        assert!(admission.upload(Some(1)).await.is_ok());
    }
}
