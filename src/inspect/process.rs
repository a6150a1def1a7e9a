//! The parent's side of a worker process: start it, feed it, read it, end it. Every await here
//! has an end, a worker sees one file, and none outlives its [`Workers`].

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::protocol::{Confinement, Job, Reply, SPEECH_VARIABLE, Setup, Task, WORKER_ARGUMENT, rules_to_environment};
use super::rules::Rules;
use crate::domain::ChunkStream;

/// Longest answer, in bytes. Text is capped well below it.
const MAX_ANSWER: u64 = 24 << 20;
/// Kept of the worker's last words, in bytes: enough to tell why it died.
const MAX_COMPLAINT: u64 = 8 << 10;

/// Longest first line of a worker, in bytes.
const MAX_GREETING: u64 = 4 << 10;

/// Settings of the child: one memory arena and one helper thread with a deep stack, so that the
/// address space limit holds the document and not the allocator's reserves.
const CHILD_ENVIRONMENT: [(&str, &str); 3] = [("MALLOC_ARENA_MAX", "2"), ("RAYON_NUM_THREADS", "1"), ("RUST_MIN_STACK", "67108864")];

/// Why a worker gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerError {
    /// It could not be started or spoken to.
    #[error("the worker process could not be run")]
    Process(#[source] io::Error),
    /// It never said that it is ready: limits refused, or not a worker.
    #[error("the worker process did not get ready")]
    Start,
    /// It could not give up all rights, and the settings require that.
    #[error("the worker process could not be confined on this system, and `workers.require_sandbox` is set")]
    Unconfined,
    /// The bytes did not arrive.
    #[error("the bytes could not be read from where they are stored")]
    Source(#[source] io::Error),
    /// It was killed at its time limit.
    #[error("the worker process took too long")]
    TimedOut,
    /// It used its processor time or memory, or nested too deep, or a parser gave up in panic.
    #[error("the worker process ended early: {0}")]
    Ended(Ending),
    /// Its answer was missing, too long or not an answer.
    #[error("the worker process gave no usable answer")]
    Answer,
}

/// How a worker ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Out of memory.
    Memory,
    /// Out of stack.
    Depth,
    /// Out of processor time.
    Time,
    /// A parser panicked, or it died for another reason.
    Broken,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Memory => "out of memory",
            Self::Depth => "nested too deep",
            Self::Time => "out of processor time",
            Self::Broken => "a parser failed",
        })
    }
}

/// An answer, or as much of one as there was.
#[derive(Debug)]
pub(super) struct Answer {
    /// The lines that could be read, in order.
    pub replies: Vec<Reply>,
    /// Why it is not whole.
    pub error: Option<WorkerError>,
}

/// How workers are started.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// The program that is re-executed.
    pub exe: PathBuf,
    /// Workers at once that have a file.
    pub concurrency: usize,
    /// How long one may take to get ready; the file has no part in it.
    pub patience: Duration,
    /// Whether one worker of each kind waits in reserve, started and confined.
    pub keep_warm: bool,
    /// Whether a worker that is not wholly confined is sent away.
    pub require_sandbox: bool,
    /// The operator's rules, for those that scan.
    pub rules: Rules,
    /// The folder of the model that listens, for those that do.
    pub speech: Option<PathBuf>,
}

/// Starts workers, a bounded number at a time.
#[derive(Debug)]
pub(super) struct Workers {
    start: Start,
    permits: Semaphore,
    /// At most one of each kind: a file does not wait for a process to start or rules to compile.
    reserve: Mutex<Vec<(Setup, Child)>>,
    /// What the first worker said of itself; the others run on the same system.
    confinement: OnceLock<Confinement>,
}

/// A worker that waits for its file.
struct Ready {
    child: Child,
    pipes: Pipes,
}

impl Ready {
    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

struct Pipes {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: ChildStderr,
}

/// What a worker said.
#[derive(Default)]
struct Heard {
    lines: Vec<u8>,
    complaint: Vec<u8>,
}

impl Workers {
    /// No worker is started before there is a file.
    pub fn new(start: Start) -> Self {
        let permits = Semaphore::new(start.concurrency.max(1));
        Self { start, permits, reserve: Mutex::default(), confinement: OnceLock::new() }
    }

    /// Whether as many have a file as may.
    pub fn is_busy(&self) -> bool {
        self.permits.available_permits() == 0
    }

    /// What workers give up on this system; known once one has started.
    pub fn confinement(&self) -> Option<Confinement> {
        self.confinement.get().copied()
    }

