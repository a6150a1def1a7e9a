//! Postgres behind poolers. The one that lends a connection for a transaction has only one here, so that whoever comes
//! next meets what the one before left on it; suites with a `pooled` part run there too.

use std::str::FromStr as _;

use futures::{StreamExt as _, stream};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

use super::fixture::{Engine, Fixture, entry};
use super::world::World;
use crate::catalog::{Catalog, CatalogError, PostgresSettings, sql};

const LENDING: &str = "SATCHEL_TEST_PGBOUNCER";
const KEEPING: &str = "SATCHEL_TEST_PGBOUNCER_SESSION";

/// Connections that servers have to a test's database, as Postgres counts them.
const SERVING: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'satchel_test_server'";

/// The catalog of a test as a server with this address has it.
async fn connected(fx: &Fixture, settings: PostgresSettings) -> Result<Catalog, CatalogError> {
    Catalog::connect(&settings, fx.clock.clone(), fx.entropy.clone()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_of_two_servers_that_take_turns_at_one_connection_see_their_own_alone() {
    const ROUNDS: usize = 25;
    let fx = Fixture::open(Engine::Pooled).await;
    let worlds = [World::named(&fx, "Northwind").await, World::named(&fx, "Southwind").await];
    let servers = [fx.catalog.clone(), fx.opened_again().await];
    let turns = (0..ROUNDS).flat_map(|round| [(round, 0), (round, 1)]).map(|(round, whose)| {
        let (catalog, own) = (servers[(round + whose) % 2].clone(), worlds[whose].customer);
        let (ids, others) = (worlds[whose].ids(), worlds[1 - whose].ids());
        let file = worlds[whose].file;
        async move {
            catalog.accessed(own, file, &entry("read")).await.unwrap();
            let said = format!("{:?} {:?}", catalog.people(own).await.unwrap(), catalog.audit_page(own, 0, 1000).await.unwrap());
            assert!(ids.iter().any(|id| said.contains(id)), "{said}");
            assert!(others.iter().all(|id| !said.contains(id)), "{said}");
        }
    });
    // As many as find their turn while a busy machine still answers within a verb's patience.
    stream::iter(turns).buffer_unordered(4).collect::<Vec<()>>().await;
    assert_eq!(fx.database().number(SERVING).await, 1, "all of it went over one connection");
    for world in &worlds {
        let chain = fx.catalog.verify_chain(&world.customer.to_string()).await.unwrap();
        assert!(chain.fault.is_none() && chain.records > ROUNDS as u64, "{chain:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_transaction_said_is_gone_from_the_connection_that_it_gives_back() {
    let fx = Fixture::open(Engine::Pooled).await;
    let world = World::named(&fx, "Northwind").await;
    fx.catalog.record(world.customer, &entry("look")).await.unwrap();
    let next = PgConnectOptions::from_str(&fx.database().url_through(LENDING)).unwrap().extra_float_digits(None);
    let mut next = next.connect().await.unwrap();
    for table in ["files", "people", "audit", "customers"] {
        let seen = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(&mut next);
        assert_eq!(seen.await.unwrap().get::<i64, _>(0), 0, "{table}");
    }
    let left = "SELECT current_setting('satchel.scope', TRUE), current_setting('statement_timeout'), (SELECT COUNT(*) FROM pg_prepared_statements)";
    let left = sqlx::raw_sql(left).fetch_one(&mut next).await.unwrap();
    assert_eq!((left.get::<&str, _>(0), left.get::<&str, _>(1), left.get::<i64, _>(2)), ("", "0", 0));
    assert_eq!(fx.database().number(SERVING).await, 1, "it was the same connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_lends_for_a_transaction_is_refused_until_the_address_says_so() {
    let fx = Fixture::open(Engine::Postgres).await;
    let settings = fx.database().settings();
    let unsaid = PostgresSettings { url: fx.database().url_through(LENDING), owner_url: None, ..settings.clone() };
    assert!(matches!(connected(&fx, unsaid).await.map(drop), Err(CatalogError::Pooled)));
    let mut owner = url::Url::parse(&fx.database().lent_url()).unwrap();
    owner.set_username("satchel_owner").unwrap();
    let said = owner.to_string();
    let unsaid = said.replace("&pgbouncer=true", "");
    assert_ne!(said, unsaid);
    for owner_url in [said, unsaid] {
        let settings = PostgresSettings { owner_url: Some(owner_url), ..settings.clone() };
        assert!(matches!(connected(&fx, settings).await.map(drop), Err(CatalogError::OwnerPooled)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_keeps_a_connection_for_a_session_needs_no_word() {
    let fx = Fixture::open(Engine::Postgres).await;
    let settings = PostgresSettings { url: fx.database().url_through(KEEPING), owner_url: None, ..fx.database().settings() };
    let catalog = connected(&fx, settings).await.unwrap();
    let world = World::named(&fx, "Northwind").await;
    let direct = world.asked_by(&fx.catalog, world.customer).await;
    assert_eq!(world.asked_by(&catalog, world.customer).await, direct);
    catalog.record(world.customer, &entry("look")).await.unwrap();
    assert_eq!(catalog.verify_chain(&world.customer.to_string()).await.unwrap().fault, None);
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_verb_does_is_bounded_whatever_stands_between() {
    let fx = Fixture::open(Engine::Postgres).await;
    let customer = fx.customer("Northwind").await;
    let database = fx.database();
    for url in [database.url(), database.url_through(KEEPING), database.lent_url()] {
        let catalog = connected(&fx, PostgresSettings { url: url.clone(), owner_url: None, ..database.settings() }).await.unwrap();
        let mut verb = catalog.begin(customer).await.unwrap();
        let bounds = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), \
                      current_setting('idle_in_transaction_session_timeout')";
        let bounds: (String, String, String) = sql::query(bounds).fetch_one(&mut verb).await.unwrap();
        assert_eq!(bounds, ("8s".to_owned(), "4s".to_owned(), "30s".to_owned()), "{url}");
        drop(verb);
        catalog.close().await;
    }
}
