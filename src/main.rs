//! The binary `satchel`.

fn main() {}
