//! Where work goes that waits for the disk: to a thread of its own, so that nobody else waits for it too.
//!
//! A command of a person's does one thing at a time. There is nobody else, and a thread that is started and woken for each
//! step costs such a command more than what the step does: between [`alone`] and its end, work is done where it is asked for.

use std::cell::Cell;

thread_local! {
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// The thread that was to do it has ended too early: the work panicked, or the runtime is being shut down.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the thread that did it has ended too early")]
pub struct Gone;

/// Does `rest` in such a way that work is done on this thread, as soon as what asked for it waits. It is for a runtime of one
/// thread; a future that serves several callers must not be polled in it.
pub fn alone<T>(rest: impl FnOnce() -> T) -> T {
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            ALONE.set(self.0);
        }
    }

    let _before = Before(ALONE.replace(true));
    rest()
}

/// Does `work`, and waits for what comes of it. Once it has begun it goes on to its end, also if nobody waits any more.
///
/// # Errors
/// [`Gone`].
pub async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Gone> {
    let done = if ALONE.get() {
        tokio::spawn(async { work() })
    } else {
        tokio::task::spawn_blocking(work)
    };
    done.await.map_err(|_| Gone)
}

/// Has `work` done, which tells by itself whoever waits for it.
pub fn begin(work: impl FnOnce() + Send + 'static) {
    if ALONE.get() {
        // Not at once: what is asked for in the same breath may be done together with it.
        tokio::spawn(async { work() });
    } else {
        tokio::task::spawn_blocking(work);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        thread,
    };

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }

    fn whose() -> thread::ThreadId {
        runtime()
            .block_on(offload(|| thread::current().id()))
            .unwrap()
    }

    #[test]
    fn work_goes_to_another_thread_but_alone() {
        let here = thread::current().id();

        assert_ne!(whose(), here);
        assert_eq!(alone(whose), here);
        assert_ne!(whose(), here);
    }

    #[test]
    fn alone_ends_with_a_panic() {
        assert!(catch_unwind(AssertUnwindSafe(|| alone(|| panic!("on purpose")))).is_err());

        assert_ne!(whose(), thread::current().id());
    }

    #[test]
    fn a_panic_in_the_work_is_told() {
        let panicking =
            || -> Result<(), Gone> { runtime().block_on(offload(|| panic!("on purpose"))) };

        assert!(panicking().is_err());
        assert!(alone(panicking).is_err());
    }
}
