//! What a call is told while it runs, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures::stream;
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::Value;

use crate::api::credential::{Asker, name_header};
use crate::api::input::Segment;
use crate::api::openapi::{Operation, Takes};
use crate::api::problem::Problem;
use crate::api::state::Api;
use crate::domain::{CallId, CustomerId, ErrorCode, ExtractionStatus, FileEvent, FileNews, ScanStatus, Timestamp, Unlock};
use crate::files::{EventRecord, Listening};
use crate::speech::{
    FileArrived, FileLockedAway, FileReady, FileReadyLocked, FileReadyUnread, FileStillLocked, FileUnchecked, FileUnlocked,
    PasswordNotTried, Speech, speakable_title, spoken_kind, spoken_pages,
};

/// How often the catalog is asked for more: another server of the installation may have written it.
const POLL: Duration = Duration::from_millis(500);
/// How often a quiet stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After which pause a listener that was cut off comes back.
const RETRY: Duration = Duration::from_secs(2);
/// Streams of this server, of one customer and of one call.
const STREAMS: usize = 512;
const STREAMS_OF_CUSTOMER: usize = 128;
const STREAMS_OF_CALL: usize = 4;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/calls/{call}/events", get(listen))
}

/// How they are described.
pub(super) fn operations() -> Vec<Operation> {
    let says = "The id of the last event that was heard; goes on after it.";
    vec![
        Operation::get(
            "listen_to_call",
            "/v1/calls/{call}/events",
            "What a call is told while it runs, as server-sent events.",
            Takes::KeyOrCall,
        )
        .header("last-event-id", says)
        .gives_text(200, "text/event-stream")
        .fails(&[ErrorCode::Invalid, ErrorCode::NotFound, ErrorCode::TooMany]),
    ]
}

/// Counts listeners.
#[derive(Debug, Clone, Default)]
pub(in crate::api) struct Listeners(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    customers: HashMap<CustomerId, usize>,
    calls: HashMap<CallId, usize>,
}

/// A listener's place, free again when this is dropped.
#[derive(Debug)]
struct Place {
    listeners: Listeners,
    customer: CustomerId,
    call: CallId,
}

impl Listeners {
    fn place(&self, customer: CustomerId, call: CallId) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_customer = counts.customers.get(&customer).copied().unwrap_or(0);
        let of_call = counts.calls.get(&call).copied().unwrap_or(0);
        if counts.all >= STREAMS || of_customer >= STREAMS_OF_CUSTOMER || of_call >= STREAMS_OF_CALL {
            return None;
        }
        counts.all += 1;
        counts.customers.insert(customer, of_customer + 1);
        counts.calls.insert(call, of_call + 1);
        drop(counts);
        Some(Place { listeners: self.clone(), customer, call })
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.listeners.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        less(&mut counts.customers, &self.customer);
        less(&mut counts.calls, &self.call);
    }
}

/// An event as a listener gets it: what happened, when, a line to say where there is one, and the facts.
#[derive(Serialize)]
struct Told<'a> {
    kind: &'a str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    say: Option<String>,
    #[serde(flatten)]
    facts: Value,
}

fn said(speech: &Speech, event: &EventRecord) -> Option<String> {
    let news = serde_json::from_str::<FileNews>(&event.data).ok();
    let (happened, news) = FileEvent::parse(&event.kind).zip(news)?;
    let title = speakable_title(&news.title);
    match (happened, news.scan_status) {
        (FileEvent::Arrived, _) => Some(speech.say(&FileArrived { title })),
        (FileEvent::Active, _) if news.extraction_status == Some(ExtractionStatus::Locked) => Some(speech.say(&FileReadyLocked { title })),
        (FileEvent::Active, _) if news.extraction_status == Some(ExtractionStatus::Failed) => Some(speech.say(&FileReadyUnread { title })),
        (FileEvent::Active, _) => {
            let extent = news.page_count.filter(|count| *count > 0).map(|count| spoken_pages(count, news.category));
            Some(speech.say(&FileReady { title, kind: spoken_kind(news.category), extent }))
        }
        (FileEvent::Unlocked, _) => Some(speech.say(&FileUnlocked { title })),
        (FileEvent::StillLocked, _) if news.unlock == Some(Unlock::Wrong) => Some(speech.say(&FileStillLocked { title })),
        (FileEvent::StillLocked, _) => Some(speech.say(&PasswordNotTried { title })),
        (FileEvent::Quarantined, _) => Some(speech.say(&FileLockedAway { title })),
        (FileEvent::Scanned, ScanStatus::Failed) => Some(speech.say(&FileUnchecked { title })),
        // What follows at once says more.
        (FileEvent::Read, _)
        | (FileEvent::Scanned, ScanStatus::Clean | ScanStatus::Infected | ScanStatus::Suspicious | ScanStatus::Pending) => None,
    }
}

fn told(speech: &Speech, event: &EventRecord) -> Event {
    let facts = serde_json::from_str(&event.data).unwrap_or(Value::Null);
    let told = Told { kind: &event.kind, at: event.at, say: said(speech, event), facts };
    let text = serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned());
    Event::default().id(event.seq.to_string()).event(&event.kind).data(text)
}

/// A stream under way.
struct Stream {
    api: Api,
    listening: Listening,
    after: u64,
    ready: VecDeque<Event>,
    is_over: bool,
    _place: Place,
}

