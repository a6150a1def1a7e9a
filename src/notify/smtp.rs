//! SMTP: mails to a mail server, over TLS, on connections that are kept for a while.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Mutex;

use super::carrier::{Carrier, Dispatch, NotCarried, Receipt};
use super::mail::{Sender, mail};
use crate::domain::{Timestamp, clean_text};

/// How long a connection that nobody uses is kept.
const IDLE_SECONDS: i64 = 30;
/// Connections that are kept while nobody uses them.
const MOST_IDLE: usize = 4;

/// How a connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// From its first byte (port 465).
    Implicit,
    /// After `STARTTLS` (port 587); a server that does not offer it is not used.
    StartTls,
    /// Not at all: only for a mail server on the same machine.
    None,
}

/// Which mail server, and how.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Certificates of a further authority that is trusted, PEM.
    pub authority: Option<Vec<u8>>,
    /// What this machine is called; the domain of the sender when `None`.
    pub hello: Option<String>,
    /// In whose name mails go.
    pub sender: Sender,
    /// How long one mail may take, connecting included.
    pub timeout: Duration,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SmtpSettings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Settings by which no mail may be sent.
#[derive(Debug, thiserror::Error)]
pub enum SmtpFault {
    /// A password would be readable on its way.
    #[error("a login needs an encrypted connection")]
    ReadablePassword,
    /// The authority's certificates, or the host's name.
    #[error("the certificates of the authority cannot be used")]
    Tls(#[source] Error),
}

/// A mail server.
pub struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    hello: ClientId,
    idle: Mutex<Vec<(Timestamp, AsyncSmtpConnection)>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Smtp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Smtp {
    /// One by these settings; nothing is connected yet.
    ///
    /// # Errors
    /// When they would let a password be read, or name certificates that are none.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpFault> {
        if settings.encryption == Encryption::None && settings.login.is_some() {
            return Err(SmtpFault::ReadablePassword);
        }
        let tls = match settings.encryption {
            Encryption::None => None,
            Encryption::Implicit | Encryption::StartTls => {
                let builder = TlsParameters::builder(settings.host.clone());
                let builder = match &settings.authority {
                    Some(pem) => builder.add_root_certificate(Certificate::from_pem(pem).map_err(SmtpFault::Tls)?),
                    None => builder,
                };
                Some(builder.build().map_err(SmtpFault::Tls)?)
            }
        };
        let hello = ClientId::Domain(settings.hello.clone().unwrap_or_else(|| settings.sender.domain().to_owned()));
        Ok(Self { settings, tls, hello, idle: Mutex::default() })
    }

    /// A connection that may be used: one that is kept and still answers, else a new one.
    async fn connection(&self, now: Timestamp) -> Result<AsyncSmtpConnection, NotCarried> {
        loop {
            let kept = self.idle.lock().await.pop();
            match kept {
                Some((since, mut connection)) => {
                    let fresh = (0..IDLE_SECONDS).contains(&now.duration_since(since).as_secs());
                    if fresh && connection.test_connected().await {
                        return Ok(connection);
                    }
                }
                None => return self.open().await.map_err(|error| refused_session(&error)),
            }
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let (wrapped, upgrade) = match self.settings.encryption {
            Encryption::Implicit => (self.tls.clone(), None),
            Encryption::StartTls => (None, self.tls.clone()),
            Encryption::None => (None, None),
        };
        let server = (self.settings.host.as_str(), self.settings.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(self.settings.timeout), &self.hello, wrapped, None).await?;
        if let Some(tls) = upgrade {
            connection.starttls(tls, &self.hello).await?;
        }
        if let Some((user, password)) = &self.settings.login {
            connection.auth(DEFAULT_MECHANISMS, &Credentials::new(user.clone(), password.clone())).await?;
        }
        Ok(connection)
    }

    async fn keep(&self, connection: AsyncSmtpConnection, now: Timestamp) {
        let mut idle = self.idle.lock().await;
        if !connection.has_broken() && idle.len() < MOST_IDLE {
            idle.push((now, connection));
        }
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, NotCarried>> + Send) -> Result<T, NotCarried> {
        let limit = self.settings.timeout;
        // A connection that was cut off in the middle is dropped with the work, and never kept.
        let done = tokio::time::timeout(limit, work).await;
        done.unwrap_or_else(|_| Err(NotCarried::later(format!("the mail server took longer than {} s", limit.as_secs()))))
    }
}

/// Before a mail was offered: whatever it is, the mail is not at fault.
fn refused_session(error: &Error) -> NotCarried {
    let reason = match error.status() {
        Some(code) => format!("the mail server refused the session with {code}"),
        None if error.is_tls() => "the mail server is not the one that it should be".to_owned(),
        None if error.is_client() => "the mail server does not offer what is needed".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    };
    NotCarried::later(reason).told(&causes(error))
}

/// Of a mail that was offered.
fn refused_mail(error: &Error) -> NotCarried {
    match error.status() {
        // "Authentication required": our settings, not this mail.
        Some(code) if error.is_permanent() && code.to_string() != "530" => {
            NotCarried::never(format!("the mail server refused the mail with {code}")).told(&causes(error))
        }
        Some(code) => NotCarried::later(format!("the mail server put the mail off with {code}")).told(&causes(error)),
        // It cannot take the address or the text as it is.
        None if error.is_client() => NotCarried::never("the mail server cannot take such a mail").told(&causes(error)),
        None => NotCarried::later("the connection to the mail server broke").told(&causes(error)),
    }
}

fn causes(error: &Error) -> String {
    let mut causes = Vec::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = next {
        causes.push(error.to_string());
        next = error.source();
    }
    causes.join(": ")
}

#[async_trait]
impl Carrier for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    async fn carry(&self, dispatch: &Dispatch) -> Result<Receipt, NotCarried> {
        let (envelope, bytes) = mail(dispatch, &self.settings.sender)?;
        self.within(async {
            let mut connection = self.connection(dispatch.now).await?;
            let answer = connection.send(&envelope, &bytes).await.map_err(|error| refused_mail(&error))?;
            self.keep(connection, dispatch.now).await;
            Ok(Receipt(answer.first_line().map(|line| clean_text(line, 200))))
        })
        .await
    }

    async fn probe(&self, now: Timestamp) -> Result<String, NotCarried> {
        self.within(async {
            let connection = self.connection(now).await?;
            let way = if connection.is_encrypted() { "encrypted" } else { "not encrypted" };
            let user = if self.settings.login.is_some() { "logged in" } else { "without a login" };
            self.keep(connection, now).await;
            Ok(format!("the mail server `{}` answers, {way}, {user}", self.settings.host))
        })
        .await
    }
}
