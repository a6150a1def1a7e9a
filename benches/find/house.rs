//! A customer with very many files: rows written by statement, the index by the index's own writer,
//! everything else by the use cases.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use satchel::blob::{Store, StoreSettings};
use satchel::catalog::Catalog;
use satchel::domain::{
    BlobId, CallContext, CallSettings, Category, Clock, CustomerId, Door, Entropy, FileId, FileName, Folder, LinkId, PersonKind, Role,
    ShareId, SystemClock, SystemEntropy, Timestamp, Verified, VerifiedMethod,
};
use satchel::files::{Access, CallRequest, CallerHint, Files, FilesSettings, Parts, PersonRequest, ServerSecret, Subject};
use satchel::policy::Policies;
use satchel::search::{Change, Doc, IndexSettings, Indexes};
use satchel::speech::Speech;
use satchel::tools::Registry;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, SqliteConnection};
use tempfile::TempDir;

use super::words;

/// Files of one statement, and of one commit of the index.
const ROWS: usize = 500;
const DOCUMENTS: usize = 20_000;

pub struct House {
    pub tools: Registry,
    pub administrator: CallContext,
    pub guest: CallContext,
    /// The numbers of the files that the guest may see.
    pub few: Range<usize>,
    customer: CustomerId,
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    // Last, so that the folder outlives what is in it.
    folder: TempDir,
}

impl House {
    pub async fn build(count: usize, few: usize) -> Self {
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog"), Arc::clone(&clock), Arc::clone(&entropy)).await.expect("a catalog");
        let indexes = Indexes::open(folder.path().join("index"), IndexSettings::default()).expect("a folder of indexes");
        let files = Files::new(Parts {
            catalog: catalog.clone(),
            stores: no_store().await.into(),
            indexes,
            policies: Policies::built_in().expect("policies"),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            secret: ServerSecret::from_bytes([7; 32]),
            settings: FilesSettings::default(),
        });
        let created = files.create_customer("Bench", true, None, &Door::Cli.into()).await.expect("a customer");
        let Ok(Some(Access::Key(key))) = files.authenticate(&created.api_key).await else { panic!("the key opens nothing") };
        let program = files.program(&key, Door::Http);
        let administrator = person(&files, &program, "Ada Abel", Role::Administrator).await;
        let guest = person(&files, &program, "Otto Dorn", Role::Guest).await;
        let ids: Vec<FileId> = (0..count).map(|_| FileId::new(&*clock, &*entropy)).collect();
        let few = count / 2..count / 2 + few;
        let seeds = Seeds { customer: created.customer, guest: &guest, few: few.clone(), ids: &ids, clock: &*clock, entropy: &*entropy };
        seeds.rows(&folder.path().join("catalog").join("catalog.db")).await;
        // Written by an index of its own, which is closed before the one that is measured opens.
        seeds.index(&Indexes::open(folder.path().join("index"), IndexSettings::default()).expect("a folder of indexes")).await;
        Self {
            administrator: call(&files, &program, &administrator).await,
            guest: call(&files, &program, &guest).await,
            tools: Registry::new(files, Arc::new(Speech::load("en").expect("the voice"))),
            few,
            customer: created.customer,
            catalog,
            clock,
            folder,
        }
    }

    pub fn index_folder(&self) -> PathBuf {
        self.folder.path().join("index").join(self.customer.to_string())
    }

    pub fn deadline(&self) -> Timestamp {
        self.clock.now().saturating_add(jiff::SignedDuration::from_secs(60)).expect("a minute from now")
    }

    pub async fn close(self) {
        self.catalog.close().await;
    }
}

/// Finding reads no bytes, and connecting makes no request.
async fn no_store() -> Store {
    let settings = StoreSettings {
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        public_endpoint: None,
        region: "us-east-1".to_owned(),
        credentials_by_chain: false,
        access_key: "none".to_owned(),
        secret_key: "none".to_owned(),
        files_bucket: "files".to_owned(),
        metadata_bucket: "metadata".to_owned(),
        path_style: true,
        checksums_when_required: false,
        create_buckets: false,
        ..StoreSettings::default()
    };
    Store::connect(settings).await.expect("a client")
}

async fn person(files: &Files, program: &Subject, name: &str, role: Role) -> String {
    let request = PersonRequest {
        kind: PersonKind::User,
        name: name.to_owned(),
        email: None,
        phone: None,
        roles: Some(vec![role]),
        detail: None,
        members: Vec::new(),
    };
    files.add_person(program, &request).await.expect("a person").id.to_string()
}

async fn call(files: &Files, program: &Subject, user: &str) -> CallContext {
    let request = CallRequest {
        caller: CallerHint::User(user.parse().expect("a user")),
        external_id: None,
        permissions: None,
        verified: Verified { method: VerifiedMethod::Platform, level: 2 },
        settings: CallSettings::default(),
    };
    let opened = files.open_call(program, &request).await.expect("a call");
    let Ok(Some(Access::Call(access))) = files.authenticate(&opened.token).await else { panic!("the token opens nothing") };
    access.context(Door::Http.into(), Timestamp::MAX)
}

struct Seeds<'a> {
    customer: CustomerId,
    guest: &'a str,
    few: Range<usize>,
    ids: &'a [FileId],
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
}

