//! `satchel mcp --stdio`: MCP for the one program that started this one. Beside a server that runs
//! on the folder it carries the messages there; else it is the server, until the other side hangs up.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::demo::{fill, preset};
use crate::api::mcp;
use crate::app::arguments::{McpArgs, ServerArgs};
use crate::app::bridge;
use crate::app::client::{As, Client};
use crate::app::demo::{DemoState, STATE_FILE};
use crate::app::failure::{Failure, with_causes};
use crate::app::folder::{Folder, read_card, read_json};
use crate::app::house::{House, WhenTaken};
use crate::app::logging;
use crate::app::platform::Platform;
use crate::app::settings;
use crate::app::terminal::Terminal;

/// Speaks MCP over standard input and output.
pub async fn mcp(arguments: &McpArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let loaded = settings::load(&preset(), &arguments.settings)?;
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    logging::start(&loaded.settings.log)?;
    let dir = &loaded.settings.data.dir;
    if let Some(card) = read_card(dir)?.filter(|_| Folder::is_held(dir)) {
        return beside(arguments, &server(arguments, &card.url, dir), terminal, stop).await;
    }
    let is_demo = dir.join(STATE_FILE).exists() || !dir.join("catalog").exists();
    if arguments.token.is_none() && arguments.key.is_none() && !is_demo {
        return Err(Failure::Usage(format!(
            "`{}` is no demo; put a call's token into `SATCHEL_TOKEN`, or a key of the customer into `SATCHEL_KEY` and say who calls with `--caller`",
            dir.display()
        )));
    }
    let mut house = House::open(&loaded, WhenTaken::TakeAnother).await?;
    house.start_workers();
    let ended = alone(&mut house, arguments, terminal, stop).await;
    house.close().await;
    ended
}

fn server(arguments: &McpArgs, url: &str, dir: &Path) -> ServerArgs {
    ServerArgs { url: Some(url.to_owned()), key: arguments.key.clone(), data: Some(dir.to_owned()) }
}

/// Carries the messages to the server that holds the folder.
async fn beside(arguments: &McpArgs, server: &ServerArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let call = Call::take(arguments, server).await?;
    let client = Client::connect(server, As::Nobody)?.with_key(call.token().to_owned());
    let carried = tokio::select! {
        carried = bridge::carry(tokio::io::stdin(), |line| terminal.line(line), &client) => carried,
        () = stop.cancelled() => Ok(()),
    };
    call.leave(terminal).await;
    Ok(carried?)
}

/// Serves the doors too, so that links open.
async fn alone(house: &mut House, arguments: &McpArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    if arguments.token.is_none() && arguments.key.is_none() {
        tokio::select! {
            filled = fill(house) => drop(filled?),
            () = stop.cancelled() => return Ok(()),
        }
    }
    house.start_following();
    house.start_sealing();
    house.start_probing();
    house.start_hearing();
    let (files, tools) = (house.files.clone(), house.tools.clone());
    let server = server(arguments, &house.addresses.local, house.folder.dir());
    // The doors stay open until the call has been ended through them.
    let serving = CancellationToken::new();
    let talk = async {
        let talked = async {
            let call = Call::take(arguments, &server).await?;
            let talked = mcp::stdio(files, tools, call.token(), stop).await;
            call.leave(terminal).await;
            Ok(talked?)
        };
        let talked = Box::pin(talked).await;
        serving.cancel();
        talked
    };
    let (doors, talked) = tokio::join!(house.serve(serving.clone()), talk);
    doors?;
    talked
}

/// The call the tools run in.
enum Call {
    /// Somebody else's.
    Given(String),
    /// Opened for this conversation, and ended with it.
    Own(Platform),
}

impl Call {
    async fn take(arguments: &McpArgs, server: &ServerArgs) -> Result<Self, Failure> {
        if let Some(token) = &arguments.token {
            return Ok(Self::Given(token.clone()));
        }
        let client = Client::connect(server, As::Customer(None))?;
        // Whoever brings a key says who calls: nobody is let into real files as whoever comes first.
        let caller = match (&arguments.caller, &arguments.key, &server.data) {
            (Some(caller), _, _) => Some(caller.clone()),
            (None, None, Some(dir)) => read_json::<DemoState>(&dir.join(STATE_FILE))?.map(|demo| demo.caller_id),
            (None, _, _) => None,
        };
        let caller = caller.ok_or_else(|| Failure::Usage("say who calls with `--caller`".to_owned()))?;
        Ok(Self::Own(Platform::call(client, Some(&caller)).await?))
    }

    fn token(&self) -> &str {
        match self {
            Self::Given(token) => token,
            Self::Own(platform) => platform.token(),
        }
    }

    async fn leave(self, terminal: Terminal) {
        if let Self::Own(platform) = self
            && let Err(error) = platform.end().await
        {
            terminal.remark(format!("the call could not be ended: {}", with_causes(&error)));
        }
    }
}
