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

    /// A new code for a call instead of a link.
    CodeForCall = "code_for_call" {
        /// The code.
        code: Spoken,
        /// Whose phone it is for.
        recipient: Spoken,
        /// How long it lives.
        lifetime: Spoken,
    };

    /// A code for calls is for somebody without a number.
    CodeNoNumber = "code_no_number" {
        /// Who.
        recipient: Spoken,
    };

    /// As many codes for calls are alive as there may be.
    CodeTooMany = "code_too_many" {};

    /// The caller has a code, and has not given it yet.
    CodeKeyIt = "code_key_it" {};

    /// The caller's code was right.
    CodeOpened = "code_opened" {
        /// What it opens.
        title: Spoken,
    };

    /// The caller's code opens nothing, for whatever reason.
    CodeClosed = "code_closed" {};

    /// The caller's code was right, and what it opens cannot be had.
    CodeNotNow = "code_not_now" {};
}
