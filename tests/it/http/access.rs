//! Who gets in: each endpoint with no credential, a wrong one, another customer's, too few rights.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::endpoints::{Endpoint, Takes, Weak, endpoints};
use crate::support::{Answer, Call, Tenant, World};

/// A well-formed id of nothing.
const NOBODY: &str = "01h455vb4pex5vsknk084sn02q";

/// What fills the variable part of a route: an id of its kind by which nothing is known.
fn unknown_of(route: &str) -> String {
    match route {
        route if route.contains("{file}") => format!("file_{NOBODY}"),
        route if route.contains("{key}") => format!("key_{NOBODY}"),
        route if route.contains("{call}") => format!("call_{NOBODY}"),
        route if route.contains("{upload}") => format!("upload_{NOBODY}"),
        route if route.contains("{customer}") => format!("cust_{NOBODY}"),
        route if route.contains("{import}") => format!("import_{NOBODY}"),
        route if route.contains("{person}") => format!("user_{NOBODY}"),
        route if route.contains("{grant}") => format!("grant_{NOBODY}"),
        route if route.contains("{share}") => format!("share_{NOBODY}"),
        route if route.contains("{tool}") => "find_file".to_owned(),
        route if route.contains("{rule}") => "heron".to_owned(),
        _ => "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

async fn send(world: &World, endpoint: &Endpoint, id: &str, token: &str) -> Answer {
    world.send(endpoint.method.clone(), &endpoint.path(id), token, &endpoint.body).await
}

#[tokio::test]
async fn without_a_valid_credential_every_endpoint_asks_for_one() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "owner").await;
    let ended = world.call(&tenant, &user).await;
    world.delete(&format!("/v1/calls/{}", ended.id), &tenant.key).await.expect(204);
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.takes != Takes::Nothing) {
        for token in ["", "sk_never-made", "sop_never-made", "sct_never-made", &ended.token] {
            let answer = send(&world, &endpoint, &unknown_of(endpoint.route), token).await.expect_problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", endpoint.name());
        }
    }
}

#[tokio::test]
async fn what_is_for_everybody_takes_no_notice_of_a_credential() {
    let world = World::start().await;
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.takes == Takes::Nothing) {
        let id = unknown_of(endpoint.route);
        let (without, with) = (send(&world, &endpoint, &id, "").await, send(&world, &endpoint, &id, "sk_never-made").await);
        assert!(without.status < 500 && without.status != 401, "{}: {without:?}", endpoint.name());
        assert_eq!(without.comparable(""), with.comparable(""), "{}", endpoint.name());
    }
}

#[tokio::test]
async fn a_credential_of_the_wrong_kind_is_refused() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "owner").await;
    let call = world.call(&tenant, &user).await;
    for endpoint in endpoints() {
        let wrong: &[&str] = match endpoint.takes {
            Takes::Operator => &[&tenant.key, &call.token],
            Takes::Key => &[&world.operator, &call.token],
            Takes::KeyOrCall => &[&world.operator],
            Takes::Call => &[&world.operator, &tenant.key],
            Takes::Any | Takes::Nothing => &[],
        };
        for token in wrong {
            let answer = send(&world, &endpoint, &unknown_of(endpoint.route), token).await;
            assert_eq!(answer.status, 403, "{}: {answer:?}", endpoint.name());
            answer.expect_problem(403, "forbidden");
        }
    }
}

/// A customer with a file, a key to revoke, and what fills a route with an id of its own.
struct Ours {
    tenant: Tenant,
    owner: String,
    file: String,
}

impl Ours {
    async fn of(world: &World, name: &str) -> Self {
        let tenant = world.tenant(name).await;
        let owner = world.user(&tenant, "Amira Haddad", "owner").await;
        let file = world.file(&tenant.key, "name=alpha.txt&title=Alpha", b"alpha").await;
        world.grant(&tenant, &file, &owner).await;
        Self { tenant, owner, file }
    }

