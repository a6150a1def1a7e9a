//! Spoken codes: a keyed hash, a few tries, an end. The try is taken before the comparison.

use subtle::ConstantTimeEq;

use super::calls::{Turn, hold_call};
use super::failures::{FailureLimits, Guesser, count_failure, may_guess};
use super::rows::{RowRef, micros};
use super::session::Tx;
use super::{Catalog, CatalogError, audit, sql};
use crate::domain::{AuditEntry, CallId, CodeId, CustomerId, FileId, LinkId, Phone, ShareId, Timestamp};

/// A code to be made.
#[derive(Debug)]
pub struct NewCode {
    /// Which.
    pub id: CodeId,
    /// The link it opens.
    pub link: LinkId,
    /// The call it was made in.
    pub call: CallId,
    /// The number whose calls it is keyed on; `None` for a code that is typed at its link.
    pub caller: Option<Phone>,
    /// Keyed hash of the code with its link, or with the caller's number; hexadecimal.
    pub code_hash: String,
    /// The code itself, sealed.
    pub sealed: String,
    /// Wrong answers it survives.
    pub tries: u32,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A living code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Which.
    pub id: CodeId,
    /// The link it opens.
    pub link: LinkId,
    /// The code itself, sealed.
    pub sealed: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// How a try went. Wrong, expired, used up, revoked and unknown are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is the code.
    Right,
    /// It is not, or there is none.
    Wrong,
}

/// A try, as it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// All that whoever tried may know.
    pub attempt: Attempt,
    /// Whether this was the last try of a code, which opens nothing any more.
    pub is_burned: bool,
    /// Wrong codes at this customer in the present window; 0 where this one was not counted.
    pub failures: u32,
}

/// What a code has opened to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedShare {
    /// The share.
    pub share: ShareId,
    /// Its link.
    pub link: LinkId,
    /// Its file.
    pub file: FileId,
}

/// A code tried at a link.
#[derive(Debug)]
pub struct Guess<'a> {
    /// The link.
    pub link: LinkId,
    /// Keyed hash of what was typed.
    pub code_hash: &'a str,
    /// Who tries.
    pub by: &'a Guesser,
    /// Whether the budget of all customers is spent.
    pub strict: bool,
}

/// A code keyed on a call.
#[derive(Debug)]
pub struct CallGuess<'a> {
    /// The call.
    pub call: CallId,
    /// Counts changes of caller on it.
    pub epoch: u32,
    /// The number it comes from.
    pub number: &'a Phone,
    /// When the platform reported what was keyed: tried once.
    pub heard_at: Timestamp,
    /// Keyed hash of what was keyed, with the number.
    pub code_hash: &'a str,
    /// Who tries.
    pub by: &'a Guesser,
    /// Whether the budget of all customers is spent.
    pub strict: bool,
}

/// How the records tell a try, beside its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It was compared.
    Compared,
    /// It was compared, and was the last try of its code.
    Burned,
    /// There was no living code to compare with.
    Closed,
    /// It was not looked at: too many before it were wrong.
    Limited,
}

impl How {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Compared => "compared",
            Self::Burned => "burned",
            Self::Closed => "closed",
            Self::Limited => "limited",
        }
    }

    /// Of a wrong try, by what the codes it was compared with have left.
    fn of_wrong(left: impl IntoIterator<Item = i64>) -> Self {
        left.into_iter().min().map_or(Self::Closed, |least| if least == 0 { Self::Burned } else { Self::Compared })
    }
}

/// The record of a try.
fn told(base: &AuditEntry, attempt: Attempt, how: How) -> AuditEntry {
    let outcome = match attempt {
        Attempt::Right => "code_right",
        Attempt::Wrong => "code_wrong",
    };
    let reason = base.reason.as_ref().map_or_else(|| how.as_str().to_owned(), |reason| format!("{reason}; {}", how.as_str()));
    AuditEntry { outcome, reason: Some(reason), ..base.clone() }
}

/// A try that was not looked at, or had nothing to be compared with.
const UNSEEN: Tried = Tried { attempt: Attempt::Wrong, is_burned: false, failures: 0 };
/// A try that was right.
const RIGHT: Tried = Tried { attempt: Attempt::Right, is_burned: false, failures: 0 };

/// Codes for calls that a customer has alive at once.
const MOST_CALL_CODES: i64 = 20;

