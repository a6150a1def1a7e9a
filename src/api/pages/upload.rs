//! `/u/{slug}`: files that somebody was asked for. A form that works by itself; a script beside it sends what is
//! chosen at once, shows how far it is, and goes on where it broke off.

use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, FromRequestParts, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::header::{CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderValue, StatusCode, Uri};
use multer::Multipart;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::template::{HTML, Page};
use super::words::{bytes_text, state_text};
use crate::api::body::{declared_type, gathered, pieces, unstalled};
use crate::api::credential::patience;
use crate::api::input::{Input, Params, Segments, declared_length, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::origin::place;
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{Door, ErrorCode, FileId, FileName, Instant, Password, Timestamp, UploadId, clean_text};
use crate::files::{Came, CameState, FilesError, Sending, UploadFace, Uploader};
use crate::speech::spoken_left;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/u/{slug}", get(show))
        .route("/u/{slug}/files", get(status))
        .route("/u/{slug}/files/{file}/unlock", post(unlock))
        .route("/u/{slug}/uploads", post(begin))
        .route("/u/{slug}/uploads/{upload}", get(progress).delete(stop))
}

/// What takes as long as its bytes do.
pub(super) fn long_routes() -> Router<Api> {
    Router::new()
        .route("/u/{slug}", post(form))
        .route("/u/{slug}/files", post(whole))
        .route("/u/{slug}/uploads/{upload}", put(part))
        .route("/u/{slug}/uploads/{upload}/complete", post(complete))
        .layer(DefaultBodyLimit::disable())
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let (page, files, upload) = ("/u/{slug}", "/u/{slug}/files", "/u/{slug}/uploads/{upload}");
    vec![
        Operation::get("upload_page", page, "The page on which files are handed over.", Takes::Nothing)
            .gives_text(200, HTML)
            .gives_text(404, HTML),
        Operation::post("send_form", page, "Takes the files of a form.", Takes::Nothing)
            .bytes()
            .redirects(303)
            .gives_text(400, HTML)
            .gives_text(404, HTML)
            .gives_text(422, HTML)
            .fails(&[ErrorCode::Unavailable]),
        Operation::get("sent_files", files, "What came under the link, and what became of it.", Takes::Nothing)
            .gives::<StatusJson>(200)
            .fails(&[ErrorCode::NotFound]),
        Operation::post("send_file", files, "Takes a file; the body is its bytes.", Takes::Nothing)
            .query::<Named>()
            .bytes()
            .gives::<CameJson>(201)
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict]),
        Operation::post("unlock_sent", "/u/{slug}/files/{file}/unlock", "Takes a password for a file that is locked.", Takes::Nothing)
            .form::<NewPassword>()
            .redirects(303)
            .gives_text(404, HTML)
            .gives_text(422, HTML)
            .fails(&[ErrorCode::Unavailable]),
        Operation::post("begin_sending", "/u/{slug}/uploads", "Begins a file that comes in parts.", Takes::Nothing)
            .body::<NewSending>()
            .example(json!({ "name": "film.mov", "size_bytes": 734_003_200, "content_type": "video/quicktime" }))
            .gives::<SendingJson>(201)
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::TooLarge, ErrorCode::TooMany]),
        Operation::get("sent_parts", upload, "Which parts of a file have arrived.", Takes::Nothing)
            .gives::<SendingJson>(200)
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict]),
        Operation::put("send_part", upload, "Takes one part; the body is its bytes.", Takes::Nothing)
            .query::<Numbered>()
            .bytes()
            .gives_nothing()
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict]),
        Operation::delete("stop_sending", upload, "Gives a file in parts up.", Takes::Nothing)
            .gives_nothing()
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict]),
        Operation::post("finish_sending", "/u/{slug}/uploads/{upload}/complete", "Makes the file of its parts.", Takes::Nothing)
            .gives::<CameJson>(201)
            .fails(&[ErrorCode::NotFound, ErrorCode::Conflict]),
    ]
}

/// Whoever holds a living link. Nobody else is here: 404.
struct Sender(Uploader);

async fn sender_of(parts: &Parts, api: &Api, slug: &str) -> Result<Option<Uploader>, FilesError> {
    api.0.files.uploader(slug, place(Door::Page, &parts.extensions), patience(&parts.extensions)).await
}

impl FromRequestParts<Api> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        // The first part of the path, and on some routes the only one; written in whatever way means the same.
        let variables = RawPathParams::from_request_parts(parts, api).await.map_err(|_| Problem::not_found())?;
        let slug = variables.iter().find(|(name, _)| *name == "slug").map(|(_, slug)| slug.to_owned()).unwrap_or_default();
        sender_of(parts, api, &slug).await?.map(Self).ok_or_else(Problem::not_found)
    }
}

