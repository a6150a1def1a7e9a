//! How much the doors take in at once.

use std::time::Duration;

use crate::domain::Rate;

/// How much the doors take in at once. Beyond it the answer is a quick "not now": nothing waits in
/// a queue without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorLimits {
    /// Connections held open. One more is told so and closed.
    pub connections: usize,
    /// Requests in work, uploads apart.
    pub requests: usize,
    /// Uploads that are in work or wait for memory.
    pub uploads: usize,
    /// Bytes of memory that uploads may fill together with what has not reached the store yet.
    pub upload_memory: u64,
    /// How long a connection may take to bring the head of its next request, and may lie idle.
    pub head: Duration,
    /// Tries at codes that the page takes in a minute from one network, and at one link.
    pub code_tries: u32,
    /// When a request is given up; what streams bytes ends when they stall.
    pub request: Duration,
    /// How fast may be asked from one address.
    pub addresses: AddressPaces,
}

/// How fast may be asked from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPaces {
    /// Whatever is asked.
    pub all: Rate,
    /// What needs a credential, without a valid one.
    pub strangers: Rate,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            requests: 2048,
            uploads: 1024,
            upload_memory: 256 * 1024 * 1024,
            head: Duration::from_mins(1),
            code_tries: 10,
            request: Duration::from_secs(10),
            addresses: AddressPaces { all: Rate::ANY, strangers: Rate::ANY },
        }
    }
}
