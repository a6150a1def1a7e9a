//! A real Chromium, driven by chromedriver over the WebDriver protocol.
//!
//! A browser that is missing fails the test that wants it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long anything may take that a test waits for. Generous: nobody waits where nothing is broken.
const DEADLINE: Duration = Duration::from_secs(30);
/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(25);
/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Looks until there is something; fails the test when there is nothing in time.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        let mut pause = tokio::time::interval(PAUSE);
        loop {
            pause.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// A browser with one page, a profile of its own, and a folder for what it downloads.
pub struct Browser {
    client: Client,
    /// Where chromedriver listens, `127.0.0.1:port`.
    address: String,
    session: String,
    /// Process of the browser; chromedriver has its own.
    pid: u64,
    driver: Child,
    // Held, so that chromedriver never writes into a closed pipe.
    _said: Lines<BufReader<ChildStdout>>,
    downloads: TempDir,
    _profile: TempDir,
}

fn program(variable: &str, usual: &str) -> OsString {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty()).unwrap_or_else(|| usual.into());
    assert!(Path::new(&path).exists(), "there is no {}: install it, or name another in {variable}", path.display());
    path
}

/// What a request to chromedriver answered.
async fn command(client: &Client, url: &str, method: Method, body: &Value) -> Result<Value, Value> {
    let request = client.request(method.clone(), url).timeout(DEADLINE);
    let request = if method == Method::POST { request.json(body) } else { request };
    let response = request.send().await.unwrap();
    let done = response.status().is_success();
    let value = response.json::<Value>().await.unwrap()["value"].take();
    if done { Ok(value) } else { Err(value) }
}

impl Browser {
    /// Starts chromedriver on a free port, and with it a browser.
    pub async fn start(client: &Client) -> Self {
        let (chromium, chromedriver) =
            (program("SATCHEL_CHROMIUM", "/usr/bin/chromium"), program("SATCHEL_CHROMEDRIVER", "/usr/bin/chromedriver"));
        let (downloads, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = until("chromedriver's port", async || {
            let line = said.next_line().await.unwrap().expect("chromedriver ended");
            line.strip_suffix('.')?.rsplit_once("successfully on port ")?.1.parse::<u16>().ok()
        })
        .await;
        let address = format!("127.0.0.1:{port}");
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": chromium.to_str().unwrap(),
                "args": args,
                "prefs": {"download.default_directory": downloads.path(), "download.prompt_for_download": false},
            },
        }}});
        let made = command(client, &format!("http://{address}/session"), Method::POST, &wanted).await.unwrap();
        let session = made["sessionId"].as_str().unwrap().to_owned();
        let pid = made["capabilities"]["goog:processID"].as_u64().expect("chromedriver names the browser's process");
        Self { client: client.clone(), address, session, pid, driver, _said: said, downloads, _profile: profile }
    }

    async fn try_command(&self, method: Method, path: &str, body: &Value) -> Result<Value, Value> {
        let url = format!("http://{}/session/{}{path}", self.address, self.session);
        command(&self.client, &url, method, body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.try_command(Method::POST, path, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.try_command(Method::GET, path, &Value::Null).await.unwrap()
    }

    async fn devtools(&self, name: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({"cmd": name, "params": parameters})).await;
    }

    /// A screen of this size in CSS pixels, as of a phone: narrower than a window can be.
    pub async fn screen(&self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": true});
        self.devtools("Emulation.setDeviceMetricsOverride", &screen).await;
    }

    /// The colours that the person prefers, `light` or `dark`.
    pub async fn colours(&self, preferred: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": preferred});
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": [feature]})).await;
    }

    /// Whether pages may run scripts.
    pub async fn scripts(&self, may_run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !may_run})).await;
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url})).await;
    }

    /// What a function of this body returns, run by the driver: pages need not allow scripts.
    pub async fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": []})).await
    }

    /// The element that a CSS selector finds first.
    pub async fn find(&self, selector: &str) -> Option<Element<'_>> {
        let found = self.try_command(Method::POST, "/element", &json!({"using": "css selector", "value": selector})).await;
        Some(Element { browser: self, id: found.ok()?[ELEMENT].as_str()?.to_owned() })
    }

    /// What has the focus: where a person types who just begins.
    pub async fn active(&self) -> Element<'_> {
        let found = self.get("/element/active").await;
        Element { browser: self, id: found[ELEMENT].as_str().unwrap().to_owned() }
    }

    /// What the console was told since the last look, as `LEVEL message`.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"})).await;
        let line = |entry: &Value| format!("{} {}", entry["level"].as_str().unwrap(), entry["message"].as_str().unwrap());
        entries.as_array().unwrap().iter().map(line).collect()
    }

    /// Names in the folder of downloads, of unfinished ones too.
    pub fn downloads(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.downloads.path()).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The bytes of a download, once it is there under this name.
    pub async fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = self.downloads.path().join(name);
        until(name, async || std::fs::read(&path).ok()).await
    }
}

impl Drop for Browser {
    // Blocks, so that browser and profile are gone when the test is, passed or not.
    fn drop(&mut self) {
        let quit = || -> std::io::Result<()> {
            let mut socket = TcpStream::connect(&self.address)?;
            socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(socket, "DELETE /session/{} HTTP/1.1\r\nhost: {}\r\n\r\n", self.session, self.address)?;
            socket.read_exact(&mut [0])
        };
        if quit().is_err() {
            let _gone = std::process::Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        }
        let _gone = self.driver.start_kill();
    }
}

/// Something on the page.
pub struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Element<'_> {
    async fn get(&self, what: &str) -> String {
        self.browser.get(&format!("/element/{}/{what}", self.id)).await.as_str().unwrap_or_default().to_owned()
    }

    async fn post(&self, what: &str, body: &Value) {
        self.browser.post(&format!("/element/{}/{what}", self.id), body).await;
    }

    pub async fn text(&self) -> String {
        self.get("text").await
    }

    /// What it is to a screen reader.
    pub async fn role(&self) -> String {
        self.get("computedrole").await
    }

    /// What a screen reader calls it.
    pub async fn label(&self) -> String {
        self.get("computedlabel").await
    }

    pub async fn attribute(&self, name: &str) -> String {
        self.get(&format!("attribute/{name}")).await
    }

    pub async fn click(&self) {
        self.post("click", &json!({})).await;
    }

    pub async fn enter(&self, text: &str) {
        self.post("value", &json!({"text": text})).await;
    }
}