/// What the page shows.
#[derive(Debug, Serialize)]
struct Shown {
    /// `open`, `full` or `ended`.
    face: &'static str,
    /// The page's own path.
    path: String,
    from: String,
    asked_by: String,
    what: Option<String>,
    most: String,
    most_bytes: u64,
    part_bytes: u64,
    left: u32,
    expires_in: String,
    came: Vec<CameJson>,
    /// What went wrong with what was just sent.
    faults: Vec<Fault>,
}

/// A file, or a password for one, that was not taken.
#[derive(Debug, Serialize)]
struct Fault {
    name: String,
    text: &'static str,
    of_password: bool,
}

/// A file that came, for the page's list and for its script.
#[derive(Debug, Serialize, JsonSchema)]
struct CameJson {
    id: FileId,
    name: String,
    size: String,
    state: &'static str,
    text: &'static str,
    /// Whether a password can be given for it now.
    may_unlock: bool,
}

impl From<Came> for CameJson {
    fn from(came: Came) -> Self {
        let state = match came.state {
            CameState::Checking => "checking",
            // What its sender can do no more about.
            CameState::Ready | CameState::Opened | CameState::Unread => "ready",
            CameState::Closed => "locked",
            CameState::WrongPassword => "wrong_password",
            CameState::Trying => "trying",
            CameState::LockedAway => "locked_away",
            CameState::Unchecked => "unchecked",
        };
        Self {
            id: came.file,
            name: came.name,
            size: bytes_text(came.size),
            state,
            text: state_text(came.state),
            may_unlock: came.may_unlock,
        }
    }
}

impl Shown {
    fn of(api: &Api, path: String, face: UploadFace, faults: Vec<Fault>) -> Self {
        let left = face.expires_at.duration_since(api.0.files.now()).as_secs();
        Self {
            face: if face.left == 0 { "full" } else { "open" },
            path,
            from: face.from,
            asked_by: face.asked_by,
            what: face.what,
            most: bytes_text(face.most_bytes),
            most_bytes: face.most_bytes,
            part_bytes: api.0.files.part_bytes(),
            left: face.left,
            expires_in: spoken_left(u64::try_from(left).unwrap_or(0)).to_string(),
            came: face.came.into_iter().map(CameJson::from).collect(),
            faults,
        }
    }

    fn ended() -> Self {
        Self {
            face: "ended",
            path: String::new(),
            from: String::new(),
            asked_by: String::new(),
            what: None,
            most: String::new(),
            most_bytes: 0,
            part_bytes: 0,
            left: 0,
            expires_in: String::new(),
            came: Vec::new(),
            faults: Vec::new(),
        }
    }
}

fn ended(api: &Api) -> Response {
    api.0.pages.answer(Page::Upload, StatusCode::NOT_FOUND, &Shown::ended())
}

async fn page(api: &Api, path: &str, uploader: &Uploader, status: StatusCode, faults: Vec<Fault>) -> Response {
    match api.0.files.upload_face(uploader).await {
        Ok(face) => api.0.pages.answer(Page::Upload, status, &Shown::of(api, page_of(path), face, faults)),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The page's own path, from that of anything on it.
fn page_of(path: &str) -> String {
    path.split('/').take(3).collect::<Vec<_>>().join("/")
}

async fn show(State(api): State<Api>, uri: Uri, sender: Result<Sender, Problem>) -> Response {
    match sender {
        Ok(Sender(uploader)) => page(&api, uri.path(), &uploader, StatusCode::OK, Vec::new()).await,
        Err(problem) if problem.code() == ErrorCode::NotFound => ended(&api),
        Err(problem) => problem.into_response(),
    }
}

/// Why a file of the form was not taken, for its sender.
fn fault(name: String, error: &FilesError) -> Fault {
    let text = match error.code() {
        ErrorCode::TooLarge => "This file is too large for the link.",
        ErrorCode::OverQuota => "There is no room left for this file. Please tell the person who asked.",
        ErrorCode::Conflict => "The link takes no more files.",
        ErrorCode::NotFound | ErrorCode::Forbidden => "The person who asked can't receive files any more.",
        ErrorCode::Invalid => "This file's name can't be used.",
        ErrorCode::Unauthenticated
        | ErrorCode::TooMany
        | ErrorCode::NotReady
        | ErrorCode::Quarantined
        | ErrorCode::Held
        | ErrorCode::Timeout
        | ErrorCode::Unavailable
        | ErrorCode::Internal => "It didn't arrive. Please send it again.",
    };
    Fault { name, text, of_password: false }
}

/// A name as browsers give it: some send a whole path.
fn file_name(text: &str) -> Result<FileName, FilesError> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    FileName::parse(name).map_err(|error| FilesError::Invalid { field: "name", reason: error.to_string() })
}

/// What a form brings, file by file. What came before one that breaks off stays.
async fn take_form(api: &Api, uploader: &Uploader, mut form: Multipart<'static>) -> Vec<Fault> {
    let mut faults = Vec::new();
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return faults,
            Err(_) => {
                faults.push(Fault {
                    name: String::new(),
                    text: "What was sent broke off. Please send the rest again.",
                    of_password: false,
                });
                return faults;
            }
        };
        // A choice that was left empty comes as a file without a name.
        let Some(told) = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned) else { continue };
        let content_type = field.content_type().map(ToString::to_string);
        let shown = clean_text(&told, 120);
        let taken = match file_name(&told) {
            Ok(name) => api.0.files.receive(uploader, name, content_type, None, Box::pin(unstalled(field))).await,
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::info!(code = %error.code(), error = %error, "a file of a form was not taken");
            let ends_all = matches!(error.code(), ErrorCode::Conflict | ErrorCode::NotFound | ErrorCode::Forbidden);
            faults.push(fault(shown, &error));
            if ends_all {
                return faults;
            }
        }
    }
}

