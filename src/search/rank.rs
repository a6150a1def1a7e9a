//! Re-ranking of candidates: how much of the request each one explains, word by word and as a
//! whole string.

use std::collections::HashSet;

use super::certainty::Standing;
use super::doc::{Card, CardWord, Place, is_quarter};
use super::sounds::{alike, key};
use super::spoken::{DateRange, Unit};
use crate::domain::{Category, FileId};

/// A word in the text explains less than the same word in a name.
const IN_TEXT: f32 = 0.7;
/// Neighbours said apart and written as one ("ack me", "foot locker") are alike from here.
const JOINED_FROM: f32 = 0.84;
/// A likeness that counts as having matched.
const MATCHED: f32 = 0.75;

// What each signal adds to the score; the first is a share from 0 to 1.
const EXPLAINED: f32 = 1.0;
const BM25: f32 = 0.35;
const HEARD: f32 = 0.25;
const WHOLE: f32 = 0.12;
const TITLE: f32 = 0.10;
const KIND_ASKED: f32 = 0.25;
const KIND: f32 = 0.12;
const SPAN: f32 = 0.2;
const RECENT: f32 = 0.02;
const NEWEST: f32 = 0.25;

/// A word of the request.
#[derive(Debug, Clone)]
pub struct Wanted {
    norm: String,
    said: Vec<(String, String)>,
    /// Its stem, as the index has it.
    pub stem: String,
    sound: String,
    weight: f32,
    is_number: bool,
}

impl Wanted {
    /// Weighs a word by how many documents have it.
    #[expect(clippy::cast_precision_loss, reason = "a weight needs no more than 24 bits")]
    pub fn new(unit: &Unit, stem: String, frequency: u64, documents: u64) -> Self {
        let is_number = unit.norm.bytes().any(|byte| byte.is_ascii_digit());
        let (n, df) = (documents as f32, frequency as f32);
        let rarity = (1.0 + (n - df + 0.5).max(0.0) / (df + 0.5)).ln() / (1.0 + n).ln().max(0.7);
        // A word nobody wrote is as likely a recogniser's error as a name that is missing.
        let weight = if frequency == 0 && !is_number { 0.6 } else { rarity.clamp(0.12, 1.0) };
        let said = unit.said.iter().filter(|word| **word != unit.norm).map(|word| (word.clone(), key(word))).collect();
        Self { sound: key(&unit.norm), norm: unit.norm.clone(), said, stem, weight, is_number }
    }

    /// How alike a word of a card is.
    fn like(&self, word: &CardWord) -> f32 {
        if self.norm == word.word || self.stem == word.stem {
            return 1.0;
        }
        alike(&self.norm, &self.sound, &word.word, &word.sound)
    }
}

/// A request, ready to be compared.
#[derive(Debug)]
pub struct Request {
    /// The request and its other phrasings.
    pub phrasings: Vec<Vec<Wanted>>,
    /// The caller's own words.
    pub heard: Option<Vec<Wanted>>,
    /// The kind that was asked for by name.
    pub asked_kind: Option<Category>,
    /// Kinds the words speak of, the asked one too.
    pub kinds: Vec<Category>,
    /// The span of time the words speak of.
    pub span: Option<DateRange>,
    /// Whether the newest is meant.
    pub newest: bool,
}

impl Request {
    /// Every word of every phrasing.
    pub fn all_wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.phrasings.iter().flatten().chain(self.heard.iter().flatten())
    }
}

/// A document that may be meant.
#[derive(Debug)]
pub struct Candidate {
    /// Its description.
    pub card: Card,
    /// The index's score.
    pub bm25: f32,
    /// Stems of the request that its text has.
    pub in_text: HashSet<String>,
}

/// A candidate with its place.
#[derive(Debug)]
pub struct Ranked {
    /// Which file.
    pub file: FileId,
    /// How it stands to the request.
    pub standing: Standing,
    /// What matched.
    pub why: Vec<&'static str>,
}

