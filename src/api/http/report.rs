//! The security report: as JSON, as a table, and as one page.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::credential::Asker;
use crate::api::input::Params;
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Instant, Permission, Timestamp};
use crate::files::{ReportLine, ReportPeriod, SecurityReport, VerdictCounts};

const CSV: &str = "text/csv; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/security-report", get(report))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("security_report", "/v1/security-report", "What was scanned, found and let out over a period.", Takes::KeyOrCall)
            .needs(Permission::Admin)
            .query::<Wanted>()
            .gives::<ReportJson>(200)
            .gives_text(200, CSV)
            .gives_text(200, HTML),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecurityReportQuery")]
struct Wanted {
    /// From this instant on.
    #[schemars(with = "Instant")]
    from: Timestamp,
    /// Before this instant; now when unset.
    #[schemars(with = "Option<Instant>")]
    to: Option<Timestamp>,
    /// The form; `json` when unset.
    format: Option<Format>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SecurityReportFormat")]
enum Format {
    /// An object.
    Json,
    /// A table, one line for each thing that happened.
    Csv,
    /// A page that needs nothing else.
    Html,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerdictCounts")]
struct CountsJson {
    clean: u64,
    infected: u64,
    suspicious: u64,
    not_checked: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SecurityReportLine")]
struct LineJson {
    #[schemars(with = "Instant")]
    at: Timestamp,
    what: String,
    by: String,
    object: Option<String>,
    version: Option<u32>,
    sha256: Option<String>,
    reason: Option<String>,
}

/// A report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SecurityReport")]
pub(in crate::api) struct ReportJson {
    #[schemars(with = "Instant")]
    from: Timestamp,
    #[schemars(with = "Instant")]
    to: Timestamp,
    /// First judgements.
    scanned: CountsJson,
    /// Judgements of what was clean before.
    rescanned: CountsJson,
    /// Files that stay unread, since no judgement could be reached.
    given_up: u64,
    found: Vec<LineJson>,
    released: Vec<LineJson>,
    removed: Vec<LineJson>,
    /// More happened than a report holds: ask for a shorter period.
    cut: bool,
}

impl From<VerdictCounts> for CountsJson {
    fn from(counts: VerdictCounts) -> Self {
        let VerdictCounts { clean, infected, suspicious, not_checked } = counts;
        Self { clean, infected, suspicious, not_checked }
    }
}

impl From<ReportLine> for LineJson {
    fn from(line: ReportLine) -> Self {
        let ReportLine { at, what, by, object, version, sha256, reason } = line;
        Self { at, what, by, object, version, sha256, reason }
    }
}

impl From<SecurityReport> for ReportJson {
    fn from(report: SecurityReport) -> Self {
        let lines = |lines: Vec<ReportLine>| lines.into_iter().map(LineJson::from).collect();
        let SecurityReport { from, until, scanned, rescanned, given_up, found, released, removed, cut } = report;
        Self {
            from,
            to: until,
            scanned: scanned.into(),
            rescanned: rescanned.into(),
            given_up,
            found: lines(found),
            released: lines(released),
            removed: lines(removed),
            cut,
        }
    }
}

async fn report(Asker(subject): Asker, State(api): State<Api>, Params(wanted): Params<Wanted>) -> Result<Response, Problem> {
    let until = wanted.to.unwrap_or_else(|| api.0.files.now());
    let period = ReportPeriod::new(wanted.from, until).ok_or_else(|| Problem::invalid("`from`: is before `to`"))?;
    let report = ReportJson::from(api.0.files.security_report(&subject, period).await?);
    Ok(match wanted.format.unwrap_or(Format::Json) {
        Format::Json => Json(report).into_response(),
        Format::Csv => ([(CONTENT_TYPE, CSV)], table(&report)).into_response(),
        Format::Html => api.0.pages.report(&report),
    })
}

/// A table (RFC 4180).
fn table(report: &ReportJson) -> String {
    let mut text = "at,list,what,by,object,version,sha256,reason\r\n".to_owned();
    for (list, lines) in [("found", &report.found), ("released", &report.released), ("removed", &report.removed)] {
        for line in lines {
            let version = line.version.map(|version| version.to_string()).unwrap_or_default();
            let optional = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
            // Writing to a string has no way to fail.
            let _ = write!(
                text,
                "{},{list},{},{},{},{version},{},{}\r\n",
                line.at,
                cell(&line.what),
                cell(&line.by),
                optional(&line.object),
                optional(&line.sha256),
                optional(&line.reason)
            );
        }
    }
    text
}

/// A cell that is text to every program that opens it: a reason is in somebody's own words, and some programs run what
/// begins like a formula.
fn cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a, b", "\"a, b\""),
            ("he said \"no\"", "\"he said \"\"no\"\"\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("@x, y", "\"'@x, y\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }
}
