//! The room's front: scan, then extract, each in a worker process.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use jiff::civil::Date;

use super::clamd::{ClamdScanner, ClamdSettings};
use super::engine::LockedArchives;
use super::panel::Panel;
use super::process::{Answer, Ending, Start, WorkerError, Workers};
use super::protocol::{
    ADDRESS_SPACE, Confinement, Job, Key, KindReport, KnownOfFile, LISTENING_SPACE, Limits, LockReport, OPEN_FILES, Passage, Reading,
    Reply, ScanReport, Setup, Task,
};
use super::rules::Rules;
use super::scanner::{EmbeddedScanner, Scan, Scanner, ScannerFacts};
use super::subjects::by_name;
use super::{kind, preview};
use crate::domain::{
    Category, ChunkStream, Extraction, ExtractionStatus, Facts, FileName, Finding, Hint, OwnRule, OwnTopic, Password, ScanStatus,
    ScanVerdict, clean_text, language_tag,
};

/// How inspection is run.
#[derive(Debug, Clone)]
pub struct InspectorSettings {
    /// This program's own path; it is re-executed as the worker.
    pub exe: PathBuf,
    /// How long a worker may take to get ready for its file.
    pub start_wall: Duration,
    /// Longest pause of a scan while bytes arrive, and after the last one.
    pub scan_wall: Duration,
    /// The same for reading text.
    pub extract_wall: Duration,
    /// The same for drawing what it looks like.
    pub draw_wall: Duration,
    /// Text kept, in bytes.
    pub max_text_bytes: usize,
    /// Bytes read for text, or to be drawn; larger files keep their type and no text.
    pub max_read_bytes: u64,
    /// Worker processes at once that have a file.
    pub concurrency: usize,
    /// Whether one worker of each kind waits in reserve, confined and with its rules compiled.
    pub keep_warm: bool,
    /// Whether files stay unread where the system lets workers keep rights that they should give up.
    pub require_sandbox: bool,
    /// The folder of the model that listens to recordings, where there is one.
    pub speech: Option<PathBuf>,
    /// How long listening to one recording may take.
    pub listen_wall: Duration,
    /// The operator's own rules.
    pub rules: Rules,
    /// What a locked archive means.
    pub locked_archives: LockedArchives,
    /// A clamd that judges too.
    pub clamd: Option<ClamdSettings>,
}

/// Largest recording that is listened to, in bytes: an hour of sound as a compact disc has it.
const MAX_SOUND_BYTES: u64 = 640 << 20;

impl InspectorSettings {
    /// The usual limits for the program at `exe`.
    pub const fn new(exe: PathBuf) -> Self {
        Self {
            exe,
            start_wall: Duration::from_secs(20),
            scan_wall: Duration::from_secs(30),
            extract_wall: Duration::from_secs(30),
            draw_wall: Duration::from_secs(20),
            max_text_bytes: 1 << 20,
            max_read_bytes: 64 << 20,
            concurrency: 2,
            keep_warm: false,
            require_sandbox: false,
            speech: None,
            listen_wall: Duration::from_mins(50),
            rules: Rules::none(),
            locked_archives: LockedArchives::Note,
            clamd: None,
        }
    }
}

/// What was heard in a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listened {
    /// What was said, in its order; empty where nobody speaks.
    pub passages: Vec<Passage>,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

/// Why a recording was not heard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The cause lies in the recording.
    #[error("{0}")]
    Unreadable(String),
    /// Another time it may be heard.
    #[error("{0}")]
    NotNow(&'static str),
}

/// What a customer looks for in its files besides the built-in rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedFor {
    /// What is sensitive.
    pub rules: Vec<OwnRule>,
    /// What files are about.
    pub topics: Vec<OwnTopic>,
    /// What people call the file, where somebody said so.
    pub title: Option<String>,
}

