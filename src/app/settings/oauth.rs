//! What can be set of the issuers whose tokens are taken.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::load::SettingsError;
use crate::api::oauth::{Algorithm, IssuerCustomer, IssuerCustomers};
use crate::domain::{CustomerId, KeyId};

/// `oauth`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OauthSettings {
    /// Audiences of tokens that stand for this server, besides its public address with and without `/mcp`.
    pub audiences: Vec<String>,
    /// Hosts of issuers that may lie in a network that is not public, and may be asked without TLS.
    pub private_hosts: Vec<String>,
    /// Whose tokens are taken.
    pub issuers: Vec<IssuerSettings>,
}

/// `oauth.issuers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerSettings {
    /// The issuer, as its tokens name it.
    pub issuer: String,
    /// Where its keys lie: a set of public keys (JWK Set) over TLS.
    pub jwks_url: Option<String>,
    /// The same as a file, which may be changed while the server runs.
    pub jwks_file: Option<PathBuf>,
    /// What it signs with: `RS256`, `PS256`, `ES256`, `EdDSA`.
    pub algorithms: Vec<String>,
    /// Whether a token must say by its type that it is an access token (`at+jwt`).
    pub access_tokens_only: bool,
    /// The customer whose users or programs it speaks for, where there is one.
    pub customer: Option<String>,
    /// The key of that customer under which its tokens act: they may no more than it may.
    pub key: Option<String>,
    /// The claim that tells the customer, where there are several.
    pub customer_claim: Option<String>,
    /// What the values of that claim mean.
    pub customers: Vec<IssuerCustomerSettings>,
    /// The claim that tells the user: his id, his number, or his mail address. Without it tokens are programs', and
    /// call and caller are named in headers as with a key.
    pub user_claim: Option<String>,
    /// The claim that tells one session of a user from another.
    pub session_claim: String,
    /// The claim that tells the scopes.
    pub scope_claim: String,
    /// How sure its sign-in makes of a user, 0 to 3.
    pub level: u8,
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            jwks_url: None,
            jwks_file: None,
            algorithms: vec![Algorithm::Rs256.as_str().to_owned()],
            access_tokens_only: false,
            customer: None,
            key: None,
            customer_claim: None,
            customers: Vec::new(),
            user_claim: None,
            session_claim: "sid".to_owned(),
            scope_claim: "scope".to_owned(),
            level: 2,
        }
    }
}

/// `oauth.issuers.customers`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerCustomerSettings {
    /// A value of the claim.
    pub claim: String,
    /// The customer that it means.
    pub customer: String,
    /// The key of that customer under which such tokens act.
    pub key: String,
}

/// Where an issuer's keys lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysPlace {
    /// At an address.
    Address(Url),
    /// In a file.
    File(PathBuf),
}

/// The most that a sign-in can say.
const MOST_LEVEL: u8 = 3;

impl OauthSettings {
    /// Makes sure that no issuer is set twice and each can be used.
    ///
    /// # Errors
    /// When one cannot.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut names = HashSet::new();
        for issuer in &self.issuers {
            if issuer.issuer.is_empty() || !names.insert(issuer.issuer.as_str()) {
                return Err(wrong("issuer", "each issuer has a name, and each name stands there once"));
            }
            if issuer.level > MOST_LEVEL {
                return Err(wrong("level", &format!("it is at most {MOST_LEVEL}")));
            }
        }
        Ok(())
    }
}

impl IssuerSettings {
    /// Where its keys lie.
    ///
    /// # Errors
    /// When there is no one such place.
    pub fn keys_place(&self, private_hosts: &[String]) -> Result<KeysPlace, SettingsError> {
        match (&self.jwks_url, &self.jwks_file) {
            (Some(text), None) => {
                let url = Url::parse(text).map_err(|error| wrong("jwks_url", &error.to_string()))?;
                let is_private = url.host_str().is_some_and(|host| private_hosts.iter().any(|name| name.eq_ignore_ascii_case(host)));
                let is_taken = url.scheme() == "https" || url.scheme() == "http" && is_private;
                let reason = "it must begin with `https://`; `http://` is for hosts of `oauth.private_hosts`";
                if is_taken && url.domain().is_some() { Ok(KeysPlace::Address(url)) } else { Err(wrong("jwks_url", reason)) }
            }
            (None, Some(path)) => Ok(KeysPlace::File(path.clone())),
            (Some(_), Some(_)) | (None, None) => Err(wrong("jwks_url", "an issuer has either it or `jwks_file`")),
        }
    }

    /// What it signs with.
    ///
    /// # Errors
    /// When there is nothing, or something that is never taken.
    pub fn algorithms(&self) -> Result<Vec<Algorithm>, SettingsError> {
        let known = Algorithm::ALL.map(Algorithm::as_str).join("`, `");
        let read = |text: &String| {
            Algorithm::parse(text).ok_or_else(|| wrong("algorithms", &format!("`{text}` is none of those that are taken: `{known}`")))
        };
        if self.algorithms.is_empty() {
            return Err(wrong("algorithms", &format!("at least one of `{known}`")));
        }
        self.algorithms.iter().map(read).collect()
    }

