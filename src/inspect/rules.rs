//! The rules of the embedded engine: those that ship with Satchel, and the operator's own.

use boreal::compiler::CompilerParams;
use boreal::{Compiler, Scanner};
use serde::{Deserialize, Serialize};

/// The rules that ship with Satchel.
const OURS: &str = include_str!("rules/harmful.yar");
/// The engine's name and version, as `Cargo.toml` asks for it.
const ENGINE: &str = "boreal 1.4";
/// What is said to rules from outside, for each piece that is judged.
pub(super) const SYMBOLS: [&str; 3] = ["start", "document", "macros"];

/// One file of rules of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFile {
    /// Its name, told where it is wrong.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Rules of the operator, known to compile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<RuleFile>);

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file is no rules; what is told begins with its name and the line.
    #[error("{0}")]
    Wrong(String),
    /// There are more of them than a worker is handed.
    #[error("the rules have {bytes} bytes in all, and {max} can be used; clamd takes more")]
    TooMany {
        /// What they have.
        bytes: usize,
        /// What they may have.
        max: usize,
    },
}

impl Rules {
    /// Bytes of all files together, at most: each worker is handed them when it starts.
    pub const MAX_BYTES: usize = 1 << 20;

    /// None but ours.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Rules, if they compile. A rule may say `verdict = "suspicious"` or `"infected"` in its `meta`; without a word
    /// it counts as the worse.
    ///
    /// # Errors
    /// When one does not, or there are too many.
    pub fn compile(files: Vec<RuleFile>) -> Result<Self, RulesError> {
        let bytes = files.iter().map(|file| file.text.len()).sum();
        if bytes > Self::MAX_BYTES {
            return Err(RulesError::TooMany { bytes, max: Self::MAX_BYTES });
        }
        scanner(&files).map_err(RulesError::Wrong)?;
        Ok(Self(files))
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// For a worker.
    pub(super) fn files(&self) -> &[RuleFile] {
        &self.0
    }

    /// Engine and rules, for verdicts: the rules' own digest, so that it changes with them.
    pub(super) fn version(&self, settings: &str) -> String {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        for part in [settings, OURS].into_iter().chain(self.0.iter().map(|file| file.text.as_str())) {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let short: String = hex::encode(digest.finish().as_ref()).chars().take(12).collect();
        format!("{ENGINE}, rules {short}")
    }
}

/// Compiles ours and these; else says which file is wrong, and where.
pub(super) fn scanner(files: &[RuleFile]) -> Result<Scanner, String> {
    let mut compiler = Compiler::new();
    compiler.set_params(CompilerParams::default().disable_includes(true));
    for symbol in SYMBOLS {
        compiler.define_symbol(symbol, false);
    }
    compiler.add_rules_str(OURS).map_err(|_| "the built-in rules do not compile".to_owned())?;
    for RuleFile { name, text } in files {
        // A name may be taken in another file.
        compiler.add_rules_str_in_namespace(text, name).map_err(|error| {
            let told = boreal::compiler::generate_description(&error.to_diagnostic(), name, text);
            told.lines().next().unwrap_or(name).to_owned()
        })?;
    }
    Ok(compiler.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> RuleFile {
        RuleFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_wrong_rule_is_told_with_its_file_and_line() {
        let good = file("good.yar", "rule A { condition: false }");
        for (text, line, what) in [
            ("rule A {\n condition: true\n}\nrule B {\n condition: nothing\n}", 5, "nothing"),
            ("rule A {\n strings:\n  $a = \"x\n condition: $a }", 3, ""),
            ("include \"/etc/passwd\"", 1, "include"),
            ("rule A { condition: true }\nrule A { condition: true }", 2, "A"),
        ] {
            let told = Rules::compile(vec![good.clone(), file("bad.yar", text)]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("bad.yar:{line}:")) && told.contains(what), "{told}");
        }
    }

    #[test]
    fn two_files_may_name_their_rules_alike_and_the_version_tells_each_change() {
        let rules = |text: &str| Rules::compile(vec![file("a.yar", "rule A { condition: false }"), file("b.yar", text)]).unwrap();
        let (one, other) = (rules("rule A { condition: false }"), rules("rule A { condition: true }"));
        assert_ne!(one.version(""), other.version(""));
        assert_ne!(one.version(""), Rules::none().version(""));
        assert_ne!(one.version(""), one.version("locked"));
        assert_eq!(one.version(""), one.clone().version(""));
    }

    #[test]
    fn more_rules_than_a_worker_is_handed_are_refused() {
        let long = "a".repeat(Rules::MAX_BYTES);
        assert!(matches!(Rules::compile(vec![file("a.yar", &format!("/*{long}*/"))]), Err(RulesError::TooMany { .. })));
    }
}
