//! What a run is to carry: variables, files and standard input, from names to fields. No value is decrypted here.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use futures_util::future::join_all;
use zeroize::Zeroizing;

use crate::{
    broker::{
        Ask, Broker, BrokerError, RunRequest,
        resolve::{Target, no_item},
    },
    dotenv::{self, Dotenv},
    vault::{Environment, Secret, SecretReference, VariableContent, VariableName},
};

/// What a request's variables, files and standard input turned out to be.
#[derive(Default)]
pub(super) struct Wiring {
    /// Each name once.
    pub env: Vec<(String, Carried)>,
    pub files: Vec<(String, Target)>,
    pub stdin: Option<Target>,
    /// Literal values of env files that look like secrets: concealed as well, though they are not in a vault.
    pub literals: Vec<(String, Secret)>,
}

/// What one variable carries.
pub(super) enum Carried {
    /// Several of the others, one after another.
    Composed(Vec<Carried>),
    /// Text that the caller or a file of variables brought.
    Plain(Secret),
    /// A field's value.
    Secret(Box<Target>),
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

impl Carried {
    fn bind(&self, add: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Composed(parts) => {
                add(b"composed");
                add(&parts.len().to_le_bytes());
                parts.iter().for_each(|part| part.bind(add));
            }
            Self::Plain(text) => {
                add(b"plain");
                add(text.expose_secret().as_bytes());
            }
            Self::Secret(target) => bind_target(target, add),
        }
    }
}

fn bind_target(target: &Target, add: &mut dyn FnMut(&[u8])) {
    let reference = &target.reference;
    add(b"secret");
    add(reference.vault.id.to_string().as_bytes());
    add(reference.item.id.to_string().as_bytes());
    add(reference.field.id.as_str().as_bytes());
}

impl Broker {
    /// Finds out what each variable, file and standard input is to carry.
    pub(super) async fn wire(
        &self,
        ask: &Ask<'_>,
        request: &RunRequest,
        environments: Vec<Environment>,
    ) -> Result<Wiring, BrokerError> {
        let mut lines = Vec::new();
        for path in &request.env_files {
            lines.extend(self.lines(ask, path, request)?);
        }
        let literals = literals(&lines, &environments);
        let written = written(request, lines, environments)?;
        let known = self.known(ask, request, &written).await?;
        Ok(Wiring {
            literals,
            ..wiring(request, written, &known)?
        })
    }

    /// The lines of a file of variables, expanded.
    fn lines(
        &self,
        ask: &Ask<'_>,
        path: &Path,
        request: &RunRequest,
    ) -> Result<Vec<dotenv::Assignment>, BrokerError> {
        let file = self.env_file(ask, path)?;
        // Never the server's own environment: what an agent asks for may not be filled in from there.
        let outer = |name: &str| {
            let known = request.env.iter().rev().chain(&request.inherited);
            known
                .filter(|(known, _)| known == name)
                .map(|(_, text)| Zeroizing::new(text.clone()))
                .next()
        };
        file.expand(outer)
            .map_err(|error| invalid_file(path, &error))
    }

    /// Looks all references up at the same time; all that mean nothing are told at once. What is no reference is
    /// complained of later, in its turn.
    async fn known(
        &self,
        ask: &Ask<'_>,
        request: &RunRequest,
        written: &[(String, Written)],
    ) -> Result<Known, BrokerError> {
        let texts = request.files.iter().map(|(_, text)| text);
        let texts = texts.chain(&request.stdin);
        let mut wanted: HashSet<SecretReference> = texts.filter_map(|text| meant(text)).collect();
        for (_, written) in written {
            match written {
                Written::Content(VariableContent::Reference(reference))
                | Written::Line(dotenv::Value::Reference(reference)) => {
                    wanted.insert(reference.clone());
                }
                Written::Line(dotenv::Value::Composed(parts)) => {
                    wanted.extend(parts.iter().filter_map(|part| match part {
                        dotenv::Part::Reference(reference) => Some(reference.clone()),
                        dotenv::Part::Text(_) => None,
                    }));
                }
                Written::Text(text) => wanted.extend(meant(text)),
                Written::Content(VariableContent::Text(_))
                | Written::Line(dotenv::Value::Text(_)) => {}
            }
        }
        let found = wanted.into_iter().map(async |reference| {
            let target = self.target(&ask.seen, &reference).await;
            (reference, target)
        });
        let mut known = HashMap::new();
        let mut missing = Vec::new();
        for (reference, target) in join_all(found).await {
            match target {
                Ok(target) => drop(known.insert(reference, target)),
                Err(error) => missing.push((reference, error)),
            }
        }
        BrokerError::unresolved(missing).map_or(Ok(Known(known)), Err)
    }

    /// Reads a file of variables that the caller may name.
    pub(super) fn env_file(&self, ask: &Ask<'_>, path: &Path) -> Result<Dotenv, BrokerError> {
        let bytes = self.reach(ask).read(path, &self.grounds.own_paths)?;
        Dotenv::from_bytes(&bytes).map_err(|error| invalid_file(path, &error))
    }
}

/// What references turned out to mean.
struct Known(HashMap<SecretReference, Target>);

impl Known {
    fn target(&self, reference: &SecretReference) -> Result<Target, BrokerError> {
        let known = self.0.get(reference).cloned();
        known.ok_or_else(|| no_item(&reference.item).into())
    }

