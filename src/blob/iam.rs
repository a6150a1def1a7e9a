//! Which rights the calls of this room take, and the policies that give no more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::adopted::Location;

/// Who is given a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// A serving process, with the workers in it.
    Server,
    /// A process of workers alone.
    Worker,
    /// Whoever runs `satchel store setup` and `satchel doctor`.
    Setup,
    /// The role that is assumed for one customer's work; the session narrows it to that customer.
    Customer,
}

/// What a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Objects of customers.
    Objects,
    /// Objects that customers may adopt where they lie.
    Adopted,
    /// The buckets of these.
    AdoptedBuckets,
    /// Checkpoints of the audit trail: put there and read, never taken away.
    Anchors,
    /// Scratch objects of a probe.
    Scratch,
    /// The two buckets.
    Buckets,
    /// Buckets made for a probe, and what is in them.
    ScratchBuckets,
    /// The queue of the store's events.
    Queue,
    /// The role that is assumed for a customer.
    Role,
}

/// One call of the SDK, and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The method of the client.
    pub call: &'static str,
    /// The rights it takes, by what they are about and who makes the call.
    pub takes: &'static [(&'static [Duty], On, &'static [&'static str])],
}

const WORK: &[Duty] = &[Duty::Server, Duty::Worker, Duty::Customer];
const OWN: &[Duty] = &[Duty::Server, Duty::Worker];
const PROBE: &[Duty] = &[Duty::Server, Duty::Setup];
const SERVE: &[Duty] = &[Duty::Server];
const SETUP: &[Duty] = &[Duty::Setup];

