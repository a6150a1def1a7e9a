//! From weighted terms to the documents that hold most of their weight. What makes it quick among
//! millions: terms with frequencies alone let the engine skip whole blocks of documents that cannot
//! reach the best ones (block-max WAND), so nothing else may stand beside them in one query.

use std::collections::HashMap;

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, EnableScoring, FuzzyTermQuery, Occur, Query, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet as _, Searcher, TERMINATED, Term};

use super::error::SearchError;
use super::query::Visible;
use super::schema::SchemaFields;

/// Tokens up to which visibility is a union of postings; beyond, one pass over a set.
const MAX_UNION: usize = 64;
/// Who may see at least one document of so many is not worth a filter: the best of all are looked
/// for, and those out of sight dropped.
const WIDE_SHARE: u64 = 8;
/// How many times as many are looked for then.
const SPARE: usize = 4;
/// Documents from which on candidates are looked for by the weightiest terms alone.
const MANY: u64 = 50_000;
/// Terms that look for candidates then: skipping gets slow with the number of terms.
const LEADING: usize = 12;
/// What a term that is nearly one that was said adds.
const FUZZY: f32 = 3.0;

/// A document and the weight it holds.
pub(super) type Scored = (f32, DocAddress);

/// Terms with the greatest weight asked for each.
#[derive(Default)]
pub(super) struct Terms {
    exact: HashMap<Term, f32>,
    fuzzy: Vec<(Term, u8)>,
}

impl Terms {
    /// Asks for a term.
    pub fn add(&mut self, term: Term, weight: f32) {
        let known = self.exact.entry(term).or_insert(0.0);
        *known = known.max(weight);
    }

    /// Asks for whatever is within an edit distance of a term.
    pub fn add_near(&mut self, term: Term, distance: u8) {
        self.fuzzy.push((term, distance));
    }

    fn exact_clauses(&self) -> Vec<(Occur, Box<dyn Query>)> {
        self.exact.iter().map(|(term, weight)| (Occur::Should, weighted(term, *weight))).collect()
    }

    /// The terms that can add most to a score, and the others.
    fn led(&self, searcher: &Searcher, many: u64) -> Result<(Vec<Weighted>, Vec<Weighted>), SearchError> {
        let documents = searcher.num_docs();
        let mut terms = Vec::with_capacity(self.exact.len());
        for (term, weight) in &self.exact {
            let frequency = searcher.doc_freq(term)?;
            if frequency > 0 {
                terms.push((weight * rarity(frequency, documents), (term.clone(), *weight)));
            }
        }
        terms.sort_unstable_by(|(a, (one, _)), (b, (other, _))| b.total_cmp(a).then_with(|| one.cmp(other)));
        let mut leading: Vec<Weighted> = terms.into_iter().map(|(_, term)| term).collect();
        let others = leading.split_off(leading.len().min(if documents < many { usize::MAX } else { LEADING }));
        Ok((leading, others))
    }

    fn near(&self) -> Option<Box<dyn Query>> {
        let one = |(term, distance): &(Term, u8)| {
            let near = FuzzyTermQuery::new(term.clone(), *distance, true);
            Box::new(BoostQuery::new(Box::new(near), FUZZY)) as Box<dyn Query>
        };
        (!self.fuzzy.is_empty()).then(|| Box::new(BooleanQuery::union(self.fuzzy.iter().map(one).collect())) as Box<dyn Query>)
    }

    /// The best documents of a view, by the sum of what they hold.
    pub fn best(&self, searcher: &Searcher, fields: &SchemaFields, visible: &Visible, limit: usize) -> Result<Vec<Scored>, SearchError> {
        let Visible::AnyOf(tokens) = visible else { return self.best_of_all(searcher, limit, MANY) };
        let tokens: Vec<Term> = tokens.iter().map(|token| Term::from_field_text(fields.visible, token)).collect();
        let mut seen = 0;
        for token in &tokens {
            seen += searcher.doc_freq(token)?;
        }
        if seen * WIDE_SHARE >= searcher.num_docs() {
            let found = self.best_of_all(searcher, limit * SPARE, MANY)?;
            let is_all = found.len() < limit * SPARE;
            let mut inside = vec![false; found.len()];
            for token in &tokens {
                inside.iter_mut().zip(holding(searcher, token, &found)?).for_each(|(cell, holds)| *cell |= holds);
            }
            let mut kept: Vec<Scored> = found.into_iter().zip(inside).filter_map(|(one, inside)| inside.then_some(one)).collect();
            if is_all || kept.len() >= limit {
                kept.truncate(limit);
                return Ok(kept);
            }
        }
        let mut clauses = self.exact_clauses();
        clauses.extend(self.near().map(|near| (Occur::Should, near)));
        Ok(searcher.search(&*narrowed(Box::new(BooleanQuery::new(clauses)), tokens), &TopDocs::with_limit(limit).order_by_score())?)
    }

