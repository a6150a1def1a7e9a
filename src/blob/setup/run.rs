//! Looking at both buckets, saying what differs, changing that, and looking again.

use aws_sdk_s3::Client;

use super::aspect::{Aspect, Line, Report, State};
use super::wanted::{SetupSettings, Wanted};
use super::{access, cors, keeping, lifecycle, notifications};
use crate::blob::capabilities::{Answer, Feature, Support, archive};
use crate::blob::error::BlobError;
use crate::blob::key::Role;
use crate::blob::store::{BucketState, Store};
use crate::domain::{SystemEntropy, random_bytes};

/// Whether something may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Look only. Where something differs, a scratch bucket tells whether the store could do it.
    Look,
    /// Change what differs.
    Apply,
}

/// Codes by which stores say that these credentials may not.
const DENIED: [&str; 4] = ["AccessDenied", "AllAccessDisabled", "UnauthorizedOperation", "403"];

/// What is said of a bucket that was to have object lock.
const MADE_WITHOUT_LOCK: &str = "it has no object lock, which a bucket gets when it is made and never later: checkpoints in it are as safe as \
     the rights to delete them; another bucket can be named in `store.metadata_bucket`";

impl Store {
    /// How both buckets stand to what is wanted of them, after changing what differs where `mode` says so.
    ///
    /// # Errors
    /// When the store does not answer. What it refuses is a line of the report.
    pub async fn setup(&self, settings: &SetupSettings, mode: Mode) -> Result<Report, BlobError> {
        let mut lines = Vec::new();
        for role in [Role::Files, Role::Metadata] {
            let bucket = if role == Role::Files { self.files_bucket() } else { self.metadata_bucket() };
            let wanted = Wanted { settings, role, with_tls: self.is_reached_with_tls() };
            lines.extend(self.setup_bucket(bucket, &wanted, mode).await?);
        }
        Ok(Report { lines })
    }

    async fn setup_bucket(&self, bucket: &str, wanted: &Wanted<'_>, mode: Mode) -> Result<Vec<Line>, BlobError> {
        let there = self.bucket_line(bucket, wanted, mode).await?;
        let exists = matches!(there.state, State::InStep | State::Changed);
        let mut lines = vec![there];
        let mut trial = None;
        for aspect in wanted.aspects() {
            let desk = Desk { store: self, client: self.client(), bucket, wanted };
            let found = if exists { desk.read(aspect).await? } else { Answer::Done(Vec::new()) };
            let line = match (decide(bucket, aspect, found, wanted.of(aspect)), mode) {
                (line, Mode::Apply) if line.state == State::Differs && exists => desk.apply(line).await?,
                (line, Mode::Look) if line.state == State::Differs => {
                    if trial.is_none() {
                        trial = Some(self.trial_bucket().await?);
                    }
                    match trial.as_ref() {
                        Some(Some(scratch)) => Desk { bucket: scratch, ..desk }.rehearse(line).await?,
                        _ => line,
                    }
                }
                (line, _) => line,
            };
            lines.push(line);
        }
        if let Some(Some(scratch)) = trial
            && let Err(error) = self.client().delete_bucket().bucket(&scratch).send().await
        {
            tracing::warn!(bucket = scratch, error = %BlobError::of(error), "the scratch bucket of the plan stays behind");
        }
        Ok(lines)
    }

    async fn bucket_line(&self, bucket: &str, wanted: &Wanted<'_>, mode: Mode) -> Result<Line, BlobError> {
        let line = |state, said: &str| Line {
            bucket: bucket.to_owned(),
            aspect: Aspect::Bucket,
            state,
            found: if state == State::Differs { Vec::new() } else { wanted.of(Aspect::Bucket) },
            wanted: wanted.of(Aspect::Bucket),
            said: said.to_owned(),
        };
        let locks = wanted.settings.lock && wanted.role == Role::Metadata;
        Ok(match (self.probe_bucket(bucket).await, mode) {
            (BucketState::Ready, _) if locks && !self.locks_anchors().await? => line(State::InStep, MADE_WITHOUT_LOCK),
            (BucketState::Ready, _) => line(State::InStep, ""),
            (BucketState::Refused, _) => line(State::Denied, "it is somebody else's, or these credentials may not see it"),
            (BucketState::Silent, _) => return Err(BlobError::Unavailable { source: "no answer to a look at the bucket".into() }),
            (BucketState::Missing, Mode::Look) => line(State::Differs, "it is missing"),
            (BucketState::Missing, Mode::Apply) if locks => {
                match Answer::of(self.create(bucket).object_lock_enabled_for_bucket(true).send().await)? {
                    // A store that knows no lock may take the word and make a bucket without one.
                    Answer::Done(_) if self.locks_anchors().await? => line(State::Changed, "with object lock"),
                    Answer::Done(_) => line(State::Changed, MADE_WITHOUT_LOCK),
                    Answer::Refused(_) => match Answer::of(self.create(bucket).send().await)? {
                        Answer::Done(_) => line(State::Changed, MADE_WITHOUT_LOCK),
                        Answer::Refused(code) => line(State::Denied, &format!("the store answers `{code}` to its making")),
                    },
                }
            }
            (BucketState::Missing, Mode::Apply) => match Answer::of(self.create(bucket).send().await)? {
                Answer::Done(_) => line(State::Changed, ""),
                Answer::Refused(code) => line(State::Denied, &format!("the store answers `{code}` to its making")),
            },
        })
    }

