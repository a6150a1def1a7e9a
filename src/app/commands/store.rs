//! `satchel store`: setting the buckets up, and the rights that it takes.

use serde::Serialize;

use crate::app::arguments::{PolicyOf, StoreCommand, StoreSetupArgs};
use crate::app::failure::Failure;
use crate::app::folder::Folder;
use crate::app::house::{House, WhenTaken};
use crate::app::settings::{self, Bytes, Loaded, Preset};
use crate::app::terminal::{Terminal, Tone};
use crate::blob::{Duty, Line, Mode, Report, SetupSettings, State, Store, StoreSettings};
use crate::domain::{CustomerId, RegionName};

/// Runs one of the commands about the store.
pub async fn store(command: &StoreCommand, terminal: Terminal) -> Result<(), Failure> {
    match command {
        StoreCommand::Setup(arguments) => Box::pin(setup(arguments, terminal)).await,
        StoreCommand::Policy { role, region, settings } => policy(*role, region.as_deref(), &load(settings)?, terminal),
    }
}

fn load(flags: &crate::app::arguments::SettingsArgs) -> Result<Loaded, Failure> {
    let preset = Preset { log_level: Some("error"), ..Preset::default() };
    Ok(settings::load(&preset, flags)?)
}

/// Prints the least rights of a duty.
fn policy(of: PolicyOf, region: Option<&str>, loaded: &Loaded, terminal: Terminal) -> Result<(), Failure> {
    let regions = loaded.settings.regions()?;
    let wanted = region.map_or_else(|| loaded.settings.home_region().map(|home| home.to_string()), |name| Ok(name.to_owned()))?;
    let Some(region) = regions.iter().find(|region| region.name.as_str() == wanted) else {
        let sentence = if regions.is_empty() {
            "the embedded store takes no policies; set `store.*` for a store over the network".to_owned()
        } else {
            let known: Vec<String> = regions.iter().map(|region| format!("`{}`", region.name)).collect();
            format!("`{wanted}` is no region whose store is reached over the network; those are {}", known.join(", "))
        };
        return Err(Failure::Usage(sentence));
    };
    let duty = match of {
        PolicyOf::Server => Duty::Server,
        PolicyOf::Worker => Duty::Worker,
        PolicyOf::Setup => Duty::Setup,
        PolicyOf::Customer => Duty::Customer,
    };
    let document = region.store.estate(region.queue_arn.clone()).policy(duty);
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::Output(error.into()))?;
    Ok(terminal.line(text)?)
}

async fn setup(arguments: &StoreSetupArgs, terminal: Terminal) -> Result<(), Failure> {
    let mut loaded = load(&arguments.settings)?;
    let customers = arguments.customers.iter().map(|text| {
        CustomerId::parse(text).map_err(|_| Failure::Usage(format!("`{text}` is not the id of a customer: it begins with `cust_`")))
    });
    let customers: Vec<CustomerId> = customers.collect::<Result<_, _>>()?;
    let page_origin = loaded.settings.http.public_url.as_deref().and_then(origin_of);
    let mode = if arguments.apply { Mode::Apply } else { Mode::Look };
    let regions = loaded.settings.regions()?;
    let mut reports = Vec::new();
    if matches!(loaded.settings.bytes_place()?, Bytes::Embedded) {
        reports.push(embedded(&mut loaded, &customers, page_origin.clone(), mode, arguments, terminal).await?);
    }
    let is_one = reports.len() + regions.len() == 1;
    for region in regions {
        if !is_one && !arguments.json {
            terminal.line(terminal.paint(Tone::Strong, region.name.as_str()))?;
        }
        let wanted = SetupSettings {
            page_origin: page_origin.clone(),
            kms_key: region.kms_key,
            destination: region.destination,
            customers: customers.clone(),
            lock: arguments.lock,
        };
        // Making buckets is a line of the plan.
        let settings = StoreSettings { create_buckets: false, ..region.store };
        let store = Box::pin(Store::connect(settings)).await.map_err(unreachable_store)?;
        reports.push((region.name, run(&store, &wanted, mode, arguments, terminal).await?));
    }
    if arguments.json {
        let lines = reports.iter().flat_map(|(region, report)| report.lines.iter().map(move |line| Shown { region, line }));
        terminal.json(&serde_json::json!({ "lines": lines.collect::<Vec<_>>() }))?;
    }
    // A plan is an answer whatever it says; a check and an unfinished change are not.
    if !arguments.plan && reports.iter().any(|(_, report)| report.has_drift()) { Err(Failure::Reported) } else { Ok(()) }
}