/// Whether a stored hash is the one of what was typed, in a time that tells nothing.
fn is_same(stored: &str, typed: &str) -> bool {
    stored.as_bytes().ct_eq(typed.as_bytes()).into()
}

/// Stores a code; earlier codes of the link, of the same way, are void. `false` when the customer has as many
/// codes for calls as may be alive.
pub(super) async fn insert_code(tx: &mut Tx, customer: CustomerId, code: &NewCode, now: Timestamp) -> Result<bool, CatalogError> {
    let voiding = if code.caller.is_some() {
        "UPDATE codes SET voided_at = $3 WHERE customer_id = $1 AND link_id = $2 AND voided_at IS NULL AND caller_number IS NOT NULL"
    } else {
        "UPDATE codes SET voided_at = $3 WHERE customer_id = $1 AND link_id = $2 AND voided_at IS NULL AND caller_number IS NULL"
    };
    sql::query(voiding).bind(customer.to_string()).bind(code.link.to_string()).bind(micros(now)).execute(tx).await?;
    if code.caller.is_some() {
        let (alive,): (i64,) = sql::query(
            "SELECT COUNT(*) FROM codes WHERE customer_id = $1 AND caller_number IS NOT NULL AND voided_at IS NULL AND tries_left > 0 \
             AND expires_at > $2",
        )
        .bind(customer.to_string())
        .bind(micros(now))
        .fetch_one(tx)
        .await?;
        if alive >= MOST_CALL_CODES {
            return Ok(false);
        }
    }
    sql::query(
        "INSERT INTO codes (id, customer_id, link_id, call_id, code_hash, sealed, tries_left, created_at, expires_at, caller_number) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(code.id.to_string())
    .bind(customer.to_string())
    .bind(code.link.to_string())
    .bind(code.call.to_string())
    .bind(&code.code_hash)
    .bind(&code.sealed)
    .bind(i64::from(code.tries))
    .bind(micros(now))
    .bind(micros(code.expires_at))
    .bind(code.caller.as_ref().map(Phone::as_str))
    .execute(tx)
    .await?;
    Ok(true)
}

impl Catalog {
    /// Stores a code; earlier codes of its link, of the same way, are void. `false`, and nothing stored, when
    /// the customer has as many codes for calls as may be alive.
    ///
    /// # Errors
    /// `Conflict` when the customer has no such link or call; else when it could not be committed.
    pub async fn issue_code(&self, customer: CustomerId, code: &NewCode, entry: &AuditEntry) -> Result<bool, CatalogError> {
        self.verb(|| async {
            let mut tx = self.begin(customer).await?;
            if !insert_code(&mut tx, customer, code, self.clock().now()).await? {
                return Ok(false);
            }
            audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// The living code of a link that was made in this call: the one for the link, or the one for calls.
    ///
    /// # Errors
    /// When the catalog does not answer or the row cannot be read.
    pub async fn living_code(
        &self,
        customer: CustomerId,
        call: CallId,
        link: LinkId,
        for_calls: bool,
    ) -> Result<Option<CodeRecord>, CatalogError> {
        let row: Option<(String, String, i64)> = sql::query(
            "SELECT id, sealed, expires_at FROM codes WHERE customer_id = $1 AND call_id = $2 AND link_id = $3 AND voided_at IS NULL \
             AND tries_left > 0 AND expires_at > $4 AND CASE WHEN caller_number IS NULL THEN 0 ELSE 1 END = $5 ORDER BY id DESC LIMIT 1",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(link.to_string())
        .bind(micros(self.clock().now()))
        .bind(i64::from(for_calls))
        .fetch_optional(&mut self.read(customer).await?)
        .await?;
        let Some((id, sealed, expires_at)) = row else { return Ok(None) };
        let row = RowRef { table: "codes", id: &id };
        Ok(Some(CodeRecord { id: row.parsed(&id)?, link, sealed, expires_at: row.instant(expires_at)? }))
    }

    /// Tries a code on a link. A try is used up before the comparison and given back when it was
    /// right, so parallel guesses never get more than the code has. `base` is recorded with how it went.
    ///
    /// # Errors
    /// When it could not be committed; the answer must then be the same as for a wrong code.
    pub async fn try_code(
        &self,
        customer: CustomerId,
        guess: &Guess<'_>,
        limits: &FailureLimits,
        base: &AuditEntry,
    ) -> Result<Tried, CatalogError> {
        self.verb(|| async {
            let now = self.clock().now();
            let mut tx = self.begin(customer).await?;
            let row: Option<(String, String, i64)> = if may_guess(&mut tx, customer, guess.by, limits, guess.strict, now).await? {
                sql::query(
                    "UPDATE codes SET tries_left = tries_left - 1 WHERE customer_id = $1 AND link_id = $2 AND caller_number IS NULL \
                     AND voided_at IS NULL AND tries_left > 0 AND expires_at > $3 AND EXISTS (SELECT 1 FROM links l JOIN shares s \
                     ON s.id = l.share_id WHERE l.customer_id = $1 AND l.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3) \
                     RETURNING id, code_hash, tries_left",
                )
                .bind(customer.to_string())
                .bind(guess.link.to_string())
                .bind(micros(now))
                .fetch_optional(&mut tx)
                .await?
            } else {
                self.ended(tx, customer, &told(base, Attempt::Wrong, How::Limited)).await?;
                return Ok(UNSEEN);
            };
            // A comparison is made in every case, so that its time tells nothing.
            let (id, stored, left) =
                row.map_or_else(|| (String::new(), "-".repeat(guess.code_hash.len()), None), |(id, stored, left)| (id, stored, Some(left)));
            if is_same(&stored, guess.code_hash) {
                give_back(&mut tx, customer, &id).await?;
                self.ended(tx, customer, &told(base, Attempt::Right, How::Compared)).await?;
                return Ok(RIGHT);
            }
            let failures = count_failure(&mut tx, customer, guess.by, limits, now).await?;
            let how = How::of_wrong(left);
            self.ended(tx, customer, &told(base, Attempt::Wrong, how)).await?;
            Ok(Tried { attempt: Attempt::Wrong, is_burned: how == How::Burned, failures })
        })
        .await
    }

    /// Tries what a caller keyed against every living code for calls from his number. Each of them loses
    /// a try before the comparison; a right one gives all of them back, and opens its share to the caller
    /// for the rest of his call. What was heard is tried once; the answer to a second time is `None`.
    ///
    /// # Errors
    /// `Conflict` when the call has ended or another person has taken the line; else when it could not be
    /// committed.
    pub async fn try_call_code(
        &self,
        customer: CustomerId,
        guess: &CallGuess<'_>,
        limits: &FailureLimits,
        base: &AuditEntry,
    ) -> Result<Option<(Tried, Option<OpenedShare>)>, CatalogError> {
        self.verb(|| async {
            let now = self.clock().now();
            let mut tx = self.begin(customer).await?;
            hold_call(&mut tx, customer, guess.call, Turn::AliveOf(guess.epoch)).await?;
            let fresh = sql::query(
                "UPDATE calls SET heard_tried_at = $3 WHERE customer_id = $1 AND id = $2 AND (heard_tried_at IS NULL OR heard_tried_at < $3)",
            )
            .bind(customer.to_string())
            .bind(guess.call.to_string())
            .bind(micros(guess.heard_at))
            .execute(&mut tx)
            .await?;
            if fresh == 0 {
                return Ok(None);
            }
            if !may_guess(&mut tx, customer, guess.by, limits, guess.strict, now).await? {
                self.ended(tx, customer, &told(base, Attempt::Wrong, How::Limited)).await?;
                return Ok(Some((UNSEEN, None)));
            }
            let rows: Vec<(String, String, String, i64)> = sql::query(
                "UPDATE codes SET tries_left = tries_left - 1 WHERE customer_id = $1 AND caller_number = $2 AND voided_at IS NULL \
                 AND tries_left > 0 AND expires_at > $3 AND EXISTS (SELECT 1 FROM links l JOIN shares s ON s.id = l.share_id \
                 WHERE l.customer_id = $1 AND l.id = codes.link_id AND s.revoked_at IS NULL AND s.expires_at > $3) \
                 RETURNING id, link_id, code_hash, tries_left",
            )
            .bind(customer.to_string())
            .bind(guess.number.as_str())
            .bind(micros(now))
            .fetch_all(&mut tx)
            .await?;
            // As many comparisons as there may be codes, so that their time tells nothing.
            let nothing = "-".repeat(guess.code_hash.len());
            for _ in rows.len()..usize::try_from(MOST_CALL_CODES).unwrap_or_default() {
                std::hint::black_box(is_same(&nothing, guess.code_hash));
            }
            let right: Vec<bool> = rows.iter().map(|(_, _, stored, _)| is_same(stored, guess.code_hash)).collect();
            let Some((_, link, _, _)) = rows.iter().zip(&right).find(|(_, right)| **right).map(|(row, _)| row) else {
                let failures = count_failure(&mut tx, customer, guess.by, limits, now).await?;
                let how = How::of_wrong(rows.iter().map(|(_, _, _, left)| *left));
                self.ended(tx, customer, &told(base, Attempt::Wrong, how)).await?;
                return Ok(Some((Tried { attempt: Attempt::Wrong, is_burned: how == How::Burned, failures }, None)));
            };
            for (id, _, _, _) in &rows {
                give_back(&mut tx, customer, id).await?;
            }
            let opened = open_to_call(&mut tx, customer, guess, link, now).await?;
            let base =
                AuditEntry { object: Some(opened.file.to_string()), reason: Some(format!("share {}", opened.share)), ..base.clone() };
            self.ended(tx, customer, &told(&base, Attempt::Right, How::Compared)).await?;
            Ok(Some((RIGHT, Some(opened))))
        })
        .await
    }

    /// What codes have opened to the present caller of a call, as far as it is still shared.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn opened_in_call(&self, customer: CustomerId, call: CallId, epoch: u32) -> Result<Vec<OpenedShare>, CatalogError> {
        let rows: Vec<(String, String, String)> = sql::query(
            "SELECT g.share_id, l.id, g.file_id FROM call_grants g JOIN shares s ON s.customer_id = g.customer_id AND s.id = g.share_id \
             JOIN links l ON l.customer_id = g.customer_id AND l.share_id = g.share_id WHERE g.customer_id = $1 AND g.call_id = $2 \
             AND g.epoch = $3 AND s.revoked_at IS NULL AND s.expires_at > $4 ORDER BY g.created_at, g.share_id LIMIT 100",
        )
        .bind(customer.to_string())
        .bind(call.to_string())
        .bind(i64::from(epoch))
        .bind(micros(self.clock().now()))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        rows.into_iter()
            .map(|(share, link, file)| {
                let row = RowRef { table: "call_grants", id: &share };
                Ok(OpenedShare { share: row.parsed(&share)?, link: row.parsed(&link)?, file: row.parsed(&file)? })
            })
            .collect()
    }

    /// Records how a try went, and commits it.
    async fn ended(&self, mut tx: Tx, customer: CustomerId, entry: &AuditEntry) -> Result<(), CatalogError> {
        audit::append(&mut tx, self.clock(), self.entropy(), &customer.to_string(), entry).await?;
        tx.commit().await
    }
}

async fn give_back(tx: &mut Tx, customer: CustomerId, code: &str) -> Result<(), CatalogError> {
    sql::query("UPDATE codes SET tries_left = tries_left + 1 WHERE customer_id = $1 AND id = $2")
        .bind(customer.to_string())
        .bind(code)
        .execute(tx)
        .await?;
    Ok(())
}

async fn open_to_call(
    tx: &mut Tx,
    customer: CustomerId,
    guess: &CallGuess<'_>,
    link: &str,
    now: Timestamp,
) -> Result<OpenedShare, CatalogError> {
    let (share, file): (String, String) = sql::query(
        "SELECT s.id, s.file_id FROM links l JOIN shares s ON s.customer_id = l.customer_id AND s.id = l.share_id \
         WHERE l.customer_id = $1 AND l.id = $2",
    )
    .bind(customer.to_string())
    .bind(link)
    .fetch_one(tx)
    .await?;
    sql::query(
        "INSERT INTO call_grants (customer_id, call_id, epoch, share_id, file_id, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (customer_id, call_id, epoch, share_id) DO NOTHING",
    )
    .bind(customer.to_string())
    .bind(guess.call.to_string())
    .bind(i64::from(guess.epoch))
    .bind(&share)
    .bind(&file)
    .bind(micros(now))
    .execute(tx)
    .await?;
    let row = RowRef { table: "links", id: link };
    Ok(OpenedShare { share: row.parsed(&share)?, link: row.parsed(link)?, file: row.parsed(&file)? })
}
