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
    vault::{Secret, SecretReference},
};

/// What a request's variables, files and standard input turned out to be.
#[derive(Default)]
pub(super) struct Wiring {
    /// In order; a later one of the same name wins.
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
    ) -> Result<Wiring, BrokerError> {
        let mut lines = Vec::new();
        for path in &request.env_files {
            lines.extend(self.lines(ask, path, request)?);
        }
        let known = self.known(ask, request, &lines).await?;
        wiring(request, lines, known)
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
        lines: &[dotenv::Assignment],
    ) -> Result<Known, BrokerError> {
        let inherited = request.inherited.iter();
        let texts = inherited
            .chain(&request.env)
            .chain(&request.files)
            .map(|(_, text)| text)
            .chain(&request.stdin)
            .filter(|text| SecretReference::looks_like(text));
        let mut wanted: HashSet<SecretReference> = texts
            .filter_map(|text| SecretReference::parse(text).ok())
            .collect();
        for line in lines {
            match &line.value {
                dotenv::Value::Composed(parts) => {
                    wanted.extend(parts.iter().filter_map(|part| match part {
                        dotenv::Part::Reference(reference) => Some(reference.clone()),
                        dotenv::Part::Text(_) => None,
                    }));
                }
                dotenv::Value::Reference(reference) => drop(wanted.insert(reference.clone())),
                dotenv::Value::Text(_) => {}
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

/// Puts a request together from what its references mean.
fn wiring(
    request: &RunRequest,
    lines: Vec<dotenv::Assignment>,
    known: Known,
) -> Result<Wiring, BrokerError> {
    let mut wiring = Wiring::default();
    for (name, text) in &request.inherited {
        if SecretReference::looks_like(text) {
            wiring.env.push((name.clone(), known.carried(text)?));
        }
    }
    for line in lines {
        let carried = match line.value {
            dotenv::Value::Composed(parts) => {
                let pieces = parts.into_iter().map(|part| match part {
                    dotenv::Part::Reference(reference) => known.meant(&reference),
                    dotenv::Part::Text(text) => Ok(Carried::Plain(text)),
                });
                Carried::Composed(pieces.collect::<Result<_, _>>()?)
            }
            dotenv::Value::Reference(reference) => known.meant(&reference)?,
            dotenv::Value::Text(text) => {
                if crate::import::conceals(&line.name, text.expose_secret()) {
                    wiring.literals.push((line.name.clone(), text.clone()));
                }
                Carried::Plain(text)
            }
        };
        wiring.env.push((line.name, carried));
    }
    for (name, text) in &request.env {
        check_name(name)?;
        wiring.env.push((name.clone(), known.carried(text)?));
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