    /// A bucket to try things on; `None` where none may be made.
    async fn trial_bucket(&self) -> Result<Option<String>, BlobError> {
        let bucket = format!("satchel-probe-{}", hex::encode(random_bytes::<8>(&SystemEntropy)));
        Ok(match Answer::of(self.create(&bucket).send().await)? {
            Answer::Done(_) => Some(bucket),
            Answer::Refused(_) => None,
        })
    }
}

/// Sorts what was found into "as wanted" and not.
fn decide(bucket: &str, aspect: Aspect, found: Answer<Vec<String>>, wanted: Vec<String>) -> Line {
    let (state, found, said) = match found {
        Answer::Done(found) if found == wanted => (State::InStep, found, String::new()),
        Answer::Done(found) => (State::Differs, found, String::new()),
        Answer::Refused(code) => {
            let (state, said) = refused(aspect, &code);
            (state, Vec::new(), said)
        }
    };
    Line { bucket: bucket.to_owned(), aspect, state, found, wanted, said }
}

fn refused(aspect: Aspect, code: &str) -> (State, String) {
    if DENIED.contains(&code) {
        (State::Denied, format!("the store answers `{code}`; `satchel store policy --role setup` prints the rights it takes"))
    } else {
        (State::NotOffered, format!("the store answers `{code}`: {}", aspect.fallback()))
    }
}

/// One bucket, with what is wanted of it.
struct Desk<'a> {
    store: &'a Store,
    client: &'a Client,
    bucket: &'a str,
    wanted: &'a Wanted<'a>,
}

impl Desk<'_> {
    async fn read(&self, aspect: Aspect) -> Result<Answer<Vec<String>>, BlobError> {
        let (client, bucket) = (self.client, self.bucket);
        match aspect {
            Aspect::Bucket => Ok(Answer::Done(self.wanted.of(Aspect::Bucket))),
            Aspect::PublicAccess => access::read_block(client, bucket).await,
            Aspect::TlsOnly => access::read_tls(client, bucket, &self.store.arn(bucket)).await,
            Aspect::Versioning => keeping::read_versioning(client, bucket).await,
            Aspect::Encryption => keeping::read_encryption(client, bucket, self.wanted.settings.kms_key.as_deref()).await,
            Aspect::Lifecycle => lifecycle::read(client, bucket, &self.wanted.lifecycle_rules()).await,
            Aspect::Archive => lifecycle::read(client, bucket, &self.wanted.archive_rules()).await,
            Aspect::Cors => cors::read(client, bucket).await,
            Aspect::Notifications => notifications::read(client, bucket).await,
        }
    }

    async fn write(&self, aspect: Aspect) -> Result<Answer<()>, BlobError> {
        let (client, bucket, settings) = (self.client, self.bucket, self.wanted.settings);
        match aspect {
            Aspect::Bucket => Ok(Answer::Done(())),
            Aspect::PublicAccess => access::write_block(client, bucket).await,
            Aspect::TlsOnly => access::write_tls(client, bucket, &self.store.arn(bucket)).await,
            Aspect::Versioning => keeping::write_versioning(client, bucket).await,
            Aspect::Encryption => keeping::write_encryption(client, bucket, settings.kms_key.as_deref()).await,
            Aspect::Lifecycle => lifecycle::write(client, bucket, &self.wanted.lifecycle_rules()).await,
            Aspect::Archive => self.write_archive().await,
            Aspect::Cors => cors::write(client, bucket, settings.page_origin.as_deref()).await,
            Aspect::Notifications => match &settings.destination {
                Some(destination) => notifications::write(client, bucket, destination).await,
                None => Ok(Answer::Done(())),
            },
        }
    }

    /// A store may take a rule that moves objects to a class that it does not have.
    async fn write_archive(&self) -> Result<Answer<()>, BlobError> {
        let tried = archive(self.client, self.bucket).await?;
        if tried.support != Support::Native {
            return Ok(Answer::Refused(format!("no {} class", Feature::Archive.as_str())));
        }
        lifecycle::write(self.client, self.bucket, &self.wanted.archive_rules()).await
    }

    /// Changes what differs, and believes only what can be read back.
    async fn apply(&self, line: Line) -> Result<Line, BlobError> {
        match self.write(line.aspect).await? {
            Answer::Refused(code) => {
                let (state, said) = refused(line.aspect, &code);
                Ok(Line { state, said, ..line })
            }
            Answer::Done(()) => match self.read(line.aspect).await? {
                Answer::Done(found) if found == line.wanted => Ok(Line { state: State::Changed, ..line }),
                Answer::Done(_) | Answer::Refused(_) => {
                    let said = format!("the store accepts it and does not keep it: {}", line.aspect.fallback());
                    Ok(Line { state: State::NotOffered, said, ..line })
                }
            },
        }
    }

    /// Tries on a scratch bucket what differs: a store that cannot do it is not in drift.
    async fn rehearse(&self, line: Line) -> Result<Line, BlobError> {
        // A destination may let only the bucket itself send: a refusal would prove nothing.
        if matches!(line.aspect, Aspect::Notifications) {
            return Ok(line);
        }
        let bucket = line.bucket.clone();
        let tried = self.apply(Line { bucket: self.bucket.to_owned(), ..line.clone() }).await?;
        Ok(match tried.state {
            State::NotOffered => Line { bucket, state: tried.state, said: tried.said, ..line },
            _ => line,
        })
    }
}
