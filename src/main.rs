//! The binary `satchel`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: the worker's child must not read settings, open files or start threads.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == satchel::inspect::WORKER_ARGUMENT) {
        return satchel::inspect::worker_main();
    }
    satchel::app::main()
}
