//! Keeps the house in order: which room may name which, where a vendor's crate lives, how long a
//! file is, what a room says of itself, and what no file may contain.
//!
//! The tables below are the rules. A new line in one is a decision that a reviewer sees.

mod security;
mod source;

use std::fs;
use std::path::Path;
use std::process::Command;

use source::Token;

/// Which rooms a room may name besides itself and [`ANYWHERE`].
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("telemetry", &[]),
    ("blob", &[]),
    ("catalog", &[]),
    ("search", &[]),
    ("inspect", &[]),
    ("models", &[]),
    ("notify", &[]),
    ("speech", &[]),
    ("policy", &[]),
    ("files", &["policy", "catalog", "blob", "search"]),
    ("jobs", &["files", "catalog", "inspect", "models", "notify", "speech"]),
    ("tools", &["files", "speech"]),
    ("api", &["tools", "files", "speech"]),
    ("app", &["blob", "catalog", "search", "inspect", "models", "notify", "speech", "policy", "files", "jobs", "tools", "api"]),
];

/// What every room may name, but `domain` nothing and `telemetry` only `domain`.
const ANYWHERE: &[&str] = &["domain", "telemetry"];

/// Crates that live in some rooms only; the longest matching name decides, `*` stands for any end.
const VENDORS: &[(&str, &[&str])] = &[
    ("aws_*", &["blob", "models"]),
    ("aws_config", &["blob", "models", "notify"]),
    ("aws_credential_types", &["blob", "notify"]),
    ("aws_sigv4", &["blob", "notify"]),
    ("aws_smithy_http_client", &["blob", "notify"]),
    ("aws_sdk_*", &["models"]),
    ("aws_sdk_s3", &["blob"]),
    ("aws_sdk_sqs", &["blob"]),
    ("aws_sdk_sts", &["blob"]),
    ("s3s", &["blob"]),
    ("redb", &["blob"]),
    ("x509_cert", &["blob"]),
    ("hyper", &["blob", "api"]),
    ("hyper_util", &["blob", "api"]),
    ("sqlx", &["catalog"]),
    ("csv", &["app", "inspect"]),
    ("tantivy", &["search"]),
    ("rphonetic", &["search"]),
    ("strsim", &["search"]),
    ("rust_stemmers", &["search"]),
    ("cedar_policy", &["policy"]),
    ("miette", &["policy"]),
    ("docling*", &["inspect"]),
    ("calamine", &["inspect"]),
    ("lopdf", &["inspect"]),
    ("mail_parser", &["inspect"]),
    ("whatlang", &["inspect"]),
    ("zeroize", &["domain", "inspect"]),
    ("hayro", &["inspect"]),
    ("image", &["inspect"]),
    ("file_format", &["inspect"]),
    ("cfb", &["inspect"]),
    ("zip", &["inspect", "models"]),
    ("flate2", &["inspect"]),
    ("tar", &["inspect"]),
    ("sevenz_rust2", &["inspect"]),
    ("chardetng", &["inspect"]),
    ("quick_xml", &["inspect"]),
    ("lofty", &["inspect"]),
    ("symphonia", &["inspect"]),
    ("rubato", &["inspect"]),
    ("ort", &["models"]),
    ("boreal", &["inspect"]),
    ("aho_corasick", &["inspect"]),
    ("regex", &["inspect", "files"]),
    ("rlimit", &["inspect", "app"]),
    ("landlock", &["inspect"]),
    ("seccompiler", &["inspect"]),
    ("libc", &["inspect"]),
    ("lettre", &["notify"]),
    ("minijinja", &["speech", "api"]),
    ("axum", &["api"]),
    ("multer", &["api"]),
    ("rmcp", &["api"]),
    ("tower", &["api"]),
    ("tower_http", &["api"]),
    ("http", &["blob", "api"]),
    ("http_body", &["blob", "api"]),
    ("http_body_util", &["blob", "api"]),
    ("rustls", &["blob", "catalog", "app"]),
    ("uuid", &["domain"]),
    ("type_safe_id", &["domain"]),
    ("getrandom", &["domain"]),
    ("tracing_subscriber", &["telemetry", "app"]),
    ("reqwest", &["app"]),
    ("clap", &["app"]),
    ("figment", &["app"]),
    ("indicatif", &["app"]),
    ("include_dir", &["app"]),
    ("console", &["app"]),
    ("rustyline", &["app"]),
];

