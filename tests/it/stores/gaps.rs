//! What a store cannot do. A new line is a decision that a reviewer sees.

use super::peer::Kind;

/// A behaviour that a store does not have.
pub struct Gap {
    pub store: Kind,
    pub behaviour: &'static str,
    /// What the behaviour says when it fails for this reason.
    pub says: &'static str,
    /// Why, and what Satchel does instead.
    pub why: &'static str,
}

const fn gap(store: Kind, behaviour: &'static str, says: &'static str, why: &'static str) -> Gap {
    Gap { store, behaviour, says, why }
}

/// All gaps.
pub const GAPS: &[Gap] = &[
    gap(
        Kind::MiniStack,
        "another_secret_is_refused",
        "read: Ok(",
        "MiniStack looks at the signature of presigned requests only; nothing about security is concluded from it",
    ),
    gap(
        Kind::Rgw,
        "a_copy_of_what_was_looked_at_is_of_nothing_else",
        "bytes that were replaced: Ok(",
        "Ceph RGW 16 does not read `x-amz-copy-source-if-match`; what a stranger could replace is hashed after it was copied",
    ),
    gap(
        Kind::Rgw,
        "a_presigned_put_with_other_bytes_than_signed_is_refused",
        "other bytes were taken",
        "Ceph RGW 16 does not know `x-amz-checksum-sha256`; what such a URL brought is read back and hashed",
    ),
    gap(
        Kind::Rgw,
        "a_wrong_checksum_is_refused_and_changes_nothing",
        "the wrong checksum was taken",
        "Ceph RGW 16 does not know `x-amz-checksum-sha256`; what we send is checked by the hash in the signature",
    ),
    gap(
        Kind::Rgw,
        "the_checksum_of_an_object_is_told",
        "no checksum",
        "Ceph RGW 16 keeps none; the catalog has the SHA-256 of every object",
    ),
];
