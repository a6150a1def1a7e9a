//! Verdicts of the store's own scanner, whenever they come: a threat closes, and nothing opens.

use satchel::blob::ObjectKey;
use satchel::domain::{
    BlobId, CustomerId, ErrorCode, EventOrder, FileStatus, Happened, ManualClock, ScanStatus, ScanVerdict, SeededEntropy, StoreEvent,
};
use satchel::files::Understood;
use serde_json::{Value, json};

use super::comparison::behind_a_proxy;
use crate::faults::proxy::Fault;
use crate::support::{Tenant, World};

const THREAT: Happened = Happened::Judged(ScanStatus::Infected);

/// What the store tells of an object, in the order in which it happened.
fn event(world: &World, customer: &str, object_key: &str, happened: Happened, number: u64) -> StoreEvent {
    StoreEvent {
        customer: customer.parse().unwrap(),
        object_key: object_key.to_owned(),
        happened,
        order: EventOrder::new(Some(&format!("{number:016X}")), world.files.now()),
        etag: None,
    }
}

async fn tell(world: &World, tenant: &Tenant, object_key: &str, happened: Happened) -> bool {
    world.files.object_event(&event(world, &tenant.customer, object_key, happened, 1)).await.unwrap()
}

async fn known(world: &World, tenant: &Tenant, file: &str) -> Value {
    world.get(&format!("/v1/files/{file}"), &tenant.key).await.expect(200).json()
}

async fn place(world: &World, tenant: &Tenant, file: &str) -> String {
    known(world, tenant, file).await["stored_path"].as_str().unwrap().to_owned()
}

async fn status(world: &World, tenant: &Tenant, file: &str) -> String {
    known(world, tenant, file).await.pointer("/lifecycle/status").unwrap().as_str().unwrap().to_owned()
}

async fn records(world: &World, tenant: &Tenant, action: &str, outcome: &str) -> usize {
    let all = world.audit(tenant).await;
    all.iter().filter(|(known, told)| known == action && told == outcome).count()
}

#[tokio::test]
async fn a_threat_that_is_told_late_closes_the_file_once_and_no_later_word_opens_it() {
    let world = World::start().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.file(&tenant.key, "name=letter.txt&title=Letter", b"dear all").await;
    let owner = world.user(&tenant, "Nora Lind", "owner").await;
    let call = world.call(&tenant, &owner).await;
    let first = place(&world, &tenant, &file).await;
    for happened in [THREAT, THREAT, Happened::Judged(ScanStatus::Clean), Happened::Judged(ScanStatus::Failed), Happened::Created, THREAT] {
        assert!(tell(&world, &tenant, &first, happened).await);
    }
    assert_eq!(status(&world, &tenant, &file).await, "quarantined");
    assert_eq!(records(&world, &tenant, "scan", "infected").await, 1);
    assert!(place(&world, &tenant, &file).await.contains("/quarantine/"), "the bytes lie where nobody reads");
    world.get(&format!("/v1/files/{file}/content"), &tenant.key).await.expect(403);
    // The index follows.
    world.files.follow_all().await.unwrap();
    let found = world.post("/v1/tools/find_file", &call.token, &json!({"query": "the letter"})).await.expect(200);
    assert_eq!(found.text("/outcome"), "not_found", "{found:?}");
    // The same bytes, sent again, are the same threat, whatever our scanner says of them.
    let again = world.file(&tenant.key, "name=copy.txt", b"dear all").await;
    assert_eq!(status(&world, &tenant, &again).await, "quarantined");
}

#[tokio::test]
async fn a_file_is_closed_at_once_and_its_bytes_follow_when_the_store_answers() {
    let (world, proxy) = behind_a_proxy().await;
    let tenant = world.tenant("Northwind").await;
    let file = world.file(&tenant.key, "name=letter.txt", b"dear all").await;
    let first = place(&world, &tenant, &file).await;
    proxy.plan(Fault::Close, 0..usize::MAX);
    assert!(tell(&world, &tenant, &first, THREAT).await);
    assert_eq!((status(&world, &tenant, &file).await.as_str(), place(&world, &tenant, &file).await), ("quarantined", first.clone()));
    proxy.heal();
    assert!(world.files.sweep_deleted().await.unwrap().is_nothing());
    assert!(place(&world, &tenant, &file).await.contains("/quarantine/"));
    assert_eq!(records(&world, &tenant, "scan", "infected").await, 1);
}

