//! Postgres: transactions that get in each other's way, and connections that break.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::fixture::{Engine, Fixture, at_once, conflicts, entry};
use crate::catalog::{CatalogError, sql};
use crate::domain::CustomerId;

/// A catalog whose next records go wrong.
struct Faulty {
    fx: Fixture,
    customer: CustomerId,
}

/// When a record goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Statement,
    Commit,
}

impl Faulty {
    /// The first `times` records meet `fault`, a statement of PL/pgSQL.
    async fn new(at: At, times: u32, fault: &str) -> Self {
        Self::on(Engine::Postgres, at, times, fault).await
    }

    async fn on(engine: Engine, at: At, times: u32, fault: &str) -> Self {
        let fx = Fixture::open(engine).await;
        let customer = fx.customer("Northwind").await;
        let trigger = match at {
            At::Statement => "CREATE TRIGGER faulty BEFORE INSERT",
            At::Commit => "CREATE CONSTRAINT TRIGGER faulty AFTER INSERT",
        };
        let when = match at {
            At::Statement => "",
            At::Commit => "DEFERRABLE INITIALLY DEFERRED",
        };
        // A sequence counts what is rolled back as well.
        fx.database()
            .run(&format!(
                "CREATE SEQUENCE tried; GRANT USAGE ON SEQUENCE tried TO PUBLIC; \
                 CREATE FUNCTION faulty() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('tried') <= {times} THEN {fault}; END IF; RETURN NEW; END $$; \
                 {trigger} ON audit {when} FOR EACH ROW EXECUTE FUNCTION faulty()"
            ))
            .await;
        Self { fx, customer }
    }

    async fn record(&self) -> Result<(), CatalogError> {
        self.fx.catalog.record(self.customer, &entry("look")).await
    }

    /// How often a record was tried.
    async fn tried(&self) -> i64 {
        self.fx.database().number("SELECT last_value FROM tried").await
    }

    /// How many records there are beside that of the customer's making; that the chain is whole.
    async fn kept(&self) -> u64 {
        let report = self.fx.catalog.verify_chain(&self.customer.to_string()).await.unwrap();
        assert_eq!(report.fault, None);
        report.records - 1
    }
}

const COLLISION: &str = "RAISE EXCEPTION 'collided' USING ERRCODE = '40001'";
const DEADLOCK: &str = "RAISE EXCEPTION 'stuck' USING ERRCODE = '40P01'";
const REFUSAL: &str = "RAISE EXCEPTION 'refused' USING ERRCODE = '23514'";
const CUT: &str = "PERFORM pg_terminate_backend(pg_backend_pid())";

#[tokio::test]
async fn a_verb_that_collided_or_lost_its_connection_is_tried_again_and_done_once() {
    let met = [(At::Statement, COLLISION), (At::Statement, DEADLOCK), (At::Commit, COLLISION), (At::Statement, CUT)];
    let direct = met.map(|(at, fault)| (Engine::Postgres, at, fault));
    for (engine, at, fault) in direct.into_iter().chain([(Engine::Pooled, At::Commit, COLLISION), (Engine::Pooled, At::Statement, CUT)]) {
        let faulty = Faulty::on(engine, at, 2, fault).await;
        faulty.record().await.unwrap_or_else(|error| panic!("{engine:?} {at:?} {fault}: {error:?}"));
        assert_eq!((faulty.tried().await, faulty.kept().await), (3, 1), "{engine:?} {at:?} {fault}");
    }
}

#[tokio::test]
async fn a_verb_that_collides_for_ever_is_given_up_and_leaves_nothing() {
    let faulty = Faulty::new(At::Statement, 1_000, COLLISION).await;
    assert!(matches!(faulty.record().await, Err(CatalogError::Unavailable(_))));
    assert_eq!((faulty.tried().await, faulty.kept().await), (6, 0));
}

#[tokio::test]
async fn a_verb_that_was_refused_is_not_tried_again() {
    let faulty = Faulty::new(At::Statement, 1, REFUSAL).await;
    assert!(matches!(faulty.record().await, Err(CatalogError::Unavailable(_))));
    assert_eq!((faulty.tried().await, faulty.kept().await), (1, 0));
}

#[tokio::test]
async fn a_commit_whose_end_nobody_knows_is_told_as_that_and_never_repeated() {
    for engine in [Engine::Postgres, Engine::Pooled] {
        let faulty = Faulty::on(engine, At::Commit, 1, CUT).await;
        let ended = faulty.record().await;
        assert!(matches!(ended, Err(CatalogError::Unknown(_))), "{engine:?}: {ended:?}");
        assert_eq!((faulty.tried().await, faulty.kept().await), (1, 0), "{engine:?}");
        faulty.record().await.unwrap();
        assert_eq!(faulty.kept().await, 1, "{engine:?}: what comes after is served");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_verb_decided_on_stays_true_until_it_is_done() {
    let fx = Fixture::open(Engine::Postgres).await;
    let customer = fx.customer("Northwind").await;
    let (file, john) = (fx.active(customer, "report").await, fx.contact(customer, "John").await);
    // Another server is taking the file into quarantine.
    let mut other = fx.opened_again().await.begin(customer).await.unwrap();
    sql::query("UPDATE files SET status = 'quarantined' WHERE id = $1").bind(file.to_string()).execute(&mut other).await.unwrap();
    let (catalog, share) = (fx.catalog.clone(), fx.new_share(customer, file, john));
    let sharing = TaskTracker::new().spawn(async move { catalog.share(&share, None, &entry("share")).await });
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = async {
        while fx.database().number(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("the share waits for its turn");
    other.commit().await.unwrap();
    assert!(conflicts(sharing.await.unwrap()), "what was harmful by then is not shared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_with_many_callers_leaves_connections_to_others() {
    let fx = Fixture::open(Engine::Postgres).await;
    let (busy, quiet) = (fx.customer("Northwind").await, fx.customer("Southwind").await);
    // More callers than connections wait while one of them has its turn.
    let turn = fx.catalog.begin(busy).await.unwrap();
    let tasks = TaskTracker::new();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (catalog, key) = (fx.catalog.clone(), fx.new_key(&fx.secret()));
            tasks.spawn(async move {
                catalog.record(busy, &entry("look")).await?;
                catalog.add_key(busy, &key, &entry("add_key")).await
            })
        })
        .collect();
    fx.catalog.record(quiet, &entry("look")).await.unwrap();
    fx.catalog.add_key(quiet, &fx.new_key("another"), &entry("add_key")).await.unwrap();
    drop(turn);
    for ended in waiting {
        ended.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verb_whose_caller_left_leaves_no_transaction_behind() {
    let fx = Fixture::open(Engine::Postgres).await;
    let customer = fx.customer("Northwind").await;
    for turns in 0..60 {
        let entry = entry("look");
        let mut verb = Box::pin(fx.catalog.record(customer, &entry));
        // Left after so many steps, wherever that is.
        for _ in 0..turns {
            if futures::poll!(&mut verb).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(verb);
    }
    // A connection that is still in a transaction of somebody's would hold up, or show, the next.
    let tasks = (0..40).map(|_| {
        let catalog = fx.catalog.clone();
        async move { catalog.record(customer, &entry("look")).await }
    });
    for ended in at_once(tasks).await {
        ended.unwrap();
    }
    assert_eq!(fx.catalog.verify_chain(&customer.to_string()).await.unwrap().fault, None);
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '3 seconds'";
    assert_eq!(fx.database().number(open).await, 0);
}
