//! A scanner that is another program: clamd, over TCP or a socket in the file system. It is handed bytes and gives
//! one line back; nothing of it is believed but the lines that it is known to say.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::clamd_wire::{self as wire, MAX_REPLY, Reply, Version};
use super::scanner::{Scan, Scanner, ScannerFacts, Shortfall};
use crate::domain::{ChunkStream, FileName, ScanStatus};

/// How long it has at most to take a connection and to say what it is.
const GREETING: Duration = Duration::from_secs(5);
/// Bytes of one piece on the wire.
const PIECE: usize = 256 << 10;

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdAddress {
    /// Host and port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// What counts for bytes beyond what clamd takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AboveLimit {
    /// They are not checked.
    NotChecked,
    /// The other scanners' word is enough.
    OthersDecide,
}

/// How clamd is reached.
#[derive(Debug, Clone)]
pub struct ClamdSettings {
    /// Where.
    pub address: ClamdAddress,
    /// The longest pause while it is handed bytes, and how long its answer may take after the last one.
    pub timeout: Duration,
    /// Bytes that it takes of one file: not more than its `StreamMaxLength`.
    pub stream_max_bytes: u64,
    /// Connections at once.
    pub connections: usize,
    /// What counts beyond that.
    pub above_limit: AboveLimit,
}

impl ClamdAddress {
    /// Reads `host:port`, `tcp://host:port`, `unix:/path` or `/path`.
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.strip_prefix("unix:").or_else(|| text.starts_with('/').then_some(text));
        if let Some(path) = path {
            return path.starts_with('/').then(|| Self::Unix(PathBuf::from(path)));
        }
        let place = text.strip_prefix("tcp://").unwrap_or(text);
        let (host, port) = place.rsplit_once(':')?;
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        (is_host && port.parse::<u16>().is_ok_and(|port| port != 0)).then(|| Self::Tcp(place.to_owned()))
    }
}

