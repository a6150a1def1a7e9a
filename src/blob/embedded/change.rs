//! Changes of the index, each inside the writer's transaction: the conditions are read and the rows
//! written in one step, so two writers can never both find a key free.

use redb::{ReadableTable, WriteTransaction};
use s3s::S3ErrorCode;
use s3s::dto::{ETag, ETagCondition};

use super::disk::SegmentId;
use super::index::{BUCKETS, IndexError, OBJECTS, ObjectRow, PARTS, PartMark, PartRow, UPLOADS, UploadRow, decode, encode};
use super::raise::say;
use super::sums::Sums;
use super::whole_sums::{Declared, SumKind, whole};

/// Smallest part of a multipart upload but for the last: S3's own limit.
pub const MIN_PART: u64 = 5 * 1024 * 1024;

/// A change, or why it is refused; a refusal has written nothing.
pub type Outcome<T> = Result<Result<T, S3ErrorCode>, IndexError>;

/// What must hold of the object that lies there for a write to happen.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<ETagCondition>,
    /// `If-None-Match`.
    pub if_none_match: Option<ETagCondition>,
}

impl Conditions {
    /// Whether they hold of the object with this entity tag, or of none.
    pub fn check(&self, etag: Option<&str>) -> Result<(), S3ErrorCode> {
        let matches = |condition: &ETagCondition| match (condition, etag) {
            (_, None) => false,
            (ETagCondition::Any, Some(_)) => true,
            (ETagCondition::ETag(wanted), Some(etag)) => wanted.strong_cmp(&ETag::Strong(etag.to_owned())),
        };
        match (&self.if_match, &self.if_none_match) {
            (Some(_), _) if etag.is_none() => Err(S3ErrorCode::NoSuchKey),
            (Some(condition), _) if !matches(condition) => Err(S3ErrorCode::PreconditionFailed),
            (_, Some(condition)) if matches(condition) => Err(S3ErrorCode::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// A part as the client lists it on completion.
#[derive(Debug, Clone)]
pub struct ListedPart {
    /// Its number.
    pub number: u16,
    /// Its entity tag.
    pub etag: String,
    /// Checksums the client repeats.
    pub sums: Sums,
}

/// Creates a bucket.
pub fn create_bucket(change: &WriteTransaction, bucket: &str, now_us: i64) -> Outcome<()> {
    let mut buckets = change.open_table(BUCKETS)?;
    if buckets.get(bucket)?.is_some() {
        return Ok(Err(S3ErrorCode::BucketAlreadyOwnedByYou));
    }
    buckets.insert(bucket, now_us)?;
    Ok(Ok(()))
}

/// Deletes a bucket that holds neither objects nor uploads under way.
pub fn delete_bucket(change: &WriteTransaction, bucket: &str) -> Outcome<()> {
    let mut buckets = change.open_table(BUCKETS)?;
    if buckets.get(bucket)?.is_none() {
        return Ok(Err(S3ErrorCode::NoSuchBucket));
    }
    let objects = change.open_table(OBJECTS)?;
    let object = objects.range((bucket, "")..)?.next().transpose()?;
    let uploads = change.open_table(UPLOADS)?;
    let upload = uploads.range((bucket, "", "")..)?.next().transpose()?;
    if object.is_some_and(|(place, _)| place.value().0 == bucket) || upload.is_some_and(|(place, _)| place.value().0 == bucket) {
        return Ok(Err(S3ErrorCode::BucketNotEmpty));
    }
    buckets.remove(bucket)?;
    Ok(Ok(()))
}

fn has_bucket(change: &WriteTransaction, bucket: &str) -> Result<bool, IndexError> {
    Ok(change.open_table(BUCKETS)?.get(bucket)?.is_some())
}

/// Puts an object in place; returns the files that nothing refers to any more.
pub fn put_object(change: &WriteTransaction, bucket: &str, key: &str, row: &ObjectRow, conditions: &Conditions) -> Outcome<Vec<SegmentId>> {
    if !has_bucket(change, bucket)? {
        return Ok(Err(S3ErrorCode::NoSuchBucket));
    }
    let mut objects = change.open_table(OBJECTS)?;
    let old = current(&objects, bucket, key)?;
    if let Err(refusal) = conditions.check(old.as_ref().map(|row| row.etag.as_str())) {
        return Ok(Err(refusal));
    }
    objects.insert((bucket, key), encode("objects", row)?.as_slice())?;
    say(bucket, key, true);
    Ok(Ok(old.map(segments_of).unwrap_or_default()))
}

/// Deletes an object; returns the files that nothing refers to any more.
pub fn delete_object(change: &WriteTransaction, bucket: &str, key: &str, conditions: &Conditions) -> Outcome<Vec<SegmentId>> {
    if !has_bucket(change, bucket)? {
        return Ok(Err(S3ErrorCode::NoSuchBucket));
    }
    let mut objects = change.open_table(OBJECTS)?;
    let Some(old) = current(&objects, bucket, key)? else { return Ok(Ok(Vec::new())) };
    if let Err(refusal) = conditions.check(Some(&old.etag)) {
        return Ok(Err(refusal));
    }
    objects.remove((bucket, key))?;
    say(bucket, key, false);
    Ok(Ok(segments_of(old)))
}

fn current(
    objects: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
    bucket: &str,
    key: &str,
) -> Result<Option<ObjectRow>, IndexError> {
    objects.get((bucket, key))?.map(|row| decode("objects", row.value())).transpose()
}

fn segments_of(row: ObjectRow) -> Vec<SegmentId> {
    row.segments.into_iter().map(|segment| segment.id).collect()
}

/// Begins a multipart upload.
pub fn create_upload(change: &WriteTransaction, bucket: &str, key: &str, upload: &str, row: &UploadRow) -> Outcome<()> {
    if !has_bucket(change, bucket)? {
        return Ok(Err(S3ErrorCode::NoSuchBucket));
    }
    change.open_table(UPLOADS)?.insert((bucket, key, upload), encode("uploads", row)?.as_slice())?;
    Ok(Ok(()))
}

/// Puts a part in place; returns the file of a part that it replaces.
pub fn put_part(change: &WriteTransaction, place: (&str, &str, &str), number: u16, row: &PartRow) -> Outcome<Vec<SegmentId>> {
    if change.open_table(UPLOADS)?.get(place)?.is_none() {
        return Ok(Err(S3ErrorCode::NoSuchUpload));
    }
    let mut parts = change.open_table(PARTS)?;
    let old = parts.insert((place.2, number), encode("parts", row)?.as_slice())?;
    let old: Option<PartRow> = old.map(|row| decode("parts", row.value())).transpose()?;
    Ok(Ok(old.into_iter().map(|row| row.segment.id).collect()))
}

/// Gives an upload up; returns the files of its parts.
pub fn abort_upload(change: &WriteTransaction, place: (&str, &str, &str)) -> Outcome<Vec<SegmentId>> {
    let mut uploads = change.open_table(UPLOADS)?;
    if uploads.remove(place)?.is_none() {
        return Ok(Err(S3ErrorCode::NoSuchUpload));
    }
    let mut parts = change.open_table(PARTS)?;
    let mut dropped = Vec::new();
    for (number, row) in parts_of(&parts, place.2)? {
        parts.remove((place.2, number))?;
        dropped.push(row.segment.id);
    }
    Ok(Ok(dropped))
}

fn parts_of(parts: &impl ReadableTable<(&'static str, u16), &'static [u8]>, upload: &str) -> Result<Vec<(u16, PartRow)>, IndexError> {
    let mut found = Vec::new();
    for entry in parts.range((upload, 0)..=(upload, u16::MAX))? {
        let (place, row) = entry?;
        found.push((place.value().1, decode("parts", row.value())?));
    }
    Ok(found)
}

/// How a multipart upload is to be completed.
#[derive(Debug)]
pub struct Completion {
    /// The parts, in the client's order.
    pub listed: Vec<ListedPart>,
    /// Bytes in all, where the client says so.
    pub size: Option<u64>,
    /// Checksums of the whole object, where the client sends them.
    pub sums: Sums,
    /// Of what they are, where the client says so.
    pub kind: Option<SumKind>,
    /// What must hold of the object that lies there.
    pub conditions: Conditions,
    /// Microseconds since the epoch.
    pub now_us: i64,
}

/// Makes an object of the listed parts; returns its row and the files that nothing refers to.
pub fn complete_upload(
    change: &WriteTransaction,
    place: (&str, &str, &str),
    completion: &Completion,
) -> Outcome<(ObjectRow, Vec<SegmentId>)> {
    let (bucket, key, upload) = place;
    let mut uploads = change.open_table(UPLOADS)?;
    let Some(begun) = uploads.get(place)?.map(|row| decode::<UploadRow>("uploads", row.value())).transpose()? else {
        return Ok(Err(S3ErrorCode::NoSuchUpload));
    };
    let mut parts = change.open_table(PARTS)?;
    let mut objects = change.open_table(OBJECTS)?;
    let kept = parts_of(&parts, upload)?;
    let old = current(&objects, bucket, key)?;
    if let Err(refusal) = completion.conditions.check(old.as_ref().map(|row| row.etag.as_str())) {
        return Ok(Err(refusal));
    }
    let row = match assemble(&kept, begun, completion) {
        Ok(row) => row,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // Nothing was written up to here.
    objects.insert((bucket, key), encode("objects", &row)?.as_slice())?;
    say(bucket, key, true);
    uploads.remove(place)?;
    let mut dropped = old.map(segments_of).unwrap_or_default();
    for (number, part) in kept {
        parts.remove((upload, number))?;
        if !row.segments.iter().any(|segment| segment.id == part.segment.id) {
            dropped.push(part.segment.id);
        }
    }
    Ok(Ok((row, dropped)))
}

/// The object that the listed parts make.
fn assemble(kept: &[(u16, PartRow)], begun: UploadRow, completion: &Completion) -> Result<ObjectRow, S3ErrorCode> {
    let listed = &completion.listed;
    if listed.is_empty() {
        return Err(S3ErrorCode::MalformedXML);
    }
    if !listed.is_sorted_by(|one, next| one.number < next.number) {
        return Err(S3ErrorCode::InvalidPartOrder);
    }
    let mut found = Vec::with_capacity(listed.len());
    for (position, part) in listed.iter().enumerate() {
        let row = kept.iter().find(|(number, row)| *number == part.number && row.etag == part.etag && part.sums.agrees(&row.sums));
        let (_, row) = row.ok_or(S3ErrorCode::InvalidPart)?;
        if row.segment.size < MIN_PART && position + 1 < listed.len() {
            return Err(S3ErrorCode::EntityTooSmall);
        }
        found.push(row);
    }
    let size = found.iter().fold(0_u64, |size, row| size.saturating_add(row.segment.size));
    if completion.size.is_some_and(|wanted| wanted != size) {
        return Err(S3ErrorCode::InvalidRequest);
    }
    let mut digests = Vec::with_capacity(found.len() * 16);
    for row in &found {
        digests.extend(hex::decode(&row.etag).map_err(|_| S3ErrorCode::InternalError)?);
    }
    let digest = <s3s::crypto::Md5 as s3s::crypto::Checksum>::checksum(&digests);
    Ok(ObjectRow {
        etag: format!("{}-{}", hex::encode(digest), found.len()),
        size,
        modified_us: completion.now_us,
        sums: sums_of_whole(&found, begun.declared, completion)?,
        parts: listed.iter().zip(&found).map(|(part, row)| PartMark { number: part.number, sums: row.sums.clone() }).collect(),
        segments: found.into_iter().map(|row| row.segment.clone()).collect(),
        headers: begun.headers,
    })
}

/// The checksum that the upload declared, and those the client sends on completion, which must be
/// what the parts give: one that cannot be computed from them is refused, not believed.
fn sums_of_whole(found: &[&PartRow], declared: Option<Declared>, completion: &Completion) -> Result<Sums, S3ErrorCode> {
    let parts: Vec<(&Sums, u64)> = found.iter().map(|row| (&row.sums, row.segment.size)).collect();
    for algorithm in completion.sums.algorithms() {
        let kind = completion.kind.or_else(|| declared.filter(|declared| declared.algorithm == algorithm).map(|declared| declared.kind));
        let wanted = Declared { algorithm, kind: kind.unwrap_or_else(|| SumKind::usual(algorithm)) };
        let computed = whole(wanted, &parts).ok_or(S3ErrorCode::InvalidRequest)?;
        if completion.sums.get(algorithm) != Some(computed.as_str()) {
            return Err(S3ErrorCode::BadDigest);
        }
    }
    if !completion.sums.is_empty() {
        return Ok(completion.sums.clone());
    }
    let computed = declared.and_then(|declared| whole(declared, &parts).map(|sum| Sums::one(declared.algorithm, sum)));
    Ok(computed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> ETagCondition {
        text.parse().unwrap()
    }

    #[test]
    fn conditions_speak_of_what_lies_there() {
        let cases = [
            (None, None, None, Ok(())),
            (None, Some(tag("*")), None, Ok(())),
            (None, Some(tag("*")), Some("a"), Err(S3ErrorCode::PreconditionFailed)),
            (None, Some(tag("\"b\"")), Some("a"), Ok(())),
            (Some(tag("\"a\"")), None, Some("a"), Ok(())),
            (Some(tag("\"b\"")), None, Some("a"), Err(S3ErrorCode::PreconditionFailed)),
            (Some(tag("\"a\"")), None, None, Err(S3ErrorCode::NoSuchKey)),
            (Some(tag("*")), None, Some("a"), Ok(())),
        ];
        for (if_match, if_none_match, etag, expected) in cases {
            let conditions = Conditions { if_match, if_none_match };
            assert_eq!(conditions.check(etag), expected, "{conditions:?} of {etag:?}");
        }
    }
}
