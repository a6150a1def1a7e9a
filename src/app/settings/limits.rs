//! `limits`: how much is taken in at once, and how fast.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::{AddressPaces, DoorLimits};
use crate::domain::Rate;
use crate::files::Paces;
use crate::tools::Crowd;

/// `limits`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Largest upload, in bytes.
    pub upload_bytes: u64,
    /// Connections of the doors at once; fewer where the system's limit of open files does not allow them.
    pub connections: usize,
    /// Requests in work at once, uploads apart.
    pub requests: usize,
    /// Tool calls, and other requests that belong to a customer, in work at once; uploads and streams apart.
    pub tool_calls: usize,
    /// Those of one customer. Its further ones wait for these, and not others for them.
    pub tool_calls_of_one_customer: usize,
    /// Those that wait for their turn; a further tool call gets a spoken "not now".
    pub waiting_tool_calls: usize,
    /// Those of one customer.
    pub waiting_tool_calls_of_one_customer: usize,
    /// Uploads at once that are in work or wait for memory.
    pub uploads: usize,
    /// Memory that uploads may fill together, in bytes; at least 16 MiB, which is what one may fill.
    pub upload_memory_bytes: u64,
    /// How long a connection may take to bring its next request, and may lie idle, in seconds.
    pub head_seconds: u64,
    /// How fast may be asked.
    pub pace: PaceSettings,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let (doors, crowd) = (DoorLimits::default(), Crowd::default());
        Self {
            upload_bytes: 5 * 1024 * 1024 * 1024,
            connections: doors.connections,
            requests: doors.requests,
            tool_calls: crowd.at_work,
            tool_calls_of_one_customer: crowd.at_work_of_one,
            waiting_tool_calls: crowd.waiting,
            waiting_tool_calls_of_one_customer: crowd.waiting_of_one,
            uploads: doors.uploads,
            upload_memory_bytes: doors.upload_memory,
            head_seconds: doors.head.as_secs(),
            pace: PaceSettings::default(),
        }
    }
}

/// `limits.pace`: so many a second in the long run, and so many at once after a rest. A rate of 0 is none.
/// Each serving process counts what comes to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaceSettings {
    /// Whether any of these holds.
    pub enforced: bool,
    /// Requests of one caller: a user on whatever calls, a guest on one.
    pub caller_per_second: u32,
    /// At once.
    pub caller_burst: u32,
    /// Requests with one key.
    pub key_per_second: u32,
    /// At once.
    pub key_burst: u32,
    /// Requests of everybody of one customer together.
    pub customer_per_second: u32,
    /// At once.
    pub customer_burst: u32,
    /// Requests from one address, or from one network of 64 bits of IPv6, whoever sends them.
    pub address_per_second: u32,
    /// At once.
    pub address_burst: u32,
    /// Of these, those without a valid credential where one is needed.
    pub stranger_per_second: u32,
    /// At once.
    pub stranger_burst: u32,
}

impl Default for PaceSettings {
    /// Somebody on the phone asks once in a few seconds; a platform brings many of them, mostly from few
    /// addresses.
    fn default() -> Self {
        Self {
            enforced: true,
            caller_per_second: 20,
            caller_burst: 100,
            key_per_second: 1000,
            key_burst: 2000,
            customer_per_second: 1000,
            customer_burst: 2000,
            address_per_second: 2000,
            address_burst: 4000,
            stranger_per_second: 10,
            stranger_burst: 200,
        }
    }
}

impl PaceSettings {
    fn rate(&self, per_second: u32, burst: u32) -> Rate {
        if self.enforced { Rate { per_second, burst } } else { Rate::ANY }
    }
}

impl LimitSettings {
    /// What the doors are told, with so many connections.
    pub fn doors(&self, connections: usize) -> DoorLimits {
        let pace = &self.pace;
        DoorLimits {
            connections,
            requests: self.requests,
            uploads: self.uploads,
            upload_memory: self.upload_memory_bytes,
            head: Duration::from_secs(self.head_seconds.max(1)),
            addresses: AddressPaces {
                all: pace.rate(pace.address_per_second, pace.address_burst),
                strangers: pace.rate(pace.stranger_per_second, pace.stranger_burst),
            },
            ..DoorLimits::default()
        }
    }

    /// What the use cases are told.
    pub fn paces(&self) -> Paces {
        let pace = &self.pace;
        Paces {
            caller: pace.rate(pace.caller_per_second, pace.caller_burst),
            key: pace.rate(pace.key_per_second, pace.key_burst),
            customer: pace.rate(pace.customer_per_second, pace.customer_burst),
        }
    }

    /// What the tools are told.
    pub const fn crowd(&self) -> Crowd {
        Crowd {
            at_work: self.tool_calls,
            at_work_of_one: self.tool_calls_of_one_customer,
            waiting: self.waiting_tool_calls,
            waiting_of_one: self.waiting_tool_calls_of_one_customer,
        }
    }
}
