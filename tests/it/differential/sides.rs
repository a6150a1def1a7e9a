//! Ann and Ben: each with something of everything a customer can have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::slugs;
use crate::adoption::Adopting;
use crate::support::{Call, DIRECT_PART, Tenant, World};

/// What one of them calls things; none of Ben's words sounds like one of Ann's.
pub struct Words {
    owner: &'static str,
    contact: &'static str,
    colleague: &'static str,
    team: &'static str,
    mail: &'static str,
    phone: &'static str,
    titles: [&'static str; 3],
    prefix: &'static str,
    batch: &'static str,
    platform: &'static str,
}

pub const ANN: Words = Words {
    owner: "Amira Haddad",
    contact: "Jonas Weber",
    colleague: "Petra Novak",
    team: "Sales",
    mail: "jonas@example.com",
    phone: "+15550100100",
    titles: ["Alpha", "Lease", "Minutes"],
    prefix: "ann/",
    batch: "turn-1",
    platform: "ann-call-1",
};

pub const BEN: Words = Words {
    owner: "Ottoline Quimbrook",
    contact: "Barnaby Thistlewick",
    colleague: "Cornelius Drumgoole",
    team: "Vexmoor Guild",
    mail: "barnaby@thistlewick.example",
    phone: "+15550177777",
    titles: ["Kumquat Zephyrus", "Gorgonzola Vortex", "Tungsten Jukebox"],
    prefix: "ben/",
    batch: "vexmoor-turn-4",
    platform: "quimbrook-call-9",
};

/// A customer with what it has.
pub struct Side {
    pub tenant: Tenant,
    /// A user who may do everything.
    pub owner: String,
    /// The end of a living link's address.
    pub slug: String,
    /// The end of the address of a link for uploads.
    pub upload_slug: String,
    /// Texts that name something here.
    pub texts: Vec<String>,
}

impl Side {
    /// Gives a customer something of everything.
    pub async fn furnish(adopting: &Adopting, tenant: &Tenant, words: &Words) -> Self {
        let world = &adopting.world;
        let owner = json!({"kind": "user", "name": words.owner, "roles": ["owner"], "email": format!("owner.{}", words.mail)});
        let owner = world.person(tenant, &owner).await;
        world.person(tenant, &json!({"kind": "contact", "name": words.contact, "email": words.mail, "phone": words.phone})).await;
        world.person(tenant, &json!({"kind": "contact", "name": words.colleague, "email": format!("second.{}", words.mail)})).await;
        world.person(tenant, &json!({"kind": "team", "name": words.team, "members": [owner]})).await;
        let mut files = Vec::new();
        for title in words.titles {
            let query = format!("name={}.txt&title={}", title.to_lowercase().replace(' ', "-"), title.replace(' ', "%20"));
            files.push(world.file(&tenant.key, &query, format!("{title} of {}", words.owner).as_bytes()).await);
        }
        let again = format!("name=again.txt&title={}&replaces={}", words.titles[0].replace(' ', "%20"), files[0]);
        world.file(&tenant.key, &again, words.titles[0].as_bytes()).await;
        world.post(&format!("/v1/files/{}/hold", files[1]), &tenant.key, &json!({"reason": "a claim"})).await.expect(201);
        for level in ["viewer", "commenter", "editor"] {
            world.post(&format!("/v1/files/{}/grants", files[2]), &tenant.key, &json!({"to": owner, "level": level})).await.expect(201);
        }
        world.post("/v1/folders/grants", &tenant.key, &json!({"folder": words.prefix, "to": owner, "level": "viewer"})).await.expect(201);
        for name in ["one", "two", "three"] {
            world.post("/v1/uploads", &tenant.key, &json!({"name": format!("{name}.txt"), "size_bytes": 1})).await.expect(201);
            world.post("/v1/keys", &tenant.key, &json!({"label": name})).await.expect(201);
        }
        adopting.put(&format!("{}deed.txt", words.prefix), words.titles[2].as_bytes()).await;
        adopting.adopt(tenant, words.prefix).await;
        world.inspect_all().await;
        // As many as there are ways to end them.
        let mut slug = String::new();
        for title in words.titles {
            for recipient in [words.colleague, words.contact] {
                slug = share(world, tenant, &owner, title, recipient).await;
            }
        }
        let upload_slug = link_for_uploads(world, tenant, &owner).await;
        // Calls that go on: one with handles, a question that waits, and a name that the platform gave it.
        let body = json!({"caller_id": owner, "call_id": words.platform, "verified": {"method": "platform", "level": 2}});
        let opened = world.post("/v1/calls", &tenant.key, &body).await.expect(201);
        let token = opened.text("/token");
        world.post("/v1/uploads", &token, &json!({"name": "four.txt", "size_bytes": 1})).await.expect(201);
        for title in words.titles {
            tool(world, &token, "find_file", &json!({"query": title}), words.batch).await;
        }
        tool(world, &token, "share_file", &json!({"file": words.titles[1], "with": words.contact}), words.batch).await;
        world.call(tenant, &owner).await;
        world.call(tenant, &owner).await;
        let texts = [words.owner, words.contact, words.colleague, words.team, words.mail, words.phone, words.batch, words.platform];
        let texts = texts.iter().chain(&words.titles).map(|text| (*text).to_owned()).chain([slug.clone()]).collect();
        Self { tenant: tenant.clone(), owner, slug, upload_slug, texts }
    }

