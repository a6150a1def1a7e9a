//! A password that somebody gives for a file, and what came of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A password on its way to where it is tried. It is shown nowhere, and its memory is cleared when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Longest one, in characters: as long as Office takes (MS-OFFCRYPTO 2.3.4); other formats take less or do not say.
    pub const LONGEST: usize = 255;

    /// `None` for an empty text, and for one that is too long.
    pub fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        (1..=Self::LONGEST).contains(&text.chars().count()).then_some(Self(text))
    }

    /// The text, for whoever tries it or seals it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(..)")
    }
}

/// What came of the last password that was given for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unlock {
    /// It is being tried.
    Trying,
    /// It does not open the file.
    Wrong,
    /// It opened the file, and what is in it was read. The bytes stay locked: whoever opens them needs it again.
    Opened,
    /// It could not be tried: the file is locked in a way that is not opened here, or trying it failed.
    Failed,
}

impl Unlock {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Trying, Self::Wrong, Self::Opened, Self::Failed];

    /// The text form, as stored and as the API gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Wrong => "wrong",
            Self::Opened => "opened",
            Self::Failed => "failed",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unlock| unlock.as_str() == text)
    }
}

/// Types of files that a password opens here.
const OPENED: [&str; 13] = [
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    // Office's encrypted container under a name that does not say what is in it.
    "application/x-ole-storage",
];

/// Whether a password opens files of this type here, where they are locked the usual way.
pub fn is_opened_here(content_type: &str) -> bool {
    OPENED.iter().any(|known| known.eq_ignore_ascii_case(content_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_length_and_is_not_shown() {
        assert!(Password::parse(String::new()).is_none());
        assert!(Password::parse("é".repeat(Password::LONGEST + 1)).is_none());
        let longest = Password::parse("é".repeat(Password::LONGEST)).unwrap();
        assert_eq!(longest.expose().chars().count(), Password::LONGEST);
        let password = Password::parse("sesame 7".to_owned()).unwrap();
        assert!(!format!("{password:?} {:?}", Some(&password)).contains("sesame"));
    }

    #[test]
    fn what_came_of_a_password_reads_back() {
        for unlock in Unlock::ALL {
            assert_eq!(Unlock::parse(unlock.as_str()), Some(unlock));
        }
        assert_eq!(Unlock::parse("open"), None);
    }

    #[test]
    fn office_files_pdfs_and_zips_are_opened_and_others_are_not() {
        assert!(is_opened_here("application/pdf") && is_opened_here("application/vnd.ms-excel.sheet.macroEnabled.12"));
        for other in ["application/vnd.oasis.opendocument.text", "application/x-7z-compressed", "text/plain"] {
            assert!(!is_opened_here(other), "{other}");
        }
    }
}