/// What was read from a file. Title, author, text, summary and facts are the file's own words:
/// untrusted, but without control and bidi characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// MIME type by content.
    pub content_type: String,
    /// What it is for.
    pub category: Category,
    /// What the document calls itself.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The date on it.
    pub created_date: Option<Date>,
    /// Pages, slides or sheets.
    pub page_count: Option<u32>,
    /// Length of sound or moving pictures, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The language of its text, as BCP 47 writes it.
    pub language: Option<String>,
    /// What it says of itself beside its text.
    pub facts: Facts,
    /// Its text, up to the limit.
    pub text: String,
    /// One or two of its sentences.
    pub summary: Option<String>,
    /// What is sensitive in it, masked; `None` when its text could not be looked at.
    pub findings: Option<Vec<Finding>>,
    /// What speaks for which category.
    pub hints: Vec<Hint>,
    /// How reading went.
    pub extraction: Extraction,
    /// What kept it from being read lies outside the file: another time it may be read.
    pub may_read_again: bool,
}

/// What a file looks like, as JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    /// Its first page, to be read.
    pub page: Bytes,
    /// The same for lists.
    pub thumbnail: Bytes,
}

/// Why there are no pictures of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undrawn {
    /// In plain words.
    pub reason: String,
    /// What kept it from being drawn lies outside the file: another time it may be.
    pub may_draw_again: bool,
}

/// What came of a password.
#[derive(Debug, Clone)]
pub enum Tried {
    /// It fits.
    Opened {
        /// What was read.
        extracted: Box<Extracted>,
        /// What the rules say of what was behind it.
        inside: ScanVerdict,
    },
    /// It does not fit.
    Wrong,
    /// It could not be tried.
    Failed {
        /// In plain words.
        reason: String,
        /// What kept it from being tried lies outside the file: another time it may be.
        may_try_again: bool,
    },
}

/// How every JPEG file begins (ITU-T T.81, B.1.1.3: start of image, then a marker).
const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF];
const NO_PICTURE: &str = "no picture of it could be made";

