//! Which texts there are, embedded for each locale that ships.

/// A text's name and wording.
pub(in crate::speech) type Source = (&'static str, &'static str);

/// The text said when another cannot be rendered.
pub(in crate::speech) const APOLOGY: &str = "apology";

/// The texts of a language; `None` when it does not ship.
pub(in crate::speech) fn sources(language: &str) -> Option<&'static [Source]> {
    match language {
        "en" => Some(EN),
        _ => None,
    }
}

macro_rules! catalogue {
    ($($name:literal)*) => {
        /// Every text, in every language.
        pub(in crate::speech) const NAMES: &[&str] = &[$($name),*];

        const EN: &[Source] = &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/say/en/", $name, ".txt")))),*];
    };
}

catalogue! {
    "apology"

    "find_one"
    "find_one_checking"
    "find_one_quarantined"
    "find_several"
    "find_many"
    "find_none"
    "find_none_nearest"
    "late"

    "describe_file"
    "describe_checking"
    "describe_locked"
    "describe_quarantined"
    "describe_unreadable"

    "share_confirm"
    "share_done_inside"
    "share_done_outside"
    "share_done_caller"
    "share_already"
    "share_choose_person"
    "share_many_people"
    "share_person_not_found"
    "share_no_address"
    "share_refused"
    "share_sensitive"

    "revoke_done"
    "revoke_choose"
    "revoke_many"
    "revoke_nothing"

    "history_opened"
    "history_unopened"
    "history_unshared"

    "code_confirm"
    "code_issued"
    "code_again"
    "code_again_slower"
    "code_needs_share"
    "code_refused"
    "code_for_call"
    "code_no_number"
    "code_too_many"
    "code_key_it"
    "code_opened"
    "code_closed"
    "code_not_now"

    "confirm_cancelled"
    "confirm_not_understood"
    "confirm_nothing"
    "confirm_expired"
    "confirm_too_early"
    "confirm_needs_key"
    "confirm_superseded"

    "event_arrived"
    "event_ready"
    "event_ready_locked"
    "event_ready_unread"
    "event_unlocked"
    "event_still_locked"
    "event_not_tried"
    "event_quarantined"
    "event_unchecked"

    "request_caller"
    "request_other"
    "request_confirm"
    "request_again"
    "progress_none"
    "progress"

    "not_found"
    "not_allowed"
    "invalid"
    "unavailable"
    "working"
    "listed"
    "nothing_listed"
    "quarantined"
    "still_checking"
    "too_many"
    "as_i_said"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_on_disk_is_embedded_and_nothing_else() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/say");
        for language in std::fs::read_dir(folder).unwrap() {
            let language = language.unwrap();
            let on_disk: BTreeSet<String> =
                std::fs::read_dir(language.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            let embedded: BTreeSet<String> = NAMES.iter().map(|name| format!("{name}.txt")).collect();
            assert_eq!(on_disk, embedded);
            let sources = sources(language.file_name().to_str().unwrap()).expect("a language on disk ships");
            assert_eq!(sources.len(), NAMES.len());
        }
    }
}
