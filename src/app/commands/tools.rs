//! `satchel tools`.

use serde_json::{Value, json};

use crate::app::arguments::{Dialect, Profile, ToolsCommand};
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use crate::tools::{Definition, definitions};

/// Tools of the small profile.
const CORE: [&str; 5] = ["find_file", "describe_file", "share_file", "generate_access_code", "confirm_action"];

/// Prints definitions.
pub fn tools(command: &ToolsCommand, terminal: Terminal) -> Result<(), Failure> {
    let ToolsCommand::Export { dialect, profile } = command;
    let wanted = definitions().into_iter().filter(|tool| *profile == Profile::Full || CORE.contains(&tool.name));
    let listing = match dialect {
        Dialect::Mcp => json!({ "tools": wanted.map(|tool| mcp(&tool)).collect::<Vec<_>>() }),
        Dialect::Bedrock | Dialect::Openai | Dialect::Vapi | Dialect::Retell | Dialect::Elevenlabs => {
            return Err(Failure::Usage("this dialect is not there yet; `mcp` is".to_owned()));
        }
    };
    let text = serde_json::to_string_pretty(&listing).map_err(|error| Failure::Output(error.into()))?;
    Ok(terminal.line(text)?)
}

/// A tool as `tools/list` of the Model Context Protocol gives it.
fn mcp(tool: &Definition) -> Value {
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
        "annotations": {
            "readOnlyHint": tool.annotations.read_only,
            "destructiveHint": tool.annotations.destructive,
            "idempotentHint": tool.annotations.idempotent,
            "openWorldHint": tool.annotations.open_world,
        },
    })
}
