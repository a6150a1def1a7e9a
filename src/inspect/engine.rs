//! The embedded engine, inside the worker: our rules over bytes, over the members of archives
//! and over the source of macros.

use std::collections::BTreeSet;
use std::io::{self, Read};

use boreal::MetadataValue;
use boreal::compiler::ExternalValue;
use serde::{Deserialize, Serialize};

use super::names::{claims_document, fault};
use super::rules::{self, RuleFile, SYMBOLS};
use super::{archive, vba};
use crate::domain::ScanStatus;

/// Bytes looked at whole, with macros; what is larger is looked at in windows.
const WHOLE: usize = 64 << 20;
/// The same for archives, whose directory is at their end.
const WHOLE_ARCHIVE: usize = 256 << 20;
/// Size of a window after the first, in bytes.
const WINDOW: usize = 16 << 20;
/// Bytes shared by neighbouring windows: longer than any pattern of the rules.
const OVERLAP: usize = 64 << 10;

/// Why the engine could not judge.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// The rules do not compile; who starts a worker has compiled them before.
    #[error("the rules do not compile: {0}")]
    Rules(String),
    /// The engine gave up.
    #[error("the engine could not finish")]
    Engine,
    /// The bytes stopped.
    #[error("the bytes could not be read")]
    Input(#[from] io::Error),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub status: ScanStatus,
    pub findings: Vec<String>,
}

/// What a piece of bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// It begins where a file or member begins.
    pub start: bool,
    /// Its name claims a document.
    pub document: bool,
    /// It is the source of a macro.
    pub macros: bool,
}

/// What an archive means that is locked with a password, so that nobody can look inside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedArchives {
    /// It is noted; suspicious only where its list of names shows a program, or a name that hides one.
    #[default]
    Note,
    /// It is suspicious.
    Suspicious,
}

/// Findings as they gather: the worst one decides.
#[derive(Debug, Default)]
pub(super) struct Findings {
    infected: BTreeSet<String>,
    suspicious: BTreeSet<String>,
    noted: BTreeSet<String>,
}

impl Findings {
    /// Something a person should look at.
    pub fn suspect(&mut self, finding: &str) {
        self.suspicious.insert(finding.to_owned());
    }

    /// Something to know that is no sign of harm.
    pub fn note(&mut self, finding: &str) {
        self.noted.insert(finding.to_owned());
    }

    /// The judgement.
    pub fn outcome(self) -> Outcome {
        let status = match (self.infected.is_empty(), self.suspicious.is_empty()) {
            (false, _) => ScanStatus::Infected,
            (true, false) => ScanStatus::Suspicious,
            (true, true) => ScanStatus::Clean,
        };
        Outcome { status, findings: self.infected.into_iter().chain(self.suspicious).chain(self.noted).collect() }
    }
}

/// Compiled rules.
pub(super) struct Engine {
    scanner: boreal::Scanner,
    /// What a locked archive means.
    pub locked: LockedArchives,
    /// Bytes of a file that are looked at whole.
    whole: usize,
    /// The same for an archive.
    whole_archive: usize,
}

impl Engine {
    /// Compiles our rules and these.
    pub fn load(files: &[RuleFile], locked: LockedArchives) -> Result<Self, EngineError> {
        let scanner = rules::scanner(files).map_err(EngineError::Rules)?;
        Ok(Self { scanner, locked, whole: WHOLE, whole_archive: WHOLE_ARCHIVE })
    }

    /// Judges a file of any size.
    pub fn scan(&mut self, name: &str, input: &mut dyn Read) -> Result<Outcome, EngineError> {
        let mut findings = Findings::default();
        if let Some(fault) = fault(name) {
            findings.suspect(fault);
        }
        let piece = Piece { start: true, document: claims_document(name), macros: false };
        if let Some(bytes) = self.judge_stream(input, piece, &mut findings)? {
            self.look_inside(&bytes, 0, &mut archive::Budget::default(), &mut findings)?;
        }
        Ok(findings.outcome())
    }

