//! Uploading: the body is the file, and goes to the store as it arrives.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_json::FileJson;
use crate::api::body::{declared_type, pieces};
use crate::api::credential::Asker;
use crate::api::input::{Params, declared_length, filled, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Blank, Category, Day, ErrorCode, FileId, FileName, Folder, Permission, Topic, UserId, Words};
use crate::files::{AddRequest, Given};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/files", post(upload))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("upload_file", "/v1/files", "Uploads a file, or a new version of one: the body is the file.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .query::<About>()
            .bytes()
            .gives::<FileJson>(201)
            .with_location()
            .fails(&[ErrorCode::Conflict, ErrorCode::NotFound]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct About {
    #[schemars(with = "Words")]
    name: Option<String>,
    #[schemars(extend("format" = "folder"))]
    folder: Option<String>,
    title: Option<String>,
    author: Option<String>,
    /// Separated by commas.
    tags: Option<String>,
    /// By which word it is sorted, as `contracts`, or what kind of file it is, as `spreadsheet`.
    #[schemars(with = "Option<Topic>")]
    category: Option<String>,
    #[schemars(with = "Option<Day>")]
    created_date: Option<String>,
    #[schemars(with = "Option<Blank<UserId>>")]
    owner: Option<String>,
    /// The file of which this is a new version.
    #[schemars(with = "Option<Blank<FileId>>")]
    replaces: Option<String>,
}

impl About {
    fn request(self, content_type: Option<String>) -> Result<AddRequest, Problem> {
        let Some(name) = filled(self.name) else {
            return Err(Problem::invalid("`name`: is needed; send `?name=` with the file's name"));
        };
        let (category, topic) = category(filled(self.category).as_deref())?;
        let date = |text: String| text.parse::<Date>().map_err(|_| Problem::invalid("`created_date`: is a date such as `2025-06-30`"));
        let owner = |text: String| UserId::parse(&text).map_err(|_| Problem::invalid("`owner`: is not a user of this customer"));
        Ok(AddRequest {
            name: value("name", FileName::parse(&name))?,
            folder: value("folder", Folder::parse(&self.folder.unwrap_or_default()))?,
            owner: filled(self.owner).map(owner).transpose()?,
            given: Given {
                title: filled(self.title),
                author: filled(self.author),
                tags: self.tags.unwrap_or_default().split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
                category,
                topic,
                created_date: filled(self.created_date).map(date).transpose()?,
            },
            content_type,
            replaces: filled(self.replaces).map(|text| id(&text)).transpose()?,
        })
    }
}

/// A word for a file: of which kind it is, or by which people sort it. No word is both.
pub(super) fn category(word: Option<&str>) -> Result<(Option<Category>, Option<Topic>), Problem> {
    let Some(word) = word else { return Ok((None, None)) };
    if let Some(kind) = Category::parse(word) {
        return Ok((Some(kind), None));
    }
    let known = || Category::ALL.map(Category::as_str).into_iter().chain(Topic::USUAL).collect::<Vec<_>>().join(", ");
    let topic = Topic::parse(word).map_err(|_| Problem::invalid(format!("`category`: is one of {}, or one of your own", known())))?;
    Ok((None, Some(topic)))
}

async fn upload(
    Asker(subject): Asker,
    State(api): State<Api>,
    Params(about): Params<About>,
    request: Request,
) -> Result<Response, Problem> {
    let length = declared_length(request.headers());
    let limit = api.0.settings.upload_limit;
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::new(ErrorCode::TooLarge, format!("a file is at most {limit} bytes")));
    }
    let add = about.request(declared_type(request.headers())?)?;
    // Before the first byte is asked for: until then the sender's own connection holds it up.
    let place = api.0.admission.upload(length).await?;
    let bytes = pieces(request.into_body(), length);
    let files = api.0.files.clone();
    // In a task of its own: a client that hangs up must not keep the store from tidying up.
    let work = api.0.tasks.spawn(async move {
        let added = files.add(&subject, &add, bytes).await;
        drop(place);
        added
    });
    let view = work.await.map_err(|error| {
        tracing::error!(error = %error, "an upload's task ended early");
        Problem::internal()
    })??;
    FileJson::from(view).made()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(name: &str) -> About {
        About {
            name: Some(name.to_owned()),
            folder: None,
            title: None,
            author: None,
            tags: None,
            category: None,
            created_date: None,
            owner: None,
            replaces: None,
        }
    }

    #[test]
    fn what_is_said_of_a_file_is_read_or_named_in_the_answer() {
        let full = About { tags: Some(" q2, ,finance ".to_owned()), created_date: Some("2025-06-30".to_owned()), ..about("a.pdf") };
        let request = full.request(None).unwrap();
        assert_eq!(request.given.tags, ["q2", "finance"]);
        assert_eq!(request.given.created_date, Some(jiff::civil::date(2025, 6, 30)));
        for (broken, named) in [
            (about(" "), "`name`"),
            (about("a/b"), "`name`"),
            (About { folder: Some("a/../b".to_owned()), ..about("a") }, "`folder`"),
            (About { category: Some("a poem!".to_owned()), ..about("a") }, "`category`"),
            (About { created_date: Some("June".to_owned()), ..about("a") }, "`created_date`"),
            (About { owner: Some("me".to_owned()), ..about("a") }, "`owner`"),
        ] {
            let problem = broken.request(None).unwrap_err();
            assert!(problem.detail().starts_with(named), "{}", problem.detail());
        }
        let foreign = About { replaces: Some("nothing".to_owned()), ..about("a") }.request(None).unwrap_err();
        assert_eq!(foreign, Problem::not_found());
    }
}
