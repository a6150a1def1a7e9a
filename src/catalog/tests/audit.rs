//! The audit chain: what it keeps, and that no damage to it goes unseen.

use ring::digest::{SHA256, digest};

use super::fixture::{Engine, Fixture, at_once, catalog_suite, entry};
use crate::catalog::{AuditRecord, ChainFault, ChainReport, SYSTEM_CHAIN};
use crate::domain::{Actor, AuditEntry, CallId, CustomerId, Decision, Door, LinkId, Origin, Purpose, Verified, VerifiedMethod};

const RECORDS: u64 = 6;

/// A customer whose chain has six records.
async fn chained(fx: &Fixture, name: &str) -> CustomerId {
    let customer = fx.customer(name).await;
    for action in ["find", "describe", "share", "issue_code", "download"] {
        fx.clock.advance_seconds(1);
        fx.catalog.record(customer, &entry(action)).await.unwrap();
    }
    customer
}

async fn report(fx: &Fixture, customer: CustomerId) -> ChainReport {
    fx.catalog.verify_chain(&customer.to_string()).await.unwrap()
}

async fn a_record_keeps_who_did_what_and_how_it_ended(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (call, link) = (CallId::new(&*fx.clock, &*fx.entropy), LinkId::new(&*fx.clock, &*fx.entropy));
    let told = AuditEntry {
        actor: Actor::Link(link),
        on_behalf_of: Some("contact_1".to_owned()),
        assurance: Some(Verified { method: VerifiedMethod::Pin, level: 2 }),
        call: Some(call),
        origin: Origin {
            door: Door::Page,
            address: Some("2001:db8::7".to_owned()),
            request: Some("req_1".to_owned()),
            purpose: Some(Purpose::parse("TREAT").unwrap()),
        },
        action: "open_link",
        object: Some("file_1".to_owned()),
        version: Some(3),
        content_hash: Some("ab".repeat(32)),
        bytes: Some(1 << 40),
        decision: Decision::Deny,
        policy: Some("guest".to_owned()),
        outcome: "refused",
        reason: Some("a \"quoted\"\nreason \u{202e}é".to_owned()),
    };
    fx.catalog.record(customer, &told).await.unwrap();
    let record = fx.catalog.audit_page(customer, 1, 10).await.unwrap().remove(0);
    assert_eq!((record.chain.as_str(), record.seq, record.at), (customer.to_string().as_str(), 2, fx.now()));
    assert_eq!((record.actor_kind.as_str(), record.actor), ("link", link.to_string()));
    assert_eq!((record.call, record.door.as_str(), record.source), (Some(call.to_string()), "page", told.origin.address.clone()));
    assert_eq!((record.on_behalf_of, record.assurance.as_deref()), (told.on_behalf_of.clone(), Some("pin/2")));
    assert_eq!((record.request_id.as_deref(), record.purpose.as_deref(), record.bytes), (Some("req_1"), Some("TREAT"), Some(1 << 40)));
    assert_eq!((record.action.as_str(), record.object, record.version), ("open_link", told.object.clone(), Some(3)));
    assert_eq!((record.content_hash, record.decision.as_str()), (told.content_hash.clone(), "deny"));
    assert_eq!((record.policy, record.outcome.as_str(), record.reason), (told.policy.clone(), "refused", told.reason.clone()));
}

#[test]
fn a_record_of_before_has_the_text_that_was_hashed_when_it_is_written_again() {
    let text = r#"{"id":"audit_1","chain":"system","seq":1,"at":"2026-03-01T09:00:00Z","actor_kind":"system","actor":"system","on_behalf_of":null,"call":null,"door":"http","source":null,"action":"authenticate","object":null,"version":null,"content_hash":null,"decision":"deny","policy":null,"outcome":"refused","reason":"2 requests","previous":"00"}"#;
    let record: AuditRecord = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&record).unwrap(), text);
}