impl Stream {
    /// The next event; `None` when the call is over or the server stops.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            if self.is_over {
                return None;
            }
            match self.api.0.files.events(&self.listening, self.after).await {
                Ok(heard) => {
                    self.after = heard.events.last().map_or(self.after, |event| event.seq);
                    self.ready.extend(heard.events.iter().map(|event| told(&self.api.0.speech, event)));
                    if heard.is_over {
                        self.is_over = true;
                        self.ready.push_back(Event::default().event("call_ended").data(r#"{"kind":"call_ended"}"#));
                    }
                }
                // Whoever listens comes back and goes on where it was.
                Err(error) => {
                    tracing::warn!(call.id = %self.listening.call(), error = %error, "a stream of events was cut");
                    return None;
                }
            }
            if self.ready.is_empty() {
                tokio::select! {
                    () = self.api.0.stop.cancelled() => return None,
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
    }
}

async fn listen(
    Asker(subject): Asker,
    State(api): State<Api>,
    Segment(call): Segment,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let after = match name_header(&headers, "last-event-id")? {
        Some(text) => text.parse().map_err(|_| Problem::invalid("`last-event-id` is the id of an event of this stream"))?,
        None => 0,
    };
    let listening = api.0.files.listen(&subject, &call).await?;
    let Some(place) = api.0.listeners.place(listening.customer(), listening.call()) else {
        return Err(Problem::new(
            ErrorCode::TooMany,
            "too many streams of events are open; close one, or read this call's on the one you have",
        ));
    };
    let ready = VecDeque::from([Event::default().retry(RETRY).comment("listening")]);
    let stream = Stream { api, listening, after, ready, is_over: false, _place: place };
    let events = Sse::new(stream::unfold(stream, Stream::next)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Titles of files are in it: nobody on the way keeps it.
    Ok(([(CACHE_CONTROL, "no-store")], events))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Category, FileId, ManualClock, SeededEntropy};

    fn event(kind: FileEvent, scan: ScanStatus, extraction: ExtractionStatus) -> EventRecord {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let news = FileNews {
            file: FileId::new(&clock, &entropy),
            version: 1,
            title: "Acme invoice".to_owned(),
            category: Category::Document,
            content_type: "application/pdf".to_owned(),
            size_bytes: 7,
            scan_status: scan,
            extraction_status: Some(extraction),
            unlock: None,
            page_count: Some(3),
            upload_link: None,
        };
        EventRecord { seq: 4, kind: kind.as_str().to_owned(), data: serde_json::to_string(&news).unwrap(), at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn what_becomes_of_a_file_is_said_in_a_sentence_each() {
        let speech = Speech::load("en").unwrap();
        for (happened, scan, line) in [
            (FileEvent::Arrived, ScanStatus::Pending, Some("The Acme invoice has arrived. I'm having it checked.")),
            (FileEvent::Scanned, ScanStatus::Clean, None),
            (FileEvent::Read, ScanStatus::Clean, None),
            (
                FileEvent::Active,
                ScanStatus::Clean,
                Some("It's here: the Acme invoice, a document of three pages. It was checked and is clean."),
            ),
            (FileEvent::Scanned, ScanStatus::Infected, None),
            (
                FileEvent::Quarantined,
                ScanStatus::Infected,
                Some("The Acme invoice arrived, but it looked harmful and was locked away. Nobody can open it."),
            ),
            (
                FileEvent::Scanned,
                ScanStatus::Failed,
                Some("The Acme invoice arrived, but it couldn't be checked. Nobody can open it until that's done."),
            ),
        ] {
            assert_eq!(said(&speech, &event(happened, scan, ExtractionStatus::Done)).as_deref(), line, "{happened:?}");
        }
        for (extraction, line) in [
            (ExtractionStatus::Empty, "It's here: the Acme invoice, a document of three pages. It was checked and is clean."),
            (ExtractionStatus::Locked, "The Acme invoice is here. It was checked and is clean, but it's locked with a password."),
            (ExtractionStatus::Failed, "The Acme invoice is here. It was checked and is clean, but its text couldn't be read."),
        ] {
            assert_eq!(said(&speech, &event(FileEvent::Active, ScanStatus::Clean, extraction)).as_deref(), Some(line), "{extraction:?}");
        }
        // Another kind is told without a line.
        let other = EventRecord {
            kind: "share_opened".to_owned(),
            data: "{}".to_owned(),
            ..event(FileEvent::Arrived, ScanStatus::Pending, ExtractionStatus::Done)
        };
        assert_eq!(said(&speech, &other), None);
    }

    #[test]
    fn a_call_has_few_streams_and_a_customer_leaves_some_to_others() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let listeners = Listeners::default();
        let (noisy, quiet) = (CustomerId::new(&clock, &entropy), CustomerId::new(&clock, &entropy));
        let call = CallId::new(&clock, &entropy);
        let mut taken: Vec<_> = (0..STREAMS_OF_CALL).map(|_| listeners.place(noisy, call).unwrap()).collect();
        assert!(listeners.place(noisy, call).is_none());
        taken.extend((STREAMS_OF_CALL..STREAMS_OF_CUSTOMER).map(|_| listeners.place(noisy, CallId::new(&clock, &entropy)).unwrap()));
        assert!(listeners.place(noisy, CallId::new(&clock, &entropy)).is_none());
        assert!(listeners.place(quiet, CallId::new(&clock, &entropy)).is_some());
        drop(taken);
        assert!(listeners.place(noisy, call).is_some());
        let counts = listeners.0.lock().unwrap();
        assert!(counts.all == 0 && counts.calls.is_empty() && counts.customers.is_empty(), "{counts:?}");
    }
}