    /// An id that is there and may be used up.
    async fn id_for(&self, world: &World, route: &str) -> String {
        match route {
            route if route.contains("{key}") => {
                // One that may no more than whoever is to change it.
                world.post("/v1/keys", &self.tenant.key, &json!({"label": "spare", "permissions": ["admin"]})).await.expect(201).text("/id")
            }
            route if route.contains("{call}") => world.call(&self.tenant, &self.owner).await.id,
            route if route.contains("{file}") => self.file.clone(),
            route if route.contains("{person}") => self.owner.clone(),
            route if route.contains("{grant}") => {
                let body = json!({"to": self.owner, "level": "viewer"});
                world.post(&format!("/v1/files/{}/grants", self.file), &self.tenant.key, &body).await.expect(201).text("/id")
            }
            route if route.contains("{upload}") => {
                let body = json!({"name": "spare.txt", "size_bytes": 1});
                world.post("/v1/uploads", &self.tenant.key, &body).await.expect(201).text("/upload_id")
            }
            route if route.contains("{share}") => world.grant(&self.tenant, &self.file, &self.owner).await,
            "/v1/categories/own/{category}" => {
                let own = json!({"name": "herons", "words": ["heron"]});
                world.send(Method::PUT, "/v1/categories/own", &self.tenant.key, &own).await.expect(200).text("/name")
            }
            "/v1/dlp/rules/{rule}" => {
                let rule = json!({"name": "heron", "words": ["heron"], "level": "restricted"});
                world.send(Method::PUT, "/v1/dlp/rules", &self.tenant.key, &rule).await.expect(200).text("/name")
            }
            route => unknown_of(route),
        }
    }

    /// A file of its own, held already or not.
    /// A fresh file in quarantine, let out by one person already or not.
    async fn file_in_quarantine(&self, world: &World, is_proposed: bool) -> String {
        static BYTES: AtomicUsize = AtomicUsize::new(0);
        let bytes = format!("HARMFUL {}", BYTES.fetch_add(1, Ordering::SeqCst));
        let file = world.file(&self.tenant.key, "name=installer.txt", bytes.as_bytes()).await;
        if is_proposed {
            let proposal = json!({"reason": "a false alarm"});
            world.post(&format!("/v1/quarantine/{file}/release"), &self.tenant.key, &proposal).await.expect(201);
        }
        file
    }

    async fn file_to_hold(&self, world: &World, is_held: bool) -> String {
        let file = world.file(&self.tenant.key, "name=evidence.txt", b"evidence").await;
        if is_held {
            world.post(&format!("/v1/files/{file}/hold"), &self.tenant.key, &json!({"reason": "a claim"})).await.expect(201);
        }
        file
    }

    /// The token of an owner's call that is narrowed.
    async fn narrow_call(&self, world: &World, permissions: &[&str]) -> String {
        let body = json!({"caller_id": self.owner, "permissions": permissions, "verified": {"method": "platform", "level": 2}});
        world.post("/v1/calls", &self.tenant.key, &body).await.expect(201).text("/token")
    }
}

/// Whether an answer is the one for somebody whose credential lacks the permission.
fn is_refusal(weak: Weak, answer: &Answer) -> bool {
    match weak {
        Weak::Never => false,
        Weak::Forbidden(_) => answer.status == 403 && answer.json()["code"] == "forbidden",
        Weak::Hidden(_) => answer.status == 404 && answer.json()["code"] == "not_found",
        Weak::Empty(_) => {
            let answer = (answer.status, answer.json());
            answer.0 == 200 && ["files", "shares"].iter().any(|list| answer.1[list] == json!([]))
        }
        Weak::Nothing(_) => answer.status == 200 && answer.json()["outcome"] == "not_found",
    }
}

