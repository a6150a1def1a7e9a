//! Setting buckets up: a plan that changes nothing, an apply that changes what differs, and nothing
//! the second time.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, PublicAccessBlockConfiguration,
};
use satchel::blob::{Aspect, Mode, Report, SetupSettings, State};
use satchel::domain::{CustomerId, SystemClock, SystemEntropy};

use super::peer::{ALL, Kind, Peer};
use crate::cli::program::{run, satchel};

fn wanted() -> SetupSettings {
    SetupSettings {
        page_origin: Some("https://files.example.com".to_owned()),
        customers: vec![CustomerId::new(&SystemClock, &SystemEntropy)],
        ..SetupSettings::default()
    }
}

fn state(report: &Report, bucket: &str, aspect: Aspect) -> State {
    report
        .lines
        .iter()
        .find(|line| line.bucket == bucket && line.aspect == aspect)
        .unwrap_or_else(|| panic!("{aspect:?}: {report:#?}"))
        .state
}

/// What a store refuses of what is wanted of the files bucket.
const fn refuses(kind: Kind) -> &'static [Aspect] {
    match kind {
        Kind::Embedded => &[Aspect::PublicAccess, Aspect::Versioning, Aspect::Encryption, Aspect::Lifecycle, Aspect::Archive, Aspect::Cors],
        // It takes a block of public access, and tells it back in words that the client cannot read.
        Kind::Rgw => &[Aspect::PublicAccess, Aspect::Encryption, Aspect::Archive],
        Kind::MiniStack => &[],
    }
}

#[tokio::test]
async fn a_second_apply_changes_nothing_and_what_a_store_refuses_is_a_line_with_its_fallback() {
    for kind in ALL {
        let peer = Peer::reach(kind).await;
        let (store, wanted) = (peer.connect(|_| ()).await, wanted());
        let plan = store.setup(&wanted, Mode::Look).await.unwrap();
        assert_eq!(plan.count(State::Changed), 0, "{plan:#?}");
        assert!(plan.has_drift(), "{kind:?}: buckets that are not there differ");
        assert!(store.probe().await != store_ready(), "{kind:?}: a plan makes no bucket");
        let applied = store.setup(&wanted, Mode::Apply).await.unwrap();
        let refused: Vec<Aspect> = applied
            .lines
            .iter()
            .filter(|line| line.state == State::NotOffered && line.bucket == peer.settings.files_bucket)
            .map(|line| line.aspect)
            .collect();
        assert_eq!(refused, refuses(kind), "{kind:?}: {applied:#?}");
        for line in applied.lines.iter().filter(|line| line.state == State::NotOffered) {
            assert!(line.said.contains(": "), "{line:?}");
        }
        assert!(!applied.has_drift(), "{kind:?}: {applied:#?}");
        assert!(store.probe().await.is_ready());
        let again = store.setup(&wanted, Mode::Apply).await.unwrap();
        assert_eq!(again.count(State::Changed), 0, "{kind:?}: {again:#?}");
        let looked = store.setup(&wanted, Mode::Look).await.unwrap();
        assert!(!looked.has_drift(), "{kind:?}: {looked:#?}");
        assert_eq!(peer.contents().await, Vec::<String>::new(), "{kind:?}");
        peer.close().await;
    }
}

const fn store_ready() -> satchel::blob::Probe {
    satchel::blob::Probe { files: satchel::blob::BucketState::Ready, metadata: satchel::blob::BucketState::Ready }
}

#[tokio::test]
async fn only_what_differs_is_changed_and_what_others_set_stays() {
    let peer = Peer::reach(Kind::MiniStack).await;
    let (store, wanted, bucket) = (peer.store().await, wanted(), peer.settings.files_bucket.clone());
    let theirs = LifecycleRule::builder()
        .id("logs")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("logs/").build())
        .expiration(LifecycleExpiration::builder().days(90).build());
    let theirs = BucketLifecycleConfiguration::builder().rules(theirs.build().unwrap()).build().unwrap();
    peer.bare.put_bucket_lifecycle_configuration().bucket(&bucket).lifecycle_configuration(theirs).send().await.unwrap();
    store.setup(&wanted, Mode::Apply).await.unwrap();
    let opened = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
    peer.bare.put_public_access_block().bucket(&bucket).public_access_block_configuration(opened).send().await.unwrap();
    let looked = store.setup(&wanted, Mode::Look).await.unwrap();
    assert_eq!((state(&looked, &bucket, Aspect::PublicAccess), looked.count(State::Differs)), (State::Differs, 1), "{looked:#?}");
    let mended = store.setup(&wanted, Mode::Apply).await.unwrap();
    assert_eq!((state(&mended, &bucket, Aspect::PublicAccess), mended.count(State::Changed)), (State::Changed, 1), "{mended:#?}");
    // Another customer's rules do not take the place of the first one's, nor of the operator's.
    let further = SetupSettings { customers: vec![CustomerId::new(&SystemClock, &SystemEntropy)], ..wanted.clone() };
    store.setup(&further, Mode::Apply).await.unwrap();
    assert!(!store.setup(&wanted, Mode::Look).await.unwrap().has_drift());
    let rules = peer.bare.get_bucket_lifecycle_configuration().bucket(&bucket).send().await.unwrap();
    let ids: Vec<&str> = rules.rules().iter().filter_map(|rule| rule.id()).collect();
    assert!(ids.contains(&"logs") && ids.len() == 7, "{ids:?}");
    // A file that waits for its scan lies there: no rule may take it.
    assert!(rules.rules().iter().all(|rule| {
        let prefix = rule.filter().and_then(|filter| filter.prefix()).unwrap_or_default();
        !prefix.contains("uploads")
            && (prefix.contains("/temp/") || rule.expiration().is_none_or(|one| one.days().is_none()) || prefix == "logs/")
    }));
    peer.close().await;
}