    /// Gives the task and the bytes to a worker that has seen no other file. `wall` bounds each
    /// step of feeding and, after the last byte, the answer: a large file is not slower than its
    /// bytes arrive. At most `max_bytes` are fed; the worker sees whether that was all.
    pub async fn run(&self, setup: Setup, task: &Task, stream: ChunkStream, max_bytes: u64, wall: Duration) -> Answer {
        // The semaphore is never closed.
        let Ok(_permit) = self.permits.acquire().await else {
            return Answer { replies: Vec::new(), error: Some(WorkerError::Answer) };
        };
        let Ready { mut child, pipes } = match self.ready(setup).await {
            Ok(ready) => ready,
            Err(error) => return Answer { replies: Vec::new(), error: Some(error) },
        };
        let mut heard = Heard::default();
        let outcome = converse(&mut child, pipes, task, stream, max_bytes, wall, &mut heard).await;
        let error = match outcome {
            Ok(status) if status.success() => None,
            Ok(status) => Some(WorkerError::Ended(ending(status, &heard.complaint))),
            Err(error) => {
                end(&mut child).await;
                Some(error)
            }
        };
        let replies: Vec<Reply> = heard.lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Answer { replies, error }
    }

    /// The worker in reserve, or a new one. The next one for the reserve starts meanwhile.
    async fn ready(&self, setup: Setup) -> Result<Ready, WorkerError> {
        let waiting = self.take(setup);
        let mut ready = None;
        if let Some(child) = waiting {
            // One that died while it waited, its greeting already said, has seen nothing of the file.
            ready = self.greet(child).await.ok().and_then(|(mut ready, confinement)| ready.is_alive().then_some((ready, confinement)));
        }
        let (worker, confinement) = match ready {
            Some(ready) => ready,
            None => self.greet(self.spawn(setup).map_err(WorkerError::Process)?).await?,
        };
        if self.confinement.set(confinement).is_ok() && !confinement.is_full() {
            tracing::warn!(
                landlock = %confinement.landlock,
                seccomp = %confinement.seccomp,
                "this system does not let workers give up all rights; files are parsed under limits alone where it says none"
            );
        }
        if self.start.require_sandbox && !confinement.is_full() {
            return Err(WorkerError::Unconfined);
        }
        if self.start.keep_warm && setup.job.is_urgent() {
            self.refill(setup);
        }
        Ok(worker)
    }

    /// Waits for a worker's first line.
    async fn greet(&self, mut child: Child) -> Result<(Ready, Confinement), WorkerError> {
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(WorkerError::Start);
        };
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        let heard = timeout(self.start.patience, (&mut stdout).take(MAX_GREETING).read_until(b'\n', &mut line)).await;
        if let (Ok(Ok(_)), Ok(Reply::Ready(confinement))) = (heard, serde_json::from_slice(&line)) {
            return Ok((Ready { child, pipes: Pipes { stdin, stdout, stderr } }, confinement));
        }
        end(&mut child).await;
        Err(WorkerError::Start)
    }

    fn take(&self, setup: Setup) -> Option<Child> {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let at = reserve.iter().position(|(kind, _)| *kind == setup)?;
        Some(reserve.swap_remove(at).1)
    }

    fn refill(&self, setup: Setup) {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        if reserve.iter().any(|(kind, _)| *kind == setup) {
            return;
        }
        match self.spawn(setup) {
            Ok(child) => reserve.push((setup, child)),
            Err(error) => tracing::warn!(error = %error, "no worker could be started for the reserve; the next file waits for its own"),
        }
    }

