//! `satchel doctor`: whether every part works, and how.

use std::path::Path;

use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema;
use crate::app::arguments::{DoctorArgs, ServerArgs};
use crate::app::client::{As, Client};
use crate::app::failure::{Failure, with_causes};
use crate::app::folder::Folder;
use crate::app::house::{House, WhenTaken};
use crate::app::open_files;
use crate::app::outgoing::OutgoingPosts;
use crate::app::settings::{self, Bytes as BytesPlace, Loaded, Preset};
use crate::app::terminal::{Terminal, Tone};
use crate::blob::{Capability, Depth, Feature, Support};
use crate::catalog::{Ground, Standing};
use crate::domain::{Channel, ChunkStream, Clock as _, ExtractionStatus, FileName, ScanStatus, SystemClock};
use crate::inspect::{Inspector, InspectorSettings, LookedFor, ScannerFacts};
use crate::models::{self, Moonshine};
use crate::policy::Policies;
use crate::speech::Speech;

/// How a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    /// It works.
    Ok,
    /// It works, in the second-best way.
    Fallback,
    /// It does not.
    Not,
}

/// One part.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    health: Health,
    essential: bool,
    said: String,
}

#[derive(Serialize)]
struct Report<'a> {
    healthy: bool,
    parts: &'a [Finding],
}

impl Finding {
    fn of(part: &'static str, result: Result<(Health, String), String>) -> Self {
        let (health, said) = result.unwrap_or_else(|said| (Health::Not, said));
        Self { part, health, essential: true, said }
    }
}

/// Probes every part.
pub async fn doctor(arguments: &DoctorArgs, terminal: Terminal) -> Result<(), Failure> {
    let preset = Preset { log_level: Some("error"), ..Preset::default() };
    let loaded = settings::load(&preset, &arguments.settings)?;
    let mut findings = Vec::new();
    if Folder::is_held(&loaded.settings.data.dir) {
        running(&loaded, &mut findings).await;
    } else {
        Box::pin(standing(loaded.clone(), &mut findings)).await;
    }
    findings.push(connections(&loaded));
    let require = loaded.settings.workers.require_sandbox;
    match inspector(&loaded) {
        Ok(inspector) => {
            let probed = Finding::of("scanner and reader", probe(&inspector).await);
            findings.extend([probed, confinement(&inspector, require)]);
            findings.extend(scanners(&loaded, &inspector).await);
        }
        Err(said) => findings.push(Finding::of("scanner and reader", Err(said))),
    }
    findings.push(Finding::of(
        "policies",
        Policies::built_in().map(|set| (Health::Ok, format!("{} built-in policies load", set.ids().len()))).map_err(|e| with_causes(&e)),
    ));
    findings.push(Finding::of(
        "speech",
        Speech::load("en").map(|_| (Health::Ok, "the spoken lines load: en".to_owned())).map_err(|e| with_causes(&e)),
    ));
    findings.extend(delivery(&loaded).await);
    findings.push(tools());
    findings.push(missing("model", "none is set; summaries are taken from the text itself"));
    findings.push(transcriber(&loaded));
    let healthy = findings.iter().all(|finding| finding.health != Health::Not || !finding.essential);
    if arguments.json {
        terminal.json(&Report { healthy, parts: &findings })?;
    } else {
        for finding in &findings {
            let (word, tone) = match finding.health {
                Health::Ok => ("ok      ", Tone::Good),
                Health::Fallback => ("fallback", Tone::Dim),
                Health::Not => ("not     ", Tone::Bad),
            };
            terminal.line(format!("{}  {:<20} {}", terminal.paint(tone, word), finding.part, finding.said))?;
        }
    }
    if healthy { Ok(()) } else { Err(Failure::Reported) }
}

/// Whether what is said in recordings is written down.
fn transcriber(loaded: &Loaded) -> Finding {
    let folder = loaded.settings.models.speech_folder(&loaded.settings.data.dir);
    if !models::is_complete(&folder) {
        return missing("transcriber", "no model is here (`satchel models get speech`); recordings are found by name, date and tags");
    }
    let loads = Moonshine::load(&folder).map(|_| (Health::Ok, format!("the speech model in `{}` loads", folder.display())));
    Finding::of("transcriber", loads.map_err(|error| with_causes(&error)))
}

