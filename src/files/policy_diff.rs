//! What would change if other policies were in force.

use super::{Files, FilesError};
use crate::catalog::Grant;
use crate::domain::{CustomerId, Door, FileId, FileRecord, Permissions, Person, PersonId, PersonKind, TeamId, Timestamp, UserId};
use crate::policy::{
    Action, ActionKind, Add, Conditions, Delete, Describe, Download, Evidence, Find, History, IssueCode, MatrixRow, Organise, Policies,
    Principal, PrincipalKind, Read, Resource, Revoke, Scene, Share, matrix_rows,
};

/// Users whose decisions are compared.
const USERS: usize = 25;
/// Files, the newest, about which they are compared.
const FILES: u32 = 40;
/// Decisions that are told.
const TOLD: usize = 100;

/// What would change.
#[derive(Debug, Clone)]
pub struct PolicyDiff {
    /// The set it is compared with, the one in force; 0 for the built-in policies alone.
    pub active: u32,
    /// Ids of policies that only the proposed set has.
    pub added: Vec<String>,
    /// Ids of policies that only the set in force has.
    pub removed: Vec<String>,
    /// Ids of policies that read otherwise.
    pub changed: Vec<String>,
    /// Cells of the matrix that say something else.
    pub matrix: Vec<MatrixChange>,
    /// Decisions about the customer's own people and files.
    pub decisions: DecisionChanges,
}

/// A cell of the matrix that says something else: `y`, `-`, `h` or `k`, as in the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixChange {
    /// Who asks.
    pub who: String,
    /// On what.
    pub on: String,
    /// For what.
    pub action: String,
    /// Under the set in force.
    pub before: char,
    /// Under the proposed set.
    pub after: char,
}

/// Decisions that fall otherwise, of those that were looked at.
#[derive(Debug, Clone, Default)]
pub struct DecisionChanges {
    /// Users that were looked at.
    pub users: usize,
    /// Files that were looked at, the newest.
    pub files: usize,
    /// How many decisions fall otherwise.
    pub changed: usize,
    /// The first hundred of them.
    pub told: Vec<DecisionChange>,
}

/// A decision that falls otherwise.
#[derive(Debug, Clone)]
pub struct DecisionChange {
    /// Who asks.
    pub user: UserId,
    /// The user's name.
    pub name: String,
    /// For what; `share outside` is a share with somebody outside the customer.
    pub action: &'static str,
    /// On what.
    pub file: FileId,
    /// What the file is called.
    pub title: String,
    /// Under the set in force: whether it is permitted, and by which policies that is decided.
    pub before: Judged,
    /// Under the proposed set.
    pub after: Judged,
}

/// How one decision falls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it demands, when it is permitted.
    pub permitted: Option<Evidence>,
    /// The ids of the policies that decide, joined by commas.
    pub policies: String,
}

/// The customer's own people and files that decisions are compared for.
pub(super) struct Sample {
    users: Vec<(Person, Vec<TeamId>)>,
    files: Vec<(FileRecord, Vec<Grant>)>,
    customer: CustomerId,
    now: Timestamp,
}

impl PolicyDiff {
    pub(super) fn of(active: u32, now: &Policies, then: &Policies, decisions: DecisionChanges) -> Self {
        let ids = |of: &Policies, without: &Policies| {
            let others = without.added();
            let own = of.added().iter().filter(|(id, _)| others.iter().all(|(other, _)| other != id));
            own.map(|(id, _)| id.clone()).collect()
        };
        let reads_otherwise = |(id, text): &&(String, String)| then.added().iter().any(|(other, read)| other == id && read != text);
        Self {
            active,
            added: ids(then, now),
            removed: ids(now, then),
            changed: now.added().iter().filter(reads_otherwise).map(|(id, _)| id.clone()).collect(),
            matrix: matrix_changes(&matrix_rows(now), &matrix_rows(then)),
            decisions,
        }
    }
}

/// Both have the same rows and columns.
fn matrix_changes(now: &[MatrixRow], then: &[MatrixRow]) -> Vec<MatrixChange> {
    let mut changes = Vec::new();
    for (before, after) in now.iter().zip(then) {
        for ((action, was), (_, is)) in before.cells.iter().zip(&after.cells) {
            if was != is {
                changes.push(MatrixChange {
                    who: before.who.clone(),
                    on: before.on.clone(),
                    action: action.clone(),
                    before: *was,
                    after: *is,
                });
            }
        }
    }
    changes
}

