//! What can be set of the store's events.

use serde::{Deserialize, Serialize};

use super::load::SettingsError;
use super::remote::Hidden;
use crate::blob::Destination;
use crate::files::{Demand, EventToken, PostRules, TopicArn};

/// `store.events`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventSettings {
    /// Address of the queue that is read.
    pub queue_url: Option<String>,
    /// ARN of that queue, for the bucket's set-up and for policies.
    pub queue_arn: Option<String>,
    /// ARN of a topic that pushes to `POST /v1/store/events`, for the bucket's set-up.
    pub topic_arn: Option<String>,
    /// What whoever posts events may show. Nobody may post any without it and without `signed_topics`.
    pub webhook_token: Option<Hidden>,
    /// ARNs of the topics of SNS whose signed messages are taken, and whose subscriptions are confirmed.
    pub signed_topics: Vec<String>,
    /// What a post needs: `either` of the two, the `token`, a topic's `signature`, or `both`.
    pub demand: DemandSetting,
    /// Hosts of SNS that may lie in a network that is not public: endpoints within a VPC.
    pub private_hosts: Vec<String>,
}

/// `store.events.demand`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandSetting {
    /// The token, or the signature of a topic.
    #[default]
    Either,
    /// The token.
    Token,
    /// The signature of a topic.
    Signature,
    /// Both.
    Both,
}

impl EventSettings {
    /// Where the bucket is to send word: the queue, else the topic.
    pub fn destination(&self) -> Option<Destination> {
        let queue = self.queue_arn.clone().map(Destination::Queue);
        queue.or_else(|| self.topic_arn.clone().map(Destination::Topic))
    }

    /// Whose posts are taken, by these settings.
    ///
    /// # Errors
    /// When a topic cannot be read, or something is demanded that nobody could show.
    pub fn posts(&self) -> Result<PostRules, SettingsError> {
        let wrong = |key: &str, reason: String| SettingsError::Value { key: format!("store.events.{key}"), reason };
        let topic = |text: &String| {
            TopicArn::parse(text).ok_or_else(|| wrong("signed_topics", format!("`{text}` must be `arn:aws:sns:region:account:name`")))
        };
        let topics = self.signed_topics.iter().map(topic).collect::<Result<Vec<_>, _>>()?;
        let token = self.webhook_token.as_ref().map(|token| EventToken::of(token.reveal()));
        let needs = |what: &str| wrong("demand", format!("it needs `{what}`, which is not set"));
        let demand = match self.demand {
            DemandSetting::Token | DemandSetting::Both if token.is_none() => return Err(needs("webhook_token")),
            DemandSetting::Signature | DemandSetting::Both if topics.is_empty() => return Err(needs("signed_topics")),
            DemandSetting::Either => Demand::Either,
            DemandSetting::Token => Demand::Token,
            DemandSetting::Signature => Demand::Signature,
            DemandSetting::Both => Demand::Both,
        };
        Ok(PostRules { token, topics, demand, fetch: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:files";

    fn posts(text: &str) -> Result<PostRules, String> {
        let events: EventSettings = serde_json::from_str(text).unwrap();
        events.posts().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_demanded_of_posts_can_be_shown() {
        for (text, expected) in [
            (r#"{"demand": "token"}"#, "webhook_token"),
            (r#"{"demand": "both", "webhook_token": "t"}"#, "signed_topics"),
            (r#"{"demand": "signature", "webhook_token": "t"}"#, "signed_topics"),
            (r#"{"signed_topics": ["files"]}"#, "`files`"),
        ] {
            let error = posts(text).unwrap_err();
            assert!(error.contains(expected) && error.contains("`store.events."), "{text}: {error}");
        }
        let rules = posts(&format!(r#"{{"demand": "both", "webhook_token": "t", "signed_topics": ["{TOPIC}"]}}"#)).unwrap();
        assert_eq!((rules.demand, rules.topics.len(), rules.token.is_some()), (Demand::Both, 1, true));
        assert!(posts("{}").unwrap().token.is_none());
    }
}
