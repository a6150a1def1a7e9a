//! What stores and topics post of objects: who may, and how it is proved.
//!
//! INVARIANT: nothing that was posted has an effect before it is proved, but that the certificate of a
//! topic is looked up, where the operator allowed that topic.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use subtle::ConstantTimeEq;
use url::Url;

use super::secrets::token_hash;
use super::{EventTally, Files, FilesError};
use crate::blob::{SigningCertificate, TopicArn, TopicError, TopicKind, TopicMessage};
use crate::domain::Timestamp;

/// Certificates that are remembered. SNS changes one about once a year.
const MOST_CERTIFICATES: usize = 16;
/// Certificates that are asked for within [`WINDOW`] at most: whoever makes addresses up does not make this
/// server ask for all of them.
const MOST_ASKED: u32 = 10;
/// See [`MOST_ASKED`].
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Asks for what lies at an address outside. Implementations bound time and size, follow no redirect, and keep from
/// addresses of networks that are not public.
#[async_trait]
pub trait Fetch: std::fmt::Debug + Send + Sync {
    /// The body of a successful answer.
    ///
    /// # Errors
    /// When there is none.
    async fn get(&self, url: &Url) -> Result<Bytes, FetchError>;
}

/// Nothing was got from an address outside.
#[derive(Debug, thiserror::Error)]
#[error("an address outside did not answer as it should")]
pub struct FetchError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What whoever posts events must show; kept as a hash.
#[derive(Clone)]
pub struct EventToken(String);

impl std::fmt::Debug for EventToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EventToken(hidden)")
    }
}

impl EventToken {
    /// Of the text that is to be shown.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(token_hash(text))
    }

    /// Whether this is the text, in a time that does not tell how much of it is right.
    fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(token_hash(shown).as_bytes()).into()
    }
}

/// What a post is taken for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Demand {
    /// The token, or the signature of an allowed topic.
    #[default]
    Either,
    /// The token.
    Token,
    /// The signature of an allowed topic.
    Signature,
    /// Both.
    Both,
}

/// Whose posts are taken.
#[derive(Debug, Clone, Default)]
pub struct PostRules {
    /// What may be shown.
    pub token: Option<EventToken>,
    /// The topics whose signature counts.
    pub topics: Vec<TopicArn>,
    /// What is needed.
    pub demand: Demand,
    /// By what certificates are got and subscriptions confirmed; no signature counts without it.
    pub fetch: Option<Arc<dyn Fetch>>,
}

impl PostRules {
    /// Whether there is any way to post.
    fn is_open(&self) -> bool {
        let (token, topics) = (self.token.is_some(), !self.topics.is_empty());
        match self.demand {
            Demand::Either => token || topics,
            Demand::Token => token,
            Demand::Signature => topics,
            Demand::Both => token && topics,
        }
    }
}

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It was taken in.
    Taken(EventTally),
    /// Nobody may post here.
    Closed,
    /// It was not proved, and has had no effect.
    Unproved,
}

/// The certificates of topics, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    known: HashMap<Url, SigningCertificate>,
    /// Since when how many were asked for.
    asked: Option<(Timestamp, u32)>,
}

impl Certificates {
    /// Whether another one may be asked for.
    fn may_ask(&mut self, now: Timestamp) -> bool {
        let (since, count) = self.asked.filter(|(since, _)| now.duration_since(*since) < WINDOW).unwrap_or((now, 0));
        self.asked = Some((since, count.saturating_add(1)));
        count < MOST_ASKED
    }
}

/// Why a post with a signature is not taken.
enum Unproved {
    Topic(TopicError),
    Files(FilesError),
}

impl From<TopicError> for Unproved {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}

impl From<FilesError> for Unproved {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

impl Files {
    /// Takes in what was posted of objects, with the token that was shown, when it is proved as the rules
    /// demand.
    ///
    /// # Errors
    /// `Invalid` when it is proved and cannot be read; else when something that is needed does not answer: the
    /// same post may be made again.
    pub async fn posted(&self, shown: Option<&str>, body: &[u8]) -> Result<Posted, FilesError> {
        let rules = &self.0.settings.posts;
        if !rules.is_open() {
            return Ok(Posted::Closed);
        }
        let by_token = rules.token.as_ref().zip(shown).is_some_and(|(token, shown)| token.is(shown));
        let needs_signature = match rules.demand {
            Demand::Either => !by_token,
            Demand::Token => false,
            Demand::Signature | Demand::Both => true,
        };
        if matches!(rules.demand, Demand::Token | Demand::Both) && !by_token {
            return Ok(self.unproved(None));
        }
        if !needs_signature {
            return self.store_message(body).await.map(Posted::Taken);
        }
        match self.signed_message(body).await {
            Ok((message, topic)) => self.take_signed(&message, topic, body).await.map(Posted::Taken),
            Err(Unproved::Topic(error)) => Ok(self.unproved(Some(error))),
            Err(Unproved::Files(error)) => Err(error),
        }
    }

