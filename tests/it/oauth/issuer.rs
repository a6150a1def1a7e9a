//! An issuer: keys that sign tokens, and a server that gives their public halves out.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A pair of keys for one kind of signature.
pub enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Pair {
    /// The one pair for RSA that tests have: making one takes seconds.
    pub fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(include_bytes!("../topics/key.pk8")).unwrap()))
    }

    pub fn p256() -> Self {
        let random = SystemRandom::new();
        let bytes = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::P256(Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes.as_ref(), &random).unwrap()))
    }

    pub fn ed25519() -> Self {
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(bytes.as_ref()).unwrap()))
    }

    /// The public half, as an issuer gives it out.
    pub fn public(&self, name: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "kid": name, "use": "sig", "n": encoded(parts.n), "e": encoded(parts.e)})
            }
            Self::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "kid": name, "crv": "P-256", "x": encoded(x), "y": encoded(y)})
            }
            Self::Ed25519(pair) => json!({"kty": "OKP", "kid": name, "crv": "Ed25519", "x": encoded(pair.public_key())}),
        }
    }

    /// What its public half is as bytes, for whoever would take it for a secret.
    pub fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public().as_ref().to_vec(),
            Self::P256(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// A signature under an algorithm of its kind.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let scheme: &dyn ring::signature::RsaEncoding = if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(scheme, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The algorithm it usually signs with.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// A token of header and claims as they stand, whatever they say.
    pub fn token_of(&self, header: &str, claims: &str) -> String {
        let algorithm = serde_json::from_str::<Value>(header).ok().and_then(|header| header["alg"].as_str().map(str::to_owned));
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.sign(algorithm.as_deref().unwrap_or_default(), message.as_bytes());
        format!("{message}.{}", encoded(signature))
    }

    /// A token of these claims.
    pub fn token(&self, name: &str, claims: &Value) -> String {
        self.token_of(&json!({"alg": self.algorithm(), "typ": "at+jwt", "kid": name}).to_string(), &claims.to_string())
    }
}

#[derive(Default)]
struct Given {
    document: Option<String>,
    asked: Vec<HeaderMap>,
}

/// The server that gives an issuer's keys out.
pub struct Keys {
    /// Where they lie.
    pub url: String,
    given: Arc<Mutex<Given>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Keys {
    pub async fn serve() -> Self {
        let given = Arc::new(Mutex::new(Given::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/keys", listener.local_addr().unwrap().port());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let app = Router::new().route("/keys", get(keys)).with_state(Arc::clone(&given));
        let stopped = stop.clone();
        tasks.spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned()).await.unwrap() });
        Self { url, given, stop, tasks }
    }

    /// Gives these out from now on.
    pub fn set(&self, keys: &[Value]) {
        self.given.lock().unwrap().document = Some(json!({ "keys": keys }).to_string());
    }

    /// Answers with an error from now on.
    pub fn fail(&self) {
        self.given.lock().unwrap().document = None;
    }

    /// Answers with this from now on.
    pub fn set_text(&self, text: &str) {
        self.given.lock().unwrap().document = Some(text.to_owned());
    }

    /// With what it was asked, each time.
    pub fn asked(&self) -> Vec<HeaderMap> {
        self.given.lock().unwrap().asked.clone()
    }

    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn keys(State(given): State<Arc<Mutex<Given>>>, headers: HeaderMap) -> Result<String, StatusCode> {
    let mut given = given.lock().unwrap();
    given.asked.push(headers);
    given.document.clone().ok_or(StatusCode::SERVICE_UNAVAILABLE)
}
