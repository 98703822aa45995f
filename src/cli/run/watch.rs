//! `hushkey run --watch`: starts the program anew when a value that it was given is another.
//!
//! A second thread looks at the items' versions, which are no secrets. When one has moved on, the run is decided, recorded
//! and prepared as at first; only if its values differ does the program make room. Until then, and whenever the vault
//! does not answer, the old one goes on.

use std::{
    hash::RandomState,
    io::{IsTerminal, Write},
    os::fd::OwnedFd,
    process::ExitCode,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use crate::{
    audit::Outcome,
    broker::{Broker, PreparedRun},
    cli::{
        Run, opening,
        session::{OWNER, Session, wait},
    },
    launch,
};

/// How often a store on this machine is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often a server is asked: what it said is kept as long.
const EVERY_AT_A_SERVER: Duration = Duration::from_secs(5);

/// Runs the program until it ends by itself.
pub(super) fn perform(arguments: &Run, session: &Session) -> anyhow::Result<ExitCode> {
    let broker = session.broker()?;
    let watcher = Watcher {
        arguments,
        session,
        broker: &broker,
        keys: RandomState::new(),
    };
    let mut prepared = wait(broker.prepare_run(&OWNER, super::request(arguments, session)?))?;
    loop {
        super::tell_short(&prepared, arguments, session);
        match watcher.run(prepared)? {
            Next::Ended(status) => return Ok(ExitCode::from(status)),
            Next::Changed(changed) => {
                session
                    .output
                    .note("a value has changed; starting the program anew");
                prepared = *changed;
            }
        }
    }
}

struct Watcher<'a> {
    arguments: &'a Run,
    session: &'a Session,
    broker: &'a Broker,
    keys: RandomState,
}

enum Next {
    Changed(Box<PreparedRun>),
    Ended(u8),
}

impl Watcher<'_> {
    /// Runs the program once, beside a thread that looks for changes.
    fn run(&self, prepared: PreparedRun) -> anyhow::Result<Next> {
        let (changed, tell) = std::io::pipe()?;
        let (over, ended) = mpsc::channel();
        let (before, used) = (prepared.launch.fingerprint(&self.keys), prepared.used());
        let (launch, redactor, ticket) = prepared.into_parts();
        let foreground = super::foreground(launch, self.arguments, self.session);

        let (status, next) = std::thread::scope(|scope| {
            let looking = scope.spawn(move || {
                let next = self.look(before, used, &ended);
                if next.is_some() {
                    // Nobody reads it if the program has just ended.
                    let _ = { tell }.write_all(b".");
                }
                next
            });
            let changed = OwnedFd::from(changed);
            let status = launch::foreground_until(foreground, &redactor, changed);
            drop(over);
            (status, looking.join().ok().flatten())
        });

        let outcome = match &status {
            Ok(Some(super::TIMED_OUT)) if self.arguments.timeout.is_some() => Outcome::TimedOut,
            Ok(Some(status)) => Outcome::Exited(i32::from(*status)),
            Ok(None) => Outcome::Cancelled,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        wait(self.broker.finish_run(ticket, outcome))?;
        match (status?, next) {
            (None, Some(next)) => Ok(Next::Changed(Box::new(next))),
            (status, unused) => {
                if let Some(unused) = unused {
                    let (_, _, ticket) = unused.into_parts();
                    wait(self.broker.finish_run(ticket, Outcome::Cancelled))?;
                }
                // A program is only told to make room by a next one.
                Ok(Next::Ended(status.unwrap_or(super::OWN_FAILURE)))
            }
        }
    }

    /// Looks until a value is another, and gives the run that is to follow; `None` when the program is over.
    fn look(
        &self,
        before: u64,
        mut used: crate::broker::Used,
        over: &Receiver<()>,
    ) -> Option<PreparedRun> {
        let every = if opening::is_connect(&self.session.config) {
            EVERY_AT_A_SERVER
        } else {
            EVERY
        };
        let mut told = String::new();
        let mut tell = |error: anyhow::Error| {
            let error = error.to_string();
            // A program that draws on this terminal would be disturbed.
            if error != told && !std::io::stdout().is_terminal() {
                self.session.output.note(&format!(
                    "the program goes on with the values it has: {error}"
                ));
            }
            told = error;
        };
        loop {
            if over.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                return None;
            }
            match wait(self.broker.is_outdated(&used)) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => {
                    tell(error);
                    continue;
                }
            }
            let request = super::request(self.arguments, self.session);
            let prepared = request
                .map_err(anyhow::Error::from)
                .and_then(|request| wait(self.broker.prepare_run(&OWNER, request)));
            match prepared {
                Ok(prepared) if prepared.launch.fingerprint(&self.keys) != before => {
                    return Some(prepared);
                }
                Ok(same) => {
                    used = same.used();
                    let (_, _, ticket) = same.into_parts();
                    if let Err(error) = wait(self.broker.finish_run(ticket, Outcome::Cancelled)) {
                        tell(error);
                    }
                }
                Err(error) => tell(error),
            }
        }
    }
}
