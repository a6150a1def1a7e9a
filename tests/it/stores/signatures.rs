//! Signatures against a second implementation, botocore's: it signs what we presign the same way,
//! and the endpoint that we bring takes what it presigns.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use satchel::blob::{PutTerms, SignedRequest, Store, StoreSettings};
use satchel::domain::FileName;
use serde_json::{Value, json};

use super::peer::{Kind, PART, Peer, checksum_of, content, read};
use crate::support::beside;

/// Asks botocore.
fn ask(question: &Value) -> Value {
    let python = beside("SATCHEL_TEST_PYTHON");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stores/botocore_signer.py");
    let mut asked = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    asked.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let answer = asked.wait_with_output().unwrap();
    assert!(answer.status.success());
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// What botocore signs for the same request.
fn recomputed(settings: &StoreSettings, request: &SignedRequest) -> String {
    let mut headers: serde_json::Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let host = request.url.split('/').nth(2).unwrap();
    headers.insert("host".to_owned(), Value::from(host));
    let answer = ask(&json!({
        "do": "recompute",
        "url": request.url,
        "method": request.method,
        "headers": headers,
        "access_key": settings.access_key,
        "secret_key": settings.secret_key,
        "region": settings.region,
    }));
    answer["signature"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_we_presign_a_second_implementation_signs_the_same_way() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let at = |endpoint: Option<&str>, region: &str, path_style: bool| StoreSettings {
        endpoint: endpoint.map(str::to_owned),
        region: region.to_owned(),
        credentials_by_chain: false,
        access_key: "AKIDEXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        path_style,
        ..StoreSettings::default()
    };
    let places = [
        (at(None, "eu-central-1", false), "https://satchel-files-us-east-1.s3.eu-central-1.amazonaws.com/"),
        (at(Some("https://s3.example.com"), "us-east-1", false), "https://satchel-files-us-east-1.s3.example.com/"),
        (at(Some("http://127.0.0.1:9000"), "us-east-1", true), "http://127.0.0.1:9000/satchel-files-us-east-1/"),
    ];
    let peer = Peer::reach(Kind::Embedded).await;
    let key = peer.key();
    for (settings, begins) in places {
        let store = Store::connect(settings.clone()).await.unwrap();
        let name = FileName::parse("Übersicht (Q2) + 100%.pdf").unwrap();
        let url = store.presign_get(&key, &name, "application/pdf", Some("req_1"), Duration::from_mins(1)).await.unwrap();
        let get = SignedRequest { method: "GET".to_owned(), url, headers: Vec::new(), lifetime: Duration::from_mins(1) };
        let bare = PutTerms { size: 5, checksum: None, content_type: None };
        let full = PutTerms { size: 12, checksum: Some(checksum_of(b"twelve bytes")), content_type: Some("text/plain".to_owned()) };
        let requests = [
            get,
            store.presign_head(&key, Duration::from_secs(5)).await.unwrap(),
            store.presign_put(&key, &bare).await.unwrap(),
            store.presign_put(&key, &full).await.unwrap(),
            store.presign_part(&key, "an+upload/id=", 7, &bare).await.unwrap(),
            store.presign_part(&key, "an+upload/id=", 10_000, &full).await.unwrap(),
        ];
        for request in requests {
            assert!(request.url.starts_with(begins), "{}", request.url);
            let ours = request.url.split("X-Amz-Signature=").nth(1).unwrap().split('&').next().unwrap();
            assert_eq!(recomputed(&settings, &request), ours, "{} {}", request.method, request.url);
            let longer = SignedRequest { url: request.url.replacen("X-Amz-Expires=", "X-Amz-Expires=1", 1), ..request.clone() };
            assert_ne!(recomputed(&settings, &longer), ours, "{} {}", request.method, request.url);
        }
    }
    peer.close().await;
}

/// Presigned by botocore.
fn presigned(peer: &Peer, method: &str, params: &Value, seconds: u32) -> String {
    let answer = ask(&json!({
        "do": "presign",
        "endpoint": peer.settings.endpoint,
        "access_key": peer.settings.access_key,
        "secret_key": peer.settings.secret_key,
        "region": peer.settings.region,
        "method": method,
        "params": params,
        "seconds": seconds,
    }));
    answer["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_second_implementation_presigns_our_endpoint_takes_until_it_is_changed_or_over() {
    let peer = Peer::reach(Kind::Embedded).await;
    let (web, key) = (reqwest::Client::new(), peer.key());
    let name = key.as_str().strip_prefix("files/").unwrap();
    let place = |more: Value| {
        let mut params = json!({"Bucket": peer.settings.files_bucket, "Key": name});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let put = presigned(&peer, "put_object", &place(json!({"ContentType": "text/plain"})), 60);
    let sent = |url: String, kind: &'static str| web.put(url).header("content-type", kind).body(content(500)).send();
    assert_eq!(sent(put.clone(), "text/html").await.unwrap().status(), 403, "another type than was signed");
    assert_eq!(sent(put, "text/plain").await.unwrap().status(), 200);
    assert_eq!(read(&peer.store, &key).await.unwrap().unwrap(), content(500));

    let get = presigned(&peer, "get_object", &place(json!({"ResponseContentDisposition": "attachment; filename=\"a b.txt\""})), 60);
    let answer = web.get(&get).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"a b.txt\"");
    assert_eq!(web.head(presigned(&peer, "head_object", &place(json!({})), 60)).send().await.unwrap().status(), 200);

    let upload = peer.store.begin_parts(&key).await.unwrap();
    let part = presigned(&peer, "upload_part", &place(json!({"UploadId": upload, "PartNumber": 1})), 60);
    assert_eq!(web.put(&part).body(content(PART)).send().await.unwrap().status(), 200);
    assert_eq!(web.put(part.replace("partNumber=1", "partNumber=2")).body(content(9)).send().await.unwrap().status(), 403);
    assert_eq!(peer.store.arrived_parts(&key, &upload).await.unwrap().unwrap().len(), 1);

    let signature = get.split("X-Amz-Signature=").nth(1).unwrap().split('&').next().unwrap();
    let flipped = if signature.starts_with('0') { "1" } else { "0" };
    for tampered in [
        get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        get.replace(signature, &format!("{flipped}{}", &signature[1..])),
        get.replace("a%20b.txt", "c%20d.txt"),
        get.replace(name, peer.key().as_str().strip_prefix("files/").unwrap()),
    ] {
        assert_ne!(tampered, get);
        assert_eq!(web.get(&tampered).send().await.unwrap().status(), 403, "{tampered}");
    }

    let short = presigned(&peer, "get_object", &place(json!({})), 1);
    let mut last = 200;
    // The endpoint counts whole seconds.
    for _ in 0..100 {
        last = web.get(&short).send().await.unwrap().status().as_u16();
        if last != 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(last, 403, "it is over");
    peer.close().await;
}
