//! What keypad digits mean after an answer.

use std::collections::BTreeMap;

/// `keys` of an answer: a digit and what pressing it would mean.
pub type Keys = BTreeMap<String, String>;

/// One key for each candidate in the order it was named, from `1`, nine at most. The meanings are
/// what the next tool call should be given: a handle, or a name.
pub fn choose_keys<I>(meanings: I) -> Keys
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    (1..=9_u8).zip(meanings).map(|(key, meaning)| (key.to_string(), meaning.into())).collect()
}

/// One for yes, two for no.
pub fn confirm_keys() -> Keys {
    choose_keys(["yes", "no"])
}

/// What a key means while a confirmation waits; `None` for any other key. Blanks and the closing
/// `#` are ignored.
pub fn key_means_yes(pressed: &str) -> Option<bool> {
    match pressed.trim().trim_end_matches('#') {
        "1" => Some(true),
        "2" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_order_in_which_candidates_were_named() {
        let keys = choose_keys(["f3", "f1"]);
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), [("1".to_owned(), "f3".to_owned()), ("2".to_owned(), "f1".to_owned())]);
        assert_eq!(choose_keys(["x"; 12]).len(), 9);
    }

    #[test]
    fn only_one_and_two_answer_a_confirmation() {
        assert_eq!(confirm_keys().get("1").map(String::as_str), Some("yes"));
        for (pressed, means) in [("1", Some(true)), ("2#", Some(false)), (" 1 ", Some(true)), ("3", None), ("11", None), ("", None)] {
            assert_eq!(key_means_yes(pressed), means, "{pressed}");
        }
    }
}
