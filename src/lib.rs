//! The file toolbox of voice agents. Each room is a module; its first lines say what it owns.

pub mod api;
pub mod app;
pub mod blob;
pub mod catalog;
pub mod domain;
pub mod files;
pub mod inspect;
pub mod jobs;
pub mod models;
pub mod notify;
pub mod policy;
pub mod search;
pub mod speech;
pub mod telemetry;
pub mod tools;
