//! Checkpoints: what is signed, and what they show that a chain by itself cannot.

use super::fixture::{Fixture, catalog_suite, entry, signing_key};
use crate::catalog::{ChainFault, ChainReport, CheckpointKey, Checkpoints, Sealing};
use crate::domain::CustomerId;

async fn grow(fx: &Fixture, customer: CustomerId, by: usize) {
    for _ in 0..by {
        fx.catalog.record(customer, &entry("find")).await.unwrap();
    }
}

async fn seal(fx: &Fixture, customer: CustomerId) -> Sealing {
    fx.catalog.seal_chain(&customer.to_string(), &signing_key(), fx.now()).await.unwrap()
}

async fn report(fx: &Fixture, customer: CustomerId, elsewhere: Checkpoints) -> ChainReport {
    fx.catalog.verify_sealed(&customer.to_string(), signing_key().verifier(), elsewhere).await.unwrap()
}

async fn notes(fx: &Fixture, customer: CustomerId) -> Vec<(u64, String)> {
    fx.catalog.checkpoint_notes(&customer.to_string(), 0, 100).await.unwrap()
}

/// The notes as somebody else kept them.
async fn kept(fx: &Fixture, customer: CustomerId) -> Checkpoints {
    let mut kept = Checkpoints::default();
    for (size, note) in notes(fx, customer).await {
        kept.add(signing_key().verifier(), &customer.to_string(), size, &note);
    }
    kept
}

async fn a_chain_is_sealed_when_it_grew_and_each_checkpoint_goes_on_from_the_last(fx: &Fixture) {
    let (north, south) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    let mut both = vec![north.to_string(), south.to_string()];
    both.sort();
    assert_eq!(fx.catalog.unsealed_chains("", 10).await.unwrap(), both);
    assert_eq!(fx.catalog.unsealed_chains(&both[0], 10).await.unwrap(), both[1..]);
    for size in [1, 4, 9] {
        grow(fx, north, size - usize::try_from(report(fx, north, Checkpoints::default()).await.records).unwrap()).await;
        assert_eq!(seal(fx, north).await, Sealing::Sealed(size as u64));
    }
    assert_eq!(fx.catalog.unsealed_chains("", 10).await.unwrap(), [south.to_string()]);
    let whole = report(fx, north, Checkpoints::default()).await;
    assert_eq!((whole.records, whole.checkpoints, whole.sealed, whole.fault), (9, 3, 9, None));
    grow(fx, north, 2).await;
    let grown = report(fx, north, kept(fx, north).await).await;
    assert_eq!((grown.records, grown.checkpoints, grown.sealed, grown.fault), (11, 3, 9, None));
}

async fn sealing_twice_signs_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (first, second) = (seal(fx, customer).await, seal(fx, customer).await);
    assert_eq!((first, second), (Sealing::Sealed(1), Sealing::Sealed(1)));
    assert_eq!(notes(fx, customer).await.len(), 1);
}

async fn nobody_signs_for_records_that_were_changed(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    seal(fx, customer).await;
    grow(fx, customer, 3).await;
    fx.damage(&format!("UPDATE audit SET record = replace(record, 'find', 'fine') WHERE chain = '{customer}' AND seq = 3")).await;
    assert_eq!(seal(fx, customer).await, Sealing::Broken(ChainFault::Altered { seq: 3 }));
    assert_eq!(notes(fx, customer).await.len(), 1);
}

async fn nobody_signs_for_records_that_were_taken_away(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    grow(fx, customer, 3).await;
    fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}' AND seq = 4")).await;
    assert_eq!(seal(fx, customer).await, Sealing::Broken(ChainFault::Cut { seq: 3, head: 4 }));
}

