//! Numbers as they are said: cardinals, years, digits one by one, ordinals.

use super::normalise::{Unit, is_digits};

/// Longest number read as one, in digits; longer runs are tables, not numbers somebody says.
const MAX_DIGITS: usize = 18;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

/// A number under twenty as a word, or one or two digits.
pub fn small_number(word: &str) -> Option<u64> {
    if is_digits(word) && word.len() <= 2 {
        return word.parse().ok();
    }
    position(&SMALL, word)
}

/// `third`, `3rd`, `twentieth`: what it counts.
pub fn ordinal(word: &str) -> Option<u64> {
    let written = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).filter(|digits| is_digits(digits));
    if let Some(digits) = written {
        return digits.parse().ok();
    }
    position(&ORDINALS, word).or_else(|| {
        let stem = word.strip_suffix("ieth")?;
        TENS.iter().position(|ten| ten.strip_suffix('y') == Some(stem)).map(|at| (at as u64 + 2) * 10)
    })
}

fn position(list: &[&str], word: &str) -> Option<u64> {
    list.iter().position(|entry| *entry == word).map(|at| at as u64)
}

fn tens(word: &str) -> Option<u64> {
    position(&TENS, word).map(|at| (at + 2) * 10)
}

fn scale(word: &str) -> Option<u64> {
    match word {
        "hundred" => Some(100),
        "thousand" => Some(1_000),
        "million" => Some(1_000_000),
        _ => None,
    }
}

/// What stands at the front of spoken number words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// A single digit, said or written; `oh` is one too.
    Digit(u64),
    /// 10 to 99 in words.
    Two(u64),
    /// A cardinal with a scale word, or a number written in digits.
    Whole(u64),
    /// `twenty first`: ends a number.
    Ordinal(u64),
}

/// The next atom and how many units it takes.
fn atom(rest: &[Unit]) -> Option<(Atom, usize)> {
    let words: Vec<&str> = rest.iter().take(3).map(|unit| unit.norm.as_str()).collect();
    let first = *words.first()?;
    let second = words.get(1).copied();
    if let Some(cardinal) = cardinal(rest) {
        return Some(cardinal);
    }
    if let Some(ten) = tens(first) {
        if ten == 20 && split_teen(rest.get(1..).unwrap_or_default()).is_some() {
            return Some((Atom::Two(20), 1));
        }
        if let Some(unit) = second.and_then(ordinal).filter(|unit| (1..10).contains(unit) && second.is_some_and(|w| !is_written(w))) {
            return Some((Atom::Ordinal(ten + unit), 2));
        }
        return match second.and_then(|word| position(&SMALL, word)).filter(|unit| (1..10).contains(unit)) {
            Some(unit) => Some((Atom::Two(ten + unit), 2)),
            None => Some((Atom::Two(ten), 1)),
        };
    }
    if let Some(value) = ordinal(first) {
        return Some((Atom::Ordinal(value), 1));
    }
    match position(&SMALL, first) {
        Some(value) if value < 10 => Some((Atom::Digit(value), 1)),
        Some(value) => Some((Atom::Two(value), 1)),
        None if is_digits(first) && first.len() == 1 => Some((Atom::Digit(first.parse().ok()?), 1)),
        None => None,
    }
}

