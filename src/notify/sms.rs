//! Text messages by AWS End User Messaging (the API `PinpointSMSVoiceV2`, one call of it: `SendTextMessage`),
//! signed by Signature Version 4.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::carrier::{Carrier, Dispatch, NotCarried, Receipt};
use super::post::{Answer, Post};
use crate::domain::{Phone, Timestamp};

/// The name that signatures are made for.
const SERVICE: &str = "sms-voice";
const TARGET: &str = "PinpointSMSVoiceV2.SendTextMessage";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// How long the service tries to reach a phone, in seconds: its own bounds.
const TIME_TO_LIVE: std::ops::RangeInclusive<i64> = 5..=259_200;

/// Where text messages are handed over, and as whom.
#[derive(Debug, Clone)]
pub struct AwsSmsSettings {
    /// The region.
    pub region: String,
    /// `http(s)://host:port`; AWS in the region when `None`.
    pub endpoint: Option<Url>,
    /// The number, pool or sender id that they come from: its id or ARN. The account's choice when `None`.
    pub origination: Option<String>,
    /// The configuration set, for the service's own events.
    pub configuration_set: Option<String>,
    /// Access key id and secret; by the standard chain (environment, profile, container, instance) when
    /// `None`.
    pub keys: Option<(String, SecretKey)>,
}

/// A secret access key.
#[derive(Clone)]
pub struct SecretKey(pub String);

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(hidden)")
    }
}

/// Settings by which no text can be sent.
#[derive(Debug, thiserror::Error)]
pub enum AwsSmsFault {
    /// Neither region nor endpoint make an address.
    #[error("`{0}` is no region")]
    Region(String),
    /// Nothing gives credentials.
    #[error("the standard chain gives no credentials")]
    NoCredentials,
}

/// AWS End User Messaging.
#[derive(Debug)]
pub struct AwsSms {
    settings: AwsSmsSettings,
    url: Url,
    credentials: SharedCredentialsProvider,
    post: Arc<dyn Post>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    destination_phone_number: &'a str,
    message_body: &'a str,
    message_type: &'static str,
    time_to_live: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    origination_identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_set_name: Option<&'a str>,
    /// What the service's events repeat: by it a second delivery is told.
    context: Context,
}

#[derive(Serialize)]
struct Context {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Taken {
    message_id: String,
}

/// What a refusal says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

impl AwsSms {
    /// By these settings; nobody is asked yet.
    ///
    /// # Errors
    /// When they make no address, or name no credentials.
    pub async fn new(settings: AwsSmsSettings, post: Arc<dyn Post>) -> Result<Self, AwsSmsFault> {
        let usual = || Url::parse(&format!("https://sms-voice.{}.amazonaws.com/", settings.region));
        let url = match &settings.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => usual().map_err(|_| AwsSmsFault::Region(settings.region.clone()))?,
        };
        let credentials = if let Some((id, SecretKey(secret))) = &settings.keys {
            SharedCredentialsProvider::new(Credentials::new(id, secret, None, None, "settings"))
        } else {
            let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
            let region = aws_config::Region::new(settings.region.clone());
            let chain = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12()).region(region).http_client(http).load().await;
            chain.credentials_provider().ok_or(AwsSmsFault::NoCredentials)?
        };
        Ok(Self { settings, url, credentials, post })
    }

    /// The headers that sign a body.
    async fn signed(&self, body: &[u8], now: Timestamp) -> Result<Vec<(String, String)>, NotCarried> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|_| NotCarried::later("there are no credentials for the service of text messages"))?;
        let unsigned = NotCarried::later("the request for a text message cannot be signed");
        let (identity, time) = (credentials.into(), SystemTime::try_from(now).map_err(|_| unsigned.clone())?);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.settings.region)
            .name(SERVICE)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unsigned.clone())?;
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
        let request = SignableRequest::new("POST", self.url.as_str(), headers.into_iter(), SignableBody::Bytes(body));
        let signed = request.and_then(|request| sign(request, &parameters.into())).map_err(|_| unsigned)?;
        let (instructions, _) = signed.into_parts();
        let made = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).chain(made).collect())
    }
}

