//! The child's entry: give up rights, make ready, wait for a file, do the work on a thread with a
//! deep stack, answer. Nothing here outlives one file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::dlp::Screen;
use super::engine::Engine;
use super::listening::{Listener, LoadListener, listen};
use super::protocol::{
    DrawnReport, Job, KindReport, KnownOfFile, LockReport, LookedReport, MAX_TASK_LINE, Reading, Reply, SPEECH_VARIABLE, ScanReport, Setup,
    Task,
};
use super::subjects::{Sorter, Sorting};
use super::unlock::{self, Attempt};
use super::{kind, preview, protocol, sandbox, sheets, text};
use crate::domain::{Category, ExtractionStatus, FilePart, FindingKind};

/// Stack of the thread that parses, in bytes: nested input is deep before it is large.
const STACK: usize = 64 << 20;

/// Runs one task from standard input to standard output; what listens to a recording is made by `load`.
#[must_use]
pub fn worker_main(load: LoadListener) -> ExitCode {
    match run(load) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent looks into these words for the kind of failure and never logs them;
            // when even they cannot be written, the exit status is all there is.
            drop(writeln!(io::stderr().lock(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(load: LoadListener) -> io::Result<()> {
    let setup = std::env::args().nth(2).unwrap_or_default();
    let setup: Setup = serde_json::from_str(&setup)?;
    // Nothing but what the server gave it: it clears the environment of its workers.
    let rules = protocol::rules_of_environment(std::env::vars())?;
    // A model is a file, and files are given up next.
    let listener = if setup.job == Job::Listen { Some(listener(load)?) } else { None };
    let confinement = sandbox::enter(setup.limits)?;
    let screen = || Screen::new().map(Box::new).map_err(io::Error::other);
    let sorter = || Sorter::new().map(Box::new);
    let engine = || Engine::load(&rules, setup.locked).map(Box::new).map_err(io::Error::other);
    let tool = match (setup.job, listener) {
        (Job::Scan, _) => Tool::Scanner(engine()?),
        (Job::Listen, Some(listener)) => Tool::Listener(listener),
        (Job::Look, _) => Tool::Glass(screen()?, sorter()?),
        (Job::Draw, _) => Tool::Pencil,
        (Job::Unlock, _) => Tool::Opener(engine()?, screen()?, sorter()?),
        (Job::Extract | Job::Listen, _) => Tool::Reader(screen()?, sorter()?),
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
    Reader(Box<Screen>, Box<Sorter>),
    /// For text that was read before.
    Glass(Box<Screen>, Box<Sorter>),
    Pencil,
    Opener(Box<Engine>, Box<Screen>, Box<Sorter>),
    Listener(Box<dyn Listener>),
}

fn listener(load: LoadListener) -> io::Result<Box<dyn Listener>> {
    let folder = std::env::var_os(SPEECH_VARIABLE).ok_or_else(|| io::Error::other("no model is set"))?;
    let listener = load(folder.as_ref()).map_err(io::Error::other)?;
    // Confinement is a thread's, and its later threads'.
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("the model has threads of its own, which could not be confined"));
    }
    Ok(listener)
}

/// What is sensitive in what was read, and what it is about.
fn look(screen: &Screen, sorter: &Sorter, task: &Task, known: &KnownOfFile, title: &str, text: &str) -> LookedReport {
    let parts = [
        (FilePart::Name, task.name.as_str()),
        (FilePart::Title, title),
        (FilePart::Author, known.author.as_str()),
        (FilePart::Text, text),
        (FilePart::Properties, known.properties.as_str()),
    ];
    let findings = screen.look(&parts, &task.rules);
    let sorting = Sorting {
        name: &task.name,
        title,
        kind: known.kind,
        text,
        pages: known.pages,
        has_account: findings.iter().any(|finding| finding.kind == FindingKind::Iban),
    };
    LookedReport { hints: sorter.look(&sorting, &task.topics), findings }
}

fn work(tool: Tool, task: &Task, input: &mut dyn Read) -> io::Result<()> {
    match tool {
        Tool::Scanner(mut engine) => {
            let outcome = engine.scan(&task.name, input).map_err(io::Error::other)?;
            answer(&Reply::Scan(ScanReport { status: outcome.status, findings: outcome.findings }))
        }
        Tool::Reader(screen, sorter) => {
            let mut bytes = Vec::new();
            input.take(task.max_read_bytes + 1).read_to_end(&mut bytes)?;
            let whole = bytes.len() as u64 <= task.max_read_bytes;
            let kind = kind::detect(&bytes, &task.name);
            answer(&Reply::Kind(KindReport { content_type: kind.content_type.clone(), category: kind.category }))?;
            let again = (whole && sheets::has_sheets(&kind)).then(|| bytes.clone());
            let reading = text::read(&kind, bytes, whole, &task.name, task.max_text_bytes);
            let is_open = matches!(reading.status, ExtractionStatus::Done | ExtractionStatus::Empty);
            answer(&Reply::Reading(Box::new(looked_through(&screen, &sorter, reading, task, kind.category))))?;
            match again.filter(|_| is_open) {
                Some(bytes) => answer(&Reply::Sheets(Box::new(sheets::read(&kind, bytes)))),
                None => Ok(()),
            }
        }
        Tool::Listener(mut listener) => {
            let mut bytes = Vec::new();
            input.take(task.max_read_bytes).read_to_end(&mut bytes)?;
            listen(&mut *listener, bytes, &mut |reply| answer(&reply))
        }
        Tool::Glass(screen, sorter) => {
            let mut text = String::new();
            input.take(task.max_read_bytes).read_to_string(&mut text)?;
            let known = task.known.as_ref().ok_or_else(|| io::Error::other("what is known of the file is missing"))?;
            let title = task.title.as_deref().unwrap_or_default();
            answer(&Reply::Looked(look(&screen, &sorter, task, known, title, &text)))
        }
        Tool::Opener(mut engine, screen, sorter) => {
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
                    answer(&Reply::Reading(Box::new(looked_through(&screen, &sorter, *reading, task, kind.category))))?;
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

/// A reading with what is sensitive in it, and what it is about.
fn looked_through(screen: &Screen, sorter: &Sorter, mut reading: Reading, task: &Task, kind: Category) -> Reading {
    let known = KnownOfFile {
        author: reading.author.clone().unwrap_or_default(),
        kind,
        pages: reading.page_count,
        properties: reading.facts.words(),
    };
    let title = task.title.as_deref().or(reading.title.as_deref()).unwrap_or_default();
    let seen = look(screen, sorter, task, &known, title, &reading.text);
    reading.findings.extend(seen.findings);
    reading.hints = seen.hints;
    reading
}

fn answer(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
