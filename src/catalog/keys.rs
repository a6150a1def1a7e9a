//! Keys: of customers' programs, and of the operator.

use sqlx::FromRow;

use super::rows::{RowRef, list_json, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, KeyId, Permission, Permissions, Timestamp};

/// A key to be made. The secret itself is never stored.
#[derive(Debug)]
pub struct NewKey {
    /// Which.
    pub id: KeyId,
    /// SHA-256 of the secret, hexadecimal.
    pub secret_hash: String,
    /// What it is for, in the administrator's words.
    pub label: String,
    /// What it is narrowed to.
    pub permissions: Permissions,
    /// When it ends; `None` never.
    pub expires_at: Option<Timestamp>,
}

/// A key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Which.
    pub id: KeyId,
    /// Whose; `None` for the operator's.
    pub customer: Option<CustomerId>,
    /// What it is for.
    pub label: String,
    /// What it is narrowed to.
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When its secret was last changed.
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before opens it too, where there is one that still does.
    pub previous_until: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A change of a key's secret.
#[derive(Debug)]
pub struct Rotation {
    /// Of which key.
    pub key: KeyId,
    /// SHA-256 of the new secret, hexadecimal.
    pub secret_hash: String,
    /// Until when the secret before opens it too.
    pub previous_until: Timestamp,
}

/// Which of a key's two secrets was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// The one it has.
    Present,
    /// The one before.
    Previous,
}

impl KeyRecord {
    /// Whether it opens anything now.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether this secret of it opens anything now.
    pub fn opens_by(&self, secret: Secret, now: Timestamp) -> bool {
        let is_current = match secret {
            Secret::Present => true,
            Secret::Previous => self.previous_until.is_some_and(|end| now < end),
        };
        is_current && self.is_alive(now)
    }
}

#[derive(FromRow)]
struct KeyRow {
    id: String,
    customer_id: Option<String>,
    label: String,
    permissions: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    rotated_at: Option<i64>,
    previous_until: Option<i64>,
    last_used_at: Option<i64>,
}

/// The columns of [`KeyRow`], in one place for every query that returns keys.
macro_rules! select_keys {
    ($tail:literal) => {
        concat!(
            "SELECT id, customer_id, label, permissions, created_at, expires_at, revoked_at, rotated_at, previous_until, last_used_at ",
            "FROM api_keys ",
            $tail
        )
    };
}

impl KeyRow {
    fn into_record(self) -> Result<KeyRecord, CatalogError> {
        let row = RowRef { table: "api_keys", id: &self.id };
        Ok(KeyRecord {
            id: row.parsed(&self.id)?,
            customer: self.customer_id.as_deref().map(|text| row.parsed(text)).transpose()?,
            permissions: Permissions::only(row.list(&self.permissions, Permission::parse)?),
            created_at: row.instant(self.created_at)?,
            expires_at: row.maybe_instant(self.expires_at)?,
            revoked_at: row.maybe_instant(self.revoked_at)?,
            rotated_at: row.maybe_instant(self.rotated_at)?,
            previous_until: row.maybe_instant(self.previous_until)?,
            last_used_at: row.maybe_instant(self.last_used_at)?,
            label: self.label.clone(),
        })
    }
}

pub(super) async fn insert_key(tx: &mut Tx, customer: Option<CustomerId>, key: &NewKey, now: Timestamp) -> Result<(), CatalogError> {
    sql::query(
        "INSERT INTO api_keys (id, customer_id, secret_hash, label, permissions, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(key.id.to_string())
    .bind(customer.map(|id| id.to_string()))
    .bind(&key.secret_hash)
    .bind(&key.label)
    .bind(list_json(key.permissions.iter().map(Permission::as_str)))
    .bind(micros(now))
    .bind(key.expires_at.map(micros))
    .execute(tx)
    .await?;
    Ok(())
}

/// Whose a key is: its rows are reached, and its records are written, for a customer or for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// A customer.
    Customer(CustomerId),
    /// The operator.
    Operator,
}

impl From<CustomerId> for KeyOwner {
    fn from(customer: CustomerId) -> Self {
        Self::Customer(customer)
    }
}

impl KeyOwner {
    fn chain(self) -> String {
        match self {
            Self::Customer(customer) => customer.to_string(),
            Self::Operator => audit::SYSTEM_CHAIN.to_owned(),
        }
    }

    fn scope(self) -> Scope<'static> {
        match self {
            Self::Customer(customer) => Scope::Customer(customer),
            Self::Operator => Scope::Chain(audit::SYSTEM_CHAIN),
        }
    }

    const fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Operator => None,
        }
    }

    /// As the column holds it; empty, which no customer's is, for the operator.
    fn column(self) -> String {
        self.customer().map(|customer| customer.to_string()).unwrap_or_default()
    }
}

