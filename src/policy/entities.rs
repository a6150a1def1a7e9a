//! Facts as Cedar entities. Built in Rust and never through JSON, which costs six times as much.
//! `policies/satchel.cedarschema` is the other half of this file; a test holds them together.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, ContextCreationError, Entity, EntityAttrEvaluationError, EntityId, EntityTypeName, EntityUid, ExpressionConstructionError,
    ParseErrors, RestrictedExpression as Value,
};

use super::action::ActionKind;
use super::facts::{Conditions, FileFacts, Principal, PrincipalKind, Resource};
use crate::domain::{Folder, Owner, Permissions, PersonId, Rights, Timestamp};

/// Why a request could not even be put before the policies. A fault of this room, never of the caller.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error("an attribute could not be built")]
    Attribute(#[source] Box<EntityAttrEvaluationError>),
    #[error("a record could not be built")]
    Record(#[from] ExpressionConstructionError),
    #[error("the context could not be built")]
    Context(#[source] Box<ContextCreationError>),
    #[error("the entities do not fit together")]
    Entities(#[source] Box<cedar_policy::entities_errors::EntitiesError>),
    #[error("the request does not fit the schema")]
    Request(#[source] Box<cedar_policy::RequestValidationError>),
}

/// The schema's type names, parsed once.
#[derive(Debug, Clone)]
pub(super) struct Types {
    action: EntityTypeName,
    customer: EntityTypeName,
    role: EntityTypeName,
    team: EntityTypeName,
    user: EntityTypeName,
    guest: EntityTypeName,
    key: EntityTypeName,
    link: EntityTypeName,
    folder: EntityTypeName,
    file: EntityTypeName,
    status: EntityTypeName,
    door: EntityTypeName,
    method: EntityTypeName,
}

impl Types {
    pub(super) fn parse() -> Result<Self, Box<ParseErrors>> {
        let parse = |name: &str| name.parse::<EntityTypeName>().map_err(Box::new);
        Ok(Self {
            action: parse("Action")?,
            customer: parse("Customer")?,
            role: parse("Role")?,
            team: parse("Team")?,
            user: parse("User")?,
            guest: parse("Guest")?,
            key: parse("Key")?,
            link: parse("Link")?,
            folder: parse("Folder")?,
            file: parse("File")?,
            status: parse("Status")?,
            door: parse("Door")?,
            method: parse("Method")?,
        })
    }

    pub(super) fn action(&self, kind: ActionKind) -> EntityUid {
        uid(&self.action, kind.as_str())
    }

    pub(super) fn resource_type(&self, resource: &Resource) -> &EntityTypeName {
        match resource {
            Resource::File(_) => &self.file,
            Resource::Customer(_) => &self.customer,
        }
    }

    pub(super) fn principal(&self, principal: &Principal) -> Result<Entity, BuildError> {
        let (id, parents) = match &principal.kind {
            PrincipalKind::User { id, roles, teams } => {
                let roles = roles.iter().map(|role| uid(&self.role, role.as_str()));
                let teams = teams.iter().map(|team| uid(&self.team, team.to_string()));
                (uid(&self.user, id.to_string()), roles.chain(teams).collect())
            }
            PrincipalKind::Guest { call } => (uid(&self.guest, call.to_string()), HashSet::new()),
            PrincipalKind::Key { id } => (uid(&self.key, id.to_string()), HashSet::new()),
            PrincipalKind::Link { id, .. } => (uid(&self.link, id.to_string()), HashSet::new()),
        };
        let customer = Value::new_entity_uid(uid(&self.customer, principal.customer.to_string()));
        let mut attributes = HashMap::from([("customer".to_owned(), customer)]);
        if let PrincipalKind::Link { file, .. } = &principal.kind {
            attributes.insert("file".to_owned(), Value::new_entity_uid(uid(&self.file, file.to_string())));
        }
        entity(id, attributes, parents)
    }

    pub(super) fn resource(&self, resource: &Resource, now: Timestamp) -> Result<Entity, BuildError> {
        match resource {
            Resource::File(file) => self.file(file, now),
            Resource::Customer(customer) => Ok(Entity::with_uid(uid(&self.customer, customer.to_string()))),
        }
    }

    fn file(&self, file: &FileFacts, now: Timestamp) -> Result<Entity, BuildError> {
        let mut attributes = HashMap::from([
            ("folder".to_owned(), Value::new_entity_uid(uid(&self.folder, file.folder.as_str()))),
            ("common".to_owned(), Value::new_bool(file.owner == Owner::Service)),
            ("status".to_owned(), Value::new_entity_uid(uid(&self.status, file.status.as_str()))),
            ("classification".to_owned(), Value::new_string(file.classification.clone())),
            ("viewers".to_owned(), self.grantees(file, Rights::View, now)?),
            ("commenters".to_owned(), self.grantees(file, Rights::Comment, now)?),
            ("editors".to_owned(), self.grantees(file, Rights::Edit, now)?),
        ]);
        if let Owner::User(owner) = file.owner {
            attributes.insert("owner".to_owned(), Value::new_entity_uid(uid(&self.user, owner.to_string())));
        }
        let mut parents: HashSet<_> = enclosing(&file.folder).map(|path| uid(&self.folder, path)).collect();
        parents.insert(uid(&self.customer, file.customer.to_string()));
        entity(uid(&self.file, file.id.to_string()), attributes, parents)
    }

    /// Whoever holds a live grant of at least these rights.
    fn grantees(&self, file: &FileFacts, least: Rights, now: Timestamp) -> Result<Value, BuildError> {
        let (mut users, mut teams) = (Vec::new(), Vec::new());
        for grant in file.grants.iter().filter(|grant| grant.rights >= least && now < grant.expires) {
            match grant.to {
                PersonId::User(id) => users.push(Value::new_entity_uid(uid(&self.user, id.to_string()))),
                PersonId::Team(id) => teams.push(Value::new_entity_uid(uid(&self.team, id.to_string()))),
                // A contact is never a principal.
                PersonId::Contact(_) => {}
            }
        }
        Ok(Value::new_record([("users".to_owned(), Value::new_set(users)), ("teams".to_owned(), Value::new_set(teams))])?)
    }

    pub(super) fn context(&self, permissions: &Permissions, conditions: &Conditions) -> Result<Context, BuildError> {
        let permissions = permissions.iter().map(|permission| Value::new_string(permission.as_str().to_owned()));
        Context::from_pairs([
            ("door".to_owned(), Value::new_entity_uid(uid(&self.door, conditions.door.as_str()))),
            ("verified_method".to_owned(), Value::new_entity_uid(uid(&self.method, conditions.verified.method.as_str()))),
            ("verified_level".to_owned(), Value::new_long(i64::from(conditions.verified.level))),
            ("permissions".to_owned(), Value::new_set(permissions)),
            ("external".to_owned(), Value::new_bool(conditions.external)),
            ("now".to_owned(), Value::new_long(conditions.now.as_second())),
            ("untrusted_text".to_owned(), Value::new_bool(conditions.untrusted_text)),
        ])
        .map_err(|error| BuildError::Context(Box::new(error)))
    }
}

fn uid(kind: &EntityTypeName, id: impl AsRef<str>) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(id: EntityUid, attributes: HashMap<String, Value>, parents: HashSet<EntityUid>) -> Result<Entity, BuildError> {
    Entity::new(id, attributes, parents).map_err(|error| BuildError::Attribute(Box::new(error)))
}

/// The folder, every folder above it, and the top.
fn enclosing(folder: &Folder) -> impl Iterator<Item = &str> {
    let path = folder.as_str();
    let above = path.match_indices('/').filter_map(move |(at, _)| path.get(..at));
    above.chain([path, ""])
}

#[cfg(test)]
mod tests {
    use cedar_policy::{Entities, EntityUid};

    use super::super::fixture::{self, file, member_of, principals};
    use super::super::set::Policies;
    use super::*;
    use crate::domain::{Door, FileStatus, Role, Verified, VerifiedMethod};

    #[test]
    fn a_file_lies_in_its_folder_and_in_every_folder_above() {
        let of = |path: &str| enclosing(&Folder::parse(path).unwrap()).map(str::to_owned).collect::<HashSet<_>>();
        assert_eq!(of("finance/2025/q2"), HashSet::from(["finance", "finance/2025", "finance/2025/q2", ""].map(str::to_owned)));
        assert_eq!(of(""), HashSet::from([String::new()]));
    }

    #[test]
    fn every_entity_conforms_to_the_schema() {
        let policies = Policies::built_in().unwrap();
        let types = Types::parse().unwrap();
        let mut entities: Vec<_> = principals().iter().map(|principal| types.principal(principal).unwrap()).collect();
        entities.push(types.principal(&member_of(Role::ALL.to_vec())).unwrap());
        for status in FileStatus::ALL {
            for owner in [Owner::Service, Owner::User(fixture::ids().me)] {
                let mut facts = file(owner);
                facts.status = status;
                facts.grants = fixture::grants_of_every_kind();
                let entity = types.resource(&Resource::File(facts), fixture::now()).unwrap();
                // The same id twice is a duplicate, so each file is checked alone.
                Entities::from_entities([entity], Some(policies.schema())).unwrap();
            }
        }
        entities.dedup_by_key(|entity| entity.uid());
        for entity in entities {
            Entities::from_entities([entity], Some(policies.schema())).unwrap();
        }
    }

    #[test]
    fn the_schema_knows_every_door_method_and_role() {
        let policies = Policies::built_in().unwrap();
        let types = Types::parse().unwrap();
        for door in [Door::Http, Door::Mcp, Door::Page, Door::Cli, Door::Worker] {
            for method in
                [VerifiedMethod::None, VerifiedMethod::Number, VerifiedMethod::Pin, VerifiedMethod::Voice, VerifiedMethod::Platform]
            {
                let conditions = Conditions { door, verified: Verified { method, level: 3 }, ..fixture::conditions() };
                let context = types.context(&Permissions::all(), &conditions).unwrap();
                context.validate(policies.schema(), &types.action(ActionKind::Share)).unwrap();
            }
        }
        let unknown: EntityUid = r#"Door::"window""#.parse().unwrap();
        let context = Context::from_pairs([("door".to_owned(), Value::new_entity_uid(unknown))]).unwrap();
        assert!(context.validate(policies.schema(), &types.action(ActionKind::Share)).is_err());
    }
}