#[tokio::test]
async fn each_endpoint_needs_its_permission_and_no_other() {
    const ALL: [&str; 5] = ["files:read", "files:write", "files:share", "codes:issue", "admin"];
    let world = World::start().await;
    let ours = Ours::of(&world, "Acme").await;
    for endpoint in endpoints() {
        let Some(needed) = endpoint.weak.permission() else { continue };
        let others: Vec<&str> = ALL.into_iter().filter(|name| *name != needed).collect();
        let mut narrowed = Vec::new();
        if matches!(endpoint.takes, Takes::Key | Takes::KeyOrCall | Takes::Any) {
            narrowed.push((world.key(&ours.tenant, &others).await, world.key(&ours.tenant, &[needed]).await));
        }
        if matches!(endpoint.takes, Takes::Call | Takes::KeyOrCall | Takes::Any) {
            narrowed.push((ours.narrow_call(&world, &others).await, ours.narrow_call(&world, &[needed]).await));
        }
        for (without, with) in narrowed {
            let id = match endpoint.route {
                route if route.ends_with("/hold") => ours.file_to_hold(&world, endpoint.method == Method::DELETE).await,
                route if route.starts_with("/v1/quarantine") => {
                    let is_proposed = route.ends_with("/confirm") || endpoint.method == Method::DELETE && route.ends_with("/release");
                    ours.file_in_quarantine(&world, is_proposed).await
                }
                route => ours.id_for(&world, route).await,
            };
            let answer = send(&world, &endpoint, &id, &without).await;
            assert!(is_refusal(endpoint.weak, &answer), "{} without `{needed}`: {answer:?}", endpoint.name());
            // Removing needs the file no more; the next row does.
            if endpoint.method == Method::DELETE && endpoint.route == "/v1/files/{file}" {
                continue;
            }
            let answer = send(&world, &endpoint, &id, &with).await;
            // Nobody may adopt anything here, so that there is no import: these say so, and not that it is forbidden.
            if endpoint.route.starts_with("/v1/imports") {
                assert!(matches!(answer.status, 400 | 404), "{} with `{needed}`: {answer:?}", endpoint.name());
                continue;
            }
            // Texts are not drawn: that is said to whoever may see the file, and to nobody else.
            if endpoint.route.ends_with("/preview") {
                let told = "there is no preview: files of this kind are not shown";
                assert_eq!((answer.status, answer.text("/detail").as_str()), (404, told), "{} with `{needed}`", endpoint.name());
                continue;
            }
            // The file is not locked: that is said to whoever may give a password, and to nobody else.
            if endpoint.route == "/v1/files/{file}/unlock" {
                let told = "the file is not locked with a password";
                assert_eq!((answer.status, answer.text("/detail").as_str()), (409, told), "{} with `{needed}`", endpoint.name());
                continue;
            }
            // Nobody is known by the id to whom these give something.
            if endpoint.method == Method::POST && endpoint.route.ends_with("/grants") {
                assert_eq!(answer.status, 409, "{} with `{needed}`: {answer:?}", endpoint.name());
                continue;
            }
            assert!(answer.status < 400 && !is_refusal(endpoint.weak, &answer), "{} with `{needed}`: {answer:?}", endpoint.name());
            // A version that was put back is looked at before the file takes anything else.
            world.inspect_all().await;
        }
    }
    assert_eq!(world.get(&format!("/v1/files/{}", ours.file), &ours.tenant.key).await.expect(200).text("/lifecycle/status"), "active");
    let remover = world.key(&ours.tenant, &["files:write"]).await;
    world.delete(&format!("/v1/files/{}", ours.file), &remover).await.expect(204);
}

#[tokio::test]
async fn a_call_has_no_more_rights_than_the_key_that_opened_it() {
    let world = World::start().await;
    let ours = Ours::of(&world, "Acme").await;
    let reader = world.key(&ours.tenant, &["files:read"]).await;
    let body = json!({"caller_id": ours.owner, "permissions": ["files:read", "files:write", "admin"]});
    let token = world.post("/v1/calls", &reader, &body).await.expect(201).text("/token");
    world.get(&format!("/v1/files/{}", ours.file), &token).await.expect(200);
    world.put(&token, "name=b.txt", b"b").await.expect_problem(403, "forbidden");
    world.get("/v1/audit", &token).await.expect_problem(403, "forbidden");
}

/// The same id but for its last sign: nobody's, and sorted where the other is.
fn neighbour(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}

