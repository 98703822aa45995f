//! Running a program with secrets: names first, then the decision, then the record, then the values.

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::{
    access::{Agent, Caller},
    audit::Outcome,
    broker::{
        Ask, Asker, Broker, BrokerError, RunAnswer, RunRequest,
        command::Command,
        environments,
        guard::{self, Deed, Ticket},
        injected::{self, Injected, Kind},
        question::Consents,
        resolve::Target,
        run_answer::{
            Ended, answer, keep_last_lines, withhold, withhold_disguised, withhold_pieces,
        },
        shown, used,
        value::Values,
        wire::{Carried, Wiring},
    },
    launch::{self, Keep, Launch, Seen, Stdin, Value},
    offload::offload,
    policy::{Action, Governed, OutputMode, Permit, Run, Surroundings},
    redact::{Gate, Redactor},
    vault::{Environment, EnvironmentId, Secret},
};

/// When an agent's run is ended if nobody says otherwise.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that an agent may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);
/// Bytes of each stream that an agent gets at most, after redaction.
pub(super) const FULL_BYTES: usize = 48 * 1024;
pub(super) const TAIL_BYTES: usize = 8 * 1024;

/// A run that was allowed and recorded, with its values: what [`launch::foreground`] needs.
pub struct PreparedRun {
    /// The program with its whole environment.
    pub launch: Launch,
    /// Conceals the values.
    pub redactor: Redactor,
    /// References of secrets that are too short or too easily guessed to be concealed by a mark: an agent's output is
    /// withheld for them, a person's shows them as they are.
    pub short: Vec<String>,
    /// The secrets among what the program gets: what the gate looks for.
    pub(super) secrets: Vec<Injected>,
    /// The fields that the values come from.
    pub(super) targets: Vec<Target>,
    /// The environments that the variables come from, in the versions that were read.
    pub(super) environments: Vec<(EnvironmentId, u64)>,
    pub(super) ticket: Ticket,
}

impl Broker {
    /// Runs a program with secrets and gives back its redacted output.
    ///
    /// # Errors
    /// [`BrokerError`]; a program that fails is an answer, not an error.
    pub async fn run(
        &self,
        asker: impl Into<Asker<'_>>,
        request: RunRequest,
        cancelled: impl Future<Output = ()>,
    ) -> Result<RunAnswer, BrokerError> {
        let asker = asker.into();
        let caller = asker.caller;
        let asked = request.output;
        let (prepared, mode) = self.prepare(asker, request).await?;
        let PreparedRun {
            mut launch,
            redactor,
            short,
            secrets,
            ticket,
            ..
        } = prepared;
        launch.keep = match mode {
            OutputMode::None | OutputMode::Summary => Keep::Nothing,
            OutputMode::Tail => Keep::Tail(TAIL_BYTES),
            OutputMode::Full => Keep::Ends(FULL_BYTES),
        };
        let finished = match launch::run(launch, &redactor, pin!(cancelled)).await {
            Ok(finished) => finished,
            Err(error) => {
                let outcome = Outcome::Failed(error.to_string());
                return self.closing_as(ticket, outcome, Err(error.into())).await;
            }
        };
        let ended = guard::ended(&finished);
        let (mut answer, outcome) = match caller {
            Caller::Agent(agent) => {
                let how = Ended::from(&finished);
                let seen = Seen::from(finished);
                let secrets = Arc::new(secrets);
                let (answer, found) = self
                    .for_a_model(agent, how, seen, mode, &secrets, &short, None)
                    .await;
                (answer, found.map_or(ended, Outcome::Withheld))
            }
            Caller::Owner => {
                let how = Ended::from(&finished);
                (answer(how, Seen::from(finished), mode, false), ended)
            }
        };
        if asked.is_some_and(|asked| asked > mode) && mode != OutputMode::None {
            answer
                .withheld
                .get_or_insert_with(|| format!("policy lets `{mode}` through, not more"));
        }
        self.closing_as(ticket, outcome, Ok(answer)).await
    }

    /// What a model is told of a run; and the reference for which its output is withheld, if something of it would be
    /// seen there.
    #[expect(clippy::too_many_arguments)]
    pub(super) async fn for_a_model(
        &self,
        agent: &Agent,
        ended: Ended,
        seen: Seen,
        mode: OutputMode,
        secrets: &Arc<Vec<Injected>>,
        short: &[String],
        tail_lines: Option<usize>,
    ) -> (RunAnswer, Option<String>) {
        let disguised = disguised(Arc::clone(secrets), &seen).await;
        let mut answer = answer(ended, seen, mode, true);
        self.released.conceal(&agent.name, &mut answer);
        if !short.is_empty() {
            withhold(&mut answer, short);
        }
        if let Some(reference) = disguised {
            withhold_disguised(&mut answer, &reference);
            return (answer, Some(reference));
        }
        let shows = matches!(answer.mode, OutputMode::Full | OutputMode::Tail);
        if let Some(lines) = tail_lines.filter(|_| shows) {
            keep_last_lines(&mut answer, lines);
        }
        let told = if shows {
            self.released.admit(&agent.name, secrets, &answer)
        } else {
            None
        };
        if let Some(reference) = &told {
            withhold_pieces(&mut answer, reference);
        }
        (answer, told)
    }

