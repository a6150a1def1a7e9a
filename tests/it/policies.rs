//! Two customers on one server never meet: what belongs to the other is what does not exist.

use serde_json::{Value, json};

use crate::support::{Tenant, World};

const UNKNOWN_FILE: &str = "file_01h455vb4pex5vsknk084sn02q";

struct House {
    tenant: Tenant,
    owner: String,
    contact: String,
    file: String,
}

async fn house(world: &World, name: &str, title: &str) -> House {
    let tenant = world.tenant(name).await;
    let owner = world.user(&tenant, &format!("Olga of {name}"), "owner").await;
    let contact = world.person(&tenant, &json!({"kind": "contact", "name": format!("Conrad {name}"), "email": "c@example.com"})).await;
    let file = world.file(&tenant.key, &format!("name=a.txt&title={title}"), title.as_bytes()).await;
    House { tenant, owner, contact, file }
}

/// The answer of a tool in a fresh call of the house's owner, without what was sent.
async fn answer(world: &World, house: &House, tool: &str, arguments: &Value, sent: &str) -> String {
    let call = world.call(&house.tenant, &house.owner).await;
    let answer = world.post(&format!("/v1/tools/{tool}"), &call.token, arguments).await.expect(200);
    answer.comparable(sent)
}

#[tokio::test]
async fn what_another_customer_has_is_to_every_tool_what_does_not_exist() {
    let world = World::start().await;
    let ours = house(&world, "Acme", "Kestrel").await;
    let theirs = house(&world, "Borealis", "Peregrine").await;
    let foreign_words = "Peregrine";
    let unknown_words = "Cormorant";
    for (tool, field, foreign, unknown) in [
        ("find_file", "query", foreign_words, unknown_words),
        ("describe_file", "file", foreign_words, unknown_words),
        ("describe_file", "file", theirs.file.as_str(), UNKNOWN_FILE),
        ("share_file", "file", foreign_words, unknown_words),
        ("share_file", "file", theirs.file.as_str(), UNKNOWN_FILE),
        ("generate_access_code", "file", theirs.file.as_str(), UNKNOWN_FILE),
        ("share_file", "with", "Conrad Borealis", "Conrad Atlantis"),
        ("share_file", "with", theirs.contact.as_str(), "contact_01h455vb4pex5vsknk084sn02q"),
    ] {
        let arguments = |value: &str| {
            let mut arguments = json!({field: value});
            if tool == "share_file" {
                let (other, rest) = if field == "file" { ("with", "me") } else { ("file", "Kestrel") };
                arguments[other] = json!(rest);
            }
            arguments
        };
        let about_theirs = answer(&world, &ours, tool, &arguments(foreign), foreign).await;
        let about_nothing = answer(&world, &ours, tool, &arguments(unknown), unknown).await;
        assert_eq!(about_theirs, about_nothing, "{tool} {field}");
        assert!(!about_theirs.contains("Peregrine") && !about_theirs.contains("Borealis"), "{about_theirs}");
        // The same words are something to whom it belongs, or the two above agree for no reason.
        let own = answer(&world, &theirs, tool, &arguments(foreign), foreign).await;
        assert_ne!(own, about_theirs, "{tool} {field}");
    }
}

#[tokio::test]
async fn lists_hold_what_is_the_customers_own_and_nothing_else() {
    let world = World::start().await;
    let ours = house(&world, "Acme", "Kestrel").await;
    let theirs = house(&world, "Borealis", "Peregrine").await;
    let call = world.call(&ours.tenant, &ours.owner).await;
    for path in ["/v1/files", "/v1/people", "/v1/keys", "/v1/audit", "/v1/outbox"] {
        for token in [&ours.tenant.key, &call.token] {
            let answer = world.get(path, token).await;
            for secret in [&theirs.file, &theirs.owner, &theirs.contact, &theirs.tenant.customer, "Peregrine", "Borealis"] {
                assert!(!answer.body.contains(secret), "{path} holds {secret}");
            }
        }
    }
    assert!(world.get("/v1/files", &ours.tenant.key).await.expect(200).body.contains(&ours.file));
}
