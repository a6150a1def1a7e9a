//! What people are told in writing, and how it reaches them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// How a message reaches a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// To a mail address.
    Mail,
    /// As a text to a number.
    Sms,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Sms];

    /// The text form, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What a message tells. Names no file: who finds a message learns nothing of what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// A link to a file; the code that opens it comes another way.
    Link {
        /// The link's address.
        url: String,
        /// Until when it opens; not known of messages that older versions wrote.
        #[serde(default)]
        until: Option<Timestamp>,
        /// By which message the code comes; it is told in a call when `None`.
        #[serde(default)]
        code_by: Option<Channel>,
    },
    /// The code for a link that came another way.
    Code {
        /// Digits without groups, or words with blanks.
        code: String,
        /// Until when it opens.
        until: Timestamp,
    },
    /// A link and its code together.
    LinkAndCode {
        /// The link's address.
        url: String,
        /// Until when it opens.
        until: Timestamp,
        /// Digits without groups, or words with blanks.
        code: String,
        /// Until when the code opens it.
        code_until: Timestamp,
    },
    /// A page on which files can be handed over.
    UploadLink {
        /// The page's address.
        url: String,
        /// Until when it takes files.
        until: Timestamp,
        /// What is asked for, in the words of whoever asked.
        #[serde(default)]
        what: Option<String>,
    },
}

impl Told {
    /// The text form of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Link { .. } => "link",
            Self::Code { .. } => "code",
            Self::LinkAndCode { .. } => "link_and_code",
            Self::UploadLink { .. } => "upload_link",
        }
    }
}

/// A message as it lies sealed in the outbox: facts alone, worded when it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The customer in whose name it comes.
    pub from: String,
    /// Who had it sent.
    #[serde(default)]
    pub sender: Option<String>,
    /// The recipient's name.
    #[serde(default)]
    pub to: Option<String>,
    /// IANA name of the time zone that its times are written in.
    pub time_zone: String,
    /// What it tells.
    pub told: Told,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_reads_back_from_its_text() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!(Channel::parse("pigeon"), None);
    }
}
