//! The customer's directory.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Program;
use crate::api::input::{Input, filled, value};
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{ErrorCode, Permission, Person, PersonId, PersonKind, Phone, Role, UserId};
use crate::files::PersonRequest;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/people", get(list).post(add))
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
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `kind` and `name`")]
struct NewPerson {
    kind: PersonKind,
    name: String,
    email: Option<String>,
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
        }
    }
}

async fn add(Program { subject, .. }: Program, State(api): State<Api>, Input(new): Input<NewPerson>) -> Result<impl IntoResponse, Problem> {
    let email = filled(new.email);
    if email.as_deref().is_some_and(|email| !email.contains('@')) {
        return Err(Problem::invalid("`email`: is not a mail address"));
    }
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

#[derive(Serialize, JsonSchema)]
struct People {
    people: Vec<PersonJson>,
}

async fn list(Program { subject, .. }: Program, State(api): State<Api>) -> Result<Json<People>, Problem> {
    let people = api.0.files.people(&subject).await?;
    Ok(Json(People { people: people.into_iter().map(PersonJson::from).collect() }))
}