/// A line, and which region's bucket it is about.
#[derive(Serialize)]
struct Shown<'a> {
    region: &'a RegionName,
    #[serde(flatten)]
    line: &'a Line,
}

/// The embedded store, whose folder is opened for it.
async fn embedded(
    loaded: &mut Loaded,
    customers: &[CustomerId],
    page_origin: Option<String>,
    mode: Mode,
    arguments: &StoreSetupArgs,
    terminal: Terminal,
) -> Result<(RegionName, Report), Failure> {
    if Folder::is_held(&loaded.settings.data.dir) {
        let dir = loaded.settings.data.dir.display();
        return Err(Failure::Usage(format!("a server uses the embedded store of `{dir}`; stop it first")));
    }
    for listen in [&mut loaded.settings.http.listen, &mut loaded.settings.bytes.listen] {
        listen.set_port(0);
    }
    let home = loaded.settings.home_region()?;
    let events = &loaded.settings.store.events;
    let wanted = SetupSettings {
        page_origin,
        kms_key: loaded.settings.store.kms_key.clone(),
        destination: events.destination(),
        customers: customers.to_vec(),
        lock: arguments.lock,
    };
    let house = House::open(loaded, WhenTaken::Fail).await?;
    let report = run(house.stores.home(), &wanted, mode, arguments, terminal).await;
    house.close().await;
    Ok((home, report?))
}

/// Says what differs, changes it where that is asked for, and says what came of it.
async fn run(store: &Store, wanted: &SetupSettings, mode: Mode, arguments: &StoreSetupArgs, terminal: Terminal) -> Result<Report, Failure> {
    let looked = store.setup(wanted, Mode::Look).await.map_err(unreachable_store)?;
    if !arguments.json {
        tell(&looked, terminal)?;
    }
    if mode == Mode::Look || looked.count(State::Differs) == 0 {
        return Ok(looked);
    }
    let applied = store.setup(wanted, Mode::Apply).await.map_err(unreachable_store)?;
    if !arguments.json {
        terminal.line("")?;
        tell(&applied, terminal)?;
    }
    Ok(applied)
}

fn unreachable_store(error: crate::blob::BlobError) -> Failure {
    Failure::House(error.into())
}

fn tell(report: &Report, terminal: Terminal) -> Result<(), Failure> {
    for line in &report.lines {
        terminal.line(sentence(line, terminal))?;
    }
    Ok(())
}

fn sentence(line: &Line, terminal: Terminal) -> String {
    let (word, tone) = match line.state {
        State::InStep => ("as wanted  ", Tone::Good),
        State::Changed => ("changed    ", Tone::Good),
        State::Differs => ("to change  ", Tone::Strong),
        State::NotOffered => ("not offered", Tone::Dim),
        State::Denied => ("denied     ", Tone::Bad),
    };
    let what = match line.state {
        State::InStep | State::Changed => line.wanted.join("; "),
        State::Differs if line.found.is_empty() => format!("nothing -> {}", line.wanted.join("; ")),
        State::Differs => format!("{} -> {}", line.found.join("; "), line.wanted.join("; ")),
        State::NotOffered | State::Denied => line.said.clone(),
    };
    format!("{}  {}  {:<13} {what}", terminal.paint(tone, word), line.bucket, line.aspect.as_str())
}

/// `scheme://host[:port]` of an address, as a browser sends it.
fn origin_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn a_page_is_known_by_scheme_host_and_port() {
        for (url, origin) in [
            ("https://files.example.com/satchel", "https://files.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://example.com:443/", "https://example.com"),
        ] {
            assert_eq!(origin_of(url).as_deref(), Some(origin));
        }
    }
}
