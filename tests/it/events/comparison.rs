//! Stores without events, and events that were lost: store and rows are compared, in steps that one process
//! takes at a time.

use std::time::Duration;

use satchel::blob::{ObjectKey, Store, StoreSettings};
use satchel::domain::{EventOrder, Happened, ManualClock, SeededEntropy, StoreEvent, Timestamp, UploadId};
use serde_json::{Value, json};

use crate::faults::proxy::{Fault, Proxy};
use crate::support::{Ground, Tenant, World};

/// Longer than a day, after which what no row knows is garbage. The store goes by the machine's clock.
const YEARS: i64 = 50 * 365 * 86_400;
/// Longer than a process may have a sweep without a sign.
const LEASE: i64 = 16 * 60;

async fn ground() -> Ground {
    Ground::new(u64::from(std::process::id())).await
}

/// A world whose requests to its store go through a proxy.
pub(super) async fn behind_a_proxy() -> (World, Proxy) {
    let ground = ground().await;
    let proxy = Proxy::before(ground.bytes.as_ref().unwrap().local_addr()).await;
    let settings = StoreSettings {
        endpoint: Some(format!("http://{}", proxy.address)),
        public_endpoint: Some(ground.bytes_url.clone()),
        credentials_by_chain: false,
        access_key: "local".to_owned(),
        secret_key: "local-secret".to_owned(),
        files_bucket: "satchel-files".to_owned(),
        metadata_bucket: "satchel-metadata".to_owned(),
        path_style: true,
        ..StoreSettings::default()
    };
    let store = Store::connect_within(settings, Duration::from_millis(400)).await.unwrap();
    (World::on(Ground { store, ..ground }).await, proxy)
}

/// Sends the bytes of a direct upload, and completes nothing; the key of its object.
async fn sent(world: &World, tenant: &Tenant, bytes: &'static str) -> String {
    let begun = world.post("/v1/uploads", &tenant.key, &json!({"name": "a.txt", "size_bytes": bytes.len()})).await.expect(201).json();
    let url = begun["url"].as_str().unwrap();
    let mut request = world.client.put(url);
    for (name, value) in begun["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        request = request.header(name, value.as_str().unwrap());
    }
    assert_eq!(request.body(bytes).send().await.unwrap().status(), 200);
    format!("files/{}", url::Url::parse(url).unwrap().path().strip_prefix("/satchel-files/").unwrap())
}

async fn presence(world: &World, object_key: &str) -> Option<String> {
    let query = sqlx::query_scalar("SELECT presence FROM object_events WHERE object_key = $1").bind(object_key);
    query.fetch_optional(&mut world.database().await).await.unwrap()
}

async fn records(world: &World, tenant: &Tenant, action: &str) -> usize {
    world.audit(tenant).await.iter().filter(|(known, _)| known == action).count()
}

#[tokio::test]
async fn an_upload_that_arrived_and_that_nobody_told_of_is_found() {
    // No event reaches this world: its store tells nothing.
    let world = World::on(ground().await).await;
    let tenant = world.tenant("Northwind").await;
    let key = sent(&world, &tenant, "dear all").await;
    assert_eq!(presence(&world, &key).await, None);
    assert_eq!(world.files.reconcile_uploads().await.unwrap(), 0);
    assert_eq!(presence(&world, &key).await.as_deref(), Some("created"));
    // The lost word comes after all, and is no news.
    let order = EventOrder::new(None, Timestamp::UNIX_EPOCH);
    let late =
        StoreEvent { customer: tenant.customer.parse().unwrap(), object_key: key.clone(), happened: Happened::Removed, order, etag: None };
    assert!(world.files.object_event(&late).await.unwrap());
    assert_eq!(presence(&world, &key).await.as_deref(), Some("created"), "what was found is later");
    // Nobody completes it: it is swept by its row, and its row of what was promised a week later.
    world.clock.advance_seconds(25 * 3600);
    assert_eq!(world.files.sweep_uploads().await.unwrap(), 1);
    let promised =
        async || -> i64 { sqlx::query_scalar("SELECT COUNT(*) FROM direct_uploads").fetch_one(&mut world.database().await).await.unwrap() };
    world.files.sweep_deleted().await.unwrap();
    assert_eq!(promised().await, 1);
    world.clock.advance_seconds(8 * 86_400);
    world.files.sweep_deleted().await.unwrap();
    assert_eq!(promised().await, 0);
}

