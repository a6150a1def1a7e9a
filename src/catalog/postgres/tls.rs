//! Why an encrypted connection did not come about, as an operator wants to know it.

use std::io;

use rustls::CertificateError;
use rustls::pki_types::InvalidDnsNameError;

use crate::catalog::CatalogError;

/// Why a database's server was not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// It would not encrypt, or what was set for that cannot be used.
    #[error(
        "the connection must be encrypted and cannot be; give the server a certificate, or say `sslmode=disable` in the address where nobody \
         can be in between"
    )]
    Unencrypted,
    /// Its certificate is of an authority that nobody here knows.
    #[error(
        "no authority that this machine knows vouches for the server's certificate; name the file of its authority with `sslrootcert=...` in \
         the address"
    )]
    Issuer,
    /// Its certificate is for another name.
    #[error("the server's certificate is for another name than the address has; write the name that the certificate is for")]
    Name,
    /// Its certificate is not valid any more, or not yet.
    #[error("the server's certificate is not valid at this time; renew it, or set this machine's clock")]
    Expired,
    /// Its certificate says something else that cannot be accepted.
    #[error("the server's certificate cannot be accepted")]
    Certificate,
    /// A file that the address names is not there.
    #[error("a file of certificates or keys that the address names cannot be read")]
    File,
}

/// What a connection that could not be made means.
pub(super) fn unconnected(error: sqlx::Error) -> CatalogError {
    match fault(&error) {
        Some(fault) => CatalogError::Untrusted { fault, source: error },
        None => error.into(),
    }
}

fn fault(error: &sqlx::Error) -> Option<TlsFault> {
    match error {
        sqlx::Error::Tls(source) if source.is::<InvalidDnsNameError>() => Some(TlsFault::Name),
        sqlx::Error::Tls(_) => Some(TlsFault::Unencrypted),
        // A server that is reached by its address is refused, or silent; only a file is not found.
        sqlx::Error::Io(source) if source.kind() == io::ErrorKind::NotFound => Some(TlsFault::File),
        sqlx::Error::Io(source) => match source.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::InvalidCertificate(certificate) => Some(match certificate {
                CertificateError::UnknownIssuer => TlsFault::Issuer,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
                _ => TlsFault::Certificate,
            }),
            _ => Some(TlsFault::Unencrypted),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        let refused = |error: rustls::Error| fault(&sqlx::Error::Io(io::Error::new(io::ErrorKind::InvalidData, error)));
        for (error, expected) in [
            (CertificateError::UnknownIssuer, TlsFault::Issuer),
            (CertificateError::NotValidForName, TlsFault::Name),
            (CertificateError::Expired, TlsFault::Expired),
            (CertificateError::NotValidYet, TlsFault::Expired),
            (CertificateError::Revoked, TlsFault::Certificate),
        ] {
            assert_eq!(refused(rustls::Error::InvalidCertificate(error.clone())), Some(expected), "{error:?}");
        }
        assert_eq!(refused(rustls::Error::HandshakeNotComplete), Some(TlsFault::Unencrypted));
        let gone = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(fault(&sqlx::Error::Io(gone)), None, "a server that is not there is something else");
    }
}
