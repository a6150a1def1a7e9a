//! What can be set of how messages reach people, and which carriers that makes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::load::SettingsError;
use super::remote::Hidden;
use crate::domain::{Channel, CustomerId};
use crate::notify::{
    AwsSms, AwsSmsSettings, Carrier, Carriers, Encryption, Post, SecretKey, Sender, Smtp, SmtpSettings, Ways, Webhook, WebhookSecret,
};

/// `delivery`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliverySettings {
    /// The mail server.
    pub mail: MailSettings,
    /// Text messages by AWS.
    pub sms: SmsSettings,
    /// Whoever takes messages as signed JSON.
    pub webhook: WebhookSettings,
    /// Customers that have carriers of their own, by id; a channel that none of them serves is served as for
    /// all others.
    pub customers: BTreeMap<String, OwnDelivery>,
}

/// `delivery.customers.ID`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnDelivery {
    /// The mail server.
    pub mail: MailSettings,
    /// Text messages by AWS.
    pub sms: SmsSettings,
    /// Whoever takes messages as signed JSON.
    pub webhook: WebhookSettings,
}

/// `delivery.mail`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// Name of the mail server; no mail is sent without it.
    pub host: Option<String>,
    /// Its port; 587 with `starttls`, 465 with `implicit` and 25 with `none` when unset.
    pub port: Option<u16>,
    /// `starttls`, `implicit` (TLS from the first byte), or `none` for a server on this machine.
    pub encryption: EncryptionSetting,
    /// User; no login when unset.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Hidden>,
    /// The address that mails come from.
    pub from: Option<String>,
    /// The address that answers go to; that of `from` when unset.
    pub reply_to: Option<String>,
    /// File with certificates of a further authority that the server's may be of, PEM.
    pub ca_file: Option<PathBuf>,
    /// What this machine is called before the mail server; the domain of `from` when unset.
    pub hello: Option<String>,
    /// How long one mail may take, in seconds.
    pub timeout_seconds: u64,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            encryption: EncryptionSetting::default(),
            user: None,
            password: None,
            from: None,
            reply_to: None,
            ca_file: None,
            hello: None,
            timeout_seconds: 30,
        }
    }
}

/// `delivery.mail.encryption`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncryptionSetting {
    /// `STARTTLS`, demanded.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None.
    None,
}

/// `delivery.sms`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    /// Region of AWS End User Messaging; no text is sent by it without one.
    pub region: Option<String>,
    /// `http(s)://host:port` in its place.
    pub endpoint: Option<String>,
    /// Id or ARN of the number, pool or sender id that texts come from; the account's choice when unset.
    pub origination: Option<String>,
    /// The configuration set, for the service's own events.
    pub configuration_set: Option<String>,
    /// Access key id; credentials come by the standard chain when unset.
    pub access_key: Option<String>,
    /// Secret access key.
    pub secret_key: Option<Hidden>,
}

/// `delivery.webhook`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where messages are posted; none are without it.
    pub url: Option<String>,
    /// What they are signed with: `whsec_` with 24 to 64 bytes in base64.
    pub secret: Option<Hidden>,
    /// A second secret while receivers change from one to the other: signatures of both are sent.
    pub old_secret: Option<Hidden>,
    /// What it carries: `mail`, `sms`; what nothing else carries when empty.
    pub channels: Vec<Channel>,
    /// Hosts that may lie in a network that is not public, and be asked without TLS.
    pub private_hosts: Vec<String>,
}

/// Makes what posts to addresses outside: guarded but for these hosts, or without guard for the operator's own.
pub trait Posts {
    /// For a webhook.
    ///
    /// # Errors
    /// When no client can be made.
    fn guarded(&self, private_hosts: &[String]) -> Result<Arc<dyn Post>, SettingsError>;
    /// For a service that the operator names.
    ///
    /// # Errors
    /// When no client can be made.
    fn trusted(&self) -> Result<Arc<dyn Post>, SettingsError>;
}

/// The sections of one owner.
struct Sections<'a> {
    /// What they are called: `delivery`, or `delivery.customers.ID`.
    name: String,
    mail: &'a MailSettings,
    sms: &'a SmsSettings,
    webhook: &'a WebhookSettings,
}

