//! From the command line to an exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::arguments::{Arguments, Command};
use super::commands;
use super::failure::Failure;
use super::speech_model;
use super::terminal::Terminal;
use super::typed::refuse_secrets;
use crate::inspect;

/// How long threads that still wait for the system may hold up the end.
const LINGER: Duration = Duration::from_millis(200);

/// Runs the command of this process: 0 done, 1 failed, 2 not tried because of how it was called or where.
pub fn main() -> ExitCode {
    // Before anything else: the worker's child must not read settings, open files or start threads.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == inspect::WORKER_ARGUMENT) {
        return inspect::worker_main(speech_model::load);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version come this way too, with code 0. Whoever closed the output does not want them.
            let _ = message.print();
            return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::standard();
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    if let Err(failure) = refuse_secrets(typed) {
        return ended(terminal, Err(failure));
    }
    // A second installation is refused; the first one is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(run(arguments.command, terminal));
            // What matters has been waited for; a read of standard input may never end.
            runtime.shutdown_timeout(LINGER);
            ended
        }
        Err(error) => Err(Failure::Usage(format!("the threads of this process cannot be started: {error}"))),
    };
    ended(terminal, outcome)
}

/// The exit code of an outcome, and the sentence that says what went wrong.
fn ended(terminal: Terminal, outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                terminal.remark(format!("satchel: {sentence}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run(command: Command, terminal: Terminal) -> Result<(), Failure> {
    match command {
        Command::Demo(arguments) => commands::demo(&arguments, terminal, stop_signal()?).await,
        Command::Serve(arguments) => commands::serve(&arguments, terminal, stop_signal()?).await,
        Command::Worker(arguments) => commands::worker(&arguments, terminal, stop_signal()?).await,
        Command::Migrate(arguments) => commands::migrate(&arguments, terminal).await,
        Command::Store(command) => commands::store(&command, terminal).await,
        Command::Doctor(arguments) => commands::doctor(&arguments, terminal).await,
        Command::Import(arguments) => commands::import(&arguments, terminal).await,
        Command::Call(arguments) => commands::call(&arguments, terminal).await,
        Command::Mcp(arguments) => Box::pin(commands::mcp(&arguments, terminal, stop_signal()?)).await,
        Command::Bench(command) => commands::bench(&command, terminal),
        Command::Models(command) => commands::models(&command, terminal),
        Command::Tools(command) => commands::tools(&command, terminal),
        Command::Schema(command) => commands::schema(&command, terminal),
        Command::Customer(command) => commands::customer(&command, terminal).await,
        Command::Person(command) => commands::person(&command, terminal).await,
        Command::Key(command) => commands::key(&command, terminal).await,
        Command::Hold(command) => commands::hold(&command, terminal).await,
        Command::Quarantine(command) => commands::quarantine(&command, terminal).await,
        Command::Report(command) => commands::report(&command, terminal).await,
        Command::Audit(command) => commands::audit(&command, terminal).await,
        Command::Policy(command) => commands::policy(&command, terminal).await,
        Command::Grant(command) => commands::grant(&command, terminal).await,
        Command::Dlp(command) => commands::dlp(&command, terminal).await,
        Command::Categories(command) => commands::categories(&command, terminal).await,
    }
}

/// A token that is cancelled by SIGTERM or SIGINT.
fn stop_signal() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    // The only task that nobody waits for: it ends with the process.
    TaskTracker::new().spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
