//! The JSON of a file, as every endpoint gives it. Its names are a contract.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::api::problem::Problem;
use crate::domain::{
    Category, Classification, CustomerId, Day, Extraction, Facts, FileId, FileStatus, FindingCount, HintPart, Instant, PersonId, RunnerUp,
    ScanStatus, Sorted, Timestamp, Topic, TopicSaid, Unlock,
};
use crate::files::{FileView, JobState, StageRecord, VersionRecord, VersionView};

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "File")]
pub(super) struct FileJson {
    pub id: FileId,
    customer_id: CustomerId,
    original_name: String,
    stored_path: String,
    content_type: String,
    size_bytes: u64,
    checksum: String,
    metadata: Metadata,
    access: AccessJson,
    relations: Vec<Relation>,
    collections: Vec<String>,
    lifecycle: Lifecycle,
    /// What happens to its present version, step by step.
    stages: Vec<StageJson>,
}

impl FileJson {
    /// The answer to whoever made the file: the file, and where it is.
    pub fn made(self) -> Result<Response, Problem> {
        let location = HeaderValue::from_str(&format!("/v1/files/{}", self.id)).map_err(|_| Problem::internal())?;
        Ok((StatusCode::CREATED, [(LOCATION, location)], Json(self)).into_response())
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileMetadata")]
struct Metadata {
    title: String,
    author: Option<String>,
    #[schemars(with = "Option<Day>")]
    created_date: Option<Date>,
    tags: Vec<String>,
    /// What kind of file it is.
    kind: Category,
    /// By which word it is sorted: what somebody said, else what the rules say.
    category: Topic,
    /// How it came to that word.
    categorised: Categorised,
    /// The first words; untrusted.
    extracted_text: Option<String>,
    page_count: Option<u32>,
    duration_ms: Option<u64>,
    /// The language of its text, as BCP 47 writes it; `null` when unsure.
    language: Option<String>,
    /// What it says of itself beside its text; untrusted.
    facts: Facts,
    extraction: Extraction,
    /// What came of the last password that was given for it; `opened` is read, and its bytes are still locked.
    unlock: Option<Unlock>,
    /// How sensitive it is.
    classification: Classification,
    /// What was found in it, by type; `null` where its text could not be looked at.
    findings: Option<Vec<FindingCount>>,
}

/// How a file came to its category.
#[derive(Debug, Serialize, JsonSchema)]
struct Categorised {
    /// What the rules say; `null` until it has been read.
    found: Option<FoundCategory>,
    /// What somebody said; `null` where nobody did.
    said: Option<SaidCategory>,
}

/// What the rules say of a file.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundCategory {
    category: Topic,
    /// How sure, from 0 to 1.
    score: f64,
    /// What speaks for it, the weightiest first.
    reasons: Vec<CategoryReason>,
    /// What it might be otherwise; `null` where that is most unlikely.
    runner_up: Option<OtherCategory>,
}

/// One thing that speaks for a category.
#[derive(Debug, Serialize, JsonSchema)]
struct CategoryReason {
    part: HintPart,
    /// Which rule: never what stands in the file.
    rule: String,
    points: f64,
}

/// A category that a file might have.
#[derive(Debug, Serialize, JsonSchema)]
struct OtherCategory {
    category: Topic,
    score: f64,
}

/// What somebody said a file is.
#[derive(Debug, Serialize, JsonSchema)]
struct SaidCategory {
    category: Topic,
    by: String,
    #[schemars(with = "Instant")]
    at: Timestamp,
}

impl From<Sorted> for FoundCategory {
    fn from(sorted: Sorted) -> Self {
        let reasons = sorted.reasons.into_iter();
        Self {
            category: sorted.topic,
            score: f64::from(sorted.score) / 100.0,
            reasons: reasons
                .map(|hint| CategoryReason { part: hint.part, rule: hint.rule, points: f64::from(hint.points) / 10.0 })
                .collect(),
            runner_up: sorted.runner_up.map(|RunnerUp { topic, score }| OtherCategory { category: topic, score: f64::from(score) / 100.0 }),
        }
    }
}

impl From<TopicSaid> for SaidCategory {
    fn from(said: TopicSaid) -> Self {
        Self { category: said.topic, by: said.by, at: said.at }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileAccess")]
struct AccessJson {
    /// `null` for files of the customer as a whole.
    owner: Option<PersonId>,
    shared_with: Vec<PersonId>,
    /// Files are never public: always `null`.
    public_url: Option<String>,
    presigned_url: Option<String>,
    /// When `presigned_url` ends.
    #[schemars(with = "Option<Instant>")]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileRelation")]
struct Relation {
    kind: String,
    file: FileId,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileLifecycle")]
struct Lifecycle {
    status: FileStatus,
    version: u32,
    #[schemars(with = "Option<Instant>")]
    retention_until: Option<Timestamp>,
    compliance_hold: bool,
    scan_status: ScanStatus,
    #[schemars(with = "Option<Instant>")]
    last_accessed: Option<Timestamp>,
}

/// A step on the way of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FileStage")]
struct StageJson {
    name: &'static str,
    state: StageState,
    /// How often it was tried, not counting tries that failed because something outside the file was away.
    attempts: u32,
    /// Why it failed, or is tried again.
    reason: Option<String>,
}

/// How far a step is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StageState {
    /// Its turn comes, or comes again.
    Waiting,
    /// Somebody works on it.
    Running,
    /// Over, and as it should be.
    Done,
    /// Over: it failed for good.
    Failed,
}

impl From<StageRecord> for StageJson {
    fn from(record: StageRecord) -> Self {
        let state = match record.state {
            JobState::Ready => StageState::Waiting,
            JobState::Leased => StageState::Running,
            JobState::Done => StageState::Done,
            JobState::GivenUp => StageState::Failed,
        };
        Self { name: record.kind.as_str(), state, attempts: record.tries, reason: record.reason }
    }
}

impl From<FileView> for FileJson {
    fn from(view: FileView) -> Self {
        let FileView { file, stored_path, owner, shared_with, stages } = view;
        Self {
            id: file.id,
            customer_id: file.customer,
            original_name: file.name.as_str().to_owned(),
            stored_path,
            content_type: file.content_type,
            size_bytes: file.size,
            checksum: file.checksum.to_string(),
            metadata: Metadata {
                title: file.title,
                author: file.author,
                created_date: file.created_date,
                tags: file.tags,
                kind: file.category,
                category: file.topic,
                categorised: Categorised { found: file.sorted.map(Into::into), said: file.topic_said.map(Into::into) },
                extracted_text: file.excerpt,
                page_count: file.page_count,
                duration_ms: file.duration_ms,
                language: file.language,
                facts: file.facts,
                extraction: file.extraction,
                unlock: file.unlock,
                classification: file.classification,
                findings: file.findings,
            },
            access: AccessJson {
                owner: owner.map(|person| person.id),
                shared_with: shared_with.into_iter().map(|person| person.id).collect(),
                public_url: None,
                presigned_url: None,
                expires_at: None,
            },
            relations: Vec::new(),
            collections: Vec::new(),
            lifecycle: Lifecycle {
                status: file.status,
                version: file.version,
                retention_until: file.retention_until,
                compliance_hold: file.hold,
                scan_status: file.scan,
                last_accessed: file.last_accessed,
            },
            stages: stages.into_iter().map(StageJson::from).collect(),
        }
    }
}

impl FileJson {
    /// With the address of its bytes, made at `now`.
    pub(super) fn with_url(mut self, url: String, now: Timestamp) -> Self {
        self.access.expires_at = lifetime(&url).and_then(|life| now.saturating_add(life).ok());
        self.access.presigned_url = Some(url);
        self
    }
}

/// How long a presigned address lives, as it says itself (AWS Signature Version 4, `X-Amz-Expires`).
fn lifetime(url: &str) -> Option<SignedDuration> {
    let url = Url::parse(url).ok()?;
    let (_, seconds) = url.query_pairs().find(|(name, _)| name == "X-Amz-Expires")?;
    Some(SignedDuration::from_secs(seconds.parse().ok()?))
}

/// One version of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Version")]
pub(super) struct VersionJson {
    version: u32,
    is_current: bool,
    original_name: String,
    size_bytes: u64,
    /// Bytes more than the version before; `null` for the first one.
    size_change_bytes: Option<i64>,
    checksum: String,
    /// The newest older version with the same bytes.
    same_as_version: Option<u32>,
    scan_status: ScanStatus,
    added_by: String,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
}

impl From<VersionView> for VersionJson {
    fn from(view: VersionView) -> Self {
        let VersionView { version, is_current, grown, same_as } = view;
        Self {
            version: version.number,
            is_current,
            original_name: version.name.as_str().to_owned(),
            size_bytes: version.size,
            size_change_bytes: grown,
            checksum: version.checksum.to_string(),
            same_as_version: same_as,
            scan_status: version.scan,
            added_by: version.added_by,
            created_at: version.created_at,
        }
    }
}

/// One version of a file with the address of its bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "VersionContent")]
pub(super) struct VersionContentJson {
    version: u32,
    original_name: String,
    size_bytes: u64,
    checksum: String,
    #[schemars(with = "Instant")]
    created_at: Timestamp,
    presigned_url: String,
    /// When `presigned_url` ends.
    #[schemars(with = "Option<Instant>")]
    expires_at: Option<Timestamp>,
}

impl VersionContentJson {
    /// With the address of its bytes, made at `now`.
    pub(super) fn new(version: &VersionRecord, url: String, now: Timestamp) -> Self {
        Self {
            version: version.number,
            original_name: version.name.as_str().to_owned(),
            size_bytes: version.size,
            checksum: version.checksum.to_string(),
            created_at: version.created_at,
            expires_at: lifetime(&url).and_then(|life| now.saturating_add(life).ok()),
            presigned_url: url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_long_it_lives() {
        let url = "https://bytes.example/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=0";
        assert_eq!(lifetime(url), Some(SignedDuration::from_mins(1)));
        assert_eq!(lifetime("https://bytes.example/b/k"), None);
        assert_eq!(lifetime("no address"), None);
    }
}
