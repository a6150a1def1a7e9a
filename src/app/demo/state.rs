//! What a second start needs to know of the first: `DATA/demo.json`, readable by its owner only.

use serde::{Deserialize, Serialize};

/// Name of the file in the data folder.
pub const STATE_FILE: &str = "demo.json";

/// The demo customer of a data folder.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DemoState {
    /// The customer.
    pub customer_id: String,
    /// Its key.
    pub api_key: String,
    /// Who calls.
    pub caller_id: String,
    /// How many files were put in place.
    pub files: usize,
    /// Everything is in place; else a start was interrupted and the next one goes on.
    pub complete: bool,
}
