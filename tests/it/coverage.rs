//! What must have a test: each tool x kind of case has a fixture, and each fixture is what it says.

use std::collections::HashSet;

use satchel::tools::definitions;

use crate::fixtures::{Kind, cases};

/// Kinds that no case of the tool can be. Each has its reason.
const NOT_POSSIBLE: &[(&str, Kind)] = &[];

/// Cases that are still to be written. This list may only shrink.
const MISSING: &[(&str, Kind)] = &[];

#[test]
fn every_tool_has_a_case_of_every_kind() {
    let cases = cases();
    for tool in definitions() {
        for kind in Kind::TABLE {
            let is_there = cases.iter().any(|case| case.tool == tool.name && case.kind == kind);
            let is_excused = [NOT_POSSIBLE, MISSING].concat().contains(&(tool.name, kind));
            assert_eq!(is_there, !is_excused, "{} {kind:?}", tool.name);
        }
    }
}

#[test]
fn every_tool_is_called_with_what_models_get_wrong() {
    let cases = cases();
    for tool in definitions() {
        for wanted in ["missing", "an_extra_key", "wrong_type", "json_string", "null"] {
            let is_there = cases.iter().any(|case| case.tool == tool.name && case.name.contains(wanted));
            // Nothing is required of `generate_access_code`.
            assert!(is_there || (tool.name == "generate_access_code" && wanted == "missing"), "{} {wanted}", tool.name);
        }
    }
}

#[test]
fn a_case_is_of_the_kind_it_says_and_named_by_its_sentence() {
    let mut titles = HashSet::new();
    for case in cases() {
        let place = format!("{}/{}", case.tool, case.name);
        assert!(case.kind.outcomes().contains(&case.expect.outcome.as_str()), "{place}: {:?}", case.kind);
        assert!(case.title.ends_with('.') && titles.insert((case.tool.clone(), case.title.clone())), "{place}: {}", case.title);
        let words = case.title.to_lowercase();
        let named: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        assert_eq!(named.join("_"), case.name, "{place}");
        assert!(case.expect.says_something(), "{place} expects nothing but an outcome");
    }
}
