//! Mails to aiosmtpd.

use std::time::Duration;

use satchel::domain::{Channel, Clock, SystemClock};
use satchel::notify::{Carrier, Encryption, NotCarried, Receipt, Sender, Smtp, SmtpSettings};

use super::peers::{Peer, authority, dispatch, mail_server};

const LOGIN: (&str, &str) = ("satchel", "hush");

fn settings(server: &Peer, encryption: Encryption) -> SmtpSettings {
    let name = match encryption {
        Encryption::None => "plain",
        Encryption::StartTls => "starttls",
        Encryption::Implicit => "implicit",
    };
    SmtpSettings {
        host: "localhost".to_owned(),
        port: server.port(name),
        encryption,
        login: (encryption != Encryption::None).then(|| (LOGIN.0.to_owned(), LOGIN.1.to_owned())),
        authority: Some(std::fs::read(authority()).unwrap()),
        hello: None,
        sender: Sender::parse("files@northwind.example", None).unwrap(),
        timeout: Duration::from_secs(20),
    }
}

async fn carried(smtp: &Smtp, to: &str) -> Result<Receipt, NotCarried> {
    smtp.carry(&dispatch(Channel::Mail, to)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_by_each_way_of_encryption_and_on_one_connection() {
    let server = mail_server();
    for (encryption, listener) in [(Encryption::None, "plain"), (Encryption::StartTls, "starttls"), (Encryption::Implicit, "implicit")] {
        let smtp = Smtp::new(settings(&server, encryption)).unwrap();
        let mut peers = Vec::new();
        for _ in 0..2 {
            let sent = dispatch(Channel::Mail, "zoe@example.com");
            let receipt = smtp.carry(&sent).await.unwrap();
            assert_eq!(receipt.0.as_deref(), Some("2.0.0 queued as 4711"));
            let seen = server.told();
            assert_eq!((seen["listener"].as_str(), seen["to"][0].as_str()), (Some(listener), Some("zoe@example.com")));
            assert_eq!(seen["from"], "files@northwind.example");
            assert_eq!(seen["login"].as_str(), (encryption != Encryption::None).then_some(LOGIN.0));
            let mail = seen["mail"].as_str().unwrap();
            assert!(mail.contains(&format!("Message-ID: <{}@northwind.example>", sent.id)), "{mail}");
            assert!(mail.contains("multipart/alternative") && mail.contains("https://files.example/s/abc"), "{mail}");
            peers.push(seen["peer"].clone());
        }
        assert_eq!(peers[0], peers[1], "the connection was kept");
        assert!(smtp.probe(SystemClock.now()).await.unwrap().contains("answers"));
    }
    assert!(server.is_silent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_says_whether_another_try_is_worth_it() {
    let server = mail_server();
    let smtp = Smtp::new(settings(&server, Encryption::None)).unwrap();
    for (to, expected) in [
        ("gone@example.com", Err((false, "550"))),
        ("spam@example.com", Err((false, "554"))),
        ("busy@example.com", Err((true, "452"))),
        ("grey@example.com", Err((true, "451"))),
        ("grey@example.com", Ok(())),
        ("zoe@example.com", Ok(())),
    ] {
        match (carried(&smtp, to).await, expected) {
            (Ok(_), Ok(())) => drop(server.told()),
            (Err(error), Err((worth_it, code))) => {
                assert_eq!(matches!(error, NotCarried::Later { .. }), worth_it, "{to}: {error}");
                assert!(error.to_string().contains(code), "{to}: {error}");
                assert!(error.detail().is_some(), "{to}: what the server said is kept");
            }
            (other, _) => panic!("{to}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_after_the_mail_was_sent_is_tried_again_with_the_same_id() {
    let server = mail_server();
    let smtp = Smtp::new(settings(&server, Encryption::None)).unwrap();
    let sent = dispatch(Channel::Mail, "cut@example.com");
    let error = smtp.carry(&sent).await.unwrap_err();
    assert!(matches!(error, NotCarried::Later { .. }), "{error}");
    smtp.carry(&sent).await.unwrap();
    let id = format!("Message-ID: <{}@northwind.example>", sent.id);
    for _ in 0..2 {
        let seen = server.told();
        assert!(seen["mail"].as_str().unwrap().contains(&id), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dawdles_is_left_after_the_time_that_is_set() {
    let server = mail_server();
    let smtp = Smtp::new(SmtpSettings { timeout: Duration::from_secs(1), ..settings(&server, Encryption::None) }).unwrap();
    let error = carried(&smtp, "slow@example.com").await.unwrap_err();
    assert!(matches!(&error, NotCarried::Later { reason, .. } if reason.contains("longer than 1 s")), "{error}");
    // What was cut off in the middle is not used again.
    carried(&smtp, "zoe@example.com").await.unwrap();
    assert_eq!(server.told()["to"][0], "zoe@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_and_no_password_goes_to_a_server_that_is_not_the_one_that_it_should_be() {
    let server = mail_server();
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let right = settings(&server, encryption);
        for (what, wrong) in [
            ("of no authority that is known", SmtpSettings { authority: None, ..right.clone() }),
            ("for another name", SmtpSettings { host: "127.0.0.1".to_owned(), ..right.clone() }),
        ] {
            let smtp = Smtp::new(wrong).unwrap();
            let error = carried(&smtp, "zoe@example.com").await.unwrap_err();
            assert!(matches!(error, NotCarried::Later { .. }), "a certificate {what}: {error}");
            assert!(error.detail().unwrap_or_default().to_lowercase().contains("certificate"), "{what}: {error:?}");
            assert!(smtp.probe(SystemClock.now()).await.is_err());
        }
        let login = Some((LOGIN.0.to_owned(), "a wrong one".to_owned()));
        let error = carried(&Smtp::new(SmtpSettings { login, ..right }).unwrap(), "zoe@example.com").await.unwrap_err();
        assert!(matches!(error, NotCarried::Later { .. }) && error.to_string().contains("535"), "{error}");
        assert!(!format!("{error:?}").contains("a wrong one"), "{error:?}");
    }
    // A server that offers no encryption is not used where it is demanded.
    let bare = SmtpSettings { port: server.port("plain"), ..settings(&server, Encryption::StartTls) };
    let error = carried(&Smtp::new(bare).unwrap(), "zoe@example.com").await.unwrap_err();
    assert!(matches!(error, NotCarried::Later { .. }), "{error}");
    assert!(server.is_silent());
    let readable = SmtpSettings { login: Some((String::new(), String::new())), ..settings(&server, Encryption::None) };
    assert!(Smtp::new(readable).is_err());
}
