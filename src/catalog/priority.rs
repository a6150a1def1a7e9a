//! Which job comes first: five classes, and within a class whoever came first.

use super::rows::micros;
use super::session::Tx;
use super::{CatalogError, NewFile, sql};
use crate::domain::{CustomerId, Timestamp};

/// How urgent a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Somebody on the line waits for the file.
    Call,
    /// Somebody sent the file.
    Upload,
    /// What may follow once such a file is here.
    Extra,
    /// The file is one of very many: adopted, or behind others of its customer.
    Import,
    /// Nobody waits for it.
    Background,
}

/// Files of one customer that may wait in a class; who has more is behind the others of that class.
pub const CROWD: u32 = 50;

impl Priority {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Call, Self::Upload, Self::Extra, Self::Import, Self::Background];

    /// As stored; less is more urgent.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Call => 0,
            Self::Upload => 10,
            Self::Extra => 15,
            Self::Import => 20,
            Self::Background => 30,
        }
    }

    /// The class of a number: one that another server wrote counts as the next less urgent class.
    pub fn of_rank(rank: i64) -> Self {
        Self::ALL.into_iter().find(|class| rank <= class.rank()).unwrap_or(Self::Background)
    }

    /// What follows once the file is here.
    #[must_use]
    pub const fn afterwards(self) -> Self {
        match self {
            Self::Call | Self::Upload | Self::Extra => Self::Extra,
            Self::Import | Self::Background => Self::Background,
        }
    }

    /// Where one goes who has a crowd before him.
    const fn behind_a_crowd(self) -> Self {
        match self {
            Self::Call => Self::Upload,
            Self::Upload => Self::Import,
            other => other,
        }
    }
}

/// How urgent it is to look at a file that arrives.
pub(super) async fn of_arrival(tx: &mut Tx, new: &NewFile, now: Timestamp) -> Result<Priority, CatalogError> {
    if new.adopted.is_some() {
        return Ok(Priority::Import);
    }
    let call = new.sender.as_ref().and_then(|sender| sender.call);
    let class = if let Some((call, _)) = call {
        let alive: Option<(i64,)> =
            sql::query("SELECT epoch FROM calls WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $3")
                .bind(new.customer.to_string())
                .bind(call.to_string())
                .bind(micros(now))
                .fetch_optional(tx)
                .await?;
        if alive.is_some() { Priority::Call } else { Priority::Upload }
    } else {
        Priority::Upload
    };
    uncrowded(tx, new.customer, class).await
}

/// The class itself, or the next one where too many of the customer wait in it or before it.
pub(super) async fn uncrowded(tx: &mut Tx, customer: CustomerId, class: Priority) -> Result<Priority, CatalogError> {
    let (waiting,): (i64,) = sql::query(
        "SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE customer_id = $1 AND priority <= $2 AND state IN ('ready', 'leased') LIMIT $3) crowd",
    )
    .bind(customer.to_string())
    .bind(class.rank())
    .bind(i64::from(CROWD))
    .fetch_one(tx)
    .await?;
    Ok(if waiting < i64::from(CROWD) { class } else { class.behind_a_crowd() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_their_ranks_and_read_back() {
        assert!(Priority::ALL.is_sorted_by(|a, b| a < b && a.rank() < b.rank()));
        for class in Priority::ALL {
            assert_eq!(Priority::of_rank(class.rank()), class);
        }
    }

    #[test]
    fn a_rank_that_another_server_wrote_is_the_next_less_urgent_class() {
        let read = [-5, 7, 11, 29, 99].map(Priority::of_rank);
        assert_eq!(read, [Priority::Call, Priority::Upload, Priority::Extra, Priority::Background, Priority::Background]);
    }

    #[test]
    fn nothing_becomes_more_urgent_by_what_follows_or_by_a_crowd() {
        for class in Priority::ALL {
            assert!(class.afterwards() >= class && class.behind_a_crowd() >= class, "{class:?}");
        }
    }
}
