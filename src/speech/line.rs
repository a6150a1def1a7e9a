//! What a line is, and how one is declared.

use serde::Serialize;

/// One text of `prompts/say/`, with the values it needs.
pub trait Line: Serialize + Sized {
    /// The file's name without its extension.
    const NAME: &'static str;

    /// The same line with less in it, for when it is over two breaths; `None` when nothing can go.
    fn shorter(&self) -> Option<Self> {
        None
    }
}

/// Declares lines: a struct with serialisable public fields and the file it belongs to.
macro_rules! line {
    ($($(#[$doc:meta])* $name:ident = $file:literal {$($(#[$field_doc:meta])* $field:ident: $kind:ty,)*} $(shorter $shorter:expr)?;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct $name {$($(#[$field_doc])* pub $field: $kind,)*}

        impl $crate::speech::Line for $name {
            const NAME: &'static str = $file;
            $(fn shorter(&self) -> Option<Self> {
                let shorter: fn(&Self) -> Option<Self> = $shorter;
                shorter(self)
            })?
        }
    )*};
}

pub(in crate::speech) use line;
