//! Runs a list of steps against a server and the model at once.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use super::Step;
use super::model::{Call, Customer, File, Link, OUTSIDE, Question, TITLES, Version, Who};
use crate::support::{Answer, Database, Ground, Tenant, World};

const CALL_SECONDS: i64 = 4 * 3600;
const QUESTION_SECONDS: i64 = 120;
const CODE_SECONDS: i64 = 600;
const TRIES: u32 = 5;

/// A server, the model, and what both agree on.
pub struct Run {
    world: World,
    rows: Rows,
    tenants: Vec<Tenant>,
    users: Vec<Vec<(Who, String)>>,
    model: [Customer; 2],
    now: i64,
    secrets: usize,
    // Last, so that it outlives who uses it.
    _database: Option<Database>,
}

/// Where the catalog of a run lies.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Folder,
    Server,
}

/// A look at the rows beside the server.
enum Rows {
    Folder(SqliteConnection),
    Server(PgConnection),
}

impl Run {
    pub async fn start(seed: u64, place: Place) -> Self {
        let ground = Ground::new(seed).await;
        let (ground, database) = match place {
            Place::Folder => (ground, None),
            Place::Server => {
                let database = Database::new().await;
                (Ground { database: Some(database.settings()), ..ground }, Some(database))
            }
        };
        // The model counts the tries of codes, not those of networks.
        let world = World::with(ground, |files| files.failures.network.failures = u32::MAX).await;
        let (mut tenants, mut users) = (Vec::new(), Vec::new());
        for customer in 0..2 {
            let tenant = world.tenant(["Acme", "Borealis"][customer]).await;
            let mut known = Vec::new();
            for who in Who::CALLERS {
                known.push((who, world.user(&tenant, who.name(customer), who.role()).await));
            }
            world.person(&tenant, &json!({"kind": "contact", "name": OUTSIDE[customer], "email": "somebody@example.com"})).await;
            tenants.push(tenant);
            users.push(known);
        }
        let rows = match &database {
            None => Rows::Folder(world.database().await),
            Some(database) => Rows::Server(PgConnection::connect(&database.url()).await.unwrap()),
        };
        Self { world, rows, tenants, users, model: Default::default(), now: 0, secrets: 0, _database: database }
    }

    /// Does all steps, then looks at both audit chains.
    pub async fn all(mut self, steps: &[(usize, Step)]) {
        for (customer, step) in steps {
            let before = self.records(*customer).await;
            let least = self.step(*customer, step).await;
            let after = self.records(*customer).await;
            assert!(after >= before + least, "{step:?} left {} records instead of {least}", after - before);
        }
        let verified = self.world.get("/v1/audit/verify", &self.world.operator).await.expect(200).json();
        assert_eq!(verified["intact"], true, "{verified}");
    }

    async fn records(&mut self, customer: usize) -> usize {
        let (chain, question) = (&self.tenants[customer].customer, "SELECT COUNT(*) FROM audit WHERE chain = $1");
        let count: i64 = match &mut self.rows {
            Rows::Folder(rows) => sqlx::query_scalar(question).bind(chain).fetch_one(rows).await.unwrap(),
            Rows::Server(rows) => {
                sqlx::query("SELECT set_config('satchel.scope', $1, FALSE)").bind(chain).execute(&mut *rows).await.unwrap();
                sqlx::query_scalar(question).bind(chain).fetch_one(rows).await.unwrap()
            }
        };
        usize::try_from(count).unwrap()
    }

    fn advance(&mut self, seconds: i64) {
        self.now += seconds;
        self.world.clock.advance_seconds(seconds);
    }

    /// Nothing of what `who` may not know, and nothing of the other customer, is in an answer.
    fn check(&self, customer: usize, who: Who, what: &str, answer: &Answer) {
        let headers: String = answer.headers.values().filter_map(|value| value.to_str().ok()).collect();
        let forbidden = self.model[customer].forbidden_to(who).into_iter().chain(self.model[1 - customer].everything());
        for word in forbidden {
            assert!(
                !answer.body.contains(&word) && !headers.contains(&word),
                "{what} tells {who:?} of customer {customer} `{word}`: {answer:?}"
            );
        }
    }

    /// A living call, opened when there is none.
    async fn call(&mut self, customer: usize) -> Call {
        let now = self.now;
        if let Some(call) = self.model[customer].call.as_ref().filter(|call| now < call.until) {
            return call.clone();
        }
        let who = self.model[customer].call.as_ref().map_or(Who::Owner, |call| call.who);
        let opened = self.world.call(&self.tenants[customer], self.user(customer, who)).await;
        let call = Call { id: opened.id, token: opened.token, who, until: now + CALL_SECONDS, question: None };
        self.model[customer].call = Some(call.clone());
        call
    }

