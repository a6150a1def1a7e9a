//! Tool calls over HTTP beside a bare JSON echo of the same sizes.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::echo::Echo;
use crate::pace::{Seen, Went, closed, holding};
use crate::report::{Report, ms};
use crate::server::{Customer, Server, folder};
use crate::{Failure, Scale};

const SECTION: &str = "tool calls";
/// Connections of each figure, and how late 99 of 100 answers may come for a rate to hold.
const LOADS: [(usize, Duration); 3] = [(1, Duration::from_millis(20)), (32, Duration::from_millis(100)), (1000, Duration::from_secs(1))];
/// Calls whose tokens the connections share.
const CALLS: usize = 200;
const TITLES: [&str; 10] = [
    "Northwind lease agreement",
    "Quarterly budget of the harbour office",
    "Minutes of the spring board meeting",
    "Contract with Halden Shipping",
    "Invoice for the roof repair",
    "Travel plan to Lisbon",
    "Inventory of the north warehouse",
    "Insurance policy of the van",
    "Photo release form",
    "Onboarding notes for new clerks",
];

/// A connection and what it sends.
pub struct Caller {
    pub client: Client,
    pub path: String,
    pub token: String,
    pub body: Bytes,
}

/// Sends it once.
pub async fn call(mut caller: Caller) -> Result<(Caller, Went), Failure> {
    let answer = caller.client.send(Method::POST, &caller.path, &caller.token, caller.body.clone()).await?.done()?;
    let went = answer.went();
    Ok((caller, went))
}

/// Throughput in a closed loop, and the highest rate that holds in an open one.
async fn figure(callers: Vec<Caller>, bound: Duration, time: Duration) -> Result<(Seen, f64, Seen), Failure> {
    let (callers, fastest) = closed(callers, time, call).await?;
    let (_, rate, held) = holding(callers, fastest.rate(), bound, time, call).await?;
    Ok((fastest, rate, held))
}

fn shown((fastest, rate, held): &(Seen, f64, Seen)) -> String {
    let refused = match fastest.refused + held.refused {
        0 => String::new(),
        refused => format!("; {refused} told to come back"),
    };
    format!("{:.0}/s; at {rate:.0}/s p50 {}, p99 {}{refused}", fastest.rate(), ms(held.percentile(50)), ms(held.percentile(99)))
}

pub async fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let dir = folder()?;
    let server = Server::start(dir.path(), 1).await?;
    let customer = server.customer().await?;
    fill(&server, &customer).await?;
    let tokens = server.calls(&customer, CALLS).await?;
    let echo = Echo::start().await?;
    for (tool, arguments) in
        [("find_file", json!({ "query": "the northwind lease" })), ("describe_file", json!({ "file": "the northwind lease agreement" }))]
    {
        let size = probe(&server, tool, &arguments, tokens.first().ok_or("no call was opened")?).await?;
        for (connections, bound) in LOADS {
            let body = Bytes::from(arguments.to_string());
            let mut ours = Vec::new();
            for (client, token) in server.clients(connections).await?.into_iter().zip(tokens.iter().cycle()) {
                ours.push(Caller { client, path: format!("/v1/tools/{tool}"), token: token.clone(), body: body.clone() });
            }
            let ours = figure(ours, bound, scale.time).await?;
            let mut bare = Vec::new();
            for _ in 0..connections {
                let client = Client::connect(&echo.host).await?;
                bare.push(Caller { client, path: format!("/v1/echo/{size}"), token: String::new(), body: body.clone() });
            }
            let bare = figure(bare, bound, scale.time).await?;
            let what = format!("`{tool}`, {connections} connections");
            report.add(SECTION, what, shown(&ours), shown(&bare), Some(ours.0.rate() / bare.0.rate()));
        }
    }
    server.stop().await
}

/// Ten small files that can be read.
pub async fn fill(server: &Server, customer: &Customer) -> Result<(), Failure> {
    let mut client = server.client().await?;
    let mut files = Vec::new();
    for title in TITLES {
        let name = format!("{}.txt", title.replace(' ', "-"));
        files.push(Server::upload(&mut client, customer, &name, format!("{title}\n\nNothing else is written here.\n").into()).await?);
    }
    for file in files {
        Server::active(&mut client, customer, &file).await?;
    }
    Ok(())
}

/// Calls the tool once; how long its answer is. The answer must name the file, or nothing is measured.
async fn probe(server: &Server, tool: &str, arguments: &Value, token: &str) -> Result<usize, Failure> {
    let mut client = server.client().await?;
    let answer = client.post(&format!("/v1/tools/{tool}"), token, arguments).await?;
    let text = answer.to_string();
    if text.to_lowercase().contains("northwind") { Ok(text.len()) } else { Err(format!("`{tool}` did not find the file: {text}").into()) }
}
