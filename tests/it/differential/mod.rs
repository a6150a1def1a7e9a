//! The two-customer differential. Every place of a request where an id or a name can stand, as the description
//! of the endpoints and the schemas of the tools list them, is filled by the customer Ann with something of
//! Ben's, and then with something like it that nobody has. The answers are the same to the byte but for what was
//! sent, so are the records they leave with Ann, and nothing of Ben's has changed.

mod places;
mod run;
mod sides;
mod state;

use run::Differential;

/// Rounds of which one goes to the places where asking is slow too.
const SLOW_ROUNDS: usize = 20;

/// Sends so many requests, half of them with what is Ben's.
async fn hold(requests: usize, seed: u64) {
    let mut differential = Box::pin(Differential::start(seed)).await;
    let places = differential.places();
    let mut round = 0_usize;
    while differential.sent() < requests {
        for place in places.iter().filter(|place| !place.is_slow() || round.is_multiple_of(SLOW_ROUNDS)) {
            differential.compare(place).await;
        }
        round += 1;
        differential.assert_ben_is_as_he_was().await;
    }
    eprintln!("{} requests at {} places, seed {seed}", differential.sent(), places.len());
    differential.end().await;
}

#[tokio::test]
async fn what_is_another_customers_is_answered_as_what_is_nobodys() {
    Box::pin(hold(1_000, 1)).await;
}

#[tokio::test]
async fn what_is_ones_own_is_answered_otherwise_at_the_same_places() {
    let mut differential = Box::pin(Differential::start(2)).await;
    for place in differential.places() {
        differential.assert_it_is_read(&place).await;
    }
    differential.end().await;
}

mod long {
    use super::hold;

    #[tokio::test]
    async fn long_a_hundred_thousand_requests_tell_nothing_of_another_customer() {
        Box::pin(hold(100_000, 3)).await;
    }
}
