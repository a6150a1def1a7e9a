//! What a caller waits for: from `request_upload` to "it's here" for a PDF of five megabytes that comes by the link,
//! beside the time that the engines take for the same bytes by themselves. How long a person takes to open the page
//! is not in it.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use hyper::Method;
use satchel::domain::{ExtractionStatus, FileName, ScanStatus};
use satchel::inspect::{Inspector, InspectorSettings, LookedFor};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Client;
use crate::report::{Report, ms};
use crate::server::{Customer, Server, folder};
use crate::{Failure, Scale};

const SECTION: &str = "arrival";
/// Bytes of the PDF.
const SIZE: usize = 5 << 20;
/// Its pages of text; the rest is a picture that nothing draws.
const PAGES: usize = 40;
/// Inspection workers of a server with its usual settings.
const WORKERS: usize = 2;
/// How often it is asked whether the file is there.
const ASK_EVERY: Duration = Duration::from_millis(10);
/// How long one file may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A PDF of text whose bytes are its own by its number.
fn pdf(number: usize) -> Bytes {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    let mut object = |bytes: &mut Vec<u8>, body: &[u8]| {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", places.len()).bytes());
        bytes.extend_from_slice(body);
        bytes.extend(b"\nendobj\n");
    };
    object(&mut bytes, b"<< /Type /Catalog /Pages 2 0 R >>");
    let pages: Vec<String> = (0..PAGES).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    object(&mut bytes, format!("<< /Type /Pages /Kids [{}] /Count {PAGES} >>", pages.join(" ")).as_bytes());
    object(&mut bytes, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    for page in 0..PAGES {
        let content = 5 + 2 * page;
        let sheet = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        );
        object(&mut bytes, sheet.as_bytes());
        let lines: Vec<String> = (0..50)
            .map(|line| format!("(Clause {page}.{line} of agreement {number}: the parties settle what follows from it.) Tj 0 -14 Td"))
            .collect();
        let text = format!("BT /F1 10 Tf 50 790 Td {} ET", lines.join(" "));
        object(&mut bytes, format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()).as_bytes());
    }
    // Noise, as a scanned picture is to whoever reads bytes; every file has its own.
    let mut state = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let noise: Vec<u8> = (0..SIZE.saturating_sub(bytes.len()))
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32).to_le_bytes()[0]
        })
        .collect();
    let mut picture = format!("<< /Length {} >>\nstream\n", noise.len()).into_bytes();
    picture.extend(noise);
    picture.extend(b"\nendstream");
    object(&mut bytes, &picture);
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    for place in &places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    bytes.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1).bytes());
    bytes.into()
}

fn text<'a>(value: &'a Value, place: &str) -> Result<&'a str, Failure> {
    value.pointer(place).and_then(Value::as_str).ok_or_else(|| format!("no `{place}` in {value}").into())
}

/// How long a caller waited, and how much of that the bytes were on their way.
struct Waited {
    all: Duration,
    sent: Duration,
}

async fn one(client: &mut Client, customer: &Customer, user: &str, number: usize) -> Result<Waited, Failure> {
    let body = json!({ "caller_id": user, "verified": { "method": "platform", "level": 2 } });
    let call = client.post("/v1/calls", &customer.key, &body).await?;
    let token = text(&call, "/token")?;
    let bytes = pdf(number);
    let begin = Instant::now();
    let asked = client.post("/v1/tools/request_upload", token, &json!({ "what": "the agreement" })).await?;
    let url = text(&asked, "/data/upload_link/url")?;
    let path = url.find("/u/").and_then(|at| url.get(at..)).ok_or("the link has another form")?;
    let before = begin.elapsed();
    client.send(Method::POST, &format!("{path}/files?name=agreement%20{number}.pdf"), "", bytes).await?.done()?;
    let sent = begin.elapsed().saturating_sub(before);
    while begin.elapsed() < PATIENCE {
        let told = client.post("/v1/tools/check_progress", token, &json!({})).await?;
        let states = told.pointer("/data/arrived").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match states.first().and_then(|file| file.get("state")).and_then(Value::as_str) {
            Some("ready") => return Ok(Waited { all: begin.elapsed(), sent }),
            Some("checking") | None => tokio::time::sleep(ASK_EVERY).await,
            Some(other) => return Err(format!("the agreement is {other}: {told}").into()),
        }
    }
    Err("the agreement was not there in time".into())
}

/// What the engines take for the same bytes by themselves: the scan, and the reading.
async fn engines(files: usize) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_satchel"));
    let inspector = Inspector::new(InspectorSettings { keep_warm: true, ..InspectorSettings::new(program) });
    let name = FileName::parse("agreement.pdf")?;
    let (mut scans, mut readings) = (Vec::new(), Vec::new());
    // The first is not counted: no worker waits for it yet.
    for number in 0..=files {
        let bytes = pdf(number);
        let stream = || Box::pin(stream::iter([Ok(bytes.clone())]));
        let begin = Instant::now();
        let verdict = inspector.scan(&name, stream()).await;
        let scanned = begin.elapsed();
        let read = inspector.extract(&name, stream(), LookedFor::default()).await;
        if verdict.verdict.status != ScanStatus::Clean || read.extraction.status != ExtractionStatus::Done {
            return Err(format!("the engines by themselves: {verdict:?}, {:?}", read.extraction).into());
        }
        if number > 0 {
            scans.push(scanned);
            readings.push(begin.elapsed().saturating_sub(scanned));
        }
    }
    Ok((scans, readings))
}

/// The median, and the slowest.
fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times.get(times.len() / 2).copied().unwrap_or_default(), times.last().copied().unwrap_or_default())
}

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let files = (scale.files / 4).max(5);
    let data = folder()?;
    let server = Server::start(data.path(), WORKERS).await?;
    let customer = server.customer().await?;
    let mut client = server.client().await?;
    let person = json!({ "kind": "user", "name": "Nora Lind", "roles": ["member"], "phone": "+15550100100", "email": "nora@example.com" });
    let made = client.post("/v1/people", &customer.key, &person).await?;
    let user = text(&made, "/id")?.to_owned();
    let (mut waits, mut sendings) = (Vec::new(), Vec::new());
    for number in 0..=files {
        let waited = one(&mut client, &customer, &user, number).await?;
        if number > 0 {
            waits.push(waited.all);
            sendings.push(waited.sent);
        }
    }
    server.stop().await?;
    let (scans, readings) = engines(files).await?;
    let (all, slowest) = spread(waits);
    let ((sent, _), (scan, _), (reading, _)) = (spread(sendings), spread(scans), spread(readings));
    let alone = scan + reading;
    let reference = format!("{} ({} scan, {} reading, by themselves)", ms(alone), ms(scan), ms(reading));
    let ratio = all.as_secs_f64() / alone.as_secs_f64();
    let what = "from `request_upload` to \"it's here\", a PDF of 5 MB";
    report.add(SECTION, what, format!("{} median, {} slowest of {files}", ms(all), ms(slowest)), reference, Some(ratio));
    report.add(SECTION, "of that, the bytes on their way", ms(sent), "-".to_owned(), None);
    Ok(())
}
