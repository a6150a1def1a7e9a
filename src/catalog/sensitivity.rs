//! How sensitive files are: what was found in them, what somebody said of them, and by which rules of a customer.

use sqlx::FromRow;

use super::files::{file_in, touch};
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{
    AuditEntry, Classification, CustomerId, FileId, FileRecord, Finding, FindingCount, FindingKind, LevelRule, OwnRule, Said, Timestamp,
};

/// A rule of a customer's own as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRuleRecord {
    /// The rule.
    pub rule: OwnRule,
    /// Who set it: an id.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

/// What somebody says of the version of a file that he saw.
#[derive(Debug, Clone)]
pub struct NewSaid {
    /// Which version.
    pub version: u32,
    /// How sensitive it is; `None` to take back what was said.
    pub level: Option<Classification>,
    /// Why.
    pub reason: String,
}

#[derive(FromRow)]
struct FindingRow {
    kind: String,
    rule: String,
    count: i64,
    places: String,
    sample: String,
}

impl FindingRow {
    fn into_finding(self, file: FileId) -> Result<Finding, CatalogError> {
        let id = file.to_string();
        let row = RowRef { table: "file_findings", id: &id };
        Ok(Finding {
            kind: row.known(FindingKind::parse(&self.kind))?,
            count: row.number(self.count)?,
            places: serde_json::from_str(&self.places).map_err(|_| row.corrupt())?,
            rule: self.rule,
            sample: self.sample,
        })
    }
}

#[derive(FromRow)]
struct OwnRuleRow {
    name: String,
    sought: String,
    at_least: i64,
    level: String,
    set_by: String,
    set_at: i64,
}

impl OwnRuleRow {
    fn into_record(self) -> Result<OwnRuleRecord, CatalogError> {
        let row = RowRef { table: "own_rules", id: &self.name };
        let rule = OwnRule {
            name: self.name.clone(),
            sought: serde_json::from_str(&self.sought).map_err(|_| row.corrupt())?,
            at_least: row.number(self.at_least)?,
            level: row.known(Classification::parse(&self.level))?,
        };
        Ok(OwnRuleRecord { set_at: row.instant(self.set_at)?, set_by: self.set_by, rule })
    }
}

/// What holds of a file at a version: what was said of that version, or the higher of what was found and what was said before.
fn holding(found: Classification, said: Option<&Said>, version: u32) -> Classification {
    match said {
        Some(said) if said.version == version => said.level,
        Some(said) => said.level.max(found),
        None => found,
    }
}