#[tokio::test]
async fn over_plain_http_no_bucket_refuses_plain_http() {
    let peer = Peer::reach(Kind::Rgw).await;
    let report = peer.store().await.setup(&wanted(), Mode::Apply).await.unwrap();
    assert!(report.lines.iter().all(|line| line.aspect != Aspect::TlsOnly), "{report:#?}");
    peer.close().await;
}

/// The command line over a store, with the code it ends with.
fn store_setup(peer: &Peer, mode: &str, flags: &[&str]) -> (Option<i32>, String) {
    let settings = &peer.settings;
    let mut command = satchel();
    for (name, value) in [
        ("ENDPOINT", settings.endpoint.as_deref().unwrap()),
        ("ACCESS_KEY", &settings.access_key),
        ("SECRET_KEY", &settings.secret_key),
        ("FILES_BUCKET", &settings.files_bucket),
        ("METADATA_BUCKET", &settings.metadata_bucket),
        ("PATH_STYLE", "true"),
        ("CHECKSUMS_WHEN_REQUIRED", "true"),
    ] {
        command.env(format!("SATCHEL__STORE__{name}"), value);
    }
    let output = command.args(["store", "setup", mode]).args(flags).output().unwrap();
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn an_operator_plans_applies_and_checks_at_the_terminal() {
    let peer = Peer::reach(Kind::Rgw).await;
    let (code, said) = store_setup(&peer, "--plan", &[]);
    assert!(code == Some(0) && said.contains("to change") && said.contains("not offered"), "{code:?} {said}");
    let (code, said) = store_setup(&peer, "--check", &[]);
    assert!(code == Some(1) && said.contains("to change"), "{code:?} {said}");
    let (code, said) = store_setup(&peer, "--apply", &[]);
    assert!(code == Some(0) && said.contains("changed"), "{code:?} {said}");
    let (code, said) = store_setup(&peer, "--check", &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(report["lines"].as_array().unwrap().iter().any(|line| line["aspect"] == "versioning" && line["state"] == "in_step"), "{said}");
    let unsaid = run(&["store", "setup"]);
    assert!(unsaid.code == Some(2) && unsaid.remarks.contains("--plan"), "{unsaid:?}");
    let (code, said) = store_setup(&peer, "--plan", &["--customer", "Acme"]);
    assert!(code == Some(2) && said.contains("`Acme` is not the id of a customer"), "{code:?} {said}");
    peer.close().await;
}

#[tokio::test]
async fn the_bucket_of_the_checkpoints_is_made_with_locks_where_the_store_can_and_it_is_said_where_not() {
    for kind in ALL {
        let peer = Peer::reach(kind).await;
        let store = peer.connect(|_| ()).await;
        let wanted = SetupSettings { lock: true, ..SetupSettings::default() };
        let applied = store.setup(&wanted, Mode::Apply).await.unwrap();
        let made = |bucket: &str| applied.lines.iter().find(|line| line.bucket == bucket && line.aspect == Aspect::Bucket).unwrap().clone();
        let (files, metadata) = (made(&peer.settings.files_bucket), made(&peer.settings.metadata_bucket));
        assert_eq!((files.state, files.said.as_str(), metadata.state), (State::Changed, "", State::Changed), "{kind:?}");
        let can = kind != Kind::Embedded;
        assert_eq!(store.locks_anchors().await.unwrap(), can, "{kind:?}: {metadata:?}");
        assert_eq!(metadata.said == "with object lock", can, "{kind:?}: {metadata:?}");
        // What is there without locks is told of, and nothing is undone.
        let again = store.setup(&wanted, Mode::Look).await.unwrap();
        let there = again.lines.iter().find(|line| line.bucket == peer.settings.metadata_bucket && line.aspect == Aspect::Bucket).unwrap();
        assert_eq!((there.state, there.said.is_empty()), (State::InStep, can), "{kind:?}: {there:?}");
        peer.close().await;
    }
}
