//! Names of people, with what separates one from those that sound alike.

use std::collections::BTreeSet;

use super::clean::clean_words;
use super::number::{cardinal, counted};
use super::spelling::{plain_letter, spell_letters};
use super::text::spoken_detail;
use crate::domain::{Person, PersonKind};
use crate::speech::Spoken;
use crate::speech::lint::count_words;

/// Longest name in a line, in words.
const NAME_WORDS: usize = 4;
/// Longest recipient, in words: three of them still fit into one question.
const RECIPIENT_WORDS: usize = 11;

/// A name as it is said.
pub fn spoken_name(name: &str) -> Spoken {
    let words = clean_words(name, NAME_WORDS);
    Spoken::new(if words.is_empty() { "somebody without a name".to_owned() } else { words })
}

/// A recipient as a read-back has it: the name, and where others sound alike, what separates them:
/// "John Smythe with a Y, in finance". A team is said to be one.
pub fn spoken_recipient(person: &Person, soundalikes: &[&Person]) -> Spoken {
    let mut said = match person.kind() {
        PersonKind::Team if !person.name.to_lowercase().contains("team") => format!("the {} team", spoken_name(&person.name)),
        PersonKind::User | PersonKind::Team | PersonKind::Contact => spoken_name(&person.name).to_string(),
    };
    let others: Vec<&str> = soundalikes.iter().filter(|other| other.id != person.id).map(|other| other.name.as_str()).collect();
    if others.is_empty() {
        return Spoken::new(said);
    }
    let detail = person.detail.as_deref().and_then(spoken_detail);
    let difference = spoken_name_difference(&person.name, &others).filter(|difference| {
        // The directory's own word is enough where both together take too long to say.
        detail.as_ref().is_none_or(|detail| count_words(&said) + difference.words() + detail.words() <= RECIPIENT_WORDS)
    });
    if let Some(difference) = difference {
        let joint = if difference.as_str().starts_with("with") { " " } else { ", " };
        said = format!("{said}{joint}{difference}");
    }
    if let Some(detail) = detail {
        said = format!("{said}, {detail}");
    }
    Spoken::new(said)
}

/// What separates the writing of a name from others that sound alike, to be said after the name:
/// "with a Y", "without an H", "with two Ls", "spelled B R I A N", or by the word it is in: "Jon
/// without an H". `None` when nothing does: then only a detail can.
pub fn spoken_name_difference(name: &str, others: &[&str]) -> Option<Spoken> {
    let words = plain_words(name);
    let mut others: Vec<Vec<String>> = others.iter().map(|other| plain_words(other)).filter(|other| *other != words).collect();
    if others.iter().any(|other| other.len() != words.len()) {
        return Some(by_number_of_words(&words, &others));
    }
    let original = clean_words(name, NAME_WORDS);
    let originals: Vec<&str> = original.split([' ', '-']).collect();
    let mut parts = Vec::new();
    // The last name first: it is what people separate by.
    for (at, (word, original)) in words.iter().zip(&originals).enumerate().rev() {
        let (apart, same): (Vec<_>, Vec<_>) = others.into_iter().partition(|other| other.get(at) != Some(word));
        let twins: Vec<&str> = apart.iter().filter_map(|other| other.get(at)).map(String::as_str).collect();
        if let Some(difference) = by_letters(word, &twins).filter(|_| !twins.is_empty()) {
            parts.push((at + 1 == words.len(), *original, difference));
        }
        others = same;
    }
    match parts.as_slice() {
        [] => None,
        [(true, _, difference)] => Some(Spoken::new(difference.as_str())),
        many => {
            let named: Vec<String> = many.iter().rev().map(|(_, word, difference)| format!("{word} {difference}")).collect();
            Some(Spoken::new(named.join(", ")))
        }
    }
}

fn plain_words(name: &str) -> Vec<String> {
    let name = clean_words(name, NAME_WORDS);
    name.split([' ', '-']).map(|word| word.chars().filter(|sign| sign.is_alphabetic()).map(plain_letter).collect()).collect()
}

fn by_number_of_words(words: &[String], others: &[Vec<String>]) -> Spoken {
    let joined = words.concat();
    let only_blanks = others.iter().all(|other| other.concat() == joined);
    Spoken::new(match words.len() {
        1 if only_blanks => "in one word".to_owned(),
        count if only_blanks => format!("in {} words", cardinal(u64::try_from(count).unwrap_or(0))),
        count => format!("the name with {}", counted(u64::try_from(count).unwrap_or(0), "part")),
    })
}

