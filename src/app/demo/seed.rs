//! Puts the demo's people and files into a customer, through the use cases. A start that was
//! interrupted is continued: what is there already is found by name, and never added twice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use indicatif::ProgressBar;

use super::world::{self, DemoFile, DemoPerson, WorldError};
use crate::domain::{Category, FileId, FileName, Folder, Lifetime, PersonId, PersonKind, Phone, Rights, Role, UserId};
use crate::files::{AddRequest, Files, FilesError, Given, PersonRequest, Subject};

/// Why the demo's material did not get in.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The material itself.
    #[error(transparent)]
    World(#[from] WorldError),
    /// A person, file or date of the material means nothing.
    #[error("the demo's entry `{entry}` cannot be used")]
    Entry {
        /// Which.
        entry: String,
    },
    /// A use case failed.
    #[error("`{entry}` could not be put in place")]
    UseCase {
        /// For which entry.
        entry: String,
        /// Why.
        source: FilesError,
    },
}

/// What is in place now.
pub struct Seeded {
    /// The one who calls in the demo: the first user of the directory.
    pub caller: UserId,
    /// Files.
    pub files: usize,
}

/// How long to wait before looking again whether files are inspected.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const SHARE_DAYS: i64 = 365;

/// Puts people, files and shares in place, and waits until every file is inspected.
pub async fn seed(files: &Files, subject: &Subject, bar: &ProgressBar) -> Result<Seeded, SeedError> {
    let people = seed_people(files, subject).await?;
    let wanted = world::files()?;
    // Each file counts twice: when it has arrived, and when it has been read.
    bar.set_length(wanted.len() as u64 * 2);
    let mut seeder = Seeder { files, subject, people: &people, bar, there: existing(files, subject).await?, placed: HashMap::new() };
    for entry in &wanted {
        seeder.place(entry).await?;
    }
    seeder.wait().await?;
    seeder.share(&wanted).await?;
    let caller = people.values().find_map(|(order, id)| if *order == 0 { as_user(*id) } else { None });
    let caller = caller.ok_or_else(|| SeedError::Entry { entry: "people.json".to_owned() })?;
    Ok(Seeded { caller, files: seeder.placed.values().collect::<HashSet<_>>().len() })
}

type People = HashMap<String, (usize, PersonId)>;

const fn as_user(id: PersonId) -> Option<UserId> {
    match id {
        PersonId::User(user) => Some(user),
        PersonId::Team(_) | PersonId::Contact(_) => None,
    }
}

async fn seed_people(files: &Files, subject: &Subject) -> Result<People, SeedError> {
    let failed = |entry: &str| {
        let entry = entry.to_owned();
        move |source| SeedError::UseCase { entry, source }
    };
    let there = files.people(subject).await.map_err(failed("people.json"))?;
    let mut placed = People::new();
    for (order, person) in world::people()?.into_iter().enumerate() {
        let id = match there.iter().find(|found| found.name == person.name) {
            Some(found) => found.id,
            None => files.add_person(subject, &request_for(&person, &placed)?).await.map_err(failed(&person.key))?.id,
        };
        placed.insert(person.key, (order, id));
    }
    Ok(placed)
}

fn request_for(person: &DemoPerson, placed: &People) -> Result<PersonRequest, SeedError> {
    let wrong = || SeedError::Entry { entry: person.key.clone() };
    let kind: PersonKind = serde_json::from_value(serde_json::Value::from(person.kind.as_str())).map_err(|_| wrong())?;
    let roles = person.roles.iter().filter(|role| *role != "none").map(|role| Role::parse(role).ok_or_else(wrong));
    let members = person.members.iter().map(|key| placed.get(key).and_then(|(_, id)| as_user(*id)).ok_or_else(wrong));
    Ok(PersonRequest {
        kind,
        name: person.name.clone(),
        email: person.email.clone(),
        phone: person.phone.as_deref().map(Phone::parse).transpose().map_err(|_| wrong())?,
        roles: Some(roles.collect::<Result<_, _>>()?),
        detail: person.detail.clone(),
        members: members.collect::<Result<_, _>>()?,
    })
}

/// Files that an earlier start has put in place, by folder and name.
async fn existing(files: &Files, subject: &Subject) -> Result<HashMap<(String, String), FileId>, SeedError> {
    let mut there = HashMap::new();
    let mut after: Option<String> = None;
    loop {
        let (page, next) = files
            .list_files(subject, after.as_deref(), 200)
            .await
            .map_err(|source| SeedError::UseCase { entry: "manifest.json".to_owned(), source })?;
        there.extend(
            page.into_iter().map(|view| ((view.file.folder.as_str().to_owned(), view.file.name.as_str().to_owned()), view.file.id)),
        );
        if next.is_none() {
            return Ok(there);
        }
        after = next;
    }
}

