//! How far a standing grant on a file or a folder reaches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rights;

/// What somebody of the customer may do with a file, or with all that lies in a folder; each level holds those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Find, hear and download it.
    Viewer,
    /// View, and remark on it.
    Commenter,
    /// Put new versions in place, organise and share it.
    Editor,
    /// Everything its owner may do, removing it included.
    Owner,
}

impl Level {
    /// Every level, from least to most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Commenter, Self::Editor, Self::Owner];

    /// The text form, as stored and as policies name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Commenter => "commenter",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

impl From<Rights> for Level {
    fn from(rights: Rights) -> Self {
        match rights {
            Rights::View => Self::Viewer,
            Rights::Comment => Self::Commenter,
            Rights::Edit => Self::Editor,
        }
    }
}
