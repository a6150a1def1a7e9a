//! Servers of other makers, each a process of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use satchel::domain::{Channel, Clock, CustomerId, MessageId, SystemClock, SystemEntropy};
use satchel::notify::Dispatch;
use serde_json::Value;

use crate::support::beside;

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A script of this folder that serves, and tells what it saw line by line.
pub struct Peer {
    process: Child,
    lines: Receiver<Value>,
    /// What it said of itself first.
    pub said: Value,
}

impl Peer {
    /// Starts one, and waits until it listens.
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        let script = format!("{}/tests/it/delivery/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut process =
            Command::new(beside("SATCHEL_TEST_PYTHON")).arg(script).args(arguments).stdout(Stdio::piped()).spawn().expect("Python starts");
        let (told, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if told.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let said = lines.recv_timeout(PATIENCE).expect("it says where it listens");
        Self { process, lines, said }
    }

    /// A port that it listens on.
    pub fn port(&self, name: &str) -> u16 {
        u16::try_from(self.said[name].as_u64().unwrap()).unwrap()
    }

    /// What it saw next; waited for on a thread of its own, so that what is sent meanwhile goes on.
    pub fn told(&self) -> Value {
        tokio::task::block_in_place(|| self.lines.recv_timeout(PATIENCE)).expect("it tells what it saw")
    }

    /// Whether it has told everything it saw.
    pub fn is_silent(&self) -> bool {
        match self.lines.recv_timeout(Duration::from_millis(1)) {
            Ok(line) => panic!("it saw more: {line}"),
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => panic!("it ended"),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// A mail server, with the certificate for `localhost` that is made beside the tests.
pub fn mail_server() -> Peer {
    let folder = authority().parent().unwrap().to_owned();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    Peer::start("mail_server.py", &[&path("server.crt"), &path("server.key")])
}

/// Whose certificate that is.
pub fn authority() -> PathBuf {
    PathBuf::from(beside("SATCHEL_TEST_POSTGRES_CA"))
}

/// A message that is good for ten minutes.
pub fn dispatch(channel: Channel, to: &str) -> Dispatch {
    let now = SystemClock.now();
    Dispatch {
        id: MessageId::new(&SystemClock, &SystemEntropy),
        customer: CustomerId::new(&SystemClock, &SystemEntropy),
        channel,
        kind: "link",
        to: to.to_owned(),
        to_name: Some("Zoë Łukasz".to_owned()),
        from_name: Some("Northwind".to_owned()),
        subject: (channel == Channel::Mail).then(|| "A file for Zoë".to_owned()),
        text: "Hello Zoë,\n\nhttps://files.example/s/abc".to_owned(),
        html: (channel == Channel::Mail).then(|| "<p>Hello Zoë</p>".to_owned()),
        written_at: now,
        expires_at: now + Duration::from_mins(10),
        now,
        attempt: 1,
    }
}