/// Crates that a room's file of tests may name besides: a client from outside.
const IN_TESTS: &[&str] = &["reqwest"];

/// Crates that any room but `domain` may name.
const COMMON: &[&str] = &[
    "tokio",
    "tokio_util",
    "tokio_stream",
    "futures",
    "async_trait",
    "bytes",
    "unicode_normalization",
    "jiff",
    "serde",
    "serde_json",
    "schemars",
    "ring",
    "hex",
    "base64",
    "subtle",
    "thiserror",
    "tracing",
    "percent_encoding",
    "url",
];

/// The common crates that `domain` may name: values and their text forms, no I/O.
const COMMON_IN_DOMAIN: &[&str] = &["bytes", "futures", "hex", "jiff", "schemars", "serde", "thiserror"];

/// Parts of the standard library that reach the world outside, which `domain` does not.
const OUTSIDE: &[&str] = &["env", "fs", "net", "os", "thread"];

/// What a `mod.rs` does not hold.
const LOGIC: &[&str] = &["fn", "struct", "enum", "union", "trait", "impl", "macro_rules"];

/// Lines of the longest file.
const LONGEST: usize = 600;

/// Files that are longer and wait for being split. This list may only shrink.
const TOO_LONG: &[&str] = &[];

/// Folders of one machine. In two pieces each, so that this file does not contain them.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Hosts of package registries: which one serves a machine is its own setting.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];

// --- the checks, each a function from text to findings ------------------------------------------

/// Everything that is wrong with one file of `src/` or `tests/`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let tokens = source::tokens(text);
    let mut faults = length_faults(path, text, TOO_LONG);
    faults.extend(mark_faults(path, &tokens));
    if path.starts_with("src/") {
        faults.extend(edge_faults(path, &tokens));
        faults.extend(vendor_faults(path, &tokens));
        faults.extend(front_page_faults(path, text, &tokens));
    }
    faults
}

fn length_faults(path: &str, text: &str, too_long: &[&str]) -> Vec<String> {
    let lines = text.lines().count();
    match (lines > LONGEST, too_long.contains(&path)) {
        (true, false) => vec![format!("{path}: {lines} lines, at most {LONGEST}: split it by subject")],
        (false, true) => vec![format!("{path}: short enough now, take it off `TOO_LONG`")],
        _ => Vec::new(),
    }
}

fn mark_faults(path: &str, tokens: &[Token]) -> Vec<String> {
    let marks: &[(&[&str], &str)] = &[
        (&["[", "ignore"], "a test that does not run proves nothing: mend it, or make it a `long` one"),
        (&["todo", "!"], "finish it"),
        (&["unimplemented", "!"], "finish it"),
        (&["#", "[", "path"], "a module lies where its name says"),
    ];
    let found = marks.iter().flat_map(|(mark, why)| source::sequences(mark, tokens).into_iter().map(move |line| (line, mark, why)));
    found.map(|(line, mark, why)| format!("{path}:{line}: `{}`: {why}", mark.concat())).collect()
}

/// `tools` for `src/tools/mod.rs`, `src/tools/find.rs` and `src/tools.rs`.
fn room(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// Whether a file holds nothing but tests.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// How many modules deep a file lies: `src/tools/mod.rs` one, `src/tools/find.rs` two.
fn depth(path: &str) -> usize {
    let pieces = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { pieces - 1 } else { pieces }
}

fn is_room(name: &str) -> bool {
    EDGES.iter().any(|(room, _)| *room == name)
}

fn may_name(room: &str, other: &str) -> bool {
    let edge = EDGES.iter().any(|(from, to)| *from == room && to.contains(&other));
    match room {
        // Until there is an `app`, `main` itself starts the worker process of `inspect`.
        "main" => other == "app" || (other == "inspect" && !root().join("src/app").exists()),
        "domain" => other == "domain",
        "telemetry" => ANYWHERE.contains(&other),
        _ => edge || other == room || ANYWHERE.contains(&other),
    }
}

fn edge_faults(path: &str, tokens: &[Token]) -> Vec<String> {
    let room = room(path);
    if room == "lib" {
        return table_of_contents_faults(path, tokens);
    }
    if room != "main" && !is_room(room) {
        return vec![format!("{path}: `{room}` is no room of the house: see `EDGES`")];
    }
    let named = [source::under("crate", tokens), source::under("satchel", tokens), source::climbing(depth(path), tokens)].concat();
    let wrong = named.into_iter().filter(|(other, _)| !may_name(room, other));
    wrong
        .map(|(other, line)| match other.as_str() {
            "*" => format!("{path}:{line}: names the root of the crate: name the room that is meant"),
            other if is_room(other) => format!("{path}:{line}: `{room}` may not name `{other}`"),
            other => format!("{path}:{line}: `{other}` is no room: nothing else lies at the root of the crate"),
        })
        .collect()
}

/// `lib.rs` lists the rooms and holds nothing else.
fn table_of_contents_faults(path: &str, tokens: &[Token]) -> Vec<String> {
    let kept = source::without_attributes(tokens);
    let other = |line: &[&Token]| match line {
        [public, module, name, end] => public.text != "pub" || module.text != "mod" || end.text != ";" || !is_room(&name.text),
        _ => true,
    };
    let wrong = kept.split_inclusive(|token| token.text == ";").filter(|line| other(line));
    wrong.map(|line| format!("{path}:{}: holds only `pub mod ROOM;` lines", line[0].line)).collect()
}

/// The rooms of a crate, `None` where it is not one of ours to place.
fn rooms_of(name: &str) -> Option<&'static [&'static str]> {
    let matches = |pattern: &str| pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start));
    VENDORS.iter().filter(|(pattern, _)| matches(pattern)).max_by_key(|(pattern, _)| pattern.len()).map(|(_, rooms)| *rooms)
}

