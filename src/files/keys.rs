//! Keys: of a customer's programs, and of the operator.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use super::{Files, FilesError, KeyAccess, Subject};
use crate::catalog::{KeyOwner, KeyRecord, NewKey, Rotation};
use crate::domain::{AuditEntry, CustomerId, Decision, Door, KeyId, Origin, Permissions, Timestamp, clean_text};
use crate::policy::ManageKeys;

/// A key that was just made.
pub struct CreatedKey {
    /// Which.
    pub id: KeyId,
    /// Its secret, shown once.
    pub secret: String,
}

/// A key whose secret was just changed.
pub struct RotatedKey {
    /// Its new secret, shown once.
    pub secret: String,
    /// Until when the secret before opens it too.
    pub previous_until: Timestamp,
}

/// How long the secret before goes on opening a key after a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(SignedDuration);

impl Overlap {
    /// The longest, in seconds: a week.
    pub const LONGEST: u32 = 7 * 24 * 3600;
    /// What is taken where nothing is said: a day.
    pub const USUAL: Self = Self(SignedDuration::from_hours(24));

    /// So many seconds; `None` for more than [`Overlap::LONGEST`].
    pub fn of_seconds(seconds: u32) -> Option<Self> {
        (seconds <= Self::LONGEST).then(|| Self(SignedDuration::from_secs(seconds.into())))
    }
}

/// How exactly the last use of a key is told: it is written at most once in this time by each process.
const USE: SignedDuration = SignedDuration::from_mins(1);
/// Keys whose last use is remembered at once.
const MOST_USES: usize = 10_000;

/// When each key was last noted as used by this process.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<KeyId, Timestamp>>);

impl Uses {
    /// Whether the use is to be written; the next one that is lies a minute later.
    fn is_due(&self, key: &KeyRecord, now: Timestamp) -> bool {
        let is_old = |at: Timestamp| now.duration_since(at) >= USE;
        if !key.last_used_at.is_none_or(is_old) {
            return false;
        }
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.get(&key.id).copied().is_none_or(is_old) {
            return false;
        }
        if noted.len() >= MOST_USES {
            // Each of them is written once more in its minute, which is no harm.
            noted.clear();
        }
        noted.insert(key.id, now);
        true
    }
}

impl Files {
    /// Notes that a key was used now. That it could not be noted keeps nobody out.
    pub(super) async fn note_use(&self, key: &KeyRecord) {
        let now = self.now();
        if !self.0.uses.is_due(key, now) {
            return;
        }
        let owner = key.customer.map_or(KeyOwner::Operator, KeyOwner::Customer);
        if let Err(error) = self.0.catalog.key_used(owner, key.id, now).await {
            tracing::warn!(key.id = %key.id, error = &error as &dyn std::error::Error, "the use of a key could not be noted");
        }
    }

