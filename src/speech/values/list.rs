//! Lists and articles.

use crate::speech::Spoken;

/// The word before the last of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// All of them.
    And,
    /// One of them.
    Or,
}

/// "a, b and c". Where an item has a pause of its own, the last is set off by one too: "Ann, in
/// legal, or Bob".
pub fn spoken_list(items: &[Spoken], join: Join) -> Spoken {
    let word = match join {
        Join::And => "and",
        Join::Or => "or",
    };
    Spoken::new(joined(items, word))
}

pub(in crate::speech) fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    let Some((last, rest)) = items.split_last() else { return String::new() };
    let last = last.as_ref();
    if rest.is_empty() {
        return last.to_owned();
    }
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    let pause = if rest.iter().any(|item| item.contains(',')) { "," } else { "" };
    format!("{}{pause} {word} {last}", rest.join(", "))
}

impl AsRef<str> for Spoken {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// "the Acme invoice"; a title that brings its own article or owner keeps it.
pub(in crate::speech) fn with_the(text: &str) -> String {
    const OWN: [&str; 12] = ["the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "that", "these"];
    let first = text.split(' ').next().unwrap_or_default();
    let is_owned = ["'s", "’s", "s'", "s’"].iter().any(|owner| first.ends_with(owner));
    if is_owned {
        return text.to_owned();
    }
    if OWN.contains(&first.to_lowercase().as_str()) && text.len() > first.len() {
        return format!("{}{}", first.to_lowercase(), text.get(first.len()..).unwrap_or_default());
    }
    format!("the {text}")
}

/// "a document", "an archive".
pub(in crate::speech) fn with_a(text: &str) -> String {
    let article = if text.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {text}")
}

/// A person before a verb: a remark after the name is closed by a pause.
pub(in crate::speech) fn as_subject(text: &str) -> String {
    if text.contains(',') { format!("{text},") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_as_they_are_said() {
        let spoken = |items: &[&str]| items.iter().map(|item| Spoken::new(*item)).collect::<Vec<_>>();
        for (items, join, words) in [
            (spoken(&[]), Join::Or, ""),
            (spoken(&["a"]), Join::Or, "a"),
            (spoken(&["a", "b"]), Join::And, "a and b"),
            (spoken(&["a", "b", "c"]), Join::Or, "a, b or c"),
            (spoken(&["Ann, in legal", "Bob"]), Join::Or, "Ann, in legal, or Bob"),
        ] {
            assert_eq!(spoken_list(&items, join).as_str(), words);
        }
    }

    #[test]
    fn a_remark_after_a_name_is_closed_before_a_verb() {
        assert_eq!((as_subject("Ann"), as_subject("Ann, in legal")), ("Ann".to_owned(), "Ann, in legal,".to_owned()));
    }

    #[test]
    fn titles_keep_their_own_article() {
        for (title, words) in [
            ("Acme invoice", "the Acme invoice"),
            ("The Plan", "the Plan"),
            ("Anna's contract", "Anna's contract"),
            ("A Study", "a Study"),
            ("A", "the A"),
        ] {
            assert_eq!(with_the(title), words);
        }
        assert_eq!((with_a("document"), with_a("archive")), ("a document".to_owned(), "an archive".to_owned()));
    }
}