impl Catalog {
    /// Stores a key.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn add_key(&self, owner: impl Into<KeyOwner>, key: &NewKey, entry: &AuditEntry) -> Result<(), CatalogError> {
        let owner = owner.into();
        self.verb(|| async {
            let mut tx = self.begin(owner.scope()).await?;
            insert_key(&mut tx, owner.customer(), key, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &owner.chain(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The key with this hash of its secret, or of the one before, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn key_by_secret(&self, secret_hash: &str) -> Result<Option<(KeyRecord, Secret)>, CatalogError> {
        // A key has the two it was found by; what it is found by as its own comes first.
        let mut reader = self.read(Scope::Secret(secret_hash)).await?;
        let row: Option<KeyRow> = sql::query(select_keys!("WHERE secret_hash = $1")).bind(secret_hash).fetch_optional(&mut reader).await?;
        if let Some(row) = row {
            return Ok(Some((row.into_record()?, Secret::Present)));
        }
        let row: Option<KeyRow> =
            sql::query(select_keys!("WHERE previous_hash = $1")).bind(secret_hash).fetch_optional(&mut reader).await?;
        Ok(row.map(KeyRow::into_record).transpose()?.map(|record| (record, Secret::Previous)))
    }

    /// One key, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn key(&self, owner: impl Into<KeyOwner>, key: KeyId) -> Result<Option<KeyRecord>, CatalogError> {
        let owner = owner.into();
        let row: Option<KeyRow> = sql::query(select_keys!("WHERE COALESCE(customer_id, '') = $1 AND id = $2"))
            .bind(owner.column())
            .bind(key.to_string())
            .fetch_optional(&mut self.read(owner.scope()).await?)
            .await?;
        row.map(KeyRow::into_record).transpose()
    }

    /// All keys of a customer or of the operator, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn keys(&self, owner: impl Into<KeyOwner>) -> Result<Vec<KeyRecord>, CatalogError> {
        let owner = owner.into();
        let rows: Vec<KeyRow> = match owner {
            KeyOwner::Customer(customer) => {
                sql::query(select_keys!("WHERE customer_id = $1 ORDER BY id"))
                    .bind(customer.to_string())
                    .fetch_all(&mut self.read(customer).await?)
                    .await?
            }
            KeyOwner::Operator => {
                sql::query(select_keys!("WHERE customer_id IS NULL ORDER BY id")).fetch_all(&mut self.read(owner.scope()).await?).await?
            }
        };
        rows.into_iter().map(KeyRow::into_record).collect()
    }

    /// Revokes a key; `false` when there is no such living key.
    ///
    /// # Errors
    /// `Conflict` when it is the operator's last; else when it could not be committed.
    pub async fn revoke_key(&self, owner: impl Into<KeyOwner>, key: KeyId, entry: &AuditEntry) -> Result<bool, CatalogError> {
        let owner = owner.into();
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(owner.scope()).await?;
            let done = sql::query(
                "UPDATE api_keys SET revoked_at = $3 WHERE COALESCE(customer_id, '') = $1 AND id = $2 AND revoked_at IS NULL",
            )
            .bind(owner.column())
            .bind(key.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            let absent = AuditEntry { outcome: "not_found", ..entry.clone() };
            let entry = if done == 1 { entry } else { &absent };
            audit::append(&mut tx, self.clock(), self.entropy(), &owner.chain(), entry).await?;
            // After the record, whose chain two servers take one after the other.
            if done == 1 && owner == KeyOwner::Operator {
                let (left,): (i64,) = sql::query(
                    "SELECT COUNT(*) FROM api_keys WHERE customer_id IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)",
                )
                .bind(micros(now))
                .fetch_one(&mut tx)
                .await?;
                if left == 0 {
                    return Err(CatalogError::Conflict("this is the operator's last key; make another one first"));
                }
            }
            tx.commit().await?;
            Ok(done == 1)
        })
        .await
    }

    /// Gives a living key a new secret; the one that it had opens it for a while, the one before that no longer.
    /// `false` when there is no such living key.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn rotate_key(&self, owner: impl Into<KeyOwner>, rotation: &Rotation, entry: &AuditEntry) -> Result<bool, CatalogError> {
        let owner = owner.into();
        let now = micros(self.clock().now());
        self.verb(|| async {
            let mut tx = self.begin(owner.scope()).await?;
            // What stands on the right is what was there before.
            let done = sql::query(
                "UPDATE api_keys SET previous_hash = secret_hash, previous_until = $4, secret_hash = $3, rotated_at = $5 \
                 WHERE COALESCE(customer_id, '') = $1 AND id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5)",
            )
            .bind(owner.column())
            .bind(rotation.key.to_string())
            .bind(&rotation.secret_hash)
            .bind(micros(rotation.previous_until))
            .bind(now)
            .execute(&mut tx)
            .await?;
            let absent = AuditEntry { outcome: "not_found", ..entry.clone() };
            let entry = if done == 1 { entry } else { &absent };
            audit::append(&mut tx, self.clock(), self.entropy(), &owner.chain(), entry).await?;
            tx.commit().await?;
            Ok(done == 1)
        })
        .await
    }

    /// Notes that a key was used. No record of the audit trail is made of it: what it was used for has its own.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn key_used(&self, owner: impl Into<KeyOwner>, key: KeyId, at: Timestamp) -> Result<(), CatalogError> {
        let owner = owner.into();
        self.verb(|| async {
            let mut tx = self.begin(owner.scope()).await?;
            sql::query(
                "UPDATE api_keys SET last_used_at = $3 WHERE COALESCE(customer_id, '') = $1 AND id = $2 \
                 AND (last_used_at IS NULL OR last_used_at < $3)",
            )
            .bind(owner.column())
            .bind(key.to_string())
            .bind(micros(at))
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
