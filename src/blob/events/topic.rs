//! Messages of topics (Amazon SNS), and whether they are what their topic signed.
//!
//! INVARIANT: what is asked from outside for a message lies at the one host that serves its topic. That
//! host is named by the topic, which the operator allowed, and never by the message.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey};
use serde::Deserialize;
use url::Url;

use super::certificate::SigningCertificate;
use crate::domain::Timestamp;

/// How old a message may be: as long as SNS tries to deliver one.
const MOST_AGE: SignedDuration = SignedDuration::from_hours(1);
/// How far its clock may be ahead of ours.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// Why a message is not taken for its topic's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It is no message of a topic.
    #[error("it is no message of a topic")]
    Shape,
    /// It was written too long ago, or lies in the future.
    #[error("its time is too far from now")]
    Time,
    /// Its certificate, or its confirmation, does not lie where the topic's do.
    #[error("an address in it is not one of its topic")]
    Address,
    /// Its certificate cannot be read, is none of the topic's, or is not valid now.
    #[error("its certificate does not hold")]
    Certificate,
    /// It is not what was signed, or signed in a way that is not known.
    #[error("its signature does not hold")]
    Signature,
}

/// The name of a topic, with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn {
    text: String,
    region: String,
    /// The end of its partition's host names.
    suffix: &'static str,
}

impl TopicArn {
    /// Reads `arn:partition:sns:region:account:name`, of a partition that is known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split(':');
        let mut next = || pieces.next().filter(|piece| !piece.is_empty());
        let (Some("arn"), Some(partition), Some("sns"), Some(region), Some(account), Some(_name), None) =
            (next(), next(), next(), next(), next(), next(), next())
        else {
            return None;
        };
        let suffix = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => return None,
        };
        // It becomes a part of a host's name.
        let is_region = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let is_account = account.bytes().all(|byte| byte.is_ascii_digit());
        (is_region && is_account).then(|| Self { text: text.to_owned(), region: region.to_owned(), suffix })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host that serves the topic.
    pub fn host(&self) -> String {
        format!("sns.{}.{}", self.region, self.suffix)
    }

    /// The names under which certificates of its region are issued. Older regions share one; newer ones,
    /// and other partitions, have their own.
    pub(super) fn signers(&self) -> Vec<String> {
        let (region, suffix) = (&self.region, self.suffix);
        let mut names =
            vec![self.host(), format!("sns.{suffix}"), format!("sns-{region}.{suffix}"), format!("sns-signing.{region}.{suffix}")];
        if region.starts_with("us-gov-") {
            // Both regions of GovCloud sign under the name of one.
            names.push("sns-us-gov-west-1.amazonaws.com".to_owned());
        }
        names
    }
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TopicKind {
    /// Something that was published.
    Notification,
    /// Whoever takes its messages is to say that he wants them.
    SubscriptionConfirmation,
    /// He gets none any more.
    UnsubscribeConfirmation,
}

impl TopicKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

/// A message of a topic, as it came. Nothing of it is to be believed before [`TopicMessage::check`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicMessage {
    #[serde(rename = "Type")]
    kind: TopicKind,
    message_id: String,
    topic_arn: String,
    message: String,
    subject: Option<String>,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

impl TopicMessage {
    /// Reads a message; a field that is there twice makes it none.
    ///
    /// # Errors
    /// `Shape` when it is no message of a topic, or one that was not signed.
    pub fn parse(body: &[u8]) -> Result<Self, TopicError> {
        serde_json::from_slice(body).map_err(|_| TopicError::Shape)
    }

    /// What it is about.
    pub const fn kind(&self) -> TopicKind {
        self.kind
    }

    /// The topic that it names.
    pub fn topic(&self) -> &str {
        &self.topic_arn
    }

    /// Where the certificate lies that it is to be checked with. Nothing is asked for a message that
    /// would not be taken whatever its signature is.
    ///
    /// # Errors
    /// `Shape` when it names another topic, `Time` when it is too old or of the future, `Signature` when it
    /// is signed in a way that is not known, `Address` when its certificate is not the topic's.
    pub fn certificate_url(&self, topic: &TopicArn, now: Timestamp) -> Result<Url, TopicError> {
        self.check_fields(topic, now)?;
        let url = at_host(&self.signing_cert_url, topic)?;
        let name = url.path().strip_prefix("/SimpleNotificationService-").and_then(|rest| rest.strip_suffix(".pem"));
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if url.query().is_none() && name.is_some_and(is_name) { Ok(url) } else { Err(TopicError::Address) }
    }