    /// For whom it speaks.
    ///
    /// # Errors
    /// When a customer or a key cannot be read, or neither one nor several are set.
    pub fn for_customers(&self) -> Result<IssuerCustomers, SettingsError> {
        let at = |customer: &str, key: &str| {
            Ok(IssuerCustomer {
                customer: CustomerId::parse(customer).map_err(|_| wrong("customer", &format!("`{customer}` is no customer's id")))?,
                key: KeyId::parse(key).map_err(|_| wrong("key", &format!("`{key}` is no id of a key; its secret does not belong here")))?,
            })
        };
        match (&self.customer, &self.key, &self.customer_claim) {
            (Some(customer), Some(key), None) if self.customers.is_empty() => at(customer, key).map(IssuerCustomers::One),
            (None, None, Some(claim)) if !self.customers.is_empty() => {
                let told = |set: &IssuerCustomerSettings| Ok((set.claim.clone(), at(&set.customer, &set.key)?));
                let customers = self.customers.iter().map(told).collect::<Result<Vec<_>, SettingsError>>()?;
                Ok(IssuerCustomers::Told { claim: claim.clone(), customers })
            }
            _ => Err(wrong("customer", "an issuer has `customer` and `key`, or `customer_claim` and `customers`")),
        }
    }
}

fn wrong(key: &str, reason: &str) -> SettingsError {
    SettingsError::Value { key: format!("oauth.issuers.{key}"), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: &str = "cust_01h455vb4pex5vsknk084sn02q";
    const KEY: &str = "key_01h455vb4pex5vsknk084sn02q";

    fn issuer() -> IssuerSettings {
        IssuerSettings {
            issuer: "https://login.example".to_owned(),
            jwks_url: Some("https://login.example/keys".to_owned()),
            customer: Some(CUSTOMER.to_owned()),
            key: Some(KEY.to_owned()),
            ..IssuerSettings::default()
        }
    }

    fn told(result: Result<impl std::fmt::Debug, SettingsError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn keys_lie_at_one_place_over_tls_or_at_a_host_that_was_named() {
        let at = |url: Option<&str>, file: Option<&str>, private: &[&str]| {
            let private: Vec<String> = private.iter().map(|&host| host.to_owned()).collect();
            IssuerSettings { jwks_url: url.map(str::to_owned), jwks_file: file.map(PathBuf::from), ..issuer() }.keys_place(&private)
        };
        assert!(matches!(at(Some("https://login.example/keys"), None, &[]), Ok(KeysPlace::Address(_))));
        assert!(matches!(at(Some("http://Keycloak/keys"), None, &["keycloak"]), Ok(KeysPlace::Address(_))));
        assert!(matches!(at(None, Some("keys.json"), &[]), Ok(KeysPlace::File(_))));
        for (url, file) in [
            (Some("http://login.example/keys"), None),
            (Some("https://127.0.0.1/keys"), None),
            (Some("ftp://login.example/keys"), None),
            (Some("keys"), None),
            (Some("https://login.example/keys"), Some("keys.json")),
            (None, None),
        ] {
            assert!(told(at(url, file, &[])).contains("`oauth.issuers.jwks_url`"), "{url:?} {file:?}");
        }
    }

    #[test]
    fn what_is_never_taken_cannot_be_set() {
        for name in ["none", "HS256", "RS512", ""] {
            let set = IssuerSettings { algorithms: vec!["RS256".to_owned(), name.to_owned()], ..issuer() };
            assert!(told(set.algorithms()).contains(&format!("`{name}`")), "{name}");
        }
        assert!(IssuerSettings { algorithms: Vec::new(), ..issuer() }.algorithms().is_err());
        assert_eq!(issuer().algorithms().unwrap(), [Algorithm::Rs256]);
        for issuers in [vec![issuer(), issuer()], vec![IssuerSettings::default()], vec![IssuerSettings { level: 4, ..issuer() }]] {
            assert!(OauthSettings { issuers, ..OauthSettings::default() }.check().is_err());
        }
    }

    #[test]
    fn an_issuer_speaks_for_one_customer_or_for_those_that_a_claim_tells() {
        assert!(matches!(issuer().for_customers(), Ok(IssuerCustomers::One(_))));
        let row = IssuerCustomerSettings { claim: "acme".to_owned(), customer: CUSTOMER.to_owned(), key: KEY.to_owned() };
        let several =
            IssuerSettings { customer: None, key: None, customer_claim: Some("org".to_owned()), customers: vec![row.clone()], ..issuer() };
        assert!(matches!(several.for_customers(), Ok(IssuerCustomers::Told { .. })));
        for set in [
            IssuerSettings { key: None, ..issuer() },
            IssuerSettings { customer: Some("acme".to_owned()), ..issuer() },
            IssuerSettings { key: Some("sk_secret".to_owned()), ..issuer() },
            IssuerSettings { customer_claim: Some("org".to_owned()), ..issuer() },
            IssuerSettings { customers: vec![row], ..issuer() },
            IssuerSettings { customers: Vec::new(), ..several },
        ] {
            assert!(set.for_customers().is_err(), "{set:?}");
        }
    }
}
