//! Running a program with secrets: names first, then the decision, then the record, then the values.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    access::Caller,
    audit::{Outcome, Verb},
    broker::{
        Ask, Broker, BrokerError, RunAnswer, RunRequest,
        command::Command,
        guard::{self, Deed, Ticket},
        resolve::Target,
    },
    dotenv::{self, Dotenv},
    launch::{self, Finished, Keep, Launch, Output, Stdin, Value},
    policy::{Action, Governed, OutputMode},
    redact::{Concealed, Redactor},
    vault::{Secret, SecretReference, reference::Attribute},
};

/// When an agent's run is ended if nobody says otherwise.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that an agent may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);
/// Bytes of each stream that an agent gets at most, after redaction.
const FULL_BYTES: usize = 48 * 1024;
const TAIL_BYTES: usize = 8 * 1024;
/// Counts that an agent is told stop here, so that they can't be used to ask questions about a value.
const MOST_COUNTED: u64 = 9;

/// A run that was allowed and recorded, with its values: what [`launch::foreground`] needs.
pub struct PreparedRun {
    /// The program with its whole environment.
    pub launch: Launch,
    /// Conceals the values.
    pub redactor: Redactor,
    /// References of secrets that are too short or too easily guessed to be concealed by a mark.
    pub short: Vec<String>,
    ticket: Ticket,
}

/// What a request's variables, files and standard input turned out to be.
#[derive(Default)]
struct Wiring {
    /// In order; a later one of the same name wins.
    env: Vec<(String, Carried)>,
    files: Vec<(String, Target)>,
    stdin: Option<Target>,
    /// Literal values of env files that look like secrets: concealed as well, though they are not in a vault.
    literals: Vec<(String, Secret)>,
}

enum Carried {
    /// Several of the others, one after another.
    Composed(Vec<Carried>),
    /// Text that the caller or a file of variables brought.
    Plain(Secret),
    /// A field's value.
    Secret(Target),
}

impl Carried {
    fn targets<'a>(&'a self, found: &mut Vec<&'a Target>) {
        match self {
            Self::Composed(parts) => parts.iter().for_each(|part| part.targets(found)),
            Self::Plain(_) => {}
            Self::Secret(target) => found.push(target),
        }
    }
}

