//! A fresh catalog for each test, and the few things most tests begin with.

use std::future::Future;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio_util::task::TaskTracker;

use super::database::Database;
use crate::catalog::*;
use crate::domain::*;

/// The engines that pass this suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
    /// Postgres behind a pooler that has one connection and lends it for a transaction each.
    Pooled,
}

/// Makes a test of each function, on each engine; of those named after `pooled`, behind a pooler too.
macro_rules! catalog_suite {
    ($($name:ident),+ $(,)?) => {
        catalog_suite!(@ sqlite Sqlite $($name)+);
        catalog_suite!(@ postgres Postgres $($name)+);
    };
    ($($name:ident),+ $(,)?; pooled: $($pooled:ident),+ $(,)?) => {
        catalog_suite!($($name),+);
        catalog_suite!(@ pooled Pooled $($pooled)+);
    };
    (@ $module:ident $engine:ident $($name:ident)+) => {
        mod $module {
            use crate::catalog::tests::fixture::{Engine, Fixture};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(&Fixture::open(Engine::$engine).await).await;
                }
            )+
        }
    };
}
pub(super) use catalog_suite;

/// Where the catalog of a test lies.
enum Home {
    Folder(tempfile::TempDir),
    Database(Database, PostgresSettings),
}

pub(super) struct Fixture {
    pub clock: Arc<ManualClock>,
    pub entropy: Arc<SeededEntropy>,
    pub catalog: Catalog,
    // Last, so that it outlives what uses it.
    home: Home,
}

impl Fixture {
    /// What the store tells now.
    pub fn event(&self, customer: CustomerId, key: &str, happened: Happened) -> StoreEvent {
        StoreEvent { customer, object_key: key.to_owned(), happened, order: EventOrder::new(None, self.now()), etag: None }
    }

    pub async fn open(engine: Engine) -> Self {
        let home = if engine == Engine::Sqlite {
            Home::Folder(tempfile::tempdir().unwrap())
        } else {
            let database = Database::new().await;
            let settings = database.settings();
            let url = if engine == Engine::Pooled { database.lent_url() } else { settings.url };
            Home::Database(database, PostgresSettings { url, ..settings })
        };
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z"));
        let entropy = Arc::new(SeededEntropy::new(11));
        let catalog = opened(&home, &clock, &entropy).await;
        Self { clock, entropy, catalog, home }
    }

    /// Which engine this is, for what differs by nature; a pooler changes nothing.
    pub const fn engine(&self) -> Engine {
        match self.home {
            Home::Folder(_) => Engine::Sqlite,
            Home::Database(..) => Engine::Postgres,
        }
    }

    /// The database of a test that is about Postgres.
    pub fn database(&self) -> &Database {
        match &self.home {
            Home::Database(database, _) => database,
            Home::Folder(_) => panic!("this test is about Postgres"),
        }
    }

    /// Closes the catalog and opens what it left behind.
    pub async fn reopened(&self) -> Catalog {
        self.catalog.close().await;
        self.opened_again().await
    }

    /// The same catalog as another process has it.
    pub async fn opened_again(&self) -> Catalog {
        opened(&self.home, &self.clock, &self.entropy).await
    }

    /// Changes rows behind the catalog's back; gives how many.
    pub async fn damage(&self, sql: &str) -> u64 {
        match &self.home {
            Home::Database(database, _) => database.damage(sql).await,
            Home::Folder(folder) => {
                let address = format!("sqlite://{}", folder.path().join("catalog.db").display());
                let mut raw = SqliteConnection::connect(&address).await.unwrap();
                let changed = sqlx::query(AssertSqlSafe(sql)).execute(&mut raw).await.unwrap().rows_affected();
                raw.close().await.unwrap();
                changed
            }
        }
    }

    /// Every column there is, as `table column kind`, in the order of the tables.
    pub async fn columns(&self) -> Vec<String> {
        match &self.home {
            Home::Database(database, _) => {
                let text = "SELECT table_name || ' ' || column_name || ' ' || CASE data_type WHEN 'text' THEN 'TEXT' WHEN 'bigint' THEN 'BIGINT' \
                     ELSE data_type END FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' \
                     ORDER BY table_name COLLATE \"C\", ordinal_position";
                database.texts(text).await
            }
            Home::Folder(folder) => {
                let address = format!("sqlite://{}", folder.path().join("catalog.db").display());
                let mut raw = SqliteConnection::connect(&address).await.unwrap();
                let text = "SELECT t.name || ' ' || c.name || ' ' || c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                     WHERE t.type = 'table' AND t.name NOT LIKE '%sqlx%' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid";
                sqlx::query_scalar(text).fetch_all(&mut raw).await.unwrap()
            }
        }
    }

