//! Owns the lines: one struct for each text of `prompts/say/`, and the list of those texts.
//!
//! Must not hold wording: that is in the texts; nor raw values: a field is a [`crate::speech::Spoken`] or an enum.
//!
//! To add one: see the room's own docs.

pub(in crate::speech) mod catalogue;
mod code;
mod confirm;
mod describe;
mod events;
mod find;
mod general;
mod history;
mod requests;
mod revoke;
#[cfg(test)]
mod samples;
mod share;

pub use code::{
    CodeAgain, CodeAgainSlower, CodeClosed, CodeForCall, CodeIssued, CodeKeyIt, CodeNeedsShare, CodeNoNumber, CodeNotNow, CodeOpened,
    CodeRefused, CodeTooMany, ConfirmCode,
};
pub use confirm::{
    Attempt, Cancelled, ConfirmExpired, ConfirmNeedsKey, ConfirmSuperseded, ConfirmTooEarly, NotUnderstood, NothingToConfirm,
};
pub use describe::{
    DescribeChecking, DescribeFile, DescribeLocked, DescribeQuarantined, DescribeUnreadable, GivenPassword, Note, SpokenSheet, SpokenSheets,
};
pub use events::{
    FileArrived, FileLockedAway, FileReady, FileReadyLocked, FileReadyUnread, FileStillLocked, FileUnchecked, FileUnlocked,
    PasswordNotTried,
};
pub use find::{FindMany, FindNone, FindNoneNearest, FindOne, FindOneChecking, FindOneQuarantined, FindSeveral, Late};
pub use general::{
    Apology, AsISaid, Field, Invalid, Listed, NotAllowed, NotFound, NothingListed, Part, Quarantined, Refused, StillChecking, TooMany,
    Unavailable, Working,
};
pub use history::{HistoryOpened, HistoryUnopened, HistoryUnshared};
pub use requests::{ConfirmUpload, HowFar, NothingArrived, UploadAgain, UploadOfCaller, UploadOfOther};
pub use revoke::{ChooseShare, ManyShares, NothingShared, OpenedBefore, RevokeDone, SharesDiffer};
pub use share::{
    AlreadyShared, ChoosePerson, ConfirmShare, ManyPeople, NoAddress, PersonNotFound, SentBy, ShareRefusal, ShareRefused, ShareSensitive,
    ShareToward, SharedInside, SharedOutside, SharedWithCaller,
};