/// Judges files: scanners, and readers behind processes with limits.
pub struct Inspector {
    workers: Arc<Workers>,
    scanners: Panel,
    /// Apart from the others: a recording takes minutes, and files of callers must not wait for it.
    listeners: Workers,
    settings: InspectorSettings,
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Inspector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Inspector {
    /// With the embedded scanner, and clamd where it is set.
    pub fn new(settings: InspectorSettings) -> Self {
        let start = Start {
            exe: settings.exe.clone(),
            concurrency: settings.concurrency,
            patience: settings.start_wall,
            keep_warm: settings.keep_warm,
            require_sandbox: settings.require_sandbox,
            rules: settings.rules.clone(),
            speech: settings.speech.clone(),
        };
        let listeners = Workers::new(Start { concurrency: 1, keep_warm: false, ..start.clone() });
        let workers = Arc::new(Workers::new(start));
        let embedded = EmbeddedScanner::new(Arc::clone(&workers), settings.scan_wall, &settings.rules, settings.locked_archives);
        let mut scanners: Vec<Arc<dyn Scanner>> = vec![Arc::new(embedded)];
        if let Some(clamd) = &settings.clamd {
            scanners.push(Arc::new(ClamdScanner::new(clamd.clone())));
        }
        // Less than what a scanner allows between two pieces: the one that dawdles is left, and the others go on.
        let scanners = Panel::new(scanners, settings.scan_wall.mul_f64(0.6));
        Self { workers, scanners, listeners, settings }
    }

    /// What workers give up on this system beside their limits; known once one has started.
    pub fn confinement(&self) -> Option<Confinement> {
        self.workers.confinement()
    }

    /// What one worker may use to read one file.
    pub const fn limits(&self) -> Limits {
        Limits { address_space: ADDRESS_SPACE, cpu_seconds: self.settings.extract_wall.as_secs().saturating_add(1), open_files: OPEN_FILES }
    }

    /// The strictest verdict of all scanners on bytes of any size; never `Pending`, and `Failed` when it could not
    /// be reached. The name's ending tells what the bytes claim to be.
    pub async fn scan(&self, name: &FileName, stream: ChunkStream) -> Scan {
        self.scanners.scan(name, stream).await
    }

    /// Whether every worker process that may have a file has one.
    pub fn is_busy(&self) -> bool {
        self.workers.is_busy()
    }

    /// What each scanner is now, by its kind; `None` for one that does not answer.
    pub async fn scanners(&self) -> Vec<(&'static str, Option<ScannerFacts>)> {
        self.scanners.all_facts().await
    }

    /// What all scanners are together, as verdicts carry it; `None` while one does not answer.
    pub async fn engine(&self) -> Option<ScannerFacts> {
        self.scanners.facts().await
    }

    /// Type, text and metadata, and what is sensitive in them and what they are about by the built-in rules and these. What cannot be read is said in
    /// `extraction`, never an error.
    pub async fn extract(&self, name: &FileName, stream: ChunkStream, by: LookedFor) -> Extracted {
        let setup = Setup { job: Job::Extract, limits: self.limits(), locked: LockedArchives::Note };
        let task = Task {
            max_read_bytes: self.settings.max_read_bytes,
            max_text_bytes: self.settings.max_text_bytes,
            rules: by.rules,
            topics: by.topics,
            title: by.title,
            ..Task::of(name)
        };
        let answer =
            self.workers.run(setup, &task, stream, self.settings.max_read_bytes.saturating_add(1), self.settings.extract_wall).await;
        if let Some(error) = &answer.error {
            tracing::info!(error = %error, "the text of a file could not be read");
        }
        assemble(name, answer)
    }

    /// What is sensitive in a text that was read before, and what speaks for which category; `None` when it could not be looked at.
    pub async fn look(&self, name: &FileName, known: KnownOfFile, text: ChunkStream, by: LookedFor) -> Option<(Vec<Finding>, Vec<Hint>)> {
        let max_read_bytes = self.settings.max_read_bytes;
        let LookedFor { rules, topics, title } = by;
        let task = Task { max_read_bytes, rules, topics, title, known: Some(known), ..Task::of(name) };
        let setup = Setup { job: Job::Look, limits: self.limits(), locked: LockedArchives::Note };
        let answer = self.workers.run(setup, &task, text, max_read_bytes, self.settings.extract_wall).await;
        if let Some(error) = &answer.error {
            tracing::info!(error = %error, "the text of a file could not be looked at again");
            return None;
        }
        answer.replies.into_iter().find_map(|reply| match reply {
            Reply::Looked(report) => Some((bounded_findings(report.findings), bounded_hints(report.hints))),
            _ => None,
        })
    }

    /// Tries a password at a file. What it opens is judged by the rules of the embedded scanner before it counts as read.
    pub async fn unlock(&self, name: &FileName, stream: ChunkStream, by: LookedFor, password: &Password) -> Tried {
        let setup = Setup { job: Job::Unlock, limits: self.limits(), locked: LockedArchives::Note };
        let task = Task {
            max_read_bytes: self.settings.max_read_bytes,
            max_text_bytes: self.settings.max_text_bytes,
            rules: by.rules,
            topics: by.topics,
            title: by.title,
            password: Some(Key::of(password)),
            ..Task::of(name)
        };
        let answer =
            self.workers.run(setup, &task, stream, self.settings.max_read_bytes.saturating_add(1), self.settings.extract_wall).await;
        if let Some(error) = &answer.error {
            tracing::info!(error = %error, "a password could not be tried");
        }
        tried(name, answer)
    }

    /// Whether files of this type are drawn.
    pub fn draws(content_type: &str) -> bool {
        preview::is_drawn(content_type)
    }

    /// Pictures of what it looks like.
    ///
    /// # Errors
    /// When it cannot be drawn, with the reason.
    pub async fn draw(&self, name: &FileName, stream: ChunkStream) -> Result<Pictures, Undrawn> {
        let wall = self.settings.draw_wall;
        let limits = Limits { address_space: ADDRESS_SPACE, cpu_seconds: wall.as_secs().saturating_add(1), open_files: OPEN_FILES };
        let max_read_bytes = self.settings.max_read_bytes;
        let task = Task { max_read_bytes, ..Task::of(name) };
        let answer = self
            .workers
            .run(Setup { job: Job::Draw, limits, locked: LockedArchives::Note }, &task, stream, max_read_bytes.saturating_add(1), wall)
            .await;
        if let Some(error) = &answer.error {
            tracing::info!(error = %error, "a file could not be drawn");
        }
        pictures(answer)
    }

    /// Whether recordings can be listened to.
    pub const fn listens(&self) -> bool {
        self.settings.speech.is_some()
    }

    /// What is said in a recording, with its times.
    ///
    /// # Errors
    /// When it holds no sound that can be read, or could not be heard now.
    pub async fn listen(&self, name: &FileName, stream: ChunkStream) -> Result<Listened, Unheard> {
        let wall = self.settings.listen_wall;
        let limits = Limits { address_space: LISTENING_SPACE, cpu_seconds: wall.as_secs(), open_files: OPEN_FILES };
        let task = Task { max_read_bytes: MAX_SOUND_BYTES, ..Task::of(name) };
        let answer = self
            .listeners
            .run(Setup { job: Job::Listen, limits, locked: LockedArchives::Note }, &task, stream, MAX_SOUND_BYTES, wall)
            .await;
        if let Some(error) = &answer.error {
            tracing::info!(error = %error, "a recording could not be heard");
        }
        heard(answer)
    }
}

/// What the worker says of a password. Only a whole answer opens anything: without a verdict nothing counts as read.
fn tried(name: &FileName, answer: Answer) -> Tried {
    let lock = answer.replies.iter().find_map(|reply| if let Reply::Lock(report) = reply { Some(report.clone()) } else { None });
    let scan = answer.replies.iter().find_map(|reply| if let Reply::Scan(report) = reply { Some(report.clone()) } else { None });
    let failed = |reason: &str, may_try_again| Tried::Failed { reason: clean_text(reason, 200), may_try_again };
    match (lock, scan, &answer.error) {
        (Some(LockReport::Opened), Some(ScanReport { status, findings }), None) => {
            let status = if matches!(status, ScanStatus::Infected | ScanStatus::Suspicious) { status } else { ScanStatus::Clean };
            let findings = findings.iter().take(100).map(|finding| clean_text(finding, 200)).collect();
            let inside = ScanVerdict { status, engine: "inside".to_owned(), findings };
            Tried::Opened { extracted: Box::new(assemble(name, answer)), inside }
        }
        (Some(LockReport::Wrong), _, None) => Tried::Wrong,
        (Some(LockReport::Failed(reason)), _, None) => failed(&reason, false),
        (_, _, error) => {
            let may_try_again = matches!(error, Some(WorkerError::Process(_) | WorkerError::Start | WorkerError::Source(_)));
            failed(error.as_ref().map_or("the file is damaged", why_failed), may_try_again)
        }
    }
}

/// What the worker drew, or why not.
fn pictures(answer: Answer) -> Result<Pictures, Undrawn> {
    let reply = answer.replies.into_iter().find_map(|reply| match reply {
        Reply::Drawn(report) => Some(Ok(report)),
        Reply::NotDrawn(reason) => Some(Err(reason)),
        Reply::Ready(_)
        | Reply::Scan(_)
        | Reply::Kind(_)
        | Reply::Reading(_)
        | Reply::Sheets(_)
        | Reply::Looked(_)
        | Reply::Lock(_)
        | Reply::Passage(_)
        | Reply::Heard(_) => None,
    });
    let decoded = |text: &str| BASE64.decode(text).ok().filter(|bytes| bytes.starts_with(JPEG)).map(Bytes::from);
    match (reply, answer.error) {
        (Some(Ok(report)), None) => match (decoded(&report.page), decoded(&report.thumbnail)) {
            (Some(page), Some(thumbnail)) => Ok(Pictures { page, thumbnail }),
            _ => Err(Undrawn { reason: NO_PICTURE.to_owned(), may_draw_again: false }),
        },
        (Some(Err(reason)), None) => Err(Undrawn { reason, may_draw_again: false }),
        (_, error) => {
            let may_draw_again = matches!(error, Some(WorkerError::Process(_) | WorkerError::Start | WorkerError::Source(_)));
            Err(Undrawn { reason: error.as_ref().map_or(NO_PICTURE, why_not_drawn).to_owned(), may_draw_again })
        }
    }
}

const fn why_not_drawn(error: &WorkerError) -> &'static str {
    match error {
        WorkerError::Process(_) | WorkerError::Start => "it could not be drawn just now",
        WorkerError::Unconfined => "this system cannot confine what would draw it",
        WorkerError::Source(_) => "its bytes could not be fetched from the store",
        WorkerError::TimedOut | WorkerError::Ended(Ending::Time) => "drawing it took too long",
        WorkerError::Ended(Ending::Memory) => "drawing it took too much memory",
        WorkerError::Ended(Ending::Depth | Ending::Broken) => "the file is damaged",
        WorkerError::Answer => NO_PICTURE,
    }
}

