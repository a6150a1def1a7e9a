//! Sending pairs of requests that differ in one place, and comparing what comes of them.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use satchel::domain::{SeededEntropy, random_bytes};
use serde_json::{Value, json};

use super::places::{At, Kind, Place, body, places, put};
use super::sides::{ANN, BEN, Side, objects};
use super::state::{Catalog, Rows, ids, slugs, typed_ids};
use crate::adoption::{Adopting, Versions};
use crate::support::{Answer, Call, DIRECT_PART, Kind as Store, World};

/// Pairs after which Ann's two calls are new ones.
const PAIRS_OF_A_CALL: usize = 200;
/// Texts that nobody has which are tried until one sounds like nothing of Ann's, as Ben's does.
const DRAWS: usize = 8;
/// Seconds between two pairs: limits of rate are not what is compared.
const PACE_SECONDS: i64 = 6;
/// Signs at the end of an id that no clock made.
const RANDOM: usize = 16;
/// Signs at the end of an id that are another's when they are others; the ones before hold its time and kind.
const RANDOM_END: usize = 12;
const BASE32: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Ann asks; nothing may happen to Ben.
pub struct Differential {
    adopting: Adopting,
    ann: Side,
    ben: Side,
    catalog: Catalog,
    /// Ben's rows, objects and ids as they were.
    rows: Rows,
    objects: BTreeMap<String, String>,
    ids: BTreeMap<String, BTreeSet<String>>,
    /// Ann's ids when it began.
    own: BTreeMap<String, BTreeSet<String>>,
    /// Two calls of Ann's with the same past, one for each half of a pair.
    twins: [Call; 2],
    entropy: SeededEntropy,
    pairs: usize,
}

/// Whether what is random in an id has no letters in a row that could be heard as a word of Ann's.
fn is_mute(id: &str) -> bool {
    id.get(id.len() - RANDOM..).is_some_and(|random| random.split(|c: char| c.is_ascii_digit()).all(|letters| letters.len() < 3))
}

/// A text without the words in which an address is spelled.
fn without_spelling(text: &str, address: &str) -> String {
    const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let mut text = text.to_owned();
    while let Some(from) = text.find("\"spell\":[") {
        let to = text[from..].find(']').unwrap();
        text.replace_range(from..=from + to, "");
    }
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let own: BTreeSet<String> = words(address).into_iter().collect();
    let is_spelling =
        |word: &str| word.len() < 2 || DIGITS.contains(&word) || own.contains(word) || word.chars().all(|c| c.is_ascii_digit());
    words(&text).into_iter().filter(|word| !is_spelling(word)).collect::<Vec<_>>().join(" ")
}

/// What one request came to.
struct Outcome {
    answer: Answer,
    /// What Ann's trail says of it.
    records: Vec<String>,
}

impl Differential {
    pub async fn start(seed: u64) -> Self {
        let adopting = Adopting::taking(Store::Embedded, Versions::Lost, 2 * DIRECT_PART).await;
        let (ann, ben) = (adopting.ann.clone(), adopting.ben.clone());
        let ann = Side::furnish(&adopting, &ann, &ANN).await;
        let ben = Side::furnish(&adopting, &ben, &BEN).await;
        let twins = [ann.call(&adopting.world).await, ann.call(&adopting.world).await];
        let mut catalog = Catalog::open(adopting.world.folder()).await;
        let rows = catalog.rows(&ben.tenant.customer).await;
        let (objects, own) = (objects(&adopting, &ben.tenant).await, ids(&catalog.rows(&ann.tenant.customer).await));
        let ids = ids(&rows);
        Self { adopting, ann, ben, catalog, rows, objects, ids, own, twins, entropy: SeededEntropy::new(seed), pairs: 0 }
    }

    pub async fn end(self) {
        self.adopting.close().await;
    }

    /// Requests of pairs so far.
    pub const fn sent(&self) -> usize {
        2 * self.pairs
    }

    /// Every place that can be filled. One for which Ben has nothing is a place that nobody tries.
    pub fn places(&self) -> Vec<Place> {
        let places = places();
        for place in &places {
            if let Kind::Id(prefixes) = &place.kind {
                let known = prefixes.iter().any(|prefix| self.ids.contains_key(prefix));
                assert!(known, "{}: Ben has none; give him one in `sides`", place.name());
            }
        }
        places
    }