fn vendor_faults(path: &str, tokens: &[Token]) -> Vec<String> {
    let room = room(path);
    let mut faults = Vec::new();
    for (name, line) in source::crates(tokens) {
        let allowed = match rooms_of(&name) {
            Some(rooms) => rooms.contains(&room) || (is_test(path) && IN_TESTS.contains(&name.as_str())),
            None => room != "domain" || !COMMON.contains(&name.as_str()) || COMMON_IN_DOMAIN.contains(&name.as_str()),
        };
        if !allowed {
            faults.push(format!("{path}:{line}: `{room}` may not name the crate `{name}`"));
        }
    }
    if room == "domain" {
        let outside = source::under("std", tokens).into_iter().filter(|(part, _)| OUTSIDE.contains(&part.as_str()));
        faults.extend(outside.map(|(part, line)| format!("{path}:{line}: `domain` does no I/O: `std::{part}`")));
        let awaits = ["async", "await"].iter().flat_map(|word| source::sequences(&[word], tokens));
        faults.extend(awaits.map(|line| format!("{path}:{line}: `domain` is not async")));
    }
    faults
}

/// A `mod.rs` says what it owns and holds no logic.
fn front_page_faults(path: &str, text: &str, tokens: &[Token]) -> Vec<String> {
    let page = path.ends_with("/mod.rs") || (path.matches('/').count() == 1 && is_room(room(path)));
    if !page || is_test(path) {
        return Vec::new();
    }
    let docs: Vec<_> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim_start).collect();
    let mut faults = Vec::new();
    if !docs.first().is_some_and(|first| first.starts_with("Owns")) {
        faults.push(format!("{path}: opens with `//! Owns ...`"));
    }
    for part in ["Must not", "To add one"] {
        if !docs.iter().any(|line| line.contains(part)) {
            faults.push(format!("{path}: its docs have no `{part} ...`"));
        }
    }
    if path.ends_with("/mod.rs") {
        let logic = source::without_attributes(tokens).into_iter().find(|token| LOGIC.contains(&token.text.as_str()));
        faults.extend(logic.map(|token| format!("{path}:{}: a `mod.rs` holds docs, `mod` and `pub use`, no logic", token.line)));
    }
    faults
}

/// What no committed text may contain.
fn text_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let machine = MACHINE_PATHS.iter().filter(|word| names_folder(line, word)).map(|word| (*word, "is a folder of one machine"));
        // Cargo writes its registry's name into the lock file by itself.
        let hosts = REGISTRY_HOSTS.iter().filter(|word| path != "Cargo.lock" && line.contains(**word));
        let hosts = hosts.map(|word| (*word, "is the host of a package registry"));
        faults.extend(machine.chain(hosts).map(|(word, why)| format!("{path}:{}: `{word}` {why}", at + 1)));
    }
    faults
}

/// Whether a path in this line begins with `folder`; `some/folder/` does not.
fn names_folder(line: &str, folder: &str) -> bool {
    let begins = |at: usize| !line[..at].ends_with(|last: char| last.is_alphanumeric() || "._-~/}".contains(last));
    line.match_indices(folder).any(|(at, _)| begins(at))
}

