//! Looking again through files that lie there, by rules that changed since they were read: by their stored text, never by their bytes.

use jiff::SignedDuration;

use super::sensitivity::not_again;
use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, Reread, RereadFile, RereadRecord, Sweep};
use crate::domain::{AuditEntry, CustomerId, FileRecord, FileStatus, Finding, Hint, Timestamp};
use crate::policy::{Categorise, Classify};

/// Customers that are asked for at once.
const CUSTOMERS: u32 = 100;
/// Files of one customer in one round: who has very many does not keep the others waiting.
const PAGE: u32 = 10;
/// The sweep.
const SWEEP: &str = "rereads";
/// How long a turn is kept without a sign.
const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// How long after one round the next is due while something is under way.
const NEXT: SignedDuration = SignedDuration::from_secs(4);
/// How long after one that found nothing, unless something is asked for: each round asks every customer.
const IDLE: SignedDuration = SignedDuration::from_mins(10);

/// A process's turn at looking again.
#[derive(Debug)]
pub struct RereadTurn(Sweep);

/// A file that is to be looked at again, and for what.
#[derive(Debug)]
pub struct ToReread {
    /// The file.
    pub file: FileRecord,
    /// What is under way.
    pub under_way: RereadRecord,
}

/// What a worker saw in the text of a file.
#[derive(Debug, Clone, Default)]
pub struct SeenAgain {
    /// What is sensitive in it.
    pub findings: Vec<Finding>,
    /// What speaks for which category.
    pub hints: Vec<Hint>,
}

const fn action(what: Reread) -> &'static str {
    match what {
        Reread::Findings => "reread_findings",
        Reread::Categories => "reread_categories",
    }
}

/// What was found now, and of a file on hold what was found before too: nothing that is known of it goes.
fn kept(held: bool, before: Vec<Finding>, now: Vec<Finding>) -> Vec<Finding> {
    let mut all = now;
    if held {
        all.extend(not_again(before, &all));
    }
    all
}

impl Files {
    async fn may_reread(&self, subject: &Subject, what: Reread) -> Result<AuditEntry, FilesError> {
        let action = action(what);
        Ok(match what {
            Reread::Findings => subject.allowed(action, "done", &self.permit_customer::<Classify>(subject).await?),
            Reread::Categories => subject.allowed(action, "done", &self.permit_customer::<Categorise>(subject).await?),
        })
    }

    /// Has all files of the customer looked at again by the rules as they are now, one after the other while nothing more urgent waits.
    /// One that is under way begins anew.
    ///
    /// # Errors
    /// `Refused` without the right; else when it could not be committed.
    pub async fn reread(&self, subject: &Subject, what: Reread) -> Result<RereadRecord, FilesError> {
        let entry = self.may_reread(subject, what).await?;
        self.0.catalog.begin_reread(subject.customer(), what, &entry).await?;
        self.0.catalog.hasten_sweep(SWEEP).await?;
        self.0.rereads.notify_waiters();
        self.reread_of(subject.customer(), what).await?.ok_or(FilesError::NotFound)
    }

