//! Reads that come together share a session: one snapshot, one check of the head, and each node of the tree once.
//!
//! While one session is at work, others queue up; the next takes all of them. It begins after each of them was asked for, so
//! that none sees less than it would alone, and what each reads is vouched for by that session's head as ever. What one
//! finds broken is told to that one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{
    backend::local::{Store, session::Session},
    offload,
    vault::VaultError,
};

/// How many reads one session does: a bound on how long the last of them waits, and on the age of what it sees.
const TOGETHER: usize = 64;

/// A read that waits for a session, or for why there is none.
type Job = Box<dyn FnOnce(Result<&mut Session<'_>, VaultError>) -> Answer + Send>;
/// Tells whoever asked what was read.
type Answer = Box<dyn FnOnce() + Send>;

/// What waits to be read.
#[derive(Default)]
pub(super) struct Readers {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// Whether somebody is at work on it.
    served: bool,
}

impl Store {
    /// Reads on a thread of its own, together with what others want to read at the same time.
    pub(super) async fn read_soon<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let (answer, read) = oneshot::channel();
        let first = {
            let mut queue = self.readers.queue();
            queue.waiting.push_back(Box::new(move |session| {
                let read = session.and_then(work);
                // Whoever does not wait any more needs no answer.
                Box::new(move || drop(answer.send(read)))
            }));
            !std::mem::replace(&mut queue.served, true)
        };
        if first {
            let turn = Turn {
                store: Arc::clone(self),
                over: false,
            };
            offload::begin(move || turn.serve());
        }
        read.await
            .unwrap_or_else(|ended| Err(super::no_thread(ended)))
    }

    fn read_together(&self, jobs: Vec<Job>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(jobs.len());
        let mut jobs = jobs.into_iter();
        let done = self.read(|session| {
            answers.extend(jobs.by_ref().map(|job| job(Ok(&mut *session))));
            Ok(())
        });
        if let Err(error) = done {
            let error = Arc::new(error);
            answers.extend(jobs.map(|job| job(Err(repeated(&error)))));
        }
        answers
    }
}

impl Readers {
    /// A panic in another thread has left the queue whole: it is only pushed and popped.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to serve the queue. However it ends, nobody is left waiting.
struct Turn {
    store: Arc<Store>,
    /// Whether the queue was found empty, so that the next in it serves it.
    over: bool,
}

impl Turn {
    fn serve(mut self) {
        let mut jobs = self.next();
        loop {
            let answers = self.store.read_together(jobs);
            jobs = self.next();
            if jobs.is_empty() {
                // Whoever got the last answer and lets go of the store finds its file closed.
                drop(self);
                return answers.into_iter().for_each(|answer| answer());
            }
            answers.into_iter().for_each(|answer| answer());
        }
    }

    fn next(&mut self) -> Vec<Job> {
        let mut queue = self.store.readers.queue();
        let count = queue.waiting.len().min(TOGETHER);
        let next = queue.waiting.drain(..count).collect();
        queue.served = count > 0;
        self.over = count == 0;
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            let mut queue = self.store.readers.queue();
            queue.served = false;
            queue.waiting.clear();
        }
    }
}

/// The reason why there is no session, for one of several that wanted it.
fn repeated(error: &Arc<VaultError>) -> VaultError {
    match &**error {
        VaultError::Corrupted { what } => VaultError::Corrupted { what: what.clone() },
        other => VaultError::Unavailable {
            message: other.to_string(),
            source: Some(Box::new(Arc::clone(error))),
        },
    }
}
