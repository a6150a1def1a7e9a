//! What clients were told, and what they were not told.

use std::sync::{Mutex, MutexGuard};

/// A file whose upload was acknowledged.
#[derive(Debug, Clone)]
pub struct Upload {
    pub id: String,
    pub name: String,
    /// What its sender called it.
    pub title: Option<String>,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    pub bytes: usize,
}

/// A share whose confirmation was acknowledged, with what was told of it since.
#[derive(Debug, Clone)]
pub struct Share {
    pub call: String,
    pub id: String,
    pub link: String,
    pub slug: String,
    /// The newest code that was told.
    pub code: String,
    /// A newer code may have been made that nobody was told.
    pub code_in_doubt: bool,
    /// Codes asked for and told, and asked for without an answer.
    pub codes: Count,
    /// Right codes tried.
    pub redeemed: Count,
    /// Wrong codes tried, all on the first code.
    pub guessed: Count,
}

/// How often something was acknowledged, and how often it stayed in doubt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    pub told: usize,
    pub in_doubt: usize,
}

impl Count {
    /// Whether so many records of it can be: all that were told, and no more than were asked.
    pub fn allows(self, records: usize) -> bool {
        (self.told..=self.told + self.in_doubt).contains(&records)
    }
}

/// Everything the clients of one test know.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    pub uploads: Vec<Upload>,
    /// Names of files whose upload got no answer.
    pub doubtful_uploads: Vec<String>,
    /// Calls that were opened.
    pub calls: Vec<String>,
    pub doubtful_calls: usize,
    /// Calls that a test opened itself.
    pub other_calls: usize,
    pub shares: Vec<Share>,
    /// Calls whose confirmation was, on a second try under its key, found answered already.
    pub answered_before: Vec<String>,
}

/// Shared by the clients.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Facts>);

impl Ledger {
    pub fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap()
    }

    /// The share of a call.
    pub fn share(&self, call: &str, change: impl FnOnce(&mut Share)) {
        change(self.facts().shares.iter_mut().find(|share| share.call == call).unwrap());
    }

    /// Operations acknowledged and in doubt.
    pub fn totals(&self) -> (usize, usize) {
        let facts = self.facts();
        let of_shares = |count: fn(&Count) -> usize| {
            facts
                .shares
                .iter()
                .map(|share| 1 + [share.codes, share.redeemed, share.guessed].iter().map(count).sum::<usize>())
                .sum::<usize>()
        };
        let told = facts.uploads.len() + facts.calls.len() + of_shares(|count| count.told);
        let in_doubt = of_shares(|count| count.in_doubt) - facts.shares.len();
        (told, facts.doubtful_uploads.len() + facts.doubtful_calls + facts.answered_before.len() + in_doubt)
    }
}
