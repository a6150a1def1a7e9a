//! The listener of the embedded endpoint: start, serve, stop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{HttpError, HttpResponse, S3Result, s3_error};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::change;
use super::commit::{Writer, WriterThread};
use super::disk::Disk;
use super::fetches::{self, Fetched};
use super::index::Index;
use super::raise::Raised;
use super::service::{Service, now_us};

/// Connections served at once; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;
/// How long a client may take to send the head of a request.
const HEADERS: Duration = Duration::from_secs(30);
/// How long requests under way may take once the endpoint is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Largest XML document a client may send: the list of 10,000 parts, with room.
const MAX_XML: usize = 4 * 1024 * 1024;
/// A multipart upload that is not finished within a week is given up.
const UPLOAD_LIFE: Duration = Duration::from_hours(7 * 24);
/// How often it is looked for such uploads.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// Where the embedded endpoint keeps its bytes and who may use it.
#[derive(Clone)]
pub struct EmbeddedSettings {
    /// The folder; made where it is missing. One endpoint at a time may use it.
    pub dir: PathBuf,
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The only access key id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl fmt::Debug for EmbeddedSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EmbeddedSettings").field("dir", &self.dir).field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Why the embedded endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The address is taken or not ours.
    #[error("the object store cannot listen on `{address}`; is another server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be made, read or written.
    #[error("the object store cannot write to the folder `{}`; check that it exists, its owner and its rights", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another endpoint uses the folder.
    #[error("the folder `{}` is in use by another object store", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The index does not open.
    #[error("the index of the object store in `{}` cannot be opened", dir.display())]
    Index {
        /// The folder.
        dir: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The embedded endpoint, serving. Dropping it stops it at once; [`Self::shutdown`] lets requests end.
#[derive(Debug)]
pub struct Embedded {
    address: SocketAddr,
    /// No new connections, and those under way end with their request.
    stop: CancellationToken,
    /// Connections are cut.
    cut: CancellationToken,
    connections: TaskTracker,
    work: TaskTracker,
    writer: Option<WriterThread>,
    listeners: Sender<Raised>,
    fetches: Sender<Fetched>,
}

impl Embedded {
    /// Opens the folder, deletes what a crash left behind, and serves.
    pub async fn start(settings: EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let EmbeddedSettings { dir, listen, access_key, secret_key } = settings;
        let listener = TcpListener::bind(listen).await.map_err(|source| EmbeddedError::Listen { address: listen, source })?;
        let address = listener.local_addr().map_err(|source| EmbeddedError::Listen { address: listen, source })?;
        let work = TaskTracker::new();
        let (tasks, runtime, folder) = (work.clone(), Handle::current(), dir.clone());
        let opened = tokio::task::spawn_blocking(move || open(&folder, tasks, runtime)).await;
        let (service, writer) = opened.map_err(|error| EmbeddedError::Folder { dir: dir.clone(), source: io::Error::other(error) })??;
        let (listeners, fetches) = (service.writer.listeners(), service.fetches.clone());
        give_up_old_uploads(&service).await.map_err(|source| EmbeddedError::Index { dir, source: Box::new(source) })?;
        let server = Self {
            address,
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            connections: TaskTracker::new(),
            work,
            writer: Some(writer),
            listeners,
            fetches,
        };
        server.connections.spawn(keep_tidy(service.clone(), server.stop.clone()));
        let protocol = protocol(service, access_key, secret_key);
        let accept = accept(listener, protocol, server.connections.clone(), server.stop.clone(), server.cut.clone());
        server.connections.spawn(accept);
        tracing::info!(%address, "the embedded object store listens");
        Ok(server)
    }

    /// The address it listens on.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Hears of what is written and removed from now on, after it is durable.
    pub fn listen(&self) -> Receiver<Raised> {
        self.listeners.subscribe()
    }

    /// Hears of what is read from now on through addresses that carry a mark.
    pub fn watch(&self) -> Receiver<Fetched> {
        self.fetches.subscribe()
    }

    /// Stops: no new requests, those under way get ten seconds, then every acknowledged byte is on
    /// disk and the folder is free for the next start.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.connections.close();
        if tokio::time::timeout(DRAIN, self.connections.wait()).await.is_err() {
            self.cut.cancel();
            self.connections.wait().await;
        }
        self.work.close();
        self.work.wait().await;
        if let Some(writer) = self.writer.take()
            && tokio::task::spawn_blocking(move || writer.join()).await.is_err()
        {
            tracing::warn!("the embedded object store stopped without waiting for its index");
        }
        // What the last commits let go of.
        self.work.wait().await;
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stop.cancel();
        self.cut.cancel();
    }
}

/// Opens index and files, and deletes every file that no row refers to. Blocks.
fn open(dir: &Path, tasks: TaskTracker, runtime: Handle) -> Result<(Service, WriterThread), EmbeddedError> {
    let folder = |source| EmbeddedError::Folder { dir: dir.to_owned(), source };
    std::fs::create_dir_all(dir).map_err(folder)?;
    let index = Index::open(&dir.join("index.redb")).map_err(|error| match error {
        redb::Error::DatabaseAlreadyOpen => EmbeddedError::InUse { dir: dir.to_owned() },
        redb::Error::Io(source) => folder(source),
        error => EmbeddedError::Index { dir: dir.to_owned(), source: Box::new(error) },
    })?;
    let disk = Disk::open(dir, tasks.clone(), runtime).map_err(folder)?;
    let used = index.segments().map_err(|source| EmbeddedError::Index { dir: dir.to_owned(), source: Box::new(source) })?;
    let swept = disk.sweep(&used).map_err(folder)?;
    if swept > 0 {
        tracing::info!(swept, "leftovers of interrupted uploads were deleted");
    }
    let index = Arc::new(index);
    let (writer, thread) = Writer::start(Arc::clone(&index)).map_err(folder)?;
    Ok((Service { index, writer, disk: Arc::new(disk), tasks, fetches: channel(fetches::WAITING).0 }, thread))
}

async fn give_up_old_uploads(service: &Service) -> S3Result<()> {
    let life = i64::try_from(UPLOAD_LIFE.as_micros()).unwrap_or(i64::MAX);
    let limit = now_us().saturating_sub(life);
    for upload in service.ask(move |index| index.uploads_before(limit)).await? {
        service
            .commit(None, move |transaction| {
                let place = (upload.bucket.as_str(), upload.key.as_str(), upload.id.as_str());
                Ok(change::abort_upload(transaction, place)?.map(|old| ((), old)))
            })
            .await?;
    }
    Ok(())
}

/// Gives up old uploads from time to time, as long as the endpoint serves.
async fn keep_tidy(service: Service, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TIDY_EVERY) => {}
        }
        if let Err(error) = give_up_old_uploads(&service).await {
            tracing::warn!(%error, "old multipart uploads could not be given up; trying again later");
        }
    }
}

