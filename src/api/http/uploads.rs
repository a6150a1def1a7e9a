//! Direct uploads: what may be sent straight to the store, and what came of it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::file_json::FileJson;
use super::upload::category;
use crate::api::credential::Asker;
use crate::api::input::{Input, Params, Segment, Whole, filled, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{
    Blank, Checksum, Day, ErrorCode, FileId, FileName, Folder, Instant, Permission, Timestamp, Topic, UploadId, UserId, Words, clean_text,
};
use crate::files::{AddRequest, Given, OpenUpload, PartClaim, SignedRequest, UploadTerms, Way};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/uploads", post(begin)).route("/v1/uploads/{upload}", get(requests).delete(give_up))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let example = json!({ "name": "lease.pdf", "size_bytes": 1_048_576, "content_type": "application/pdf" });
    vec![
        Operation::post("begin_upload", "/v1/uploads", "Begins an upload straight to the store.", Takes::KeyOrCall)
            .needs(Permission::Write)
            .body::<NewUpload>()
            .example(example)
            .gives::<UploadJson>(201)
            .fails(&[ErrorCode::Conflict, ErrorCode::NotFound]),
        Operation::get("get_upload", "/v1/uploads/{upload}", "The requests by which the bytes are sent, signed anew.", Takes::KeyOrCall)
            .query::<Page>()
            .gives::<UploadJson>(200)
            .fails(&[ErrorCode::Conflict]),
        Operation::delete("give_up_upload", "/v1/uploads/{upload}", "Gives an upload up.", Takes::KeyOrCall).gives_nothing(),
        Operation::post("complete_upload", "/v1/uploads/{upload}/complete", "Makes a file of what was sent.", Takes::KeyOrCall)
            .optional_body::<Completed>()
            .gives::<FileJson>(201)
            .with_location()
            .fails(&[ErrorCode::Conflict]),
    ]
}

/// Completing reads what arrived, and takes as long.
pub(super) fn long_routes() -> Router<Api> {
    Router::new().route("/v1/uploads/{upload}/complete", post(complete))
}

