//! A URL that opens one object for a short while.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::BlobError;
use super::key::ObjectKey;
use super::store::Store;
use crate::domain::FileName;

/// Longest life of a presigned URL: it is made at the moment of the click.
pub(super) const MAX_LIFETIME: Duration = Duration::from_mins(1);

/// `attr-char` of RFC 8187, section 3.2.1.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

impl Store {
    /// A URL under the public address that downloads the object, as an attachment of that name and
    /// type, for at most 60 seconds whatever `lifetime` says. Makes no request: the object may be
    /// missing. Who holds the URL holds the bytes; it does not belong in a log.
    pub async fn presign_get(
        &self,
        key: &ObjectKey,
        download_name: &FileName,
        content_type: &str,
        lifetime: Duration,
    ) -> Result<String, BlobError> {
        let (bucket, name) = self.place(key);
        let lifetime = lifetime.clamp(Duration::from_secs(1), MAX_LIFETIME);
        let config = PresigningConfig::expires_in(lifetime)
            .map_err(|error| BlobError::Refused { reason: "InvalidLifetime".to_owned(), source: error.into() })?;
        let request = self
            .public_client()
            .get_object()
            .bucket(bucket)
            .key(name)
            .response_content_disposition(content_disposition(download_name))
            .response_content_type(content_type)
            .presigned(config)
            .await
            .map_err(BlobError::of)?;
        Ok(request.uri().to_owned())
    }
}

/// `Content-Disposition` of RFC 6266: an ASCII name every client reads, and the true one beside it
/// where they differ.
fn content_disposition(name: &FileName) -> String {
    let plain: String = name
        .as_str()
        .chars()
        // A percent sign is decoded by some browsers, a quote or backslash ends or escapes the string.
        .map(|character| if matches!(character, ' '..='~') && !matches!(character, '"' | '\\' | '%') { character } else { '_' })
        .collect();
    if plain == name.as_str() {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name.as_str(), ATTR_CHAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_outside_ascii_travels_twice() {
        for (name, expected) in [
            ("Q2 report.pdf", "attachment; filename=\"Q2 report.pdf\""),
            ("Übersicht.pdf", "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"),
            ("5\" pipe.txt", "attachment; filename=\"5_ pipe.txt\"; filename*=UTF-8''5%22%20pipe.txt"),
            ("100% sure;x.txt", "attachment; filename=\"100_ sure;x.txt\"; filename*=UTF-8''100%25%20sure%3Bx.txt"),
        ] {
            assert_eq!(content_disposition(&FileName::parse(name).unwrap()), expected);
        }
    }
}
