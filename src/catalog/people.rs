//! Users, teams, contacts.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::rows::{RowRef, list_json, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CustomerId, Person, PersonId, PersonKind, Phone, Role, TeamId, Timestamp, UserId};

/// What becomes of a person; `None` where nothing does.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    /// The full name.
    pub name: Option<String>,
    /// Where mail reaches the person; nowhere when blank.
    pub email: Option<Option<String>>,
    /// Where a call or a text reaches the person, or nowhere.
    pub phone: Option<Option<Phone>>,
    /// Roles of a user.
    pub roles: Option<Vec<Role>>,
    /// What separates the person from soundalikes, or nothing.
    pub detail: Option<Option<String>>,
    /// Whether the person is active.
    pub active: Option<bool>,
}

#[derive(FromRow)]
struct PersonRow {
    id: String,
    customer_id: String,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    roles: String,
    detail: Option<String>,
    deactivated_at: Option<i64>,
}

impl PersonRow {
    fn into_person(self, members: Vec<UserId>) -> Result<Person, CatalogError> {
        let row = RowRef { table: "people", id: &self.id };
        Ok(Person {
            id: PersonId::parse(&self.id).map_err(|_| row.corrupt())?,
            customer: row.parsed(&self.customer_id)?,
            phone: self.phone.as_deref().map(Phone::parse).transpose().map_err(|_| row.corrupt())?,
            roles: row.list(&self.roles, Role::parse)?,
            name: self.name.clone(),
            email: self.email.clone(),
            detail: self.detail.clone(),
            deactivated_at: row.maybe_instant(self.deactivated_at)?,
            members,
        })
    }
}

