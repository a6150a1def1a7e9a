//! What access costs: a decision with its record, and a share with its confirmation, beside a bare durable commit.

use hyper::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::durable::{GROUP, Stage};
use crate::pace::{Went, closed};
use crate::report::Report;
use crate::server::{Customer, Server};
use crate::{Failure, Scale};

const SECTION: &str = "access";

/// A call, and whoever speaks for its caller and its platform.
struct Line {
    client: Client,
    key: String,
    user: String,
    call: String,
    token: String,
    file: String,
}

impl Line {
    async fn open(server: &Server, customer: &Customer, file: &str) -> Result<Self, Failure> {
        let (client, key, user) = (server.client().await?, customer.key.clone(), customer.user.clone());
        let mut line = Self { client, key, user, call: String::new(), token: String::new(), file: file.to_owned() };
        line.ring().await?;
        Ok(line)
    }

    /// Opens a call in place of the one before.
    async fn ring(&mut self) -> Result<(), Failure> {
        let body = json!({ "caller_id": self.user, "verified": { "method": "platform", "level": 2 } });
        let opened = self.client.post("/v1/calls", &self.key, &body).await?;
        let text =
            |name: &str| opened.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("no `{name}` in {opened}"));
        (self.call, self.token) = (text("call_id")?, text("token")?);
        Ok(())
    }

    async fn tool(&mut self, name: &str, arguments: &Value, expected: &str) -> Result<(), Failure> {
        let answer = self.client.post(&format!("/v1/tools/{name}"), &self.token, arguments).await?;
        if answer.get("outcome").and_then(Value::as_str) == Some(expected) { Ok(()) } else { Err(format!("{name}: {answer}").into()) }
    }
}

/// One policy decision over one file, and its record.
async fn decision(mut line: Line) -> Result<(Line, Went), Failure> {
    line.client.get(&format!("/v1/files/{}", line.file), &line.token).await?.done()?;
    Ok((line, Went::Done))
}

/// A call, a question, the platform's word for the answer, and the share: four requests, four commits. In one call
/// the same share would not be given twice.
async fn share(mut line: Line) -> Result<(Line, Went), Failure> {
    line.ring().await?;
    line.tool("share_file", &json!({ "file": "the northwind lease", "with": "Mira Voss" }), "confirm").await?;
    let heard = format!("/v1/calls/{}/heard", line.call);
    line.client.send(Method::POST, &heard, &line.key, json!({ "text": "yes" }).to_string().into()).await?.done()?;
    line.tool("confirm_action", &json!({ "answer": "yes" }), "done").await?;
    Ok((line, Went::Done))
}

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let mut stage = Stage::set(scale).await?;
    let outside = json!({ "kind": "contact", "name": "Mira Voss", "email": "mira@example.com" });
    stage.client.post("/v1/people", &stage.customer.key, &outside).await?;
    for connections in [1, GROUP] {
        let mut lines = Vec::new();
        for _ in 0..connections {
            lines.push(Line::open(&stage.server, &stage.customer, &stage.file).await?);
        }
        let (lines, decided) = closed(lines, scale.time, decision).await?;
        let (_, shared) = closed(lines, scale.time, share).await?;
        for (what, seen) in [("a decision with its record", decided), ("a call opened, a share asked, answered and confirmed", shared)] {
            stage.add(report, SECTION, what, connections, &seen);
        }
    }
    stage.server.stop().await
}
