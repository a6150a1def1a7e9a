//! Tokens of issuers: which are taken, what they open, and what clients are told. An issuer's keys lie at a
//! server on loopback, which is asked by the client that a server asks with.

mod issuer;
mod keys;
mod matrix;
mod scopes;
mod sessions;
mod stage;
