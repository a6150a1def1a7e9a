//! Standing rights on files and folders, roles and teams: who may give what, and that it holds at once.

use reqwest::Method;
use satchel::domain::PersonId;
use satchel::domain::Role::{self, Administrator, Member, Owner};
use satchel::files::{FilesError, PersonChange};
use serde_json::{Value, json};

use crate::support::{Tenant, World};

/// Two members and an administrator of one customer; Ana owns a file in `legal/2026`.
struct House {
    world: World,
    tenant: Tenant,
    ana: String,
    ben: String,
    file: String,
}

impl House {
    async fn new() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        let (ana, ben) = (world.user(&tenant, "Ana Adeyemi", "member").await, world.user(&tenant, "Ben Okafor", "member").await);
        let call = world.call(&tenant, &ana).await;
        let file = world.file(&call.token, "name=kestrel.txt&title=Kestrel%20Terms&folder=legal/2026", b"kestrel").await;
        Self { world, tenant, ana, ben, file }
    }

    /// A token of a fresh call of somebody.
    async fn as_caller(&self, user: &str) -> String {
        self.world.call(&self.tenant, user).await.token
    }

    /// What a caller's search for the file comes to.
    async fn finds(&self, user: &str) -> String {
        self.world.files.follow_all().await.unwrap();
        let token = self.as_caller(user).await;
        self.world.post("/v1/tools/find_file", &token, &json!({"query": "Kestrel Terms"})).await.expect(200).text("/outcome")
    }

    async fn lists(&self, user: &str) -> usize {
        let listed = self.world.get("/v1/files", &self.as_caller(user).await).await.expect(200).json();
        listed["files"].as_array().unwrap().len()
    }

    /// The policy and outcome of the last record of an action.
    async fn last(&self, action: &str) -> (String, String) {
        let records = self.world.get("/v1/audit?limit=1000", &self.tenant.key).await.expect(200).json();
        let record = records["records"].as_array().unwrap().iter().rfind(|record| record["action"] == action).unwrap().clone();
        (record["policy"].as_str().unwrap_or_default().to_owned(), record["outcome"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_right_on_a_folder_lets_find_what_is_in_it_until_it_is_ended() {
    let house = House::new().await;
    let (world, admin) = (&house.world, house.world.user(&house.tenant, "Olga", "administrator").await);
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("not_found", 0));
    let body = json!({"folder": "/legal/", "to": house.ben, "level": "viewer"});
    let given = world.post("/v1/folders/grants", &house.as_caller(&admin).await, &body).await.expect(201);
    assert_eq!((given.text("/folder"), given.text("/level")), ("legal".to_owned(), "viewer".to_owned()));
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("done", 1));
    // What comes later is in it too, and what lies beside is not.
    world.file(&house.as_caller(&house.ana).await, "name=l.txt&title=Later&folder=legal/2027", b"later").await;
    world.file(&house.as_caller(&house.ana).await, "name=b.txt&title=Beside&folder=legals", b"beside").await;
    assert_eq!(house.lists(&house.ben).await, 2);
    let listed = world.get("/v1/folders/grants?folder=legal", &house.as_caller(&admin).await).await.expect(200).json();
    assert_eq!(listed["grants"][0]["id"], given.json()["id"]);
    // Ben sees, and gives nothing.
    let further = json!({"folder": "legal", "to": house.ana, "level": "viewer"});
    world.post("/v1/folders/grants", &house.as_caller(&house.ben).await, &further).await.expect_problem(403, "forbidden");
    assert_eq!(house.last("grant").await, ("default-deny".to_owned(), "refused".to_owned()));
    let path = format!("/v1/grants/{}", given.text("/id"));
    world.delete(&path, &house.as_caller(&house.ben).await).await.expect_problem(403, "forbidden");
    world.delete(&path, &house.as_caller(&admin).await).await.expect(204);
    world.delete(&path, &house.as_caller(&admin).await).await.expect_problem(404, "not_found");
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("not_found", 0));
}