    fn user(&self, customer: usize, who: Who) -> &str {
        &self.users[customer].iter().find(|(known, _)| *known == who).unwrap().1
    }

    async fn tool(&mut self, customer: usize, tool: &str, arguments: Value) -> (Call, Answer) {
        let call = self.call(customer).await;
        let answer = self.world.post(&format!("/v1/tools/{tool}"), &call.token, &arguments).await.expect(200);
        assert!(satchel::speech::lint_line(&answer.text("/say")).is_ok(), "{tool}: {answer:?}");
        self.check(customer, call.who, tool, &answer);
        let puts_another = answer.text("/outcome") != "confirm" && answer.json()["keys"].as_object().is_some_and(|keys| !keys.is_empty());
        if puts_another || answer.text("/outcome") == "choose" {
            let waiting = self.model[customer].call.as_mut().and_then(|call| call.question.as_mut());
            if let Some(question) = waiting {
                question.is_passed_over = true;
            }
        }
        (call, answer)
    }

    fn file(&self, customer: usize, index: usize) -> Option<(usize, File)> {
        let files = &self.model[customer].files;
        (!files.is_empty()).then(|| index % files.len()).map(|index| (index, files[index].clone()))
    }

    fn version(&mut self, harmful: bool) -> Version {
        self.secrets += 1;
        let letters = |mut number: usize| {
            let mut word = String::new();
            for _ in 0..4 {
                word.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
                number /= 26;
            }
            word
        };
        let secret = format!("qx{}zw", letters(self.secrets));
        let text = format!("the word is {secret}{}", if harmful { " HARMFUL" } else { "" });
        Version { text, secret, harmful, judged: false }
    }

    /// Does one step; gives the number of records that it must leave at least.
    async fn step(&mut self, customer: usize, step: &Step) -> usize {
        match *step {
            Step::Upload { mine, harmful } => self.upload(customer, mine, harmful).await,
            Step::NewVersion { file, harmful } => self.new_version(customer, file, harmful).await,
            Step::Inspect => {
                self.world.inspect_all().await;
                for model in &mut self.model {
                    model.files.iter_mut().flat_map(|file| &mut file.versions).for_each(|version| version.judged = true);
                }
                0
            }
            Step::Find { file } => {
                let Some((_, file)) = self.file(customer, file) else { return 0 };
                let (call, answer) = self.tool(customer, "find_file", json!({"query": file.title})).await;
                if file.may_list(call.who) && file.is_active() {
                    assert!(answer.body.contains(&file.title), "{} is not found: {answer:?}", file.title);
                }
                1
            }
            Step::FindText { file } => {
                let Some((_, file)) = self.file(customer, file) else { return 0 };
                let secret = file.newest().secret.clone();
                let (_, answer) = self.tool(customer, "find_file", json!({"query": secret})).await;
                if file.removed || !file.newest().is_clean() {
                    assert!(
                        !answer.body.contains(&file.title) || answer.text("/outcome") != "done",
                        "found by text nobody judged: {answer:?}"
                    );
                }
                1
            }
            Step::Describe { file } => {
                let Some((_, file)) = self.file(customer, file) else { return 0 };
                let (call, answer) = self.tool(customer, "describe_file", json!({"file": file.id})).await;
                assert_eq!(answer.text("/outcome"), if file.may_list(call.who) { "done" } else { "not_found" }, "{answer:?}");
                1
            }
            Step::Read { file, program } => self.read(customer, file, program).await,
            Step::List { program } => {
                let (who, token) = self.asker(customer, program).await;
                let (mut after, mut seen) = (String::new(), Vec::new());
                for _ in 0..20 {
                    let page = self.world.get(&format!("/v1/files?limit=2&after={after}"), &token).await.expect(200);
                    self.check(customer, who, "a list", &page);
                    let page = page.json();
                    seen.extend(page["files"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()));
                    match page["next"].as_str() {
                        Some(next) => next.clone_into(&mut after),
                        None => break,
                    }
                }
                let mut known: Vec<String> =
                    self.model[customer].files.iter().filter(|file| file.may_list(who)).map(|file| file.id.clone()).collect();
                known.sort();
                assert_eq!(seen, known, "{who:?} of customer {customer}");
                1
            }
            Step::Ask { file, to } => self.ask(customer, file, to).await,
            Step::Answer { yes, heard } => self.answer(customer, yes, heard).await,
            Step::Code => {
                let (_, answer) = self.tool(customer, "generate_access_code", json!({})).await;
                // People inside get codes too; the model follows those of the person outside.
                if answer.text("/outcome") == "done" && answer.text("/data/recipient") == OUTSIDE[customer] {
                    let code = answer.text("/data/code/digits");
                    let link = self.model[customer].links.last_mut().expect("a code without a share");
                    if link.code != code {
                        (link.code, link.until, link.tries) = (code, self.now + CODE_SECONDS, TRIES);
                    }
                }
                1
            }
            Step::Redeem { link, right } => self.redeem(customer, link, right).await,
            Step::Remove { file, program } => {
                let Some((index, file)) = self.file(customer, file) else { return 0 };
                let (who, token) = self.asker(customer, program).await;
                let answer = self.world.delete(&format!("/v1/files/{}", file.id), &token).await;
                let expected = if file.may_remove(who) {
                    204
                } else if file.may_list(who) {
                    403
                } else {
                    404
                };
                assert_eq!(answer.status, expected, "{who:?} removes {file:?}: {answer:?}");
                self.model[customer].files[index].removed |= expected == 204;
                1
            }
            Step::Wait { seconds } => {
                self.advance(seconds);
                0
            }
            Step::Caller { who } => {
                let call = self.call(customer).await;
                let user = self.user(customer, who).to_owned();
                let body = json!({"caller_id": user, "verified": {"method": "platform", "level": 2}});
                self.world.send(Method::PATCH, &format!("/v1/calls/{}", call.id), &self.tenants[customer].key, &body).await.expect(204);
                let known = self.model[customer].call.as_mut().unwrap();
                if known.who != who {
                    (known.who, known.question) = (who, None);
                    // Whoever takes the line does not inherit the codes that were told.
                    let now = self.now;
                    self.model[customer].links.iter_mut().filter(|link| link.call == call.id).for_each(|link| link.until = now);
                }
                1
            }
            Step::End => {
                let call = self.call(customer).await;
                self.world.delete(&format!("/v1/calls/{}", call.id), &self.tenants[customer].key).await.expect(204);
                self.world.post("/v1/tools/find_file", &call.token, &json!({"query": "x"})).await.expect_problem(401, "unauthenticated");
                let known = self.model[customer].call.as_mut().unwrap();
                (known.until, known.question) = (self.now, None);
                1
            }
        }
    }

