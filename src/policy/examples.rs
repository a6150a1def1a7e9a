//! The examples under `policies/examples` do what they say.

use std::fs;
use std::path::Path;

use super::action::ActionKind;
use super::evidence::Evidence;
use super::facts::{Conditions, FileFacts, Principal, PrincipalKind, Resource};
use super::fixture::{conditions, file, guest, ids, key, member_of};
use super::set::Policies;
use crate::domain::{
    Classification, Door, FileStatus, FindingKind, Folder, Owner, Permission, Permissions, Role, TeamId, Verified, VerifiedMethod,
};

/// A decision of one example: who asks for what on which file, and which policies decide.
struct Case {
    example: &'static str,
    who: Principal,
    action: ActionKind,
    file: FileFacts,
    conditions: Conditions,
    /// What a permitted action demands; `None` for a refusal.
    permitted: Option<Evidence>,
    by: &'static str,
}

fn plain() -> FileFacts {
    file(Owner::User(ids().me))
}

fn at(classification: Classification) -> FileFacts {
    FileFacts { classification, ..plain() }
}

fn medical() -> FileFacts {
    FileFacts { findings: vec![FindingKind::Health], ..plain() }
}

fn in_folder(path: &str) -> FileFacts {
    FileFacts { folder: Folder::parse(path).unwrap(), ..file(Owner::Service) }
}

fn contractor() -> Principal {
    let team = TeamId::parse("team_01h455vb4pex5vsknk084sn02q").unwrap();
    Principal { kind: PrincipalKind::User { id: ids().me, roles: vec![Role::Member], teams: vec![team] }, ..key() }
}

fn cases() -> Vec<Case> {
    let member = || member_of(vec![Role::Member]);
    let (now, outside) = (conditions(), Conditions { external: true, ..conditions() });
    let by = |method, level| Conditions { verified: Verified { method, level }, ..now };
    let case = |example, who, action, file, conditions, permitted, by| Case { example, who, action, file, conditions, permitted, by };
    let word = Some(Evidence::ModelWord);
    vec![
        case(
            "confidential-stays-inside",
            member(),
            ActionKind::Share,
            at(Classification::Confidential),
            outside,
            None,
            "confidential-stays-inside",
        ),
        case("confidential-stays-inside", member(), ActionKind::Share, at(Classification::Confidential), now, word, "member-own"),
        case("confidential-stays-inside", member(), ActionKind::Share, at(Classification::Internal), outside, word, "member-own"),
        case("medical-by-pin", member(), ActionKind::Read, medical(), by(VerifiedMethod::Number, 3), None, "medical-by-pin"),
        case("medical-by-pin", member(), ActionKind::Read, medical(), by(VerifiedMethod::Pin, 1), word, "member-own"),
        case("medical-by-pin", member(), ActionKind::Read, plain(), now, word, "member-own"),
        case("medical-by-pin", key(), ActionKind::Read, medical(), Conditions { in_call: false, ..now }, word, "key-scopes"),
        case(
            "no-downloads-at-night",
            member(),
            ActionKind::Download,
            plain(),
            Conditions { hour: 22, ..now },
            None,
            "no-downloads-at-night",
        ),
        case(
            "no-downloads-at-night",
            member(),
            ActionKind::Download,
            plain(),
            Conditions { hour: 5, ..now },
            None,
            "no-downloads-at-night",
        ),
        case("no-downloads-at-night", member(), ActionKind::Download, plain(), Conditions { hour: 6, ..now }, word, "member-own"),
        case(
            "no-downloads-at-night",
            member(),
            ActionKind::Download,
            plain(),
            Conditions { weekday: 7, ..now },
            None,
            "no-downloads-at-night",
        ),
        case("no-downloads-at-night", member(), ActionKind::Read, plain(), Conditions { hour: 23, ..now }, word, "member-own"),
        case(
            "contractors-one-folder",
            contractor(),
            ActionKind::Read,
            in_folder("projects/bridge/plans"),
            now,
            word,
            "contractors-see-their-folder,member-common",
        ),
        case("contractors-one-folder", contractor(), ActionKind::Read, in_folder("projects"), now, None, "contractors-see-nothing-else"),
        case("contractors-one-folder", member(), ActionKind::Read, in_folder("projects"), now, word, "member-common"),
        case("removal-by-programs", member(), ActionKind::Delete, plain(), now, None, "removal-by-http"),
        case(
            "removal-by-programs",
            key(),
            ActionKind::Delete,
            plain(),
            Conditions { in_call: false, door: Door::Http, ..now },
            word,
            "key-scopes",
        ),
        case("outside-by-keypad", member(), ActionKind::Share, plain(), outside, Some(Evidence::Keypad), "member-own,outside-by-keypad"),
        case("outside-by-keypad", member(), ActionKind::Share, plain(), now, Some(Evidence::Heard), "inside-heard,member-own"),
        case(
            "nothing-after-file-text",
            member(),
            ActionKind::Share,
            plain(),
            Conditions { untrusted_text: true, ..outside },
            None,
            "nothing-after-file-text",
        ),
        case(
            "nothing-after-file-text",
            member(),
            ActionKind::Share,
            plain(),
            Conditions { untrusted_text: true, ..now },
            word,
            "member-own",
        ),
        case(
            "nothing-after-file-text",
            member(),
            ActionKind::Share,
            plain(),
            Conditions { untrusted_text: true, ..by(VerifiedMethod::Voice, 2) },
            word,
            "member-own",
        ),
    ]
}

