//! What was just read, kept for a few seconds: lists and metadata, never a value.
//!
//! Whoever asks while somebody else is asking for the same waits for that answer. It keeps successes only: that something
//! is not there is always asked anew.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

type Slot<V> = Arc<tokio::sync::Mutex<Option<(Instant, V)>>>;

/// Answers by what was asked.
pub(super) struct Kept<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    lifetime: Duration,
}

/// More are not kept; then all are forgotten at once.
const MOST: usize = 4096;

impl<K: Clone + Eq + Hash, V: Clone> Kept<K, V> {
    /// Keeps nothing yet; with a lifetime of zero it never does.
    pub(super) fn new(lifetime: Duration) -> Self {
        Self {
            slots: Mutex::new(HashMap::new()),
            lifetime,
        }
    }

    /// The answer, asked for now if it is not there or too old; and whether it was there.
    pub(super) async fn get<E>(
        &self,
        key: &K,
        ask: impl Future<Output = Result<V, E>>,
    ) -> Result<(V, bool), E> {
        if self.lifetime.is_zero() {
            return Ok((ask.await?, false));
        }
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        if let Some((since, value)) = &*kept
            && since.elapsed() < self.lifetime
        {
            return Ok((value.clone(), true));
        }
        // From before the question: it tells how things stood then.
        let since = Instant::now();
        let value = ask.await?;
        *kept = Some((since, value.clone()));
        Ok((value, false))
    }

    /// Forgets one answer, and one that is on its way.
    pub(super) fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    fn slot(&self, key: &K) -> Slot<V> {
        let mut slots = self.lock();
        if slots.len() >= MOST && !slots.contains_key(key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Slot<V>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(kept: &Kept<u8, u8>, answer: Result<u8, ()>) -> Result<(u8, bool), ()> {
        kept.get(&1, async { answer }).await
    }

    #[tokio::test]
    async fn a_success_is_kept_for_its_lifetime_and_a_failure_never() {
        let kept = Kept::new(Duration::from_secs(60));

        assert_eq!(get(&kept, Err(())).await, Err(()));
        assert_eq!(get(&kept, Ok(7)).await, Ok((7, false)));
        assert_eq!(get(&kept, Ok(8)).await, Ok((7, true)));
        kept.forget(&1);
        assert_eq!(get(&kept, Ok(8)).await, Ok((8, false)));
    }

    #[tokio::test]
    async fn without_a_lifetime_nothing_is_kept() {
        let kept = Kept::new(Duration::ZERO);

        assert_eq!(get(&kept, Ok(7)).await, Ok((7, false)));
        assert_eq!(get(&kept, Ok(8)).await, Ok((8, false)));
    }
}
