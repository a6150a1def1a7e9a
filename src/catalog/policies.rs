//! A customer's own policies: numbered sets that never change, and the one that is in force.

use sqlx::FromRow;

use super::rows::{RowRef, micros};
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, Timestamp};

/// Most sets that a customer keeps.
const MOST: i64 = 10_000;

/// A set to be kept.
#[derive(Debug)]
pub struct NewPolicySet {
    /// Names and texts, in the order in which they were given.
    pub texts: Vec<(String, String)>,
    /// Why, in the words of whoever wrote it.
    pub note: String,
}

/// A set as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    /// Its number among the customer's sets, from 1.
    pub number: u32,
    /// Names and texts.
    pub texts: Vec<(String, String)>,
    /// Why, in the words of whoever wrote it.
    pub note: String,
    /// Who wrote it: an id.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last came into force; `None` for one that never did.
    pub activated_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct SetRow {
    number: i64,
    texts: String,
    note: String,
    created_by: String,
    created_at: i64,
    activated_at: Option<i64>,
}

impl SetRow {
    fn into_set(self) -> Result<PolicySet, CatalogError> {
        let id = self.number.to_string();
        let row = RowRef { table: "policy_sets", id: &id };
        Ok(PolicySet {
            number: row.number(self.number)?,
            texts: serde_json::from_str(&self.texts).map_err(|_| row.corrupt())?,
            created_at: row.instant(self.created_at)?,
            activated_at: row.maybe_instant(self.activated_at)?,
            note: self.note,
            created_by: self.created_by,
        })
    }
}

impl Catalog {
    /// Keeps a set, which is not in force; gives its number. The record names it as its object.
    ///
    /// # Errors
    /// `Conflict` when the customer keeps too many; else when it could not be committed.
    pub async fn add_policy_set(&self, customer: CustomerId, new: &NewPolicySet, entry: &AuditEntry) -> Result<u32, CatalogError> {
        let texts = serde_json::to_string(&new.texts).map_err(|_| CatalogError::Conflict("the texts cannot be kept"))?;
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // A write, since that locks the row on every engine: two sets at once do not get one number.
            sql::query("UPDATE customers SET policy_set = policy_set WHERE id = $1").bind(customer.to_string()).execute(&mut tx).await?;
            let (last,): (i64,) = sql::query("SELECT COALESCE(MAX(number), 0) FROM policy_sets WHERE customer_id = $1")
                .bind(customer.to_string())
                .fetch_one(&mut tx)
                .await?;
            if last >= MOST {
                return Err(CatalogError::Conflict("there are too many policy sets"));
            }
            let number = RowRef { table: "policy_sets", id: "the next" }.number::<u32>(last + 1)?;
            sql::query(
                "INSERT INTO policy_sets (customer_id, number, texts, note, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(customer.to_string())
            .bind(i64::from(number))
            .bind(&texts)
            .bind(&new.note)
            .bind(entry.actor.to_string())
            .bind(micros(self.clock().now()))
            .execute(&mut tx)
            .await?;
            let entry = AuditEntry { object: Some(format!("policy set {number}")), ..entry.clone() };
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), &entry).await?;
            tx.commit().await?;
            Ok(number)
        })
        .await
    }

    /// Puts a set in force in place of the one that was judged together with it; 0 stands for the built-in policies
    /// alone.
    ///
    /// # Errors
    /// `Conflict` when there is no such set, or another one is in force by now; else when it could not be committed.
    pub async fn activate_policy_set(&self, customer: CustomerId, number: u32, over: u32, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let put = sql::query("UPDATE customers SET policy_set = $2 WHERE id = $1 AND policy_set = $3")
                .bind(customer.to_string())
                .bind(i64::from(number))
                .bind(i64::from(over))
                .execute(&mut tx)
                .await?;
            if put == 0 {
                return Err(CatalogError::Conflict("another policy set came into force in the meantime"));
            }
            if number > 0 {
                let known = sql::query("UPDATE policy_sets SET activated_at = $3 WHERE customer_id = $1 AND number = $2")
                    .bind(customer.to_string())
                    .bind(i64::from(number))
                    .bind(micros(self.clock().now()))
                    .execute(&mut tx)
                    .await?;
                if known == 0 {
                    return Err(CatalogError::Conflict("there is no such policy set"));
                }
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// The number of the set in force; 0 for the built-in policies alone, and for nobody's customer.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn active_policy_set(&self, customer: CustomerId) -> Result<u32, CatalogError> {
        let row: Option<(i64,)> = sql::query("SELECT policy_set FROM customers WHERE id = $1")
            .bind(customer.to_string())
            .fetch_optional(&mut self.read(customer).await?)
            .await?;
        let Some((number,)) = row else { return Ok(0) };
        RowRef { table: "customers", id: &customer.to_string() }.number(number)
    }

    /// One set.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn policy_set(&self, customer: CustomerId, number: u32) -> Result<Option<PolicySet>, CatalogError> {
        let row: Option<SetRow> = sql::query(
            "SELECT number, texts, note, created_by, created_at, activated_at FROM policy_sets WHERE customer_id = $1 AND number = $2",
        )
        .bind(customer.to_string())
        .bind(i64::from(number))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        row.map(SetRow::into_set).transpose()
    }

    /// Sets of a customer before a number, the newest first.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn policy_sets(&self, customer: CustomerId, before: Option<u32>, limit: u32) -> Result<Vec<PolicySet>, CatalogError> {
        let rows: Vec<SetRow> = sql::query(
            "SELECT number, texts, note, created_by, created_at, activated_at FROM policy_sets \
             WHERE customer_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
        )
        .bind(customer.to_string())
        .bind(before.map_or(i64::MAX, i64::from))
        .bind(i64::from(limit))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter().map(SetRow::into_set).collect()
    }
}
