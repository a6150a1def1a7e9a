//! One server over three regions: Ceph RGW at home, another two buckets of it, and MiniStack.

use reqwest::Method;
use satchel::blob::Store;
use satchel::domain::{Clock, RegionName, SystemClock};
use serde_json::{Value, json};

use crate::stores_setup::peer::{Kind, Peer};
use crate::support::{Answer, DIRECT_WHOLE, Ground, Tenant, World};

/// Beside the home region, which Ceph RGW is.
const OTHERS: [(&str, Kind); 2] = [("eu-west-1", Kind::Rgw), ("eu-central-1", Kind::MiniStack)];

/// A server, and the stores of its regions, home first.
pub struct Estate {
    pub world: World,
    peers: Vec<(&'static str, Peer)>,
}

fn name(text: &str) -> RegionName {
    RegionName::parse(text).unwrap()
}

impl Estate {
    pub async fn new() -> Self {
        let mut peers = vec![("us-east-1", Peer::reach(Kind::Rgw).await)];
        for (name, kind) in OTHERS {
            peers.push((name, Peer::reach(kind).await));
        }
        let mut stores: Vec<(RegionName, Store)> = Vec::new();
        for (region, peer) in &peers {
            stores.push((name(region), peer.store().await));
        }
        let (_, home) = stores.remove(0);
        let ground = Ground::new(u64::from(std::process::id())).await;
        let world = World::in_regions(Ground { store: home, ..ground }, stores).await;
        Self { world, peers }
    }

    pub async fn tenant(&self, region: Option<&str>) -> Tenant {
        let body = json!({"name": "Acme", "is_test": true, "region": region});
        let made = self.world.post("/v1/customers", &self.world.operator, &body).await.expect(201);
        Tenant { customer: made.text("/customer_id"), key: made.text("/api_key") }
    }

    /// In which regions something of a customer lies.
    async fn lies_in(&self, tenant: &Tenant) -> Vec<&'static str> {
        let mut found = Vec::new();
        for (region, peer) in &self.peers {
            if peer.contents().await.iter().any(|key| key.contains(&tenant.customer)) {
                found.push(*region);
            }
        }
        found
    }

    fn address(&self, region: &str) -> &str {
        let (_, peer) = self.peers.iter().find(|(name, _)| *name == region).unwrap();
        peer.settings.endpoint.as_deref().unwrap()
    }

    pub async fn close(self) {
        self.world.shutdown().await;
        for (_, peer) in self.peers {
            peer.close().await;
        }
    }
}

async fn bytes_at(answer: &Answer, below: &str) -> bytes::Bytes {
    let address = answer.header("location");
    assert!(address.starts_with(&format!("{below}/")), "{address} is not below {below}");
    let got = reqwest::get(address).await.unwrap();
    assert_eq!(got.status(), 200);
    got.bytes().await.unwrap()
}

#[tokio::test]
async fn files_uploads_downloads_and_links_of_a_customer_are_those_of_its_region() {
    let estate = Estate::new().await;
    let world = &estate.world;
    for (named, region) in [(None, "us-east-1"), (Some("eu-west-1"), "eu-west-1"), (Some("eu-central-1"), "eu-central-1")] {
        let tenant = estate.tenant(named).await;
        assert_eq!(estate.lies_in(&tenant).await, Vec::<&str>::new());
        let text = format!("the numbers of {region}");
        // Uploaded, scanned, moved, its text written and indexed; then shared and opened.
        let shared = world.share(&tenant, text.as_bytes()).await;
        assert_eq!(estate.lies_in(&tenant).await, [region]);
        let url = world.get(&format!("/v1/files/{}/content", shared.file), &tenant.key).await.expect(302);
        assert_eq!(bytes_at(&url, estate.address(region)).await, text);
        let form = world.client.post(format!("{}{}", world.url, shared.path)).header("content-type", "application/x-www-form-urlencoded");
        let opened = Answer::of(form.body(format!("code={}", shared.code)).send().await.unwrap()).await;
        assert_eq!(bytes_at(&opened.clone().expect(303), estate.address(region)).await, text);
        let policy = opened.header("content-security-policy");
        assert!(policy.contains(estate.address(region)), "a browser must be let go there: {policy}");
        // Straight to the store.
        let body = json!({"name": "direct.txt", "size_bytes": 6});
        let upload = world.post("/v1/uploads", &tenant.key, &body).await.expect(201).json();
        assert!(upload["url"].as_str().unwrap().starts_with(estate.address(region)), "{upload}");
        let mut sent = reqwest::Client::new().request(Method::PUT, upload["url"].as_str().unwrap());
        for (name, value) in upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
            sent = sent.header(name, value.as_str().unwrap());
        }
        assert_eq!(sent.body("direct").send().await.unwrap().status(), 200);
        let id = upload["upload_id"].as_str().unwrap();
        world.post(&format!("/v1/uploads/{id}/complete"), &tenant.key, &Value::Null).await.expect(201);
        world.inspect_all().await;
        assert_eq!(estate.lies_in(&tenant).await, [region], "nothing went astray on its way");
    }
    estate.close().await;
}

