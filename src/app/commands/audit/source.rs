//! Where the trail is read: a server, a database, or a data folder that nobody serves.

use std::path::Path;
use std::sync::Arc;

use crate::app::arguments::{AuditArgs, ServerArgs};
use crate::app::client::{As, Client, ClientError, data_folder};
use crate::app::failure::Failure;
use crate::app::folder::{Folder, MOVED};
use crate::app::settings::{CatalogPlace, Settings};
use crate::catalog::{Catalog, CheckpointVerifier};
use crate::domain::{SystemClock, SystemEntropy};

/// Where the trail is read.
pub enum Source {
    /// Where a server answers for it.
    Served(Client),
    /// Where it is kept. A folder is held meanwhile; a database is shared with whoever serves from it.
    Kept { catalog: Catalog, folder: Option<Folder> },
}

pub async fn source(of: &AuditArgs) -> Result<Source, Failure> {
    let AuditArgs { server, database } = of;
    if let (Some(url), None) = (database, &server.url) {
        return Ok(Source::Kept { catalog: catalog_in(url).await?, folder: None });
    }
    if let Some(client) = connected(server)? {
        return Ok(Source::Served(client));
    }
    let (catalog, folder) = catalog_of(server).await?;
    Ok(Source::Kept { catalog, folder: Some(folder) })
}

/// What checks the checkpoints of a catalog by its folder's own secret, when that is the secret the
/// catalog was made with.
pub async fn verifier_of(catalog: &Catalog, folder: Option<&Folder>) -> Result<Option<CheckpointVerifier>, Failure> {
    let Some(secret) = folder.map(|folder| folder.secrets(&SystemEntropy)).transpose()?.and_then(|secrets| secrets.server_secret()) else {
        return Ok(None);
    };
    if catalog.belong_to(&secret.mark()).await.is_err() {
        return Ok(None);
    }
    Ok(secret.checkpoint_key().map(|key| key.verifier().clone()))
}

/// The server to ask; `None` when the data folder may be opened instead: nobody holds it.
fn connected(server: &ServerArgs) -> Result<Option<Client>, Failure> {
    match Client::connect(server, As::Operator) {
        Ok(client) if server.url.is_some() || Folder::is_held(&data_folder(server)) => Ok(Some(client)),
        Ok(_) | Err(ClientError::NoServer { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn catalog_in(url: &str) -> Result<Catalog, Failure> {
    let CatalogPlace::Postgres(place) = Settings::on_server(url, None).catalog_place()? else {
        return Err(Failure::Usage("name the database with `--database`, or in `SATCHEL__CATALOG__URL` with its password".to_owned()));
    };
    Ok(Box::pin(Catalog::connect(&place, Arc::new(SystemClock), Arc::new(SystemEntropy))).await?)
}

async fn catalog_of(server: &ServerArgs) -> Result<(Catalog, Folder), Failure> {
    let dir = data_folder(server);
    if !catalog_exists(&dir) {
        return Err(Failure::Usage(format!(
            "there is no catalog in `{}`; name a data folder with `--data`, or a database with `--database`",
            dir.display()
        )));
    }
    if dir.join(MOVED).exists() {
        let sentence = format!("the catalog of `{}` has moved to a database; name it with `--database`", dir.display());
        return Err(Failure::Usage(sentence));
    }
    let folder = Folder::take(&dir)?;
    let catalog = Catalog::open(&folder.join("catalog"), Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    Ok((catalog, folder))
}

fn catalog_exists(dir: &Path) -> bool {
    dir.join("catalog").join("catalog.db").exists()
}
