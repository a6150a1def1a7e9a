//! The server and those who use it.

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::BoxFuture;
use reqwest::{Client, Method, RequestBuilder};
use satchel::api::mcp::{McpSettings, service};
use satchel::api::oauth::OauthRules;
use satchel::api::{ApiParts, ApiSettings, DoorLimits, Proxies, router};
use satchel::blob::embedded::{Embedded, EmbeddedSettings};
use satchel::blob::{Store, StoreSettings, Stores, Tuning};
use satchel::catalog::{Catalog, PostgresSettings};
use satchel::domain::{
    CallContext, Category, Door, Extraction, ExtractionStatus, FilePart, Finding, FindingKind, FindingPlace, ManualClock, RegionName,
    ScanStatus, ScanVerdict, SeededEntropy,
};
use satchel::files::{Access, Files, FilesSettings, JobKind, Parts, ServerSecret, UnderInspection, Understood};
use satchel::policy::Policies;
use satchel::search::{IndexSettings, Indexes};
use satchel::speech::Speech;
use satchel::tools::Registry;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Answer;

/// Largest upload of a test server, in bytes.
pub const UPLOAD_LIMIT: u64 = 2 * 1024 * 1024;
/// Largest direct upload in one request; what is larger comes in parts of S3's least size.
pub const DIRECT_WHOLE: u64 = 1024 * 1024;
pub const DIRECT_PART: u64 = 5 * 1024 * 1024;
/// Bytes that the stand-in for the scanner finds harmful.
const HARMFUL: &str = "HARMFUL";

/// What a server stands on: bytes, and a folder with its catalog and indexes.
pub struct Ground {
    /// Holds `catalog/` and `indexes/`.
    pub dir: TempDir,
    /// Of this folder, or of the one it was copied from.
    pub store: Store,
    /// Where the store answers.
    pub bytes_url: String,
    /// Of the chance of this server: worlds with one seed that do the same make the same ids and codes.
    pub seed: u64,
    /// The embedded store, where this ground owns it.
    pub bytes: Option<Embedded>,
    /// Where the catalog lies, when it is not in the folder.
    pub database: Option<PostgresSettings>,
}

impl Ground {
    /// Empty ground with a store of its own.
    pub async fn new(seed: u64) -> Self {
        tls_once();
        let dir = tempfile::tempdir().unwrap();
        let bytes = Embedded::start(EmbeddedSettings {
            dir: dir.path().join("objects"),
            listen: "127.0.0.1:0".parse().unwrap(),
            access_key: "local".to_owned(),
            secret_key: "local-secret".to_owned(),
        })
        .await
        .unwrap();
        let bytes_url = format!("http://{}", bytes.local_addr());
        let store = Store::connect(StoreSettings {
            endpoint: Some(bytes_url.clone()),
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: "local".to_owned(),
            secret_key: "local-secret".to_owned(),
            files_bucket: "satchel-files".to_owned(),
            metadata_bucket: "satchel-metadata".to_owned(),
            path_style: true,
            checksums_when_required: false,
            create_buckets: true,
            credentials_by_chain: false,
            tuning: Tuning::default(),
            assume_role: None,
            kms_key: None,
            locations: Vec::new(),
        })
        .await
        .unwrap();
        Self { dir, store, bytes_url, seed, bytes: Some(bytes), database: None }
    }

    /// Ground for another server beside the one that will stand on this: the same bytes and the same
    /// catalog, and a folder and a chance of its own.
    pub fn beside(&self) -> Self {
        assert!(self.database.is_some(), "a catalog in a folder is one server's");
        Self {
            dir: tempfile::tempdir().unwrap(),
            store: self.store.clone(),
            bytes_url: self.bytes_url.clone(),
            seed: self.seed.wrapping_add(1_000_003),
            bytes: None,
            database: self.database.clone(),
        }
    }
}

/// Makes the rules by which tokens of issuers are taken.
pub type Trust = Box<dyn FnOnce(Files) -> BoxFuture<'static, OauthRules> + Send>;

