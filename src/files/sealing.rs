//! Checkpoints of the audit trail: signed here, noted in the store, and held against the trail.

use std::collections::{HashMap, HashSet};

use jiff::SignedDuration;

use super::{Files, FilesError};
use crate::blob::{Anchored, Store};
use crate::catalog::{ChainFault, CheckpointKey, CheckpointVerifier, Checkpoints, SYSTEM_CHAIN, Sealing};
use crate::domain::{CustomerId, ErrorCode, Timestamp};

/// Chains of one look at the catalog.
const PAGE: u32 = 200;

/// What a round of signing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Checkpoints that were signed.
    pub signed: u64,
    /// Checkpoints that were noted in the store.
    pub anchored: u64,
    /// Chains whose records are not what was written, with their first fault: nobody signs those.
    pub broken: Vec<(String, ChainFault)>,
    /// Chains that could not be signed for or noted now; the next round tries again.
    pub late: u64,
}

impl Sealed {
    fn lags(&mut self, chain: &str, error: &FilesError) {
        tracing::warn!(audit.chain = %chain, code = %error.code(), error = %error, "checkpoints of a chain lag behind; trying again");
        self.late += 1;
    }
}

impl Files {
    /// What checks the signatures of this installation's checkpoints.
    ///
    /// # Errors
    /// `Sealed` when the server's secret makes no key.
    pub fn checkpoint_verifier(&self) -> Result<&CheckpointVerifier, FilesError> {
        Ok(self.checkpoint_key()?.verifier())
    }

    fn checkpoint_key(&self) -> Result<&CheckpointKey, FilesError> {
        self.0.secrets.checkpoint_key().ok_or(FilesError::Sealed { what: "checkpoint key" })
    }

    /// Signs for every chain that grew, then notes in the store what is not noted there. A store that
    /// does not answer delays the notes, not the signatures; a chain that fails holds no other up.
    ///
    /// # Errors
    /// When the catalog does not say which chains there are; what was done until then stays done.
    pub async fn seal_chains(&self) -> Result<Sealed, FilesError> {
        let key = self.checkpoint_key()?;
        let (mut sealed, mut after) = (Sealed::default(), String::new());
        loop {
            let chains = self.0.catalog.unsealed_chains(&after, PAGE).await?;
            let Some(last) = chains.last() else { break };
            after.clone_from(last);
            for chain in chains {
                match self.0.catalog.seal_chain(&chain, key, self.now()).await {
                    Ok(Sealing::Sealed(_)) => sealed.signed += 1,
                    Ok(Sealing::Broken(fault)) => sealed.broken.push((chain, fault)),
                    Err(error) => sealed.lags(&chain, &error.into()),
                }
            }
        }
        self.anchor_chains(&mut sealed).await?;
        Ok(sealed)
    }

    async fn anchor_chains(&self, sealed: &mut Sealed) -> Result<(), FilesError> {
        // Regions whose buckets were asked for locks, and those that do not answer in this round.
        let (mut locks, mut away) = (HashMap::new(), HashSet::new());
        let mut after = String::new();
        loop {
            let chains = self.0.catalog.unanchored_chains(&after, PAGE).await?;
            let Some(last) = chains.last() else { return Ok(()) };
            after.clone_from(last);
            for chain in chains {
                let Some(place) = place(&chain) else { continue };
                let (region, store) = self.store_of_chain(place).await?;
                if away.contains(&region) {
                    continue;
                }
                match self.anchor_chain(&chain, place, &store, locks.get(&region).copied()).await {
                    Ok(locked) => {
                        locks.insert(region, locked);
                        sealed.anchored += 1;
                    }
                    Err(error) => {
                        sealed.lags(&chain, &error);
                        if error.code() == ErrorCode::Unavailable {
                            away.insert(region);
                        }
                    }
                }
            }
        }
    }

    /// Notes the newest checkpoint of a chain, under lock where its bucket has that: asked for where it is not
    /// known, and given back.
    async fn anchor_chain(&self, chain: &str, place: Anchored, store: &Store, locks: Option<bool>) -> Result<bool, FilesError> {
        let locks = match locks {
            Some(known) => known,
            None => store.locks_anchors().await?,
        };
        if let Some((size, note)) = self.0.catalog.unanchored_note(chain).await? {
            let kept = SignedDuration::from_hours(24 * i64::from(self.0.settings.anchor_days));
            let until = self.now().saturating_add(kept).unwrap_or(Timestamp::MAX);
            store.anchor(place, size, &note, locks.then_some(until)).await?;
            self.0.catalog.anchored(chain, size).await?;
        }
        Ok(locks)
    }

    /// The notes of a chain that lie in the store, to hold the chain against.
    pub(super) async fn anchors_of(&self, chain: &str) -> Result<Checkpoints, FilesError> {
        let mut checkpoints = Checkpoints::default();
        let Some(place) = place(chain) else { return Ok(checkpoints) };
        let (_, store) = self.store_of_chain(place).await?;
        for (size, note) in store.anchors(place, self.0.settings.anchors_checked).await? {
            checkpoints.add(self.checkpoint_verifier()?, chain, size, &note);
        }
        Ok(checkpoints)
    }
}

/// Where a chain's notes lie; `None` for a chain that is nobody's.
fn place(chain: &str) -> Option<Anchored> {
    if chain == SYSTEM_CHAIN { Some(Anchored::House) } else { CustomerId::parse(chain).ok().map(Anchored::Customer) }
}
