//! Owns what this server is as an OAuth 2.1 resource server: which issuers' tokens are taken, whether one holds
//! (RFC 9068, RFC 8707), what it opens, and what clients are told who need one (RFC 9728, RFC 6750).
//!
//! Must not hand a token on: nothing of one is kept, logged or sent, and an issuer is asked for its public keys
//! and nothing else. Must not decide what anybody may do with files: scopes only narrow what a key of the
//! customer may.
//!
//! To add one: an algorithm is a name in `signed`, a kind of key in `keys`, and its rows in the tests of both; a
//! claim that means something is read in `gate`, after everything that must hold has been checked.

mod challenge;
mod fault;
mod gate;
mod issuer;
mod keys;
mod members;
mod metadata;
mod rules;
mod signed;

pub(super) use challenge::{Challenge, Lack};
pub(super) use gate::Gate;
pub(super) use metadata::{operations, routes};
pub use rules::{IssuerCustomer, IssuerCustomers, IssuerRules, OauthRules};
pub use signed::Algorithm;
pub(super) use signed::{MAX_TOKEN, looks_signed};