/// Writes the row of a person, without members of a team.
pub(super) async fn insert_person(tx: &mut Tx, person: &Person, now: Timestamp) -> Result<(), CatalogError> {
    sql::query(
        "INSERT INTO people (id, customer_id, name, email, phone, roles, detail, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(person.id.to_string())
    .bind(person.customer.to_string())
    .bind(&person.name)
    .bind(&person.email)
    .bind(person.phone.as_ref().map(Phone::as_str))
    .bind(list_json(person.roles.iter().map(|role| role.as_str())))
    .bind(&person.detail)
    .bind(micros(now))
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes a user a member of a team, once.
async fn join(tx: &mut Tx, customer: &str, team: PersonId, member: UserId) -> Result<(), CatalogError> {
    let known: Option<(String,)> = sql::query("SELECT id FROM people WHERE customer_id = $1 AND id = $2")
        .bind(customer)
        .bind(member.to_string())
        .fetch_optional(tx)
        .await?;
    if known.is_none() {
        return Err(CatalogError::Conflict("a member of the team is not a user here"));
    }
    sql::query("INSERT INTO team_members (customer_id, team_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(customer)
        .bind(team.to_string())
        .bind(member.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether a customer has an active owner.
async fn has_owner(tx: &mut Tx, customer: &str) -> Result<bool, CatalogError> {
    let owners: Vec<(String,)> =
        sql::query("SELECT id FROM people WHERE customer_id = $1 AND deactivated_at IS NULL AND roles LIKE '%\"owner\"%' LIMIT 1")
            .bind(customer)
            .fetch_all(tx)
            .await?;
    Ok(!owners.is_empty())
}

impl Catalog {
    /// Adds a person; a team with its members.
    ///
    /// # Errors
    /// `Conflict` when a member is no user of this customer, or the person is no team and has members;
    /// else when it could not be committed.
    pub async fn add_person(&self, person: &Person, entry: &AuditEntry) -> Result<(), CatalogError> {
        if person.kind() != PersonKind::Team && !person.members.is_empty() {
            return Err(CatalogError::Conflict("only a team has members"));
        }
        let customer = person.customer.to_string();
        self.verb(|| async {
            let mut tx = self.begin(person.customer).await?;
            insert_person(&mut tx, person, self.clock().now()).await?;
            for member in &person.members {
                join(&mut tx, &customer, person.id, *member).await?;
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Changes a person as it was when the change was decided. Where the customer has an owner, one remains.
    ///
    /// # Errors
    /// `Conflict` when the person is not there or was changed in the meantime, or the last active owner would go; else
    /// when it could not be committed.
    pub async fn change_person(&self, was: &Person, change: &PersonChange, entry: &AuditEntry) -> Result<(), CatalogError> {
        let customer = was.customer.to_string();
        let now = self.clock().now();
        let roles = |roles: &[Role]| list_json(roles.iter().map(|role| role.as_str()));
        self.verb(|| async {
            let mut tx = self.begin(was.customer).await?;
            // A write, since that locks the row on every engine: of two owners who go at once, one stays.
            sql::query("UPDATE customers SET policy_set = policy_set WHERE id = $1").bind(&customer).execute(&mut tx).await?;
            let had_owner = has_owner(&mut tx, &customer).await?;
            let deactivated = match change.active {
                Some(true) => None,
                Some(false) => Some(was.deactivated_at.unwrap_or(now)),
                None => was.deactivated_at,
            };
            let changed = sql::query(
                "UPDATE people SET name = $4, email = $5, phone = $6, roles = $7, detail = $8, deactivated_at = $9 \
                 WHERE customer_id = $1 AND id = $2 AND roles = $3 AND COALESCE(deactivated_at, 0) = $10",
            )
            .bind(&customer)
            .bind(was.id.to_string())
            .bind(roles(&was.roles))
            .bind(change.name.as_ref().unwrap_or(&was.name))
            .bind(change.email.as_ref().unwrap_or(&was.email))
            .bind(change.phone.as_ref().unwrap_or(&was.phone).as_ref().map(Phone::as_str))
            .bind(roles(change.roles.as_ref().unwrap_or(&was.roles)))
            .bind(change.detail.as_ref().unwrap_or(&was.detail))
            .bind(deactivated.map(micros))
            .bind(was.deactivated_at.map_or(0, micros))
            .execute(&mut tx)
            .await?;
            if changed == 0 {
                return Err(CatalogError::Conflict("the person was changed in the meantime"));
            }
            if had_owner && !has_owner(&mut tx, &customer).await? {
                return Err(CatalogError::Conflict("the last owner stays; make another one first"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer, entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Makes a user a member of a team; once is enough.
    ///
    /// # Errors
    /// `Conflict` when either is not there; else when it could not be committed.
    pub async fn join_team(&self, customer: CustomerId, team: TeamId, user: UserId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            join(&mut tx, &customer.to_string(), PersonId::Team(team), user).await?;
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes a user out of a team.
    ///
    /// # Errors
    /// `Conflict` when the user is not in it; else when it could not be committed.
    pub async fn leave_team(&self, customer: CustomerId, team: TeamId, user: UserId, entry: &AuditEntry) -> Result<(), CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            let left = sql::query("DELETE FROM team_members WHERE customer_id = $1 AND team_id = $2 AND user_id = $3")
                .bind(customer.to_string())
                .bind(team.to_string())
                .bind(user.to_string())
                .execute(&mut tx)
                .await?;
            if left == 0 {
                return Err(CatalogError::Conflict("the user is not in this team"));
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await
        })
        .await
    }

    /// All people of a customer, oldest first; not [`PersonId::anyone`], who is nobody.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn people(&self, customer: CustomerId) -> Result<Vec<Person>, CatalogError> {
        // People before members: a team that is made in between is left out, never shown without its members.
        let rows: Vec<PersonRow> = sql::query(
            "SELECT id, customer_id, name, email, phone, roles, detail, deactivated_at FROM people \
             WHERE customer_id = $1 AND id <> $2 ORDER BY id",
        )
        .bind(customer.to_string())
        .bind(PersonId::anyone(customer).to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let members: Vec<(String, String)> =
            sql::query("SELECT team_id, user_id FROM team_members WHERE customer_id = $1 ORDER BY team_id, user_id")
                .bind(customer.to_string())
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        let mut teams: BTreeMap<String, Vec<UserId>> = BTreeMap::new();
        for (team, user) in members {
            let user = RowRef { table: "team_members", id: &team }.parsed(&user)?;
            teams.entry(team).or_default().push(user);
        }
        rows.into_iter()
            .map(|row| {
                let members = teams.remove(&row.id).unwrap_or_default();
                row.into_person(members)
            })
            .collect()
    }

    /// One person.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn person(&self, customer: CustomerId, id: PersonId) -> Result<Option<Person>, CatalogError> {
        let row: Option<PersonRow> = sql::query(
            "SELECT id, customer_id, name, email, phone, roles, detail, deactivated_at FROM people WHERE customer_id = $1 AND id = $2",
        )
        .bind(customer.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let members: Vec<(String,)> =
            sql::query("SELECT user_id FROM team_members WHERE customer_id = $1 AND team_id = $2 ORDER BY user_id")
                .bind(customer.to_string())
                .bind(id.to_string())
                .fetch_all(&mut self.read(customer).await?)
                .await?;
        let members =
            members.iter().map(|(user,)| RowRef { table: "team_members", id: user }.parsed(user)).collect::<Result<Vec<UserId>, _>>()?;
        row.into_person(members).map(Some)
    }

    /// The active user with this number; `None` when there is none, or more than one.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn user_by_phone(&self, customer: CustomerId, phone: &Phone) -> Result<Option<UserId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT id FROM people WHERE customer_id = $1 AND phone = $2 AND id LIKE 'user_%' AND deactivated_at IS NULL LIMIT 2",
        )
        .bind(customer.to_string())
        .bind(phone.as_str())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        match rows.as_slice() {
            [(id,)] => RowRef { table: "people", id }.parsed(id).map(Some),
            _ => Ok(None),
        }
    }

    /// The active user with this mail address, which is lower case; `None` when there is none, or more than one.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn user_by_mail(&self, customer: CustomerId, mail: &str) -> Result<Option<UserId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT id FROM people WHERE customer_id = $1 AND LOWER(email) = $2 AND id LIKE 'user_%' AND deactivated_at IS NULL LIMIT 2",
        )
        .bind(customer.to_string())
        .bind(mail)
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        match rows.as_slice() {
            [(id,)] => RowRef { table: "people", id }.parsed(id).map(Some),
            _ => Ok(None),
        }
    }

    /// The active teams a user is in.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn teams_of(&self, customer: CustomerId, user: UserId) -> Result<Vec<TeamId>, CatalogError> {
        let rows: Vec<(String,)> = sql::query(
            "SELECT m.team_id FROM team_members m JOIN people p ON p.customer_id = m.customer_id AND p.id = m.team_id \
             WHERE m.customer_id = $1 AND m.user_id = $2 AND p.deactivated_at IS NULL ORDER BY m.team_id",
        )
        .bind(customer.to_string())
        .bind(user.to_string())
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.iter().map(|(id,)| RowRef { table: "team_members", id }.parsed(id)).collect()
    }
}
