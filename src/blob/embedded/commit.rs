//! The one writer of the index. Changes that wait at the same time share a transaction and so a
//! flush to disk; each is answered only after the commit that holds it.

use std::sync::Arc;
use std::thread;

use redb::WriteTransaction;
use tokio::sync::broadcast::Sender;
use tokio::sync::{mpsc, oneshot};

use super::index::{Index, IndexError};
use super::raise::{Raised, Raiser};

/// Changes that may wait.
const QUEUE: usize = 1024;
/// Changes in one transaction.
const BATCH: usize = 256;

/// How the transaction of a change ended, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is durable.
    Committed,
    /// The commit failed on its way to the disk: after a restart it may be there or not.
    Unknown,
}

type Finish = Box<dyn FnOnce(Ending) + Send>;
type Change = Box<dyn FnOnce(&WriteTransaction) -> Result<Finish, IndexError> + Send>;

/// Hands changes to the writer. The writer ends when every clone is dropped.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Change>,
    listeners: Sender<Raised>,
}

/// The writer's thread.
#[derive(Debug)]
pub struct WriterThread(thread::JoinHandle<()>);

impl WriterThread {
    /// Waits until the last change is committed. Blocks.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the writer of the embedded store's index ended by a panic");
        }
    }
}

impl Writer {
    /// Starts the writer.
    pub fn start(index: Arc<Index>) -> std::io::Result<(Self, WriterThread)> {
        let (queue, mut waiting) = mpsc::channel::<Change>(QUEUE);
        let mut raiser = Raiser::new();
        let listeners = raiser.listeners();
        let thread = thread::Builder::new().name("blob-index".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < BATCH
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next);
                }
                let committed = run(&index, batch);
                match &committed {
                    Ok(()) => raiser.committed(),
                    Err(_) => Raiser::dropped(),
                }
                if let Err(error) = committed {
                    tracing::error!(error = &error as &dyn std::error::Error, "the embedded store could not write its index");
                }
            }
        })?;
        Ok((Self { queue, listeners }, WriterThread(thread)))
    }

    /// From where listeners to what is written and removed are made.
    pub fn listeners(&self) -> Sender<Raised> {
        self.listeners.clone()
    }

    /// Applies a change and waits for its commit. `settle` runs on the writer's thread after the
    /// commit even when the caller is gone by then; it is not run when nothing was committed.
    ///
    /// INVARIANT: a change that refuses writes nothing, since its neighbours are committed with it.
    pub async fn commit<R, T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<R, IndexError> + Send + 'static,
        settle: impl FnOnce(R, Ending) -> T + Send + 'static,
    ) -> Result<T, IndexError>
    where
        R: Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let change: Change = Box::new(move |transaction| {
            let result = change(transaction)?;
            Ok(Box::new(move |ending| {
                let settled = settle(result, ending);
                if ending == Ending::Committed {
                    // Nobody listens when the request was dropped; what had to be done is done.
                    drop(answer.send(settled));
                }
            }))
        });
        self.queue.send(change).await.map_err(|_| IndexError::Stopping)?;
        answered.await.map_err(|_| IndexError::NotCommitted)
    }
}

fn run(index: &Index, batch: Vec<Change>) -> Result<(), IndexError> {
    index.on(|db| {
        let transaction = db.begin_write()?;
        let mut finishes = Vec::with_capacity(batch.len());
        for change in batch {
            // One change that fails takes the whole transaction with it: it may have written half.
            finishes.push(change(&transaction)?);
        }
        let committed = transaction.commit();
        let ending = if committed.is_ok() { Ending::Committed } else { Ending::Unknown };
        for finish in finishes {
            finish(ending);
        }
        Ok(committed?)
    })
}
