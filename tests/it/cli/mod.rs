//! The command line, by running the real binary.

mod administration;
mod demo;
mod downloads;
mod encrypted;
mod house;
mod mcp;
mod postgres;
pub mod program;