async fn form(State(api): State<Api>, sender: Result<Sender, Problem>, request: Request) -> Response {
    let uploader = match sender {
        Ok(Sender(uploader)) => uploader,
        Err(problem) if problem.code() == ErrorCode::NotFound => return ended(&api),
        Err(problem) => return problem.into_response(),
    };
    let length = declared_length(request.headers());
    let path = request.uri().path().to_owned();
    let boundary = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(multer::parse_boundary);
    let Some(Ok(boundary)) = boundary else {
        let faults = vec![Fault { name: String::new(), text: "Nothing was chosen. Choose a file, then send it.", of_password: false }];
        return page(&api, &path, &uploader, StatusCode::BAD_REQUEST, faults).await;
    };
    let place = match api.0.admission.upload(length).await {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let form = Multipart::new(request.into_body().into_data_stream(), boundary);
    let (work_api, work_uploader) = (api.clone(), uploader.clone());
    // In a task of its own: a client that hangs up must not keep the store from tidying up.
    let work = api.0.tasks.spawn(async move {
        let faults = take_form(&work_api, &work_uploader, form).await;
        drop(place);
        faults
    });
    match work.await {
        Ok(faults) if faults.is_empty() => back(&api, &path),
        Ok(faults) => page(&api, &path, &uploader, StatusCode::UNPROCESSABLE_ENTITY, faults).await,
        Err(error) => {
            tracing::error!(error = %error, "a form's task ended early");
            Problem::internal().into_response()
        }
    }
}

/// A password as the page's form gives it.
#[derive(Deserialize, JsonSchema)]
struct NewPassword {
    password: String,
}

/// Why a password was not tried, for whoever gave it.
const fn refusal(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TooMany => "Too many passwords were tried. Please try again in an hour.",
        ErrorCode::Conflict | ErrorCode::NotReady => "No password is needed for it now.",
        ErrorCode::Quarantined => "It looked harmful, so it was locked away.",
        ErrorCode::NotFound | ErrorCode::Forbidden => "A password can't be given for it any more.",
        ErrorCode::Invalid => "Enter the password of the file, up to 255 characters.",
        ErrorCode::Unauthenticated
        | ErrorCode::TooLarge
        | ErrorCode::OverQuota
        | ErrorCode::Held
        | ErrorCode::Timeout
        | ErrorCode::Unavailable
        | ErrorCode::Internal => "The password couldn't be tried. Please enter it again.",
    }
}

async fn unlock(
    State(api): State<Api>,
    uri: Uri,
    sender: Result<Sender, Problem>,
    Segments(_, file): Segments,
    form: Result<Form<NewPassword>, FormRejection>,
) -> Response {
    let uploader = match sender {
        Ok(Sender(uploader)) => uploader,
        Err(problem) if problem.code() == ErrorCode::NotFound => return ended(&api),
        Err(problem) => return problem.into_response(),
    };
    let given = form.ok().and_then(|Form(given)| Password::parse(given.password));
    let code = match (FileId::parse(&file), given) {
        (Ok(file), Some(password)) => match api.0.files.unlock_sent(&uploader, file, &password).await {
            Ok(()) => return back(&api, &page_of(uri.path())),
            Err(error) => error.code(),
        },
        (Err(_), _) => ErrorCode::NotFound,
        (_, None) => ErrorCode::Invalid,
    };
    let name = match api.0.files.came(&uploader).await {
        Ok(came) => came.into_iter().find(|came| came.file.to_string() == file).map(|came| came.name),
        Err(error) => return Problem::from(error).into_response(),
    };
    let faults = vec![Fault { name: name.unwrap_or_default(), text: refusal(code), of_password: true }];
    page(&api, uri.path(), &uploader, StatusCode::UNPROCESSABLE_ENTITY, faults).await
}