    /// How far the last one is, where there was one. Asked again and again by whoever waits, so that only a refusal has a record.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn how_far(&self, subject: &Subject, what: Reread) -> Result<Option<RereadRecord>, FilesError> {
        drop(self.may_reread(subject, what).await?);
        self.reread_of(subject.customer(), what).await
    }

    async fn reread_of(&self, customer: CustomerId, what: Reread) -> Result<Option<RereadRecord>, FilesError> {
        Ok(self.0.catalog.rereads(customer).await?.into_iter().find(|record| record.what == what))
    }

    /// Waits until one is asked for in this process.
    pub async fn reread_asked(&self) {
        self.0.rereads.notified().await;
    }

    fn reread_lease(&self, length: SignedDuration) -> Timestamp {
        self.now().saturating_add(length).unwrap_or(Timestamp::MAX)
    }

    /// Takes the turn at looking again; `None` while another process has it, or had it just now.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn take_reread_turn(&self) -> Result<Option<RereadTurn>, FilesError> {
        Ok(self.0.catalog.take_sweep(SWEEP, self.reread_lease(LEASE)).await?.map(RereadTurn))
    }

    /// Keeps the turn.
    ///
    /// # Errors
    /// `Conflict` when another process has it now; else when the catalog does not answer.
    pub async fn keep_reread_turn(&self, turn: &RereadTurn) -> Result<(), FilesError> {
        Ok(self.0.catalog.keep_sweep(&turn.0, "", self.reread_lease(LEASE)).await?)
    }

    /// Gives the turn back, with whether there may be more.
    ///
    /// # Errors
    /// `Conflict` when another process has it now; else when the catalog does not answer.
    pub async fn end_reread_turn(&self, turn: &RereadTurn, is_under_way: bool) -> Result<(), FilesError> {
        Ok(self.0.catalog.end_sweep(&turn.0, self.reread_lease(if is_under_way { NEXT } else { IDLE })).await?)
    }

    /// Files whose turn it is to be looked at again, of every customer that asked some, and no more than `limit`; and whether there may be
    /// more. What has come to its end is ended.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn to_reread(&self, limit: usize) -> Result<(Vec<ToReread>, bool), FilesError> {
        let (mut found, mut after, mut ended) = (Vec::new(), None, false);
        loop {
            let customers = self.0.catalog.customers_after(after, false, CUSTOMERS).await?;
            for customer in &customers {
                after = Some(*customer);
                let left = limit.saturating_sub(found.len());
                if left == 0 {
                    return Ok((found, true));
                }
                // The one that was asked for first.
                let under_way = self.0.catalog.rereads(*customer).await?.into_iter().find(|record| record.ended_at.is_none());
                let Some(under_way) = under_way else { continue };
                let page = PAGE.min(u32::try_from(left).unwrap_or(u32::MAX));
                let files = self.0.catalog.files_after(*customer, under_way.after, page).await?;
                if files.is_empty() {
                    self.ended(*customer, &under_way).await?;
                    // Another one may be under way behind it.
                    ended = true;
                }
                found.extend(files.into_iter().map(|file| ToReread { file, under_way: under_way.clone() }));
            }
            if customers.len() < CUSTOMERS as usize {
                let more = ended || !found.is_empty();
                return Ok((found, more));
            }
        }
    }

    async fn ended(&self, customer: CustomerId, under_way: &RereadRecord) -> Result<(), FilesError> {
        let RereadRecord { looked_at, changed, failed, .. } = under_way;
        let told = format!("{looked_at} files, {changed} changed, {failed} could not be looked at");
        let entry = AuditEntry { reason: Some(told), ..Self::worker_entry(action(under_way.what), "ended", customer) };
        match self.0.catalog.end_reread(customer, under_way, &entry).await {
            // Asked for anew meanwhile, or ended by another process.
            Ok(()) | Err(CatalogError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The stored text of a file that is to be looked at again; `None` where there is nothing to look at.
    ///
    /// # Errors
    /// When catalog or store do not answer.
    pub async fn text_again(&self, of: &ToReread) -> Result<Option<String>, FilesError> {
        let file = &of.file;
        let is_seen = of.under_way.what == Reread::Categories || file.findings.is_some();
        if file.status != FileStatus::Active || !is_seen {
            return Ok(None);
        }
        match self.0.catalog.blob(file.customer, file.blob).await?.and_then(|blob| blob.text_key) {
            Some(key) => Ok(Some(self.text_of(file.customer, &key).await?)),
            None => Ok(Some(String::new())),
        }
    }

    /// Stores what was seen in a file that was looked at again, and moves on past it; `None` where there was nothing to look at.
    ///
    /// # Errors
    /// `Conflict` when it was asked for anew meanwhile; else when it could not be committed.
    pub async fn looked_again(&self, of: &ToReread, seen: Option<SeenAgain>) -> Result<(), FilesError> {
        let result = match seen {
            Some(seen) => self.changed_by(of, seen).await?,
            None => RereadFile::Same,
        };
        self.passed(of, &result).await
    }

    /// Moves on past a file that could not be looked at.
    ///
    /// # Errors
    /// As [`Files::looked_again`].
    pub async fn not_looked_again(&self, of: &ToReread) -> Result<(), FilesError> {
        self.passed(of, &RereadFile::Failed).await
    }

    async fn changed_by(&self, of: &ToReread, seen: SeenAgain) -> Result<RereadFile, FilesError> {
        let file = &of.file;
        match of.under_way.what {
            Reread::Categories => {
                let sorted = self.sorted(file, file.author.as_deref(), &seen.hints).await?;
                Ok(if file.sorted.as_ref() == Some(&sorted) { RereadFile::Same } else { RereadFile::Sorted(sorted) })
            }
            Reread::Findings => {
                let before = self.0.catalog.findings(file.customer, file.id, file.version).await?;
                let held = file.hold || file.retention_until.is_some_and(|until| until > self.now());
                let mut findings = kept(held, before.clone(), seen.findings);
                findings.sort_by(|a, b| a.kind.cmp(&b.kind).then_with(|| a.rule.cmp(&b.rule)));
                let level = self.level_by(file.customer, &findings).await?;
                let level = if held { level.max(file.found) } else { level };
                // Places may differ: a title may have been given since.
                let counts =
                    |findings: &[Finding]| -> Vec<_> { findings.iter().map(|one| (one.kind, one.rule.clone(), one.count)).collect() };
                Ok(if counts(&findings) == counts(&before) && level == file.found {
                    RereadFile::Same
                } else {
                    RereadFile::Findings(findings, level)
                })
            }
        }
    }

    async fn passed(&self, of: &ToReread, result: &RereadFile) -> Result<(), FilesError> {
        let file = &of.file;
        let told = match result {
            RereadFile::Same | RereadFile::Failed => None,
            RereadFile::Findings(_, level) => Some(format!("what is found gives `{}`, before `{}`", level.as_str(), file.found.as_str())),
            RereadFile::Sorted(sorted) => Some(format!("the rules say `{}`", sorted.topic)),
        };
        let entry = AuditEntry {
            version: Some(file.version),
            content_hash: Some(file.checksum.hex()),
            reason: told,
            ..Self::worker_entry(action(of.under_way.what), "changed", file.id)
        };
        match self.0.catalog.reread_file(&of.under_way, file, result, &entry).await {
            Ok(()) => {}
            Err(CatalogError::Conflict(reason)) => return Err(FilesError::Conflict(reason)),
            Err(error) => return Err(error.into()),
        }
        if !matches!(result, RereadFile::Same | RereadFile::Failed) {
            self.0.changed.notify_waiters();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FindingKind;

    fn found(rule: &str, count: u32) -> Finding {
        Finding { kind: FindingKind::Custom, rule: rule.to_owned(), count, places: Vec::new(), sample: String::new() }
    }

    #[test]
    fn of_a_file_on_hold_nothing_that_was_found_goes() {
        let (before, now) = (vec![found("heron", 2), found("crane", 1)], vec![found("heron", 3)]);
        assert_eq!(kept(false, before.clone(), now.clone()), [found("heron", 3)]);
        assert_eq!(kept(true, before, now), [found("heron", 3), found("crane", 1)]);
    }
}