/// Whether messages could be handed over now, by channel.
async fn delivery(loaded: &Loaded) -> Vec<Finding> {
    let carriers = match loaded.settings.delivery.carriers(&OutgoingPosts).await {
        Ok(carriers) => carriers,
        Err(error) => return vec![Finding::of("delivery", Err(with_causes(&error)))],
    };
    let mut findings = Vec::new();
    for (customer, channel, carrier) in carriers.iter() {
        let place = customer.map_or_else(|| format!("{channel}: "), |customer| format!("{channel} of `{customer}`: "));
        let probed = carrier.probe(SystemClock.now()).await;
        let said = probed.map(|said| (Health::Ok, format!("{place}{said}"))).map_err(|error| {
            let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{place}{error}{detail}")
        });
        findings.push(Finding { essential: false, ..Finding::of("delivery", said) });
    }
    for channel in Channel::ALL.into_iter().filter(|channel| !carriers.channels().contains(channel)) {
        findings
            .push(missing("delivery", &format!("{channel}: nothing is set; messages wait until they are worth nothing (`delivery.*`)")));
    }
    findings
}

/// How many connections a server with these settings would hold.
fn connections(loaded: &Loaded) -> Finding {
    let (wanted, open_files) = (loaded.settings.limits.connections, open_files::raise());
    let held = open_files::connections(wanted, open_files);
    let (health, said) = if held < wanted {
        let said = format!("{held} at once, of {wanted} that are set: the system lets a process open {open_files} files");
        (Health::Fallback, said)
    } else {
        (Health::Ok, format!("{held} at once"))
    };
    Finding { part: "connections", health, essential: false, said }
}

/// What the store does by itself, or what is done in its place.
fn of_store(feature: Feature, native: bool, said: &str) -> Finding {
    let health = if native { Health::Ok } else { Health::Fallback };
    Finding { part: feature.as_str(), health, essential: false, said: said.to_owned() }
}

/// A part that is not set and not needed.
fn missing(part: &'static str, said: &str) -> Finding {
    Finding { part, health: Health::Fallback, essential: false, said: said.to_owned() }
}

/// A region, as a running server tells of it.
#[derive(Deserialize)]
struct RegionTold {
    region: String,
    ready: bool,
    files: String,
    metadata: String,
    capabilities: Option<Vec<CapabilityTold>>,
}

#[derive(Deserialize)]
struct CapabilityTold {
    name: String,
    support: String,
    said: String,
}

/// Asks the server that holds the folder.
async fn running(loaded: &Loaded, findings: &mut Vec<Finding>) {
    let dir = &loaded.settings.data.dir;
    findings.push(Finding::of("data folder", Ok((Health::Ok, format!("`{}` is in use by a running server", dir.display())))));
    let server = ServerArgs { url: None, key: None, data: Some(dir.clone()) };
    let answer = match Client::connect(&server, As::Operator) {
        Ok(client) => client.get("/readyz").await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(ready) => {
            let answers = ready.get("catalog").and_then(Value::as_bool) == Some(true);
            let said =
                if answers { Ok((Health::Ok, "answers the server".to_owned())) } else { Err("does not answer the server".to_owned()) };
            findings.push(Finding::of("catalog", said));
            let regions: Vec<RegionTold> =
                ready.get("regions").cloned().and_then(|told| serde_json::from_value(told).ok()).unwrap_or_default();
            let is_one = regions.len() == 1;
            for region in regions {
                let place = if is_one { String::new() } else { format!("`{}`: ", region.region) };
                let said = if region.ready {
                    Ok((Health::Ok, format!("{place}answers the server")))
                } else {
                    Err(format!("{place}does not answer the server: the files bucket is {}, the other {}", region.files, region.metadata))
                };
                findings.push(Finding::of("object store", said));
                findings.extend(region.capabilities.into_iter().flatten().filter_map(|one| {
                    let feature = Feature::ALL.into_iter().find(|feature| feature.as_str() == one.name)?;
                    Some(of_store(feature, one.support == Support::Native.as_str(), &format!("{place}{}", one.said)))
                }));
            }
        }
        Err(error) => findings.push(Finding::of("server", Err(with_causes(&error)))),
    }
}