impl Sections<'_> {
    fn wrong(&self, key: &str, reason: impl Into<String>) -> SettingsError {
        SettingsError::Value { key: format!("{}.{key}", self.name), reason: reason.into() }
    }

    fn needed<'a, T>(&self, value: Option<&'a T>, key: &str, by: &str) -> Result<&'a T, SettingsError> {
        value.ok_or_else(|| self.wrong(key, format!("it is missing, and `{}.{by}` is set", self.name)))
    }

    fn mail(&self) -> Result<Option<Arc<dyn Carrier>>, SettingsError> {
        let mail = self.mail;
        let Some(host) = &mail.host else { return Ok(None) };
        let from = self.needed(mail.from.as_ref(), "mail.from", "mail.host")?;
        let sender = Sender::parse(from, mail.reply_to.as_deref()).map_err(|error| self.wrong("mail.from", error.to_string()))?;
        let login = match (&mail.user, &mail.password) {
            (Some(user), Some(password)) => Some((user.clone(), password.reveal().to_owned())),
            (None, None) => None,
            (Some(_), None) => return Err(self.wrong("mail.password", "it is missing, and `user` is set")),
            (None, Some(_)) => return Err(self.wrong("mail.user", "it is missing, and `password` is set")),
        };
        let authority = mail.ca_file.as_ref().map(std::fs::read).transpose();
        let authority = authority.map_err(|error| self.wrong("mail.ca_file", format!("it cannot be read: {error}")))?;
        let (encryption, port) = match mail.encryption {
            EncryptionSetting::StartTls => (Encryption::StartTls, 587),
            EncryptionSetting::Implicit => (Encryption::Implicit, 465),
            EncryptionSetting::None => (Encryption::None, 25),
        };
        let settings = SmtpSettings {
            host: host.clone(),
            port: mail.port.unwrap_or(port),
            encryption,
            login,
            authority,
            hello: mail.hello.clone(),
            sender,
            timeout: Duration::from_secs(mail.timeout_seconds.clamp(1, 240)),
        };
        let smtp = Smtp::new(settings).map_err(|error| self.wrong("mail", error.to_string()))?;
        Ok(Some(Arc::new(smtp)))
    }

    async fn sms(&self, posts: &dyn Posts) -> Result<Option<Arc<dyn Carrier>>, SettingsError> {
        let sms = self.sms;
        let Some(region) = &sms.region else { return Ok(None) };
        let endpoint = sms.endpoint.as_deref().map(Url::parse).transpose();
        let keys = match (&sms.access_key, &sms.secret_key) {
            (Some(id), Some(secret)) => Some((id.clone(), SecretKey(secret.reveal().to_owned()))),
            (None, None) => None,
            (Some(_), None) => return Err(self.wrong("sms.secret_key", "it is missing, and `access_key` is set")),
            (None, Some(_)) => return Err(self.wrong("sms.access_key", "it is missing, and `secret_key` is set")),
        };
        let settings = AwsSmsSettings {
            region: region.clone(),
            endpoint: endpoint.map_err(|error| self.wrong("sms.endpoint", error.to_string()))?,
            origination: sms.origination.clone(),
            configuration_set: sms.configuration_set.clone(),
            keys,
        };
        let sms = AwsSms::new(settings, posts.trusted()?).await.map_err(|error| self.wrong("sms", error.to_string()))?;
        Ok(Some(Arc::new(sms)))
    }

    fn webhook(&self, posts: &dyn Posts) -> Result<Option<Arc<dyn Carrier>>, SettingsError> {
        let webhook = self.webhook;
        let Some(url) = &webhook.url else { return Ok(None) };
        let url = Url::parse(url).map_err(|error| self.wrong("webhook.url", error.to_string()))?;
        let newest = self.needed(webhook.secret.as_ref(), "webhook.secret", "webhook.url")?;
        let mut secrets = Vec::new();
        for (key, secret) in [("webhook.secret", Some(newest)), ("webhook.old_secret", webhook.old_secret.as_ref())] {
            if let Some(secret) = secret {
                secrets.push(WebhookSecret::parse(secret.reveal()).map_err(|error| self.wrong(key, error.to_string()))?);
            }
        }
        Ok(Some(Arc::new(Webhook::new(url, secrets, posts.guarded(&webhook.private_hosts)?))))
    }

    /// Who carries what.
    async fn ways(&self, posts: &dyn Posts) -> Result<Ways, SettingsError> {
        let mut ways = Ways::new();
        ways.extend(self.mail()?.map(|carrier| (Channel::Mail, carrier)));
        ways.extend(self.sms(posts).await?.map(|carrier| (Channel::Sms, carrier)));
        let Some(webhook) = self.webhook(posts)? else { return Ok(ways) };
        let wanted = &self.webhook.channels;
        if let Some(twice) = wanted.iter().find(|channel| ways.contains_key(channel)) {
            let reason = format!("`{}.{twice}` carries `{twice}` too; which of them counts must not be a guess", self.name);
            return Err(self.wrong("webhook.channels", reason));
        }
        let rest: Vec<Channel> = Channel::ALL.into_iter().filter(|channel| !ways.contains_key(channel)).collect();
        let channels = if wanted.is_empty() { rest } else { wanted.clone() };
        ways.extend(channels.into_iter().map(|channel| (channel, Arc::clone(&webhook))));
        Ok(ways)
    }
}