    /// A document that holds a term nearly said is among the best of those that do; any other is
    /// among the best by exact terms. So the best of both are the best of all. Among very many, the
    /// weightiest terms bring more than are wanted, and the others decide between those.
    fn best_of_all(&self, searcher: &Searcher, limit: usize, many: u64) -> Result<Vec<Scored>, SearchError> {
        let (leading, others) = self.led(searcher, many)?;
        let wanted = if others.is_empty() { limit } else { limit * SPARE };
        let clauses = || leading.iter().map(|(term, weight)| (Occur::Should, weighted(term, *weight))).collect::<Vec<_>>();
        let top = || TopDocs::with_limit(wanted).order_by_score();
        let mut best: HashMap<DocAddress, f32> = HashMap::new();
        let mut keep = |found: Vec<Scored>| {
            for (score, address) in found {
                let known = best.entry(address).or_insert(score);
                *known = known.max(score);
            }
        };
        keep(searcher.search(&BooleanQuery::new(clauses()), &top())?);
        if let Some(near) = self.near() {
            let mut clauses = clauses();
            clauses.push((Occur::Must, near));
            keep(searcher.search(&BooleanQuery::new(clauses), &top())?);
        }
        let mut found: Vec<Scored> = best.into_iter().map(|(address, score)| (score, address)).collect();
        found.sort_unstable_by_key(|(_, address)| *address);
        for (term, weight) in &others {
            add_scores(searcher, &*weighted(term, *weight), &mut found)?;
        }
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(limit);
        Ok(found)
    }
}

/// A term and what it weighs.
type Weighted = (Term, f32);

fn weighted(term: &Term, weight: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs)), weight))
}

/// The inverse document frequency of BM25.
#[expect(clippy::cast_precision_loss, reason = "a weight needs no more than 24 bits")]
fn rarity(frequency: u64, documents: u64) -> f32 {
    let (n, df) = (documents as f32, frequency as f32);
    (1.0 + (n - df + 0.5).max(0.0) / (df + 0.5)).ln()
}

/// Adds what a query gives to documents that are sorted by address.
fn add_scores(searcher: &Searcher, query: &dyn Query, found: &mut [Scored]) -> Result<(), SearchError> {
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    for some in found.chunk_by_mut(|(_, a), (_, b)| a.segment_ord == b.segment_ord) {
        let Some((_, first)) = some.first() else { continue };
        let mut scorer = weight.scorer(searcher.segment_reader(first.segment_ord), 1.0)?;
        for (score, address) in some {
            let here = if scorer.doc() < address.doc_id { scorer.seek(address.doc_id) } else { scorer.doc() };
            if here == address.doc_id {
                *score += scorer.score();
            }
        }
    }
    Ok(())
}

