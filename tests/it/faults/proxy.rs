//! A proxy before the store that counts requests and does wrong by some of them. Each connection
//! carries one request, so that a fault never hits more than the request it is meant for.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `503 SlowDown`, as S3 says it.
    SlowDown,
    /// The connection is closed before an answer.
    Close,
    /// Nothing comes back.
    Stall,
    /// The answer ends after so many bytes.
    Cut(usize),
    /// `500 InternalError`, as S3 says it.
    Broken,
    /// `403 AccessDenied`, as S3 says it.
    Forbidden,
    /// The request goes on after a while.
    Late(Duration),
    /// The answer stops after so many bytes, and the connection stays.
    Hang(usize),
    /// One bit of the answer's body is another, after so many bytes of it.
    Damaged(usize),
    /// The request's body ends after so many bytes.
    CutOff(usize),
    /// One bit of the request's body is another, after so many bytes of it.
    SentDamaged(usize),
    /// The request's body stops after so many bytes, and the connection stays.
    Silent(usize),
    /// So many bytes go through at once, either way, with a pause after them.
    Throttled(usize),
    /// The request goes on, and nothing is wrong.
    None,
}

/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How long a stalled connection is held, should nobody let go of it.
const STALL: Duration = Duration::from_secs(20);

/// How long a throttled connection rests.
const PAUSE: Duration = Duration::from_millis(5);

const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/xml\r\nconnection: close\r\ncontent-length: 92\r\n\r\n\
    <?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>We broke it</Message></Error>";
const SLOW_DOWN: &str = "HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\nconnection: close\r\ncontent-length: 91\r\n\r\n\
    <?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Reduce the rate</Message></Error>";

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\nconnection: close\r\ncontent-length: 93\r\n\r\n\
    <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

#[derive(Default)]
struct Plan {
    seen: usize,
    fault: Option<(Vec<Fault>, Range<usize>)>,
}

/// The proxy; it ends when dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    stop: CancellationToken,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Proxy {
    /// Starts one before a server.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (plan, stop) = (Arc::new(Mutex::new(Plan::default())), CancellationToken::new());
        let (tasks, shared, stopped) = (TaskTracker::new(), Arc::clone(&plan), stop.clone());
        TaskTracker::new().spawn(async move {
            while let Some(Ok((client, _))) = stopped.run_until_cancelled(listener.accept()).await {
                let (plan, stopped) = (Arc::clone(&shared), stopped.clone());
                tasks.spawn(async move {
                    // A connection that broke is what a fault looks like from here.
                    let _ended = stopped.run_until_cancelled(serve(client, server, &plan)).await;
                });
            }
        });
        Self { address, plan, stop }
    }

    /// Does this to the requests with these numbers, counted from 0 now.
    pub fn plan(&self, fault: Fault, requests: Range<usize>) {
        *self.plan.lock().unwrap() = Plan { seen: 0, fault: Some((vec![fault], requests)) };
    }

    /// Does these in turn, to one request after the other, for as long as anybody asks.
    pub fn mix(&self, faults: &[Fault]) {
        *self.plan.lock().unwrap() = Plan { seen: 0, fault: Some((faults.to_vec(), 0..usize::MAX)) };
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        *self.plan.lock().unwrap() = Plan::default();
    }

    /// Requests since the last plan.
    pub fn seen(&self) -> usize {
        self.plan.lock().unwrap().seen
    }
}

fn next(plan: &Mutex<Plan>) -> Option<Fault> {
    let mut plan = plan.lock().unwrap();
    let number = plan.seen;
    plan.seen += 1;
    let (faults, _) = plan.fault.as_ref().filter(|(_, requests)| requests.contains(&number))?;
    faults.get(number % faults.len()).copied()
}