fn heard(answer: Answer) -> Result<Listened, Unheard> {
    if let Some(error) = &answer.error {
        return Err(match error {
            WorkerError::Ended(_) | WorkerError::TimedOut => Unheard::Unreadable(why_failed(error).to_owned()),
            _ => Unheard::NotNow(why_failed(error)),
        });
    }
    let mut passages = Vec::new();
    for reply in answer.replies {
        match reply {
            Reply::Passage(passage) => passages.push(passage),
            Reply::Heard(report) => {
                return report
                    .reason
                    .map_or(Ok(Listened { passages, duration_ms: report.duration_ms }), |reason| Err(Unheard::Unreadable(reason)));
            }
            _ => {}
        }
    }
    Err(Unheard::NotNow("it was not heard to its end"))
}

/// Joins what the worker said before and after it parsed deeply.
fn assemble(name: &FileName, answer: Answer) -> Extracted {
    let mut kind = None;
    let mut reading = None;
    let mut sheets = Facts::default();
    for reply in answer.replies {
        match reply {
            Reply::Kind(report) => kind = Some(report),
            Reply::Reading(report) => reading = Some(*report),
            Reply::Sheets(report) => sheets = *report,
            Reply::Ready(_)
            | Reply::Scan(_)
            | Reply::Looked(_)
            | Reply::Lock(_)
            | Reply::Drawn(_)
            | Reply::NotDrawn(_)
            | Reply::Passage(_)
            | Reply::Heard(_) => {}
        }
    }
    let KindReport { content_type, category } = kind.unwrap_or_else(|| {
        let kind = kind::by_extension(name.extension().as_deref());
        KindReport { content_type: kind.content_type, category: kind.category }
    });
    let may_read_again = matches!(answer.error, Some(WorkerError::Process(_) | WorkerError::Start | WorkerError::Source(_)));
    let reading = match (reading, answer.error) {
        // All of the bytes were read; what ended the worker came after.
        (Some(reading), None | Some(WorkerError::TimedOut | WorkerError::Ended(_))) => reading,
        (_, error) => Reading::without_text(ExtractionStatus::Failed, error.as_ref().map_or("the file is damaged", why_failed)),
    };
    let was_looked_at = matches!(reading.status, ExtractionStatus::Done | ExtractionStatus::Empty);
    let facts = Facts { sheets: sheets.sheets, more_sheets: sheets.more_sheets, ..reading.facts };
    let findings = was_looked_at.then(|| bounded_findings(reading.findings));
    // What was not read speaks by its name alone.
    let hints = if reading.hints.is_empty() { by_name(name.as_str(), category) } else { reading.hints };
    Extracted {
        hints: bounded_hints(hints),
        content_type,
        category,
        findings,
        title: reading.title,
        author: reading.author,
        created_date: reading.created_date,
        page_count: reading.page_count,
        duration_ms: reading.duration_ms,
        language: reading.language.as_deref().and_then(language_tag),
        facts: if was_looked_at { facts.bounded() } else { Facts::default() },
        text: reading.text,
        summary: reading.summary,
        extraction: Extraction { status: reading.status, reason: reading.reason },
        may_read_again,
    }
}

