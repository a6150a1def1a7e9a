//! The reference: a plain query of three words for the ten best, put to the same index by the index
//! engine itself. No normalisation, no rights, no names, no record.

use std::path::Path;

use tantivy::Index;
use tantivy::Term;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::words::{self, Words};
use super::{Times, now};

pub fn measure(folder: &Path, count: usize, warm_up: usize, queries: usize) -> Times {
    let index = Index::open_in_dir(folder).expect("the index opens");
    let reader = index.reader().expect("a reader");
    let (searcher, schema) = (reader.searcher(), index.schema());
    let fields = [schema.get_field("name").expect("names"), schema.get_field("text").expect("texts")];
    let (mut times, mut words) = (Times::new("bare query: three words in two fields, ten best"), Words::new(7));
    for number in 0..warm_up + queries {
        let about = words::about(words.below(count));
        let said = [about.company.to_lowercase(), about.kind.split(' ').next().unwrap_or_default().to_lowercase(), about.year.to_string()];
        let began = now();
        let clauses = said.iter().flat_map(|word| {
            fields.map(|field| {
                let term = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
                (Occur::Should, Box::new(term) as Box<dyn Query>)
            })
        });
        let query = BooleanQuery::new(clauses.collect());
        let found = searcher.search(&query, &TopDocs::with_limit(10).order_by_score()).expect("the index answers");
        let took = began.elapsed();
        assert!(!found.is_empty(), "{said:?}");
        if number >= warm_up {
            times.note(took);
        }
    }
    times
}