    /// Fills a place with something of Ben's, and with something like it that nobody has.
    pub async fn compare(&mut self, place: &Place) {
        let theirs = self.of_bens(place);
        // What nobody has may still sound like something of Ann's. Then another text is made up: what Ben's own is
        // answered with must be the answer to one of them.
        let draws = if place.kind == Kind::Text { DRAWS } else { 1 };
        for draw in 1..=draws {
            let nobodys = self.unlike(&theirs);
            let name = format!("{} with `{theirs}` and `{nobodys}`", place.name());
            self.adopting.world.clock.advance_seconds(PACE_SECONDS);
            let one = self.outcome(place, &theirs, 0).await;
            assert!(one.answer.status != 429 && one.answer.status < 500, "{name}: {:?}", one.answer);
            let other = self.outcome(place, &nobodys, 1).await;
            self.pairs += 1;
            let (said, expected) = (self.told(&one, &theirs), self.told(&other, &nobodys));
            if said == expected {
                break;
            }
            assert!(draw < draws, "{name}:\n{said:#?}\n{expected:#?}");
            self.renew_twins().await;
        }
        if self.pairs.is_multiple_of(PAIRS_OF_A_CALL) {
            self.renew_twins().await;
        }
    }

    /// An answer, and the records it left, as they are compared.
    fn told(&self, outcome: &Outcome, sent: &str) -> (String, Vec<String>) {
        let records = outcome.records.iter().map(|record| self.record(record, sent)).collect();
        (self.plain(&outcome.answer.comparable(sent), sent), records)
    }

    async fn renew_twins(&mut self) {
        self.twins = [self.ann.call(self.world()).await, self.ann.call(self.world()).await];
    }

    /// Shows that the place is read at all: with something of Ann's own the answer is another one.
    pub async fn assert_it_is_read(&mut self, place: &Place) {
        let Kind::Id(prefixes) = &place.kind else { return };
        // A key names no customer at all, and a page begins after an id whether it is there or not.
        if ["customer", "after"].iter().any(|name| place.at == At::Query((*name).to_owned())) || place.is_endless() {
            return;
        }
        let mut rows = self.catalog.rows(&self.ann.tenant.customer).await;
        // The trail names what she asked for in vain, too.
        rows.remove("audit");
        let own = ids(&rows);
        let own: Vec<String> = prefixes.iter().filter_map(|prefix| own.get(prefix)).flatten().cloned().collect();
        // The newest first: the oldest key is the one that asks.
        for id in own.into_iter().rev() {
            let nobodys = self.unlike(&id);
            self.adopting.world.clock.advance_seconds(PACE_SECONDS);
            let known = self.outcome(place, &id, 0).await.answer.comparable(&id);
            let unknown = self.outcome(place, &nobodys, 1).await.answer.comparable(&nobodys);
            // One of them may have been ended just now.
            if known == unknown || place.path.starts_with("/v1/calls") {
                self.renew_twins().await;
            }
            if known != unknown {
                return;
            }
        }
        panic!("{}: an id of one's own is answered as an unknown one: nothing is compared here", place.name());
    }

    pub async fn assert_ben_is_as_he_was(&mut self) {
        let rows = self.catalog.rows(&self.ben.tenant.customer).await;
        for (table, before) in &self.rows {
            let now = rows.get(table).cloned().unwrap_or_default();
            assert_eq!(now.symmetric_difference(before).collect::<Vec<_>>(), Vec::<&String>::new(), "Ben's rows of `{table}`");
        }
        assert_eq!(rows.len(), self.rows.len(), "Ben has rows in other tables: {:?}", rows.keys());
        assert_eq!(objects(&self.adopting, &self.ben.tenant).await, self.objects, "Ben's objects");
    }

    const fn world(&self) -> &World {
        &self.adopting.world
    }

    fn below(&self, end: usize) -> usize {
        let drawn = u64::from_le_bytes(random_bytes::<8>(&self.entropy));
        usize::try_from(drawn % end as u64).unwrap()
    }

