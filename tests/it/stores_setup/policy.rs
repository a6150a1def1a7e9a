//! The rights that policies give are those that the code uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use satchel::blob::OPERATIONS;

/// With what the names of the SDK's calls begin.
const VERBS: [&str; 11] = ["assume_", "change_", "complete_", "copy_", "create_", "delete_", "get_", "head_", "list_", "put_", "receive_"];
/// Those that begin like words of other things too.
const WHOLE: [&str; 4] = ["abort_multipart_upload", "restore_object", "upload_part", "upload_part_copy"];

fn sources(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "embedded" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

/// Methods without arguments that are named like calls of the SDK.
fn calls(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('.') {
        let rest = &text[at + 1..];
        let name: String = rest.chars().take_while(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || *one == '_').collect();
        let is_call = VERBS.iter().any(|verb| name.starts_with(verb)) || WHOLE.contains(&name.as_str());
        // What an answer holds is no call.
        if is_call && !name.ends_with("_result") && rest[name.len()..].starts_with("()") {
            found.insert(name);
        }
    }
    found
}

fn used() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/blob"), &mut texts);
    texts.iter().flat_map(|text| calls(text)).collect()
}

#[test]
fn every_call_of_the_sdk_has_its_rights_in_the_table_and_every_right_its_call() {
    let listed: BTreeSet<String> = OPERATIONS.iter().map(|operation| operation.call.to_owned()).collect();
    let used = used();
    let unlisted: Vec<_> = used.difference(&listed).collect();
    assert!(unlisted.is_empty(), "say in `src/blob/iam.rs` which rights they take: {unlisted:?}");
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "rights that no code uses: {unused:?}");
}

#[test]
fn a_call_is_told_from_a_name_that_looks_like_one() {
    let found = calls("client.put_object().bucket(b); map.get_mut(&k); x.upload_part().send(); self.create(b); y.is_put_object();");
    assert_eq!(found, ["put_object", "upload_part"].map(str::to_owned).into());
}
