//! Counts what is asked of the store: by operation, with attempts, bytes, time, and what is billed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::telemetry::{Histogram, Stopwatch};

/// How S3 bills a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Billing {
    /// PUT, COPY, POST and LIST.
    ClassA,
    /// GET, HEAD and all others.
    ClassB,
    /// DELETE, and giving up a multipart upload.
    Free,
}

impl Billing {
    /// The class of an operation of the S3 model, by its name: `PutObject`.
    pub fn of(operation: &str) -> Self {
        let begins = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
        if begins(&["Delete", "Abort"]) {
            Self::Free
        } else if begins(&["Put", "Copy", "Post", "List", "Create", "Upload", "Complete", "Restore"]) {
            Self::ClassA
        } else {
            Self::ClassB
        }
    }

    /// As it stands in a list of prices.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClassA => "a",
            Self::ClassB => "b",
            Self::Free => "free",
        }
    }
}

/// What one operation has cost since the client was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that ended, however they did.
    pub calls: u64,
    /// Those that failed after their last attempt.
    pub failures: Failures,
    /// Requests that went out; each is billed.
    pub requests: u64,
    /// Bytes of bodies sent, as their headers announce them, of every attempt.
    pub sent_bytes: u64,
    /// Bytes of bodies that answers announced; a body that broke off counts whole.
    pub received_bytes: u64,
    /// Time from call to answer, all attempts and waits included; a body that is streamed comes after.
    pub durations: Histogram,
}

/// How calls failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// Nothing was there, or a condition of the request did not hold: an answer as any other.
    pub absent: u64,
    /// The store said that it will not.
    pub refused: u64,
    /// It did not answer, or said "not now".
    pub unavailable: u64,
}

impl Failures {
    /// All of them.
    pub const fn count(&self) -> u64 {
        self.absent.saturating_add(self.refused).saturating_add(self.unavailable)
    }

    /// Counts one, by the status of the last answer.
    fn add(&mut self, status: Option<u16>) {
        let kind = match status {
            Some(304 | 404 | 412 | 416) => &mut self.absent,
            Some(408 | 429 | 500..) | None => &mut self.unavailable,
            Some(_) => &mut self.refused,
        };
        *kind = kind.saturating_add(1);
    }
}

impl Tally {
    /// Attempts beyond the first of each call that ended.
    pub const fn retries(&self) -> u64 {
        self.requests.saturating_sub(self.calls)
    }
}

/// The counts of one client. All clones count into the same table, which has a row for each
/// operation of the S3 model that was used.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<String, Tally>>>);

impl Meter {
    /// The counts of now, by operation.
    pub fn snapshot(&self) -> BTreeMap<String, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, cfg: &ConfigBag, change: impl FnOnce(&mut Tally)) {
        let Some(operation) = cfg.load::<Metadata>().map(Metadata::name) else { return };
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match table.get_mut(operation) {
            Some(tally) => change(tally),
            None => change(table.entry(operation.to_owned()).or_default()),
        }
    }
}

/// What only presigned requests have in their address: they are executed like others, and never sent.
const SIGNED: &str = "X-Amz-Signature=";

/// When a call began.
#[derive(Debug)]
struct Began(Stopwatch);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

/// That a request went out.
#[derive(Debug)]
struct Sent;

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

fn length(headers: &Headers) -> u64 {
    headers.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0)
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_execution(&self, _: &BeforeSerializationInterceptorContextRef<'_>, cfg: &mut ConfigBag) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began(Stopwatch::start()));
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.request().uri().contains(SIGNED) {
            return Ok(());
        }
        cfg.interceptor_state().store_put(Sent);
        let sent = length(context.request().headers());
        self.count(cfg, |tally| {
            tally.requests = tally.requests.saturating_add(1);
            tally.sent_bytes = tally.sent_bytes.saturating_add(sent);
        });
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The answer to HEAD announces a body that does not come.
        if cfg.load::<Metadata>().is_some_and(|operation| operation.name().starts_with("Head")) {
            return Ok(());
        }
        let received = length(context.response().headers());
        self.count(cfg, |tally| tally.received_bytes = tally.received_bytes.saturating_add(received));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if cfg.load::<Sent>().is_none() {
            return Ok(());
        }
        let elapsed = cfg.load::<Began>().map_or(0, |began| u64::try_from(began.0.elapsed().as_micros()).unwrap_or(u64::MAX));
        let failed = context.output_or_error().is_none_or(|outcome| outcome.is_err());
        let status = context.response().map(|answer| answer.status().as_u16());
        self.count(cfg, |tally| {
            tally.calls = tally.calls.saturating_add(1);
            if failed {
                tally.failures.add(status);
            }
            tally.durations.observe(elapsed);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Billing, Failures};

    #[test]
    fn a_failure_is_told_by_what_it_asks_of_an_operator() {
        let mut failures = Failures::default();
        for status in [Some(404), Some(412), Some(403), Some(301), Some(503), Some(429), None] {
            failures.add(status);
        }
        assert_eq!(failures, Failures { absent: 2, refused: 2, unavailable: 3 });
        assert_eq!(failures.count(), 7);
    }

    #[test]
    fn an_operation_is_billed_by_what_it_is() {
        for (operation, class) in [
            ("PutObject", "a"),
            ("UploadPart", "a"),
            ("UploadPartCopy", "a"),
            ("CopyObject", "a"),
            ("CreateMultipartUpload", "a"),
            ("CompleteMultipartUpload", "a"),
            ("ListMultipartUploads", "a"),
            ("ListParts", "a"),
            ("GetObject", "b"),
            ("HeadObject", "b"),
            ("HeadBucket", "b"),
            ("DeleteObject", "free"),
            ("AbortMultipartUpload", "free"),
        ] {
            assert_eq!(Billing::of(operation).as_str(), class, "{operation}");
        }
    }
}
