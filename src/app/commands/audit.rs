//! `satchel audit`: through a server where one runs, else on the database or the data folder itself.

mod downloads;
mod export;
mod source;
mod verify;

use crate::app::arguments::AuditCommand;
use crate::app::failure::Failure;
use crate::app::terminal::Terminal;
use export::Filter;

/// Checks or prints the audit trail.
pub async fn audit(command: &AuditCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify { records: Some(records), checkpoints: Some(checkpoints), verifier: Some(verifier), json, .. } => {
            verify::verify_files(records, checkpoints, verifier, *json, terminal)
        }
        AuditCommand::Verify { of, verifier, json, .. } => verify::verify(of, verifier.as_deref(), *json, terminal).await,
        AuditCommand::Export { what, format, of } => export::records(of, what, &Filter::default(), *format, terminal).await,
        AuditCommand::Checkpoints { what, of } => export::checkpoints(of, what, terminal).await,
        AuditCommand::Search { what, actor, action, object, call, outcome, since, until, format, of } => {
            let filter = Filter {
                actor: actor.clone(),
                action: action.clone(),
                object: object.clone(),
                call: call.clone(),
                outcome: outcome.clone(),
                since: *since,
                until: *until,
            };
            export::records(of, what, &filter, *format, terminal).await
        }
        AuditCommand::Downloads { what, of, json } => downloads::downloads(of, what, *json, terminal).await,
        AuditCommand::Key { server } => verify::key(server, terminal).await,
    }
}
