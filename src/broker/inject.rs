//! Filling templates: for the owner into the open, for an agent into a file that it may then read.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use futures_util::future::join_all;
use zeroize::Zeroizing;

use crate::{
    access::Caller,
    audit::Verb,
    broker::{
        Ask, Asker, Broker, BrokerError,
        guard::Deed,
        injected::{Injected, Kind},
        question::Consents,
        resolve::Target,
        shown,
        value::Values,
    },
    policy::{Action, Governed, Right},
    template::{MAX_TEMPLATE_BYTES, Part, Template, TemplateError},
    vault::{Secret, SecretReference},
};

/// A template, and the file that it becomes.
#[derive(Debug)]
pub struct InjectTemplate {
    /// Where the text comes from.
    pub template: TemplateText,
    /// Where the filled text is written.
    pub out_file: PathBuf,
    /// The mode that it gets.
    pub mode: u32,
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
}

/// Where a template's text comes from. Its `Debug` tells nothing of a text: somebody may have put a value into it.
pub enum TemplateText {
    /// A file on disk.
    File(PathBuf),
    /// The request itself.
    Text(String),
}

impl std::fmt::Debug for TemplateText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(..)"),
        }
    }
}

/// A template that was filled.
#[derive(Clone, Debug)]
pub struct FilledTemplate {
    /// Where it is.
    pub path: PathBuf,
    /// The references whose values are in it, as they were written.
    pub references: Vec<String>,
}

/// What a template's references turned out to mean.
struct Meant {
    template: Template,
    targets: HashMap<SecretReference, Target>,
}

impl Broker {
    /// Fills a template (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]; all references that mean nothing are told at once.
    pub async fn reveal_template(
        &self,
        caller: &Caller,
        template: Template,
    ) -> Result<Secret, BrokerError> {
        let ask = self.ask(caller).await?;
        let meant = self.meant_by(&ask, template).await;
        let meant = self.understood(&ask, Deed::of(Verb::Inject), meant).await?;
        let deed = Deed::fields(Verb::Inject, meant.wanted());
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let filled = async {
            let values = self.values(meant.wanted()).await?;
            meant.filled(&values)
        };
        self.closing(ticket, filled.await).await
    }

    /// Fills a template into a file: whole or not at all, readable by its owner from the first byte on. An agent's template
    /// knows no variables: nothing of the server's environment gets into it.
    ///
    /// # Errors
    /// [`BrokerError`]; nothing is left on disk then.
    pub async fn inject_template(
        &self,
        asker: impl Into<Asker<'_>>,
        wanted: &InjectTemplate,
    ) -> Result<FilledTemplate, BrokerError> {
        let asker = asker.into();
        let consents = Consents::at_most(1);
        loop {
            match self.try_to_inject(asker, &consents, wanted).await {
                Err(BrokerError::Asked(question)) => {
                    self.settle(asker, &consents, *question).await?;
                }
                ended => return ended,
            }
        }
    }

    async fn try_to_inject(
        &self,
        asker: Asker<'_>,
        consents: &Consents,
        wanted: &InjectTemplate,
    ) -> Result<FilledTemplate, BrokerError> {
        let caller = asker.caller;
        let ask = self.ask_with(asker, consents).await?;
        let meant = async {
            let template = self.template(&ask, &wanted.template)?;
            let meant = self.meant_by(&ask, template).await?;
            if meant.targets.is_empty() {
                return Err(BrokerError::Invalid(
                    "the template has no secret reference, so there is nothing to fill in; write the file yourself".into(),
                ));
            }
            Ok(meant)
        };
        let meant = meant.await;
        let meant = self.understood(&ask, Deed::of(Verb::Inject), meant).await?;
        let secrets: Vec<Governed<'_>> = meant.wanted().map(Target::governed).collect();
        let action = Action::Take {
            right: Right::Files,
            reasoned: ask.reasoned(),
            secrets: &secrets,
        };
        let deed = Deed::fields(Verb::Inject, meant.wanted()).because(ask.reason);
        let ticket = self
            .permit_shown(&ask, &action, deed, |_| {
                let references = meant.wanted().map(|target| target.reference.clone());
                shown::template(&ask, &references.collect::<Vec<_>>(), &wanted.out_file)
            })
            .await?;
        let filled = async {
            let reach = self.reach(&ask);
            let out = reach.create(&wanted.out_file, wanted.overwrite, &self.grounds.own_paths)?;
            let values = self.values(meant.wanted()).await?;
            let text = meant.filled(&values)?;
            self.remember(caller, &meant, &values)?;
            out.write(text.expose_secret().as_bytes())?;
            Ok(FilledTemplate {
                path: out.finish(wanted.mode)?,
                references: meant.names(),
            })
        };
        self.closing(ticket, filled.await).await
    }

