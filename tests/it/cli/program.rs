//! Running the binary: to its end, or as a server that is stopped when the test is over.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A free port each for doors and bytes.
pub const FREE_PORTS: [&str; 4] = ["--listen", "127.0.0.1:0", "--bytes-listen", "127.0.0.1:0"];

/// The binary, without settings of whoever runs the tests.
pub fn satchel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_satchel"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SATCHEL") {
            command.env_remove(name);
        }
    }
    command
}

/// The variables that take what the program does not take as an argument.
const SECRETS: [(&str, &str); 6] = [
    ("--key", "SATCHEL_KEY"),
    ("--token", "SATCHEL_TOKEN"),
    ("--database", "SATCHEL__CATALOG__URL"),
    ("--database-owner", "SATCHEL__CATALOG__OWNER_URL"),
    ("--to", "SATCHEL__CATALOG__URL"),
    ("--owner", "SATCHEL__CATALOG__OWNER_URL"),
];

/// The binary with arguments, secrets among them in its environment. What `--to` and `--owner` name elsewhere is no
/// address, and stays where it is.
pub fn satchel_with(arguments: &[&str]) -> Command {
    let mut command = satchel();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let variable = SECRETS.iter().find(|(flag, _)| flag == argument).map(|(_, variable)| variable);
        let is_hidden = |value: &&&str| !matches!(*argument, "--to" | "--owner") || value.contains("://");
        match variable.and_then(|variable| Some((variable, rest.next_if(is_hidden)?))) {
            Some((variable, value)) => command.env(variable, value),
            None => command.arg(argument),
        };
    }
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Ended {
    Ended::of(satchel_with(arguments).stdin(Stdio::null()).output().unwrap())
}

/// Runs a command that is typed into.
pub fn typed(arguments: &[&str], text: &str) -> Ended {
    let mut child = satchel_with(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub remarks: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), remarks: text(output.stderr) }
    }

    /// The one line of JSON it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// That it ended so, and said this in one sentence.
    pub fn refused(&self, code: i32, saying: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.remarks.contains(saying), "{self:?}");
        assert_eq!(self.remarks.trim().lines().count(), 1, "{self:?}");
        assert!(!self.remarks.contains("panicked"), "{self:?}");
    }
}

/// A server that runs until it is dropped.
pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Serving {
    pub fn start(arguments: &[&str]) -> Self {
        Self::running(satchel_with(arguments))
    }

    /// A command that was made ready.
    pub fn running(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The demo on free ports, and what it announced.
    pub fn demo(dir: &Path) -> (Self, Value) {
        let mut arguments = vec!["demo", "--json", "--data", dir.to_str().unwrap()];
        arguments.extend(FREE_PORTS);
        let mut demo = Self::start(&arguments);
        let announced = demo.line();
        let announced = serde_json::from_str(&announced).unwrap_or_else(|error| panic!("{error}: {announced} {}", demo.stop().1));
        (demo, announced)
    }

    /// The next line it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, waits, and gives its code and what it said beside its result.
    pub fn stop(&mut self) -> (Option<i32>, String) {
        if self.child.try_wait().unwrap().is_none() {
            let told = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
            assert!(told.success());
        }
        let code = self.child.wait().unwrap().code();
        let mut remarks = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut remarks).unwrap();
        (code, remarks)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.child.stderr.is_some() {
            // A test that fails already must not fail twice.
            let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
            let _ = self.child.wait();
        }
    }
}

/// Asks a server over HTTP.
pub async fn post(url: &str, path: &str, key: &str, body: &Value) -> Value {
    let answer = client()
        .post(format!("{url}{path}"))
        .bearer_auth(key)
        .header("accept", "application/json, text/event-stream")
        .json(body)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A client of a server that another process is.
pub fn client() -> reqwest::Client {
    // Each test is a process of its own under nextest, and a thread elsewhere: a second installation is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap()
}

/// A text of what was announced or answered.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} of {value}"))
}
