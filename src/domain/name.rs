//! Names people give: files, folders, phone numbers. Text from outside loses control and bidi
//! characters here, once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it.
    #[error("a name must not be empty")]
    Empty,
    /// Over the limit.
    #[error("a name has at most {max} characters")]
    TooLong {
        /// The limit, in characters.
        max: usize,
    },
    /// A path where a name is wanted, or an unsafe part.
    #[error("a name must not contain `/`, `\\` or be `.` or `..`")]
    Path,
    /// Not a phone number in E.164.
    #[error("a phone number is written `+`, the country's code and the number, 7 to 15 digits in all, such as `+4930123456`")]
    Phone,
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Takes control, bidi, zero-width and tag characters out, joins white space to single blanks,
/// and cuts after `max` characters.
#[must_use]
pub fn clean_text(text: &str, max: usize) -> String {
    let spaced: String =
        text.chars().map(|character| if character.is_whitespace() { ' ' } else { character }).filter(|c| !is_unsafe(*c)).collect();
    let mut out = String::new();
    for word in spaced.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    match out.char_indices().nth(max) {
        Some((end, _)) => out.get(..end).unwrap_or_default().trim_end().to_owned(),
        None => out,
    }
}

/// The name a file arrived with: one path segment, cleaned, 1 to 255 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Longest name, in characters.
    pub const MAX: usize = 255;

    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, too long or a path.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = clean_text(text, Self::MAX + 1);
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.chars().count() > Self::MAX {
            return Err(NameError::TooLong { max: Self::MAX });
        }
        if name == "." || name == ".." || name.contains(['/', '\\']) {
            return Err(NameError::Path);
        }
        Ok(Self(name))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the last dot; the whole name when there is none.
    pub fn stem(&self) -> &str {
        match self.0.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 && !extension.contains(' ') => stem,
            _ => &self.0,
        }
    }

    /// The part after the last dot, lower case; `None` when there is none.
    pub fn extension(&self) -> Option<String> {
        let stem = self.stem();
        (stem.len() < self.0.len()).then(|| self.0.get(stem.len() + 1..).unwrap_or_default().to_lowercase())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where a file lies among others: segments joined by `/`, no empty or dotted one; `""` is the top.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Folder(String);

impl Folder {
    /// Longest path, in characters.
    pub const MAX: usize = 500;

    /// Reads a folder path; slashes at either end are ignored.
    ///
    /// # Errors
    /// When a segment is `.` or `..`, or the path is too long.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut segments = Vec::new();
        for segment in text.split('/') {
            let segment = clean_text(segment, Self::MAX + 1);
            if segment == "." || segment == ".." || segment.contains('\\') {
                return Err(NameError::Path);
            }
            if !segment.is_empty() {
                segments.push(segment);
            }
        }
        let path = segments.join("/");
        if path.chars().count() > Self::MAX { Err(NameError::TooLong { max: Self::MAX }) } else { Ok(Self(path)) }
    }

    /// The path; `""` is the top.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The paths of the folders that it lies in, from the top down, and its own; each once.
    pub fn enclosing(&self) -> impl Iterator<Item = &str> {
        let path = self.as_str();
        let between = path.match_indices('/').filter_map(move |(at, _)| path.get(..at));
        [""].into_iter().chain(between).chain((!path.is_empty()).then_some(path))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`", self.0)
    }
}

/// A phone number in E.164: `+` and 7 to 15 digits, of which the first, that of the country's code, is not zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Reads a number; blanks, hyphens, dots and brackets between digits are ignored.
    ///
    /// # Errors
    /// When it does not start with `+` and a country's code, has too few or too many digits, or holds a digit that is
    /// dialled within the country alone: `(0)`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.contains("(0)") {
            return Err(NameError::Phone);
        }
        let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = number.strip_prefix('+').ok_or(NameError::Phone)?;
        if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') {
            Ok(Self(number))
        } else {
            Err(NameError::Phone)
        }
    }

    /// The number, `+` first.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Phone {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_one_clean_segment() {
        assert_eq!(FileName::parse("  Q2\tReport\u{202E}.pdf ").map(|n| n.as_str().to_owned()), Ok("Q2 Report.pdf".to_owned()));
        assert_eq!(FileName::parse("../x"), Err(NameError::Path));
        assert_eq!(FileName::parse("\u{200B}"), Err(NameError::Empty));
        assert_eq!(FileName::parse(&"x".repeat(256)), Err(NameError::TooLong { max: 255 }));
    }

    #[test]
    fn stem_and_extension_part_at_the_last_dot() {
        let name = FileName::parse("Acme v1.2 invoice.PDF").unwrap();
        assert_eq!((name.stem(), name.extension().as_deref()), ("Acme v1.2 invoice", Some("pdf")));
        let bare = FileName::parse("README").unwrap();
        assert_eq!((bare.stem(), bare.extension()), ("README", None));
    }

    #[test]
    fn a_folder_lies_in_each_folder_above_it_and_in_the_top_once() {
        for (path, expected) in
            [("", &[""][..]), ("legal", &["", "legal"]), ("finance/2025/q2", &["", "finance", "finance/2025", "finance/2025/q2"])]
        {
            assert_eq!(Folder::parse(path).unwrap().enclosing().collect::<Vec<_>>(), expected, "`{path}`");
        }
    }

    #[test]
    fn folders_lose_outer_slashes_and_refuse_dots() {
        assert_eq!(Folder::parse("/finance//2025/").unwrap().as_str(), "finance/2025");
        assert_eq!(Folder::parse("a/../b"), Err(NameError::Path));
    }

    #[test]
    fn phones_are_e164() {
        assert_eq!(Phone::parse("+1 (555) 010-0100").unwrap().as_str(), "+15550100100");
        assert_eq!(Phone::parse(" +49.30-1234567 ").unwrap().as_str(), "+49301234567");
        for text in [
            "5550100",
            "030 1234567",
            "0049301234567",
            "+0049301234567",
            "+49 (0) 30 1234567",
            "+12",
            "+1234567890123456",
            "++15550100100",
            "+1555010O100",
            "+1-800-FLOWERS",
            "+49301234567;ext=12",
            "tel:+49301234567",
            "+٤٩٣٠١٢٣٤٥٦٧",
            "",
            "+",
        ] {
            assert_eq!(Phone::parse(text), Err(NameError::Phone), "{text}");
        }
    }
}
