//! What is measured. Metrics that are published are named as Prometheus wants it: base units, and `_total` at
//! the end of a count.

/// Duration of one tool call, by tool and outcome; in the log.
pub const TOOL_CALL_MS: &str = "satchel.tool.call_ms";
/// Duration of one stage of a file's inspection; in the log.
pub const STAGE_MS: &str = "satchel.inspect.stage_ms";

/// A metric that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts, in one sentence.
    pub help: &'static str,
    /// How it behaves.
    pub kind: Kind,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations, counted by how long they were.
    Histogram,
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help, kind: Kind::Counter }
}

/// Calls of one operation of a store that ended.
pub const STORE_CALLS: Metric = counter("satchel_store_calls_total", "Calls of an operation of the store that ended, however they did.");
/// Those that failed.
pub const STORE_FAILURES: Metric = counter(
    "satchel_store_failures_total",
    "Calls that failed after their last attempt: nothing was there or a condition did not hold, the store refused, or it did not answer.",
);
/// Requests that went to a store.
pub const STORE_REQUESTS: Metric =
    counter("satchel_store_requests_total", "Requests that went to the store, by the class in which S3 bills each.");
/// Requests that were a further attempt of the same call.
pub const STORE_RETRIES: Metric = counter("satchel_store_retries_total", "Requests that were a further attempt of the same call.");
/// Bytes of bodies sent to a store.
pub const STORE_SENT_BYTES: Metric = counter("satchel_store_sent_bytes_total", "Bytes of bodies sent to the store, of every attempt.");
/// Bytes of bodies that a store announced.
pub const STORE_RECEIVED_BYTES: Metric =
    counter("satchel_store_received_bytes_total", "Bytes of bodies that the store's answers announced.");
/// Time that calls of a store took.
pub const STORE_CALL_SECONDS: Metric = Metric {
    name: "satchel_store_call_duration_seconds",
    help: "Time from call to answer, all attempts and waits included; a body that is streamed comes after.",
    kind: Kind::Histogram,
};
/// What stores told of their objects.
pub const STORE_EVENTS: Metric =
    counter("satchel_store_events_total", "Events of stores: noted, about things that are not ours, given up.");

/// How old the database of a scanner is.
pub const SCANNER_DATABASE_AGE: Metric = Metric {
    name: "satchel_scanner_database_age_seconds",
    help: "Age of the database that a scanner judges by, where it says when that was made.",
    kind: Kind::Gauge,
};
/// How long a scanner has not answered.
pub const SCANNER_SILENT: Metric = Metric {
    name: "satchel_scanner_silent_seconds",
    help: "How long a scanner has not answered; 0 while it does. No file is read meanwhile.",
    kind: Kind::Gauge,
};

/// Every metric that is published.
pub const PUBLISHED: [Metric; 10] = [
    STORE_CALLS,
    STORE_FAILURES,
    STORE_REQUESTS,
    STORE_RETRIES,
    STORE_SENT_BYTES,
    STORE_RECEIVED_BYTES,
    STORE_CALL_SECONDS,
    STORE_EVENTS,
    SCANNER_DATABASE_AGE,
    SCANNER_SILENT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let units = ["bytes", "seconds"];
        for (at, metric) in PUBLISHED.iter().enumerate() {
            let name = metric.name;
            assert!(name.starts_with("satchel_") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            let base = name.trim_end_matches("_total");
            for unit in ["ms", "us", "millis", "kb", "mb"] {
                assert!(!base.split('_').any(|word| word == unit), "{name}: a base unit is one of {units:?}");
            }
            assert!(metric.kind == Kind::Counter || units.iter().any(|unit| base.ends_with(unit)), "{name}");
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{name}");
            assert!(PUBLISHED.iter().skip(at + 1).all(|other| other.name != name), "{name} is there twice");
        }
    }
}
