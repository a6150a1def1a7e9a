//! Reading a typed line, as the simplest of agents would.

use serde_json::{Map, Value, json};

use crate::tools::Outcome;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// Nothing.
    Blank,
    /// What can be typed.
    Help,
    /// The whole of the last answer.
    Data,
    /// The end.
    Quit,
    /// A tool with its arguments, as a developer types it; the caller said nothing.
    Tool(Request),
    /// Something the caller says, and the tool an agent would call.
    Said(Request),
    /// It cannot be read; why.
    Unreadable(String),
}

/// A tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
}

impl Request {
    fn new(tool: &str, arguments: Value) -> Self {
        Self { tool: tool.to_owned(), arguments }
    }
}

/// What came before.
#[derive(Debug, Clone)]
pub struct Before {
    /// The last tool call.
    pub request: Request,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether files (not people) were offered.
    pub offered_files: bool,
}

const OPENINGS: [&str; 12] = [
    "please ",
    "can you ",
    "could you ",
    "would you ",
    "i want to ",
    "i'd like to ",
    "i would like to ",
    "i need to ",
    "hey ",
    "ok ",
    "okay ",
    "satchel ",
];
const FIND: [&str; 9] =
    ["find me ", "find ", "look for ", "search for ", "search ", "where is ", "do we have ", "i need ", "i'm looking for "];
const DESCRIBE: [&str; 9] =
    ["describe ", "tell me about ", "tell me more about ", "what is in ", "what's in ", "what is ", "what's ", "what does ", "summarize "];
const SHARE: [&str; 3] = ["share ", "send ", "give "];
const CODE: [&str; 5] = ["code", "access code", "give me a code", "give me the code", "the code"];
const ANSWERS: [&str; 16] = [
    "yes",
    "yeah",
    "yep",
    "yes please",
    "sure",
    "correct",
    "go ahead",
    "do it",
    "that's right",
    "no",
    "nope",
    "no thanks",
    "cancel",
    "stop",
    "wait",
    "never mind",
];

/// Reads a line.
pub fn read(typed: &str, before: Option<&Before>) -> Line {
    let typed = typed.trim();
    match typed {
        "" => return Line::Blank,
        ":help" | ":h" | "?" => return Line::Help,
        ":data" | ":d" => return Line::Data,
        ":quit" | ":q" | ":exit" => return Line::Quit,
        _ if typed.starts_with(':') => return Line::Unreadable(format!("there is no `{typed}`; `:help` lists what there is")),
        _ => {}
    }
    let (first, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    if first.contains('_') && first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return tool(first, rest.trim());
    }
    Line::Said(said(typed, before))
}

fn tool(name: &str, arguments: &str) -> Line {
    if arguments.is_empty() {
        return Line::Tool(Request::new(name, Value::Object(Map::new())));
    }
    match serde_json::from_str::<Value>(arguments) {
        Ok(arguments @ Value::Object(_)) => Line::Tool(Request::new(name, arguments)),
        Ok(_) => Line::Unreadable("arguments are a JSON object".to_owned()),
        Err(error) => Line::Unreadable(format!("the arguments are not JSON: {error}")),
    }
}

fn said(typed: &str, before: Option<&Before>) -> Request {
    let plain = without_openings(typed.trim_end_matches(['.', '?', '!']));
    let answer = plain.to_lowercase().replace(',', "");
    if ANSWERS.contains(&answer.as_str()) {
        return Request::new("confirm_action", json!({ "answer": typed }));
    }
    if let Some(request) = order(plain) {
        return request;
    }
    match before {
        Some(before) if before.outcome == Outcome::Confirm => Request::new("confirm_action", json!({ "answer": typed })),
        Some(before) if before.outcome == Outcome::Choose => chosen(typed, before),
        _ => Request::new("find_file", json!({ "query": plain })),
    }
}

/// A line that begins with what is to be done.
fn order(plain: &str) -> Option<Request> {
    if let Some(rest) = after(plain, &CODE) {
        let file = after(rest, &["for ", "to "]).unwrap_or_default();
        let arguments = match (file, rest.trim()) {
            ("", "slower" | "slowly" | "again slower" | "again, slower") => json!({ "style": "slower" }),
            ("", _) => json!({}),
            (file, _) => json!({ "file": file }),
        };
        return Some(Request::new("generate_access_code", arguments));
    }
    if let Some(rest) = after(plain, &SHARE)
        && let Some(request) = share(rest)
    {
        return Some(request);
    }
    let simple = |starts: &[&str], tool: &str, argument: &str| {
        let rest = after(plain, starts).filter(|rest| !rest.is_empty())?;
        Some(Request::new(tool, Value::Object(Map::from_iter([(argument.to_owned(), json!(rest))]))))
    };
    simple(&DESCRIBE, "describe_file", "file").or_else(|| simple(&FIND, "find_file", "query"))
}

