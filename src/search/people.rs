//! Who is meant by a spoken name: full names, first names, pet names, soundalikes, spelled letters.

use super::nicknames::same_person;
use super::sounds::{alike, is_soundalike, key};
use super::spoken::letter;
use super::tokens::{Cut, fold, split};
use crate::domain::PersonKind;

/// A person as names are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName {
    /// The full name.
    pub name: String,
    /// What separates the person from soundalikes: `in finance`.
    pub detail: Option<String>,
    /// The part of the address before the `@`.
    pub email_local: Option<String>,
    /// User, team or contact.
    pub kind: PersonKind,
}

/// How a name matched, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKind {
    /// The whole name, letter by letter.
    Exact,
    /// Part of the name, letter by letter.
    Part,
    /// A short or pet name.
    Nickname,
    /// Written otherwise, sounding the same.
    Sounds,
    /// Nearly.
    Close,
}

/// Somebody who may be meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonMatch {
    /// Place in the list that was given.
    pub index: usize,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// How the name matched, by its weakest word.
    pub kind: MatchKind,
}

/// Who is meant, when it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeoplePick {
    /// Nobody fits.
    None,
    /// This person, by index.
    One(usize),
    /// Any of these, by index, best first: ask.
    Several(Vec<usize>),
}

/// A match is offered from this score on.
const OFFERED: f32 = 0.5;
/// Below this score even a match without a rival is only a guess.
const SURE: f32 = 0.72;
/// Matches this close to the best cannot be told apart by ear.
const SOUNDS_THE_SAME: f32 = 0.15;
/// What singles somebody out, or speaks against somebody.
const EVIDENCE: f32 = 0.3;
const LETTER_HINT: f32 = 0.25;
/// A name of the person that only the caller's own words hold.
const HEARD: f32 = 0.2;
const SOUND_LIKE: f32 = 0.88;
const NICK_LIKE: f32 = 0.9;
/// Letters alone count from this likeness on.
const CLOSE_FROM: f32 = 0.72;

const FILLERS: &[&str] = &[
    "to", "with", "for", "and", "please", "the", "my", "our", "it", "is", "thats", "that", "share", "send", "give", "mister", "mr", "mrs",
    "ms", "miss", "dr", "doctor", "uh", "um", "spelled", "spelt", "as", "named", "called", "person", "guy", "who", "works", "one", "by",
    "this",
];

/// What was said about a person.
#[derive(Debug, Default)]
struct Said {
    /// Words of the name.
    names: Vec<String>,
    /// Words spelled letter by letter.
    spelled: Vec<String>,
    /// `with a y`: letters the name has.
    letters: Vec<char>,
    /// `in finance`: words about the person.
    detail: Vec<String>,
    /// `team` was said.
    wants_team: bool,
}

impl Said {
    fn parse(text: &str) -> Self {
        let words = split(text, Cut::Words).parts;
        let mut said = Self::default();
        let mut rest: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut in_detail = false;
        while let Some(first) = rest.first().copied() {
            if let ["with", "a" | "an", single, ..] = rest.as_slice()
                && let Some(hint) = letter(single)
            {
                said.letters.push(hint);
                rest.drain(..3);
                continue;
            }
            let run = rest.iter().take_while(|word| word.len() == 1).count();
            if run >= 3 {
                said.spelled.push(rest.drain(..run).collect());
                continue;
            }
            match first {
                "team" | "group" | "department" | "everyone" | "everybody" => said.wants_team = true,
                "in" | "from" | "at" | "of" | "on" => in_detail = !said.names.is_empty(),
                filler if FILLERS.contains(&filler) => {}
                word if in_detail => said.detail.push(word.to_owned()),
                word => said.names.push(word.to_owned()),
            }
            rest.remove(0);
        }
        if said.names.is_empty() {
            said.names.clone_from(&said.spelled);
        }
        said
    }
}

