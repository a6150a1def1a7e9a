//! By which word files are sorted: what the rules say, what somebody said, what is remembered of that, and a customer's own categories.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::files::{file_in, touch};
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{
    AuditEntry, CustomerId, FileId, FileRecord, FileStatus, Likeness, OwnTopic, Remembered, Sorted, Timestamp, Topic, TopicSaid,
};

/// A category of a customer's own as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTopicRecord {
    /// The category.
    pub own: OwnTopic,
    /// Who set it: an id.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

#[derive(FromRow)]
struct OwnTopicRow {
    name: String,
    sought: String,
    set_by: String,
    set_at: i64,
}

impl OwnTopicRow {
    fn into_record(self) -> Result<OwnTopicRecord, CatalogError> {
        let row = RowRef { table: "own_topics", id: &self.name };
        let own = OwnTopic { topic: row.parsed(&self.name)?, sought: serde_json::from_str(&self.sought).map_err(|_| row.corrupt())? };
        Ok(OwnTopicRecord { set_at: row.instant(self.set_at)?, set_by: self.set_by, own })
    }
}

/// What holds of a file: what somebody said, else what the rules say.
fn holding<'a>(found: Option<&'a Sorted>, said: Option<&'a TopicSaid>) -> &'a str {
    said.map(|said| &said.topic).or(found.map(|found| &found.topic)).map_or(Topic::GENERAL, Topic::as_str)
}

