//! A signed statement of how a chain stood: the checkpoint of C2SP's tlog-checkpoint, in a signed
//! note, so that tools of others read it too. The page `docs/audit.md` has the format.
//!
//! Whoever holds one knows the chain up to there: a record that is changed, taken away or put
//! elsewhere afterwards gives another root, and none but the key's holder can sign that one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::frontier::{Hash, sha256};
use crate::domain::Timestamp;

/// Marks an Ed25519 key in signed notes.
const ED25519_MARK: u8 = 1;

/// How a chain stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which chain.
    pub chain: String,
    /// Its records.
    pub size: u64,
    /// Root of the Merkle tree of its records.
    pub root: Hash,
    /// Hash of its last record, 64 hexadecimal digits.
    pub head: String,
    /// When it was signed.
    pub at: Timestamp,
}

/// What signs checkpoints: an Ed25519 key under a name that says which installation it is.
pub struct CheckpointKey {
    pair: Ed25519KeyPair,
    verifier: CheckpointVerifier,
}

impl std::fmt::Debug for CheckpointKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CheckpointKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl CheckpointKey {
    /// From the seed of RFC 8032. `None` when the name could not stand in a note: it has a blank or a
    /// `+`, or is empty.
    #[must_use]
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let verifier = CheckpointVerifier::new(name, pair.public_key().as_ref())?;
        Some(Self { pair, verifier })
    }

    /// What anybody needs to check what this key signs.
    pub const fn verifier(&self) -> &CheckpointVerifier {
        &self.verifier
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = self.verifier.text(checkpoint);
        let mut signature = self.verifier.id().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.verifier.name, STANDARD.encode(signature))
    }
}

/// Checks what one key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointVerifier {
    name: String,
    public: Vec<u8>,
}

impl CheckpointVerifier {
    fn new(name: &str, public: &[u8]) -> Option<Self> {
        let is_name = !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+');
        (is_name && public.len() == 32).then(|| Self { name: name.to_owned(), public: public.to_vec() })
    }

    /// From the text form of a signed note's key: `name+hash+base64`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = STANDARD.decode(key).ok()?;
        let (mark, public) = key.split_first()?;
        let verifier = Self::new(name, public)?;
        (*mark == ED25519_MARK && hex::encode(verifier.id()) == id).then_some(verifier)
    }

    /// The first four bytes of SHA-256 over name, newline and marked key.
    fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.extend_from_slice(&[b'\n', ED25519_MARK]);
        bytes.extend_from_slice(&self.public);
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// What is signed.
    fn text(&self, checkpoint: &Checkpoint) -> String {
        let Checkpoint { chain, size, root, head, at } = checkpoint;
        format!("{}/{chain}\n{size}\n{}\nhead {head}\nat {at}\n", self.name, STANDARD.encode(root))
    }

    /// The checkpoint of a note, when this key signed exactly it. Signatures of others beside it are
    /// nobody's concern here.
    #[must_use]
    pub fn open(&self, note: &str) -> Option<Checkpoint> {
        let (text, signatures) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        let prefix = format!("\u{2014} {} ", self.name);
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        let is_signed = signatures.lines().filter_map(|line| STANDARD.decode(line.strip_prefix(&prefix)?).ok()).any(|signature| {
            signature.split_at_checked(4).is_some_and(|(id, signature)| id == self.id() && key.verify(text.as_bytes(), signature).is_ok())
        });
        let checkpoint = self.read(&text).filter(|_| is_signed)?;
        // INVARIANT: a note that this program would write differently is none of its own.
        (self.text(&checkpoint) == text).then_some(checkpoint)
    }

    fn read(&self, text: &str) -> Option<Checkpoint> {
        let mut lines = text.lines();
        let chain = lines.next()?.strip_prefix(&self.name)?.strip_prefix('/')?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let head = lines.next()?.strip_prefix("head ")?.to_owned();
        let at = lines.next()?.strip_prefix("at ")?.parse().ok()?;
        Some(Checkpoint { chain, size, root, head, at })
    }
}

impl std::fmt::Display for CheckpointVerifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519_MARK];
        key.extend_from_slice(&self.public);
        write!(out, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> CheckpointKey {
        CheckpointKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        let at = "2026-11-24T09:30:00Z".parse().unwrap();
        Checkpoint { chain: "cust_1".to_owned(), size: 7, root: [9; 32], head: "ab".repeat(32), at }
    }

    #[test]
    fn a_signed_checkpoint_is_read_back_by_whoever_has_the_public_key() {
        let key = key("satchel-1", 1);
        let verifier = CheckpointVerifier::parse(&key.verifier().to_string()).unwrap();
        assert_eq!(verifier.open(&key.sign(&checkpoint())), Some(checkpoint()));
    }

    #[test]
    fn no_byte_of_a_note_can_be_another() {
        let key = key("satchel-1", 1);
        let note = key.sign(&checkpoint());
        for at in 0..note.len() {
            for flip in [1, 0x20, 0x80] {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= flip;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert_eq!(key.verifier().open(&changed), None, "byte {at}: {changed}");
            }
        }
        assert_eq!(key.verifier().open(&note[..note.len() - 2]), None);
        assert_eq!(key.verifier().open(""), None);
    }

    #[test]
    fn another_key_and_another_name_sign_nothing_of_ours() {
        let ours = key("satchel-1", 1);
        for stranger in [key("satchel-1", 2), key("satchel-2", 1)] {
            assert_eq!(ours.verifier().open(&stranger.sign(&checkpoint())), None);
        }
        let both = ours.sign(&checkpoint()) + key("satchel-2", 2).sign(&checkpoint()).rsplit_once("\n\n").unwrap().1;
        assert_eq!(ours.verifier().open(&both), Some(checkpoint()), "a witness may sign beside us");
    }

    #[test]
    fn a_key_whose_text_was_changed_is_none() {
        let text = key("satchel-1", 1).verifier().to_string();
        for wrong in ["", "satchel-1", &text.replace("satchel-1", "satchel-2"), &text.replace("+A", "+B"), &text[..text.len() - 4]] {
            assert_eq!(CheckpointVerifier::parse(wrong), None, "{wrong}");
        }
        assert!(CheckpointKey::from_seed("two words", &[1; 32]).is_none());
    }

    #[test]
    fn the_key_of_rfc_8032_signs_as_it_does_there() {
        // Section 7.1, test 1: the public key of the seed.
        let seed: [u8; 32] = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap().try_into().unwrap();
        let key = CheckpointKey::from_seed("rfc", &seed).unwrap();
        assert_eq!(hex::encode(&key.verifier().public), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    }
}
