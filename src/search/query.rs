//! From a request to hits: candidates by BM25 over all fields, then `rank`, then `certainty`.

use jiff::civil::Date;
use tantivy::collector::TopDocs;
use tantivy::query::{AllQuery, BooleanQuery};
use tantivy::schema::{Field, Value as _};
use tantivy::{DocAddress, Order, Searcher, TantivyDocument, Term};

use super::certainty::{Certainty, Standing, decide};
use super::doc::Card;
use super::error::SearchError;
use super::rank::{Candidate, Ranked, Request, Wanted, rank};
use super::retrieve::{Scored, Terms, holding, narrowed, unscored};
use super::schema::{ADDED, SchemaFields, stem};
use super::sounds;
use super::spoken::{Content, DateRange, Unit, content};
use super::tokens::grams;
use crate::domain::{Category, FileId};

/// Candidates that ranking looks at.
const CANDIDATES: usize = 50;
/// Characters of a request that are read.
const MAX_REQUEST: usize = 400;
/// Other phrasings that are read.
const MAX_ALTERNATIVES: usize = 4;
/// A hit scores at least this share of the best one's score.
const KEPT_SHARE: f32 = 0.5;
/// How far behind the best a rival may be.
const NEAR: f32 = 0.3;

// How much a field weighs against the others: names beat content.
const NAME: f32 = 2.2;
const AUTHOR: f32 = 1.8;
const TAGS: f32 = 1.0;
const DATES: f32 = 1.2;
const TEXT: f32 = 0.7;
const SOUND: f32 = 0.5;
const SOUND_OF_UNKNOWN: f32 = 0.9;
const GRAM: f32 = 0.12;
const KIND: f32 = 1.0;
const MONTHS: f32 = 1.5;
/// What was said, where it was rewritten.
const SAID: f32 = 0.4;
/// Another phrasing by the model.
const ALTERNATIVE: f32 = 0.9;
/// The caller's own words, which hold more than the file.
const HEARD: f32 = 0.4;

/// Whose files may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible {
    /// Every file of the customer.
    All,
    /// Files that carry one of these tokens.
    AnyOf(Vec<String>),
}

/// A request for files.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the model passed on.
    pub text: String,
    /// Other phrasings.
    pub alternatives: Vec<String>,
    /// The caller's own last words.
    pub heard: Option<String>,
    /// The kind of file, when the model named one; a preference, not a filter.
    pub kind: Option<Category>,
    /// Today where the caller is.
    pub today: Date,
    /// Whose files.
    pub visible: Visible,
    /// Most hits wanted.
    pub limit: usize,
}

/// A file that may be meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub file: FileId,
    /// Comparable within one answer only.
    pub score: f32,
    /// What matched: `name`, `author`, `tag`, `date`, `text`, `sound`, `kind`, `recent`.
    pub why: Vec<&'static str>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How sure the first one is.
    pub certainty: Certainty,
}

/// A month as the index keeps it.
pub fn month_key(date: Date) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

/// Answers a request. Blocks.
pub fn run(searcher: &Searcher, fields: &SchemaFields, query: &Query) -> Result<Hits, SearchError> {
    let main = content(cut(&query.text), query.today);
    let others: Vec<Content> = query.alternatives.iter().take(MAX_ALTERNATIVES).map(|text| content(cut(text), query.today)).collect();
    let heard = query.heard.as_deref().map(|text| content(cut(text), query.today));
    let view = View { searcher, fields };

    let mut kinds: Vec<Category> = query.kind.into_iter().collect();
    kinds.extend(main.kinds.iter().chain(others.iter().flat_map(|other| &other.kinds)));
    let span = main.span.or_else(|| others.iter().find_map(|other| other.span));
    let newest = main.newest || others.iter().any(|other| other.newest);

    let phrasings: Vec<&Content> = std::iter::once(&main).chain(&others).filter(|phrasing| names_something(phrasing)).collect();
    if phrasings.is_empty() {
        return view.browse(&query.visible, &kinds, span, newest, query.limit);
    }

    let mut terms = Terms::default();
    for (number, phrasing) in phrasings.iter().enumerate() {
        view.add_terms(phrasing, if number == 0 { 1.0 } else { ALTERNATIVE }, &mut terms)?;
    }
    if let Some(heard) = &heard {
        view.add_terms(heard, HEARD, &mut terms)?;
    }
    for kind in &kinds {
        terms.add(Term::from_field_text(fields.category, kind.as_str()), KIND);
    }
    for key in span.map(months).unwrap_or_default() {
        terms.add(Term::from_field_text(fields.months, &key), MONTHS);
    }

    let found = terms.best(searcher, fields, &query.visible, CANDIDATES)?;
    let request = Request {
        phrasings: phrasings.iter().map(|phrasing| view.wanted(&phrasing.units)).collect::<Result<_, _>>()?,
        heard: heard.map(|heard| view.wanted(&heard.units)).transpose()?,
        asked_kind: query.kind,
        kinds,
        span,
        newest,
    };
    let candidates = view.candidates(&found, &request)?;
    Ok(answer(rank(&request, &candidates), query.limit))
}

