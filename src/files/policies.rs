//! A customer's own policies: checked, kept as numbered sets, compared, and put in force.

use super::policy_diff::{PolicyDiff, decisions};
use super::{Files, FilesError, Subject};
use crate::catalog::{NewPolicySet, PolicySet};
use crate::domain::{AuditEntry, clean_text};
use crate::policy::{ManagePolicies, Permit, PolicyError, Resource};

/// Longest note of a set, in characters.
const NOTE: usize = 500;
/// Sets of one page, at most.
const MOST_LISTED: u32 = 200;

/// Which policies are meant.
#[derive(Debug, Clone)]
pub enum Proposed {
    /// These texts, as `(name, text)`.
    Texts(Vec<(String, String)>),
    /// A set that is kept; 0 for the built-in policies alone.
    Set(u32),
}

/// How a set comes into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Whether it was in force before or not.
    Forward,
    /// Only if it was in force before, or is the built-in policies alone.
    Back,
}

/// Sets of a customer, and which is in force.
#[derive(Debug, Clone)]
pub struct PolicySets {
    /// The number of the set in force; 0 for the built-in policies alone.
    pub active: u32,
    /// The newest first.
    pub sets: Vec<PolicySet>,
}

fn invalid(error: &PolicyError) -> FilesError {
    FilesError::Invalid { field: "policies", reason: error.to_string() }
}

impl Files {
    fn policies_entry(subject: &Subject, permit: &Permit<ManagePolicies>, action: &'static str, object: Option<String>) -> AuditEntry {
        AuditEntry { object, ..subject.allowed(action, "done", permit) }
    }

    /// A set that is not valid: named in the record, and nothing else happens.
    async fn broken(
        &self,
        subject: &Subject,
        permit: &Permit<ManagePolicies>,
        action: &'static str,
        error: &PolicyError,
    ) -> Result<FilesError, FilesError> {
        let entry = Self::policies_entry(subject, permit, action, None);
        let entry = AuditEntry { outcome: "invalid", reason: Some(clean_text(&error.to_string(), 300)), ..entry };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(invalid(error))
    }

