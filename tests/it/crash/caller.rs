//! A client of the server: uploads, opens a call, shares, confirms, tries the code, asks for another
//! one. It notes what it is told, and after a crash repeats under the same key what got no answer.

use std::net::Ipv4Addr;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::ledger::{Ledger, Share, Upload};
use super::server::{Lost, Reply, Server};

/// A customer with somebody who shares, somebody to share with, and a file that can be shared.
#[derive(Debug, Clone)]
pub struct Ground {
    pub key: String,
    pub user: String,
}

/// What [`Ground`] shares.
pub const SHARED_TITLE: &str = "Harbour Survey";
const CONTACT: &str = "Jonas Weber";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Upload,
    Open,
    Ask,
    Hear,
    Confirm,
    Guess,
    Redeem,
    Code,
}

/// One client, with its place in its round.
pub struct Caller {
    ground: Ground,
    ledger: Arc<Ledger>,
    number: u8,
    seed: u64,
    round: u32,
    stage: Stage,
    /// Number of the present call: a call whose opening stayed in doubt is not tried again.
    call_number: u32,
    call: String,
    token: String,
    networks: u16,
    /// Whether the present stage was asked before and got no answer.
    again: bool,
    /// The disk fails: pages of links then say what they say of a wrong code.
    pub is_disk_bad: bool,
    /// It failed before.
    pub met_bad_disk: bool,
}

/// Made-up text of some hundred bytes to some kilobytes; the same for the same name.
pub fn content(name: &str, size: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = ["harbour", "ledger", "willow", "summit", "copper", "meadow", "lantern", "orchard"];
    let mut state = digest(&SHA256, name.as_bytes()).as_ref().iter().fold(7_u64, |state, byte| state.wrapping_mul(31) + u64::from(*byte));
    let mut text = format!("About {name}.\n");
    while text.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 61) as usize]);
        text.push(' ');
    }
    text.into_bytes()
}