/// What is not as usual of a server.
struct Wish<'a> {
    public_url: Option<&'a str>,
    upload_limit: u64,
    limits: DoorLimits,
    proxies: Proxies,
    regions: Vec<(RegionName, Store)>,
    oauth: Trust,
    change: Box<dyn FnOnce(&mut FilesSettings) + Send + 'a>,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            public_url: None,
            upload_limit: UPLOAD_LIMIT,
            limits: DoorLimits::default(),
            proxies: Proxies::default(),
            regions: Vec::new(),
            oauth: Box::new(|_| Box::pin(async { OauthRules::default() })),
            change: Box::new(|_| ()),
        }
    }
}

/// A server in this process.
pub struct World {
    /// Its address, without a slash at the end.
    pub url: String,
    /// A client that follows no redirects.
    pub client: Client,
    /// Its time.
    pub clock: Arc<ManualClock>,
    /// Its use cases.
    pub files: Files,
    /// Its tools.
    pub tools: Arc<Registry>,
    /// The operator's key.
    pub operator: String,
    /// Cancelled to stop it.
    pub stop: CancellationToken,
    /// Its work.
    pub tasks: TaskTracker,
    server: TaskTracker,
    _bytes: Option<Embedded>,
    // Last, so that the folder outlives what is in it.
    dir: TempDir,
}

/// A customer and its first key.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub customer: String,
    pub key: String,
}

/// An open call.
#[derive(Debug, Clone)]
pub struct Call {
    pub id: String,
    pub token: String,
}

fn tls_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another test binary's code may have been first; either way there is one.
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
}

/// The scanner's word on a text.
fn verdict_on(text: &str) -> ScanVerdict {
    let harmful = text.contains(HARMFUL);
    ScanVerdict {
        status: if harmful { ScanStatus::Infected } else { ScanStatus::Clean },
        engine: "test".to_owned(),
        findings: if harmful { vec!["test.harmful".to_owned()] } else { Vec::new() },
    }
}

impl World {
    /// Builds and serves everything.
    pub async fn start() -> Self {
        Self::on(Ground::new(u64::from(std::process::id())).await).await
    }

    /// Builds and serves everything on some ground.
    pub async fn on(ground: Ground) -> Self {
        Self::of(ground, Wish::default()).await
    }

    /// The same, known to others under another address than the one it listens on.
    pub async fn known_as(ground: Ground, public_url: Option<&str>) -> Self {
        Self::of(ground, Wish { public_url, ..Wish::default() }).await
    }

    /// The same, with other settings.
    pub async fn with(ground: Ground, change: impl FnOnce(&mut FilesSettings) + Send) -> Self {
        Self::of(ground, Wish { change: Box::new(change), ..Wish::default() }).await
    }

    /// The same, which takes uploads of so many bytes.
    pub async fn taking(ground: Ground, upload_limit: u64) -> Self {
        Self::of(ground, Wish { upload_limit, ..Wish::default() }).await
    }

    /// The same, which gives requests up after so long.
    pub async fn answering_within(ground: Ground, request: Duration) -> Self {
        Self::of(ground, Wish { limits: DoorLimits { request, ..DoorLimits::default() }, ..Wish::default() }).await
    }

    /// The same, with other limits at its doors, and these proxies in front of it.
    pub async fn guarded(ground: Ground, limits: DoorLimits, proxies: Proxies) -> Self {
        Self::of(ground, Wish { limits, proxies, ..Wish::default() }).await
    }

    /// The same, whose page lets codes be tried as fast as they come.
    pub async fn letting_codes_be_tried(ground: Ground, change: impl FnOnce(&mut FilesSettings) + Send) -> Self {
        let limits = DoorLimits { code_tries: u32::MAX, ..DoorLimits::default() };
        Self::of(ground, Wish { limits, change: Box::new(change), ..Wish::default() }).await
    }

    /// The same, with further regions.
    pub async fn in_regions(ground: Ground, regions: Vec<(RegionName, Store)>) -> Self {
        Self::of(ground, Wish { regions, ..Wish::default() }).await
    }

