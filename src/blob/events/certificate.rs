//! The certificate that a topic signs with.

use jiff::SignedDuration;
use x509_cert::Certificate;
use x509_cert::der::DecodePem as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use super::topic::{TopicArn, TopicError};
use crate::domain::Timestamp;

/// `rsaEncryption` of RFC 8017.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What of a certificate matters here.
///
/// It is believed because it was fetched over TLS from the host of its topic; that it is valid and issued
/// to SNS is what AWS's own libraries check besides. Its chain is not: SNS gives the certificate
/// alone.
#[derive(Debug, Clone)]
pub struct SigningCertificate {
    key: Vec<u8>,
    names: Vec<String>,
    from: Timestamp,
    until: Timestamp,
}

impl SigningCertificate {
    /// Reads one in PEM.
    ///
    /// # Errors
    /// `Certificate` when it is none, or its key is not one for RSA.
    pub fn parse(pem: &[u8]) -> Result<Self, TopicError> {
        Self::read(pem).ok_or(TopicError::Certificate)
    }

    fn read(pem: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_pem(pem).ok()?;
        let told = certificate.tbs_certificate();
        let key = told.subject_public_key_info();
        let names = told.get_extension::<SubjectAltName>().ok()?.map(|(_, names)| names.0).unwrap_or_default();
        let names = names.iter().filter_map(|name| if let GeneralName::DnsName(name) = name { Some(name.to_string()) } else { None });
        Some(Self {
            key: key.subject_public_key.as_bytes().filter(|_| key.algorithm.oid == RSA)?.to_vec(),
            names: names.map(|name| name.to_ascii_lowercase()).collect(),
            from: instant(told.validity().not_before)?,
            until: instant(told.validity().not_after)?,
        })
    }

    /// The public key, as ring reads it.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Makes sure that it is valid now, and issued to whoever signs for the topic.
    pub(super) fn check(&self, topic: &TopicArn, now: Timestamp) -> Result<(), TopicError> {
        let is_signers = topic.signers().iter().any(|signer| self.names.contains(signer));
        if is_signers && self.from <= now && now <= self.until { Ok(()) } else { Err(TopicError::Certificate) }
    }
}

fn instant(time: Time) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from(time.to_unix_duration()).ok()?).ok()
}