/// A title of three words that no other number below 4,096 has.
fn title(number: u32) -> String {
    const FIRST: [&str; 16] = [
        "Amber", "Bramble", "Cobalt", "Dapple", "Ember", "Fallow", "Granite", "Hazel", "Indigo", "Juniper", "Kestrel", "Linen", "Marble",
        "Nettle", "Ochre", "Pebble",
    ];
    const SECOND: [&str; 16] = [
        "Anchor", "Bridge", "Candle", "Drum", "Engine", "Feather", "Garden", "Hammer", "Island", "Jacket", "Kettle", "Ladder", "Mirror",
        "Needle", "Oven", "Pillow",
    ];
    const THIRD: [&str; 16] = [
        "Agreement",
        "Budget",
        "Catalogue",
        "Diary",
        "Estimate",
        "Forecast",
        "Guideline",
        "Handbook",
        "Invoice",
        "Journal",
        "Keynote",
        "Lease",
        "Manual",
        "Newsletter",
        "Outline",
        "Proposal",
    ];
    let word = |words: [&'static str; 16], at: u32| words[(at % 16) as usize];
    format!("{} {} {}", word(FIRST, number), word(SECOND, number / 16), word(THIRD, number / 256 + number))
}

impl Ground {
    /// Makes it on a fresh server, and waits until the file is active.
    pub async fn make(server: &Server) -> Self {
        let text = |reply: Reply, field: &str| reply.body[field].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned();
        let created = server.post("/v1/customers", &server.operator, &json!({"name": "Acme", "is_test": true})).await.unwrap();
        let key = created.body["api_key"].as_str().unwrap().to_owned();
        let person = json!({"kind": "user", "name": "Amira Haddad", "roles": ["owner"]});
        let user = text(server.post("/v1/people", &key, &person).await.unwrap(), "id");
        let contact = json!({"kind": "contact", "name": CONTACT, "email": "jonas@example.com"});
        assert_eq!(server.post("/v1/people", &key, &contact).await.unwrap().status, 201);
        let uploaded = server.upload(&key, "survey.txt", SHARED_TITLE, content("survey", 500)).await.unwrap();
        let id = text(uploaded, "id");
        super::server::until("the shared file is active", async || {
            let file = server.json(&format!("/v1/files/{id}"), &key).await;
            (file["lifecycle"]["status"] == "active").then_some(())
        })
        .await;
        Self { key, user }
    }
}

impl Caller {
    pub fn new(ground: &Ground, ledger: &Arc<Ledger>, number: u8, seed: u64) -> Self {
        Self {
            ground: ground.clone(),
            ledger: Arc::clone(ledger),
            number,
            seed,
            round: 0,
            stage: Stage::Upload,
            call_number: 0,
            call: String::new(),
            token: String::new(),
            networks: 0,
            again: false,
            is_disk_bad: false,
            met_bad_disk: false,
        }
    }

    /// Rounds done so far.
    pub fn rounds(&self) -> u32 {
        self.round
    }

    /// Works until the server is lost, or until `rounds` rounds are done in all.
    pub async fn work(&mut self, server: &Server, rounds: u32) {
        while self.round < rounds {
            if self.step(server).await.is_err() {
                self.note_doubt();
                return;
            }
            self.again = false;
        }
    }

    /// Notes that the present stage got no answer.
    fn note_doubt(&mut self) {
        self.again = true;
        let call = self.call.clone();
        match self.stage {
            Stage::Upload => {
                self.ledger.facts().doubtful_uploads.push(self.file_name());
                // An upload has no key: it is not repeated, but followed by another one.
                self.stage = Stage::Open;
            }
            Stage::Open => self.ledger.facts().doubtful_calls += 1,
            Stage::Guess => {
                self.ledger.share(&call, |share| share.guessed.in_doubt += 1);
                // Five tries must suffice for this call, however often the server dies.
                self.stage = Stage::Redeem;
            }
            Stage::Redeem => self.ledger.share(&call, |share| share.redeemed.in_doubt += 1),
            Stage::Code => self.ledger.share(&call, |share| {
                share.codes.in_doubt += 1;
                share.code_in_doubt = true;
            }),
            Stage::Ask | Stage::Hear | Stage::Confirm => {}
        }
        if self.stage == Stage::Open {
            self.call_number += 1;
        }
    }

    fn file_name(&self) -> String {
        format!("notes-{}-{}-{}.txt", self.seed, self.number, self.round)
    }

    /// A network of its own for every try.
    fn network(&mut self) -> Ipv4Addr {
        self.networks += 1;
        let [high, low] = self.networks.to_be_bytes();
        Ipv4Addr::new(127, 1 + self.number.wrapping_mul(16).wrapping_add(high), low, 1)
    }

    fn key(&self, stage: &str) -> String {
        format!("{}-{}-{stage}", self.call_number, self.number)
    }

    async fn step(&mut self, server: &Server) -> Result<(), Lost> {
        match self.stage {
            Stage::Upload => self.upload(server).await,
            Stage::Open => self.open(server).await,
            Stage::Ask => self.ask(server).await,
            Stage::Hear => self.hear(server).await,
            Stage::Confirm => self.confirm(server).await,
            Stage::Guess => self.guess(server).await,
            Stage::Redeem => self.redeem(server).await,
            Stage::Code => self.code(server).await,
        }
    }

    async fn upload(&mut self, server: &Server) -> Result<(), Lost> {
        let name = self.file_name();
        let title = title(u32::from(self.number) + 8 * self.round);
        // Some are large enough for several writes, one in five for several parts.
        // One in five goes up in parts.
        let size = if self.round % 5 == 4 { 17 << 20 } else { 300 + 40_000 * (self.round as usize % 3) };
        let bytes = content(&name, size);
        let (sha256, size) = (hex::encode(digest(&SHA256, &bytes)), bytes.len());
        let reply = expect(server.upload(&self.ground.key, &name, &title, bytes).await?, 201)?;
        let id = reply.body["id"].as_str().unwrap().to_owned();
        self.ledger.facts().uploads.push(Upload { id, name, title: Some(title), sha256, bytes: size });
        self.stage = Stage::Open;
        Ok(())
    }

    async fn open(&mut self, server: &Server) -> Result<(), Lost> {
        let external = format!("platform-{}-{}-{}", self.seed, self.number, self.call_number);
        let body = json!({"caller_id": self.ground.user, "call_id": external, "verified": {"method": "platform", "level": 2}});
        let reply = expect(server.post("/v1/calls", &self.ground.key, &body).await?, 201)?;
        self.call = reply.body["call_id"].as_str().unwrap().to_owned();
        self.token = reply.body["token"].as_str().unwrap().to_owned();
        self.ledger.facts().calls.push(self.call.clone());
        self.stage = Stage::Ask;
        Ok(())
    }

    async fn tool(&self, server: &Server, name: &str, key: &str, arguments: Value) -> Result<Value, Lost> {
        let reply = expect(server.tool(name, &self.token, key, &arguments).await?, 200)?;
        if reply.body["outcome"] == "working" {
            // The key that a dead server held must be free. One that could not be freed on a bad disk is for a while.
            assert!(self.met_bad_disk, "{reply:?}");
            return Err(Lost);
        }
        // A busy machine may need a second try.
        if reply.body["outcome"] == "unavailable" {
            assert!(reply.body["say"].as_str().is_some_and(|say| !say.is_empty()), "{reply:?}");
            return Err(Lost);
        }
        Ok(reply.body)
    }

    async fn ask(&mut self, server: &Server) -> Result<(), Lost> {
        let wanted = json!({"file": SHARED_TITLE, "with": CONTACT});
        let answer = self.tool(server, "share_file", &self.key("ask"), wanted).await?;
        assert_eq!(answer["outcome"], "confirm", "{answer}");
        self.stage = Stage::Hear;
        Ok(())
    }

    async fn hear(&mut self, server: &Server) -> Result<(), Lost> {
        let path = format!("/v1/calls/{}/heard", self.call);
        expect(server.post(&path, &self.ground.key, &json!({"text": "yes please"})).await?, 204)?;
        self.stage = Stage::Confirm;
        Ok(())
    }

    async fn confirm(&mut self, server: &Server) -> Result<(), Lost> {
        let answer = self.tool(server, "confirm_action", &self.key("confirm"), json!({"answer": "yes please"})).await?;
        if answer["outcome"] == "refused" {
            // It was done, and the answer was lost with the server. Asked again, the share is told.
            assert!(self.again, "refused on the first try: {answer}");
            self.ledger.facts().answered_before.push(self.call.clone());
            return self.next_call();
        }
        assert_eq!(answer["outcome"], "done", "{answer}");
        let text =
            |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {answer}")).to_owned();
        let (_, slug) = text("/data/link/url").rsplit_once("/s/").map(|(start, slug)| (start.to_owned(), slug.to_owned())).unwrap();
        let share = Share {
            call: self.call.clone(),
            id: text("/data/share"),
            link: text("/data/link/id"),
            slug,
            code: text("/data/code/digits"),
            code_in_doubt: false,
            codes: super::ledger::Count::default(),
            redeemed: super::ledger::Count::default(),
            guessed: super::ledger::Count::default(),
        };
        self.ledger.facts().shares.push(share);
        self.stage = Stage::Guess;
        Ok(())
    }

    fn told(&self) -> (String, String) {
        let facts = self.ledger.facts();
        let share = facts.shares.iter().find(|share| share.call == self.call).unwrap();
        (share.slug.clone(), share.code.clone())
    }

    async fn guess(&mut self, server: &Server) -> Result<(), Lost> {
        let (slug, code) = self.told();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let status = server.redeem(&slug, wrong, self.network()).await?;
        if self.is_disk_bad {
            return Err(Lost);
        }
        assert_eq!(status, 403);
        self.ledger.share(&self.call.clone(), |share| share.guessed.told += 1);
        self.stage = Stage::Redeem;
        Ok(())
    }

    async fn redeem(&mut self, server: &Server) -> Result<(), Lost> {
        let (slug, code) = self.told();
        let status = server.redeem(&slug, &code, self.network()).await?;
        if self.is_disk_bad && status == 403 {
            return Err(Lost);
        }
        assert_eq!(status, 303, "an acknowledged code does not open its link");
        self.ledger.share(&self.call.clone(), |share| share.redeemed.told += 1);
        self.stage = Stage::Code;
        Ok(())
    }

    async fn code(&mut self, server: &Server) -> Result<(), Lost> {
        let answer = self.tool(server, "generate_access_code", &self.key("code"), json!({"lifetime": "20 minutes"})).await?;
        assert_eq!(answer["outcome"], "done", "{answer}");
        let code = answer["data"]["code"]["digits"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.ledger.share(&self.call.clone(), |share| {
            share.codes.told += 1;
            share.code = code;
            share.code_in_doubt = false;
        });
        self.next_call()
    }

    #[expect(clippy::unnecessary_wraps, reason = "the end of a stage")]
    fn next_call(&mut self) -> Result<(), Lost> {
        self.call_number += 1;
        self.round += 1;
        self.stage = Stage::Upload;
        Ok(())
    }
}

/// The answer, when it has this status. One that says "not now" is in doubt, as none is.
fn expect(reply: Reply, status: u16) -> Result<Reply, Lost> {
    if reply.status == 503 {
        assert_eq!(reply.body["code"], "unavailable", "{reply:?}");
        return Err(Lost);
    }
    assert_eq!(reply.status, status, "{reply:?}");
    Ok(reply)
}