#[tokio::test]
async fn what_sweeps_goes_over_every_region() {
    let estate = Estate::new().await;
    let world = &estate.world;
    let mut tenants = Vec::new();
    for (region, _) in &estate.peers {
        let tenant = estate.tenant(Some(region)).await;
        // Parts that nobody makes an object of, and a file that is deleted.
        let body = json!({"name": "large.bin", "size_bytes": DIRECT_WHOLE + 1});
        world.post("/v1/uploads", &tenant.key, &body).await.expect(201);
        let id = world.file(&tenant.key, "name=a.txt", b"gone soon").await;
        world.delete(&format!("/v1/files/{id}"), &tenant.key).await.expect(204);
        assert_eq!(estate.lies_in(&tenant).await, [*region]);
        tenants.push(tenant);
    }
    assert_eq!(world.files.sweep_parts().await.unwrap(), 0, "they are not a day old");
    // The stores' clocks are the machine's: only the world's moves.
    let ahead = SystemClock.now().duration_since(world.clock.now()).as_secs();
    world.clock.advance_seconds(ahead + 25 * 3600);
    assert_eq!(world.files.sweep_parts().await.unwrap(), 3);
    world.clock.advance_seconds(40 * 86_400);
    world.files.sweep_deleted().await.unwrap();
    world.clock.advance_seconds(2 * 86_400);
    world.files.sweep_deleted().await.unwrap();
    for tenant in &tenants {
        for (region, peer) in &estate.peers {
            for bucket in [&peer.settings.files_bucket, &peer.settings.metadata_bucket] {
                let listed = peer.bare.list_objects_v2().bucket(bucket).send().await.unwrap();
                let left = listed.contents().iter().filter_map(|one| one.key()).filter(|key| key.contains(&tenant.customer));
                assert_eq!(left.count(), 0, "{region}");
            }
        }
    }
    estate.close().await;
}

#[tokio::test]
async fn each_region_is_named_and_an_unknown_one_is_refused() {
    let estate = Estate::new().await;
    let world = &estate.world;
    let ready = world.get("/readyz", "").await.expect(200).json();
    let regions: Vec<_> = ready["regions"].as_array().unwrap().iter().map(|one| (one["region"].as_str().unwrap(), &one["ready"])).collect();
    assert_eq!(regions, [("us-east-1", &json!(true)), ("eu-west-1", &json!(true)), ("eu-central-1", &json!(true))]);
    for region in ["eu-west-2", "", "EU-WEST-1", "eu west"] {
        let body = json!({"name": "Acme", "region": region});
        let refused = world.post("/v1/customers", &world.operator, &body).await.expect_problem(400, "invalid");
        assert_eq!(refused.text("/detail"), "`region`: is one of `us-east-1`, `eu-west-1`, `eu-central-1`");
    }
    let (home, there) = (estate.tenant(None).await, estate.tenant(Some("eu-west-1")).await);
    let listed = world.get("/v1/customers", &world.operator).await.expect(200).json();
    let region = |tenant: &Tenant| {
        let all = listed["customers"].as_array().unwrap();
        all.iter().find(|one| one["customer_id"] == tenant.customer.as_str()).unwrap()["region"].clone()
    };
    assert_eq!((region(&home), region(&there)), (json!("us-east-1"), json!("eu-west-1")));
    // One region away: the server says which, and is not ready.
    let (_, peer) = estate.peers.iter().find(|(name, _)| *name == "eu-central-1").unwrap();
    peer.bare.delete_bucket().bucket(&peer.settings.metadata_bucket).send().await.unwrap();
    let ready = world.get("/readyz", "").await.expect(503).json();
    assert_eq!(
        (&ready["store"], &ready["regions"][2]["metadata"], &ready["regions"][2]["ready"]),
        (&json!(false), &json!("missing"), &json!(false))
    );
    assert_eq!(ready["regions"][1]["ready"], true);
    peer.bare.create_bucket().bucket(&peer.settings.metadata_bucket).send().await.unwrap();
    estate.close().await;
}