async fn serve(mut client: TcpStream, server: SocketAddr, plan: &Mutex<Plan>) -> io::Result<()> {
    let Some((head, body)) = head(&mut client).await? else { return Ok(()) };
    match next(plan) {
        Some(Fault::Close) => Ok(()),
        Some(Fault::Stall) => {
            tokio::time::sleep(STALL).await;
            Ok(())
        }
        Some(fault @ (Fault::SlowDown | Fault::Broken | Fault::Forbidden)) => {
            // What is not read would reset the connection before the answer is.
            let rest = length(&head).saturating_sub(body.len());
            if !head.to_ascii_lowercase().contains("expect: 100-continue") {
                tokio::io::copy(&mut (&mut client).take(rest as u64), &mut tokio::io::sink()).await?;
            }
            let answer = match fault {
                Fault::Broken => BROKEN,
                Fault::Forbidden => FORBIDDEN,
                _ => SLOW_DOWN,
            };
            // What is asked for a head has no body.
            let end = if head.starts_with("HEAD ") { answer.find("<?xml").unwrap() } else { answer.len() };
            client.write_all(&answer.as_bytes()[..end]).await?;
            client.shutdown().await
        }
        Some(Fault::Late(pause)) => {
            tokio::time::sleep(pause).await;
            let mut upstream = forwarded(server, &head, &body).await?;
            copy_bidirectional(&mut client, &mut upstream).await.map(|_| ())
        }
        Some(fault @ (Fault::CutOff(bytes) | Fault::Silent(bytes))) => {
            let kept = body.len().min(bytes);
            let mut upstream = forwarded(server, &head, &body[..kept]).await?;
            tokio::io::copy(&mut (&mut client).take((bytes - kept) as u64), &mut upstream).await?;
            if matches!(fault, Fault::Silent(_)) {
                tokio::time::sleep(STALL).await;
            }
            Ok(())
        }
        Some(Fault::SentDamaged(at)) => {
            let mut body = body;
            let first = body.len();
            damage(&mut body, 0, at);
            let mut upstream = forwarded(server, &head, &body).await?;
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = upstream.split();
            let sent = async {
                let rest = length(&head).saturating_sub(first);
                damaged(&mut (&mut from_client).take(rest as u64), &mut to_server, first, at).await
            };
            let (sent, answered) = tokio::join!(sent, tokio::io::copy(&mut from_server, &mut to_client));
            sent.and(answered.map(|_| ()))
        }
        Some(Fault::Damaged(at)) => {
            let mut upstream = forwarded(server, &head, &body).await?;
            let rest = length(&head).saturating_sub(body.len());
            tokio::io::copy(&mut (&mut client).take(rest as u64), &mut upstream).await?;
            let Some((answer, mut came)) = self::head(&mut upstream).await? else { return Ok(()) };
            let first = came.len();
            damage(&mut came, 0, at);
            client.write_all(answer.as_bytes()).await?;
            client.write_all(&came).await?;
            damaged(&mut upstream, &mut client, first, at).await
        }
        Some(Fault::Hang(bytes)) => {
            let mut upstream = forwarded(server, &head, &body).await?;
            let rest = length(&head).saturating_sub(body.len());
            tokio::io::copy(&mut (&mut client).take(rest as u64), &mut upstream).await?;
            tokio::io::copy(&mut (&mut upstream).take(bytes as u64), &mut client).await?;
            tokio::time::sleep(STALL).await;
            Ok(())
        }
        Some(Fault::Cut(bytes)) => {
            let mut upstream = forwarded(server, &head, &body).await?;
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = upstream.split();
            let rest = length(&head).saturating_sub(body.len());
            tokio::io::copy(&mut (&mut from_client).take(rest as u64), &mut to_server).await?;
            tokio::io::copy(&mut (&mut from_server).take(bytes as u64), &mut to_client).await?;
            Ok(())
        }
        Some(Fault::Throttled(bytes)) => {
            let mut upstream = forwarded(server, &head, &body).await?;
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = upstream.split();
            // Whichever way ends first ends both: a request has one answer.
            tokio::select! {
                sent = throttled(&mut from_client, &mut to_server, bytes) => match sent {
                    Ok(()) => throttled(&mut from_server, &mut to_client, bytes).await,
                    Err(error) => Err(error),
                },
                answered = throttled(&mut from_server, &mut to_client, bytes) => answered,
            }
        }
        Some(Fault::None) | None => {
            let mut upstream = forwarded(server, &head, &body).await?;
            copy_bidirectional(&mut client, &mut upstream).await.map(|_| ())
        }
    }
}

/// The head of a request, and what came of its body with it; `None` when nobody spoke.
async fn head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut read = Vec::new();
    while read.len() < MAX_HEAD {
        if client.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&read).into_owned(), body)));
        }
    }
    Err(io::Error::other("the head of a request is too long"))
}

/// Flips the lowest bit of the byte `at`, when it is among these, which begin at `seen`.
fn damage(bytes: &mut [u8], seen: usize, at: usize) {
    if let Some(byte) = at.checked_sub(seen).and_then(|place| bytes.get_mut(place)) {
        *byte ^= 1;
    }
}

/// Copies until the end, with one bit changed.
async fn damaged(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    mut seen: usize,
    at: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.flush().await;
        }
        damage(&mut buffer[..count], seen, at);
        to.write_all(&buffer[..count]).await?;
        seen += count;
    }
}

/// Copies until the end, little by little.
async fn throttled(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    at_once: usize,
) -> io::Result<()> {
    let mut buffer = vec![0; at_once];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.flush().await;
        }
        to.write_all(&buffer[..count]).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// The declared length of a body, in bytes.
fn length(head: &str) -> usize {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

/// A connection to the server over which the request has gone as far as it came.
async fn forwarded(server: SocketAddr, head: &str, body: &[u8]) -> io::Result<TcpStream> {
    let mut upstream = TcpStream::connect(server).await?;
    let lines = head.split("\r\n").filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("connection:"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    upstream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    upstream.write_all(body).await?;
    Ok(upstream)
}

#[test]
fn the_answers_of_a_slow_store_have_the_length_they_say() {
    for answer in [SLOW_DOWN, BROKEN, FORBIDDEN] {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(length(head), body.len());
    }
}
