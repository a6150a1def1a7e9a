//! Owns the bytes of objects: their keys, the S3 client, presigned URLs, and the embedded S3
//! endpoint that serves them where no store is configured. Each region has a [`Store`], and all are [`Stores`].
//!
//! Must not touch SQL, tools or HTTP doors, nor decide who may read.
//!
//! To add one: a kind of object gets a constructor and its grammar in `key`; an operation of the
//! store gets a method of [`Store`] named after what the caller wants, not after the S3 call.

pub mod embedded;

mod adopted;
mod anchor;
mod assume;
mod capabilities;
mod client;
mod copy;
mod download;
mod error;
mod events;
mod iam;
mod key;
mod leftovers;
mod listing;
mod meter;
mod multipart;
mod payload;
mod presign;
mod regions;
mod renewal;
mod settings;
mod setup;
mod store;
mod upload;

#[cfg(test)]
mod tests;

pub use adopted::{AdoptedObject, Candidate, Listed, ListedPage, Location, LocationFault};
pub use anchor::Anchored;
pub use assume::AssumeRole;
pub use capabilities::{Capabilities, Capability, Depth, Feature, Support};
pub use download::Object;
pub use error::BlobError;
pub use events::{EventError, Message, Queue, RawEvent, SigningCertificate, Told, TopicArn, TopicError, TopicKind, TopicMessage, parse};
pub use iam::{Duty, Estate, OPERATIONS, Operation};
pub use key::{KeyError, ObjectKey};
pub use listing::{UploadPage, UploadedObject};
pub use meter::{Billing, Failures, Tally};
pub use multipart::ArrivedPart;
pub use presign::{PutTerms, SignedRequest};
pub use regions::Stores;
pub use settings::{Pace, StoreSettings, Tuning};
pub use setup::{Aspect, Destination, Line, Mode, Report, SetupSettings, State};
pub use store::{BucketState, Facts, Probe, Store};
pub use upload::Stored;
