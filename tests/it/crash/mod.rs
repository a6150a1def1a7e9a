//! Crash at any instant: the real server, killed while several clients use it, and what must be true
//! after it was started again on the same folder.
//!
//! Clients keep a [`ledger`] of what they were told. The [`judge`] compares it with the folder: what
//! was acknowledged is there once, what was in doubt is there once or not at all, and the audit
//! trail has one record of each. Where several share a database, a [`worker`] of theirs is killed too.

mod caller;
mod drain;
mod endpoint;
mod faults;
mod importer;
mod judge;
mod kills;
mod ledger;
mod server;
mod several;
mod shim;
mod worker;