#[tokio::test]
async fn an_object_that_no_row_knows_is_removed_once_it_is_old_and_a_files_bytes_never_are() {
    let ground = ground().await;
    let store = ground.store.clone();
    let world = World::on(ground).await;
    let tenant = world.tenant("Northwind").await;
    let waiting = world.put(&tenant.key, "name=waiting.txt", b"it waits for its scan").await.expect(201).text("/stored_path");
    let customer = tenant.customer.parse().unwrap();
    let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(5));
    let strays: Vec<_> = (0..3).map(|_| ObjectKey::upload(customer, UploadId::new(&clock, &entropy), world.files.now())).collect();
    for stray in &strays {
        store.put_bytes(stray, bytes::Bytes::from_static(b"nobody's")).await.unwrap();
    }
    assert_eq!(world.files.reconcile_uploads().await.unwrap(), 0, "a row may still come");
    world.clock.advance_seconds(YEARS);
    // Two at once: one of them does it.
    let (one, other) = tokio::join!(world.files.reconcile_uploads(), world.files.reconcile_uploads());
    assert_eq!((one.unwrap() + other.unwrap(), records(&world, &tenant, "sweep_object").await), (3, 3));
    for stray in &strays {
        assert_eq!(store.head(stray).await.unwrap(), None);
    }
    assert!(store.head(&ObjectKey::parse(customer, &waiting).unwrap()).await.unwrap().is_some());
    // Once a day is enough.
    store.put_bytes(&strays[0], bytes::Bytes::from_static(b"again")).await.unwrap();
    assert_eq!(world.files.reconcile_uploads().await.unwrap(), 0);
    world.clock.advance_seconds(86_400);
    assert_eq!(world.files.reconcile_uploads().await.unwrap(), 1);
}

#[tokio::test]
async fn a_comparison_that_was_cut_off_goes_on_where_it_stopped_and_one_customers_fault_holds_up_nobody() {
    let (world, proxy) = behind_a_proxy().await;
    for name in ["Alder", "Birch", "Cedar"] {
        world.tenant(name).await;
    }
    // One request for each customer; the second one's gets no answer, and the process ends there.
    proxy.plan(Fault::Stall, 1..usize::MAX);
    tokio::select! {
        ended = world.files.reconcile_uploads() => panic!("it was to be cut off: {ended:?}"),
        () = crate::support::until("the second customer", async || (proxy.seen() >= 2).then_some(())) => {}
    }
    proxy.heal();
    assert_eq!(world.files.reconcile_uploads().await.unwrap(), 0);
    assert_eq!(proxy.seen(), 0, "it is still in another's hands");
    world.clock.advance_seconds(LEASE);
    world.files.reconcile_uploads().await.unwrap();
    assert_eq!(proxy.seen(), 2, "the second customer and the third");
    // Where one customer's part of the store does not answer, the others have their turn.
    world.clock.advance_seconds(86_400);
    proxy.plan(Fault::Close, 0..3);
    world.files.reconcile_uploads().await.unwrap_err();
    assert_eq!(proxy.seen(), 5, "three attempts for the first, one for each of the others");
}

#[tokio::test]
async fn only_customers_with_something_due_are_swept_and_by_one_process() {
    let world = World::on(ground().await).await;
    let busy = world.tenant("Busy").await;
    // Ids sort by their time.
    world.clock.advance_seconds(1);
    let idle = world.tenant("Idle").await;
    let due = async || -> Vec<String> {
        let query = sqlx::query_scalar("SELECT id FROM customers WHERE sweep_due <= $1 ORDER BY id");
        query.bind(world.files.now().as_microsecond()).fetch_all(&mut world.database().await).await.unwrap()
    };
    assert_eq!(due().await, [busy.customer.clone(), idle.customer.clone()]);
    assert!(world.files.sweep_deleted().await.unwrap().is_nothing());
    assert_eq!(due().await, Vec::<String>::new());
    let mut files = Vec::new();
    for number in 0..5 {
        files.push(world.file(&busy.key, &format!("name=f{number}.txt"), format!("file {number}").as_bytes()).await);
    }
    for file in &files {
        world.delete(&format!("/v1/files/{file}"), &busy.key).await.expect(204);
    }
    assert_eq!(due().await, std::slice::from_ref(&busy.customer));
    world.clock.advance_seconds(31 * 86_400);
    let sweeps = futures::future::join_all((0..4).map(|_| world.files.sweep_deleted())).await;
    let released: u64 = sweeps.into_iter().map(|swept| swept.unwrap().released).sum();
    assert_eq!((released, records(&world, &busy, "release").await), (5, 5));
    let content = world.get(&format!("/v1/files/{}/content", files[0]), &busy.key).await;
    assert!(content.status >= 400, "{content:?}");
    world.clock.advance_seconds(2 * 86_400);
    let swept = world.files.sweep_deleted().await.unwrap();
    assert_eq!((swept.collected, world.get("/v1/files", &busy.key).await.json()["files"].clone()), (5, Value::Array(Vec::new())));
}
