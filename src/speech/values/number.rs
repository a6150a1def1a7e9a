//! Numbers, ordinals, years and counts as words (American reading: no "and" after the hundred).

use crate::domain::Category;
use crate::speech::Spoken;

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
const TENS: [&str; 10] = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

fn pick(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

/// The word of one digit.
pub(in crate::speech) fn digit_word(digit: char) -> Option<&'static str> {
    digit.to_digit(10).map(|value| pick(&SMALL, u64::from(value)))
}

/// `1204` is "one thousand two hundred four".
pub(in crate::speech) fn cardinal(number: u64) -> String {
    if number < 20 {
        return pick(&SMALL, number).to_owned();
    }
    if number < 100 {
        let tens = pick(&TENS, number / 10);
        return if number.is_multiple_of(10) { tens.to_owned() } else { format!("{tens}-{}", pick(&SMALL, number % 10)) };
    }
    let (size, name) = SCALES.into_iter().find(|(size, _)| number >= *size).unwrap_or((100, "hundred"));
    let head = format!("{} {name}", cardinal(number / size));
    if number.is_multiple_of(size) { head } else { format!("{head} {}", cardinal(number % size)) }
}

/// `23` is "twenty-third".
pub(in crate::speech) fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let cut = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(cut);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        other => other.strip_suffix('y').map_or_else(|| format!("{other}th"), |stem| format!("{stem}ieth")),
    };
    format!("{head}{last}")
}

/// Whether a word belongs to a number that was written in digits.
pub(in crate::speech) fn is_number_word(word: &str) -> bool {
    let word = word.to_lowercase();
    let is_plain = |part: &str| SMALL.contains(&part) || (!part.is_empty() && TENS.contains(&part));
    let is_compound = word.split_once('-').is_some_and(|(tens, rest)| is_plain(tens) && is_plain(rest));
    is_plain(&word)
        || is_compound
        || ["point", "oh", "hundred", "thousand"].contains(&word.as_str())
        || (1..=31).any(|day| ordinal(day) == word)
}

/// `2025` is "twenty twenty-five", `1905` "nineteen oh five", `2000` "two thousand".
pub(in crate::speech) fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    match (century, rest) {
        (10..=29, 1..=9) if century.is_multiple_of(10) => format!("{} {}", cardinal(century * 100), cardinal(rest)),
        (10..=29, 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (10..=29, 10..) => format!("{} {}", cardinal(century), cardinal(rest)),
        (10..=29, 0) if !century.is_multiple_of(10) => format!("{} hundred", cardinal(century)),
        _ => cardinal(number),
    }
}

/// Digits one by one: `105` is "one zero five".
pub(in crate::speech) fn one_by_one(digits: &str) -> String {
    digits.chars().filter_map(digit_word).collect::<Vec<_>>().join(" ")
}

/// A number inside a name or a text, the way a person reads it out: short and round ones as
/// numbers, four digits that may be a year as a year, others digit by digit; of a very long one
/// only the end.
pub(in crate::speech) fn number_in_text(digits: &str) -> String {
    let Ok(value) = digits.parse::<u64>() else { return tail(digits) };
    match digits.len() {
        1 | 2 if !digits.starts_with('0') || digits == "0" => cardinal(value),
        4 if (1900..2100).contains(&value) => year(value),
        3..=6 if value.is_multiple_of(100) && !digits.starts_with('0') => cardinal(value),
        0..=6 => one_by_one(digits),
        _ => tail(digits),
    }
}

fn tail(digits: &str) -> String {
    let end = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    format!("ending {}", one_by_one(end))
}

/// A year: "twenty twenty-five".
pub fn spoken_year(number: i16) -> Spoken {
    Spoken::new(year(u64::from(number.unsigned_abs())))
}

/// A count of things: exact up to a hundred, above that "more than" the round number below it,
/// for an ear keeps no more.
pub fn spoken_count(number: u64) -> Spoken {
    let step = match number {
        0..=100 => return Spoken::new(cardinal(number)),
        101..=999 => 100,
        1_000..=999_999 => 1_000,
        _ => 1_000_000,
    };
    let round = number - number % step;
    Spoken::new(if round == number { cardinal(number) } else { format!("more than {}", cardinal(round)) })
}

/// How long a document is, in the parts its kind has: "one page", "twelve slides", "two sheets".
pub fn spoken_pages(number: u32, kind: Category) -> Spoken {
    let part = match kind {
        Category::Presentation => "slide",
        Category::Spreadsheet => "sheet",
        Category::Document
        | Category::Mail
        | Category::Image
        | Category::Recording
        | Category::Video
        | Category::Archive
        | Category::Other => "page",
    };
    Spoken::new(counted(u64::from(number), part))
}

/// "one page", "two pages".
pub(in crate::speech) fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", cardinal(number), if number == 1 { "" } else { "s" })
}

/// How often: "once", "twice", "three times".
pub fn spoken_times(number: u64) -> Spoken {
    Spoken::new(match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => counted(number, "time"),
    })
}