    async fn asker(&mut self, customer: usize, program: bool) -> (Who, String) {
        if program {
            return (Who::Program, self.tenants[customer].key.clone());
        }
        let call = self.call(customer).await;
        (call.who, call.token)
    }

    async fn upload(&mut self, customer: usize, mine: bool, harmful: bool) -> usize {
        let count = self.model[customer].files.len();
        let Some(title) = TITLES[customer].get(count) else { return 0 };
        let (who, token) = self.asker(customer, !mine).await;
        self.advance(1);
        let version = self.version(harmful);
        let answer = self.world.put(&token, &format!("name=file{count}.txt&title={title}"), version.text.as_bytes()).await;
        self.check(customer, who, "an upload", &answer);
        if who == Who::Guest {
            answer.expect_problem(403, "forbidden");
            return 1;
        }
        let id = answer.expect(201).text("/id");
        let file = File { id, title: (*title).to_owned(), owner: who, versions: vec![version], removed: false, shared_with: Vec::new() };
        // A member who is the customer's owner adds files of his own, which all rules let him have.
        self.model[customer].files.push(file);
        1
    }

    async fn new_version(&mut self, customer: usize, file: usize, harmful: bool) -> usize {
        let Some((index, file)) = self.file(customer, file) else { return 0 };
        let version = self.version(harmful);
        let query = format!("name={}.txt&replaces={}&title={}", file.title.to_lowercase(), file.id, file.title);
        let answer = self.world.put(&self.tenants[customer].key, &query, version.text.as_bytes()).await;
        if file.removed {
            answer.expect_problem(404, "not_found");
        } else if answer.status == 201 {
            self.model[customer].files[index].versions.push(version);
        } else {
            // The version before is still under way.
            assert!(answer.status == 409 && !file.newest().is_clean(), "{file:?}: {answer:?}");
        }
        1
    }

    async fn read(&mut self, customer: usize, file: usize, program: bool) -> usize {
        let Some((_, file)) = self.file(customer, file) else { return 0 };
        let (who, token) = self.asker(customer, program).await;
        let metadata = self.world.get(&format!("/v1/files/{}", file.id), &token).await;
        assert_eq!(metadata.status, if file.may_list(who) { 200 } else { 404 }, "{who:?} {file:?}");
        if metadata.status == 200 {
            self.check(customer, who, "metadata", &metadata);
        }
        let content = self.world.get(&format!("/v1/files/{}/content", file.id), &token).await;
        match content.status {
            302 => {
                let bytes = self.world.client.get(content.header("location")).send().await.unwrap().text().await.unwrap();
                assert!(file.may_list(who) && file.is_active(), "{who:?} got bytes of {file:?}");
                assert_eq!(bytes, file.newest().text);
            }
            404 => assert!(!file.may_list(who)),
            status => assert!(matches!(status, 403 | 409) && !file.is_active(), "{who:?} {file:?}: {content:?}"),
        }
        2
    }

