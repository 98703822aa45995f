//! Where a field's value comes from: first every source is decided and recorded, then any of them is touched.

use std::pin::Pin;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    access::Caller,
    audit::Verb,
    broker::{
        Ask, Broker, BrokerError, Source,
        command::Command,
        fields::Sourced,
        guard::{Deed, Ticket},
        paths::MAX_FILE,
        resolve::Target,
        shown,
    },
    generate::{self, Recipe},
    launch::{self, Keep, Launch, Status, Stdin},
    otp,
    policy::{Action, Permit, Right, Run},
    redact::Redactor,
    ssh_key,
    vault::{Attribute, FieldId, Item, ResolvedReference, Secret, SecretReference, VaultError},
};

/// The least entropy that a generated value of a concealed field may have, in bits.
const LEAST_ENTROPY_BITS: f64 = 64.0;

/// A source that was decided, and recorded where it needed a decision of its own.
pub(super) enum Planned {
    /// A person types it later.
    Ask,
    Command(Box<Command>, Ticket),
    Copy(Box<Target>, Ticket),
    File(std::path::PathBuf),
    Generate(Recipe),
    Text(Secret),
}

/// Values that were decrypted for one request.
pub(super) struct Values {
    items: Vec<Item>,
    files: Vec<(FieldId, Secret)>,
}

impl Values {
    /// One field's value, of the very version that was decided on.
    pub(super) fn of(&self, target: &Target) -> Result<Secret, BrokerError> {
        let reference = &target.reference;
        let empty = || BrokerError::Invalid(format!("{reference} is empty; set it first"));
        if target.file.is_some() {
            let file = self.files.iter().find(|(id, _)| *id == reference.field.id);
            return file.map(|(_, text)| text.clone()).ok_or_else(empty);
        }
        let item = self
            .items
            .iter()
            .find(|item| item.overview.id == reference.item.id)
            .ok_or_else(empty)?;
        let found = item.overview.version;
        if found != target.version {
            let expected = target.version;
            return Err(VaultError::Conflict { expected, found }.into());
        }
        let value = item
            .fields
            .iter()
            .find(|field| field.metadata.id == reference.field.id)
            .and_then(|field| field.value.clone())
            .ok_or_else(empty)?;
        in_form(target, value)
    }
}

impl Broker {
    /// Decides whether a field may take its value from a source; nothing is read or run yet.
    pub(super) async fn plan(
        &self,
        ask: &Ask<'_>,
        label: &str,
        concealed: bool,
        source: Source,
    ) -> Result<Planned, BrokerError> {
        Ok(match source {
            Source::Ask => {
                self.check_ask(label, concealed)?;
                Planned::Ask
            }
            Source::Command(argv) => {
                let command = self.command(ask, argv, None)?;
                let run = Run {
                    reasoned: ask.reasoned(),
                    ..command.request(&[], &[], &[], None)
                };
                let deed = Deed::run(&command, &[]).because(ask.reason);
                let ticket = self
                    .permit_shown(ask, &Action::Run(&run), deed, |asking| {
                        shown::source(ask, asking, &command)
                    })
                    .await?;
                Planned::Command(Box::new(command), ticket)
            }
            Source::Copy(reference) => {
                let reference = SecretReference::parse(&reference)?;
                if !matches!(reference.attribute, Attribute::Content | Attribute::Value) {
                    return Err(BrokerError::Invalid(
                        "a copy takes what the field holds; leave out what stands after `?`".into(),
                    ));
                }
                let found = self.target(&ask.seen, &reference).await;
                let named = reference.to_string();
                let target = self.found(ask, Verb::Copy, &named, found).await?;
                if target.field.concealed() && !concealed {
                    return Err(BrokerError::Invalid(format!(
                        "field `{label}` would show a concealed value; leave its type out, or make it `concealed`"
                    )));
                }
                if ask.caller.is_agent() && !self.vault.keeps_origins() {
                    return Err(BrokerError::Invalid(
                        "a Connect server can't remember which rules a copied value stands under, so agents can't copy there; use the reference itself where the value is needed, or another source".into(),
                    ));
                }
                let secrets = [target.governed()];
                let action = Action::Take {
                    right: Right::Use,
                    reasoned: ask.reasoned(),
                    secrets: &secrets,
                };
                let ticket = self
                    .permit(ask, &action, Deed::fields(Verb::Copy, [&target]))
                    .await?;
                Planned::Copy(Box::new(target), ticket)
            }
            Source::File(path) => Planned::File(path),
            Source::Generate(recipe) => Planned::Generate(recipe),
            Source::Text(text) => {
                if concealed && ask.caller.is_agent() {
                    return Err(BrokerError::Invalid(format!(
                        "field `{label}` is concealed, so its value must not pass through you: take it from `generate`, `file`, `command` or `copy`, or let a person type it with `ask`"
                    )));
                }
                Planned::Text(text)
            }
        })
    }