/// A term that counts only by being there.
pub(super) fn unscored(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// Narrows a query to documents with one of these tokens, without touching its scores.
pub(super) fn narrowed(query: Box<dyn Query>, tokens: Vec<Term>) -> Box<dyn Query> {
    let filter: Box<dyn Query> = if tokens.len() > MAX_UNION {
        Box::new(TermSetQuery::new(tokens))
    } else {
        Box::new(BooleanQuery::union(tokens.into_iter().map(unscored).collect()))
    };
    Box::new(BooleanQuery::intersection(vec![Box::new(ConstScoreQuery::new(filter, 0.0)), query]))
}

/// Which of some documents hold a term.
pub(super) fn holding(searcher: &Searcher, term: &Term, found: &[Scored]) -> Result<Vec<bool>, SearchError> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_unstable_by_key(|at| found.get(*at).map(|(_, address)| *address));
    let mut row = vec![false; found.len()];
    let mut open: Option<(u32, Option<tantivy::postings::SegmentPostings>)> = None;
    for at in order {
        let Some((_, address)) = found.get(at) else { continue };
        if open.as_ref().map(|(segment, _)| *segment) != Some(address.segment_ord) {
            let inverted = searcher.segment_reader(address.segment_ord).inverted_index(term.field())?;
            let postings = inverted.read_postings(term, IndexRecordOption::Basic).map_err(tantivy::TantivyError::from)?;
            open = Some((address.segment_ord, postings));
        }
        if let Some((_, Some(postings))) = &mut open {
            let here = if postings.doc() < address.doc_id { postings.seek(address.doc_id) } else { postings.doc() };
            if let Some(cell) = row.get_mut(at) {
                *cell = here != TERMINATED && here == address.doc_id;
            }
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use tantivy::{Index, TantivyDocument};

    use super::*;
    use crate::search::schema::schema;

    /// Documents of some words each, every third one for everybody, the fifth for one alone.
    fn shelf() -> (Searcher, SchemaFields) {
        let (schema, fields) = schema();
        let index = Index::create_in_ram(schema);
        let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
        for number in 0..300 {
            let mut document = TantivyDocument::default();
            let words: Vec<String> = (0..30).filter(|word| number * 7 % (word + 2) == 0).map(|word| format!("word{word}")).collect();
            document.add_text(fields.name, words.join(" "));
            document.add_text(fields.author, format!("author{}", number % 11));
            if number % 3 == 0 {
                document.add_text(fields.visible, "common");
            }
            if number == 5 {
                document.add_text(fields.visible, "mine");
            }
            writer.add_document(document).unwrap();
            // Several segments, as an index has that grows.
            if number % 100 == 99 {
                writer.commit().unwrap();
            }
        }
        (index.reader().unwrap().searcher(), fields)
    }

    fn terms(fields: &SchemaFields) -> Terms {
        let mut terms = Terms::default();
        // As many weighty ones as look for candidates.
        for word in 0..30 {
            terms.add(Term::from_field_text(fields.name, &format!("word{word}")), if word < LEADING { 5.0 } else { 0.01 });
        }
        terms.add(Term::from_field_text(fields.name, "absent"), 9.0);
        terms.add_near(Term::from_field_text(fields.author, "autor3"), 1);
        terms
    }

    #[test]
    fn the_weightiest_terms_bring_what_all_terms_would() {
        let (searcher, fields) = shelf();
        let terms = terms(&fields);
        let (all, led) = (terms.best_of_all(&searcher, 10, u64::MAX).unwrap(), terms.best_of_all(&searcher, 10, 0).unwrap());
        assert_eq!(all.len(), 10);
        for ((score, address), (led_score, led_address)) in all.iter().zip(&led) {
            assert_eq!(address, led_address);
            assert!((score - led_score).abs() < 0.001, "{score} {led_score}");
        }
    }

    #[test]
    fn who_may_see_much_gets_the_same_as_by_a_filter() {
        let (searcher, fields) = shelf();
        let terms = terms(&fields);
        let common = || vec![Term::from_field_text(fields.visible, "common")];
        let wide = terms.best(&searcher, &fields, &Visible::AnyOf(vec!["common".to_owned()]), 5).unwrap();
        let mut clauses = terms.exact_clauses();
        clauses.extend(terms.near().map(|near| (Occur::Should, near)));
        let filtered =
            searcher.search(&*narrowed(Box::new(BooleanQuery::new(clauses)), common()), &TopDocs::with_limit(5).order_by_score()).unwrap();
        let places = |found: &[Scored]| found.iter().map(|(_, address)| *address).collect::<Vec<_>>();
        assert_eq!(places(&wide), places(&filtered));
        let mine = terms.best(&searcher, &fields, &Visible::AnyOf(vec!["mine".to_owned()]), 5).unwrap();
        assert_eq!(mine.len(), 1);
        assert!(terms.best(&searcher, &fields, &Visible::AnyOf(Vec::new()), 5).unwrap().is_empty());
    }
}