    fn spawn(&self, setup: Setup) -> io::Result<Child> {
        let rules = match setup.job {
            Job::Scan | Job::Unlock => rules_to_environment(self.start.rules.files())?,
            Job::Extract | Job::Draw | Job::Listen | Job::Look => Vec::new(),
        };
        Command::new(&self.start.exe)
            .arg(WORKER_ARGUMENT)
            .arg(serde_json::to_string(&setup)?)
            .env_clear()
            .envs(CHILD_ENVIRONMENT)
            .envs(rules)
            .envs(self.start.speech.iter().filter(|_| setup.job == Job::Listen).map(|folder| (SPEECH_VARIABLE, folder)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Kills and reaps; a process that is already gone is no error.
async fn end(child: &mut Child) {
    if let Err(error) = child.kill().await {
        tracing::warn!(error = %error, "an inspection worker could not be ended");
    }
}

/// Feeds and listens at the same time, then waits for the end.
async fn converse(
    child: &mut Child,
    pipes: Pipes,
    task: &Task,
    stream: ChunkStream,
    max_bytes: u64,
    wall: Duration,
    heard: &mut Heard,
) -> Result<ExitStatus, WorkerError> {
    let Pipes { stdin, stdout, stderr } = pipes;
    let listen = async { tokio::try_join!(read_capped(stdout, MAX_ANSWER, &mut heard.lines), drain(stderr, &mut heard.complaint)) };
    tokio::pin!(listen);
    let fed = tokio::select! {
        heard = &mut listen => {
            // It closed its side before the last byte: it is done, or dead.
            heard?;
            return wait(child, wall).await;
        }
        fed = feed(stdin, task, stream, max_bytes, wall) => fed,
    };
    fed?;
    timeout(wall, &mut listen).await.map_err(|_| WorkerError::TimedOut)??;
    wait(child, wall).await
}

async fn wait(child: &mut Child, wall: Duration) -> Result<ExitStatus, WorkerError> {
    timeout(wall, child.wait()).await.map_err(|_| WorkerError::TimedOut)?.map_err(WorkerError::Process)
}

async fn feed(mut stdin: ChildStdin, task: &Task, mut stream: ChunkStream, max_bytes: u64, wall: Duration) -> Result<(), WorkerError> {
    // There may be a password in it.
    let mut line = Zeroizing::new(serde_json::to_vec(task).map_err(|error| WorkerError::Process(error.into()))?);
    line.push(b'\n');
    if !write(&mut stdin, &line, wall).await? {
        return Ok(());
    }
    let mut left = max_bytes;
    while left > 0 {
        let Some(chunk) = timeout(wall, stream.next()).await.map_err(|_| WorkerError::TimedOut)? else { break };
        let chunk = chunk.map_err(WorkerError::Source)?;
        let chunk = chunk.get(..usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len())).unwrap_or_default();
        left -= chunk.len() as u64;
        if !write(&mut stdin, chunk, wall).await? {
            return Ok(());
        }
    }
    // Closing the pipe is the end of the file.
    drop(stdin);
    Ok(())
}

/// `false`: the worker takes no more, and its exit tells why.
async fn write(stdin: &mut ChildStdin, bytes: &[u8], wall: Duration) -> Result<bool, WorkerError> {
    match timeout(wall, stdin.write_all(bytes)).await {
        Err(_) => Err(WorkerError::TimedOut),
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Ok(Err(error)) => Err(WorkerError::Process(error)),
    }
}

async fn read_capped(from: impl AsyncRead + Unpin, cap: u64, into: &mut Vec<u8>) -> Result<(), WorkerError> {
    from.take(cap + 1).read_to_end(into).await.map_err(WorkerError::Process)?;
    if into.len() as u64 > cap { Err(WorkerError::Answer) } else { Ok(()) }
}

/// Keeps the last words and reads on, so that a talkative parser does not block.
async fn drain(mut from: impl AsyncRead + Unpin, into: &mut Vec<u8>) -> Result<(), WorkerError> {
    let mut piece = vec![0; 4096];
    loop {
        let count = from.read(&mut piece).await.map_err(WorkerError::Process)?;
        if count == 0 {
            return Ok(());
        }
        into.extend_from_slice(piece.get(..count).unwrap_or_default());
        let cap = usize::try_from(MAX_COMPLAINT).unwrap_or(usize::MAX);
        if into.len() > cap {
            into.drain(..into.len() - cap);
        }
    }
}

/// The system's word for why a process ended, refined by the runtime's own last words.
fn ending(status: ExitStatus, complaint: &[u8]) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    let said = |words: &str| complaint.windows(words.len()).any(|window| window == words.as_bytes());
    match status.signal() {
        Some(SIGXCPU | SIGKILL) => Ending::Time,
        Some(_) if said("memory allocation of") => Ending::Memory,
        Some(_) if said("overflowed its stack") => Ending::Depth,
        _ if said("memory allocation of") || said("Cannot allocate memory") => Ending::Memory,
        _ => Ending::Broken,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn the_way_a_worker_ended_is_told_apart() {
        let aborted = ExitStatus::from_raw(6);
        for (status, complaint, expected) in [
            (aborted, "memory allocation of 5000 bytes failed", Ending::Memory),
            (aborted, "thread 'parser' has overflowed its stack", Ending::Depth),
            (aborted, "", Ending::Broken),
            (ExitStatus::from_raw(24), "", Ending::Time),
            (ExitStatus::from_raw(9), "", Ending::Time),
            (ExitStatus::from_raw(101 << 8), "panicked", Ending::Broken),
        ] {
            assert_eq!(ending(status, complaint.as_bytes()), expected, "{complaint}");
        }
    }
}