fn names_something(phrasing: &Content) -> bool {
    // "the spreadsheet" alone names a kind, not a file.
    phrasing.units.iter().any(|unit| !unit.said.is_empty()) && phrasing.units.len() > phrasing.kinds.len()
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_REQUEST).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

fn months(span: DateRange) -> Vec<String> {
    let mut keys = Vec::new();
    let mut month = span.from.first_of_month();
    while month <= span.to && keys.len() < 13 {
        keys.push(month_key(month));
        match month.checked_add(jiff::Span::new().months(1)) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
    keys
}

fn answer(ranked: Vec<Ranked>, limit: usize) -> Hits {
    let standings: Vec<Standing> = ranked.iter().map(|entry| entry.standing).collect();
    let certainty = decide(&standings);
    let least = ranked.first().map_or(0.0, |best| best.standing.score * KEPT_SHARE);
    let kept = ranked.into_iter().take_while(|entry| entry.standing.score >= least);
    let kept: Vec<Ranked> = if certainty == Certainty::Several { rivals(kept.collect()) } else { kept.collect() };
    let hits = kept.into_iter().take(limit).map(|entry| Hit { file: entry.file, score: entry.standing.score, why: entry.why }).collect();
    Hits { hits, certainty }
}

/// Those of several that are worth asking about: near the best, and against nothing that was said
/// where the best is not either. Two remain at least, since a question needs two.
fn rivals(kept: Vec<Ranked>) -> Vec<Ranked> {
    let Some(best) = kept.first().map(|entry| entry.standing) else { return kept };
    let mut place = 0;
    let (mut near, far): (Vec<Ranked>, Vec<Ranked>) = kept.into_iter().partition(|entry| {
        place += 1;
        place == 1 || (best.score - entry.standing.score <= NEAR && (best.contradicts || !entry.standing.contradicts))
    });
    if near.len() == 1 {
        near.extend(far.into_iter().take(1));
    }
    near
}

struct View<'a> {
    searcher: &'a Searcher,
    fields: &'a SchemaFields,
}

