//! What is said of a file that somebody sent during the call.

use super::super::line::line;
use crate::speech::Spoken;

line! {
    /// It is there, and is being checked.
    FileArrived = "event_arrived" {
        /// What it is called.
        title: Spoken,
    };

    /// It was checked, and is ready.
    FileReady = "event_ready" {
        /// What it is called.
        title: Spoken,
        /// "document".
        kind: Spoken,
        /// How long it is: "three pages".
        extent: Option<Spoken>,
    }
    shorter |line| {
        let mut shorter = line.clone();
        shorter.title = shorter.title.first_words(4);
        (shorter != *line).then_some(shorter)
    };

    /// It looked harmful.
    FileLockedAway = "event_quarantined" {
        /// What it is called.
        title: Spoken,
    };

    /// It was checked and is clean; it is locked with a password.
    FileReadyLocked = "event_ready_locked" {
        /// What it is called.
        title: Spoken,
    };

    /// It was checked and is clean; its text could not be read.
    FileReadyUnread = "event_ready_unread" {
        /// What it is called.
        title: Spoken,
    };

    /// A password opened it.
    FileUnlocked = "event_unlocked" {
        /// What it is called.
        title: Spoken,
    };

    /// The password that was given does not open it.
    FileStillLocked = "event_still_locked" {
        /// What it is called.
        title: Spoken,
    };

    /// The password that was given could not be tried.
    PasswordNotTried = "event_not_tried" {
        /// What it is called.
        title: Spoken,
    };

    /// It could not be checked.
    FileUnchecked = "event_unchecked" {
        /// What it is called.
        title: Spoken,
    };
}
