//! The catalog: a statement fails, a lock is held.

use satchel::domain::{Door, FileId};
use satchel::files::Access;
use sqlx::Executor;
use sqlx::sqlite::SqliteConnection;

use super::stage::{Op, Stage, changed, columns, everything, tables};

/// Makes every change of a table fail, or lets them be again.
async fn set_fault(database: &mut SqliteConnection, table: &str, on: bool) {
    for verb in ["INSERT", "UPDATE", "DELETE"] {
        let name = format!("fault_{}", verb.to_lowercase());
        let statement = if on {
            format!("CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the disk refuses'); END")
        } else {
            format!("DROP TRIGGER {name}")
        };
        database.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    }
}

#[tokio::test]
async fn whichever_table_refuses_an_operation_is_done_whole_or_not_at_all() {
    let stage = Stage::new().await;
    let mut database = stage.world.database().await;
    let mut failed = Vec::new();
    for table in tables(&mut database).await {
        for op in Op::ALL {
            let ready = stage.ready(op).await;
            let before = everything(&mut database).await;
            set_fault(&mut database, &table, true).await;
            let answer = stage.run(&ready).await;
            set_fault(&mut database, &table, false).await;
            if op.is_done(&answer) {
                continue;
            }
            op.expect_unavailable(&answer);
            let mut left = changed(&before, &everything(&mut database).await);
            // A right code is an operation of its own: its record stays when the file is not handed out. These are
            // what handing out writes: the count, the opening, and the event of the first one.
            let of_handing_out = matches!(table.as_str(), "customers" | "events" | "files" | "links" | "openings");
            let code_was_right = op == Op::OpenLink && of_handing_out;
            left.retain(|changed| !(code_was_right && matches!(changed.as_str(), "audit" | "audit_heads")));
            // Bytes come before rows, and the sweeper finds them by this one. A key that is claimed lets those
            // go that are over; that it is free again itself, the second run shows.
            left.retain(|changed| !matches!((op, changed.as_str()), (Op::Upload, "uploads") | (Op::Confirm, "idempotency")));
            assert_eq!(left, Vec::<String>::new(), "{op:?} left something when `{table}` refused");
            let again = stage.run(&ready).await;
            assert!(op.is_done(&again), "{op:?} after `{table}` refused: {again:?}");
            failed.push((table.clone(), op));
        }
    }
    stage.expect_whole_audit().await;
    // What cannot be recorded is not done.
    let unrecorded: Vec<Op> = failed.iter().filter(|(table, _)| table == "audit").map(|(_, op)| *op).collect();
    assert_eq!(unrecorded, Op::ALL);
    for (table, op) in [("links", Op::Confirm), ("outbox", Op::Confirm), ("codes", Op::OpenLink), ("jobs", Op::Upload)] {
        assert!(failed.contains(&(table.to_owned(), op)), "{op:?} does not need `{table}` any more");
    }
}

#[tokio::test]
async fn while_another_program_holds_the_lock_nothing_is_done_and_everything_afterwards() {
    let stage = Stage::new().await;
    let ready = stage.all_ready().await;
    let mut database = stage.world.database().await;
    let before = everything(&mut database).await;
    database.execute("BEGIN IMMEDIATE").await.unwrap();
    let answers = futures::future::join_all(ready.iter().map(|(_, ready)| stage.run(ready))).await;
    stage.world.get("/healthz", "").await.expect(200);
    database.execute("ROLLBACK").await.unwrap();
    for ((op, _), answer) in ready.iter().zip(&answers) {
        op.expect_unavailable(answer);
    }
    assert_eq!(changed(&before, &everything(&mut database).await), Vec::<String>::new());
    for (op, ready) in &ready {
        let again = stage.run(ready).await;
        assert!(op.is_done(&again), "{op:?}: {again:?}");
    }
    stage.expect_whole_audit().await;
}

#[tokio::test]
async fn a_row_that_means_nothing_is_a_fault_of_ours_and_told_as_one() {
    let stage = Stage::new().await;
    let mut database = stage.world.database().await;
    let ready = stage.ready(Op::Metadata).await;
    database.execute("UPDATE files SET status = 'melted'").await.unwrap();
    let answer = stage.run(&ready).await.expect_problem(500, "internal");
    assert!(!answer.body.contains("melted"), "{answer:?}");
    for op in [Op::Describe, Op::Ask] {
        let answer = stage.run(&stage.ready(op).await).await.expect(200);
        assert_eq!(answer.text("/outcome"), "unavailable", "{op:?}: {answer:?}");
        assert!(satchel::speech::lint_line(&answer.text("/say")).is_ok());
    }
    database.execute("UPDATE files SET status = 'active'").await.unwrap();
    assert!(Op::Metadata.is_done(&stage.run(&ready).await));
}

/// Columns that cannot be read when they say anything.
const MEANT: &[&str] = &["owner_id", "tags", "category", "created_date", "status", "extraction_status", "checksum", "scan_status"];

#[tokio::test]
async fn a_row_of_a_file_with_any_column_spoilt_is_an_error_that_names_it() {
    let stage = Stage::new().await;
    let mut database = stage.world.database().await;
    database.execute("PRAGMA foreign_keys = OFF").await.unwrap();
    database.execute("PRAGMA ignore_check_constraints = ON").await.unwrap();
    let Some(Access::Key(key)) = stage.world.files.authenticate(&stage.tenant.key).await.unwrap() else { panic!("the key opens nothing") };
    let subject = stage.world.files.program(&key, Door::Http);
    let file = FileId::parse(stage.file()).unwrap();
    let mut named = Vec::new();
    for table in ["files", "versions", "blobs"] {
        for column in columns(&mut database, table).await {
            // Rows that cannot be found any more are another matter.
            if ["id", "customer_id", "file_id", "blob_id", "number"].contains(&column.as_str()) {
                continue;
            }
            database
                .execute(sqlx::AssertSqlSafe(format!("CREATE TABLE kept AS SELECT rowid AS place, {column} AS was FROM {table}")))
                .await
                .unwrap();
            database.execute(sqlx::AssertSqlSafe(format!("UPDATE {table} SET {column} = '\u{feff}no such thing'"))).await.unwrap();
            let files = &stage.world.files;
            let results = [files.metadata(&subject, file).await.map(|_| ()), files.versions(&subject, file).await.map(|_| ())];
            for result in results {
                let Err(error) = result else { continue };
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                let names_it = ["`files`", "`versions`", "`blobs`"].iter().any(|name| source.contains(name));
                assert!(names_it || source.contains("does not answer"), "{table}.{column}: {error}: {source}");
                named.push(column.clone());
            }
            let back = format!("UPDATE {table} SET {column} = (SELECT was FROM kept WHERE place = {table}.rowid)");
            database.execute(sqlx::AssertSqlSafe(back)).await.unwrap();
            database.execute("DROP TABLE kept").await.unwrap();
        }
    }
    let unread: Vec<&&str> = MEANT.iter().filter(|column| !named.iter().any(|known| known == *column)).collect();
    assert!(unread.is_empty(), "whatever these say is taken: {unread:?}; named were {named:?}");
    assert!(stage.world.files.metadata(&subject, file).await.is_ok());
}
