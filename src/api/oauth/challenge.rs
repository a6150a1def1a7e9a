//! What a client is told whose token is missing, does not hold, or has too few scopes (RFC 6750, RFC 9728).

use http::HeaderValue;

use super::metadata::metadata_url;
use crate::domain::Permission;

/// What a client is asked for that shows nothing yet: to look for files. For more it is asked when it wants more.
const FIRST: Permission = Permission::Read;

/// What is said in `WWW-Authenticate`.
#[derive(Debug, Clone)]
pub(in crate::api) struct Challenge {
    /// Where the metadata lies; `None` where no issuer is set, and a client has nowhere to go.
    metadata: Option<String>,
}

/// Why a client is challenged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Lack {
    /// It showed no credential.
    Credential,
    /// It showed one that opens nothing.
    Valid,
    /// Its token does not have this scope.
    Scope(Permission),
}

impl Challenge {
    /// For the server at `public_url`.
    pub fn new(public_url: &str, is_open: bool) -> Self {
        Self { metadata: is_open.then(|| metadata_url(public_url)) }
    }

    /// The header. What makes a credential invalid is not told.
    pub fn header(&self, lack: Lack) -> HeaderValue {
        let plain = HeaderValue::from_static("Bearer");
        let Some(metadata) = &self.metadata else { return plain };
        let text = match lack {
            Lack::Credential => format!(r#"Bearer resource_metadata="{metadata}", scope="{}""#, FIRST.as_str()),
            Lack::Valid => format!(r#"Bearer error="invalid_token", resource_metadata="{metadata}", scope="{}""#, FIRST.as_str()),
            Lack::Scope(scope) => {
                format!(r#"Bearer error="insufficient_scope", scope="{}", resource_metadata="{metadata}""#, scope.as_str())
            }
        };
        // An address that was checked at the start holds nothing that a header could not.
        HeaderValue::from_str(&text).unwrap_or(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_where_to_get_what_it_lacks_and_only_where_it_can() {
        let open = Challenge::new("https://satchel.example", true);
        for (lack, expected) in [
            (Lack::Credential, r#"Bearer resource_metadata="URL", scope="files:read""#),
            (Lack::Valid, r#"Bearer error="invalid_token", resource_metadata="URL", scope="files:read""#),
            (Lack::Scope(Permission::Share), r#"Bearer error="insufficient_scope", scope="files:share", resource_metadata="URL""#),
        ] {
            let url = "https://satchel.example/.well-known/oauth-protected-resource/mcp";
            assert_eq!(open.header(lack), expected.replace("URL", url).as_str());
            assert_eq!(Challenge::new("https://satchel.example", false).header(lack), "Bearer");
        }
    }
}
