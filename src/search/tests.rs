//! The room as its callers see it: a small customer's files, found the way people ask.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, date};

use super::*;
use crate::domain::{Category, CustomerId, FileId, FileName, Folder, ManualClock, SeededEntropy};

struct Shelf {
    _folder: tempfile::TempDir,
    index: Arc<CustomerIndex>,
    files: Vec<(String, FileId)>,
}

/// A row of the office's shelf: number, name, title, author, kind, date, text, who may see it.
type Row<'a> = (u64, &'a str, &'a str, &'a str, Category, Option<Date>, &'a str, &'a [&'a str]);

fn doc((number, name, title, author, category, on, text, tokens): Row) -> Doc {
    let clock = ManualClock::at("2026-01-01T00:00:00Z");
    clock.advance_seconds(i64::try_from(number).unwrap() * 86_400);
    Doc {
        file: FileId::new(&clock, &SeededEntropy::new(number)),
        title: title.to_owned(),
        name: FileName::parse(name).unwrap(),
        author: (!author.is_empty()).then(|| author.to_owned()),
        tags: Vec::new(),
        topic: None,
        category,
        folder: Folder::parse("").unwrap(),
        date: on,
        added: crate::domain::Clock::now(&clock),
        text: text.to_owned(),
        tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
    }
}

fn office() -> Vec<Doc> {
    use Category::{Document, Mail, Presentation, Recording, Spreadsheet};
    let all = &["members"][..];
    [
        (
            1,
            "Q1_2025_financial_report.pdf",
            "Financial report Q1 2025",
            "Maria Lopez",
            Document,
            Some(date(2025, 4, 14)),
            "revenue grew",
            all,
        ),
        (2, "2025Q2-financials.pdf", "Financial report Q2 2025", "Maria Lopez", Document, Some(date(2025, 7, 15)), "revenue fell", all),
        (3, "2024Q2-financials.pdf", "Financial report Q2 2024", "Maria Lopez", Document, Some(date(2024, 7, 16)), "revenue flat", all),
        (4, "invoice_4729.pdf", "Acme invoice 4729", "Acme", Document, Some(date(2026, 3, 3)), "anvils and rockets", all),
        (5, "invoice_5100.pdf", "Acme invoice 5100", "Acme", Document, Some(date(2026, 1, 20)), "more anvils", all),
        (
            6,
            "northwind-invoice.pdf",
            "Northwind invoice",
            "Northwind Traders",
            Document,
            Some(date(2026, 2, 11)),
            "olive oil and cheese",
            all,
        ),
        (
            7,
            "Lease12MainStreet.docx",
            "Lease agreement 12 Main Street",
            "Harbor Realty",
            Document,
            Some(date(2023, 5, 1)),
            "the tenant may keep a cat",
            all,
        ),
        (
            8,
            "lease_elm.docx",
            "Lease agreement 40 Elm Avenue",
            "Harbor Realty",
            Document,
            Some(date(2024, 9, 1)),
            "no pets of any kind",
            all,
        ),
        (9, "NDA_Globex_v2.docx", "Globex NDA v2", "Legal", Document, Some(date(2025, 11, 5)), "confidential information", all),
        (10, "NDA_Globex_v1.docx", "Globex NDA v1", "Legal", Document, Some(date(2025, 10, 2)), "confidential information", all),
        (11, "headcount.xlsx", "Headcount plan 2026", "Human Resources", Spreadsheet, Some(date(2026, 1, 5)), "", all),
        (
            12,
            "kickoff.pptx",
            "Project Kestrel kickoff",
            "Siobhan Kowalski",
            Presentation,
            Some(date(2026, 2, 2)),
            "goals and milestones",
            all,
        ),
        (13, "call.m4a", "Call with Katherine Meyer", "", Recording, Some(date(2026, 2, 20)), "pricing of the renewal", all),
        (14, "kestrel_budget.xlsx", "Project Kestrel budget", "Siobhan Kowalski", Spreadsheet, Some(date(2026, 2, 3)), "", all),
        (15, "re-offer.eml", "Re: offer for the warehouse", "Tom Brandt", Mail, Some(date(2025, 12, 9)), "we accept", all),
        (16, "salaries.xlsx", "Salaries 2026", "Human Resources", Spreadsheet, Some(date(2026, 1, 6)), "bonus", &["user-7"][..]),
    ]
    .map(doc)
    .to_vec()
}

async fn shelf() -> Shelf {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path()).await;
    let docs = office();
    let files = docs.iter().map(|doc| (doc.title.clone(), doc.file)).collect();
    index.apply(docs.into_iter().map(|doc| Change::Put(Box::new(doc))).collect(), 16).await.unwrap();
    Shelf { _folder: folder, index, files }
}