struct Seeder<'a> {
    files: &'a Files,
    subject: &'a Subject,
    people: &'a People,
    bar: &'a ProgressBar,
    there: HashMap<(String, String), FileId>,
    placed: HashMap<String, FileId>,
}

impl Seeder<'_> {
    async fn place(&mut self, entry: &DemoFile) -> Result<(), SeedError> {
        let base = match &entry.version_of {
            None => None,
            Some(base) => Some(*self.placed.get(base).ok_or_else(|| SeedError::Entry { entry: entry.path.clone() })?),
        };
        let place = (entry.folder.clone(), entry.name().to_owned());
        let known = match self.there.get(&place) {
            Some(id) => Some(*id),
            None => self.successor(entry)?,
        };
        let id = if let Some(id) = known {
            id
        } else {
            if base.is_some() {
                // The next version starts from one that was inspected.
                self.wait().await?;
            }
            self.add(entry, base).await?
        };
        self.placed.insert(entry.path.clone(), id);
        self.bar.inc(1);
        Ok(())
    }

    async fn add(&self, entry: &DemoFile, base: Option<FileId>) -> Result<FileId, SeedError> {
        let wrong = || SeedError::Entry { entry: entry.path.clone() };
        let category = entry.category.as_deref().and_then(Category::parse);
        let mut tags = entry.tags.clone();
        if category.is_none()
            && let Some(word) = entry.category.as_ref().filter(|word| !entry.tags.contains(word))
        {
            tags.push(word.clone());
        }
        let owner = entry.owner.as_ref().map(|key| self.people.get(key).and_then(|(_, id)| as_user(*id)).ok_or_else(wrong));
        let request = AddRequest {
            name: FileName::parse(entry.name()).map_err(|_| wrong())?,
            folder: Folder::parse(&entry.folder).map_err(|_| wrong())?,
            owner: owner.transpose()?,
            given: Given {
                title: entry.title.clone(),
                author: entry.author.clone(),
                tags,
                category,
                topic: None,
                created_date: entry.created_date.as_deref().map(str::parse).transpose().map_err(|_| wrong())?,
            },
            content_type: None,
            replaces: base,
        };
        let bytes = Bytes::from_static(entry.bytes().ok_or_else(wrong)?);
        let file = self.files.add(self.subject, &request, Box::pin(stream::iter([Ok(bytes)]))).await;
        file.map(|view| view.file.id).map_err(|source| SeedError::UseCase { entry: entry.path.clone(), source })
    }

    /// The file that an earlier start has brought further than this entry.
    fn successor(&self, entry: &DemoFile) -> Result<Option<FileId>, SeedError> {
        let mut path = entry.path.clone();
        let entries = world::files()?;
        while let Some(next) = entries.iter().find(|next| next.version_of.as_ref() == Some(&path)) {
            if let Some(id) = self.there.get(&(next.folder.clone(), next.name().to_owned())) {
                return Ok(Some(*id));
            }
            path.clone_from(&next.path);
        }
        Ok(None)
    }

    /// Waits until no file waits for inspection.
    async fn wait(&self) -> Result<(), SeedError> {
        loop {
            let open = self.files.open_jobs(self.subject.customer()).await;
            let open = open.map_err(|source| SeedError::UseCase { entry: "inspection".to_owned(), source })?;
            let arrived = self.placed.len() as u64;
            self.bar.set_position(arrived + arrived.saturating_sub(open));
            if open == 0 {
                return Ok(());
            }
            self.files.changed(LOOK_AGAIN).await;
        }
    }

    /// Lets those whom the manifest names view the files.
    async fn share(&self, entries: &[DemoFile]) -> Result<(), SeedError> {
        let lifetime = Lifetime::from_seconds(SHARE_DAYS * 86_400).unwrap_or(Lifetime::SHARE);
        let mut given = HashSet::new();
        for entry in entries {
            let failed = |source| SeedError::UseCase { entry: entry.path.clone(), source };
            let Some(file) = self.placed.get(&entry.path).copied() else { continue };
            if entry.shared_with.is_empty() {
                continue;
            }
            let there = self.files.metadata(self.subject, file).await.map_err(failed)?.shared_with;
            for key in &entry.shared_with {
                let (_, person) = self.people.get(key).ok_or_else(|| SeedError::Entry { entry: entry.path.clone() })?;
                if given.insert((file, *person)) && !there.iter().any(|found| found.id == *person) {
                    self.files.grant(self.subject, file, *person, Rights::View, lifetime).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}