/// Puts the parts together as a server would, on free ports, and asks them. A folder that is not
/// there yet is not made: a scratch folder stands in for it.
async fn standing(mut loaded: Loaded, findings: &mut Vec<Finding>) {
    let dir = loaded.settings.data.dir.clone();
    let scratch = Scratch::beside(&dir);
    let (used, said) = match (&scratch, dir.exists()) {
        (_, true) => (dir.clone(), format!("`{}` is there and free", dir.display())),
        (Some(scratch), false) => (scratch.0.clone(), format!("`{}` is not there yet, and can be made", dir.display())),
        (None, false) => {
            let said = format!("`{}` is not there, and cannot be made; choose another with `--data`", dir.display());
            findings.push(Finding::of("data folder", Err(said)));
            return;
        }
    };
    loaded.settings.data.dir = used;
    for listen in [&mut loaded.settings.http.listen, &mut loaded.settings.bytes.listen] {
        listen.set_port(0);
    }
    let remote = !matches!(loaded.settings.bytes_place(), Ok(BytesPlace::Embedded));
    match House::open(&loaded, WhenTaken::Fail).await {
        Ok(house) => {
            findings.push(Finding::of("data folder", Ok((Health::Ok, said))));
            let health = house.files.health().await;
            let catalog = if health.catalog { Ok(catalog(&house.ground())) } else { Err("it does not answer".to_owned()) };
            findings.push(Finding::of("catalog", catalog));
            let is_one = health.regions.len() == 1;
            for (at, (region, probe)) in health.regions.iter().enumerate() {
                let place = if is_one { String::new() } else { format!("`{region}`: ") };
                let said = match (probe.is_ready(), remote || at > 0) {
                    (true, true) => Ok((Health::Ok, format!("{place}both buckets answer"))),
                    (true, false) => {
                        let said = "embedded, in the data folder; set `store.*` for a store over the network";
                        Ok((Health::Fallback, format!("{place}{said}")))
                    }
                    (false, _) => Err(format!(
                        "{place}the files bucket is {}, the other {}; `satchel store setup --apply` makes what is missing",
                        probe.files.as_str(),
                        probe.metadata.as_str()
                    )),
                };
                findings.push(Finding::of("object store", said));
            }
            match house.files.probe_store(Depth::ScratchBucket).await {
                Ok(all) => {
                    for (region, found) in &all {
                        let place = if is_one { String::new() } else { format!("`{region}`: ") };
                        let of = |one: &Capability| of_store(one.name, one.support == Support::Native, &format!("{place}{}", one.said));
                        findings.extend(found.iter().map(of));
                    }
                }
                Err(error) => findings.push(Finding::of("store features", Err(with_causes(&error)))),
            }
            house.close().await;
        }
        Err(error) => findings.push(Finding::of("server", Err(with_causes(&error)))),
    }
}

/// What the catalog stands on, and what keeps customers apart there.
fn catalog(ground: &Ground) -> (Health, String) {
    match ground {
        Ground::Sqlite => (Health::Ok, "SQLite answers".to_owned()),
        Ground::Postgres(Standing { version, role, tables, encrypted }) => {
            let way = if *encrypted { "encrypted" } else { "not encrypted" };
            let walls = format!("row-level security is forced on {tables} tables and holds the role `{role}`");
            (Health::Ok, format!("Postgres {version} answers, {way}; {walls}"))
        }
    }
}

/// A folder that is removed when it is no longer needed.
struct Scratch(std::path::PathBuf);

impl Scratch {
    /// In the place where the data folder would be; `None` when nothing can be made there.
    fn beside(dir: &Path) -> Option<Self> {
        if dir.exists() {
            return None;
        }
        let parent = dir.ancestors().skip(1).find(|parent| parent.exists() || parent.as_os_str().is_empty())?;
        let place = parent.join(format!(".satchel-doctor-{}", std::process::id()));
        std::fs::create_dir(&place).ok()?;
        Some(Self(place))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::error!(error = %error, "the doctor's scratch folder stays behind");
        }
    }
}

/// The standard harmless test file, in two halves so that no scanner takes this program for it.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"];

fn chunks(text: String) -> ChunkStream {
    Box::pin(stream::iter([Ok(Bytes::from(text))]))
}

