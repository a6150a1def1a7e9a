//! Messages as signed JSON, to a receiver that checks the signature by the scheme's own words.

use std::sync::Arc;
use std::time::Duration;

use satchel::app::Outgoing;
use satchel::domain::Channel;
use satchel::notify::{Carrier, NotCarried, Webhook, WebhookSecret};

use super::peers::{Peer, dispatch};

pub const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDc2F0Y2hlbA==";

fn webhook(receiver: &Peer, path: &str, secrets: &[&str]) -> Webhook {
    let url = format!("http://127.0.0.1:{}{path}", receiver.port("port")).parse().unwrap();
    let secrets = secrets.iter().map(|text| WebhookSecret::parse(text).unwrap()).collect();
    Webhook::new(url, secrets, Arc::new(Outgoing::new(&["127.0.0.1".to_owned()]).unwrap()))
}

fn tls() {
    let _first = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_knows_a_message_by_either_secret_while_they_change() {
    tls();
    for (known, signed_with, expected) in
        [(OLD, &[OLD][..], true), (OLD, &[NEW, OLD][..], true), (NEW, &[NEW, OLD][..], true), (NEW, &[OLD][..], false)]
    {
        let receiver = Peer::start("webhook.py", &["300", known]);
        let sent = dispatch(Channel::Sms, "+15550100");
        webhook(&receiver, "/in", signed_with).carry(&sent).await.unwrap();
        let seen = receiver.told();
        assert_eq!(seen["verified"], expected, "{seen}");
        assert_eq!((seen["id"].as_str(), seen["key"].as_str()), (Some(sent.id.to_string().as_str()), seen["id"].as_str()));
        let data = &seen["body"]["data"];
        assert_eq!((seen["body"]["type"].as_str(), data["channel"].as_str()), (Some("message.link"), Some("sms")));
        assert_eq!((data["to"].as_str(), data["text"].as_str()), (Some("+15550100"), Some(sent.text.as_str())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_whether_another_try_is_worth_it_and_when() {
    tls();
    let receiver = Peer::start("webhook.py", &["300", OLD]);
    let sent = dispatch(Channel::Mail, "zoe@example.com");
    for (path, expected) in [("/gone", None), ("/broken", Some(None)), ("/moved", Some(None)), ("/busy-once", Some(Some(120)))] {
        let sent = dispatch(Channel::Mail, "zoe@example.com");
        let error = webhook(&receiver, path, &[OLD]).carry(&sent).await.unwrap_err();
        let told = match error {
            NotCarried::Later { after, .. } => Some(after),
            NotCarried::Never { .. } => None,
        };
        assert_eq!(told, expected.map(|seconds| seconds.map(Duration::from_secs)), "{path}");
        assert_eq!(receiver.told()["path"], path);
    }
    let hook = webhook(&receiver, "/busy-once", &[OLD]);
    hook.carry(&sent).await.unwrap_err();
    hook.carry(&sent).await.unwrap();
    let seen = [receiver.told(), receiver.told()];
    assert_eq!((seen[0]["id"] == seen[1]["id"], seen[1]["times"].as_u64()), (true, Some(2)), "{seen:?}");
    assert!(receiver.is_silent(), "a redirect is not followed");
}
