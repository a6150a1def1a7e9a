//! The question of a share as a form that the client puts to its user, past the model: a request to be
//! repeated with the answer (2026-07-28), or a request of ours within the connection (before it). Over HTTP
//! the older revisions have no way back to the client here; there the two tool calls remain.

use rmcp::model::{
    ClientResult, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest, InputRequests,
    InputRequiredResult, InputResponses, ProtocolVersion, ServerRequest,
};
use rmcp::service::{RequestContext, RoleServer};
use tokio::time::{Duration, timeout};

/// The name of the one form.
const FORM: &str = "confirm";
/// Its one field.
const FIELD: &str = "yes";
/// A question waits no longer than this.
const PATIENCE: Duration = Duration::from_mins(2);

/// How a client can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// It repeats its request, with the answer.
    Retry,
    /// It answers a request of ours.
    Request,
    /// Not at all.
    None,
}

/// How the client of a request can be asked. `is_connected` says whether there is a way back to it.
pub(super) fn means(context: &RequestContext<RoleServer>, is_connected: bool) -> Means {
    let elicitation = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
    // An empty capability is of the time when there were forms only.
    if !elicitation.is_some_and(|ways| ways.form.is_some() || ways.url.is_none()) {
        return Means::None;
    }
    match context.protocol_version() {
        Some(version) if version == ProtocolVersion::V_2026_07_28 => Means::Retry,
        Some(_) if is_connected => Means::Request,
        _ => Means::None,
    }
}

fn params(question: &str) -> Option<ElicitRequestParams> {
    let requested_schema = ElicitationSchema::builder().required_bool(FIELD).build().ok()?;
    Some(ElicitRequestParams::FormElicitationParams { meta: None, message: question.to_owned(), requested_schema })
}

/// The answer that asks for the request once more, with the form filled in; `None` where it cannot be made.
pub(super) fn to_be_repeated(question: &str, sealed: String) -> Option<InputRequiredResult> {
    let request = InputRequest::Elicitation(ElicitRequest::new(params(question)?));
    Some(InputRequiredResult::new(Some(InputRequests::from([(FORM.to_owned(), request)])), Some(sealed)))
}

/// Whether a filled form says yes; `None` when there is no such form. To decline is a no, and so is to put
/// it away.
pub(super) fn accepted(responses: Option<&InputResponses>) -> Option<bool> {
    let filled: ElicitResult = serde_json::from_value(responses?.get(FORM)?.clone()).ok()?;
    Some(says_yes(&filled))
}

fn says_yes(filled: &ElicitResult) -> bool {
    let yes = filled.content.as_ref().and_then(|content| content.get(FIELD)).and_then(serde_json::Value::as_bool);
    matches!(filled.action, ElicitationAction::Accept) && yes == Some(true)
}

/// Puts the form to the client of a connection; `None` when it gives no answer.
pub(super) async fn put(context: &RequestContext<RoleServer>, question: &str) -> Option<bool> {
    let request = ServerRequest::ElicitRequest(ElicitRequest::new(params(question)?));
    match timeout(PATIENCE, context.peer.send_request(request)).await {
        Ok(Ok(ClientResult::ElicitResult(filled))) => Some(says_yes(&filled)),
        Ok(Err(error)) => {
            tracing::debug!(error = %error, "a client did not answer a form");
            None
        }
        Ok(Ok(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_a_form_that_was_accepted_with_yes_is_a_yes() {
        let filled = |response: Value| accepted(Some(&InputResponses::from([(FORM.to_owned(), response)])));
        for (response, expected) in [
            (json!({"action": "accept", "content": {"yes": true}}), Some(true)),
            (json!({"action": "accept", "content": {"yes": false}}), Some(false)),
            (json!({"action": "accept", "content": {"yes": "true"}}), Some(false)),
            (json!({"action": "accept"}), Some(false)),
            (json!({"action": "decline"}), Some(false)),
            (json!({"action": "cancel"}), Some(false)),
            (json!({"action": "sure"}), None),
            (json!("yes"), None),
        ] {
            assert_eq!(filled(response.clone()), expected, "{response}");
        }
        assert_eq!(accepted(None), None);
        assert_eq!(accepted(Some(&InputResponses::new())), None);
    }
}
