//! Signatures of webhooks by the scheme of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over
//! `id.timestamp.body`, one signature for each secret that is in force.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a secret begins with in its text form.
const PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret, as the scheme has them.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that a webhook's receiver shares.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

/// A text is no secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is `whsec_` with 24 to 64 bytes in base64")]
pub struct WebhookSecretFault;

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("WebhookSecret(hidden)")
    }
}

impl WebhookSecret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// When it is something else, or too short to be one.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretFault> {
        let bytes = text.strip_prefix(PREFIX).and_then(|rest| STANDARD.decode(rest).ok()).ok_or(WebhookSecretFault)?;
        if !BYTES.contains(&bytes.len()) {
            return Err(WebhookSecretFault);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

/// The value of `webhook-signature`: one signature for each secret, so that a receiver that knows either takes it.
pub(super) fn signatures(secrets: &[WebhookSecret], id: &str, seconds: i64, body: &[u8]) -> String {
    secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_schemes_own_example_has_the_signature_that_it_names() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        let signed = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let secrets = [SECRET, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"].map(|text| WebhookSecret::parse(text).unwrap());
        let both = signatures(&secrets, "msg", 1, b"x");
        let each = secrets.each_ref().map(|secret| signatures(std::slice::from_ref(secret), "msg", 1, b"x"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64 at all, not at all"] {
            assert_eq!(WebhookSecret::parse(text).err(), Some(WebhookSecretFault), "{text}");
        }
        assert!(!format!("{:?}", WebhookSecret::parse(SECRET).unwrap()).contains("MfKQ"));
    }
}
