//! Facts as Cedar entities. Built in Rust and never through JSON, which costs six times as much.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, ContextCreationError, Entity, EntityAttrEvaluationError, EntityId, EntityTypeName, EntityUid, ExpressionConstructionError,
    ParseErrors, RestrictedExpression as Value,
};

use super::action::ActionKind;
use super::attributes::{self, Attribute, Circumstances, FileThen, FolderThen};
use super::facts::{Conditions, FileFacts, FolderFacts, Principal, PrincipalKind, Resource};
use crate::domain::{Permissions, Timestamp};

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
    pub(super) action: EntityTypeName,
    pub(super) customer: EntityTypeName,
    pub(super) role: EntityTypeName,
    pub(super) team: EntityTypeName,
    pub(super) user: EntityTypeName,
    pub(super) guest: EntityTypeName,
    pub(super) key: EntityTypeName,
    pub(super) link: EntityTypeName,
    pub(super) folder: EntityTypeName,
    pub(super) file: EntityTypeName,
    pub(super) status: EntityTypeName,
    pub(super) door: EntityTypeName,
    pub(super) method: EntityTypeName,
    pub(super) level: EntityTypeName,
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
            level: parse("Level")?,
        })
    }

    pub(super) fn action(&self, kind: ActionKind) -> EntityUid {
        uid(&self.action, kind.as_str())
    }

    pub(super) fn principal(&self, principal: &Principal) -> Result<Entity, BuildError> {
        let mut attributes = self.values(&attributes::principal(), principal)?;
        let (id, parents) = match &principal.kind {
            PrincipalKind::User { id, roles, teams } => {
                let roles = roles.iter().map(|role| uid(&self.role, role.as_str()));
                let teams = teams.iter().map(|team| uid(&self.team, team.to_string()));
                (uid(&self.user, id.to_string()), roles.chain(teams).collect())
            }
            PrincipalKind::Guest { call } => (uid(&self.guest, call.to_string()), HashSet::new()),
            PrincipalKind::Key { id } => (uid(&self.key, id.to_string()), HashSet::new()),
            PrincipalKind::Link { id, .. } => {
                attributes.extend(self.values(&attributes::link(), principal)?);
                (uid(&self.link, id.to_string()), HashSet::new())
            }
        };
        entity(id, attributes, parents)
    }

    pub(super) fn resource(&self, resource: &Resource, now: Timestamp) -> Result<Entity, BuildError> {
        match resource {
            Resource::File(file) => self.file(file, now),
            Resource::Folder(folder) => self.folder(folder, now),
            Resource::Customer(customer) => Ok(Entity::with_uid(uid(&self.customer, customer.to_string()))),
        }
    }

    fn file(&self, file: &FileFacts, now: Timestamp) -> Result<Entity, BuildError> {
        let attributes = self.values(&attributes::file(), &FileThen(file, now))?;
        let mut parents: HashSet<_> = file.folder.enclosing().map(|path| uid(&self.folder, path)).collect();
        parents.insert(uid(&self.customer, file.customer.to_string()));
        entity(uid(&self.file, file.id.to_string()), attributes, parents)
    }

    fn folder(&self, folder: &FolderFacts, now: Timestamp) -> Result<Entity, BuildError> {
        let attributes = self.values(&attributes::folder(), &FolderThen(folder, now))?;
        let path = folder.path.as_str();
        let mut parents: HashSet<_> =
            folder.path.enclosing().filter(|above| *above != path).map(|above| uid(&self.folder, above)).collect();
        parents.insert(uid(&self.customer, folder.customer.to_string()));
        entity(uid(&self.folder, path), attributes, parents)
    }

    pub(super) fn context(&self, permissions: &Permissions, conditions: &Conditions) -> Result<Context, BuildError> {
        Context::from_pairs(self.values(&attributes::circumstances(), &Circumstances(permissions, conditions))?)
            .map_err(|error| BuildError::Context(Box::new(error)))
    }

    fn values<Of>(&self, attributes: &[Attribute<Of>], of: &Of) -> Result<HashMap<String, Value>, BuildError> {
        let mut values = HashMap::with_capacity(attributes.len());
        for attribute in attributes {
            if let Some(value) = (attribute.value)(self, of)? {
                values.insert(attribute.name.to_owned(), value);
            }
        }
        Ok(values)
    }
}

pub(super) fn uid(kind: &EntityTypeName, id: impl AsRef<str>) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(id: EntityUid, attributes: HashMap<String, Value>, parents: HashSet<EntityUid>) -> Result<Entity, BuildError> {
    Entity::new(id, attributes, parents).map_err(|error| BuildError::Attribute(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use cedar_policy::{Entities, EntityUid};

    use super::super::fixture::{self, file, folder, member_of, principals};
    use super::super::set::Policies;
    use super::*;
    use crate::domain::{Door, FileStatus, Level, Owner, Role, Verified, VerifiedMethod};

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
        let folder = Resource::Folder(folder(fixture::grants_of_every_kind()));
        entities.push(types.resource(&folder, fixture::now()).unwrap());
        entities.dedup_by_key(|entity| entity.uid());
        for entity in entities {
            Entities::from_entities([entity], Some(policies.schema())).unwrap();
        }
    }

    #[test]
    fn the_schema_knows_every_door_method_and_role() {
        let policies = Policies::built_in().unwrap();
        let types = Types::parse().unwrap();
        for door in Door::ALL {
            for method in VerifiedMethod::ALL {
                for granting in Level::ALL.map(Some).into_iter().chain([None]) {
                    let conditions = Conditions { door, verified: Verified { method, level: 3 }, granting, ..fixture::conditions() };
                    let context = types.context(&Permissions::all(), &conditions).unwrap();
                    context.validate(policies.schema(), &types.action(ActionKind::Share)).unwrap();
                }
            }
        }
        let unknown: EntityUid = r#"Door::"window""#.parse().unwrap();
        let context = Context::from_pairs([("door".to_owned(), Value::new_entity_uid(unknown))]).unwrap();
        assert!(context.validate(policies.schema(), &types.action(ActionKind::Share)).is_err());
    }
}
