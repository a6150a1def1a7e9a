//! The running server keeps to its description, as a fuzzer of another maker sees it.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio_util::task::TaskTracker;

use crate::support::{World, beside};

/// How long a run may take before it is ended and counts as failed.
const LONGEST: Duration = Duration::from_mins(20);
/// The server's clock goes on, so that limits of rate are let in again and calls end as they do.
const TICK: Duration = Duration::from_millis(100);

/// Runs schemathesis with so many examples of each operation and all its checks.
async fn keeps(examples: u32, phases: &str) {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let user = world.user(&tenant, "Amira Haddad", "owner").await;
    let call = world.call(&tenant, &user).await;
    let file = world.file(&tenant.key, "name=alpha.txt&title=Alpha", b"alpha").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
    let keys = world.get("/v1/keys", &tenant.key).await.expect(200);
    let kept = format!("{},{}", keys.text("/keys/0/id"), call.id);
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(beside("SATCHEL_TEST_PYTHON"));
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(folder.join("schemathesis.toml")).arg("run");
    command.arg(format!("{}/openapi.json", world.url));
    command.args(["--checks", "all", "--seed", "1", "--continue-on-failure", "--no-color", "--output-truncate", "false"]);
    command.args(["--phases", phases, "--max-examples", &examples.to_string()]);
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.current_dir(scratch.path()).kill_on_drop(true);
    for (name, value) in
        [("OPERATOR", &world.operator), ("KEY", &tenant.key), ("CALL", &call.token), ("FILE", &file), ("USER", &user), ("KEPT", &kept)]
    {
        command.env(format!("SATCHEL_TEST_{name}"), value);
    }
    let clock = world.clock.clone();
    let tasks = TaskTracker::new();
    let ticking = tasks.spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            clock.advance_seconds(1);
        }
    });
    let run = tokio::time::timeout(LONGEST, command.output()).await.expect("it did not end in time").unwrap();
    ticking.abort();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{said}");
    // That it was let in.
    assert!(!said.contains("401 Unauthorized ("), "{said}");
    world.get("/v1/keys", &tenant.key).await.expect(200);
    world.get("/v1/progress", &call.token).await.expect(200);
    world.shutdown().await;
}

#[tokio::test]
async fn the_server_keeps_to_its_description() {
    keeps(3, "examples,fuzzing").await;
}

mod long {
    use super::keeps;

    #[tokio::test]
    async fn long_the_server_keeps_to_its_description_in_every_phase() {
        keeps(60, "examples,coverage,fuzzing,stateful").await;
    }
}
