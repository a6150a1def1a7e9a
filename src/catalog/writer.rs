//! The one writer. Verbs that wait at the same time share a transaction and so a flush to disk:
//! each runs inside a savepoint of its own, one after the other, and is answered only after the
//! commit that holds it. A verb that fails leaves nothing behind and does not disturb its
//! neighbours; a commit that fails, fails every verb in it.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::CatalogError;
use crate::domain::{CustomerId, Turns};

/// Verbs that may wait; the next one is refused at once.
const WAITING: usize = 4096;
/// Those of one customer.
const WAITING_OF_ONE: usize = 2048;
/// Verbs in one transaction, so that the first of them does not wait long for the last.
const BATCH: usize = 256;
/// Those of one customer, so that one with very many lengthens nobody's transaction by much.
const BATCH_OF_ONE: usize = 32;
/// How long a verb waits for its turn.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where verbs ask for their turn. Cheap to clone; the writer ends when every clone is dropped.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<(Whose, Request)>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Whose rows a verb is about, where that is one customer.
type Whose = Option<CustomerId>;
/// Somebody who waits for a turn.
type Request = oneshot::Sender<Result<Tx, CatalogError>>;
/// Somebody who waits for the commit.
type Answer = oneshot::Sender<Result<(), CatalogError>>;

/// A verb's turn: the connection, inside a savepoint. Dropped without [`Tx::commit`], what was done
/// in it is undone.
pub(super) struct Tx {
    connection: OwnedMutexGuard<SqliteConnection>,
    keep: oneshot::Sender<Answer>,
}

