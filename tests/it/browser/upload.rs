//! The page on which files are handed over.

use std::fs;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::previews::work;
use crate::support::{Browser, Call, DIRECT_PART, Ground, Tenant, World, until};

/// Somebody was asked for something, and has the page open.
struct Sender {
    // First: the browser goes before the server it is on.
    browser: Browser,
    world: World,
    tenant: Tenant,
    call: Call,
    url: String,
    folder: TempDir,
}

impl Sender {
    async fn asked() -> Self {
        Self::on(World::start().await).await
    }

    async fn on(world: World) -> Self {
        let tenant = world.tenant("Larkfield Foods").await;
        let person = json!({"kind": "user", "name": "Nora Lind", "roles": ["member"], "phone": "+15550100100"});
        let user = world.person(&tenant, &person).await;
        let call = world.call(&tenant, &user).await;
        let asked = world.post("/v1/tools/request_upload", &call.token, &json!({"what": "the signed contract"})).await.expect(200);
        let url = asked.text("/data/upload_link/url");
        let browser = Browser::start(&world.client).await;
        browser.screen(390, 844).await;
        Self { browser, world, tenant, call, url, folder: tempfile::tempdir().unwrap() }
    }

    /// A file on the sender's device.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn choose(&self, path: &std::path::Path) {
        self.browser.find("#files").await.expect("a way to choose files").enter(path.to_str().unwrap()).await;
    }

    async fn shown(&self) -> String {
        self.browser.script("return document.querySelector('main').innerText").await.as_str().unwrap_or_default().to_owned()
    }

    async fn until_shown(&self, text: &str) {
        until(text, async || self.shown().await.contains(text).then_some(())).await;
    }

    async fn recorded(&self, action: &str) -> usize {
        self.world.audit(&self.tenant).await.iter().filter(|(name, outcome)| name == action && outcome == "done").count()
    }
}

#[tokio::test]
async fn what_is_chosen_goes_at_once_and_the_page_tells_that_it_is_clean() {
    let sender = Sender::asked().await;
    let browser = &sender.browser;
    browser.open(&sender.url).await;
    assert_eq!(browser.console().await, [""; 0]);
    let input = browser.find("#files").await.unwrap();
    assert_eq!(input.label().await, "Files to send");
    browser.expect_accessible("before anything was sent").await;
    sender.choose(&sender.file("contract.txt", b"signed")).await;
    sender.until_shown("Arrived, being checked").await;
    let said = browser.find("#said").await.unwrap();
    assert_eq!((said.role().await.as_str(), said.text().await.as_str()), ("status", "contract.txt: Arrived, being checked."));
    browser.expect_accessible("while it is checked").await;
    sender.world.inspect_all().await;
    sender.until_shown("Checked and clean").await;
    sender.choose(&sender.file("macro.txt", b"HARMFUL")).await;
    sender.until_shown("macro.txt").await;
    until("the second file", async || (sender.recorded("add").await == 2).then_some(())).await;
    sender.world.inspect_all().await;
    sender.until_shown("locked away").await;
    browser.expect_accessible("after one was locked away").await;
    let progress = sender.world.post("/v1/tools/check_progress", &sender.call.token, &json!({})).await.expect(200);
    assert!(progress.text("/say").contains("clean") && progress.text("/say").contains("locked away"), "{progress:?}");
    assert_eq!(browser.console().await, [""; 0], "the page asked nobody else and ran nothing foreign");
}

#[tokio::test]
async fn without_scripts_the_form_sends_what_was_chosen() {
    let sender = Sender::asked().await;
    sender.browser.scripts(false).await;
    sender.browser.open(&sender.url).await;
    sender.choose(&sender.file("contract.txt", b"signed")).await;
    sender.browser.find("#send").await.unwrap().click().await;
    until("the page again", async || sender.browser.find("#came li").await).await;
    assert!(sender.browser.find("#came li").await.unwrap().text().await.contains("contract.txt"));
    assert_eq!(sender.recorded("add").await, 1);
}

