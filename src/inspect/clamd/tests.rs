//! A clamd that misbehaves: nothing that it does makes a file clean.

use bytes::Bytes;
use futures::stream;
use tokio::net::{TcpListener, UnixListener};

use super::*;

/// What the stand-in does with the connection on which it is handed a file.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Takes all, then says this.
    Says(&'static [u8]),
    /// Says this at once, and takes nothing.
    SaysAtOnce(&'static [u8]),
    /// Takes all, then closes without a word.
    Closes,
    /// Takes some, then closes.
    ClosesEarly,
    /// Takes all and never answers.
    Hangs,
    /// Never takes a byte.
    Stalls,
}

/// Serves `version` to who asks for it, and `manner` to who brings a file; gives back what it got.
async fn stand_in(listener: TcpListener, version: &'static [u8], manner: Manner) -> Vec<u8> {
    loop {
        let (mut wire, _) = listener.accept().await.unwrap();
        let mut command = [0; 10];
        wire.read_exact(&mut command[..9]).await.unwrap();
        if command.starts_with(b"zVERSION\0") {
            wire.write_all(version).await.unwrap();
            continue;
        }
        wire.read_exact(&mut command[9..]).await.unwrap();
        assert_eq!(&command, b"zINSTREAM\0");
        match manner {
            Manner::SaysAtOnce(words) => {
                wire.write_all(words).await.unwrap();
                return Vec::new();
            }
            Manner::Stalls => std::future::pending::<()>().await,
            Manner::ClosesEarly => {
                let mut some = [0; 6];
                wire.read_exact(&mut some).await.unwrap();
                return Vec::new();
            }
            Manner::Says(_) | Manner::Closes | Manner::Hangs => {}
        }
        let mut got = Vec::new();
        loop {
            let mut length = [0; 4];
            if wire.read_exact(&mut length).await.is_err() {
                return got;
            }
            let length = u32::from_be_bytes(length);
            if length == 0 {
                break;
            }
            let mut piece = vec![0; length as usize];
            wire.read_exact(&mut piece).await.unwrap();
            got.extend(piece);
        }
        match manner {
            Manner::Says(words) => wire.write_all(words).await.unwrap(),
            Manner::Hangs => std::future::pending::<()>().await,
            _ => {}
        }
        return got;
    }
}

/// More than one piece on the wire.
static MUCH: [u8; PIECE + 10] = [7; PIECE + 10];

const VERSION: &[u8] = b"ClamAV 1.4.3/27470/Thu Nov 26 08:21:00 2026\0";

fn settings(place: &str) -> ClamdSettings {
    ClamdSettings {
        address: ClamdAddress::parse(place).unwrap(),
        timeout: Duration::from_millis(300),
        stream_max_bytes: 1 << 20,
        connections: 1,
        above_limit: AboveLimit::NotChecked,
    }
}

fn name() -> FileName {
    FileName::parse("a.pdf").unwrap()
}

fn chunks(pieces: &[&'static [u8]]) -> ChunkStream {
    Box::pin(stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect::<Vec<_>>()))
}

async fn scanned_with(version: &'static [u8], manner: Manner, stream: ChunkStream, change: fn(&mut ClamdSettings)) -> (Scan, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(&listener.local_addr().unwrap().to_string());
    change(&mut settings);
    let scanner = ClamdScanner::new(settings);
    let file = name();
    tokio::select! {
        got = stand_in(listener, version, manner) => panic!("the stand-in ended alone with {got:?}"),
        scan = scanner.scan(&file, stream) => (scan, Vec::new()),
    }
}

async fn scanned(version: &'static [u8], manner: Manner, stream: ChunkStream) -> Scan {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scanner = ClamdScanner::new(settings(&listener.local_addr().unwrap().to_string()));
    let file = name();
    let serve = async {
        stand_in(listener, version, manner).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = serve => unreachable!("it waits for ever"),
        scan = scanner.scan(&file, stream) => scan,
    }
}

#[tokio::test]
async fn nothing_that_a_daemon_does_but_to_say_so_makes_a_file_clean() {
    use ScanStatus::{Clean, Failed, Infected, Suspicious};
    for (manner, expected) in [
        (Manner::Says(b"stream: OK\0"), Clean),
        (Manner::Says(b"stream: Local.Test.UNOFFICIAL FOUND\0"), Infected),
        (Manner::Says(b"stream: Heuristics.Phishing.Email FOUND\0"), Suspicious),
        (Manner::Says(b"stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0"), Failed),
        (Manner::Says(b"stream: Can't write to temporary file ERROR\0"), Failed),
        (Manner::Says(b"stream: OK"), Failed),
        (Manner::Says(b"stream: OK\nstream: OK\0"), Failed),
        (Manner::Says(b"stream: OK\0stream: Local.Test FOUND\0"), Failed),
        (Manner::Says(b"\xff\xfe\0"), Failed),
        (Manner::SaysAtOnce(b"stream: OK\0"), Failed),
        (Manner::Closes, Failed),
        (Manner::ClosesEarly, Failed),
        (Manner::Hangs, Failed),
    ] {
        // More than the sockets hold, so that who says something at once is not taken to have read it all.
        let pieces = vec![&MUCH[..60_000]; 16];
        let scan = scanned(VERSION, manner, chunks(&pieces)).await;
        assert_eq!(scan.verdict.status, expected, "{manner:?}: {scan:?}");
        assert_eq!(scan.shortfall, None, "{manner:?} was there before the first byte: the try counts");
        assert_eq!(scan.verdict.engine, "clamd: ClamAV 1.4.3, database 27470 of 2026-11-26 08:21");
    }
}

#[tokio::test]
async fn a_daemon_that_takes_nothing_is_left_after_its_time() {
    let endless: ChunkStream = Box::pin(stream::repeat_with(|| Ok(Bytes::from_static(&MUCH))));
    let (scan, _) = scanned_with(VERSION, Manner::Stalls, endless, |settings| settings.stream_max_bytes = u64::MAX).await;
    assert_eq!(scan.verdict.status, ScanStatus::Failed);
    assert_eq!(scan.verdict.findings, ["clamd took too long"]);
}

#[tokio::test]
async fn who_is_no_clamd_is_away() {
    for version in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"PONG\0", b"ClamAV 1.4.3/what\0"] {
        let scan = scanned(version, Manner::Says(b"stream: OK\0"), chunks(&[b"x"])).await;
        assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, Some(Shortfall::Away)));
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let (free, gone) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), dir.path().join("socket"));
    let place = free.local_addr().unwrap().to_string();
    drop(free);
    drop(UnixListener::bind(&gone).unwrap());
    for place in [place, format!("unix:{}", gone.display()), format!("{}/nothing", dir.path().display())] {
        let scanner = ClamdScanner::new(settings(&place));
        let scan = scanner.scan(&name(), chunks(&[b"x"])).await;
        assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, Some(Shortfall::Away)), "{place}");
        assert!(scanner.facts().await.is_none());
    }
}

