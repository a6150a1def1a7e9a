//! What of a file is indexed, in both forms: as written and as it may be said.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::sounds;
use super::spoken::{Unit, date_words, normalise_words};
use super::tokens::{Cut, Words, split};
use crate::domain::{Category, FileId, FileName, Folder, Timestamp};

/// Characters of a text that are indexed; what comes later is not found by content.
const MAX_TEXT: usize = 1_000_000;

/// A file as search sees it.
#[derive(Debug, Clone)]
pub struct Doc {
    /// Which file.
    pub file: FileId,
    /// What people call it.
    pub title: String,
    /// The name it arrived with.
    pub name: FileName,
    /// Who wrote it.
    pub author: Option<String>,
    /// Key words.
    pub tags: Vec<String>,
    /// What kind of file it is.
    pub category: Category,
    /// The word it is sorted by, where there is one that says something.
    pub topic: Option<String>,
    /// Where it lies.
    pub folder: Folder,
    /// The date on the document.
    pub date: Option<Date>,
    /// When it arrived.
    pub added: Timestamp,
    /// Its text; may be empty.
    pub text: String,
    /// Who may see it: opaque, matched as they stand.
    pub tokens: Vec<String>,
}

/// One step of the catalog's change feed.
#[derive(Debug, Clone)]
pub enum Change {
    /// The file is new or changed.
    Put(Box<Doc>),
    /// The file is no longer to be found.
    Remove(FileId),
}

impl Change {
    /// Bytes of text it brings.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Put(doc) => doc.text.len(),
            Self::Remove(_) => 0,
        }
    }
}

/// Where a word of a file's description stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// Title.
    Title,
    /// File name.
    Name,
    /// Author.
    Author,
    /// Tags, kind, category, folder.
    Tag,
    /// The date on the document.
    Date,
}

/// A word of a file's description, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardWord {
    /// The canonical word.
    pub word: String,
    /// Its stem.
    pub stem: String,
    /// How it sounds; empty for numbers.
    pub sound: String,
    /// Where it stands.
    pub place: Place,
}

/// Two neighbouring words as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The joined word.
    pub word: String,
    /// How it sounds.
    pub sound: String,
}

/// The description of a file that ranking compares a request with; stored with the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Which file.
    pub file: FileId,
    /// Words in order.
    pub words: Vec<CardWord>,
    /// Neighbours written apart, as one word: `waterworks` for "water works".
    pub pairs: Vec<Pair>,
    /// Kind of file.
    pub category: Category,
    /// The date on the document.
    pub date: Option<Date>,
    /// When it arrived.
    pub added: Timestamp,
}

/// Everything of a document that goes into fields: words separated by blanks.
#[derive(Debug, Clone)]
pub struct Fields {
    /// Title and file name.
    pub name: String,
    /// Author.
    pub author: String,
    /// Tags, category, folder, extension.
    pub tags: String,
    /// Words of the date.
    pub dates: String,
    /// Text.
    pub text: String,
    /// How words of title, name and author sound, joined neighbours too.
    pub sounds: String,
    /// Character grams of the same words.
    pub grams: String,
    /// What ranking needs.
    pub card: Card,
}