fn protocol(service: Service, access_key: String, secret_key: String) -> S3Service {
    let mut config = S3Config::default();
    config.xml_max_body_size = MAX_XML;
    // POST forms are read into memory before anybody asks who sent them; none are served here.
    config.post_object_max_file_size = 0;
    config.form_max_fields_size = 64 * 1024;
    config.form_max_field_size = 16 * 1024;
    let mut builder = S3ServiceBuilder::new(service);
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.set_access(SignatureV4);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.build()
}

/// Parameters that are looked at, beside those that begin with `x-` or `response-`. A request with any
/// other asks for something that is not served here: without it, it could be a plain write of the object.
const PARAMETERS: [&str; 24] = [
    "acl",
    "attributes",
    "bucket-region",
    "continuation-token",
    "delete",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "location",
    "marker",
    "max-buckets",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "partNumber",
    "prefix",
    "start-after",
    "upload-id-marker",
    "uploadId",
    "uploads",
    "versionId",
];

fn is_served(parameter: &str) -> bool {
    let begins = |with: &str| parameter.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins("x-") || begins("response-") || PARAMETERS.contains(&parameter)
}

/// Everything with the one key, signed with version 4; version 2 (SHA-1, unsigned headers) is refused.
struct SignatureV4;

#[async_trait::async_trait]
impl S3Access for SignatureV4 {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let query = request.uri().query().unwrap_or_default();
        let version_4 = header.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256"))
            || query.split('&').any(|pair| pair == "X-Amz-Algorithm=AWS4-HMAC-SHA256");
        if request.credentials().is_none() || !version_4 {
            return Err(s3_error!(AccessDenied));
        }
        let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        if names.into_iter().all(is_served) { Ok(()) } else { Err(s3_error!(NotImplemented)) }
    }
}

async fn accept(listener: TcpListener, protocol: S3Service, connections: TaskTracker, stop: CancellationToken, cut: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = Arc::clone(&room).acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let socket = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the embedded object store was not accepted");
                    // Out of file descriptors: give those under way time to end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let serve = serve(socket, protocol.clone(), stop.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                () = cut.cancelled() => {}
                () = serve => {}
            }
            drop(place);
        });
    }
}

/// One request. What the store does not offer is an answer; what it could not do is logged.
async fn answer(protocol: &S3Service, request: Request<Incoming>) -> Result<HttpResponse, HttpError> {
    let answer = hyper::service::Service::call(protocol, request).await;
    if let Ok(answer) = &answer
        && answer.status().is_server_error()
        && answer.status() != StatusCode::NOT_IMPLEMENTED
    {
        tracing::error!(http.status = answer.status().as_u16(), "the embedded object store could not do what it was asked");
    }
    answer
}

async fn serve(socket: TcpStream, protocol: S3Service, stop: CancellationToken) {
    // With Nagle's algorithm and delayed acknowledgements a small answer waits 40 ms.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection to the embedded object store has no `TCP_NODELAY`");
    }
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(socket), service_fn(|request| answer(&protocol, request))));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients hang up; the request they were in has cleaned up after itself.
        tracing::debug!(%error, "a connection to the embedded object store ended early");
    }
}