    fn one_of<'a>(&self, from: &[&'a String]) -> &'a String {
        from[self.below(from.len())]
    }

    /// Something of Ben's that can stand in the place.
    fn of_bens(&self, place: &Place) -> String {
        match &place.kind {
            Kind::Id(prefixes) => {
                self.one_of(&prefixes.iter().filter_map(|prefix| self.ids.get(prefix)).flatten().collect::<Vec<_>>()).clone()
            }
            Kind::Slug => self.ben.slug.clone(),
            Kind::Text => {
                let ids = self.ids.values().flatten().filter(|id| is_mute(id));
                self.one_of(&self.ben.texts.iter().chain(ids).collect::<Vec<_>>()).clone()
            }
        }
    }

    /// Something of the same form and length that nobody has.
    fn unlike(&self, text: &str) -> String {
        if typed_ids(text) == [text] {
            let (start, _) = text.split_at(text.len() - RANDOM_END);
            let end: String =
                random_bytes::<RANDOM_END>(&self.entropy).iter().map(|byte| char::from(BASE32[usize::from(byte % 32)])).collect();
            return format!("{start}{end}");
        }
        // Letter for letter of its kind, so that the text is said as easily; the first digits of a number name its country.
        let other = |from: &str| char::from(from.as_bytes()[self.below(from.len())]);
        let letter = |(at, c): (usize, char)| match c {
            'a' | 'e' | 'i' | 'o' | 'u' => other("aeiou"),
            'A' | 'E' | 'I' | 'O' | 'U' => other("AEIOU"),
            'a'..='z' => other("bdfgklmnprstvz"),
            'A'..='Z' => other("BDFGKLMNPRSTVZ"),
            '0'..='9' if at > 4 => other("0123456789"),
            _ => c,
        };
        text.chars().enumerate().map(letter).collect()
    }

    /// Asks with a value in the place.
    async fn outcome(&mut self, place: &Place, value: &str, twin: usize) -> Outcome {
        let customer = self.ann.tenant.customer.clone();
        let before = self.catalog.last_record(&customer).await;
        let token = match place.asks {
            "key" => self.ann.tenant.key.as_str(),
            "call" => &self.twins[twin].token,
            _ => "",
        };
        let answer = Answer::of(self.request(place, value, token, twin).send().await.unwrap()).await;
        Outcome { answer, records: self.catalog.records_after(&customer, before).await }
    }

    fn request(&self, place: &Place, value: &str, token: &str, twin: usize) -> reqwest::RequestBuilder {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut path = place.path.clone();
        let mut query = Vec::new();
        for parameter in place.operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let is_it = matches!(&place.at, At::Path(at) | At::Query(at) if at == name);
            match parameter["in"].as_str() {
                Some("path") => {
                    let part = if is_it { value.to_owned() } else { self.own(name, twin) };
                    path = path.replace(&format!("{{{name}}}"), &encoded(&part));
                }
                Some("query") if is_it => query.push(format!("{name}={}", encoded(value))),
                Some("query") if parameter["required"] == true => {
                    query.push(format!("{name}={}", if parameter["schema"]["type"] == "integer" { "1" } else { "x.txt" }));
                }
                _ => {}
            }
        }
        let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        let mut request = self.world().request(Method::from_bytes(place.method.as_bytes()).unwrap(), &path, token);
        if let At::Header(name) = &place.at {
            request = request.header(name, value);
        }
        if let Some(mut body) = body(&place.operation) {
            self.with_own_ids(&mut body);
            if let At::Body { pointer, is_list } = &place.at {
                put(&mut body, pointer, if *is_list { json!([value]) } else { json!(value) });
            }
            request = request.json(&body);
        } else if place.operation.pointer("/requestBody/content/application~1octet-stream").is_some() {
            request = request.body("x");
        }
        request
    }

    /// Puts ids of Ann's own in the place of those of an example.
    fn with_own_ids(&self, body: &mut Value) {
        match body {
            Value::Object(fields) => fields.values_mut().for_each(|field| self.with_own_ids(field)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.with_own_ids(item)),
            Value::String(text) if typed_ids(text) == [text.as_str()] => {
                let own = text.rsplit_once('_').and_then(|(prefix, _)| self.own.get(prefix)?.first());
                if let Some(own) = own {
                    text.clone_from(own);
                }
            }
            _ => {}
        }
    }

    /// Something of Ann's own for another part of the path.
    fn own(&self, name: &str, twin: usize) -> String {
        match name {
            "version" => "1".to_owned(),
            // The other parts of a path with a call are about the call.
            "call" => self.twins[twin].id.clone(),
            "slug" => self.ann.upload_slug.clone(),
            // The only people with a path below them are teams.
            "person" => self.own("team", twin),
            other => self.own.get(other).and_then(BTreeSet::first).unwrap_or_else(|| panic!("Ann has no `{other}`")).clone(),
        }
    }

    /// A text without what was sent and without ids and links that are new; Ben's stay to be seen.
    fn plain(&self, text: &str, sent: &str) -> String {
        let mut text = text.replace(sent, "SENT");
        for slug in slugs(&text).into_iter().filter(|slug| *slug != self.ben.slug && *slug != self.ben.upload_slug) {
            text = text.replace(&slug, "SLUG");
        }
        let found: BTreeSet<String> = typed_ids(&text).into_iter().map(str::to_owned).collect();
        for id in found {
            let (prefix, _) = id.rsplit_once('_').unwrap();
            let is_bens = self.ids.get(prefix).is_some_and(|ids| ids.contains(&id));
            if !is_bens {
                text = text.replace(&id, prefix);
            }
        }
        // How long it is follows from the rest.
        let text: String = text.lines().filter(|line| !line.starts_with("content-length:")).collect::<Vec<_>>().join("\n");
        // A number or a mail address is read back, sign for sign.
        if sent.starts_with('+') || sent.contains('@') { without_spelling(&text, sent) } else { text }
    }

    /// A record without what no two have in common.
    fn record(&self, record: &str, sent: &str) -> String {
        let mut record: Value = serde_json::from_str(record).unwrap();
        for field in ["id", "seq", "previous", "request_id"] {
            record.as_object_mut().unwrap().remove(field);
        }
        self.plain(&record.to_string(), sent)
    }
}
