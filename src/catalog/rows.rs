//! How values lie in columns: one conversion per kind, and the one row of a file.

use std::fmt::Display;
use std::str::FromStr;

use sqlx::FromRow;

use super::CatalogError;
use crate::domain::{
    BlobId, Category, Checksum, Classification, CustomerId, Extraction, ExtractionStatus, FileId, FileName, FileRecord, FileStatus, Folder,
    Owner, Said, ScanStatus, Timestamp, Topic, TopicSaid, Unlock, UserId,
};

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Names the table and the row in every complaint about a value.
#[derive(Clone, Copy)]
pub(super) struct RowRef<'a> {
    pub table: &'static str,
    pub id: &'a str,
}

impl RowRef<'_> {
    pub fn corrupt(self) -> CatalogError {
        CatalogError::Corrupt { table: self.table, id: self.id.to_owned() }
    }

    pub fn instant(self, micros: i64) -> Result<Timestamp, CatalogError> {
        Timestamp::from_microsecond(micros).map_err(|_| self.corrupt())
    }

    pub fn maybe_instant(self, micros: Option<i64>) -> Result<Option<Timestamp>, CatalogError> {
        micros.map(|value| self.instant(value)).transpose()
    }

    pub fn number<N: TryFrom<i64>>(self, value: i64) -> Result<N, CatalogError> {
        N::try_from(value).map_err(|_| self.corrupt())
    }

    pub fn parsed<T: FromStr>(self, text: &str) -> Result<T, CatalogError> {
        text.parse().map_err(|_| self.corrupt())
    }

    pub fn known<T>(self, value: Option<T>) -> Result<T, CatalogError> {
        value.ok_or_else(|| self.corrupt())
    }

    pub fn list<T>(self, json: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, CatalogError> {
        let texts: Vec<String> = serde_json::from_str(json).map_err(|_| self.corrupt())?;
        texts.iter().map(|text| self.known(read(text))).collect()
    }
}

pub(super) fn list_json<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    serde_json::Value::from(texts).to_string()
}

/// A count as the databases' 64-bit integer; sizes beyond 8 EiB do not occur.
pub(super) fn as_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The columns of [`FileRow`], in one place for every query that returns files.
macro_rules! select_files {
    ($tail:literal) => {
        concat!(
            "SELECT f.id, f.customer_id, f.owner_id, f.folder, f.name, f.title, f.author, f.tags, f.category, f.created_date, f.content_type, ",
            "f.version, f.blob_id, f.status, f.extraction_status, f.extraction_reason, f.unlock, f.excerpt, f.summary, f.page_count, f.duration_ms, ",
            "f.language, f.facts, f.added_at, f.updated_at, f.last_accessed, f.hold, f.retention_until, f.level, f.level_found, f.level_said, ",
            "f.level_said_version, f.level_said_by, f.level_said_at, f.level_said_reason, f.findings, f.topic, f.topic_found, f.topic_said, ",
            "f.topic_said_by, f.topic_said_at, f.change_seq, b.size, b.checksum, b.scan_status ",
            "FROM files f JOIN blobs b ON b.id = f.blob_id ",
            $tail
        )
    };
}
pub(super) use select_files;

#[derive(FromRow)]
pub(super) struct FileRow {
    id: String,
    customer_id: String,
    owner_id: Option<String>,
    folder: String,
    name: String,
    title: String,
    author: Option<String>,
    tags: String,
    category: String,
    created_date: Option<String>,
    content_type: String,
    version: i64,
    blob_id: String,
    status: String,
    extraction_status: String,
    extraction_reason: Option<String>,
    unlock: Option<String>,
    excerpt: Option<String>,
    summary: Option<String>,
    page_count: Option<i64>,
    duration_ms: Option<i64>,
    language: Option<String>,
    facts: Option<String>,
    added_at: i64,
    updated_at: i64,
    last_accessed: Option<i64>,
    hold: i64,
    retention_until: Option<i64>,
    level: String,
    level_found: String,
    level_said: Option<String>,
    level_said_version: Option<i64>,
    level_said_by: Option<String>,
    level_said_at: Option<i64>,
    level_said_reason: Option<String>,
    findings: Option<String>,
    topic: String,
    topic_found: Option<String>,
    topic_said: Option<String>,
    topic_said_by: Option<String>,
    topic_said_at: Option<i64>,
    change_seq: i64,
    size: i64,
    checksum: String,
    scan_status: String,
}

