//! `satchel policy`.

use crate::app::arguments::PolicyCommand;
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use crate::policy::{Policies, matrix};

/// Prints who may do what.
pub fn policy(command: &PolicyCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        PolicyCommand::Matrix => Ok(terminal.line(matrix(&Policies::built_in()?).trim_end())?),
    }
}