impl DeliverySettings {
    /// The carriers, by these settings. Nobody is connected to yet.
    ///
    /// # Errors
    /// When one of them is half set, or set to something that cannot be.
    pub async fn carriers(&self, posts: &dyn Posts) -> Result<Carriers, SettingsError> {
        let usual = Sections { name: "delivery".to_owned(), mail: &self.mail, sms: &self.sms, webhook: &self.webhook };
        let mut carriers = Carriers::of_house(usual.ways(posts).await?);
        for (id, own) in &self.customers {
            let name = format!("delivery.customers.{id}");
            let customer = CustomerId::parse(id)
                .map_err(|error| SettingsError::Value { key: name.clone(), reason: format!("it names no customer: {error}") })?;
            let sections = Sections { name, mail: &own.mail, sms: &own.sms, webhook: &own.webhook };
            carriers = carriers.with_own(customer, sections.ways(posts).await?);
        }
        Ok(carriers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::outgoing::OutgoingPosts;

    const ID: &str = "cust_01h455vb4pex5vsknk084sn02q";

    async fn carriers(text: &str) -> Result<Carriers, String> {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let settings: DeliverySettings = serde_json::from_str(text).unwrap();
        settings.carriers(&OutgoingPosts).await.map_err(|error| error.to_string())
    }

    fn named(carriers: &Carriers, customer: CustomerId) -> Vec<(Channel, &'static str)> {
        let of = |channel| carriers.of(customer, channel).map(|carrier| (channel, carrier.name()));
        Channel::ALL.into_iter().filter_map(of).collect()
    }

    const MAIL: &str = r#""mail": {"host": "mail.example", "from": "files@example.com"}"#;
    const HOOK: &str = r#""webhook": {"url": "https://hook.example/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}"#;
    const SMS: &str = r#""sms": {"region": "eu-west-1", "access_key": "a", "secret_key": "b"}"#;

    #[tokio::test]
    async fn each_channel_is_carried_by_what_is_set_for_it() {
        use Channel::{Mail, Sms};
        let (somebody, owner) = ("cust_01h455vb4pex5vsknk084sn02r".parse().unwrap(), ID.parse().unwrap());
        for (text, usual, own) in [
            ("{}".to_owned(), vec![], vec![]),
            (format!("{{{MAIL}}}"), vec![(Mail, "smtp")], vec![(Mail, "smtp")]),
            (format!("{{{MAIL}, {HOOK}}}"), vec![(Mail, "smtp"), (Sms, "webhook")], vec![(Mail, "smtp"), (Sms, "webhook")]),
            (format!("{{{HOOK}}}"), vec![(Mail, "webhook"), (Sms, "webhook")], vec![(Mail, "webhook"), (Sms, "webhook")]),
            (
                format!(r#"{{{MAIL}, {SMS}, "customers": {{"{ID}": {{{HOOK}}}}}}}"#),
                vec![(Mail, "smtp"), (Sms, "aws_sms")],
                vec![(Mail, "webhook"), (Sms, "webhook")],
            ),
            (format!(r#"{{{SMS}, "customers": {{"{ID}": {{{MAIL}}}}}}}"#), vec![(Sms, "aws_sms")], vec![(Mail, "smtp"), (Sms, "aws_sms")]),
        ] {
            let carriers = carriers(&text).await.unwrap();
            assert_eq!((named(&carriers, somebody), named(&carriers, owner)), (usual, own), "{text}");
        }
    }

    #[tokio::test]
    async fn half_a_setting_is_an_error_that_names_it_and_tells_no_secret() {
        for (text, key) in [
            (r#"{"mail": {"host": "mail.example"}}"#.to_owned(), "delivery.mail.from"),
            (r#"{"mail": {"host": "mail.example", "from": "nobody"}}"#.to_owned(), "delivery.mail.from"),
            (r#"{"mail": {"host": "h", "from": "a@b.c", "user": "u"}}"#.to_owned(), "delivery.mail.password"),
            (r#"{"mail": {"host": "h", "from": "a@b.c", "password": "hush"}}"#.to_owned(), "delivery.mail.user"),
            (
                r#"{"mail": {"host": "h", "from": "a@b.c", "user": "u", "password": "hush", "encryption": "none"}}"#.to_owned(),
                "delivery.mail",
            ),
            (r#"{"mail": {"host": "h", "from": "a@b.c", "ca_file": "/not/there"}}"#.to_owned(), "delivery.mail.ca_file"),
            (r#"{"sms": {"region": "eu-west-1", "access_key": "a"}}"#.to_owned(), "delivery.sms.secret_key"),
            (r#"{"sms": {"region": "eu west/1", "access_key": "a", "secret_key": "hush"}}"#.to_owned(), "delivery.sms"),
            (r#"{"webhook": {"url": "https://hook.example"}}"#.to_owned(), "delivery.webhook.secret"),
            (r#"{"webhook": {"url": "https://hook.example", "secret": "hush"}}"#.to_owned(), "delivery.webhook.secret"),
            (r#"{"customers": {"Acme": {}}}"#.to_owned(), "delivery.customers.Acme"),
            (format!("{{{MAIL}, {}}}", HOOK.replace(r#""url""#, r#""channels": ["mail"], "url""#)), "delivery.webhook.channels"),
        ] {
            let error = carriers(&text).await.unwrap_err();
            assert!(error.contains(&format!("`{key}`")) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
