//! Every behaviour with every store. A gap must really be one: its behaviour fails, and says why.

use super::behaviours;
use super::gaps::{GAPS, Gap};
use super::peer::{Fault, Kind, Peer};

macro_rules! blob_suite {
    ($($behaviour:ident),+ $(,)?) => {
        blob_suite!(@ embedded, Embedded, $($behaviour),+);
        blob_suite!(@ rgw, Rgw, $($behaviour),+);
        blob_suite!(@ ministack, MiniStack, $($behaviour),+);

        const BEHAVIOURS: &[&str] = &[$(stringify!($behaviour)),+];
    };
    (@ $module:ident, $kind:ident, $($behaviour:ident),+) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test]
                async fn $behaviour() {
                    let peer = Peer::reach(Kind::$kind).await;
                    let outcome = behaviours::$behaviour(&peer).await;
                    peer.close().await;
                    judge(Kind::$kind, stringify!($behaviour), outcome);
                }
            )+
        }
    };
}

fn judge(kind: Kind, behaviour: &str, outcome: Result<(), Fault>) {
    let gap = GAPS.iter().find(|gap| gap.store == kind && gap.behaviour == behaviour);
    match (gap, outcome) {
        (None, Ok(())) => {}
        (None, Err(fault)) => panic!("{fault}"),
        (Some(Gap { why, .. }), Ok(())) => panic!("this works now, take it off the table of gaps: {why}"),
        (Some(Gap { says, .. }), Err(fault)) => {
            let fault = fault.to_string();
            assert!(fault.contains(says), "it fails otherwise than the table of gaps says (`{says}`): {fault}");
        }
    }
}

blob_suite! {
    what_is_put_is_got_until_it_is_deleted,
    a_part_of_an_object_is_got_by_its_range,
    a_large_stream_is_stored_in_parts_and_read_as_one,
    a_large_object_is_read_in_parts_at_once,
    a_stream_over_its_limit_or_broken_stores_nothing,
    a_copy_lives_on_its_own,
    a_large_copy_is_made_in_parts,
    a_copy_of_what_was_looked_at_is_of_nothing_else,
    parts_that_nobody_finishes_are_swept_and_foreign_ones_stay,
    every_kind_of_key_has_its_own_place,
    any_name_of_a_key_is_a_name_of_its_own,
    a_presigned_get_downloads_under_its_name_and_nothing_else,
    a_presigned_get_ends_in_time,
    a_presigned_head_tells_the_size,
    a_presigned_put_brings_exactly_what_was_signed,
    a_presigned_put_with_other_bytes_than_signed_is_refused,
    a_presigned_put_replaces_nothing,
    of_many_who_put_at_once_one_is_first,
    presigned_parts_make_an_object,
    a_part_of_another_length_is_refused,
    a_wrong_checksum_is_refused_and_changes_nothing,
    the_checksum_of_an_object_is_told,
    another_secret_is_refused,
    a_missing_bucket_is_told_from_a_missing_object,
    what_was_asked_is_counted,
}

#[test]
fn every_gap_is_of_a_behaviour_that_is_tried() {
    for gap in GAPS {
        assert!(BEHAVIOURS.contains(&gap.behaviour), "{}", gap.behaviour);
        assert!(!gap.why.is_empty() && !gap.says.is_empty(), "{}", gap.behaviour);
        let twice = GAPS.iter().filter(|other| (other.store, other.behaviour) == (gap.store, gap.behaviour)).count();
        assert_eq!(twice, 1, "{}", gap.behaviour);
    }
    let ours: Vec<_> = GAPS.iter().filter(|gap| gap.store == Kind::Embedded).collect();
    assert!(ours.is_empty(), "the endpoint that Satchel brings has no gaps");
}
