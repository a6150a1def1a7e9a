//! Metrics as whoever watches reads them.

use std::fmt::Write as _;

use super::histogram::Histogram;
use super::metric::{Kind, Metric};

/// Metrics in Prometheus' text format, version 0.0.4. All samples of a metric follow its head.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// The media type.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Begins a metric.
    pub fn begin(&mut self, metric: &Metric) {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string has no way to fail.
        let _ = writeln!(self.0, "# HELP {0} {1}\n# TYPE {0} {kind}", metric.name, metric.help);
    }

    /// One value of a metric that was begun.
    pub fn value(&mut self, metric: &Metric, labels: &[(&str, &str)], value: u64) {
        self.line(metric.name, "", labels, None, &value.to_string());
    }

    /// One set of durations of a metric that was begun.
    pub fn durations(&mut self, metric: &Metric, labels: &[(&str, &str)], durations: &Histogram) {
        for (end, count) in durations.buckets() {
            self.line(metric.name, "_bucket", labels, Some(end), &count.to_string());
        }
        let sum = durations.sum_us();
        self.line(metric.name, "_sum", labels, None, &format!("{}.{:06}", sum / 1_000_000, sum % 1_000_000));
        self.line(metric.name, "_count", labels, None, &durations.count().to_string());
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, name: &str, part: &str, labels: &[(&str, &str)], end: Option<&str>, value: &str) {
        self.0.push_str(name);
        self.0.push_str(part);
        for (at, (label, text)) in labels.iter().copied().chain(end.map(|end| ("le", end))).enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(text));
        }
        let close = if labels.is_empty() && end.is_none() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }
}

/// A label's value between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::metric;
    use super::*;

    #[test]
    fn a_metric_has_its_head_once_and_its_values_below() {
        let mut told = Exposition::default();
        told.begin(&metric::STORE_CALLS);
        told.value(&metric::STORE_CALLS, &[("region", "eu"), ("operation", "a\"\\\nb")], 3);
        told.value(&metric::STORE_CALLS, &[], 0);
        let mut durations = Histogram::default();
        durations.observe(1_250_000);
        told.begin(&metric::STORE_CALL_SECONDS);
        told.durations(&metric::STORE_CALL_SECONDS, &[("region", "eu")], &durations);
        let text = told.finish();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "# TYPE satchel_store_calls_total counter");
        assert_eq!(lines[2], r#"satchel_store_calls_total{region="eu",operation="a\"\\\nb"} 3"#);
        assert_eq!(lines[3], "satchel_store_calls_total 0");
        assert_eq!(lines[5], "# TYPE satchel_store_call_duration_seconds histogram");
        for line in [
            r#"satchel_store_call_duration_seconds_bucket{region="eu",le="1"} 0"#,
            r#"satchel_store_call_duration_seconds_bucket{region="eu",le="2.5"} 1"#,
            r#"satchel_store_call_duration_seconds_bucket{region="eu",le="+Inf"} 1"#,
            r#"satchel_store_call_duration_seconds_sum{region="eu"} 1.250000"#,
            r#"satchel_store_call_duration_seconds_count{region="eu"} 1"#,
        ] {
            assert!(lines.contains(&line), "{line}: {text}");
        }
        assert!(text.ends_with('\n'));
    }
}
