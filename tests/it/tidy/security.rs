//! What `SECURITY.md` names as proof is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Names of functions in the sources of a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            // Tests of the catalog's suites and of the stores' are given to a macro by name.
            found.extend(text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next().map(str::to_owned)));
        }
    }
}

#[test]
fn every_threat_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let mut found = BTreeSet::new();
    functions(&root.join("src"), &mut found);
    functions(&root.join("tests"), &mut found);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).skip(1).filter(|line| !line.starts_with("| ---")).collect();
    assert!(rows.len() >= 15, "the table has {} threats", rows.len());
    for row in rows {
        let proof = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test shows this: {row}");
        for name in named {
            assert!(found.contains(name), "there is no test `{name}`: {row}");
        }
    }
}
