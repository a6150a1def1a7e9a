//! A larger catalog that moves to Postgres.

mod long {
    use std::fs;
    use std::path::Path;
    use std::process::Stdio;

    use futures::{StreamExt as _, stream};
    use serde_json::{Value, json};

    use crate::cli::program::{FREE_PORTS, Serving, post, run, satchel, text};
    use crate::support::{Answer, Database, until};

    const FEW: usize = 500;
    const MANY: usize = 20_000;
    const AT_ONCE: usize = 24;
    /// What forty times the files may take more, in MiB: rows pass through, and none stays.
    const MORE_MIB: u64 = 24;

    /// A data folder whose server has stopped, with so many files.
    async fn filled(data: &Path, files: usize) {
        let mut command = satchel();
        command.args(["serve", "--data", data.to_str().unwrap()]).args(FREE_PORTS).env("SATCHEL__WORKERS__COUNT", "0");
        // Nobody reads what it says until it has stopped.
        command.env("SATCHEL__LOG__LEVEL", "error");
        let mut server = Serving::running(command);
        let card = until("a server", async || serde_json::from_slice::<Value>(&fs::read(data.join("server.json")).ok()?).ok()).await;
        let url = text(&card, "/url");
        let made = post(url, "/v1/customers", text(&card, "/operator_key"), &json!({"name": "Larkfield Foods", "is_test": true})).await;
        let (key, client) = (text(&made, "/api_key"), reqwest::Client::new());
        let put = async |number: usize| {
            let put = client.post(format!("{url}/v1/files?name=n{number}.txt")).bearer_auth(key).body(format!("The number is {number}.\n"));
            Answer::of(put.send().await.unwrap()).await.expect(201);
        };
        stream::iter(0..files).map(put).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        assert_eq!(server.stop().0, Some(0));
    }

    /// Moves a folder's catalog, and gives what is said of it and the most memory it took, in MiB.
    fn moved(data: &Path, database: &Database) -> (Value, u64) {
        let mut command = satchel();
        command.args(["migrate", "--json", "--from", data.to_str().unwrap()]);
        command.env("SATCHEL__CATALOG__URL", database.url()).env("SATCHEL__CATALOG__OWNER_URL", database.owner_url());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            most = most.max(peak.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        (serde_json::from_slice(&ended.stdout).unwrap(), most / 1024)
    }

    fn rows(moved: &Value) -> u64 {
        moved["tables"].as_array().unwrap().iter().map(|table| table["rows"].as_u64().unwrap()).sum()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_a_catalog_of_twenty_thousand_files_moves_whole_and_row_by_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut peaks = Vec::new();
        for files in [FEW, MANY] {
            let (data, database) = (folder.path().join(files.to_string()), Database::new().await);
            filled(&data, files).await;
            let (said, peak) = moved(&data, &database);
            assert_eq!((&said["same"], &said["moved"]), (&json!(true), &json!(true)), "{said}");
            assert!(rows(&said) > 5 * files as u64, "{said}");
            assert!(said["chains"].as_array().unwrap().iter().all(|chain| chain["fault"].is_null()), "{said}");
            let again = run(&["migrate", "--from", data.to_str().unwrap(), "--to", &database.url(), "--check", "--json"]);
            assert_eq!((again.code, &again.json()["same"]), (Some(0), &json!(true)), "{again:?}");
            eprintln!("{files} files: {} rows, {peak} MiB at most", rows(&said));
            peaks.push(peak);
        }
        assert!(peaks[0] > 0 && peaks[1] <= peaks[0] + MORE_MIB, "{peaks:?} MiB");
    }
}
