//! Owns the endpoints under `/v1`, one file for each subject, and the JSON they take and give.
//!
//! Must not decide anything about files: an endpoint reads its input, calls one use case and
//! writes what came of it.
//!
//! To add one: a handler in the file of its subject, whose first argument is the extractor of the
//! credential it needs, a line in that file's `routes`, its description in `operations`, and tests with no credential, another
//! customer's, and one with too few rights.

mod audit;
mod calls;
mod categories;
mod customers;
mod events;
mod file_json;
mod files;
mod grants;
mod health;
mod holds;
mod imports;
mod keys;
mod metrics;
mod openapi;
mod operator_keys;
mod outbox;
mod people;
mod policies;
mod preview;
mod quarantine;
mod quotas;
mod report;
mod routes;
mod sensitivity;
mod shares;
mod store_events;
mod tools;
mod unlock;
mod upload;
mod uploads;

pub(super) use events::Listeners;
pub(super) use routes::{operations, routes, streams, watched};
pub(super) use tools::{TOOL_ROUTE, tool_not_now};
