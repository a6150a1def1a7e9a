//! Files being judged and admitted, by the worker that holds their job.

use jiff::civil::Date;

use super::collect::{Move, relocate};
use super::events::{alarm, tell};
use super::files::{file_in, touch};
use super::jobs::{Job, JobKind, JobState, follow_up, hold_job, leave_job};
use super::priority::Priority;
use super::rows::{RowRef, as_i64, list_json, micros};
use super::sensitivity::keep_findings;
use super::session::Tx;
use super::topics::keep_sorted;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{
    AuditEntry, BlobId, Category, Classification, CustomerId, Extraction, Facts, FileEvent, FileId, FileRecord, FileStatus, Finding, JobId,
    ScanStatus, ScanVerdict, Sorted, Timestamp, Unlock,
};

/// The scanner's judgement of a file, with where its bytes lie from now on.
#[derive(Debug)]
pub struct Judgement<'a> {
    /// The verdict.
    pub verdict: &'a ScanVerdict,
    /// Where the bytes went, when they moved.
    pub moved: Option<Move>,
}

/// What was read from a clean file.
#[derive(Debug)]
pub struct Admission {
    /// What people call it.
    pub title: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words.
    pub tags: Vec<String>,
    /// What it is for.
    pub category: Category,
    /// The date on it.
    pub created_date: Option<Date>,
    /// MIME type by content.
    pub content_type: String,
    /// How reading went.
    pub extraction: Extraction,
    /// First words.
    pub excerpt: Option<String>,
    /// Extractive summary.
    pub summary: Option<String>,
    /// Pages, slides, sheets.
    pub page_count: Option<u32>,
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// The language of its text.
    pub language: Option<String>,
    /// What it says of itself.
    pub facts: Facts,
    /// What is sensitive in it; `None` when nobody could look.
    pub findings: Option<Vec<Finding>>,
    /// How sensitive that makes it.
    pub found: Classification,
    /// Which category the rules say it has.
    pub sorted: Sorted,
    /// Where the text lies.
    pub text_key: Option<String>,
    /// Where the bytes went, when they moved.
    pub moved: Option<Move>,
    /// The stages that come now that it is here.
    pub follow_ups: Vec<JobKind>,
}

/// What a file was found to hold, and how sensitive that makes it.
#[derive(Debug)]
pub struct Looked {
    /// What was found.
    pub findings: Vec<Finding>,
    /// The level that it means.
    pub level: Classification,
}

/// What was heard in a recording.
#[derive(Debug)]
pub struct Transcription {
    /// How it went.
    pub extraction: Extraction,
    /// First words.
    pub excerpt: Option<String>,
    /// Extractive summary.
    pub summary: Option<String>,
    /// What is sensitive in the recording, its words with it; `None` leaves what was found before.
    pub looked: Option<Looked>,
    /// Length in milliseconds, when it was heard.
    pub duration_ms: Option<u64>,
    /// Where the text lies, when there is any.
    pub text_key: Option<String>,
}

/// What came of drawing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawing {
    /// Pictures of it lie where they belong.
    Made,
    /// It cannot be drawn, and why.
    Never(String),
}