    /// Number of a customer's last change.
    pub async fn last_change(&self, customer: CustomerId) -> u64 {
        let all = self.catalog.last_changes().await.unwrap();
        all.into_iter().find(|(id, _)| *id == customer).map_or(0, |(_, seq)| seq)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap()
    }

    pub fn new_key(&self, secret: &str) -> NewKey {
        NewKey {
            id: KeyId::new(&*self.clock, &*self.entropy),
            secret_hash: hash(secret),
            label: "the platform".to_owned(),
            permissions: Permissions::only([Permission::Read, Permission::Share]),
            expires_at: None,
        }
    }

    /// One that is marked as test.
    pub async fn customer(&self, name: &str) -> CustomerId {
        self.any_customer(name, true).await
    }

    /// One whose messages go to people.
    pub async fn real_customer(&self, name: &str) -> CustomerId {
        self.any_customer(name, false).await
    }

    async fn any_customer(&self, name: &str, is_test: bool) -> CustomerId {
        let id = CustomerId::new(&*self.clock, &*self.entropy);
        let new = NewCustomer { id, name: name.to_owned(), is_test, region: None, key: self.new_key(&format!("key of {name}")) };
        self.catalog.create_customer(&new, &entry("create_customer")).await.unwrap();
        id
    }

    pub async fn user(&self, customer: CustomerId, name: &str) -> UserId {
        let id = UserId::new(&*self.clock, &*self.entropy);
        let person = Person { roles: vec![Role::Member], ..new_person(customer, PersonId::User(id), name) };
        self.catalog.add_person(&person, &entry("add_person")).await.unwrap();
        id
    }

    pub async fn contact(&self, customer: CustomerId, name: &str) -> PersonId {
        let id = PersonId::Contact(ContactId::new(&*self.clock, &*self.entropy));
        self.catalog.add_person(&new_person(customer, id, name), &entry("add_person")).await.unwrap();
        id
    }

    pub fn new_call(&self, customer: CustomerId, caller: Caller, token: &str) -> NewCall {
        NewCall {
            id: CallId::new(&*self.clock, &*self.entropy),
            customer,
            external_id: None,
            token_hash: hash(token),
            caller,
            verified: Verified { method: VerifiedMethod::Pin, level: 2 },
            permissions: Permissions::all(),
            settings: CallSettings::default(),
            expires_at: self.in_seconds(3600),
            is_renewable: false,
        }
    }

    /// A call of a guest.
    pub async fn call(&self, customer: CustomerId) -> CallId {
        let new = self.new_call(customer, Caller::Guest { number: None }, &self.secret());
        self.catalog.open_call(&new, &entry("open_call")).await.unwrap();
        new.id
    }

    pub fn secret(&self) -> String {
        hex::encode(random_bytes::<16>(&*self.entropy))
    }

    pub fn new_direct(&self, customer: CustomerId, id: UploadId, object_key: &str) -> DirectUpload {
        DirectUpload {
            id,
            customer,
            object_key: object_key.to_owned(),
            parts: Some(("parts".to_owned(), 5)),
            size: 12,
            checksum: None,
            name: FileName::parse("film.bin").unwrap(),
            folder: Folder::parse("").unwrap(),
            owner: None,
            given: Given::default(),
            content_type: None,
            replaces: None,
            begun_by: "somebody".to_owned(),
            state: DirectState::Open,
            expires_at: self.in_seconds(600),
        }
    }

