//! Lines that stall, break and trickle, many at once: what hangs on them takes no memory that grows.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use reqwest::header::CONTENT_LENGTH;
use tokio::net::TcpListener;

use super::content::Content;
use super::server::Server;
use crate::faults::proxy::{Fault, Proxy};

const MIB: u64 = 1024 * 1024;
/// Bytes of each file.
const SIZE: u64 = 16 * MIB;
/// Uploads, and as many downloads, at once.
const AT_ONCE: u64 = 12;
/// What uploads may fill together, as it is set for this server, in MiB.
const UPLOADS_MIB: u64 = 64;
/// What everything else may cost above the memory of an idle server, in MiB; the same as for one large file.
const FLAT_MIB: u64 = 64;

/// What is freed stays with the C library, for each of its arenas apart: many of them hide what the program itself holds.
const FEW_ARENAS: [(&str, &str); 1] = [("MALLOC_ARENA_MAX", "2")];
/// How long one transfer may take, whatever is done to it.
const PATIENCE: Duration = Duration::from_mins(3);

/// What is done to one upload after the other.
const OF_UPLOADS: [Fault; 8] = [
    Fault::Throttled(64 * 1024),
    Fault::CutOff(11_000_000),
    Fault::None,
    Fault::Silent(9_000_000),
    Fault::Throttled(256 * 1024),
    Fault::Close,
    Fault::Stall,
    Fault::Cut(10),
];
/// What is done to one download after the other.
const OF_DOWNLOADS: [Fault; 8] = [
    Fault::Throttled(64 * 1024),
    Fault::Cut(3_000_000),
    Fault::None,
    Fault::Hang(5_000_000),
    Fault::Throttled(256 * 1024),
    Fault::Close,
    Fault::Stall,
    Fault::Cut(10),
];

/// A server whose doors and whose store are reached through lines that are faulty.
struct Stage {
    server: Server,
    doors: Proxy,
    bytes: Proxy,
}

impl Stage {
    async fn new() -> Self {
        // The store signs for the address of the proxy before it, so that one must be there first.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let bytes = Proxy::before(address).await;
        let (public, memory) = (format!("http://{}", bytes.address), (UPLOADS_MIB * MIB).to_string());
        let settings = [("WORKERS__COUNT", "1"), ("BYTES__PUBLIC_URL", &*public), ("LIMITS__UPLOAD_MEMORY_BYTES", &*memory)];
        let server = Server::with_bytes_at(&address.to_string(), &FEW_ARENAS, &settings).await;
        let doors = Proxy::before(server.address()).await;
        Self { server, doors, bytes }
    }

    fn break_lines(&self) {
        self.doors.mix(&OF_UPLOADS);
        self.bytes.mix(&OF_DOWNLOADS);
    }

    fn heal(&self) {
        self.doors.heal();
        self.bytes.heal();
    }

    /// Whether an upload through the doors' line was taken. Told to come back, its sender does: for want of memory one
    /// waits for another.
    async fn upload(&self, seed: u64) -> bool {
        let path = format!("http://{}/v1/files?name=large{seed}.pdf", self.doors.address);
        for _ in 0..AT_ONCE {
            let sent = self.server.client.post(&path).bearer_auth(&self.server.key).header(CONTENT_LENGTH, SIZE);
            let sent = sent.body(Content::new(SIZE, seed).body()).timeout(PATIENCE);
            match sent.send().await.map(|answer| answer.status().as_u16()) {
                Ok(503) => {}
                ended => return ended.is_ok_and(|status| status == 201),
            }
        }
        false
    }

    /// How many bytes of an object came through the store's line.
    async fn download(&self, url: &str) -> u64 {
        let Ok(answer) = self.server.client.get(url).timeout(PATIENCE).send().await else { return 0 };
        let mut stream = answer.bytes_stream();
        let mut size = 0;
        while let Some(Ok(piece)) = stream.next().await {
            size += piece.len() as u64;
        }
        size
    }

    /// As many uploads and downloads at once as there are to be; how many of each came through whole.
    async fn round(&self, file: &str, round: u64) -> (usize, usize) {
        // It lives for a minute, and counts when it is used first.
        let url = self.server.content_url(file).await;
        let uploads = join_all((0..AT_ONCE).map(|number| self.upload(1000 * (round + 1) + number)));
        let downloads = join_all((0..AT_ONCE).map(|_| self.download(&url)));
        let (uploads, downloads) = tokio::join!(uploads, downloads);
        (uploads.into_iter().filter(|done| *done).count(), downloads.into_iter().filter(|came| *came == SIZE).count())
    }
}

mod long {
    use super::{AT_ONCE, Content, FLAT_MIB, SIZE, Stage, UPLOADS_MIB};
    use crate::load::server::until;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_memory_stays_flat_while_lines_stall_break_and_trickle() {
        let stage = Stage::new().await;
        let file = stage.server.upload("kept.pdf", Content::new(SIZE, 7).body()).await["id"].as_str().unwrap().to_owned();
        stage.server.inspected(&file).await;
        // What is done for the first time takes memory that stays.
        let all = usize::try_from(AT_ONCE).unwrap();
        assert_eq!(stage.round(&file, 0).await, (all, all), "without faults all comes through");
        let idle = stage.server.begin_measuring();
        for round in 1..4 {
            stage.break_lines();
            let (uploads, downloads) = stage.round(&file, round).await;
            let (now, peak) = (stage.server.memory_mib(), stage.server.peak_mib());
            eprintln!(
                "round {round}: {uploads} uploads and {downloads} downloads of {AT_ONCE} whole; {idle} MiB idle, {now} MiB now, {peak} MiB at most"
            );
            assert!((1..all).contains(&uploads) && (1..all).contains(&downloads), "some came through, and some did not");
            assert!(peak <= idle + UPLOADS_MIB + FLAT_MIB, "{idle} MiB idle, {peak} MiB at most");
        }
        // What broke off has left nothing behind, and keeps nothing.
        until("the end of what broke off", async || (stage.server.open_uploads().await == 0).then_some(())).await;
        let kept = stage.server.memory_mib();
        assert!(kept <= idle + FLAT_MIB, "{idle} MiB idle, {kept} MiB kept");
        stage.heal();
        assert_eq!(stage.round(&file, 9).await, (all, all), "the server is as it was");
    }
}