/// Every place of a path, a query and a body where an id stands, with an id of another customer's.
async fn places(world: &World, theirs: &Ours) -> Vec<(Method, &'static str, String, Value)> {
    let (file, user) = (&theirs.file, &theirs.owner);
    let call = theirs.id_for(world, "/v1/calls/{call}").await;
    let key = theirs.id_for(world, "/v1/keys/{key}").await;
    let upload = theirs.id_for(world, "/v1/uploads/{upload}").await;
    let share = theirs.id_for(world, "/v1/shares/{share}").await;
    let grant = theirs.id_for(world, "/v1/grants/{grant}").await;
    let rule = theirs.id_for(world, "/v1/dlp/rules/{rule}").await;
    let category = theirs.id_for(world, "/v1/categories/own/{category}").await;
    // Every customer counts its sets of policies for itself; nobody has as many.
    let set = || "70".to_owned();
    // That another customer's run is not there is tried where there is a store with locations: `adoption::places`.
    let foreign_import = unknown_of("/v1/imports/{import}");
    let none = || Value::Null;
    vec![
        (Method::GET, "/v1/files/{file}", file.clone(), none()),
        (Method::DELETE, "/v1/files/{file}", file.clone(), none()),
        (Method::GET, "/v1/files/{file}/versions", file.clone(), none()),
        (Method::POST, "/v1/files/{file}/versions/{version}/restore", file.clone(), none()),
        (Method::POST, "/v1/files/{file}/hold", file.clone(), json!({"reason": "x"})),
        (Method::GET, "/v1/quarantine/{file}", file.clone(), none()),
        (Method::DELETE, "/v1/quarantine/{file}?reason=x", file.clone(), none()),
        (Method::POST, "/v1/quarantine/{file}/release", file.clone(), json!({"reason": "x"})),
        (Method::DELETE, "/v1/quarantine/{file}/release?reason=x", file.clone(), none()),
        (Method::POST, "/v1/quarantine/{file}/release/confirm", file.clone(), json!({"reason": "x"})),
        (Method::DELETE, "/v1/files/{file}/hold?reason=x", file.clone(), none()),
        (Method::GET, "/v1/files/{file}/shares", file.clone(), none()),
        (Method::DELETE, "/v1/shares/{share}", share, none()),
        (Method::GET, "/v1/files/{file}/content", file.clone(), none()),
        (Method::GET, "/v1/files/{file}/content?redirect=false", file.clone(), none()),
        (Method::GET, "/v1/files/{file}/preview?size=thumbnail", file.clone(), none()),
        (Method::POST, "/v1/files?name=x.txt&replaces={file}", file.clone(), none()),
        (Method::POST, "/v1/files?name=x.txt&owner={user}", user.clone(), none()),
        (Method::GET, "/v1/uploads/{upload}", upload.clone(), none()),
        (Method::POST, "/v1/uploads/{upload}/complete", upload.clone(), none()),
        (Method::DELETE, "/v1/uploads/{upload}", upload, none()),
        (Method::POST, "/v1/uploads", file.clone(), json!({"name": "x.txt", "size_bytes": 1, "replaces": "{file}"})),
        (Method::POST, "/v1/uploads", user.clone(), json!({"name": "x.txt", "size_bytes": 1, "owner": "{user}"})),
        (Method::GET, "/v1/imports/{import}", foreign_import.clone(), none()),
        (Method::GET, "/v1/imports/{import}/notes", foreign_import, none()),
        (Method::DELETE, "/v1/keys/{key}", key.clone(), none()),
        (Method::POST, "/v1/keys/{key}/rotate", key, json!({})),
        (Method::PATCH, "/v1/calls/{call}", call.clone(), json!({"locale": "en"})),
        (Method::DELETE, "/v1/calls/{call}", call.clone(), none()),
        (Method::GET, "/v1/calls/{call}/events", call.clone(), none()),
        (Method::POST, "/v1/calls/{call}/heard", call, json!({"text": "yes"})),
        (Method::POST, "/v1/calls", user.clone(), json!({"caller_id": "{user}"})),
        (Method::PATCH, "/v1/people/{person}", user.clone(), json!({"name": "x"})),
        (Method::PUT, "/v1/people/{person}/members/{user}", user.clone(), none()),
        (Method::DELETE, "/v1/people/{person}/members/{user}", user.clone(), none()),
        (Method::GET, "/v1/files/{file}/grants", file.clone(), none()),
        (Method::POST, "/v1/files/{file}/grants", file.clone(), json!({"to": format!("user_{NOBODY}"), "level": "viewer"})),
        (Method::PUT, "/v1/files/{file}/classification", file.clone(), json!({"classification": "restricted", "reason": "x"})),
        (Method::GET, "/v1/files/{file}/findings", file.clone(), none()),
        (Method::POST, "/v1/folders/grants", user.clone(), json!({"folder": "x", "to": "{user}", "level": "viewer"})),
        (Method::DELETE, "/v1/grants/{grant}", grant, none()),
        (Method::DELETE, "/v1/dlp/rules/{rule}", rule, none()),
        (Method::DELETE, "/v1/categories/own/{category}", category, none()),
        (Method::PUT, "/v1/files/{file}/category", file.clone(), json!({"category": "contracts"})),
        (Method::POST, "/v1/files/{file}/unlock", file.clone(), json!({"password": "x"})),
        (Method::GET, "/v1/policies/{set}", set(), none()),
        (Method::POST, "/v1/policies/{set}/activate", set(), none()),
        (Method::POST, "/v1/policies/{set}/rollback", set(), none()),
        (Method::POST, "/v1/people", user.clone(), json!({"kind": "team", "name": "x", "members": ["{user}"]})),
    ]
}

