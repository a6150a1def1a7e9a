//! Every format in which stores tell of objects: S3 notifications (AWS, MiniStack, Ceph RGW), the
//! same inside an SNS envelope, S3 and GuardDuty events of EventBridge.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::domain::{EventOrder, Happened, ScanStatus, Timestamp};

/// Records of one message that are looked at; S3 sends one.
const MOST_RECORDS: usize = 1000;
/// The source of Ceph's events.
const CEPH: &str = "ceph:s3";

/// A message that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no JSON, or not in the shape of its format.
    #[error("the event cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// It has the marks of no format that is known.
    #[error("the event has no format that is known")]
    Unknown,
    /// An instant of it is none.
    #[error("the event's time is no instant")]
    Time(#[from] jiff::Error),
    /// A key of it is not UTF-8 when decoded.
    #[error("the event's key cannot be decoded")]
    Key(#[from] std::str::Utf8Error),
}

/// What was told of one object, whoever's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// What happened; `None` for kinds of events that say nothing to us.
    pub happened: Option<Happened>,
    /// When, among the events of this object.
    pub order: EventOrder,
    /// The store's name of the bytes that a verdict is about.
    pub etag: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    #[serde(rename = "Event")]
    event: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "Message")]
    message: Option<String>,
    source: Option<String>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    time: Option<String>,
    detail: Option<Box<serde_json::value::RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    event_source: String,
    event_time: String,
    event_name: String,
    s3: RecordS3,
}

#[derive(Deserialize)]
struct RecordS3 {
    bucket: Named,
    object: Object,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    sequencer: Option<String>,
}

