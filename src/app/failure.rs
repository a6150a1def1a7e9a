//! How a command ends when it does not end well.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use super::client::ClientError;
use super::demo::SeedError;
use super::folder::FolderError;
use super::house::HouseError;
use super::settings::SettingsError;
use crate::api::mcp::StdioError;
use crate::catalog::CatalogError;
use crate::files::FilesError;
use crate::models::PackageError;
use crate::policy::PolicyError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The parts of a server could not be put together.
    #[error(transparent)]
    House(#[from] HouseError),
    /// The server did not do it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A use case did not do it.
    #[error("{doing}")]
    UseCase {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: FilesError,
    },
    /// The demo's people and files.
    #[error(transparent)]
    Demo(#[from] Box<SeedError>),
    /// The MCP conversation over standard input and output.
    #[error(transparent)]
    Stdio(#[from] StdioError),
    /// The catalog of the data folder.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A model was not brought here.
    #[error(transparent)]
    Models(#[from] PackageError),
    /// The built-in policies.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// What was typed cannot be done, and how it can.
    #[error("{0}")]
    Usage(String),
    /// A file of the command cannot be read or written.
    #[error("`{path}`")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It was done, and the result is bad; the result has been printed.
    #[error("see above")]
    Reported,
    /// Nobody reads the output any more, or it cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

impl Failure {
    /// 1: it failed; 2: it could not be tried, because of how it was called or where; 0 when
    /// the reader of the output has left.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Settings(_) | Self::Folder(_) | Self::House(_) | Self::Usage(_) | Self::File { .. } | Self::Policies(_) => 2,
            Self::Client(error) if error.is_environment() => 2,
            Self::Client(_)
            | Self::UseCase { .. }
            | Self::Demo(_)
            | Self::Stdio(_)
            | Self::Catalog(_)
            | Self::Models(_)
            | Self::Reported
            | Self::Output(_) => 1,
        }
    }

    /// One sentence for the person, with every cause; `None` when everything was said.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Reported => None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            other => Some(with_causes(other)),
        }
    }
}

/// An error and its causes in one line; a cause that the message already holds is not repeated.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            // Writing to a string has no way to fail.
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once_and_in_order() {
        let denied = || io::Error::new(io::ErrorKind::PermissionDenied, "permission denied");
        let failure = Failure::File { path: "x.json".to_owned(), source: denied() };
        assert_eq!(failure.sentence().as_deref(), Some("`x.json`: permission denied"));
        assert_eq!(failure.exit_code(), 2);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit_code(), failure.sentence()), (0, None));
    }
}
