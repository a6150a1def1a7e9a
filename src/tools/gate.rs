//! Who is at work now: at most so many at once, and no customer more than its share, so that one
//! who asks for very much waits for itself and not others for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::{CustomerId, Turns};

/// How many tool calls and other requests are in work, and how many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// In work at once.
    pub at_work: usize,
    /// Those of one customer.
    pub at_work_of_one: usize,
    /// Those that wait for their turn. One more is told to come back.
    pub waiting: usize,
    /// Those of one customer.
    pub waiting_of_one: usize,
}

/// Of one customer, for each processor. A call computes for less than a millisecond and waits for the disk for a
/// few, and whenever it has waited, it stands behind all others at work: four keep a processor busy and let the
/// commit of one hold several, and a call of somebody else stands behind few.
const AT_WORK_FOR_EACH_PROCESSOR: usize = 4;

impl Default for Crowd {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { at_work: 256, at_work_of_one: AT_WORK_FOR_EACH_PROCESSOR * processors, waiting: 4096, waiting_of_one: 1024 }
    }
}

/// Too many wait already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Where whoever asks for something waits for his turn.
#[derive(Debug)]
pub(super) struct Gate {
    crowd: Crowd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    at_work: usize,
    of_each: HashMap<CustomerId, usize>,
    turns: Turns<CustomerId, oneshot::Sender<Place>>,
}

/// A place at work; the next one's when it is dropped.
#[derive(Debug)]
pub struct Place {
    gate: Arc<Gate>,
    customer: CustomerId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.leave(self.customer);
    }
}

impl State {
    fn has_share(&self, customer: CustomerId, crowd: &Crowd) -> bool {
        self.of_each.get(&customer).copied().unwrap_or(0) < crowd.at_work_of_one.max(1)
    }

    fn begin(&mut self, customer: CustomerId) {
        self.at_work += 1;
        *self.of_each.entry(customer).or_default() += 1;
    }

    fn end(&mut self, customer: CustomerId) {
        self.at_work = self.at_work.saturating_sub(1);
        if let Some(count) = self.of_each.get_mut(&customer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_each.remove(&customer);
            }
        }
    }
}

impl Gate {
    pub fn new(crowd: Crowd) -> Arc<Self> {
        Arc::new(Self { crowd, state: Mutex::default() })
    }

    /// A place at work for a customer, when it is its turn.
    ///
    /// # Errors
    /// At once, when too many wait.
    pub async fn enter(self: &Arc<Self>, customer: CustomerId) -> Result<Place, Full> {
        let turn = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // Who waits is let in whenever a place gets free: where there is one, nobody waits who may take it.
            if state.at_work < self.crowd.at_work.max(1) && state.has_share(customer, &self.crowd) {
                state.begin(customer);
                return Ok(Place { gate: Arc::clone(self), customer });
            }
            if state.turns.waiting() >= self.crowd.waiting {
                return Err(Full);
            }
            let (give, turn) = oneshot::channel();
            state.turns.join(customer, give, self.crowd.waiting_of_one).map_err(|_| Full)?;
            turn
        };
        turn.await.map_err(|_| Full)
    }

    fn leave(self: &Arc<Self>, customer: CustomerId) {
        let mut let_in = Vec::new();
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.end(customer);
            while state.at_work < self.crowd.at_work.max(1) {
                let State { of_each, turns, .. } = &mut *state;
                let share = self.crowd.at_work_of_one.max(1);
                let Some((next, turn)) = turns.next(|one| of_each.get(&one).copied().unwrap_or(0) < share) else { break };
                // Who hung up while he waited leaves his turn to the next.
                if !turn.is_closed() {
                    state.begin(next);
                    let_in.push((next, turn));
                }
            }
        }
        for (customer, turn) in let_in {
            // One who has hung up since drops the place, which lets the next one in.
            drop(turn.send(Place { gate: Arc::clone(self), customer }));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    fn customers() -> [CustomerId; 3] {
        let clock = ManualClock::at("2026-01-01T00:00:00Z");
        [1, 2, 3].map(|seed| CustomerId::new(&clock, &SeededEntropy::new(seed)))
    }

    fn gate(at_work: usize, at_work_of_one: usize) -> Arc<Gate> {
        Gate::new(Crowd { at_work, at_work_of_one, waiting: 6, waiting_of_one: 4 })
    }

    /// Somebody who has asked for a place.
    fn asking(gate: &Arc<Gate>, customer: CustomerId) -> BoxFuture<'static, Result<Place, Full>> {
        let gate = Arc::clone(gate);
        async move { gate.enter(customer).await }.boxed()
    }

    fn place(asking: &mut BoxFuture<'static, Result<Place, Full>>) -> Option<Result<Place, Full>> {
        asking.now_or_never()
    }

    #[test]
    fn one_customer_never_takes_more_than_its_share_and_others_find_room() {
        let (gate, [a, b, _]) = (gate(4, 2), customers());
        let held: Vec<Place> = (0..2).map(|_| place(&mut asking(&gate, a)).unwrap().unwrap()).collect();
        let mut third = asking(&gate, a);
        assert!(place(&mut third).is_none(), "its share is taken, though there are places");
        let other = place(&mut asking(&gate, b)).unwrap().unwrap();
        drop(other);
        assert!(place(&mut third).is_none());
        drop(held);
        assert!(matches!(place(&mut third), Some(Ok(_))));
    }

    #[test]
    fn places_go_round_among_customers_however_long_their_lines() {
        let (gate, [a, b, c]) = (gate(1, 1), customers());
        let only = place(&mut asking(&gate, a)).unwrap().unwrap();
        let mut line: Vec<_> = [a, a, a, b, c].into_iter().map(|customer| (customer, asking(&gate, customer))).collect();
        assert!(line.iter_mut().all(|(_, asking)| place(asking).is_none()));
        let (mut held, mut served) = (Some(only), Vec::new());
        while !line.is_empty() {
            drop(held.take());
            let at = line.iter_mut().position(|(_, asking)| match place(asking) {
                Some(Ok(place)) => {
                    held = Some(place);
                    true
                }
                _ => false,
            });
            served.push(line.remove(at.expect("somebody is let in")).0);
        }
        assert_eq!(served, [a, b, c, a, a]);
    }

    #[test]
    fn who_hangs_up_while_he_waits_leaves_his_turn_to_the_next() {
        let (gate, [a, b, c]) = (gate(1, 1), customers());
        let only = place(&mut asking(&gate, a)).unwrap().unwrap();
        let (mut gone, mut stays) = (asking(&gate, b), asking(&gate, c));
        assert!(place(&mut gone).is_none() && place(&mut stays).is_none());
        drop(gone);
        drop(only);
        let last = place(&mut stays).unwrap().unwrap();
        drop(last);
        assert!(place(&mut asking(&gate, a)).is_some(), "no place was lost");
    }

    #[test]
    fn lines_have_an_end_for_one_customer_and_for_all() {
        let (gate, [a, b, c]) = (gate(1, 1), customers());
        let _only = place(&mut asking(&gate, a)).unwrap().unwrap();
        let mut line: Vec<_> = (0..4).map(|_| asking(&gate, a)).collect();
        assert!(line.iter_mut().all(|asking| place(asking).is_none()));
        assert!(matches!(place(&mut asking(&gate, a)), Some(Err(Full))));
        let mut others: Vec<_> = [b, c].map(|customer| asking(&gate, customer)).into();
        assert!(others.iter_mut().all(|asking| place(asking).is_none()));
        assert!(matches!(place(&mut asking(&gate, b)), Some(Err(Full))));
    }
}
