//! What must be true of a folder after all that happened to it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::Path;

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use reqwest::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::caller::{Ground, SHARED_TITLE};
use super::ledger::{Facts, Ledger};
use super::server::{House, LOOK_AGAIN, PATIENCE, Server, until};

/// What was compared.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report {
    pub acknowledged: usize,
    pub in_doubt: usize,
    pub records: usize,
}

/// Lets a started server finish what waits, and compares everything with the ledger.
pub async fn judge(house: &House, server: Server, ground: &Ground, ledger: &Ledger) -> Report {
    let mut left = open_jobs(&server, ground).await;
    while left > 0 {
        left = until("one more job ends", async || Some(open_jobs(&server, ground).await).filter(|now| *now < left)).await;
    }
    let (acknowledged, in_doubt) = ledger.totals();
    let facts = ledger.facts().clone();
    let files = files(&server, ground, &facts).await;
    found(&server, ground, &facts).await;
    let trail = trail(&server, ground).await;
    operations(&trail, &facts, &files);
    codes(&server, &facts).await;
    server.stop().await;
    nothing_is_left(house, files.len()).await;
    Report { acknowledged, in_doubt, records: trail.len() }
}

async fn open_jobs(server: &Server, ground: &Ground) -> u64 {
    server.json("/v1/progress", &ground.key).await["open_jobs"].as_u64().unwrap()
}

