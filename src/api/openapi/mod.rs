//! Owns the description of the HTTP doors (OpenAPI 3.1): how an endpoint is described, and the
//! document that is made of all descriptions and of the types that handlers take and give.
//!
//! Must not decide anything about requests: a description changes no answer.
//!
//! To add one: three lines in `operations()` beside the `routes()` of the endpoint's file, then
//! `satchel schema write`. A new name in the braces of a path gets its type in `variables`.

mod document;
mod operation;
mod variables;

pub use document::openapi;
pub(super) use operation::{Operation, Takes};