    pub fn new_file(&self, customer: CustomerId, bytes: &str) -> NewFile {
        let upload = UploadId::new(&*self.clock, &*self.entropy);
        let sha = digest(&SHA256, bytes.as_bytes());
        NewFile {
            id: FileId::new(&*self.clock, &*self.entropy),
            customer,
            owner: Owner::Service,
            folder: Folder::parse("finance").unwrap(),
            name: FileName::parse("Q2 report.pdf").unwrap(),
            given: Given::default(),
            working_title: "Q2 report".to_owned(),
            content_type: "application/pdf".to_owned(),
            blob: BlobId::new(&*self.clock, &*self.entropy),
            content_key: hash(&format!("{customer} {bytes}")),
            object_key: format!("{customer}/uploads/{upload}"),
            adopted: None,
            size: bytes.len() as u64,
            checksum: Checksum::from_digest(sha.as_ref().try_into().unwrap()),
            upload: Some(upload),
            closes: None,
            sender: None,
            job: JobId::new(&*self.clock, &*self.entropy),
        }
    }

    pub fn new_import(&self, customer: CustomerId, prefix: &str) -> NewImport {
        NewImport {
            id: ImportId::new(&*self.clock, &*self.entropy),
            customer,
            bucket: "archive".to_owned(),
            prefix: prefix.to_owned(),
            folder: Folder::default(),
            begun_by: "somebody".to_owned(),
        }
    }

    /// An object that a run adopts, with these bytes by its entity tag.
    pub fn new_adopted(&self, import: &ImportRecord, name: &str, etag: &str) -> NewFile {
        let pin = Pin { etag: etag.to_owned(), version: None };
        let adoption = Adoption { import: import.id, bucket: import.bucket.clone(), name: name.to_owned(), pin };
        let new = self.new_file(import.customer, &format!("{name} {etag}"));
        let (blob, place) = (new.blob, format!("s3://{}/{name}", import.bucket));
        NewFile { content_key: format!("adopted {blob}"), object_key: place, adopted: Some(adoption), upload: None, ..new }
    }

    /// A file that waits for its verdict.
    pub async fn arrived(&self, customer: CustomerId, bytes: &str) -> FileId {
        let new = self.new_file(customer, bytes);
        self.catalog.add_file(&new, &entry("add")).await.unwrap();
        new.id
    }

    /// The next job, for five minutes.
    pub async fn lease(&self) -> Job {
        self.catalog.lease_job(self.in_seconds(300), Pick::MostUrgent).await.unwrap().expect("a job is due")
    }

    /// Finds a file clean and takes its next stage.
    pub async fn cleared(&self, scan: &Job) -> Job {
        assert_eq!(self.judge(scan, ScanStatus::Clean).await.unwrap(), FileStatus::Processing);
        self.reading(scan.file).await
    }

    /// The job that reads a file.
    pub async fn reading(&self, file: FileId) -> Job {
        self.stage(JobKind::Read, file).await
    }

    /// The job of a stage of a file; others that are due stay.
    pub async fn stage(&self, kind: JobKind, file: FileId) -> Job {
        let mut others = Vec::new();
        let job = loop {
            let job = self.lease().await;
            if (job.kind, job.file) == (kind, file) {
                break job;
            }
            others.push(job);
        };
        for other in others {
            self.catalog.retry_job(&other, self.now(), "not its turn", Putback::Excused).await.unwrap();
        }
        job
    }

    pub async fn judge(&self, job: &Job, status: ScanStatus) -> Result<FileStatus, CatalogError> {
        self.catalog.judge(job, &Judgement { verdict: &verdict(status), moved: None }, &entry("scan")).await
    }

    /// A move of a file's bytes from where they lie.
    pub async fn moved(&self, customer: CustomerId, file: FileId, to: &str) -> Move {
        let blob = self.catalog.file(customer, file).await.unwrap().unwrap().blob;
        let object_key = self.catalog.blob(customer, blob).await.unwrap().unwrap().object_key;
        let from = Garbage { id: UploadId::new(&*self.clock, &*self.entropy), object_key };
        Move { from, to: to.to_owned(), announced: None }
    }

    /// A job's file is found clean and read.
    pub async fn passes(&self, job: &Job) {
        let reading = self.cleared(job).await;
        self.catalog.admit(&reading, &admission("Q2 report"), &entry("admit")).await.unwrap();
    }

    /// A release of a file's bytes for so many seconds.
    pub fn new_release(&self, file: &FileRecord, seconds: i64) -> NewRelease {
        NewRelease {
            id: ReleaseId::new(&*self.clock, &*self.entropy),
            file: file.id,
            checksum: file.checksum,
            reason: "a false alarm".to_owned(),
            expires_at: self.in_seconds(seconds),
        }
    }

