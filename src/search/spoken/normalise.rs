//! One canonical form for spoken and written text; used on both sides of a search.

#[cfg(test)]
use super::super::tokens::{Cut, split};
use super::{dates, letters, numbers, quarters};

/// One canonical word and the words it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The canonical form: `2025`, `q2`, `10k`, `march`, `nda`, or the word itself.
    pub norm: String,
    /// What was said or written; empty when an earlier unit already carries it.
    pub said: Vec<String>,
}

impl Unit {
    /// A word as it is.
    pub fn word(word: &str) -> Self {
        Self { norm: word.to_owned(), said: vec![word.to_owned()] }
    }

    /// A rewrite of several units.
    pub fn of(norm: impl Into<String>, from: &[Self]) -> Self {
        Self { norm: norm.into(), said: from.iter().flat_map(|unit| unit.said.iter().cloned()).collect() }
    }

    /// Whether a digit is in it.
    pub fn has_digit(&self) -> bool {
        self.norm.bytes().any(|byte| byte.is_ascii_digit())
    }

    /// Whether it is a number in digits.
    pub fn is_number(&self) -> bool {
        is_digits(&self.norm)
    }
}

/// Whether a text is made of ASCII digits alone.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A rule: looks at the front of the rest and, when it applies, says what stands there and how
/// many units that replaces.
pub type Pass = fn(&[Unit]) -> Option<(Vec<Unit>, usize)>;

// INVARIANT: quarters and versions take their one digit before numbers join what follows
// ("q four twenty twenty four"); letters join after numbers are digits ("ten kay").
const PASSES: [Pass; 6] = [quarters::quarter, quarters::version, numbers::number, letters::letters, letters::mixed, dates::date];

/// The canonical form of a sentence.
#[cfg(test)]
pub fn normalise(text: &str) -> Vec<Unit> {
    normalise_words(&split(text, Cut::Words).parts)
}

/// The canonical form of words that are already split.
pub fn normalise_words(words: &[String]) -> Vec<Unit> {
    let mut units: Vec<Unit> = words.iter().map(|word| Unit::word(word)).collect();
    for pass in PASSES {
        units = run(pass, &units);
    }
    units
}

fn run(pass: Pass, units: &[Unit]) -> Vec<Unit> {
    let mut out = Vec::with_capacity(units.len());
    let mut rest = units;
    while let [first, after @ ..] = rest {
        match pass(rest) {
            Some((made, used)) if used > 0 => {
                out.extend(made);
                rest = rest.get(used..).unwrap_or_default();
            }
            _ => {
                out.push(first.clone());
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn norm(text: &str) -> String {
        normalise(text).into_iter().map(|unit| unit.norm).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn spoken_and_written_forms_meet() {
        for (said, written) in [
            ("report from twenty twenty five", "report from 2025"),
            ("q two sales report", "q2 sales report"),
            ("q four twenty twenty four", "q4 2024"),
            ("cue two twenty twenty-five", "q2 2025"),
            ("queue too results", "q2 results"),
            ("2nd quarter", "q2"),
            ("second quarter of twenty fifteen", "q2 of 2015"),
            ("2025Q3", "2025 q3"),
            ("Q3 FY2022", "q3 fy 2022"),
            ("invoice four seven two nine", "invoice 4729"),
            ("invoice 4 7 2 9", "invoice 4729"),
            ("invoice forty seven twenty nine", "invoice 4729"),
            ("double eight one two oh five", "881205"),
            ("room one oh one", "room 101"),
            ("nineteen ninety nine", "1999"),
            ("nineteen hundred", "1900"),
            ("twenty oh five", "2005"),
            ("two thousand and five", "2005"),
            ("one hundred and five dollars", "105 dollars"),
            ("three hundred twenty", "320"),
            ("twelve thousand five hundred", "12500"),
            ("the third of march", "the 3 of march"),
            ("march twenty first twenty twenty three", "march 21 2023"),
            ("august twenty four twenty twenty three", "august 24 2023"),
            ("version two", "v2"),
            ("v2", "v2"),
            ("version two twenty twenty five", "v2 2025"),
            ("n d a with acme", "nda with acme"),
            ("N.D.A.", "nda"),
            ("ten kay for twenty fifteen", "10k for 2015"),
            ("10-K for 2015", "10k for 2015"),
            ("w nine form", "w9 form"),
            ("send a w nine", "send a w9"),
            ("2023-08-24", "2023 august 24"),
            ("20230824", "20230824 2023 august 24"),
            ("2023-07-05 letter", "2023 july 5 letter"),
            ("nov 2024", "november 2024"),
            ("may i", "may i"),
            ("one", "1"),
            ("", ""),
        ] {
            assert_eq!(norm(said), written, "{said}");
        }
    }

    #[test]
    fn what_was_said_stays_beside_the_rewrite() {
        let units = normalise("q two 2025");
        assert_eq!(units.first(), Some(&Unit { norm: "q2".into(), said: vec!["q".into(), "two".into()] }));
        let said: Vec<_> = normalise("lease of march third twenty twenty").into_iter().flat_map(|unit| unit.said).collect();
        assert_eq!(said.join(" "), "lease of march third twenty twenty");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_normalised_without_loss(text in "\\PC{0,80}") {
            let words = split(&text, Cut::Words).parts;
            let said: Vec<_> = normalise(&text).into_iter().flat_map(|unit| unit.said).collect();
            proptest::prop_assert_eq!(words, said);
        }
    }
}
