//! Parts that nobody will make an object of: a process that was cut off cannot give them up.

use super::error::BlobError;
use super::key::{ObjectKey, Role};
use super::store::Store;
use crate::domain::Timestamp;

/// Pages of a thousand uploads that one sweep of a bucket looks at.
const PAGES: usize = 100;

impl Store {
    /// Gives up multipart uploads under our keys that began before an instant; how many. What lies
    /// in the buckets under other keys is somebody else's and stays.
    ///
    /// # Errors
    /// When the store does not answer or refuses; what was given up until then stays so.
    pub async fn sweep_parts(&self, before: Timestamp) -> Result<u64, BlobError> {
        let mut given_up = 0;
        for role in [Role::Files, Role::Metadata] {
            given_up += self.sweep_bucket(role, before).await?;
        }
        Ok(given_up)
    }

    async fn sweep_bucket(&self, role: Role, before: Timestamp) -> Result<u64, BlobError> {
        let (mut given_up, mut after) = (0, (None, None));
        for _ in 0..PAGES {
            let request = self.client().list_multipart_uploads().bucket(self.bucket(role));
            let request = request.set_key_marker(after.0).set_upload_id_marker(after.1);
            let page = self.timed(request.send()).await.map_err(BlobError::of)?;
            for upload in page.uploads() {
                let began = upload.initiated().and_then(|instant| Timestamp::from_second(instant.secs()).ok());
                let key = upload.key().and_then(|name| ObjectKey::of_place(role, name));
                if let (Some(began), Some(key), Some(id)) = (began, key, upload.upload_id())
                    && began < before
                {
                    self.abort_parts(&key, id).await?;
                    given_up += 1;
                }
            }
            if page.is_truncated() != Some(true) {
                break;
            }
            after = (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
        }
        Ok(given_up)
    }
}