    /// A file everybody may read.
    pub async fn active(&self, customer: CustomerId, bytes: &str) -> FileId {
        let file = self.arrived(customer, bytes).await;
        let job = self.lease().await;
        assert_eq!(job.file, file, "the only open job is that of the file");
        let job = self.cleared(&job).await;
        self.catalog.admit(&job, &admission("Q2 report"), &entry("admit")).await.unwrap();
        file
    }

    pub async fn state(&self, customer: CustomerId, file: FileId) -> FileStatus {
        self.catalog.file(customer, file).await.unwrap().expect("the file is there").status
    }

    pub fn new_pending(&self, seconds: i64) -> NewPending {
        NewPending {
            id: PendingId::new(&*self.clock, &*self.entropy),
            payload: "{\"share\":1}".to_owned(),
            batch: Some("batch 1".to_owned()),
            not_before: self.in_seconds(2),
            expires_at: self.in_seconds(seconds),
            evidence: "model_word",
        }
    }

    /// A link under which Ana is sent one file in a call.
    pub fn new_upload_link(&self, customer: CustomerId, asked_by: UserId, call: CallId) -> NewUploadLink {
        NewUploadLink {
            id: LinkId::new(&*self.clock, &*self.entropy),
            customer,
            slug_hash: hash(&self.secret()),
            slug_sealed: "sealed slug".to_owned(),
            asked_by,
            call: Some((call, 0)),
            sender: None,
            folder: Folder::parse("inbox").unwrap(),
            what: Some("the invoice".to_owned()),
            most_files: 1,
            most_bytes: 1_000_000,
            expires_at: self.in_seconds(3_600),
            messages: Vec::new(),
        }
    }

    pub fn new_share(&self, customer: CustomerId, file: FileId, recipient: PersonId) -> NewShare {
        NewShare {
            id: ShareId::new(&*self.clock, &*self.entropy),
            customer,
            file,
            version: 1,
            edition: Edition::Confirmed,
            recipient,
            new_recipient: None,
            rights: Rights::View,
            call: None,
            expires_at: self.in_seconds(86_400),
            link: NewLink {
                id: LinkId::new(&*self.clock, &*self.entropy),
                slug_hash: hash(&self.secret()),
                slug_sealed: "sealed slug".to_owned(),
                most_downloads: None,
            },
            code: None,
            messages: Vec::new(),
        }
    }

    pub fn new_grant(&self, customer: CustomerId, place: Place, to: PersonId) -> NewGrant {
        NewGrant { id: GrantId::new(&*self.clock, &*self.entropy), customer, place, to, level: Level::Viewer, expires_at: None }
    }

    pub fn new_code(&self, call: CallId, link: LinkId, code: &str) -> NewCode {
        NewCode {
            id: CodeId::new(&*self.clock, &*self.entropy),
            link,
            call,
            caller: None,
            code_hash: hash(code),
            sealed: format!("sealed {code}"),
            tries: 5,
            expires_at: self.in_seconds(600),
        }
    }

    /// A message that is good for ten minutes.
    pub fn new_message(&self, recipient: PersonId, channel: Channel) -> NewMessage {
        NewMessage {
            id: MessageId::new(&*self.clock, &*self.entropy),
            recipient,
            channel,
            address: format!("address by {channel}"),
            sealed_body: "sealed body".to_owned(),
            about: None,
            code: None,
            call: None,
            expires_at: self.in_seconds(600),
        }
    }

    pub async fn try_code(&self, customer: CustomerId, link: LinkId, code: &str) -> Attempt {
        try_at(&self.catalog, customer, link, code, "somewhere").await.attempt
    }

    /// How many records a customer's chain has.
    pub async fn records(&self, customer: CustomerId) -> usize {
        self.catalog.audit_page(customer, 0, 10_000).await.unwrap().len()
    }
}

/// How many wrong codes are borne in the suite: more than any test of something else makes.
pub const LIMITS: FailureLimits = FailureLimits {
    network: Bound { failures: 5000, seconds: 600 },
    caller: Bound { failures: 7, seconds: 600 },
    customer: Bound { failures: 6000, seconds: 3600 },
    overall: Bound { failures: 10_000, seconds: 3600 },
};