/// Goes back and writes other records, hashes and head and all, as one who has the whole catalog and
/// this program could.
async fn a_history_written_anew_is_found_by_any_checkpoint(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    grow(fx, customer, 3).await;
    fx.damage("CREATE TABLE kept AS SELECT * FROM audit").await;
    fx.damage("CREATE TABLE kept_heads AS SELECT * FROM audit_heads").await;
    grow(fx, customer, 2).await;
    seal(fx, customer).await;
    let elsewhere = kept(fx, customer).await;
    // Back to the third, then on with other records: a chain that is whole by itself.
    fx.damage("DELETE FROM audit").await;
    fx.damage("DELETE FROM audit_heads").await;
    fx.damage("INSERT INTO audit SELECT * FROM kept").await;
    fx.damage("INSERT INTO audit_heads SELECT * FROM kept_heads").await;
    fx.clock.advance_seconds(60);
    grow(fx, customer, 4).await;
    let plain = fx.catalog.verify_chain(&customer.to_string()).await.unwrap();
    assert_eq!((plain.records, plain.fault), (8, None), "the chain alone does not show it");
    assert_eq!(report(fx, customer, Checkpoints::default()).await.fault, Some(ChainFault::Forked { size: 6 }));
    // Nor does it help to take the checkpoint out of the catalog, while one lies elsewhere.
    fx.damage("DELETE FROM audit_checkpoints").await;
    assert_eq!(report(fx, customer, Checkpoints::default()).await.fault, None);
    assert_eq!(report(fx, customer, elsewhere).await.fault, Some(ChainFault::Forked { size: 6 }));
}

async fn a_catalog_put_back_to_an_older_state_is_found_by_a_checkpoint_kept_elsewhere(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for table in ["audit", "audit_heads", "audit_checkpoints"] {
        fx.damage(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    grow(fx, customer, 3).await;
    seal(fx, customer).await;
    let elsewhere = kept(fx, customer).await;
    for table in ["audit", "audit_heads", "audit_checkpoints"] {
        fx.damage(&format!("DELETE FROM {table}")).await;
        fx.damage(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
    }
    assert_eq!(report(fx, customer, Checkpoints::default()).await.fault, None, "the catalog alone does not show it");
    assert_eq!(report(fx, customer, elsewhere).await.fault, Some(ChainFault::RolledBack { seq: 1, size: 4 }));
}

async fn a_checkpoint_that_was_not_signed_here_is_no_checkpoint(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    grow(fx, customer, 1).await;
    seal(fx, customer).await;
    for change in ["note = replace(note, 'head', 'tail')", "note = ''", "note = substr(note, 1, length(note) - 3)", "size = 1"] {
        fx.damage("CREATE TABLE kept AS SELECT * FROM audit_checkpoints").await;
        assert_eq!(fx.damage(&format!("UPDATE audit_checkpoints SET {change}")).await, 1);
        let fault = report(fx, customer, Checkpoints::default()).await.fault;
        assert!(matches!(fault, Some(ChainFault::Forged { .. })), "{change}: {fault:?}");
        fx.damage("DELETE FROM audit_checkpoints").await;
        fx.damage("INSERT INTO audit_checkpoints SELECT * FROM kept").await;
        fx.damage("DROP TABLE kept").await;
    }
    let stranger = CheckpointKey::from_seed("satchel-test", &[8; 32]).unwrap();
    let report = fx.catalog.verify_sealed(&customer.to_string(), stranger.verifier(), Checkpoints::default()).await.unwrap();
    assert_eq!(report.fault, Some(ChainFault::Forged { size: 2 }));
}

async fn only_the_newest_checkpoint_waits_to_be_noted_elsewhere(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let chain = customer.to_string();
    assert_eq!(fx.catalog.unanchored_note(&chain).await.unwrap(), None);
    seal(fx, customer).await;
    grow(fx, customer, 2).await;
    seal(fx, customer).await;
    let newest = notes(fx, customer).await.pop().unwrap();
    assert_eq!(fx.catalog.unanchored_chains("", 10).await.unwrap(), std::slice::from_ref(&chain));
    assert_eq!(fx.catalog.unanchored_note(&chain).await.unwrap(), Some(newest));
    fx.catalog.anchored(&chain, 3).await.unwrap();
    fx.catalog.anchored(&chain, 1).await.unwrap();
    assert!(fx.catalog.unanchored_chains("", 10).await.unwrap().is_empty(), "what came late does not undo it");
}

catalog_suite!(
    a_chain_is_sealed_when_it_grew_and_each_checkpoint_goes_on_from_the_last,
    sealing_twice_signs_once,
    nobody_signs_for_records_that_were_changed,
    nobody_signs_for_records_that_were_taken_away,
    a_history_written_anew_is_found_by_any_checkpoint,
    a_catalog_put_back_to_an_older_state_is_found_by_a_checkpoint_kept_elsewhere,
    a_checkpoint_that_was_not_signed_here_is_no_checkpoint,
    only_the_newest_checkpoint_waits_to_be_noted_elsewhere,
);
