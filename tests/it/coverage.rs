//! What must have a test: each tool x kind of case has a fixture, each fixture is what it says, each
//! tool x outcome is given by some case, and each endpoint has a row in the table that `http::access` tries.

use std::collections::{BTreeSet, HashSet};

use satchel::api::mcp::scope_of;
use satchel::tools::{Outcome, definitions};

use crate::endpoints::{Route, Takes, Weak, endpoints, routes};
use crate::fixtures::{Kind, cases};

/// Kinds that no case of the tool can be. Each has its reason.
const NOT_POSSIBLE: &[(&str, Kind)] = &[];

/// Cases that are still to be written. This list may only shrink.
const MISSING: &[(&str, Kind)] = &[];

/// Outcomes that a tool never gives by itself. Each has its reason.
const NEVER_GIVEN: &[(&str, Outcome)] = &[
    // Looking and describing change nothing, so there is nothing to say yes to.
    ("find_file", Outcome::Confirm),
    ("describe_file", Outcome::Confirm),
    // A code is asked for again, not confirmed: the share was.
    ("generate_access_code", Outcome::Confirm),
    // Taking back only takes away, and telling changes nothing.
    ("revoke_access", Outcome::Confirm),
    ("file_history", Outcome::Confirm),
    // Whoever may find nothing finds nothing, and is not told that there is something to refuse.
    ("find_file", Outcome::Refused),
    // Whoever may know of a file may have it described, by every built-in role.
    ("describe_file", Outcome::Refused),
    // It is a look, and what the asker may not know of is not there.
    ("check_progress", Outcome::Confirm),
    ("check_progress", Outcome::Refused),
];

/// Outcomes no case expects yet. This list may only shrink.
const NOT_EXPECTED: &[(&str, Outcome)] = &[];

/// Routes that are tried elsewhere: the protocol behind `/mcp` has credentials of its own kind, in `mcp::entry`.
const ELSEWHERE: &[(&str, &str)] = &[("ANY", "/mcp")];

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
fn every_tool_says_which_scope_a_token_needs_for_it() {
    for tool in definitions() {
        assert!(scope_of(tool.name).is_some(), "`{}` has no row in `api/mcp/scopes.rs`", tool.name);
    }
    assert_eq!(scope_of("no_such_tool"), None);
}

#[test]
fn every_tool_is_called_with_what_models_get_wrong() {
    let cases = cases();
    for tool in definitions() {
        for wanted in ["missing", "an_extra_key", "wrong_type", "json_string", "null"] {
            let is_there = cases.iter().any(|case| case.tool == tool.name && case.name.contains(wanted));
            let takes_nothing = ["generate_access_code", "revoke_access"].contains(&tool.name);
            assert!(is_there || (takes_nothing && wanted == "missing"), "{} {wanted}", tool.name);
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

#[test]
fn every_outcome_of_every_tool_is_expected_by_some_case() {
    let cases = cases();
    for tool in definitions() {
        for outcome in Outcome::ALL {
            let is_there = cases.iter().any(|case| case.tool == tool.name && case.expect.outcome == outcome.as_str());
            let is_excused = [NEVER_GIVEN, NOT_EXPECTED].concat().contains(&(tool.name, outcome));
            assert_eq!(is_there, !is_excused, "{} {outcome:?}", tool.name);
        }
    }
}

#[test]
fn every_endpoint_is_in_the_table_of_those_that_are_tried() {
    let tried: Vec<Route> = endpoints().iter().map(|endpoint| (endpoint.method.to_string(), endpoint.route.to_owned())).collect();
    let unique: BTreeSet<Route> = tried.iter().cloned().collect();
    assert_eq!(unique.len(), tried.len(), "an endpoint stands in the table twice");
    let elsewhere = ELSEWHERE.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    let listed: BTreeSet<Route> = unique.into_iter().chain(elsewhere).collect();
    let routes = routes();
    assert!(routes.len() > 20, "{} routes were read", routes.len());
    assert_eq!(routes.difference(&listed).collect::<Vec<_>>(), Vec::<&Route>::new(), "no test tries these");
    assert_eq!(listed.difference(&routes).collect::<Vec<_>>(), Vec::<&Route>::new(), "these are gone");
}

#[test]
fn an_endpoint_says_what_its_credential_needs() {
    for endpoint in endpoints() {
        let open = matches!(endpoint.takes, Takes::Nothing | Takes::Operator);
        assert!(!open || endpoint.weak == Weak::Never, "{}: there is nothing to narrow", endpoint.name());
    }
}
