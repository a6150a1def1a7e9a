//! A yes, and everything that is none.

mod hostile_model;
mod refusals;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Ground, Tenant, World};

/// A member on the line, with a file of his and somebody outside to send it to.
pub struct Scene {
    pub world: World,
    pub tenant: Tenant,
    pub user: String,
    pub call: Call,
}

impl Scene {
    pub async fn open() -> Self {
        Self::over(World::start().await).await
    }

    pub async fn with(change: impl FnOnce(&mut satchel::files::FilesSettings) + Send) -> Self {
        Self::over(World::with(Ground::new(u64::from(std::process::id())).await, change).await).await
    }

    async fn over(world: World) -> Self {
        let tenant = world.tenant("Acme").await;
        let user = world.user(&tenant, "Amira Haddad", "member").await;
        for (name, mail) in [("Jonas Weber", "jonas@example.com"), ("Mallory Finch", "mallory@example.com")] {
            world.person(&tenant, &json!({"kind": "contact", "name": name, "email": mail})).await;
        }
        let call = world.call(&tenant, &user).await;
        world.file(&call.token, "name=q2.txt&title=Quarterly%20Report", b"Revenue rose.").await;
        Self { world, tenant, user, call }
    }

    /// A tool call of the model, within a batch where the platform names one.
    pub async fn tool(&self, call: &Call, batch: Option<&str>, name: &str, arguments: Value) -> Answer {
        let mut request = self.world.request(Method::POST, &format!("/v1/tools/{name}"), &call.token).json(&arguments);
        if let Some(batch) = batch {
            request = request.header("satchel-batch", batch);
        }
        Answer::of(request.send().await.unwrap()).await.expect(200)
    }

    /// The first half of a share: the question.
    pub async fn ask(&self, with: &str) {
        let asked = self.tool(&self.call, Some("b-1"), "share_file", json!({"file": "the quarterly report", "with": with})).await;
        assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
    }

    /// The model says that the caller said this; the outcome.
    pub async fn answer(&self, batch: &str, answer: &str) -> String {
        self.tool(&self.call, Some(batch), "confirm_action", json!({"answer": answer})).await.text("/outcome")
    }

    /// The platform reports what the caller said or keyed.
    pub async fn heard(&self, call: &Call, said: &Value) {
        self.world.clock.advance_seconds(1);
        self.world.post(&format!("/v1/calls/{}/heard", call.id), &self.tenant.key, said).await.expect(204);
        self.world.clock.advance_seconds(1);
    }

    /// How many shares there are and how many messages wait, by the records and the outbox.
    pub async fn left(&self) -> (usize, usize) {
        let shares =
            self.world.audit(&self.tenant).await.iter().filter(|record| **record == ("share".to_owned(), "done".to_owned())).count();
        let outbox = self.world.get("/v1/outbox", &self.tenant.key).await.expect(200).json();
        (shares, outbox["messages"].as_array().unwrap().len())
    }
}
