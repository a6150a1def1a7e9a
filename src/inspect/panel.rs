//! Several scanners over the same bytes: read once, given to all, and the strictest word counts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::scanner::{Scan, Scanner, ScannerFacts, Shortfall};
use crate::domain::{ChunkStream, FileName, ScanStatus};

/// Pieces that wait for one scanner; the source waits for the slowest.
const WAITING: usize = 4;

/// Scanners that all judge.
pub(super) struct Panel {
    scanners: Vec<Arc<dyn Scanner>>,
    /// How long one scanner may hold up the others before it is left behind.
    patience: Duration,
}

/// What a scanner is handed. That the bytes are over is said: a channel that closes says nothing.
enum Piece {
    Bytes(Bytes),
    Broken(io::ErrorKind, String),
    End,
}

impl Panel {
    pub fn new(scanners: Vec<Arc<dyn Scanner>>, patience: Duration) -> Self {
        Self { scanners, patience }
    }

    /// What each scanner is now; `None` for one that does not answer.
    pub async fn all_facts(&self) -> Vec<(&'static str, Option<ScannerFacts>)> {
        join_all(self.scanners.iter().map(|scanner| async { (scanner.kind(), scanner.facts().await) })).await
    }
}

#[async_trait]
impl Scanner for Panel {
    async fn scan(&self, name: &FileName, stream: ChunkStream) -> Scan {
        if let [only] = self.scanners.as_slice() {
            return only.scan(name, stream).await;
        }
        let (senders, streams): (Vec<_>, Vec<_>) = self.scanners.iter().map(|_| branch()).unzip();
        let scans = join_all(self.scanners.iter().zip(streams).map(|(scanner, stream)| scanner.scan(name, stream)));
        let ((), scans) = tokio::join!(pump(stream, senders, self.patience), scans);
        strictest(&scans)
    }

    fn kind(&self) -> &'static str {
        "panel"
    }

    async fn facts(&self) -> Option<ScannerFacts> {
        let all: Option<Vec<_>> = self.all_facts().await.into_iter().map(|(_, facts)| facts).collect();
        let all = all?;
        Some(ScannerFacts {
            engine: joined(all.iter().map(|facts| facts.engine.as_str())),
            tells_changes: all.iter().all(|facts| facts.tells_changes),
            database: all.iter().filter_map(|facts| facts.database).min(),
        })
    }
}

fn joined<'a>(engines: impl Iterator<Item = &'a str>) -> String {
    engines.collect::<Vec<_>>().join("; ")
}

/// One scanner's end of the bytes.
fn branch() -> (mpsc::Sender<Piece>, ChunkStream) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let stream = futures::stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Piece::Broken(kind, why)) => Some((Err(io::Error::new(kind, why)), None)),
            Some(Piece::End) => None,
            // Left behind: a part of a file must not pass for the whole.
            None => Some((Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the bytes were cut off")), None)),
        }
    });
    (sender, Box::pin(stream))
}

/// Gives each piece to every scanner that still takes it, and ends when all have it all.
async fn pump(mut stream: ChunkStream, senders: Vec<mpsc::Sender<Piece>>, patience: Duration) {
    let mut open: Vec<Option<mpsc::Sender<Piece>>> = senders.into_iter().map(Some).collect();
    while open.iter().any(Option::is_some) {
        // Nobody listens any more where all have closed, though the source stands still.
        let gone = join_all(open.iter().flatten().map(mpsc::Sender::closed));
        let next = tokio::select! {
            next = stream.next() => next,
            _ = gone => return,
        };
        let ends = !matches!(next, Some(Ok(_)));
        let piece = || match &next {
            Some(Ok(bytes)) => Piece::Bytes(bytes.clone()),
            Some(Err(error)) => Piece::Broken(error.kind(), error.to_string()),
            None => Piece::End,
        };
        join_all(open.iter_mut().map(|slot| async {
            let Some(sender) = slot else { return };
            if !matches!(timeout(patience, sender.send(piece())).await, Ok(Ok(()))) {
                *slot = None;
            }
        }))
        .await;
        if ends {
            return;
        }
    }
}