    /// The same, known to issuers as `public_url`, which takes their tokens by rules that are made once there are use
    /// cases: they name customers and keys.
    pub async fn trusting(ground: Ground, public_url: &str, oauth: Trust) -> Self {
        Self::of(ground, Wish { public_url: Some(public_url), oauth, ..Wish::default() }).await
    }

    async fn of(ground: Ground, wish: Wish<'_>) -> Self {
        let Wish { public_url, upload_limit, limits, proxies, regions, oauth, change } = wish;
        let Ground { dir, store, bytes_url: _, seed, bytes, database } = ground;
        let home = Stores::from(store.clone()).name(None).clone();
        let stores = Stores::of((home, store), regions);
        let origins = stores.iter().map(|(_, store)| store.browser_origin().to_owned()).collect();
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z"));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let catalog = match database {
            Some(settings) => Catalog::connect(&settings, clock.clone(), entropy.clone()).await.unwrap(),
            None => Catalog::open(&dir.path().join("catalog"), clock.clone(), entropy.clone()).await.unwrap(),
        };
        let mut settings = FilesSettings {
            public_url: url.clone(),
            reveal_links: true,
            upload_limit,
            direct_whole: DIRECT_WHOLE,
            direct_part: DIRECT_PART,
            ..FilesSettings::default()
        };
        change(&mut settings);
        let files = Files::new(Parts {
            catalog,
            stores: stores.clone(),
            indexes: Indexes::open(dir.path().join("indexes"), IndexSettings::default()).unwrap(),
            policies: Policies::built_in().unwrap(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            secret: ServerSecret::from_bytes([7; 32]),
            settings,
        });
        let oauth = oauth(files.clone()).await;
        let speech = Arc::new(Speech::load("en").unwrap());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tools = Arc::new(Registry::new(files.clone(), speech.clone()));
        let app = router(ApiParts {
            mcp: Some(service(files.clone(), tools.clone(), McpSettings::for_public_url(public_url.unwrap_or(&url)))),
            oauth,
            tools: tools.clone(),
            files: files.clone(),
            speech,
            settings: ApiSettings {
                public_url: public_url.unwrap_or(&url).to_owned(),
                bytes_origins: origins,
                upload_limit,
                limits,
                proxies,
            },
            // A stream of its own, so that the ids of requests do not move those of shares.
            entropy: Arc::new(SeededEntropy::new(seed.wrapping_add(1))),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        let (server, stopped) = (TaskTracker::new(), stop.clone());
        server.spawn(async move {
            let service = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).with_graceful_shutdown(stopped.cancelled_owned()).await.unwrap();
        });
        let operator = files.create_operator_key().await.unwrap().secret;
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url, client, clock, files, tools, operator, stop, tasks, server, _bytes: bytes, dir }
    }

