//! What comes out: a table for people, figures for programs, and on which machine.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::Failure;

/// One figure and its reference.
#[derive(Debug, Serialize)]
struct Line {
    section: &'static str,
    what: String,
    satchel: String,
    reference: String,
    ratio: Option<f64>,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    machine: String,
    lines: Vec<Line>,
}

impl Report {
    pub fn new() -> Self {
        Self { machine: machine(), lines: Vec::new() }
    }

    /// A figure, how the reference did, and the ratio of ours to it where one means something.
    pub fn add(&mut self, section: &'static str, what: impl Into<String>, satchel: String, reference: String, ratio: Option<f64>) {
        let what = what.into();
        let shown = ratio.map(|ratio| format!("  ({ratio:.2}x)")).unwrap_or_default();
        println!("{section}: {what}: {satchel}; reference {reference}{shown}");
        self.lines.push(Line { section, what, satchel, reference, ratio });
    }

    pub fn write(&self, markdown: Option<&Path>, json: Option<&Path>) -> Result<(), Failure> {
        let table = self.markdown();
        println!("\n{table}");
        if let Some(path) = markdown {
            std::fs::write(path, &table)?;
        }
        if let Some(path) = json {
            std::fs::write(path, serde_json::to_vec_pretty(&json!({ "machine": self.machine, "figures": self.lines }))?)?;
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text =
            format!("Machine: {}.\n\n| section | what | satchel | reference | ratio |\n| --- | --- | --- | --- | --- |\n", self.machine);
        for line in &self.lines {
            let ratio = line.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            // Writing to a string has no way to fail.
            let _ = writeln!(text, "| {} | {} | {} | {} | {ratio} |", line.section, line.what, line.satchel, line.reference);
        }
        text
    }
}

/// Milliseconds with two digits.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{}, {cores} cores, {memory} of memory, Linux {}", field(&read("/proc/cpuinfo"), "model name"), kernel.trim())
}