    async fn ask(&mut self, customer: usize, file: usize, to: Option<Who>) -> usize {
        let Some((index, file)) = self.file(customer, file) else { return 0 };
        let name = to.map_or(OUTSIDE[customer], |who| who.name(customer));
        let (call, answer) = self.tool(customer, "share_file", json!({"file": file.id, "with": name})).await;
        match answer.text("/outcome").as_str() {
            "confirm" => {
                assert!(file.may_list(call.who) && file.is_active(), "{:?} may share {file:?}", call.who);
                let question =
                    Question { file: index, version: file.versions.len(), to, until: self.now + QUESTION_SECONDS, is_passed_over: false };
                self.model[customer].call.as_mut().unwrap().question = Some(question);
            }
            "not_found" => assert!(!file.may_list(call.who), "{answer:?}"),
            // No right to share it, not ready, in quarantine, or he has it already.
            "refused" | "unavailable" | "done" => assert!(file.may_list(call.who), "{answer:?}"),
            other => panic!("{other}: {answer:?}"),
        }
        1
    }

    async fn answer(&mut self, customer: usize, yes: bool, heard: bool) -> usize {
        let call = self.call(customer).await;
        let word = if yes { "yes" } else { "no" };
        if heard {
            self.advance(1);
            self.world.post(&format!("/v1/calls/{}/heard", call.id), &self.tenants[customer].key, &json!({"text": word})).await.expect(204);
        }
        let (call, answer) = self.tool(customer, "confirm_action", json!({"answer": word})).await;
        let question = call.question.filter(|question| self.now < question.until);
        let shared = answer.body.contains("\"link\"") && answer.text("/outcome") == "done";
        let Some(question) = question else {
            assert_eq!(answer.text("/outcome"), "refused", "a yes to nothing: {answer:?}");
            self.model[customer].call.as_mut().unwrap().question = None;
            return 1;
        };
        let file = self.model[customer].files[question.file].clone();
        let is_same = file.versions.len() == question.version && !file.removed;
        if shared {
            assert!(yes && is_same && file.is_active() && file.may_list(call.who), "shared {file:?} by {:?}: {answer:?}", call.who);
            if let Some(who) = question.to {
                self.model[customer].files[question.file].shared_with.push(who);
            } else {
                let (url, code) = (answer.text("/data/link/url"), answer.text("/data/code/digits"));
                let link = Link {
                    call: call.id.clone(),
                    url,
                    code,
                    file: question.file,
                    version: question.version - 1,
                    until: self.now + CODE_SECONDS,
                    tries: TRIES,
                };
                self.model[customer].links.push(link);
            }
        }
        if yes && heard && is_same && file.is_active() && !question.is_passed_over {
            assert!(shared, "the platform heard the yes: {answer:?}");
        }
        let call = self.model[customer].call.as_mut().unwrap();
        match call.question.as_mut() {
            // It was put again.
            Some(question) if answer.text("/outcome") == "confirm" && heard => question.is_passed_over = false,
            Some(_) if answer.text("/outcome") == "confirm" => {}
            _ => call.question = None,
        }
        1
    }

    async fn redeem(&mut self, customer: usize, link: usize, right: bool) -> usize {
        // The page lets ten tries a minute through.
        self.advance(7);
        let links = &self.model[customer].links;
        if links.is_empty() {
            return 0;
        }
        let index = link % links.len();
        let link = links[index].clone();
        let turned = |digit: char| if digit == '9' { '0' } else { char::from(u8::try_from(digit).unwrap() + 1) };
        let code: String = if right { link.code.clone() } else { link.code.chars().map(turned).collect() };
        let form = self.world.client.post(&link.url).header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::of(form.body(format!("code={code}")).send().await.unwrap()).await;
        let lives = self.now < link.until && link.tries > 0;
        let file = &self.model[customer].files[link.file];
        match (answer.status, right && lives) {
            (303, true) => {
                let bytes = self.world.client.get(answer.header("location")).send().await.unwrap().text().await.unwrap();
                assert_eq!(bytes, file.versions[link.version].text);
                assert!(!file.removed && file.versions[link.version].is_clean());
            }
            (409, true) => assert!(!file.is_active(), "{file:?}: {answer:?}"),
            (403, false) => {
                let tries = &mut self.model[customer].links[index].tries;
                *tries = tries.saturating_sub(u32::from(lives));
            }
            other => panic!("{other:?} {link:?}: {answer:?}"),
        }
        1
    }
}