/// How many rows a table has: "two hundred fourteen rows", "about twenty-one thousand rows"; "more than" where not all were
/// counted.
pub fn spoken_rows(number: u64, is_whole: bool) -> Spoken {
    // From a thousand on the two figures in front are heard.
    let step = (0..=19).map(|places| 10_u64.saturating_pow(places)).find(|step| number / step < 100).unwrap_or(1);
    let round = if number < 1_000 { number } else { number.saturating_add(step / 2) / step * step };
    Spoken::new(match (number, is_whole) {
        (0, true) => "no rows".to_owned(),
        (_, false) if number < 1_000 => format!("more than {}", counted(number, "row")),
        (_, false) => format!("more than {}", counted(number / step * step, "row")),
        _ if round == number => counted(number, "row"),
        _ => format!("about {}", counted(round, "row")),
    })
}

/// "one other", "three others"; `None` for none.
pub fn spoken_more_sheets(number: u64) -> Option<Spoken> {
    (number > 0).then(|| Spoken::new(counted(number, "other")))
}

/// "one is", "two are", before what they are; `None` for none.
pub fn spoken_hidden(number: u64) -> Option<Spoken> {
    (number > 0).then(|| Spoken::new(format!("{} {}", cardinal(number), if number == 1 { "is" } else { "are" })))
}

/// How many people: "one person", "seven people".
pub fn spoken_people(number: u64) -> Spoken {
    Spoken::new(if number == 1 { "one person".to_owned() } else { format!("{} people", cardinal(number)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals_read_as_in_school() {
        for (number, words) in [
            (0, "zero"),
            (13, "thirteen"),
            (20, "twenty"),
            (99, "ninety-nine"),
            (100, "one hundred"),
            (105, "one hundred five"),
            (1_204, "one thousand two hundred four"),
            (1_000_000, "one million"),
            (12_345_678, "twelve million three hundred forty-five thousand six hundred seventy-eight"),
        ] {
            assert_eq!(cardinal(number), words);
        }
        assert!(cardinal(u64::MAX).starts_with("eighteen quintillion"));
    }

    #[test]
    fn ordinals_know_their_exceptions() {
        for (number, words) in
            [(1, "first"), (2, "second"), (3, "third"), (4, "fourth"), (5, "fifth"), (8, "eighth"), (9, "ninth"), (12, "twelfth")]
        {
            assert_eq!(ordinal(number), words);
        }
        for (number, words) in [(20, "twentieth"), (21, "twenty-first"), (31, "thirty-first"), (100, "one hundredth")] {
            assert_eq!(ordinal(number), words);
        }
    }

    #[test]
    fn years_are_said_in_pairs() {
        for (number, words) in [
            (2025, "twenty twenty-five"),
            (2010, "twenty ten"),
            (2005, "two thousand five"),
            (2000, "two thousand"),
            (1999, "nineteen ninety-nine"),
            (1905, "nineteen oh five"),
            (1900, "nineteen hundred"),
            (476, "four hundred seventy-six"),
        ] {
            assert_eq!(spoken_year(number).as_str(), words);
        }
    }

    #[test]
    fn counts_above_a_hundred_are_rounded_down() {
        for (number, words) in [
            (0, "zero"),
            (12, "twelve"),
            (100, "one hundred"),
            (101, "more than one hundred"),
            (300, "three hundred"),
            (3_999, "more than three thousand"),
            (2_500_000, "more than two million"),
        ] {
            assert_eq!(spoken_count(number).as_str(), words);
        }
    }

    #[test]
    fn numbers_in_names_are_read_as_people_read_them() {
        for (digits, words) in [
            ("7", "seven"),
            ("07", "zero seven"),
            ("12", "twelve"),
            ("105", "one zero five"),
            ("300", "three hundred"),
            ("2025", "twenty twenty-five"),
            ("4729", "four seven two nine"),
            ("5000", "five thousand"),
            ("1234567890", "ending seven eight nine zero"),
            ("99999999999999999999999", "ending nine nine nine nine"),
        ] {
            assert_eq!(number_in_text(digits), words, "{digits}");
        }
    }

    #[test]
    fn rows_are_counted_to_a_thousand_and_rounded_beyond() {
        for (number, is_whole, words) in [
            (0, true, "no rows"),
            (1, true, "one row"),
            (214, true, "two hundred fourteen rows"),
            (1_000, true, "one thousand rows"),
            (1_234, true, "about one thousand two hundred rows"),
            (20_953, true, "about twenty-one thousand rows"),
            (99_960, true, "about one hundred thousand rows"),
            (1_999, false, "more than one thousand nine hundred rows"),
            (12, false, "more than twelve rows"),
        ] {
            assert_eq!(spoken_rows(number, is_whole).as_str(), words, "{number}");
        }
        assert!(spoken_rows(u64::MAX, true).as_str().starts_with("about eighteen quintillion"));
        assert_eq!(spoken_more_sheets(0), None);
        assert_eq!(spoken_hidden(2).unwrap().as_str(), "two are");
    }

    #[test]
    fn length_is_said_in_the_parts_the_kind_has() {
        assert_eq!(spoken_pages(1, Category::Document).as_str(), "one page");
        assert_eq!(spoken_pages(12, Category::Presentation).as_str(), "twelve slides");
        assert_eq!(spoken_pages(2, Category::Spreadsheet).as_str(), "two sheets");
    }
}