impl Fields {
    /// Reads a document.
    pub fn of(doc: &Doc) -> Self {
        let title = Part::of(&doc.title, Cut::Names);
        let name = Part::of(doc.name.stem(), Cut::Names);
        let author = Part::of(doc.author.as_deref().unwrap_or_default(), Cut::Names);
        let extension = doc.name.extension().unwrap_or_default();
        let tags = Part::of(
            &format!(
                "{} {} {} {} {extension}",
                doc.tags.join(" "),
                doc.category.as_str(),
                doc.topic.as_deref().unwrap_or_default(),
                doc.folder.as_str().replace('/', " ")
            ),
            Cut::Names,
        );
        // A quarter in the name is what a file is about; the report on the first is dated in the second.
        let names_quarter = [&title, &name].into_iter().any(|part| part.units.iter().any(|unit| is_quarter(&unit.norm)));
        let dates: Vec<String> =
            doc.date.map(date_words).into_iter().flatten().filter(|word| !(names_quarter && is_quarter(word))).collect();
        let end = doc.text.char_indices().nth(MAX_TEXT).map_or(doc.text.len(), |(at, _)| at);
        let text = Part::of(doc.text.get(..end).unwrap_or_default(), Cut::Words);

        let named = [&title, &name, &author];
        let mut words: Vec<&str> = named.iter().flat_map(|part| part.plain_words()).collect();
        words.sort_unstable();
        words.dedup();
        let grams = words.iter().flat_map(|word| super::tokens::grams(word)).collect::<Vec<_>>();
        let mut heard: Vec<String> = named.iter().flat_map(|part| sounds::keys_of(&part.order())).collect();
        heard.sort_unstable();
        heard.dedup();

        let mut card = Vec::new();
        title.onto(Place::Title, &mut card);
        author.onto(Place::Author, &mut card);
        name.onto(Place::Name, &mut card);
        tags.onto(Place::Tag, &mut card);
        for word in &dates {
            push(word, Place::Date, &mut card);
        }
        let pairs = pairs(&[&title, &author]);
        Self {
            name: format!("{} {}", title.field(), name.field()),
            author: author.field(),
            tags: tags.field(),
            dates: stems(dates.iter().map(String::as_str)),
            text: text.field(),
            sounds: heard.join(" "),
            grams: grams.join(" "),
            card: Card { file: doc.file, words: card, pairs, category: doc.category, date: doc.date, added: doc.added },
        }
    }
}

/// The token of a quarter, `q1` to `q4`.
pub fn is_quarter(word: &str) -> bool {
    matches!(word, "q1" | "q2" | "q3" | "q4")
}

/// One piece of a document in both forms.
struct Part {
    units: Vec<Unit>,
    wholes: Vec<String>,
}

impl Part {
    fn of(text: &str, cut: Cut) -> Self {
        let Words { parts, wholes } = split(text, cut);
        let mut units = normalise_words(&parts);
        // A person writes "2022Q1_10Q" once but says "Q1 2022"; the compound "2022q1" is no word.
        let wholes = wholes.into_iter().filter(|whole| !whole.starts_with(|c: char| c.is_ascii_digit())).collect();
        units.retain(|unit| !unit.norm.is_empty());
        Self { units, wholes }
    }

    /// Both forms, stemmed, for a field.
    fn field(&self) -> String {
        let both = self.units.iter().flat_map(|unit| {
            let said = unit.said.iter().filter(|word| **word != unit.norm).map(String::as_str);
            std::iter::once(unit.norm.as_str()).chain(said)
        });
        stems(both.chain(self.wholes.iter().map(String::as_str)))
    }

    fn order(&self) -> Vec<&str> {
        self.units.iter().map(|unit| unit.norm.as_str()).chain(self.wholes.iter().map(String::as_str)).collect()
    }

    /// Words long enough for grams, without numbers.
    fn plain_words(&self) -> Vec<&str> {
        self.order().into_iter().filter(|word| word.len() > 2 && !word.bytes().any(|b| b.is_ascii_digit())).collect()
    }

    fn onto(&self, place: Place, card: &mut Vec<CardWord>) {
        for word in self.order() {
            push(word, place, card);
        }
    }
}

/// A word stands once on the card, at its first and weightiest place.
fn push(word: &str, place: Place, card: &mut Vec<CardWord>) {
    if !card.iter().any(|known| known.word == word) {
        card.push(CardWord { word: word.to_owned(), stem: super::schema::stem(word), sound: sounds::key(word), place });
    }
}

/// Neighbours in titles and names of authors, joined.
fn pairs(parts: &[&Part]) -> Vec<Pair> {
    let mut out: Vec<Pair> = Vec::new();
    for part in parts {
        for pair in part.units.windows(2) {
            if let [a, b] = pair
                && !a.has_digit()
                && !b.has_digit()
            {
                let word = format!("{}{}", a.norm, b.norm);
                if !out.iter().any(|known| known.word == word) {
                    out.push(Pair { sound: sounds::key(&word), word });
                }
            }
        }
    }
    out
}

fn stems<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(super::schema::stem).collect::<Vec<_>>().join(" ")
}