#[tokio::test]
async fn a_right_for_a_time_ends_by_itself_and_one_of_a_team_with_the_team() {
    let house = House::new().await;
    let world = &house.world;
    let team = world.person(&house.tenant, &json!({"kind": "team", "name": "Legal", "members": [house.ben]})).await;
    let path = format!("/v1/files/{}/grants", house.file);
    let owner = house.as_caller(&house.ana).await;
    let body = json!({"to": team, "level": "editor", "lifetime_seconds": 3600});
    let given = world.post(&path, &owner, &body).await.expect(201);
    assert_eq!(given.text("/expires_at"), "2026-03-02T10:00:00Z", "{given:?}");
    assert_eq!(house.finds(&house.ben).await, "done");
    let member = format!("/v1/people/{team}/members/{}", house.ben);
    let weak = world.key(&house.tenant, &["files:read"]).await;
    world.delete(&member, &weak).await.expect_problem(403, "forbidden");
    world.delete(&member, &house.tenant.key).await.expect(204);
    world.delete(&member, &house.tenant.key).await.expect_problem(404, "not_found");
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("not_found", 0));
    world.send(Method::PUT, &member, &weak, &Value::Null).await.expect_problem(403, "forbidden");
    world.send(Method::PUT, &member, &house.tenant.key, &Value::Null).await.expect(204);
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("done", 1));
    world.clock.advance_seconds(3600);
    assert_eq!((house.finds(&house.ben).await.as_str(), house.lists(&house.ben).await), ("not_found", 0));
}

#[tokio::test]
async fn an_editor_gives_no_more_than_editing_and_an_owner_gives_the_file_away() {
    let house = House::new().await;
    let world = &house.world;
    let cleo = world.user(&house.tenant, "Cleo Lind", "member").await;
    let path = format!("/v1/files/{}/grants", house.file);
    let give =
        async |by: &str, to: &str, level: &str| world.post(&path, &house.as_caller(by).await, &json!({"to": to, "level": level})).await;
    give(&house.ben, &cleo, "viewer").await.expect_problem(404, "not_found");
    give(&house.ana, &house.ben, "viewer").await.expect(201);
    give(&house.ben, &cleo, "viewer").await.expect_problem(403, "forbidden");
    give(&house.ana, &house.ben, "editor").await.expect(201);
    let editor = give(&house.ben, &cleo, "editor").await.expect(201);
    assert_eq!(house.last("grant").await, ("grant-edit".to_owned(), "done".to_owned()));
    give(&house.ben, &house.ben, "owner").await.expect_problem(403, "forbidden");
    world.delete(&format!("/v1/grants/{}", editor.text("/id")), &house.as_caller(&house.ben).await).await.expect(204);
    // Nobody owns a file for a time, as a team, or from outside.
    let team = world.person(&house.tenant, &json!({"kind": "team", "name": "Legal"})).await;
    let contact = world.person(&house.tenant, &json!({"kind": "contact", "name": "Conrad", "email": "c@example.com"})).await;
    give(&house.ana, &team, "owner").await.expect_problem(400, "invalid");
    give(&house.ana, &contact, "viewer").await.expect_problem(400, "invalid");
    let for_a_time = json!({"to": house.ben, "level": "owner", "lifetime_seconds": 3600});
    world.post(&path, &house.as_caller(&house.ana).await, &for_a_time).await.expect_problem(400, "invalid");
    let owned = give(&house.ana, &house.ben, "owner").await.expect(200);
    assert_eq!(owned.text("/owner"), house.ben);
    // What Ana owned is not hers any more, at once.
    assert_eq!((house.finds(&house.ana).await.as_str(), house.finds(&house.ben).await.as_str()), ("not_found", "done"));
    give(&house.ana, &cleo, "viewer").await.expect_problem(404, "not_found");
    let other = world.tenant("Borealis").await;
    let stranger = world.user(&other, "Sam", "member").await;
    give(&house.ben, &stranger, "viewer").await.expect_problem(409, "conflict");
}

#[tokio::test]
async fn an_owner_of_a_folder_does_with_it_what_the_owners_of_its_files_do() {
    let house = House::new().await;
    let world = &house.world;
    let body = json!({"folder": "legal", "to": house.ben, "level": "owner"});
    world.post("/v1/folders/grants", &house.tenant.key, &body).await.expect(201);
    let ben = house.as_caller(&house.ben).await;
    let further = json!({"folder": "legal/2026", "to": house.ana, "level": "owner"});
    world.post("/v1/folders/grants", &ben, &further).await.expect(201);
    world
        .post("/v1/folders/grants", &ben, &json!({"folder": "", "to": house.ben, "level": "viewer"}))
        .await
        .expect_problem(403, "forbidden");
    world.delete(&format!("/v1/files/{}", house.file), &ben).await.expect(204);
    assert_eq!(house.last("delete").await, ("shared-own".to_owned(), "done".to_owned()));
}