impl Seeds<'_> {
    async fn rows(&self, database: &std::path::Path) {
        let mut db = SqliteConnectOptions::new().filename(database).foreign_keys(true).connect().await.expect("the catalog's file");
        sqlx::query("BEGIN").execute(&mut db).await.expect("a transaction");
        let blob = BlobId::new(self.clock, self.entropy).to_string();
        let checksum = format!("sha256:{}", "0".repeat(64));
        sqlx::query(
            "INSERT INTO blobs (id, customer_id, content_key, object_key, size, checksum, scan_status, created_at) \
             VALUES ($1, $2, 'one', 'none', 1000, $3, 'clean', 0)",
        )
        .bind(&blob)
        .bind(self.customer.to_string())
        .bind(checksum)
        .execute(&mut db)
        .await
        .expect("a blob");
        for (chunk, ids) in self.ids.chunks(ROWS).enumerate() {
            let numbered: Vec<(usize, &FileId)> = ids.iter().enumerate().map(|(at, id)| (chunk * ROWS + at, id)).collect();
            self.files(&mut db, &blob, &numbered).await;
            let mut versions =
                QueryBuilder::new("INSERT INTO versions (customer_id, file_id, number, blob_id, name, added_by, created_at) ");
            versions.push_values(&numbered, |mut row, (number, id)| {
                row.push_bind(self.customer.to_string()).push_bind(id.to_string()).push("1").push_bind(&blob);
                row.push_bind(words::about(*number).name()).push("'system'").push("0");
            });
            versions.build().execute(&mut db).await.expect("versions");
        }
        for number in self.few.clone() {
            self.share(&mut db, &self.ids[number].to_string()).await;
        }
        sqlx::query("UPDATE customers SET change_seq = $2 WHERE id = $1")
            .bind(self.customer.to_string())
            .bind(i64::try_from(self.ids.len()).expect("a count"))
            .execute(&mut db)
            .await
            .expect("the feed");
        sqlx::query("COMMIT").execute(&mut db).await.expect("a commit");
        db.close().await.expect("a close");
    }

    async fn files(&self, db: &mut SqliteConnection, blob: &str, numbered: &[(usize, &FileId)]) {
        let mut files = QueryBuilder::new(
            "INSERT INTO files (id, customer_id, folder, name, given, title, author, tags, category, created_date, content_type, version, \
             blob_id, status, extraction_status, added_at, updated_at, change_seq) ",
        );
        files.push_values(numbered, |mut row, (number, id)| {
            let about = words::about(*number);
            row.push_bind(id.to_string()).push_bind(self.customer.to_string()).push_bind(folder(*number).as_str().to_owned());
            row.push_bind(about.name()).push("'{\"tags\":[]}'").push_bind(about.title()).push_bind(about.author.clone()).push("'[]'");
            row.push("'document'").push_bind(about.date().to_string()).push("'application/pdf'").push("1").push_bind(blob.to_owned());
            row.push("'active'").push("'done'").push_bind(added(*number).as_microsecond()).push("0");
            row.push_bind(i64::try_from(number + 1).expect("a number"));
        });
        files.build().execute(db).await.expect("files");
    }

    async fn share(&self, db: &mut SqliteConnection, file: &str) {
        let share = ShareId::new(self.clock, self.entropy).to_string();
        sqlx::query(
            "INSERT INTO shares (id, customer_id, file_id, version, recipient_id, rights, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, 1, $4, 'view', 'system', 0, $5)",
        )
        .bind(&share)
        .bind(self.customer.to_string())
        .bind(file)
        .bind(self.guest)
        .bind(4_000_000_000_000_000_i64)
        .execute(&mut *db)
        .await
        .expect("a share");
        let link = LinkId::new(self.clock, self.entropy).to_string();
        sqlx::query("INSERT INTO links (id, customer_id, share_id, slug_hash, slug_sealed, created_at) VALUES ($1, $2, $3, $1, 'none', 0)")
            .bind(link)
            .bind(self.customer.to_string())
            .bind(share)
            .execute(db)
            .await
            .expect("a link");
    }

    async fn index(&self, indexes: &Indexes) {
        let index = indexes.customer(self.customer).await.expect("an index");
        for (chunk, ids) in self.ids.chunks(DOCUMENTS).enumerate() {
            let changes = ids.iter().enumerate().map(|(at, id)| {
                let number = chunk * DOCUMENTS + at;
                let about = words::about(number);
                let mut tokens = vec!["common".to_owned()];
                if self.few.contains(&number) {
                    tokens.push(format!("to:{}", self.guest));
                }
                Change::Put(Box::new(Doc {
                    file: *id,
                    title: about.title(),
                    name: FileName::parse(&about.name()).expect("a name"),
                    author: Some(about.author.clone()),
                    tags: Vec::new(),
                    category: Category::Document,
                    topic: None,
                    folder: folder(number),
                    date: Some(about.date()),
                    added: added(number),
                    text: words::text(number),
                    tokens,
                }))
            });
            let reached = u64::try_from(chunk * DOCUMENTS + ids.len()).expect("a count");
            index.apply(changes.collect(), reached).await.expect("the index takes them");
        }
    }
}

fn folder(number: usize) -> Folder {
    Folder::parse(["finance", "legal", "sales", "projects/north", "projects/south"][number % 5]).expect("a folder")
}

/// One arrives every minute.
fn added(number: usize) -> Timestamp {
    Timestamp::from_second(1_450_000_000 + i64::try_from(number).expect("a number") * 60).expect("an instant")
}