/// Stores what a reading of a file found, in place of what one before found in the same version.
pub(super) async fn keep_findings(
    tx: &mut Tx,
    file: &FileRecord,
    findings: Option<&[Finding]>,
    found: Classification,
) -> Result<(), CatalogError> {
    let (customer, id, version) = (file.customer.to_string(), file.id.to_string(), i64::from(file.version));
    sql::query("DELETE FROM file_findings WHERE customer_id = $1 AND file_id = $2 AND version = $3")
        .bind(&customer)
        .bind(&id)
        .bind(version)
        .execute(tx)
        .await?;
    for finding in findings.unwrap_or_default() {
        let places = serde_json::to_string(&finding.places).map_err(|_| CatalogError::Conflict("a place cannot be kept"))?;
        sql::query(
            "INSERT INTO file_findings (customer_id, file_id, version, kind, rule, count, places, sample) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&customer)
        .bind(&id)
        .bind(version)
        .bind(finding.kind.as_str())
        .bind(&finding.rule)
        .bind(i64::from(finding.count))
        .bind(places)
        .bind(&finding.sample)
        .execute(tx)
        .await?;
    }
    let counts = findings.map(FindingCount::sum).map(|counts| serde_json::to_string(&counts)).transpose();
    let level = holding(found, file.said.as_ref(), file.version);
    sql::query("UPDATE files SET findings = $3, level_found = $4, level = $5 WHERE customer_id = $1 AND id = $2")
        .bind(&customer)
        .bind(&id)
        .bind(counts.map_err(|_| CatalogError::Conflict("a count cannot be kept"))?)
        .bind(found.as_str())
        .bind(level.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets what was found in all versions of a file.
pub(super) async fn forget_findings(tx: &mut Tx, customer: CustomerId, file: FileId) -> Result<(), CatalogError> {
    sql::query("DELETE FROM file_findings WHERE customer_id = $1 AND file_id = $2")
        .bind(customer.to_string())
        .bind(file.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

impl Catalog {
    /// What the last reading of a version of a file found, by kind and rule.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn findings(&self, customer: CustomerId, file: FileId, version: u32) -> Result<Vec<Finding>, CatalogError> {
        let rows: Vec<FindingRow> = sql::query(
            "SELECT kind, rule, count, places, sample FROM file_findings WHERE customer_id = $1 AND file_id = $2 AND version = $3 \
             ORDER BY kind, rule",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(i64::from(version))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut findings = rows.into_iter().map(|row| row.into_finding(file)).collect::<Result<Vec<_>, _>>()?;
        // In the order in which they are told, which is not that of the alphabet.
        findings.sort_by(|a, b| a.kind.cmp(&b.kind).then_with(|| a.rule.cmp(&b.rule)));
        Ok(findings)
    }

    /// Says how sensitive a file is at the version somebody saw, or takes back what was said.
    ///
    /// # Errors
    /// `Conflict` when the file is gone or another version is the present one; else when it could not be committed.
    pub async fn classify_file(&self, customer: CustomerId, file: FileId, new: &NewSaid, entry: &AuditEntry) -> Result<(), CatalogError> {
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let record = file_in(&mut tx, customer, file).await?.ok_or(CatalogError::Conflict("the file is gone"))?;
            if record.version != new.version {
                return Err(CatalogError::Conflict("a newer version of the file has arrived"));
            }
            let said = new.level.map(|level| Said {
                level,
                version: new.version,
                by: entry.actor.to_string(),
                at: now,
                reason: new.reason.clone(),
            });
            let level = holding(record.found, said.as_ref(), record.version);
            let changed = sql::query(
                "UPDATE files SET level = $3, level_said = $4, level_said_version = $5, level_said_by = $6, level_said_at = $7, \
                 level_said_reason = $8 WHERE customer_id = $1 AND id = $2 AND status <> 'deleted'",
            )
            .bind(customer.to_string())
            .bind(file.to_string())
            .bind(level.as_str())
            .bind(said.as_ref().map(|said| said.level.as_str()))
            .bind(said.as_ref().map(|said| i64::from(said.version)))
            .bind(said.as_ref().map(|said| said.by.clone()))
            .bind(said.as_ref().map(|said| micros(said.at)))
            .bind(said.as_ref().map(|said| said.reason.clone()))
            .execute(&mut tx)
            .await?;
            if changed == 0 {
                return Err(CatalogError::Conflict("the file is gone"));
            }
            touch(&mut tx, customer, file, now).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// A customer's own rules, by name.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn own_rules(&self, customer: CustomerId) -> Result<Vec<OwnRuleRecord>, CatalogError> {
        let rows: Vec<OwnRuleRow> =
            sql::query("SELECT name, sought, at_least, level, set_by, set_at FROM own_rules WHERE customer_id = $1 ORDER BY name")
                .bind(customer.to_string())
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        rows.into_iter().map(OwnRuleRow::into_record).collect()
    }

    /// Keeps a rule of a customer's own, in place of the one of its name.
    ///
    /// # Errors
    /// `Conflict` when there would be too many, or all together would be too large; else when it could not be committed.
    pub async fn set_own_rule(&self, customer: CustomerId, rule: &OwnRule, entry: &AuditEntry) -> Result<(), CatalogError> {
        let sought = serde_json::to_string(&rule.sought).map_err(|_| CatalogError::Conflict("the rule cannot be kept"))?;
        let now = self.clock().now();
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            // A write, since that locks the row on every engine: two rules at once do not pass the bound together.
            sql::query("UPDATE customers SET policy_set = policy_set WHERE id = $1").bind(customer.to_string()).execute(&mut tx).await?;
            let others: Vec<OwnRuleRow> =
                sql::query("SELECT name, sought, at_least, level, set_by, set_at FROM own_rules WHERE customer_id = $1 AND name <> $2")
                    .bind(customer.to_string())
                    .bind(&rule.name)
                    .fetch_all(&mut tx)
                    .await?;
            let others = others.into_iter().map(OwnRuleRow::into_record).collect::<Result<Vec<_>, _>>()?;
            if others.len() >= OwnRule::MOST {
                return Err(CatalogError::Conflict("there are too many rules"));
            }
            if others.iter().map(|other| other.rule.size()).sum::<usize>() + rule.size() > OwnRule::TOGETHER {
                return Err(CatalogError::Conflict("all rules together are too large"));
            }
            sql::query("DELETE FROM own_rules WHERE customer_id = $1 AND name = $2")
                .bind(customer.to_string())
                .bind(&rule.name)
                .execute(&mut tx)
                .await?;
            sql::query(
                "INSERT INTO own_rules (customer_id, name, sought, at_least, level, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(customer.to_string())
            .bind(&rule.name)
            .bind(&sought)
            .bind(i64::from(rule.at_least))
            .bind(rule.level.as_str())
            .bind(entry.actor.to_string())
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes a rule of a customer's own away.
    ///
    /// # Errors
    /// `Conflict` when there is none of that name; else when it could not be committed.
    pub async fn remove_own_rule(&self, customer: CustomerId, name: &str, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let gone = sql::query("DELETE FROM own_rules WHERE customer_id = $1 AND name = $2")
                .bind(customer.to_string())
                .bind(name)
                .execute(&mut tx)
                .await?;
            if gone == 0 {
                return Err(CatalogError::Conflict("there is no such rule"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// From how many findings on a file is how sensitive, where the customer says so; empty where the usual holds.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn level_rules(&self, customer: CustomerId) -> Result<Vec<LevelRule>, CatalogError> {
        let rows: Vec<(String, i64, String)> =
            sql::query("SELECT kind, at_least, level FROM level_rules WHERE customer_id = $1 ORDER BY kind, at_least")
                .bind(customer.to_string())
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        let rule = |(kind, at_least, level): (String, i64, String)| {
            let row = RowRef { table: "level_rules", id: &kind };
            Ok(LevelRule {
                kind: row.known(FindingKind::parse(&kind))?,
                at_least: row.number(at_least)?,
                level: row.known(Classification::parse(&level))?,
            })
        };
        rows.into_iter().map(rule).collect()
    }

    /// Says from how many findings on files are how sensitive; none for the usual.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn set_level_rules(&self, customer: CustomerId, rules: &[LevelRule], entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            sql::query("DELETE FROM level_rules WHERE customer_id = $1").bind(customer.to_string()).execute(&mut tx).await?;
            for rule in rules {
                sql::query("INSERT INTO level_rules (customer_id, kind, at_least, level) VALUES ($1, $2, $3, $4)")
                    .bind(customer.to_string())
                    .bind(rule.kind.as_str())
                    .bind(i64::from(rule.at_least))
                    .bind(rule.level.as_str())
                    .execute(&mut tx)
                    .await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }
}