/// Stores what the rules say of a file, in place of what they said before.
pub(super) async fn keep_sorted(tx: &mut Tx, file: &FileRecord, found: Option<&Sorted>) -> Result<(), CatalogError> {
    let json = found.map(serde_json::to_string).transpose().map_err(|_| CatalogError::Conflict("a category cannot be kept"))?;
    sql::query("UPDATE files SET topic = $3, topic_found = $4 WHERE customer_id = $1 AND id = $2")
        .bind(file.customer.to_string())
        .bind(file.id.to_string())
        .bind(holding(found, file.topic_said.as_ref()))
        .bind(json)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes what somebody says a file is; it holds at once.
pub(super) async fn keep_said(tx: &mut Tx, customer: CustomerId, file: FileId, said: &TopicSaid) -> Result<(), CatalogError> {
    sql::query("UPDATE files SET topic = $3, topic_said = $3, topic_said_by = $4, topic_said_at = $5 WHERE customer_id = $1 AND id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(said.topic.as_str())
        .bind(&said.by)
        .bind(micros(said.at))
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets what is remembered of a file.
pub(super) async fn forget_said(tx: &mut Tx, customer: CustomerId, file: FileId) -> Result<(), CatalogError> {
    sql::query("DELETE FROM topic_memories WHERE customer_id = $1 AND file_id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

async fn remember(
    tx: &mut Tx,
    customer: CustomerId,
    file: FileId,
    topic: &Topic,
    like: &Likeness,
    now: Timestamp,
) -> Result<(), CatalogError> {
    if like.pattern.is_none() && like.sender.is_none() {
        return Ok(());
    }
    sql::query("INSERT INTO topic_memories (customer_id, file_id, topic, pattern, sender, said_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(topic.as_str())
        .bind(&like.pattern)
        .bind(&like.sender)
        .bind(micros(now))
        .execute(tx)
        .await?;
    sql::query(
        "DELETE FROM topic_memories WHERE customer_id = $1 AND file_id NOT IN (SELECT file_id FROM topic_memories WHERE customer_id = $1 \
         ORDER BY said_at DESC, file_id DESC LIMIT $2)",
    )
    .bind(customer.to_string())
    .bind(i64::try_from(Remembered::MOST).unwrap_or(i64::MAX))
    .execute(tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Says what a file is, or takes back what was said; it is remembered by what others may be like it.
    ///
    /// # Errors
    /// `Conflict` when the file is gone; else when it could not be committed.
    pub async fn say_topic(
        &self,
        customer: CustomerId,
        file: FileId,
        topic: Option<&Topic>,
        like: &Likeness,
        entry: &AuditEntry,
    ) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let record = file_in(&mut tx, customer, file).await?.filter(|record| record.status != FileStatus::Deleted);
            let record = record.ok_or(CatalogError::Conflict("the file is gone"))?;
            forget_said(&mut tx, customer, file).await?;
            if let Some(topic) = topic {
                let said = TopicSaid { topic: topic.clone(), by: entry.actor.to_string(), at: now };
                keep_said(&mut tx, customer, file, &said).await?;
                remember(&mut tx, customer, file, topic, like, now).await?;
            } else {
                sql::query(
                    "UPDATE files SET topic = $3, topic_said = NULL, topic_said_by = NULL, topic_said_at = NULL \
                     WHERE customer_id = $1 AND id = $2",
                )
                .bind(customer.to_string())
                .bind(file.to_string())
                .bind(holding(record.sorted.as_ref(), None))
                .execute(&mut tx)
                .await?;
            }
            touch(&mut tx, customer, file, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// What people said of other files of the customer that are like one: with its name, or from its sender.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn remembered(&self, customer: CustomerId, file: FileId, like: &Likeness) -> Result<Vec<Remembered>, CatalogError> {
        let rows: Vec<(String, String, Option<String>)> = sql::query(
            "SELECT file_id, topic, pattern FROM topic_memories WHERE customer_id = $1 AND file_id <> $2 AND (pattern = $3 OR sender = $4)",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(&like.pattern)
        .bind(&like.sender)
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut by_topic: BTreeMap<Topic, (u32, u32)> = BTreeMap::new();
        for (id, topic, pattern) in rows {
            let topic = RowRef { table: "topic_memories", id: &id }.parsed(&topic)?;
            let (by_name, by_sender) = by_topic.entry(topic).or_default();
            let count = if like.pattern.is_some() && pattern == like.pattern { by_name } else { by_sender };
            *count = count.saturating_add(1);
        }
        Ok(by_topic.into_iter().map(|(topic, (by_name, by_sender))| Remembered { topic, by_name, by_sender }).collect())
    }

    /// A customer's own categories, by name.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn own_topics(&self, customer: CustomerId) -> Result<Vec<OwnTopicRecord>, CatalogError> {
        let rows: Vec<OwnTopicRow> = sql::query("SELECT name, sought, set_by, set_at FROM own_topics WHERE customer_id = $1 ORDER BY name")
            .bind(customer.to_string())
            .fetch_all(&mut self.read(customer).await?)
            .await?;
        rows.into_iter().map(OwnTopicRow::into_record).collect()
    }

    /// Keeps a category of a customer's own, in place of the one of its name.
    ///
    /// # Errors
    /// `Conflict` when there would be too many, or all together would be too large; else when it could not be committed.
    pub async fn set_own_topic(&self, customer: CustomerId, own: &OwnTopic, entry: &AuditEntry) -> Result<(), CatalogError> {
        let sought = serde_json::to_string(&own.sought).map_err(|_| CatalogError::Conflict("the category cannot be kept"))?;
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // A write, since that locks the row on every engine: two at once do not pass the bound together.
            sql::query("UPDATE customers SET policy_set = policy_set WHERE id = $1").bind(customer.to_string()).execute(&mut tx).await?;
            let others: Vec<OwnTopicRow> =
                sql::query("SELECT name, sought, set_by, set_at FROM own_topics WHERE customer_id = $1 AND name <> $2")
                    .bind(customer.to_string())
                    .bind(own.topic.as_str())
                    .fetch_all(&mut tx)
                    .await?;
            let others = others.into_iter().map(OwnTopicRow::into_record).collect::<Result<Vec<_>, _>>()?;
            if others.len() >= OwnTopic::MOST {
                return Err(CatalogError::Conflict("there are too many categories"));
            }
            if others.iter().map(|other| other.own.size()).sum::<usize>() + own.size() > OwnTopic::TOGETHER {
                return Err(CatalogError::Conflict("all categories together are too large"));
            }
            sql::query("DELETE FROM own_topics WHERE customer_id = $1 AND name = $2")
                .bind(customer.to_string())
                .bind(own.topic.as_str())
                .execute(&mut tx)
                .await?;
            sql::query("INSERT INTO own_topics (customer_id, name, sought, set_by, set_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(customer.to_string())
                .bind(own.topic.as_str())
                .bind(&sought)
                .bind(entry.actor.to_string())
                .bind(micros(now))
                .execute(&mut tx)
                .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes a category of a customer's own away.
    ///
    /// # Errors
    /// `Conflict` when there is none of that name; else when it could not be committed.
    pub async fn remove_own_topic(&self, customer: CustomerId, topic: &Topic, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let gone = sql::query("DELETE FROM own_topics WHERE customer_id = $1 AND name = $2")
                .bind(customer.to_string())
                .bind(topic.as_str())
                .execute(&mut tx)
                .await?;
            if gone == 0 {
                return Err(CatalogError::Conflict("there is no such category"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
