//! Wrong codes, counted in rows: every server sees what the others count. Windows are coarse and end by
//! themselves, so that nobody is locked out for long.

use super::rows::micros;
use super::session::{Scope, Tx};
use super::{Catalog, CatalogError, sql};

use crate::domain::{CustomerId, Timestamp};

/// So many failures are borne in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Failures.
    pub failures: u32,
    /// Length of the window, in seconds.
    pub seconds: i64,
}

/// How many wrong codes are borne before tries are refused unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimits {
    /// From one network, at one customer.
    pub network: Bound,
    /// By one caller.
    pub caller: Bound,
    /// At one customer. Past it, whoever has failed within his own window waits for its end; others may go on.
    pub customer: Bound,
    /// At all customers together. Past it the same holds everywhere.
    pub overall: Bound,
}

/// Who tries a code, as the rows know it: keyed hashes, since addresses and numbers are nobody's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guesser {
    /// Of the network or the caller.
    pub scope: String,
    /// Whether it is a caller.
    pub is_caller: bool,
}

impl Guesser {
    const fn bound<'a>(&self, limits: &'a FailureLimits) -> &'a Bound {
        if self.is_caller { &limits.caller } else { &limits.network }
    }
}

/// The scope of a customer as a whole.
const ALL: &str = "all";
/// Whose row counts for all customers.
const HOUSE: &str = "house";
/// A row that has not moved for a day is gone.
const KEPT_SECONDS: i64 = 86_400;

fn began_after(now: Timestamp, seconds: i64) -> i64 {
    micros(now).saturating_sub(seconds.saturating_mul(1_000_000))
}

/// How many failures a name has in this window.
pub(super) async fn failures(tx: &mut Tx, customer: CustomerId, scope: &str, bound: &Bound, now: Timestamp) -> Result<i64, CatalogError> {
    let row: Option<(i64,)> =
        sql::query("SELECT failures FROM code_failures WHERE customer_id = $1 AND scope = $2 AND began_at > $3 AND began_at <= $4")
            .bind(customer.to_string())
            .bind(scope)
            .bind(began_after(now, bound.seconds))
            .bind(micros(now))
            .fetch_optional(tx)
            .await?;
    Ok(row.map_or(0, |(failures,)| failures))
}

/// Whether a try may be compared at all. `strict` says that the budget of all customers is spent.
pub(super) async fn may_guess(
    tx: &mut Tx,
    customer: CustomerId,
    by: &Guesser,
    limits: &FailureLimits,
    strict: bool,
    now: Timestamp,
) -> Result<bool, CatalogError> {
    let bound = by.bound(limits);
    let own = failures(tx, customer, &by.scope, bound, now).await?;
    let all = failures(tx, customer, ALL, &limits.customer, now).await?;
    let spent = strict || all >= i64::from(limits.customer.failures);
    Ok(own < i64::from(bound.failures) && !(spent && own > 0))
}

/// Counts a failure under a name; gives how many there are in this window.
pub(super) async fn count(tx: &mut Tx, owner: &str, scope: &str, bound: &Bound, now: Timestamp) -> Result<i64, CatalogError> {
    let (failures,): (i64,) = sql::query(
        "INSERT INTO code_failures (customer_id, scope, began_at, failures) VALUES ($1, $2, $3, 1) ON CONFLICT (customer_id, scope) DO UPDATE SET \
         failures = CASE WHEN code_failures.began_at > $4 AND code_failures.began_at <= $3 THEN code_failures.failures + 1 ELSE 1 END, \
         began_at = CASE WHEN code_failures.began_at > $4 AND code_failures.began_at <= $3 THEN code_failures.began_at ELSE $3 END \
         RETURNING failures",
    )
    .bind(owner)
    .bind(scope)
    .bind(micros(now))
    .bind(began_after(now, bound.seconds))
    .fetch_one(tx)
    .await?;
    Ok(failures)
}

/// Counts a wrong code; gives how many the customer has in this window.
pub(super) async fn count_failure(
    tx: &mut Tx,
    customer: CustomerId,
    by: &Guesser,
    limits: &FailureLimits,
    now: Timestamp,
) -> Result<u32, CatalogError> {
    let owner = customer.to_string();
    sql::query("DELETE FROM code_failures WHERE customer_id = $1 AND began_at <= $2")
        .bind(&owner)
        .bind(began_after(now, KEPT_SECONDS))
        .execute(tx)
        .await?;
    count(tx, &owner, &by.scope, by.bound(limits), now).await?;
    let all = count(tx, &owner, ALL, &limits.customer, now).await?;
    Ok(u32::try_from(all).unwrap_or(u32::MAX))
}

impl Catalog {
    /// Counts a wrong code against the budget of all customers; gives how many there are in this window.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn count_overall(&self, bound: &Bound) -> Result<u32, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(Scope::House).await?;
            let all = count(&mut tx, HOUSE, ALL, bound, self.clock().now()).await?;
            tx.commit().await?;
            Ok(u32::try_from(all).unwrap_or(u32::MAX))
        })
        .await
    }
}
