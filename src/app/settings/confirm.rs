//! How much a caller's yes needs.

use serde::{Deserialize, Serialize};

use crate::files::{Evidence, EvidenceSettings};

/// What stands behind a yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// The model's word, once the question can have been heard.
    #[default]
    ModelWord,
    /// What the platform heard, or a form that the caller filled in.
    Heard,
    /// A pressed key.
    Keypad,
}

impl From<Demand> for Evidence {
    fn from(demand: Demand) -> Self {
        match demand {
            Demand::ModelWord => Self::ModelWord,
            Demand::Heard => Self::Heard,
            Demand::Keypad => Self::Keypad,
        }
    }
}

/// `confirm`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmSettings {
    /// What a yes needs at least, for what stays with the customer: `model_word`, `heard` or `keypad`.
    pub inside: Demand,
    /// The same, for what is given to somebody outside.
    pub outside: Demand,
}

impl ConfirmSettings {
    /// For the use cases.
    pub fn evidence(&self) -> EvidenceSettings {
        EvidenceSettings { inside: self.inside.into(), outside: self.outside.into() }
    }
}
