//! The child's entry: give up rights, make ready, wait for a file, do the work on a thread with a
//! deep stack, answer. Nothing here outlives one file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::dlp::Screen;
use super::engine::Engine;
use super::protocol::{DrawnReport, Job, KindReport, LockReport, MAX_TASK_LINE, Reading, Reply, ScanReport, Setup, Task};
use super::unlock::{self, Attempt};
use super::{kind, preview, protocol, sandbox, text};
use crate::domain::FilePart;

/// Stack of the thread that parses, in bytes: nested input is deep before it is large.
const STACK: usize = 64 << 20;

/// Runs one task from standard input to standard output.
#[must_use]
pub fn worker_main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent looks into these words for the kind of failure and never logs them;
            // when even they cannot be written, the exit status is all there is.
            drop(writeln!(io::stderr().lock(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let setup = std::env::args().nth(2).unwrap_or_default();
    let setup: Setup = serde_json::from_str(&setup)?;
    // Nothing but what the server gave it: it clears the environment of its workers.
    let rules = protocol::rules_of_environment(std::env::vars())?;
    let confinement = sandbox::enter(setup.limits)?;
    let tool = match setup.job {
        Job::Scan => Tool::Scanner(Box::new(Engine::load(&rules, setup.locked).map_err(io::Error::other)?)),
        Job::Extract => Tool::Reader(Box::new(Screen::new().map_err(io::Error::other)?)),
        Job::Draw => Tool::Pencil,
        Job::Unlock => Tool::Opener(
            Box::new(Engine::load(&rules, setup.locked).map_err(io::Error::other)?),
            Box::new(Screen::new().map_err(io::Error::other)?),
        ),
    };
    answer(&Reply::Ready(confinement))?;
    let mut input = BufReader::with_capacity(256 << 10, io::stdin());
    let mut line = String::new();
    if input.by_ref().take(MAX_TASK_LINE).read_line(&mut line)? == 0 {
        // Kept in reserve and not needed, or the server is gone.
        return Ok(());
    }
    let task: Task = serde_json::from_str(&line)?;
    let parser = thread::Builder::new().name("parser".to_owned()).stack_size(STACK).spawn(move || work(tool, &task, &mut input))?;
    parser.join().map_err(|_| io::Error::other("the parser failed"))?
}

/// What a worker was made ready for.
enum Tool {
    Scanner(Box<Engine>),
    Reader(Box<Screen>),
    Pencil,
    Opener(Box<Engine>, Box<Screen>),
}

fn work(tool: Tool, task: &Task, input: &mut dyn Read) -> io::Result<()> {
    match tool {
        Tool::Scanner(mut engine) => {
            let outcome = engine.scan(&task.name, input).map_err(io::Error::other)?;
            answer(&Reply::Scan(ScanReport { status: outcome.status, findings: outcome.findings }))
        }
        Tool::Reader(screen) => {
            let mut bytes = Vec::new();
            input.take(task.max_read_bytes + 1).read_to_end(&mut bytes)?;
            let whole = bytes.len() as u64 <= task.max_read_bytes;
            let kind = kind::detect(&bytes, &task.name);
            answer(&Reply::Kind(KindReport { content_type: kind.content_type.clone(), category: kind.category }))?;
            let reading = text::read(&kind, bytes, whole, &task.name, task.max_text_bytes);
            answer(&Reply::Reading(Box::new(looked_through(&screen, reading, task))))
        }
        Tool::Opener(mut engine, screen) => {
            let mut bytes = Vec::new();
            input.take(task.max_read_bytes + 1).read_to_end(&mut bytes)?;
            let whole = bytes.len() as u64 <= task.max_read_bytes;
            let kind = kind::detect(&bytes, &task.name);
            let password = task.password.as_ref().map(protocol::Key::expose).unwrap_or_default();
            let attempt = unlock::attempt(&mut engine, &kind, bytes, whole, (&task.name, password), task.max_text_bytes);
            match attempt.map_err(io::Error::other)? {
                Attempt::Opened(reading, outcome) => {
                    answer(&Reply::Kind(KindReport { content_type: kind.content_type.clone(), category: kind.category }))?;
                    answer(&Reply::Scan(ScanReport { status: outcome.status, findings: outcome.findings }))?;
                    answer(&Reply::Reading(Box::new(looked_through(&screen, *reading, task))))?;
                    // Last: whoever hears it has heard all of the rest.
                    answer(&Reply::Lock(LockReport::Opened))
                }
                Attempt::Wrong => answer(&Reply::Lock(LockReport::Wrong)),
                Attempt::Failed(reason) => answer(&Reply::Lock(LockReport::Failed(reason.to_owned()))),
            }
        }
        Tool::Pencil => {
            let mut bytes = Vec::new();
            input.take(task.max_read_bytes + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > task.max_read_bytes {
                return answer(&Reply::NotDrawn(preview::TOO_LARGE.to_owned()));
            }
            let kind = kind::detect(&bytes, &task.name);
            answer(&match preview::draw(&kind.content_type, bytes) {
                Ok(drawn) => Reply::Drawn(DrawnReport { page: BASE64.encode(drawn.page), thumbnail: BASE64.encode(drawn.thumbnail) }),
                Err(reason) => Reply::NotDrawn(reason.to_owned()),
            })
        }
    }
}

/// A reading with what is sensitive in it.
fn looked_through(screen: &Screen, mut reading: Reading, task: &Task) -> Reading {
    let (title, author) = (reading.title.as_deref().unwrap_or_default(), reading.author.as_deref().unwrap_or_default());
    let parts =
        [(FilePart::Name, task.name.as_str()), (FilePart::Title, title), (FilePart::Author, author), (FilePart::Text, &reading.text)];
    reading.findings = screen.look(&parts, &task.rules);
    reading
}

fn answer(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