    /// Gets the value from a source that was decided.
    pub(super) async fn obtain(
        &self,
        ask: &Ask<'_>,
        label: &str,
        concealed: bool,
        planned: Planned,
        cancelled: Pin<&mut (impl Future<Output = ()> + ?Sized)>,
    ) -> Result<Sourced, BrokerError> {
        let value = match planned {
            Planned::Ask => return Ok(Sourced::default()),
            Planned::Command(command, ticket) => {
                let output = self.output_of(&command, ticket.terms(), cancelled).await;
                self.closing(ticket, output).await?
            }
            Planned::Copy(target, ticket) => {
                let value = self.value(&target).await;
                return Ok(Sourced {
                    value: Some(self.closing(ticket, value).await?),
                    origins: origins(&target),
                    public: None,
                });
            }
            Planned::File(path) => {
                let bytes = self.reach(ask).read(&path, &self.grounds.own_paths)?;
                text_of(bytes, || format!("the file for `{label}`"))?
            }
            Planned::Generate(recipe) => {
                let made = generate::generate(&recipe)
                    .map_err(|error| BrokerError::Invalid(error.to_string()))?;
                if concealed && made.entropy_bits < LEAST_ENTROPY_BITS {
                    return Err(BrokerError::Invalid(format!(
                        "field `{label}`: {:.0} bits are too easy to guess; ask for more characters or words, at least {LEAST_ENTROPY_BITS} bits",
                        made.entropy_bits
                    )));
                }
                return Ok(Sourced {
                    value: Some(made.value),
                    origins: Vec::new(),
                    public: made.public,
                });
            }
            Planned::Text(text) => text,
        };
        Ok(Sourced {
            value: Some(value),
            origins: Vec::new(),
            public: None,
        })
    }

    /// Decrypts one field's value, of the very version that was decided on: since then somebody may have put another
    /// value in its place, from a source that other rules govern.
    pub(super) async fn value(&self, target: &Target) -> Result<Secret, BrokerError> {
        self.values([target]).await?.of(target)
    }

