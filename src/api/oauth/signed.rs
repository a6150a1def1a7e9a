//! A signed token (JWS in its compact form, RFC 7515), as it came: nothing of it is to be believed before its
//! signature is checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::fault::TokenFault;
use super::members::Members;

/// Longest token, in bytes: what still fits into the head of a request.
pub(in crate::api) const MAX_TOKEN: usize = 8 * 1024;

/// What a token is signed with. There is no name here for none, nor for secrets that both sides know: a
/// public key is never taken for such a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Its name (RFC 7518, RFC 8037).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads its name, which is told in one way of writing only.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// A token in its parts.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub algorithm: Algorithm,
    /// Which key of its issuer, where it says so.
    pub key: Option<String>,
    /// What it says of its own type, lower case, without the prefix that may be left out.
    pub kind: Option<String>,
    pub claims: Members,
    /// What was signed.
    pub message: &'a [u8],
    pub signature: Vec<u8>,
}

/// Whether a secret has the form of a signed token; none of our own keys and tokens has a dot.
pub(in crate::api) fn looks_signed(secret: &str) -> bool {
    secret.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Signed<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is none, or signed in a way that is never taken.
    pub fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > MAX_TOKEN {
            return Err(TokenFault::Shape);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Shape)?;
        let (header, claims) = message.split_once('.').ok_or(TokenFault::Shape)?;
        let header = Members::parse(&decoded(header)?)?;
        if header.has("crit") {
            return Err(TokenFault::Critical);
        }
        let algorithm = header.text("alg")?.and_then(Algorithm::parse).ok_or(TokenFault::Algorithm)?;
        let kind = header.text("typ")?.map(str::to_ascii_lowercase);
        Ok(Self {
            algorithm,
            key: header.text("kid")?.map(str::to_owned),
            kind: kind.map(|kind| kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind)),
            claims: Members::parse(&decoded(claims)?)?,
            message: message.as_bytes(),
            signature: decoded(signature)?,
        })
    }
}

/// Base64url without padding, and without bits that mean nothing: one text for one value.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenFault::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn fault(header: &str) -> TokenFault {
        Signed::parse(&format!("{}.{}.AA", part(header), part("{}"))).unwrap_err()
    }

    #[test]
    fn a_token_is_three_parts_and_says_how_it_is_signed() {
        let token = format!("{}.{}.AQI", part(r#"{"alg":"ES256","kid":"k1","typ":"application/AT+JWT"}"#), part(r#"{"sub":"a"}"#));
        let signed = Signed::parse(&token).unwrap();
        assert_eq!((signed.algorithm, signed.key.as_deref(), signed.kind.as_deref()), (Algorithm::Es256, Some("k1"), Some("at+jwt")));
        assert_eq!((signed.signature, signed.message), (vec![1, 2], token.strip_suffix(".AQI").unwrap().as_bytes()));
        assert!(looks_signed(&token) && !looks_signed("sk_abc"));
    }

    #[test]
    fn none_a_shared_secret_and_another_spelling_are_no_algorithms() {
        for algorithm in ["none", "None", "NONE", "HS256", "HS512", "rs256", "ES384", "RSA-OAEP", " RS256"] {
            assert_eq!(fault(&format!(r#"{{"alg":"{algorithm}"}}"#)), TokenFault::Algorithm, "{algorithm}");
        }
        assert_eq!(fault("{}"), TokenFault::Algorithm);
        assert_eq!(fault(r#"{"alg":"RS256","alg":"none"}"#), TokenFault::Shape);
        assert_eq!(fault(r#"{"alg":"RS256","crit":["exp"]}"#), TokenFault::Critical);
        assert_eq!(fault(r#"{"alg":["RS256"]}"#), TokenFault::Claim);
    }

    #[test]
    fn what_is_not_written_in_the_one_way_is_no_token() {
        let (header, claims) = (part(r#"{"alg":"RS256"}"#), part("{}"));
        for token in [
            String::new(),
            "..".to_owned(),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.AA.AA"),
            format!("{header}=.{claims}.AA"),
            // The last sign holds bits that are not part of any byte.
            format!("{header}.{claims}.AB"),
            format!("{header}.{claims}.A+"),
            format!("{header}.{claims}.AA\n"),
            format!("{header}.{claims}.{}", "A".repeat(MAX_TOKEN)),
        ] {
            assert!(Signed::parse(&token).is_err(), "{token}");
        }
    }

    #[test]
    fn any_text_is_a_token_or_a_fault() {
        bolero::check!().with_iterations(2000).with_type::<(Vec<u8>, Vec<u8>, Vec<u8>)>().for_each(|(header, claims, signature)| {
            let [header, claims, signature] = [header, claims, signature].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
            let _ = Signed::parse(&format!("{header}.{claims}.{signature}"));
            let _ = Signed::parse(&format!("{}.{claims}.{signature}", part(r#"{"alg":"RS256"}"#)));
        });
    }
}
