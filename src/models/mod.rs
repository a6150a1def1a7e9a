//! Owns what a model does for a file: so far, writing down what is said in a recording, by a model on this machine.
//!
//! Must not reach files, tools or the wording of what is said; it takes samples and gives words. Only this room
//! names the crates of model runtimes and of model services.
//!
//! To add one: a model has its file here, takes and gives plain values, and is composed in `app`; where it comes from
//! and what it must hash to stands in `package.rs`.

mod moonshine;
mod package;

pub use moonshine::{Moonshine, SpeechError};
pub use package::{Fetched, PackageError, SPEECH, fetch, is_complete};
