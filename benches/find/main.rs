//! How fast a file is found among very many of one customer, server side: the whole tool call, from
//! decoded arguments to the durable audit record, beside the bare query of the index engine.
//!
//! `cargo bench --bench find -- [--files N]... [--queries N] [--markdown FILE]`

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "a bench that cannot go on ends; it prints what it found"
)]

mod house;
mod reference;
mod words;

use std::time::{Duration, Instant};

use clap::Parser;
use hdrhistogram::Histogram;
use satchel::domain::CallContext;
use serde_json::json;

use house::House;
use words::Words;

#[derive(Debug, Parser)]
struct Arguments {
    /// Files of the customer, repeatable
    #[arg(long = "files", default_values_t = [10_000, 1_000_000])]
    files: Vec<usize>,
    /// Requests measured for each kind of caller
    #[arg(long, default_value_t = 2_000)]
    queries: usize,
    /// Append the table to this file
    #[arg(long)]
    markdown: Option<std::path::PathBuf>,
    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Files that the caller with few rights may find.
const FEW: usize = 10;
/// Requests before the measured ones.
const WARM_UP: usize = 200;

/// Times of one kind of request, and how many were answered with the file that was meant.
struct Times {
    what: &'static str,
    micros: Histogram<u64>,
    right: Option<usize>,
}

impl Times {
    fn new(what: &'static str) -> Self {
        Self { what, micros: Histogram::new_with_bounds(1, 60_000_000, 3).expect("up to a minute"), right: None }
    }

    fn note(&mut self, took: Duration) {
        self.micros.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn at(&self, quantile: f64) -> u64 {
        self.micros.value_at_quantile(quantile)
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures durations itself")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut table =
        String::from("| files | request | p50 ms | p99 ms | p99.9 ms | p99 to bare query |\n| --- | --- | --- | --- | --- | --- |\n");
    for count in &arguments.files {
        let rows = runtime.block_on(run(*count, arguments.queries));
        let bare = rows.first().map_or(1, |row| row.at(0.99)).max(1);
        for row in &rows {
            let ms = |micros: u64| format!("{}.{:02}", micros / 1000, micros % 1000 / 10);
            let hundredths = row.at(0.99) * 100 / bare;
            let right = row.right.map_or(String::new(), |right| format!(" ({right} of {} named first)", arguments.queries));
            table.push_str(&format!(
                "| {count} | {}{right} | {} | {} | {} | {}.{:02} |\n",
                row.what,
                ms(row.at(0.5)),
                ms(row.at(0.99)),
                ms(row.at(0.999)),
                hundredths / 100,
                hundredths % 100,
            ));
        }
    }
    println!("{table}");
    if let Some(file) = &arguments.markdown {
        let before = std::fs::read_to_string(file).unwrap_or_default();
        std::fs::write(file, before + &table).expect("the table can be written");
    }
}

/// The bare query first, then a caller who may see everything, then one who may see ten files.
async fn run(count: usize, queries: usize) -> Vec<Times> {
    let started = now();
    let house = House::build(count, FEW).await;
    println!("{count} files: rows and index made in {} s", started.elapsed().as_secs());
    let bare = reference::measure(&house.index_folder(), count, WARM_UP, queries);
    let everything = ask(&house, "find_file, who may see all", &house.administrator, 0..count, queries).await;
    let few = ask(&house, "find_file, who may see ten", &house.guest, house.few.clone(), queries).await;
    house.close().await;
    vec![bare, everything, few]
}

async fn ask(house: &House, what: &'static str, caller: &CallContext, among: std::ops::Range<usize>, queries: usize) -> Times {
    let (mut times, mut words) = (Times::new(what), Words::new(7));
    let mut right = 0;
    for number in 0..WARM_UP + queries {
        let wanted = among.start + words.below(among.len());
        let request = words::request(wanted, &mut words);
        let ctx = CallContext { deadline: house.deadline(), ..caller.clone() };
        let began = now();
        let answer = house.tools.call(&ctx, "find_file", json!({ "query": request }), None).await.expect("the tool is there");
        let took = began.elapsed();
        if number < WARM_UP {
            continue;
        }
        times.note(took);
        let answer = serde_json::to_value(&answer).expect("an answer is JSON");
        let outcome = answer["outcome"].as_str().unwrap_or_default();
        assert!(["done", "choose", "not_found"].contains(&outcome), "{request}: {answer}");
        right += usize::from(outcome != "not_found" && answer["data"]["files"][0]["title"] == words::spoken_title(wanted));
    }
    times.right = Some(right);
    times
}
