//! `GetObjectAttributes`: what is known of an object without its bytes.

use s3s::dto::{
    Checksum, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, ObjectAttributes, ObjectPart, StorageClass,
};
use s3s::{S3Result, s3_error};

use super::index::ObjectRow;
use super::service::{Service, page_size, refuse, tag, timestamp, wire_size};
use super::sums::{with_part_sums, with_sums};

/// The attributes by name; several may come in one header, separated by commas.
fn names(list: &[ObjectAttributes]) -> S3Result<Vec<&str>> {
    let known = [
        ObjectAttributes::CHECKSUM,
        ObjectAttributes::ETAG,
        ObjectAttributes::OBJECT_PARTS,
        ObjectAttributes::OBJECT_SIZE,
        ObjectAttributes::STORAGE_CLASS,
    ];
    let names: Vec<&str> = list.iter().flat_map(|names| names.as_str().split(',')).map(str::trim).collect();
    if names.iter().all(|name| known.contains(name)) {
        Ok(names)
    } else {
        Err(s3_error!(InvalidArgument, "an attribute is Checksum, ETag, ObjectParts, ObjectSize or StorageClass"))
    }
}

fn parts_of(row: &ObjectRow, after: u16, max: usize) -> GetObjectAttributesParts {
    let left = row.parts.iter().zip(&row.segments).filter(|(mark, _)| mark.number > after);
    let page: Vec<_> = left.clone().take(max).collect();
    let more = left.count() > page.len();
    let last = page.last().map(|(mark, _)| i32::from(mark.number));
    // As S3 does: the parts themselves are told only where they have checksums.
    let told = row.parts.iter().any(|mark| !mark.sums.is_empty());
    let parts = page.into_iter().map(|(mark, segment)| {
        let part = ObjectPart { part_number: Some(mark.number.into()), size: Some(wire_size(segment.size)), ..ObjectPart::default() };
        with_part_sums!(part, mark.sums)
    });
    GetObjectAttributesParts {
        parts: told.then(|| parts.collect()),
        total_parts_count: i32::try_from(row.parts.len()).ok(),
        is_truncated: Some(more),
        max_parts: i32::try_from(max).ok(),
        part_number_marker: Some(after.into()),
        next_part_number_marker: last.filter(|_| more),
    }
}

impl Service {
    pub(super) async fn attributes(&self, input: GetObjectAttributesInput) -> S3Result<GetObjectAttributesOutput> {
        refuse!(input; version_id, sse_customer_key);
        let wanted = names(&input.object_attributes)?;
        let is_wanted = |name| wanted.contains(&name);
        let max = page_size(input.max_parts)?;
        let after = input.part_number_marker.and_then(|marker| u16::try_from(marker).ok()).unwrap_or(0);
        let row = self.row(input.bucket, input.key).await?;
        let checksum = is_wanted(ObjectAttributes::CHECKSUM) && !row.sums.is_empty();
        Ok(GetObjectAttributesOutput {
            e_tag: is_wanted(ObjectAttributes::ETAG).then(|| tag(&row.etag)),
            last_modified: Some(timestamp(row.modified_us)),
            object_size: is_wanted(ObjectAttributes::OBJECT_SIZE).then(|| wire_size(row.size)),
            storage_class: is_wanted(ObjectAttributes::STORAGE_CLASS).then(|| StorageClass::from_static(StorageClass::STANDARD)),
            object_parts: (is_wanted(ObjectAttributes::OBJECT_PARTS) && !row.parts.is_empty()).then(|| parts_of(&row, after, max)),
            checksum: checksum.then(|| with_sums!(Checksum::default(), row.sums)),
            ..GetObjectAttributesOutput::default()
        })
    }
}
