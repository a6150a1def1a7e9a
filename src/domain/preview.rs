//! What a file looks like: in which sizes, and whether that is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A size in which a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreviewSize {
    /// To be read: the longer side has a thousand pixels, or fewer where there are no more.
    Page,
    /// For lists: the longer side has 256 pixels at most.
    Thumbnail,
}

impl PreviewSize {
    /// Every size.
    pub const ALL: [Self; 2] = [Self::Page, Self::Thumbnail];

    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Thumbnail => "thumbnail",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str() == text)
    }
}

/// Whether there are pictures of what bytes look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Preview {
    /// Nobody has drawn any yet.
    #[default]
    NotYet,
    /// In every size.
    Made,
    /// They cannot be drawn, and why.
    Never(String),
}
