//! What agents' programs were given since this process began, so that no other run prints it in clear.
//!
//! A run conceals its own values. But a program can read its neighbour's environment or private files in `/proc`, and
//! a file that an earlier run wrote: rules that keep a secret from `cat` are worth nothing if `cat` shows it all the
//! same. It does not know what other processes of hushkey released.

use std::sync::{Mutex, PoisonError};

use crate::{
    broker::RunAnswer,
    redact::{self, Concealed, Redactor},
    vault::Secret,
};

/// The mark's text: it names no reference, since the run that prints it may be another agent's.
const NAME: &str = "a secret of another run";

/// So many values are remembered at most; the oldest is forgotten first.
const MOST: usize = 256;

/// The values that were released.
#[derive(Default)]
pub(super) struct Released(Mutex<Known>);

#[derive(Default)]
struct Known {
    values: Vec<Secret>,
    /// For all of the values; `None` when one was added since.
    redactor: Option<Redactor>,
}

impl Released {
    /// Remembers a value. One that can be guessed is left out: striking it from all output would show it.
    pub(super) fn add(&self, value: &Secret) {
        if redact::is_guessable(value) {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values.iter().any(|other| other.is_same(value)) {
            return;
        }
        if known.values.len() == MOST {
            known.values.remove(0);
        }
        known.values.push(value.clone());
        known.redactor = None;
    }

    /// Conceals in an answer whatever was released, also while its program ran.
    pub(super) fn conceal(&self, answer: &mut RunAnswer) {
        let redactor = self.redactor();
        for text in [&mut answer.stdout, &mut answer.stderr] {
            let redacted = redactor.redact(text.as_bytes());
            if redacted != text.as_bytes() {
                *text = String::from_utf8_lossy(&redacted).into_owned();
            }
        }
    }

    fn redactor(&self) -> Redactor {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { values, redactor } = &mut *known;
        let of = |value| Concealed {
            reference: NAME,
            value,
        };
        redactor
            .get_or_insert_with(|| Redactor::new(values.iter().map(of)))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{launch::Status, policy::OutputMode};

    fn shown(released: &Released, text: &str) -> String {
        let mut answer = RunAnswer {
            status: Status::Exited(0),
            timed_out: false,
            cancelled: false,
            duration: Duration::ZERO,
            mode: OutputMode::Full,
            stdout: text.to_owned(),
            stderr: String::new(),
            truncated: false,
            withheld: None,
            concealed: Default::default(),
        };
        released.conceal(&mut answer);
        answer.stdout
    }

    #[test]
    fn what_was_released_is_concealed_from_then_on() {
        let released = Released::default();
        let before = shown(&released, "first-canary-value-81b7");

        released.add(&Secret::new("first-canary-value-81b7".into()));
        let between = shown(&released, "is first-canary-value-81b7.");
        released.add(&Secret::new("other-canary-value-55c2".into()));
        released.add(&Secret::new("true".into()));

        assert_eq!(before, "first-canary-value-81b7");
        assert_eq!(between, "is <concealed:a secret of another run>.");
        let after = shown(
            &released,
            "true first-canary-value-81b7 other-canary-value-55c2",
        );
        assert!(
            after.starts_with("true <concealed:") && !after.contains("canary"),
            "{after}"
        );
    }

    #[test]
    fn no_more_is_remembered_than_that() {
        let released = Released::default();
        for n in 0..=MOST {
            released.add(&Secret::new(format!(
                "canary-value-number-{n:05}-{:x}",
                n * 7919
            )));
        }

        assert_eq!(released.0.lock().unwrap().values.len(), MOST);
    }
}
