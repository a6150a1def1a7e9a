//! `generate_access_code`: a code that can be heard, and heard again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, Tool};
use super::lifetime;
use super::registry::Hints;
use super::share_file::{CodeData, code_data, must_say_code, seconds_left, spoken_code};
use crate::domain::{CallContext, Person};
use crate::files::{CodeAnswer, CodeRequest, FilesError, IssuedCode, Opens, Style};
use crate::speech::{
    CodeAgain, CodeAgainSlower, CodeForCall, CodeIssued, CodeNeedsShare, CodeNoNumber, CodeTooMany, MustSay, Spoken, speakable_title,
    spoken_digits_slowly, spoken_duration, spoken_left, spoken_name,
};

/// How the code is to sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StyleWord {
    Digits,
    Words,
    Slower,
}

/// What the code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OpensWord {
    Link,
    Call,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// Which file: a handle such as f1 or the caller's words; the one shared last in this call when left out.
    file: Option<String>,
    /// For how long a new code is to live, as the caller said it; ten minutes when left out, a week at most.
    lifetime: Option<String>,
    /// Digits, words (needed beyond an hour), or slower: the same code again, slowly.
    style: Option<StyleWord>,
    /// link: it opens the link (usual). call: the recipient has no screen, calls here from their own phone and keys it.
    opens: Option<OpensWord>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Data {
    /// The code.
    code: CodeData,
    /// What it opens.
    title: String,
    /// For whom.
    recipient: String,
    /// Candidates, when it is not clear which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileItem>>,
}

fn slowly(code: &IssuedCode) -> Spoken {
    match code.style {
        Style::Digits => spoken_digits_slowly(&code.text),
        Style::Words => spoken_code(code),
    }
}

fn said(kit: &Kit, title: &str, code: &IssuedCode, slower: bool, caller: Option<&Person>) -> String {
    let left = seconds_left(code.expires_at, kit.files.now());
    if slower {
        kit.say(&CodeAgainSlower { code: slowly(code) })
    } else if code.again {
        kit.say(&CodeAgain { code: spoken_code(code), left: spoken_left(left) })
    } else if let Some(person) = caller {
        let (recipient, lifetime) = (spoken_name(&person.name), spoken_duration(left.max(1)));
        kit.say(&CodeForCall { code: spoken_code(code), recipient, lifetime })
    } else {
        kit.say(&CodeIssued { title: Some(speakable_title(title)), code: spoken_code(code), lifetime: spoken_duration(left.max(1)) })
    }
}

pub(super) struct GenerateAccessCode;

impl Tool for GenerateAccessCode {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "generate_access_code";
    const TITLE: &'static str = "Generate an access code";
    const DESCRIPTION: &'static str = "Gives the spoken code that opens the link of a file shared in this call. While it lives the same code is given \
        again; use style slower when the caller wants it repeated slowly. The caller relays it to the recipient.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true, open_world: false };
    const WRITES: bool = true;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let lifetime = input
            .lifetime
            .as_deref()
            .map(lifetime::parse)
            .transpose()
            .map_err(|error| FilesError::Invalid { field: "lifetime", reason: error.to_string() })?;
        let slower = input.style == Some(StyleWord::Slower);
        let style = match input.style {
            Some(StyleWord::Digits) => Some(Style::Digits),
            Some(StyleWord::Words) => Some(Style::Words),
            Some(StyleWord::Slower) | None => None,
        };
        let opens = match input.opens {
            Some(OpensWord::Call) => Opens::Call,
            Some(OpensWord::Link) | None => Opens::Link,
        };
        Ok(match kit.files.code(ctx, &CodeRequest { file: input.file, lifetime, style, opens }).await? {
            CodeAnswer::Code { code, file, recipient, opens } => {
                let title = speakable_title(&file.title).to_string();
                let left = seconds_left(code.expires_at, kit.files.now());
                let lifetime = if code.again { spoken_left(left) } else { spoken_duration(left.max(1)) };
                let data = Data { code: code_data(&code), title, recipient: recipient.name.clone(), files: None };
                let must_say = if slower {
                    vec![MustSay { text: slowly(&code).to_string(), ..must_say_code(&code) }]
                } else {
                    vec![must_say_code(&code), MustSay::lifetime(&lifetime)]
                };
                let caller = (opens == Opens::Call).then_some(&*recipient);
                Answer::new(Outcome::Done, said(kit, &file.title, &code, slower, caller)).with_data(&data).must_say(must_say)
            }
            CodeAnswer::ShareFirst(file) => {
                let mut data = json!({ "error": { "code": "conflict", "field": "file", "reason": "share the file first" } });
                if let (Some(data), Some(file)) = (data.as_object_mut(), file) {
                    data.insert("title".to_owned(), json!(speakable_title(&file.title).to_string()));
                }
                Answer::new(Outcome::NotFound, kit.say(&CodeNeedsShare {})).with_data(&data).next("share_file")
            }
            CodeAnswer::NoNumber(person) => {
                let data = json!({ "error": { "code": "invalid", "field": "opens", "reason": "the recipient has no number" } });
                Answer::new(Outcome::Unavailable, kit.say(&CodeNoNumber { recipient: spoken_name(&person.name) })).with_data(&data)
            }
            CodeAnswer::TooManyAlive => Answer::new(Outcome::Unavailable, kit.say(&CodeTooMany {}))
                .with_data(&json!({ "error": { "code": "too_many", "field": "opens", "reason": "20 codes for calls are alive" } })),
            CodeAnswer::Which(unclear) => kit.unclear(ctx, &unclear),
        })
    }
}
