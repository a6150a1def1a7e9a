//! Where a customer's bytes lie.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a region, as the settings give it to a store.
///
/// INVARIANT: 1 to 63 ASCII letters, digits, `-` and `_`, so that it can stand in a settings key, a log
/// and a metric as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, description = "The name of a region.", extend("pattern" = "^[A-Za-z0-9_-]{1,63}$"))]
#[serde(try_from = "String", into = "String")]
pub struct RegionName(String);

/// Why a text names no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a region has 1 to {} letters, digits, `-` and `_`", RegionName::MAX)]
pub struct RegionNameError;

impl RegionName {
    /// Longest name, in characters.
    pub const MAX: usize = 63;

    /// What the only region is called where its store has no name that fits.
    #[must_use]
    pub fn home() -> Self {
        Self("home".to_owned())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, RegionNameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=Self::MAX).contains(&text.len()) && text.bytes().all(fits) { Ok(Self(text.to_owned())) } else { Err(RegionNameError) }
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for RegionName {
    type Err = RegionNameError;

    fn from_str(text: &str) -> Result<Self, RegionNameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for RegionName {
    type Error = RegionNameError;

    fn try_from(text: String) -> Result<Self, RegionNameError> {
        Self::parse(&text)
    }
}

impl From<RegionName> for String {
    fn from(name: RegionName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_anywhere_as_it_is() {
        for name in ["eu-central-1", "RegionOne", "default", "a_b", &"x".repeat(63)] {
            assert_eq!(RegionName::parse(name).unwrap().as_str(), name);
        }
        for text in ["", " ", "eu central", "eu.central", "eu\"", "\u{fc}", &"x".repeat(64)] {
            assert_eq!(RegionName::parse(text), Err(RegionNameError), "`{text}`");
        }
    }
}
