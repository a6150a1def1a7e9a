//! Customers.

use sqlx::FromRow;

use super::keys::{NewKey, insert_key};
use super::rows::{RowRef, micros};
use super::session::Scope;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, RegionName};

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
}
