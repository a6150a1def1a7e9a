//! The issuers whose tokens are taken, with what gets their keys.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncReadExt;
use url::Url;

use super::outgoing::{Outgoing, OutgoingError};
use super::settings::{IssuerSettings, KeysPlace, OauthSettings, SettingsError};
use crate::api::oauth::{IssuerRules, OauthRules};
use crate::files::{Fetch, FetchError};

/// Largest file of keys, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Why the tokens of an issuer cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The client.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// The file of keys has no place.
    #[error("the file of an issuer's keys, `{}`, cannot be found", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Whose tokens are taken, by these settings.
///
/// # Errors
/// When the settings are wrong, or no client can be made.
pub fn issuers(set: &OauthSettings) -> Result<OauthRules, IssuersError> {
    set.check()?;
    if set.issuers.is_empty() {
        return Ok(OauthRules::default());
    }
    let outgoing = Arc::new(Outgoing::new(&set.private_hosts)?);
    let rules = set.issuers.iter().map(|issuer| rules(issuer, &set.private_hosts, &outgoing));
    Ok(OauthRules { audiences: set.audiences.clone(), issuers: rules.collect::<Result<_, _>>()? })
}

fn rules(set: &IssuerSettings, private_hosts: &[String], outgoing: &Arc<Outgoing>) -> Result<IssuerRules, IssuersError> {
    let (keys_url, fetch): (Url, Arc<dyn Fetch>) = match set.keys_place(private_hosts)? {
        KeysPlace::Address(url) => (url, Arc::clone(outgoing) as Arc<dyn Fetch>),
        KeysPlace::File(path) => {
            let absolute = std::path::absolute(&path).map_err(|source| IssuersError::File { path: path.clone(), source })?;
            let url = Url::from_file_path(&absolute)
                .map_err(|()| IssuersError::File { path, source: io::Error::from(io::ErrorKind::InvalidFilename) })?;
            (url, Arc::new(KeysFile(absolute)))
        }
    };
    Ok(IssuerRules {
        issuer: set.issuer.clone(),
        keys_url,
        fetch,
        algorithms: set.algorithms()?,
        access_tokens_only: set.access_tokens_only,
        customers: set.for_customers()?,
        user_claim: set.user_claim.clone(),
        session_claim: set.session_claim.clone(),
        scope_claim: set.scope_claim.clone(),
        level: set.level,
    })
}

/// Keys that lie in a file. They are read anew whenever an issuer at an address would be asked.
#[derive(Debug)]
struct KeysFile(PathBuf);

#[async_trait]
impl Fetch for KeysFile {
    async fn get(&self, _: &Url) -> Result<Bytes, FetchError> {
        let failed = |error: io::Error| FetchError(error.into());
        let mut bytes = Vec::new();
        let file = tokio::fs::File::open(&self.0).await.map_err(failed)?;
        file.take(LARGEST).read_to_end(&mut bytes).await.map_err(failed)?;
        Ok(bytes.into())
    }
}