// --- the house itself ---------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the tree that are, or would be, committed.
fn committed() -> Vec<String> {
    // A clone that another user owns, as in a container, is still ours to read.
    let arguments = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(arguments).current_dir(root()).output().expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let there = names.split_terminator('\0').filter(|name| root().join(name).is_file());
    there.map(str::to_owned).collect()
}

/// A committed file, where it is text.
fn text_of(name: &str) -> Option<String> {
    let bytes = fs::read(root().join(name)).unwrap();
    if bytes.contains(&0) { None } else { String::from_utf8(bytes).ok() }
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n\n{}\n", faults.join("\n"));
}

#[test]
fn the_source_keeps_its_tables() {
    let ours = |name: &String| name.starts_with("src/") || name.starts_with("tests/");
    let rust = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "rs");
    let files = committed().into_iter().filter(|name| ours(name) && rust(name));
    let files: Vec<_> = files.map(|name| (text_of(&name).expect("source is text"), name)).collect();
    assert!(files.iter().any(|(_, name)| name == "src/domain/mod.rs"), "the house was not found");
    assert_none(&files.iter().flat_map(|(text, name)| faults(name, text)).collect::<Vec<_>>());
}

#[test]
fn every_listed_long_file_exists() {
    let gone = TOO_LONG.iter().filter(|path| !root().join(path).exists());
    assert_none(&gone.map(|path| format!("{path} is gone, take it off `TOO_LONG`")).collect::<Vec<_>>());
}

#[test]
fn no_committed_text_names_a_machine_or_a_registry() {
    let texts = committed().into_iter().filter_map(|name| text_of(&name).map(|text| (name, text)));
    assert_none(&texts.flat_map(|(name, text)| text_faults(&name, &text)).collect::<Vec<_>>());
}

#[test]
fn every_dependency_has_its_rooms() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1).take_while(|line| !line.starts_with('['));
    let names =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().replace('-', "_"));
    let names: Vec<_> = names.collect();
    assert!(names.len() > 10, "the dependencies were not found");
    let unplaced = names.iter().filter(|name| rooms_of(name).is_none() && !COMMON.contains(&name.as_str()));
    assert_none(
        &unplaced.map(|name| format!("`{name}`: say in `VENDORS` which rooms may name it, or put it into `COMMON`")).collect::<Vec<_>>(),
    );
}

#[test]
fn every_room_of_the_crates_tables_exists() {
    let rooms = EDGES.iter().chain(VENDORS).flat_map(|(_, rooms)| rooms.iter());
    assert_none(&rooms.filter(|room| !is_room(room)).map(|room| format!("`{room}` is no room")).collect::<Vec<_>>());
}

// --- the checks can fail ------------------------------------------------------------------------

const FRONT: &str = "//! Owns x.\n//!\n//! Must not y.\n//!\n//! To add one: z.\n";

