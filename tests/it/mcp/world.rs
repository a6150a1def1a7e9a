//! The server, spoken with over MCP by two customers whose users have the same number.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use reqwest::{RequestBuilder, Response};
use satchel::domain::{
    CallSettings, Category, Door, Extraction, ExtractionStatus, FileName, Folder, Permission, Permissions, PersonId, PersonKind, Phone,
    ScanStatus, ScanVerdict, UserId, Verified,
};
use satchel::files::{Access, AddRequest, CallRequest, CallerHint, Files, Given, KeyAccess, PersonRequest, Subject, Understood};
use satchel::tools::Registry;
use serde_json::{Value, json};

use crate::support::{self, Ground};

pub const NEWEST: &str = "2026-07-28";
pub const PUBLIC: &str = "https://satchel.example";

pub struct World {
    pub files: Files,
    pub tools: Arc<Registry>,
    pub acme: Customer,
    pub borealis: Customer,
    pub url: String,
    house: support::World,
}

pub struct Customer {
    pub api_key: String,
    pub user: UserId,
    pub other_user: UserId,
    access: KeyAccess,
}

pub struct Call {
    pub id: String,
    pub token: String,
}

/// The same number for the user of both customers.
pub const NUMBER: &str = "+49301234567";

impl World {
    pub async fn new() -> Self {
        let ground = Ground::new(u64::from(std::process::id())).await;
        let house = support::World::known_as(ground, Some(PUBLIC)).await;
        let (files, tools, url) = (house.files.clone(), house.tools.clone(), format!("{}/mcp", house.url));
        let (acme, borealis) = (customer(&files, "Acme").await, customer(&files, "Borealis").await);
        let world = Self { files, tools, acme, borealis, url, house };
        world.add("Supply agreement", "2025-11-03").await;
        world.add("March invoice", "2026-03-01").await;
        world.files.follow_all().await.unwrap();
        world
    }

    /// An active file of Acme's user.
    async fn add(&self, title: &str, date: &str) {
        let request = AddRequest {
            name: FileName::parse(&format!("{title}.txt")).unwrap(),
            folder: Folder::parse("Documents").unwrap(),
            owner: Some(self.acme.user),
            given: Given { title: Some(title.to_owned()), created_date: Some(date.parse().unwrap()), ..Given::default() },
            content_type: Some("text/plain".to_owned()),
            replaces: None,
        };
        let bytes = stream::iter([Ok(Bytes::from(title.to_owned()))]);
        self.files.add(&self.program(&self.acme), &request, Box::pin(bytes)).await.unwrap();
        let job = self.files.lease_job(60).await.unwrap().unwrap();
        let under = self.files.under_inspection(&job).await.unwrap().unwrap();
        let verdict = ScanVerdict { status: ScanStatus::Clean, engine: "test".to_owned(), findings: Vec::new() };
        self.files.judge(&job, &under, &verdict).await.unwrap();
        let job = self.files.lease_job(60).await.unwrap().unwrap();
        let under = self.files.under_inspection(&job).await.unwrap().unwrap();
        let understood = Understood {
            content_type: "text/plain".to_owned(),
            category: Category::Document,
            title: None,
            author: None,
            created_date: None,
            page_count: Some(3),
            duration_ms: None,
            language: None,
            facts: satchel::domain::Facts::default(),
            text: format!("This is the {title}."),
            summary: None,
            findings: Some(Vec::new()),
            hints: Vec::new(),
            extraction: Extraction { status: ExtractionStatus::Done, reason: None },
            follow_ups: Vec::new(),
        };
        self.files.admit(&job, &under, &understood).await.unwrap();
    }

    pub fn program(&self, customer: &Customer) -> Subject {
        self.files.program(&customer.access, Door::Http)
    }

    /// A call of Acme's user, opened by the platform.
    pub async fn call(&self) -> Call {
        let request = CallRequest {
            caller: CallerHint::User(self.acme.user),
            external_id: None,
            permissions: None,
            verified: Verified::default(),
            settings: CallSettings::default(),
        };
        let opened = self.files.open_call(&self.program(&self.acme), &request).await.unwrap();
        Call { id: opened.call.to_string(), token: opened.token }
    }

