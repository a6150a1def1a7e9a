//! A server that takes the tokens of an issuer, with two customers of whom each has a user of the same name there.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use reqwest::Method;
use satchel::api::oauth::{Algorithm, IssuerCustomer, IssuerCustomers, IssuerRules, OauthRules};
use satchel::app::Outgoing;
use satchel::domain::{CustomerId, Door, KeyId, Permission, Permissions, PersonKind, Phone};
use satchel::files::{Access, Files, PersonRequest};
use serde_json::{Value, json};

use super::issuer::{Keys, Pair};
use crate::support::{Answer, Ground, Tenant, World};

pub const PUBLIC: &str = "https://satchel.example";
pub const ISSUER: &str = "https://login.example";
pub const MAIL: &str = "amira@example.com";
/// Where the metadata lies.
pub const METADATA: &str = "https://satchel.example/.well-known/oauth-protected-resource/mcp";

pub struct Stage {
    pub world: World,
    pub keys: Keys,
    pub pair: Pair,
    pub acme: Customer,
    pub borealis: Customer,
}

pub struct Customer {
    pub tenant: Tenant,
    pub user: String,
    /// The key under which tokens act.
    pub key: KeyId,
}

/// How the issuer is set.
pub struct Set {
    pub algorithms: Vec<Algorithm>,
    pub user_claim: Option<&'static str>,
    pub access_tokens_only: bool,
    /// What the key of each customer may under which tokens act.
    pub permissions: &'static [&'static str],
}

impl Default for Set {
    fn default() -> Self {
        Self {
            algorithms: Algorithm::ALL.to_vec(),
            user_claim: Some("email"),
            access_tokens_only: false,
            permissions: &["files:read", "files:write", "files:share", "codes:issue"],
        }
    }
}

impl Stage {
    /// The issuer signs with this.
    pub async fn of(pair: Pair, set: Set) -> Self {
        let keys = Keys::serve().await;
        keys.set(&[pair.public("k1")]);
        let (keys_url, made) = (keys.url.parse().unwrap(), Arc::new(Mutex::new(None)));
        let told = Arc::clone(&made);
        let ground = Ground::new(u64::from(std::process::id())).await;
        let trust = |files: Files| {
            let rules = async move {
                let (acme, borealis) = (Customer::of(&files, "Acme", &set).await, Customer::of(&files, "Borealis", &set).await);
                let customers = vec![("acme".to_owned(), acme.at()), ("borealis".to_owned(), borealis.at())];
                *told.lock().unwrap() = Some((acme, borealis));
                let issuer = IssuerRules {
                    issuer: ISSUER.to_owned(),
                    keys_url,
                    fetch: Arc::new(Outgoing::new(&["localhost".to_owned()]).unwrap()),
                    algorithms: set.algorithms,
                    access_tokens_only: set.access_tokens_only,
                    customers: IssuerCustomers::Told { claim: "org".to_owned(), customers },
                    user_claim: set.user_claim.map(str::to_owned),
                    session_claim: "sid".to_owned(),
                    scope_claim: "scope".to_owned(),
                    level: 2,
                };
                OauthRules { audiences: vec!["satchel".to_owned()], issuers: vec![issuer] }
            };
            Box::pin(rules) as BoxFuture<'static, OauthRules>
        };
        let world = World::trusting(ground, PUBLIC, Box::new(trust)).await;
        let (acme, borealis) = made.lock().unwrap().take().unwrap();
        Self { world, keys, pair, acme, borealis }
    }

    pub fn now(&self) -> i64 {
        self.world.files.now().as_second()
    }

    /// What a token that is taken says; a change is merged into it, and what it sets to `null` is left out.
    pub fn claims(&self, change: &Value) -> Value {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": format!("{PUBLIC}/mcp"),
            "sub": "idp|7",
            "sid": "s1",
            "org": "acme",
            "email": MAIL,
            "scope": "openid files:read",
            "iat": self.now(),
            "exp": self.now() + 600,
        });
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    pub fn token(&self, change: &Value) -> String {
        self.pair.token("k1", &self.claims(change))
    }

    /// What a token opens over HTTP: a list of files.
    pub async fn files(&self, token: &str) -> Answer {
        self.world.get("/v1/files", token).await
    }

    /// A message to the MCP door.
    pub async fn rpc(&self, token: &str, method: &str, params: Value) -> Answer {
        self.rpc_with(token, &[], method, params).await
    }

    /// The same with more headers.
    pub async fn rpc_with(&self, token: &str, headers: &[(&str, &str)], method: &str, params: Value) -> Answer {
        let mut message = json!({"jsonrpc": "2.0", "id": 7, "method": method});
        message["params"] = params;
        let mut request = self.world.request(Method::POST, "/mcp", token).header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.json(&message).send().await.unwrap()).await
    }

    /// The calls of a customer that are on the line.
    pub async fn calls(&self, customer: &Customer) -> Vec<Value> {
        self.world.get("/v1/calls", &customer.tenant.key).await.expect(200).json()["calls"].as_array().unwrap().clone()
    }
}

impl Customer {
    async fn of(files: &Files, name: &str, set: &Set) -> Self {
        let made = files.create_customer(name, true, None, &Door::Cli.into()).await.unwrap();
        let Some(Access::Key(access)) = files.authenticate(&made.api_key).await.unwrap() else { panic!("the key opens nothing") };
        let program = files.program(&access, Door::Cli);
        let person = PersonRequest {
            kind: PersonKind::User,
            name: "Amira Haddad".to_owned(),
            email: Some("Amira@Example.com".to_owned()),
            phone: Some(Phone::parse("+15550100100").unwrap()),
            roles: None,
            detail: None,
            members: Vec::new(),
        };
        let user = files.add_person(&program, &person).await.unwrap().id.to_string();
        let permissions = Permissions::only(set.permissions.iter().map(|name| Permission::parse(name).unwrap()));
        let key = files.create_key(&program, "sign-in", &permissions, None).await.unwrap().id;
        Self { tenant: Tenant { customer: made.customer.to_string(), key: made.api_key }, user, key }
    }

    fn at(&self) -> IssuerCustomer {
        IssuerCustomer { customer: CustomerId::parse(&self.tenant.customer).unwrap(), key: self.key }
    }
}
