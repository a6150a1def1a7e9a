//! Owns what the catalog promises, as sentences: one suite that every engine passes.
//!
//! Must not look into tables, but where a test damages them or ages them on purpose
//! ([`Fixture::damage`](fixture::Fixture::damage)); a test that knows an engine holds for that engine only.
//!
//! To add one: a test goes into the file of its subject as `async fn sentence(fx: &Fixture)` and into
//! that file's `catalog_suite!`; an engine is added in `fixture.rs`.

mod audit;
mod calls;
mod codes;
mod collect;
mod customers;
mod database;
mod deliveries;
mod events;
mod faults;
mod files;
mod fixture;
mod grants;
mod history;
mod idempotency;
mod jobs;
mod keys;
mod layers;
mod moving;
mod pending;
mod people;
mod policies;
mod policy_sets;
mod pooled;
mod quotas;
mod releases;
mod revocation;
mod sealing;
mod sensitivity;
mod shares;
mod stages;
mod sweeps;
mod topics;
mod unlocks;
mod verbs;
mod verdict;
mod walls;
mod world;
