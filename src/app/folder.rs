//! The data folder: who holds it, its secrets, and where a running server can be reached.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::{Entropy, random_bytes};
use crate::files::ServerSecret;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process holds it.
    #[error("the folder `{}` is in use by another satchel{}", dir.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// Who holds it, where that is known.
        pid: Option<u32>,
    },
    /// It cannot be made, read or written.
    #[error("the data folder `{}` cannot be used; choose another with `--data` or mend its rights", dir.display())]
    Unusable {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in it does not mean anything.
    #[error("`{}` cannot be read", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The catalog is there and the secrets are not.
    #[error(
        "`{}` is missing, and the catalog beside it was made with it; put the file back from a backup",
        path.display()
    )]
    SecretsLost {
        /// Where it should be.
        path: PathBuf,
    },
}

/// The data folder, held by this process alone until this is dropped.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    /// Held, not used: the system frees it when the process ends, however that happens.
    _lock: File,
}

/// What the data folder keeps secret; never leaves the machine.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsFile {
    server_secret: String,
    /// Key id of the embedded store.
    pub store_access_key: String,
    /// Secret of the embedded store.
    pub store_secret_key: String,
    /// The operator's key, once the catalog knows it.
    #[serde(default)]
    pub operator_key: Option<String>,
}

impl SecretsFile {
    fn fresh(entropy: &dyn Entropy) -> Self {
        Self {
            server_secret: hex::encode(random_bytes::<32>(entropy)),
            store_access_key: format!("SATCHEL{}", hex::encode_upper(random_bytes::<7>(entropy))),
            store_secret_key: hex::encode(random_bytes::<32>(entropy)),
            operator_key: None,
        }
    }

    /// The secret that everything else is derived from; `None` when the file was tampered with.
    pub fn server_secret(&self) -> Option<ServerSecret> {
        ServerSecret::parse(&self.server_secret)
    }
}

/// Where a running server can be reached; `DATA/server.json`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServerCard {
    /// Address of the doors on this machine.
    pub url: String,
    /// Address of the bytes.
    pub bytes_url: String,
    /// The operator's key.
    pub operator_key: String,
    /// The process.
    pub pid: u32,
}

const CARD: &str = "server.json";
const SECRETS: &str = "secrets.json";

impl Folder {
    /// Makes the folder where it is missing, and takes it.
    pub fn take(dir: &Path) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { dir: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(unusable)?;
        let path = dir.join("lock");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The holder may be writing it this moment; the sentence does without it then.
                let pid = file.read_to_string(&mut pid).ok().and_then(|_| pid.trim().parse().ok());
                return Err(FolderError::InUse { dir: dir.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        noted.map_err(unusable)?;
        Ok(Self { dir: dir.to_owned(), _lock: file })
    }

    /// Whether another process holds the folder; a folder that is not there is held by nobody.
    pub fn is_held(dir: &Path) -> bool {
        match File::open(dir.join("lock")) {
            Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A place in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Its secrets; made at the first start, durable before anything is derived from them.
    pub fn secrets(&self, entropy: &dyn Entropy) -> Result<SecretsFile, FolderError> {
        if let Some(secrets) = read_json::<SecretsFile>(&self.join(SECRETS))? {
            return Ok(secrets);
        }
        if self.join("catalog").join("catalog.db").exists() {
            return Err(FolderError::SecretsLost { path: self.join(SECRETS) });
        }
        let secrets = SecretsFile::fresh(entropy);
        self.keep_secrets(&secrets)?;
        Ok(secrets)
    }

    /// Keeps changed secrets.
    pub fn keep_secrets(&self, secrets: &SecretsFile) -> Result<(), FolderError> {
        self.write_private(SECRETS, secrets)
    }

    /// Tells clients on this machine where the server is.
    pub fn show_card(&self, card: &ServerCard) -> Result<(), FolderError> {
        self.write_private(CARD, card)
    }

    /// Takes the card away: nothing listens any more.
    pub fn hide_card(&self) {
        if let Err(error) = fs::remove_file(self.join(CARD)) {
            tracing::warn!(error = %error, "server.json stays behind; it names a server that has stopped");
        }
    }

    /// Writes a file that only its owner may read: whole or not at all, and durable.
    pub fn write_private(&self, name: &str, value: &impl Serialize) -> Result<(), FolderError> {
        let write = || {
            let draft = self.join(&format!("{name}.draft"));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(&serde_json::to_vec_pretty(value)?)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&draft, self.join(name))?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(|source| FolderError::Unusable { dir: self.dir.clone(), source })
    }
}

/// The card of the server that holds a folder.
pub fn read_card(dir: &Path) -> Result<Option<ServerCard>, FolderError> {
    read_json(&dir.join(CARD))
}

/// A JSON file; `None` when there is none.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    let damaged = |source| FolderError::Damaged { path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(error.into())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(damaged(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::SeededEntropy;

    #[test]
    fn one_process_at_a_time_holds_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let held = Folder::take(dir.path()).unwrap();
        assert!(Folder::is_held(dir.path()));
        let error = Folder::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains("is in use by another satchel") && error.contains(&std::process::id().to_string()), "{error}");
        drop(held);
        assert!(!Folder::is_held(dir.path()));
        assert!(Folder::take(dir.path()).is_ok());
    }

    #[test]
    fn secrets_are_made_once_and_only_their_owner_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::take(dir.path()).unwrap();
        let first = folder.secrets(&SeededEntropy::new(1)).unwrap();
        let second = folder.secrets(&SeededEntropy::new(2)).unwrap();
        assert_eq!(first.server_secret, second.server_secret);
        assert!(first.server_secret().is_some());
        let mode = fs::metadata(folder.join(SECRETS)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn secrets_are_never_made_anew_beside_a_catalog() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::take(dir.path()).unwrap();
        fs::create_dir(folder.join("catalog")).unwrap();
        fs::write(folder.join("catalog/catalog.db"), b"").unwrap();
        assert!(matches!(folder.secrets(&SeededEntropy::new(1)), Err(FolderError::SecretsLost { .. })));
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_a_clear_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::take(file.path()).unwrap_err();
        assert!(error.to_string().contains("cannot be used"), "{error}");
    }
}
