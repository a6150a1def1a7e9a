//! `satchel demo`, and what can be done beside it.

use std::fs;

use serde_json::json;

use super::program::{FREE_PORTS, Serving, post, run, text, typed};

#[tokio::test]
async fn a_fresh_demo_finds_and_shares_and_a_second_start_finds_everything_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let (mut demo, announced) = Serving::demo(&data);
    let (url, token, key) = (text(&announced, "/url"), text(&announced, "/call/token"), text(&announced, "/api_key"));
    for field in ["/mcp_url", "/bytes_url", "/customer_id", "/operator_key", "/call/call_id"] {
        assert!(!text(&announced, field).is_empty());
    }

    let found = post(url, "/v1/tools/find_file", token, &json!({"query": "the employee handbook"})).await;
    assert_eq!(text(&found, "/outcome"), "done", "{found}");
    let asked = post(url, "/v1/tools/share_file", token, &json!({"file": "f1", "with": "Nadia Feld"})).await;
    assert_eq!(text(&asked, "/outcome"), "confirm", "{asked}");
    let heard = format!("/v1/calls/{}/heard", text(&announced, "/call/call_id"));
    post(url, &heard, key, &json!({"text": "yes please"})).await;
    let shared = post(url, "/v1/tools/confirm_action", token, &json!({"answer": "yes please"})).await;
    assert_eq!(text(&shared, "/outcome"), "done", "{shared}");
    assert!(text(&shared, "/data/link/url").starts_with(url), "{shared}");

    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
        {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let welcome = post(url, "/mcp", token, &initialize).await;
    assert_eq!(text(&welcome, "/result/protocolVersion"), "2025-06-18", "{welcome}");

    let second = run(&["demo", "--data", data.to_str().unwrap()]);
    second.refused(2, "is in use by another satchel");
    assert!(second.remarks.contains(&demo.pid().to_string()), "{second:?}");

    let (code, remarks) = demo.stop();
    assert_eq!((code, remarks.as_str()), (Some(0), ""));
    assert!(!data.join("server.json").exists(), "a stopped server shows no card");

    let (mut demo, again) = Serving::demo(&data);
    assert_eq!(text(&again, "/customer_id"), text(&announced, "/customer_id"));
    assert_eq!(text(&again, "/operator_key"), text(&announced, "/operator_key"));
    assert_ne!(text(&again, "/call/token"), token, "a call is never opened twice");
    let found =
        post(text(&again, "/url"), "/v1/tools/find_file", text(&again, "/call/token"), &json!({"query": "employee handbook"})).await;
    assert_eq!(text(&found, "/outcome"), "done", "{found}");
    assert_eq!(demo.stop().0, Some(0));
}

#[test]
fn a_first_start_that_was_stopped_is_continued_without_doubles() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut arguments = vec!["demo", "--json", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    let mut first = Serving::start(&arguments);
    while !data.join("demo.json").exists() {
        std::thread::yield_now();
    }
    let (code, remarks) = first.stop();
    assert_eq!(code, Some(0), "{remarks}");
    assert!(remarks.contains("the next start goes on from here"), "{remarks}");

    let (mut demo, announced) = Serving::demo(&data);
    let listed = run(&["person", "list", "--json", "--data", data.to_str().unwrap()]).json();
    let names: Vec<&str> = listed["people"].as_array().unwrap().iter().map(|person| text(person, "/name")).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(names.len(), once.len(), "{names:?}");
    assert!(names.contains(&"Dana Reyes") && announced.is_object());
    demo.stop();
}

#[test]
fn the_caller_is_played_and_a_folder_imported_beside_a_running_demo() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let (mut demo, announced) = Serving::demo(&data);
    let data = data.to_str().unwrap();

    let said = typed(&["call", "--data", data], "find the employee handbook\nshare f1 with nadia feld\nyes please\n:quit\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    for piece in ["Employee Handbook", "must say: Nadia Feld", "key 1: yes", "Done."] {
        assert!(said.out.contains(piece), "{piece}: {said:?}");
    }
    let one =
        run(&["call", "--data", data, "--caller", "tomas", "--tool", "find_file", "--args", "{\"query\":\"employee salaries\"}", "--json"]);
    assert_eq!(one.code, Some(0), "{one:?}");
    assert!(!one.out.contains("Salaries"), "a guest heard of it: {one:?}");
    run(&["call", "--data", data, "--caller", "nobody at all"]).refused(2, "nobody of the directory is called `nobody at all`");
    run(&["call", "--data", data, "--token", "sct_wrong", "--tool", "find_file"]).refused(1, "401");

    let folder = dir.path().join("papers");
    fs::create_dir_all(folder.join("deeper")).unwrap();
    fs::write(folder.join("note.txt"), "The key to the greenhouse hangs behind the door.\n").unwrap();
    fs::write(folder.join("deeper/nothing.txt"), "").unwrap();
    let eicar = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].concat();
    fs::write(folder.join("harm.txt"), eicar).unwrap();
    let customer = text(&announced, "/customer_id");
    let imported = run(&["import", folder.to_str().unwrap(), "--data", data, "--customer", customer, "--json"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let report = imported.json();
    assert_eq!((report["files"].as_u64(), report["stored"].as_u64()), (Some(3), Some(3)), "{report}");
    let outcomes: Vec<&str> = report["list"].as_array().unwrap().iter().map(|file| text(file, "/outcome")).collect();
    assert_eq!(outcomes, ["empty", "quarantined", "read"], "{report}");
    let table = run(&["import", folder.join("deeper").to_str().unwrap(), "--data", data]);
    assert!(table.out.contains("1 of 1 files are stored"), "{table:?}");
    run(&["import", folder.to_str().unwrap(), "--data", data, "--customer", "cust_other"]).refused(2, "an API key of the customer");
    demo.stop();
}
