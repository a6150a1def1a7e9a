//! The listener: from an open port to the router, how many it holds, and how it ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::limits::DoorLimits;

/// How long requests under way may take once the process is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Requests that one connection of HTTP/2 may have under way.
const STREAMS: u32 = 250;
/// Headers of one request, and bytes of its head; more is answered 431.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LIST: u32 = 32 * 1024;
/// How often a quiet connection of HTTP/2 is asked whether it is still there, and how long it may
/// take to say so.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// How long to wait when the system gives no more connections, so that those under way can end.
const OUT_OF_FILES: Duration = Duration::from_millis(50);
/// Connections that are being told that there is no room, and for how long each; further ones are
/// closed without a word.
const TURNED_AWAY: usize = 128;
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves until `stop`; requests under way then have ten seconds to end.
pub async fn serve(listener: TcpListener, router: Router, limits: DoorLimits, stop: CancellationToken) {
    let doors = Doors {
        router,
        protocol: protocol(&limits),
        head: limits.head,
        places: Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS))),
        farewells: Arc::new(Semaphore::new(TURNED_AWAY)),
        connections: TaskTracker::new(),
        stop: stop.clone(),
        cut: CancellationToken::new(),
    };
    doors.accept(&listener).await;
    drop(listener);
    doors.connections.close();
    if tokio::time::timeout(DRAIN, doors.connections.wait()).await.is_err() {
        tracing::warn!("requests that did not end within ten seconds were cut");
        doors.cut.cancel();
        doors.connections.wait().await;
    }
}

fn protocol(limits: &DoorLimits) -> auto::Builder<TokioExecutor> {
    let mut protocol = auto::Builder::new(TokioExecutor::new());
    protocol.http1().timer(TokioTimer::new()).header_read_timeout(limits.head).max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    let mut http2 = protocol.http2();
    http2.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).max_header_list_size(HEAD_LIST);
    http2.keep_alive_interval(PING.0).keep_alive_timeout(PING.1);
    protocol
}

struct Doors {
    router: Router,
    protocol: auto::Builder<TokioExecutor>,
    head: Duration,
    places: Arc<Semaphore>,
    farewells: Arc<Semaphore>,
    connections: TaskTracker,
    /// No new connections, and those under way end with their request.
    stop: CancellationToken,
    /// Connections are cut.
    cut: CancellationToken,
}

impl Doors {
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.welcome(socket, peer),
                Err(error) => {
                    tracing::warn!(error = %error, "a connection was not accepted");
                    tokio::time::sleep(OUT_OF_FILES).await;
                }
            }
        }
    }

    fn welcome(&self, socket: TcpStream, peer: SocketAddr) {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            let serving = serve_one(socket, peer, self.router.clone(), self.protocol.clone(), self.head, self.stop.clone());
            let cut = self.cut.clone();
            self.connections.spawn(async move {
                tokio::select! {
                    () = cut.cancelled() => {}
                    () = serving => {}
                }
                drop(place);
            });
        } else if let Ok(place) = Arc::clone(&self.farewells).try_acquire_owned() {
            self.connections.spawn(async move {
                // It may be gone, or not listen: then there is nobody to tell.
                let _told = tokio::time::timeout(FAREWELL, turn_away(socket)).await;
                drop(place);
            });
        }
    }
}