    /// Makes sure that the topic signed exactly this, not long ago.
    ///
    /// # Errors
    /// Why it is not to be taken.
    pub fn check(&self, topic: &TopicArn, certificate: &SigningCertificate, now: Timestamp) -> Result<(), TopicError> {
        self.certificate_url(topic, now)?;
        certificate.check(topic, now)?;
        let signature = BASE64_STANDARD.decode(&self.signature).map_err(|_| TopicError::Signature)?;
        let key = UnparsedPublicKey::new(self.algorithm()?, certificate.key());
        key.verify(self.signed_text()?.as_bytes(), &signature).map_err(|_| TopicError::Signature)
    }

    /// Where a subscription is confirmed. To be asked for once the message was checked.
    ///
    /// # Errors
    /// `Shape` when it asks for no confirmation, `Address` when it is not to be given where the topic is.
    pub fn confirmation_url(&self, topic: &TopicArn) -> Result<Url, TopicError> {
        let (TopicKind::SubscriptionConfirmation, Some(address), Some(token)) = (self.kind, &self.subscribe_url, &self.token) else {
            return Err(TopicError::Shape);
        };
        let url = at_host(address, topic)?;
        let mut asked: Vec<_> = url.query_pairs().collect();
        asked.sort();
        let expected = [("Action", "ConfirmSubscription"), ("Token", token.as_str()), ("TopicArn", topic.as_str())];
        let is_it = asked.iter().map(|(name, value)| (&**name, &**value)).eq(expected);
        if url.path() == "/" && is_it { Ok(url) } else { Err(TopicError::Address) }
    }

    fn check_fields(&self, topic: &TopicArn, now: Timestamp) -> Result<(), TopicError> {
        // A break of line would let one field be read as two of the text that was signed.
        if self.topic_arn != topic.as_str() || self.message_id.contains('\n') {
            return Err(TopicError::Shape);
        }
        let at: Timestamp = self.timestamp.parse().map_err(|_| TopicError::Time)?;
        let age = now.duration_since(at);
        if age > MOST_AGE || -age > MOST_AHEAD {
            return Err(TopicError::Time);
        }
        self.algorithm().map(drop)
    }

    fn algorithm(&self) -> Result<&'static RsaParameters, TopicError> {
        match self.signature_version.as_str() {
            // SNS signs so unless the owner of the topic asks for the other.
            "1" => Ok(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
            "2" => Ok(&RSA_PKCS1_2048_8192_SHA256),
            _ => Err(TopicError::Signature),
        }
    }

    /// The text that SNS signs: names and values of fields, each on a line, in the order of their names.
    fn signed_text(&self) -> Result<String, TopicError> {
        let own = [("Message", Some(&self.message)), ("MessageId", Some(&self.message_id))];
        let middle = match self.kind {
            TopicKind::Notification => [("Subject", self.subject.as_ref()), ("Timestamp", Some(&self.timestamp)), ("", None)],
            TopicKind::SubscriptionConfirmation | TopicKind::UnsubscribeConfirmation => {
                let (Some(url), Some(token)) = (&self.subscribe_url, &self.token) else { return Err(TopicError::Shape) };
                [("SubscribeURL", Some(url)), ("Timestamp", Some(&self.timestamp)), ("Token", Some(token))]
            }
        };
        let mut text = String::new();
        for (name, value) in own.into_iter().chain(middle).chain([("TopicArn", Some(&self.topic_arn))]) {
            if let Some(value) = value {
                text.extend([name, "\n", value, "\n"]);
            }
        }
        text.extend(["Type\n", self.kind.as_str(), "\n"]);
        Ok(text)
    }
}

/// An address at the topic's host, over TLS and at its usual port.
fn at_host(address: &str, topic: &TopicArn) -> Result<Url, TopicError> {
    let url = Url::parse(address).map_err(|_| TopicError::Address)?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none() && url.fragment().is_none();
    if url.scheme() == "https" && url.host_str() == Some(&topic.host()) && is_plain { Ok(url) } else { Err(TopicError::Address) }
}