#[test]
fn every_example_is_valid_and_decides_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/examples");
    let cases = cases();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let policies = Policies::from_texts(&[(&name, &text)]).unwrap_or_else(|error| panic!("{error}"));
        let own: Vec<&Case> = cases.iter().filter(|case| case.example == name).collect();
        assert!(
            own.iter().any(|case| case.permitted.is_none_or(|evidence| evidence > Evidence::ModelWord)),
            "`{name}` is never seen to matter"
        );
        seen += own.len();
        for case in own {
            let verdict = policies.verdict(&case.who, &Resource::File(case.file.clone()), &case.conditions, case.action);
            let permitted = verdict.allowed.then_some(verdict.evidence);
            assert_eq!(
                (permitted, verdict.policies.as_str()),
                (case.permitted, case.by),
                "{name}: {:?} {:?}",
                case.action,
                case.conditions
            );
        }
    }
    assert_eq!(seen, cases.len(), "a case names no example");
}

#[test]
fn no_policy_of_a_customer_lifts_what_nobody_may_do() {
    let generous = r#"@id("all") permit (principal, action, resource);
                      @id("all-again") @evidence("heard") permit (principal, action == Action::"share", resource);"#;
    let (plain, generous) = (Policies::built_in().unwrap(), Policies::from_texts(&[("acme", generous)]).unwrap());
    let mut checked = 0;
    for who in [member_of(vec![Role::Owner]), member_of(Vec::new()), key(), guest()] {
        for status in [FileStatus::Active, FileStatus::Scanning, FileStatus::Quarantined] {
            for permission in [Some(Permission::Read), Some(Permission::Share), None] {
                let permissions = Permissions::only(permission);
                let who = Principal { permissions, ..who.clone() };
                for customer in [ids().customer, ids().foreign] {
                    let resource = Resource::File(FileFacts { customer, status, ..file(Owner::User(ids().me)) });
                    for &action in ActionKind::ALL {
                        let forbidden = plain.forbids(&who, &resource, &conditions(), action);
                        if forbidden {
                            checked += 1;
                            assert!(
                                !generous.verdict(&who, &resource, &conditions(), action).allowed,
                                "{who:?} {} {resource:?}",
                                action.as_str()
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(checked > 300, "{checked}");
}
