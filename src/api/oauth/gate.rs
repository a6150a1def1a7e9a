//! From a token to what it opens: whose it is, for which customer, and into which call.

use std::sync::Arc;

use jiff::SignedDuration;

use super::fault::TokenFault;
use super::issuer::Issuer;
use super::members::Members;
use super::rules::{IssuerCustomer, IssuerCustomers, IssuerRules, OauthRules};
use super::signed::Signed;
use crate::domain::{Origin, Permission, Permissions, Timestamp, Verified, VerifiedMethod};
use crate::files::{Access, Files, FilesError, KeyAccess, Session, SessionUser};

/// How far an issuer's clock may be ahead of ours. It does not make a token live longer.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);
/// Longest value of a claim that names a user or a session, in bytes.
const MAX_NAME: usize = 255;
/// What stands for the session where a token tells none: the client's name, under the names it has.
const CLIENT_CLAIMS: [&str; 2] = ["client_id", "azp"];

/// The gate for tokens of issuers. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::api) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    audiences: Vec<String>,
    issuers: Vec<Issuer>,
}

/// What a token says that holds: its signature, times and audience were checked.
#[derive(Debug, PartialEq)]
struct Told {
    at: IssuerCustomer,
    scopes: Permissions,
    /// `None` for a program.
    session: Option<Session>,
}

impl Gate {
    /// A gate for the server at `public_url`, which has no slash at the end.
    pub fn new(public_url: &str, rules: OauthRules) -> Self {
        let own = [public_url.to_owned(), format!("{public_url}/"), super::metadata::mcp_resource(public_url)];
        let audiences = own.into_iter().chain(rules.audiences).collect();
        Self(Arc::new(Inner { audiences, issuers: rules.issuers.into_iter().map(Issuer::new).collect() }))
    }

    /// Whether anybody's tokens are taken.
    pub fn is_open(&self) -> bool {
        !self.0.issuers.is_empty()
    }

    /// The names of the issuers.
    pub fn issuers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.issuers.iter().map(|issuer| issuer.rules.issuer.as_str()).collect();
        names.dedup();
        names
    }

    /// What a token opens now; `None` when nothing. The caller of this records refusals.
    ///
    /// # Errors
    /// `Refused` when it holds and its user is nobody here; else when catalog or issuer do not answer.
    pub async fn access(&self, files: &Files, token: &str, origin: Origin) -> Result<Option<Access>, FilesError> {
        let told = match self.told(token, files.now()).await? {
            Ok(told) => told,
            Err(fault) => {
                tracing::debug!(door = origin.door.as_str(), fault = %fault, "a token of an issuer was refused");
                return Ok(None);
            }
        };
        let Some(key) = files.key_access(told.at.customer, told.at.key).await? else {
            tracing::warn!(key.id = %told.at.key, "a token was refused because the key that its issuer acts under opens nothing");
            return Ok(None);
        };
        let Some(session) = told.session else {
            return Ok(Some(Access::Key(KeyAccess { scopes: Some(told.scopes), ..key })));
        };
        let call = files.session_call(&files.program(&key, origin), &session, key.is_test).await?;
        Ok(Some(Access::Call(Box::new(call.within(&told.scopes)))))
    }

    /// What a token says, when all of it holds.
    async fn told(&self, token: &str, now: Timestamp) -> Result<Result<Told, TokenFault>, FilesError> {
        let (signed, issuer) = match self.read(token) {
            Ok(read) => read,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Err(fault) = issuer.check(&signed, now).await? {
            return Ok(Err(fault));
        }
        Ok(self.believe(&signed.claims, &issuer.rules, now))
    }

    /// Takes a token apart and finds its issuer. Nothing of it is believed yet.
    fn read<'t>(&self, token: &'t str) -> Result<(Signed<'t>, &Issuer), TokenFault> {
        let signed = Signed::parse(token)?;
        let name = signed.claims.text("iss")?.ok_or(TokenFault::Claim)?;
        let issuer = self.0.issuers.iter().find(|issuer| issuer.rules.issuer == name).ok_or(TokenFault::Issuer)?;
        let is_access_token = match signed.kind.as_deref() {
            Some("at+jwt") => true,
            Some("jwt") | None => !issuer.rules.access_tokens_only,
            Some(_) => false,
        };
        if !is_access_token {
            return Err(TokenFault::Type);
        }
        if !issuer.rules.algorithms.contains(&signed.algorithm) {
            return Err(TokenFault::Algorithm);
        }
        Ok((signed, issuer))
    }

    /// What claims mean whose signature holds.
    fn believe(&self, claims: &Members, rules: &IssuerRules, now: Timestamp) -> Result<Told, TokenFault> {
        if claims.instant("exp")?.ok_or(TokenFault::Claim)? <= now {
            return Err(TokenFault::Expired);
        }
        let soon = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        for name in ["nbf", "iat"] {
            if claims.instant(name)?.is_some_and(|from| from > soon) {
                return Err(TokenFault::Early);
            }
        }
        if !claims.texts("aud")?.iter().any(|audience| self.0.audiences.iter().any(|own| own == audience)) {
            return Err(TokenFault::Audience);
        }
        if claims.has("cnf") {
            return Err(TokenFault::Bound);
        }
        let at = customer(claims, &rules.customers)?;
        Ok(Told { at, scopes: scopes(claims, &rules.scope_claim)?, session: session(claims, rules)? })
    }
}

fn customer(claims: &Members, customers: &IssuerCustomers) -> Result<IssuerCustomer, TokenFault> {
    match customers {
        IssuerCustomers::One(customer) => Ok(*customer),
        IssuerCustomers::Told { claim, customers } => {
            let told = claims.text(claim)?.ok_or(TokenFault::Claim)?;
            customers.iter().find(|(value, _)| value == told).map(|(_, customer)| *customer).ok_or(TokenFault::Customer)
        }
    }
}

/// Those scopes that mean something here: a text of words (RFC 8693) or a list of them.
fn scopes(claims: &Members, claim: &str) -> Result<Permissions, TokenFault> {
    let texts = claims.texts(claim)?;
    Ok(Permissions::only(texts.iter().flat_map(|text| text.split(' ')).filter_map(Permission::parse)))
}

/// The user and his session; `None` where tokens are programs'.
fn session(claims: &Members, rules: &IssuerRules) -> Result<Option<Session>, TokenFault> {
    let Some(claim) = &rules.user_claim else { return Ok(None) };
    let named = |name: &str| match claims.text(name)? {
        Some(text) if text.len() <= MAX_NAME => Ok(Some(text.to_owned())),
        Some(_) => Err(TokenFault::Claim),
        None => Ok(None),
    };
    let user = named(claim)?.ok_or(TokenFault::Claim)?;
    if claim == "email" && claims.is_denied("email_verified") || claim == "phone_number" && claims.is_denied("phone_number_verified") {
        return Err(TokenFault::Claim);
    }
    let subject = named("sub")?.ok_or(TokenFault::Claim)?;
    let mut session = named(&rules.session_claim)?;
    for client in CLIENT_CLAIMS {
        session = match session {
            Some(session) => Some(session),
            None => named(client)?,
        };
    }
    Ok(Some(Session {
        issuer: rules.issuer.clone(),
        subject,
        session: session.unwrap_or_default(),
        user: SessionUser::parse(&user).ok_or(TokenFault::Claim)?,
        verified: Verified { method: VerifiedMethod::Platform, level: rules.level },
    }))
}