#[test]
fn what_breaks_a_rule_is_found() {
    let cases = [
        ("src/search/a.rs", "use crate::catalog::Catalog;", "`search` may not name `catalog`"),
        ("src/search/a.rs", "use crate::{domain::FileId, catalog};", "`search` may not name `catalog`"),
        (
            "src/search/a.rs",
            "use crate::{\n    domain::{FileId, Clock},\n    blob::{Key, Store},\n};",
            "a.rs:3: `search` may not name `blob`",
        ),
        ("src/search/a.rs", "fn f(c: &crate::catalog::Catalog) {}", "`search` may not name `catalog`"),
        ("src/search/a.rs", "macro_rules! m { () => { $crate::catalog::x() }; }", "`search` may not name `catalog`"),
        ("src/search/a.rs", "#[cfg(test)]\nmod tests {\n    use crate::files::Files;\n}", "a.rs:3: `search` may not name `files`"),
        ("src/search/a.rs", "use super::super::catalog::Catalog;", "`search` may not name `catalog`"),
        ("src/search/mod.rs", "pub use super::catalog::Catalog;", "`search` may not name `catalog`"),
        ("src/search/a.rs", "use self::super::super::{blob, domain};", "`search` may not name `blob`"),
        ("src/search/a.rs", "#[cfg(test)]\nmod tests {\n    use super::super::super::catalog::Row;\n}", "`search` may not name `catalog`"),
        ("src/search/a.rs", "use crate as root;", "names the root of the crate"),
        ("src/search/a.rs", "use crate::*;", "names the root of the crate"),
        ("src/search/a.rs", "use crate::{self as root};", "names the root of the crate"),
        ("src/search/a.rs", "use crate::helpers::trim;", "`helpers` is no room"),
        ("src/helpers/a.rs", "", "`helpers` is no room of the house"),
        ("src/domain/a.rs", "use crate::telemetry::Stopwatch;", "`domain` may not name `telemetry`"),
        ("src/telemetry/a.rs", "use crate::files::Files;", "`telemetry` may not name `files`"),
        ("src/tools/a.rs", "use crate::jobs::Job;", "`tools` may not name `jobs`"),
        ("src/tools/a.rs", "use crate::catalog::Catalog;", "`tools` may not name `catalog`"),
        ("src/jobs/a.rs", "use crate::tools::Registry;", "`jobs` may not name `tools`"),
        ("src/api/a.rs", "use crate::models::Model;", "`api` may not name `models`"),
        ("src/files/a.rs", "use crate::app::Settings;", "`files` may not name `app`"),
        ("src/main.rs", "fn main() { satchel::catalog::open() }", "`main` may not name `catalog`"),
        ("src/lib.rs", "pub mod helpers;", "holds only `pub mod ROOM;`"),
        ("src/lib.rs", "pub mod domain;\npub use domain::FileId;", "lib.rs:2: holds only"),
        ("src/lib.rs", "mod domain;", "holds only"),
        ("src/files/a.rs", "use aws_sdk_s3::Client;", "`files` may not name the crate `aws_sdk_s3`"),
        ("src/models/a.rs", "use aws_sdk_s3::Client;", "`models` may not name the crate `aws_sdk_s3`"),
        ("src/blob/a.rs", "use aws_sdk_bedrockruntime::Client;", "`blob` may not name the crate `aws_sdk_bedrockruntime`"),
        ("src/files/a.rs", "fn f(e: sqlx::Error) {}", "`files` may not name the crate `sqlx`"),
        ("src/files/a.rs", "#[derive(sqlx::FromRow)] struct Row;", "`files` may not name the crate `sqlx`"),
        ("src/files/a.rs", "use ::axum::Router;", "`files` may not name the crate `axum`"),
        ("src/files/a.rs", "use {axum::Router, std::fmt};", "`files` may not name the crate `axum`"),
        ("src/files/a.rs", "use tantivy as engine;", "`files` may not name the crate `tantivy`"),
        ("src/files/a.rs", "extern crate tantivy;", "`files` may not name the crate `tantivy`"),
        ("src/files/a.rs", "use reqwest::Client;", "`files` may not name the crate `reqwest`"),
        ("src/files/tests.rs", "use sqlx::Row;", "`files` may not name the crate `sqlx`"),
        ("src/tools/a.rs", "use minijinja::Environment;", "`tools` may not name the crate `minijinja`"),
        ("src/main.rs", "use clap::Parser;", "`main` may not name the crate `clap`"),
        ("src/domain/a.rs", "use tokio::sync::Mutex;", "`domain` may not name the crate `tokio`"),
        ("src/domain/a.rs", "use std::{fmt, fs};", "`domain` does no I/O: `std::fs`"),
        ("src/domain/a.rs", "async fn f() {}", "`domain` is not async"),
        ("src/domain/mod.rs", "", "opens with `//! Owns ...`"),
        ("src/domain/mod.rs", "//! Owns x.\n//!\n//! Must not y.\n", "no `To add one ...`"),
        ("src/domain/mod.rs", "//! Owns x.\n\n//! Must not y.\n//! To add one: z.\n", "no `Must not ...`"),
        ("src/blob/inner/mod.rs", "//! The inside.", "opens with `//! Owns ...`"),
        ("src/notify.rs", "//! Sends.", "opens with `//! Owns ...`"),
        ("src/domain/mod.rs", &format!("{FRONT}\nmod a;\npub fn f() {{}}"), "mod.rs:8: a `mod.rs` holds docs"),
        ("src/files/a.rs", "fn f() { todo!() }", "`todo!`"),
        ("src/files/a.rs", "fn f() { unimplemented!(\"later\") }", "`unimplemented!`"),
        ("tests/it/a.rs", "#[test]\n#[ignore]\nfn f() {}", "a.rs:2: `[ignore`"),
        ("tests/it/a.rs", "#[ignore = \"slow\"]\nfn f() {}", "`[ignore`"),
        ("src/files/a.rs", "#[path = \"../catalog/rows.rs\"]\nmod rows;", "`#[path`"),
        ("tests/it/a.rs", &"\n".repeat(LONGEST + 1), "split it by subject"),
    ];
    for (path, text, expected) in cases {
        let found = faults(path, text);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{path} with\n{text}\nshould give `{expected}`, gave {found:?}");
    }
}

