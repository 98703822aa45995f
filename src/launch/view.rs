//! What a run has printed so far: for who looks at it while it lasts, and for the answer at its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Finished, Keep, Output, output::Kept};
use crate::redact::{Counts, Redactor, Stream};

/// A look at a run's output: redacted, then cut. What could still begin a value is not in it before more has come.
#[derive(Clone)]
pub struct View(Arc<[Mutex<Printed>; 2]>);

/// One stream.
struct Printed {
    redacting: Option<Stream>,
    kept: Kept,
    redacted: Vec<u8>,
    concealed: Counts,
}

/// Both streams as they stand.
#[derive(Debug, Default)]
pub struct Seen {
    /// Redacted standard output; invalid UTF-8 is kept as it is.
    pub stdout: Output,
    /// Redacted standard error.
    pub stderr: Output,
    /// How often each reference was concealed, over both streams.
    pub concealed: Counts,
}

impl From<Finished> for Seen {
    fn from(finished: Finished) -> Self {
        Self {
            stdout: finished.stdout,
            stderr: finished.stderr,
            concealed: finished.concealed,
        }
    }
}

impl View {
    pub(super) fn new(redactor: &Redactor, keep: Keep) -> Self {
        Self(Arc::new([(); 2].map(|()| {
            Mutex::new(Printed {
                redacting: Some(redactor.stream()),
                kept: Kept::new(keep),
                redacted: Vec::new(),
                concealed: Counts::new(),
            })
        })))
    }

    /// What was printed so far.
    #[must_use]
    pub fn so_far(&self) -> Seen {
        let [stdout, stderr] = [0, 1].map(|at| {
            let printed = self.lock(at);
            let counts = match &printed.redacting {
                Some(redacting) => redacting.counts(),
                None => printed.concealed.clone(),
            };
            (printed.kept.output(), counts)
        });
        let mut concealed = stdout.1;
        for (reference, count) in stderr.1 {
            *concealed.entry(reference).or_default() += count;
        }
        Seen {
            stdout: stdout.0,
            stderr: stderr.0,
            concealed,
        }
    }

    /// Takes the next bytes of standard output (0) or standard error (1).
    pub(super) fn push(&self, at: usize, raw: &[u8]) {
        let printed = &mut *self.lock(at);
        if let Some(redacting) = &mut printed.redacting {
            redacting.push(raw, &mut printed.redacted);
            printed.kept.push(&printed.redacted);
            printed.redacted.clear();
        }
    }

    /// Ends both streams, and gives all of it.
    pub(super) fn finish(&self) -> Seen {
        for at in [0, 1] {
            let printed = &mut *self.lock(at);
            if let Some(redacting) = printed.redacting.take() {
                printed.concealed = redacting.finish(&mut printed.redacted);
                printed.kept.push(&printed.redacted);
                printed.redacted = Vec::new();
            }
        }
        self.so_far()
    }

    fn lock(&self, at: usize) -> MutexGuard<'_, Printed> {
        self.0[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{redact::Concealed, vault::Secret};

    const VALUE: &str = "Vq7rT2mXk9LzPw4sNc8bHd3y";

    fn view() -> View {
        let value = Secret::new(VALUE.into());
        let redactor = Redactor::new([Concealed {
            reference: "op://v/i/f",
            value: &value,
        }]);
        View::new(&redactor, Keep::Tail(64))
    }

    fn text(output: &Output) -> String {
        String::from_utf8(output.bytes.clone()).unwrap()
    }

    #[test]
    fn a_look_in_the_middle_of_a_value_shows_nothing_of_it() {
        let view = view();

        for at in 1..VALUE.len() {
            let view = self::view();
            view.push(0, format!("before\n{}", &VALUE[..at]).as_bytes());

            let seen = text(&view.so_far().stdout);
            assert!("before\n".starts_with(&seen), "{at}: {seen}");
        }
        view.push(0, format!("key {VALUE}\n").as_bytes());
        view.push(1, format!("{VALUE}{VALUE}").as_bytes());
        let seen = view.finish();

        assert_eq!(text(&seen.stdout), "key <concealed:op://v/i/f>\n");
        assert_eq!(seen.concealed["op://v/i/f"], 3);
    }

    #[test]
    fn looking_changes_nothing_and_only_the_end_is_kept() {
        let view = view();
        view.push(0, &b"x".repeat(10_000));
        view.push(0, b"\nlast line\n");

        let first = view.so_far().stdout;
        let second = view.so_far().stdout;
        let end = view.finish().stdout;

        assert!(first.truncated && first.bytes.len() <= 64);
        assert_eq!(first.bytes, second.bytes);
        assert!(text(&end).ends_with("\nlast line\n"));
    }
}