/// Everybody who may be meant by some words, best first. `heard` is what the caller said in full;
/// it singles out among those whom the words name, and never adds anybody.
pub fn rank_people(words: &str, heard: Option<&str>, people: &[PersonName]) -> Vec<PersonMatch> {
    let said = Said::parse(words);
    if said.names.is_empty() {
        return Vec::new();
    }
    let heard = heard.map(Said::parse);
    let mut matches: Vec<PersonMatch> = people
        .iter()
        .enumerate()
        .filter_map(|(index, person)| {
            let known = Known::of(person);
            let (likeness, kind) = known.like(&said)?;
            let score = likeness + known.evidence(&said) + heard.as_ref().map_or(0.0, |heard| known.heard(heard, &said));
            (likeness >= OFFERED).then_some(PersonMatch { index, score, kind })
        })
        .collect();
    matches.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.kind.cmp(&b.kind)).then_with(|| a.index.cmp(&b.index)));
    matches
}

/// Decides over matches, best first. Whoever scores within 0.15 of the best sounds like the best:
/// then the words do not single one out, and the caller is asked. So he is about a lone match
/// under 0.72: `Several` then holds that one.
pub fn decide_people(matches: &[PersonMatch]) -> PeoplePick {
    let Some(best) = matches.first() else { return PeoplePick::None };
    let close: Vec<usize> =
        matches.iter().take_while(|other| best.score - other.score < SOUNDS_THE_SAME).map(|other| other.index).collect();
    if close.len() == 1 && best.score >= SURE { PeoplePick::One(best.index) } else { PeoplePick::Several(close) }
}

/// A person's name, ready to be compared.
struct Known {
    /// Words of the name with their sounds.
    words: Vec<(String, String)>,
    joined: String,
    joined_sound: String,
    detail: Vec<String>,
    email: String,
    is_team: bool,
}

