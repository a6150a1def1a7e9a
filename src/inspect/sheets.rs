//! Spreadsheets as tables: each sheet once, cell after cell, within a budget.

use std::borrow::Cow;
use std::io::{Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Cell as Stored, Data, DataRef, ExcelDateTime, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use docling::{InputFormat, SourceDocument};

use super::cells::{self, Cell, believable_day};
use super::kind::{Kind, Reader as Readers};
use super::ods;
use super::table::Table;
use crate::domain::{Category, Facts, SheetFacts};

/// Cells that are looked at in one file.
const MAX_CELLS: u64 = 2_000_000;

/// What one file may cost.
#[derive(Debug)]
pub(super) struct Budget {
    cells: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cells: MAX_CELLS }
    }
}

impl Budget {
    /// Takes one cell; false when there are none left.
    pub fn take(&mut self) -> bool {
        self.cells = self.cells.saturating_sub(1);
        self.cells > 0
    }
}

/// Whether a file of this kind has sheets.
pub(super) fn has_sheets(kind: &Kind) -> bool {
    use InputFormat::{Ods, Xls, Xlsx};
    kind.category == Category::Spreadsheet && matches!(kind.reader, Readers::Plain | Readers::Document(Xlsx | Xls | Ods))
}

/// The sheets of a file; none where they cannot be read.
pub(super) fn read(kind: &Kind, bytes: Vec<u8>) -> Facts {
    // What reads old workbooks panics on some that are broken.
    let sheets = catch_unwind(AssertUnwindSafe(|| match kind.reader {
        Readers::Plain => characters(kind, bytes),
        Readers::Document(InputFormat::Xlsx) => packed(&bytes),
        Readers::Document(InputFormat::Xls) => old(&bytes),
        Readers::Document(InputFormat::Ods) => ods::read(&bytes, &mut Budget::default()),
        _ => Vec::new(),
    }));
    let mut sheets = sheets.unwrap_or_default();
    let more_sheets = u32::try_from(sheets.len().saturating_sub(Facts::SHEETS)).unwrap_or(u32::MAX);
    sheets.truncate(Facts::SHEETS);
    Facts { sheets, more_sheets, ..Facts::default() }
}

/// Rows of characters: the sign that parts most of the first lines into the same number of cells parts them all.
fn characters(kind: &Kind, bytes: Vec<u8>) -> Vec<SheetFacts> {
    let Ok(text) = SourceDocument::from_bytes("text", InputFormat::Text, bytes).text().map(Cow::into_owned) else {
        return Vec::new();
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let delimiter = if kind.content_type == "text/tab-separated-values" { b'\t' } else { delimiter(text) };
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut table, mut budget) = (Table::default(), Budget::default());
    let mut record = csv::StringRecord::new();
    while matches!(rows.read_record(&mut record), Ok(true)) {
        let mut row = Vec::new();
        for (at, text) in record.iter().enumerate() {
            if !budget.take() {
                table.is_cut = true;
                break;
            }
            row.extend(cells::of_text(text).map(|cell| (at, cell)));
        }
        if table.is_cut {
            break;
        }
        table.row(row);
    }
    let sheet = table.told(None, false);
    if sheet.rows == 0 { Vec::new() } else { vec![sheet] }
}

fn delimiter(text: &str) -> u8 {
    const LINES: usize = 20;
    let parted = |delimiter: u8| -> (usize, usize) {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).take(LINES);
        let counts: Vec<usize> = lines.map(|line| line.bytes().filter(|byte| *byte == delimiter).count()).collect();
        let usual = counts.first().copied().unwrap_or_default();
        (counts.iter().filter(|count| usual > 0 && **count == usual).count(), usual)
    };
    [b',', b';', b'\t', b'|'].into_iter().max_by_key(|delimiter| (parted(*delimiter), *delimiter == b',')).unwrap_or(b',')
}

/// Workbooks in a ZIP package, of XML or of records.
fn packed(bytes: &[u8]) -> Vec<SheetFacts> {
    let mut budget = Budget::default();
    if let Ok(mut book) = Xlsx::new(Cursor::new(bytes)) {
        let sheets = book.sheets_metadata().to_vec();
        return each(&sheets, |name| {
            let mut cells = book.worksheet_cells_reader(name).ok()?;
            Some(streamed(|| cells.next_cell().ok().flatten(), &mut budget))
        });
    }
    let Ok(mut book) = Xlsb::new(Cursor::new(bytes)) else { return Vec::new() };
    let sheets = book.sheets_metadata().to_vec();
    each(&sheets, |name| {
        let mut cells = book.worksheet_cells_reader(name).ok()?;
        Some(streamed(|| cells.next_cell().ok().flatten(), &mut budget))
    })
}

fn each(sheets: &[Sheet], mut table: impl FnMut(&str) -> Option<Table>) -> Vec<SheetFacts> {
    let sheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let told = |sheet: &Sheet| {
        let hidden = sheet.visible != SheetVisible::Visible;
        // A sheet that cannot be read is there all the same.
        let unread = || {
            let mut table = Table::default();
            table.is_cut = true;
            table
        };
        table(&sheet.name).unwrap_or_else(unread).told(Some(sheet.name.clone()), hidden)
    };
    sheets.map(told).collect()
}

