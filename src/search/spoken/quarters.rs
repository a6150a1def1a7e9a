//! Quarters, halves and versions: a word and one small number that belong together.

use super::normalise::Unit;
use super::numbers::{ordinal, small_number};

/// What recognisers write for the letter Q before a number.
const Q: [&str; 7] = ["q", "cue", "queue", "que", "kew", "quarter", "queues"];

/// What recognisers write for a number after Q.
fn after_q(word: &str) -> Option<u64> {
    match word {
        "to" | "too" => Some(2),
        "for" | "fore" => Some(4),
        "won" => Some(1),
        "free" | "tree" => Some(3),
        _ => small_number(word),
    }
    .filter(|number| (1..=4).contains(number))
}

/// `q two`, `cue 2`, `second quarter`, `2nd half` as `q2`, `h2`.
pub fn quarter(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let [first, second, ..] = rest else { return None };
    let is_q = Q.contains(&first.norm.as_str());
    // "quarter to" and "quarter for" are plain English; a mishearing needs the bare letter.
    let number = if first.norm == "quarter" { small_number(&second.norm).filter(|n| (1..=4).contains(n)) } else { after_q(&second.norm) };
    let made = if let (true, Some(number)) = (is_q, number) {
        format!("q{number}")
    } else if let (Some(number @ 1..=4), "quarter" | "quarters") = (ordinal(&first.norm), second.norm.as_str()) {
        format!("q{number}")
    } else if let (Some(number @ 1..=2), "half") = (ordinal(&first.norm), second.norm.as_str()) {
        format!("h{number}")
    } else {
        return None;
    };
    Some((vec![Unit::of(made, rest.get(..2)?)], 2))
}

/// `version two`, `v 2`, `revision three` as `v2`, `v3`.
pub fn version(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let [word, number, ..] = rest else { return None };
    if !matches!(word.norm.as_str(), "v" | "version" | "ver" | "vee" | "revision" | "rev") {
        return None;
    }
    let number = small_number(&number.norm)?;
    Some((vec![Unit::of(format!("v{number}"), rest.get(..2)?)], 2))
}

#[cfg(test)]
mod tests {
    use super::super::normalise;

    #[test]
    fn a_quarter_has_one_form() {
        let norm = |text: &str| normalise(text).into_iter().map(|unit| unit.norm).collect::<Vec<_>>().join(" ");
        for said in ["Q2", "q two", "cue two", "queue too", "cue to", "second quarter", "2nd quarter", "quarter two", "quarter 2", "Q 2"] {
            assert_eq!(norm(said), "q2", "{said}");
        }
        for (said, written) in [
            ("first half", "h1"),
            ("version three", "v3"),
            ("quarter to nine", "quarter to 9"),
            ("fifth quarter", "5 quarter"),
            ("q seven", "q7"),
            ("queue", "queue"),
        ] {
            assert_eq!(norm(said), written, "{said}");
        }
    }
}