#[tokio::test]
async fn words_that_are_no_threat_to_the_file_change_nothing() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Northwind").await, world.tenant("Southwind").await);
    let file = world.file(&tenant.key, "name=plan.txt", b"the first plan").await;
    let old = place(&world, &tenant, &file).await;
    world.file(&tenant.key, &format!("name=plan2.txt&replaces={file}"), b"another, longer plan").await;
    let new = place(&world, &tenant, &file).await;
    assert_ne!(old, new);
    let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(77));
    let nobody = CustomerId::new(&clock, &entropy);
    let ours = |key: &str, happened| event(&world, &tenant.customer, key, happened, 1);
    let unknown = ObjectKey::quarantine(tenant.customer.parse().unwrap(), BlobId::new(&clock, &entropy));
    for (what, is_ours, told) in [
        ("found clean", true, ours(&new, Happened::Judged(ScanStatus::Clean))),
        ("could not be judged", true, ours(&new, Happened::Judged(ScanStatus::Failed))),
        ("came back from the archive", true, ours(&new, Happened::Restored)),
        ("an older version", true, ours(&old, THREAT)),
        ("a place that nothing is known of", true, ours(unknown.as_str(), THREAT)),
        ("other bytes at this place", false, StoreEvent { etag: Some("\"other\"".to_owned()), ..ours(&new, THREAT) }),
        ("the place of another customer's", true, event(&world, &other.customer, &new, THREAT, 1)),
        ("a customer that is none", false, StoreEvent { customer: nobody, ..ours(&new, THREAT) }),
        ("removed, which it is not", true, ours(&new, Happened::Removed)),
    ] {
        assert_eq!(world.files.object_event(&told).await.unwrap(), is_ours, "{what}");
        assert_eq!(status(&world, &tenant, &file).await, "active", "{what}");
        assert_eq!(place(&world, &tenant, &file).await, new, "{what}");
    }
    world.get(&format!("/v1/files/{file}/content"), &tenant.key).await.expect(302);
    // The bytes of the older version are not handed out any more: they are what was judged.
    world.get(&format!("/v1/files/{file}/content?version=1"), &tenant.key).await.expect(403);
    assert_eq!(records(&world, &other, "scan", "infected").await, 0);
}

#[tokio::test]
async fn a_threat_is_heeded_whenever_it_comes() {
    for (when, our_word) in [("before the file", true), ("before it is judged", true), ("before it is admitted", false), ("later", true)] {
        let world = World::start().await;
        let tenant = world.tenant("Northwind").await;
        // A direct upload: the store can scan it before there is a file.
        let begun = world.post("/v1/uploads", &tenant.key, &json!({"name": "a.txt", "size_bytes": 8})).await.expect(201).json();
        let url = begun["url"].as_str().unwrap();
        let mut sent = world.client.put(url);
        for (name, value) in begun["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
            sent = sent.header(name, value.as_str().unwrap());
        }
        assert_eq!(sent.body("dear all").send().await.unwrap().status(), 200);
        let key = format!("files/{}", url::Url::parse(url).unwrap().path().strip_prefix("/satchel-files/").unwrap());
        if when == "before the file" {
            assert!(tell(&world, &tenant, &key, THREAT).await);
        }
        let path = format!("/v1/uploads/{}/complete", begun["upload_id"].as_str().unwrap());
        let file = world.post(&path, &tenant.key, &Value::Null).await.expect(201).text("/id");
        match when {
            "before it is judged" => assert!(tell(&world, &tenant, &key, THREAT).await),
            "before it is admitted" => {
                let job = world.files.lease_job(60).await.unwrap().unwrap();
                let under = world.files.under_inspection(&job).await.unwrap().unwrap();
                let clean = ScanVerdict { status: ScanStatus::Clean, engine: "test".to_owned(), findings: Vec::new() };
                assert_eq!(world.files.judge(&job, &under, &clean).await.unwrap(), FileStatus::Processing);
                let job = world.files.lease_job(60).await.unwrap().unwrap();
                let under = world.files.under_inspection(&job).await.unwrap().unwrap();
                assert!(tell(&world, &tenant, &key, THREAT).await);
                let error = world.files.admit(&job, &under, &read()).await.unwrap_err();
                assert!(matches!(error.code(), ErrorCode::Conflict | ErrorCode::NotFound), "{error:?}");
            }
            _ => {}
        }
        if our_word {
            world.inspect_all().await;
        }
        if when == "later" {
            assert_eq!(status(&world, &tenant, &file).await, "active");
            assert!(tell(&world, &tenant, &key, THREAT).await, "by where it came in");
        }
        assert_eq!(status(&world, &tenant, &file).await, "quarantined", "{when}");
        assert!(place(&world, &tenant, &file).await.contains("/quarantine/"), "{when}");
        assert_eq!(records(&world, &tenant, "scan", "infected").await, 1, "{when}");
    }
}

