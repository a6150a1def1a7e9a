//! A table as it is told: its columns by their heads, how many rows, ranges of days, sums of quantities. Rows come one
//! after another and are not kept.

use jiff::civil::Date;

use super::cells::Cell;
use crate::domain::{ColumnFacts, DateSpan, Facts, NumberFacts, SheetFacts, clean_text};

/// Rows among which the heads of columns are looked for.
const FIRST_ROWS: usize = 12;
/// Columns that are looked at.
const MAX_COLUMNS: usize = 256;
/// Longest head of a column, in characters.
const MAX_HEAD: usize = 200;

/// How a row begins that sums up others.
const TOTALS: [&str; 14] = [
    "total",
    "totals",
    "subtotal",
    "sum",
    "grand",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "totaal",
    "totale",
    "somme",
    "suma",
    "sous-total",
];

/// Words of a head whose numbers name something, and are nobody's quantity.
const NAMING: [&str; 32] = [
    "id",
    "ids",
    "no",
    "nr",
    "number",
    "num",
    "nummer",
    "numéro",
    "número",
    "code",
    "phone",
    "telephone",
    "tel",
    "telefon",
    "mobile",
    "fax",
    "zip",
    "postcode",
    "postal",
    "plz",
    "ssn",
    "sin",
    "nino",
    "iban",
    "account",
    "konto",
    "card",
    "passport",
    "tax",
    "vat",
    "ean",
    "sku",
];

/// Words of a head whose days are somebody's own.
const BIRTH: [&str; 12] = [
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "geburt",
    "geburtstag",
    "geburtsdatum",
    "geboren",
    "naissance",
    "nacimiento",
    "nascita",
];

/// A table while its rows come.
#[derive(Debug, Default)]
pub(super) struct Table {
    first: Vec<Row>,
    columns: Vec<Column>,
    rows: u64,
    is_begun: bool,
    /// Whether rows were left out.
    pub is_cut: bool,
}

type Row = Vec<(usize, Cell)>;

impl Table {
    /// Takes a row: the cells that hold something, by their columns.
    pub fn row(&mut self, row: Row) {
        if row.is_empty() {
            return;
        }
        if self.is_begun {
            self.count(row);
            return;
        }
        self.first.push(row);
        if self.first.len() == FIRST_ROWS {
            self.begin();
        }
    }

    /// What came of it.
    pub fn told(mut self, name: Option<String>, hidden: bool) -> SheetFacts {
        if !self.is_begun {
            self.begin();
        }
        let columns: Vec<ColumnFacts> =
            self.columns.iter().filter(|column| column.filled > 0 || column.name.is_some()).map(Column::told).collect();
        let more = u32::try_from(columns.len().saturating_sub(Facts::COLUMNS)).unwrap_or(u32::MAX);
        SheetFacts {
            name,
            hidden,
            rows: self.rows,
            complete: !self.is_cut,
            columns: columns.into_iter().take(Facts::COLUMNS).collect(),
            more_columns: more,
        }
    }

    /// Decides which of the first rows is the head; what stands above it is a title, and no row.
    fn begin(&mut self) {
        self.is_begun = true;
        let first = std::mem::take(&mut self.first);
        let head = head_of(&first);
        for (at, row) in first.into_iter().enumerate() {
            match head {
                Some(head) if at < head => {}
                Some(head) if at == head => {
                    for (column, cell) in row {
                        if let Some(column) = self.column(column) {
                            column.name = heading(&cell);
                        }
                    }
                }
                _ => self.count(row),
            }
        }
    }

    fn column(&mut self, at: usize) -> Option<&mut Column> {
        if at >= MAX_COLUMNS {
            return None;
        }
        if self.columns.len() <= at {
            self.columns.resize_with(at + 1, Column::default);
        }
        self.columns.get_mut(at)
    }

    fn count(&mut self, row: Row) {
        if self.rows > 0 && is_total(&row) {
            return;
        }
        self.rows += 1;
        for (at, cell) in row {
            if let Some(column) = self.column(at) {
                column.take(&cell);
            }
        }
    }
}

