//! What is said when a file is given to somebody.

use serde::Serialize;

use super::super::line::line;
use crate::domain::{Channel, Rights};
use crate::speech::Spoken;

/// Why a share is refused to somebody who may know the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareRefusal {
    /// The caller has no right to share it.
    Rights,
    /// It must not leave the customer.
    Outside,
    /// What it holds is too sensitive.
    Sensitive,
}

/// Whom a share is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareToward {
    /// Somebody of the directory.
    Somebody,
    /// The caller.
    Caller,
    /// Somebody the directory does not know, at an address that is spelled.
    NewContact,
    /// Whoever has the link.
    Anyone,
}

/// How a link reaches somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBy {
    /// In a mail.
    Mail,
    /// In a text.
    Text,
    /// Not by a message: whoever reads the answer shows it.
    Nothing,
}

impl From<Option<Channel>> for SentBy {
    fn from(channel: Option<Channel>) -> Self {
        match channel {
            Some(Channel::Mail) => Self::Mail,
            Some(Channel::Sms) => Self::Text,
            None => Self::Nothing,
        }
    }
}

line! {
    /// The read-back before a share.
    ConfirmShare = "share_confirm" {
        /// What the file is called.
        title: Spoken,
        /// Whom it is for.
        toward: ShareToward,
        /// Who gets it, with what separates him from soundalikes: `spoken_recipient`; the address of
        /// somebody new: `spoken_address`.
        recipient: Spoken,
        /// What he may do.
        rights: Rights,
        /// For how long.
        lifetime: Spoken,
        /// How often it may be opened, where that is limited: `spoken_times`.
        downloads: Option<Spoken>,
        /// Whether a code opens it.
        with_code: bool,
        /// Whether it is the newest version whenever it is opened.
        newest: bool,
    }
    shorter |line| {
        if line.title.words() > 4 {
            Some(Self { title: line.title.first_words(4), ..line.clone() })
        } else {
            line.with_code.then(|| Self { with_code: false, ..line.clone() })
        }
    };

    /// Shared with somebody of the customer.
    SharedInside = "share_done_inside" {
        /// What the file is called.
        title: Spoken,
        /// Who got it.
        recipient: Spoken,
        /// What he may do.
        rights: Rights,
        /// For how long.
        lifetime: Spoken,
    };

    /// Shared with somebody outside: the caller hears the code to relay it.
    SharedOutside = "share_done_outside" {
        /// What the file is called.
        title: Option<Spoken>,
        /// Who got it.
        recipient: Spoken,
        /// How the link reaches him.
        by: SentBy,
        /// How long the link lives.
        lifetime: Option<Spoken>,
        /// The code: `spoken_digits` or `spoken_code_words`.
        code: Spoken,
        /// By which message of its own it goes too.
        code_by: SentBy,
        /// How long the code lives.
        code_lifetime: Spoken,
        /// Whether it is said how to take it back.
        undo: bool,
    }
    shorter |line| {
        if line.undo {
            Some(Self { undo: false, ..line.clone() })
        } else if line.lifetime.is_some() {
            Some(Self { lifetime: None, ..line.clone() })
        } else if line.title.is_some() {
            Some(Self { title: None, ..line.clone() })
        } else {
            (line.code_by != SentBy::Nothing).then(|| Self { code_by: SentBy::Nothing, ..line.clone() })
        }
    };

    /// The caller gets the link: for himself, or to hand it to anyone.
    SharedWithCaller = "share_done_caller" {
        /// What the file is called.
        title: Option<Spoken>,
        /// How the link reaches him.
        by: SentBy,
        /// Whether it is for anyone who has it.
        anyone: bool,
        /// The code: `spoken_digits` or `spoken_code_words`.
        code: Spoken,
        /// By which message of its own it goes too.
        code_by: SentBy,
        /// How long the code lives.
        code_lifetime: Spoken,
    }
    shorter |line| {
        if line.title.is_some() {
            Some(Self { title: None, ..line.clone() })
        } else {
            (line.code_by != SentBy::Nothing).then(|| Self { code_by: SentBy::Nothing, ..line.clone() })
        }
    };

    /// The same share lives already.
    AlreadyShared = "share_already" {
        /// What the file is called.
        title: Spoken,
        /// Who has it.
        recipient: Spoken,
        /// How long it still lives: `spoken_left`.
        left: Spoken,
    };

    /// Two or three people sound like the name.
    ChoosePerson = "share_choose_person" {
        /// Each with what separates him: `spoken_recipient`.
        people: Vec<Spoken>,
    };

    /// More than three people sound like the name.
    ManyPeople = "share_many_people" {
        /// How many.
        count: Spoken,
    };

    /// Nobody of that name.
    PersonNotFound = "share_person_not_found" {
        /// Who comes near.
        nearest: Option<Spoken>,
    };

    /// No message can reach the recipient.
    NoAddress = "share_no_address" {
        /// Who.
        recipient: Spoken,
    };

    /// What it holds must not leave the customer; for whoever may read it.
    ShareSensitive = "share_sensitive" {
        /// What it holds: `spoken_findings`; nothing where a person said how sensitive it is.
        holds: Option<Spoken>,
    };

    /// Not allowed, to somebody who may know the file.
    ShareRefused = "share_refused" {
        /// What the file is called.
        title: Spoken,
        /// Why.
        why: ShareRefusal,
    };
}