/// A try from a network.
pub async fn try_at(catalog: &Catalog, customer: CustomerId, link: LinkId, code: &str, network: &str) -> Tried {
    let by = Guesser { scope: network.to_owned(), is_caller: false };
    let hash = hash(code);
    let guess = Guess { link, code_hash: &hash, by: &by, strict: false };
    catalog.try_code(customer, &guess, &LIMITS, &entry("try")).await.unwrap()
}

async fn opened(home: &Home, clock: &Arc<ManualClock>, entropy: &Arc<SeededEntropy>) -> Catalog {
    match home {
        Home::Folder(folder) => Catalog::open(folder.path(), clock.clone(), entropy.clone()).await.unwrap(),
        Home::Database(_, settings) => Catalog::connect(settings, clock.clone(), entropy.clone()).await.unwrap(),
    }
}

pub(super) fn new_person(customer: CustomerId, id: PersonId, name: &str) -> Person {
    Person {
        id,
        customer,
        name: name.to_owned(),
        email: None,
        phone: None,
        roles: Vec::new(),
        detail: None,
        members: Vec::new(),
        deactivated_at: None,
    }
}

pub(super) fn hash(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

pub(super) fn entry(action: &'static str) -> AuditEntry {
    let origin = Origin { address: Some("192.0.2.7".to_owned()), ..Door::Http.into() };
    AuditEntry { decision: Decision::Allow, policy: Some("owner".to_owned()), ..AuditEntry::new(Actor::Operator, &origin, action, "done") }
}

/// A record of somebody else.
pub(super) fn by_system(action: &'static str) -> AuditEntry {
    AuditEntry { actor: Actor::System, ..entry(action) }
}

pub(super) fn verdict(status: ScanStatus) -> ScanVerdict {
    ScanVerdict { status, engine: "boreal 1 rules 7".to_owned(), findings: vec!["eicar".to_owned()] }
}

pub(super) fn admission(title: &str) -> Admission {
    Admission {
        title: title.to_owned(),
        author: Some("Ana Ruiz".to_owned()),
        tags: vec!["finance".to_owned(), "a \"quoted\" tag".to_owned()],
        category: Category::Document,
        created_date: Some(jiff::civil::date(2025, 7, 14)),
        content_type: "application/pdf".to_owned(),
        extraction: Extraction { status: ExtractionStatus::Done, reason: None },
        excerpt: Some("Revenue rose.".to_owned()),
        summary: Some("Revenue rose by a tenth.".to_owned()),
        page_count: Some(12),
        duration_ms: Some(1_500),
        language: Some("en".to_owned()),
        facts: Facts {
            sheets: vec![SheetFacts { name: Some("Revenue".to_owned()), rows: 214, complete: true, ..SheetFacts::default() }],
            ..Facts::default()
        },
        findings: Some(vec![Finding {
            kind: FindingKind::Email,
            rule: "email".to_owned(),
            count: 2,
            places: Vec::new(),
            sample: "a***@***.example".to_owned(),
        }]),
        found: Classification::Internal,
        sorted: Sorted::by(&[]),
        text_key: Some("text/1".to_owned()),
        moved: None,
        follow_ups: Vec::new(),
    }
}

/// Whether a verb was refused because something is gone or has changed; any other failure fails the test.
#[track_caller]
pub(super) fn conflicts<T: std::fmt::Debug>(result: Result<T, CatalogError>) -> bool {
    match result {
        Ok(_) => false,
        Err(CatalogError::Conflict(_)) => true,
        Err(other) => panic!("neither done nor a conflict: {other:?}"),
    }
}

/// Runs all at once, on several threads.
pub(super) async fn at_once<F>(tasks: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tracker = TaskTracker::new();
    let running: Vec<_> = tasks.into_iter().map(|task| tracker.spawn(task)).collect();
    let mut outputs = Vec::with_capacity(running.len());
    for task in running {
        outputs.push(task.await.unwrap());
    }
    outputs
}

/// What signs checkpoints here.
pub(super) fn signing_key() -> CheckpointKey {
    CheckpointKey::from_seed("satchel-test", &[7; 32]).unwrap()
}
