//! Owns the carriers: each brings one message, worded and addressed, to whoever takes it further: a mail
//! server (SMTP), a service for text messages (AWS End User Messaging), or a webhook that is signed.
//!
//! Must not decide whom to tell or whether to try again, nor touch S3 or SQL, nor keep state: which messages
//! there are and what became of them are rows of the catalog. The only room that names `lettre`.
//!
//! To add one: a file with a type that is a [`Carrier`], which says of every failure whether it is worth another try; its settings in
//! `app`, its place in [`Carriers`] by the channels it serves.

mod carrier;
mod carriers;
mod mail;
mod post;
mod signature;
mod sms;
mod smtp;
mod webhook;

pub use carrier::{Carrier, Dispatch, NotCarried, Receipt};
pub use carriers::{Carriers, Ways};
pub use mail::{Sender, SenderFault};
pub use post::{Answer, Post, PostError};
pub use signature::{WebhookSecret, WebhookSecretFault};
pub use sms::{AwsSms, AwsSmsFault, AwsSmsSettings, SecretKey};
pub use smtp::{Encryption, Smtp, SmtpFault, SmtpSettings};
pub use webhook::Webhook;
