//! Cutting a sorted list of keys into pages, with common prefixes rolled up.

use super::index::IndexError;

/// Which part of a listing is wanted.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys are rolled up at the first of it after the prefix; empty means not at all.
    pub delimiter: String,
    /// Only what comes after this key, or after everything under this common prefix.
    pub after: String,
    /// Entries, common prefixes included.
    pub max: usize,
}

/// A page.
#[derive(Debug)]
pub struct Page<T> {
    /// Keys in order, with their rows.
    pub objects: Vec<(String, T)>,
    /// Common prefixes in order.
    pub prefixes: Vec<String>,
    /// Where the next page goes on; `None` at the end.
    pub next: Option<String>,
}

/// The last character there is: no key that begins with a prefix sorts after the prefix and this,
/// except those that continue with it, which are passed over one by one.
const LAST: char = '\u{10FFFF}';

/// Collects one page. `seek` gives the entries at and after a key; `None` marks the end of the bucket.
pub fn collect<T, I>(wanted: &PageRequest, mut seek: impl FnMut(&str) -> Result<I, IndexError>) -> Result<Page<T>, IndexError>
where
    I: Iterator<Item = Result<Option<(String, T)>, IndexError>>,
{
    let mut page = Page { objects: Vec::new(), prefixes: Vec::new(), next: None };
    if wanted.max == 0 {
        return Ok(page);
    }
    let rolled = |key: &str| {
        let rest = key.strip_prefix(wanted.prefix.as_str())?;
        let at = rest.find(wanted.delimiter.as_str()).filter(|_| !wanted.delimiter.is_empty())?;
        key.get(..wanted.prefix.len() + at + wanted.delimiter.len()).map(str::to_owned)
    };
    // When the last page ended with a common prefix, everything under it is done.
    let mut done_prefix = rolled(&wanted.after).filter(|prefix| *prefix == wanted.after);
    let mut last = wanted.after.clone();
    let mut from = match &done_prefix {
        Some(prefix) => format!("{prefix}{LAST}"),
        None => wanted.after.clone(),
    };
    if from < wanted.prefix {
        from.clone_from(&wanted.prefix);
    }
    'seek: loop {
        for entry in seek(&from)? {
            let Some((key, row)) = entry? else { break 'seek };
            if !key.starts_with(&wanted.prefix) {
                break 'seek;
            }
            if key <= wanted.after || done_prefix.as_ref().is_some_and(|prefix| key.starts_with(prefix)) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == wanted.max {
                page.next = Some(last);
                break 'seek;
            }
            if let Some(prefix) = rolled(&key) {
                from = format!("{prefix}{LAST}");
                last.clone_from(&prefix);
                page.prefixes.push(prefix.clone());
                done_prefix = Some(prefix);
                continue 'seek;
            }
            last.clone_from(&key);
            page.objects.push((key, row));
        }
        break;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 8] = ["a", "a/1", "a/2", "a/\u{10FFFF}x", "a0", "b/c/1", "b/c/2", "z"];

    fn pages(prefix: &str, delimiter: &str, max: usize) -> Vec<String> {
        let mut seen = Vec::new();
        let mut wanted = PageRequest { prefix: prefix.into(), delimiter: delimiter.into(), after: String::new(), max };
        loop {
            let page = collect(&wanted, |from| {
                let from = from.to_owned();
                Ok(KEYS.into_iter().filter(move |key| *key >= from.as_str()).map(|key| Ok(Some((key.to_owned(), ())))))
            })
            .unwrap();
            assert!(page.objects.len() + page.prefixes.len() <= max);
            seen.extend(page.objects.into_iter().map(|(key, ())| key));
            seen.extend(page.prefixes.into_iter().map(|prefix| format!("{prefix}*")));
            match page.next {
                Some(next) => wanted.after = next,
                None => break,
            }
        }
        seen.sort();
        seen
    }

    #[test]
    fn pages_of_any_size_together_are_the_whole_listing() {
        for max in 1..10 {
            assert_eq!(pages("", "", max), KEYS, "flat, {max} a page");
            assert_eq!(pages("", "/", max), ["a", "a/*", "a0", "b/*", "z"], "rolled up, {max} a page");
            assert_eq!(pages("b/", "/", max), ["b/c/*"], "under a prefix, {max} a page");
            assert_eq!(pages("a/", "/", max), ["a/1", "a/2", "a/\u{10FFFF}x"], "leaves, {max} a page");
        }
    }

    #[test]
    fn a_page_of_nothing_is_empty() {
        let page = collect::<(), std::iter::Empty<_>>(&PageRequest::default(), |_| Ok(std::iter::empty())).unwrap();
        assert!(page.objects.is_empty() && page.prefixes.is_empty() && page.next.is_none());
    }
}
