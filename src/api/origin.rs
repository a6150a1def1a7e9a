//! Where a request comes from, for its record.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};

use super::credential::{MAX_NAME, Unnamed, named};
use super::problem::Problem;
use crate::domain::{Door, Origin, Purpose, PurposeError};

/// What something is done for: a code of the asker's own.
pub(super) const PURPOSE: &str = "satchel-purpose";

/// The id of a request, as its answer and the log have it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub Arc<str>);

/// The peer's address, where the listener knows it. What a client says of itself in
/// `X-Forwarded-For` is not believed.
pub(super) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
}

/// A purpose that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoPurpose;

impl From<Unnamed> for NoPurpose {
    fn from(_: Unnamed) -> Self {
        Self
    }
}

impl From<PurposeError> for NoPurpose {
    fn from(_: PurposeError) -> Self {
        Self
    }
}

impl From<NoPurpose> for Problem {
    fn from(_: NoPurpose) -> Self {
        Self::invalid(format!("`{PURPOSE}`: {PurposeError}"))
    }
}

/// Where a request comes from, as far as the listener knows it, without what it says of itself.
pub(super) fn place(door: Door, extensions: &Extensions) -> Origin {
    Origin {
        address: peer(extensions).map(|address| address.ip().to_string()),
        request: extensions.get::<RequestId>().map(|RequestId(id)| id.to_string()),
        ..door.into()
    }
}

/// Where a request comes from, and what for.
pub(super) fn origin(door: Door, extensions: &Extensions, headers: &HeaderMap) -> Result<Origin, NoPurpose> {
    let purpose = named(headers, PURPOSE)?.map(|text| Purpose::parse(&text)).transpose()?;
    Ok(Origin { purpose, ..place(door, extensions) })
}

const _: () = assert!(Purpose::LONGEST <= MAX_NAME, "a purpose is a name");
