//! `satchel call`: one tool, a case, or a conversation.

use rustyline::DefaultEditor;
use tokio::sync::{mpsc, oneshot};

use super::case;
use super::line::{Before, Line, Request, read};
use super::session::{Session, offers_files, print};
use crate::app::arguments::CallArgs;
use crate::app::failure::{Failure, with_causes};
use crate::app::terminal::{Terminal, Tone};
use crate::tools::Answer;

const HELP: [&str; 11] = [
    "type what the caller says:",
    "  find the q2 report          the northwind lease",
    "  describe f1                 what's in the handbook",
    "  share f1 with john          send the lease to Marta Quinn for two days",
    "  code                        give me a code for f2",
    "  yes   no                    anything else, when it asked",
    "or a tool with its arguments (nothing is reported as heard then):",
    "  find_file {\"query\": \"q2 report\"}",
    "  :data   the whole of the last answer",
    "  :quit   hang up (also Ctrl-D)",
    "  :help   this",
];

/// Holds a call.
pub async fn call(arguments: &CallArgs, terminal: Terminal) -> Result<(), Failure> {
    let session = Session::open(arguments).await?;
    let held = match (&arguments.tool, &arguments.fixture) {
        (Some(tool), _) => one(&session, tool, arguments, terminal).await,
        (None, Some(path)) => case::run(path, &session, arguments.json, terminal).await,
        (None, None) => converse(&session, arguments.json, terminal).await,
    };
    if let Err(error) = session.end().await {
        terminal.remark(format!("the call could not be ended: {}", with_causes(&error)));
    }
    held
}

async fn one(session: &Session, tool: &str, arguments: &CallArgs, terminal: Terminal) -> Result<(), Failure> {
    let parsed = serde_json::from_str(&arguments.args);
    let parsed = parsed.map_err(|error| Failure::Usage(format!("`--args` is not JSON: {error}")))?;
    let answer = session.tool(&Request { tool: tool.to_owned(), arguments: parsed }).await?;
    show(&answer, arguments.json, terminal)
}

fn show(answer: &Answer, json: bool, terminal: Terminal) -> Result<(), Failure> {
    if json { Ok(terminal.json(answer)?) } else { print(answer, terminal) }
}

async fn converse(session: &Session, json: bool, terminal: Terminal) -> Result<(), Failure> {
    if Terminal::is_interactive() {
        terminal.toned(Tone::Dim, "the line is open; type what the caller says, `:help` for more")?;
    }
    let mut lines = typed_lines();
    let mut before: Option<Before> = None;
    let mut last: Option<Answer> = None;
    while let Some(typed) = lines.next().await? {
        let request = match read(&typed, before.as_ref()) {
            Line::Blank => continue,
            Line::Quit => break,
            Line::Help => {
                for line in HELP {
                    terminal.line(line)?;
                }
                continue;
            }
            Line::Data => {
                let text = last.as_ref().map(serde_json::to_string_pretty).transpose().map_err(|error| Failure::Output(error.into()))?;
                terminal.line(text.as_deref().unwrap_or("there is no answer yet"))?;
                continue;
            }
            Line::Unreadable(why) => {
                terminal.toned(Tone::Bad, why)?;
                continue;
            }
            Line::Tool(request) => request,
            Line::Said(request) => {
                // The platform reports before the agent acts; that is what makes a yes count.
                session.heard(&typed).await?;
                terminal.toned(Tone::Dim, format!("    {} {}", request.tool, request.arguments))?;
                request
            }
        };
        match session.tool(&request).await {
            Ok(answer) => {
                show(&answer, json, terminal)?;
                before = Some(Before { request, outcome: answer.outcome, offered_files: offers_files(&answer) });
                last = Some(answer);
            }
            Err(error) if error.is_environment() => return Err(error.into()),
            Err(error) => terminal.toned(Tone::Bad, with_causes(&error))?,
        }
    }
    Ok(())
}

/// Lines as they are typed, read in a thread of their own: reading blocks.
struct TypedLines {
    ask: mpsc::Sender<oneshot::Sender<Option<String>>>,
}

fn typed_lines() -> TypedLines {
    let (ask, mut asked) = mpsc::channel::<oneshot::Sender<Option<String>>>(1);
    // A thread that waits in `readline` must not keep the process from ending.
    std::thread::spawn(move || {
        let mut editor = DefaultEditor::new();
        while let Some(answer) = asked.blocking_recv() {
            let line = match &mut editor {
                Ok(editor) => match editor.readline("> ") {
                    Ok(line) => {
                        // A line that is not remembered can still be typed again.
                        let _ = editor.add_history_entry(&line);
                        Some(line)
                    }
                    Err(_) => None,
                },
                Err(_) => None,
            };
            // Whoever asked has left: so does this thread, at the next turn.
            let _ = answer.send(line);
        }
    });
    TypedLines { ask }
}

impl TypedLines {
    /// The next line; `None` when nothing more will be typed.
    async fn next(&mut self) -> Result<Option<String>, Failure> {
        let (answer, line) = oneshot::channel();
        if self.ask.send(answer).await.is_err() {
            return Ok(None);
        }
        Ok(line.await.unwrap_or(None))
    }
}
