//! Text messages to a service that botocore stands for: it recomputes the signature, and holds the request against the
//! model of the service.

use std::sync::Arc;

use satchel::app::Outgoing;
use satchel::domain::Channel;
use satchel::notify::{AwsSms, AwsSmsSettings, Carrier, NotCarried, Receipt, SecretKey};
use serde_json::json;

use super::peers::{Peer, dispatch};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_asked_for_as_the_services_own_client_would() {
    let _first = rustls::crypto::ring::default_provider().install_default();
    let service = Peer::start("sms_service.py", &["eu-west-1", "AKIDEXAMPLE", "a/secret+key"]);
    let settings = AwsSmsSettings {
        region: "eu-west-1".to_owned(),
        endpoint: Some(format!("http://127.0.0.1:{}/", service.port("port")).parse().unwrap()),
        origination: Some("pool-0123".to_owned()),
        configuration_set: Some("satchel".to_owned()),
        keys: Some(("AKIDEXAMPLE".to_owned(), SecretKey("a/secret+key".to_owned()))),
    };
    let post = Arc::new(Outgoing::to_operators_own().unwrap());
    let sms = AwsSms::new(settings.clone(), post.clone()).await.unwrap();
    for (to, expected) in [("+15550100", None), ("+15550404", Some(false)), ("+15550429", Some(true))] {
        let sent = dispatch(Channel::Sms, to);
        let carried = sms.carry(&sent).await;
        let seen = service.told();
        for (what, expected) in [("signed", json!(true)), ("target", json!(true)), ("type", json!(true)), ("faults", json!(""))] {
            assert_eq!(seen[what], expected, "{what}: {seen}");
        }
        let asked = &seen["asked"];
        assert_eq!((asked["DestinationPhoneNumber"].as_str(), asked["MessageType"].as_str()), (Some(to), Some("TRANSACTIONAL")));
        assert_eq!((asked["OriginationIdentity"].as_str(), asked["TimeToLive"].as_i64()), (Some("pool-0123"), Some(600)));
        assert_eq!(asked["Context"]["message"], sent.id.to_string());
        match (carried, expected) {
            (Ok(receipt), None) => assert_eq!(receipt, Receipt(Some("sms-4711".to_owned()))),
            (Err(error), Some(worth_it)) => assert_eq!(matches!(error, NotCarried::Later { .. }), worth_it, "{to}: {error}"),
            (other, _) => panic!("{to}: {other:?}"),
        }
    }
    // What is no number is not even asked for; and with another key the check above would see it.
    assert!(matches!(sms.carry(&dispatch(Channel::Sms, "zoe@example.com")).await, Err(NotCarried::Never { .. })));
    let keys = Some(("AKIDEXAMPLE".to_owned(), SecretKey("another".to_owned())));
    let wrong = AwsSms::new(AwsSmsSettings { keys, ..settings }, post).await.unwrap();
    wrong.carry(&dispatch(Channel::Sms, "+15550100")).await.unwrap();
    assert_eq!(service.told()["signed"], false);
}
