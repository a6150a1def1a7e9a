//! A piece of text that is fit for the ear.

use std::fmt;

use serde::Serialize;

use super::lint::lint_line;
use super::values::clean::{clean_words, limited};

/// A piece of text that is fit for the ear: one line, no markup, no digits but single ones, no
/// address. Only the functions of this room make one, so that a raw file name or an id cannot
/// slip into a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Spoken(String);

impl Spoken {
    /// From text that a value function has already made speakable.
    pub(in crate::speech) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A line that `Speech::say` made earlier, to be said again or inside another line. Text that
    /// is no such line is cleaned as if it came from outside.
    pub fn line(text: &str) -> Self {
        if lint_line(text).is_ok() { Self(text.to_owned()) } else { Self(clean_words(text, 32)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first words, for a line that must be shorter.
    pub(in crate::speech) fn first_words(&self, max_words: usize) -> Self {
        let words: Vec<String> = self.0.split_whitespace().map(str::to_owned).collect();
        Self(limited(&words, max_words))
    }

    /// How many words it takes to say.
    pub fn words(&self) -> usize {
        self.0.split_whitespace().count()
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<Spoken> for String {
    fn from(spoken: Spoken) -> Self {
        spoken.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_repeated_as_it_was_and_anything_else_is_cleaned() {
        for (text, words) in [
            ("The code is 4 2 7, 9 1 3.", "The code is 4 2 7, 9 1 3."),
            ("see file_01h455vb4pex5vsknk084sn02q.pdf", "see file"),
            ("<b>12</b>", "b twelve b"),
        ] {
            assert_eq!(Spoken::line(text).as_str(), words);
        }
    }
}
