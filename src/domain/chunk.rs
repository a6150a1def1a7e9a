//! The stream of bytes that crosses rooms.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures::Stream;

/// Bytes in pieces, in order; an error ends the stream.
pub type ChunkStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;