/// An address or body with what stands in braces replaced.
fn filled(pattern: &str, id: &str) -> String {
    const PLACES: [&str; 12] = [
        "{file}",
        "{user}",
        "{key}",
        "{call}",
        "{upload}",
        "{import}",
        "{person}",
        "{grant}",
        "{version}",
        "{share}",
        "{rule}",
        "{category}",
    ];
    PLACES.iter().fold(pattern.to_owned(), |text, place| text.replace(place, id))
}

#[tokio::test]
async fn a_foreign_id_an_unknown_one_and_a_malformed_one_get_the_same_answer() {
    let world = World::start().await;
    let (ours, theirs) = (Ours::of(&world, "Acme").await, Ours::of(&world, "Borealis").await);
    let not_text = world.get("/v1/files/%ff%fe", &ours.tenant.key).await.expect_problem(404, "not_found");
    assert_eq!(not_text.comparable(""), world.get("/v1/files/nonsense", &ours.tenant.key).await.comparable(""));
    let call = world.call(&ours.tenant, &ours.owner).await;
    for (method, pattern, foreign, body) in places(&world, &theirs).await {
        let takes_calls = pattern.starts_with("/v1/files");
        for token in [Some(&ours.tenant.key), takes_calls.then_some(&call.token)].into_iter().flatten() {
            let mut answers = Vec::new();
            for id in [foreign.clone(), neighbour(&foreign), "nonsense".to_owned()] {
                let body: Value = serde_json::from_str(&filled(&body.to_string(), &id)).unwrap();
                let answer = world.send(method.clone(), &filled(pattern, &id), token, &body).await;
                assert!(matches!(answer.status, 400 | 404 | 409), "{method} {pattern}: {answer:?}");
                answers.push(answer.comparable(&id));
            }
            assert_eq!(answers[0], answers[1], "{method} {pattern}");
            // What cannot be an id makes a list of ids unreadable; and a caller may name no owner at all.
            let reads_first =
                matches!(pattern, "/v1/people" | "/v1/folders/grants") || (pattern.contains("{user}") && token == &call.token);
            assert!(answers[0] == answers[2] || reads_first, "{method} {pattern}: {answers:?}");
        }
    }
    let key = &theirs.tenant.key;
    assert_eq!(world.get(&format!("/v1/files/{}", theirs.file), key).await.expect(200).text("/lifecycle/status"), "active");
    let keys = world.get("/v1/keys", key).await.expect(200).json();
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key["revoked_at"].is_null()));
}

#[tokio::test]
async fn every_route_with_an_id_is_asked_with_a_foreign_one() {
    let world = World::start().await;
    let theirs = Ours::of(&world, "Borealis").await;
    let places = places(&world, &theirs).await;
    let asked: Vec<(Method, &str)> =
        places.iter().map(|(method, pattern, ..)| (method.clone(), pattern.split('?').next().unwrap())).collect();
    for endpoint in endpoints() {
        let holds_an_id = endpoint.route.contains('{') && !endpoint.route.contains("{tool}") && !endpoint.route.contains("{slug}");
        let is_asked = asked.contains(&(endpoint.method.clone(), endpoint.route));
        // What the operator names belongs to no customer: `keys`.
        assert!(is_asked || !holds_an_id || endpoint.takes == Takes::Operator, "{}", endpoint.name());
    }
}