impl FileRow {
    fn said(&self, row: RowRef<'_>) -> Result<Option<Said>, CatalogError> {
        let Some(level) = &self.level_said else { return Ok(None) };
        Ok(Some(Said {
            level: row.known(Classification::parse(level))?,
            version: row.number(row.known(self.level_said_version)?)?,
            by: row.known(self.level_said_by.clone())?,
            at: row.instant(row.known(self.level_said_at)?)?,
            reason: row.known(self.level_said_reason.clone())?,
        }))
    }

    fn topic_said(&self, row: RowRef<'_>) -> Result<Option<TopicSaid>, CatalogError> {
        let Some(topic) = &self.topic_said else { return Ok(None) };
        Ok(Some(TopicSaid {
            topic: row.parsed(topic)?,
            by: row.known(self.topic_said_by.clone())?,
            at: row.instant(row.known(self.topic_said_at)?)?,
        }))
    }

    pub fn into_record(self) -> Result<FileRecord, CatalogError> {
        let row = RowRef { table: "files", id: &self.id };
        Ok(FileRecord {
            id: row.parsed::<FileId>(&self.id)?,
            customer: row.parsed::<CustomerId>(&self.customer_id)?,
            owner: match &self.owner_id {
                Some(user) => Owner::User(row.parsed::<UserId>(user)?),
                None => Owner::Service,
            },
            folder: Folder::parse(&self.folder).map_err(|_| row.corrupt())?,
            name: FileName::parse(&self.name).map_err(|_| row.corrupt())?,
            tags: row.list(&self.tags, |text| Some(text.to_owned()))?,
            category: row.known(Category::parse(&self.category))?,
            created_date: self.created_date.as_deref().map(|text| row.parsed(text)).transpose()?,
            size: row.number(self.size)?,
            checksum: row.known(Checksum::parse(&self.checksum))?,
            version: row.number(self.version)?,
            blob: row.parsed::<BlobId>(&self.blob_id)?,
            status: row.known(FileStatus::parse(&self.status))?,
            scan: row.known(ScanStatus::parse(&self.scan_status))?,
            extraction: Extraction {
                status: row.known(ExtractionStatus::parse(&self.extraction_status))?,
                reason: self.extraction_reason.clone(),
            },
            unlock: self.unlock.as_deref().map(|text| row.known(Unlock::parse(text))).transpose()?,
            page_count: self.page_count.map(|count| row.number(count)).transpose()?,
            duration_ms: self.duration_ms.map(|length| row.number(length)).transpose()?,
            language: self.language.clone(),
            facts: self.facts.as_deref().map(serde_json::from_str).transpose().map_err(|_| row.corrupt())?.unwrap_or_default(),
            added_at: row.instant(self.added_at)?,
            updated_at: row.instant(self.updated_at)?,
            last_accessed: row.maybe_instant(self.last_accessed)?,
            hold: self.hold != 0,
            retention_until: row.maybe_instant(self.retention_until)?,
            change_seq: row.number(self.change_seq)?,
            title: self.title.clone(),
            author: self.author.clone(),
            content_type: self.content_type.clone(),
            excerpt: self.excerpt.clone(),
            summary: self.summary.clone(),
            classification: row.known(Classification::parse(&self.level))?,
            found: row.known(Classification::parse(&self.level_found))?,
            said: self.said(row)?,
            topic: row.parsed::<Topic>(&self.topic)?,
            sorted: self.topic_found.as_deref().map(serde_json::from_str).transpose().map_err(|_| row.corrupt())?,
            topic_said: self.topic_said(row)?,
            findings: self.findings.as_deref().map(serde_json::from_str).transpose().map_err(|_| row.corrupt())?,
        })
    }
}
