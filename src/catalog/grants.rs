//! Standing rights of users and teams on files and folders, and who may use a file beyond its owner.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::files::touch;
use super::rows::{RowRef, micros};
use super::session::Reader;
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, FileId, Folder, GrantId, Level, Owner, PersonId, Rights, Timestamp, UserId};

/// Most living rights of one file or folder that are told.
const LISTED: i64 = 1000;

/// Somebody who may use a file beyond its owner, by a share or a standing right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub to: PersonId,
    /// How far.
    pub level: Level,
    /// Until when; the end of time where no end was set.
    pub expires_at: Timestamp,
}

/// On what a standing right lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// One file.
    File(FileId),
    /// All that lies in a folder, now and later.
    Folder(Folder),
}

/// A standing right to be given.
#[derive(Debug)]
pub struct NewGrant {
    /// Which.
    pub id: GrantId,
    /// Whose.
    pub customer: CustomerId,
    /// On what.
    pub place: Place,
    /// To a user or a team.
    pub to: PersonId,
    /// How far.
    pub level: Level,
    /// Until when; `None` until it is ended.
    pub expires_at: Option<Timestamp>,
}

/// A standing right as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Which.
    pub id: GrantId,
    /// On what.
    pub place: Place,
    /// To whom.
    pub to: PersonId,
    /// How far.
    pub level: Level,
    /// Who gave it: an id.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when; `None` until it is ended.
    pub expires_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct RecordRow {
    id: String,
    file_id: Option<String>,
    folder: Option<String>,
    grantee_id: String,
    level: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
}

impl RecordRow {
    fn into_record(self) -> Result<GrantRecord, CatalogError> {
        let row = RowRef { table: "grants", id: &self.id };
        let place = match (&self.file_id, &self.folder) {
            (Some(file), None) => Place::File(row.parsed(file)?),
            (None, Some(folder)) => Place::Folder(Folder::parse(folder).map_err(|_| row.corrupt())?),
            _ => return Err(row.corrupt()),
        };
        Ok(GrantRecord {
            id: row.parsed(&self.id)?,
            place,
            to: PersonId::parse(&self.grantee_id).map_err(|_| row.corrupt())?,
            level: row.known(Level::parse(&self.level))?,
            created_at: row.instant(self.created_at)?,
            expires_at: row.maybe_instant(self.expires_at)?,
            created_by: self.created_by.clone(),
        })
    }
}

/// Of a file or folder: who, how far (by the name of a right or of a level), and until when.
pub(super) type GrantRow = (String, String, String, Option<i64>);

pub(super) fn grant((place, to, reach, expires_at): &GrantRow) -> Result<Grant, CatalogError> {
    let row = RowRef { table: "grants", id: place };
    let level = Level::parse(reach).or_else(|| Rights::parse(reach).map(Level::from));
    Ok(Grant {
        to: PersonId::parse(to).map_err(|_| row.corrupt())?,
        level: row.known(level)?,
        expires_at: row.maybe_instant(*expires_at)?.unwrap_or(Timestamp::MAX),
    })
}

/// The folder with every folder above it.
fn enclosing(folder: &Folder) -> Vec<String> {
    folder.enclosing().map(str::to_owned).collect()
}