/// Every acknowledged file once, with its bytes; every doubtful one once or not at all; all active.
async fn files(server: &Server, ground: &Ground, facts: &Facts) -> HashMap<String, String> {
    let mut files = HashMap::new();
    let mut after = String::new();
    loop {
        let page = server.json(&format!("/v1/files?limit=200&after={after}"), &ground.key).await;
        for file in page["files"].as_array().unwrap() {
            assert_eq!(file["lifecycle"]["status"], "active", "half a state: {file}");
            assert_eq!(file["lifecycle"]["scan_status"], "clean", "{file}");
            let name = file["original_name"].as_str().unwrap().to_owned();
            let twice = files.insert(name, file["id"].as_str().unwrap().to_owned());
            assert!(twice.is_none(), "twice: {file}");
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    for upload in &facts.uploads {
        assert_eq!(files.get(&upload.name), Some(&upload.id), "an acknowledged file is not there: {upload:?}");
        let file = server.json(&format!("/v1/files/{}", upload.id), &ground.key).await;
        let checksum = file.pointer("/checksum").or_else(|| file.pointer("/content/checksum")).and_then(Value::as_str).unwrap_or_default();
        assert!(checksum.ends_with(&upload.sha256), "{upload:?}: {file}");
        let away = server.get(&format!("/v1/files/{}/content", upload.id), &ground.key).await.unwrap();
        assert_eq!(away.status, 302, "{away:?}");
        let bytes = server.client.request(Method::GET, &away.location).send().await.unwrap().bytes().await.unwrap();
        assert_eq!((bytes.len(), hex::encode(digest(&SHA256, &bytes))), (upload.bytes, upload.sha256.clone()), "{upload:?}");
    }
    let known: HashSet<&String> = facts.uploads.iter().map(|upload| &upload.name).chain(&facts.doubtful_uploads).collect();
    let strange: Vec<_> = files.keys().filter(|name| !known.contains(name) && *name != "survey.txt").collect();
    assert!(strange.is_empty(), "nobody sent these: {strange:?}");
    files
}

/// The last acknowledged files are found by what they are called.
async fn found(server: &Server, ground: &Ground, facts: &Facts) {
    let opened = server.post("/v1/calls", &ground.key, &json!({"caller_id": ground.user})).await.unwrap();
    let token = opened.body["token"].as_str().unwrap().to_owned();
    let titles = facts.uploads.iter().rev().filter_map(|upload| upload.title.as_deref()).take(5).chain([SHARED_TITLE]);
    for title in titles {
        let mut last = Value::Null;
        let found = async {
            loop {
                last = server.post("/v1/tools/find_file", &token, &json!({"query": title})).await.unwrap().body;
                if last["data"]["files"].as_array().is_some_and(|files| files.iter().any(|file| file["title"] == title)) {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, found).await.is_ok(), "`{title}` is not found: {last}");
    }
}

/// Every record of the customer, from a chain that is whole.
async fn trail(server: &Server, ground: &Ground) -> Vec<Value> {
    let checked = server.json("/v1/audit/verify", &server.operator).await;
    assert_eq!(checked["intact"], true, "{checked}");
    let mut records: Vec<Value> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record["seq"].as_u64().unwrap());
        let page = server.json(&format!("/v1/audit?limit=1000&after={after}"), &ground.key).await;
        let more = page["records"].as_array().unwrap();
        records.extend(more.iter().cloned());
        if more.len() < 1000 {
            return records;
        }
    }
}

/// One record of each operation, and none of what did not happen.
fn operations(trail: &[Value], facts: &Facts, files: &HashMap<String, String>) {
    let is = |record: &Value, action: &str, outcome: &str| record["action"] == action && record["outcome"] == outcome;
    let with = |action: &str, outcome: &str, field: &str, text: &str| {
        trail
            .iter()
            .filter(|record| is(record, action, outcome) && record[field].as_str().is_some_and(|found| found.contains(text)))
            .count()
    };
    for (name, id) in files {
        for (action, outcome) in [("add", "done"), ("admit", "done")] {
            assert_eq!(with(action, outcome, "object", id), 1, "{action} of {name}");
        }
    }
    let all = |action: &str| trail.iter().filter(|record| is(record, action, "done")).count();
    assert_eq!(all("add"), files.len(), "records of files that are not there");
    for call in &facts.calls {
        assert_eq!(with("open_call", "done", "object", call), 1, "{call}");
        assert!(with("share", "done", "call", call) <= 1, "shared twice in {call}");
    }
    // One more was opened to look for the files.
    let calls = facts.calls.len() + 1 + facts.other_calls;
    assert!((calls..=calls + facts.doubtful_calls).contains(&all("open_call")), "{calls} calls");
    for call in &facts.answered_before {
        assert_eq!(with("share", "done", "call", call), 1, "{call} was told that its answer was used, and nothing was shared");
    }
    assert!((facts.shares.len()..=facts.calls.len()).contains(&all("share")));
    for share in &facts.shares {
        let named = |action: &str, outcome: &str, reason: &str| with(action, outcome, "reason", reason);
        assert_eq!(named("share", "done", &share.id), 1, "{share:?}");
        for (count, records) in [
            (share.codes, named("issue_code", "done", &share.link)),
            (share.guessed, named("open_link", "code_wrong", &share.id)),
            (share.redeemed, named("open_link", "done", &share.id)),
        ] {
            assert!(count.allows(records), "{records} records of {share:?}");
        }
        assert!(named("open_link", "code_right", &share.id) >= named("open_link", "done", &share.id));
    }
}

/// The newest code that was told still opens its link, unless a newer one may have been made.
async fn codes(server: &Server, facts: &Facts) {
    for (number, share) in (0_u16..).zip(facts.shares.iter().rev().take(40)) {
        if share.code_in_doubt {
            continue;
        }
        let [high, low] = number.to_be_bytes();
        let status = server.redeem(&share.slug, &share.code, Ipv4Addr::new(127, 200 + high, low, 1)).await.unwrap();
        assert_eq!(status, 303, "{share:?}");
    }
}

async fn number(catalog: &mut SqliteConnection, question: &'static str) -> usize {
    let (count,): (i64,) = sqlx::query_as(question).fetch_one(catalog).await.unwrap();
    usize::try_from(count).unwrap()
}

/// Rows agree with each other; after the sweep there are no bytes without a row.
async fn nothing_is_left(house: &House, files: usize) {
    let mut catalog = house.catalog().await;
    for question in [
        "SELECT COUNT(*) FROM jobs WHERE state <> 'done'",
        "SELECT COUNT(*) FROM files f LEFT JOIN versions v ON v.file_id = f.id AND v.number = f.version WHERE v.file_id IS NULL",
        "SELECT COUNT(*) FROM shares s LEFT JOIN links l ON l.share_id = s.id WHERE l.id IS NULL",
        "SELECT COUNT(*) FROM shares s LEFT JOIN outbox o ON o.recipient_id = s.recipient_id WHERE o.id IS NULL",
        "SELECT COUNT(*) FROM codes WHERE tries_left < 0",
    ] {
        assert_eq!(number(&mut catalog, question).await, 0, "{question}");
    }
    assert_eq!(number(&mut catalog, "SELECT COUNT(*) FROM files").await, files);
    for stage in ["SELECT COUNT(*) FROM jobs WHERE kind = 'scan'", "SELECT COUNT(*) FROM jobs WHERE kind = 'read'"] {
        assert_eq!(number(&mut catalog, stage).await, files, "{stage}");
    }
    // A day later: what uploads left behind is swept at the next start.
    sqlx::query("UPDATE uploads SET created_at = 0").execute(&mut catalog).await.unwrap();
    catalog.close().await.unwrap();
    let server = house.start().await;
    let data = house.data();
    until("the sweep has ended", async || (house.rows("uploads").await + house.rows("garbage").await == 0).then_some(())).await;
    server.stop().await;
    let mut catalog = house.catalog().await;
    let rows = number(&mut catalog, "SELECT COUNT(*) FROM blobs").await + number(&mut catalog, "SELECT COUNT(text_key) FROM blobs").await;
    let signed = names(&mut catalog, "SELECT printf('audit/%s/%020d', chain, size) FROM audit_checkpoints").await;
    let noted = names(&mut catalog, "SELECT printf('audit/%s/%020d', chain, anchored) FROM audit_heads WHERE anchored > 0").await;
    catalog.close().await.unwrap();
    let kept = Kept::of(&data);
    assert!(kept.anchors.is_subset(&signed), "a checkpoint in the store that no row has: {:?}", kept.anchors);
    assert!(noted.is_subset(&kept.anchors), "a checkpoint that is said to be in the store: {noted:?}");
    assert_eq!(kept.objects, rows, "objects without a row, or rows without an object");
    assert_eq!(on_disk(&data), kept.segments + kept.parts, "files of content that no object has, or that are gone");
}

async fn names(catalog: &mut SqliteConnection, question: &'static str) -> BTreeSet<String> {
    sqlx::query_scalar(question).fetch_all(catalog).await.unwrap().into_iter().collect()
}

/// What the store says that it keeps.
struct Kept {
    objects: usize,
    /// Checkpoints of the audit trail.
    anchors: BTreeSet<String>,
    /// Files of content of all objects: one for each part of an upload in parts.
    segments: usize,
    /// Parts of uploads that were cut off: the store gives them up after a week.
    parts: usize,
}

impl Kept {
    fn of(data: &Path) -> Self {
        const OBJECTS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("objects");
        const PARTS: TableDefinition<(&str, u16), &[u8]> = TableDefinition::new("parts");
        let index = redb::Database::open(data.join("objects/index.redb")).unwrap();
        let reading = index.begin_read().unwrap();
        let (mut objects, mut segments, mut anchors) = (0, 0, BTreeSet::new());
        for row in reading.open_table(OBJECTS).unwrap().iter().unwrap() {
            let (place, row) = row.unwrap();
            let row: Value = serde_json::from_slice(row.value()).unwrap();
            // A probe that was cut off leaves scratch objects, which another one removes an hour later.
            match place.value().1 {
                probe if probe.starts_with("satchel-probe/") => {}
                anchor if anchor.starts_with("audit/") => drop(anchors.insert(anchor.to_owned())),
                _ => objects += 1,
            }
            segments += row["segments"].as_array().unwrap().len();
        }
        Self { objects, anchors, segments, parts: usize::try_from(reading.open_table(PARTS).unwrap().len().unwrap()).unwrap() }
    }
}

fn on_disk(data: &Path) -> usize {
    let shards = std::fs::read_dir(data.join("objects/blobs")).unwrap();
    shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}
