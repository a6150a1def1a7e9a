//! Several regions: each customer's bytes lie in the store of its region, and nowhere else.

mod files;
mod metrics;
mod program;
