//! What lies in the store under a customer's `uploads/`, page by page.

use super::error::BlobError;
use super::key::{ObjectKey, Role};
use super::store::Store;
use crate::domain::{CustomerId, Timestamp};

/// An object that was uploaded and not moved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedObject {
    /// Its key.
    pub key: ObjectKey,
    /// When it was written.
    pub written: Timestamp,
}

/// Some of them, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPage {
    /// The objects; what is not ours in that place is left out.
    pub objects: Vec<UploadedObject>,
    /// The last name that was looked at, to go on from.
    pub last: Option<String>,
    /// Whether there are more.
    pub truncated: bool,
}

impl Store {
    /// Up to 1,000 objects under the customer's `uploads/`, after a name of the page before.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn uploads(&self, customer: CustomerId, after: Option<&str>) -> Result<UploadPage, BlobError> {
        let request = self.client().list_objects_v2().bucket(self.files_bucket()).prefix(format!("{customer}/uploads/"));
        let page = self.timed(request.set_start_after(after.map(str::to_owned)).send()).await.map_err(BlobError::of)?;
        let objects = page.contents().iter().filter_map(|object| {
            let key = ObjectKey::of_place(Role::Files, object.key()?)?;
            let written = Timestamp::from_second(object.last_modified()?.secs()).ok()?;
            Some(UploadedObject { key, written })
        });
        Ok(UploadPage {
            objects: objects.collect(),
            last: page.contents().last().and_then(|object| object.key()).map(str::to_owned),
            truncated: page.is_truncated() == Some(true),
        })
    }
}
