//! A trail that a server made, and what somebody could do to it.

use ring::digest::{SHA256, digest};
use satchel::catalog::{AuditRecord, CheckpointKey, CheckpointVerifier, ExportedCheckpoint};
use serde_json::Value;

use super::Case;
use crate::support::World;

/// An exported trail, every record of which a checkpoint speaks for.
pub struct Trail {
    pub records: Vec<String>,
    pub checkpoints: Vec<ExportedCheckpoint>,
    pub key: CheckpointVerifier,
}

impl Trail {
    /// Of a customer whose files were put in, shared and looked for, sealed four times on the way.
    pub async fn of_a_world() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        for name in ["march", "april", "may", "june"] {
            world.put(&tenant.key, &format!("name={name}.txt"), name.as_bytes()).await.expect(201);
            world.clock.advance_seconds(60);
            world.get("/v1/files", &tenant.key).await.expect(200);
            world.get("/v1/files", "sk_nobody").await.expect(401);
            world.get("/v1/audit?limit=1", &tenant.key).await.expect(200);
            world.files.seal_chains().await.unwrap();
        }
        let told = world.get("/v1/audit/checkpoints", &tenant.key).await.expect(200).json();
        let checkpoints: Vec<ExportedCheckpoint> = serde_json::from_value(told["checkpoints"].clone()).unwrap();
        let sealed = checkpoints.last().unwrap().size;
        let page = world.get(&format!("/v1/audit?limit={sealed}"), &tenant.key).await.expect(200).json();
        let record = |value: &Value| serde_json::to_string(&serde_json::from_value::<AuditRecord>(value.clone()).unwrap()).unwrap();
        Self {
            records: page["records"].as_array().unwrap().iter().map(record).collect(),
            checkpoints,
            key: CheckpointVerifier::parse(told["verifier"].as_str().unwrap()).unwrap(),
        }
    }

    pub fn case(&self, what: impl Into<String>) -> Case {
        self.with(what, &self.records)
    }

    fn with(&self, what: impl Into<String>, records: &[String]) -> Case {
        Case { what: what.into(), records: lines(records), checkpoints: lines(&self.noted()) }
    }

    fn noted(&self) -> Vec<String> {
        self.checkpoints.iter().map(|checkpoint| serde_json::to_string(checkpoint).unwrap()).collect()
    }

    /// Records left out, doubled, in other places, and cut off.
    pub fn reordered(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for at in 0..self.records.len() {
            let mut changed = self.records.clone();
            changed.remove(at);
            cases.push(self.with(format!("dropped {at}"), &changed));
            let mut changed = self.records.clone();
            changed.insert(at, self.records[at].clone());
            cases.push(self.with(format!("doubled {at}"), &changed));
            cases.push(self.with(format!("truncated to {at}"), &self.records[..at]));
            if at > 0 {
                let mut changed = self.records.clone();
                changed.swap(at - 1, at);
                cases.push(self.with(format!("swapped {at}"), &changed));
            }
            let mut case = self.case(format!("torn in {at}"));
            let start = lines(&self.records[..at]).len();
            case.records.truncate(start + self.records[at].len() / 2);
            cases.push(case);
        }
        cases
    }

    /// History written anew from some record on, with all hashes made to fit, as one could who has the
    /// database and the program; and an older state of the whole.
    pub fn rewritten(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for from in 0..self.records.len() {
            let mut forked = self.records[..from].to_vec();
            let mut previous = match from {
                0 => "0".repeat(64),
                _ => serde_json::from_str::<AuditRecord>(&self.records[from]).unwrap().previous,
            };
            for text in &self.records[from..] {
                let record: AuditRecord = serde_json::from_str(text).unwrap();
                let text = serde_json::to_string(&AuditRecord { actor: "nobody".to_owned(), previous, ..record }).unwrap();
                previous = hex::encode(digest(
                    &SHA256,
                    format!("{}\n{text}", serde_json::from_str::<AuditRecord>(&text).unwrap().previous).as_bytes(),
                ));
                forked.push(text);
            }
            cases.push(self.with(format!("forked at {from}"), &forked));
        }
        for kept in 0..self.checkpoints.len() - 1 {
            let size = usize::try_from(self.checkpoints[kept].size).unwrap();
            cases.push(self.with(format!("rolled back to {size}"), &self.records[..size]));
        }
        cases
    }

    /// Checkpoints that somebody else signed, or that stand for something else.
    pub fn foreign(&self) -> Vec<Case> {
        let first = self.key.open(&self.checkpoints[0].note).unwrap();
        let name = self.key.to_string().split('+').next().unwrap().to_owned();
        let stranger = CheckpointKey::from_seed(&name, &[1; 32]).unwrap();
        let noted = |size: u64, note: String| serde_json::to_string(&ExportedCheckpoint { size, note }).unwrap();
        let of = |what: &str, checkpoint: String| {
            let mut checkpoints = self.noted();
            checkpoints[0] = checkpoint;
            Case { checkpoints: lines(&checkpoints), ..self.case(what) }
        };
        vec![
            of("signed by a stranger", noted(first.size, stranger.sign(&first))),
            of("kept under another size", noted(first.size + 1, self.checkpoints[0].note.clone())),
            of("signed and then edited", noted(first.size, self.checkpoints[0].note.replace("head ", "head  "))),
            of("no note", noted(first.size, String::new())),
            of("no line of JSON", "{".to_owned()),
        ]
    }

    /// Every so many bytes of records and checkpoints, with another bit.
    pub fn flipped(&self, every: usize) -> Vec<Case> {
        let whole = self.case("");
        let mut cases = Vec::new();
        for at in (0..whole.records.len() - 1).step_by(every) {
            let mut case = self.case(format!("flipped byte {at} of the records"));
            case.records[at] ^= 1 << (at % 7);
            cases.push(case);
        }
        for at in (0..whole.checkpoints.len() - 1).step_by(every) {
            let mut case = self.case(format!("flipped byte {at} of the checkpoints"));
            case.checkpoints[at] ^= 1 << (at % 7);
            cases.push(case);
        }
        cases
    }
}

fn lines(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}