    fn meant(&self, reference: &SecretReference) -> Result<Carried, BrokerError> {
        let target = self.target(reference)?;
        Ok(match target.description() {
            Some(text) => Carried::Plain(Secret::new(text)),
            None => Carried::Secret(Box::new(target)),
        })
    }

    fn carried(&self, text: &str) -> Result<Carried, BrokerError> {
        if !SecretReference::looks_like(text) {
            return Ok(Carried::Plain(Secret::new(text.to_owned())));
        }
        self.meant(&SecretReference::parse(text)?)
    }

    fn secret_target(&self, text: &str) -> Result<Target, BrokerError> {
        let reference = SecretReference::parse(text)?;
        if !reference.attribute.holds_value() {
            return Err(BrokerError::Invalid(
                "only a field's value or a file's content can be put in a file or on standard input"
                    .into(),
            ));
        }
        self.target(&reference)
    }
}

/// What somebody wrote for one variable.
enum Written {
    /// In an environment.
    Content(VariableContent),
    /// In a file of variables.
    Line(dotenv::Value),
    /// In the request, or in the caller's own environment.
    Text(String),
}

/// The variables in the order of precedence, only the last of each name: what another one has replaced is neither looked
/// up nor decided on nor read.
fn written(
    request: &RunRequest,
    lines: Vec<dotenv::Assignment>,
    environments: Vec<Environment>,
) -> Result<Vec<(String, Written)>, BrokerError> {
    let text = |(name, text): &(String, String)| (name.clone(), Written::Text(text.clone()));
    let inherited = request.inherited.iter();
    let inherited = inherited.filter(|(_, text)| SecretReference::looks_like(text));
    let mut all: Vec<(String, Written)> = inherited.map(text).collect();
    all.extend(
        lines
            .into_iter()
            .map(|line| (line.name, Written::Line(line.value))),
    );
    let variables = environments.into_iter().flat_map(|it| it.variables);
    all.extend(variables.map(|it| (it.name.to_string(), Written::Content(it.content))));
    for (name, _) in &request.env {
        check_name(name)?;
    }
    all.extend(request.env.iter().map(text));

    let mut seen = HashSet::new();
    all.reverse();
    all.retain(|(name, _)| seen.insert(name.clone()));
    all.reverse();
    Ok(all)
}

/// Texts that look like secrets. Also those that another variable of the name has replaced: a line after them may have
/// taken them in.
fn literals(lines: &[dotenv::Assignment], environments: &[Environment]) -> Vec<(String, Secret)> {
    let in_files = lines.iter().filter_map(|line| match &line.value {
        dotenv::Value::Text(text) => Some((line.name.as_str(), text)),
        _ => None,
    });
    let variables = environments.iter().flat_map(|it| &it.variables);
    let in_environments = variables.filter_map(|it| match &it.content {
        VariableContent::Reference(_) => None,
        VariableContent::Text(text) => Some((it.name.as_str(), text)),
    });
    in_files
        .chain(in_environments)
        .filter(|(name, text)| crate::import::conceals(name, text.expose_secret()))
        .map(|(name, text)| (name.to_owned(), text.clone()))
        .collect()
}

/// The reference that a text is, if it is one.
fn meant(text: &str) -> Option<SecretReference> {
    let looks = SecretReference::looks_like(text);
    looks.then(|| SecretReference::parse(text).ok())?
}

/// Puts a request together from what its references mean.
fn wiring(
    request: &RunRequest,
    written: Vec<(String, Written)>,
    known: &Known,
) -> Result<Wiring, BrokerError> {
    let mut wiring = Wiring::default();
    for (name, written) in written {
        let carried = match written {
            Written::Content(VariableContent::Reference(reference))
            | Written::Line(dotenv::Value::Reference(reference)) => known.meant(&reference)?,
            Written::Content(VariableContent::Text(text))
            | Written::Line(dotenv::Value::Text(text)) => Carried::Plain(text),
            Written::Line(dotenv::Value::Composed(parts)) => {
                let pieces = parts.into_iter().map(|part| match part {
                    dotenv::Part::Reference(reference) => known.meant(&reference),
                    dotenv::Part::Text(text) => Ok(Carried::Plain(text)),
                });
                Carried::Composed(pieces.collect::<Result<_, _>>()?)
            }
            Written::Text(text) => known.carried(&text)?,
        };
        wiring.env.push((name, carried));
    }
    for (name, text) in &request.files {
        check_name(name)?;
        wiring
            .files
            .push((name.clone(), known.secret_target(text)?));
    }
    if let Some(text) = &request.stdin {
        wiring.stdin = Some(known.secret_target(text)?);
    }
    Ok(wiring)
}

impl Wiring {
    pub(super) fn targets(&self) -> Vec<Target> {
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

    /// Gives everything that decides what the program gets, part by part: names, places, and plain texts.
    pub(super) fn bind(&self, add: &mut dyn FnMut(&[u8])) {
        for (name, carried) in &self.env {
            add(name.as_bytes());
            carried.bind(add);
        }
        for (name, target) in &self.files {
            add(name.as_bytes());
            bind_target(target, add);
        }
        if let Some(target) = &self.stdin {
            bind_target(target, add);
        }
    }

    /// Names of the plain variables, and of those that carry a secret.
    pub(super) fn names(&self) -> (Vec<&str>, Vec<&str>) {
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

fn check_name(name: &str) -> Result<(), BrokerError> {
    let parsed = VariableName::parse(name);
    parsed
        .map(drop)
        .map_err(|error| BrokerError::Invalid(error.to_string()))
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