impl Known {
    fn of(person: &PersonName) -> Self {
        let is_team = person.kind == PersonKind::Team;
        let words: Vec<(String, String)> = split(&person.name, Cut::Words)
            .parts
            .into_iter()
            .filter(|word| !(is_team && matches!(word.as_str(), "team" | "group" | "department" | "the")))
            .map(|word| (key(&word), word))
            .map(|(sound, word)| (word, sound))
            .collect();
        let joined: String = words.iter().map(|(word, _)| word.as_str()).collect();
        let plain = |text: &str| fold(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        Self {
            joined_sound: key(&joined),
            joined,
            words,
            detail: split(person.detail.as_deref().unwrap_or_default(), Cut::Words).parts,
            email: plain(person.email_local.as_deref().unwrap_or_default()),
            is_team,
        }
    }

    /// How alike the name is to what was said, and how it matched by its weakest word.
    fn like(&self, said: &Said) -> Option<(f32, MatchKind)> {
        let joined: String = said.names.concat();
        if joined == self.joined || joined == self.email {
            return Some((self.team_wish(said, 1.0), MatchKind::Exact));
        }
        let (mut total, mut length, mut kind, mut used) = (0.0, 0.0, MatchKind::Exact, vec![false; self.words.len()]);
        for word in &said.names {
            if self.detail.contains(word) && !self.words.iter().any(|(known, _)| known == word) {
                continue;
            }
            let (at, like, how) = self.best_word(word)?;
            #[expect(clippy::cast_precision_loss, reason = "lengths of words")]
            let letters = word.len() as f32;
            total += like * letters;
            length += letters;
            kind = kind.max(how);
            if let Some(cell) = used.get_mut(at).filter(|_| like >= CLOSE_FROM) {
                *cell = true;
            }
        }
        let by_words: f32 = if length > 0.0 { total / length } else { 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
        let covered = used.iter().filter(|used| **used).count() as f32 / used.len().max(1) as f32;
        if kind == MatchKind::Exact && covered < 1.0 {
            kind = MatchKind::Part;
        }
        // A part of a name stands a little behind the whole name.
        let by_words = by_words * (0.9 + 0.1 * covered);
        let whole = alike(&joined, &key(&joined), &self.joined, &self.joined_sound) * 0.95;
        let (likeness, kind) = if whole > by_words { (whole, whole_kind(&key(&joined), &self.joined_sound)) } else { (by_words, kind) };
        Some((self.team_wish(said, likeness), kind))
    }

    fn team_wish(&self, said: &Said, likeness: f32) -> f32 {
        if said.wants_team && !self.is_team { likeness * 0.5 } else { likeness }
    }

    /// The word of the name that is most like a word said: where it is, how much, how.
    fn best_word(&self, said: &str) -> Option<(usize, f32, MatchKind)> {
        let sound = key(said);
        let like = |(at, (word, word_sound)): (usize, &(String, String))| {
            let (like, kind) = if word == said {
                (1.0, MatchKind::Exact)
            } else if is_soundalike(said, &sound, word, word_sound) {
                (SOUND_LIKE, MatchKind::Sounds)
            } else if same_person(said, word) {
                (NICK_LIKE, MatchKind::Nickname)
            } else if said.len() == 1 && word.starts_with(said) {
                (0.8, MatchKind::Part)
            } else {
                let close = alike(said, &sound, word, word_sound).min(SOUND_LIKE);
                (if close >= CLOSE_FROM { close } else { 0.0 }, MatchKind::Close)
            };
            (at, like, kind)
        };
        self.words.iter().enumerate().map(like).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }

    /// What was said beyond the name, for or against this person.
    fn evidence(&self, said: &Said) -> f32 {
        let mut sum = 0.0;
        for spelled in &said.spelled {
            let sound = key(spelled);
            if *spelled == self.joined || self.words.iter().any(|(word, _)| word == spelled) {
                sum += EVIDENCE;
            } else if self.words.iter().any(|(word, other)| alike(spelled, &sound, word, other) >= CLOSE_FROM) {
                sum -= EVIDENCE;
            }
        }
        for letter in &said.letters {
            sum += if self.joined.contains(*letter) { LETTER_HINT } else { -LETTER_HINT };
        }
        let about = said.detail.iter().chain(said.names.iter().filter(|name| !self.words.iter().any(|(word, _)| word == *name)));
        if about
            .clone()
            .any(|word| self.detail.contains(word) || said.detail.contains(word) && self.words.iter().any(|(own, _)| own == word))
        {
            sum += EVIDENCE;
        } else if !said.detail.is_empty() && !self.detail.is_empty() {
            sum -= SOUNDS_THE_SAME;
        }
        sum
    }

    /// What the caller's own words add to those the model passed on.
    fn heard(&self, heard: &Said, said: &Said) -> f32 {
        let has = |names: &[String], (word, sound): &(String, String)| {
            names.iter().any(|name| name == word || !sound.is_empty() && key(name) == *sound)
        };
        let everything: Vec<String> = heard.names.iter().chain(&heard.detail).cloned().collect();
        let more = self.words.iter().any(|word| has(&everything, word) && !has(&said.names, word));
        let detail = said.detail.is_empty() && everything.iter().any(|word| word.len() > 2 && self.detail.contains(word));
        let spelled = said.spelled.is_empty() && heard.spelled.iter().any(|spelled| self.words.iter().any(|(word, _)| word == spelled));
        let mut sum = if more { HEARD } else { 0.0 };
        if detail {
            sum += EVIDENCE;
        }
        if spelled {
            sum += EVIDENCE;
        }
        if said.letters.is_empty() {
            for letter in &heard.letters {
                sum += if self.joined.contains(*letter) { LETTER_HINT } else { -LETTER_HINT };
            }
        }
        sum
    }
}

fn whole_kind(a: &str, b: &str) -> MatchKind {
    if !a.is_empty() && a == b { MatchKind::Sounds } else { MatchKind::Close }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, detail: &str, kind: PersonKind) -> PersonName {
        let email_local = Some(name.to_lowercase().replace(' ', "."));
        PersonName { name: name.to_owned(), detail: (!detail.is_empty()).then(|| detail.to_owned()), email_local, kind }
    }

    fn office() -> Vec<PersonName> {
        vec![
            person("Jon Smith", "in sales", PersonKind::User),
            person("John Smythe", "in finance", PersonKind::User),
            person("John Okafor", "in legal", PersonKind::User),
            person("Robert Meyer", "", PersonKind::User),
            person("Elizabeth Nguyen", "at Acme", PersonKind::Contact),
            person("Finance", "", PersonKind::Team),
            person("Katherine D'Ambrosia", "", PersonKind::Contact),
        ]
    }

    fn pick(words: &str) -> PeoplePick {
        decide_people(&rank_people(words, None, &office()))
    }

    fn sorted(pick: PeoplePick) -> PeoplePick {
        match pick {
            PeoplePick::Several(mut list) => {
                list.sort_unstable();
                PeoplePick::Several(list)
            }
            other => other,
        }
    }

    #[test]
    fn a_first_name_means_all_who_bear_it_or_sound_like_it() {
        for words in ["John", "jon", "to john please"] {
            assert_eq!(sorted(pick(words)), PeoplePick::Several(vec![0, 1, 2]), "{words}");
        }
    }

    #[test]
    fn soundalikes_are_several_until_words_single_one_out() {
        for words in ["John Smith", "jon smythe", "john smyth", "Smith"] {
            assert_eq!(sorted(pick(words)), PeoplePick::Several(vec![0, 1]), "{words}");
        }
        for (words, index) in [
            ("john smythe with a y", 1),
            ("john, j o h n, smythe with a y", 1),
            ("Jon, J O N, Smith", 0),
            ("John in finance", 1),
            ("john from legal", 2),
            ("John Okafor", 2),
            ("Okafor", 2),
        ] {
            assert_eq!(pick(words), PeoplePick::One(index), "{words}");
        }
    }

    #[test]
    fn names_match_by_pet_name_sound_and_nearness() {
        for (words, index, kind) in [
            ("Bob Meyer", 3, MatchKind::Nickname),
            ("bob", 3, MatchKind::Nickname),
            ("Liz", 4, MatchKind::Nickname),
            ("robert mayer", 3, MatchKind::Sounds),
            ("robert meyer", 3, MatchKind::Exact),
            ("Robert", 3, MatchKind::Part),
            ("katherine d ambrosia", 6, MatchKind::Exact),
            ("catherine dambrosia", 6, MatchKind::Sounds),
            ("elizabeth nuyen", 4, MatchKind::Close),
        ] {
            let matches = rank_people(words, None, &office());
            assert_eq!(matches.first().map(|best| (best.index, best.kind)), Some((index, kind)), "{words}");
        }
    }

    #[test]
    fn a_team_is_named_with_or_without_the_word() {
        for words in ["the finance team", "finance", "everyone in finance", "finance department"] {
            assert_eq!(pick(words), PeoplePick::One(5), "{words}");
        }
    }

    #[test]
    fn nobody_is_better_than_somebody_else() {
        for words in ["Wolfgang", "the moon", "", "mister"] {
            assert_eq!(pick(words), PeoplePick::None, "{words}");
        }
    }

    #[test]
    fn the_callers_own_words_single_out_whom_the_model_left_open() {
        let heard = |words: &str, heard: &str| decide_people(&rank_people(words, Some(heard), &office()));
        assert_eq!(heard("John", "share it with john okafor please"), PeoplePick::One(2));
        assert_eq!(heard("John", "send it to john in finance"), PeoplePick::One(1));
        assert_eq!(sorted(heard("John Smith", "share it with john smith")), PeoplePick::Several(vec![0, 1]));
        assert_eq!(heard("Robert", "share it with john"), PeoplePick::One(3));
    }
}
