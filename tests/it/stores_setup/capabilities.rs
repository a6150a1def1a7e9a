//! What a probe says of each store. The stores' own answers are known; a probe that believed what is
//! merely accepted would say otherwise.

use satchel::blob::{Depth, Feature, Support};

use super::peer::{ALL, Kind, Peer};

/// What each store does by itself, on buckets that nobody has set up.
const fn natively(kind: Kind) -> &'static [Feature] {
    match kind {
        Kind::Embedded => &[Feature::ConditionalWrites, Feature::Checksums],
        // It takes a wrong SHA-256, and has no archive class.
        Kind::Rgw => &[Feature::ConditionalWrites, Feature::Tagging],
        Kind::MiniStack => &[Feature::ConditionalWrites, Feature::Checksums, Feature::Tagging, Feature::Annotations, Feature::Archive],
    }
}

#[tokio::test]
async fn each_store_is_told_by_what_it_does_and_nothing_is_left_behind() {
    for kind in ALL {
        let peer = Peer::reach(kind).await;
        let store = peer.store().await;
        for depth in [Depth::InPlace, Depth::ScratchBucket] {
            let found = store.capabilities(depth).await.unwrap();
            assert_eq!(found.iter().count(), Feature::ALL.len(), "{kind:?}");
            let native: Vec<Feature> = found.iter().filter(|one| one.support == Support::Native).map(|one| one.name).collect();
            assert_eq!(native, natively(kind), "{kind:?} {depth:?}: {found:#?}");
            for one in found.iter().filter(|one| one.support != Support::Native) {
                assert!(one.said.contains(": "), "it says why and what instead: {one:?}");
            }
        }
        assert_eq!(peer.contents().await, Vec::<String>::new(), "{kind:?}");
        peer.close().await;
    }
}

#[tokio::test]
async fn a_store_that_could_is_told_from_one_that_cannot() {
    let peer = Peer::reach(Kind::Rgw).await;
    let found = peer.store().await.capabilities(Depth::ScratchBucket).await.unwrap();
    let said = |feature| found.iter().find(|one| one.name == feature).unwrap().said.clone();
    assert!(said(Feature::Versioning).contains("`satchel store setup` does"), "{found:#?}");
    assert!(said(Feature::LegalHold).contains("was not made with it"), "{found:#?}");
    assert!(said(Feature::Archive).contains("InvalidArgument"), "{found:#?}");
    assert!(said(Feature::Checksums).contains("takes a wrong SHA-256"), "{found:#?}");
    peer.close().await;
}

#[tokio::test]
async fn what_was_turned_on_for_the_bucket_is_native() {
    let peer = Peer::reach(Kind::Rgw).await;
    let store = peer.store().await;
    store.setup(&satchel::blob::SetupSettings::default(), satchel::blob::Mode::Apply).await.unwrap();
    let found = store.capabilities(Depth::InPlace).await.unwrap();
    for feature in [Feature::Versioning, Feature::Lifecycle] {
        assert_eq!(found.support(feature), Support::Native, "{found:#?}");
    }
    // This store makes the second write all the same where it keeps versions.
    assert_eq!(found.support(Feature::ConditionalWrites), Support::Fallback, "{found:#?}");
    // The bucket keeps versions now: scratch objects go with all of theirs.
    assert_eq!(peer.contents().await, Vec::<String>::new());
    peer.close().await;
}
