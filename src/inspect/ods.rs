//! Sheets of OpenDocument, as their content is written (OpenDocument 1.3, part 3, 9.1 to 9.3 and 19.385 to 19.390). A
//! row or a cell may stand for many.

use std::collections::HashSet;
use std::io::{BufReader, Cursor, Read};

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use super::cells::{self, Cell};
use super::sheets::Budget;
use super::table::Table;
use crate::domain::SheetFacts;

/// Bytes of the content that are unpacked.
const MAX_CONTENT: u64 = 512 << 20;
/// How often one row is counted; the empty rest of a sheet stands for a million.
const MAX_REPEATS: usize = 10_000;
/// Columns that a repeated cell fills.
const MAX_COLUMN: usize = 256;
/// Longest text of a cell, in bytes.
const MAX_CELL: usize = 4 << 10;
/// Sheets that are looked at.
const MAX_SHEETS: usize = 1_000;

/// The sheets of a packed spreadsheet, or of one that is a single XML document.
pub(super) fn read(bytes: &[u8], budget: &mut Budget) -> Vec<SheetFacts> {
    if let Ok(mut package) = ZipArchive::new(Cursor::new(bytes)) {
        let Ok(content) = package.by_name("content.xml") else { return Vec::new() };
        return Sheets::new(budget).read(BufReader::new(content.take(MAX_CONTENT)));
    }
    Sheets::new(budget).read(BufReader::new(bytes))
}

/// A sheet while it is read.
struct Sheet {
    name: Option<String>,
    hidden: bool,
    table: Table,
    row: Vec<(usize, Cell)>,
    row_repeats: usize,
    column: usize,
}

/// The cell that is read.
#[derive(Default)]
struct Open {
    value: Option<Cell>,
    is_typed: bool,
    text: String,
    repeats: usize,
}

struct Sheets<'a> {
    budget: &'a mut Budget,
    done: Vec<SheetFacts>,
    /// Styles by which a sheet is not shown.
    hiding: HashSet<Vec<u8>>,
    style: Option<Vec<u8>>,
    sheet: Option<Sheet>,
    cell: Option<Open>,
    /// Tables within cells, remarks and changes: what stands in them is no cell.
    aside: usize,
}

impl<'a> Sheets<'a> {
    fn new(budget: &'a mut Budget) -> Self {
        Self { budget, done: Vec::new(), hiding: HashSet::new(), style: None, sheet: None, cell: None, aside: 0 }
    }

