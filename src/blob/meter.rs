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

use crate::telemetry::{Stopwatch, metric};

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
    /// Calls that failed after their last attempt; an answer such as "no such key" is one.
    pub failures: u64,
    /// Requests that went out; each is billed.
    pub requests: u64,
    /// Bytes of bodies sent, as their headers announce them, of every attempt.
    pub sent_bytes: u64,
    /// Bytes of bodies that answers announced; a body that broke off counts whole.
    pub received_bytes: u64,
    /// Time from call to answer, all attempts and waits included; a body that is streamed comes after.
    pub elapsed_us: u64,
    /// Longest of these.
    pub longest_us: u64,
}

impl Tally {
    /// Attempts beyond the first of each call that ended.
    pub const fn retries(&self) -> u64 {
        self.requests.saturating_sub(self.calls)
    }

    /// Its values under the names by which they are published.
    pub const fn named(&self) -> [(&'static str, u64); 7] {
        [
            (metric::STORE_CALLS, self.calls),
            (metric::STORE_FAILURES, self.failures),
            (metric::STORE_REQUESTS, self.requests),
            (metric::STORE_RETRIES, self.retries()),
            (metric::STORE_SENT_BYTES, self.sent_bytes),
            (metric::STORE_RECEIVED_BYTES, self.received_bytes),
            (metric::STORE_ELAPSED_US, self.elapsed_us),
        ]
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
        self.count(cfg, |tally| {
            tally.calls = tally.calls.saturating_add(1);
            tally.failures = tally.failures.saturating_add(u64::from(failed));
            tally.elapsed_us = tally.elapsed_us.saturating_add(elapsed);
            tally.longest_us = tally.longest_us.max(elapsed);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Billing;

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
