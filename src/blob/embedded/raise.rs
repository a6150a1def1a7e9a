//! Word of what was written and removed, for whoever listens in this process.

use std::cell::RefCell;

use tokio::sync::broadcast::{Sender, channel};

use super::service::now_us;
use crate::domain::Timestamp;

/// Words that may wait for a listener; the oldest are lost past that.
const WAITING: usize = 4096;

/// What happened to an object, once it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// It was written; removed otherwise.
    pub is_there: bool,
    /// Grows with each commit; a hexadecimal number of fixed length.
    pub sequencer: String,
    /// When.
    pub at: Timestamp,
}

thread_local! {
    // Changes run on the writer's thread alone, many in one transaction: what they say waits here for
    // the commit that holds them all.
    static SAID: RefCell<Vec<(String, String, bool)>> = const { RefCell::new(Vec::new()) };
}

/// Says within a change that it writes or removes an object. Told when the change is committed.
pub fn say(bucket: &str, key: &str, is_there: bool) {
    SAID.with_borrow_mut(|said| said.push((bucket.to_owned(), key.to_owned(), is_there)));
}

/// Tells listeners what was said, in the order of the changes.
#[derive(Debug)]
pub struct Raiser {
    listeners: Sender<Raised>,
    last: u64,
}

impl Raiser {
    pub fn new() -> Self {
        Self { listeners: channel(WAITING).0, last: 0 }
    }

    /// From where listeners are made.
    pub fn listeners(&self) -> Sender<Raised> {
        self.listeners.clone()
    }

    /// The changes are durable: what they said is told.
    pub fn committed(&mut self) {
        let now = now_us();
        let at = Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
        for (bucket, key, is_there) in SAID.take() {
            self.last = self.last.saturating_add(1).max(u64::try_from(now).unwrap_or(0));
            let sequencer = format!("{:016X}", self.last);
            // Nobody need listen.
            drop(self.listeners.send(Raised { bucket, key, is_there, sequencer, at }));
        }
    }

    /// The changes did not happen, or nobody knows: nothing is told.
    pub fn dropped() {
        drop(SAID.take());
    }
}
