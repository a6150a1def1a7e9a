//! What is said of files that somebody is asked for, and of how far they are.

use super::super::line::line;
use super::share::SentBy;
use crate::speech::Spoken;

line! {
    /// The caller is on the way to a page on which he hands files over.
    UploadOfCaller = "request_caller" {
        /// What he is to send.
        what: Option<Spoken>,
        /// How the link reaches him.
        by: SentBy,
        /// For how long it takes files.
        lifetime: Spoken,
    }
    shorter |line| {
        let mut shorter = line.clone();
        (shorter.what.take().is_some()).then_some(shorter)
    };

    /// Somebody was asked.
    UploadOfOther = "request_other" {
        /// Who.
        sender: Spoken,
        /// What he is to send.
        what: Option<Spoken>,
        /// How the link reaches him.
        by: SentBy,
        /// For how long it takes files.
        lifetime: Spoken,
    }
    shorter |line| {
        let mut shorter = line.clone();
        (shorter.what.take().is_some()).then_some(shorter)
    };

    /// Nothing is asked of anybody before a yes.
    ConfirmUpload = "request_confirm" {
        /// Who is to send.
        sender: Spoken,
        /// What.
        what: Option<Spoken>,
        /// For how long the link takes files.
        lifetime: Spoken,
    }
    shorter |line| {
        let mut shorter = line.clone();
        (shorter.what.take().is_some()).then_some(shorter)
    };

    /// It was asked for a moment ago.
    UploadAgain = "request_again" {
        /// Who was asked; the caller himself when nobody is named.
        sender: Option<Spoken>,
    };

    /// Nothing was sent, and perhaps something is waited for.
    NothingArrived = "progress_none" {
        /// Who was asked and has sent nothing yet.
        waiting_for: Option<Spoken>,
        /// Whether the caller has a link that he has not used.
        yours: bool,
    };

    /// How far what was sent is.
    HowFar = "progress" {
        /// What is ready.
        ready: Option<Spoken>,
        /// Whether that is more than one.
        ready_many: bool,
        /// What a password opened.
        opened: Option<Spoken>,
        /// Whether that is more than one.
        opened_many: bool,
        /// What a password is being tried at.
        trying: Option<Spoken>,
        /// Whether that is more than one.
        trying_many: bool,
        /// What the password that was given does not open.
        wrong: Option<Spoken>,
        /// Whether that is more than one.
        wrong_many: bool,
        /// What is here and locked with a password.
        closed: Option<Spoken>,
        /// Whether that is more than one.
        closed_many: bool,
        /// What is here and could not be read.
        unread: Option<Spoken>,
        /// Whether that is more than one.
        unread_many: bool,
        /// What is being checked.
        checking: Option<Spoken>,
        /// Whether that is more than one.
        checking_many: bool,
        /// What is locked away.
        locked: Option<Spoken>,
        /// Whether that is more than one.
        locked_many: bool,
        /// What could not be checked.
        unchecked: Option<Spoken>,
        /// Whether that is more than one.
        unchecked_many: bool,
    }
    shorter |line| {
        let mut shorter = line.clone();
        let titles = [
            &mut shorter.ready,
            &mut shorter.opened,
            &mut shorter.trying,
            &mut shorter.wrong,
            &mut shorter.closed,
            &mut shorter.unread,
            &mut shorter.checking,
            &mut shorter.locked,
            &mut shorter.unchecked,
        ];
        for title in titles.into_iter().flatten() {
            *title = title.first_words(4);
        }
        (shorter != *line).then_some(shorter)
    };
}
