//! What stores tell of objects: how it comes, who may tell it, and what it does.

mod comparison;
mod embedded;
mod stores;
mod topics;
mod verdicts;
