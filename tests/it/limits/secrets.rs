//! What a whole run prints, searched for every secret that was used in it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::cli::program::{FREE_PORTS, client, post, run, satchel, text};
use crate::support::until;

const DATA_SECRET: &str = "5eb63bbbe01eeed093cb22bb8f5acdc35eb63bbbe01eeed093cb22bb8f5acdc3";
const WEBHOOK_TOKEN: &str = "a-webhook-token-of-thirty-two-signs";
/// What callers say, and what files hold, is no more for the log than a key is.
const SAID: &str = "the zanzibar settlement";
const HELD: &str = "quite unmistakable contents";

/// A server that writes everything it says into files.
struct Loud {
    child: Child,
    dir: tempfile::TempDir,
}

impl Loud {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| Stdio::from(File::create(dir.path().join(name)).unwrap());
        let token = dir.path().join("webhook-token");
        std::fs::write(&token, WEBHOOK_TOKEN).unwrap();
        let child = satchel()
            .arg("serve")
            .arg("--data")
            .arg(dir.path().join("data"))
            .args(FREE_PORTS)
            .env("SATCHEL__LOG__LEVEL", "debug")
            .env("SATCHEL__LINKS__REVEAL", "true")
            .env("SATCHEL__DATA__SECRET", DATA_SECRET)
            .env("SATCHEL__STORE__EVENTS__WEBHOOK_TOKEN__FILE", &token)
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("remarks"))
            .spawn()
            .unwrap();
        Self { child, dir }
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    async fn card(&self) -> Value {
        let path = Path::new(&self.data()).join("server.json");
        until("the server's card", async || serde_json::from_slice(&std::fs::read(&path).ok()?).ok()).await
    }

    /// Stops it, and gives all it has said.
    fn said(mut self) -> String {
        let told = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let ended = self.child.wait().unwrap();
        let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap();
        assert_eq!(ended.code(), Some(0), "{}", read("remarks"));
        read("out") + &read("remarks")
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a text has a secret standing by itself: six digits may be part of any longer number.
fn tells(text: &str, secret: &str) -> bool {
    text.match_indices(secret).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + secret.len()..).and_then(|text| text.chars().next());
        secret.len() > 8 || ![before, after].into_iter().flatten().any(|sign| sign.is_alphanumeric() || sign == '.')
    })
}