    /// Says whether texts would be a valid set, with the first fault where not. Nothing is kept.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn check_policies(&self, subject: &Subject, texts: Vec<(String, String)>) -> Result<Option<PolicyError>, FilesError> {
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let fault = self.put_together(named(texts)).await?.err();
        let entry = Self::policies_entry(subject, &permit, "check_policies", None);
        let entry = AuditEntry { outcome: if fault.is_some() { "invalid" } else { "done" }, ..entry };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(fault)
    }

    /// Keeps texts as a set, which is not in force yet; gives its number.
    ///
    /// # Errors
    /// `Refused` without the right; `Invalid` with text, line and reason when the set is not valid; else when it could
    /// not be committed.
    pub async fn draft_policies(&self, subject: &Subject, texts: Vec<(String, String)>, note: &str) -> Result<u32, FilesError> {
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let texts = named(texts);
        if let Err(error) = self.put_together(texts.clone()).await? {
            return Err(self.broken(subject, &permit, "draft_policies", &error).await?);
        }
        let set = NewPolicySet { texts, note: clean_text(note, NOTE) };
        let entry = Self::policies_entry(subject, &permit, "draft_policies", None);
        Ok(self.0.catalog.add_policy_set(subject.customer(), &set, &entry).await?)
    }

    /// Compares policies with those in force: which are added, gone or changed, which lines of the matrix, and which
    /// decisions about the customer's own people and files, looked at in a sample.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` for an unknown set; `Invalid` when the texts are not valid; else when the
    /// catalog does not answer.
    pub async fn compare_policies(&self, subject: &Subject, proposed: Proposed) -> Result<PolicyDiff, FilesError> {
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let customer = subject.customer();
        let texts = match proposed {
            Proposed::Texts(texts) => named(texts),
            Proposed::Set(number) => self.texts_of(subject, number, "compare_policies").await?,
        };
        let active = self.0.catalog.active_policy_set(customer).await?;
        let now = self.policies_of(customer).await?;
        let then = match self.put_together(texts).await? {
            Ok(policies) => policies,
            Err(error) => return Err(self.broken(subject, &permit, "compare_policies", &error).await?),
        };
        let sample = self.sample(customer).await?;
        let judged = tokio::task::spawn_blocking(move || {
            let decisions = decisions(&now, &then, &sample);
            PolicyDiff::of(active, &now, &then, decisions)
        });
        let diff = judged.await.map_err(|_| FilesError::Conflict("the server is stopping"))?;
        self.0.catalog.record(customer, &Self::policies_entry(subject, &permit, "compare_policies", None)).await?;
        Ok(diff)
    }

    /// Puts a set in force, on every server at once.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` for an unknown set; `Invalid` for one that is not valid any more, or
    /// under which the asker could not put another in its place; `Conflict` when it never was in force and the way is
    /// back, or another set came into force in the meantime; else when it could not be committed.
    pub async fn activate_policies(&self, subject: &Subject, number: u32, way: Turn) -> Result<(), FilesError> {
        let action = match way {
            Turn::Forward => "activate_policies",
            Turn::Back => "roll_back_policies",
        };
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let customer = subject.customer();
        let over = self.0.catalog.active_policy_set(customer).await?;
        let set = if number == 0 { None } else { self.0.catalog.policy_set(customer, number).await? };
        if number > 0 && set.is_none() {
            return Err(self.absent(subject, action, Some(object(number))).await?);
        }
        if way == Turn::Back && set.as_ref().is_some_and(|set| set.activated_at.is_none()) {
            let entry = Self::policies_entry(subject, &permit, action, Some(object(number)));
            self.0.catalog.record(customer, &AuditEntry { outcome: "refused", ..entry }).await?;
            return Err(FilesError::Conflict("this set never was in force; activate it"));
        }
        let policies = match self.put_together(set.map(|set| set.texts).unwrap_or_default()).await? {
            Ok(policies) => policies,
            Err(error) => return Err(self.broken(subject, &permit, action, &error).await?),
        };
        if let Err(refusal) = policies.permit::<ManagePolicies>(&subject.principal, &Resource::Customer(customer), &subject.conditions) {
            let entry = Self::policies_entry(subject, &permit, action, Some(object(number)));
            let reason = Some(format!("would lock its author out by {}", refusal.policies));
            self.0.catalog.record(customer, &AuditEntry { outcome: "refused", reason, ..entry }).await?;
            let reason = format!("would keep you from changing policies again, by `{}`", refusal.policies);
            return Err(FilesError::Invalid { field: "policies", reason });
        }
        let entry = Self::policies_entry(subject, &permit, action, Some(object(number)));
        let entry = AuditEntry { reason: Some(format!("over {}", object(over))), ..entry };
        self.0.catalog.activate_policy_set(customer, number, over, &entry).await?;
        tracing::info!(customer = %customer, policy.set = number, policy.over = over, "a policy set came into force");
        Ok(())
    }

    /// Sets of the customer before a number, the newest first, 200 at most.
    ///
    /// # Errors
    /// `Refused` without the right; else when the catalog does not answer.
    pub async fn policy_sets(&self, subject: &Subject, before: Option<u32>, limit: u32) -> Result<PolicySets, FilesError> {
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let customer = subject.customer();
        self.0.catalog.record(customer, &Self::policies_entry(subject, &permit, "list_policies", None)).await?;
        let active = self.0.catalog.active_policy_set(customer).await?;
        let sets = self.0.catalog.policy_sets(customer, before, limit.clamp(1, MOST_LISTED)).await?;
        Ok(PolicySets { active, sets })
    }

    /// One set with its texts, and whether it is in force.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` for an unknown set; else when the catalog does not answer.
    pub async fn policy_set(&self, subject: &Subject, number: u32) -> Result<(PolicySet, bool), FilesError> {
        let permit = self.permit_customer::<ManagePolicies>(subject).await?;
        let customer = subject.customer();
        let Some(set) = self.0.catalog.policy_set(customer, number).await? else {
            return Err(self.absent(subject, "show_policies", Some(object(number))).await?);
        };
        self.0.catalog.record(customer, &Self::policies_entry(subject, &permit, "show_policies", Some(object(number)))).await?;
        let active = self.0.catalog.active_policy_set(customer).await?;
        Ok((set, active == number))
    }

    async fn texts_of(&self, subject: &Subject, number: u32, action: &'static str) -> Result<Vec<(String, String)>, FilesError> {
        if number == 0 {
            return Ok(Vec::new());
        }
        match self.0.catalog.policy_set(subject.customer(), number).await? {
            Some(set) => Ok(set.texts),
            None => Err(self.absent(subject, action, Some(object(number))).await?),
        }
    }
}

fn object(number: u32) -> String {
    format!("policy set {number}")
}

/// Texts under names that can be told.
fn named(texts: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut texts = texts;
    for (name, _) in &mut texts {
        *name = clean_text(name, 100);
    }
    texts
}
