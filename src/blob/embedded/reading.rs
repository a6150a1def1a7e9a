//! Giving content out: pieces of 256 KB, read off the reactor, one ahead of the client.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, Stream};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::disk::{Disk, Pinned, SegmentId};
use super::index::Segment;

/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// What is left to read.
struct Reader {
    disk: Arc<Disk>,
    /// Files that begin later: name, offset in it, bytes wanted.
    ahead: VecDeque<(SegmentId, u64, u64)>,
    open: Option<(File, u64)>,
    // INVARIANT: the files stay on disk while this lives.
    _pinned: Pinned,
}

impl Reader {
    fn piece(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some((file, left)) = &mut self.open {
                if *left > 0 {
                    let wanted = usize::try_from(*left).map_or(PIECE, |left| left.min(PIECE));
                    let mut piece = vec![0; wanted];
                    file.read_exact(&mut piece)?;
                    *left -= wanted as u64;
                    return Ok(Some(piece.into()));
                }
                self.open = None;
            }
            let Some((id, offset, length)) = self.ahead.pop_front() else { return Ok(None) };
            let mut file = self.disk.read(id)?;
            file.seek(SeekFrom::Start(offset))?;
            self.open = Some((file, length));
        }
    }
}

type Ahead = JoinHandle<(Reader, io::Result<Option<Bytes>>)>;

fn read_ahead(tasks: &TaskTracker, mut reader: Reader) -> Ahead {
    tasks.spawn_blocking(move || {
        let piece = reader.piece();
        (reader, piece)
    })
}

/// The bytes of `range` within the segments put one after the other.
pub fn content(
    disk: &Arc<Disk>,
    tasks: &TaskTracker,
    segments: &[Segment],
    range: Range<u64>,
    pinned: Pinned,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let reader = Reader { disk: Arc::clone(disk), ahead: cut(segments, &range), open: None, _pinned: pinned };
    let tasks = tasks.clone();
    let first = read_ahead(&tasks, reader);
    stream::unfold(Some((tasks, first)), |state| async move {
        let (tasks, ahead) = state?;
        match ahead.await {
            Err(error) => Some((Err(io::Error::other(error)), None)),
            Ok((_, Err(error))) => Some((Err(error), None)),
            Ok((_, Ok(None))) => None,
            Ok((reader, Ok(Some(piece)))) => {
                let next = read_ahead(&tasks, reader);
                Some((Ok(piece), Some((tasks, next))))
            }
        }
    })
}

/// The stretches of the segments that make up `range`: name, offset, length.
fn cut(segments: &[Segment], range: &Range<u64>) -> VecDeque<(SegmentId, u64, u64)> {
    let mut start = 0;
    let mut stretches = VecDeque::new();
    for segment in segments {
        let end = start + segment.size;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            stretches.push_back((segment.id, from - start, to - from));
        }
        start = end;
    }
    stretches
}