/// The file of a job, at the version the job is about.
pub(super) async fn file_at(tx: &mut Tx, job: &Job) -> Result<FileRecord, CatalogError> {
    let record = file_in(tx, job.customer, job.file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
    if record.version == job.version { Ok(record) } else { Err(CatalogError::Conflict("a newer version of the file has arrived")) }
}

pub(super) async fn set_status(tx: &mut Tx, customer: CustomerId, file: FileId, status: FileStatus) -> Result<(), CatalogError> {
    sql::query("UPDATE files SET status = $3 WHERE customer_id = $1 AND id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(status.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// The customer's files that now stand for these bytes.
pub(super) async fn files_of_blob(tx: &mut Tx, customer: CustomerId, blob: BlobId) -> Result<Vec<(FileId, FileStatus)>, CatalogError> {
    let rows: Vec<(String, String)> = sql::query("SELECT id, status FROM files WHERE customer_id = $1 AND blob_id = $2 ORDER BY id")
        .bind(customer.to_string())
        .bind(blob.to_string())
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|(id, status)| {
            let row = RowRef { table: "files", id };
            Ok((row.parsed(id)?, row.known(FileStatus::parse(status))?))
        })
        .collect()
}

/// Closes every file of the customer that stands for harmful bytes, and tells who is to know.
pub(super) async fn close_all(tx: &mut Tx, customer: CustomerId, blob: BlobId, now: Timestamp) -> Result<(), CatalogError> {
    for (file, status) in files_of_blob(tx, customer, blob).await? {
        if let Ok(next) = status.to(FileStatus::Quarantined) {
            set_status(tx, customer, file, next).await?;
            tell(tx, customer, file, &[FileEvent::Scanned, FileEvent::Quarantined], now).await?;
            alarm(tx, customer, file, now).await?;
        }
        touch(tx, customer, file, now).await?;
    }
    Ok(())
}

/// Makes a file active with what was read from it, and keeps what is sensitive in it.
pub(super) async fn keep_reading(
    tx: &mut Tx,
    record: &FileRecord,
    admission: &Admission,
    unlock: Option<Unlock>,
) -> Result<(), CatalogError> {
    let facts = (!admission.facts.is_empty()).then(|| serde_json::to_string(&admission.facts)).transpose();
    let facts = facts.map_err(|_| CatalogError::Conflict("what the file says of itself cannot be kept"))?;
    sql::query(
        "UPDATE files SET title = $3, author = $4, tags = $5, category = $6, created_date = $7, content_type = $8, status = $9, \
         extraction_status = $10, extraction_reason = $11, excerpt = $12, summary = $13, page_count = $14, duration_ms = $15, \
         unlock = $16, language = $17, facts = $18 WHERE customer_id = $1 AND id = $2",
    )
    .bind(record.customer.to_string())
    .bind(record.id.to_string())
    .bind(&admission.title)
    .bind(&admission.author)
    .bind(list_json(&admission.tags))
    .bind(admission.category.as_str())
    .bind(admission.created_date.map(|date| date.to_string()))
    .bind(&admission.content_type)
    .bind(FileStatus::Active.as_str())
    .bind(admission.extraction.status.as_str())
    .bind(&admission.extraction.reason)
    .bind(&admission.excerpt)
    .bind(&admission.summary)
    .bind(admission.page_count.map(i64::from))
    .bind(admission.duration_ms.map(as_i64))
    .bind(unlock.map(Unlock::as_str))
    .bind(&admission.language)
    .bind(&facts)
    .execute(tx)
    .await?;
    keep_findings(tx, record, admission.findings.as_deref(), admission.found).await?;
    keep_sorted(tx, record, Some(&admission.sorted)).await
}

impl Catalog {
    /// Stores the scanner's verdict and gives the state the file is in then.
    ///
    /// A clean file goes on to `processing`: its scan is done, and its reading waits. Harmful bytes take every file of the customer that stands
    /// for them into quarantine, and the job is done. When the scanner could not finish, the file stays
    /// where it is, and an earlier verdict on the same bytes stays too.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken the job over or the file has moved on meanwhile; else
    /// when it could not be committed.
    pub async fn judge(&self, job: &Job, judgement: &Judgement<'_>, entry: &AuditEntry) -> Result<FileStatus, CatalogError> {
        let (customer, verdict) = (job.customer, judgement.verdict);
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            hold_job(&mut tx, job).await?;
            if job.kind != JobKind::Scan {
                return Err(CatalogError::Conflict("only a scan ends with a verdict"));
            }
            let record = file_at(&mut tx, job).await?;
            let known = match verdict.status {
                ScanStatus::Clean | ScanStatus::Infected | ScanStatus::Suspicious => verdict.status,
                ScanStatus::Failed | ScanStatus::Pending if record.scan == ScanStatus::Pending => ScanStatus::Failed,
                ScanStatus::Failed | ScanStatus::Pending => record.scan,
            };
            if known == verdict.status {
                sql::query(
                    "UPDATE blobs SET scan_status = $3, scan_engine = $4, scan_findings = $5, scanned_at = $6, scanned_as = $7 \
                     WHERE customer_id = $1 AND id = $2",
                )
                .bind(customer.to_string())
                .bind(record.blob.to_string())
                .bind(known.as_str())
                .bind(&verdict.engine)
                .bind(list_json(&verdict.findings))
                .bind(micros(now))
                .bind(record.name.as_str())
                .execute(&mut tx)
                .await?;
                if let Some(moved) = &judgement.moved {
                    relocate(&mut tx, customer, record.blob, moved, now).await?;
                }
            }
            let status = match verdict.status {
                ScanStatus::Clean => {
                    // Nothing leaves quarantine this way.
                    if record.status != FileStatus::Scanning {
                        return Err(CatalogError::Conflict("the file is not waiting for a verdict"));
                    }
                    leave_job(&mut tx, job, JobState::Done, None, None).await?;
                    let next = JobId::new(self.clock(), self.entropy());
                    follow_up(&mut tx, job, next, JobKind::Read, job.priority).await?;
                    set_status(&mut tx, customer, job.file, FileStatus::Processing).await?;
                    touch(&mut tx, customer, job.file, now).await?;
                    tell(&mut tx, customer, job.file, &[FileEvent::Scanned], now).await?;
                    FileStatus::Processing
                }
                ScanStatus::Infected | ScanStatus::Suspicious => {
                    leave_job(&mut tx, job, JobState::Done, None, None).await?;
                    close_all(&mut tx, customer, record.blob, now).await?;
                    record.status.to(FileStatus::Quarantined).unwrap_or(record.status)
                }
                ScanStatus::Failed | ScanStatus::Pending => {
                    touch(&mut tx, customer, job.file, now).await?;
                    tell(&mut tx, customer, job.file, &[FileEvent::Scanned], now).await?;
                    record.status
                }
            };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(status)
        })
        .await
    }

    /// Makes a clean file `active` with what was read from it, and finishes its reading.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken the job over or the file has moved on meanwhile; else
    /// when it could not be committed.
    pub async fn admit(&self, job: &Job, admission: &Admission, entry: &AuditEntry) -> Result<(), CatalogError> {
        let (customer, file) = (job.customer, job.file);
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            leave_job(&mut tx, job, JobState::Done, None, None).await?;
            let record = file_at(&mut tx, job).await?;
            if record.scan != ScanStatus::Clean {
                return Err(CatalogError::Conflict("this version was not found clean"));
            }
            // Not every state that leads to `active`: a file that was deleted meanwhile stays deleted.
            if record.status != FileStatus::Processing {
                return Err(CatalogError::Conflict("the file is not being processed"));
            }
            keep_reading(&mut tx, &record, admission, None).await?;
            sql::query("UPDATE blobs SET text_key = $3 WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(record.blob.to_string())
                .bind(&admission.text_key)
                .execute(&mut tx)
                .await?;
            if let Some(moved) = &admission.moved {
                relocate(&mut tx, customer, record.blob, moved, now).await?;
            }
            touch(&mut tx, customer, file, now).await?;
            for kind in &admission.follow_ups {
                let next = JobId::new(self.clock(), self.entropy());
                let priority = if *kind == JobKind::Transcribe { Priority::Long } else { job.priority.afterwards() };
                follow_up(&mut tx, job, next, *kind, priority).await?;
            }
            tell(&mut tx, customer, file, &[FileEvent::Read, FileEvent::Active], now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Stores what was heard in an active recording, and finishes that stage.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken the job over or the file has moved on meanwhile; else
    /// when it could not be committed.
    pub async fn transcribed(&self, job: &Job, heard: &Transcription, entry: &AuditEntry) -> Result<(), CatalogError> {
        let (customer, file) = (job.customer, job.file);
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            leave_job(&mut tx, job, JobState::Done, None, None).await?;
            let record = file_at(&mut tx, job).await?;
            if job.kind != JobKind::Transcribe || record.status != FileStatus::Active || record.scan != ScanStatus::Clean {
                return Err(CatalogError::Conflict("the file is not to be listened to"));
            }
            sql::query(
                "UPDATE files SET extraction_status = $3, extraction_reason = $4, excerpt = COALESCE($5, excerpt), \
                 summary = COALESCE($6, summary), duration_ms = COALESCE(duration_ms, $7) WHERE customer_id = $1 AND id = $2",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(heard.extraction.status.as_str())
            .bind(&heard.extraction.reason)
            .bind(&heard.excerpt)
            .bind(&heard.summary)
            .bind(heard.duration_ms.map(as_i64))
            .execute(&mut tx)
            .await?;
            sql::query("UPDATE blobs SET text_key = COALESCE($3, text_key) WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(record.blob.to_string())
                .bind(&heard.text_key)
                .execute(&mut tx)
                .await?;
            if let Some(looked) = &heard.looked {
                keep_findings(&mut tx, &record, Some(&looked.findings), looked.level).await?;
            }
            touch(&mut tx, customer, file, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Ends the drawing of a file with what came of it. It holds for every file of the same bytes.
    ///
    /// # Errors
    /// `Conflict` when another worker has taken the job over, the file has moved on meanwhile, or it may not be
    /// shown; else when it could not be committed.
    pub async fn drawn(&self, job: &Job, drawing: &Drawing, entry: &AuditEntry) -> Result<(), CatalogError> {
        let customer = job.customer;
        let (known, end, reason) = match drawing {
            Drawing::Made => ("made", JobState::Done, None),
            Drawing::Never(reason) => ("none", JobState::GivenUp, Some(reason.as_str())),
        };
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            leave_job(&mut tx, job, end, None, reason).await?;
            let record = file_at(&mut tx, job).await?;
            if job.kind != JobKind::Preview || record.status != FileStatus::Active || record.scan != ScanStatus::Clean {
                return Err(CatalogError::Conflict("the file is not to be shown"));
            }
            sql::query("UPDATE blobs SET preview = $3, preview_reason = $4 WHERE customer_id = $1 AND id = $2")
                .bind(customer.to_string())
                .bind(record.blob.to_string())
                .bind(known)
                .bind(reason)
                .execute(&mut tx)
                .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