#[tokio::test]
async fn a_daemon_that_takes_connections_and_says_nothing_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scanner = ClamdScanner::new(settings(&listener.local_addr().unwrap().to_string()));
    let scan = scanner.scan(&name(), chunks(&[b"x"])).await;
    assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, Some(Shortfall::Away)));
    assert_eq!(scan.verdict.findings, ["clamd is busy, or hangs"]);
}

#[tokio::test]
async fn every_byte_goes_over_and_a_piece_of_no_length_does_not_end_the_file() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scanner = ClamdScanner::new(settings(&listener.local_addr().unwrap().to_string()));
    let (file, long) = (name(), &MUCH[..]);
    let (got, scan) = tokio::join!(
        stand_in(listener, VERSION, Manner::Says(b"stream: OK\0")),
        scanner.scan(&file, chunks(&[b"one ", b"", b"two", long]))
    );
    assert_eq!(scan.verdict.status, ScanStatus::Clean);
    assert_eq!(got, [b"one two", long].concat());
}

#[tokio::test]
async fn above_its_limit_a_file_is_not_checked_unless_the_settings_say_that_others_are_enough() {
    const LIMIT: fn(&mut ClamdSettings) = |settings| settings.stream_max_bytes = 5;
    const EXCUSED: fn(&mut ClamdSettings) = |settings| {
        settings.stream_max_bytes = 5;
        settings.above_limit = AboveLimit::OthersDecide;
    };
    let says = Manner::Says(b"stream: OK\0");
    for (change, pieces, expected) in
        [(LIMIT, &[&b"123"[..], b"456"][..], Some(Shortfall::TooLarge)), (EXCUSED, &[b"123", b"456"], Some(Shortfall::Excused))]
    {
        let (scan, _) = scanned_with(VERSION, Manner::Hangs, chunks(pieces), change).await;
        assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, expected));
    }
    // The daemon's own limit is lower than the settings think.
    let scan = scanned(VERSION, Manner::Says(b"INSTREAM size limit exceeded. ERROR\0"), chunks(&[b"123"])).await;
    assert_eq!((scan.verdict.status, scan.shortfall), (ScanStatus::Failed, Some(Shortfall::TooLarge)));
    let scan = scanned(VERSION, says, chunks(&[b"123", b"45"])).await;
    assert_eq!(scan.verdict.status, ScanStatus::Clean);
}

#[tokio::test]
async fn a_source_that_breaks_off_is_never_ended_for_the_daemon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scanner = ClamdScanner::new(settings(&listener.local_addr().unwrap().to_string()));
    let broken: ChunkStream = Box::pin(stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))]));
    let file = name();
    let (got, scan) = tokio::join!(stand_in(listener, VERSION, Manner::Says(b"stream: OK\0")), scanner.scan(&file, broken));
    assert_eq!(got, b"half", "it saw the connection end, and no end of the file");
    assert_eq!(scan.verdict.status, ScanStatus::Failed);
    assert_eq!(scan.verdict.findings, ["the bytes could not be read from where they are stored"]);
}

#[test]
fn an_address_is_a_host_with_a_port_or_a_socket() {
    let tcp = |text: &str| Some(ClamdAddress::Tcp(text.to_owned()));
    let unix = |text: &str| Some(ClamdAddress::Unix(PathBuf::from(text)));
    for (text, expected) in [
        ("127.0.0.1:3310", tcp("127.0.0.1:3310")),
        ("tcp://clamd.example:3310", tcp("clamd.example:3310")),
        ("[::1]:3310", tcp("[::1]:3310")),
        ("unix:/run/clamav/clamd.ctl", unix("/run/clamav/clamd.ctl")),
        ("/run/clamav/clamd.ctl", unix("/run/clamav/clamd.ctl")),
        ("unix:clamd.ctl", None),
        ("127.0.0.1", None),
        ("127.0.0.1:0", None),
        (":3310", None),
        ("http://a/b:3310", None),
        ("", None),
    ] {
        assert_eq!(ClamdAddress::parse(text), expected, "{text}");
    }
}