    /// Counts a post that was not taken. Told in powers of two, so that whoever is refused does not fill the log.
    fn unproved(&self, error: Option<TopicError>) -> Posted {
        let count = self.0.events.unproved.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count.is_power_of_two() {
            let reason = error.map(|error| error.to_string());
            tracing::warn!(posts.refused = count, reason, "posts of events were refused that nobody proved");
        }
        Posted::Unproved
    }

    /// A message that a topic of the rules signed.
    async fn signed_message(&self, body: &[u8]) -> Result<(TopicMessage, &TopicArn), Unproved> {
        let rules = &self.0.settings.posts;
        let message = TopicMessage::parse(body)?;
        let topic = rules.topics.iter().find(|topic| topic.as_str() == message.topic()).ok_or(TopicError::Shape)?;
        let url = message.certificate_url(topic, self.now())?;
        let certificate = self.certificate(url).await?;
        message.check(topic, &certificate, self.now())?;
        Ok((message, topic))
    }

    async fn certificate(&self, url: Url) -> Result<SigningCertificate, Unproved> {
        // INVARIANT: one at a time. Who waits for the same one finds it known.
        let mut certificates = self.0.certificates.lock().await;
        if let Some(known) = certificates.known.get(&url) {
            return Ok(known.clone());
        }
        let Some(fetch) = self.0.settings.posts.fetch.as_ref().filter(|_| certificates.may_ask(self.now())) else {
            return Err(FilesError::TooMany("certificates are asked for too often").into());
        };
        let pem = fetch.get(&url).await.map_err(FilesError::Outside)?;
        let certificate = SigningCertificate::parse(&pem)?;
        if certificates.known.len() >= MOST_CERTIFICATES {
            certificates.known.clear();
        }
        certificates.known.insert(url, certificate.clone());
        Ok(certificate)
    }

    async fn take_signed(&self, message: &TopicMessage, topic: &TopicArn, body: &[u8]) -> Result<EventTally, FilesError> {
        match message.kind() {
            TopicKind::Notification => return self.store_message(body).await,
            TopicKind::SubscriptionConfirmation => {
                let reason = |error: TopicError| FilesError::Invalid { field: "SubscribeURL", reason: error.to_string() };
                let url = message.confirmation_url(topic).map_err(reason)?;
                if let Some(fetch) = &self.0.settings.posts.fetch {
                    fetch.get(&url).await.map_err(FilesError::Outside)?;
                    tracing::info!(topic = topic.as_str(), "the subscription to a topic was confirmed");
                }
            }
            TopicKind::UnsubscribeConfirmation => {
                tracing::error!(topic = topic.as_str(), "the subscription to a topic has ended; its events do not come any more");
            }
        }
        Ok(EventTally::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_addresses_of_certificates_are_not_all_asked_for() {
        let mut certificates = Certificates::default();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        for asked in 0..MOST_ASKED {
            assert!(certificates.may_ask(at(i64::from(asked))), "{asked}");
        }
        assert!(!certificates.may_ask(at(59)));
        assert!(certificates.may_ask(at(60)));
    }

    #[test]
    fn what_is_demanded_and_cannot_be_shown_lets_nobody_post() {
        let (token, topic) = (EventToken::of("t"), TopicArn::parse("arn:aws:sns:us-east-1:1:t").unwrap());
        for (has_token, has_topic, demand, is_open) in [
            (false, false, Demand::Either, false),
            (true, false, Demand::Either, true),
            (false, true, Demand::Either, true),
            (false, true, Demand::Token, false),
            (true, false, Demand::Signature, false),
            (true, false, Demand::Both, false),
            (false, true, Demand::Both, false),
            (true, true, Demand::Both, true),
        ] {
            let rules = PostRules {
                token: has_token.then(|| token.clone()),
                topics: if has_topic { vec![topic.clone()] } else { Vec::new() },
                demand,
                fetch: None,
            };
            assert_eq!(rules.is_open(), is_open, "{has_token} {has_topic} {demand:?}");
        }
    }
}
