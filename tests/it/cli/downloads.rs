//! Addresses of bytes that were given out, held against what left the embedded store.

use serde_json::Value;

use super::program::{Serving, client, run, text};
use crate::support::until;

#[tokio::test]
async fn what_was_given_an_address_and_never_fetched_is_listed_and_what_was_fetched_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (mut demo, announced) = Serving::demo(&data);
    let (url, key, customer) = (text(&announced, "/url"), text(&announced, "/api_key"), text(&announced, "/customer_id"));
    let get = async |path: String| client().get(path).bearer_auth(key).send().await.unwrap();
    let files: Value = get(format!("{url}/v1/files?limit=2")).await.json().await.unwrap();
    let [fetched, left] = [0, 1].map(|at| files["files"][at]["id"].as_str().unwrap().to_owned());
    // The first is followed to its bytes, the second is only given an address.
    let bytes = get(format!("{url}/v1/files/{fetched}/content")).await.error_for_status().unwrap().bytes().await.unwrap();
    assert_eq!(Some(bytes.len() as u64), files["files"][0]["size_bytes"].as_u64());
    let given: Value = get(format!("{url}/v1/files/{left}/content?redirect=false")).await.json().await.unwrap();
    assert!(given["access"]["presigned_url"].as_str().unwrap().contains("x-satchel-request=req_"), "{given}");
    let data = data.to_str().unwrap();
    let told = until("a record of what left the store", async || {
        let ended = run(&["audit", "downloads", "--json", "--customer", customer, "--data", data]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        Some(ended.json()).filter(|told| told["fetched"] == 1)
    })
    .await;
    assert_eq!((told["given"].as_u64(), told["unmatched"].as_array().unwrap().len()), (Some(2), 1), "{told}");
    assert_eq!((told["unmatched"][0]["object"].as_str(), &told["unmatched"][0]["fetched_bytes"]), (Some(left.as_str()), &Value::Null));
    let people = run(&["audit", "downloads", "--customer", customer, "--data", data]);
    assert!(people.out.contains(&left) && !people.out.contains(&fetched), "{people:?}");
    assert!(people.remarks.contains("1 of 2 addresses"), "{people:?}");
    assert_eq!(demo.stop().0, Some(0));
}
