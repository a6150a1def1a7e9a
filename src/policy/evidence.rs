//! What must show that the caller agreed, before a permitted action is done.

/// How a caller's yes reached us, from least to most. A policy demands one with `@evidence("…")`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The model says that the caller agreed.
    #[default]
    ModelWord,
    /// The platform heard the caller agree.
    Heard,
    /// The caller keyed it.
    Keypad,
}

impl Evidence {
    /// Every kind, from least to most.
    pub const ALL: [Self; 3] = [Self::ModelWord, Self::Heard, Self::Keypad];

    /// The annotation of a policy that demands it.
    pub(super) const ANNOTATION: &'static str = "evidence";

    /// The text form, as policies name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelWord => "model_word",
            Self::Heard => "heard",
            Self::Keypad => "keypad",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.as_str() == text)
    }
}
