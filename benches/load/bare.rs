//! The bare SDK that the store's figures stand beside, and bytes to put.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use bytes::{Bytes, BytesMut};

/// A client as its user would make one; without S3's own checksums where the store keeps none.
pub fn client(endpoint: &str, access_key: &str, secret_key: &str, with_checksums: bool) -> Client {
    let (request, response) = if with_checksums {
        (RequestChecksumCalculation::WhenSupported, ResponseChecksumValidation::WhenSupported)
    } else {
        (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired)
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "load"))
        .request_checksum_calculation(request)
        .response_checksum_validation(response)
        .force_path_style(true)
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

/// Bytes that no other number has, and that nothing packs.
pub fn noise(number: usize, size: usize) -> Bytes {
    let mut bytes = BytesMut::zeroed(size);
    let mut state = u64::try_from(number).unwrap_or_default().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for piece in bytes.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.iter_mut().zip(state.to_le_bytes()).for_each(|(target, byte)| *target = byte);
    }
    bytes.freeze()
}