#[tokio::test]
async fn roles_change_at_once_and_nobody_rises_above_his_own() {
    let house = House::new().await;
    let world = &house.world;
    let change =
        async |person: &str, body: Value| world.send(Method::PATCH, &format!("/v1/people/{person}"), &house.tenant.key, &body).await;
    let running = house.as_caller(&house.ben).await;
    assert_eq!(house.lists(&house.ben).await, 0);
    change(&house.ben, json!({"roles": ["administrator"]})).await.expect(200);
    let listed = world.get("/v1/files", &running).await.expect(200).json();
    assert_eq!(listed["files"].as_array().unwrap().len(), 1, "a call that runs has the new role");
    change(&house.ben, json!({"roles": []})).await.expect(200);
    assert_eq!(world.get("/v1/files", &running).await.expect(200).json()["files"], json!([]));
    change(&house.ben, json!({"roles": ["boss"]})).await.expect_problem(400, "invalid");
    change("user_01h455vb4pex5vsknk084sn02q", json!({"roles": ["owner"]})).await.expect_problem(404, "not_found");
    // The last owner stays.
    change(&house.ana, json!({"roles": ["owner"]})).await.expect(200);
    change(&house.ana, json!({"roles": ["member"]})).await.expect_problem(409, "conflict");
    change(&house.ana, json!({"active": false})).await.expect_problem(409, "conflict");
    // An administrator's program of ours: the use case, with the administrator on the line.
    let admin = world.user(&house.tenant, "Olga", "administrator").await;
    let subject = world.files.caller(&world.context(&house.as_caller(&admin).await).await).await.unwrap();
    let person = |text: &str| PersonId::parse(text).unwrap();
    let roles = |roles: &[Role]| PersonChange { roles: Some(roles.to_vec()), ..PersonChange::default() };
    for (whom, given) in
        [(&admin, vec![Owner]), (&admin, vec![Administrator, Owner]), (&house.ana, vec![Member]), (&house.ben, vec![Owner])]
    {
        let refused = world.files.change_person(&subject, person(whom), &roles(&given)).await;
        assert!(matches!(refused, Err(FilesError::Refused)), "{whom} {given:?}: {refused:?}");
        assert_eq!(house.last("manage_people").await, ("rank".to_owned(), "refused".to_owned()));
    }
    world.files.change_person(&subject, person(&house.ben), &roles(&[Administrator])).await.unwrap();
    // Neither does a member, or the administrator once demoted.
    world.files.change_person(&subject, person(&admin), &roles(&[Member])).await.unwrap();
    let subject = world.files.caller(&world.context(&house.as_caller(&admin).await).await).await.unwrap();
    let refused = world.files.change_person(&subject, person(&admin), &roles(&[Administrator])).await;
    assert!(matches!(refused, Err(FilesError::Refused)), "{refused:?}");
}

#[tokio::test]
async fn whoever_is_deactivated_is_a_stranger_at_once() {
    let house = House::new().await;
    let world = &house.world;
    let running = house.as_caller(&house.ana).await;
    let path = format!("/v1/people/{}", house.ana);
    let gone = world.send(Method::PATCH, &path, &house.tenant.key, &json!({"active": false})).await.expect(200);
    assert!(gone.json()["deactivated_at"].is_string());
    assert_eq!(world.get("/v1/files", &running).await.expect(200).json()["files"], json!([]));
    world.get(&format!("/v1/files/{}", house.file), &running).await.expect_problem(404, "not_found");
    world.post("/v1/calls", &house.tenant.key, &json!({"caller_id": house.ana})).await.expect_problem(400, "invalid");
    // Nor is anything shared with somebody who is gone.
    let olga = world.user(&house.tenant, "Olga", "administrator").await;
    let asked = json!({"file": "Kestrel Terms", "with": "Ana Adeyemi"});
    let answer = world.post("/v1/tools/share_file", &house.as_caller(&olga).await, &asked).await.expect(200);
    assert_ne!(answer.text("/outcome"), "confirm", "{answer:?}");
    world.send(Method::PATCH, &path, &house.tenant.key, &json!({"active": true})).await.expect(200);
    assert_eq!(world.get("/v1/files", &running).await.expect(200).json()["files"].as_array().unwrap().len(), 1);
}
