//! What was scanned, found, let out and removed over a period, and by whom: read from the audit trail, so that it tells
//! what the trail can prove.

use super::{Files, FilesError, Subject};
use crate::catalog::AuditRecord;
use crate::domain::{AuditEntry, CustomerId, Timestamp};
use crate::policy::ReadAudit;

/// Records read at once.
const PAGE: u32 = 1000;
/// Records that one report reads at most.
const MOST_RECORDS: u64 = 500_000;
/// Lines of each list of a report.
const MOST_LINES: usize = 10_000;

/// From an instant on, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportPeriod {
    from: Timestamp,
    until: Timestamp,
}

impl ReportPeriod {
    /// A period that is not empty.
    pub fn new(from: Timestamp, until: Timestamp) -> Option<Self> {
        (from < until).then_some(Self { from, until })
    }
}

/// Verdicts, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Nothing was found.
    pub clean: u64,
    /// Harm.
    pub infected: u64,
    /// Signs of harm.
    pub suspicious: u64,
    /// There was no judgement.
    pub not_checked: u64,
}

impl VerdictCounts {
    fn note(&mut self, outcome: &str) {
        let count = match outcome {
            "clean" => &mut self.clean,
            "infected" => &mut self.infected,
            "suspicious" => &mut self.suspicious,
            _ => &mut self.not_checked,
        };
        *count = count.saturating_add(1);
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// When.
    pub at: Timestamp,
    /// What: `infected`, `suspicious`, `proposed`, `confirmed`, `withdrawn`, `over`, `deleted`.
    pub what: String,
    /// Who did it: an id, or `system`.
    pub by: String,
    /// With which file, or bytes.
    pub object: Option<String>,
    /// At which version.
    pub version: Option<u32>,
    /// SHA-256 of the bytes.
    pub sha256: Option<String>,
    /// What was found, or why.
    pub reason: Option<String>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityReport {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub until: Timestamp,
    /// First judgements.
    pub scanned: VerdictCounts,
    /// Judgements of what was clean before.
    pub rescanned: VerdictCounts,
    /// Files that stay unread, since no judgement could be reached.
    pub given_up: u64,
    /// What was found to be harmful.
    pub found: Vec<ReportLine>,
    /// What became of releases.
    pub released: Vec<ReportLine>,
    /// What was removed from quarantine.
    pub removed: Vec<ReportLine>,
    /// More happened than the lists hold, or the trail is longer than one report reads: the period is too long.
    pub cut: bool,
}

impl SecurityReport {
    const fn new(period: ReportPeriod) -> Self {
        const NONE: VerdictCounts = VerdictCounts { clean: 0, infected: 0, suspicious: 0, not_checked: 0 };
        Self {
            from: period.from,
            until: period.until,
            scanned: NONE,
            rescanned: NONE,
            given_up: 0,
            found: Vec::new(),
            released: Vec::new(),
            removed: Vec::new(),
            cut: false,
        }
    }

    fn note(&mut self, record: &AuditRecord) {
        let outcome = record.outcome.as_str();
        let list = match (record.action.as_str(), outcome) {
            ("scan", outcome) => {
                self.scanned.note(outcome);
                matches!(outcome, "infected" | "suspicious").then_some(&mut self.found)
            }
            ("rescan", outcome) => {
                self.rescanned.note(outcome);
                matches!(outcome, "infected" | "suspicious").then_some(&mut self.found)
            }
            ("inspect", "gave_up") => {
                self.given_up = self.given_up.saturating_add(1);
                None
            }
            ("release_quarantine", "proposed" | "confirmed" | "withdrawn" | "over") => Some(&mut self.released),
            ("delete_quarantined", "done") => Some(&mut self.removed),
            _ => None,
        };
        let Some(list) = list else { return };
        if list.len() >= MOST_LINES {
            self.cut = true;
            return;
        }
        list.push(ReportLine {
            at: record.at,
            what: if record.action == "delete_quarantined" { "deleted".to_owned() } else { outcome.to_owned() },
            by: record.actor.clone(),
            object: record.object.clone(),
            version: record.version,
            sha256: record.content_hash.clone(),
            reason: record.reason.clone(),
        });
    }
}

impl Files {
    /// A report of a period. That somebody read it is recorded.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn security_report(&self, subject: &Subject, period: ReportPeriod) -> Result<SecurityReport, FilesError> {
        let permit = self.permit_customer::<ReadAudit>(subject).await?;
        let customer = subject.customer();
        let reason = Some(format!("{} to {}", period.from, period.until));
        self.0.catalog.record(customer, &AuditEntry { reason, ..subject.allowed("security_report", "done", &permit) }).await?;
        let mut report = SecurityReport::new(period);
        let (mut place, mut read) = (self.before(customer, period.from).await?, 0);
        loop {
            let page = self.0.catalog.audit_page(customer, place, PAGE).await?;
            let is_end = page.len() < PAGE as usize;
            for record in &page {
                if record.at >= period.until {
                    return Ok(report);
                }
                if record.at >= period.from {
                    report.note(record);
                }
                place = record.seq;
            }
            read += page.len() as u64;
            if is_end {
                return Ok(report);
            }
            if read >= MOST_RECORDS {
                report.cut = true;
                return Ok(report);
            }
        }
    }

    /// A place in the trail before which nothing is from that instant on. Records are in the order of time, but for
    /// what clocks of several servers differ by.
    async fn before(&self, customer: CustomerId, from: Timestamp) -> Result<u64, FilesError> {
        let is_earlier = async |place: u64| -> Result<bool, FilesError> {
            Ok(self.0.catalog.audit_page(customer, place, 1).await?.first().is_some_and(|record| record.at < from))
        };
        let mut high = 1;
        while is_earlier(high).await? {
            high *= 2;
        }
        let mut low = high / 2;
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if is_earlier(middle).await? { low = middle } else { high = middle }
        }
        // A page back, for the clocks.
        Ok(low.saturating_sub(u64::from(PAGE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(action: &str, outcome: &str) -> AuditRecord {
        serde_json::from_value(serde_json::json!({
            "id": "audit_1", "chain": "c", "seq": 1, "at": "2026-03-02T09:00:00Z", "actor_kind": "system", "actor": "system",
            "on_behalf_of": null, "assurance": null, "call": null, "door": "worker", "source": null, "request_id": null, "purpose": null,
            "action": action, "object": "file_1", "version": 2, "content_hash": "ab", "bytes": null, "decision": "allow", "policy": null,
            "outcome": outcome, "reason": "why", "previous": ""
        }))
        .unwrap()
    }

    #[test]
    fn a_report_counts_verdicts_and_lists_what_was_found_let_out_and_removed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(ReportPeriod::new(at("2026-03-02T00:00:00Z"), at("2026-03-02T00:00:00Z")).is_none());
        let mut report = SecurityReport::new(ReportPeriod::new(at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")).unwrap());
        for (action, outcome) in [
            ("scan", "clean"),
            ("scan", "infected"),
            ("scan", "failed"),
            ("rescan", "clean"),
            ("rescan", "suspicious"),
            ("inspect", "gave_up"),
            ("release_quarantine", "proposed"),
            ("release_quarantine", "refused"),
            ("release_quarantine", "confirmed"),
            ("release_quarantine", "over"),
            ("delete_quarantined", "done"),
            ("delete_quarantined", "refused"),
            ("download", "done"),
        ] {
            report.note(&record(action, outcome));
        }
        assert_eq!(report.scanned, VerdictCounts { clean: 1, infected: 1, suspicious: 0, not_checked: 1 });
        assert_eq!(report.rescanned, VerdictCounts { clean: 1, infected: 0, suspicious: 1, not_checked: 0 });
        let whats = |lines: &[ReportLine]| lines.iter().map(|line| line.what.clone()).collect::<Vec<_>>();
        assert_eq!(whats(&report.found), ["infected", "suspicious"]);
        assert_eq!(whats(&report.released), ["proposed", "confirmed", "over"]);
        assert_eq!(whats(&report.removed), ["deleted"]);
        assert_eq!((report.given_up, report.cut), (1, false));
        for _ in 0..MOST_LINES {
            report.note(&record("scan", "infected"));
        }
        assert_eq!((report.found.len(), report.cut, report.scanned.infected), (MOST_LINES, true, 10_001));
    }
}