#[test]
fn what_keeps_the_rules_passes() {
    let cases = [
        ("src/search/a.rs", "use crate::domain::FileId;\nuse crate::telemetry::Stopwatch;\nuse crate::search::spoken::Words;"),
        (
            "src/search/a.rs",
            "/// See [`Catalog`](crate::catalog::Catalog).\n// crate::catalog::x\nconst X: &str = \"crate::catalog::x sqlx::x todo!()\";",
        ),
        ("src/search/a.rs", "pub(crate) fn f() {}\npub(in crate::search) fn g() {}"),
        ("src/search/a/b.rs", "use super::super::catalog::Local;"),
        ("src/search/a.rs", "#[cfg(test)]\nmod tests {\n    use super::super::catalog::Local;\n}"),
        ("src/search/a/tests.rs", "use reqwest::Client;"),
        ("src/search/tests/mod.rs", "fn world() {}"),
        ("src/files/a.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n    use super::policy::Local;\n}"),
        ("src/files/a.rs", "use crate::{policy::Permit, catalog::Catalog, blob::Store, search::Index};"),
        ("src/app/a.rs", "use crate::{api, jobs, catalog};\nuse clap::Parser;"),
        ("src/main.rs", "fn main() { satchel::app::main() }"),
        ("src/lib.rs", "//! The toolbox.\n\n#[cfg(unix)]\npub mod domain;\npub mod files;"),
        ("src/catalog/a.rs", "use sqlx::Row;\nfn f<'sqlx>(x: &'sqlx str) {}"),
        ("src/blob/a.rs", "use aws_sdk_s3::Client;\nuse aws_smithy_types::byte_stream::ByteStream;"),
        ("src/files/a.rs", "fn f(x: &[u8]) { x.iter().zip(y); std::iter::zip(x, y); self::http::get(); Kind::axum::<u8>(); }"),
        ("src/domain/a.rs", "use std::{fmt, ops::Range};\nuse serde::Serialize;"),
        ("src/domain/mod.rs", &format!("{FRONT}\nmod a;\n#[cfg(test)]\nmod tests;\npub use a::{{B, C}};")),
        ("src/files/a.rs", "fn ignore(list: [bool; 1]) { let todo = 1; }"),
        ("tests/it/a.rs", &"\n".repeat(LONGEST)),
        ("tests/it/a.rs", "use sqlx::Row;\nuse satchel::catalog::Catalog;"),
    ];
    for (path, text) in cases {
        assert_eq!(faults(path, text), Vec::<String>::new(), "{path} with\n{text}");
    }
}

#[test]
fn a_listed_long_file_may_be_long_but_not_stay_listed_once_it_is_short() {
    let (short, long) = ("\n".repeat(LONGEST), "\n".repeat(LONGEST + 1));
    let cases = [(&short, &[][..], 0), (&long, &[][..], 1), (&long, &["a.rs"][..], 0), (&short, &["a.rs"][..], 1)];
    for (text, listed, expected) in cases {
        assert_eq!(length_faults("a.rs", text, listed).len(), expected, "{} lines, listed: {listed:?}", text.len());
    }
}

#[test]
fn machine_paths_and_registry_hosts_are_found_where_they_are_meant() {
    let [work, home] = MACHINE_PATHS else { panic!("two folders are listed") };
    let host = REGISTRY_HOSTS[0];
    let cases = [
        ("README.md", format!("cd {work}main"), 1),
        ("README.md", format!("see `{home}x`, {home}y"), 1),
        ("README.md", format!("first\nfrom static.{host}\n{work}z"), 2),
        ("README.md", format!("src{work}main.rs and ~{home}x"), 0),
        ("Cargo.lock", format!("source = \"index.{host}\""), 0),
        ("Cargo.lock", format!("source = \"{work}vendor\""), 1),
    ];
    for (path, text, expected) in cases {
        assert_eq!(text_faults(path, &text).len(), expected, "{path} with\n{text}");
    }
}
