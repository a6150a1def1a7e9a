//! `satchel mcp --stdio`: a whole server for the one program that started it.

use tokio_util::sync::CancellationToken;

use super::demo::{prepare, preset};
use crate::api::mcp;
use crate::app::arguments::McpArgs;
use crate::app::demo::STATE_FILE;
use crate::app::failure::Failure;
use crate::app::folder::{Folder, read_card};
use crate::app::house::{House, WhenTaken};
use crate::app::logging;
use crate::app::settings;
use crate::app::terminal::Terminal;

/// Serves the doors too, so that links open, until the other side hangs up.
pub async fn mcp(arguments: &McpArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let loaded = settings::load(&preset(), &arguments.settings)?;
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    let dir = &loaded.settings.data.dir;
    if let Some(card) = read_card(dir)?.filter(|_| Folder::is_held(dir)) {
        return Err(Failure::Usage(format!("a server runs on `{}` already; connect to {}/mcp instead", dir.display(), card.url)));
    }
    if arguments.token.is_none() && dir.join("catalog").exists() && !dir.join(STATE_FILE).exists() {
        return Err(Failure::Usage(format!("`{}` is no demo; name the call the tools run in with `--token`", dir.display())));
    }
    logging::start(&loaded.settings.log)?;
    let mut house = House::open(&loaded, WhenTaken::TakeAnother).await?;
    house.start_workers();
    let ended = converse(&mut house, arguments.token.as_deref(), stop).await;
    house.close().await;
    ended
}

async fn converse(house: &mut House, token: Option<&str>, stop: CancellationToken) -> Result<(), Failure> {
    let token = if let Some(token) = token {
        token.to_owned()
    } else {
        tokio::select! {
            ready = prepare(house) => ready?.announcement.call.token,
            () = stop.cancelled() => return Ok(()),
        }
    };
    house.start_following();
    let (files, tools) = (house.files.clone(), house.tools.clone());
    let talk = async {
        let talked = mcp::stdio(files, tools, &token, stop.clone()).await;
        stop.cancel();
        talked
    };
    let (served, talked) = tokio::join!(house.serve(stop.clone()), talk);
    served?;
    Ok(talked?)
}
