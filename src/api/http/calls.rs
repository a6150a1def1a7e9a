//! Phone calls, as the voice platform opens, changes and ends them.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::{Program, unknown_caller};
use crate::api::input::{Input, Segment, filled, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{
    CallId, CallSettings, Caller, Door, ErrorCode, HeardKind, Instant, Permission, Permissions, Phone, Timestamp, UserId, Verified,
};
use crate::files::{CallRecord, CallRequest, CallerHint};

/// Longest id a platform gives a call, in characters.
const MAX_EXTERNAL_ID: usize = 128;
/// Longest language tag, in bytes (BCP 47 asks for 35).
const MAX_LOCALE: usize = 35;
const MAX_LEVEL: u8 = 3;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/calls", get(list).post(open))
        .route("/v1/calls/{call}", patch(change).delete(end))
        .route("/v1/calls/{call}/heard", post(heard))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let example = json!({ "caller_number": "+15550100100", "verified": { "method": "pin", "level": 2 }, "locale": "en-GB", "time_zone": "Europe/London" });
    vec![
        Operation::post("open_call", "/v1/calls", "Opens a call; its token is for this call alone.", Takes::Key)
            .body::<NewCall>()
            .example(example)
            .gives::<Opened>(201)
            .fails(&[ErrorCode::Conflict]),
        Operation::get("list_calls", "/v1/calls", "The calls that are on the line, newest first.", Takes::Key)
            .needs(Permission::Admin)
            .gives::<Calls>(200),
        Operation::patch("change_call", "/v1/calls/{call}", "Says who calls, how sure the platform is, or in which language.", Takes::Key)
            .body::<CallChange>()
            .example(json!({ "verified": { "method": "voice", "level": 3 } }))
            .gives_nothing()
            .fails(&[ErrorCode::Conflict]),
        Operation::delete("end_call", "/v1/calls/{call}", "Ends a call; its token opens nothing any more.", Takes::Key).gives_nothing(),
        Operation::post("heard", "/v1/calls/{call}/heard", "What the platform itself heard: keys of the telephone, or words.", Takes::Key)
            .body::<Said>()
            .example(json!({ "digits": "1" }))
            .gives_nothing()
            .fails(&[ErrorCode::Conflict]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `caller_id` or `caller_number`")]
struct NewCall {
    caller_id: Option<String>,
    caller_number: Option<String>,
    call_id: Option<String>,
    permissions: Option<Vec<Permission>>,
    verified: Option<Verified>,
    locale: Option<String>,
    time_zone: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Opened {
    call_id: CallId,
    token: String,
    #[schemars(with = "Instant")]
    expires_at: Timestamp,
}

fn caller(id: Option<String>, number: Option<String>) -> Result<Option<CallerHint>, Problem> {
    match (filled(id), filled(number)) {
        (Some(_), Some(_)) => Err(Problem::invalid("give `caller_id` or `caller_number`, not both")),
        (Some(id), None) => UserId::parse(&id).map(|user| Some(CallerHint::User(user))).map_err(|_| unknown_caller()),
        (None, Some(number)) => Ok(Some(CallerHint::Number(value("caller_number", Phone::parse(&number))?))),
        (None, None) => Ok(None),
    }
}

fn verified(verified: Verified) -> Result<Verified, Problem> {
    if verified.level > MAX_LEVEL {
        return Err(Problem::invalid(format!("`verified`: level is at most {MAX_LEVEL}")));
    }
    Ok(verified)
}

/// Language and time zone, where one is given; the rest stays as it was.
fn settings(before: CallSettings, locale: Option<String>, time_zone: Option<String>) -> Result<CallSettings, Problem> {
    let mut settings = before;
    if let Some(locale) = filled(locale) {
        let is_tag = locale.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if !is_tag || locale.len() > MAX_LOCALE {
            return Err(Problem::invalid("`locale`: is not a language tag such as `en` or `en-GB`"));
        }
        settings.locale = locale;
    }
    if let Some(time_zone) = filled(time_zone) {
        if TimeZone::get(&time_zone).is_err() {
            return Err(Problem::invalid("`time_zone`: is not a name such as `Europe/Berlin`"));
        }
        settings.time_zone = time_zone;
    }
    Ok(settings)
}

async fn open(Program { subject, .. }: Program, State(api): State<Api>, Input(new): Input<NewCall>) -> Result<impl IntoResponse, Problem> {
    let external_id = filled(new.call_id);
    if external_id.as_deref().is_some_and(|id| id.chars().count() > MAX_EXTERNAL_ID || CallId::parse(id).is_ok()) {
        return Err(Problem::invalid(format!("`call_id`: is your own id of the call, at most {MAX_EXTERNAL_ID} characters")));
    }
    let request = CallRequest {
        caller: caller(new.caller_id, new.caller_number)?.unwrap_or(CallerHint::Unknown),
        external_id,
        permissions: new.permissions.map(Permissions::only),
        verified: verified(new.verified.unwrap_or_default())?,
        settings: settings(CallSettings::default(), new.locale, new.time_zone)?,
    };
    let opened = api.0.files.open_call(&subject, &request).await?;
    let json = Opened { call_id: opened.call, token: opened.token, expires_at: opened.expires_at };
    Ok((StatusCode::CREATED, Json(json)))
}

/// A call that is on the line, without anything that opens it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Call")]
struct CallJson {
    call_id: CallId,
    /// The platform's own id of it.
    external_id: Option<String>,
    /// `null` for a guest.
    caller_id: Option<UserId>,
    /// Of a guest.
    caller_number: Option<String>,
    verified: Verified,
    permissions: Vec<Permission>,
    locale: String,
    time_zone: String,
    #[schemars(with = "Instant")]
    opened_at: Timestamp,
    #[schemars(with = "Instant")]
    expires_at: Timestamp,
}

impl From<CallRecord> for CallJson {
    fn from(call: CallRecord) -> Self {
        let (caller_id, caller_number) = match call.caller {
            Caller::User(user) => (Some(user), None),
            Caller::Guest { number } => (None, number.map(String::from)),
        };
        Self {
            call_id: call.id,
            external_id: call.external_id,
            caller_id,
            caller_number,
            verified: call.verified,
            permissions: call.permissions.iter().collect(),
            locale: call.settings.locale,
            time_zone: call.settings.time_zone,
            opened_at: call.created_at,
            expires_at: call.expires_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Calls {
    calls: Vec<CallJson>,
}

async fn list(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<Calls>, Problem> {
    let living = api.0.files.living_calls(&subject).await?;
    Ok(Json(Calls { calls: living.into_iter().map(CallJson::from).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with what changes")]
struct CallChange {
    caller_id: Option<String>,
    caller_number: Option<String>,
    verified: Option<Verified>,
    locale: Option<String>,
    time_zone: Option<String>,
}

async fn change(
    Program { subject, key }: Program,
    State(api): State<Api>,
    Segment(call): Segment,
    Input(change): Input<CallChange>,
) -> Result<StatusCode, Problem> {
    let access = api.0.files.call(&subject, &call, key.is_test).await?;
    let caller = caller(change.caller_id, change.caller_number)?;
    let checked = change.verified.map(verified).transpose()?;
    let new_settings = if change.locale.is_some() || change.time_zone.is_some() {
        let before = access.context(Door::Http.into(), api.0.files.now()).settings;
        Some(settings(before, change.locale, change.time_zone)?)
    } else {
        None
    };
    api.0.files.change_call(&subject, &call, caller.as_ref(), checked, new_settings).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(Program { subject, .. }: Program, State(api): State<Api>, Segment(call): Segment) -> Result<StatusCode, Problem> {
    api.0.files.end_call(&subject, &call).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `digits` or `text`")]
struct Said {
    digits: Option<String>,
    text: Option<String>,
}

async fn heard(
    Program { subject, .. }: Program,
    State(api): State<Api>,
    Segment(call): Segment,
    Input(said): Input<Said>,
) -> Result<StatusCode, Problem> {
    let (kind, text) = match (said.digits, said.text) {
        (Some(digits), None) => {
            let keys = digits.trim().to_owned();
            if keys.is_empty() || !keys.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*' || byte == b'#') {
                return Err(Problem::invalid("`digits`: are keys of a telephone, `0` to `9`, `*` and `#`"));
            }
            (HeardKind::Digits, keys)
        }
        (None, Some(text)) => (HeardKind::Text, text),
        (None, None) | (Some(_), Some(_)) => return Err(Problem::invalid("give `digits` or `text`, one of them")),
    };
    api.0.files.heard(&subject, &call, kind, &text).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(locale: &str, zone: &str) -> Result<CallSettings, Problem> {
        settings(CallSettings::default(), Some(locale.to_owned()), Some(zone.to_owned()))
    }

    #[test]
    fn language_and_zone_are_checked_and_blank_ones_change_nothing() {
        assert_eq!(texts("", " ").unwrap(), CallSettings::default());
        let set = texts("de-AT", "Europe/Vienna").unwrap();
        assert_eq!((set.locale.as_str(), set.time_zone.as_str()), ("de-AT", "Europe/Vienna"));
        for (locale, zone) in [("e n", ""), ("en--GB", ""), ("../en", ""), ("en", "Mars/Olympus"), ("en", "../etc")] {
            assert!(texts(locale, zone).is_err(), "{locale} {zone}");
        }
    }

    #[test]
    fn a_caller_is_named_in_one_way() {
        let text = |text: &str| Some(text.to_owned());
        assert!(matches!(caller(None, None), Ok(None)));
        assert!(matches!(caller(None, text("+1 555 010 0100")), Ok(Some(CallerHint::Number(_)))));
        assert!(caller(text("user_1"), text("+15550100100")).is_err());
        assert_eq!(caller(text("nobody"), None).unwrap_err(), unknown_caller());
        assert!(caller(None, text("anonymous")).is_err());
    }
}