/// A worker that a hostile file has taken over says what it likes: what it says is kept short, and each rule once.
fn bounded_findings(findings: Vec<Finding>) -> Vec<Finding> {
    let bounded = |finding: Finding| Finding {
        rule: clean_text(&finding.rule, OwnRule::NAME),
        sample: clean_text(&finding.sample, Finding::SAMPLE),
        places: finding.places.into_iter().take(Finding::PLACES).collect(),
        ..finding
    };
    once_each(findings.into_iter().take(Finding::RULES).map(bounded))
}

/// The same of what speaks for categories, where no one counts more than a rule of ours could.
fn bounded_hints(hints: Vec<Hint>) -> Vec<Hint> {
    let bounded = |hint: Hint| Hint { rule: clean_text(&hint.rule, Hint::RULE), points: hint.points.min(Hint::HIGHEST), ..hint };
    hints.into_iter().take(Hint::MOST).map(bounded).collect()
}

/// The findings of each rule once.
fn once_each(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut seen = HashSet::new();
    findings.filter(|finding| seen.insert((finding.kind, finding.rule.clone()))).collect()
}

const fn why_failed(error: &WorkerError) -> &'static str {
    match error {
        WorkerError::Process(_) | WorkerError::Start | WorkerError::Answer => "it could not be read just now",
        WorkerError::Unconfined => "this system cannot confine what would read it",
        WorkerError::Source(_) => "its bytes could not be fetched from the store",
        WorkerError::TimedOut | WorkerError::Ended(Ending::Time) => "reading it took too long",
        WorkerError::Ended(Ending::Memory) => "reading it took too much memory",
        WorkerError::Ended(Ending::Depth | Ending::Broken) => "the file is damaged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_survives_a_worker_that_dies_while_reading() {
        let name = FileName::parse("report.bin").unwrap();
        let kind = KindReport { content_type: "application/pdf".to_owned(), category: Category::Document };
        let answer = Answer { replies: vec![Reply::Kind(kind)], error: Some(WorkerError::Ended(Ending::Memory)) };
        let extracted = assemble(&name, answer);
        assert_eq!((extracted.content_type.as_str(), extracted.category), ("application/pdf", Category::Document));
        assert_eq!(extracted.extraction.status, ExtractionStatus::Failed);
        assert_eq!(extracted.extraction.reason.as_deref(), Some("reading it took too much memory"));
    }

    #[test]
    fn what_broke_outside_the_file_may_be_read_another_time() {
        let name = FileName::parse("budget.xlsx").unwrap();
        let read_again = |error| assemble(&name, Answer { replies: Vec::new(), error: Some(error) }).may_read_again;
        assert!(read_again(WorkerError::Source(std::io::Error::other("the store went away"))));
        assert!(read_again(WorkerError::Start));
        assert!(!read_again(WorkerError::TimedOut));
        assert!(!read_again(WorkerError::Ended(Ending::Memory)));
    }

    #[test]
    fn what_was_read_stands_when_its_sheets_end_the_worker() {
        let name = FileName::parse("budget.xls").unwrap();
        let mut reading = Reading::without_text(ExtractionStatus::Done, "");
        reading.text = "Travel, 1200".to_owned();
        let read = |error| assemble(&name, Answer { replies: vec![Reply::Reading(Box::new(reading.clone()))], error: Some(error) });
        for error in [WorkerError::TimedOut, WorkerError::Ended(Ending::Memory), WorkerError::Ended(Ending::Broken)] {
            assert_eq!(read(error).text, "Travel, 1200");
        }
        let cut = read(WorkerError::Source(std::io::Error::other("the store went away")));
        assert_eq!((cut.text.as_str(), cut.may_read_again), ("", true));
    }

    #[test]
    fn without_any_answer_the_ending_of_the_name_gives_the_type() {
        let name = FileName::parse("budget.xlsx").unwrap();
        let extracted = assemble(&name, Answer { replies: Vec::new(), error: Some(WorkerError::TimedOut) });
        assert_eq!(extracted.category, Category::Spreadsheet);
        assert_eq!(extracted.extraction.reason.as_deref(), Some("reading it took too long"));
    }
}