/// How much of one phrasing a candidate explains.
#[derive(Debug, Default, Clone)]
struct Explained {
    share: f32,
    misses_number: bool,
    why: Vec<&'static str>,
}

/// Orders candidates, best first.
pub fn rank(request: &Request, candidates: &[Candidate]) -> Vec<Ranked> {
    let top = candidates.iter().map(|candidate| candidate.bm25).fold(f32::MIN_POSITIVE, f32::max);
    let newest = candidates.iter().map(|candidate| candidate.card.added.as_second()).max().unwrap_or(0);
    let phrasings: Vec<Phrasing> = request.phrasings.iter().map(|wanted| Phrasing::new(wanted)).collect();
    let heard = request.heard.as_ref().map(|wanted| Phrasing::new(wanted));
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .map(|candidate| {
            let best = phrasings
                .iter()
                .map(|phrasing| (phrasing.explain(candidate, &request.kinds), phrasing.whole(&candidate.card)))
                .max_by(|(a, _), (b, _)| a.share.total_cmp(&b.share));
            let (mut explained, whole) = best.unwrap_or_default();
            let mut score = EXPLAINED * explained.share + BM25 * candidate.bm25 / top + whole;
            score += heard.as_ref().map_or(0.0, |heard| HEARD * heard.explain(candidate, &request.kinds).share);
            let mut contradicts = explained.misses_number;
            if request.kinds.contains(&candidate.card.category) {
                score += if request.asked_kind == Some(candidate.card.category) { KIND_ASKED } else { KIND };
                explained.why.push("kind");
            } else if request.asked_kind.is_some() {
                contradicts = true;
            }
            if let Some(span) = request.span {
                if candidate.card.date.is_some_and(|date| span.contains(date)) {
                    score += SPAN;
                    explained.why.push("date");
                } else {
                    contradicts = true;
                }
            }
            score += if request.newest { NEWEST } else { RECENT } * recency(candidate.card.added.as_second(), newest);
            explained.why.sort_unstable();
            explained.why.dedup();
            Ranked { file: candidate.card.file, standing: Standing { score, explained: explained.share, contradicts }, why: explained.why }
        })
        .collect();
    ranked.sort_by(|a, b| b.standing.score.total_cmp(&a.standing.score).then_with(|| b.file.cmp(&a.file)));
    ranked
}

/// Whether a quarter is asked for, and the file's own name names another one.
fn names_other_quarter(card: &Card, wanted: &str) -> bool {
    if !is_quarter(wanted) {
        return false;
    }
    let mut named = card.words.iter().filter(|word| matches!(word.place, Place::Title | Place::Name) && is_quarter(&word.word)).peekable();
    named.peek().is_some() && named.all(|word| word.word != wanted)
}

/// 1 for the newest candidate, halved with every half year of age.
#[expect(clippy::cast_precision_loss, reason = "ages in seconds, to order by")]
fn recency(added: i64, newest: i64) -> f32 {
    let half_years = (newest - added).max(0) as f32 / (182.0 * 86_400.0);
    0.5_f32.powf(half_years)
}

/// One phrasing with what does not depend on the candidate.
struct Phrasing<'a> {
    wanted: &'a [Wanted],
    /// Runs of two and three words as one: where they begin, how many, the word, its sound.
    joined: Vec<(usize, usize, String, String)>,
    text: String,
    weight: f32,
}

impl<'a> Phrasing<'a> {
    fn new(wanted: &'a [Wanted]) -> Self {
        let mut joined = Vec::new();
        for length in [2, 3] {
            for (at, run) in wanted.windows(length).enumerate() {
                if run.iter().all(|word| !word.is_number) {
                    let word: String = run.iter().map(|word| word.norm.as_str()).collect();
                    let sound = key(&word);
                    joined.push((at, length, word, sound));
                }
            }
        }
        let text = wanted.iter().map(|word| word.norm.as_str()).collect::<Vec<_>>().join(" ");
        Self { wanted, joined, text, weight: wanted.iter().map(|word| word.weight).sum::<f32>().max(f32::MIN_POSITIVE) }
    }

