//! Messages that another implementation (OpenSSL) signed as SNS does, and what must not pass for one.

use serde_json::{Map, Value};

use super::{SigningCertificate, TopicArn, TopicError, TopicKind, TopicMessage};
use crate::domain::Timestamp;

const MESSAGES: &str = include_str!("../../../../tests/it/topics/messages.json");
const SIGNING: &[u8] = include_bytes!("../../../../tests/it/topics/signing.pem");
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:files";
const NOW: &str = "2026-03-02T09:00:20Z";

fn topic() -> TopicArn {
    TopicArn::parse(TOPIC).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn messages() -> Map<String, Value> {
    serde_json::from_str(MESSAGES).unwrap()
}

fn checked(message: &Value, certificate: &[u8], now: &str) -> Result<TopicKind, TopicError> {
    let message = TopicMessage::parse(message.to_string().as_bytes())?;
    message.certificate_url(&topic(), at(now))?;
    message.check(&topic(), &SigningCertificate::parse(certificate)?, at(now))?;
    Ok(message.kind())
}

#[test]
fn what_a_topic_signed_is_taken_by_either_version() {
    let messages = messages();
    assert_eq!(messages.len(), 5);
    for (name, message) in &messages {
        let kind = match name.as_str() {
            "subscription" => TopicKind::SubscriptionConfirmation,
            "end of a subscription" => TopicKind::UnsubscribeConfirmation,
            _ => TopicKind::Notification,
        };
        assert_eq!(checked(message, SIGNING, NOW), Ok(kind), "{name}");
    }
}

/// Every field but those that are not part of what is signed.
#[test]
fn no_field_that_was_signed_can_be_changed_taken_away_or_added() {
    for (name, message) in messages() {
        let fields = message.as_object().unwrap().clone();
        for (field, value) in &fields {
            let expected = match field.as_str() {
                "Type" | "TopicArn" | "SigningCertURL" | "SignatureVersion" | "Timestamp" => None,
                _ => Some(TopicError::Signature),
            };
            let changed = Value::from(format!("{}x", value.as_str().unwrap()));
            let mut tampered = fields.clone();
            tampered.insert(field.clone(), changed);
            let refused = checked(&tampered.into(), SIGNING, NOW).expect_err(field);
            assert!(expected.is_none_or(|expected| refused == expected), "{name}: {field}: {refused:?}");
            let mut short = fields.clone();
            short.remove(field);
            assert!(checked(&short.into(), SIGNING, NOW).is_err(), "{name} without {field}");
        }
    }
    let mut message = messages()["without a subject"].as_object().unwrap().clone();
    message.insert("Subject".to_owned(), "one that nobody signed".into());
    assert_eq!(checked(&message.into(), SIGNING, NOW), Err(TopicError::Signature));
}

#[test]
fn messages_that_are_forged_in_other_ways_are_told_apart() {
    let messages = messages();
    let with = |name: &str, field: &str, value: &str| {
        let mut message = messages[name].as_object().unwrap().clone();
        message.insert(field.to_owned(), value.into());
        Value::from(message)
    };
    let signature = |name: &str| messages[name]["Signature"].as_str().unwrap().to_owned();
    for (message, expected) in [
        // The signature of one version under the other's name, and of another message.
        (with("first version", "SignatureVersion", "2"), TopicError::Signature),
        (with("second version", "SignatureVersion", "1"), TopicError::Signature),
        (with("second version", "SignatureVersion", "3"), TopicError::Signature),
        (with("second version", "SignatureVersion", ""), TopicError::Signature),
        (with("second version", "Signature", &signature("without a subject")), TopicError::Signature),
        (with("second version", "Signature", ""), TopicError::Signature),
        (with("second version", "Signature", "%%%"), TopicError::Signature),
        // One kind of message as another.
        (with("end of a subscription", "Type", "SubscriptionConfirmation"), TopicError::Signature),
        (with("subscription", "Type", "Notification"), TopicError::Signature),
        (with("second version", "Type", "Other"), TopicError::Shape),
        // Another topic, and a field that holds a second one.
        (with("second version", "TopicArn", "arn:aws:sns:us-east-1:123456789012:other"), TopicError::Shape),
        (with("second version", "MessageId", "1\nSubject\nx"), TopicError::Shape),
    ] {
        assert_eq!(checked(&message, SIGNING, NOW), Err(expected), "{message}");
    }
    let doubled = messages["second version"].to_string().replacen('{', "{\"Message\":\"another\",", 1);
    assert!(matches!(TopicMessage::parse(doubled.as_bytes()), Err(TopicError::Shape)));
    for text in ["", "{}", "[]", "null", "{\"Type\":\"Notification\",\"Message\":\"{}\"}"] {
        assert!(matches!(TopicMessage::parse(text.as_bytes()), Err(TopicError::Shape)), "{text}");
    }
}

#[test]
fn a_message_is_taken_for_an_hour_and_not_from_the_future() {
    let message = &messages()["first version"];
    for (now, is_taken) in [
        ("2026-03-02T09:00:00Z", true),
        ("2026-03-02T10:00:00Z", true),
        ("2026-03-02T10:00:01Z", false),
        ("2026-03-02T08:45:00Z", true),
        ("2026-03-02T08:44:59Z", false),
        ("2027-03-02T09:00:00Z", false),
    ] {
        let checked = checked(message, SIGNING, now);
        assert_eq!(checked, if is_taken { Ok(TopicKind::Notification) } else { Err(TopicError::Time) }, "{now}");
    }
}

#[test]
fn only_a_certificate_that_is_valid_and_issued_to_the_signer_counts() {
    let message = &messages()["second version"];
    for (certificate, why) in [
        (&include_bytes!("../../../../tests/it/topics/expired.pem")[..], "it has ended"),
        (include_bytes!("../../../../tests/it/topics/foreign.pem"), "it is somebody else's, or another region's"),
        (include_bytes!("../../../../tests/it/topics/elliptic.pem"), "its key is of another kind"),
        (b"", "it is nothing"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it cannot be read"),
        (include_bytes!("../../../../tests/it/topics/key.pk8"), "it is a key"),
    ] {
        assert_eq!(checked(message, certificate, NOW), Err(TopicError::Certificate), "{why}");
    }
}

#[test]
fn a_certificate_is_asked_for_at_the_topics_host_and_nowhere_else() {
    let message = messages()["second version"].as_object().unwrap().clone();
    let asked = |url: &str| {
        let mut message = message.clone();
        message.insert("SigningCertURL".to_owned(), url.into());
        let message = TopicMessage::parse(Value::from(message).to_string().as_bytes()).unwrap();
        message.certificate_url(&topic(), at(NOW)).map(String::from)
    };
    let right = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem";
    assert_eq!(asked(right).as_deref(), Ok(right));
    for wrong in [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://sns.us-east-1.amazonaws.com.example/SimpleNotificationService-01ab.pem",
        "https://sns.us-east-1.amazonaws.com.cn/SimpleNotificationService-01ab.pem",
        "https://example.com/sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://sns.us-east-1.amazonaws.com@example.com/SimpleNotificationService-01ab.pem",
        "https://a:b@sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-01ab.pem",
        "https://snsxus-east-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://bucket.sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem?x=1",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-01ab.pem#x",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a/../b.pem",
        "https://sns.us-east-1.amazonaws.com/?Action=Publish",
        "https://127.0.0.1/SimpleNotificationService-01ab.pem",
        "file:///SimpleNotificationService-01ab.pem",
        "no address",
        "",
    ] {
        assert_eq!(asked(wrong), Err(TopicError::Address), "{wrong}");
    }
}

#[test]
fn a_subscription_is_confirmed_at_the_topics_host_for_that_topic_alone() {
    let message = messages()["subscription"].as_object().unwrap().clone();
    let asked = |url: &str| {
        let mut message = message.clone();
        message.insert("SubscribeURL".to_owned(), url.into());
        let message = TopicMessage::parse(Value::from(message).to_string().as_bytes()).unwrap();
        message.confirmation_url(&topic()).map(String::from)
    };
    let right = message["SubscribeURL"].as_str().unwrap();
    assert!(asked(right).is_ok());
    for wrong in [
        right.replace("https:", "http:"),
        right.replace("sns.us-east-1.amazonaws.com", "sns.us-east-1.example.com"),
        right.replace("amazonaws.com/", "amazonaws.com/elsewhere"),
        right.replace("ConfirmSubscription", "DeleteTopic"),
        right.replace("123456789012:files", "123456789012:other"),
        right.replace("&Token=", "&Token=x"),
        format!("{right}&Action=DeleteTopic"),
        format!("{right}&Attributes.entry.1.key=x"),
    ] {
        assert_eq!(asked(&wrong), Err(TopicError::Address), "{wrong}");
    }
    for other in ["first version", "end of a subscription"] {
        let message = TopicMessage::parse(messages()[other].to_string().as_bytes()).unwrap();
        assert_eq!(message.confirmation_url(&topic()), Err(TopicError::Shape), "{other}");
    }
}

#[test]
fn a_topics_host_follows_from_its_partition() {
    for (arn, host) in [
        (TOPIC, Some("sns.us-east-1.amazonaws.com")),
        ("arn:aws-cn:sns:cn-north-1:1:t", Some("sns.cn-north-1.amazonaws.com.cn")),
        ("arn:aws-us-gov:sns:us-gov-east-1:1:t", Some("sns.us-gov-east-1.amazonaws.com")),
        ("arn:aws-eusc:sns:eusc-de-east-1:1:t", Some("sns.eusc-de-east-1.amazonaws.eu")),
        ("arn:aws-iso-b:sns:us-isob-east-1:1:t.fifo", Some("sns.us-isob-east-1.sc2s.sgov.gov")),
        ("arn:aws:sns:us-east-1:1:t:subscription", None),
        ("arn:aws:sqs:us-east-1:1:t", None),
        ("arn:other:sns:us-east-1:1:t", None),
        ("arn:aws:sns:evil.example/:1:t", None),
        ("arn:aws:sns::1:t", None),
        ("arn:aws:sns:default::t", None),
        ("arn:aws:sns:us-east-1:x:t", None),
        ("", None),
    ] {
        assert_eq!(TopicArn::parse(arn).map(|topic| topic.host()).as_deref(), host, "{arn}");
    }
}

#[test]
fn foreign_bytes_never_bring_the_readers_down() {
    bolero::check!().for_each(|bytes: &[u8]| {
        drop(TopicMessage::parse(bytes));
        drop(SigningCertificate::parse(bytes));
    });
}
