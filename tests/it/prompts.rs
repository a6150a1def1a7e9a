//! What an agent is told about the tools agrees with the tools.

use satchel::tools::{Outcome, definitions};

const AGENT: &str = include_str!("../../prompts/agent/en.md");

#[test]
fn the_agents_instructions_name_every_tool_and_every_outcome() {
    for tool in definitions() {
        assert!(AGENT.contains(&format!("`{}`", tool.name)), "{}", tool.name);
    }
    for outcome in Outcome::ALL {
        assert!(AGENT.contains(&format!("`{}`", outcome.as_str())), "{}", outcome.as_str());
    }
}

#[test]
fn no_tool_is_named_that_is_not_there() {
    let known: Vec<&str> = definitions().iter().map(|tool| tool.name).collect();
    let verbs = [
        "find_",
        "describe_",
        "share_",
        "generate_",
        "confirm_",
        "read_",
        "request_",
        "check_",
        "organize_",
        "revoke_",
        "restore_",
        "delete_",
    ];
    for word in AGENT.split('`').skip(1).step_by(2) {
        assert!(!verbs.iter().any(|verb| word.starts_with(verb)) || known.contains(&word), "{word}");
    }
}

#[test]
fn every_field_of_an_answer_that_matters_to_an_agent_is_explained() {
    for field in ["say", "data", "must_say", "keys", "next"] {
        assert!(AGENT.contains(&format!("`{field}`")), "{field}");
    }
}
