//! Owns `satchel call`: a call at the terminal, typed by whoever plays the caller.
//!
//! Must not know how a tool works: it reads a line as the simplest of agents would, calls one tool
//! over HTTP and prints what would be spoken.
//!
//! To add one: a way of saying something goes into `line`, with its row in the table of tests.

mod case;
mod line;
mod run;
mod session;

pub use run::call;
