//! `satchel mcp --stdio`, as a desktop agent starts it: beside a server, and alone.

use serde_json::{Value, json};

use super::program::{Ended, FREE_PORTS, Serving, run, text, typed};

/// Opens a conversation, lists the tools, and finds what `query` names.
fn conversation(query: &str) -> String {
    let message = |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let client = json!({"name": "test", "version": "1"});
    let messages = [
        message(1, "initialize", json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        message(2, "tools/list", json!({})),
        message(3, "tools/call", json!({"name": "find_file", "arguments": {"query": query}})),
    ];
    messages.map(|message| format!("{message}\n")).concat()
}

/// The answer to a message, out of one line each.
fn answer(ended: &Ended, id: u64) -> Value {
    let lines = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {ended:?}")));
    lines.into_iter().find(|line| line["id"] == id).unwrap_or_else(|| panic!("{id}: {ended:?}"))
}

fn held(ended: &Ended, title: Option<&str>) {
    assert_eq!((ended.code, ended.remarks.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(ended.out.lines().count(), 3, "a notification is not answered: {ended:?}");
    assert_eq!(text(&answer(ended, 1), "/result/protocolVersion"), "2025-06-18");
    let tools = answer(ended, 2);
    let names: Vec<&str> = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| text(tool, "/name")).collect();
    assert!(names.contains(&"share_file"), "{tools}");
    let found = answer(ended, 3);
    match title {
        Some(title) => assert!(text(&found, "/result/structuredContent/data/files/0/title").starts_with(title), "{found}"),
        None => assert_eq!(text(&found, "/result/structuredContent/outcome"), "not_found", "{found}"),
    }
}

#[test]
fn a_desktop_agent_speaks_over_pipes_whether_or_not_a_server_runs_on_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let (mut demo, announced) = Serving::demo(&data);
    let mut arguments = vec!["mcp", "--stdio", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    let with = |name, value| [arguments.as_slice(), &[name, value]].concat();

    held(&typed(&arguments, &conversation("the employee handbook")), Some("Employee Handbook"));
    held(&typed(&with("--caller", "Tomas"), &conversation("employee salaries")), None);
    held(&typed(&with("--token", text(&announced, "/call/token")), &conversation("the employee handbook")), Some("Employee Handbook"));

    let modern = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
        "name": "find_file", "arguments": {"query": "the employee handbook"}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {}}}});
    let spoken = typed(&arguments, &format!("{modern}\nnot json\n"));
    assert_eq!(text(&answer(&spoken, 3), "/result/structuredContent/outcome"), "done", "{spoken:?}");
    assert!(spoken.out.lines().nth(1).unwrap().contains("-32700"), "{spoken:?}");
    let strange = typed(&with("--token", "sct_wrong"), &conversation("anything"));
    assert_eq!(text(&answer(&strange, 2), "/error/message"), "this call is over", "{strange:?}");
    run(&with("--caller", "nobody at all")).refused(2, "nobody of the directory is called `nobody at all`");
    run(&with("--key", text(&announced, "/api_key"))).refused(2, "say who calls with `--caller`");
    assert_eq!(demo.stop().0, Some(0));

    held(&typed(&arguments, &conversation("the employee handbook")), Some("Employee Handbook"));
    held(&typed(&with("--caller", "Tomas"), &conversation("employee salaries")), None);
    assert!(!data.join("server.json").exists(), "whoever served alone takes the card away");
}

#[test]
fn real_files_are_not_opened_to_whoever_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("catalog")).unwrap();
    run(&["mcp", "--stdio", "--data", data.to_str().unwrap()]).refused(2, "is no demo");
}
