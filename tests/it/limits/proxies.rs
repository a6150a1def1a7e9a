//! Whose address is recorded and counted when proxies stand in front.

use reqwest::Method;
use satchel::api::{AddressPaces, DoorLimits, Proxies};
use satchel::domain::Rate;

use crate::support::{Answer, Ground, Tenant, World};

fn trusting(networks: &[&str]) -> Proxies {
    Proxies { networks: networks.iter().map(|text| text.parse().unwrap()).collect(), ..Proxies::default() }
}

async fn asked(world: &World, tenant: &Tenant, forwarded: &str) -> Answer {
    let request = world.request(Method::GET, "/v1/files", &tenant.key).header("x-forwarded-for", forwarded);
    Answer::of(request.send().await.unwrap()).await
}

/// The address of the newest record.
async fn recorded(world: &World, tenant: &Tenant) -> String {
    let page = world.get("/v1/audit?limit=1000&action=list_files", &tenant.key).await.expect(200).json();
    page["records"].as_array().unwrap().last().unwrap()["source"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_record_has_the_client_where_our_proxy_says_it_and_the_peer_where_a_stranger_does() {
    for (proxies, forwarded, expected) in [
        (trusting(&["127.0.0.0/8"]), "203.0.113.9", "203.0.113.9"),
        (trusting(&["127.0.0.0/8"]), "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (trusting(&["10.0.0.0/8"]), "203.0.113.9", "127.0.0.1"),
        (Proxies::default(), "203.0.113.9", "127.0.0.1"),
    ] {
        let world = World::guarded(Ground::new(7).await, DoorLimits::default(), proxies).await;
        let tenant = world.tenant("Acme").await;
        asked(&world, &tenant, forwarded).await.expect(200);
        assert_eq!(recorded(&world, &tenant).await, expected, "{forwarded}");
    }
}

#[tokio::test]
async fn a_stranger_gets_no_further_by_calling_himself_somebody_else() {
    let rate = Rate { per_second: 1, burst: 8 };
    let limits = DoorLimits { addresses: AddressPaces { all: rate, strangers: Rate::ANY }, ..DoorLimits::default() };
    let claim = async |world: &World| {
        let mut passed = 0;
        for number in 0..20 {
            let request = world.request(Method::GET, "/healthz", "").header("x-forwarded-for", format!("198.51.100.{number}"));
            passed += u32::from(Answer::of(request.send().await.unwrap()).await.status == 200);
        }
        passed
    };
    let direct = World::guarded(Ground::new(7).await, limits, Proxies::default()).await;
    assert_eq!(claim(&direct).await, 8);
    let behind = World::guarded(Ground::new(7).await, limits, trusting(&["127.0.0.1"])).await;
    assert_eq!(claim(&behind).await, 20, "each client of our proxy has a pace of its own");
}