/// Which of the first rows holds the heads of columns: words side by side, as wide as half the table, with something
/// below. Years and days are heads where words stand in front of them and quantities below.
fn head_of(rows: &[Row]) -> Option<usize> {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    rows.iter().zip(rows.iter().skip(1)).position(|(row, below)| {
        let words = row.iter().filter(|(_, cell)| matches!(cell, Cell::Words(_))).count();
        let is_wide = row.len() >= 2 && row.len() * 2 >= width;
        let is_alone = width == 1 && below.iter().any(|(_, cell)| !matches!(cell, Cell::Words(_)));
        let is_named = row.iter().all(|(_, cell)| match cell {
            Cell::Words(text) => text.chars().count() <= MAX_HEAD,
            _ => false,
        });
        let is_dated = words >= 1
            && words < row.len()
            && matches!(row.first(), Some((_, Cell::Words(_))))
            && row.iter().all(|(at, cell)| match cell {
                Cell::Words(_) => true,
                Cell::Day(_) => is_quantity(below, *at),
                Cell::Number(number) => is_year(*number) && is_quantity(below, *at),
                Cell::Slashed { .. } | Cell::Other => false,
            });
        (is_wide || is_alone) && (is_named || (is_wide && is_dated))
    })
}

fn is_year(number: f64) -> bool {
    number.fract() == 0.0 && (1950.0..=2100.0).contains(&number)
}

fn is_quantity(row: &Row, at: usize) -> bool {
    row.iter().any(|(column, cell)| *column == at && matches!(cell, Cell::Number(number) if !is_year(*number)))
}

fn heading(cell: &Cell) -> Option<String> {
    let text = match cell {
        Cell::Words(text) => clean_text(text, MAX_HEAD),
        Cell::Day(day) => day.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Slashed { .. } | Cell::Other => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn is_total(row: &Row) -> bool {
    let Some((_, Cell::Words(text))) = row.first() else { return false };
    let first = text.split(|sign: char| !(sign.is_alphanumeric() || sign == '-')).next().unwrap_or_default().to_lowercase();
    // A row of words alone is a remark, whatever it begins with.
    TOTALS.contains(&first.as_str()) && row.iter().any(|(_, cell)| matches!(cell, Cell::Number(_)))
}

/// A column while its cells come.
#[derive(Debug, Default)]
struct Column {
    name: Option<String>,
    filled: u64,
    numbers: u64,
    sum: Sum,
    range: Option<(f64, f64)>,
    /// Numbers without a part behind the point, of as many digits as told.
    whole: u64,
    digits: [u64; 20],
    places: u32,
    days: u64,
    span: Option<DateSpan>,
    slashed: u64,
    day_first: Reading,
    month_first: Reading,
}

/// One reading of a column of days.
#[derive(Debug, Default)]
struct Reading {
    count: u64,
    span: Option<DateSpan>,
}

impl Reading {
    fn take(&mut self, day: Option<Date>) {
        if let Some(day) = day {
            self.count += 1;
            self.span = Some(widened(self.span, day));
        }
    }
}

fn widened(span: Option<DateSpan>, day: Date) -> DateSpan {
    span.map_or(DateSpan::of(day), |span| span.with(DateSpan::of(day)))
}

/// A sum that keeps what each addition would lose (Neumaier 1974).
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let total = self.total + value;
        self.lost += if self.total.abs() >= value.abs() { (self.total - total) + value } else { (value - total) + self.total };
        self.total = total;
    }
}

/// Most places behind the point that are told.
const MAX_PLACES: u32 = 6;

