//! Access codes.

use super::clean::clean_words;
use super::number::digit_word;
use crate::speech::Spoken;

/// A code digit by digit, in groups with a pause between: "4 2 7, 9 1 3", eight as four and four.
/// Signs other than digits are dropped.
pub fn spoken_digits(code: &str) -> Spoken {
    let digits: Vec<String> = code.chars().filter(char::is_ascii_digit).map(String::from).collect();
    let size = if digits.len().is_multiple_of(4) && digits.len() > 4 { 4 } else { 3 };
    let mut groups: Vec<&[String]> = digits.chunks(size).collect();
    // A digit left alone joins the group before it: seven are said as three and four.
    let joined = groups.len() > 1 && groups.last().is_some_and(|last| last.len() == 1);
    if joined {
        groups.truncate(groups.len() - 2);
    }
    let said: usize = groups.iter().map(|group| group.len()).sum();
    groups.extend(digits.get(said..).filter(|rest| !rest.is_empty()));
    Spoken::new(groups.into_iter().map(|group| group.join(" ")).collect::<Vec<_>>().join(", "))
}

/// The same code, to write down: "four … two … seven … nine … one … three".
pub fn spoken_digits_slowly(code: &str) -> Spoken {
    Spoken::new(code.chars().filter_map(digit_word).collect::<Vec<_>>().join(" … "))
}

/// A code made of words, with pauses: "hockey, body, lake".
pub fn spoken_code_words(code: &str) -> Spoken {
    let words = code.split(|sign: char| !sign.is_alphabetic()).filter(|word| !word.is_empty());
    Spoken::new(words.map(|word| clean_words(word, 1).to_lowercase()).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_groups_that_never_leave_one_alone() {
        for (code, words) in [
            ("427913", "4 2 7, 9 1 3"),
            ("427-913", "4 2 7, 9 1 3"),
            ("12345678", "1 2 3 4, 5 6 7 8"),
            ("1234567", "1 2 3, 4 5 6 7"),
            ("1234", "1 2 3 4"),
            ("12345", "1 2 3, 4 5"),
            ("123456789", "1 2 3, 4 5 6, 7 8 9"),
            ("007", "0 0 7"),
            ("", ""),
        ] {
            assert_eq!(spoken_digits(code).as_str(), words, "{code}");
        }
    }

    #[test]
    fn slowly_every_digit_is_a_word() {
        assert_eq!(spoken_digits_slowly("427913").as_str(), "four … two … seven … nine … one … three");
        assert_eq!(spoken_digits_slowly("007").as_str(), "zero … zero … seven");
    }

    #[test]
    fn words_of_a_code_are_set_apart() {
        assert_eq!(spoken_code_words("Hockey-body lake").as_str(), "hockey, body, lake");
    }
}
