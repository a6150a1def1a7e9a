//! Bytes in memory as the body of a request, hashed once: the SHA-256 that we know of them travels
//! where the store checks it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Config, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime_api::box_error::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::settings::Tuning;

/// Bytes in memory as a body, uncopied.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

/// A body that can be sent again. The client does not hash it for the signature, as it would a body
/// of one piece.
pub(super) fn body(pieces: Vec<Bytes>) -> ByteStream {
    ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Pieces(pieces.clone().into()))))
}

/// What differs of the configuration of a request that sends so many bytes: how long it waits.
pub(super) fn sending(tuning: &Tuning, bytes: u64) -> Builder {
    Config::builder().timeout_config(TimeoutConfig::builder().read_timeout(tuning.sending(bytes)).build())
}

/// Signs a body by the SHA-256 that is known of it, for stores that check nothing else: every store
/// compares what came with what was signed.
#[derive(Debug)]
pub(super) struct SignedPayload(pub [u8; 32]);

impl Intercept for SignedPayload {
    fn name(&self) -> &'static str {
        "SignedPayload"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(mut config) = cfg.load::<SigV4OperationSigningConfig>().cloned() else {
            return Err("a request without a signature cannot carry the hash of its body".into());
        };
        config.signing_options.payload_override = Some(SignableBody::Precomputed(hex::encode(self.0)));
        cfg.interceptor_state().store_put(config);
        Ok(())
    }
}
