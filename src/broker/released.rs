//! What agents' programs were given since this process began, so that nothing else shows it in clear.
//!
//! A run conceals its own values. But a program can read its neighbour's environment or private files in `/proc`, and
//! a file that an earlier run wrote: rules that keep a secret from `cat` are worth nothing if `cat` shows it all the
//! same. And what each run lets through in pieces adds up. No value is kept here, only fingerprints (`started` holds those of a program for as long as it can be read). It does not know
//! what other processes of hushkey released.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    access::{AgentName, Caller},
    broker::{
        Broker, RunAnswer,
        injected::{Injected, Kind},
    },
    redact::{Concealed, Fingerprints, Ledger},
    vault::Secret,
};

/// The mark's text where another agent's run was given the value: its reference is not this agent's business.
const OF_ANOTHER: &str = "a secret of another run";

/// What was released, agent by agent.
#[derive(Default)]
pub(super) struct Released {
    given: Mutex<HashMap<AgentName, Given>>,
    own: Mutex<Vec<(String, Secret)>>,
}

/// What one agent's programs were given, and what of it was shown.
#[derive(Default)]
struct Given {
    values: Fingerprints,
    /// How many of hushkey's own secrets are among the values.
    own: usize,
    pieces: Ledger,
}

impl Released {
    /// Begins to keep a secret of hushkey's own, unless it is kept already.
    pub(super) fn keep(&self, name: &str, secret: Secret) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if !own.iter().any(|(_, known)| known.is_same(&secret)) {
            own.push((name.to_owned(), secret));
        }
    }

    /// Hushkey's own secrets, in the order in which they were told.
    pub(super) fn own(&self) -> Vec<(String, Secret)> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.clone()
    }

    /// Remembers the secrets that an agent's program is given, and hushkey's own.
    pub(super) fn add(&self, agent: &AgentName, injected: &[Injected], own: &[(String, Secret)]) {
        let secrets = injected.iter().filter(|it| it.kind == Kind::Secret);
        let mut all = self.lock();
        let given = all.entry(agent.clone()).or_default();
        for (name, value) in own.iter().skip(given.own) {
            given.values.add(name, value);
        }
        given.own = own.len();
        secrets.for_each(|it| given.values.add(&it.reference, &it.value));
    }

    /// Conceals in an agent's answer whatever was released to any agent, also while its program ran.
    pub(super) fn conceal(&self, agent: &AgentName, answer: &mut RunAnswer) {
        let all = self.lock();
        let own = all.get(agent).map(|given| (given, None));
        let others = all.iter().filter(|(name, _)| *name != agent);
        let others = others.map(|(_, given)| (given, Some(OF_ANOTHER)));
        for (given, instead) in own.into_iter().chain(others) {
            for text in [&mut answer.stdout, &mut answer.stderr] {
                if let Some(concealed) = given.values.redact(text, instead) {
                    *text = concealed;
                }
            }
        }
    }

    /// Adds up what an answer that is about to leave shows of secrets in pieces. Returns the reference of which too much
    /// would be known: then the answer must not leave.
    pub(super) fn admit(
        &self,
        agent: &AgentName,
        secrets: &[Injected],
        answer: &RunAnswer,
    ) -> Option<String> {
        let secrets: Vec<Concealed<'_>> = secrets.iter().map(Injected::concealed).collect();
        let texts = [answer.stdout.as_bytes(), answer.stderr.as_bytes()];
        let mut all = self.lock();
        let given = all.entry(agent.clone()).or_default();
        let admitted = given.pieces.admit(secrets, &texts);
        admitted.err().map(|refused| refused.reference.to_owned())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentName, Given>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker {
    /// Tells whether anything was released to the caller: else there is nothing to conceal from it.
    #[must_use]
    pub fn has_released_to(&self, caller: &Caller) -> bool {
        match caller {
            Caller::Agent(agent) => self.released.lock().contains_key(&agent.name),
            Caller::Owner => false,
        }
    }

    /// Conceals in a text that is about to leave towards a caller what was released to its programs; `None` if there is
    /// nothing of it in the text.
    #[must_use]
    pub fn conceal(&self, caller: &Caller, text: &str) -> Option<String> {
        let Caller::Agent(agent) = caller else {
            return None;
        };
        let all = self.released.lock();
        all.get(&agent.name)?.values.redact(text, None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{launch::Status, policy::OutputMode};

    fn name(name: &str) -> AgentName {
        AgentName::parse(name).unwrap()
    }

    fn injected(value: &str) -> Injected {
        Injected {
            reference: "op://v/i/f".into(),
            value: Secret::new(value.into()),
            kind: Kind::Secret,
        }
    }

    fn answer(text: &str) -> RunAnswer {
        RunAnswer {
            status: Some(Status::Exited(0)),
            timed_out: false,
            cancelled: false,
            duration: Duration::ZERO,
            mode: OutputMode::Full,
            stdout: text.to_owned(),
            stderr: String::new(),
            truncated: false,
            withheld: None,
            concealed: Default::default(),
        }
    }

    fn shown(released: &Released, agent: &str, text: &str) -> String {
        let mut answer = answer(text);
        released.conceal(&name(agent), &mut answer);
        answer.stdout
    }

    #[test]
    fn what_was_released_is_concealed_from_then_on() {
        let released = Released::default();
        let before = shown(&released, "codex", "first-canary-value-81b7");

        released.add(&name("codex"), &[injected("first-canary-value-81b7")], &[]);
        released.add(&name("codex"), &[injected("true")], &[]);

        assert_eq!(before, "first-canary-value-81b7");
        assert_eq!(
            shown(&released, "codex", "true: first-canary-value-81b7."),
            "true: <concealed:op://v/i/f>."
        );
        assert_eq!(
            shown(&released, "other", "is first-canary-value-81b7."),
            "is <concealed:a secret of another run>."
        );
    }

    #[test]
    fn hushkeys_own_key_is_concealed_in_everything_that_follows() {
        let released = Released::default();
        let own = [(
            "hushkey's own key".to_owned(),
            Secret::new("0f3c9a17d2".repeat(6)),
        )];

        released.add(&name("codex"), &[], &own);

        assert_eq!(
            shown(&released, "codex", &"0f3c9a17d2".repeat(6)),
            "<concealed:hushkey's own key>"
        );
    }

    #[test]
    fn pieces_add_up_over_answers_agent_by_agent() {
        let released = Released::default();
        let secret = [injected("Vq7rT2mXk9LzPw4sNc8bHd3yJf6gQa5e")];
        let admit = |agent: &str, text: &str| released.admit(&name(agent), &secret, &answer(text));

        assert_eq!(admit("codex", "Vq7rT2mX"), None);
        assert_eq!(admit("codex", "k9LzPw4s"), None);
        assert_eq!(admit("other", "Nc8bHd3y"), None);
        assert_eq!(admit("codex", "Nc8bHd3y").as_deref(), Some("op://v/i/f"));
    }
}