    fn read(mut self, content: impl std::io::BufRead) -> Vec<SheetFacts> {
        let mut reader = Reader::from_reader(content);
        reader.config_mut().check_end_names = false;
        let mut buffer = Vec::new();
        while self.done.len() < MAX_SHEETS {
            buffer.clear();
            let Ok(event) = reader.read_event_into(&mut buffer) else { break };
            match event {
                Event::Start(tag) => self.start(&tag),
                Event::Empty(tag) => {
                    self.start(&tag);
                    self.end(tag.local_name().as_ref());
                }
                Event::End(tag) => self.end(tag.local_name().as_ref()),
                Event::Text(text) => self.text(text.decode().unwrap_or_default().as_ref()),
                Event::CData(text) => self.text(text.decode().unwrap_or_default().as_ref()),
                Event::GeneralRef(name) => {
                    if let Ok(Some(sign)) = name.resolve_char_ref() {
                        self.text(sign.encode_utf8(&mut [0; 4]));
                    } else if let Some(text) = name.decode().ok().and_then(|name| resolve_predefined_entity(&name)) {
                        self.text(text);
                    }
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        // What stands before a damage is still there.
        if let Some(mut sheet) = self.sheet.take() {
            sheet.table.is_cut = true;
            self.done.push(sheet.table.told(sheet.name, sheet.hidden));
        }
        self.done
    }

    fn start(&mut self, tag: &BytesStart<'_>) {
        let name = tag.local_name();
        let name = name.as_ref();
        if self.aside > 0 {
            self.aside += usize::from(is_aside(name));
            return;
        }
        match name {
            b"style" => self.style = attribute(tag, b"name").map(String::into_bytes),
            b"table-properties" if attribute(tag, b"display").as_deref() == Some("false") => {
                self.hiding.extend(self.style.clone());
            }
            b"table" if self.sheet.is_none() => {
                let style = attribute(tag, b"style-name").map(String::into_bytes);
                self.sheet = Some(Sheet {
                    name: attribute(tag, b"name"),
                    hidden: style.is_some_and(|style| self.hiding.contains(&style)),
                    table: Table::default(),
                    row: Vec::new(),
                    row_repeats: 1,
                    column: 0,
                });
            }
            name if is_aside(name) => self.aside = 1,
            b"table-row" => {
                if let Some(sheet) = &mut self.sheet {
                    sheet.row_repeats = repeats(tag, b"number-rows-repeated");
                    sheet.column = 0;
                }
            }
            b"table-cell" | b"covered-table-cell" => {
                let (value, is_typed) = value(tag);
                self.cell = Some(Open { value, is_typed, text: String::new(), repeats: repeats(tag, b"number-columns-repeated") });
            }
            b"p" | b"s" | b"tab" | b"line-break" => self.text(" "),
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        if self.aside > 0 {
            self.aside -= usize::from(is_aside(name));
            return;
        }
        match name {
            b"table-cell" | b"covered-table-cell" => self.close_cell(),
            b"table-row" => {
                let Some(sheet) = &mut self.sheet else { return };
                let row = std::mem::take(&mut sheet.row);
                for _ in 0..sheet.row_repeats.min(MAX_REPEATS) {
                    if row.is_empty() || sheet.table.is_cut {
                        break;
                    }
                    sheet.table.is_cut = !row.iter().all(|_| self.budget.take());
                    sheet.table.row(row.clone());
                }
                sheet.table.is_cut |= !row.is_empty() && sheet.row_repeats > MAX_REPEATS;
            }
            b"table" => {
                if let Some(sheet) = self.sheet.take() {
                    self.done.push(sheet.table.told(sheet.name, sheet.hidden));
                }
            }
            _ => {}
        }
    }

    fn close_cell(&mut self) {
        let (Some(sheet), Some(cell)) = (&mut self.sheet, self.cell.take()) else { return };
        let meant = if cell.is_typed { cell.value } else { cells::of_text(&cell.text) };
        let Some(meant) = meant else {
            sheet.column = sheet.column.saturating_add(cell.repeats);
            return;
        };
        for at in (sheet.column..sheet.column.saturating_add(cell.repeats)).take(MAX_COLUMN) {
            if !self.budget.take() {
                sheet.table.is_cut = true;
                break;
            }
            sheet.row.push((at, meant.clone()));
        }
        sheet.column = sheet.column.saturating_add(cell.repeats);
    }

    fn text(&mut self, text: &str) {
        if let Some(cell) = self.cell.as_mut().filter(|cell| self.aside == 0 && cell.text.len() < MAX_CELL) {
            cell.text.push_str(text);
        }
    }
}

/// Elements within a sheet whose content is not in its cells.
fn is_aside(name: &[u8]) -> bool {
    matches!(name, b"annotation" | b"table" | b"tracked-changes" | b"shapes" | b"frame" | b"custom-shape")
}

/// What a cell says it holds, and whether it says so.
fn value(tag: &BytesStart<'_>) -> (Option<Cell>, bool) {
    let number = || attribute(tag, b"value").and_then(|value| value.parse().ok()).map(Cell::Number);
    let day = || attribute(tag, b"date-value").and_then(|value| cells::of_text(&value)).filter(|cell| matches!(cell, Cell::Day(_)));
    match attribute(tag, b"value-type").as_deref() {
        Some("float" | "currency" | "percentage") => (number().or(Some(Cell::Other)), true),
        Some("date") => (day().or(Some(Cell::Other)), true),
        Some("boolean" | "time") => (Some(Cell::Other), true),
        _ => (None, false),
    }
}

fn repeats(tag: &BytesStart<'_>, name: &[u8]) -> usize {
    attribute(tag, name).and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// An attribute by its local name: prefixes are the writer's choice.
fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::DateSpan;

    fn told(body: &str) -> Vec<SheetFacts> {
        let content = format!(
            "<office:document-content><office:automatic-styles><style:style style:name=\"ta1\"><style:table-properties table:display=\"true\"/></style:style>\
             <style:style style:name=\"ta2\"><style:table-properties table:display=\"false\"/></style:style></office:automatic-styles>\
             <office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
        );
        read(content.as_bytes(), &mut Budget::default())
    }

    fn words(text: &str) -> String {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    }

    #[test]
    fn sheets_are_told_with_their_rows_and_hidden_ones_as_such() {
        let row = |day: &str, amount: &str| {
            format!(
                "<table:table-row><table:table-cell office:value-type=\"date\" office:date-value=\"{day}\"><text:p>x</text:p></table:table-cell>{}\
                 <table:table-cell office:value-type=\"currency\" office:value=\"{amount}\"/></table:table-row>",
                words("Ann &amp; Bob")
            )
        };
        let head = format!("<table:table-row>{}{}{}</table:table-row>", words("Day"), words("Who"), words("Amount"));
        let empty = "<table:table-row table:number-rows-repeated=\"1048573\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
        let sheets = told(&format!(
            "<table:table table:name=\"Revenue\" table:style-name=\"ta1\">{head}{}{}{empty}</table:table>\
             <table:table table:name=\"Margins\" table:style-name=\"ta2\">{}</table:table>",
            row("2026-01-03", "10.5"),
            row("2026-06-28T10:00:00", "20"),
            row("2026-06-28", "1")
        ));
        let told: Vec<_> = sheets.iter().map(|sheet| (sheet.name.as_deref().unwrap(), sheet.hidden, sheet.rows)).collect();
        assert_eq!(told, [("Revenue", false, 2), ("Margins", true, 1)]);
        assert_eq!(sheets[0].dates(), Some(DateSpan { from: date(2026, 1, 3), to: date(2026, 6, 28) }));
        assert_eq!(sheets[0].columns[2].numbers.map(|numbers| numbers.sum), Some(30.5));
    }

    #[test]
    fn one_row_that_stands_for_many_costs_no_more_than_the_bound() {
        let sheets = told(
            "<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"4000000000\">\
             <table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"4000000000\"/></table:table-row></table:table>",
        );
        assert_eq!((sheets[0].rows, sheets[0].complete), (2_000_000 / MAX_COLUMN as u64, false));
    }

    #[test]
    fn what_is_remarked_is_in_no_cell() {
        let cell = "<table:table-cell><office:annotation><text:p>see Bob</text:p></office:annotation><text:p>7</text:p></table:table-cell>";
        let sheets = told(&format!("<table:table table:name=\"a\"><table:table-row>{cell}</table:table-row></table:table>"));
        assert_eq!(sheets[0].columns[0].numbers.map(|numbers| numbers.sum), Some(7.0));
    }

    proptest! {
        #[test]
        fn any_content_is_read_without_panic(body in "(</?table:(table|table-row|table-cell)( table:number-rows-repeated=\"[0-9]{0,9}\")?/?>|<[a-z]{0,3}|&[a-z]{0,3};|\\PC){0,40}") {
            prop_assert!(told(&body).len() <= MAX_SHEETS);
        }
    }
}
