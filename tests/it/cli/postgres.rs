//! The program with its catalog on a Postgres server: moved there, served from there, looked at.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::program::{FREE_PORTS, Serving, post, run, satchel, text};
use crate::support::Database;

/// Runs a command that must end well and prints JSON.
fn done(arguments: &[&str]) -> serde_json::Value {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.json()
}

/// The demo of a folder, with its catalog in a database.
fn demo_on(dir: &Path, url: &str) -> (Serving, serde_json::Value) {
    let mut arguments = vec!["demo", "--json", "--data", dir.to_str().unwrap(), "--database", url];
    arguments.extend(FREE_PORTS);
    let mut demo = Serving::start(&arguments);
    let line = demo.line();
    let announced = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line} {}", demo.stop().1));
    (demo, announced)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_moves_to_a_server_whole_and_is_served_from_there() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    let (dir, url, owner) = (folder.path().to_str().unwrap(), database.url(), database.owner_url());
    let (mut demo, announced) = Serving::demo(folder.path());
    let key = text(&announced, "/api_key").to_owned();
    run(&["migrate", "--from", dir, "--to", &url, "--owner", &owner]).refused(2, "is in use by another satchel");
    assert_eq!(demo.stop().0, Some(0));
    run(&["migrate", "--from", dir, "--to", &owner, "--owner", &owner]).refused(1, "serve as another role");
    let moved = done(&["migrate", "--from", dir, "--to", &url, "--owner", &owner, "--json"]);
    assert_eq!((&moved["same"], &moved["moved"]), (&json!(true), &json!(true)), "{moved}");
    let rows = |table: &str| moved["tables"].as_array().unwrap().iter().find(|of| of["table"] == table).unwrap()["rows"].as_u64().unwrap();
    assert!(rows("files") > 10 && rows("audit") > 20 && rows("people") > 3, "{moved}");
    assert!(moved["chains"].as_array().unwrap().iter().all(|chain| chain["fault"].is_null()), "{moved}");
    run(&["migrate", "--from", dir, "--to", &url]).refused(1, "name an empty one");
    assert_eq!(done(&["migrate", "--from", dir, "--to", &url, "--check", "--json"])["same"], json!(true));

    // The folder says where its catalog is, and lets no server go on with what was.
    let mut serve = vec!["serve", "--data", dir];
    serve.extend(FREE_PORTS);
    let ended = run(&serve);
    assert!(ended.code == Some(2) && ended.remarks.contains("has moved to a database"), "{ended:?}");

    run(&["audit", "verify", "--data", dir]).refused(2, "has moved to a database");

    let (mut demo, announced) = demo_on(folder.path(), &url);
    assert_eq!(text(&announced, "/api_key"), key, "the customer is the same");
    let server = text(&announced, "/url").to_owned();
    post(&server, "/v1/calls", &key, &json!({})).await;
    let verified = done(&["audit", "verify", "--data", dir, "--json"]);
    assert_eq!(verified["intact"], json!(true), "{verified}");
    let customer =
        verified["chains"].as_array().unwrap().iter().map(|chain| text(chain, "/chain")).find(|chain| chain.starts_with("cust_"));
    let export = |from: &[&str]| run(&[&["audit", "export", "--customer", customer.unwrap()], from].concat());
    let exported = export(&["--data", dir]);
    assert!(exported.code == Some(0) && exported.out.lines().count() > 20, "{exported:?}");
    // The database says the same by itself, while a server uses it and once none does.
    let names = |verified: &Value| verified["chains"].as_array().unwrap().iter().map(|chain| chain["chain"].clone()).collect::<Vec<_>>();
    let by_itself = || {
        let told = done(&["audit", "verify", "--database", &url, "--json"]);
        assert_eq!((&told["intact"], names(&told)), (&json!(true), names(&verified)), "{told}");
        assert_eq!(export(&["--database", &url]).out, exported.out);
    };
    by_itself();
    assert_eq!(demo.stop().0, Some(0));
    by_itself();
    let last = export(&["--database", &url, "--after", &(exported.out.lines().count() - 1).to_string()]);
    assert_eq!(last.out.lines().collect::<Vec<_>>(), exported.out.lines().last().into_iter().collect::<Vec<_>>());
    assert!(last.out.contains("read_audit"), "that it was exported is the last thing that happened: {last:?}");
    let from_the_environment = satchel().args(["audit", "verify"]).env("SATCHEL__CATALOG__URL", &url).output().unwrap();
    assert!(from_the_environment.status.success(), "{from_the_environment:?}");
    run(&["audit", "verify", "--database", "postgres://satchel:secret@"]).refused(2, "postgres://role:password@host:port/database");
    // What was done there is not in the folder.
    let ended = run(&["migrate", "--from", dir, "--to", &url, "--check", "--json"]);
    assert_eq!((ended.code, &ended.json()["same"]), (Some(1), &json!(false)), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_on_what_the_catalog_stands_and_what_holds_it() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    let data = folder.path().join("data");
    let report = done(&[
        "doctor",
        "--json",
        "--data",
        data.to_str().unwrap(),
        "--database",
        &database.url(),
        "--database-owner",
        &database.owner_url(),
    ]);
    let part = report["parts"].as_array().unwrap().iter().find(|part| part["part"] == "catalog").unwrap();
    let said = part["said"].as_str().unwrap();
    assert!(said.starts_with("Postgres 1") && said.contains("row-level security is forced on 46 tables"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_does_not_come_up_on_a_database_that_it_could_not_keep_apart() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    let (url, owner) = (database.url(), database.owner_url());
    let serve = |dir: &str, more: &[&str]| {
        let data = folder.path().join(dir);
        let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
        arguments.extend(FREE_PORTS);
        arguments.extend(more);
        run(&arguments)
    };
    let refused = |ended: &super::program::Ended, saying: &str| {
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.remarks.contains(saying), "{ended:?}");
        assert!(!ended.remarks.contains("owner@") && !ended.remarks.contains("test@"), "no password is told: {ended:?}");
    };
    refused(&serve("a", &["--database", &owner]), "may make roles");
    refused(&serve("a", &["--database", "postgres://nobody:secret"]), "catalog.url");
    // A server made the tables, and belongs to them.
    run(&["doctor", "--json", "--data", folder.path().join("b").to_str().unwrap(), "--database", &url, "--database-owner", &owner]);
    refused(&serve("c", &["--database", &url]), "belongs to servers with another secret");
    let mut tables = database.owner().await;
    sqlx::raw_sql(AssertSqlSafe("ALTER TABLE files NO FORCE ROW LEVEL SECURITY")).execute(&mut tables).await.unwrap();
    refused(&serve("c", &["--database", &url]), "not forced on the table `files`");
}
