//! Checkpoints of the audit trail: signed here, noted in the store, and held against the trail.

use jiff::SignedDuration;

use super::{Files, FilesError};
use crate::blob::{Anchored, Feature, Support};
use crate::catalog::{ChainFault, CheckpointKey, CheckpointVerifier, Checkpoints, SYSTEM_CHAIN, Sealing};
use crate::domain::{CustomerId, RegionName, Timestamp};

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
    /// does not answer delays the notes, not the signatures.
    ///
    /// # Errors
    /// When the catalog or the store does not answer; what was done until then stays done.
    pub async fn seal_chains(&self) -> Result<Sealed, FilesError> {
        let key = self.checkpoint_key()?;
        let mut sealed = Sealed::default();
        let mut after = String::new();
        loop {
            let chains = self.0.catalog.unsealed_chains(&after, PAGE).await?;
            let Some(last) = chains.last() else { break };
            after.clone_from(last);
            for chain in chains {
                match self.0.catalog.seal_chain(&chain, key, self.now()).await? {
                    Sealing::Sealed(_) => sealed.signed += 1,
                    Sealing::Broken(fault) => sealed.broken.push((chain, fault)),
                }
            }
        }
        sealed.anchored = self.anchor_chains().await?;
        Ok(sealed)
    }

    async fn anchor_chains(&self) -> Result<u64, FilesError> {
        let (mut count, mut after) = (0, String::new());
        loop {
            let chains = self.0.catalog.unanchored_chains(&after, PAGE).await?;
            let Some(last) = chains.last() else { return Ok(count) };
            after.clone_from(last);
            for chain in chains {
                let (Some(place), Some((size, note))) = (place(&chain), self.0.catalog.unanchored_note(&chain).await?) else { continue };
                let (region, store) = self.store_of_chain(place).await?;
                store.anchor(place, size, &note, self.lock_until(&region)).await?;
                self.0.catalog.anchored(&chain, size).await?;
                count += 1;
            }
        }
    }

    /// Until when nobody deletes a note, where the store holds anybody to that.
    fn lock_until(&self, region: &RegionName) -> Option<Timestamp> {
        let locks = self.capabilities(region).is_some_and(|found| found.support(Feature::ObjectLock) == Support::Native);
        let days = i64::from(self.0.settings.anchor_days);
        locks.then(|| self.now().saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX))
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
