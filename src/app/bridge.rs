//! Messages of MCP carried between two pipes, one a line, and the HTTP door of a server. What a
//! message means is the server's matter; the few headers that its revision wants are taken from it.

use std::io;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::client::Client;

/// Longest message, in bytes: what the door takes.
const LONGEST: usize = 256 * 1024;

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const INVALID_REQUEST: i32 = -32600;
const INTERNAL_ERROR: i32 = -32603;

/// Carries messages until the input ends, one after the other, so that answers keep their order.
/// `client` brings the call's token; `say` writes one line.
pub async fn carry<R, S>(input: R, mut say: S, client: &Client) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    S: FnMut(&str) -> io::Result<()>,
{
    let mut input = BufReader::new(input);
    let mut version = None;
    while let Some(line) = next_line(&mut input).await? {
        let answer = match line {
            Line::Empty => None,
            Line::TooLong => Some(error(&Value::Null, INVALID_REQUEST, "a message is at most 256 KiB")),
            Line::Message(text) => answered(client, text, &mut version).await,
        };
        if let Some(answer) = answer {
            say(&answer.to_string())?;
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    Empty,
    Message(Vec<u8>),
    TooLong,
}

/// The next line without its end; `None` at the end of the input. What is too long is passed over.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Line>> {
    let mut kept = Vec::new();
    let mut is_long = false;
    loop {
        let mut piece = Vec::new();
        let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        input.take(limit).read_until(b'\n', &mut piece).await?;
        let is_end = piece.len() < LONGEST || piece.ends_with(b"\n");
        if piece.is_empty() && kept.is_empty() && !is_long {
            return Ok(None);
        }
        is_long |= kept.len() + piece.len() > LONGEST;
        if is_long {
            kept.clear();
        } else {
            kept.append(&mut piece);
        }
        if is_end {
            break;
        }
    }
    let is_empty = kept.iter().all(u8::is_ascii_whitespace);
    Ok(Some(match (is_long, is_empty) {
        (true, _) => Line::TooLong,
        (false, true) => Line::Empty,
        (false, false) => Line::Message(kept),
    }))
}

/// Sends one message, and gives what is to be written for it.
async fn answered(client: &Client, text: Vec<u8>, version: &mut Option<String>) -> Option<Value> {
    let message: Option<Value> = serde_json::from_slice(&text).ok();
    let mut request = client.request(Method::POST, "/mcp").header("content-type", "application/json");
    request = request.header("accept", "application/json, text/event-stream");
    for (name, value) in headers(message.as_ref(), version) {
        request = request.header(name, value);
    }
    let response = match request.body(text).send().await {
        Ok(response) => {
            let status = response.status();
            response.bytes().await.map(|body| (status, body))
        }
        Err(error) => Err(error),
    };
    // A notification, and an answer of the client's, are not answered.
    if message.as_ref().is_some_and(is_one_way) {
        return None;
    }
    let id = message.as_ref().and_then(|message| message.get("id")).unwrap_or(&Value::Null);
    let answer = match response {
        Ok((status, body)) => answer(id, status, &body),
        Err(cause) => {
            tracing::warn!(error = %cause.without_url(), "the server does not answer");
            error(id, INTERNAL_ERROR, "the server does not answer; try again in a few seconds")
        }
    };
    if let Some(agreed) = answer.pointer("/result/protocolVersion").and_then(Value::as_str) {
        *version = Some(agreed.to_owned());
    }
    Some(answer)
}

fn is_one_way(message: &Value) -> bool {
    match (message.get("method"), message.get("id")) {
        (Some(_), id) => id.is_none(),
        (None, _) => message.get("result").is_some() || message.get("error").is_some(),
    }
}

/// What the door wants to read outside the message: its revision, as the message says or as was
/// agreed in the handshake, its method, and what it names.
fn headers(message: Option<&Value>, agreed: &mut Option<String>) -> Vec<(&'static str, String)> {
    let text = |pointer: &str| message.and_then(|message| message.pointer(pointer)).and_then(Value::as_str);
    let meta = message.and_then(|message| message.pointer("/params/_meta")).and_then(|meta| meta.get(META_VERSION));
    if let Some(version) = meta.and_then(Value::as_str) {
        *agreed = Some(version.to_owned());
    }
    let is_handshake = text("/method") == Some("initialize");
    let values = [
        ("mcp-protocol-version", agreed.as_deref().filter(|_| !is_handshake)),
        ("mcp-method", text("/method")),
        ("mcp-name", text("/params/name").or_else(|| text("/params/uri"))),
    ];
    // What cannot stand in a header is left out; the server says what it misses.
    let fits = |value: &&str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    values.into_iter().filter_map(|(name, value)| Some((name, value.filter(fits)?.to_owned()))).collect()
}

/// The message in an HTTP answer, or the error that stands for a problem document.
fn answer(id: &Value, status: StatusCode, body: &[u8]) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if body.get("jsonrpc").is_some() {
        return body;
    }
    let detail = body.get("detail").and_then(Value::as_str).unwrap_or("the server gave no reason");
    match status {
        StatusCode::UNAUTHORIZED => error(id, INVALID_REQUEST, "this call is over"),
        status if status.is_client_error() => error(id, INVALID_REQUEST, detail),
        _ => error(id, INTERNAL_ERROR, detail),
    }
}

fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_read_whole_and_what_is_too_long_is_passed_over() {
        let long = "x".repeat(2 * LONGEST + 7);
        let whole = "y".repeat(LONGEST - 1);
        let input = format!("{{}}\n\n{long}\n{whole}\nlast");
        let mut input = BufReader::new(input.as_bytes());
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).await.unwrap() {
            lines.push(line);
        }
        let message = |text: String| Line::Message(text.into_bytes());
        assert_eq!(
            lines,
            [message("{}\n".to_owned()), Line::Empty, Line::TooLong, message(format!("{whole}\n")), message("last".to_owned())]
        );
    }

    #[test]
    fn the_revision_is_the_messages_own_or_the_agreed_one() {
        let names = |message: Value, agreed: Option<&str>| {
            let mut agreed = agreed.map(str::to_owned);
            headers(Some(&message), &mut agreed).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        let modern = json!({ "method": "tools/call", "params": { "name": "find_file", "_meta": { META_VERSION: "2026-07-28" } } });
        for (message, agreed, expected) in [
            (json!({ "method": "initialize" }), None, "mcp-method=initialize"),
            (json!({ "method": "ping" }), None, "mcp-method=ping"),
            (json!({ "method": "ping" }), Some("2025-06-18"), "mcp-protocol-version=2025-06-18 mcp-method=ping"),
            (modern, None, "mcp-protocol-version=2026-07-28 mcp-method=tools/call mcp-name=find_file"),
            (json!({ "method": "tools/call", "params": { "name": "a\nb" } }), None, "mcp-method=tools/call"),
            (json!([]), None, ""),
        ] {
            assert_eq!(names(message, agreed), expected);
        }
    }

    #[test]
    fn requests_are_answered_and_notifications_are_not() {
        for (message, one_way) in [
            (json!({ "id": 1, "method": "ping" }), false),
            (json!({ "method": "notifications/initialized" }), true),
            (json!({ "id": 1, "result": {} }), true),
            (json!({ "nothing": 1 }), false),
        ] {
            assert_eq!(is_one_way(&message), one_way, "{message}");
        }
    }

    #[test]
    fn a_problem_document_becomes_an_error_of_the_protocol() {
        let id = json!(7);
        let passed = json!({ "jsonrpc": "2.0", "id": 7, "result": {} });
        assert_eq!(answer(&id, StatusCode::OK, passed.to_string().as_bytes()), passed);
        for (status, body, code, message) in [
            (StatusCode::UNAUTHORIZED, r#"{"detail":"send a token"}"#, INVALID_REQUEST, "this call is over"),
            (StatusCode::FORBIDDEN, r#"{"detail":"not from here"}"#, INVALID_REQUEST, "not from here"),
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"detail":"later"}"#, INTERNAL_ERROR, "later"),
            (StatusCode::BAD_GATEWAY, "<html>", INTERNAL_ERROR, "the server gave no reason"),
        ] {
            assert_eq!(answer(&id, status, body.as_bytes()), error(&id, code, message), "{status}");
        }
    }
}