    /// How much of the request the candidate explains.
    fn explain(&self, candidate: &Candidate, kinds: &[Category]) -> Explained {
        let card = &candidate.card;
        let mut likes: Vec<(f32, &'static str)> = self.wanted.iter().map(|word| best_like(word, candidate, kinds)).collect();
        for (at, length, word, sound) in &self.joined {
            if likes.iter().skip(*at).take(*length).all(|(like, _)| *like >= 1.0) {
                continue;
            }
            let best = card.words.iter().map(|known| alike(word, sound, &known.word, &known.sound)).fold(0.0, f32::max);
            if best >= JOINED_FROM {
                for (like, why) in likes.iter_mut().skip(*at).take(*length).filter(|(like, _)| *like < best) {
                    (*like, *why) = (best, "sound");
                }
            }
        }
        let mut out = Explained::default();
        for (word, (like, why)) in self.wanted.iter().zip(&likes) {
            out.share += word.weight * like;
            if names_other_quarter(card, &word.norm) {
                // A report on the third quarter speaks of the second; it is not the report on it.
                out.misses_number = true;
            } else if *like >= MATCHED || *why == "text" {
                out.why.push(why);
            } else if word.is_number {
                out.misses_number = true;
            }
        }
        out.share /= self.weight;
        out
    }

    /// Likeness of the whole request to title, name and author, and how much of the title it says.
    fn whole(&self, card: &Card) -> f32 {
        let line = |places: &[Place]| {
            let words: Vec<&str> = card.words.iter().filter(|word| places.contains(&word.place)).map(|word| word.word.as_str()).collect();
            words.join(" ")
        };
        let title = line(&[Place::Title, Place::Author]);
        let name = line(&[Place::Name]);
        let dice = strsim::sorensen_dice(&self.text, &title).max(strsim::sorensen_dice(&self.text, &name));
        let of_title: Vec<&CardWord> = card.words.iter().filter(|word| word.place == Place::Title).collect();
        let said = of_title.iter().filter(|word| self.wanted.iter().any(|wanted| wanted.like(word) >= MATCHED)).count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "shares between 0 and 1")]
        let (dice, said) = (dice as f32, said as f32 / of_title.len().max(1) as f32);
        WHOLE * dice + TITLE * said
    }
}

/// The best likeness of a word to anything the candidate has, and where it is.
fn best_like(wanted: &Wanted, candidate: &Candidate, kinds: &[Category]) -> (f32, &'static str) {
    let card = &candidate.card;
    let mut best = (0.0_f32, "");
    for known in &card.words {
        let like = wanted.like(known);
        if like > best.0 {
            best = (like, if like >= 1.0 { place_name(known.place) } else { "sound" });
        }
        if best.0 >= 1.0 {
            return best;
        }
    }
    // A kind said in other words: "deck" is explained by a presentation.
    if kinds.contains(&card.category) && super::spoken::kind(&wanted.norm) == Some(card.category) {
        return (1.0, "kind");
    }
    for pair in &card.pairs {
        let like = alike(&wanted.norm, &wanted.sound, &pair.word, &pair.sound);
        if like >= JOINED_FROM && like > best.0 {
            best = (like, "sound");
        }
    }
    if !wanted.said.is_empty() && best.0 < MATCHED {
        // The rewrite may be wrong: what was said counts as it stands.
        let total: f32 = wanted
            .said
            .iter()
            .map(|(word, sound)| card.words.iter().map(|known| alike(word, sound, &known.word, &known.sound)).fold(0.0, f32::max))
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
        let mean = total / wanted.said.len() as f32;
        if mean >= MATCHED && mean > best.0 {
            best = (mean * 0.95, "name");
        }
    }
    if best.0 < IN_TEXT && candidate.in_text.contains(&wanted.stem) {
        best = (IN_TEXT, "text");
    }
    best
}

const fn place_name(place: Place) -> &'static str {
    match place {
        Place::Title | Place::Name => "name",
        Place::Author => "author",
        Place::Tag => "tag",
        Place::Date => "date",
    }
}