/// To the page again, so that loading it once more sends nothing twice.
fn back(api: &Api, path: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(path) else { return Problem::internal().into_response() };
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    api.0.pages.protect(Page::Upload, response.headers_mut());
    response
}

#[derive(Serialize, JsonSchema)]
struct StatusJson {
    files: Vec<CameJson>,
}

async fn status(State(api): State<Api>, Sender(uploader): Sender) -> Result<Json<StatusJson>, Problem> {
    let files = api.0.files.came(&uploader).await?.into_iter().map(CameJson::from).collect();
    Ok(Json(StatusJson { files }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn whole(
    State(api): State<Api>,
    Sender(uploader): Sender,
    Params(named): Params<Named>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let length = declared_length(request.headers());
    let (name, content_type) = (file_name(&named.name)?, declared_type(request.headers())?);
    let place = api.0.admission.upload(length).await?;
    let bytes = pieces(request.into_body(), length);
    let files = api.0.files.clone();
    let work = api.0.tasks.spawn(async move {
        let came = files.receive(&uploader, name, content_type, length, bytes).await;
        drop(place);
        came
    });
    let came = work.await.map_err(|error| ended_early(&error))??;
    Ok((StatusCode::CREATED, Json(CameJson::from(came))))
}

fn ended_early(error: &tokio::task::JoinError) -> Problem {
    tracing::error!(error = %error, "an upload's task ended early");
    Problem::internal()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name` and `size_bytes`")]
struct NewSending {
    name: String,
    size_bytes: u64,
    content_type: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct SendingJson {
    upload_id: UploadId,
    part_size: u64,
    part_count: u32,
    arrived: Vec<u32>,
    #[schemars(with = "Instant")]
    complete_before: Timestamp,
}

impl From<Sending> for SendingJson {
    fn from(sending: Sending) -> Self {
        Self {
            upload_id: sending.id,
            part_size: sending.part_size,
            part_count: sending.count,
            arrived: sending.arrived,
            complete_before: sending.expires_at,
        }
    }
}

async fn begin(State(api): State<Api>, Sender(uploader): Sender, Input(new): Input<NewSending>) -> Result<impl IntoResponse, Problem> {
    if new.size_bytes <= api.0.files.part_bytes() {
        return Err(Problem::invalid("`size_bytes`: what is no larger than a part is sent whole"));
    }
    let name = value("name", file_name(&new.name))?;
    let sending = api.0.files.begin_sending(&uploader, name, new.content_type, new.size_bytes).await?;
    Ok((StatusCode::CREATED, Json(SendingJson::from(sending))))
}

async fn progress(State(api): State<Api>, Sender(uploader): Sender, Segments(_, upload): Segments) -> Result<Json<SendingJson>, Problem> {
    Ok(Json(api.0.files.sending(&uploader, id(&upload)?).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Numbered {
    part: u32,
}

async fn part(
    State(api): State<Api>,
    Sender(uploader): Sender,
    Segments(_, upload): Segments,
    Params(numbered): Params<Numbered>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let upload = id(&upload)?;
    let limit = api.0.files.part_bytes();
    let length = declared_length(request.headers());
    let place = api.0.admission.upload(length.or(Some(limit))).await?;
    let bytes = gathered(pieces(request.into_body(), length), limit).await?;
    api.0.files.take_part(&uploader, upload, numbered.part, bytes).await?;
    drop(place);
    Ok(StatusCode::NO_CONTENT)
}

async fn complete(State(api): State<Api>, Sender(uploader): Sender, Segments(_, upload): Segments) -> Result<impl IntoResponse, Problem> {
    let upload = id(&upload)?;
    let place = api.0.admission.upload(None).await?;
    let files = api.0.files.clone();
    let work = api.0.tasks.spawn(async move {
        let came = files.finish_sending(&uploader, upload).await;
        drop(place);
        came
    });
    let came = work.await.map_err(|error| ended_early(&error))??;
    Ok((StatusCode::CREATED, Json(CameJson::from(came))))
}

async fn stop(State(api): State<Api>, Sender(uploader): Sender, Segments(_, upload): Segments) -> Result<StatusCode, Problem> {
    api.0.files.stop_sending(&uploader, id(&upload)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
