//! An HTTP client that costs little: one kept connection, one request at a time.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::Failure;
use crate::pace::Went;

const UNAVAILABLE: &[u8] = br#""outcome":"unavailable""#;

/// One kept connection.
pub struct Client {
    host: String,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: hyper::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The answer, when its status says that it was done.
    pub fn done(self) -> Result<Self, Failure> {
        if self.status.is_success() { Ok(self) } else { Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into()) }
    }

    /// A tool that is too busy says so with status 200.
    pub fn went(&self) -> Went {
        let busy = self.body.windows(UNAVAILABLE.len()).any(|part| part == UNAVAILABLE);
        if busy { Went::Refused } else { Went::Done }
    }

    pub fn json(&self) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Client {
    /// Connects to `host`, an address with its port.
    pub async fn connect(host: &str) -> Result<Self, Failure> {
        let socket = TcpStream::connect(host).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        // Ends when the client is dropped; an error shows at the request it hit.
        let driver = TaskTracker::new().spawn(async move {
            let _seen_by_the_request = connection.await;
        });
        Ok(Self { host: host.to_owned(), sender, driver })
    }

    pub async fn send(&mut self, method: Method, path: &str, token: &str, body: Bytes) -> Result<Answer, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("authorization", format!("Bearer {token}"))
            .body(Full::new(body))?;
        let answer = self.sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
    }

    pub async fn post(&mut self, path: &str, token: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, token, body.to_string().into()).await?.done()?.json()
    }

    pub async fn get(&mut self, path: &str, token: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, token, Bytes::new()).await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
