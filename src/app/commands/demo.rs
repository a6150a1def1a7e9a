//! `satchel demo`: everything in one process and one folder, with something to find.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::app::arguments::DemoArgs;
use crate::app::demo::{Announcement, DemoState, OpenCall, STATE_FILE, seed};
use crate::app::failure::Failure;
use crate::app::folder::read_json;
use crate::app::house::{House, WhenTaken};
use crate::app::logging;
use crate::app::settings::{self, Preset};
use crate::app::terminal::Terminal;
use crate::domain::{CallSettings, Door, UserId, Verified, VerifiedMethod};
use crate::files::{Access, CallRequest, CallerHint, Files, FilesError, OpenedCall, Patience, Subject};

const CUSTOMER: &str = "Larkfield Foods";
/// The platform of the demo is sure of its caller, so that sensitive files can be tried too.
const VERIFIED: Verified = Verified { method: VerifiedMethod::Platform, level: 2 };

/// Runs the demo until it is stopped.
pub async fn demo(arguments: &DemoArgs, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    let preset = preset();
    let loaded = settings::load(&preset, &arguments.settings)?;
    if arguments.settings.print_settings {
        return Ok(terminal.line(loaded.settings.to_toml().trim_end())?);
    }
    logging::start(&loaded.settings.log)?;
    let mut house = House::open(&loaded, WhenTaken::TakeAnother).await?;
    if house.addresses.moved {
        terminal.remark(format!("{} is taken; the demo listens on {} instead", loaded.settings.http.listen, house.addresses.local));
    }
    house.start_workers();
    let prepared = tokio::select! {
        prepared = prepare(&house) => Some(prepared),
        () = stop.cancelled() => None,
    };
    let ended = match prepared {
        Some(Ok(ready)) => {
            house.start_following();
            house.start_sealing();
            house.start_probing();
            house.start_hearing();
            run(&mut house, &ready, arguments.json, terminal, stop).await
        }
        Some(Err(failure)) => Err(failure),
        None => {
            terminal.remark("stopped before everything was in place; the next start goes on from here");
            Ok(())
        }
    };
    house.close().await;
    ended
}

/// What the demo changes of the usual settings.
pub fn preset() -> Preset {
    Preset { dir: Some(PathBuf::from("./satchel-demo")), reveal_links: true, log_level: Some("warn") }
}

/// What is ready to be tried.
struct Ready {
    announcement: Announcement,
    files: usize,
}

async fn run(house: &mut House, ready: &Ready, json: bool, terminal: Terminal, stop: CancellationToken) -> Result<(), Failure> {
    house.publish()?;
    if json {
        terminal.json(&ready.announcement)?;
    } else {
        // As it was called, so that what is pasted starts the same program.
        let program = std::env::args().next().unwrap_or_else(|| "satchel".to_owned());
        for line in ready.announcement.lines(ready.files, &program, &house.folder.dir().display().to_string()) {
            terminal.line(line)?;
        }
    }
    Ok(house.serve(stop).await?)
}

/// Finds the demo customer of the folder or makes it, and fills it.
pub async fn fill(house: &House) -> Result<DemoState, Failure> {
    let files = &house.files;
    let mut state = known_state(house).await?;
    if !state.complete {
        let subject = program(files, &state.api_key).await?;
        let bar = progress();
        let seeded = seed(files, &subject, &bar).await.map_err(|error| Failure::Demo(Box::new(error)))?;
        bar.finish_and_clear();
        state.caller_id = seeded.caller.to_string();
        state.files = seeded.files;
        state.complete = true;
        house.folder.write_private(STATE_FILE, &state)?;
    }
    // Not before everything can be found.
    files.follow_all().await.map_err(failing("the demo's files could not be indexed"))?;
    Ok(state)
}

/// The demo customer of the folder, filled, with a call that was just opened.
async fn prepare(house: &House) -> Result<Ready, Failure> {
    let files = &house.files;
    let state = fill(house).await?;
    let subject = program(files, &state.api_key).await?;
    let caller = UserId::parse(&state.caller_id).map_err(|_| damaged(house))?;
    let OpenedCall { call, token, .. } = open_call(files, &subject, caller).await?;
    let addresses = &house.addresses;
    Ok(Ready {
        announcement: Announcement {
            url: addresses.public.clone(),
            mcp_url: format!("{}/mcp", addresses.public),
            bytes_url: addresses.bytes.clone(),
            customer_id: state.customer_id,
            api_key: state.api_key,
            operator_key: house.operator_key.clone(),
            call: OpenCall { call_id: call.to_string(), token },
        },
        files: state.files,
    })
}

/// The demo customer that an earlier start made, as long as its key still opens it; else a new one.
async fn known_state(house: &House) -> Result<DemoState, Failure> {
    let path = house.folder.join(STATE_FILE);
    if let Some(state) = read_json::<DemoState>(&path)? {
        let known = house.files.authenticate(&state.api_key).await.map_err(failing("the demo's key could not be checked"))?;
        if matches!(known, Some(Access::Key(access)) if access.customer.to_string() == state.customer_id) {
            return Ok(state);
        }
    }
    let created = house.files.create_customer(CUSTOMER, true, None, &Door::Cli.into()).await;
    let created = created.map_err(failing("the demo customer could not be made"))?;
    let state = DemoState { customer_id: created.customer.to_string(), api_key: created.api_key, ..DemoState::default() };
    house.folder.write_private(STATE_FILE, &state)?;
    Ok(state)
}

async fn program(files: &Files, key: &str) -> Result<Subject, Failure> {
    match files.authenticate(key).await.map_err(failing("the demo's key could not be checked"))? {
        // It brings one file after another.
        Some(Access::Key(access)) => Ok(files.program(&access, Door::Cli).waiting(Patience::WhileBytesMove)),
        Some(Access::Operator | Access::Call(_)) | None => Err(Failure::Usage("the demo's key does not open its customer".to_owned())),
    }
}

async fn open_call(files: &Files, subject: &Subject, caller: UserId) -> Result<OpenedCall, Failure> {
    let mut settings = CallSettings::default();
    if let Some(zone) = jiff::tz::TimeZone::system().iana_name() {
        zone.clone_into(&mut settings.time_zone);
    }
    let request = CallRequest { caller: CallerHint::User(caller), external_id: None, permissions: None, verified: VERIFIED, settings };
    files.open_call(subject, &request).await.map_err(failing("the demo's call could not be opened"))
}

fn failing(doing: &'static str) -> impl FnOnce(FilesError) -> Failure {
    move |source| Failure::UseCase { doing, source }
}

fn damaged(house: &House) -> Failure {
    let path = house.folder.join(STATE_FILE).display().to_string();
    Failure::File { path, source: std::io::Error::other("it does not name the demo's caller; remove the file to begin anew") }
}

fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message("storing, scanning and reading the demo's files")
}
