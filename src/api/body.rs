//! Bodies that are files: they go to the store as they arrive.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::problem::Problem;
use super::state::UPLOAD_STALL;
use crate::domain::{ChunkStream, ErrorCode};

/// What the sender says the bytes are. A form is refused: its frame would be stored as the file.
pub(super) fn declared_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => Err(Problem::invalid("send the file's bytes as the body itself, not as a form")),
        // What clients say when nobody told them anything.
        "" | "application/x-www-form-urlencoded" => Ok(None),
        _ => Ok(Some(essence)),
    }
}

/// The body's pieces. A pause that is too long, and an end before the declared length, break it.
pub(super) fn pieces(body: axum::body::Body, expected: Option<u64>) -> ChunkStream {
    Box::pin(whole(unstalled(body.into_data_stream()), expected))
}

/// Pieces that break where their sender pauses for too long.
pub(super) fn unstalled<E>(
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static
where
    E: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    tokio_stream::StreamExt::timeout(pieces, UPLOAD_STALL).map(|piece| match piece {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(io::Error::other(error)),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the sender paused for too long")),
    })
}

/// A body that is kept in memory, of so many bytes at most.
///
/// # Errors
/// `too_large` when it has more, `invalid` when it breaks off.
pub(super) async fn gathered(mut pieces: ChunkStream, limit: u64) -> Result<Bytes, Problem> {
    let mut all = BytesMut::new();
    loop {
        match pieces.try_next().await {
            Ok(Some(piece)) if (all.len() as u64).saturating_add(piece.len() as u64) > limit => {
                return Err(Problem::new(ErrorCode::TooLarge, format!("a part is at most {limit} bytes")));
            }
            Ok(Some(piece)) => all.extend_from_slice(&piece),
            Ok(None) => return Ok(all.freeze()),
            Err(_) => return Err(Problem::invalid("the body broke off before its end")),
        }
    }
}

fn whole(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    expected: Option<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let pieces: ChunkStream = Box::pin(pieces);
    futures::stream::try_unfold((pieces, 0_u64), move |(mut pieces, seen)| async move {
        match pieces.next().await {
            Some(Ok(bytes)) => {
                let seen = seen.saturating_add(bytes.len() as u64);
                Ok(Some((bytes, (pieces, seen))))
            }
            Some(Err(error)) => Err(error),
            None if expected.is_some_and(|expected| seen < expected) => Err(io::ErrorKind::UnexpectedEof.into()),
            None => Ok(None),
        }
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[tokio::test]
    async fn a_body_that_ends_before_its_declared_length_is_broken() {
        for (expected, is_whole) in [(None, true), (Some(6), true), (Some(7), false)] {
            let stream = futures::stream::iter([Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"def"))]);
            let read: io::Result<Vec<Bytes>> = Box::pin(whole(stream, expected)).try_collect().await;
            assert_eq!(read.is_ok(), is_whole, "{expected:?}");
        }
    }

    #[tokio::test]
    async fn what_is_kept_in_memory_has_a_bound() {
        let stream =
            || -> ChunkStream { Box::pin(futures::stream::iter([Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"def"))])) };
        assert_eq!(gathered(stream(), 6).await.unwrap(), "abcdef");
        assert_eq!(gathered(stream(), 5).await.unwrap_err().code(), ErrorCode::TooLarge);
        let broken: ChunkStream = Box::pin(futures::stream::iter([Err(io::ErrorKind::TimedOut.into())]));
        assert_eq!(gathered(broken, 5).await.unwrap_err().code(), ErrorCode::Invalid);
    }

    #[test]
    fn a_form_is_refused_and_a_default_type_means_nothing() {
        let of = |text: &'static str| declared_type(&[(CONTENT_TYPE, HeaderValue::from_static(text))].into_iter().collect());
        assert_eq!(of("Application/PDF; x=1"), Ok(Some("application/pdf".to_owned())));
        assert_eq!(of("application/x-www-form-urlencoded"), Ok(None));
        assert!(of("multipart/form-data; boundary=x").is_err());
    }
}
