//! The only writer of what commands print. Results go to standard output, remarks to standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use console::Style;
use serde::Serialize;

/// Where results and remarks go.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    colours: bool,
    remarks_have_colours: bool,
}

/// How a piece of text stands out; nothing does where standard output is not a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// What matters most.
    Strong,
    /// What may be skipped.
    Dim,
    /// What went well.
    Good,
    /// What did not.
    Bad,
}

impl Terminal {
    /// The process's own terminal.
    pub fn standard() -> Self {
        Self {
            colours: io::stdout().is_terminal() && console::colors_enabled(),
            remarks_have_colours: io::stderr().is_terminal() && console::colors_enabled_stderr(),
        }
    }

    /// Whether somebody types.
    pub fn is_interactive() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Prints one line of the result.
    pub fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(plain_unless(self.colours, text.as_ref()).as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints one line of the result in a tone.
    pub fn toned(self, tone: Tone, text: impl AsRef<str>) -> io::Result<()> {
        self.line(self.paint(tone, text.as_ref()))
    }

    /// Text in a tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Strong => Style::new().bold(),
            Tone::Dim => Style::new().dim(),
            Tone::Good => Style::new().green(),
            Tone::Bad => Style::new().red(),
        };
        style.force_styling(true).apply_to(text).to_string()
    }

    /// Prints one line of JSON.
    pub fn json(self, value: &impl Serialize) -> io::Result<()> {
        self.line(serde_json::to_string(value)?)
    }

    /// Says something beside the result.
    pub fn remark(self, text: impl AsRef<str>) {
        // Whoever closed standard error does not want to hear it.
        let _ = writeln!(io::stderr().lock(), "{}", plain_unless(self.remarks_have_colours, text.as_ref()));
    }
}

/// Text as a file or a pipe wants it, where nothing shows colours.
fn plain_unless(colours: bool, text: &str) -> Cow<'_, str> {
    if colours { Cow::Borrowed(text) } else { console::strip_ansi_codes(text) }
}

/// Rows under a head, in columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let cells = |row: &[String]| row.iter().map(|cell| console::measure_text_width(cell)).collect::<Vec<_>>();
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut widths = cells(&head);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(cells(row)) {
            *width = (*width).max(cell);
        }
    }
    std::iter::once(&head)
        .chain(rows)
        .map(|row| {
            let padded = row.iter().zip(&widths).map(|(cell, width)| {
                let blanks = width.saturating_sub(console::measure_text_width(cell));
                format!("{cell}{}", " ".repeat(blanks))
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = table(&["format", "files"], &[vec!["pdf".to_owned(), "3".to_owned()], vec!["naïve.docx".to_owned(), "12".to_owned()]]);
        assert_eq!(lines, ["format      files", "pdf         3", "naïve.docx  12"]);
    }
}
