//! Word of what was read through an address that carries a mark, for whoever listens in this process: the
//! access log of this store.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use percent_encoding::percent_decode_str;
use tokio::sync::broadcast::Sender;

use crate::blob::presign::MARK;

/// Words that may wait for a listener; the oldest are lost past that.
pub(super) const WAITING: usize = 4096;

/// Bytes of an object that left this store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// What the address carries.
    pub mark: String,
    /// How many bytes left; fewer than were asked for when the client hung up.
    pub bytes: u64,
}

/// The mark of an address; none where it carries none.
pub(super) fn mark_of(query: Option<&str>) -> Option<String> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(name, _)| *name == MARK).map(|(_, value)| value).next()?;
    Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
}

/// Bytes on their way out, which are told of when they are through or nobody takes them any more.
pub(super) struct Counted<S> {
    bytes: Pin<Box<S>>,
    fetched: Fetched,
    listeners: Sender<Fetched>,
}

impl<S> Counted<S> {
    pub fn new(bytes: S, (bucket, key, mark): (String, String, String), listeners: Sender<Fetched>) -> Self {
        Self { bytes: Box::pin(bytes), fetched: Fetched { bucket, key, mark, bytes: 0 }, listeners }
    }
}

impl<S: Stream<Item = io::Result<Bytes>>> Stream for Counted<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.bytes.as_mut().poll_next(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            self.fetched.bytes = self.fetched.bytes.saturating_add(piece.len() as u64);
        }
        next
    }
}

impl<S> Drop for Counted<S> {
    fn drop(&mut self) {
        // Nobody need listen.
        drop(self.listeners.send(self.fetched.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_from_an_address_that_carries_one() {
        for (query, mark) in [
            (Some("x-id=GetObject&x-satchel-request=req_1&X-Amz-Signature=a"), Some("req_1")),
            (Some("x-satchel-request=req%5F1"), Some("req_1")),
            (Some("x-satchel-requests=req_1"), None),
            (Some("X-Amz-Signature=a"), None),
            (None, None),
        ] {
            assert_eq!(mark_of(query).as_deref(), mark, "{query:?}");
        }
    }
}