fn customer(seed: u64) -> CustomerId {
    CustomerId::new(&ManualClock::at("2026-01-01T00:00:00Z"), &SeededEntropy::new(seed))
}

async fn open(folder: &Path) -> Arc<CustomerIndex> {
    Indexes::open(folder.to_owned(), IndexSettings::default()).unwrap().customer(customer(1)).await.unwrap()
}

fn ask(text: &str) -> Query {
    Query {
        text: text.to_owned(),
        alternatives: Vec::new(),
        heard: None,
        kind: None,
        today: date(2026, 3, 4),
        visible: Visible::All,
        limit: 5,
    }
}

impl Shelf {
    fn titles(&self, hits: &Hits) -> Vec<String> {
        let title = |file: FileId| self.files.iter().find(|(_, known)| *known == file).map(|(title, _)| title.clone()).unwrap();
        hits.hits.iter().map(|hit| title(hit.file)).collect()
    }

    async fn first(&self, query: Query) -> (String, Certainty) {
        let hits = self.index.search(query).await.unwrap();
        (self.titles(&hits).first().cloned().unwrap_or_default(), hits.certainty)
    }
}

#[tokio::test]
async fn the_file_is_found_by_how_it_was_said() {
    let shelf = shelf().await;
    for (said, title) in [
        ("Q2 2025 financial report", "Financial report Q2 2025"),
        ("uh the q two twenty twenty five financial report please", "Financial report Q2 2025"),
        ("cue too twenty twenty four financials", "Financial report Q2 2024"),
        ("financial report for the first quarter of twenty twenty five", "Financial report Q1 2025"),
        ("acme invoice four seven two nine", "Acme invoice 4729"),
        ("invoice forty seven twenty nine", "Acme invoice 4729"),
        ("the ack me invoice from march", "Acme invoice 4729"),
        ("north wind invoice", "Northwind invoice"),
        ("lease for twelve main street", "Lease agreement 12 Main Street"),
        ("the elm avenue lease", "Lease agreement 40 Elm Avenue"),
        ("globex n d a version two", "Globex NDA v2"),
        ("the first version of the globex nda, version one", "Globex NDA v1"),
        ("headcount plan", "Headcount plan 2026"),
        ("project kestral kickoff", "Project Kestrel kickoff"),
        ("the kestrel deck", "Project Kestrel kickoff"),
        ("the kestrel spreadsheet", "Project Kestrel budget"),
        ("recording of the call with catherine mayer", "Call with Katherine Meyer"),
        ("the contract where the tenant may keep a cat", "Lease agreement 12 Main Street"),
        ("the email about the warehouse", "Re: offer for the warehouse"),
        ("the invoice from last month", "Northwind invoice"),
        ("invoice of february", "Northwind invoice"),
        ("the headcuont plan", "Headcount plan 2026"),
    ] {
        assert_eq!(shelf.first(ask(said)).await.0, title, "{said}");
    }
}

#[tokio::test]
async fn certainty_tells_one_from_several_and_from_none() {
    let shelf = shelf().await;
    for (said, certainty) in [
        ("Q2 2025 financial report", Certainty::One),
        ("invoice four seven two nine", Certainty::One),
        ("financial report", Certainty::Several),
        ("the acme invoice", Certainty::Several),
        ("the globex nda", Certainty::Several),
        ("zoning permit for the zeppelin hangar", Certainty::Weak),
        ("", Certainty::Weak),
    ] {
        assert_eq!(shelf.first(ask(said)).await.1, certainty, "{said}");
    }
    // A year nobody wrote is never answered with another year for sure.
    assert_ne!(shelf.first(ask("Q2 2019 financial report")).await.1, Certainty::One);
}

#[tokio::test]
async fn only_visible_files_are_found() {
    let shelf = shelf().await;
    let seen = |visible: Visible| Query { visible, ..ask("salaries 2026") };
    assert_eq!(shelf.first(seen(Visible::All)).await.0, "Salaries 2026");
    assert_eq!(shelf.first(seen(Visible::AnyOf(vec!["user-7".into()]))).await.0, "Salaries 2026");
    let members = shelf.index.search(seen(Visible::AnyOf(vec!["members".into()]))).await.unwrap();
    assert!(!shelf.titles(&members).contains(&"Salaries 2026".to_owned()));
    assert!(shelf.index.search(seen(Visible::AnyOf(Vec::new()))).await.unwrap().hits.is_empty());
    let many: Vec<String> = (0..100).map(|n| format!("user-{n}")).collect();
    assert_eq!(shelf.first(seen(Visible::AnyOf(many.clone()))).await.0, "Salaries 2026");
    let browse = shelf.index.search(Query { visible: Visible::AnyOf(many), ..ask("the latest file") }).await.unwrap();
    assert_eq!(shelf.titles(&browse), ["Salaries 2026"]);
}

