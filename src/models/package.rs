//! Where the files of a model come from: packages of the Python index, fetched by the machine's own client, and taken only
//! when they are the very bytes that were tried.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ring::digest;

use super::Moonshine;

/// A package, and what is taken out of it.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// As the index names it.
    name: &'static str,
    version: &'static str,
    /// Arguments that choose the file among those of the version.
    choice: &'static [&'static str],
    /// SHA-256 of that file.
    sha256: &'static str,
    /// Endings of its members' names, and what they are called here.
    members: &'static [(&'static str, &'static str)],
}

/// The packages of the speech model, for Linux on x86-64: the model is under the MIT licence, and so is the runtime.
pub const SPEECH: [Package; 2] = [
    Package {
        name: "moonshine-cpp",
        version: "0.1.4",
        choice: &[],
        sha256: "f7afc662bdd3ef98815ee3b940438b456e77d5a77cea5396ed9c572785412ebd",
        members: &[
            ("/models/base-en/encoder_model.ort", "encoder_model.ort"),
            ("/models/base-en/decoder_model_merged.ort", "decoder_model_merged.ort"),
            ("/models/base-en/tokenizer.bin", "tokenizer.bin"),
        ],
    },
    Package {
        // The last that was tried without a thread which reports its use to its maker: 1.32.0 has one.
        name: "onnxruntime",
        version: "1.27.0",
        // The library is the same for every Python; one of them is named so that the file is.
        choice: &["--python-version", "311", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_28_x86_64"],
        sha256: "e4f7b0e90d2d212e2c2deaa6c8291616183ab815d3ec558ea12d3ac8b26d36f4",
        members: &[("onnxruntime/capi/libonnxruntime.so.1.27.0", "libonnxruntime.so")],
    },
];

/// Why a model was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The files are for another machine.
    #[error("the speech model that Satchel knows is for Linux on x86-64")]
    Machine,
    /// There is no client, or it could not be started.
    #[error("`python3 -m pip` is needed to fetch {package} and could not be started; its file can be given with `--from`")]
    Client {
        /// What was to be fetched.
        package: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The client did not fetch it.
    #[error("{package} could not be fetched: {said}")]
    Fetch {
        /// What was to be fetched.
        package: String,
        /// The client's last line.
        said: String,
    },
    /// It is not the file that was tried.
    #[error("the file of {package} has the SHA-256 {found}, not {expected}; nothing of it was used")]
    Bytes {
        /// Which.
        package: String,
        /// What it has.
        found: String,
        /// What it should have.
        expected: &'static str,
    },
    /// It does not hold what it should.
    #[error("{package} does not hold `{member}`")]
    Member {
        /// Which.
        package: String,
        /// What is missing.
        member: &'static str,
    },
    /// A file or folder of this machine.
    #[error("`{}` cannot be read or written", path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Files that are in the folder now.
    pub files: Vec<PathBuf>,
    /// Their bytes together.
    pub bytes: u64,
}

impl Package {
    fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Whether a file may be of this package, by its name.
    fn is_named(&self, path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy().replace('-', "_")).unwrap_or_default();
        name.starts_with(&format!("{}_{}_", self.name.replace('-', "_"), self.version))
    }
}

/// Whether a folder has every file of the speech model.
pub fn is_complete(folder: &Path) -> bool {
    Moonshine::FILES.iter().all(|file| folder.join(file).is_file())
}

/// Brings the speech model into a folder: from files that are there already, or by the machine's Python client from
/// the index that it is set up for.
///
/// # Errors
/// When something cannot be fetched, is not what it should be, or cannot be stored. What was there before stays.
pub fn fetch(folder: &Path, given: &[PathBuf]) -> Result<Fetched, PackageError> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(PackageError::Machine);
    }
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |source| PackageError::Disk { path, source }
    };
    fs::create_dir_all(folder).map_err(disk(folder))?;
    let scratch = Scratch(folder.join(format!(".fetching-{}", std::process::id())));
    fs::create_dir_all(&scratch.0).map_err(disk(&scratch.0))?;
    let mut fetched = Fetched { files: Vec::new(), bytes: 0 };
    for package in SPEECH {
        let file = match given.iter().find(|path| package.is_named(path)) {
            Some(file) => file.clone(),
            None => download(&package, &scratch.0)?,
        };
        let bytes = fs::read(&file).map_err(disk(&file))?;
        let found = hex::encode(digest::digest(&digest::SHA256, &bytes).as_ref());
        if found != package.sha256 {
            return Err(PackageError::Bytes { package: package.title(), found, expected: package.sha256 });
        }
        for (ending, name) in package.members {
            let missing = || PackageError::Member { package: package.title(), member: ending };
            let member = member(&bytes, ending).ok_or_else(missing)?;
            // Whole, or not there: a program that starts meanwhile must not load half a model.
            let (part, path) = (scratch.0.join(name), folder.join(name));
            fs::write(&part, &member).map_err(disk(&part))?;
            fs::rename(&part, &path).map_err(disk(&path))?;
            fetched.bytes += member.len() as u64;
            fetched.files.push(path);
        }
    }
    Ok(fetched)
}

/// A folder that is gone when this is.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is found by its name, and harms nobody.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn download(package: &Package, into: &Path) -> Result<PathBuf, PackageError> {
    let title = package.title();
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]).arg(into);
    command.args(package.choice).arg(format!("{}=={}", package.name, package.version)).stdin(Stdio::null());
    let ended = command.output().map_err(|source| PackageError::Client { package: title.clone(), source })?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr).lines().last().unwrap_or("it says nothing").trim().to_owned();
        return Err(PackageError::Fetch { package: title, said });
    }
    let files = fs::read_dir(into).map_err(|source| PackageError::Disk { path: into.to_owned(), source })?;
    let file = files.filter_map(Result::ok).map(|entry| entry.path()).find(|path| package.is_named(path));
    file.ok_or_else(|| PackageError::Fetch { package: title, said: "no file came".to_owned() })
}

fn member(bytes: &[u8], ending: &str) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).ok()?;
    let name = archive.file_names().filter_map(Result::ok).find(|name| name.ends_with(ending))?.into_owned();
    let mut all = Vec::new();
    archive.by_name(&name).ok()?.read_to_end(&mut all).ok()?;
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_other_bytes_is_refused_and_nothing_of_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("moonshine_cpp-0.1.4-py3-none-manylinux2014_x86_64.whl");
        fs::write(&wheel, b"something else").unwrap();
        let into = folder.path().join("model");
        let refused = fetch(&into, &[wheel]).unwrap_err();
        assert!(matches!(refused, PackageError::Bytes { .. }), "{refused}");
        assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
        assert!(!is_complete(&into));
    }

    #[test]
    fn a_file_is_known_by_its_package_and_version() {
        let named = |name: &str| SPEECH[1].is_named(Path::new(name));
        assert!(named("/tmp/onnxruntime-1.27.0-cp311-cp311-manylinux_2_28_x86_64.whl"));
        assert!(!named("onnxruntime-1.27.1-cp311-cp311-manylinux_2_28_x86_64.whl"));
        assert!(!named("onnxruntime_gpu-1.27.0-cp311-cp311-manylinux_2_28_x86_64.whl"));
    }
}