type Decide = fn(&Scene<'_>) -> Judged;

fn judge<A: Action>(scene: &Scene<'_>) -> Judged {
    match scene.permit::<A>() {
        Ok(permit) => Judged { permitted: Some(permit.evidence()), policies: permit.policies().to_owned() },
        Err(refusal) => Judged { permitted: None, policies: refusal.policies },
    }
}

/// What callers ask for, and whether somebody outside is to get it.
const ASKED: [(&str, bool, Decide); 12] = [
    (ActionKind::Find.as_str(), false, judge::<Find>),
    (ActionKind::Describe.as_str(), false, judge::<Describe>),
    (ActionKind::Read.as_str(), false, judge::<Read>),
    (ActionKind::Download.as_str(), false, judge::<Download>),
    (ActionKind::History.as_str(), false, judge::<History>),
    (ActionKind::Add.as_str(), false, judge::<Add>),
    (ActionKind::Organise.as_str(), false, judge::<Organise>),
    (ActionKind::Delete.as_str(), false, judge::<Delete>),
    (ActionKind::Share.as_str(), false, judge::<Share>),
    ("share outside", true, judge::<Share>),
    (ActionKind::Revoke.as_str(), false, judge::<Revoke>),
    (ActionKind::IssueCode.as_str(), false, judge::<IssueCode>),
];

/// The actions of those that are asked for so.
const KINDS: [ActionKind; 11] = [
    ActionKind::Find,
    ActionKind::Describe,
    ActionKind::Read,
    ActionKind::Download,
    ActionKind::History,
    ActionKind::Add,
    ActionKind::Organise,
    ActionKind::Delete,
    ActionKind::Share,
    ActionKind::Revoke,
    ActionKind::IssueCode,
];

/// Compares decisions on a call whose caller the platform did not verify.
pub(super) fn decisions(now: &Policies, then: &Policies, sample: &Sample) -> DecisionChanges {
    let mut changes = DecisionChanges { users: sample.users.len(), files: sample.files.len(), ..DecisionChanges::default() };
    let conditions = Conditions { in_call: true, ..Conditions::at(Door::Mcp, sample.now) };
    for (person, teams) in &sample.users {
        let PersonId::User(user) = person.id else { continue };
        let principal = Principal {
            kind: PrincipalKind::User { id: user, roles: person.roles.clone(), teams: teams.clone() },
            customer: sample.customer,
            permissions: Permissions::all(),
        };
        for (file, grants) in &sample.files {
            let resource = Resource::File(Files::facts(file, grants));
            // Who asks for what is put together once for all that is asked, not for each answer.
            let [inside, outside] = [false, true].map(|external| {
                let conditions = Conditions { external, ..conditions };
                let kinds: &[ActionKind] = if external { &[ActionKind::Share] } else { &KINDS };
                [now, then].map(|policies| policies.scene(&principal, &resource, &conditions, kinds))
            });
            for (action, external, decide) in ASKED {
                let [before, after] = if external { &outside } else { &inside };
                let (before, after) = (decide(before), decide(after));
                if before.permitted == after.permitted {
                    continue;
                }
                changes.changed += 1;
                if changes.told.len() < TOLD {
                    let (name, title) = (person.name.clone(), file.title.clone());
                    changes.told.push(DecisionChange { user, name, action, file: file.id, title, before, after });
                }
            }
        }
    }
    changes
}

impl Files {
    /// Some of a customer's active users, and its newest files.
    pub(super) async fn sample(&self, customer: CustomerId) -> Result<Sample, FilesError> {
        let people = self.0.catalog.people(customer).await?;
        let active = people.into_iter().filter(|person| person.kind() == PersonKind::User && person.deactivated_at.is_none());
        let mut users = Vec::new();
        for person in active.take(USERS) {
            let PersonId::User(user) = person.id else { continue };
            let teams = self.0.catalog.teams_of(customer, user).await?;
            users.push((person, teams));
        }
        let newest = self.0.catalog.newest_files(customer, FILES).await?;
        let ids: Vec<FileId> = newest.iter().map(|file| file.id).collect();
        let mut grants = self.0.catalog.grants_of(customer, &ids).await?;
        let files = newest.into_iter().map(|file| (grants.remove(&file.id).unwrap_or_default(), file)).map(|(grants, file)| (file, grants));
        Ok(Sample { users, files: files.collect(), customer, now: self.now() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::*;
    use crate::policy::times_built;

    fn file(customer: CustomerId, owner: UserId, entropy: &dyn Entropy) -> FileRecord {
        let clock = ManualClock::at("2026-03-02T09:00:00Z");
        FileRecord {
            id: FileId::new(&clock, entropy),
            customer,
            owner: Owner::User(owner),
            folder: Folder::parse("").unwrap(),
            name: FileName::parse("a.txt").unwrap(),
            title: "a".to_owned(),
            author: None,
            tags: Vec::new(),
            category: Category::Document,
            created_date: None,
            content_type: "text/plain".to_owned(),
            size: 1,
            checksum: Checksum::from_digest([0; 32]),
            version: 1,
            blob: BlobId::new(&clock, entropy),
            status: FileStatus::Active,
            scan: ScanStatus::Clean,
            extraction: Extraction { status: ExtractionStatus::Done, reason: None },
            excerpt: None,
            summary: None,
            page_count: None,
            duration_ms: None,
            language: None,
            facts: Facts::default(),
            unlock: None,
            added_at: clock.now(),
            updated_at: clock.now(),
            last_accessed: None,
            hold: false,
            retention_until: None,
            classification: Classification::Internal,
            found: Classification::Internal,
            said: None,
            findings: None,
            topic: Topic::general(),
            sorted: None,
            topic_said: None,
            change_seq: 1,
        }
    }

    #[test]
    fn the_actions_are_those_that_are_asked_for() {
        let asked: std::collections::BTreeSet<&str> =
            ASKED.iter().filter(|(_, external, _)| !external).map(|(action, _, _)| *action).collect();
        assert_eq!(asked, KINDS.iter().map(|kind| kind.as_str()).collect());
    }

    #[test]
    fn who_asks_for_what_is_put_together_four_times_a_row_and_not_for_each_of_its_twenty_four_answers() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(7));
        let (customer, user) = (CustomerId::new(&clock, &entropy), UserId::new(&clock, &entropy));
        let files: Vec<_> = (0..3).map(|_| (file(customer, user, &entropy), Vec::new())).collect();
        let person = Person {
            id: PersonId::User(user),
            customer,
            name: "Ana".to_owned(),
            email: None,
            phone: None,
            roles: vec![Role::Member],
            detail: None,
            members: Vec::new(),
            deactivated_at: None,
        };
        let sample = Sample { users: vec![(person, Vec::new())], files, customer, now: clock.now() };
        let policies = Policies::built_in().unwrap();
        let before = times_built();
        let same = decisions(&policies, &policies, &sample);
        assert_eq!((same.users, same.files, same.changed), (1, 3, 0));
        assert_eq!(times_built() - before, 3 * 4);
    }
}