#[tokio::test]
async fn nothing_that_a_run_prints_has_a_secret_in_it() {
    let server = Loud::start();
    let card = server.card().await;
    let (url, operator) = (text(&card, "/url"), text(&card, "/operator_key"));
    let made = post(url, "/v1/customers", operator, &json!({"name": "Acme", "is_test": true})).await;
    let key = text(&made, "/api_key");
    let user = post(url, "/v1/people", key, &json!({"kind": "user", "name": "Amira Haddad", "roles": ["owner"]})).await;
    post(url, "/v1/people", key, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
    let verified = json!({"caller_id": user["id"], "verified": {"method": "platform", "level": 2}});
    let call = post(url, "/v1/calls", key, &verified).await;
    let (call_id, token) = (text(&call, "/call_id"), text(&call, "/token"));

    let upload = client().post(format!("{url}/v1/files?name=settlement.txt&title=Zanzibar%20Settlement")).bearer_auth(token).body(HELD);
    let file: Value = upload.send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    until("a file that can be shared", async || {
        let state: Value = client().get(format!("{url}{path}")).bearer_auth(key).send().await.unwrap().json().await.unwrap();
        (state["lifecycle"]["status"] == "active").then_some(())
    })
    .await;
    post(url, "/v1/tools/find_file", token, &json!({"query": SAID})).await;
    let asked = post(url, "/v1/tools/share_file", token, &json!({"file": SAID, "with": "Jonas Weber"})).await;
    assert_eq!(asked["outcome"], "confirm", "{asked}");
    post(url, &format!("/v1/calls/{call_id}/heard"), key, &json!({"text": "yes please"})).await;
    let shared = post(url, "/v1/tools/confirm_action", token, &json!({"answer": "yes please"})).await;
    assert_eq!(shared["outcome"], "done", "{shared}");
    let link = shared["data"]["link"]["url"].as_str().unwrap().to_owned();
    let told = post(url, "/v1/tools/generate_access_code", token, &json!({})).await;
    let code = told["data"]["code"]["digits"].as_str().unwrap_or_else(|| panic!("no digits in {told}")).to_owned();
    // A wrong code, a right one, and the bytes that it opens.
    let careful = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let typed = async |code: &str| {
        let form = careful.post(&link).header("content-type", "application/x-www-form-urlencoded").body(format!("code={code}"));
        form.send().await.unwrap()
    };
    typed("000000").await;
    let opened = typed(&code).await;
    let address = opened.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(careful.get(&address).send().await.unwrap().text().await.unwrap(), HELD);
    // What fails is told in the log too.
    for token in ["sk_never-made-by-anybody", "sct_never-made-by-anybody"] {
        client().get(format!("{url}/v1/files")).bearer_auth(token).send().await.unwrap();
    }
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    post(url, "/mcp", token, &list).await;
    client().post(format!("{url}/v1/people")).bearer_auth(key).body(format!("{{\"{key}\": ")).send().await.unwrap();

    let slug = link.rsplit('/').next().unwrap().to_owned();
    let signature = address.split("X-Amz-Signature=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let kept: Value = serde_json::from_slice(&std::fs::read(Path::new(&server.data()).join("secrets.json")).unwrap()).unwrap();
    let mut secrets: Vec<String> = [operator, key, token, &slug, &code, &signature, DATA_SECRET, WEBHOOK_TOKEN, SAID, HELD]
        .into_iter()
        .chain(["sk_never-made-by-anybody", "jonas@example.com", "Zanzibar"])
        .map(str::to_owned)
        .collect();
    // The name of a key of the store is no secret: it stands in every address that is given out.
    let hidden = kept.as_object().unwrap().iter().filter(|(name, _)| *name != "store_access_key");
    secrets.extend(hidden.filter_map(|(_, value)| value.as_str()).map(str::to_owned));
    assert!(secrets.iter().all(|secret| secret.len() >= 5), "{kept}");

    // What commands print of it, but for the one that makes a key.
    let data = server.data();
    let mut printed: Vec<(String, String)> = [
        &["doctor", "--data", &data][..],
        &["audit", "verify", "--data", &data],
        &["audit", "export", "--customer", text(&made, "/customer_id"), "--data", &data],
        &["key", "list", "--key", key, "--data", &data],
        &["person", "list", "--key", "sk_never-made-by-anybody", "--data", &data],
        &["call", "--token", "sct_never-made-by-anybody", "--tool", "find_file", "--data", &data],
    ]
    .iter()
    .map(|arguments| {
        let ended = run(arguments);
        (arguments[0].to_owned(), ended.out + &ended.remarks)
    })
    .collect();
    let mut shown = satchel();
    shown.env("SATCHEL__DATA__SECRET", DATA_SECRET).env("SATCHEL__STORE__ACCESS_KEY", "shown-on-purpose");
    shown
        .env("SATCHEL__STORE__SECRET_KEY", WEBHOOK_TOKEN)
        .env("SATCHEL__CATALOG__URL", format!("postgres://satchel:{DATA_SECRET}@127.0.0.1:1/x"));
    let attempts = [
        &["serve", "--print-settings"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["serve", "--database", "postgres://a:very-hushed@b/c"],
    ];
    for arguments in attempts {
        let mut attempt = satchel();
        attempt.envs(shown.get_envs().filter_map(|(name, value)| Some((name, value?)))).args(arguments);
        let output = attempt.current_dir(server.dir.path()).output().unwrap();
        printed.push((arguments.join(" "), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()));
    }
    secrets.push("very-hushed".to_owned());
    let said = server.said();
    assert!(said.contains("request answered"), "the log is a loud one");
    printed.push(("serve".to_owned(), said));
    for (what, said) in &printed {
        assert!(!said.is_empty(), "{what} said nothing");
        for secret in &secrets {
            let found = said.lines().find(|line| tells(line, secret));
            assert!(found.is_none(), "`{what}` told `{secret}`: {}", found.unwrap_or_default());
        }
    }
}
