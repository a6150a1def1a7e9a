//! What the workers may do with a file: read it for inspection, store the verdict, admit it.

use bytes::Bytes;

use super::errand::Errand;
use super::moving::Goal;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::{Admission, Job, JobKind, JobState, Judgement, Pick, Putback};
use crate::domain::{
    AuditEntry, Category, ChunkStream, Extraction, ExtractionStatus, Facts, FileName, FileRecord, FileStatus, Finding, Hint, ScanStatus,
    ScanVerdict, Timestamp, Unlock, clean_text,
};

/// A file at the version a job is about.
pub struct UnderInspection {
    /// The file.
    pub file: FileRecord,
}

/// What was read from the bytes of a clean file.
#[derive(Debug, Clone)]
pub struct Understood {
    /// MIME type by content.
    pub content_type: String,
    /// What it is for.
    pub category: Category,
    /// Title in the document.
    pub title: Option<String>,
    /// Author in the document.
    pub author: Option<String>,
    /// Date in the document.
    pub created_date: Option<jiff::civil::Date>,
    /// Pages, slides, sheets.
    pub page_count: Option<u32>,
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// The language of its text.
    pub language: Option<String>,
    /// What it says of itself; untrusted.
    pub facts: Facts,
    /// The whole text; untrusted.
    pub text: String,
    /// Extractive summary; untrusted.
    pub summary: Option<String>,
    /// What is sensitive in it; `None` when nobody could look.
    pub findings: Option<Vec<Finding>>,
    /// What speaks for which category.
    pub hints: Vec<Hint>,
    /// How reading went.
    pub extraction: Extraction,
    /// The stages that come now.
    pub follow_ups: Vec<JobKind>,
}

const EXCERPT_CHARS: usize = 600;

/// The first words of a text, without the marks of its headings.
fn excerpt(text: &str) -> String {
    let mut words = String::new();
    for line in text.lines() {
        if words.chars().count() > EXCERPT_CHARS {
            break;
        }
        let marks = line.bytes().take_while(|byte| *byte == b'#').count();
        let rest = line.get(marks..).filter(|rest| (1..=6).contains(&marks) && rest.starts_with(' '));
        words.push_str(rest.map_or(line, str::trim_start));
        words.push('\n');
    }
    clean_text(&words, EXCERPT_CHARS)
}

/// Whether a file waits for this stage.
const fn waits_for(kind: JobKind, file: &FileRecord) -> bool {
    match kind {
        JobKind::Scan => matches!(file.status, FileStatus::Scanning),
        JobKind::Read => matches!(file.status, FileStatus::Processing),
        JobKind::Preview | JobKind::Transcribe => matches!(file.status, FileStatus::Active),
        JobKind::Unlock => matches!((file.status, file.unlock), (FileStatus::Active, Some(Unlock::Trying))),
    }
}

