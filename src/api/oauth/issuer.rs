//! An issuer, and its keys as far as they are known.
//!
//! INVARIANT: however many tokens with made-up names of keys are shown, an issuer is asked for its keys at most
//! once in [`PAUSE`], and whoever shows a token by a key that is known waits for nobody else.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;

use super::fault::TokenFault;
use super::keys::KeySet;
use super::rules::IssuerRules;
use super::signed::Signed;
use crate::domain::Timestamp;
use crate::files::{FetchError, FilesError};

/// Between two questions for an issuer's keys, at least.
pub(super) const PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// After which keys are asked for again though the one at hand is known: a key that its issuer took back is not taken
/// any longer than this.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How long keys count that could not be asked for again since.
pub(super) const STALE: SignedDuration = SignedDuration::from_hours(1);

/// An issuer whose tokens are taken.
#[derive(Debug)]
pub(super) struct Issuer {
    pub rules: IssuerRules,
    known: Mutex<Known>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
}

/// What is known of an issuer's keys.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Arc<KeySet>,
    /// When they were got.
    got: Option<Timestamp>,
    /// When they were last asked for, got or not.
    asked: Option<Timestamp>,
}

/// What is to be done with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Check it by the keys that are known.
    Check,
    /// Ask for the keys, and check it by what there is then; by what there is now where somebody else asks already.
    Refresh,
    /// Ask for the keys first: nothing that is known can be right.
    Ask,
    /// Its key is not there.
    Unknown,
    /// Its key may be there, and nobody can say.
    Unreachable,
}

impl Known {
    fn step(&self, is_known: bool, now: Timestamp) -> Step {
        let age = self.got.map(|got| now.duration_since(got));
        let may_ask = self.asked.is_none_or(|asked| now.duration_since(asked) >= PAUSE);
        let is_held = age.is_some_and(|age| age < STALE);
        match (is_known && is_held, may_ask) {
            (true, true) if age.is_some_and(|age| age >= FRESH) => Step::Refresh,
            (true, _) => Step::Check,
            (false, true) => Step::Ask,
            (false, false) if is_held => Step::Unknown,
            (false, false) => Step::Unreachable,
        }
    }
}

impl Issuer {
    pub fn new(rules: IssuerRules) -> Self {
        Self { rules, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes sure that one of the issuer's keys signed the token.
    ///
    /// # Errors
    /// `Key` and `Signature` inside; outside, when the issuer does not answer and its key is not known.
    pub async fn check(&self, token: &Signed<'_>, now: Timestamp) -> Result<Result<(), TokenFault>, FilesError> {
        let known = self.known();
        match known.step(known.keys.knows(token), now) {
            Step::Check => return Ok(known.keys.check(token)),
            Step::Refresh => {
                let Ok(turn) = self.asking.try_lock() else { return Ok(known.keys.check(token)) };
                // What was known goes on counting for a while where the issuer does not answer.
                self.ask(now).await;
                drop(turn);
            }
            Step::Ask | Step::Unknown | Step::Unreachable => {
                // Somebody else may be asking now, and bring the key.
                let turn = self.asking.lock().await;
                let known = self.known();
                if known.step(known.keys.knows(token), now) == Step::Ask {
                    self.ask(now).await;
                }
                drop(turn);
            }
        }
        let known = self.known();
        match known.step(known.keys.knows(token), now) {
            Step::Unreachable => Err(unreachable()),
            Step::Check | Step::Refresh | Step::Ask | Step::Unknown => Ok(known.keys.check(token)),
        }
    }

    /// Asks for the keys; those that its issuer does not have any more are forgotten.
    async fn ask(&self, now: Timestamp) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).asked = Some(now);
        let keys = match self.rules.fetch.get(&self.rules.keys_url).await {
            Ok(document) => KeySet::parse(&document),
            Err(error) => {
                tracing::warn!(oauth.issuer = self.rules.issuer, error = &error as &dyn std::error::Error, "an issuer's keys were not got");
                return;
            }
        };
        let Some(keys) = keys else {
            tracing::warn!(oauth.issuer = self.rules.issuer, "what lies where an issuer's keys should is no set of keys");
            return;
        };
        tracing::info!(oauth.issuer = self.rules.issuer, oauth.keys = keys.len(), "the keys of an issuer were got");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys = Arc::new(keys);
        known.got = Some(now);
    }
}

fn unreachable() -> FilesError {
    FilesError::Outside(FetchError("the issuer of a token did not give its keys".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_for_when_it_may_help_and_never_too_often() {
        let at = |seconds: i64| Timestamp::from_second(1_772_442_000 + seconds).unwrap();
        let known = |got: Option<i64>, asked: Option<i64>| Known { keys: Arc::default(), got: got.map(at), asked: asked.map(at) };
        let (pause, fresh, stale) = (PAUSE.as_secs(), FRESH.as_secs(), STALE.as_secs());
        for (got, asked, is_known, now, expected) in [
            // Nothing is known, and it was not asked for, was asked for just now, and a while ago.
            (None, None, false, 0, Step::Ask),
            (None, Some(0), false, pause - 1, Step::Unreachable),
            (None, Some(0), false, pause, Step::Ask),
            // A key that is known: fresh, not fresh any more, and asked for again in vain.
            (Some(0), Some(0), true, fresh - 1, Step::Check),
            (Some(0), Some(0), true, fresh, Step::Refresh),
            (Some(0), Some(fresh), true, fresh + pause - 1, Step::Check),
            (Some(0), Some(fresh), true, fresh + pause, Step::Refresh),
            // Held for as long as may be without an answer, and no longer.
            (Some(0), Some(stale - 1), true, stale - 1, Step::Check),
            (Some(0), Some(stale - 1), true, stale, Step::Unreachable),
            (Some(0), Some(0), true, stale, Step::Ask),
            // A name that is not known: the issuer may have a new key, or somebody makes names up.
            (Some(0), Some(0), false, pause - 1, Step::Unknown),
            (Some(0), Some(0), false, pause, Step::Ask),
            (Some(0), Some(pause), false, pause + 1, Step::Unknown),
        ] {
            assert_eq!(known(got, asked).step(is_known, at(now)), expected, "got {got:?}, asked {asked:?}, {is_known}, now {now}");
        }
    }
}
