//! What a database belongs to: servers that have one secret.

use super::rows::micros;
use super::session::Scope;
use super::{Catalog, CatalogError, sql};

impl Catalog {
    /// Makes the database that of servers with this mark of their secret, unless it is already. Every
    /// start says it, before anything is read or written.
    ///
    /// # Errors
    /// `OtherSecret` when it belongs to servers with another one; else when it could not be committed.
    pub async fn belong_to(&self, secret_mark: &str) -> Result<(), CatalogError> {
        let known: (String,) = self
            .verb(|| async {
                let mut tx = self.begin(Scope::House).await?;
                sql::query("INSERT INTO installation (id, secret_mark, created_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING")
                    .bind(secret_mark)
                    .bind(micros(self.clock().now()))
                    .execute(&mut tx)
                    .await?;
                let known = sql::query("SELECT secret_mark FROM installation WHERE id = 1").fetch_one(&mut tx).await?;
                tx.commit().await?;
                Ok(known)
            })
            .await?;
        if known.0 == secret_mark { Ok(()) } else { Err(CatalogError::OtherSecret) }
    }
}
