//! Customers, for the operator.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::credential::Operator;
use crate::api::input::Input;
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{CustomerId, RegionName};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/customers", post(create).get(list))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("create_customer", "/v1/customers", "Creates a customer, with its first key.", Takes::Operator)
            .body::<NewCustomer>()
            .example(json!({ "name": "Northwind", "is_test": true }))
            .gives::<Created>(201),
        Operation::get("list_customers", "/v1/customers", "All customers.", Takes::Operator).gives::<Customers>(200),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `name`")]
struct NewCustomer {
    name: String,
    #[serde(default)]
    is_test: bool,
    /// Where its bytes lie, for good; the home region when left out.
    region: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewCustomer")]
struct Created {
    customer_id: CustomerId,
    api_key: String,
}

async fn create(Operator(origin): Operator, State(api): State<Api>, Input(new): Input<NewCustomer>) -> Result<impl IntoResponse, Problem> {
    let made = api.0.files.create_customer(&new.name, new.is_test, new.region.as_deref(), &origin).await?;
    Ok((StatusCode::CREATED, Json(Created { customer_id: made.customer, api_key: made.api_key })))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
struct CustomerJson {
    customer_id: CustomerId,
    name: String,
    is_test: bool,
    region: RegionName,
}

#[derive(Serialize, JsonSchema)]
struct Customers {
    customers: Vec<CustomerJson>,
}

async fn list(_: Operator, State(api): State<Api>) -> Result<Json<Customers>, Problem> {
    let found = api.0.files.customers().await?;
    let json = found.into_iter().map(|customer| CustomerJson {
        region: api.0.files.region_name(&customer),
        customer_id: customer.id,
        name: customer.name,
        is_test: customer.is_test,
    });
    Ok(Json(Customers { customers: json.collect() }))
}