#[tokio::test]
async fn kinds_and_recency_alone_browse() {
    let shelf = shelf().await;
    assert_eq!(shelf.first(ask("the recording")).await, ("Call with Katherine Meyer".to_owned(), Certainty::One));
    assert_eq!(shelf.first(ask("the latest spreadsheet")).await, ("Salaries 2026".to_owned(), Certainty::One));
    assert_eq!(shelf.first(ask("the latest invoice")).await.0, "Northwind invoice");
    let kind = Query { kind: Some(Category::Spreadsheet), ..ask("kestrel") };
    assert_eq!(shelf.first(kind).await.0, "Project Kestrel budget");
    let month = shelf.index.search(ask("files from this month")).await.unwrap();
    assert_eq!(shelf.titles(&month), ["Acme invoice 4729"]);
}

#[tokio::test]
async fn other_phrasings_and_the_callers_own_words_help() {
    let shelf = shelf().await;
    let alternatives = Query { alternatives: vec!["main street lease".into()], ..ask("rental contract mainstreet") };
    assert_eq!(shelf.first(alternatives).await.0, "Lease agreement 12 Main Street");
    let heard = Query { heard: Some("share the two thousand twenty four financial report with john".into()), ..ask("financial report") };
    assert_eq!(shelf.first(heard).await.0, "Financial report Q2 2024");
}

#[tokio::test]
async fn what_is_removed_or_changed_is_found_no_more() {
    let shelf = shelf().await;
    let mut headcount = office().remove(10);
    headcount.title = "Staffing outlook".to_owned();
    headcount.name = FileName::parse("outlook.xlsx").unwrap();
    let lease = office().remove(6).file;
    shelf.index.apply(vec![Change::Put(Box::new(headcount)), Change::Remove(lease)], 18).await.unwrap();
    assert_eq!((shelf.index.applied(), shelf.index.count()), (18, 15));
    let hits = shelf.index.search(ask("lease main street")).await.unwrap();
    assert!(hits.hits.iter().all(|hit| hit.file != lease));
    assert_eq!(shelf.first(ask("staffing outlook")).await.0, "Headcount plan 2026");
    assert_ne!(shelf.first(ask("headcount plan")).await.1, Certainty::One);
}

#[tokio::test]
async fn an_index_remembers_across_openings() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await;
    assert_eq!(first.applied(), 0);
    first.apply(vec![Change::Put(Box::new(office().remove(3)))], 7).await.unwrap();
    first.apply(Vec::new(), 9).await.unwrap();
    drop(first);
    let again = open(folder.path()).await;
    assert_eq!((again.applied(), again.count()), (9, 1));
    assert_eq!(again.search(ask("acme invoice")).await.unwrap().hits.len(), 1);
}

#[tokio::test]
async fn a_damaged_index_begins_anew() {
    for damage in ["meta.json", "segments"] {
        let folder = tempfile::tempdir().unwrap();
        let index = open(folder.path()).await;
        index.apply(vec![Change::Put(Box::new(office().remove(3)))], 7).await.unwrap();
        drop(index);
        let inside = folder.path().join(customer(1).to_string());
        for entry in std::fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_segment = ["idx", "store", "term", "pos"].iter().any(|end| name.ends_with(end));
            if name == damage || damage == "segments" && is_segment {
                std::fs::write(&path, b"{").unwrap();
            }
        }
        let again = open(folder.path()).await;
        assert_eq!((again.applied(), again.count()), (0, 0), "{damage}");
        again.apply(vec![Change::Put(Box::new(office().remove(3)))], 8).await.unwrap();
        assert_eq!(again.search(ask("acme invoice")).await.unwrap().hits.len(), 1, "{damage}");
    }
}

#[tokio::test]
async fn customers_are_apart_and_idle_indexes_close() {
    let folder = tempfile::tempdir().unwrap();
    let indexes = Indexes::open(folder.path().to_owned(), IndexSettings { keep_open: 2, ..IndexSettings::default() }).unwrap();
    let held = indexes.customer(customer(1)).await.unwrap();
    held.apply(vec![Change::Put(Box::new(office().remove(3)))], 1).await.unwrap();
    for seed in 2..6 {
        let other = indexes.customer(customer(seed)).await.unwrap();
        assert!(other.search(ask("acme invoice")).await.unwrap().hits.is_empty());
    }
    assert_eq!(indexes.open_count(), 2);
    assert!(Arc::ptr_eq(&held, &indexes.customer(customer(1)).await.unwrap()));
}