/// What separates a word from all its twins: a letter it alone has, one it alone lacks, one it has
/// in another number, or its spelling while that is short enough to follow.
fn by_letters(word: &str, twins: &[&str]) -> Option<String> {
    let count = |text: &str, letter: char| text.chars().filter(|have| *have == letter).count();
    if let Some(letter) = word.chars().find(|letter| twins.iter().all(|twin| !twin.contains(*letter))) {
        return Some(format!("with {}", with_a_letter(letter)));
    }
    let letters: BTreeSet<char> = twins.iter().flat_map(|twin| twin.chars()).collect();
    if let Some(letter) = letters.into_iter().find(|letter| !word.contains(*letter) && twins.iter().all(|twin| twin.contains(*letter))) {
        return Some(format!("without {}", with_a_letter(letter)));
    }
    if let Some(letter) = word.chars().find(|letter| twins.iter().all(|twin| count(twin, *letter) != count(word, *letter))) {
        return Some(match count(word, letter) {
            1 => format!("with one {letter}"),
            many => format!("with {} {letter}s", cardinal(u64::try_from(many).unwrap_or(0))),
        });
    }
    (word.chars().count() <= 7).then(|| format!("spelled {}", spell_letters(word)))
}

/// "a Y", "an H": by the sound of the letter's name.
fn with_a_letter(letter: char) -> String {
    if matches!(letter, 'A' | 'E' | 'F' | 'H' | 'I' | 'L' | 'M' | 'N' | 'O' | 'R' | 'S' | 'X') {
        format!("an {letter}")
    } else {
        format!("a {letter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContactId, CustomerId, ManualClock, PersonId, SeededEntropy, TeamId, UserId};

    fn person(seed: u64, name: &str, detail: Option<&str>) -> Person {
        let (clock, entropy) = (ManualClock::at("2026-03-01T09:00:00Z"), SeededEntropy::new(seed));
        Person {
            id: PersonId::User(UserId::new(&clock, &entropy)),
            customer: CustomerId::new(&clock, &entropy),
            name: name.to_owned(),
            email: None,
            phone: None,
            roles: Vec::new(),
            detail: detail.map(str::to_owned),
            members: Vec::new(),
            deactivated_at: None,
        }
    }

    #[test]
    fn a_letter_separates_names_that_sound_alike() {
        for (name, others, words) in [
            ("John Smythe", vec!["John Smith"], Some("with a Y")),
            ("John Smith", vec!["John Smythe"], Some("with an I")),
            ("Jon", vec!["John"], Some("without an H")),
            ("Jon Smith", vec!["John Smith"], Some("Jon without an H")),
            ("Katherine", vec!["Catherine"], Some("with a K")),
            ("Phillip Roth", vec!["Philip Roth"], Some("Phillip with two Ls")),
            ("Philip", vec!["Phillip"], Some("with one L")),
            ("Brian", vec!["Brain"], Some("spelled B R I A N")),
            ("John Smythe", vec!["Jon Smythe", "John Smith"], Some("John with an H, Smythe with a Y")),
            ("Sean Ek", vec!["Shaun Ek", "Shawn Ek"], Some("Sean with an E")),
            ("Anna Lee", vec!["Annalee"], Some("in two words")),
            ("Annalee", vec!["Anna Lee"], Some("in one word")),
            ("John Smith", vec!["John Smith"], None),
            ("John Smith", vec![], None),
        ] {
            assert_eq!(spoken_name_difference(name, &others).as_ref().map(Spoken::as_str), words, "{name} {others:?}");
        }
    }

    #[test]
    fn a_read_back_says_what_separates_the_recipient() {
        let smythe = person(1, "John Smythe", Some("in finance"));
        let smith = person(2, "John Smith", None);
        let other_smith = person(3, "John Smith", Some("in legal"));
        assert_eq!(spoken_recipient(&smythe, &[]).as_str(), "John Smythe");
        assert_eq!(spoken_recipient(&smythe, &[&smythe]).as_str(), "John Smythe");
        assert_eq!(spoken_recipient(&smythe, &[&smith]).as_str(), "John Smythe with a Y, in finance");
        assert_eq!(spoken_recipient(&other_smith, &[&smith]).as_str(), "John Smith, in legal");
        assert_eq!(spoken_recipient(&person(4, "Jon Smith", None), &[&smith]).as_str(), "Jon Smith, Jon without an H");
    }

    #[test]
    fn a_team_is_called_one_and_a_contact_is_a_person() {
        let (clock, entropy) = (ManualClock::at("2026-03-01T09:00:00Z"), SeededEntropy::new(9));
        let mut someone = person(5, "Finance", None);
        someone.id = PersonId::Team(TeamId::new(&clock, &entropy));
        assert_eq!(spoken_recipient(&someone, &[]).as_str(), "the Finance team");
        someone.name = "Legal Team".to_owned();
        assert_eq!(spoken_recipient(&someone, &[]).as_str(), "Legal Team");
        someone.id = PersonId::Contact(ContactId::new(&clock, &entropy));
        assert_eq!(spoken_recipient(&someone, &[]).as_str(), "Legal Team");
    }

    #[test]
    fn a_hostile_name_is_still_a_name() {
        assert_eq!(spoken_name("<b>*</b>\n\u{202E}").as_str(), "b b");
        assert_eq!(spoken_name("🙂").as_str(), "somebody without a name");
    }
}