fn inspector(loaded: &Loaded) -> Result<Inspector, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let require_sandbox = loaded.settings.workers.require_sandbox;
    let settings = InspectorSettings { require_sandbox, ..InspectorSettings::new(program) };
    Ok(Inspector::new(loaded.settings.inspect.apply(settings).map_err(|error| with_causes(&error))?))
}

/// Who judges, and how old what they judge by is.
async fn scanners(loaded: &Loaded, inspector: &Inspector) -> Vec<Finding> {
    let days = i64::from(loaded.settings.inspect.clamd.database_max_age_days);
    let of = |(kind, facts): (&str, Option<ScannerFacts>)| match facts {
        Some(facts) => {
            let age = facts.database_made().map(|made| SystemClock.now().duration_since(made).as_hours() / 24);
            let old = age.filter(|age| *age > days);
            let health = if old.is_some() { Health::Fallback } else { Health::Ok };
            let age = age.map(|age| format!(", its database is {age} days old")).unwrap_or_default();
            Finding::of("scanner", Ok((health, format!("{}{age}", facts.engine))))
        }
        None => Finding::of("scanner", Err(format!("{kind} does not answer; no file is read until it does (`inspect.{kind}`)"))),
    };
    let mut findings: Vec<_> = inspector.scanners().await.into_iter().map(of).collect();
    if loaded.settings.inspect.clamd.address.is_none() {
        findings.push(missing("scanner", "clamd: none is set; the embedded rules alone judge (`inspect.clamd.address`)"));
    }
    findings
}

/// What the process that parses files may still do.
fn confinement(inspector: &Inspector, required: bool) -> Finding {
    let limits = inspector.limits();
    let bounds = format!(
        "{} MiB of memory, {} s of processor time, {} open files",
        limits.address_space >> 20,
        limits.cpu_seconds,
        limits.open_files
    );
    let (health, said) = match inspector.confinement() {
        Some(confinement) => {
            let health = match (confinement.is_full(), required) {
                (true, _) => Health::Ok,
                (false, false) => Health::Fallback,
                (false, true) => Health::Not,
            };
            (health, format!("landlock {}, seccomp {}, {bounds}", confinement.landlock, confinement.seccomp))
        }
        None => (Health::Not, "it could not be started".to_owned()),
    };
    Finding { part: "worker", health, essential: true, said }
}

/// One round trip of each kind through the worker process.
async fn probe(inspector: &Inspector) -> Result<(Health, String), String> {
    let name = FileName::parse("probe.txt").map_err(|error| error.to_string())?;
    let verdict = inspector.scan(&name, chunks(EICAR.concat())).await.verdict;
    if verdict.status != ScanStatus::Infected {
        return Err(format!(
            "the scanner does not know the standard test file: {} {}",
            verdict.status.as_str(),
            verdict.findings.join(", ")
        ));
    }
    let clean = inspector.scan(&name, chunks("A note of two short lines.\nNothing else.\n".to_owned())).await.verdict;
    if clean.status != ScanStatus::Clean {
        return Err(format!("the scanner takes a plain note for {}: {}", clean.status.as_str(), clean.findings.join(", ")));
    }
    let read = inspector.extract(&name, chunks("A note of two short lines.\nNothing else.\n".to_owned()), LookedFor::default()).await;
    if read.extraction.status == ExtractionStatus::Done && read.text.contains("two short lines") {
        Ok((Health::Ok, format!("{} finds the standard test file, and text is read", verdict.engine)))
    } else {
        Err(format!("a plain note could not be read: {}", read.extraction.reason.unwrap_or_default()))
    }
}

/// Whether the committed definitions, where they are at hand, are those of this program.
fn tools() -> Finding {
    let dir = Path::new("tools");
    let count = crate::tools::definitions().len();
    let (health, said) = match (dir.join("find_file.json").exists(), schema::drift(dir)) {
        (false, _) => (Health::Ok, format!("{count} tools")),
        (true, Ok(drift)) if drift.is_empty() => (Health::Ok, format!("{count} tools, in step with `tools/`")),
        (true, Ok(drift)) => (Health::Not, format!("{}; `satchel schema write` mends it", drift.join(", "))),
        (true, Err(failure)) => (Health::Not, failure.sentence().unwrap_or_default()),
    };
    Finding { part: "tools", health, essential: false, said }
}
