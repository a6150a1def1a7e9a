//! What a paraphrase must keep.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spoken::Spoken;
use super::values::{spell, spoken_digits};

/// A part of a line that must reach the caller unchanged, whatever words the model puts around
/// it, and how to say it letter by letter or digit by digit when the caller asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MustSay {
    /// The words, exactly.
    pub text: String,
    /// The same in single steps; empty when it needs no spelling.
    pub spell: Vec<String>,
}

impl MustSay {
    /// An access code in digits, grouped.
    pub fn digits(code: &str) -> Self {
        Self { text: spoken_digits(code).into(), spell: spell(code) }
    }

    /// An access code in words.
    pub fn words(code: &Spoken) -> Self {
        Self { text: code.to_string(), spell: code.as_str().split(", ").map(str::to_owned).collect() }
    }

    /// A recipient as the read-back has it, spelled by the bare name.
    pub fn recipient(recipient: &Spoken, name: &str) -> Self {
        Self { text: recipient.to_string(), spell: spell(name) }
    }

    /// A length of time.
    pub fn lifetime(lifetime: &Spoken) -> Self {
        Self { text: lifetime.to_string(), spell: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{spoken_code_words, spoken_duration};

    #[test]
    fn digits_are_grouped_and_spelled_as_words() {
        let must = MustSay::digits("427913");
        assert_eq!(must.text, "4 2 7, 9 1 3");
        assert_eq!(must.spell, ["four", "two", "seven", "nine", "one", "three"]);
    }

    #[test]
    fn a_recipient_is_spelled_by_the_bare_name_and_a_lifetime_not_at_all() {
        let recipient = Spoken::new("Jo Ek, in finance");
        let must = MustSay::recipient(&recipient, "Jo Ek");
        assert_eq!(must.text, "Jo Ek, in finance");
        assert_eq!(must.spell, ["J as in Juliett", "O as in Oscar", "new word", "E as in Echo", "K as in Kilo"]);
        assert_eq!(MustSay::lifetime(&spoken_duration(600)).text, "ten minutes");
        assert!(MustSay::lifetime(&spoken_duration(600)).spell.is_empty());
    }

    #[test]
    fn a_code_of_words_is_said_word_by_word() {
        assert_eq!(MustSay::words(&spoken_code_words("hockey-body-lake")).spell, ["hockey", "body", "lake"]);
    }
}