/// Why clamd gave no judgement.
#[derive(Debug, thiserror::Error)]
enum ClamdError {
    #[error("clamd does not answer")]
    Away(#[source] io::Error),
    #[error("clamd is busy, or hangs")]
    Busy,
    #[error("what listens at the address of clamd is not clamd")]
    Stranger,
    #[error("clamd broke off")]
    Broke(#[source] io::Error),
    #[error("clamd took too long")]
    Late,
    #[error("clamd gave no answer that it is known to give")]
    Garbled,
    #[error("the bytes could not be read from where they are stored")]
    Source(#[source] io::Error),
    #[error("it is larger than clamd takes")]
    TooLarge,
}

impl ClamdError {
    /// What kept it from judging, where that is not the bytes' doing.
    const fn shortfall(&self, above: AboveLimit) -> Option<Shortfall> {
        match (self, above) {
            (Self::Away(_) | Self::Busy | Self::Stranger, _) => Some(Shortfall::Away),
            (Self::TooLarge, AboveLimit::NotChecked) => Some(Shortfall::TooLarge),
            (Self::TooLarge, AboveLimit::OthersDecide) => Some(Shortfall::Excused),
            // It was there before the first byte: the bytes may have done this, and it counts as a try.
            (Self::Broke(_) | Self::Late | Self::Garbled | Self::Source(_), _) => None,
        }
    }
}

/// The scanner at an address.
#[derive(Debug)]
pub struct ClamdScanner {
    settings: ClamdSettings,
    greeting: Duration,
    permits: Semaphore,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl ClamdScanner {
    pub(super) fn new(settings: ClamdSettings) -> Self {
        let permits = Semaphore::new(settings.connections.max(1));
        Self { greeting: settings.timeout.min(GREETING), settings, permits }
    }

    async fn connect(&self) -> Result<Box<dyn Wire>, ClamdError> {
        let connecting = async {
            Ok::<Box<dyn Wire>, io::Error>(match &self.settings.address {
                ClamdAddress::Tcp(place) => Box::new(TcpStream::connect(place).await?),
                ClamdAddress::Unix(path) => Box::new(UnixStream::connect(path).await?),
            })
        };
        timeout(self.greeting, connecting).await.map_err(|_| ClamdError::Busy)?.map_err(ClamdError::Away)
    }

    /// What it says it is: asked before each file, so that it is known to be there before it gets a byte.
    async fn version(&self) -> Result<Version, ClamdError> {
        let mut wire = self.connect().await?;
        let asking = async {
            wire.write_all(b"zVERSION\0").await?;
            answer(&mut *wire).await
        };
        let said = timeout(self.greeting, asking).await.map_err(|_| ClamdError::Busy)?.map_err(ClamdError::Away)?;
        wire::version(&said).ok_or(ClamdError::Stranger)
    }

    /// Hands it all bytes, and gives its answer.
    async fn instream(&self, mut stream: ChunkStream) -> Result<Reply, ClamdError> {
        let pause = self.settings.timeout;
        let mut wire = self.connect().await?;
        let mut room = self.settings.stream_max_bytes;
        if !write(&mut *wire, b"zINSTREAM\0", pause).await? {
            return Err(ClamdError::Broke(io::ErrorKind::BrokenPipe.into()));
        }
        let mut listens = true;
        while listens && let Some(chunk) = timeout(pause, stream.next()).await.map_err(|_| ClamdError::Late)? {
            let chunk = chunk.map_err(ClamdError::Source)?;
            room = room.checked_sub(chunk.len() as u64).ok_or(ClamdError::TooLarge)?;
            // A piece of no length would be the end of the file.
            for piece in chunk.chunks(PIECE) {
                let length = u32::try_from(piece.len()).unwrap_or_default().to_be_bytes();
                listens = write(&mut *wire, &length, pause).await? && write(&mut *wire, piece, pause).await?;
                if !listens {
                    break;
                }
            }
        }
        let ended = listens && write(&mut *wire, &[0; 4], pause).await?;
        let said = timeout(pause, answer(&mut *wire)).await.map_err(|_| ClamdError::Late)?.map_err(ClamdError::Broke)?;
        match wire::reply(&said) {
            Some(Reply::TooLarge) => Err(ClamdError::TooLarge),
            // Said before it had the whole file: only that something is wrong with it counts.
            Some(Reply::Clean) if !ended => Err(ClamdError::Garbled),
            Some(reply) => Ok(reply),
            None => Err(ClamdError::Garbled),
        }
    }

    async fn judged(&self, stream: ChunkStream) -> (Result<Reply, ClamdError>, String) {
        // Never closed.
        let Ok(Ok(_permit)) = timeout(self.greeting, self.permits.acquire()).await else {
            return (Err(ClamdError::Busy), "clamd".to_owned());
        };
        match self.version().await {
            Ok(version) => (self.instream(stream).await, engine(&version, self.settings.above_limit)),
            Err(error) => (Err(error), "clamd".to_owned()),
        }
    }
}

/// As verdicts carry it: what clamd calls itself, with number and date of its daily database, and what else decides
/// whether there is a verdict.
fn engine(version: &Version, above: AboveLimit) -> String {
    let database = match version.database {
        Some((number, at)) => format!("database {number} of {}", at.strftime("%Y-%m-%d %H:%M")),
        None => "databases of its own".to_owned(),
    };
    let limit = match above {
        AboveLimit::NotChecked => "",
        AboveLimit::OthersDecide => ", not above its limit",
    };
    format!("clamd: {}, {database}{limit}", version.engine)
}

/// `false`: it takes no more, and says why, if it says anything.
async fn write(wire: &mut dyn Wire, bytes: &[u8], pause: Duration) -> Result<bool, ClamdError> {
    match timeout(pause, wire.write_all(bytes)).await {
        Err(_) => Err(ClamdError::Late),
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(false),
        Ok(Err(error)) => Err(ClamdError::Broke(error)),
    }
}

/// All that it says until it closes: a line that goes on after its end is none.
async fn answer(wire: &mut dyn Wire) -> io::Result<Vec<u8>> {
    let mut said = Vec::new();
    wire.take(MAX_REPLY as u64 + 2).read_to_end(&mut said).await?;
    if said.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(said) }
}

#[async_trait]
impl Scanner for ClamdScanner {
    async fn scan(&self, _: &FileName, stream: ChunkStream) -> Scan {
        let (result, engine) = self.judged(stream).await;
        let told = |name: String| vec![format!("clamd: {name}")];
        match result {
            Ok(Reply::Clean) => Scan::judged(ScanStatus::Clean, engine, Vec::new()),
            Ok(Reply::Found(name)) => Scan::judged(ScanStatus::Infected, engine, told(name)),
            Ok(Reply::Sign(name)) => Scan::judged(ScanStatus::Suspicious, engine, told(name)),
            Ok(Reply::Limits(name)) => Scan::failed(engine, &format!("clamd: {name}"), None),
            Ok(Reply::Error | Reply::TooLarge) => Scan::failed(engine, "clamd could not judge it", None),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(error = %error, cause = cause.as_deref().unwrap_or_default(), "clamd did not judge a file");
                Scan::failed(engine, &error.to_string(), error.shortfall(self.settings.above_limit))
            }
        }
    }

    fn kind(&self) -> &'static str {
        "clamd"
    }

    async fn facts(&self) -> Option<ScannerFacts> {
        let version = self.version().await.ok()?;
        let database = version.database.map(|(_, at)| at);
        Some(ScannerFacts { engine: engine(&version, self.settings.above_limit), tells_changes: database.is_some(), database })
    }
}

#[cfg(test)]
mod tests;
