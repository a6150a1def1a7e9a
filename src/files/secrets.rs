//! Tokens, keyed hashes and sealing, all derived from the server's one secret.
//!
//! A derived key is `HMAC-SHA256(server secret, purpose, 0, customer)`, so that a hash or a sealed
//! text of one purpose or customer means nothing for another.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;

use crate::catalog::CheckpointKey;
use crate::domain::{Checksum, CustomerId, Entropy, LinkId, Phone, random_bytes};

/// The server's secret: 32 random bytes that never leave the machine. Without them codes, sealed
/// links and deduplication keys of this installation cannot be read.
#[derive(Clone)]
pub struct ServerSecret([u8; 32]);

impl ServerSecret {
    /// From bytes that were kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// What tells this secret from another one and gives nothing of it away: 64 hexadecimal digits.
    #[must_use]
    pub fn mark(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hex::encode(hmac::sign(&key, b"mark of the server's secret"))
    }

    /// What signs checkpoints of the audit trail, under the installation's name; the same at every
    /// server of it. `None` never happens with a seed of the right length.
    #[must_use]
    pub fn checkpoint_key(&self) -> Option<CheckpointKey> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let seed = hmac::sign(&key, b"checkpoints of the audit trail").as_ref().try_into().ok()?;
        let name: String = self.mark().chars().take(16).collect();
        CheckpointKey::from_seed(&format!("satchel-{name}"), &seed)
    }
}

/// A token that was just made: shown once, stored as its hash.
pub struct Token {
    /// What the client keeps.
    pub secret: String,
    /// What the catalog keeps.
    pub hash: String,
}

/// The hash under which a token, key or slug is stored: SHA-256, hexadecimal. They carry 128 random
/// bits or more, so that a plain hash cannot be searched.
pub(super) fn token_hash(secret: &str) -> String {
    hex::encode(digest(&SHA256, secret.as_bytes()))
}

#[derive(Clone)]
pub(super) struct Secrets {
    root: hmac::Key,
    checkpoints: Option<Arc<CheckpointKey>>,
    entropy: Arc<dyn Entropy>,
}

impl Secrets {
    pub fn new(secret: &ServerSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self { root: hmac::Key::new(hmac::HMAC_SHA256, &secret.0), checkpoints: secret.checkpoint_key().map(Arc::new), entropy }
    }

    /// What signs checkpoints of the audit trail.
    pub fn checkpoint_key(&self) -> Option<&CheckpointKey> {
        self.checkpoints.as_deref()
    }

