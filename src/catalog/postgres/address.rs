//! The address of a database, read: how its server is reached, whether it must prove who it is, and whether
//! a pooler stands between.

use std::net::IpAddr;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::catalog::CatalogError;

/// What an address says when each transaction may get another connection of the server, as it does behind PgBouncer
/// in transaction mode.
const POOLED: &str = "pgbouncer";

/// Where a statement stays that the server has prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statements {
    /// With its connection, under a name by which it is run again: one round trip for each run after the first.
    Named,
    /// Nowhere: the next transaction may be on another connection. Two round trips for each run.
    Unnamed,
}

impl Statements {
    /// Whether a statement may be found again by its name.
    pub const fn are_named(self) -> bool {
        matches!(self, Self::Named)
    }
}

/// A database, and the way to it.
#[derive(Clone)]
pub struct Address {
    /// How to connect.
    pub options: PgConnectOptions,
    /// What it lets be prepared.
    pub statements: Statements,
}

impl Address {
    /// Reads `postgres://role:password@host:port/database?...`.
    ///
    /// # Errors
    /// `Address`, which says nothing of what it was: that may hold a password.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        let mut url = Url::parse(text).map_err(|_| CatalogError::Address)?;
        let statements = taken_out(&mut url)?;
        let options = PgConnectOptions::from_str(url.as_str()).map_err(|_| CatalogError::Address)?;
        let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
        let is_near =
            options.get_socket().is_some() || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_chosen = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
        // The usual mode takes what it gets, which on a network is what somebody in between gives.
        let options = if is_near || is_chosen { options } else { options.ssl_mode(PgSslMode::VerifyFull) };
        // A pooler refuses what it does not know of how a connection begins, and no column holds a float.
        let options = options.application_name("satchel").extra_float_digits(None);
        Ok(Self { options, statements })
    }
}

/// Takes out of an address what is said to this program alone.
fn taken_out(url: &mut Url) -> Result<Statements, CatalogError> {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let (ours, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == POOLED);
    if ours.is_empty() {
        return Ok(Statements::Named);
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    match ours.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>()[..] {
        ["true"] => Ok(Statements::Unnamed),
        ["false"] => Ok(Statements::Named),
        _ => Err(CatalogError::Address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_over_the_network_must_prove_who_it_is_unless_the_address_says_otherwise() {
        for (host, verified) in [
            ("db.example", true),
            ("192.0.2.7:5432", true),
            ("[2001:db8::7]", true),
            ("localhost.example", true),
            ("localhost", false),
            ("127.0.0.1:5433", false),
            ("[::1]", false),
            ("localhost/satchel?host=db.example&", true),
            ("localhost/satchel?host=db.example&pgbouncer=true&", true),
        ] {
            let address = Address::parse(&format!("postgres://satchel:secret@{host}/satchel")).unwrap();
            assert_eq!(matches!(address.options.get_ssl_mode(), PgSslMode::VerifyFull), verified, "{host}");
        }
        let chosen = Address::parse("postgres://satchel:secret@db.example/satchel?sslmode=require&pgbouncer=true").unwrap();
        assert!(matches!(chosen.options.get_ssl_mode(), PgSslMode::Require));
    }

    #[test]
    fn an_address_says_whether_a_pooler_stands_between() {
        for (query, statements) in [
            ("", Some(Statements::Named)),
            ("?pgbouncer=true", Some(Statements::Unnamed)),
            ("?sslmode=require&pgbouncer=true", Some(Statements::Unnamed)),
            ("?pgbouncer=false", Some(Statements::Named)),
            ("?pgbouncer=yes", None),
            ("?pgbouncer=true&pgbouncer=false", None),
        ] {
            let read = Address::parse(&format!("postgres://satchel:secret@db.example/satchel{query}"));
            assert_eq!(read.ok().map(|address| address.statements), statements, "{query}");
        }
        assert!(matches!(Address::parse("satchel").map(drop), Err(CatalogError::Address)));
    }
}
