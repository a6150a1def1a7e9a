//! Compiling the texts of a locale at start, and rendering one line.

use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};

use super::letters::{Letters, Written};
use super::line::Line;
use super::lines::catalogue::{self, APOLOGY, Source};
use super::lint::{MAX_WORDS, capital, count_words};
use super::values::list::{as_subject, joined, with_a, with_the};
use crate::domain::{Channel, Letter};

/// Why the texts of a locale cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// No texts in this language.
    #[error("no texts for locale `{locale}`")]
    UnknownLocale {
        /// What was asked for.
        locale: String,
    },
    /// A line has no text.
    #[error("the text `{name}` is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A text is not a template.
    #[error("the text `{name}` does not compile")]
    Broken {
        /// Its name.
        name: &'static str,
        /// Where and why.
        #[source]
        source: Box<minijinja::Error>,
    },
}

/// The texts of one locale, compiled.
#[derive(Debug)]
pub struct Speech {
    templates: Environment<'static>,
    apology: &'static str,
    letters: Letters,
}

impl Speech {
    /// Compiles every text of a locale. A BCP 47 tag with a region falls back to its language.
    pub fn load(locale: &str) -> Result<Self, SpeechError> {
        let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let sources = catalogue::sources(&language).ok_or_else(|| SpeechError::UnknownLocale { locale: locale.to_owned() })?;
        Self::compile(sources, Letters::load(&language)?)
    }

    fn compile(sources: &[Source], letters: Letters) -> Result<Self, SpeechError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.add_filter("and_list", |items: Vec<String>| joined(&items, "and"));
        templates.add_filter("or_list", |items: Vec<String>| joined(&items, "or"));
        templates.add_filter("the", |text: String| with_the(&text));
        templates.add_filter("a", |text: String| with_a(&text));
        templates.add_filter("subject", |text: String| as_subject(&text));
        for name in catalogue::NAMES {
            let (_, text) = sources.iter().find(|(have, _)| have == name).ok_or(SpeechError::Missing { name })?;
            templates.add_template(name, text).map_err(|source| SpeechError::Broken { name, source: Box::new(source) })?;
        }
        let (_, apology) = sources.iter().find(|(name, _)| *name == APOLOGY).ok_or(SpeechError::Missing { name: APOLOGY })?;
        Ok(Self { templates, apology: apology.trim(), letters })
    }

    /// The line as it is said. A line over two breaths is said in its shorter form, where it has
    /// one. A text that cannot be rendered is a fault of the program: it is logged, and the caller
    /// hears an apology.
    pub fn say<L: Line>(&self, line: &L) -> String {
        let mut said = self.render(line);
        let mut shorter = line.shorter();
        while let Some(line) = shorter.filter(|_| count_words(&said) > MAX_WORDS) {
            said = self.render(&line);
            shorter = line.shorter();
        }
        said
    }

    /// A letter in words, as its channel carries it; `None` where it cannot be worded, which is a fault of
    /// the program and logged.
    pub fn write(&self, letter: &Letter, channel: Channel) -> Option<Written> {
        let written = self.letters.write(letter, channel);
        written
            .inspect_err(
                |error| tracing::error!(letter.kind = letter.told.kind(), error.kind = ?error.kind(), "a letter could not be worded"),
            )
            .ok()
    }

    /// What is said when nothing else can be.
    pub const fn apology(&self) -> &str {
        self.apology
    }

    fn render<L: Line>(&self, line: &L) -> String {
        match self.try_render(line) {
            Ok(said) => said,
            Err(error) => {
                tracing::error!(line.name = L::NAME, error.kind = ?error.kind(), "a line could not be rendered");
                self.apology.to_owned()
            }
        }
    }

    pub(in crate::speech) fn try_render<L: Line>(&self, line: &L) -> Result<String, minijinja::Error> {
        let text = self.templates.get_template(L::NAME)?.render(Value::from(Serde(line)))?;
        Ok(tidy(&text))
    }
}

/// One line with single blanks, none before a mark, and a capital where a sentence starts.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let starts_sentence = out.is_empty() || out.ends_with(['.', '?', '!']);
        if !out.is_empty() && !word.starts_with([',', '.', '?', '!', ':', ';']) {
            out.push(' ');
        }
        let mut letters = word.chars();
        match letters.next().filter(|_| starts_sentence) {
            Some(first) => out.extend(std::iter::once(capital(first)).chain(letters)),
            None => out.push_str(word),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{FindOne, NotFound, speakable_title, spoken_kind};

    #[derive(serde::Serialize)]
    struct Unknown {}
    impl Line for Unknown {
        const NAME: &'static str = "no_such_line";
    }

    #[derive(serde::Serialize)]
    struct WithoutItsValues {}
    impl Line for WithoutItsValues {
        const NAME: &'static str = "find_one";
    }

    #[test]
    fn a_region_falls_back_to_its_language_and_a_foreign_language_is_refused() {
        for locale in ["en", "en-GB", "EN_us"] {
            assert!(Speech::load(locale).is_ok(), "{locale}");
        }
        assert!(matches!(Speech::load("tlh"), Err(SpeechError::UnknownLocale { locale }) if locale == "tlh"));
        assert!(Speech::load("").is_err());
    }

    #[test]
    fn a_missing_or_broken_text_stops_the_start() {
        let all = catalogue::sources("en").unwrap();
        for (index, (gone, _)) in all.iter().enumerate() {
            let mut rest = all.to_vec();
            rest.remove(index);
            assert!(
                matches!(Speech::compile(&rest, Letters::load("en").unwrap()), Err(SpeechError::Missing { name }) if name == *gone),
                "{gone}"
            );
        }
        let mut broken = all.to_vec();
        broken[0].1 = "{% if %}";
        assert!(matches!(Speech::compile(&broken, Letters::load("en").unwrap()), Err(SpeechError::Broken { .. })));
    }

    #[test]
    fn a_line_that_cannot_be_rendered_is_an_apology() {
        let speech = Speech::load("en").unwrap();
        assert_eq!(speech.say(&Unknown {}), speech.apology());
        assert_eq!(speech.say(&WithoutItsValues {}), speech.apology());
        assert_ne!(speech.say(&NotFound {}), speech.apology());
    }

    #[test]
    fn a_line_starts_with_a_capital_and_has_no_stray_blanks() {
        let speech = Speech::load("en").unwrap();
        let line = FindOne {
            title: speakable_title("acme_invoice.pdf"),
            kind: spoken_kind(crate::domain::Category::Document),
            date: None,
            author: None,
        };
        assert_eq!(speech.say(&line), "I found the acme invoice, a document.");
        assert_eq!(tidy(" one \n two , three\n. four"), "One two, three. Four");
        // A letter whose capital is two signs stays as it is.
        assert_eq!(tidy("\u{1E96}a."), "\u{1E96}a.");
    }
}