fn is_written(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// `two thousand and five`, `one hundred five`: a cardinal with at least one scale word.
fn cardinal(rest: &[Unit]) -> Option<(Atom, usize)> {
    let (mut total, mut group, mut used, mut scales) = (0_u64, 0_u64, 0_usize, 0_usize);
    // The least place still open: after `hundred` only numbers under 100 may follow.
    let (mut open, mut may_and, mut largest) = (u64::MAX, false, u64::MAX);
    loop {
        let ahead = rest.get(used..).unwrap_or_default();
        let Some(unit) = ahead.first() else { break };
        let word = unit.norm.as_str();
        if let Some(by) = scale(word).filter(|_| used > 0) {
            if by == 100 {
                if group == 0 || group > 99 {
                    break;
                }
                group *= 100;
                open = 100;
            } else {
                if group == 0 || by >= largest {
                    break;
                }
                total += group * by;
                group = 0;
                largest = by;
                open = by;
            }
            scales += 1;
            used += 1;
            may_and = true;
            continue;
        }
        let skip = usize::from(may_and && word == "and");
        let Some((value, taken)) = ahead.get(skip..).and_then(two_digits) else { break };
        if open == u64::MAX && used > 0 || value >= open {
            break;
        }
        group += value;
        // What a later `hundred` or `thousand` multiplies must follow at once.
        open = 1;
        used += skip + taken;
        may_and = false;
        if scales == 0 && ahead.get(skip + taken).is_none_or(|next| scale(&next.norm).is_none()) {
            return None;
        }
    }
    (scales > 0).then_some((Atom::Whole(total + group), used))
}

/// 1 to 99 in words, or digits before a scale word.
fn two_digits(rest: &[Unit]) -> Option<(u64, usize)> {
    let first = rest.first()?.norm.as_str();
    let unit = |at: usize| rest.get(at).and_then(|u| position(&SMALL, &u.norm));
    if let Some(ten) = tens(first) {
        return Some(unit(1).filter(|one| (1..10).contains(one)).map_or((ten, 1), |one| (ten + one, 2)));
    }
    unit(0).filter(|value| *value > 0).map(|value| (value, 1)).or_else(|| small_number(first).map(|value| (value, 1)))
}

/// `double eight`, `triple seven`, `oh` between digits: the digits and how many units they take.
fn digits(rest: &[Unit], after_digit: bool) -> Option<(String, usize)> {
    let words: Vec<&str> = rest.iter().take(2).map(|unit| unit.norm.as_str()).collect();
    let repeat = match words.first().copied()? {
        "double" => 2,
        "triple" => 3,
        "oh" | "o" if after_digit && words.get(1).and_then(|word| small_number(word)).is_some_and(|next| next < 10) => {
            return Some(("0".to_owned(), 1));
        }
        word => {
            let digit = small_number(word).filter(|value| *value < 10 && (word.len() == 1 || !is_digits(word)))?;
            return Some((digit.to_string(), 1));
        }
    };
    let digit = words.get(1).and_then(|word| small_number(word)).filter(|value| *value < 10)?;
    Some((digit.to_string().repeat(repeat), 2))
}

/// A number said in words, or in single digits, as one number in digits.
pub fn number(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let Some((first, used)) = atom(rest) else { return digit_run(rest) };
    let next = rest.get(used..).unwrap_or_default();
    match first {
        Atom::Ordinal(value) | Atom::Whole(value) => Some(made(value, rest, used)),
        Atom::Digit(_) => digit_run(rest).or_else(|| {
            let word = rest.first()?;
            (!word.is_number()).then(|| made(small_number(&word.norm).unwrap_or_default(), rest, used))
        }),
        Atom::Two(value) => {
            if let Some((low, more)) = year_low(next)
                && (value == 19 || value == 20 || !year_starts(next) && !is_two_followed(next, more) && low >= 10)
            {
                return Some(made(value * 100 + low, rest, used + more));
            }
            Some(made(value, rest, used))
        }
    }
}

/// The second half of a year or of a number said in pairs: `twenty five`, `fifteen`, `oh five`.
fn year_low(rest: &[Unit]) -> Option<(u64, usize)> {
    if let [oh, digit, ..] = rest
        && matches!(oh.norm.as_str(), "oh" | "o")
        && let Some(value) = position(&SMALL, &digit.norm).filter(|value| (1..10).contains(value))
    {
        return Some((value, 2));
    }
    if let Some(teen) = split_teen(rest) {
        return Some((teen, 2));
    }
    match atom(rest) {
        Some((Atom::Two(value), used)) => Some((value, used)),
        _ => None,
    }
}

/// `six team` after a century is how recognisers write `sixteen`.
fn split_teen(rest: &[Unit]) -> Option<u64> {
    let [digit, teen, ..] = rest else { return None };
    let is_teen = matches!(teen.norm.as_str(), "team" | "teams" | "teen" | "teens" | "teeth");
    position(&SMALL, &digit.norm).filter(|digit| is_teen && (3..10).contains(digit)).map(|digit| digit + 10)
}

/// Whether a year stands here, so that the number before it is a number of its own.
fn year_starts(rest: &[Unit]) -> bool {
    match atom(rest) {
        Some((Atom::Two(19 | 20), used)) => year_low(rest.get(used..).unwrap_or_default()).is_some(),
        _ => false,
    }
}

fn is_two_followed(rest: &[Unit], used: usize) -> bool {
    matches!(atom(rest.get(used..).unwrap_or_default()), Some((Atom::Two(_) | Atom::Digit(_), _)))
}

/// Two or more single digits in a row are one number.
fn digit_run(rest: &[Unit]) -> Option<(Vec<Unit>, usize)> {
    let (mut number, mut used) = (String::new(), 0);
    while let Some((more, taken)) = digits(rest.get(used..).unwrap_or_default(), !number.is_empty()) {
        number.push_str(&more);
        used += taken;
    }
    (number.len() > 1 && number.len() <= MAX_DIGITS).then(|| (vec![Unit::of(number, rest.get(..used).unwrap_or_default())], used))
}

fn made(value: u64, rest: &[Unit], used: usize) -> (Vec<Unit>, usize) {
    (vec![Unit::of(value.to_string(), rest.get(..used).unwrap_or_default())], used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_count() {
        for (word, value) in [("first", 1), ("3rd", 3), ("twelfth", 12), ("twentieth", 20), ("thirtieth", 30), ("21st", 21)] {
            assert_eq!(ordinal(word), Some(value), "{word}");
        }
        assert_eq!(ordinal("north"), None);
        assert_eq!(ordinal("th"), None);
    }

    #[test]
    fn numbers_stop_where_the_next_begins() {
        let norm = |text: &str| super::super::normalise(text).into_iter().map(|unit| unit.norm).collect::<Vec<_>>().join(" ");
        for (said, written) in [
            ("two million", "2000000"),
            ("two hundred thousand", "200000"),
            ("5 hundred", "500"),
            ("hundred", "hundred"),
            ("twenty and thirty", "20 and 30"),
            ("ten and a half", "10 and a half"),
            ("sixteen twenty twenty", "16 2020"),
            ("double trouble", "double trouble"),
            ("oh dear", "oh dear"),
            ("twenty six team", "2016"),
            ("six team lists", "6 team lists"),
        ] {
            assert_eq!(norm(said), written, "{said}");
        }
    }
}
