//! Whose tokens are taken, and for what: as the operator sets it.

use std::sync::Arc;

use url::Url;

use super::signed::Algorithm;
use crate::domain::{CustomerId, KeyId};
use crate::files::Fetch;

/// Whose tokens are taken.
#[derive(Debug, Clone, Default)]
pub struct OauthRules {
    /// Audiences that stand for this server, besides its own addresses.
    pub audiences: Vec<String>,
    /// The issuers. Nobody's tokens are taken when there is none.
    pub issuers: Vec<IssuerRules>,
}

/// An issuer of tokens, and what its tokens mean here.
#[derive(Debug, Clone)]
pub struct IssuerRules {
    /// As its tokens name it, to the letter.
    pub issuer: String,
    /// Where its keys lie.
    pub keys_url: Url,
    /// By what they are got.
    pub fetch: Arc<dyn Fetch>,
    /// What it signs with; anything else is refused.
    pub algorithms: Vec<Algorithm>,
    /// Whether a token must say that it is an access token (RFC 9068).
    pub access_tokens_only: bool,
    /// For which customers it speaks.
    pub customers: IssuerCustomers,
    /// What tells the user of a token; `None` where tokens are programs', which name call and caller themselves.
    pub user_claim: Option<String>,
    /// What tells one session of a user from another.
    pub session_claim: String,
    /// What tells the scopes.
    pub scope_claim: String,
    /// How sure its sign-in makes of a user, 0 to 3, as the platform's own.
    pub level: u8,
}

/// For which customers an issuer speaks.
#[derive(Debug, Clone)]
pub enum IssuerCustomers {
    /// For one.
    One(IssuerCustomer),
    /// For those that a claim tells, by its value.
    Told {
        /// The claim.
        claim: String,
        /// What its values mean.
        customers: Vec<(String, IssuerCustomer)>,
    },
}

/// A customer, and the key under which tokens act: they may at most what that key may, and nothing once it is
/// revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerCustomer {
    /// Which customer.
    pub customer: CustomerId,
    /// Which of its keys.
    pub key: KeyId,
}
