//! The fields of an index.

use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, STRING, Schema, TextFieldIndexing, TextOptions};

/// Counts up with every change of fields or of normalisation; an index of another layout is
/// rebuilt.
pub const LAYOUT: u32 = 5;

/// Name of the fast field that orders by arrival.
pub const ADDED: &str = "added";

/// Handles of the fields.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFields {
    /// The file's id, as it stands.
    pub file: Field,
    /// Visibility tokens, as they stand.
    pub visible: Field,
    /// The category, as it stands.
    pub category: Field,
    /// Months of the date, as `2026-03`.
    pub months: Field,
    /// Title and file name.
    pub name: Field,
    /// Author.
    pub author: Field,
    /// Tags, category, folder, extension.
    pub tags: Field,
    /// Words of the date.
    pub dates: Field,
    /// Text.
    pub text: Field,
    /// Phonetic keys.
    pub sounds: Field,
    /// Character grams.
    pub grams: Field,
    /// Arrival, seconds since the epoch.
    pub added: Field,
    /// `doc::Card` as JSON.
    pub card: Field,
}

/// The schema and its fields.
pub fn schema() -> (Schema, SchemaFields) {
    let mut builder = Schema::builder();
    // Documents bring their own words, separated by blanks. Positions are not needed: ranking
    // compares whole strings itself.
    let words = TextOptions::default()
        .set_indexing_options(TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(IndexRecordOption::WithFreqs));
    let fields = SchemaFields {
        file: builder.add_text_field("file", STRING),
        visible: builder.add_text_field("visible", STRING),
        // With frequencies, though each is there once: terms without them would keep a query from
        // skipping documents.
        category: builder.add_text_field("category", words.clone()),
        months: builder.add_text_field("months", words.clone()),
        name: builder.add_text_field("name", words.clone()),
        author: builder.add_text_field("author", words.clone()),
        tags: builder.add_text_field("tags", words.clone()),
        dates: builder.add_text_field("dates", words.clone()),
        text: builder.add_text_field("text", words.clone()),
        sounds: builder.add_text_field("sounds", words.clone()),
        grams: builder.add_text_field("grams", words),
        added: builder.add_u64_field(ADDED, NumericOptions::from(FAST | INDEXED)),
        card: builder.add_bytes_field("card", STORED),
    };
    (builder.build(), fields)
}

thread_local! {
    static STEMMER: RefCell<Stemmer> = RefCell::new(Stemmer::create(Algorithm::English));
}

/// The stem of a word; numbers and mixed words stay.
pub fn stem(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        STEMMER.with_borrow(|stemmer| stemmer.stem(word).into_owned())
    } else {
        word.to_owned()
    }
}
