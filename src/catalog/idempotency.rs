//! The same write asked twice is done once: answers kept under the client's key for ten minutes.

use jiff::SignedDuration;

use super::rows::micros;
use super::{Catalog, CatalogError, sql};
use crate::domain::{CallId, CustomerId, Timestamp};

/// How long a request may be under way: more than twice the deadline of a tool call. A claim that is
/// older and has no answer was left by a request that could not even free its key.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: go on.
    Fresh,
    /// The same request is under way.
    Running,
    /// The same request was answered so.
    Answered(String),
    /// The key was used for another request.
    Other,
}

impl Catalog {
    /// Claims a key for a request. Claims and answers older than `forget_before` are forgotten; a
    /// claim that was abandoned goes to the next request of the same text.
    ///
    /// # Errors
    /// `Conflict` when the customer has no such call; else when the catalog does not answer.
    pub async fn claim(
        &self,
        customer: CustomerId,
        call: CallId,
        key: &str,
        request_hash: &str,
        forget_before: Timestamp,
    ) -> Result<Seen, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // All of the customer's, not this key alone: else the table would only grow.
            sql::query("DELETE FROM idempotency WHERE customer_id = $1 AND created_at < $2")
                .bind(customer.to_string())
                .bind(micros(forget_before))
                .execute(&mut tx)
                .await?;
            let now = self.clock().now();
            let abandoned_before = now.saturating_sub(UNDER_WAY).unwrap_or(Timestamp::MIN);
            let claimed = sql::query(
                "INSERT INTO idempotency (customer_id, call_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (customer_id, call_id, key) DO UPDATE SET created_at = excluded.created_at \
                 WHERE idempotency.answer IS NULL AND idempotency.created_at < $6 AND idempotency.request_hash = excluded.request_hash",
            )
            .bind(customer.to_string())
            .bind(call.to_string())
            .bind(key)
            .bind(request_hash)
            .bind(micros(now))
            .bind(micros(abandoned_before))
            .execute(&mut tx)
            .await?;
            let seen = if claimed == 1 {
                Seen::Fresh
            } else {
                let (hash, answer): (String, Option<String>) =
                    sql::query("SELECT request_hash, answer FROM idempotency WHERE customer_id = $1 AND call_id = $2 AND key = $3")
                        .bind(customer.to_string())
                        .bind(call.to_string())
                        .bind(key)
                        .fetch_one(&mut tx)
                        .await?;
                match answer {
                    _ if hash != request_hash => Seen::Other,
                    None => Seen::Running,
                    Some(answer) => Seen::Answered(answer),
                }
            };
            tx.commit().await?;
            Ok(seen)
        })
        .await
    }

    /// Keeps the first answer under its key; `None` frees the key, since nothing was done.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn settle(&self, customer: CustomerId, call: CallId, key: &str, answer: Option<&str>) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let statement = match answer {
                Some(_) => "UPDATE idempotency SET answer = $4 WHERE customer_id = $1 AND call_id = $2 AND key = $3 AND answer IS NULL",
                None => "DELETE FROM idempotency WHERE customer_id = $1 AND call_id = $2 AND key = $3 AND answer IS NULL",
            };
            let mut query = sql::query(statement).bind(customer.to_string()).bind(call.to_string()).bind(key);
            if let Some(answer) = answer {
                query = query.bind(answer);
            }
            query.execute(&mut tx).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
