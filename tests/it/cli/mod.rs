//! The command line, by running the real binary.

mod administration;
mod demo;
mod encrypted;
mod house;
mod mcp;
mod postgres;
pub mod program;