    /// Where its catalog and its indexes lie.
    pub fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Stops serving, and waits until its work is done. The folder stays for a look.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.server.close();
        self.server.wait().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A request, to be added to.
    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    /// A request with a JSON body, or none for `null`.
    pub async fn send(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let request = self.request(method, path, token);
        let request = if body.is_null() { request } else { request.json(body) };
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, token, &Value::Null).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, token, body).await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        self.send(Method::DELETE, path, token, &Value::Null).await
    }

    /// A customer marked as test, with its first key.
    pub async fn tenant(&self, name: &str) -> Tenant {
        let made = self.post("/v1/customers", &self.operator, &json!({"name": name, "is_test": true})).await.expect(201);
        Tenant { customer: made.text("/customer_id"), key: made.text("/api_key") }
    }

    /// Another key of the customer, narrowed.
    pub async fn key(&self, tenant: &Tenant, permissions: &[&str]) -> String {
        let body = json!({"label": "narrow", "permissions": permissions});
        self.post("/v1/keys", &tenant.key, &body).await.expect(201).text("/api_key")
    }

    /// A person of the customer: `kind`, `name` and what else there is; the id.
    pub async fn person(&self, tenant: &Tenant, person: &Value) -> String {
        self.post("/v1/people", &tenant.key, person).await.expect(201).text("/id")
    }

    /// A user with a role; the id.
    pub async fn user(&self, tenant: &Tenant, name: &str, role: &str) -> String {
        self.person(tenant, &json!({"kind": "user", "name": name, "roles": [role]})).await
    }

    /// A call of a user whom the platform is sure of.
    pub async fn call(&self, tenant: &Tenant, user: &str) -> Call {
        let body = json!({"caller_id": user, "verified": {"method": "platform", "level": 2}});
        let opened = self.post("/v1/calls", &tenant.key, &body).await.expect(201);
        Call { id: opened.text("/call_id"), token: opened.text("/token") }
    }

    /// Uploads `bytes` with a query (`name=…&…`); the answer.
    pub async fn put(&self, token: &str, query: &str, bytes: &[u8]) -> Answer {
        let request = self.request(Method::POST, &format!("/v1/files?{query}"), token).body(bytes.to_vec());
        Answer::of(request.send().await.unwrap()).await
    }

    /// Uploads a file and inspects it; its id.
    pub async fn file(&self, token: &str, query: &str, bytes: &[u8]) -> String {
        let id = self.put(token, query, bytes).await.expect(201).text("/id");
        self.inspect_all().await;
        id
    }

    /// Does what the workers would: judges every file that waits, reads its bytes as text, and
    /// brings the indexes up to date. Bytes that contain `HARMFUL` are infected; what stands after
    /// `In short: ` is their summary, after `Holds: ` a kind of finding that is in them.
    pub async fn inspect_all(&self) {
        while let Some(job) = self.files.lease_job(60).await.unwrap() {
            let Some(under) = self.files.under_inspection(&job).await.unwrap() else { continue };
            let text = self.text_of(&under).await;
            if job.kind == JobKind::Scan {
                self.files.judge(&job, &under, &verdict_on(&text)).await.unwrap();
                continue;
            }
            let understood = Understood {
                content_type: "text/plain".to_owned(),
                category: Category::Document,
                title: None,
                author: None,
                created_date: None,
                page_count: Some(1),
                duration_ms: None,
                language: None,
                facts: satchel::domain::Facts::default(),
                summary: text.lines().find_map(|line| line.strip_prefix("In short: ")).map(str::to_owned),
                findings: Some(findings_in(&text)),
                text,
                hints: Vec::new(),
                extraction: Extraction { status: ExtractionStatus::Done, reason: None },
                follow_ups: Vec::new(),
            };
            self.files.admit(&job, &under, &understood).await.unwrap();
        }
        self.files.follow_all().await.unwrap();
    }

    async fn text_of(&self, under: &UnderInspection) -> String {
        let (_, stream) = self.files.open_for_inspection(under).await.unwrap();
        let pieces: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
        String::from_utf8_lossy(&pieces.concat()).into_owned()
    }

    /// The context a tool call with this token runs in.
    pub async fn context(&self, token: &str) -> CallContext {
        let Some(Access::Call(call)) = self.files.authenticate(token).await.unwrap() else { panic!("no call has this token") };
        call.context(Door::Http.into(), self.files.now())
    }

    /// All records of the customer, as (action, outcome).
    pub async fn audit(&self, tenant: &Tenant) -> Vec<(String, String)> {
        let answer = self.get("/v1/audit?limit=1000", &tenant.key).await.expect(200).json();
        let field = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
        answer["records"].as_array().unwrap().iter().map(|record| (field(record, "action"), field(record, "outcome"))).collect()
    }
}

/// What `Holds: card` and its like say that a text holds.
fn findings_in(text: &str) -> Vec<Finding> {
    let kinds = text.lines().filter_map(|line| FindingKind::parse(line.strip_prefix("Holds: ")?));
    let finding = |kind: FindingKind| {
        let places = vec![FindingPlace { part: FilePart::Text, line: 1, offset: 0 }];
        Finding { kind, rule: kind.as_str().to_owned(), count: 1, places, sample: "****".to_owned() }
    };
    kinds.map(finding).collect()
}
