//! Several server processes on one database, changed by one customer at once, while one of them is killed and connections to the
//! database are cut: what was acknowledged has one record, and the chain has no fork.

mod long {
    use std::collections::BTreeMap;
    use std::fs;
    use std::process::Command;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::{StreamExt as _, stream};
    use reqwest::Client;
    use serde_json::{Value, json};
    use sqlx::Connection as _;

    use crate::cli::program::{Serving, post, run, text};
    use crate::nodes::serving;
    use crate::support::{Answer, Database};

    const OPERATIONS: usize = 3000;
    const AT_ONCE: usize = 48;
    const SERVERS: usize = 3;
    /// Operations between two cuts of a connection.
    const CUT_EVERY: usize = 60;
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                       AND usename = 'satchel_test_server' ORDER BY random() LIMIT 1";

    struct Several {
        servers: Vec<(Serving, String)>,
        key: String,
        client: Client,
        asked: AtomicUsize,
        // Last, so that the database outlives who uses it.
        database: Database,
    }

    impl Several {
        async fn start(folder: &std::path::Path) -> (Self, String) {
            let database = Database::new().await;
            let (url, owner) = (database.url(), database.owner_url());
            let first = folder.join("0");
            let settings = [("SATCHEL__CATALOG__URL", url.as_str()), ("SATCHEL__WORKERS__COUNT", "0")];
            let (server, card) = serving(&first, &[&settings[..], &[("SATCHEL__CATALOG__OWNER_URL", &owner)]].concat()).await;
            let secrets: Value = serde_json::from_slice(&fs::read(first.join("secrets.json")).unwrap()).unwrap();
            let shared = [
                ("SATCHEL__DATA__SECRET", text(&secrets, "/server_secret")),
                ("SATCHEL__STORE__ENDPOINT", text(&card, "/bytes_url")),
                ("SATCHEL__STORE__ACCESS_KEY", text(&secrets, "/store_access_key")),
                ("SATCHEL__STORE__SECRET_KEY", text(&secrets, "/store_secret_key")),
                ("SATCHEL__STORE__PATH_STYLE", "true"),
            ];
            let mut servers = vec![(server, text(&card, "/url").to_owned())];
            for number in 1..SERVERS {
                let (server, card) = serving(&folder.join(number.to_string()), &[&settings[..], &shared[..]].concat()).await;
                servers.push((server, text(&card, "/url").to_owned()));
            }
            let operator = text(&card, "/operator_key");
            let made = post(&servers[0].1, "/v1/customers", operator, &json!({"name": "Larkfield Foods", "is_test": true})).await;
            let (key, customer) = (text(&made, "/api_key").to_owned(), text(&made, "/customer_id").to_owned());
            (Self { servers, key, client: Client::new(), asked: AtomicUsize::new(0), database }, customer)
        }

        /// Ends a connection of some server's, whatever it does.
        async fn cut(&self) {
            let mut owner = self.database.owner().await;
            // It may end the sessions of a role that it is a member of; another test may say so at the same moment.
            let _ = sqlx::raw_sql("GRANT satchel_test_server TO CURRENT_USER").execute(&mut owner).await;
            sqlx::raw_sql(CUT).execute(&mut owner).await.unwrap();
            owner.close().await.unwrap();
        }

        /// One change; the id of what was made, where a server said that it was.
        async fn change(&self, number: usize) -> Option<String> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            if asked.is_multiple_of(CUT_EVERY) {
                self.cut().await;
            }
            if asked == OPERATIONS / 2 {
                let last = self.servers.last().unwrap().0.pid().to_string();
                assert!(Command::new("kill").args(["-KILL", &last]).status().unwrap().success());
            }
            let url = &self.servers[number % SERVERS].1;
            let (path, body) = match number % 4 {
                0 => (format!("/v1/files?name=n{number}.txt"), None),
                1 => ("/v1/calls".to_owned(), Some(json!({}))),
                2 => ("/v1/people".to_owned(), Some(json!({"kind": "contact", "name": format!("Ada Quist {number}")}))),
                _ => ("/v1/keys".to_owned(), Some(json!({"label": format!("key {number}")}))),
            };
            let request = self.client.post(format!("{url}{path}")).bearer_auth(&self.key);
            let request = match body {
                Some(body) => request.json(&body),
                None => request.body(format!("bytes {number}")),
            };
            // A server that is gone answers nothing, and one whose connection was cut says that it does not know.
            let answer = Answer::of(request.send().await.ok()?).await;
            (answer.status / 100 == 2)
                .then(|| ["/id", "/call_id", "/key_id"].iter().find_map(|id| answer.json().pointer(id)?.as_str().map(str::to_owned)))?
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_several_processes_change_one_customer_at_once_and_leave_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let (mut several, customer) = Several::start(folder.path()).await;
        let told: Vec<Option<String>> =
            stream::iter(0..OPERATIONS).map(|number| several.change(number)).buffer_unordered(AT_ONCE).collect().await;
        let ids: Vec<&str> = told.iter().flatten().map(String::as_str).collect();
        let in_doubt = OPERATIONS - ids.len();
        // A third of what came after the kill had nobody to go to.
        assert!(ids.len() > OPERATIONS * 3 / 4 && in_doubt > 0, "{} acknowledged", ids.len());

        let url = several.database.url();
        let verified = run(&["audit", "verify", "--database", &url, "--json"]);
        assert_eq!((verified.code, &verified.json()["intact"]), (Some(0), &json!(true)), "{verified:?}");
        let exported = run(&["audit", "export", "--customer", &customer, "--database", &url]);
        let records: Vec<Value> = exported.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(records.iter().map(|record| record["seq"].as_u64().unwrap()).eq(1..=records.len() as u64), "no place is taken twice");
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for record in &records {
            for id in ["/object", "/call"].iter().filter_map(|field| record.pointer(field)?.as_str()) {
                *of.entry(id).or_default() += 1;
            }
        }
        for id in &ids {
            assert_eq!(of.get(id), Some(&1), "{id}: each change that was acknowledged has one record");
        }
        let made = records.len() - 1;
        assert!((ids.len()..=OPERATIONS).contains(&made), "{made} records, {} acknowledged, {in_doubt} in doubt", ids.len());
        eprintln!("{OPERATIONS} changes over {SERVERS} processes: {} acknowledged, {in_doubt} in doubt, {made} records", ids.len());
        for (server, _) in &mut several.servers[..SERVERS - 1] {
            assert_eq!(server.stop().0, Some(0));
        }
    }
}
