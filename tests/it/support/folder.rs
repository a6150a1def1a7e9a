//! A server's folder, as others on the machine see it.

use std::fs;
use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::World;

/// Copies a folder with all that is in it, but for the shared memory of a database, which belongs to
/// those who have it open.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else if !from.to_string_lossy().ends_with("-shm") {
            fs::copy(&from, &to).unwrap();
        }
    }
}

impl World {
    /// A connection of another program to the same database.
    pub async fn database(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder().join("catalog/catalog.db")).connect().await.unwrap()
    }
}