async fn records_come_in_order_page_by_page(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    let mut after = 0;
    let mut actions = Vec::new();
    loop {
        let page = fx.catalog.audit_page(customer, after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        actions.extend(page.into_iter().map(|record| record.action));
    }
    assert_eq!(actions, ["create_customer", "find", "describe", "share", "issue_code", "download"]);
}

async fn a_whole_chain_is_found_whole_and_anybody_can_check_it(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    let whole = report(fx, customer).await;
    assert_eq!((whole.records, whole.fault), (RECORDS, None));
    // The rule of the room's docs, without the room's code.
    let mut head = "0".repeat(64);
    for record in fx.catalog.audit_page(customer, 0, 100).await.unwrap() {
        assert_eq!(record.previous, head);
        let text = serde_json::to_string(&record).unwrap();
        head = hex::encode(digest(&SHA256, format!("{head}\n{text}").as_bytes()));
    }
    assert_eq!(whole.head, head);
}

async fn a_chain_that_never_was_is_empty_and_whole(fx: &Fixture) {
    let report = fx.catalog.verify_chain(SYSTEM_CHAIN).await.unwrap();
    assert_eq!((report.records, report.fault), (0, None));
}

async fn a_flipped_byte_is_found_in_any_record(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    for seq in 1..=RECORDS {
        // A letter for another, a blank where none was, a digit of the hash, and what is no text at all, where
        // the engine lets that be.
        let no_text = match fx.engine() {
            Engine::Sqlite => "record = CAST(X'FF' || record AS TEXT)",
            Engine::Postgres | Engine::Pooled => "record = chr(1) || record",
        };
        for change in [
            "record = replace(record, 'http', 'hTtp')",
            "record = replace(record, ':', ': ')",
            "record = substr(record, 1, length(record) - 1) || ' }'",
            "hash = CASE WHEN substr(hash, 1, 1) = '0' THEN '1' ELSE '0' END || substr(hash, 2)",
            no_text,
        ] {
            fx.damage("CREATE TABLE kept AS SELECT * FROM audit").await;
            assert_eq!(fx.damage(&format!("UPDATE audit SET {change} WHERE chain = '{customer}' AND seq = {seq}")).await, 1);
            assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Altered { seq }), "{change} at {seq}");
            fx.damage("DELETE FROM audit").await;
            fx.damage("INSERT INTO audit SELECT * FROM kept").await;
            fx.damage("DROP TABLE kept").await;
            assert_eq!(report(fx, customer).await.fault, None);
        }
    }
}

async fn a_record_rewritten_with_its_hash_breaks_the_next(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    let record = &fx.catalog.audit_page(customer, 0, 100).await.unwrap()[2];
    let forged = serde_json::to_string(&crate::catalog::AuditRecord { actor: "nobody".to_owned(), ..record.clone() }).unwrap();
    let hash = hex::encode(digest(&SHA256, format!("{}\n{forged}", record.previous).as_bytes()));
    fx.damage(&format!("UPDATE audit SET record = '{forged}', hash = '{hash}' WHERE chain = '{customer}' AND seq = 3")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Altered { seq: 4 }));
    // The last record has no next; the head speaks for it.
    fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}' AND seq > 3")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Cut { seq: 3, head: RECORDS }));
    fx.damage(&format!("UPDATE audit_heads SET seq = 3 WHERE chain = '{customer}'")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Cut { seq: 3, head: 3 }));
}

async fn a_record_taken_out_is_missed_wherever_it_was(fx: &Fixture) {
    for seq in 1..=RECORDS {
        let customer = chained(fx, &format!("customer {seq}")).await;
        assert_eq!(fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}' AND seq = {seq}")).await, 1);
        let expected = if seq == RECORDS { ChainFault::Cut { seq: seq - 1, head: seq } } else { ChainFault::Gap { seq } };
        assert_eq!(report(fx, customer).await.fault, Some(expected));
    }
}

async fn a_gap_closed_by_renumbering_is_found(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}' AND seq = 3")).await;
    for seq in 4..=RECORDS {
        fx.damage(&format!("UPDATE audit SET seq = {seq} - 1 WHERE chain = '{customer}' AND seq = {seq}")).await;
    }
    fx.damage(&format!("UPDATE audit_heads SET seq = seq - 1 WHERE chain = '{customer}'")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Altered { seq: 3 }));
}