impl Tx {
    /// Keeps what was done, and waits until it is durable.
    ///
    /// # Errors
    /// When it could not be committed: nothing of it is stored then.
    pub async fn commit(self) -> Result<(), CatalogError> {
        let Self { connection, keep } = self;
        drop(connection);
        let (answer, answered) = oneshot::channel();
        keep.send(answer).map_err(|_| CatalogError::Stopped)?;
        answered.await.unwrap_or(Err(CatalogError::Stopped))
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Writer {
    /// Takes over a connection; `options` make another should this one fail beyond repair.
    pub fn start(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let line = Line { connection: Arc::new(Mutex::new(connection)), options, is_sound: true, turns: Turns::default() };
        tasks.spawn(line.serve(waiting, stop.clone()));
        tasks.close();
        Self { queue, stop, tasks }
    }

    /// A turn for a verb about one customer or none, inside a transaction.
    ///
    /// # Errors
    /// `Busy` when too many wait or the turn does not come in time; `Unavailable` when no
    /// transaction can be begun.
    pub async fn turn(&self, whose: Option<CustomerId>) -> Result<Tx, CatalogError> {
        let (give, take) = oneshot::channel();
        self.queue.try_send((whose, give)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => CatalogError::Busy,
            mpsc::error::TrySendError::Closed(_) => CatalogError::Stopped,
        })?;
        match tokio::time::timeout(PATIENCE, take).await {
            Ok(turn) => turn.unwrap_or(Err(CatalogError::Stopped)),
            Err(_) => Err(CatalogError::Busy),
        }
    }

    /// Serves those who wait already, then closes the connection; the write-ahead log is folded in.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// The connection, and who is served by it.
struct Line {
    connection: Arc<Mutex<SqliteConnection>>,
    options: SqliteConnectOptions,
    /// Whether the connection is outside a transaction and can begin one.
    is_sound: bool,
    /// Those who wait, as far as they have been taken from the queue.
    turns: Turns<Whose, Request>,
}

impl Line {
    async fn serve(mut self, mut waiting: mpsc::Receiver<(Whose, Request)>, stop: CancellationToken) {
        loop {
            self.line_up(&mut waiting);
            if self.turns.waiting() == 0 {
                let first = tokio::select! {
                    biased;
                    first = waiting.recv() => first,
                    () = stop.cancelled() => {
                        // Those who came before the end are served; `recv` then gives nothing.
                        waiting.close();
                        continue;
                    }
                };
                let Some((whose, first)) = first else { break };
                self.join(whose, first);
                continue;
            }
            self.batch(&mut waiting).await;
        }
        if let Some(connection) = Arc::into_inner(self.connection)
            && let Err(error) = connection.into_inner().close().await
        {
            tracing::warn!(error = %error, "the catalog's writer did not close in order");
        }
    }

    /// Takes those who came from the queue into the lines of their customers.
    fn line_up(&mut self, waiting: &mut mpsc::Receiver<(Whose, Request)>) {
        while self.turns.waiting() < WAITING
            && let Ok((whose, request)) = waiting.try_recv()
        {
            self.join(whose, request);
        }
    }

    fn join(&mut self, whose: Whose, request: Request) {
        if let Err(request) = self.turns.join(whose, request, WAITING_OF_ONE) {
            // Who has left in the meantime is not told.
            drop(request.send(Err(CatalogError::Busy)));
        }
    }

    /// One transaction, for those who wait, and those who come before it is done: one of each customer
    /// after the other, and of none more than its share.
    async fn batch(&mut self, waiting: &mut mpsc::Receiver<(Whose, Request)>) {
        if let Err(error) = self.begin().await {
            // Whoever is told of it logs it.
            if let Some((_, first)) = self.turns.next(|_| true) {
                drop(first.send(Err(error.into())));
            }
            return;
        }
        let mut kept = Vec::new();
        let mut served: HashMap<Whose, usize> = HashMap::new();
        let mut fault = None;
        while kept.len() < BATCH {
            self.line_up(waiting);
            let next = self.turns.next(|whose| served.get(&whose).copied().unwrap_or(0) < BATCH_OF_ONE);
            let Some((whose, request)) = next else { break };
            *served.entry(whose).or_default() += 1;
            match self.one(request).await {
                Ok(answer) => kept.extend(answer),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
        }
        let ended = match fault {
            Some(error) => Err(error),
            None if kept.is_empty() => self.execute("ROLLBACK").await,
            None => self.execute("COMMIT").await,
        };
        let failure = match ended {
            Ok(()) => None,
            Err(error) => {
                // SQLite may have rolled back by itself; anything but a connection outside a
                // transaction is replaced before the next verb.
                self.is_sound = false;
                let error = Arc::new(error);
                tracing::error!(error = %error, verbs = kept.len(), "the catalog could not commit; nothing of it is stored");
                Some(error)
            }
        };
        for answer in kept {
            // Nobody listens when the request was dropped; what was committed stays.
            drop(answer.send(failure.clone().map_or(Ok(()), |error| Err(CatalogError::NotCommitted(error)))));
        }
    }

    /// Lends the connection for one verb. An error means that the whole transaction is lost: where
    /// SQLite rolls back by itself (a full disk, an I/O error), the savepoint is gone as well.
    async fn one(&self, request: Request) -> Result<Option<Answer>, sqlx::Error> {
        if request.is_closed() {
            return Ok(None);
        }
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        execute(&mut connection, "SAVEPOINT verb").await?;
        let (keep, kept) = oneshot::channel();
        // One who has left in the meantime drops the turn, which undoes nothing.
        drop(request.send(Ok(Tx { connection, keep })));
        let answer = kept.await.ok();
        if answer.is_none() {
            self.execute("ROLLBACK TO verb").await?;
        }
        self.execute("RELEASE verb").await?;
        Ok(answer)
    }

    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if !self.is_sound {
            let fresh = self.options.connect().await?;
            *self.connection.lock().await = fresh;
            self.is_sound = true;
        }
        // The write lock is taken at once: a transaction that reads first and writes later would fail,
        // not wait, when another process of this folder wrote in between.
        let begun = self.execute("BEGIN IMMEDIATE").await;
        self.is_sound = begun.is_ok();
        begun
    }

    async fn execute(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        execute(&mut *self.connection.lock().await, statement).await
    }
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteJournalMode;

    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    struct Notes {
        writer: Writer,
        options: SqliteConnectOptions,
        _folder: tempfile::TempDir,
    }

    impl Notes {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join("notes.db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            let mut connection = options.connect().await.unwrap();
            execute(&mut connection, "CREATE TABLE notes (text TEXT NOT NULL UNIQUE)").await.unwrap();
            Self { writer: Writer::start(connection, options.clone()), options, _folder: folder }
        }

        /// A verb that notes a text, and keeps it.
        async fn note(&self, text: &str) -> Result<(), CatalogError> {
            let mut tx = self.writer.turn(None).await?;
            write(&mut tx, text).await?;
            tx.commit().await
        }

        /// What is durable, as another connection sees it.
        async fn kept(&self) -> Vec<String> {
            let mut other = self.options.connect().await.unwrap();
            let rows: Vec<(String,)> = sqlx::query_as("SELECT text FROM notes ORDER BY text").fetch_all(&mut other).await.unwrap();
            rows.into_iter().map(|(text,)| text).collect()
        }
    }

    async fn write(tx: &mut Tx, text: &str) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(text).execute(&mut **tx).await.map(|_| ())
    }

    #[tokio::test]
    async fn verbs_that_wait_together_are_durable_together_and_not_before() {
        let notes = Notes::open().await;
        let mut first = notes.writer.turn(None).await.unwrap();
        write(&mut first, "a").await.unwrap();
        let (second, third) = (notes.note("b"), notes.note("c"));
        // The others are in line when the first one asks for its commit, so that one commit serves all.
        let ended = tokio::join!(second, third, async {
            assert_eq!(notes.kept().await, Vec::<String>::new());
            first.commit().await.unwrap();
            notes.kept().await
        });
        assert!(ended.0.is_ok() && ended.1.is_ok(), "{ended:?}");
        assert_eq!(ended.2, ["a", "b", "c"], "one commit held all three");
    }

    #[tokio::test]
    async fn a_verb_that_fails_or_is_dropped_leaves_its_neighbours_alone() {
        let notes = Notes::open().await;
        let first = notes.writer.turn(None).await.unwrap();
        let dropped = async {
            let mut tx = notes.writer.turn(None).await.unwrap();
            write(&mut tx, "dropped").await.unwrap();
        };
        let failing = async { notes.note("b").await.and(notes.note("b").await) };
        let ended = tokio::join!(notes.note("a"), dropped, failing, notes.note("c"), first.commit());
        assert!(matches!(ended.2, Err(CatalogError::Conflict(_))), "{ended:?}");
        assert!(ended.0.is_ok() && ended.3.is_ok() && ended.4.is_ok(), "{ended:?}");
        assert_eq!(notes.kept().await, ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn a_transaction_that_the_engine_gave_up_fails_all_its_verbs_and_the_next_one_works() {
        let notes = Notes::open().await;
        let mut first = notes.writer.turn(None).await.unwrap();
        write(&mut first, "a").await.unwrap();
        let broken = async {
            let mut tx = notes.writer.turn(None).await.unwrap();
            write(&mut tx, "b").await.unwrap();
            // What SQLite does by itself when the disk is full.
            execute(&mut tx, "ROLLBACK").await.unwrap();
        };
        let ended = tokio::join!(broken, first.commit());
        assert!(matches!(ended.1, Err(CatalogError::NotCommitted(_))), "{ended:?}");
        assert_eq!(notes.kept().await, Vec::<String>::new());
        notes.note("c").await.unwrap();
        assert_eq!(notes.kept().await, ["c"]);
    }

    #[tokio::test]
    async fn closing_serves_those_in_line_and_nobody_after() {
        let notes = Notes::open().await;
        let first = notes.writer.turn(None).await.unwrap();
        let ended = tokio::join!(notes.note("a"), notes.note("b"), notes.writer.close(), first.commit());
        assert!(ended.0.is_ok() && ended.1.is_ok() && ended.3.is_ok(), "{ended:?}");
        assert!(matches!(notes.note("late").await, Err(CatalogError::Stopped)));
        assert_eq!(notes.kept().await, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_customer_with_very_many_verbs_lets_another_in_and_its_transaction_end() {
        let notes = Notes::open().await;
        let [noisy, quiet] = [1, 2].map(|seed| CustomerId::new(&ManualClock::at("2026-01-01T00:00:00Z"), &SeededEntropy::new(seed)));
        let first = notes.writer.turn(None).await.unwrap();
        let order = std::sync::Mutex::new(Vec::new());
        let verb = async |whose: CustomerId, text: String| {
            let mut tx = notes.writer.turn(Some(whose)).await.unwrap();
            write(&mut tx, &text).await.unwrap();
            order.lock().unwrap().push(text);
            tx.commit().await.unwrap();
            notes.kept().await.len()
        };
        let many = futures::future::join_all((0..100).map(|number| verb(noisy, format!("noisy {number}"))));
        let (_, kept, ended) = tokio::join!(many, verb(quiet, "quiet".to_owned()), first.commit());
        ended.unwrap();
        // It came last, was the second to be served, and waited for no more than the other's share.
        assert_eq!(order.lock().unwrap().iter().position(|text| text == "quiet"), Some(1));
        assert_eq!(kept, BATCH_OF_ONE + 1);
        assert_eq!(notes.kept().await.len(), 101);
    }

    #[tokio::test]
    async fn too_many_in_line_are_turned_away_at_once() {
        let notes = Notes::open().await;
        let first = notes.writer.turn(None).await.unwrap();
        let mut line = Vec::new();
        for _ in 0..WAITING {
            let (give, take) = oneshot::channel();
            notes.writer.queue.try_send((None, give)).unwrap();
            line.push(take);
        }
        assert!(matches!(notes.writer.turn(None).await, Err(CatalogError::Busy)));
        drop(line);
        first.commit().await.unwrap();
        notes.note("a").await.unwrap();
        assert_eq!(notes.kept().await, ["a"]);
    }
}
