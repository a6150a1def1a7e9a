//! What is said around access codes.

use super::super::line::line;
use crate::speech::Spoken;

line! {
    /// The read-back before a code is issued.
    ConfirmCode = "code_confirm" {
        /// What it opens.
        title: Spoken,
        /// How long it would live.
        lifetime: Spoken,
    };

    /// A new code.
    CodeIssued = "code_issued" {
        /// What it opens.
        title: Option<Spoken>,
        /// The code: `spoken_digits` or `spoken_code_words`.
        code: Spoken,
        /// How long it lives.
        lifetime: Spoken,
    }
    shorter |line| line.title.is_some().then(|| Self { title: None, ..line.clone() });

    /// The same code once more.
    CodeAgain = "code_again" {
        /// The code.
        code: Spoken,
        /// How long it still lives: `spoken_left`.
        left: Spoken,
    };

    /// The same code, to write down.
    CodeAgainSlower = "code_again_slower" {
        /// The code: `spoken_digits_slowly` or `spoken_code_words`.
        code: Spoken,
    };

    /// There is no link that a code could open.
    CodeNeedsShare = "code_needs_share" {};

    /// No code for this file, to somebody who may know it.
    CodeRefused = "code_refused" {
        /// What it is called.
        title: Spoken,
    };
}