    fn template(&self, ask: &Ask<'_>, text: &TemplateText) -> Result<Template, BrokerError> {
        match text {
            TemplateText::File(path) => {
                let reach = self.reach(ask);
                let limit = MAX_TEMPLATE_BYTES as u64;
                let bytes = reach.read_up_to(path, limit, &self.grounds.own_paths)?;
                Template::from_bytes(&bytes, |_| None).map_err(|error| invalid(Some(path), &error))
            }
            TemplateText::Text(text) => {
                Template::parse(text, |_| None).map_err(|error| invalid(None, &error))
            }
        }
    }

    /// Looks all references up at the same time.
    async fn meant_by(&self, ask: &Ask<'_>, template: Template) -> Result<Meant, BrokerError> {
        let found = template.references().into_iter().map(async |reference| {
            let target = self.target(&ask.seen, reference).await;
            (reference.clone(), target)
        });
        let mut targets = HashMap::new();
        let mut missing = Vec::new();
        for (reference, target) in join_all(found).await {
            match target {
                Ok(target) => drop(targets.insert(reference, target)),
                Err(error) => missing.push((reference, error)),
            }
        }
        match BrokerError::unresolved(missing) {
            Some(error) => Err(error),
            None => Ok(Meant { template, targets }),
        }
    }

    /// What the agent can read in the file from now on is concealed in whatever it is told.
    fn remember(&self, caller: &Caller, meant: &Meant, values: &Values) -> Result<(), BrokerError> {
        let Caller::Agent(agent) = caller else {
            return Ok(());
        };
        let secret = meant.wanted().filter(|target| target.field.concealed());
        let injected = secret.map(|target| {
            Ok(Injected {
                reference: target.mark(),
                value: values.of(target)?,
                kind: Kind::Secret,
            })
        });
        let injected: Vec<Injected> = injected.collect::<Result<_, BrokerError>>()?;
        let own = &self.grounds.own_secrets;
        self.released.add(&agent.name, &injected, own);
        Ok(())
    }
}

impl Meant {
    /// The fields whose values are wanted, each once.
    fn wanted(&self) -> impl Iterator<Item = &Target> {
        let mut listed = Vec::new();
        let references = self.template.references().into_iter();
        references
            .filter_map(|reference| self.targets.get(reference))
            .filter(|target| target.attribute.holds_value())
            .filter(move |target| {
                let meant = (&target.reference, target.attribute);
                let new = !listed.contains(&meant);
                listed.push(meant);
                new
            })
    }

    fn names(&self) -> Vec<String> {
        let references = self.template.references().into_iter();
        references.map(ToString::to_string).collect()
    }

    fn filled(&self, values: &Values) -> Result<Secret, BrokerError> {
        let mut text = Zeroizing::new(String::new());
        for part in self.template.parts() {
            match part {
                Part::Text(part) => text.push_str(part.expose_secret()),
                Part::Reference(reference) => {
                    let Some(target) = self.targets.get(reference) else {
                        return Err(super::resolve::no_item(&reference.item).into());
                    };
                    match target.description() {
                        Some(named) => text.push_str(&named),
                        None => text.push_str(values.of(target)?.expose_secret()),
                    }
                }
            }
        }
        Ok(Secret::new(std::mem::take(&mut *text)))
    }
}

fn invalid(path: Option<&Path>, error: &TemplateError) -> BrokerError {
    let path = path.map(|path| crate::display_text::escaped(&path.display().to_string()));
    BrokerError::Invalid(match path {
        Some(path) => format!("`{path}`: {error}"),
        None => format!("the template: {error}"),
    })
}
