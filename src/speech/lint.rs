//! The rules of a line, as a check for tests.

/// Longest line, in words: two breaths.
pub const MAX_WORDS: usize = 40;

/// What makes a line unfit for the ear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Nothing is said.
    #[error("the line is empty")]
    Empty,
    /// More than two breaths.
    #[error("the line has {words} words, {MAX_WORDS} is the most")]
    TooLong {
        /// Its length.
        words: usize,
    },
    /// Markup, a line break, or a sign that is not pronounced.
    #[error("the line holds `{sign}`, which is not spoken")]
    Sign {
        /// The sign.
        sign: char,
    },
    /// Digits that are not single ones.
    #[error("`{word}` is a number in digits")]
    Digits {
        /// Where.
        word: String,
    },
    /// An address, an id, or a file name with its extension.
    #[error("`{word}` is an address, an id or a file name")]
    Address {
        /// Where.
        word: String,
    },
    /// It does not start with a capital or end as a sentence, or marks and blanks are doubled.
    #[error("the line is not a sentence: {why}")]
    Sentence {
        /// How.
        why: &'static str,
    },
}

/// How many words a text takes to say.
pub(in crate::speech) fn count_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// Checks a line against the rules: one line, at most two breaths, speakable as it stands.
///
/// # Errors
/// The first rule it breaks.
pub fn lint_line(line: &str) -> Result<(), LineFault> {
    if line.trim().is_empty() {
        return Err(LineFault::Empty);
    }
    for word in line.split_whitespace() {
        lint_word(word)?;
    }
    if let Some(sign) = line.chars().find(|sign| !is_spoken(*sign)) {
        return Err(LineFault::Sign { sign });
    }
    let words = count_words(line);
    if words > MAX_WORDS {
        return Err(LineFault::TooLong { words });
    }
    lint_sentence(line).map_or(Ok(()), |why| Err(LineFault::Sentence { why }))
}

fn lint_word(word: &str) -> Result<(), LineFault> {
    let is_id = word.split_once('_').is_some_and(|(prefix, rest)| !prefix.is_empty() && rest.len() >= 8);
    let dotted = word.trim_end_matches(['.', '?', '!', ',']).contains('.');
    if is_id || dotted || word.contains("://") || word.contains('@') {
        return Err(LineFault::Address { word: word.to_owned() });
    }
    let bare = word.trim_matches([',', '.', '?', '!', ':', ';', '…']);
    if bare.chars().any(char::is_numeric) && bare.chars().count() > 1 {
        return Err(LineFault::Digits { word: word.to_owned() });
    }
    Ok(())
}

fn lint_sentence(line: &str) -> Option<&'static str> {
    let marks = [',', '.', '?', '!', ':', ';'];
    let doubled = line.chars().zip(line.chars().skip(1)).any(|(a, b)| marks.contains(&a) && marks.contains(&b));
    if line.starts_with(' ') || line.ends_with(' ') || line.contains("  ") {
        Some("stray blanks")
    } else if marks.iter().any(|mark| line.contains(&format!(" {mark}"))) {
        Some("a blank before a mark")
    } else if doubled {
        Some("two marks in a row")
    } else if line.chars().next().is_some_and(|first| capital(first) != first) {
        Some("no capital at the start")
    } else if !line.ends_with(['.', '?', '!', '…']) {
        Some("no mark at the end")
    } else {
        None
    }
}

/// The capital of a letter; the letter itself where it has none of one sign.
pub(in crate::speech) fn capital(letter: char) -> char {
    let mut capitals = letter.to_uppercase();
    capitals.next().filter(|_| capitals.next().is_none()).unwrap_or(letter)
}

/// Whether a voice has a sound or a pause for it.
pub(in crate::speech) fn is_spoken(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, ' ' | '\'' | '’' | '-' | ',' | '.' | '?' | '!' | ':' | ';' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_sentences_pass() {
        for line in [
            "Done.",
            "I found two: the one from March or the one from June?",
            "The code is 4 2 7, 9 1 3. It's good for ten minutes.",
            "Slowly: four … two … seven … nine … one … three.",
            "I'd share it with Zoë O'Brien-Smythe with a Y, in finance. Shall I?",
        ] {
            assert_eq!(lint_line(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn unspeakable_lines_are_named() {
        let sign = |sign| LineFault::Sign { sign };
        let digits = |word: &str| LineFault::Digits { word: word.to_owned() };
        let address = |word: &str| LineFault::Address { word: word.to_owned() };
        let sentence = |why| LineFault::Sentence { why };
        let long = format!("{}.", "Word ".repeat(41).trim());
        for (line, fault) in [
            ("", LineFault::Empty),
            (" \n", LineFault::Empty),
            ("One.\nTwo.", sign('\n')),
            ("**Done**.", sign('*')),
            ("Done with `it`.", sign('`')),
            ("It is 5 %.", sign('%')),
            ("\u{202E}Done.", sign('\u{202E}')),
            ("The code is 427913.", digits("427913.")),
            ("The Q2 report.", digits("Q2")),
            ("In 2025.", digits("2025.")),
            ("See report.pdf now.", address("report.pdf")),
            ("See file_01h455vb4pex5vsknk084sn02q.", address("file_01h455vb4pex5vsknk084sn02q.")),
            ("Go to https://x.example/s now.", address("https://x.example/s")),
            ("Ask john@acme now.", address("john@acme")),
            ("done.", sentence("no capital at the start")),
            ("Done", sentence("no mark at the end")),
            ("Done ,then.", sentence("a blank before a mark")),
            ("Done,, then.", sentence("two marks in a row")),
            ("Done  then.", sentence("stray blanks")),
            (long.as_str(), LineFault::TooLong { words: 41 }),
        ] {
            assert_eq!(lint_line(line), Err(fault), "{line}");
        }
    }
}
