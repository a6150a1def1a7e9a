//! What speaks for a customer's own categories. Their size is bounded where they are taken in, and again here.

use std::collections::BTreeSet;

use super::super::dlp::{Search, Text};
use crate::domain::{Hint, HintPart, OwnTopic, Topic};

/// What each different word of one gives in a part of the file, in tenths, and how many count.
const WORDS: [(HintPart, u16, usize); 3] = [(HintPart::Name, 60, 1), (HintPart::Title, 50, 1), (HintPart::Text, 25, 4)];

/// Categories of one customer, made ready.
#[derive(Debug)]
pub(super) struct Own(Vec<(Topic, Search)>);

impl Own {
    pub fn new(own: &[OwnTopic]) -> Self {
        let ready = own.iter().take(OwnTopic::MOST).filter(|own| !own.topic.is_usual());
        Self(ready.filter_map(|own| Some((own.topic.clone(), Search::new(&own.sought)?))).collect())
    }

    /// What speaks for them in a part. The rule is told as the category: its words are the customer's, and what matched stands in the file.
    pub fn look(&self, part: HintPart, text: &Text, hints: &mut Vec<Hint>) {
        let Some((_, points, most)) = WORDS.into_iter().find(|(of, _, _)| *of == part) else { return };
        for (topic, search) in &self.0 {
            let different: BTreeSet<Vec<u8>> = search.spans(text).into_iter().map(|span| text.slice(span).to_ascii_lowercase()).collect();
            for number in 1..=different.len().min(most) {
                hints.push(Hint { topic: topic.clone(), part, rule: format!("{topic} {number}"), points });
            }
        }
    }
}
