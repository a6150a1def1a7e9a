//! How many of the words that reference tools read are read here, by format, over a folder of files:
//!
//!     cargo bench --bench recall -- FOLDER
//!
//! The references are `pdftotext` for PDF, and LibreOffice's own text (through PDF for slides, as CSV of all sheets for
//! spreadsheets) for the rest; both must be installed. Files that the reference reads nothing of are counted apart.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures::stream;
use satchel::domain::{ChunkStream, FileName};
use satchel::inspect::{Inspector, InspectorSettings, LookedFor};

#[path = "../tests/it/inspect/words.rs"]
mod words;

/// Endings of the files that are looked at.
const ENDINGS: [&str; 12] = ["pdf", "docx", "doc", "xlsx", "xls", "pptx", "ppt", "odt", "ods", "odp", "rtf", "html"];
/// How long a reference tool may take for one file, in seconds.
const PATIENCE: &str = "60";

#[derive(Default)]
struct Tally {
    files: usize,
    without_reference: usize,
    sum: f64,
    words: usize,
    found: usize,
    least: Vec<(f64, String)>,
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Runs a tool to its end, without a window and without a word.
fn ran(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new("timeout").arg(PATIENCE).arg(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn pdf_text(pdf: &Path, scratch: &Path) -> Option<String> {
    let out = scratch.join("reference.txt");
    let (pdf, text) = (pdf.to_str()?, out.to_str()?);
    ran("pdftotext", &["-enc", "UTF-8", pdf, text])
        .then(|| fs::read(&out).ok())
        .flatten()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What the reference reads of a file; `None` where it reads nothing.
fn reference(file: &Path, ending: &str, scratch: &Path) -> Option<String> {
    let text = if ending == "pdf" {
        pdf_text(file, scratch)?
    } else {
        let source = scratch.join(format!("source.{ending}"));
        fs::copy(file, &source).ok()?;
        let (to, made) = match ending {
            "pptx" | "ppt" | "odp" => ("pdf", "pdf"),
            // Commas, quotation marks, UTF-8, as shown, every sheet in a file of its own.
            "xlsx" | "xls" | "ods" => ("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "csv"),
            _ => ("txt:Text (encoded):UTF8", "txt"),
        };
        let profile = format!("-env:UserInstallation=file://{}", scratch.join("profile").to_str()?);
        ran("soffice", &[&profile, "--headless", "--convert-to", to, "--outdir", scratch.to_str()?, source.to_str()?]);
        let mut text = String::new();
        for entry in fs::read_dir(scratch).ok()?.flatten() {
            let path = entry.path();
            let is_made = path.file_name()?.to_str()?.starts_with("source") && path.extension().is_some_and(|extension| extension == made);
            if is_made && made == "pdf" {
                text.push_str(&pdf_text(&path, scratch).unwrap_or_default());
            } else if is_made {
                text.push_str(&String::from_utf8_lossy(&fs::read(&path).ok()?));
            }
            if path.is_file() {
                fs::remove_file(&path).ok()?;
            }
        }
        text
    };
    (!words::words_of(&text).is_empty()).then_some(text)
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[expect(clippy::print_stdout, reason = "figures are what this is run for")]
fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        println!("no folder was named, so nothing is measured: cargo bench --bench recall -- FOLDER");
        return Ok(());
    };
    let mut files = Vec::new();
    files_below(Path::new(&folder), &mut files)?;
    files.sort();
    let scratch = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let inspector = {
        let _guard = runtime.enter();
        Inspector::new(InspectorSettings { keep_warm: true, ..InspectorSettings::new(PathBuf::from(env!("CARGO_BIN_EXE_satchel"))) })
    };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for file in files {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let Some(name) = file.file_name().and_then(|name| name.to_str()).filter(|_| ENDINGS.contains(&ending.as_str())) else { continue };
        let tally = tallies.entry(ending.clone()).or_default();
        tally.files += 1;
        let Some(reference) = reference(&file, &ending, scratch.path()) else {
            tally.without_reference += 1;
            continue;
        };
        let bytes = fs::read(&file)?;
        let source: ChunkStream = Box::pin(stream::iter([Ok(bytes.into())]));
        let read = runtime.block_on(inspector.extract(&FileName::parse(name)?, source, LookedFor::default()));
        let (found, all) = words::recalled(&reference, &read.text);
        tally.found += found;
        tally.words += all;
        tally.sum += share(found, all);
        tally.least.push((share(found, all), name.to_owned()));
    }
    println!("| format | files | without a reference | mean recall | of all words | least |");
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    for (ending, mut tally) in tallies {
        let compared = tally.files - tally.without_reference;
        tally.least.sort_by(|one, other| one.0.total_cmp(&other.0));
        let least: Vec<String> = tally.least.iter().take(3).map(|(recall, name)| format!("{name} {recall:.2}")).collect();
        let (mean, all) = (tally.sum / f64::from(u32::try_from(compared.max(1))?), share(tally.found, tally.words));
        println!("| {ending} | {} | {} | {mean:.3} | {all:.3} | {} |", tally.files, tally.without_reference, least.join(", "));
    }
    Ok(())
}
