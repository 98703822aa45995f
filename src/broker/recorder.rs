//! Many requests, one sync: what waits to be recorded goes into the log together.
//!
//! While one transaction is on its way to the disk, others queue up; the next one takes them all. Each is answered only after
//! the commit that holds its entries is durable, and none if it fails: then nothing is released. Whoever stops waiting changes
//! nothing for the others, and what it has queued is recorded all the same.
//!
//! It knows the log and the queue; not what is recorded, nor for whom. There is no thread of its own: the first in the queue
//! has it written by a thread for such work until the queue is empty.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    audit::{AuditError, AuditLog, Batch, NewEntry, Recorded},
    broker::BrokerError,
    offload,
    vault::StoreHead,
};

/// How many requests may queue; more wait outside, in order.
const QUEUE: usize = 4096;
/// How many requests one transaction takes in: a bound on how long the first of them waits for the last.
const TOGETHER: usize = 256;

/// Writes entries to the log. Cheap to clone: all clones share the queue.
#[derive(Clone)]
pub(super) struct Recorder {
    log: Arc<AuditLog>,
    queue: Arc<Mutex<Queue>>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Batch, Waiting)>,
    /// Whether somebody is at work on it.
    served: bool,
}

/// Where one caller waits.
struct Waiting {
    answer: oneshot::Sender<Result<Vec<Recorded>, Arc<AuditError>>>,
    _place: OwnedSemaphorePermit,
}

impl Recorder {
    pub(super) fn new(log: Arc<AuditLog>) -> Self {
        Self {
            log,
            queue: Arc::default(),
            places: Arc::new(Semaphore::new(QUEUE)),
        }
    }

    /// Writes entries in order, all or none, and notes where the store stands, if that is given. Durable when this returns.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`]: then nothing may be released.
    pub(super) async fn record(
        &self,
        entries: Vec<NewEntry>,
        head: Option<StoreHead>,
    ) -> Result<Vec<Recorded>, BrokerError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| no_answer())?;
        let (answer, recorded) = oneshot::channel();
        let first = {
            let mut queue = self.queue();
            let waiting = Waiting {
                answer,
                _place: place,
            };
            queue.waiting.push_back((Batch { entries, head }, waiting));
            !std::mem::replace(&mut queue.served, true)
        };
        if first {
            let turn = Turn {
                recorder: self.clone(),
                over: false,
            };
            offload::begin(move || turn.serve());
        }
        Ok(recorded.await.map_err(|_| no_answer())??)
    }

    /// A panic in another thread has left the queue whole: it is only pushed and popped.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to serve the queue. However it ends, nobody is left waiting.
struct Turn {
    recorder: Recorder,
    /// Whether the queue was found empty, so that the next in it serves it.
    over: bool,
}

impl Turn {
    fn serve(mut self) {
        let (mut batches, mut waiting) = self.next();
        loop {
            let recorded = self.recorder.log.append_batches(&batches);
            let told = std::mem::take(&mut waiting);
            (batches, waiting) = self.next();
            if batches.is_empty() {
                // Whoever got the last answer and lets go of the log finds its file closed.
                drop(self);
                return tell(told, recorded);
            }
            tell(told, recorded);
        }
    }

    fn next(&mut self) -> (Vec<Batch>, Vec<Waiting>) {
        let mut queue = self.recorder.queue();
        let count = queue.waiting.len().min(TOGETHER);
        let next = queue.waiting.drain(..count).unzip();
        queue.served = count > 0;
        self.over = count == 0;
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            let mut queue = self.recorder.queue();
            queue.served = false;
            queue.waiting.clear();
        }
    }
}

/// Whoever does not wait any more is recorded all the same.
fn tell(waiting: Vec<Waiting>, recorded: Result<Vec<Vec<Recorded>>, AuditError>) {
    match recorded {
        Ok(recorded) => {
            for (waiting, recorded) in waiting.into_iter().zip(recorded) {
                let _ = waiting.answer.send(Ok(recorded));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for waiting in waiting {
                let _ = waiting.answer.send(Err(Arc::clone(&error)));
            }
        }
    }
}

fn no_answer() -> BrokerError {
    BrokerError::Unavailable {
        message: "the audit log did not answer, so nothing is released".into(),
        source: None,
    }
}