/// The living grants of these folders, each with its own.
async fn of_folders(
    reader: &mut Reader,
    customer: CustomerId,
    folders: &[String],
    now: Timestamp,
) -> Result<BTreeMap<String, Vec<Grant>>, CatalogError> {
    let rows: Vec<GrantRow> = sql::query(
        "SELECT folder, grantee_id, level, expires_at FROM grants \
         WHERE customer_id = $1 AND ended_at IS NULL AND folder IS NOT NULL AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(customer.to_string())
    .bind(micros(now))
    .one_of("folder", folders)
    .then(" ORDER BY id")
    .fetch_all(reader)
    .await?;
    let mut all: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for row in rows {
        let grant = grant(&row)?;
        all.entry(row.0).or_default().push(grant);
    }
    Ok(all)
}

/// Ends what somebody has on a file or folder; whether there was something.
async fn end_of(tx: &mut Tx, customer: CustomerId, place: &Place, to: PersonId, now: Timestamp) -> Result<(), CatalogError> {
    let (text, at) = match place {
        Place::File(file) => (
            "UPDATE grants SET ended_at = $4 WHERE customer_id = $1 AND file_id = $2 AND grantee_id = $3 AND ended_at IS NULL",
            file.to_string(),
        ),
        Place::Folder(folder) => (
            "UPDATE grants SET ended_at = $4 WHERE customer_id = $1 AND folder = $2 AND grantee_id = $3 AND ended_at IS NULL",
            folder.as_str().to_owned(),
        ),
    };
    sql::query(text).bind(customer.to_string()).bind(at).bind(to.to_string()).bind(micros(now)).execute(tx).await?;
    Ok(())
}

impl Catalog {
    /// Gives a user or a team a standing right in place of whatever standing right they had there.
    ///
    /// # Errors
    /// `Conflict` when the file or the grantee is not there, or the grantee is no active user or team; else when it
    /// could not be committed.
    pub async fn give_grant(&self, new: &NewGrant, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let customer = new.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(new.customer).await?;
            let grantee: Option<(String,)> =
                sql::query("SELECT id FROM people WHERE customer_id = $1 AND id = $2 AND deactivated_at IS NULL")
                    .bind(&customer)
                    .bind(new.to.to_string())
                    .fetch_optional(&mut tx)
                    .await?;
            if grantee.is_none() || matches!(new.to, PersonId::Contact(_)) {
                return Err(CatalogError::Conflict("whom it is given to is no active user or team"));
            }
            end_of(&mut tx, new.customer, &new.place, new.to, now).await?;
            let (file, folder) = match &new.place {
                Place::File(file) => (Some(file.to_string()), None),
                Place::Folder(folder) => (None, Some(folder.as_str().to_owned())),
            };
            sql::query(
                "INSERT INTO grants (id, customer_id, file_id, folder, grantee_id, level, created_by, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(new.id.to_string())
            .bind(&customer)
            .bind(file)
            .bind(folder)
            .bind(new.to.to_string())
            .bind(new.level.as_str())
            .bind(entry.actor.to_string())
            .bind(micros(now))
            .bind(new.expires_at.map(micros))
            .execute(&mut tx)
            .await?;
            if let Place::File(file) = new.place {
                touch(&mut tx, new.customer, file, now).await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Ends a standing right.
    ///
    /// # Errors
    /// `Conflict` when it has ended already or never was; else when it could not be committed.
    pub async fn end_grant(&self, customer: CustomerId, grant: GrantId, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let ended: Option<(Option<String>,)> =
                sql::query("UPDATE grants SET ended_at = $3 WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL RETURNING file_id")
                    .bind(customer.to_string())
                    .bind(grant.to_string())
                    .bind(micros(now))
                    .fetch_optional(&mut tx)
                    .await?;
            let (file,) = ended.ok_or(CatalogError::Conflict("it has ended already"))?;
            if let Some(file) = file {
                let file = RowRef { table: "grants", id: &file }.parsed(&file)?;
                touch(&mut tx, customer, file, now).await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// One living standing right.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn standing_grant(&self, customer: CustomerId, grant: GrantId) -> Result<Option<GrantRecord>, CatalogError> {
        let row: Option<RecordRow> = sql::query(
            "SELECT id, file_id, folder, grantee_id, level, created_by, created_at, expires_at FROM grants \
             WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $3)",
        )
        .bind(customer.to_string())
        .bind(grant.to_string())
        .bind(micros(self.clock().now()))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        row.map(RecordRow::into_record).transpose()
    }

    /// The living standing rights of one file or folder, the oldest first, a thousand at most.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn standing_grants(&self, customer: CustomerId, place: &Place) -> Result<Vec<GrantRecord>, CatalogError> {
        let (text, at) = match place {
            Place::File(file) => (
                "SELECT id, file_id, folder, grantee_id, level, created_by, created_at, expires_at FROM grants \
                 WHERE customer_id = $1 AND file_id = $2 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $3) ORDER BY id LIMIT $4",
                file.to_string(),
            ),
            Place::Folder(folder) => (
                "SELECT id, file_id, folder, grantee_id, level, created_by, created_at, expires_at FROM grants \
                 WHERE customer_id = $1 AND folder = $2 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $3) ORDER BY id LIMIT $4",
                folder.as_str().to_owned(),
            ),
        };
        let rows: Vec<RecordRow> = sql::query(text)
            .bind(customer.to_string())
            .bind(at)
            .bind(micros(self.clock().now()))
            .bind(LISTED)
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(RecordRow::into_record).collect()
    }

    /// Living shares and grants of one file, those of the folders it lies in among them.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn grants(&self, customer: CustomerId, file: FileId) -> Result<Vec<Grant>, CatalogError> {
        let mut all = self.grants_of(customer, &[file]).await?;
        Ok(all.remove(&file).unwrap_or_default())
    }

    /// Living shares and grants of several files, those of the folders they lie in among them; an empty list where
    /// there is none.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn grants_of(&self, customer: CustomerId, files: &[FileId]) -> Result<BTreeMap<FileId, Vec<Grant>>, CatalogError> {
        let mut all: BTreeMap<FileId, Vec<Grant>> = files.iter().map(|file| (*file, Vec::new())).collect();
        if all.is_empty() {
            return Ok(all);
        }
        let now = self.clock().now();
        let mut reader = self.read(customer).await?;
        // Who had a file sent to himself got a link, and no right that he had not.
        let shares = "SELECT file_id, recipient_id, rights, expires_at FROM shares \
                      WHERE customer_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND recipient_id <> created_by";
        let grants = "SELECT file_id, grantee_id, level, expires_at FROM grants \
                      WHERE customer_id = $1 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
        for text in [shares, grants] {
            let rows: Vec<GrantRow> = sql::query(text)
                .bind(customer.to_string())
                .bind(micros(now))
                .one_of("file_id", files)
                .then(" ORDER BY id")
                .fetch_all(&mut reader)
                .await?;
            for row in rows {
                let grant = grant(&row)?;
                all.entry(RowRef { table: "grants", id: &row.0 }.parsed(&row.0)?).or_default().push(grant);
            }
        }
        let places: Vec<(String, String)> = sql::query("SELECT id, folder FROM files WHERE customer_id = $1")
            .bind(customer.to_string())
            .one_of("id", files)
            .fetch_all(&mut reader)
            .await?;
        let mut folders = Vec::with_capacity(places.len());
        for (id, folder) in &places {
            let row = RowRef { table: "files", id };
            folders.push((row.parsed::<FileId>(id)?, enclosing(&Folder::parse(folder).map_err(|_| row.corrupt())?)));
        }
        let mut wanted: Vec<String> = folders.iter().flat_map(|(_, folders)| folders.iter().cloned()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(all);
        }
        let of_folders = of_folders(&mut reader, customer, &wanted, now).await?;
        for (file, folders) in folders {
            let granted = folders.iter().filter_map(|folder| of_folders.get(folder)).flatten().copied();
            all.entry(file).or_default().extend(granted);
        }
        Ok(all)
    }

    /// Living grants of a folder and of those above it.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn folder_grants(&self, customer: CustomerId, folder: &Folder) -> Result<Vec<Grant>, CatalogError> {
        let mut reader = self.read(customer).await?;
        Ok(of_folders(&mut reader, customer, &enclosing(folder), self.clock().now()).await?.into_values().flatten().collect())
    }

    /// The folders of which any of these people and teams holds a living grant, sorted.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn granted_folders(&self, customer: CustomerId, to: &[PersonId]) -> Result<Vec<Folder>, CatalogError> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String,)> = sql::query(
            "SELECT DISTINCT folder FROM grants \
             WHERE customer_id = $1 AND ended_at IS NULL AND folder IS NOT NULL AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(customer.to_string())
        .bind(micros(self.clock().now()))
        .one_of("grantee_id", to)
        .then(" ORDER BY folder")
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.iter().map(|(folder,)| Folder::parse(folder).map_err(|_| RowRef { table: "grants", id: folder }.corrupt())).collect()
    }

    /// Makes a user the owner of a file, in place of the one it was decided on.
    ///
    /// # Errors
    /// `Conflict` when the file is gone or has another owner by now, or the new one is no active user; else when it
    /// could not be committed.
    pub async fn transfer_file(
        &self,
        customer: CustomerId,
        file: FileId,
        from: Owner,
        to: UserId,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = self.clock().now();
        let from = match from {
            Owner::User(user) => Some(user.to_string()),
            Owner::Service => None,
        };
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let known: Option<(String,)> =
                sql::query("SELECT id FROM people WHERE customer_id = $1 AND id = $2 AND deactivated_at IS NULL")
                    .bind(customer.to_string())
                    .bind(to.to_string())
                    .fetch_optional(&mut tx)
                    .await?;
            if known.is_none() {
                return Err(CatalogError::Conflict("whom it is given to is no active user or team"));
            }
            let moved = sql::query(
                "UPDATE files SET owner_id = $3 WHERE customer_id = $1 AND id = $2 AND status <> 'deleted' \
                 AND COALESCE(owner_id, '') = COALESCE($4, '')",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(to.to_string())
            .bind(&from)
            .execute(&mut tx)
            .await?;
            if moved == 0 {
                return Err(CatalogError::Conflict("the file is gone or has another owner by now"));
            }
            touch(&mut tx, customer, file, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
