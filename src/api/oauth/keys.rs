//! The public keys of an issuer (JWK Set, RFC 7517), and checking a signature by one of them.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::fault::TokenFault;
use super::signed::{Algorithm, Signed, decoded};

/// Keys of one issuer that are kept; those after them are left out.
const MOST_KEYS: usize = 64;

/// A key of an issuer. What it is good for follows from its kind: a key for one kind of signature is
/// never handed to another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    name: Option<String>,
    /// The one algorithm it is for, where its issuer says so.
    only: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// All keys of an issuer that are of use here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

/// What an issuer's document has besides keys is not read, and so is a key that cannot be: another program may
/// be the one that understands it.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let may_verify = self.key_ops.as_ref().is_none_or(|allowed| allowed.iter().any(|allowed| allowed == "verify"));
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") || !may_verify {
            return None;
        }
        let bytes = |text: &Option<String>| text.as_deref().and_then(|text| decoded(text).ok());
        let public = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => Public::Rsa { modulus: bytes(&self.n)?, exponent: bytes(&self.e)? },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x).filter(|x| x.len() == 32)?, bytes(&self.y).filter(|y| y.len() == 32)?);
                Public::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(&self.x).filter(|x| x.len() == 32)?),
            // Secrets, `oct`, are among what is not read.
            _ => return None,
        };
        Some(Key { name: self.kid, only: self.alg, public })
    }
}

impl Key {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let is_kind = match (&self.public, algorithm) {
            (Public::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
            | (Public::P256(_), Algorithm::Es256)
            | (Public::Ed25519(_), Algorithm::EdDsa) => true,
            (Public::Rsa { .. }, Algorithm::Es256 | Algorithm::EdDsa)
            | (Public::P256(_), Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::EdDsa)
            | (Public::Ed25519(_), Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256) => false,
        };
        is_kind && self.only.as_deref().is_none_or(|only| only == algorithm.as_str())
    }

    fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            Public::Rsa { modulus, exponent } => {
                let scheme = if algorithm == Algorithm::Ps256 { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(scheme, message, signature).is_ok()
            }
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok(),
            Public::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature).is_ok(),
        }
    }
}

impl KeySet {
    /// Reads an issuer's document; `None` when it is none. Keys that are of no use here are left out.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(bytes).ok()?;
        let readable = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Some(Self(readable.filter_map(Jwk::key).take(MOST_KEYS).collect()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those that a token can be signed with: of its name, and of its algorithm's kind. A token without the name of
    /// a key is taken where its issuer has one key that it could mean.
    fn candidates(&self, token: &Signed<'_>) -> Vec<&Key> {
        let of_kind = self.0.iter().filter(|key| key.is_for(token.algorithm));
        if let Some(name) = &token.key {
            return of_kind.filter(|key| key.name.as_ref() == Some(name)).collect();
        }
        let all: Vec<&Key> = of_kind.collect();
        if all.len() == 1 { all } else { Vec::new() }
    }

    /// Whether one of them may have signed a token.
    pub fn knows(&self, token: &Signed<'_>) -> bool {
        !self.candidates(token).is_empty()
    }

    /// Makes sure that one of them signed the token.
    ///
    /// # Errors
    /// `Key` when there is none for it, `Signature` when none of those did.
    pub fn check(&self, token: &Signed<'_>) -> Result<(), TokenFault> {
        let candidates = self.candidates(token);
        if candidates.is_empty() {
            return Err(TokenFault::Key);
        }
        let signed = candidates.iter().any(|key| key.signed(token.algorithm, token.message, &token.signature));
        if signed { Ok(()) } else { Err(TokenFault::Signature) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::members::Members;
    use super::*;

    /// RFC 7515, A.2 and A.3, and RFC 8037, A.4: a key, what was signed, and the signature.
    const PUBLISHED: [(Algorithm, &str, &str, &str); 3] = [
        (
            Algorithm::Rs256,
            r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            Algorithm::Es256,
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            Algorithm::EdDsa,
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ];

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn published(index: usize) -> (Value, Signed<'static>) {
        let (algorithm, key, message, signature) = PUBLISHED[index];
        let signature = decoded(signature).unwrap();
        let token = Signed { algorithm, key: None, kind: None, claims: Members::default(), message: message.as_bytes(), signature };
        (serde_json::from_str(key).unwrap(), token)
    }

    fn with(mut key: Value, more: &Value) -> Value {
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    #[test]
    fn published_signatures_hold_and_no_other() {
        for index in 0..PUBLISHED.len() {
            let (key, mut token) = published(index);
            let keys = set(&[key]);
            assert_eq!(keys.check(&token), Ok(()), "{:?}", token.algorithm);
            token.message = b"eyJhbGciOiJFUzI1NiJ9.e30";
            assert_eq!(keys.check(&token), Err(TokenFault::Signature), "{:?}", token.algorithm);
            let (_, mut token) = published(index);
            token.signature[0] ^= 1;
            assert_eq!(keys.check(&token), Err(TokenFault::Signature), "{:?}", token.algorithm);
            token.signature.clear();
            assert_eq!(keys.check(&token), Err(TokenFault::Signature), "{:?}", token.algorithm);
        }
    }

    #[test]
    fn a_key_is_for_its_own_kind_of_signature() {
        let all = set(&[published(0).0, published(1).0, published(2).0]);
        assert_eq!(all.len(), 3);
        for (index, (own, ..)) in PUBLISHED.iter().enumerate() {
            let (key, token) = published(index);
            assert_eq!(all.check(&token), Ok(()));
            for algorithm in Algorithm::ALL {
                let (_, token) = published(index);
                let token = Signed { algorithm, ..token };
                assert_eq!(set(std::slice::from_ref(&key)).check(&token).is_ok(), *own == algorithm, "{algorithm:?}");
            }
            let narrowed = set(&[with(key, &json!({"alg": "PS256"}))]);
            assert_eq!(narrowed.check(&token), Err(TokenFault::Key), "{:?}", token.algorithm);
        }
    }

    #[test]
    fn a_key_is_chosen_by_its_name_and_without_one_only_where_there_is_no_choice() {
        let named = |name: &str| with(published(1).0, &json!({ "kid": name }));
        let token = |name: Option<&str>| Signed { key: name.map(str::to_owned), ..published(1).1 };
        let two = set(&[named("a"), named("b")]);
        for (name, expected) in [(Some("a"), Ok(())), (Some("b"), Ok(())), (Some("c"), Err(TokenFault::Key)), (None, Err(TokenFault::Key))]
        {
            assert_eq!(two.check(&token(name)), expected, "{name:?}");
        }
        assert_eq!(set(&[named("a")]).check(&token(None)), Ok(()));
    }

    #[test]
    fn what_is_of_no_use_is_left_out() {
        let key = published(1).0;
        for more in [
            json!({"use": "enc"}),
            json!({"key_ops": ["sign"]}),
            json!({"crv": "P-384"}),
            json!({"kty": "oct", "k": "c2VjcmV0"}),
            json!({"x": "AA"}),
            json!({"kid": 7}),
        ] {
            assert_eq!(set(&[with(key.clone(), &more)]).len(), 0, "{more}");
        }
        assert_eq!(set(&[json!("a"), json!({}), with(key.clone(), &json!({"use": "sig", "x5c": []}))]).len(), 1);
        assert_eq!(set(&vec![key; MOST_KEYS + 5]).len(), MOST_KEYS);
        for document in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert_eq!(KeySet::parse(document.as_bytes()), None, "{document}");
        }
    }
}