/// Most parts that a sender may name: S3's own limit.
const MAX_PARTS: usize = 10_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name` and `size_bytes`")]
struct NewUpload {
    #[schemars(with = "Words")]
    name: String,
    size_bytes: u64,
    #[schemars(extend("format" = "media-type"))]
    content_type: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    #[schemars(extend("pattern" = "^([Ss][Hh][Aa]256:[0-9A-Fa-f]{64})?$"))]
    checksum: Option<String>,
    #[schemars(extend("format" = "folder"))]
    folder: Option<String>,
    title: Option<String>,
    author: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    /// By which word it is sorted, as `contracts`, or what kind of file it is, as `spreadsheet`.
    #[schemars(with = "Option<Topic>")]
    category: Option<String>,
    #[schemars(with = "Option<Day>")]
    created_date: Option<Date>,
    #[schemars(with = "Option<Blank<UserId>>")]
    owner: Option<String>,
    /// The file of which this is a new version.
    #[schemars(with = "Option<Blank<FileId>>")]
    replaces: Option<String>,
}

impl NewUpload {
    fn terms(self) -> Result<UploadTerms, Problem> {
        let checksum = filled(self.checksum).map(|text| {
            let wanted = "`checksum`: is `sha256:` and 64 hexadecimal digits";
            Checksum::parse(&text.to_ascii_lowercase()).ok_or_else(|| Problem::invalid(wanted))
        });
        let content_type = filled(self.content_type).map(|text| {
            let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            // It becomes a header of a request that others send.
            let is_token =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
            let is_type = essence.split_once('/').is_some_and(|(kind, of)| is_token(kind) && is_token(of)) && essence.len() <= 100;
            if is_type { Ok(essence) } else { Err(Problem::invalid("`content_type`: is a MIME type such as `application/pdf`")) }
        });
        let owner = |text: String| UserId::parse(&text).map_err(|_| Problem::invalid("`owner`: is not a user of this customer"));
        let (kind, topic) = category(filled(self.category).as_deref())?;
        Ok(UploadTerms {
            about: AddRequest {
                name: value("name", FileName::parse(&self.name))?,
                folder: value("folder", Folder::parse(&self.folder.unwrap_or_default()))?,
                owner: filled(self.owner).map(owner).transpose()?,
                given: Given {
                    title: filled(self.title),
                    author: filled(self.author),
                    tags: self.tags.into_iter().map(|tag| clean_text(&tag, 60)).filter(|tag| !tag.is_empty()).collect(),
                    category: kind,
                    topic,
                    created_date: self.created_date,
                },
                content_type: content_type.transpose()?,
                replaces: filled(self.replaces).map(|text| id(&text)).transpose()?,
            },
            size: self.size_bytes,
            checksum: checksum.transpose()?,
        })
    }
}

/// A request to the store, to be sent exactly so.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StoreRequest")]
struct RequestJson {
    method: String,
    url: String,
    /// A browser sets `content-length` by itself, to the same value.
    headers: serde_json::Map<String, serde_json::Value>,
}

impl From<SignedRequest> for RequestJson {
    fn from(request: SignedRequest) -> Self {
        let headers = request.headers.into_iter().filter(|(name, _)| name != "host").map(|(name, value)| (name, value.into()));
        Self { method: request.method, url: request.url, headers: headers.collect() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PartRequest")]
struct PartJson {
    number: u32,
    size: u64,
    #[serde(flatten)]
    request: RequestJson,
}

/// How the bytes are to be sent: `method`, `url` and `headers` of one request, or `parts`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Upload")]
struct UploadJson {
    upload_id: UploadId,
    /// Until when the requests are taken; ask for them again after that.
    #[schemars(with = "Instant")]
    expires_at: Timestamp,
    /// Until when the upload may be completed.
    #[schemars(with = "Instant")]
    complete_before: Timestamp,
    #[serde(flatten)]
    request: Option<RequestJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<PartJson>>,
    /// `after` of the next page of parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
}

impl From<OpenUpload> for UploadJson {
    fn from(open: OpenUpload) -> Self {
        let bare = |expires_at| Self {
            upload_id: open.id,
            expires_at,
            complete_before: open.expires_at,
            request: None,
            part_size: None,
            part_count: None,
            parts: None,
            next: None,
        };
        match open.way {
            Way::Whole { request, expires_at } => Self { request: Some(request.into()), ..bare(expires_at) },
            Way::Parts(page) => {
                let part =
                    |part: crate::files::PartRequest| PartJson { number: part.number, size: part.size, request: part.request.into() };
                Self {
                    part_size: Some(page.part_size),
                    part_count: Some(page.count),
                    parts: Some(page.parts.into_iter().map(part).collect()),
                    next: page.next,
                    ..bare(page.expires_at)
                }
            }
        }
    }
}

async fn begin(Asker(subject): Asker, State(api): State<Api>, Input(new): Input<NewUpload>) -> Result<impl IntoResponse, Problem> {
    let open = api.0.files.begin_direct(&subject, &new.terms()?).await?;
    Ok((StatusCode::CREATED, Json(UploadJson::from(open))))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<u32>,
}

async fn requests(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(upload): Segment,
    Params(page): Params<Page>,
) -> Result<Json<UploadJson>, Problem> {
    let open = api.0.files.direct_requests(&subject, id(&upload)?, page.after.unwrap_or(0)).await?;
    Ok(Json(open.into()))
}

async fn give_up(Asker(subject): Asker, State(api): State<Api>, Segment(upload): Segment) -> Result<StatusCode, Problem> {
    api.0.files.give_up_direct(&subject, id(&upload)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `parts`")]
struct Completed {
    parts: Option<Vec<PartName>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartName {
    number: u32,
    etag: String,
}

/// What the sender says of the parts; a body is not needed.
fn claims(body: &[u8]) -> Result<Option<Vec<PartClaim>>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let completed: Completed =
        serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the body cannot be read: {error}")))?;
    let Some(parts) = completed.parts else { return Ok(None) };
    if parts.len() > MAX_PARTS {
        return Err(Problem::invalid("`parts`: are at most 10000"));
    }
    Ok(Some(parts.into_iter().map(|part| PartClaim { number: part.number, etag: part.etag }).collect()))
}

async fn complete(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(upload): Segment,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let (upload, parts) = (id(&upload)?, claims(&body)?);
    // It reads as much as an upload brings, and fills as much memory.
    let place = api.0.admission.upload(None).await?;
    let files = api.0.files.clone();
    // In a task of its own: a client that hangs up finds the file when it asks again.
    let work = api.0.tasks.spawn(async move {
        let made = files.complete_direct(&subject, upload, parts.as_deref()).await;
        drop(place);
        made
    });
    let view = work.await.map_err(|error| {
        tracing::error!(error = %error, "completing an upload ended early");
        Problem::internal()
    })??;
    FileJson::from(view).made()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<UploadTerms, Problem> {
        serde_json::from_str::<NewUpload>(json).map_err(|error| Problem::invalid(error.to_string()))?.terms()
    }

    #[test]
    fn what_is_promised_of_an_upload_is_read_or_named_in_the_answer() {
        let sum = format!("SHA256:{}", "A0".repeat(32));
        let terms = read(&format!(
            r#"{{"name": "a.pdf", "size_bytes": 5, "checksum": "{sum}", "content_type": "Application/PDF; x=1", "tags": [" q2 ", ""]}}"#
        ))
        .unwrap();
        assert_eq!(terms.checksum.unwrap().to_string(), sum.to_ascii_lowercase());
        assert_eq!(terms.about.content_type.as_deref(), Some("application/pdf"));
        assert_eq!(terms.about.given.tags, ["q2"]);
        for (json, named) in [
            (r#"{"name": "a/b", "size_bytes": 1}"#, "`name`"),
            (r#"{"name": "a"}"#, "size_bytes"),
            (r#"{"name": "a", "size_bytes": -1}"#, "-1"),
            (r#"{"name": "a", "size_bytes": 1, "checksum": "md5:1"}"#, "`checksum`"),
            (r#"{"name": "a", "size_bytes": 1, "content_type": "a/b\r\nx-evil: 1"}"#, "`content_type`"),
            (r#"{"name": "a", "size_bytes": 1, "folder": "../x"}"#, "`folder`"),
            (r#"{"name": "a", "size_bytes": 1, "owner": "me"}"#, "`owner`"),
            (r#"{"name": "a", "size_bytes": 1, "titel": "x"}"#, "`titel`"),
        ] {
            let problem = read(json).unwrap_err();
            assert!(problem.detail().contains(named), "{}", problem.detail());
        }
    }

    #[test]
    fn parts_are_named_or_not() {
        assert_eq!(claims(b"").unwrap(), None);
        assert_eq!(claims(b"{}").unwrap(), None);
        assert_eq!(claims(br#"{"parts": [{"number": 1, "etag": "x"}]}"#).unwrap().unwrap().len(), 1);
        assert!(claims(br#"{"parts": [{"etag": "x"}]}"#).is_err());
    }
}