async fn two_records_that_changed_places_are_found(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    for (from, to) in [(2, 99), (4, 2), (99, 4)] {
        fx.damage(&format!("UPDATE audit SET seq = {to} WHERE chain = '{customer}' AND seq = {from}")).await;
    }
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Altered { seq: 2 }));
}

async fn a_tail_cut_off_is_found_even_when_everything_is(fx: &Fixture) {
    let customer = chained(fx, "Northwind").await;
    fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}' AND seq > 4")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Cut { seq: 4, head: RECORDS }));
    fx.damage(&format!("DELETE FROM audit WHERE chain = '{customer}'")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Cut { seq: 0, head: RECORDS }));
    // A customer without any record cannot be: its making is one.
    fx.damage(&format!("DELETE FROM audit_heads WHERE chain = '{customer}'")).await;
    assert_eq!(report(fx, customer).await.fault, Some(ChainFault::Cut { seq: 0, head: 1 }));
    assert!(fx.catalog.audit_chains().await.unwrap().contains(&customer.to_string()));
}

async fn a_chain_put_in_anothers_place_is_found(fx: &Fixture) {
    let (north, south) = (chained(fx, "Northwind").await, fx.customer("Southwind").await);
    for table in ["audit", "audit_heads"] {
        fx.damage(&format!("DELETE FROM {table} WHERE chain = '{south}'")).await;
        fx.damage(&format!("UPDATE {table} SET chain = '{south}' WHERE chain = '{north}'")).await;
    }
    assert_eq!(report(fx, south).await.fault, Some(ChainFault::Altered { seq: 1 }));
}

async fn writers_at_once_make_one_whole_chain(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let tasks = (0..40).map(|_| {
        let catalog = fx.catalog.clone();
        async move { catalog.record(customer, &entry("find")).await.unwrap() }
    });
    at_once(tasks).await;
    let report = report(fx, customer).await;
    assert_eq!((report.records, report.fault), (41, None));
}

async fn two_processes_make_one_whole_chain(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    let before = report(fx, customer).await.records;
    let other = fx.opened_again().await;
    // A verb that reads before it writes.
    let tasks = (0..40).map(|index| {
        let catalog = if index % 2 == 0 { fx.catalog.clone() } else { other.clone() };
        let share = fx.new_share(customer, file, john);
        async move { catalog.share(&share, None, &entry("share")).await.unwrap() }
    });
    at_once(tasks).await;
    let report = report(fx, customer).await;
    assert_eq!((report.records, report.fault), (before + 40, None));
}

async fn a_chain_that_grows_while_it_is_checked_is_no_fault(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (writer, reader) = (fx.catalog.clone(), fx.catalog.clone());
    let write: futures::future::BoxFuture<'static, bool> = Box::pin(async move {
        for _ in 0..150 {
            writer.record(customer, &entry("find")).await.unwrap();
        }
        true
    });
    let read: futures::future::BoxFuture<'static, bool> = Box::pin(async move {
        let mut seen = 0;
        while seen < 151 {
            let report = reader.verify_chain(&customer.to_string()).await.unwrap();
            assert_eq!(report.fault, None, "at {}", report.records);
            assert!(report.records >= seen, "a chain only grows");
            seen = report.records;
        }
        true
    });
    assert_eq!(at_once([write, read]).await, [true, true]);
}

catalog_suite!(
    a_record_keeps_who_did_what_and_how_it_ended,
    records_come_in_order_page_by_page,
    a_whole_chain_is_found_whole_and_anybody_can_check_it,
    a_chain_that_never_was_is_empty_and_whole,
    a_flipped_byte_is_found_in_any_record,
    a_record_rewritten_with_its_hash_breaks_the_next,
    a_record_taken_out_is_missed_wherever_it_was,
    a_gap_closed_by_renumbering_is_found,
    two_records_that_changed_places_are_found,
    a_tail_cut_off_is_found_even_when_everything_is,
    a_chain_put_in_anothers_place_is_found,
    writers_at_once_make_one_whole_chain,
    two_processes_make_one_whole_chain,
    a_chain_that_grows_while_it_is_checked_is_no_fault;
    pooled: writers_at_once_make_one_whole_chain,
    two_processes_make_one_whole_chain,
);