/// One row of the table.
const fn row(call: &'static str, takes: &'static [(&'static [Duty], On, &'static [&'static str])]) -> Operation {
    Operation { call, takes }
}

/// Every call of the SDK that this room makes.
pub const OPERATIONS: &[Operation] = &[
    row(
        "get_object",
        &[
            (WORK, On::Objects, &["s3:GetObject"]),
            (WORK, On::Adopted, &["s3:GetObject", "s3:GetObjectVersion"]),
            (OWN, On::Anchors, &["s3:GetObject", "s3:GetObjectVersion"]),
        ],
    ),
    row(
        "head_object",
        &[
            (WORK, On::Objects, &["s3:GetObject"]),
            (WORK, On::Adopted, &["s3:GetObject", "s3:GetObjectVersion"]),
            (PROBE, On::Scratch, &["s3:GetObject"]),
        ],
    ),
    row(
        "put_object",
        &[
            (WORK, On::Objects, &["s3:PutObject"]),
            (OWN, On::Anchors, &["s3:PutObject", "s3:PutObjectRetention"]),
            (PROBE, On::Scratch, &["s3:PutObject"]),
            (SETUP, On::ScratchBuckets, &["s3:PutObject"]),
        ],
    ),
    row("copy_object", &[(WORK, On::Objects, &["s3:GetObject", "s3:PutObject"])]),
    row(
        "delete_object",
        &[
            (WORK, On::Objects, &["s3:DeleteObject"]),
            (PROBE, On::Scratch, &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
            (SETUP, On::ScratchBuckets, &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
        ],
    ),
    row("create_multipart_upload", &[(WORK, On::Objects, &["s3:PutObject"])]),
    row("upload_part", &[(WORK, On::Objects, &["s3:PutObject"])]),
    row("upload_part_copy", &[(WORK, On::Objects, &["s3:GetObject", "s3:PutObject"])]),
    row("list_parts", &[(WORK, On::Objects, &["s3:ListMultipartUploadParts"])]),
    row("list_multipart_uploads", &[(OWN, On::Buckets, &["s3:ListBucketMultipartUploads"])]),
    row("complete_multipart_upload", &[(WORK, On::Objects, &["s3:PutObject"])]),
    row("abort_multipart_upload", &[(WORK, On::Objects, &["s3:AbortMultipartUpload"])]),
    row(
        "list_objects_v2",
        &[
            (WORK, On::Buckets, &["s3:ListBucket"]),
            (WORK, On::AdoptedBuckets, &["s3:ListBucket"]),
            (SETUP, On::Buckets, &["s3:ListBucket"]),
        ],
    ),
    row("list_object_versions", &[(OWN, On::Buckets, &["s3:ListBucketVersions"])]),
    row("head_bucket", &[(OWN, On::Buckets, &["s3:ListBucket"]), (SETUP, On::Buckets, &["s3:ListBucket"])]),
    row("put_object_tagging", &[(PROBE, On::Scratch, &["s3:PutObjectTagging"])]),
    row("get_object_tagging", &[(PROBE, On::Scratch, &["s3:GetObjectTagging"])]),
    row("put_object_annotation", &[(PROBE, On::Scratch, &["s3:PutObjectAnnotation"])]),
    row("get_object_annotation", &[(PROBE, On::Scratch, &["s3:GetObjectAnnotation"])]),
    row("restore_object", &[(PROBE, On::Scratch, &["s3:RestoreObject"])]),
    row("put_object_legal_hold", &[(SETUP, On::ScratchBuckets, &["s3:PutObjectLegalHold"])]),
    row("get_object_lock_configuration", &[(PROBE, On::Buckets, &["s3:GetBucketObjectLockConfiguration"])]),
    row(
        "create_bucket",
        &[
            (SETUP, On::Buckets, &["s3:CreateBucket", "s3:PutBucketObjectLockConfiguration"]),
            (SETUP, On::ScratchBuckets, &["s3:CreateBucket", "s3:PutBucketObjectLockConfiguration"]),
        ],
    ),
    row("delete_bucket", &[(SETUP, On::ScratchBuckets, &["s3:DeleteBucket"])]),
    row(
        "get_bucket_versioning",
        &[(PROBE, On::Buckets, &["s3:GetBucketVersioning"]), (SETUP, On::ScratchBuckets, &["s3:GetBucketVersioning"])],
    ),
    row(
        "put_bucket_versioning",
        &[(SETUP, On::Buckets, &["s3:PutBucketVersioning"]), (SETUP, On::ScratchBuckets, &["s3:PutBucketVersioning"])],
    ),
    row(
        "get_bucket_lifecycle_configuration",
        &[(PROBE, On::Buckets, &["s3:GetLifecycleConfiguration"]), (SETUP, On::ScratchBuckets, &["s3:GetLifecycleConfiguration"])],
    ),
    row(
        "put_bucket_lifecycle_configuration",
        &[(SETUP, On::Buckets, &["s3:PutLifecycleConfiguration"]), (SETUP, On::ScratchBuckets, &["s3:PutLifecycleConfiguration"])],
    ),
    row("get_bucket_notification_configuration", &[(PROBE, On::Buckets, &["s3:GetBucketNotification"])]),
    row("put_bucket_notification_configuration", &[(SETUP, On::Buckets, &["s3:PutBucketNotification"])]),
    row(
        "get_public_access_block",
        &[(SETUP, On::Buckets, &["s3:GetBucketPublicAccessBlock"]), (SETUP, On::ScratchBuckets, &["s3:GetBucketPublicAccessBlock"])],
    ),
    row(
        "put_public_access_block",
        &[(SETUP, On::Buckets, &["s3:PutBucketPublicAccessBlock"]), (SETUP, On::ScratchBuckets, &["s3:PutBucketPublicAccessBlock"])],
    ),
    row("get_bucket_policy", &[(SETUP, On::Buckets, &["s3:GetBucketPolicy"]), (SETUP, On::ScratchBuckets, &["s3:GetBucketPolicy"])]),
    row("put_bucket_policy", &[(SETUP, On::Buckets, &["s3:PutBucketPolicy"]), (SETUP, On::ScratchBuckets, &["s3:PutBucketPolicy"])]),
    row(
        "get_bucket_encryption",
        &[(SETUP, On::Buckets, &["s3:GetEncryptionConfiguration"]), (SETUP, On::ScratchBuckets, &["s3:GetEncryptionConfiguration"])],
    ),
    row(
        "put_bucket_encryption",
        &[(SETUP, On::Buckets, &["s3:PutEncryptionConfiguration"]), (SETUP, On::ScratchBuckets, &["s3:PutEncryptionConfiguration"])],
    ),
    row("get_bucket_cors", &[(SETUP, On::Buckets, &["s3:GetBucketCORS"]), (SETUP, On::ScratchBuckets, &["s3:GetBucketCORS"])]),
    row("put_bucket_cors", &[(SETUP, On::Buckets, &["s3:PutBucketCORS"]), (SETUP, On::ScratchBuckets, &["s3:PutBucketCORS"])]),
    row("assume_role", &[(OWN, On::Role, &["sts:AssumeRole"])]),
    row("receive_message", &[(SERVE, On::Queue, &["sqs:ReceiveMessage"])]),
    row("delete_message", &[(SERVE, On::Queue, &["sqs:DeleteMessage"])]),
    row("change_message_visibility", &[(SERVE, On::Queue, &["sqs:ChangeMessageVisibility"])]),
];

/// Which things of an account a policy is about.
#[derive(Debug, Clone)]
pub struct Estate {
    /// The region, which tells the partition.
    pub region: String,
    /// Bucket of what people put in.
    pub files_bucket: String,
    /// Bucket of what Satchel made of it.
    pub metadata_bucket: String,
    /// ARN of the key of the key service under which objects lie.
    pub kms_key: Option<String>,
    /// Whose objects each customer may adopt.
    pub locations: Vec<Location>,
    /// ARN of the queue of the store's events.
    pub queue: Option<String>,
    /// ARN of the role that is assumed for a customer.
    pub role: Option<String>,
}

/// The partition of a region, as it stands in ARNs.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        china if china.starts_with("cn-") => "aws-cn",
        government if government.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The rights of a duty about one kind of thing, sorted, each once.
fn rights(duty: Duty, on: On) -> Vec<&'static str> {
    let taken = OPERATIONS.iter().flat_map(|operation| operation.takes);
    let mut all: Vec<&str> =
        taken.filter(|(by, about, _)| *about == on && by.contains(&duty)).flat_map(|(_, _, rights)| rights.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Estate {
    fn bucket(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", partition(&self.region))
    }

    fn things(&self, on: On) -> Vec<String> {
        let (files, metadata) = (self.bucket(&self.files_bucket), self.bucket(&self.metadata_bucket));
        match on {
            On::Objects => vec![format!("{files}/*"), format!("{metadata}/*")],
            On::Adopted => self.locations.iter().map(|location| self.within(location)).collect(),
            // Each with the prefixes it may be listed by: a statement of its own.
            On::AdoptedBuckets => Vec::new(),
            On::Anchors => vec![format!("{metadata}/audit/*")],
            On::Scratch => vec![format!("{files}/satchel-probe/*")],
            On::Buckets => vec![files, metadata],
            On::ScratchBuckets => vec![self.bucket("satchel-probe-*"), self.bucket("satchel-probe-*/*")],
            On::Queue => self.queue.iter().cloned().collect(),
            On::Role => self.role.iter().cloned().collect(),
        }
    }

    fn within(&self, location: &Location) -> String {
        format!("{}/{}*", self.bucket(&location.bucket), location.prefix)
    }

    /// For each bucket with objects that may be adopted: that it may be listed, by these prefixes.
    fn listings<'a>(&self, duty: Duty, locations: impl Iterator<Item = &'a Location>) -> Vec<Value> {
        let mut prefixes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for location in locations {
            prefixes.entry(&location.bucket).or_default().push(format!("{}*", location.prefix));
        }
        let rights = rights(duty, On::AdoptedBuckets);
        let of = |(bucket, prefixes): (&str, Vec<String>)| {
            json!({
                "Effect": "Allow", "Action": rights, "Resource": [self.bucket(bucket)],
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            })
        };
        if rights.is_empty() { Vec::new() } else { prefixes.into_iter().map(of).collect() }
    }

    /// The least that a duty takes, as an IAM policy document. A process that assumes a role for each
    /// customer needs no right to customers' objects itself.
    #[must_use]
    pub fn policy(&self, duty: Duty) -> Value {
        let by_role = self.role.is_some() && matches!(duty, Duty::Server | Duty::Worker);
        let kinds = [On::Objects, On::Adopted, On::Anchors, On::Scratch, On::Buckets, On::ScratchBuckets, On::Queue, On::Role];
        let mut statements = Vec::new();
        for on in kinds.into_iter().filter(|on| !(by_role && matches!(on, On::Objects | On::Adopted))) {
            let (rights, things) = (rights(duty, on), self.things(on));
            if !rights.is_empty() && !things.is_empty() {
                statements.push(json!({"Sid": format!("Satchel{on:?}"), "Effect": "Allow", "Action": rights, "Resource": things}));
            }
        }
        if !by_role {
            statements.extend(self.listings(duty, self.locations.iter()));
        }
        if let Some(key) = &self.kms_key {
            statements.push(json!({
                "Sid": "SatchelKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [key],
            }));
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// The policy of a session for one customer: what its work takes, on its own objects. The text has
    /// no blanks, since Ceph RGW 16 does not read them in a form.
    #[must_use]
    pub fn session_policy(&self, customer: &str) -> String {
        let (files, metadata) = (self.bucket(&self.files_bucket), self.bucket(&self.metadata_bucket));
        let of_metadata = ["indexes", "thumbnails", "extracted-text"];
        let mut objects = vec![format!("{files}/{customer}/*")];
        objects.extend(of_metadata.iter().map(|kind| format!("{metadata}/{kind}/{customer}/*")));
        let in_metadata: Vec<String> = of_metadata.iter().map(|kind| format!("{kind}/{customer}/*")).collect();
        let list = |bucket: &str, prefixes: &Value| {
            json!({
                "Effect": "Allow", "Action": rights(Duty::Customer, On::Buckets), "Resource": [bucket],
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            })
        };
        let mut statements = vec![
            json!({"Effect": "Allow", "Action": rights(Duty::Customer, On::Objects), "Resource": objects}),
            list(&files, &json!([format!("{customer}/*")])),
            list(&metadata, &json!(in_metadata)),
        ];
        let own: Vec<&Location> = self.locations.iter().filter(|location| location.customer.to_string() == customer).collect();
        if !own.is_empty() {
            let adopted: Vec<String> = own.iter().map(|location| self.within(location)).collect();
            statements.push(json!({"Effect": "Allow", "Action": rights(Duty::Customer, On::Adopted), "Resource": adopted}));
            statements.extend(self.listings(Duty::Customer, own.into_iter()));
        }
        if let Some(key) = &self.kms_key {
            statements.push(json!({"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [key]}));
        }
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CustomerId, ManualClock, SeededEntropy};

    fn estate() -> Estate {
        Estate {
            region: "eu-central-1".to_owned(),
            files_bucket: "files".to_owned(),
            metadata_bucket: "metadata".to_owned(),
            kms_key: None,
            locations: Vec::new(),
            queue: None,
            role: None,
        }
    }

    #[test]
    fn a_server_may_not_change_a_bucket_and_nobody_but_setup_makes_one() {
        for duty in [Duty::Server, Duty::Worker, Duty::Customer] {
            let policy = estate().policy(duty).to_string();
            for right in ["s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "\"s3:*\"", "\"*\""] {
                assert!(!policy.contains(right), "{duty:?}: {right}");
            }
            assert!(policy.contains("s3:GetObject"), "{duty:?}");
        }
        let setup = estate().policy(Duty::Setup).to_string();
        assert!(setup.contains("s3:CreateBucket") && !setup.contains("arn:aws:s3:::files/*"), "{setup}");
    }

    #[test]
    fn a_process_that_assumes_a_role_has_no_right_to_customers_objects_itself() {
        let estate = Estate { role: Some("arn:aws:iam::1:role/customers".to_owned()), ..estate() };
        for duty in [Duty::Server, Duty::Worker] {
            let policy = estate.policy(duty).to_string();
            assert!(policy.contains("sts:AssumeRole") && !policy.contains("arn:aws:s3:::files/*"), "{policy}");
        }
        assert!(estate.policy(Duty::Customer).to_string().contains("arn:aws:s3:::files/*"));
    }

    #[test]
    fn a_session_fits_the_limit_of_a_session_policy_and_names_one_customer_only() {
        let long = "x".repeat(63);
        let estate = Estate { files_bucket: long.clone(), metadata_bucket: long, kms_key: Some("k".repeat(80)), ..estate() };
        let policy = estate.session_policy("cust_01jzz3k5q8f4mv9c2x7d6w0b1n");
        // STS takes 2,048 characters.
        assert!(policy.len() <= 2048, "{}", policy.len());
        assert!(!policy.contains(' '), "{policy}");
        for thing in ["/cust_01jzz3k5q8f4mv9c2x7d6w0b1n/*", "extracted-text/cust_01jzz3k5q8f4mv9c2x7d6w0b1n/*"] {
            assert!(policy.contains(thing), "{policy}");
        }
    }

    #[test]
    fn what_may_be_adopted_may_be_read_and_listed_and_nothing_else_by_its_customer_alone() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let (ann, ben) = (CustomerId::new(&clock, &entropy), CustomerId::new(&clock, &entropy));
        let location = |customer, prefix: &str| Location { customer, bucket: "archive".to_owned(), prefix: prefix.to_owned() };
        let estate = Estate { locations: vec![location(ann, "legal/"), location(ben, "sales/")], ..estate() };
        let rights_on = |policy: &Value, thing: &str| -> Vec<String> {
            let statements = policy["Statement"].as_array().unwrap().iter();
            let about = statements.filter(|one| one["Resource"].as_array().unwrap().iter().any(|resource| resource == thing));
            about.flat_map(|one| one["Action"].as_array().unwrap().clone()).map(|right| right.as_str().unwrap().to_owned()).collect()
        };
        let session: Value = serde_json::from_str(&estate.session_policy(&ann.to_string())).unwrap();
        assert_eq!(rights_on(&session, "arn:aws:s3:::archive/legal/*"), ["s3:GetObject", "s3:GetObjectVersion"]);
        assert_eq!(rights_on(&session, "arn:aws:s3:::archive"), ["s3:ListBucket"]);
        assert!(session.to_string().contains("legal/*") && !session.to_string().contains("sales/"), "{session}");
        for duty in [Duty::Server, Duty::Worker, Duty::Customer] {
            let policy = estate.policy(duty);
            for thing in ["arn:aws:s3:::archive/legal/*", "arn:aws:s3:::archive/sales/*"] {
                assert_eq!(rights_on(&policy, thing), ["s3:GetObject", "s3:GetObjectVersion"], "{duty:?}");
            }
        }
        assert!(!estate.policy(Duty::Setup).to_string().contains("archive"));
        let assuming = Estate { role: Some("arn:aws:iam::1:role/customers".to_owned()), ..estate };
        assert!(!assuming.policy(Duty::Server).to_string().contains("archive"), "the role has these rights then");
    }

    #[test]
    fn each_partition_has_its_arns() {
        for (region, expected) in [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
            assert_eq!(partition(region), expected);
        }
    }
}
