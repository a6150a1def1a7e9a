//! Postgres over an encrypted connection: what its server must prove, and what an operator is told when it does not.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use satchel::catalog::{Catalog, CatalogError, Ground, PostgresSettings, TlsFault};
use satchel::domain::{SystemClock, SystemEntropy};

use super::program::run;
use crate::support::{Database, beside};

/// An authority of this test's making, which vouches for nobody.
fn other_authority(folder: &Path) -> String {
    let file = folder.join("other.crt");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=another authority"]);
    let made = openssl.arg("-keyout").arg(folder.join("other.key")).arg("-out").arg(&file).stderr(Stdio::null()).status().unwrap();
    assert!(made.success());
    file.to_str().unwrap().to_owned()
}

/// Whether a connection is encrypted, or why there is none.
async fn connected(url: &str, owner_url: Option<String>) -> Result<bool, TlsFault> {
    let settings = PostgresSettings { url: url.to_owned(), owner_url, connections: 2 };
    match Catalog::connect(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy)).await {
        Ok(catalog) => {
            let Ground::Postgres(standing) = catalog.ground() else { panic!("{url} is no file") };
            catalog.close().await;
            Ok(standing.encrypted)
        }
        Err(CatalogError::Untrusted { fault, .. }) => Err(fault),
        Err(error) => panic!("{url}: {error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_must_prove_who_it_is_is_served_from_only_when_it_does() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    assert_eq!(connected(&database.url(), Some(database.owner_url())).await, Ok(false), "the tables are made, without encryption");
    let (right, wrong) = (beside("SATCHEL_TEST_POSTGRES_CA"), other_authority(folder.path()));
    let of = |mode: &str, authority: &str| format!("?sslmode={mode}&sslrootcert={authority}");
    let pooler = beside("SATCHEL_TEST_PGBOUNCER_SESSION");
    let plain: Option<u16> = Some(pooler.split_once(':').unwrap().1.parse().unwrap());
    // Postgres has a certificate for `localhost` of the right authority; the pooler has none, as a server without one. A name
    // that is not known to be this machine's is another's, wherever it leads: `127.1` is.
    for (host, port, words, expected) in [
        ("localhost", None, of("verify-full", &right), Ok(true)),
        ("127.0.0.1", None, of("verify-ca", &right), Ok(true)),
        ("127.0.0.1", None, "?sslmode=require".to_owned(), Ok(true)),
        ("127.0.0.1", None, String::new(), Ok(true)),
        ("localhost", None, "?sslmode=verify-full".to_owned(), Err(TlsFault::Issuer)),
        ("localhost", None, of("verify-full", &wrong), Err(TlsFault::Issuer)),
        ("127.0.0.1", None, of("verify-ca", &wrong), Err(TlsFault::Issuer)),
        ("127.0.0.1", None, of("verify-full", &right), Err(TlsFault::Name)),
        ("127.1", None, format!("?sslrootcert={right}"), Err(TlsFault::Name)),
        ("localhost", None, of("verify-full", "/nowhere/ca.crt"), Err(TlsFault::File)),
        ("127.0.0.1", plain, "?sslmode=require".to_owned(), Err(TlsFault::Unencrypted)),
        ("localhost", plain, of("verify-full", &right), Err(TlsFault::Unencrypted)),
        ("127.1", plain, String::new(), Err(TlsFault::Unencrypted)),
        ("127.1", plain, "?sslmode=disable".to_owned(), Ok(false)),
        ("127.0.0.1", plain, String::new(), Ok(false)),
    ] {
        let url = database.url_at(host, port, &words);
        assert_eq!(connected(&url, None).await, expected, "{host} {port:?} {words}");
    }
    // The owner of the tables demands the same.
    let owner = database.owner_url().replace("127.0.0.1", "localhost").replace("sslmode=disable", "sslmode=verify-full");
    assert_eq!(connected(&database.url(), Some(owner)).await, Err(TlsFault::Issuer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_told_in_one_sentence_why_a_database_is_not_trusted() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new().await);
    let data = folder.path().join("data");
    let serve = |url: &str| run(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--database", url]);
    let unknown =
        "no authority that this machine knows vouches for the server's certificate; name the file of its authority with `sslrootcert=...`";
    let unknown_to_us = database.url_at("localhost", None, "?sslmode=verify-full");
    let misnamed = database.url_at("127.0.0.1", None, &format!("?sslmode=verify-full&sslrootcert={}", beside("SATCHEL_TEST_POSTGRES_CA")));
    for (url, saying) in [(unknown_to_us, unknown), (misnamed, "write the name that the certificate is for")] {
        for (ended, code) in [(serve(&url), 2), (run(&["audit", "verify", "--database", &url]), 1)] {
            ended.refused(code, saying);
            assert!(!ended.remarks.contains("test@"), "no password is told: {ended:?}");
        }
    }
}
