//! One look through a file: every family, the surest first, each over what those before have left.

use std::io;

use aho_corasick::BuildError;

use super::credentials::Credentials;
use super::hits::{Hits, Page};
use super::own::Own;
use super::text::Text;
use super::{birth, cards, contact, context, health, iban, ids};
use crate::domain::{FilePart, Finding, OwnRule};

/// What is sensitive in a text at hand, by the built-in rules and these: for trying rules out. What comes from a file is looked
/// through in a worker.
///
/// # Errors
/// When the built-in words are too many for a search, which a test rules out.
pub fn look_through(text: &str, own: &[OwnRule]) -> io::Result<Vec<Finding>> {
    let screen = Screen::new().map_err(io::Error::other)?;
    Ok(screen.look(&[(FilePart::Text, text)], own))
}

/// What looks for sensitive things.
#[derive(Debug)]
pub(in crate::inspect) struct Screen {
    words: context::Finder,
    credentials: Credentials,
    health: health::Terms,
}

impl Screen {
    /// Made ready.
    ///
    /// # Errors
    /// When the built-in words are too many for a search, which a test rules out.
    pub fn new() -> Result<Self, Box<BuildError>> {
        Ok(Self { words: context::Finder::new()?, credentials: Credentials::new()?, health: health::Terms::new()? })
    }

    /// What is sensitive in the parts of a file, by the built-in rules and a customer's own.
    pub fn look(&self, parts: &[(FilePart, &str)], own: &[OwnRule]) -> Vec<Finding> {
        let own = Own::new(own);
        let mut hits = Hits::default();
        for (part, raw) in parts {
            let text = Text::new(raw);
            let words = self.words.find(&text);
            let mut page = Page::new(&text, *part, words, &mut hits);
            self.credentials.find(&mut page);
            iban::find(&mut page);
            contact::emails(&mut page);
            // A state's number of fifteen digits is surer by its own check than a card by its one digit.
            ids::find(&mut page);
            cards::find(&mut page);
            birth::find(&mut page);
            contact::phones(&mut page);
            self.health.find(&mut page);
            own.find(&mut page);
        }
        hits.findings()
    }
}
