//! What is measured, for whoever watches the server.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::api::credential::Operator;
use crate::api::openapi::{Operation, Takes};
use crate::api::state::Api;
use crate::domain::Timestamp;
use crate::files::{Billing, EventTally, Failures, RegionUsage, ScannerNote};
use crate::telemetry::{Exposition, metric};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/metrics", get(metrics))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("metrics", "/metrics", "What is measured, as Prometheus reads it.", Takes::Operator)
            .gives_text(200, Exposition::CONTENT_TYPE),
    ]
}

async fn metrics(_: Operator, State(api): State<Api>) -> impl IntoResponse {
    let files = &api.0.files;
    let text = told(&files.store_usage(), &files.event_counts(), &files.scanner_notes(), files.now());
    ([(CONTENT_TYPE, Exposition::CONTENT_TYPE)], text)
}

/// A count of each operation of each region.
type Count = fn(&crate::files::Tally) -> u64;

fn told(usage: &[RegionUsage], events: &EventTally, scanners: &[ScannerNote], now: Timestamp) -> String {
    let mut told = Exposition::default();
    let rows = || usage.iter().flat_map(|(region, table)| table.iter().map(move |(operation, tally)| (region.as_str(), operation, tally)));
    let plain: [(_, Count); 4] = [
        (metric::STORE_CALLS, |tally| tally.calls),
        (metric::STORE_RETRIES, crate::files::Tally::retries),
        (metric::STORE_SENT_BYTES, |tally| tally.sent_bytes),
        (metric::STORE_RECEIVED_BYTES, |tally| tally.received_bytes),
    ];
    for (metric, count) in plain {
        told.begin(&metric);
        for (region, operation, tally) in rows() {
            told.value(&metric, &[("region", region), ("operation", operation)], count(tally));
        }
    }
    told.begin(&metric::STORE_FAILURES);
    for (region, operation, tally) in rows() {
        let Failures { absent, refused, unavailable } = tally.failures;
        for (reason, count) in [("absent", absent), ("refused", refused), ("unavailable", unavailable)] {
            told.value(&metric::STORE_FAILURES, &[("region", region), ("operation", operation), ("reason", reason)], count);
        }
    }
    told.begin(&metric::STORE_REQUESTS);
    for (region, operation, tally) in rows() {
        let class = Billing::of(operation).as_str();
        told.value(&metric::STORE_REQUESTS, &[("region", region), ("operation", operation), ("class", class)], tally.requests);
    }
    told.begin(&metric::STORE_CALL_SECONDS);
    for (region, operation, tally) in rows() {
        told.durations(&metric::STORE_CALL_SECONDS, &[("region", region), ("operation", operation)], &tally.durations);
    }
    told.begin(&metric::STORE_EVENTS);
    for (outcome, count) in [("noted", events.noted), ("foreign", events.foreign), ("given_up", events.given_up)] {
        told.value(&metric::STORE_EVENTS, &[("outcome", outcome)], count);
    }
    told.begin(&metric::SCANNER_DATABASE_AGE);
    for (scanner, age) in scanners.iter().filter_map(|scanner| Some((scanner, scanner.database_age_seconds(now)?))) {
        told.value(&metric::SCANNER_DATABASE_AGE, &[("scanner", scanner.kind)], age);
    }
    told.begin(&metric::SCANNER_SILENT);
    for scanner in scanners {
        told.value(&metric::SCANNER_SILENT, &[("scanner", scanner.kind)], scanner.silent_seconds(now));
    }
    told.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_published_is_told() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let scanner = ScannerNote {
            kind: "clamd",
            engine: None,
            database: Some(at("2026-03-01T00:00:00Z")),
            silent_since: Some(at("2026-03-02T00:00:00Z")),
        };
        let text = told(&[], &EventTally::default(), &[scanner], at("2026-03-02T00:01:00Z"));
        for metric in metric::PUBLISHED {
            assert!(text.contains(&format!("# TYPE {} ", metric.name)), "{}", metric.name);
        }
        for line in
            [r#"satchel_scanner_database_age_seconds{scanner="clamd"} 86460"#, r#"satchel_scanner_silent_seconds{scanner="clamd"} 60"#]
        {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
    }
}