    /// Decrypts what several fields need, each item once and all at the same time.
    pub(super) async fn values<'a>(
        &self,
        targets: impl IntoIterator<Item = &'a Target>,
    ) -> Result<Values, BrokerError> {
        let (mut items, mut files): (Vec<&Target>, Vec<&Target>) = (Vec::new(), Vec::new());
        for target in targets {
            let item = &target.reference.item.id;
            if target.file.is_some() {
                files.push(target);
            } else if !items.iter().any(|known| known.reference.item.id == *item) {
                items.push(target);
            }
        }
        let items = items.into_iter().map(|target| {
            let reference = &target.reference;
            self.vault.item(&reference.vault.id, &reference.item.id)
        });
        let files = files.into_iter().map(|target| self.text_of_file(target));
        let (items, files) = join(join_all(items), join_all(files)).await;
        Ok(Values {
            items: items.into_iter().collect::<Result<_, _>>()?,
            files: files.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// A file's content as a value. Which file it is decides on what is in it: there is no version to compare.
    async fn text_of_file(&self, target: &Target) -> Result<(FieldId, Secret), BrokerError> {
        let reference = &target.reference;
        let not_text = || {
            BrokerError::Invalid(format!(
                "{reference} is not text, which a value has to be; `save_file` writes it to a file"
            ))
        };
        let file = target.file.as_ref().ok_or_else(not_text)?;
        let content = self
            .vault
            .file_content(&reference.vault.id, &reference.item.id, &file.id)
            .await?;
        let text = content.into_text().ok_or_else(not_text)?;
        Ok((reference.field.id.clone(), text))
    }

    async fn output_of(
        &self,
        command: &Command,
        terms: &Permit,
        cancelled: Pin<&mut (impl Future<Output = ()> + ?Sized)>,
    ) -> Result<Secret, BrokerError> {
        let mut env = self.base_environment(&command.path, &terms.surroundings);
        for (name, text) in &terms.surroundings.set {
            env.retain(|(known, _)| known != name);
            env.push((name.clone(), launch::Value::Plain(text.clone())));
        }
        let launch = Launch {
            program: command.program.clone(),
            argv: command.argv.clone(),
            env,
            files: Vec::new(),
            stdin: Stdin::Empty,
            cwd: command.cwd.clone(),
            timeout: Some(super::run::DEFAULT_TIMEOUT),
            keep: Keep::Ends(MAX_FILE as usize),
            sha256: terms.surroundings.sha256,
            limits: terms.limits,
        };
        let finished = launch::run(launch, &Redactor::new([]), cancelled).await?;
        let stdout = Zeroizing::new(finished.stdout.bytes);
        drop(Zeroizing::new(finished.stderr.bytes));
        let shown = command.shown();
        if finished.cancelled || finished.timed_out || finished.status != Status::Exited(0) {
            return Err(BrokerError::Invalid(format!(
                "`{shown}` did not end well ({}), so nothing was stored; what it printed is not shown",
                finished.status
            )));
        }
        if finished.stdout.truncated {
            return Err(BrokerError::Invalid(format!(
                "`{shown}` printed more than {MAX_FILE} bytes, so nothing was stored"
            )));
        }
        text_of(stdout, || format!("the output of `{shown}`"))
    }

    pub(super) fn reach(&self, ask: &Ask<'_>) -> super::paths::Reach {
        match ask.caller {
            Caller::Agent(agent) => super::paths::Reach::Beneath(ask.policy.roots(agent).to_vec()),
            Caller::Owner => super::paths::Reach::Anywhere,
        }
    }
}

/// The value in the form that was asked for.
fn in_form(target: &Target, value: Secret) -> Result<Secret, BrokerError> {
    let invalid = |error: &dyn std::error::Error| {
        BrokerError::Invalid(format!("{}: {error}", target.reference))
    };
    match target.attribute {
        Attribute::Otp => {
            let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
            otp::code(&value, now).map_err(|error| invalid(&error))
        }
        Attribute::OpenSsh => ssh_key::openssh(&value).map_err(|error| invalid(&error)),
        _ => Ok(value),
    }
}

/// Where a copy of a field comes from: what the field came from, and the field itself.
fn origins(target: &Target) -> Vec<ResolvedReference> {
    let mut origins = target.field.origins.clone();
    if !origins.contains(&target.reference) {
        origins.push(target.reference.clone());
    }
    origins
}

/// Takes bytes as a field's text. One line loses its line end, since a token with one breaks headers; several lines
/// keep theirs, since a key file without one is refused by OpenSSH.
fn text_of(
    mut bytes: Zeroizing<Vec<u8>>,
    what: impl Fn() -> String,
) -> Result<Secret, BrokerError> {
    let bytes = std::mem::take(&mut *bytes);
    let mut text = String::from_utf8(bytes).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        BrokerError::Invalid(format!("{} is not UTF-8 text", what()))
    })?;
    if let Some(line) = text.strip_suffix('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !line.contains('\n') {
            text.truncate(line.len());
        }
    }
    if text.is_empty() {
        return Err(BrokerError::Invalid(format!("{} is empty", what())));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, String> {
        text_of(Zeroizing::new(bytes.to_vec()), || "it".into())
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_loses_its_end_and_several_keep_theirs() {
        assert_eq!(text(b"token\n").unwrap(), "token");
        assert_eq!(text(b"token\r\n").unwrap(), "token");
        assert_eq!(text(b"a\nb\n").unwrap(), "a\nb\n");
        assert_eq!(text(b"token").unwrap(), "token");
    }

    #[test]
    fn what_is_not_text_is_refused_without_repeating_it() {
        assert_eq!(text(b"\xffcanary").unwrap_err(), "it is not UTF-8 text");
        assert_eq!(text(b"\n").unwrap_err(), "it is empty");
    }
}
