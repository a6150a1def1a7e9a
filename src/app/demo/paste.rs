//! What the demo prints: the line for programs, and what people may paste next.

use serde::Serialize;

/// Everything somebody needs to try the demo; as one line of JSON under `--json`.
#[derive(Serialize)]
pub struct Announcement {
    /// Address of the doors.
    pub url: String,
    /// Address of the MCP door.
    pub mcp_url: String,
    /// Address of the bytes.
    pub bytes_url: String,
    /// The customer.
    pub customer_id: String,
    /// Its key.
    pub api_key: String,
    /// The operator's key.
    pub operator_key: String,
    /// A call that was just opened.
    pub call: OpenCall,
}

/// A call that was just opened.
#[derive(Serialize)]
pub struct OpenCall {
    /// Which.
    pub call_id: String,
    /// Its token.
    pub token: String,
}

impl Announcement {
    fn curl(&self, path: &str, secret: &str, body: Option<&str>) -> String {
        let head = format!("  curl -s {}{path} -H 'Authorization: Bearer {secret}'", self.url);
        match body {
            Some(body) => format!("{head} -H 'Content-Type: application/json' -d '{body}'"),
            None => head,
        }
    }

    fn tool(&self, tool: &str, arguments: &str) -> String {
        self.curl(&format!("/v1/tools/{tool}"), &self.call.token, Some(arguments))
    }

    /// What can be pasted, in an order that works: a remark and its commands.
    fn steps(&self) -> Vec<(&'static str, Vec<String>)> {
        let heard = format!("/v1/calls/{}/heard", self.call.call_id);
        vec![
            ("Find a file by how it was said", vec![self.tool("find_file", r#"{"query":"cue two twenty twenty five financial report"}"#)]),
            ("Hear about one", vec![self.tool("describe_file", r#"{"file":"the Northwind lease agreement"}"#)]),
            (
                "Share one: nothing happens yet, it reads back and asks",
                vec![self.tool("share_file", r#"{"file":"the Borealis service agreement","with":"John Okafor"}"#)],
            ),
            (
                "Say yes: the platform reports what it heard, the agent confirms",
                vec![
                    self.curl(&heard, &self.api_key, Some(r#"{"text":"yes please"}"#)),
                    self.tool("confirm_action", r#"{"answer":"yes please"}"#),
                ],
            ),
            ("The code again, to be spoken", vec![self.tool("generate_access_code", "{}")]),
            ("What John Okafor was sent: messages of a demo customer go to an outbox", vec![self.curl("/v1/outbox", &self.api_key, None)]),
        ]
    }

    /// The lines for people.
    pub fn lines(&self, files: usize, program: &str, data: &str) -> Vec<String> {
        let token = self.call.token.as_str();
        let mut lines = vec![
            String::new(),
            format!("Satchel serves {files} files of a demo customer. A call of Dana Reyes, the chief financial officer, is open."),
            String::new(),
            format!("  web        {}", self.url),
            format!("  MCP        {}   with `Authorization: Bearer {token}`", self.mcp_url),
            format!("  bytes      {}", self.bytes_url),
            format!("  customer   {}   API key {}", self.customer_id, self.api_key),
            format!("  call       {}   token {token}", self.call.call_id),
            format!("  outbox     {}/outbox   shows what was sent, for that API key", self.url),
            String::new(),
            "Paste next, in another terminal:".to_owned(),
        ];
        for (remark, commands) in self.steps() {
            lines.extend([String::new(), format!("  # {remark}")]);
            lines.extend(commands);
        }
        lines.extend([
            String::new(),
            "Or be the caller yourself:".to_owned(),
            String::new(),
            format!("  {program} call --data {data} --caller 'Dana Reyes'"),
            String::new(),
            "Ctrl-C stops; the next start finds everything again.".to_owned(),
        ]);
        lines
    }
}