    /// The secret of another key of Acme's, narrowed.
    pub async fn key(&self, permissions: &[&str]) -> String {
        let permissions = Permissions::only(permissions.iter().map(|name| Permission::parse(name).unwrap()));
        self.files.create_key(&self.program(&self.acme), "narrow", &permissions, None).await.unwrap().secret
    }

    pub async fn end(&self, call: &Call) {
        self.files.end_call(&self.program(&self.acme), &call.id).await.unwrap();
    }

    /// What the registry answers in a call, without any door.
    pub async fn directly(&self, call: &Call, tool: &str, arguments: Value) -> Value {
        let Some(Access::Call(access)) = self.files.authenticate(&call.token).await.unwrap() else { panic!("the call is over") };
        let ctx = access.context(Door::Mcp.into(), self.files.now() + jiff::SignedDuration::from_secs(5));
        serde_json::to_value(self.tools.call(&ctx, tool, arguments, None).await.unwrap()).unwrap()
    }

    pub fn wait_seconds(&self, seconds: i64) {
        self.house.clock.advance_seconds(seconds);
    }

    /// A POST as an older client sends it once the version is settled.
    pub fn post(&self, body: &Value) -> RequestBuilder {
        self.post_text(body.to_string())
    }

    pub fn post_text(&self, body: String) -> RequestBuilder {
        self.house
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body)
    }

    pub fn request(&self, method: &str, url: &str) -> RequestBuilder {
        self.house.client.request(method.parse().unwrap(), url)
    }

    /// A request of the newest revision: no handshake, everything in the message and its headers.
    pub fn newest(&self, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(NEWEST);
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": "test", "version": "1" });
        let capabilities = &mut params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        if capabilities.is_null() {
            *capabilities = json!({});
        }
        let name = params["name"].as_str().map(str::to_owned);
        let request = self.post(&rpc(method, params)).header("mcp-protocol-version", NEWEST).header("mcp-method", method);
        match name {
            Some(name) => request.header("mcp-name", name),
            None => request,
        }
    }

    /// The result of one tool call by token.
    pub async fn tool(&self, call: &Call, tool: &str, arguments: Value) -> Value {
        let response = self.post(&tool_call(tool, arguments)).bearer_auth(&call.token).send().await.unwrap();
        result(response).await
    }
}

pub fn rpc(method: &str, params: Value) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "id": 7, "method": method });
    message["params"] = params;
    message
}

pub fn tool_call(tool: &str, arguments: Value) -> Value {
    let mut params = json!({ "name": tool });
    params["arguments"] = arguments;
    rpc("tools/call", params)
}

/// The `result` of a message answered with 200.
pub async fn result(response: Response) -> Value {
    let (status, message) = answered(response).await;
    assert_eq!((status, message["id"].as_i64()), (200, Some(7)), "{message}");
    message["result"].clone()
}

/// Status and message, which is plain JSON.
pub async fn answered(response: Response) -> (u16, Value) {
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Status and the code of the protocol's error.
pub async fn error(response: Response) -> (u16, i64) {
    let (status, message) = answered(response).await;
    (status, message["error"]["code"].as_i64().unwrap_or_default())
}

async fn customer(files: &Files, name: &str) -> Customer {
    let created = files.create_customer(name, true, None, &Door::Http.into()).await.unwrap();
    let Some(Access::Key(access)) = files.authenticate(&created.api_key).await.unwrap() else { panic!("the key opens nothing") };
    let program = files.program(&access, Door::Http);
    let user = add_user(files, &program, &format!("Ann of {name}"), Some(NUMBER)).await;
    let other_user = add_user(files, &program, &format!("Ben of {name}"), None).await;
    Customer { api_key: created.api_key, user, other_user, access }
}

async fn add_user(files: &Files, program: &Subject, name: &str, phone: Option<&str>) -> UserId {
    let request = PersonRequest {
        kind: PersonKind::User,
        name: name.to_owned(),
        email: None,
        phone: phone.map(|number| Phone::parse(number).unwrap()),
        roles: None,
        detail: None,
        members: Vec::new(),
    };
    match files.add_person(program, &request).await.unwrap().id {
        PersonId::User(user) => user,
        PersonId::Team(_) | PersonId::Contact(_) => panic!("a user is a user"),
    }
}
