//! Commands that need no server.

use std::fs;
use std::path::Path;

use super::program::{FREE_PORTS, Serving, run, text};

#[test]
fn the_doctor_finds_everything_well_in_an_empty_place_and_leaves_it_empty() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let ended = run(&["doctor", "--json", "--data", data.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.json();
    assert_eq!(report["healthy"], true, "{report}");
    let health = |part: &str| {
        let parts = report["parts"].as_array().unwrap();
        let found = parts.iter().find(|found| found["part"] == part).unwrap_or_else(|| panic!("{part}: {report}"));
        text(found, "/health").to_owned()
    };
    for part in ["data folder", "catalog", "scanner and reader", "policies", "speech"] {
        assert_eq!(health(part), "ok", "{report}");
    }
    assert_eq!(health("object store"), "fallback");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_doctor_fails_where_nothing_can_be_stored() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let ended = run(&["doctor", "--data", file.path().join("data").to_str().unwrap()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("not       data folder"), "{ended:?}");
}

/// The customer, and what checks the server's signatures.
fn made_by_a_server(data: &Path) -> (String, String) {
    let mut arguments = vec!["serve", "--data", data.to_str().unwrap()];
    arguments.extend(FREE_PORTS);
    let mut server = Serving::start(&arguments);
    while !data.join("server.json").exists() {
        std::thread::yield_now();
    }
    let created = run(&["customer", "create", "Acme", "--json", "--data", data.to_str().unwrap()]).json();
    let (customer, key) = (text(&created, "/customer_id").to_owned(), text(&created, "/api_key"));
    for name in ["Ann Lee", "Bo Chen"] {
        assert_eq!(run(&["person", "add", name, "--key", key, "--data", data.to_str().unwrap()]).code, Some(0));
    }
    let checked = run(&["audit", "verify", "--json", "--data", data.to_str().unwrap()]);
    assert_eq!((checked.code, checked.json()["intact"].as_bool()), (Some(0), Some(true)), "{checked:?}");
    let key = run(&["audit", "key", "--data", data.to_str().unwrap()]);
    assert_eq!(key.code, Some(0), "{key:?}");
    server.stop();
    (customer, key.out.trim().to_owned())
}

#[test]
fn a_record_that_was_tampered_with_is_found_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (customer, key) = made_by_a_server(&data);
    let data_text = data.to_str().unwrap();
    let whole = run(&["audit", "verify", "--data", data_text]);
    assert!(whole.code == Some(0) && whole.out.contains("whole"), "{whole:?}");
    let exported = run(&["audit", "export", "--customer", &customer, "--data", data_text]);
    let actions: Vec<String> = exported.out.lines().map(|line| text(&serde_json::from_str(line).unwrap(), "/action").to_owned()).collect();
    assert_eq!(actions, ["create_customer", "manage_people", "manage_people"], "{exported:?}");
    files_alone_are_enough(&data, &customer, &key, &exported.out);

    // The row is changed in the file itself, as somebody with the disk could; the name of an action
    // keeps its length, so that the database stays readable.
    let catalog = data.join("catalog/catalog.db");
    let mut bytes = fs::read(&catalog).unwrap();
    let (from, to) = (br#""action":"manage_people""#, br#""action":"manage_nobody""#);
    let place = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[place..place + to.len()].copy_from_slice(to);
    fs::write(&catalog, bytes).unwrap();

    let broken = run(&["audit", "verify", "--data", data_text]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.out.contains("broken") && broken.out.contains("was changed"), "{broken:?}");
    let json = run(&["audit", "verify", "--json", "--data", data_text]);
    assert_eq!((json.code, json.json()["intact"].as_bool()), (Some(1), Some(false)), "{json:?}");
}

/// An auditor has the exported files and the key, and nothing else.
fn files_alone_are_enough(data: &Path, customer: &str, key: &str, records: &str) {
    let of = ["--customer", customer, "--data", data.to_str().unwrap()];
    let found = run(&[&["audit", "search", "--action", "manage_people", "--format", "csv"], &of[..]].concat());
    assert_eq!(found.out.lines().count(), 3, "a head and two records: {found:?}");
    assert!(found.out.starts_with("id,chain,seq,at,actor_kind"), "{found:?}");
    let notes = run(&[&["audit", "checkpoints"], &of[..]].concat());
    assert!(notes.out.contains("satchel-") && notes.code == Some(0), "a server signs before it ends: {notes:?}");
    let dir = tempfile::tempdir().unwrap();
    let (trail, checkpoints) = (dir.path().join("records"), dir.path().join("checkpoints"));
    fs::write(&checkpoints, &notes.out).unwrap();
    let check = |text: &str| {
        fs::write(&trail, text).unwrap();
        let files = ["--records", trail.to_str().unwrap(), "--checkpoints", checkpoints.to_str().unwrap(), "--verifier", key];
        run(&[&["audit", "verify"], &files[..]].concat())
    };
    let whole = check(records);
    assert!(whole.code == Some(0) && whole.out.contains("3 of them signed for"), "{whole:?}");
    let cut = check(records.trim_end().rsplit_once('\n').unwrap().0);
    assert!(cut.code == Some(1) && cut.out.contains("were signed for"), "{cut:?}");
    assert_eq!(run(&["audit", "verify", "--records", trail.to_str().unwrap()]).code, Some(2));
}

#[test]
fn definitions_are_written_checked_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let (tools, policies) = (dir.path().join("tools"), dir.path().join("policies"));
    let described = dir.path().join("openapi.json");
    let [tools_text, policies_text, described] = [&tools, &policies, &described].map(|path| path.to_str().unwrap());
    let schema = |verb| run(&["schema", verb, "--dir", tools_text, "--policies", policies_text, "--openapi", described]);
    assert_eq!(schema("check").code, Some(1));
    assert_eq!(schema("write").code, Some(0));
    assert_eq!(schema("check").code, Some(0));
    for changed in [tools.join("share_file.json"), policies.join("satchel.cedarschema")] {
        fs::write(&changed, "{}").unwrap();
        let drifted = schema("check");
        let named = format!("{} differs", changed.file_name().unwrap().to_str().unwrap());
        assert!(drifted.code == Some(1) && drifted.out.contains(&named), "{drifted:?}");
    }

    let core = run(&["tools", "export", "--dialect", "mcp", "--profile", "core"]).json();
    let names: Vec<&str> = core["tools"].as_array().unwrap().iter().map(|tool| text(tool, "/name")).collect();
    assert_eq!(names, ["find_file", "describe_file", "share_file", "generate_access_code", "confirm_action"]);
    run(&["tools", "export", "--dialect", "vapi"]).refused(2, "not there yet");
}

#[test]
fn the_printed_matrix_is_the_committed_one() {
    let printed = run(&["policy", "matrix"]);
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/matrix.txt")).unwrap();
    assert_eq!(printed.out.trim_end(), committed.trim_end());
}

#[test]
fn a_command_that_is_misspelled_or_not_there_yet_says_so() {
    let ended = run(&["dmeo"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.remarks.contains("demo"), "{ended:?}");
    run(&["worker"]).refused(2, "`satchel serve` runs its own workers");
    let ended = run(&["--version"]);
    assert!(ended.code == Some(0) && ended.out.starts_with("satchel "), "{ended:?}");
}

#[test]
fn an_administrator_holds_a_file_at_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let (mut demo, _) = Serving::demo(dir.path());
    let data = dir.path().to_str().unwrap();
    let papers = tempfile::tempdir().unwrap();
    fs::write(papers.path().join("claim.txt"), "What was agreed with Larkfield Foods in the spring.").unwrap();
    let imported = run(&["import", papers.path().to_str().unwrap(), "--json", "--data", data]).json();
    let file = text(&imported, "/list/0/id").to_owned();
    let placed = run(&["hold", "place", &file, "--reason", "the claim of Q2", "--data", data]);
    assert!(placed.code == Some(0) && placed.out.contains("is held"), "{placed:?}");
    run(&["hold", "place", &file, "--reason", "twice", "--data", data]).refused(1, "held already");
    let holds = run(&["hold", "list", "--json", "--data", data]).json();
    assert_eq!((text(&holds, "/holds/0/file"), text(&holds, "/holds/0/reason")), (file.as_str(), "the claim of Q2"));
    assert!(run(&["hold", "list", "--data", data]).out.contains("the claim of Q2"));
    assert_eq!(run(&["hold", "lift", &file, "--reason", "settled", "--data", data]).code, Some(0));
    assert_eq!(run(&["hold", "list", "--json", "--data", data]).json()["holds"].as_array().unwrap().len(), 0);
    demo.stop();
}

#[test]
fn an_owner_puts_policies_in_force_and_back_at_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let (mut demo, _) = Serving::demo(dir.path());
    let data = dir.path().to_str().unwrap();
    let text_of = |name: &str, policies: &str| {
        let path = dir.path().join(name);
        fs::write(&path, policies).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rule = text_of("rule.cedar", r#"@id("quiet") forbid (principal is User, action == Action::"share", resource);"#);
    let broken = text_of("broken.cedar", "\n@id(\"a\") forbid (principal, action == Action::\"shred\", resource);");
    // A file alone is checked without a server.
    assert!(run(&["policy", "validate", &rule]).out.contains("1 policies are valid"));
    run(&["policy", "validate", &broken]).refused(2, "`broken.cedar`, line 2");
    run(&["policy", "activate", &broken, "--data", data]).refused(1, "line 2");
    let diff = run(&["policy", "diff", &rule, "--data", data]);
    assert!(diff.out.contains("+ quiet") && diff.out.contains("share outside"), "{diff:?}");
    let active = run(&["policy", "activate", &rule, "--note", "a quiet week", "--data", data]);
    assert!(active.code == Some(0) && active.out.contains("policy set 1 is in force"), "{active:?}");
    let listed = run(&["policy", "list", "--data", data]);
    assert!(listed.out.contains("active") && listed.out.contains("a quiet week"), "{listed:?}");
    assert!(run(&["policy", "show", "1", "--data", data]).out.contains("quiet"));
    assert_eq!(run(&["policy", "rollback", "0", "--data", data]).code, Some(0));
    let sets = run(&["policy", "list", "--json", "--data", data]).json();
    assert_eq!((&sets["active"], text(&sets, "/sets/0/state")), (&serde_json::json!(0), "retired"));
    assert_eq!(run(&["policy", "activate", "--set", "1", "--data", data]).code, Some(0));

    let added = run(&["person", "add", "Uma Lind", "--data", data]);
    let user = added.out.trim();
    let given = run(&["grant", "give", "viewer", "--to", user, "--folder", "", "--lifetime", "3600", "--data", data]);
    assert!(given.out.starts_with("grant_"), "{given:?}");
    assert!(run(&["grant", "list", "--folder", "", "--data", data]).out.contains(user));
    assert_eq!(run(&["grant", "end", given.out.trim(), "--data", data]).code, Some(0));
    assert_eq!(run(&["person", "change", user, "--role", "auditor", "--deactivate", "--data", data]).code, Some(0));
    let people = run(&["person", "list", "--json", "--data", data]).json();
    let changed = people["people"].as_array().unwrap().iter().find(|person| person["id"] == user).unwrap();
    assert!(changed["roles"] == serde_json::json!(["auditor"]) && changed["deactivated_at"].is_string(), "{changed}");
    demo.stop();
}
