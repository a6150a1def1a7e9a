//! Checkpoints in the store: written once, read in order, and under lock where the bucket has one.

use aws_sdk_s3::types::ObjectLockRetentionMode;
use satchel::blob::{Anchored, BlobError, Store, StoreSettings};
use satchel::domain::{Clock, CustomerId, SystemClock, SystemEntropy, Timestamp};

use crate::support::{Ground, Kind, Reached, World};

fn customer() -> CustomerId {
    CustomerId::new(&SystemClock, &SystemEntropy)
}

async fn store_of(reached: &Reached) -> Store {
    Store::connect(StoreSettings { create_buckets: true, ..reached.settings.clone() }).await.unwrap()
}

async fn notes_are_written_once_and_read_in_their_order(kind: Kind) {
    let reached = Reached::of(kind).await;
    let store = store_of(&reached).await;
    let chain = Anchored::Customer(customer());
    for size in [9, 1000, 10] {
        store.anchor(chain, size, &format!("note of {size}"), None).await.unwrap();
    }
    store.anchor(chain, 10, "note of 10", None).await.expect("the same note is there already");
    let other = store.anchor(chain, 10, "another note", None).await;
    assert!(matches!(other, Err(BlobError::Changed)), "{other:?}");
    let told = |size: u64| (size, format!("note of {size}"));
    assert_eq!(store.anchors(chain, 10).await.unwrap(), [told(9), told(10), told(1000)]);
    assert_eq!(store.anchors(chain, 2).await.unwrap(), [told(10), told(1000)]);
    for stranger in [Anchored::Customer(customer()), Anchored::House] {
        assert_eq!(store.anchors(stranger, 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn the_embedded_store_keeps_notes_once_and_in_order() {
    notes_are_written_once_and_read_in_their_order(Kind::Embedded).await;
}

#[tokio::test]
async fn ceph_keeps_notes_once_and_in_order() {
    notes_are_written_once_and_read_in_their_order(Kind::Rgw).await;
}

#[tokio::test]
async fn ministack_keeps_notes_once_and_in_order() {
    notes_are_written_once_and_read_in_their_order(Kind::MiniStack).await;
}

#[tokio::test]
async fn a_note_under_lock_stays_what_it_was_whatever_is_put_over_it() {
    let reached = Reached::of(Kind::Rgw).await;
    let bucket = &reached.settings.metadata_bucket;
    reached.bare.create_bucket().bucket(bucket).object_lock_enabled_for_bucket(true).send().await.unwrap();
    let store = store_of(&reached).await;
    let chain = Anchored::Customer(customer());
    let until = Timestamp::from_second(SystemClock.now().as_second() + 60).unwrap();
    store.anchor(chain, 7, "the note", Some(until)).await.unwrap();
    let listed = reached.bare.list_object_versions().bucket(bucket).send().await.unwrap();
    let (key, version) = (listed.versions()[0].key().unwrap(), listed.versions()[0].version_id().unwrap());
    let kept = reached.bare.get_object_retention().bucket(bucket).key(key).version_id(version).send().await.unwrap();
    assert_eq!(kept.retention().unwrap().mode(), Some(&ObjectLockRetentionMode::Compliance));
    assert_eq!(kept.retention().unwrap().retain_until_date().unwrap().secs(), until.as_second());
    reached.bare.delete_object().bucket(bucket).key(key).version_id(version).send().await.expect_err("it is under lock");
    // Over it, and then away with it: the store takes both, and neither touches the first version.
    reached.bare.put_object().bucket(bucket).key(key).body(b"forged".to_vec().into()).send().await.unwrap();
    assert_eq!(store.anchors(chain, 10).await.unwrap(), [(7, "the note".to_owned())]);
    reached.bare.delete_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(store.anchors(chain, 10).await.unwrap(), [(7, "the note".to_owned())]);
}

#[tokio::test]
async fn a_server_locks_its_checkpoints_where_the_bucket_was_made_with_locks_and_nowhere_else() {
    for with_lock in [true, false] {
        let reached = Reached::of(Kind::Rgw).await;
        let bucket = &reached.settings.metadata_bucket;
        reached.bare.create_bucket().bucket(bucket).object_lock_enabled_for_bucket(with_lock).send().await.unwrap();
        let store = store_of(&reached).await;
        let ground = Ground::new(u64::from(std::process::id())).await;
        let world = World::with(Ground { store, ..ground }, |settings| settings.anchor_days = 3650).await;
        world.tenant("Acme").await;
        assert!(world.files.seal_chains().await.unwrap().anchored > 0);
        let listed = reached.bare.list_objects_v2().bucket(bucket).prefix("audit/").send().await.unwrap();
        for object in listed.contents() {
            let kept = reached.bare.get_object_retention().bucket(bucket).key(object.key().unwrap()).send().await;
            assert_eq!(kept.is_ok(), with_lock, "{kept:?}");
        }
    }
}