fn read() -> Understood {
    Understood {
        content_type: "text/plain".to_owned(),
        category: satchel::domain::Category::Document,
        title: None,
        author: None,
        created_date: None,
        page_count: None,
        duration_ms: None,
        language: None,
        facts: satchel::domain::Facts::default(),
        text: "dear all".to_owned(),
        summary: None,
        findings: Some(Vec::new()),
        hints: Vec::new(),
        extraction: satchel::domain::Extraction { status: satchel::domain::ExtractionStatus::Done, reason: None },
        follow_ups: Vec::new(),
    }
}

/// Every order of these.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let each = (0..items.len()).flat_map(|at| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |mut order| {
            order.insert(0, first.clone());
            order
        })
    });
    each.collect()
}

#[tokio::test]
async fn events_in_any_order_doubled_and_among_foreign_ones_end_in_the_same_state() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Northwind").await, world.tenant("Southwind").await);
    let mut ends = Vec::new();
    let told = [
        (1, Happened::Created),
        (2, Happened::Judged(ScanStatus::Clean)),
        (3, Happened::Judged(ScanStatus::Suspicious)),
        // A word that is wrong: the store has it.
        (4, Happened::Removed),
    ];
    let all = orders(&told);
    assert_eq!(all.len(), 24);
    for (at, order) in all.iter().enumerate() {
        let bytes = format!("letter {at}");
        let file = world.file(&tenant.key, &format!("name=letter{at}.txt"), bytes.as_bytes()).await;
        let key = place(&world, &tenant, &file).await;
        let before = world.audit(&tenant).await.len();
        for (number, happened) in order {
            for customer in [&tenant.customer, &other.customer, &tenant.customer] {
                world.files.object_event(&event(&world, customer, &key, *happened, *number)).await.unwrap();
            }
        }
        let mut seen: Vec<_> = world.audit(&tenant).await.split_off(before);
        // What is looked at is recorded too.
        seen.retain(|(action, _)| action == "scan" || action == "object_removed");
        let mut database = world.database().await;
        let row: (String, String, String) =
            sqlx::query_as("SELECT presence, sequencer, verdict FROM object_events WHERE customer_id = $1 AND object_key = $2")
                .bind(&tenant.customer)
                .bind(&key)
                .fetch_one(&mut database)
                .await
                .unwrap();
        ends.push((status(&world, &tenant, &file).await, row, seen));
    }
    let expected = (
        "quarantined".to_owned(),
        ("removed".to_owned(), "0000000000000004".to_owned(), "suspicious".to_owned()),
        vec![("scan".to_owned(), "suspicious".to_owned())],
    );
    for (end, order) in ends.iter().zip(&all) {
        assert_eq!(*end, expected, "{order:?}");
    }
}