/// The strictest of what was said. A scanner that is excused counts for nothing, and somebody must have judged.
fn strictest(scans: &[Scan]) -> Scan {
    let engine = joined(scans.iter().map(|scan| scan.verdict.engine.as_str()));
    let counted = || scans.iter().filter(|scan| scan.shortfall != Some(Shortfall::Excused));
    let status = counted().map(|scan| scan.verdict.status).reduce(ScanStatus::strictest);
    let findings =
        |wanted: &dyn Fn(&Scan) -> bool| scans.iter().filter(|scan| wanted(scan)).flat_map(|scan| scan.verdict.findings.clone()).collect();
    match status {
        Some(status @ (ScanStatus::Infected | ScanStatus::Suspicious)) => {
            Scan::judged(status, engine, findings(&|scan| matches!(scan.verdict.status, ScanStatus::Infected | ScanStatus::Suspicious)))
        }
        Some(ScanStatus::Clean) => Scan::judged(ScanStatus::Clean, engine, findings(&|_| true)),
        Some(ScanStatus::Failed | ScanStatus::Pending) | None => {
            let short = |wanted| scans.iter().any(|scan| scan.shortfall == Some(wanted));
            let shortfall = [Shortfall::Away, Shortfall::TooLarge].into_iter().find(|wanted| short(*wanted));
            let mut failed = Scan::failed(engine, "", shortfall);
            failed.verdict.findings = findings(&|scan| matches!(scan.verdict.status, ScanStatus::Failed | ScanStatus::Pending));
            failed
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::stream;

    use super::*;

    /// Reads its bytes to the end, some slowly, and says what it was made to say of a whole.
    struct Reader {
        says: ScanStatus,
        reads: usize,
        got: Mutex<Vec<u8>>,
    }

    impl Reader {
        fn new(says: ScanStatus, reads: usize) -> Arc<Self> {
            Arc::new(Self { says, reads, got: Mutex::default() })
        }
    }

    #[async_trait]
    impl Scanner for Reader {
        async fn scan(&self, _: &FileName, mut stream: ChunkStream) -> Scan {
            for _ in 0..self.reads {
                match stream.next().await {
                    Some(Ok(bytes)) => self.got.lock().unwrap().extend_from_slice(&bytes),
                    Some(Err(error)) => return Scan::failed("reader".to_owned(), &error.to_string(), None),
                    None => return Scan::judged(self.says, "reader".to_owned(), Vec::new()),
                }
            }
            std::future::pending().await
        }

        fn kind(&self) -> &'static str {
            "reader"
        }

        async fn facts(&self) -> Option<ScannerFacts> {
            (self.reads > 0).then(|| ScannerFacts { engine: "reader".to_owned(), tells_changes: true, database: None })
        }
    }

    fn name() -> FileName {
        FileName::parse("a.txt").unwrap()
    }

    fn pieces(count: u8) -> ChunkStream {
        Box::pin(stream::iter((0..count).map(|at| Ok(Bytes::from(vec![at; 3])))))
    }

    fn panel(readers: &[Arc<Reader>]) -> Panel {
        patient(readers, Duration::from_mins(1))
    }

    fn patient(readers: &[Arc<Reader>], patience: Duration) -> Panel {
        Panel::new(readers.iter().map(|reader| Arc::clone(reader) as Arc<dyn Scanner>).collect(), patience)
    }

    /// A source that counts what was asked of it.
    fn counted(held: &Arc<AtomicUsize>) -> ChunkStream {
        let held = Arc::clone(held);
        Box::pin(stream::iter((0..50_u8).map(move |at| {
            held.fetch_add(1, Ordering::SeqCst);
            Ok(Bytes::from(vec![at; 3]))
        })))
    }

    /// Goes on with a judgement that has no end until something holds.
    async fn until(judging: impl Future<Output = Scan>, holds: impl Fn() -> bool) {
        let watch = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            scan = judging => panic!("the slow one answered: {scan:?}"),
            () = watch => {}
        }
    }

    #[tokio::test]
    async fn every_scanner_gets_every_byte_and_the_strictest_counts() {
        use ScanStatus::{Clean, Failed, Infected, Suspicious};
        for (one, other, expected) in [
            (Clean, Clean, Clean),
            (Clean, Infected, Infected),
            (Suspicious, Clean, Suspicious),
            (Failed, Clean, Failed),
            (Failed, Infected, Infected),
            (Suspicious, Failed, Suspicious),
        ] {
            let readers = [Reader::new(one, usize::MAX), Reader::new(other, usize::MAX)];
            assert_eq!(panel(&readers).scan(&name(), pieces(100)).await.verdict.status, expected, "{one} and {other}");
            for reader in &readers {
                assert_eq!(reader.got.lock().unwrap().len(), 300);
            }
        }
    }

    #[tokio::test]
    async fn a_source_that_breaks_off_is_no_whole_for_anybody() {
        let readers = [Reader::new(ScanStatus::Clean, usize::MAX), Reader::new(ScanStatus::Clean, usize::MAX)];
        let broken: ChunkStream = Box::pin(pieces(3).chain(stream::iter([Err(io::Error::other("the store went away"))])));
        let scan = panel(&readers).scan(&name(), broken).await;
        assert_eq!(scan.verdict.status, ScanStatus::Failed);
        assert_eq!(scan.verdict.findings, ["the store went away", "the store went away"]);
    }

    #[tokio::test]
    async fn a_slow_scanner_holds_the_source() {
        let readers = [Reader::new(ScanStatus::Clean, 2), Reader::new(ScanStatus::Clean, usize::MAX)];
        let (panel, held, file) = (panel(&readers), Arc::default(), name());
        let judging = panel.scan(&file, counted(&held));
        tokio::pin!(judging);
        // Two were read, four wait, one is in the hand of whoever gives them out.
        let expected = 2 + WAITING + 1;
        until(&mut judging, || held.load(Ordering::SeqCst) == expected).await;
        let turns = AtomicUsize::new(0);
        until(&mut judging, || turns.fetch_add(1, Ordering::SeqCst) == 1000).await;
        assert_eq!(held.load(Ordering::SeqCst), expected, "nothing more is asked of the source");
    }

    #[tokio::test]
    async fn a_scanner_that_takes_nothing_is_left_behind_and_the_others_get_it_all() {
        let readers = [Reader::new(ScanStatus::Clean, 2), Reader::new(ScanStatus::Infected, usize::MAX)];
        let (panel, held, file) = (patient(&readers, Duration::from_millis(20)), Arc::default(), name());
        until(panel.scan(&file, counted(&held)), || readers[1].got.lock().unwrap().len() == 150).await;
        assert_eq!(readers[0].got.lock().unwrap().len(), 6);
    }

    #[tokio::test]
    async fn what_is_left_behind_sees_a_break_and_no_end() {
        let (sender, mut stream) = branch();
        sender.send(Piece::Bytes(Bytes::from_static(b"half"))).await.unwrap();
        drop(sender);
        assert!(stream.next().await.unwrap().is_ok());
        assert!(stream.next().await.unwrap().is_err());
        assert!(stream.next().await.is_none());
    }

    #[test]
    fn who_is_excused_needs_somebody_who_judged() {
        let excused = || Scan::failed("clamd".to_owned(), "too large", Some(Shortfall::Excused));
        let clean = || Scan::judged(ScanStatus::Clean, "embedded".to_owned(), Vec::new());
        assert_eq!(strictest(&[excused()]).verdict.status, ScanStatus::Failed);
        let both = strictest(&[clean(), excused()]);
        assert_eq!((both.verdict.status, both.verdict.engine.as_str()), (ScanStatus::Clean, "embedded; clamd"));
        assert_eq!(both.verdict.findings, ["too large"], "it is told that one did not look");
        for (shortfall, expected) in [(Shortfall::Away, ScanStatus::Failed), (Shortfall::TooLarge, ScanStatus::Failed)] {
            let told = strictest(&[clean(), Scan::failed("clamd".to_owned(), "no", Some(shortfall))]);
            assert_eq!((told.verdict.status, told.shortfall), (expected, Some(shortfall)));
        }
        assert_eq!(strictest(&[]).verdict.status, ScanStatus::Failed, "nobody's word is no word");
    }

    #[tokio::test]
    async fn what_the_panel_is_is_known_only_while_all_answer() {
        assert!(panel(&[Reader::new(ScanStatus::Clean, 1), Reader::new(ScanStatus::Clean, 0)]).facts().await.is_none());
        let facts = panel(&[Reader::new(ScanStatus::Clean, 1), Reader::new(ScanStatus::Clean, 1)]).facts().await.unwrap();
        assert_eq!(facts.engine, "reader; reader");
    }
}