    /// Decides and records a run and reads its values, for a person's own terminal.
    ///
    /// # Errors
    /// [`BrokerError`], before anything is started.
    pub async fn prepare_run(
        &self,
        caller: &Caller,
        request: RunRequest,
    ) -> Result<PreparedRun, BrokerError> {
        self.prepare(caller.into(), request)
            .await
            .map(|(prepared, _)| prepared)
    }

    /// Records how a prepared run ended.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`] when the log can't be written.
    pub async fn finish_run(&self, ticket: Ticket, outcome: Outcome) -> Result<(), BrokerError> {
        self.close(ticket, outcome).await
    }

    /// Decides until nobody has to be asked any more, then reads the values.
    pub(super) async fn prepare(
        &self,
        asker: Asker<'_>,
        request: RunRequest,
    ) -> Result<(PreparedRun, OutputMode), BrokerError> {
        let asker = asker.because(request.reason.as_deref());
        let consents = Consents::at_most(1);
        loop {
            match self.try_to_prepare(asker, &consents, &request).await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_prepare(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        request: &RunRequest,
    ) -> Result<(PreparedRun, OutputMode), BrokerError> {
        let caller = asker.caller;
        let mut ask = self.ask_with(asker, consents).await?;
        let environments = self
            .environments_of_run(&mut ask, &request.environments)
            .await?;
        let within: Vec<_> = environments.iter().map(environments::named).collect();
        let named = Deed::program(request.command.first())
            .within(within.clone())
            .because(request.reason.as_deref());
        let mut meant = self.mean(&ask, request, environments.clone()).await;
        let mut pass = None;
        if self.lacks_leave(&ask, &meant, request)
            && let Some(passing) = self.passing(&ask, request, &environments).await?
        {
            ask = passing.ask;
            meant = Ok((passing.command, passing.wiring));
            pass = Some(passing.pass);
        }
        let (command, wiring) = self.understood(&ask, named, meant).await?;

        let targets = wiring.targets();
        let secrets: Vec<Governed<'_>> = targets.iter().map(Target::governed).collect();
        let (variables, secret_variables) = wiring.names();
        let run = Run {
            reasoned: ask.reasoned(),
            ..command.request(&secrets, &secret_variables, &variables, request.output)
        };
        let action = Action::Run(&run);
        let deed = Deed::run(&command, &targets)
            .within(within)
            .because(request.reason.as_deref());
        let ticket = match &pass {
            Some(pass) => self.permit_passed(&ask, &action, deed, pass).await?,
            None => {
                self.permit_shown(&ask, &action, deed, |asking| {
                    shown::run(&ask, asking, &command, &wiring, request)
                })
                .await?
            }
        };

        let mode = ticket.output();
        let timeout = match caller {
            Caller::Agent(_) => Some(
                request
                    .timeout
                    .unwrap_or(DEFAULT_TIMEOUT)
                    .min(MAX_TIMEOUT)
                    .min(ticket.timeout().unwrap_or(MAX_TIMEOUT)),
            ),
            Caller::Owner => request.timeout,
        };
        let terms = ticket.terms();
        match self.load(caller, &command, wiring, timeout, terms).await {
            Ok((launch, redactor, short, secrets)) => Ok((
                PreparedRun {
                    launch,
                    redactor,
                    short,
                    secrets,
                    targets,
                    environments: used::versions(&environments),
                    ticket,
                },
                mode,
            )),
            Err(error) => self.closing(ticket, Err(error)).await,
        }
    }

    /// Finds out which program is meant, and what it is to get. No value is read.
    pub(super) async fn mean(
        &self,
        ask: &Ask<'_>,
        request: &RunRequest,
        environments: Vec<Environment>,
    ) -> Result<(Command, Wiring), BrokerError> {
        let command = self.command(ask, request.command.clone(), request.cwd.as_deref())?;
        let wiring = self.wire(ask, request, environments).await?;
        Ok((command, wiring))
    }

    /// Reads the values and puts launch and redactor together.
    async fn load(
        &self,
        caller: &Caller,
        command: &Command,
        wiring: Wiring,
        timeout: Option<Duration>,
        terms: &Permit,
    ) -> Result<(Launch, Redactor, Vec<String>, Vec<Injected>), BrokerError> {
        let mut env: Vec<(String, Value)> = match caller {
            Caller::Agent(_) => self.base_environment(&command.path, &terms.surroundings),
            Caller::Owner => Vec::new(),
        };
        let values = self.values(&wiring.targets()).await?;
        let mut concealed: Vec<Injected> = Vec::new();
        for (name, carried) in wiring.env {
            let value = put_together(carried, &values, terms, &mut concealed)?;
            env.retain(|(known, _)| *known != name);
            env.push((name, value));
        }
        for (name, text) in &terms.surroundings.set {
            env.retain(|(known, _)| known != name);
            env.push((name.clone(), Value::Plain(text.clone())));
        }
        let mut files = Vec::new();
        for (name, target) in wiring.files {
            let value = concealed_value(&target, &values, terms, &mut concealed)?;
            files.push((name, value));
        }
        let stdin = match wiring.stdin {
            None => Stdin::Empty,
            Some(target) => {
                Stdin::Secret(concealed_value(&target, &values, terms, &mut concealed)?)
            }
        };
        let literals = wiring.literals.into_iter();
        concealed.extend(literals.map(|(reference, value)| Injected {
            reference,
            value,
            kind: Kind::Literal,
        }));
        let (redactor, short) = match caller {
            Caller::Agent(agent) => {
                let own = self.released.own();
                self.released.add(&agent.name, &concealed, &own);
                concealed.extend(own.iter().map(|(name, value)| Injected {
                    reference: name.clone(),
                    value: value.clone(),
                    kind: Kind::Secret,
                }));
                injected::for_a_model(&concealed, terms.short_values)
            }
            Caller::Owner => injected::for_a_person(&mut concealed),
        };
        let launch = Launch {
            program: command.program.clone(),
            argv: command.argv.clone(),
            env,
            files,
            stdin,
            cwd: command.cwd.clone(),
            timeout,
            keep: Keep::Nothing,
            sha256: terms.surroundings.sha256,
            limits: terms.limits,
        };
        concealed.retain(|it| it.kind == Kind::Secret);
        Ok((launch, redactor, short, concealed))
    }

    /// What an agent's program finds before anybody adds to it.
    pub(super) fn base_environment(
        &self,
        path: &[PathBuf],
        surroundings: &Surroundings,
    ) -> Vec<(String, Value)> {
        let own = self.grounds.environment.iter().cloned();
        super::environment::clean(own, path, &surroundings.inherit)
            .into_iter()
            .map(|(name, text)| (name, Value::Plain(text)))
            .collect()
    }
}

/// A run as the policy is asked about it.
pub(super) fn in_question<T>(
    ask: &Ask<'_>,
    command: &Command,
    wiring: &Wiring,
    request: &RunRequest,
    answer: impl FnOnce(&Run<'_>) -> T,
) -> T {
    let targets = wiring.targets();
    let secrets: Vec<Governed<'_>> = targets.iter().map(Target::governed).collect();
    let (variables, secret_variables) = wiring.names();
    answer(&Run {
        reasoned: ask.reasoned(),
        ..command.request(&secrets, &secret_variables, &variables, request.output)
    })
}

fn put_together(
    carried: Carried,
    values: &Values,
    terms: &Permit,
    concealed: &mut Vec<Injected>,
) -> Result<Value, BrokerError> {
    Ok(match carried {
        Carried::Composed(parts) => {
            let mut text = Zeroizing::new(String::new());
            for part in parts {
                let part = match part {
                    Carried::Secret(target) => concealed_value(&target, values, terms, concealed)?,
                    Carried::Plain(text) => text,
                    // Parts come from one line and have no parts of their own.
                    Carried::Composed(_) => continue,
                };
                text.push_str(part.expose_secret());
            }
            Value::Secret(Secret::new(std::mem::take(&mut *text)))
        }
        Carried::Plain(text) => Value::Plain(text.expose_secret().to_owned()),
        Carried::Secret(target) => {
            Value::Secret(concealed_value(&target, values, terms, concealed)?)
        }
    })
}

fn concealed_value(
    target: &Target,
    values: &Values,
    terms: &Permit,
    concealed: &mut Vec<Injected>,
) -> Result<Secret, BrokerError> {
    let value = values.of(target)?;
    let kind = if target.field.concealed() {
        Kind::Secret
    } else {
        Kind::Plain
    };
    let shown = || terms.plain.iter().any(|it| it.covers(&target.reference));
    if kind == Kind::Secret || !shown() {
        concealed.push(Injected {
            reference: target.mark(),
            value: value.clone(),
            kind,
        });
    }
    Ok(value)
}

/// Looks for values in disguise in what was kept of a program's output; off the thread that serves others.
async fn disguised(secrets: Arc<Vec<Injected>>, seen: &Seen) -> Option<String> {
    let (stdout, stderr) = (&seen.stdout.bytes, &seen.stderr.bytes);
    let first = secrets.first()?.reference.clone();
    if stdout.is_empty() && stderr.is_empty() {
        return None;
    }
    let (stdout, stderr) = (stdout.clone(), stderr.clone());
    let looked = offload(move || {
        let gate = Gate::new(secrets.iter().map(Injected::concealed));
        gate.look(&stdout, &stderr).map(str::to_owned)
    });
    // A look that did not end well has not cleared the text.
    looked.await.unwrap_or(Some(first))
}

impl PreparedRun {
    /// Takes the run apart: what to start, what to conceal, and the ticket for [`Broker::finish_run`].
    pub fn into_parts(self) -> (Launch, Redactor, Ticket) {
        (self.launch, self.redactor, self.ticket)
    }
}