impl Broker {
    /// Runs a program with secrets and gives back its redacted output.
    ///
    /// # Errors
    /// [`BrokerError`]; a program that fails is an answer, not an error.
    pub async fn run(
        &self,
        caller: &Caller,
        request: RunRequest,
        cancelled: impl Future<Output = ()>,
    ) -> Result<RunAnswer, BrokerError> {
        let asked = request.output;
        let (prepared, mode) = self.prepare(caller, request).await?;
        let PreparedRun {
            mut launch,
            redactor,
            short,
            ticket,
        } = prepared;
        launch.keep = match mode {
            OutputMode::None | OutputMode::Summary => Keep::Nothing,
            OutputMode::Tail => Keep::Tail(TAIL_BYTES),
            OutputMode::Full => Keep::Ends(FULL_BYTES),
        };
        let finished = launch::run(launch, &redactor, pin!(cancelled)).await;
        let outcome = match &finished {
            Ok(finished) => guard::ended(finished),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.close(ticket, outcome).await?;
        let mut answer = answer(finished?, mode, caller.is_agent());
        if caller.is_agent() && !short.is_empty() {
            withhold(&mut answer, &short);
        } else if asked.is_some_and(|asked| asked > mode) {
            answer.withheld = Some(format!("policy lets `{mode}` through, not more"));
        }
        Ok(answer)
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
        self.prepare(caller, request)
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

    async fn prepare(
        &self,
        caller: &Caller,
        request: RunRequest,
    ) -> Result<(PreparedRun, OutputMode), BrokerError> {
        let ask = self.ask(caller).await?;
        let command = self.command(&ask, request.command.clone(), request.cwd.as_deref())?;
        let wiring = self.wire(&ask, &request).await?;

        let targets = wiring.targets();
        let secrets: Vec<Governed<'_>> = targets
            .iter()
            .map(|target| Governed {
                reference: &target.reference,
                origins: &target.field.origins,
            })
            .collect();
        let (variables, secret_variables) = wiring.names();
        let run = command.request(&secrets, &secret_variables, &variables, request.output);
        let deed = Deed::run(&command, &targets).because(request.reason.as_deref());
        let ticket = self.permit(&ask, &Action::Run(&run), deed).await?;

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
        match self.load(caller, &command, wiring, timeout).await {
            Ok((launch, redactor, short)) => Ok((
                PreparedRun {
                    launch,
                    redactor,
                    short,
                    ticket,
                },
                mode,
            )),
            Err(error) => {
                let outcome = Outcome::Failed(error.to_string());
                self.close(ticket, outcome).await?;
                Err(error)
            }
        }
    }

    /// Finds out what each variable, file and standard input is to carry. No value is read.
    async fn wire(&self, ask: &Ask<'_>, request: &RunRequest) -> Result<Wiring, BrokerError> {
        let mut wiring = Wiring::default();
        for (name, text) in &request.inherited {
            if SecretReference::looks_like(text) {
                let carried = self.carried(ask, text).await?;
                wiring.env.push((name.clone(), carried));
            }
        }
        for path in &request.env_files {
            self.wire_file(ask, path, request, &mut wiring).await?;
        }
        for (name, text) in &request.env {
            check_name(name)?;
            let carried = self.carried(ask, text).await?;
            wiring.env.push((name.clone(), carried));
        }
        for (name, text) in &request.files {
            check_name(name)?;
            let target = self.secret_target(ask, text).await?;
            wiring.files.push((name.clone(), target));
        }
        if let Some(text) = &request.stdin {
            wiring.stdin = Some(self.secret_target(ask, text).await?);
        }
        Ok(wiring)
    }

    async fn wire_file(
        &self,
        ask: &Ask<'_>,
        path: &Path,
        request: &RunRequest,
        wiring: &mut Wiring,
    ) -> Result<(), BrokerError> {
        let file = self.env_file(ask, path)?;
        // Never the server's own environment: what an agent asks for may not be filled in from there.
        let outer = |name: &str| {
            let known = request.env.iter().rev().chain(&request.inherited);
            known
                .filter(|(known, _)| known == name)
                .map(|(_, text)| Zeroizing::new(text.clone()))
                .next()
        };
        let assignments = file
            .expand(outer)
            .map_err(|error| invalid_file(path, &error))?;
        for assignment in assignments {
            let carried = match assignment.value {
                dotenv::Value::Composed(parts) => {
                    let mut pieces = Vec::with_capacity(parts.len());
                    for part in parts {
                        pieces.push(match part {
                            dotenv::Part::Reference(reference) => {
                                self.meant(ask, &reference).await?
                            }
                            dotenv::Part::Text(text) => Carried::Plain(text),
                        });
                    }
                    Carried::Composed(pieces)
                }
                dotenv::Value::Reference(reference) => self.meant(ask, &reference).await?,
                dotenv::Value::Text(text) => {
                    if crate::import::conceals(&assignment.name, text.expose_secret()) {
                        wiring
                            .literals
                            .push((assignment.name.clone(), text.clone()));
                    }
                    Carried::Plain(text)
                }
            };
            wiring.env.push((assignment.name, carried));
        }
        Ok(())
    }

    /// Reads a file of variables that the caller may name.
    pub(super) fn env_file(&self, ask: &Ask<'_>, path: &Path) -> Result<Dotenv, BrokerError> {
        let bytes = self.reach(ask).read(path, &self.grounds.own_paths)?;
        Dotenv::from_bytes(&bytes).map_err(|error| invalid_file(path, &error))
    }

    async fn carried(&self, ask: &Ask<'_>, text: &str) -> Result<Carried, BrokerError> {
        if !SecretReference::looks_like(text) {
            return Ok(Carried::Plain(Secret::new(text.to_owned())));
        }
        let reference = SecretReference::parse(text)?;
        self.meant(ask, &reference).await
    }

    async fn meant(
        &self,
        ask: &Ask<'_>,
        reference: &SecretReference,
    ) -> Result<Carried, BrokerError> {
        let target = self.run_target(ask, reference).await?;
        Ok(match attribute(reference, &target) {
            Some(text) => Carried::Plain(Secret::new(text)),
            None => Carried::Secret(target),
        })
    }

    async fn run_target(
        &self,
        ask: &Ask<'_>,
        reference: &SecretReference,
    ) -> Result<Target, BrokerError> {
        let found = self.target(&ask.seen, reference).await;
        self.found(ask, Verb::Run, &reference.to_string(), found)
            .await
    }

    async fn secret_target(&self, ask: &Ask<'_>, text: &str) -> Result<Target, BrokerError> {
        let reference = SecretReference::parse(text)?;
        if reference.attribute != Attribute::Value {
            return Err(BrokerError::Invalid(
                "only a field's value can be put in a file or on standard input".into(),
            ));
        }
        self.run_target(ask, &reference).await
    }

    /// Reads the values and puts launch and redactor together.
    async fn load(
        &self,
        caller: &Caller,
        command: &Command,
        wiring: Wiring,
        timeout: Option<Duration>,
    ) -> Result<(Launch, Redactor, Vec<String>), BrokerError> {
        let mut env: Vec<(String, Value)> = match caller {
            Caller::Agent(_) => self.base_environment(&command.path),
            Caller::Owner => Vec::new(),
        };
        let mut concealed: Vec<(String, Secret, bool)> = Vec::new();
        for (name, carried) in wiring.env {
            let value = self.put_together(carried, &mut concealed).await?;
            env.retain(|(known, _)| *known != name);
            env.push((name, value));
        }
        let mut files = Vec::new();
        for (name, target) in wiring.files {
            let value = self.concealed_value(&target, &mut concealed).await?;
            files.push((name, value));
        }
        let stdin = match wiring.stdin {
            None => Stdin::Empty,
            Some(target) => Stdin::Secret(self.concealed_value(&target, &mut concealed).await?),
        };
        for (name, value) in wiring.literals {
            concealed.push((name, value, true));
        }
        if caller.is_agent() {
            let own = self.grounds.own_secrets.iter();
            concealed.extend(own.map(|(name, value)| (name.clone(), value.clone(), true)));
        }
        let redactor = Redactor::new(
            concealed
                .iter()
                .map(|(reference, value, _)| Concealed { reference, value }),
        );
        // A value that is no secret (a user name, a port) is masked, but never reason enough to withhold output.
        let short = redactor
            .too_short()
            .iter()
            .filter(|short| {
                concealed
                    .iter()
                    .any(|(reference, _, secret)| *secret && reference == *short)
            })
            .cloned()
            .collect();
        let launch = Launch {
            program: command.program.clone(),
            argv: command.argv.clone(),
            env,
            files,
            stdin,
            cwd: command.cwd.clone(),
            timeout,
            keep: Keep::Nothing,
        };
        Ok((launch, redactor, short))
    }

    async fn put_together(
        &self,
        carried: Carried,
        concealed: &mut Vec<(String, Secret, bool)>,
    ) -> Result<Value, BrokerError> {
        Ok(match carried {
            Carried::Composed(parts) => {
                let mut text = Zeroizing::new(String::new());
                for part in parts {
                    let part = match part {
                        Carried::Secret(target) => self.concealed_value(&target, concealed).await?,
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
                Value::Secret(self.concealed_value(&target, concealed).await?)
            }
        })
    }

    async fn concealed_value(
        &self,
        target: &Target,
        concealed: &mut Vec<(String, Secret, bool)>,
    ) -> Result<Secret, BrokerError> {
        let value = self.value(target).await?;
        concealed.push((
            target.reference.to_string(),
            value.clone(),
            target.field.concealed(),
        ));
        Ok(value)
    }

    pub(super) fn base_environment(&self, path: &[PathBuf]) -> Vec<(String, Value)> {
        super::environment::clean(self.grounds.environment.iter().cloned(), path)
            .into_iter()
            .map(|(name, text)| (name, Value::Plain(text)))
            .collect()
    }
}

impl PreparedRun {
    /// Takes the run apart: what to start, what to conceal, and the ticket for [`Broker::finish_run`].
    #[must_use]
    pub fn into_parts(self) -> (Launch, Redactor, Ticket) {
        (self.launch, self.redactor, self.ticket)
    }
}

impl Wiring {
    fn targets(&self) -> Vec<Target> {
        let mut found = Vec::new();
        for (_, carried) in &self.env {
            carried.targets(&mut found);
        }
        found.extend(self.files.iter().map(|(_, target)| target));
        found.extend(&self.stdin);
        let mut targets: Vec<Target> = Vec::new();
        for target in found {
            if !targets
                .iter()
                .any(|known| known.reference == target.reference)
            {
                targets.push(target.clone());
            }
        }
        targets
    }

    /// Names of the plain variables, and of those that carry a secret.
    fn names(&self) -> (Vec<&str>, Vec<&str>) {
        let mut plain = Vec::new();
        let mut secret: Vec<&str> = self.files.iter().map(|(name, _)| name.as_str()).collect();
        for (name, carried) in &self.env {
            match carried {
                Carried::Plain(_) => plain.push(name.as_str()),
                Carried::Composed(_) | Carried::Secret(_) => secret.push(name.as_str()),
            }
        }
        (plain, secret)
    }
}

/// The text of a reference that asks for something else than the value.
pub(super) fn attribute(reference: &SecretReference, target: &Target) -> Option<String> {
    let field = &target.field;
    Some(match reference.attribute {
        Attribute::Value => return None,
        Attribute::Id => field.id.to_string(),
        Attribute::Purpose => field
            .purpose
            .map(|purpose| purpose.as_str().to_lowercase())
            .unwrap_or_default(),
        Attribute::Type => field.kind.as_str().to_lowercase(),
    })
}

fn answer(finished: Finished, mode: OutputMode, agent: bool) -> RunAnswer {
    let truncated = matches!(mode, OutputMode::Full | OutputMode::Tail)
        && (finished.stdout.truncated || finished.stderr.truncated);
    let (stdout, stderr, mut concealed) = match mode {
        OutputMode::None => (String::new(), String::new(), BTreeMap::new()),
        OutputMode::Summary => (
            summary(&finished.stdout),
            summary(&finished.stderr),
            BTreeMap::new(),
        ),
        OutputMode::Full | OutputMode::Tail => (
            text(finished.stdout),
            text(finished.stderr),
            finished.concealed,
        ),
    };
    if agent {
        concealed
            .values_mut()
            .for_each(|count| *count = (*count).min(MOST_COUNTED));
    }
    RunAnswer {
        status: finished.status,
        timed_out: finished.timed_out,
        cancelled: finished.cancelled,
        duration: finished.duration,
        mode,
        stdout,
        stderr,
        truncated,
        withheld: None,
        concealed,
    }
}

/// A mask would show a short value by what is missing, so nothing but success or failure is told.
fn withhold(answer: &mut RunAnswer, references: &[String]) {
    answer.mode = OutputMode::None;
    answer.stdout.clear();
    answer.stderr.clear();
    answer.truncated = false;
    answer.concealed.clear();
    answer.withheld = Some(format!(
        "output withheld: {} is too short or too easy to guess to be concealed in a text",
        references.join(", ")
    ));
}

fn text(output: Output) -> String {
    String::from_utf8(output.bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Counts in steps, so that the length of a value can't be read from them.
fn summary(output: &Output) -> String {
    let rounded = |count: u64| match count {
        0 => "no".to_owned(),
        1..10 => "fewer than 10".to_owned(),
        _ => format!("about {}", count.next_power_of_two()),
    };
    format!(
        "{} lines, {} bytes",
        rounded(output.total_lines),
        rounded(output.total_bytes)
    )
}

fn check_name(name: &str) -> Result<(), BrokerError> {
    let fits = !name.is_empty()
        && name.len() <= 256
        && !name.as_bytes()[0].is_ascii_digit()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits {
        Ok(())
    } else {
        Err(BrokerError::Invalid(
            "a variable's name has letters, digits and `_`, and does not begin with a digit".into(),
        ))
    }
}

fn invalid_file(path: &Path, error: &dyn std::error::Error) -> BrokerError {
    BrokerError::Invalid(format!("{}: {error}", path_shown(path)))
}

fn path_shown(path: &Path) -> String {
    format!(
        "`{}`",
        crate::display_text::escaped(&path.display().to_string())
    )
}