impl Files {
    /// Waits until a file has arrived in this process.
    pub async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    /// The most urgent job that is due, leased for `seconds`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn lease_job(&self, seconds: i64) -> Result<Option<Job>, FilesError> {
        self.lease_picked(Pick::MostUrgent, seconds).await
    }

    /// A job that is due, leased for `seconds`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn lease_picked(&self, pick: Pick, seconds: i64) -> Result<Option<Job>, FilesError> {
        let until = self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        Ok(self.0.catalog.lease_job(until, pick).await?)
    }

    /// Takes over what a server that was cut off held: jobs go back into the queue, and requests that
    /// were never answered may be repeated under their keys. To be called before anything is served,
    /// by a process that has the data folder to itself.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn take_over(&self) -> Result<u64, FilesError> {
        Ok(self.0.catalog.take_over().await?)
    }

    /// Keeps a leased job for `seconds` from now.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn renew_job(&self, job: &Job, seconds: i64) -> Result<(), FilesError> {
        let until = self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        Ok(self.0.catalog.renew_job(job, until).await?)
    }

    /// Puts a job back for `seconds`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn retry_job(&self, job: &Job, seconds: i64, error: &str, putback: Putback) -> Result<(), FilesError> {
        let at = self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        Ok(self.0.catalog.retry_job(job, at, error, putback).await?)
    }

    /// Ends a job that failed for good; the file stays in the state it is in.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn give_up_job(&self, job: &Job, error: &str) -> Result<(), FilesError> {
        let entry =
            AuditEntry { version: Some(job.version), reason: Some(error.to_owned()), ..Self::worker_entry("inspect", "gave_up", job.file) };
        Ok(self.0.catalog.close_job(job, JobState::GivenUp, Some(error), &entry).await?)
    }

    /// The file of a job, when there is still something to do for it; else the job is closed.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn under_inspection(&self, job: &Job) -> Result<Option<UnderInspection>, FilesError> {
        let file = self.0.catalog.file(job.customer, job.file).await?;
        match file {
            Some(file) if file.version == job.version && waits_for(job.kind, &file) && !self.is_drawn(job.kind, &file).await? => {
                Ok(Some(UnderInspection { file }))
            }
            _ => {
                let entry = AuditEntry { version: Some(job.version), ..Self::worker_entry("inspect", "nothing_to_do", job.file) };
                self.0.catalog.close_job(job, JobState::Done, None, &entry).await?;
                Ok(None)
            }
        }
    }

    /// The bytes of a file under inspection. The only way to bytes that no verdict has cleared.
    ///
    /// # Errors
    /// `NotFound` when they are gone; else when catalog or store do not answer.
    pub async fn open_for_inspection(&self, under: &UnderInspection) -> Result<(FileName, ChunkStream), FilesError> {
        let file = &under.file;
        let blob = self.blob_of(file).await?;
        // A verdict is about the bytes whose checksum the catalog has, or there is none.
        Ok((file.name.clone(), self.open_blob(Errand::of_worker(file.customer), &blob).await?.stream))
    }

    /// Stores the scanner's verdict, or the store's own scanner's where that is stricter; harmful bytes move where nobody reads.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn judge(&self, job: &Job, under: &UnderInspection, verdict: &ScanVerdict) -> Result<FileStatus, FilesError> {
        let file = &under.file;
        let blob = self.blob_of(file).await?;
        let strictest = self.strictest(file.customer, &blob, verdict).await?;
        let verdict = &self.unless_released(file.customer, &file.checksum, strictest).await?;
        let harmful = matches!(verdict.status, ScanStatus::Infected | ScanStatus::Suspicious);
        let moved = if harmful { self.move_on(file.customer, &blob, Goal::Quarantine).await? } else { None };
        let entry = AuditEntry {
            version: Some(job.version),
            content_hash: Some(file.checksum.hex()),
            reason: (!verdict.findings.is_empty()).then(|| verdict.findings.join(", ")),
            ..Self::worker_entry("scan", verdict.status.as_str(), file.id)
        };
        let judgement = Judgement { verdict, moved: moved.as_ref().map(|(moved, _)| moved.clone()) };
        let status = self.0.catalog.judge(job, &judgement, &entry).await?;
        self.leave(file.customer, moved).await;
        self.0.changed.notify_waiters();
        Ok(status)
    }

    /// Makes a clean file active with what was read from it. What its sender said outranks what was read.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn admit(&self, job: &Job, under: &UnderInspection, understood: &Understood) -> Result<(), FilesError> {
        let file = &under.file;
        let blob = self.blob_of(file).await?;
        let admission = self.admission(file, understood).await?;
        let moved = self.move_on(file.customer, &blob, Goal::Document(admission.category)).await?;
        let text_key = if understood.text.is_empty() {
            None
        } else {
            let key = ObjectKey::text(file.customer, file.blob);
            self.store(Errand::of_worker(file.customer)).await?.put_bytes(&key, Bytes::from(understood.text.clone())).await?;
            Some(key.as_str().to_owned())
        };
        let admission = Admission { text_key, moved: moved.as_ref().map(|(moved, _)| moved.clone()), ..admission };
        let entry = AuditEntry {
            version: Some(job.version),
            content_hash: Some(file.checksum.hex()),
            reason: understood.extraction.reason.clone(),
            ..Self::worker_entry("admit", "done", file.id)
        };
        self.0.catalog.admit(job, &admission, &entry).await?;
        self.leave(file.customer, moved).await;
        self.0.changed.notify_waiters();
        Ok(())
    }

    /// What is kept of what was read of a file, before anything of it moved. What its sender said outranks what was read.
    pub(super) async fn admission(&self, file: &FileRecord, understood: &Understood) -> Result<Admission, FilesError> {
        let given = self.0.catalog.given(file.customer, file.id).await?.unwrap_or_default();
        let read = |text: &Option<String>, max| text.as_deref().map(|text| clean_text(text, max)).filter(|text| !text.is_empty());
        let author = given.author.or_else(|| read(&understood.author, 120));
        Ok(Admission {
            title: given.title.or_else(|| read(&understood.title, 200)).unwrap_or_else(|| file.name.stem().to_owned()),
            sorted: self.sorted(file, author.as_deref(), &understood.hints).await?,
            author,
            tags: given.tags,
            category: given.category.unwrap_or(understood.category),
            created_date: given.created_date.or(understood.created_date),
            content_type: understood.content_type.clone(),
            extraction: understood.extraction.clone(),
            excerpt: Some(excerpt(&understood.text)).filter(|text| !text.is_empty()),
            summary: read(&understood.summary, 400),
            page_count: understood.page_count,
            duration_ms: understood.duration_ms,
            language: understood.language.clone(),
            facts: understood.facts.clone(),
            found: self.level_by(file.customer, understood.findings.as_deref().unwrap_or_default()).await?,
            findings: understood.findings.clone(),
            text_key: None,
            moved: None,
            follow_ups: understood.follow_ups.clone(),
        })
    }

    /// Makes a clean file active that could not be read for good: without text, and saying why.
    ///
    /// # Errors
    /// `Conflict` when the file has moved on; else when catalog or store do not answer.
    pub async fn admit_unread(&self, job: &Job, under: &UnderInspection, reason: &str) -> Result<(), FilesError> {
        let file = &under.file;
        let unread = Understood {
            content_type: file.content_type.clone(),
            category: file.category,
            title: None,
            author: None,
            created_date: None,
            page_count: None,
            duration_ms: None,
            language: None,
            facts: Facts::default(),
            text: String::new(),
            summary: None,
            findings: None,
            hints: Vec::new(),
            extraction: Extraction { status: ExtractionStatus::Failed, reason: Some(reason.to_owned()) },
            follow_ups: Vec::new(),
        };
        self.admit(job, under, &unread).await
    }

    /// Jobs of the customer that are not finished, for a progress bar.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn open_jobs(&self, customer: crate::domain::CustomerId) -> Result<u64, FilesError> {
        Ok(self.0.catalog.open_jobs(customer).await?)
    }
}
