//! Files that come by a link, as a browser without a script and one with it send them.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use crate::support::{Answer, Call, DIRECT_PART, Ground, Tenant, World};

/// A link for uploads, and who asked.
struct Asked {
    world: World,
    tenant: Tenant,
    user: String,
    call: Call,
    path: String,
}

impl Asked {
    async fn on(world: World, what: &Value) -> Self {
        let tenant = world.tenant("Larkfield Foods").await;
        let person = json!({"kind": "user", "name": "Nora Lind", "roles": ["member"], "phone": "+15550100100"});
        let user = world.person(&tenant, &person).await;
        let call = world.call(&tenant, &user).await;
        let asked = world.post("/v1/tools/request_upload", &call.token, what).await.expect(200);
        assert_eq!(asked.text("/outcome"), "done", "{asked:?}");
        let url = asked.text("/data/upload_link/url");
        let path = url.strip_prefix(&world.url).unwrap().to_owned();
        Self { world, tenant, user, call, path }
    }

    async fn new() -> Self {
        Self::on(World::start().await, &json!({"what": "the signed contract", "folder": "the legal folder"})).await
    }

    /// Sends a form as browsers do.
    async fn form(&self, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, bytes) in files {
            body.extend(
                format!("--x\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\ncontent-type: text/plain\r\n\r\n")
                    .bytes(),
            );
            body.extend_from_slice(bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--x--\r\n");
        let request = self.world.request(Method::POST, &self.path, "").header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    async fn bytes(&self, method: Method, rest: &str, bytes: Vec<u8>) -> Answer {
        let request = self.world.request(method, &format!("{}{rest}", self.path), "").body(bytes);
        Answer::of(request.send().await.unwrap()).await
    }

    async fn page(&self) -> Answer {
        self.world.get(&self.path, "").await
    }
}

#[tokio::test]
async fn what_comes_by_a_form_is_the_askers_and_told_to_the_call() {
    let asked = Asked::new().await;
    let page = asked.page().await.expect(200);
    for told in ["Nora Lind asks you for a file", "the signed contract", "Larkfield Foods", "2 hours", "enctype=\"multipart/form-data\""] {
        assert!(page.body.contains(told) || page.body.contains(&told.replace("2 hours", "two hours")), "{told}: {}", page.body);
    }
    let sent = asked.form(&[("contract.txt", b"signed"), ("", b""), ("C:\\scans\\page two.txt", b"HARMFUL")]).await.expect(303);
    assert_eq!(sent.header("location"), asked.path);
    let page = asked.page().await.expect(200);
    assert!(page.body.contains("contract.txt") && page.body.contains("Arrived, being checked"), "{}", page.body);
    asked.world.inspect_all().await;
    let page = asked.page().await.expect(200);
    assert!(page.body.contains("Checked and clean") && page.body.contains("page two.txt") && page.body.contains("locked away"));
    let progress = asked.world.post("/v1/tools/check_progress", &asked.call.token, &json!({})).await.expect(200);
    assert_eq!(progress.text("/say"), "The contract is here, checked and clean. The page two looked harmful and was locked away.");
    let described = asked.world.post("/v1/tools/describe_file", &asked.call.token, &json!({"file": "the contract"})).await.expect(200);
    assert_eq!(described.text("/outcome"), "done", "what was told of is known in the call: {described:?}");
    let file = asked.world.get("/v1/files", &asked.call.token).await.expect(200);
    assert!(file.body.contains(&asked.user), "the asker's own: {}", file.body);
    let records = asked.world.audit(&asked.tenant).await;
    let count = |action: &str, outcome: &str| records.iter().filter(|record| *record == &(action.to_owned(), outcome.to_owned())).count();
    assert_eq!((count("request_upload", "done"), count("open_upload_link", "done"), count("add", "done")), (1, 3, 2), "{records:?}");
}

#[tokio::test]
async fn a_link_is_the_same_in_whatever_way_its_address_is_written() {
    let asked = Asked::new().await;
    let slug = asked.path.strip_prefix("/u/").unwrap();
    let written = slug.bytes().fold(String::new(), |written, byte| format!("{written}%{byte:02X}"));
    asked.world.get(&format!("/u/{written}"), "").await.expect(200);
    let about = json!({"name": "film.bin", "size_bytes": DIRECT_PART + 1});
    let begun = asked.world.post(&format!("/u/{written}/uploads"), "", &about).await.expect(201).text("/upload_id");
    asked.world.get(&format!("{}/uploads/{begun}", asked.path), "").await.expect(200);
    asked.world.get(&format!("/u/{written}%FF/uploads/{begun}"), "").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_large_file_comes_in_parts_and_goes_on_where_it_broke_off() {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let asked = Asked::on(World::taking(ground, 4 * DIRECT_PART).await, &json!({"what": "the film"})).await;
    let size = usize::try_from(2 * DIRECT_PART).unwrap() + 3;
    let about = json!({"name": "film.bin", "size_bytes": size});
    let begun = asked.world.post(&format!("{}/uploads", asked.path), "", &about).await.expect(201).json();
    let id = begun["upload_id"].as_str().unwrap().to_owned();
    assert_eq!((&begun["part_count"], &begun["part_size"], &begun["arrived"]), (&json!(3), &json!(DIRECT_PART), &json!([])));
    let part = usize::try_from(DIRECT_PART).unwrap();
    let place = |number: u32| format!("/uploads/{id}?part={number}");
    asked.bytes(Method::PUT, &place(2), vec![2; part]).await.expect(204);
    for (number, bytes) in [(2, part - 1), (3, 4), (4, 3), (0, 3)] {
        asked.bytes(Method::PUT, &place(number), vec![9; bytes]).await.expect_problem(400, "invalid");
    }
    asked.bytes(Method::PUT, &place(1), vec![9; part + 1]).await.expect_problem(413, "too_large");
    asked.bytes(Method::POST, &format!("/uploads/{id}/complete"), Vec::new()).await.expect_problem(409, "conflict");
    let found = asked.world.get(&format!("{}/uploads/{id}", asked.path), "").await.expect(200).json();
    assert_eq!(found["arrived"], json!([2]));
    asked.bytes(Method::PUT, &place(1), vec![1; part]).await.expect(204);
    asked.bytes(Method::PUT, &place(3), vec![3; 3]).await.expect(204);
    for _ in 0..2 {
        let done = asked.bytes(Method::POST, &format!("/uploads/{id}/complete"), Vec::new()).await.expect(201);
        assert_eq!((done.text("/name").as_str(), done.text("/state").as_str()), ("film.bin", "checking"));
    }
    asked.world.inspect_all().await;
    let status = asked.world.get(&format!("{}/files", asked.path), "").await.expect(200).json();
    assert_eq!((&status["files"][0]["state"], status["files"].as_array().unwrap().len()), (&json!("ready"), 1));
    // Another link knows nothing of it.
    let other = asked.world.post("/v1/tools/request_upload", &asked.call.token, &json!({"what": "a letter"})).await.expect(200);
    let other = other.text("/data/upload_link/url");
    let other = other.strip_prefix(&asked.world.url).unwrap();
    asked.world.get(&format!("{other}/uploads/{id}"), "").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_link_takes_no_more_than_it_should_and_ends() {
    let asked = Asked::new().await;
    let too_large = vec![0; 2 * 1024 * 1024 + 1];
    let answer = asked.form(&[("big.bin", &too_large), ("small.txt", b"x")]).await.expect(422);
    assert!(answer.body.contains("too large for the link") && answer.body.contains("role=\"alert\""), "{}", answer.body);
    asked.bytes(Method::POST, "/files?name=big.bin", too_large).await.expect_problem(413, "too_large");
    asked.world.request(Method::POST, &asked.path, "").body("x").send().await.unwrap();
    for number in 1..20 {
        asked.bytes(Method::POST, &format!("/files?name=n{number}.txt"), vec![b'a'; number]).await.expect(201);
    }
    asked.bytes(Method::POST, "/files?name=more.txt", b"more".to_vec()).await.expect_problem(409, "conflict");
    let page = asked.page().await.expect(200);
    assert!(page.body.contains("has taken all the files it can") && !page.body.contains("<form"), "{}", page.body);
    asked.world.clock.advance_seconds(2 * 3600);
    let ended = asked.page().await.expect(404);
    let unknown = asked.world.get("/u/AAAAAAAAAAAAAAAAAAAAAA", "").await.expect(404);
    assert_eq!(ended.comparable(&asked.path), unknown.comparable("/u/AAAAAAAAAAAAAAAAAAAAAA"));
    assert!(ended.body.contains("takes no files") && !ended.body.contains("Nora"));
    asked.form(&[("late.txt", b"late")]).await.expect(404);
    asked.bytes(Method::POST, "/files?name=late.txt", b"late".to_vec()).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn the_link_of_somebody_who_was_deactivated_opens_nothing() {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let asked = Asked::on(World::taking(ground, 4 * DIRECT_PART).await, &json!({"what": "the film"})).await;
    let world = &asked.world;
    asked.bytes(Method::POST, "/files?name=before.txt", b"before".to_vec()).await.expect(201);
    let about = json!({"name": "film.bin", "size_bytes": DIRECT_PART + 1});
    let begun = world.post(&format!("{}/uploads", asked.path), "", &about).await.expect(201).text("/upload_id");
    let person = format!("/v1/people/{}", asked.user);
    let active =
        async |is_active: bool| world.send(Method::PATCH, &person, &asked.tenant.key, &json!({"active": is_active})).await.expect(200);
    active(false).await;
    let page = asked.page().await.expect(404);
    let unknown = world.get("/u/AAAAAAAAAAAAAAAAAAAAAA", "").await.expect(404);
    assert_eq!(page.comparable(&asked.path), unknown.comparable("/u/AAAAAAAAAAAAAAAAAAAAAA"));
    asked.form(&[("late.txt", b"late")]).await.expect(404);
    world.post(&format!("{}/uploads", asked.path), "", &about).await.expect_problem(404, "not_found");
    let sending = format!("/uploads/{begun}");
    for (method, rest) in [
        (Method::GET, "/files".to_owned()),
        (Method::POST, "/files?name=late.txt".to_owned()),
        (Method::GET, sending.clone()),
        (Method::PUT, format!("{sending}?part=2")),
        (Method::POST, format!("{sending}/complete")),
        (Method::DELETE, sending),
    ] {
        asked.bytes(method, &rest, b"x".to_vec()).await.expect_problem(404, "not_found");
    }
    let records = world.audit(&asked.tenant).await;
    let ended = records.iter().filter(|(action, outcome)| action == "open_upload_link" && outcome == "ended").count();
    assert_eq!(ended, 9, "each try has its record: {records:?}");
    // What was there before is there still, and so is the link for whoever is a user again.
    active(true).await;
    let page = asked.page().await.expect(200);
    assert!(page.body.contains("before.txt") && !page.body.contains("late.txt"), "{}", page.body);
}

#[tokio::test]
async fn somebody_outside_is_asked_after_a_yes_and_by_message_alone() {
    let world = World::start().await;
    let tenant = world.tenant("Larkfield Foods").await;
    let user = world.user(&tenant, "Nora Lind", "member").await;
    world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let call = world.call(&tenant, &user).await;
    let wanted = json!({"what": "the signed contract", "from": "Jonas Weber"});
    let asked = world.post("/v1/tools/request_upload", &call.token, &wanted).await.expect(200);
    assert_eq!(asked.text("/outcome"), "confirm");
    assert_eq!(asked.text("/say"), "I'd ask Jonas Weber to send the signed contract, with a link that's good for three days. Shall I?");
    let sent = async || world.get("/v1/outbox", &tenant.key).await.expect(200).json()["messages"].as_array().unwrap().len();
    assert_eq!(sent().await, 0, "nothing is sent before the yes");
    world.clock.advance_seconds(30);
    world.post(&format!("/v1/calls/{}/heard", call.id), &tenant.key, &json!({"text": "yes"})).await;
    let done = world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200);
    assert_eq!(
        done.text("/say"),
        "Done. Jonas Weber gets a link by mail to send the signed contract, good for three days. I'll tell you when something comes."
    );
    assert_eq!(sent().await, 1);
    // Asked once more within ten minutes, nobody is asked twice.
    let again = world.post("/v1/tools/request_upload", &call.token, &wanted).await.expect(200);
    assert_eq!((again.text("/outcome").as_str(), again.text("/data/upload_link/url")), ("done", done.text("/data/upload_link/url")));
    assert_eq!(sent().await, 1);
    let progress = world.post("/v1/tools/check_progress", &call.token, &json!({})).await.expect(200);
    assert_eq!(
        (progress.text("/outcome").as_str(), progress.text("/say").as_str()),
        ("working", "Nothing has arrived yet. I'm still waiting for Jonas Weber.")
    );
}

fn directive<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let policy = headers["content-security-policy"].to_str().unwrap();
    policy.split("; ").find(|part| part.starts_with(name)).unwrap_or_default()
}

#[tokio::test]
async fn the_page_runs_its_own_script_alone_keeps_no_cookie_and_asks_nobody_else() {
    let asked = Asked::new().await;
    let page = asked.page().await.expect(200);
    assert!(directive(&page.headers, "script-src").starts_with("script-src 'sha256-"), "{:?}", page.headers);
    assert_eq!(directive(&page.headers, "connect-src"), "connect-src 'self'");
    assert_eq!(directive(&page.headers, "default-src"), "default-src 'none'");
    assert_eq!(directive(&page.headers, "frame-ancestors"), "frame-ancestors 'none'");
    for (header, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(header), value);
    }
    assert!(page.header("permissions-policy").contains("geolocation=()"));
    assert!(page.headers.get("set-cookie").is_none());
    for unwanted in [" src=", "@import", "url(", " style=", "http://", "https://"] {
        assert!(!page.body.contains(unwanted), "{unwanted}");
    }
}
