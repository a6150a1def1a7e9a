//! `find_file`: the file that was said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Outcome};
use super::kit::{FileItem, Kit, Tool};
use super::registry::Hints;
use crate::domain::{CallContext, Category, FileStatus};
use crate::files::{FilesError, FindRequest, Found};
use crate::speech::{FindOne, FindOneChecking, FindOneQuarantined, speakable_title, spoken_date, spoken_kind, spoken_name};

/// Kinds a caller may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Document,
    Spreadsheet,
    Presentation,
    Mail,
    Image,
    Recording,
    Video,
    Archive,
}

impl From<Kind> for Category {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Document => Self::Document,
            Kind::Spreadsheet => Self::Spreadsheet,
            Kind::Presentation => Self::Presentation,
            Kind::Mail => Self::Mail,
            Kind::Image => Self::Image,
            Kind::Recording => Self::Recording,
            Kind::Video => Self::Video,
            Kind::Archive => Self::Archive,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// The caller's own words for the file, as they were said: name, person, month, quarter, topic. Up to 500 characters.
    query: String,
    /// The kind of file, only when the caller named one.
    kind: Option<Kind>,
    /// The category, only when the caller named one: financial, contracts, reports, invoices, correspondence, recordings, images, or one of
    /// the company's own.
    category: Option<String>,
    /// Other readings of the caller's words by the speech recogniser, best first. Up to 10.
    alternatives: Option<Vec<String>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Data {
    /// The files, likeliest first.
    files: Vec<FileItem>,
}

pub(super) struct FindFile;

impl Tool for FindFile {
    type Input = Input;
    type Data = Data;
    const NAME: &'static str = "find_file";
    const TITLE: &'static str = "Find a file";
    const DESCRIPTION: &'static str = "Finds files by how the caller said them. Pass the caller's own words; do not correct or complete them. \
        Answers one file, two or three with a question to ask, or the nearest. Handles such as f1 name the files in later calls.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };
    const WRITES: bool = false;

    async fn run(kit: &Kit, ctx: &CallContext, input: Input) -> Result<Answer, FilesError> {
        let request = FindRequest {
            query: input.query,
            alternatives: input.alternatives.unwrap_or_default(),
            kind: input.kind.map(Category::from),
            category: input.category,
        };
        let listed = match kit.files.find(ctx, &request).await? {
            Found::One(listed) => listed,
            Found::Several(listed) => return Ok(kit.which(ctx, &listed)),
            Found::Nothing { nearest } => return Ok(kit.nothing(ctx, &nearest)),
        };
        let file = &listed.file;
        let title = speakable_title(&file.title);
        let say = match file.status {
            FileStatus::Scanning | FileStatus::Processing | FileStatus::Uploading => kit.say(&FindOneChecking { title }),
            FileStatus::Quarantined => kit.say(&FindOneQuarantined { title }),
            FileStatus::Active | FileStatus::Archived | FileStatus::Restoring | FileStatus::Expired | FileStatus::Deleted => {
                kit.say(&FindOne {
                    title,
                    kind: spoken_kind(file.category),
                    date: file.created_date.map(|date| spoken_date(date, kit.today(ctx))),
                    author: file.author.as_deref().map(spoken_name),
                })
            }
        };
        Ok(Answer::new(Outcome::Done, say).with_data(&Data { files: vec![kit.item(ctx, &listed)] }))
    }
}
