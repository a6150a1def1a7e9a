//! What stores can do, how their buckets are set up, and whom their credentials reach: over the
//! embedded endpoint, Ceph RGW and MiniStack.

mod capabilities;
mod credentials;
mod isolation;
mod pace;
pub mod peer;
mod policy;
mod setup;