    /// A call that just began.
    pub async fn call(&self, world: &World) -> Call {
        world.call(&self.tenant, &self.owner).await
    }
}

async fn tool(world: &World, token: &str, name: &str, arguments: &Value, batch: &str) -> Value {
    let request = world.request(reqwest::Method::POST, &format!("/v1/tools/{name}"), token).json(arguments);
    let answer = request.header("satchel-batch", batch).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Asks for files, begins to send some and sends one; the end of the link's address.
async fn link_for_uploads(world: &World, tenant: &Tenant, owner: &str) -> String {
    let call = world.call(tenant, owner).await;
    let asked = tool(world, &call.token, "request_upload", &json!({}), "turn-1").await;
    let url = asked["data"]["upload_link"]["url"].as_str().unwrap_or_else(|| panic!("no link: {asked}"));
    let (_, slug) = url.rsplit_once('/').unwrap();
    for name in ["five", "six", "seven", "eight"] {
        let about = json!({"name": format!("{name}.txt"), "size_bytes": DIRECT_PART + 1});
        world.post(&format!("/u/{slug}/uploads"), "", &about).await.expect(201);
    }
    // And one that has come.
    let form = "--x\r\ncontent-disposition: form-data; name=\"files\"; filename=\"harmonium.txt\"\r\n\r\nharmonium\r\n--x--\r\n";
    let sent = world.request(reqwest::Method::POST, &format!("/u/{slug}"), "").header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(sent.body(form).send().await.unwrap().status(), 303);
    slug.to_owned()
}

/// Shares a file with a contact; the end of the link's address.
async fn share(world: &World, tenant: &Tenant, owner: &str, title: &str, recipient: &str) -> String {
    let call = world.call(tenant, owner).await;
    let asked = tool(world, &call.token, "share_file", &json!({"file": title, "with": recipient}), "turn-1").await;
    assert_eq!(asked["outcome"], "confirm", "{asked}");
    world.clock.advance_seconds(30);
    world.post(&format!("/v1/calls/{}/heard", call.id), &tenant.key, &json!({"text": "yes"})).await.expect(204);
    let done = tool(world, &call.token, "confirm_action", &json!({"answer": "yes"}), "turn-2").await;
    assert_eq!(done["outcome"], "done", "{done}");
    slugs(&done.to_string()).pop().unwrap_or_else(|| panic!("no link: {done}"))
}

/// Keys and sums of the objects of a customer, in the buckets of the server.
pub async fn objects(adopting: &Adopting, tenant: &Tenant) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for bucket in [&adopting.settings.files_bucket, &adopting.settings.metadata_bucket] {
        let mut pages = adopting.bare.list_objects_v2().bucket(bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.unwrap().contents() {
                let (key, sum) = (object.key().unwrap(), object.e_tag().unwrap());
                if key.contains(&tenant.customer) {
                    found.insert(format!("{bucket}/{key}"), sum.to_owned());
                }
            }
        }
    }
    assert!(!found.is_empty(), "nothing of {} lies in the store", tenant.customer);
    found
}
