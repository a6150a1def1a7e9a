//! What is wanted of a bucket, told by aspect.

use super::aspect::Aspect;
use super::{cors, lifecycle, notifications};
use crate::blob::key::Role;
use crate::domain::CustomerId;

/// Where a bucket sends its notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A queue, by its ARN.
    Queue(String),
    /// A topic, by its ARN; Ceph RGW pushes from one to a webhook.
    Topic(String),
}

/// What the buckets are to be set up for.
#[derive(Debug, Clone, Default)]
pub struct SetupSettings {
    /// `scheme://host[:port]` of the pages from which browsers upload; without it no page may.
    pub page_origin: Option<String>,
    /// The key of the key service under which objects lie; the store's own keys when unset.
    pub kms_key: Option<String>,
    /// Where notifications go; nowhere when unset.
    pub destination: Option<Destination>,
    /// Customers whose `temp/` and `archive/` get rules of their own. A rule names one prefix and
    /// knows no wildcard, so each customer takes two of a bucket's 1,000 rules.
    pub customers: Vec<CustomerId>,
    /// Whether the bucket of the checkpoints is to be made with object lock. One that is there cannot get it.
    pub lock: bool,
}

/// What is wanted of one bucket.
pub(super) struct Wanted<'a> {
    pub settings: &'a SetupSettings,
    pub role: Role,
    /// The store is reached with TLS.
    pub with_tls: bool,
}

impl Wanted<'_> {
    /// The aspects that matter for this bucket, in the order in which they are set.
    pub fn aspects(&self) -> Vec<Aspect> {
        let files = self.role == Role::Files;
        let mut all = vec![Aspect::PublicAccess];
        // Over plain HTTP a bucket that refuses it would refuse Satchel.
        if self.with_tls {
            all.push(Aspect::TlsOnly);
        }
        all.extend([Aspect::Versioning, Aspect::Encryption, Aspect::Lifecycle]);
        if files && !self.settings.customers.is_empty() {
            all.push(Aspect::Archive);
        }
        if files && self.settings.page_origin.is_some() {
            all.push(Aspect::Cors);
        }
        if files && self.settings.destination.is_some() {
            all.push(Aspect::Notifications);
        }
        all
    }

    /// What is wanted of an aspect, one text for each thing that is to be set.
    pub fn of(&self, aspect: Aspect) -> Vec<String> {
        match aspect {
            Aspect::Bucket => vec!["there".to_owned()],
            Aspect::PublicAccess => vec!["all four kinds blocked".to_owned()],
            Aspect::TlsOnly => vec!["requests without TLS denied".to_owned()],
            Aspect::Versioning => vec!["enabled".to_owned()],
            Aspect::Encryption => match &self.settings.kms_key {
                Some(key) => vec![format!("aws:kms under `{key}`, with a bucket key")],
                None => vec!["by the store's own keys".to_owned()],
            },
            Aspect::Lifecycle => lifecycle::told(&self.lifecycle_rules()),
            Aspect::Archive => lifecycle::told(&self.archive_rules()),
            Aspect::Cors => cors::wanted(self.settings.page_origin.as_deref()).iter().map(cors::told).collect(),
            Aspect::Notifications => self.settings.destination.iter().map(notifications::told).collect(),
        }
    }

    /// Rules that remove things.
    pub fn lifecycle_rules(&self) -> Vec<lifecycle::Rule> {
        let of_customers =
            (self.role == Role::Files).then(|| self.settings.customers.iter().map(|customer| lifecycle::temporary(*customer)));
        lifecycle::for_all().into_iter().chain(of_customers.into_iter().flatten()).collect()
    }

    /// Rules that move what is archived.
    pub fn archive_rules(&self) -> Vec<lifecycle::Rule> {
        self.settings.customers.iter().map(|customer| lifecycle::archived(*customer)).collect()
    }
}
