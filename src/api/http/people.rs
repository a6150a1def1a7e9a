//! The customer's directory.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, patch, put};
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Program;
use crate::api::input::{Input, Segment, Segments, filled, id, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Instant, Permission, Person, PersonId, PersonKind, Phone, PhoneNumber, Role, Timestamp, UserId, Words};
use crate::files::{Membership, PersonChange, PersonRequest};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/people", get(list).post(add))
        .route("/v1/people/{person}", patch(change))
        .route("/v1/people/{person}/members/{user}", put(join).delete(leave))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("list_people", "/v1/people", "The customer's directory.", Takes::Key).needs(Permission::Admin).gives::<People>(200),
        Operation::post("add_person", "/v1/people", "Adds a user, a team or a contact.", Takes::Key)
            .needs(Permission::Admin)
            .body::<NewPerson>()
            .example(json!({ "kind": "user", "name": "Amira Haddad", "email": "amira@example.com", "roles": ["member"] }))
            .gives::<PersonJson>(201)
            .fails(&[ErrorCode::Conflict]),
        Operation::patch("change_person", "/v1/people/{person}", "Changes a person; what is not named stays.", Takes::Key)
            .needs(Permission::Admin)
            .body::<Change>()
            .example(json!({ "roles": ["auditor"], "active": true }))
            .gives::<PersonJson>(200)
            .fails(&[ErrorCode::Conflict]),
        // Both ask for the right to administer people too; the table of tests cannot name two ids of two kinds.
        Operation::put("join_team", "/v1/people/{person}/members/{user}", "Puts a user into a team.", Takes::Key)
            .gives_nothing()
            .fails(&[ErrorCode::Forbidden]),
        Operation::delete("leave_team", "/v1/people/{person}/members/{user}", "Takes a user out of a team.", Takes::Key)
            .gives_nothing()
            .fails(&[ErrorCode::Forbidden]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `kind` and `name`")]
struct NewPerson {
    kind: PersonKind,
    #[schemars(with = "Words")]
    name: String,
    #[schemars(extend("format" = "mail-address"))]
    email: Option<String>,
    #[schemars(with = "Option<PhoneNumber>")]
    phone: Option<String>,
    roles: Option<Vec<Role>>,
    detail: Option<String>,
    #[serde(default)]
    members: Vec<UserId>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Person")]
struct PersonJson {
    id: PersonId,
    kind: PersonKind,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    roles: Vec<Role>,
    detail: Option<String>,
    members: Vec<UserId>,
    /// `null` while active.
    #[schemars(with = "Option<Instant>")]
    deactivated_at: Option<Timestamp>,
}

impl From<Person> for PersonJson {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            kind: person.kind(),
            name: person.name,
            email: person.email,
            phone: person.phone.map(String::from),
            roles: person.roles,
            detail: person.detail,
            members: person.members,
            deactivated_at: person.deactivated_at,
        }
    }
}

async fn add(Program { subject, .. }: Program, State(api): State<Api>, Input(new): Input<NewPerson>) -> Result<impl IntoResponse, Problem> {
    let email = mail_address(new.email)?;
    let request = PersonRequest {
        kind: new.kind,
        name: new.name,
        email,
        phone: filled(new.phone).map(|text| value("phone", Phone::parse(&text))).transpose()?,
        roles: new.roles,
        detail: filled(new.detail),
        members: new.members,
    };
    let person = api.0.files.add_person(&subject, &request).await?;
    Ok((StatusCode::CREATED, Json(PersonJson::from(person))))
}

fn mail_address(text: Option<String>) -> Result<Option<String>, Problem> {
    let email = filled(text);
    if email.as_deref().is_some_and(|email| !email.contains('@')) {
        return Err(Problem::invalid("`email`: is not a mail address"));
    }
    Ok(email)
}

/// What is to change; a blank `email`, `phone` or `detail` takes it away.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PersonChange")]
#[serde(deny_unknown_fields, expecting = "an object with what is to change")]
struct Change {
    #[schemars(with = "Option<Words>")]
    name: Option<String>,
    /// Blank for none.
    #[schemars(extend("format" = "mail-address"))]
    email: Option<String>,
    /// Blank for none.
    #[schemars(with = "Option<PhoneNumber>")]
    phone: Option<String>,
    roles: Option<Vec<Role>>,
    detail: Option<String>,
    active: Option<bool>,
}

async fn change(
    Program { subject, .. }: Program,
    State(api): State<Api>,
    Segment(person): Segment,
    Input(change): Input<Change>,
) -> Result<Json<PersonJson>, Problem> {
    let phone = |text: String| filled(Some(text)).map(|text| value("phone", Phone::parse(&text))).transpose();
    let change = PersonChange {
        name: change.name,
        email: change.email.map(|text| mail_address(Some(text))).transpose()?,
        phone: change.phone.map(phone).transpose()?,
        roles: change.roles,
        detail: change.detail.map(|text| filled(Some(text))),
        active: change.active,
    };
    let person = PersonId::parse(&person).map_err(|_| Problem::not_found())?;
    Ok(Json(api.0.files.change_person(&subject, person, &change).await?.into()))
}

async fn join(Program { subject, .. }: Program, State(api): State<Api>, Segments(team, user): Segments) -> Result<StatusCode, Problem> {
    api.0.files.change_team(&subject, id(&team)?, id(&user)?, Membership::In).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn leave(Program { subject, .. }: Program, State(api): State<Api>, Segments(team, user): Segments) -> Result<StatusCode, Problem> {
    api.0.files.change_team(&subject, id(&team)?, id(&user)?, Membership::Out).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, JsonSchema)]
struct People {
    people: Vec<PersonJson>,
}

async fn list(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<People>, Problem> {
    let people = api.0.files.people(&subject).await?;
    Ok(Json(People { people: people.into_iter().map(PersonJson::from).collect() }))
}