#[tokio::test]
async fn a_page_after_a_foreign_id_is_the_page_after_an_unknown_one() {
    let world = World::start().await;
    let (ours, theirs) = (Ours::of(&world, "Acme").await, Ours::of(&world, "Borealis").await);
    for token in [&ours.tenant.key, &world.call(&ours.tenant, &ours.owner).await.token] {
        let mut answers = Vec::new();
        for id in [theirs.file.clone(), neighbour(&theirs.file)] {
            answers.push(world.get(&format!("/v1/files?after={id}"), token).await.expect(200).comparable(&id));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test]
async fn tools_answer_a_foreign_id_like_an_unknown_one() {
    let world = World::start().await;
    let (ours, theirs) = (Ours::of(&world, "Acme").await, Ours::of(&world, "Borealis").await);
    world.person(&ours.tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let person = world.user(&theirs.tenant, "Nora Lind", "member").await;
    for (tool, foreign, arguments) in [
        ("find_file", &theirs.file, json!({"query": "{id}"})),
        ("describe_file", &theirs.file, json!({"file": "{id}"})),
        ("share_file", &theirs.file, json!({"file": "{id}", "with": "Jonas Weber"})),
        ("share_file", &person, json!({"file": "alpha", "with": "{id}"})),
        ("generate_access_code", &theirs.file, json!({"file": "{id}"})),
        ("revoke_access", &theirs.file, json!({"file": "{id}"})),
        ("revoke_access", &theirs.owner, json!({"with": "{id}"})),
        ("file_history", &theirs.file, json!({"file": "{id}"})),
    ] {
        let mut answers = Vec::new();
        for id in [foreign.clone(), neighbour(foreign)] {
            let call: Call = world.call(&ours.tenant, &ours.owner).await;
            let body: Value = serde_json::from_str(&arguments.to_string().replace("{id}", &id)).unwrap();
            let answer = world.post(&format!("/v1/tools/{tool}"), &call.token, &body).await.expect(200);
            assert_ne!(answer.text("/outcome"), "done", "{tool}: {answer:?}");
            answers.push(answer.comparable(&id));
        }
        assert_eq!(answers[0], answers[1], "{tool} {arguments}");
    }
}

#[tokio::test]
async fn another_customers_token_opens_nothing_of_ours() {
    let world = World::start().await;
    let (ours, theirs) = (Ours::of(&world, "Acme").await, Ours::of(&world, "Borealis").await);
    let call = world.call(&theirs.tenant, &theirs.owner).await;
    // First of all: what they ask for by its id stands in their own trail afterwards.
    for path in ["/v1/people", "/v1/keys", "/v1/outbox", "/v1/files", "/v1/audit?limit=1000"] {
        let listed = world.get(path, &theirs.tenant.key).await.expect(200).body;
        for id in [&ours.tenant.customer, &ours.owner] {
            assert!(!listed.contains(id.as_str()), "{path} names {id}");
        }
    }
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.route.contains('{')) {
        let tokens: &[&String] = match endpoint.takes {
            Takes::Key => &[&theirs.tenant.key],
            Takes::KeyOrCall => &[&theirs.tenant.key, &call.token],
            // The routes of tools and links hold no id of a customer's.
            Takes::Call | Takes::Nothing | Takes::Operator | Takes::Any => continue,
        };
        for token in tokens {
            let id = ours.id_for(&world, endpoint.route).await;
            send(&world, &endpoint, &id, token).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn refusals_of_strangers_become_one_record() {
    let world = World::start().await;
    for _ in 0..5 {
        world.get("/v1/files", "sk_guess").await.expect(401);
    }
    let before = system_records(&world).await;
    world.shutdown().await;
    let chains = world.files.verify_all_audits(&satchel::domain::Door::Http.into()).await.unwrap();
    let after = chains.iter().find(|chain| chain.chain == "system").map_or(0, |chain| chain.records);
    assert_eq!(after, before + 2, "the refusals, and this look");
    assert!(chains.iter().all(|chain| chain.fault.is_none()));
}

async fn system_records(world: &World) -> u64 {
    let verified = world.get("/v1/audit/verify", &world.operator).await.expect(200).json();
    assert_eq!(verified["intact"], true);
    let chains = verified["chains"].as_array().unwrap();
    chains.iter().find(|chain| chain["chain"] == "system").map_or(0, |chain| chain["records"].as_u64().unwrap())
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let world = World::start().await;
    world.get("/v2/files", "").await.expect_problem(404, "not_found");
    let refused = world.delete("/v1/tools", "").await.expect_problem(405, "invalid");
    assert_eq!(refused.header("allow"), "GET,HEAD");
    let health = world.get("/healthz", "").await.expect(200);
    assert_eq!(health.json(), json!({"status": "ok"}));
    assert!(health.header("x-request-id").starts_with("req_"));
    let region = json!({"region": "us-east-1", "ready": true, "files": "ready", "metadata": "ready", "capabilities": null});
    let ready = json!({"ready": true, "catalog": true, "store": true, "regions": [region]});
    assert_eq!(world.get("/readyz", "").await.expect(200).json(), ready);
}

#[tokio::test]
async fn a_record_tells_the_version_and_the_address_that_was_connected_not_one_that_was_claimed() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "member").await;
    let call = world.call(&tenant, &user).await;
    let file = world.file(&call.token, "name=a.txt&title=The%20Lease", b"alpha").await;
    let request = world.request(Method::POST, "/v1/tools/describe_file", &call.token).header("x-forwarded-for", "203.0.113.9");
    Answer::of(request.json(&json!({"file": file})).send().await.unwrap()).await.expect(200);
    let records = world.get("/v1/audit?limit=1000", &tenant.key).await.expect(200).json();
    let record =
        records["records"].as_array().unwrap().iter().find(|record| record["action"] == "describe").unwrap_or_else(|| panic!("{records}"));
    assert_eq!((&record["source"], &record["door"], &record["call"]), (&json!("127.0.0.1"), &json!("http"), &json!(call.id)), "{record}");
    assert_eq!((&record["object"], &record["version"], &record["decision"]), (&json!(file), &json!(1), &json!("allow")), "{record}");
    let alpha = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";
    assert_eq!(record["content_hash"].as_str().map(|hash| hash.trim_start_matches("sha256:")), Some(alpha), "{record}");
    assert!(record["policy"].as_str().is_some_and(|policy| !policy.is_empty()), "{record}");
}

/// What a refusal and a look for nothing leave in the records.
#[tokio::test]
async fn a_refusal_is_recorded_with_what_it_was_about_and_the_policy_that_decided() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let (member, guest) = (world.user(&tenant, "Amira Haddad", "member").await, world.user(&tenant, "Jonas Weber", "guest").await);
    let common = world.file(&tenant.key, "name=a.txt&title=The%20Lease", b"alpha").await;
    let (member, guest) = (world.call(&tenant, &member).await, world.call(&tenant, &guest).await);
    let unknown = format!("file_{NOBODY}");
    // Known and not his to remove; not to be known; not there; nothing of the customer's is his to add to.
    world.delete(&format!("/v1/files/{common}"), &member.token).await.expect_problem(403, "forbidden");
    world.get(&format!("/v1/files/{common}"), &guest.token).await.expect_problem(404, "not_found");
    world.get(&format!("/v1/files/{unknown}"), &member.token).await.expect_problem(404, "not_found");
    world.put(&guest.token, "name=b.txt", b"beta").await.expect_problem(403, "forbidden");
    let records = world.get("/v1/audit?limit=1000", &tenant.key).await.expect(200).json();
    for (action, outcome, object, is_decision) in [
        ("delete", "refused", Some(&common), true),
        ("describe", "not_found", Some(&common), true),
        ("describe", "not_found", Some(&unknown), false),
        ("add", "refused", None, true),
    ] {
        let is = |record: &&Value| {
            record["action"] == action && record["outcome"] == outcome && record["object"].as_str() == object.map(String::as_str)
        };
        let record = records["records"].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("{action} {object:?}: {records}"));
        assert_eq!(record["decision"] == "deny", is_decision, "{record}");
        assert_eq!(record["policy"].is_string(), is_decision, "{record}");
    }
}