/// What the service made of a request.
fn judged(answer: &Answer) -> Result<Receipt, NotCarried> {
    if answer.status == 200 {
        let taken: Option<Taken> = serde_json::from_slice(&answer.body).ok();
        // It took it; an answer that cannot be read changes nothing of that.
        return Ok(Receipt(taken.map(|taken| taken.message_id)));
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = refusal.kind.rsplit('#').next().unwrap_or_default();
    let reason = match kind {
        "" => format!("the service of text messages answered {}", answer.status),
        kind => format!("the service of text messages answered {} ({})", answer.status, crate::domain::clean_text(kind, 60)),
    };
    match kind {
        // A number that is none, and one whose owner wants no texts. What is missing or forbidden is the operator's to mend.
        "ValidationException" | "ConflictException" => Err(NotCarried::never(reason).told(&refusal.message)),
        _ => Err(NotCarried::later(reason).told(&refusal.message).after(answer.retry_after)),
    }
}

#[async_trait]
impl Carrier for AwsSms {
    fn name(&self) -> &'static str {
        "aws_sms"
    }

    async fn carry(&self, dispatch: &Dispatch) -> Result<Receipt, NotCarried> {
        let to = Phone::parse(&dispatch.to).map_err(|_| NotCarried::never("the recipient's number is none"))?;
        let left = dispatch.expires_at.duration_since(dispatch.now).as_secs();
        let request = Request {
            destination_phone_number: to.as_str(),
            message_body: &dispatch.text,
            message_type: "TRANSACTIONAL",
            time_to_live: left.clamp(*TIME_TO_LIVE.start(), *TIME_TO_LIVE.end()),
            origination_identity: self.settings.origination.as_deref(),
            configuration_set_name: self.settings.configuration_set.as_deref(),
            context: Context { message: dispatch.id.to_string() },
        };
        let body = serde_json::to_vec(&request).map_err(|_| NotCarried::never("the message cannot be written as JSON"))?;
        let headers = self.signed(&body, dispatch.now).await?;
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match self.post.post(&self.url, &headers, Bytes::from(body)).await {
            Ok(answer) => judged(&answer),
            Err(error) => Err(NotCarried::later("the service of text messages did not answer").told(&error.causes())),
        }
    }

    async fn probe(&self, now: Timestamp) -> Result<String, NotCarried> {
        // Asking for more would need rights that sending does not.
        self.signed(b"{}", now).await?;
        let found = self.post.reachable(&self.url).await;
        found.map_err(|error| NotCarried::later("the service of text messages may not be asked").told(&error.causes()))?;
        Ok(format!("AWS End User Messaging in `{}`; there are credentials, and its address resolves", self.settings.region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_whether_another_try_is_worth_it() {
        let answer = |status, body: &str| Answer { status, retry_after: None, body: Bytes::from(body.to_owned()) };
        assert_eq!(judged(&answer(200, r#"{"MessageId": "m-1"}"#)).unwrap(), Receipt(Some("m-1".to_owned())));
        assert_eq!(judged(&answer(200, "no JSON")).unwrap(), Receipt(None));
        for (status, body, worth_it) in [
            (400, r#"{"__type": "com.amazonaws.pinpointsmsvoicev2#ValidationException", "Message": "x"}"#, false),
            (400, r#"{"__type": "ConflictException", "message": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}"#, false),
            (400, r#"{"__type": "ThrottlingException"}"#, true),
            (400, r#"{"__type": "AccessDeniedException"}"#, true),
            (400, r#"{"__type": "ResourceNotFoundException"}"#, true),
            (402, r#"{"__type": "ServiceQuotaExceededException"}"#, true),
            (500, r#"{"__type": "InternalServerException"}"#, true),
            (502, "<html>", true),
        ] {
            let error = judged(&answer(status, body)).unwrap_err();
            assert_eq!(matches!(error, NotCarried::Later { .. }), worth_it, "{body}");
        }
    }
}
