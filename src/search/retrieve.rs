//! From weighted terms to the documents that hold most of their weight. What makes it quick among
//! millions: terms with frequencies alone let the engine skip whole blocks of documents that cannot
//! reach the best ones (block-max WAND), so nothing else may stand beside them in one query.

use std::collections::HashMap;

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, FuzzyTermQuery, Occur, Query, TermQuery, TermSetQuery};
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
        let clause = |(term, weight): (&Term, &f32)| {
            let one = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(one), *weight)) as Box<dyn Query>)
        };
        self.exact.iter().map(clause).collect()
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
        let Visible::AnyOf(tokens) = visible else { return self.best_of_all(searcher, limit) };
        let tokens: Vec<Term> = tokens.iter().map(|token| Term::from_field_text(fields.visible, token)).collect();
        let mut seen = 0;
        for token in &tokens {
            seen += searcher.doc_freq(token)?;
        }
        if seen * WIDE_SHARE >= searcher.num_docs() {
            let found = self.best_of_all(searcher, limit * SPARE)?;
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
    /// among the best by exact terms. So the best of both are the best of all.
    fn best_of_all(&self, searcher: &Searcher, limit: usize) -> Result<Vec<Scored>, SearchError> {
        let top = || TopDocs::with_limit(limit).order_by_score();
        let found = searcher.search(&BooleanQuery::new(self.exact_clauses()), &top())?;
        let Some(near) = self.near() else { return Ok(found) };
        let mut clauses = self.exact_clauses();
        clauses.push((Occur::Must, near));
        let mut best: HashMap<DocAddress, f32> = found.into_iter().map(|(score, address)| (address, score)).collect();
        for (score, address) in searcher.search(&BooleanQuery::new(clauses), &top())? {
            let known = best.entry(address).or_insert(score);
            *known = known.max(score);
        }
        let mut found: Vec<Scored> = best.into_iter().map(|(address, score)| (score, address)).collect();
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(limit);
        Ok(found)
    }
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