async fn serve_one(
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    protocol: auto::Builder<TokioExecutor>,
    head: Duration,
    stop: CancellationToken,
) {
    // With Nagle's algorithm and delayed acknowledgements a small answer waits 40 ms.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection has no `TCP_NODELAY`");
    }
    let begun = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&begun);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut connection = std::pin::pin!(protocol.serve_connection(TokioIo::new(socket), service));
    // The protocol's own limit begins when it knows whether it speaks HTTP/1.1 or HTTP/2.
    let silent = async {
        tokio::time::sleep(head).await;
        if begun.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = silent => return tracing::debug!("a connection brought no request in time and was closed"),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients hang up, and dawdle.
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// Says that there is no room, and hangs up.
async fn turn_away(mut socket: TcpStream) -> io::Result<()> {
    socket.write_all(no_room().as_bytes()).await?;
    socket.shutdown().await?;
    // What is still sent must be read, or the client's system would drop the answer for a reset.
    let mut unread = [0; 1024];
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

fn no_room() -> String {
    let body = concat!(
        r#"{"type":"urn:satchel:problem:unavailable","title":"A part that is needed does not answer","status":503,"#,
        r#""detail":"too many connections are open; try again in a few seconds","code":"unavailable"}"#
    );
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         retry-after: 5\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::sync::Notify;

    use super::*;

    struct Served {
        address: SocketAddr,
        stop: CancellationToken,
        serving: tokio::task::JoinHandle<()>,
    }

    /// A server with one quick answer, and one that waits to be released.
    async fn served(limits: DoorLimits, release: Arc<Notify>) -> Served {
        let router = Router::new().route("/", get(|| async { "here" })).route(
            "/slow",
            get(move || async move {
                release.notified().await;
                "done"
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = TaskTracker::new().spawn(serve(listener, router, limits, stop.clone()));
        Served { address, stop, serving }
    }

    async fn said(socket: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        let reading = socket.read_to_end(&mut bytes);
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("the server hangs up").unwrap();
        String::from_utf8(bytes).unwrap()
    }

    async fn connected(address: SocketAddr, sent: &str) -> TcpStream {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        socket
    }

    const LAST: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_connection_that_brings_no_whole_request_is_closed() {
        let limits = DoorLimits { head: Duration::from_millis(50), ..DoorLimits::default() };
        let served = served(limits, Arc::default()).await;
        // Silent; what HTTP/2 could begin with too; half a head; silent after an answer.
        for (sent, answered) in
            [("", false), ("P", false), ("GET / HTTP/1.1\r\nhost: ", false), ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", true)]
        {
            let mut socket = connected(served.address, sent).await;
            let said = said(&mut socket).await;
            assert_eq!(said.ends_with("here"), answered, "{sent:?}: {said}");
        }
        served.stop.cancel();
        served.serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_or_has_too_many_lines_is_refused_and_not_read_to_its_end() {
        let served = served(DoorLimits::default(), Arc::default()).await;
        let many = (0..=HEADERS).fold(String::new(), |head, number| head + &format!("x-{number}: 1\r\n"));
        let long = format!("x: {}\r\n", "1".repeat(2 * HEAD_BYTES));
        for head in [many, long] {
            let mut socket = connected(served.address, &format!("GET / HTTP/1.1\r\nhost: x\r\n{head}\r\n")).await;
            let mut said = [0; 12];
            socket.read_exact(&mut said).await.unwrap();
            assert_eq!(&said, b"HTTP/1.1 431");
        }
        served.stop.cancel();
        served.serving.await.unwrap();
    }

    #[tokio::test]
    async fn one_connection_too_many_is_told_to_come_back_and_may() {
        let served = served(DoorLimits { connections: 1, ..DoorLimits::default() }, Arc::default()).await;
        let mut only = connected(served.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        only.read_exact(&mut [0; 15]).await.unwrap();
        let refused = said(&mut connected(served.address, LAST).await).await;
        assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nretry-after: 5\r\n"), "{refused}");
        let (head, body) = refused.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{refused}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["code"], "unavailable");
        drop(only);
        let mut tries = 0;
        while !said(&mut connected(served.address, LAST).await).await.ends_with("here") {
            tries += 1;
            assert!(tries < 1000, "the place of a closed connection was never free again");
        }
        served.stop.cancel();
        served.serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_after_the_server_was_told_to_stop() {
        let release = Arc::new(Notify::new());
        let served = served(DoorLimits::default(), Arc::clone(&release)).await;
        let mut slow = connected(served.address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // Answered on another connection: the first has been accepted before it.
        assert!(said(&mut connected(served.address, LAST).await).await.ends_with("here"));
        served.stop.cancel();
        release.notify_one();
        assert!(said(&mut slow).await.ends_with("done"));
        served.serving.await.unwrap();
    }
}
