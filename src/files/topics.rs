//! By which word files are sorted: what the rules say, what people say, what that teaches of files like theirs, and a customer's own
//! categories.

use super::sensitivity::sought;
use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, OwnTopicRecord};
use crate::domain::{AuditEntry, CustomerId, FileId, FileRecord, Hint, Likeness, OwnTopic, Sorted, Sought, Topic};
use crate::policy::{Categorise, Organise, Permit};

impl Files {
    /// Says what a file is, whatever the rules say, for it and all its later versions; `None` takes back what was said. Files like it
    /// are shifted towards it when they are read.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `Invalid` for a category that the customer does not have; else when it could not be committed.
    pub async fn categorise(&self, subject: &Subject, file: FileId, topic: Option<&Topic>) -> Result<(), FilesError> {
        let record = self.known(subject, file, "categorise").await?;
        let permit = self.permit_or_refuse::<Organise>(subject, &record).await?;
        let base = AuditEntry { action: "categorise", ..subject.file_entry("done", &record, &permit) };
        if let Some(topic) = topic
            && let Err(error) = self.topic_there(record.customer, topic).await
        {
            self.0.catalog.record(record.customer, &AuditEntry { outcome: "invalid", ..base }).await?;
            return Err(error);
        }
        let told = match topic {
            Some(topic) => format!("`{}` becomes `{topic}`", record.topic),
            None => format!("`{}` becomes what the rules say", record.topic),
        };
        let like = Likeness::of(record.name.stem(), record.author.as_deref());
        let entry = AuditEntry { reason: Some(told), ..base };
        match self.0.catalog.say_topic(record.customer, file, topic, &like, &entry).await {
            Ok(()) => {
                self.0.changed.notify_waiters();
                Ok(())
            }
            Err(CatalogError::Conflict(_)) => Err(self.absent(subject, "categorise", Some(file.to_string())).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the customer has this category.
    pub(super) async fn topic_there(&self, customer: CustomerId, topic: &Topic) -> Result<(), FilesError> {
        if topic.is_usual() || self.0.catalog.own_topics(customer).await?.iter().any(|own| own.own.topic == *topic) {
            return Ok(());
        }
        let reason = format!("is one of {}, or one of your own", Topic::USUAL.join(", "));
        Err(FilesError::Invalid { field: "category", reason })
    }

    /// What the rules say of a file of which this speaks, with what people said of files like it.
    pub(super) async fn sorted(&self, file: &FileRecord, author: Option<&str>, hints: &[Hint]) -> Result<Sorted, FilesError> {
        let like = Likeness::of(file.name.stem(), author);
        let remembered = self.0.catalog.remembered(file.customer, file.id, &like).await?;
        let learnt = remembered.iter().flat_map(crate::domain::Remembered::hints);
        let mut hints: Vec<Hint> = learnt.chain(hints.iter().cloned()).collect();
        // A worker that a hostile file has taken over says what it likes, and people may have spoken of what is gone since.
        if hints.iter().any(|hint| !hint.topic.is_usual()) {
            let own = self.0.catalog.own_topics(file.customer).await?;
            hints.retain(|hint| hint.topic.is_usual() || own.iter().any(|own| own.own.topic == hint.topic));
        }
        Ok(Sorted::by(&hints))
    }

    fn topics_entry(subject: &Subject, permit: &Permit<Categorise>, action: &'static str, reason: Option<String>) -> AuditEntry {
        AuditEntry { reason, ..subject.allowed(action, "done", permit) }
    }

    /// The customer's own categories.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn own_topics(&self, subject: &Subject) -> Result<Vec<OwnTopicRecord>, FilesError> {
        let permit = self.permit_customer::<Categorise>(subject).await?;
        let customer = subject.customer();
        self.0.catalog.record(customer, &Self::topics_entry(subject, &permit, "list_own_categories", None)).await?;
        Ok(self.0.catalog.own_topics(customer).await?)
    }

    /// Keeps a category of the customer's own, in place of the one of its name. Files are sorted by it when they are read next.
    ///
    /// # Errors
    /// `Refused` without the right; `Invalid` when it is none, or one that every customer has; `Conflict` when there would be too many;
    /// else when it could not be committed.
    pub async fn set_own_topic(&self, subject: &Subject, name: &str, looks_for: &Sought) -> Result<OwnTopic, FilesError> {
        let permit = self.permit_customer::<Categorise>(subject).await?;
        let topic = Topic::parse(name).map_err(|error| FilesError::Invalid { field: "name", reason: error.to_string() })?;
        if topic.is_usual() {
            return Err(FilesError::Invalid { field: "name", reason: "is a category that everybody has".to_owned() });
        }
        let own = OwnTopic { topic, sought: sought(looks_for)? };
        let entry = Self::topics_entry(subject, &permit, "set_own_category", Some(format!("category `{}`", own.topic)));
        match self.0.catalog.set_own_topic(subject.customer(), &own, &entry).await {
            Ok(()) => Ok(own),
            Err(CatalogError::Conflict(reason)) => Err(FilesError::Conflict(reason)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a category of the customer's own away. Files that have it keep it until they are read again, or for good where a person
    /// said so.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` when there is none of that name; else when it could not be committed.
    pub async fn remove_own_topic(&self, subject: &Subject, name: &str) -> Result<(), FilesError> {
        let permit = self.permit_customer::<Categorise>(subject).await?;
        let Ok(topic) = Topic::parse(name) else { return Err(self.absent(subject, "remove_own_category", None).await?) };
        let entry = Self::topics_entry(subject, &permit, "remove_own_category", Some(format!("category `{topic}`")));
        match self.0.catalog.remove_own_topic(subject.customer(), &topic, &entry).await {
            Ok(()) => Ok(()),
            Err(CatalogError::Conflict(_)) => Err(self.absent(subject, "remove_own_category", None).await?),
            Err(error) => Err(error.into()),
        }
    }
}
