//! Objects of somebody else's bucket that stand for a file where they lie.

use std::fmt;

/// Where an adopted object lies. The text form is `s3://{bucket}/{name}`; it is what the catalog stores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdoptedPlace {
    /// Its bucket.
    pub bucket: String,
    /// Its key in the bucket.
    pub name: String,
}

impl AdoptedPlace {
    /// Reads the text form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (bucket, name) = text.strip_prefix("s3://")?.split_once('/')?;
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for AdoptedPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "s3://{}/{}", self.bucket, self.name)
    }
}

/// Which bytes of an object were adopted: it may be written again by whoever owns it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pin {
    /// The store's name for exactly these bytes; quoted.
    pub etag: String,
    /// Their version, where the bucket keeps versions: such bytes stay readable when others follow.
    pub version: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_from_its_text_with_whatever_its_key_holds() {
        for (bucket, name) in [("archive", "a/b.pdf"), ("archive", "/"), ("a.b-c", "x//y?z#ü s3://q/r")] {
            let place = AdoptedPlace { bucket: bucket.to_owned(), name: name.to_owned() };
            assert_eq!(AdoptedPlace::parse(&place.to_string()), Some(place));
        }
        for text in ["", "s3://", "s3:///a", "s3://bucket", "files/cust_1/quarantine/blob_1", "http://a/b"] {
            assert_eq!(AdoptedPlace::parse(text), None, "{text}");
        }
    }
}