/// `the report with John for two days`.
fn share(rest: &str) -> Option<Request> {
    let (file, whom) = split_last(rest, " with ").or_else(|| split_last(rest, " to "))?;
    let (with, lifetime) = match split_last(whom, " for ") {
        Some((with, lifetime)) => (with, Some(lifetime)),
        None => (whom, None),
    };
    let mut arguments = Map::from_iter([("file".to_owned(), json!(file)), ("with".to_owned(), json!(with))]);
    if let Some(lifetime) = lifetime {
        arguments.insert("lifetime".to_owned(), json!(lifetime));
    }
    Some(Request::new("share_file", Value::Object(arguments)))
}

/// One of those that were offered: the same again with that one; of files that were found, hear about it.
fn chosen(typed: &str, before: &Before) -> Request {
    let argument = match (before.request.tool.as_str(), before.offered_files) {
        ("find_file", _) => return Request::new("describe_file", json!({ "file": typed })),
        ("share_file", false) => "with",
        _ => "file",
    };
    let mut request = before.request.clone();
    if let Value::Object(arguments) = &mut request.arguments {
        arguments.insert(argument.to_owned(), json!(typed));
    }
    request
}

fn without_openings(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(rest) = after(text, &OPENINGS) {
        text = rest.trim_start_matches(',').trim_start();
    }
    text
}

/// What follows one of these beginnings, whatever their case.
fn after<'a>(text: &'a str, beginnings: &[&str]) -> Option<&'a str> {
    beginnings.iter().find_map(|beginning| {
        let head = text.get(..beginning.len())?;
        let rest = text.get(beginning.len()..)?;
        let whole_word = beginning.ends_with(' ') || rest.is_empty() || rest.starts_with(' ');
        (head.eq_ignore_ascii_case(beginning) && whole_word).then(|| rest.trim())
    })
}

fn split_last<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (left, right) = text.rsplit_once(separator)?;
    (!left.trim().is_empty() && !right.trim().is_empty()).then(|| (left.trim(), right.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(typed: &str, before: Option<&Before>) -> (String, Value) {
        match read(typed, before) {
            Line::Said(request) | Line::Tool(request) => (request.tool, request.arguments),
            other => panic!("{typed}: {other:?}"),
        }
    }

    #[test]
    fn sentences_become_the_call_an_agent_would_make() {
        for (typed, tool, arguments) in [
            ("find the q2 report", "find_file", json!({"query": "the q2 report"})),
            ("the northwind lease", "find_file", json!({"query": "the northwind lease"})),
            ("describe f1", "describe_file", json!({"file": "f1"})),
            ("What's in the handbook?", "describe_file", json!({"file": "the handbook"})),
            ("share f1 with john", "share_file", json!({"file": "f1", "with": "john"})),
            (
                "Can you send the lease to Marta Quinn for two days",
                "share_file",
                json!({"file": "the lease", "with": "Marta Quinn", "lifetime": "two days"}),
            ),
            ("code", "generate_access_code", json!({})),
            ("code slower", "generate_access_code", json!({"style": "slower"})),
            ("give me a code for f2", "generate_access_code", json!({"file": "f2"})),
            ("yes, please", "confirm_action", json!({"answer": "yes, please"})),
            ("codebook of the warehouse", "find_file", json!({"query": "codebook of the warehouse"})),
            ("find_file {\"query\":\"x\"}", "find_file", json!({"query": "x"})),
            ("generate_access_code", "generate_access_code", json!({})),
        ] {
            assert_eq!(request(typed, None), (tool.to_owned(), arguments), "{typed}");
        }
    }

    #[test]
    fn what_came_before_gives_a_short_line_its_meaning() {
        let share = Request::new("share_file", json!({"file": "f1", "with": "john"}));
        let before = |request: &Request, outcome, offered_files| Before { request: request.clone(), outcome, offered_files };
        let people = before(&share, Outcome::Choose, false);
        assert_eq!(request("the one in finance", Some(&people)).1, json!({"file": "f1", "with": "the one in finance"}));
        let files = before(&share, Outcome::Choose, true);
        assert_eq!(request("the March one", Some(&files)).1, json!({"file": "the March one", "with": "john"}));
        let confirm = before(&share, Outcome::Confirm, false);
        assert_eq!(request("make it so", Some(&confirm)).0, "confirm_action");
        let find = before(&Request::new("find_file", json!({"query": "invoice"})), Outcome::Choose, true);
        assert_eq!(request("the March one", Some(&find)), ("describe_file".to_owned(), json!({"file": "the March one"})));
    }

    #[test]
    fn orders_to_the_terminal_begin_with_a_colon() {
        for (typed, line) in [("", Line::Blank), (":data", Line::Data), (":q", Line::Quit), (":help", Line::Help)] {
            assert_eq!(read(typed, None), line);
        }
        assert!(matches!(read(":dance", None), Line::Unreadable(_)));
        assert!(matches!(read("find_file {query}", None), Line::Unreadable(_)));
    }
}
