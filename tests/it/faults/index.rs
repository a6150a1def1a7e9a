//! The index: its folder is not one, or its files are empty.

use std::fs;
use std::path::Path;

use super::stage::{Op, Stage};
use crate::support::{Ground, World, copy_folder};

fn replaced_by_a_file(folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "no folder").unwrap();
}

fn emptied(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        fs::write(entry.unwrap().path(), "").unwrap();
    }
}

/// A server over a copy of the catalog and a damaged copy of the index.
async fn damaged(stage: &Stage, first: &Ground, damage: fn(&Path)) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    copy_folder(&stage.world.folder().join("catalog"), &dir.path().join("catalog"));
    copy_folder(&stage.world.folder().join("indexes"), &dir.path().join("indexes"));
    for entry in fs::read_dir(dir.path().join("indexes")).unwrap() {
        damage(&entry.unwrap().path());
    }
    let (store, bytes_url) = (first.store.clone(), first.bytes_url.clone());
    stage.moved_to(World::on(Ground { dir, store, bytes_url, seed: 77, bytes: None, database: None }).await)
}

#[tokio::test]
async fn without_an_index_only_searching_is_down_and_a_new_one_is_made_when_the_place_is_free() {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let spare = Ground {
        dir: tempfile::tempdir().unwrap(),
        store: ground.store.clone(),
        bytes_url: ground.bytes_url.clone(),
        seed: 1,
        bytes: None,
        database: None,
    };
    let first = Stage::on(ground).await;
    first.world.shutdown().await;
    let stage = damaged(&first, &spare, replaced_by_a_file).await;
    let find = stage.ready(Op::Find).await;
    Op::Find.expect_unavailable(&stage.run(&find).await);
    for op in Op::ALL.into_iter().filter(|op| !matches!(op, Op::Find | Op::Remove)) {
        let answer = stage.run(&stage.ready(op).await).await;
        assert!(op.is_done(&answer), "{op:?}: {answer:?}");
    }
    for entry in fs::read_dir(stage.world.folder().join("indexes")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    stage.world.files.follow_all().await.unwrap();
    let again = stage.run(&find).await;
    assert!(Op::Find.is_done(&again), "{again:?}");
    stage.expect_whole_audit().await;
}

#[tokio::test]
async fn an_index_whose_files_are_empty_is_made_anew() {
    let ground = Ground::new(u64::from(std::process::id())).await;
    let spare = Ground {
        dir: tempfile::tempdir().unwrap(),
        store: ground.store.clone(),
        bytes_url: ground.bytes_url.clone(),
        seed: 1,
        bytes: None,
        database: None,
    };
    let first = Stage::on(ground).await;
    first.world.shutdown().await;
    let stage = damaged(&first, &spare, emptied).await;
    stage.world.files.follow_all().await.unwrap();
    let answer = stage.run(&stage.ready(Op::Find).await).await;
    assert!(Op::Find.is_done(&answer), "{answer:?}");
}
