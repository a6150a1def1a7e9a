//! Customers and keys.

use sqlx::FromRow;

use super::rows::{RowRef, list_json, micros};
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, KeyId, Permission, Permissions, RegionName, Timestamp};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Which.
    pub id: CustomerId,
    /// Its name, for people.
    pub name: String,
    /// Whether its messages go to an outbox to look at, never to people.
    pub is_test: bool,
    /// The region in which its bytes lie; `None` for the home region.
    pub region: Option<RegionName>,
}

/// A customer to be made.
#[derive(Debug)]
pub struct NewCustomer {
    /// Which.
    pub id: CustomerId,
    /// Its name, for people.
    pub name: String,
    /// Whether its messages go to an outbox to look at, never to people.
    pub is_test: bool,
    /// The region in which its bytes are to lie, for good; `None` for the home region.
    pub region: Option<RegionName>,
    /// Its first key.
    pub key: NewKey,
}

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
}

impl KeyRecord {
    /// Whether it opens anything now.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

#[derive(FromRow)]
struct CustomerRow {
    id: String,
    name: String,
    is_test: i64,
    region: Option<String>,
}

impl CustomerRow {
    fn into_record(self) -> Result<Customer, CatalogError> {
        let row = RowRef { table: "customers", id: &self.id };
        Ok(Customer {
            id: row.parsed(&self.id)?,
            is_test: self.is_test != 0,
            region: self.region.as_deref().map(|name| row.parsed(name)).transpose()?,
            name: self.name.clone(),
        })
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
            label: self.label.clone(),
        })
    }
}

async fn insert_key(tx: &mut Tx, customer: Option<CustomerId>, key: &NewKey, now: Timestamp) -> Result<(), CatalogError> {
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

impl Catalog {
    /// Makes a customer with its first key.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn create_customer(&self, new: &NewCustomer, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(new.id).await?;
            sql::query("INSERT INTO customers (id, name, is_test, region, created_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(new.id.to_string())
                .bind(&new.name)
                .bind(i64::from(new.is_test))
                .bind(new.region.as_ref().map(RegionName::as_str))
                .bind(micros(now))
                .execute(&mut tx)
                .await?;
            insert_key(&mut tx, Some(new.id), &new.key, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &new.id.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// One customer.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, CatalogError> {
        let row: Option<CustomerRow> = sql::query("SELECT id, name, is_test, region FROM customers WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&mut self.read(id).await?)
            .await?;
        row.map(CustomerRow::into_record).transpose()
    }

    /// All customers, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn customers(&self) -> Result<Vec<Customer>, CatalogError> {
        let rows: Vec<CustomerRow> = sql::query("SELECT id, name, is_test, region FROM customers ORDER BY id")
            .fetch_all(&mut self.read(Scope::House).await?)
            .await?;
        rows.into_iter().map(CustomerRow::into_record).collect()
    }

    /// The regions in which bytes of customers lie, but the home region.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn regions(&self) -> Result<Vec<RegionName>, CatalogError> {
        let rows: Vec<(String,)> = sql::query("SELECT DISTINCT region FROM customers WHERE region IS NOT NULL ORDER BY region")
            .fetch_all(&mut self.read(Scope::House).await?)
            .await?;
        rows.iter().map(|(name,)| RowRef { table: "customers", id: name }.parsed(name)).collect()
    }

    /// Stores a key of a customer.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn add_key(&self, customer: CustomerId, key: &NewKey, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            insert_key(&mut tx, Some(customer), key, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Stores a key of the operator.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn add_operator_key(&self, key: &NewKey, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::Chain(audit::SYSTEM_CHAIN)).await?;
            insert_key(&mut tx, None, key, self.clock().now()).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), audit::SYSTEM_CHAIN, entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// The key with this hash of its secret, alive or not.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn key_by_secret(&self, secret_hash: &str) -> Result<Option<KeyRecord>, CatalogError> {
        let row: Option<KeyRow> = sql::query(
            "SELECT id, customer_id, label, permissions, created_at, expires_at, revoked_at FROM api_keys WHERE secret_hash = $1",
        )
        .bind(secret_hash)
        .fetch_optional(&mut self.read(Scope::Secret(secret_hash)).await?)
        .await?;
        row.map(KeyRow::into_record).transpose()
    }

    /// All keys of a customer, oldest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn keys(&self, customer: CustomerId) -> Result<Vec<KeyRecord>, CatalogError> {
        let rows: Vec<KeyRow> = sql::query(
            "SELECT id, customer_id, label, permissions, created_at, expires_at, revoked_at FROM api_keys WHERE customer_id = $1 ORDER BY id",
        )
        .bind(customer.to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(KeyRow::into_record).collect()
    }

    /// Revokes a key; `false` when the customer has no such living key.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn revoke_key(&self, customer: CustomerId, key: KeyId, entry: &AuditEntry) -> Result<bool, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let done = sql::query("UPDATE api_keys SET revoked_at = $3 WHERE customer_id = $1 AND id = $2 AND revoked_at IS NULL")
                .bind(customer.to_string())
                .bind(key.to_string())
                .bind(micros(self.clock().now()))
                .execute(&mut tx)
                .await?;
            let absent = AuditEntry { outcome: "not_found", ..entry.clone() };
            let entry = if done == 1 { entry } else { &absent };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(done == 1)
        })
        .await
    }
}