impl Column {
    fn take(&mut self, cell: &Cell) {
        self.filled += 1;
        match cell {
            Cell::Number(number) if number.is_finite() => {
                self.numbers += 1;
                self.sum.add(*number);
                self.range = Some(self.range.map_or((*number, *number), |(least, most)| (least.min(*number), most.max(*number))));
                if number.fract() == 0.0 {
                    self.whole += 1;
                    let digits = format!("{:.0}", number.abs()).len();
                    if let Some(count) = self.digits.get_mut(digits.min(19)) {
                        *count += 1;
                    }
                }
                self.places = self.places.max(places(*number));
            }
            Cell::Day(day) => {
                self.days += 1;
                self.span = Some(widened(self.span, *day));
            }
            Cell::Slashed { day_first, month_first } => {
                self.slashed += 1;
                self.day_first.take(*day_first);
                self.month_first.take(*month_first);
            }
            Cell::Number(_) | Cell::Words(_) | Cell::Other => {}
        }
    }

    fn told(&self) -> ColumnFacts {
        ColumnFacts { name: self.name.clone(), dates: self.dates(), numbers: self.quantities() }
    }

    fn has(&self, words: &[&str]) -> bool {
        let name = self.name.as_deref().unwrap_or_default().to_lowercase();
        name.split(|sign: char| !sign.is_alphanumeric()).any(|word| words.contains(&word))
    }

    /// Nearly all of what is in it.
    const fn is_most(&self, count: u64) -> bool {
        count > 0 && count * 5 >= self.filled * 4
    }

    fn dates(&self) -> Option<DateSpan> {
        if !self.is_most(self.days + self.slashed) || self.has(&BIRTH) {
            return None;
        }
        if self.slashed == 0 {
            return self.span;
        }
        // Which reading is meant shows where the other one gives no day; where both always do, nobody knows.
        let slashed = match (self.day_first.count == self.slashed, self.month_first.count == self.slashed) {
            (true, false) => self.day_first.span,
            (false, true) => self.month_first.span,
            _ => None,
        }?;
        Some(self.span.map_or(slashed, |span| span.with(slashed)))
    }

    fn quantities(&self) -> Option<NumberFacts> {
        if !self.is_most(self.numbers) || self.has(&NAMING) || self.names_something() {
            return None;
        }
        let (min, max) = self.range?;
        if self.whole == self.numbers && is_year(min) && is_year(max) {
            return None;
        }
        let sum = rounded(self.sum.total + self.sum.lost, self.places);
        Some(NumberFacts { count: self.numbers, sum, min: rounded(min, self.places), max: rounded(max, self.places) })
    }

    /// Whole numbers of nearly all the same nine digits or more are those of persons, cards, accounts or telephones: their
    /// least and greatest would give two of them away.
    fn names_something(&self) -> bool {
        let most = self.digits.get(9..).unwrap_or_default().iter().max().copied().unwrap_or_default();
        let long: u64 = self.digits.get(13..).unwrap_or_default().iter().sum();
        self.whole == self.numbers && (most * 10 >= self.numbers * 8 || long > 0)
    }
}

/// Places behind the point that a number is written with.
fn places(number: f64) -> u32 {
    (0..MAX_PLACES)
        .find(|places| {
            let shifted = number * 10_f64.powi(i32::try_from(*places).unwrap_or_default());
            (shifted - shifted.round()).abs() < 1e-6
        })
        .unwrap_or(MAX_PLACES)
}

