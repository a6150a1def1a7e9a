//! Bytes are removed when nobody stands for them, and never before: every order in which the steps of
//! uploads, workers, deletion, holds and sweeps can happen, in a [`model`]; and the real thing, all at once.

mod model;
mod real;
