//! The schema of policies, written down from the types that decisions are made of.
//! `policies/satchel.cedarschema` is this text; `satchel schema check` and a test compare them byte for byte.

use std::fmt::Write as _;

use super::action::ActionKind;
use super::attributes::{self, Attribute, Kind};
use crate::domain::{Door, FileStatus, Level, Permission, Role, VerifiedMethod};

const HEAD: &str = "\
// What policies may speak of. Written by `satchel schema write` from the types; a policy that names
// anything else is refused before it is used.
";

/// The schema, in Cedar's own syntax.
pub fn schema() -> String {
    let mut text = HEAD.to_owned();
    entity(&mut text, &["The wall nothing crosses."], "Customer;");
    listed(&mut text, "Roles of a user within the customer. A user without a role may do nothing.", "Role", Role::ALL.map(Role::as_str));
    entity(&mut text, &["Identified by `team_…`."], "Team;");
    let (principal, link) = (attributes::principal(), attributes::link());
    let of_principal = record(&principal, "");
    entity(
        &mut text,
        &["Somebody the customer's directory knows. Identified by `user_…`."],
        &format!("User in [Role, Team] {of_principal};"),
    );
    entity(&mut text, &["An unknown caller. Identified by the call, `call_…`."], &format!("Guest {of_principal};"));
    entity(&mut text, &["A program with an API key. Identified by `key_…`."], &format!("Key {of_principal};"));
    let of_link = record(&link, &lines(&principal));
    entity(&mut text, &["Whoever holds a living link and its code. Identified by `link_…`."], &format!("Link {of_link};"));
    listed(&mut text, "Where a file is in its life.", "Status", FileStatus::ALL.map(FileStatus::as_str));
    listed(&mut text, "A way in.", "Door", Door::ALL.map(Door::as_str));
    listed(&mut text, "How the platform made sure of the caller.", "Method", VerifiedMethod::ALL.map(VerifiedMethod::as_str));
    listed(&mut text, "How far a standing right reaches.", "Level", Level::ALL.map(Level::as_str));
    text.push_str("\ntype Grantees = { users: Set<User>, teams: Set<Team> };\n");
    let meaning = ["A path, segments joined by `/`; `Folder::\"\"` is the top. It lies in every folder above it."];
    entity(&mut text, &meaning, &format!("Folder in [Folder, Customer] {};", record(&attributes::folder(), "")));
    let meaning = ["Identified by `file_…`. It lies in its folder and in every folder above that."];
    entity(&mut text, &meaning, &format!("File in [Folder, Customer] {};", record(&attributes::file(), "")));
    push(&mut text, format_args!("\ntype Circumstances = {};\n", record(&attributes::circumstances(), "")));
    let groups = Permission::ALL.map(|permission| format!("\"{}\"", permission.as_str())).join(", ");
    push(
        &mut text,
        format_args!("\n// One group per permission: an action needs the permission its group is named after.\naction {groups};\n"),
    );
    for &kind in ActionKind::ALL {
        action(&mut text, kind);
    }
    text
}

fn entity(text: &mut String, meaning: &[&str], declared: &str) {
    text.push('\n');
    comment(text, "", meaning);
    push(text, format_args!("entity {declared}\n"));
}

fn listed<const N: usize>(text: &mut String, meaning: &str, name: &str, values: [&str; N]) {
    let values = values.map(|value| format!("\"{value}\"")).join(", ");
    entity(text, &[meaning], &format!("{name} enum [{values}];"));
}

fn action(text: &mut String, kind: ActionKind) {
    text.push('\n');
    comment(text, "", kind.meaning());
    let group = kind.permission().map(|permission| format!(" in [\"{}\"]", permission.as_str())).unwrap_or_default();
    let principals: Vec<_> = kind.principals().iter().map(|principal| principal.as_str()).collect();
    let resources: Vec<_> = kind.resources().iter().map(|resource| resource.as_str()).collect();
    push(
        text,
        format_args!(
            "action {}{group} appliesTo {{\n  principal: [{}],\n  resource: [{}],\n  context: Circumstances,\n}};\n",
            kind.as_str(),
            principals.join(", "),
            resources.join(", ")
        ),
    );
}

fn record<Of>(attributes: &[Attribute<Of>], before: &str) -> String {
    format!("{{\n{before}{}}}", lines(attributes))
}

fn lines<Of>(attributes: &[Attribute<Of>]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        comment(&mut text, "  ", attribute.meaning);
        let kind = match attribute.kind {
            Kind::Bool => "Bool",
            Kind::Long => "Long",
            Kind::Text => "String",
            Kind::Texts => "Set<String>",
            Kind::Entity(name) => name,
            Kind::Grantees => "Grantees",
        };
        push(&mut text, format_args!("  {}{}: {kind},\n", attribute.name, if attribute.optional { "?" } else { "" }));
    }
    text
}

fn comment(text: &mut String, indent: &str, meaning: &[&str]) {
    for line in meaning {
        push(text, format_args!("{indent}/// {}\n", line.trim()));
    }
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a string has no way to fail.
    let _ = text.write_fmt(piece);
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn the_committed_schema_is_what_the_types_say() {
        let found = schema();
        assert!(found == include_str!("../../policies/satchel.cedarschema"), "policies/satchel.cedarschema should read:\n{found}");
    }
}