impl View<'_> {
    fn add_terms(&self, phrasing: &Content, weight: f32, terms: &mut Terms) -> Result<(), SearchError> {
        let fields = self.fields;
        for unit in &phrasing.units {
            self.add_word(&unit.norm, weight, terms);
            for said in unit.said.iter().filter(|said| **said != unit.norm) {
                self.add_word(said, weight * SAID, terms);
            }
            let stem = stem(&unit.norm);
            let known = self.frequency(&[fields.name, fields.author, fields.tags], &stem)? > 0;
            let sound = sounds::key(&unit.norm);
            if !sound.is_empty() {
                let by = if known { SOUND } else { SOUND_OF_UNKNOWN };
                terms.add(Term::from_field_text(fields.sounds, &sound), by * weight);
            }
            if known || unit.norm.len() < 4 || !unit.norm.bytes().all(|byte| byte.is_ascii_lowercase()) {
                continue;
            }
            for gram in grams(&unit.norm) {
                terms.add(Term::from_field_text(fields.grams, &gram), GRAM * weight);
            }
            if weight >= ALTERNATIVE {
                let distance = if stem.len() >= 8 { 2 } else { 1 };
                for field in [fields.name, fields.author] {
                    terms.add_near(Term::from_field_text(field, &stem), distance);
                }
            }
        }
        let words: Vec<&str> = phrasing.units.iter().map(|unit| unit.norm.as_str()).collect();
        for sound in sounds::keys_of(&words) {
            terms.add(Term::from_field_text(fields.sounds, &sound), SOUND * weight);
        }
        Ok(())
    }

    fn add_word(&self, word: &str, weight: f32, terms: &mut Terms) {
        let stem = stem(word);
        let fields = self.fields;
        for (field, by) in [(fields.name, NAME), (fields.author, AUTHOR), (fields.tags, TAGS), (fields.dates, DATES), (fields.text, TEXT)] {
            terms.add(Term::from_field_text(field, &stem), by * weight);
        }
    }

    fn frequency(&self, fields: &[Field], stem: &str) -> Result<u64, SearchError> {
        let mut most = 0;
        for field in fields {
            most = most.max(self.searcher.doc_freq(&Term::from_field_text(*field, stem))?);
        }
        Ok(most)
    }

    /// Narrows a query to what the caller may see, without touching its scores.
    fn visible_only(&self, query: Box<dyn tantivy::query::Query>, visible: &Visible) -> Box<dyn tantivy::query::Query> {
        let Visible::AnyOf(tokens) = visible else { return query };
        narrowed(query, tokens.iter().map(|token| Term::from_field_text(self.fields.visible, token)).collect())
    }

    /// What the units weigh: rare words say more than common ones.
    fn wanted(&self, units: &[Unit]) -> Result<Vec<Wanted>, SearchError> {
        let fields = self.fields;
        let documents = self.searcher.num_docs();
        let mut out = Vec::with_capacity(units.len());
        for unit in units {
            let stem = stem(&unit.norm);
            let mut frequency = self.frequency(&[fields.name, fields.author, fields.tags, fields.dates], &stem)?;
            if frequency == 0 {
                frequency = self.frequency(&[fields.text], &stem)?;
            }
            out.push(Wanted::new(unit, stem, frequency, documents));
        }
        Ok(out)
    }

    fn candidates(&self, found: &[Scored], request: &Request) -> Result<Vec<Candidate>, SearchError> {
        let stems: Vec<&str> = request.all_wanted().map(|wanted| wanted.stem.as_str()).collect();
        let holds = |stem: &&str| holding(self.searcher, &Term::from_field_text(self.fields.text, stem), found);
        let covered = stems.iter().map(holds).collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(found.len());
        for (at, (score, address)) in found.iter().enumerate() {
            let Some(card) = self.card(*address)? else { continue };
            let in_text =
                stems.iter().copied().zip(&covered).filter(|(_, row)| row.get(at) == Some(&true)).map(|(stem, _)| stem.to_owned());
            out.push(Candidate { card, bm25: *score, in_text: in_text.collect() });
        }
        Ok(out)
    }

    fn card(&self, address: DocAddress) -> Result<Option<Card>, SearchError> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        // A card that does not read is a fault of the index alone: the file is left out, not the answer.
        Ok(document.get_first(self.fields.card).and_then(|value| value.as_bytes()).and_then(|bytes| serde_json::from_slice(bytes).ok()))
    }

    /// "the latest spreadsheet", "last month's files": nothing to match, so the newest that fit.
    fn browse(
        &self,
        visible: &Visible,
        kinds: &[Category],
        span: Option<DateRange>,
        newest: bool,
        limit: usize,
    ) -> Result<Hits, SearchError> {
        let mut musts: Vec<Box<dyn tantivy::query::Query>> = vec![Box::new(AllQuery)];
        let union = |terms: Vec<Term>| -> Box<dyn tantivy::query::Query> {
            Box::new(BooleanQuery::union(terms.into_iter().map(unscored).collect()))
        };
        if !kinds.is_empty() {
            musts.push(union(kinds.iter().map(|kind| Term::from_field_text(self.fields.category, kind.as_str())).collect()));
        }
        if let Some(span) = span {
            musts.push(union(months(span).iter().map(|key| Term::from_field_text(self.fields.months, key)).collect()));
        }
        let says_something = newest || span.is_some() || !kinds.is_empty();
        let query = self.visible_only(Box::new(BooleanQuery::intersection(musts)), visible);
        let found = self.searcher.search(&*query, &TopDocs::with_limit(CANDIDATES.max(limit)).order_by_u64_field(ADDED, Order::Desc))?;
        let mut hits = Vec::new();
        for (_, address) in found {
            let Some(card) = self.card(address)? else { continue };
            if span.is_none_or(|span| card.date.is_some_and(|date| span.contains(date))) {
                hits.push(Hit { file: card.file, score: 1.0, why: vec!["recent"] });
            }
        }
        let certainty = match hits.len() {
            0 => Certainty::Weak,
            _ if !says_something => Certainty::Weak,
            1 => Certainty::One,
            _ if newest => Certainty::One,
            _ => Certainty::Several,
        };
        hits.truncate(limit);
        Ok(Hits { hits, certainty })
    }
}