    /// A new token: a readable prefix and 256 random bits.
    pub fn token(&self, prefix: &str) -> Token {
        let random: [u8; 32] = random_bytes(&*self.entropy);
        let secret = format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random));
        Token { hash: token_hash(&secret), secret }
    }

    /// The secret part of a link: 128 random bits.
    pub fn slug(&self) -> Token {
        let random: [u8; 16] = random_bytes(&*self.entropy);
        let secret = URL_SAFE_NO_PAD.encode(random);
        Token { hash: token_hash(&secret), secret }
    }

    fn derive(&self, purpose: &str, customer: CustomerId) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.root);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(customer.to_string().as_bytes());
        context.sign()
    }

    fn keyed_hash(&self, purpose: &str, customer: CustomerId, parts: &[&[u8]]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose, customer).as_ref());
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        hex::encode(context.sign())
    }

    /// Under which key content is stored once: means nothing to another customer.
    pub fn content_key(&self, customer: CustomerId, checksum: &Checksum) -> String {
        self.keyed_hash("content", customer, &[checksum.digest()])
    }

    /// The hash under which a spoken code of a link is stored.
    pub fn code_hash(&self, customer: CustomerId, link: LinkId, code: &str) -> String {
        self.keyed_hash("code", customer, &[link.to_string().as_bytes(), code.as_bytes()])
    }

    /// The hash under which a code for calls from a number is stored.
    pub fn call_code_hash(&self, customer: CustomerId, number: &Phone, code: &str) -> String {
        self.keyed_hash("call code", customer, &[number.as_str().as_bytes(), code.as_bytes()])
    }

    /// Under which name failures of a network or a caller are counted: means nothing to whoever reads the rows.
    pub fn guesser(&self, customer: CustomerId, who: &str) -> String {
        self.keyed_hash("guesser", customer, &[who.as_bytes()])
    }

    /// The name of a session that others know: one that cannot be made up from what they are called.
    pub fn session_name(&self, customer: CustomerId, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        format!("session:{}", self.keyed_hash("session", customer, &parts))
    }

    fn sealing_key(&self, customer: CustomerId) -> Option<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, self.derive("seal", customer).as_ref()).ok().map(LessSafeKey::new)
    }

    /// Seals a short text for one customer and purpose; `None` never happens with a key of the right length.
    pub fn seal(&self, customer: CustomerId, purpose: &str, text: &str) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = random_bytes(&*self.entropy);
        let mut bytes = text.as_bytes().to_vec();
        self.sealing_key(customer)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose.as_bytes()), &mut bytes)
            .ok()?;
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(&bytes);
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Secrets::seal`] made for the same customer and purpose.
    pub fn unseal(&self, customer: CustomerId, purpose: &str, sealed: &str) -> Option<String> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.sealing_key(customer)?.open_in_place(nonce, Aad::from(purpose.as_bytes()), text).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// `count` decimal digits, each equally likely.
    pub fn digits(&self, count: usize) -> String {
        let mut digits = String::with_capacity(count);
        while digits.len() < count {
            let [byte]: [u8; 1] = random_bytes(&*self.entropy);
            // 250 is the largest multiple of ten in a byte: what lies above would favour low digits.
            if byte < 250 {
                digits.push(char::from(b'0' + byte % 10));
            }
        }
        digits
    }

    /// A random index below `bound`.
    pub fn below(&self, bound: u32) -> u32 {
        loop {
            let value = u32::from_le_bytes(random_bytes(&*self.entropy));
            let limit = u32::MAX - u32::MAX % bound.max(1);
            if value < limit {
                return value % bound.max(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    fn secrets() -> Secrets {
        Secrets::new(&ServerSecret::from_bytes([7; 32]), Arc::new(SeededEntropy::new(1)))
    }

    fn customers() -> (CustomerId, CustomerId) {
        let clock = ManualClock::at("2026-01-01T00:00:00Z");
        let entropy = SeededEntropy::new(9);
        (CustomerId::new(&clock, &entropy), CustomerId::new(&clock, &entropy))
    }

    #[test]
    fn a_sealed_text_opens_for_its_customer_and_purpose_alone() {
        let (ours, theirs) = customers();
        let secrets = secrets();
        let sealed = secrets.seal(ours, "slug", "abc").unwrap();
        assert_eq!(secrets.unseal(ours, "slug", &sealed).as_deref(), Some("abc"));
        assert_eq!(secrets.unseal(theirs, "slug", &sealed), None);
        assert_eq!(secrets.unseal(ours, "code", &sealed), None);
        assert_eq!(secrets.unseal(ours, "slug", "short"), None);
    }

    #[test]
    fn the_same_content_has_another_key_at_another_customer() {
        let (ours, theirs) = customers();
        let sum = Checksum::from_digest([3; 32]);
        assert_eq!(secrets().content_key(ours, &sum), secrets().content_key(ours, &sum));
        assert_ne!(secrets().content_key(ours, &sum), secrets().content_key(theirs, &sum));
    }

    #[test]
    fn digits_are_digits_of_the_wanted_count_and_spread() {
        let secrets = secrets();
        let text = secrets.digits(6000);
        assert_eq!(text.len(), 6000);
        for digit in '0'..='9' {
            let share = text.chars().filter(|c| *c == digit).count();
            assert!((450..750).contains(&share), "{digit}: {share}");
        }
        assert!((0..100).all(|_| secrets.below(7) < 7));
    }
}
