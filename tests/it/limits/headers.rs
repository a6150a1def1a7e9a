//! What every answer tells browsers.

use satchel::api::DoorLimits;

use crate::endpoints::endpoints;
use crate::support::World;

#[tokio::test]
async fn every_answer_keeps_browsers_from_guessing_framing_and_keeping_it() {
    let world = World::start().await;
    for endpoint in endpoints() {
        let answer = world.send(endpoint.method.clone(), &endpoint.path("AAAAAAAAAAAAAAAAAAAAAA"), "sk_nobody", &endpoint.body).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{} {name}", endpoint.name());
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{}: {policy}", endpoint.name());
        assert!(!answer.header("cross-origin-resource-policy").is_empty(), "{}", endpoint.name());
        assert!(answer.header("cache-control").contains("no-store"), "{}: {answer:?}", endpoint.name());
        assert_eq!(answer.header("strict-transport-security"), "", "nobody said that TLS is in front");
    }
    // An answer of the router itself, and one of no route.
    for path in ["/no/such/path", "/mcp"] {
        let answer = world.get(path, "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    assert_eq!(DoorLimits::default().addresses.all.per_second, 0, "nothing of this was refused for its pace");
}

#[tokio::test]
async fn a_body_that_is_nested_too_deep_is_refused_at_every_door() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Ann Lee", "owner").await;
    let call = world.call(&tenant, &user).await;
    let nested = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for (path, token) in [("/v1/people", &tenant.key), ("/v1/calls", &tenant.key), ("/v1/tools/find_file", &call.token)] {
        let request = world.request(reqwest::Method::POST, path, token).body(nested.clone());
        let answer = crate::support::Answer::of(request.send().await.unwrap()).await.expect_problem(400, "invalid");
        assert!(answer.body.contains("nested"), "{path}: {answer:?}");
    }
    let request = world.request(reqwest::Method::POST, "/mcp", &call.token).body(nested);
    let answer = crate::support::Answer::of(request.send().await.unwrap()).await.expect(400);
    assert_eq!(answer.json()["error"]["code"], -32600, "{answer:?}");
}