/// As many places as the numbers have that it was made of.
fn rounded(number: f64, places: u32) -> f64 {
    format!("{number:.*}", places as usize).parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::cells::of_text;
    use super::*;

    /// A table of lines whose cells are parted by `|`.
    fn table(lines: &str) -> SheetFacts {
        let mut table = Table::default();
        for line in lines.lines() {
            table.row(line.split('|').enumerate().filter_map(|(at, text)| Some((at, of_text(text)?))).collect());
        }
        table.told(Some("Sheet".to_owned()), false)
    }

    fn named(sheet: &SheetFacts) -> Vec<&str> {
        sheet.columns.iter().map(|column| column.name.as_deref().unwrap_or("-")).collect()
    }

    fn numbers(column: &ColumnFacts) -> Option<(u64, f64, f64, f64)> {
        column.numbers.map(|numbers| (numbers.count, numbers.sum, numbers.min, numbers.max))
    }

    #[test]
    fn columns_have_their_heads_rows_are_counted_and_quantities_summed() {
        let sheet = table(
            "Revenue of 2026\n\nDay|Customer|Amount\n2026-01-03|Acme|10.10\n2026-06-28|Borealis|20.20\n2026-02-01|Acme|0.30\nTotal||30.60",
        );
        assert_eq!((sheet.rows, named(&sheet)), (3, vec!["Day", "Customer", "Amount"]));
        assert_eq!(sheet.dates(), Some(DateSpan { from: date(2026, 1, 3), to: date(2026, 6, 28) }));
        assert_eq!(numbers(&sheet.columns[2]), Some((3, 30.6, 0.3, 20.2)), "and the total is not added to what it sums up");
        assert_eq!((sheet.columns[1].dates, sheet.columns[1].numbers), (None, None));
    }

    #[test]
    fn a_table_without_heads_has_none() {
        let sheet = table("Travel|1200\nRent|3400");
        assert_eq!((sheet.rows, named(&sheet)), (2, vec!["-", "-"]));
        assert_eq!(numbers(&sheet.columns[1]), Some((2, 4600.0, 1200.0, 3400.0)));
        assert_eq!(table("one line of words\nanother one").rows, 2);
        assert_eq!(table("").rows, 0);
    }

    #[test]
    fn years_above_quantities_are_heads() {
        let sheet = table("Region|2024|2025\nNorth|12|13\nSouth|14|15");
        assert_eq!((sheet.rows, named(&sheet)), (2, vec!["Region", "2024", "2025"]));
        assert_eq!(numbers(&sheet.columns[2]), Some((2, 28.0, 13.0, 15.0)));
    }

    #[test]
    fn numbers_that_name_something_are_not_told() {
        for lines in [
            "Name|Customer No\nA|7\nB|9",
            "Name|SSN\nA|78051120\nB|219099999",
            "Name|Ref\nA|123456789\nB|987654321",
            "Name|Reference\nA|12345678901234\nB|1",
            "Name|Year\nA|2024\nB|2025",
        ] {
            assert_eq!(table(lines).columns[1].numbers, None, "{lines}");
        }
        assert!(table("Name|Revenue\nA|123456789.5\nB|12").columns[1].numbers.is_some());
        assert_eq!(table("Name|Date of birth\nA|1980-02-03\nB|1990-02-03").dates(), None);
    }

    #[test]
    fn a_day_with_two_readings_is_told_where_another_one_of_its_column_decides() {
        let span = |lines: &str| table(lines).dates();
        assert_eq!(span("Day|x\n3/4/2026|1\n25/4/2026|2"), Some(DateSpan { from: date(2026, 4, 3), to: date(2026, 4, 25) }));
        assert_eq!(span("Day|x\n3/4/2026|1\n3/25/2026|2"), Some(DateSpan { from: date(2026, 3, 4), to: date(2026, 3, 25) }));
        assert_eq!(span("Day|x\n3/4/2026|1\n3/5/2026|2"), None);
        assert_eq!(span("Day|x\n13/1/2026|1\n1/13/2026|2"), None);
    }

    #[test]
    fn a_column_of_this_and_that_is_neither() {
        let sheet = table("What|Value\nRent|12\nSince|2026-01-01\nWho|Ann");
        assert_eq!((sheet.columns[1].dates, sheet.columns[1].numbers), (None, None));
    }

    #[test]
    fn a_wide_and_long_table_is_bounded() {
        let mut table = Table::default();
        for row in 0..2_000_u32 {
            table.row((0..300).map(|column| (column, Cell::Number(f64::from(row)))).collect());
        }
        assert_eq!(table.columns.len(), MAX_COLUMNS);
        let sheet = table.told(None, true);
        assert_eq!((sheet.rows, sheet.columns.len(), sheet.more_columns), (2_000, Facts::COLUMNS, 226));
        assert!(sheet.hidden && sheet.complete);
    }
}