    /// What a key of the customer may, where it opens anything now; for whoever acts under it by another credential.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn key_access(&self, customer: CustomerId, key: KeyId) -> Result<Option<KeyAccess>, FilesError> {
        match self.0.catalog.key(customer, key).await? {
            Some(record) if record.is_alive(self.now()) => self.key_of(customer, record).await,
            _ => Ok(None),
        }
    }

    /// The access of a living key.
    pub(super) async fn key_of(&self, customer: CustomerId, record: KeyRecord) -> Result<Option<KeyAccess>, FilesError> {
        let Some(customer) = self.0.catalog.customer(customer).await? else { return Ok(None) };
        self.note_use(&record).await;
        let KeyRecord { id, permissions, .. } = record;
        Ok(Some(KeyAccess { key: id, customer: customer.id, permissions, scopes: None, is_test: customer.is_test }))
    }

    fn new_key(&self, prefix: &str, label: &str, permissions: Permissions, expires_at: Option<Timestamp>) -> (NewKey, CreatedKey) {
        let id = KeyId::new(&*self.0.clock, &*self.0.entropy);
        let token = self.0.secrets.token(prefix);
        let key = NewKey { id, secret_hash: token.hash, label: clean_text(label, 200), permissions, expires_at };
        (key, CreatedKey { id, secret: token.secret })
    }

    /// The first key of a customer that is being made.
    pub(super) fn first_key(&self) -> (NewKey, CreatedKey) {
        self.new_key(CUSTOMERS, "first key", Permissions::all(), None)
    }

    /// Makes another key of the customer, never with more than its maker has.
    ///
    /// # Errors
    /// `Refused` without the right; else when it could not be committed.
    pub async fn create_key(
        &self,
        subject: &Subject,
        label: &str,
        permissions: &Permissions,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedKey, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let permissions = Permissions::only(permissions.iter().filter(|wanted| subject.principal.permissions.has(*wanted)));
        let (key, created) = self.new_key(CUSTOMERS, label, permissions, expires_at);
        let entry = AuditEntry { object: Some(key.id.to_string()), ..subject.allowed("create_key", "done", &permit) };
        self.0.catalog.add_key(subject.customer(), &key, &entry).await?;
        Ok(created)
    }

    /// Keys of the customer.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn keys(&self, subject: &Subject) -> Result<Vec<KeyRecord>, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry = subject.allowed("list_keys", "done", &permit);
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.keys(subject.customer()).await?)
    }

    /// Gives a key of the customer a new secret. Nobody gets more by it than he has: a key that may more than who
    /// asks is not his to take.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of this customer, `Refused` without the right.
    pub async fn rotate_key(&self, subject: &Subject, key: KeyId, overlap: Overlap) -> Result<RotatedKey, FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let owner = KeyOwner::Customer(subject.customer());
        let entry = AuditEntry { object: Some(key.to_string()), ..subject.allowed("rotate_key", "done", &permit) };
        let found = self.0.catalog.key(owner, key).await?;
        if found.is_some_and(|found| found.permissions.iter().any(|permission| !subject.principal.permissions.has(permission))) {
            let reason = Some("the key may more than who asks".to_owned());
            let entry = AuditEntry { decision: Decision::Deny, outcome: "refused", reason, ..entry };
            self.0.catalog.record(subject.customer(), &entry).await?;
            return Err(FilesError::Refused);
        }
        self.rotated(owner, CUSTOMERS, key, overlap, &entry).await
    }

    async fn rotated(
        &self,
        owner: KeyOwner,
        prefix: &str,
        key: KeyId,
        overlap: Overlap,
        entry: &AuditEntry,
    ) -> Result<RotatedKey, FilesError> {
        let token = self.0.secrets.token(prefix);
        let previous_until = self.now().saturating_add(overlap.0).unwrap_or(Timestamp::MAX);
        let rotation = Rotation { key, secret_hash: token.hash, previous_until };
        let is_done = self.0.catalog.rotate_key(owner, &rotation, entry).await?;
        if is_done { Ok(RotatedKey { secret: token.secret, previous_until }) } else { Err(FilesError::NotFound) }
    }

    /// Revokes a key of the customer, with both of its secrets.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of this customer, `Refused` without the right.
    pub async fn revoke_key(&self, subject: &Subject, key: KeyId) -> Result<(), FilesError> {
        let permit = self.permit_customer::<ManageKeys>(subject).await?;
        let entry = AuditEntry { object: Some(key.to_string()), ..subject.allowed("revoke_key", "done", &permit) };
        if self.0.catalog.revoke_key(subject.customer(), key, &entry).await? { Ok(()) } else { Err(FilesError::NotFound) }
    }

    /// Makes a key of the operator; for the start of a server.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn create_operator_key(&self) -> Result<CreatedKey, FilesError> {
        self.add_operator_key("operator", None, &Door::Cli.into()).await
    }

    /// Makes another key of the operator.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn add_operator_key(&self, label: &str, expires_at: Option<Timestamp>, origin: &Origin) -> Result<CreatedKey, FilesError> {
        let (key, created) = self.new_key(OPERATORS, label, Permissions::all(), expires_at);
        let entry = Self::operator_entry("create_key", origin, key.id.to_string());
        self.0.catalog.add_key(KeyOwner::Operator, &key, &entry).await?;
        Ok(created)
    }

    /// Keys of the operator.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn operator_keys(&self, origin: &Origin) -> Result<Vec<KeyRecord>, FilesError> {
        let entry = AuditEntry { object: None, ..Self::operator_entry("list_keys", origin, String::new()) };
        self.0.catalog.record_system(&entry).await?;
        Ok(self.0.catalog.keys(KeyOwner::Operator).await?)
    }

    /// Gives a key of the operator a new secret.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of the operator.
    pub async fn rotate_operator_key(&self, key: KeyId, overlap: Overlap, origin: &Origin) -> Result<RotatedKey, FilesError> {
        let entry = Self::operator_entry("rotate_key", origin, key.to_string());
        self.rotated(KeyOwner::Operator, OPERATORS, key, overlap, &entry).await
    }

    /// Revokes a key of the operator.
    ///
    /// # Errors
    /// `NotFound` when it is not a living key of the operator, `Conflict` when it is the last one.
    pub async fn revoke_operator_key(&self, key: KeyId, origin: &Origin) -> Result<(), FilesError> {
        let entry = Self::operator_entry("revoke_key", origin, key.to_string());
        if self.0.catalog.revoke_key(KeyOwner::Operator, key, &entry).await? { Ok(()) } else { Err(FilesError::NotFound) }
    }
}

/// How secrets of each kind begin, so that whoever finds one knows what it opens.
pub(super) const CUSTOMERS: &str = "sk";
pub(super) const OPERATORS: &str = "sop";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    #[test]
    fn a_use_is_written_once_a_minute_however_often_a_key_is_used() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let record = |last_used_at| KeyRecord {
            id: KeyId::new(&clock, &entropy),
            customer: None,
            label: String::new(),
            permissions: Permissions::all(),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            rotated_at: None,
            previous_until: None,
            last_used_at,
        };
        let at = |seconds: i64| Timestamp::from_second(1_772_442_000 + seconds).unwrap();
        let (uses, key) = (Uses::default(), record(None));
        let due: Vec<i64> = (0..180).filter(|second| uses.is_due(&key, at(*second))).collect();
        assert_eq!(due, [0, 60, 120]);
        // Another process has written it meanwhile.
        let written = record(Some(at(200)));
        assert!(!uses.is_due(&written, at(259)) && uses.is_due(&written, at(260)));
        // Whoever has many keys does not fill the memory.
        for second in 0..20_000 {
            uses.is_due(&record(None), at(1000 + second));
        }
        assert!(uses.0.lock().unwrap().len() <= MOST_USES);
    }

    #[test]
    fn an_overlap_is_at_most_a_week() {
        assert_eq!(Overlap::of_seconds(86_400), Some(Overlap::USUAL));
        assert!(Overlap::of_seconds(0).is_some() && Overlap::of_seconds(Overlap::LONGEST).is_some());
        assert_eq!(Overlap::of_seconds(Overlap::LONGEST + 1), None);
    }
}