/// Cells one after another, as a sheet writes them: those of a row side by side.
fn streamed<'a>(mut next: impl FnMut() -> Option<Stored<DataRef<'a>>>, budget: &mut Budget) -> Table {
    let mut table = Table::default();
    let mut row: (u32, Vec<(usize, Cell)>) = (0, Vec::new());
    while let Some(cell) = next() {
        if !budget.take() {
            table.is_cut = true;
            break;
        }
        let (at, column) = cell.get_position();
        if at != row.0 {
            table.row(std::mem::take(&mut row.1));
            row.0 = at;
        }
        let meant = match cell.get_value() {
            DataRef::Int(number) => Some(of_whole(*number)),
            DataRef::Float(number) => Some(Cell::Number(*number)),
            DataRef::String(text) => cells::of_text(text),
            DataRef::SharedString(text) => cells::of_text(text),
            DataRef::DateTime(moment) => Some(of_moment(moment)),
            DataRef::DateTimeIso(text) => Some(of_iso(text)),
            DataRef::Bool(_) | DataRef::DurationIso(_) | DataRef::Error(_) => Some(Cell::Other),
            DataRef::Empty => None,
        };
        row.1.extend(meant.map(|meant| (column as usize, meant)));
    }
    table.row(row.1);
    table
}

/// Workbooks before 2007.
fn old(bytes: &[u8]) -> Vec<SheetFacts> {
    let Ok(mut book) = Xls::new(Cursor::new(bytes)) else { return Vec::new() };
    let sheets = book.sheets_metadata().to_vec();
    let mut budget = Budget::default();
    each(&sheets, |name| whole(&mut book, name, &mut budget))
}

fn whole<R: Read + Seek>(book: &mut Xls<R>, name: &str, budget: &mut Budget) -> Option<Table> {
    let range = book.worksheet_range(name).ok()?;
    let mut table = Table::default();
    for cells in range.rows() {
        let mut row = Vec::new();
        for (at, value) in cells.iter().enumerate() {
            if !budget.take() {
                table.is_cut = true;
                return Some(table);
            }
            let meant = match value {
                Data::Int(number) => Some(of_whole(*number)),
                Data::Float(number) => Some(Cell::Number(*number)),
                Data::String(text) => cells::of_text(text),
                Data::DateTime(moment) => Some(of_moment(moment)),
                Data::DateTimeIso(text) => Some(of_iso(text)),
                Data::Bool(_) | Data::DurationIso(_) | Data::Error(_) => Some(Cell::Other),
                Data::Empty => None,
            };
            row.extend(meant.map(|meant| (at, meant)));
        }
        table.row(row);
    }
    Some(table)
}

#[expect(clippy::cast_precision_loss, reason = "whole numbers beyond 2^53 are no quantities of a table")]
const fn of_whole(number: i64) -> Cell {
    Cell::Number(number as f64)
}

fn of_moment(moment: &ExcelDateTime) -> Cell {
    if !moment.is_datetime() {
        return Cell::Other;
    }
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    let small = |part: u8| i8::try_from(part).unwrap_or_default();
    i16::try_from(year).ok().and_then(|year| believable_day(year, small(month), small(day))).map_or(Cell::Other, Cell::Day)
}

fn of_iso(text: &str) -> Cell {
    match cells::of_text(text) {
        Some(day @ Cell::Day(_)) => day,
        _ => Cell::Other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::kind::detect;
    use super::*;
    use crate::domain::DateSpan;

    fn told(name: &str, bytes: &[u8]) -> Vec<SheetFacts> {
        let kind = detect(bytes, name);
        assert!(has_sheets(&kind), "{name}");
        read(&kind, bytes.to_vec()).sheets
    }

    #[test]
    fn rows_of_characters_are_a_table_whatever_parts_them() {
        for (name, text) in [
            ("a.csv", "Day,Customer,Amount\n2026-01-03,\"Acme, Inc\",10.5\n2026-02-03,Borealis,20\n"),
            ("b.csv", "\u{FEFF}Day;Customer;Amount\n03.01.2026;Acme, Inc;10,5\n03.02.2026;Borealis;20\n"),
            ("c.tsv", "Day\tCustomer\tAmount\n2026-01-03\tAcme, Inc\t10.5\n2026-02-03\tBorealis\t20\n"),
        ] {
            let sheets = told(name, text.as_bytes());
            let sheet = &sheets[0];
            assert_eq!((sheets.len(), sheet.rows, sheet.name.as_deref(), sheet.complete), (1, 2, None, true), "{name}");
            assert_eq!(sheet.columns[1].name.as_deref(), Some("Customer"), "{name}");
            assert_eq!(sheet.dates(), Some(DateSpan { from: date(2026, 1, 3), to: date(2026, 2, 3) }), "{name}");
            assert_eq!(sheet.columns[2].numbers.map(|numbers| numbers.sum), Some(30.5), "{name}");
        }
    }

    #[test]
    fn what_is_no_workbook_has_no_sheets() {
        assert_eq!(read(&detect(b"PK\x03\x04 and nothing more", "a.xlsx"), b"PK\x03\x04 and nothing more".to_vec()), Facts::default());
        assert_eq!(told("a.csv", b"\n\n").len(), 0);
    }

    #[test]
    fn more_cells_than_are_looked_at_are_said_to_be_more() {
        let row = "1,".repeat(999) + "1\n";
        let sheets = told("a.csv", row.repeat(2_001).as_bytes());
        assert!(!sheets[0].complete);
        assert_eq!(sheets[0].rows, 1_999);
    }
}