    /// Judges what a reader gives, and gives it back when it is small enough to look inside.
    /// Memory stays within one whole archive, whatever the length.
    pub fn judge_stream(&mut self, input: &mut dyn Read, piece: Piece, findings: &mut Findings) -> Result<Option<Vec<u8>>, EngineError> {
        let mut bytes = Vec::new();
        input.take(self.whole as u64 + 1).read_to_end(&mut bytes)?;
        let is_archive = archive::is_archive(&bytes);
        if is_archive && bytes.len() > self.whole {
            input.take((self.whole_archive - self.whole) as u64).read_to_end(&mut bytes)?;
        }
        self.judge(&bytes, piece, findings)?;
        if bytes.len() <= if is_archive { self.whole_archive } else { self.whole } {
            return Ok(Some(bytes));
        }
        if is_archive {
            // Its members cannot be seen: not clean, and not known to be harmful.
            findings.suspect("Archive_Too_Large_To_Look_Inside");
        }
        loop {
            bytes.drain(..bytes.len().saturating_sub(OVERLAP));
            bytes.shrink_to(WINDOW + OVERLAP);
            if input.take(WINDOW as u64).read_to_end(&mut bytes)? == 0 {
                return Ok(None);
            }
            self.judge(&bytes, Piece { start: false, ..piece }, findings)?;
        }
    }

    /// Members of archives and sources of macros, to the depth and size that the budget gives.
    pub fn look_inside(
        &mut self,
        bytes: &[u8],
        depth: u8,
        budget: &mut archive::Budget,
        findings: &mut Findings,
    ) -> Result<(), EngineError> {
        if archive::is_archive(bytes) {
            return archive::walk(self, bytes, depth, budget, findings);
        }
        archive::look_for_links(bytes, budget, findings);
        for source in vba::sources(bytes) {
            self.judge(&source, Piece { start: false, document: false, macros: true }, findings)?;
        }
        Ok(())
    }

