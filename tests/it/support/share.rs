//! A file shared with somebody outside, as a call would have done it.

use satchel::domain::{Door, Edition, FileId, Lifetime, PersonId, Rights};
use satchel::files::{Access, Answered, Confirmed, ShareAnswer, ShareRequest};
use serde_json::json;

use super::{Tenant, World};

/// A link with its code.
#[derive(Debug, Clone)]
pub struct OpenedShare {
    /// The path of the link on this server, `/s/…`.
    pub path: String,
    /// The code.
    pub code: String,
    /// The file.
    pub file: String,
}

impl World {
    /// Uploads a file of these bytes, has a member share it with a contact, and confirms.
    pub async fn share(&self, tenant: &Tenant, bytes: &[u8]) -> OpenedShare {
        self.shared(tenant, bytes, Edition::Confirmed, None).await
    }

    /// The same, of the version that is confirmed or always of the newest.
    pub async fn share_edition(&self, tenant: &Tenant, bytes: &[u8], edition: Edition) -> OpenedShare {
        self.shared(tenant, bytes, edition, None).await
    }

    /// The same, with a link that may be opened so many times.
    pub async fn share_at_most(&self, tenant: &Tenant, bytes: &[u8], downloads: u32) -> OpenedShare {
        self.shared(tenant, bytes, Edition::Confirmed, Some(downloads)).await
    }

    async fn shared(&self, tenant: &Tenant, bytes: &[u8], edition: Edition, downloads: Option<u32>) -> OpenedShare {
        let owner = self.user(tenant, "Amira Haddad", "member").await;
        self.person(tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let call = self.call(tenant, &owner).await;
        let file = self.file(&call.token, "name=quarterly-report.txt&title=Quarterly%20Report", bytes).await;
        let request = ShareRequest {
            file: "the quarterly report".to_owned(),
            with: "Jonas Weber".to_owned(),
            rights: Rights::View,
            lifetime: Lifetime::SHARE,
            edition,
            downloads,
        };
        let asked = self.files.ask_share(&self.context(&call.token).await, &request).await.unwrap();
        assert!(matches!(asked, ShareAnswer::Confirm(_)), "{asked:?}");
        self.clock.advance_seconds(30);
        let answered = self.files.answer(&self.context(&call.token).await, "yes").await.unwrap();
        let Answered::Done(Confirmed::Shared(shared)) = answered else { panic!("not shared: {answered:?}") };
        let url = shared.url.unwrap();
        OpenedShare { path: url.strip_prefix(&self.url).unwrap().to_owned(), code: shared.code.unwrap().text, file }
    }

    /// Has the customer's own program give somebody a view of a file; the id of the share.
    pub async fn grant(&self, tenant: &Tenant, file: &str, to: &str) -> String {
        let Some(Access::Key(key)) = self.files.authenticate(&tenant.key).await.unwrap() else { panic!("the key opens nothing") };
        let program = self.files.program(&key, Door::Http);
        let (file, to) = (FileId::parse(file).unwrap(), PersonId::parse(to).unwrap());
        self.files.grant(&program, file, to, Rights::View, Lifetime::SHARE).await.unwrap().to_string()
    }
}
