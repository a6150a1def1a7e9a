//! What a store tells of an object, and what is known after several such words in any order.

use super::{CustomerId, ScanStatus, Timestamp};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was written.
    Created,
    /// It was removed, by whomever.
    Removed,
    /// It came back from the archive class.
    Restored,
    /// The store's own scanner judged it.
    Judged(ScanStatus),
}

impl Happened {
    /// The text form, for logs and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Restored => "restored",
            Self::Judged(_) => "judged",
        }
    }
}

/// Which of two events of one object came later. Where a store numbers them, the number decides; else
/// its clock does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventOrder {
    sequencer: Option<String>,
    at: Timestamp,
}

impl EventOrder {
    /// S3's sequencers are hexadecimal numbers; the shorter of two is filled up with zeros on its right.
    #[must_use]
    pub fn new(sequencer: Option<&str>, at: Timestamp) -> Self {
        let sequencer = sequencer.map(|text| text.trim_end_matches('0').to_ascii_uppercase());
        Self { sequencer, at }
    }

    /// The number, as it is compared.
    pub fn sequencer(&self) -> Option<&str> {
        self.sequencer.as_deref()
    }

    /// When, by the store's clock.
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

/// What a store told of one object of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEvent {
    /// Whose object.
    pub customer: CustomerId,
    /// Which, as the catalog stores keys.
    pub object_key: String,
    /// What happened to it.
    pub happened: Happened,
    /// When, among the events of this object.
    pub order: EventOrder,
    /// The store's name of the bytes that it is about, where that was told.
    pub etag: Option<String>,
}

/// What is known of an object by what the store told.
///
/// INVARIANT: learning is commutative and idempotent: the same events, in any order and any number of
/// times, make the same note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectNote {
    /// The latest word on whether it is there. Where two are equally late, "there" wins: nothing is
    /// done for it, while "gone" raises an alarm.
    pub presence: Option<(EventOrder, bool)>,
    /// When it last came back from the archive class.
    pub restored_at: Option<Timestamp>,
    /// The strictest verdict of the store's scanner.
    pub verdict: Option<ScanStatus>,
}

impl ObjectNote {
    /// Takes an event in; says whether it told anything new.
    pub fn learn(&mut self, event: &StoreEvent) -> bool {
        let before = self.clone();
        match event.happened {
            Happened::Created => self.presence = self.presence.take().max(Some((event.order.clone(), true))),
            Happened::Removed => self.presence = self.presence.take().max(Some((event.order.clone(), false))),
            Happened::Restored => self.restored_at = self.restored_at.max(Some(event.order.at())),
            Happened::Judged(status) => {
                self.verdict = Some(self.verdict.map_or(status, |known| known.strictest(status)));
            }
        }
        *self != before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    fn order(sequencer: Option<&str>, at: &str) -> EventOrder {
        EventOrder::new(sequencer, at.parse().unwrap())
    }

    #[test]
    fn a_shorter_sequencer_is_filled_up_on_its_right() {
        let at = "2026-03-01T09:00:00Z";
        for (earlier, later) in [("0055AED6DCD90281E4", "0055AED6DCD90281E5"), ("5", "501"), ("0055aed6", "0055AED7"), ("4FF", "5")] {
            assert!(order(Some(earlier), at) < order(Some(later), at), "{earlier} {later}");
        }
        assert_eq!(order(Some("5"), at), order(Some("500"), at));
        // By the number even where the clocks of two machines differ.
        assert!(order(Some("1"), "2026-03-01T09:00:01Z") < order(Some("2"), "2026-03-01T09:00:00Z"));
        assert!(order(None, "2026-03-01T09:00:00Z") < order(None, "2026-03-01T09:00:00.000001Z"));
    }

    /// What happens to one object, one thing after another.
    fn history() -> impl Strategy<Value = Vec<Happened>> {
        let one = prop_oneof![
            4 => Just(Happened::Created),
            4 => Just(Happened::Removed),
            1 => Just(Happened::Restored),
            1 => Just(Happened::Judged(ScanStatus::Clean)),
            1 => Just(Happened::Judged(ScanStatus::Infected)),
            1 => Just(Happened::Judged(ScanStatus::Failed)),
        ];
        proptest::collection::vec(one, 1..12)
    }

    /// The truth, kept in the plainest way: the last thing of each kind, in the order it happened.
    #[derive(Debug, Default, PartialEq)]
    struct Truth {
        is_there: Option<bool>,
        restored: bool,
        infected: bool,
    }

    proptest! {
        #[test]
        fn late_doubled_and_disordered_events_end_in_the_truth(
            history in history(),
            numbered in any::<bool>(),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..30),
            shuffled in Just(()).prop_perturb(|(), mut random| random.random::<u64>()),
        ) {
            let (clock, entropy) = (ManualClock::at("2026-03-01T09:00:00Z"), SeededEntropy::new(1));
            let customer = CustomerId::new(&clock, &entropy);
            let mut truth = Truth::default();
            let mut events = Vec::new();
            for (at, happened) in history.iter().enumerate() {
                match happened {
                    Happened::Created => truth.is_there = Some(true),
                    Happened::Removed => truth.is_there = Some(false),
                    Happened::Restored => truth.restored = true,
                    Happened::Judged(status) => truth.infected |= *status == ScanStatus::Infected,
                }
                clock.advance_seconds(1);
                let sequencer = numbered.then(|| format!("{:X}", 0x7F00 + at * 0x10));
                let order = EventOrder::new(sequencer.as_deref(), crate::domain::Clock::now(&clock));
                events.push(StoreEvent { customer, object_key: "files/x".to_owned(), happened: *happened, order, etag: None });
            }
            // Every event at least once, some more often, in any order.
            let doubles: Vec<StoreEvent> = order.iter().map(|index| index.get(&events).clone()).collect();
            let mut told: Vec<StoreEvent> = events.iter().cloned().chain(doubles).collect();
            let mut seed = shuffled;
            for at in (1..told.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                told.swap(at, usize::try_from(seed >> 33).unwrap() % (at + 1));
            }
            let mut note = ObjectNote::default();
            for event in &told {
                note.learn(event);
            }
            let found = Truth {
                is_there: note.presence.as_ref().map(|(_, is_there)| *is_there),
                restored: note.restored_at.is_some(),
                infected: note.verdict == Some(ScanStatus::Infected),
            };
            prop_assert_eq!(found, truth);
            for event in &told {
                prop_assert!(!note.learn(event), "nothing of it is news any more");
            }
        }
    }
}