#[derive(Deserialize)]
struct BridgeDetail {
    bucket: Named,
    object: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScanDetail {
    s3_object_details: ScannedObject,
    scan_result_details: ScanResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScannedObject {
    bucket_name: String,
    object_key: String,
    e_tag: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScanResult {
    scan_result_status: String,
}

/// Reads a message; one that says only that notifications were turned on has no events.
///
/// # Errors
/// When it is no message of a format that is known.
pub fn parse(body: &[u8]) -> Result<Vec<RawEvent>, EventError> {
    let envelope: Envelope = serde_json::from_slice(body)?;
    match envelope {
        // An envelope holds a message and no further envelope.
        Envelope { kind: Some(kind), message: Some(message), .. } if kind == "Notification" => {
            let inner: Envelope = serde_json::from_str(&message)?;
            told(inner)
        }
        envelope => told(envelope),
    }
}

fn told(envelope: Envelope) -> Result<Vec<RawEvent>, EventError> {
    if let Some(records) = envelope.records {
        return records.into_iter().take(MOST_RECORDS).map(of_record).collect();
    }
    if envelope.event.as_deref() == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    let (Some(source), Some(kind), Some(time), Some(detail)) = (envelope.source, envelope.detail_type, envelope.time, envelope.detail)
    else {
        return Err(EventError::Unknown);
    };
    let at: Timestamp = time.parse()?;
    match source.as_str() {
        "aws.s3" => {
            let BridgeDetail { bucket, object } = serde_json::from_str(detail.get())?;
            let happened = match kind.as_str() {
                "Object Created" => Some(Happened::Created),
                "Object Deleted" => Some(Happened::Removed),
                "Object Restore Completed" => Some(Happened::Restored),
                _ => None,
            };
            // EventBridge gives keys as they are.
            let order = EventOrder::new(object.sequencer.as_deref(), at);
            Ok(vec![RawEvent { bucket: bucket.name, key: object.key, happened, order, etag: None }])
        }
        "aws.guardduty" => {
            let ScanDetail { s3_object_details: object, scan_result_details: result } = serde_json::from_str(detail.get())?;
            let status = match result.scan_result_status.as_str() {
                "NO_THREATS_FOUND" => ScanStatus::Clean,
                "THREATS_FOUND" => ScanStatus::Infected,
                // Unsupported, access denied, failed, and whatever else is no judgement.
                _ => ScanStatus::Failed,
            };
            let (bucket, key, happened) = (object.bucket_name, object.object_key, Some(Happened::Judged(status)));
            let etag = object.e_tag.filter(|etag| !etag.is_empty());
            Ok(vec![RawEvent { bucket, key, happened, order: EventOrder::new(None, at), etag }])
        }
        _ => Err(EventError::Unknown),
    }
}

fn of_record(record: Record) -> Result<RawEvent, EventError> {
    let Record { event_source, event_time, event_name, s3 } = record;
    let name = event_name.strip_prefix("s3:").unwrap_or(&event_name);
    let happened = match name.split_once(':').map_or((name, ""), |pair| pair) {
        ("ObjectCreated", _) => Some(Happened::Created),
        ("ObjectRemoved" | "LifecycleExpiration", _) => Some(Happened::Removed),
        ("ObjectRestore", "Completed") => Some(Happened::Restored),
        _ => None,
    };
    let is_ceph = event_source == CEPH;
    // Ceph writes keys as they are, and its sequencers with the lowest byte first: they tell events
    // apart, and not which was later.
    let key = if is_ceph { s3.object.key } else { percent_decode_str(&s3.object.key.replace('+', " ")).decode_utf8()?.into_owned() };
    let sequencer = s3.object.sequencer.filter(|text| !is_ceph && !text.is_empty());
    let order = EventOrder::new(sequencer.as_deref(), event_time.parse()?);
    Ok(RawEvent { bucket: s3.bucket.name, key, happened, order, etag: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINISTACK: &str = r#"{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-26T01:03:47.528Z","eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","configurationId":"satchel-events","bucket":{"name":"b","arn":"arn:aws:s3:::b"},"object":{"key":"cust+a/%C3%BC%2Bx.txt","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","sequencer":"0000066122E6662A23"}}}]}"#;
    const CEPH_16: &str = r#"{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"","eventTime":"2026-11-26T01:03:45.433487Z","eventName":"ObjectRemoved:Delete","s3":{"s3SchemaVersion":"1.0","configurationId":"satchel-events","bucket":{"name":"b","id":"229d6d6b.4128.3"},"object":{"key":"cust a/ü+x.txt","size":5,"versionId":"","sequencer":"7185076B7595D619","metadata":[],"tags":[]}},"eventId":"1795655025.433493","opaqueData":""}]}"#;

    fn one(text: &str) -> RawEvent {
        let mut events = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    #[test]
    fn each_store_is_read_in_its_own_words() {
        let bridge = r#"{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","time":"2026-11-26T01:03:47Z","detail":{"version":"0","bucket":{"name":"b"},"object":{"key":"cust a/ü+x.txt","size":5,"etag":"e","sequencer":"0062E99A88DC407460"},"reason":"PutObject"}}"#;
        let sns = serde_json::json!({"Type": "Notification", "MessageId": "1", "Message": MINISTACK}).to_string();
        for (text, happened, sequencer) in [
            (MINISTACK, Happened::Created, Some("0000066122E6662A23")),
            (&sns, Happened::Created, Some("0000066122E6662A23")),
            (bridge, Happened::Created, Some("0062E99A88DC40746")),
            (CEPH_16, Happened::Removed, None),
        ] {
            let event = one(text);
            assert_eq!((event.bucket.as_str(), event.key.as_str()), ("b", "cust a/ü+x.txt"), "{text}");
            assert_eq!((event.happened, event.order.sequencer()), (Some(happened), sequencer), "{text}");
        }
    }

    #[test]
    fn the_later_of_two_ceph_events_is_told_by_its_time() {
        // As a server sent them: the first has the higher sequencer.
        let created = CEPH_16.replace("ObjectRemoved:Delete", "ObjectCreated:Put");
        let created = created.replace("45.433487", "45.422908").replace("7185076B7595D619", "7185076BA24F5719");
        assert!(one(&created).order < one(CEPH_16).order);
    }

    #[test]
    fn a_scanners_word_is_a_verdict_and_no_word_is_not_a_clean_one() {
        let scan = |status: &str| {
            format!(
                r#"{{"source":"aws.guardduty","detail-type":"GuardDuty Malware Protection Object Scan Result","time":"2026-11-26T01:03:47Z","detail":{{"schemaVersion":"1.0","scanStatus":"COMPLETED","s3ObjectDetails":{{"bucketName":"b","objectKey":"k","eTag":"e","versionId":"v","s3Throttled":false}},"scanResultDetails":{{"scanResultStatus":"{status}","threats":[{{"name":"EICAR"}}]}}}}}}"#
            )
        };
        for (status, verdict) in [
            ("NO_THREATS_FOUND", ScanStatus::Clean),
            ("THREATS_FOUND", ScanStatus::Infected),
            ("UNSUPPORTED", ScanStatus::Failed),
            ("ACCESS_DENIED", ScanStatus::Failed),
            ("SOMETHING_NEW", ScanStatus::Failed),
        ] {
            let told = one(&scan(status));
            assert_eq!((told.happened, told.etag.as_deref()), (Some(Happened::Judged(verdict)), Some("e")), "{status}");
        }
    }

    #[test]
    fn kinds_are_told_apart_and_those_that_say_nothing_are_nothing() {
        for (name, happened) in [
            ("ObjectCreated:CompleteMultipartUpload", Some(Happened::Created)),
            ("s3:ObjectCreated:Copy", Some(Happened::Created)),
            ("ObjectRemoved:DeleteMarkerCreated", Some(Happened::Removed)),
            ("LifecycleExpiration:Delete", Some(Happened::Removed)),
            ("ObjectRestore:Completed", Some(Happened::Restored)),
            ("ObjectRestore:Post", None),
            ("ObjectTagging:Put", None),
        ] {
            assert_eq!(one(&MINISTACK.replace("ObjectCreated:Put", name)).happened, happened, "{name}");
        }
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-26T01:03:47.000Z","Bucket":"b"}"#;
        assert_eq!(parse(test.as_bytes()).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_a_guess() {
        let deep = serde_json::json!({"Type": "Notification", "Message": r#"{"Type":"Notification","Message":"{}"}"#}).to_string();
        for text in [
            "",
            "[]",
            "{}",
            "not json",
            r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#,
            r#"{"source":"aws.ec2","detail-type":"x","time":"2026-11-26T01:03:47Z","detail":{}}"#,
            &MINISTACK.replace("2026-11-26T01:03:47.528Z", "yesterday"),
            &MINISTACK.replace("%C3%BC", "%FF"),
            &deep,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn foreign_bytes_never_bring_the_reader_down() {
        bolero::check!().for_each(|bytes: &[u8]| drop(parse(bytes)));
    }
}