#[tokio::test]
async fn a_large_file_goes_on_where_it_broke_off_after_the_page_was_closed() {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let sender = Sender::on(World::taking(ground, 4 * DIRECT_PART).await).await;
    let bytes = vec![b'f'; usize::try_from(2 * DIRECT_PART).unwrap() + 9];
    let path = sender.file("film.txt", &bytes);
    // As a page left it that was closed after its first part.
    let about = json!({"name": "film.txt", "size_bytes": bytes.len()});
    let begun =
        sender.world.post(&format!("{}/uploads", sender.url.strip_prefix(&sender.world.url).unwrap()), "", &about).await.expect(201);
    let id = begun.text("/upload_id");
    let part = format!("{}/uploads/{id}?part=1", sender.url);
    let first = bytes[..usize::try_from(DIRECT_PART).unwrap()].to_vec();
    let sent = sender.world.client.request(Method::PUT, part).body(first).send().await.unwrap();
    assert_eq!(sent.status(), 204);
    let changed = fs::metadata(&path).unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let base = sender.url.strip_prefix(&sender.world.url).unwrap();
    sender.browser.open(&sender.url).await;
    let key = format!("satchel:{base}:film.txt:{}:{changed}", bytes.len());
    sender.browser.script(&format!("localStorage.setItem({}, {})", json!(key), json!(id))).await;
    sender.choose(&path).await;
    sender.until_shown("Arrived, being checked").await;
    assert_eq!((sender.recorded("begin_upload").await, sender.recorded("add").await), (1, 1), "it went on, and did not begin again");
    let files = sender.world.get("/v1/files", &sender.call.token).await.expect(200).json();
    assert_eq!(files.pointer("/files/0/size_bytes").and_then(Value::as_u64), Some(bytes.len() as u64));
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_before_it_is_sent() {
    let sender = Sender::asked().await;
    sender.browser.open(&sender.url).await;
    sender.choose(&sender.file("big.bin", &vec![0; 2 * 1024 * 1024 + 1])).await;
    sender.until_shown("too large").await;
    sender.browser.expect_accessible("after one was too large").await;
    assert_eq!(sender.recorded("add").await, 0);
    sender.world.clock.advance_seconds(3 * 3600);
    sender.browser.open(&sender.url).await;
    sender.until_shown("This link takes no files").await;
    sender.browser.expect_accessible("ended").await;
}

/// A file that is locked came by the link, and was looked at by real workers.
async fn with_a_locked_file() -> Sender {
    let sender = Sender::asked().await;
    let path = sender.file("settlement.pdf", include_bytes!("../inspect/files/locked/aes-256.pdf"));
    sender.browser.open(&sender.url).await;
    sender.choose(&path).await;
    sender.until_shown("Arrived, being checked").await;
    work(&sender.world, &sender.tenant).await;
    sender
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_given_beside_the_file_that_needs_it() {
    let sender = with_a_locked_file().await;
    let browser = &sender.browser;
    sender.until_shown("It's locked with a password.").await;
    let field = browser.find("#came input[name=password]").await.expect("a place for the password");
    assert_eq!(field.label().await, "Password of settlement.pdf");
    assert_eq!((field.attribute("type").await.as_str(), field.attribute("autocomplete").await.as_str()), ("password", "off"));
    browser.expect_accessible("asking for a password").await;
    // What is half typed stays while the page looks what became of everything.
    field.enter("open sesame").await;
    sender.choose(&sender.file("note.txt", b"more")).await;
    sender.until_shown("note.txt").await;
    assert_eq!(browser.script("return document.querySelector('#came input[name=password]').value").await, "open sesame");
    work(&sender.world, &sender.tenant).await;
    field.enter(" 8").await;
    browser.find("#came .unlock button").await.unwrap().click().await;
    sender.until_shown("The password is being tried.").await;
    browser.expect_accessible("while the password is tried").await;
    work(&sender.world, &sender.tenant).await;
    sender.until_shown("That password doesn't open it.").await;
    browser.expect_accessible("after a wrong password").await;
    browser.find("#came input[name=password]").await.expect("another try").enter("open sesame 7").await;
    browser.find("#came .unlock button").await.unwrap().click().await;
    sender.until_shown("The password is being tried.").await;
    work(&sender.world, &sender.tenant).await;
    sender.until_shown("The password fits.").await;
    assert!(browser.find("#came input[name=password]").await.is_none());
    assert_eq!(browser.console().await, [""; 0], "the page asked nobody else and ran nothing foreign");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_a_password_is_given_too() {
    let sender = with_a_locked_file().await;
    let browser = &sender.browser;
    browser.scripts(false).await;
    browser.open(&sender.url).await;
    browser.find("#came input[name=password]").await.expect("a place for the password").enter("open sesame 7").await;
    browser.find("#came .unlock button").await.unwrap().click().await;
    until("the page again", async || browser.find("#came .trying").await).await;
    work(&sender.world, &sender.tenant).await;
    browser.open(&sender.url).await;
    assert!(browser.find("#came li").await.unwrap().text().await.contains("The password fits."));
}