    /// Runs the rules over one piece.
    pub fn judge(&mut self, bytes: &[u8], piece: Piece, findings: &mut Findings) -> Result<(), EngineError> {
        for (symbol, value) in SYMBOLS.into_iter().zip([piece.start, piece.document, piece.macros]) {
            self.scanner.define_symbol(symbol, ExternalValue::Boolean(value)).map_err(|error| EngineError::Rules(error.to_string()))?;
        }
        let result = self.scanner.scan_mem(bytes).map_err(|_| EngineError::Engine)?;
        for rule in result.rules {
            let is_suspicion = rule.metadatas.iter().any(|metadata| {
                self.scanner.get_string_symbol(metadata.name) == "verdict"
                    && matches!(metadata.value, MetadataValue::Bytes(value) if self.scanner.get_bytes_symbol(value) == b"suspicious")
            });
            // A rule that forgot its verdict counts as the worse one.
            if is_suspicion {
                findings.suspicious.insert(rule.name.to_owned())
            } else {
                findings.infected.insert(rule.name.to_owned())
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard test file, in two halves so that this source is not a finding.
    fn eicar() -> Vec<u8> {
        [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
    }

    fn judged(bytes: &[u8], name: &str) -> Outcome {
        Engine::load(&[], LockedArchives::Note).unwrap().scan(name, &mut &bytes[..]).unwrap()
    }

    fn program() -> Vec<u8> {
        let mut bytes = b"\x7FELF\x02\x01\x01".to_vec();
        bytes.resize(200, 0);
        bytes
    }

    #[test]
    fn the_standard_test_file_is_infected() {
        let outcome = judged(&eicar(), "x.com");
        assert_eq!(outcome, Outcome { status: ScanStatus::Infected, findings: vec!["Eicar_Test_File".to_owned()] });
        let quoted = [b"An article about ".as_slice(), &eicar()].concat();
        assert_eq!(judged(&quoted, "article.txt").status, ScanStatus::Clean);
    }

    #[test]
    fn a_program_is_suspicious_only_under_a_documents_name() {
        for (name, expected) in
            [("contract.pdf", ScanStatus::Suspicious), ("Photo.JPG", ScanStatus::Suspicious), ("tool", ScanStatus::Clean)]
        {
            assert_eq!(judged(&program(), name).status, expected, "{name}");
        }
    }

    #[test]
    fn a_pdf_that_launches_a_program_is_suspicious() {
        let launch = b"%PDF-1.4\n1 0 obj <</Type/Action/S/Launch/Win<</F(cmd.exe)>>>> endobj";
        assert_eq!(judged(launch, "a.pdf").status, ScanStatus::Suspicious);
        assert_eq!(judged(b"%PDF-1.4\n1 0 obj <</Title(Product /Launch plan)>>", "a.pdf").status, ScanStatus::Clean);
    }

    #[test]
    fn what_carries_or_fetches_a_program_is_suspicious_and_its_likes_are_not() {
        let page = |script: &str| format!("<html><script>{script}</script></html>");
        let field = |text: &str| format!("<?xml version=\"1.0\"?><w:document><w:instrText>{text}</w:instrText></w:document>");
        let template = |target: &str| {
            format!(
                "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                 <Relationship Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate\" \
                 Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
            )
        };
        for (text, rule) in [
            (page("URL.createObjectURL(new Blob([atob('TVqQAAMAAAAEAAAA')]))"), Some("Html_Carries_Program")),
            (page("URL.createObjectURL(new Blob(['a,b,c']))"), None),
            (field("DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \"/k calc\""), Some("Office_Field_Runs_Program")),
            (field("DDE Excel \"budget.xlsx\" R1C1"), None),
            (template("https://templates.example/a.dotm"), Some("Office_Loads_Template_From_Outside")),
            (template("file:///C:/Templates/Letter.dotx"), None),
        ] {
            let outcome = judged(text.as_bytes(), "a.xml");
            assert_eq!(outcome.findings, rule.into_iter().collect::<Vec<_>>(), "{text}");
        }
        let notebook = |words: &[u8]| {
            let head = b"\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3";
            let embedded = b"\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC";
            [head.as_slice(), embedded, words].concat()
        };
        assert_eq!(judged(&notebook(b"CreateObject(\"WScript.Shell\")"), "a.one").findings, ["Notebook_Runs_Script"]);
        assert_eq!(judged(&notebook(b"a picture"), "a.one").status, ScanStatus::Clean);
    }

    #[test]
    fn a_name_that_hides_a_program_is_suspicious_whatever_the_bytes() {
        assert_eq!(judged(b"hello", "invoice.pdf.exe").findings, ["Name_Hides_Program"]);
        assert_eq!(judged(b"hello", "invoice.pdf").status, ScanStatus::Clean);
    }

    #[test]
    fn large_files_are_judged_window_by_window() {
        let mut engine = Engine { whole: 1 << 20, whole_archive: 2 << 20, ..Engine::load(&[], LockedArchives::Note).unwrap() };
        let padding = || io::repeat(b' ').take(3 << 20);
        let mut harmless = padding();
        assert_eq!(engine.scan("a.bin", &mut harmless).unwrap().status, ScanStatus::Clean);
        let mut launcher = b"%PDF-1.4 /Launch cmd.exe".chain(padding());
        assert_eq!(engine.scan("a.pdf", &mut launcher).unwrap().status, ScanStatus::Suspicious);
        let mut archive = b"PK\x03\x04".chain(padding());
        assert_eq!(engine.scan("a.zip", &mut archive).unwrap().findings, ["Archive_Too_Large_To_Look_Inside"]);
    }

    #[test]
    fn every_rule_says_its_verdict() {
        let engine = Engine::load(&[], LockedArchives::Note).unwrap();
        for rule in engine.scanner.rules() {
            let verdicts = rule.metadatas.iter().filter(|metadata| engine.scanner.get_string_symbol(metadata.name) == "verdict").count();
            assert_eq!(verdicts, 1, "{}", rule.name);
        }
    }
}
