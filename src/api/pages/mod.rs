//! Owns the pages people open in a browser: the one that opens a shared file with its code, the one that takes
//! files somebody was asked for, the outbox of customers that are marked as test, and the one that says what this
//! server is.
//!
//! Must not need a script, load anything from elsewhere, keep anything in a cookie, or tell a living link from any other
//! before a right code.
//!
//! To add one: its text in an `.html` beside this file, listed in `template`; its handlers in a
//! file of their own; the pages' style stays one, in `style.css`.

mod limit;
mod outbox;
mod routes;
mod share;
mod start;
mod template;
mod upload;
mod words;

pub(super) use limit::Limiter;
pub(super) use routes::{operations, routes, streams};
pub(super) use template::Pages;
