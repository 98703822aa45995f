//! `hushkey environment`: named sets of variables, made, shown and changed by their owner.

use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    broker::{Broker, EnvironmentView, NewVariable, SetVariables, Source, VariableLine},
    cli::{
        environment_arguments::{EnvironmentCommand, EnvironmentExport, EnvironmentSet},
        failure::Failure,
        guard, out_file,
        output::{self, Output},
        run,
        session::{OWNER, Session, uncancelled, wait},
        terminal,
    },
    display_text::escaped,
    dotenv::{self, Dotenv},
    generate::Recipe,
    vault::{Environment, Secret, SecretReference, VariableContent},
};

/// Bytes that a `.env` file may have.
const MAX_BYTES: u64 = 1024 * 1024;

/// What stands for text that looks like a secret.
const CONCEALED: &str = "(looks like a secret; --reveal shows it)";

/// Does what the command says.
pub(super) fn perform(command: EnvironmentCommand, session: &Session) -> anyhow::Result<()> {
    let output = session.output;
    let broker = session.broker()?;
    match command {
        EnvironmentCommand::Create { name, env_file } => {
            // Read before anything is made.
            let set = match &env_file {
                None => Vec::new(),
                Some(path) => variables_of(path, session)?,
            };
            let made = wait(broker.create_environment(&OWNER, &name))?;
            if set.is_empty() {
                return told("made", &made, output);
            }
            let request = SetVariables {
                environment: made.id.to_string(),
                set,
                ..SetVariables::default()
            };
            let made = wait(broker.set_variables(&OWNER, request, uncancelled()));
            told("made", &made?, output)
        }
        EnvironmentCommand::Delete {
            environments,
            force,
        } => delete(&environments, force, &broker, output),
        EnvironmentCommand::Export(arguments) => export(&arguments, &broker, output),
        EnvironmentCommand::Get {
            environment,
            reveal,
        } => get(&environment, reveal, &broker, output),
        EnvironmentCommand::List => list(&broker, output),
        EnvironmentCommand::Rename { environment, name } => {
            rename(&environment, &name, &broker, output)
        }
        EnvironmentCommand::Set(arguments) => set(arguments, &broker, session),
        EnvironmentCommand::Unset { environment, names } => {
            let request = SetVariables {
                environment,
                remove: names,
                ..SetVariables::default()
            };
            let changed = wait(broker.set_variables(&OWNER, request, uncancelled()))?;
            told("changed", &changed, output)
        }
    }
}

fn set(arguments: EnvironmentSet, broker: &Broker, session: &Session) -> anyhow::Result<()> {
    let mut set = match &arguments.env_file {
        None => Vec::new(),
        Some(path) => variables_of(path, session)?,
    };
    for pair in &arguments.variables {
        let (name, text) = pair.split_once('=').ok_or_else(|| {
            Failure::Usage("a variable is written as NAME=REFERENCE or NAME=TEXT".to_owned())
        })?;
        replace(&mut set, name, new(text));
    }
    for name in &arguments.generate {
        let source = Source::Generate(Recipe::default());
        replace(&mut set, name, NewVariable::Source(source));
    }
    for name in &arguments.ask {
        replace(
            &mut set,
            name,
            NewVariable::Typed(terminal::ask_value(name)?),
        );
    }
    let request = SetVariables {
        environment: arguments.environment,
        set,
        remove: Vec::new(),
        vault: arguments.vault,
        item: arguments.item,
    };
    let changed = wait(broker.set_variables(&OWNER, request, uncancelled()))?;
    told("changed", &changed, session.output)
}

/// What is typed goes before what stands in the file.
fn replace(set: &mut Vec<(String, NewVariable)>, name: &str, new: NewVariable) {
    set.retain(|(known, _)| known != name);
    set.push((name.to_owned(), new));
}

fn new(text: &str) -> NewVariable {
    if SecretReference::looks_like(text) {
        NewVariable::Reference(text.to_owned())
    } else {
        NewVariable::Source(Source::Text(text.to_owned().into()))
    }
}

/// The variables of a `.env` file, expanded as `hushkey run --env-file` would; the last of each name.
fn variables_of(path: &Path, session: &Session) -> anyhow::Result<Vec<(String, NewVariable)>> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(Failure::Usage(format!("{} is longer than 1 MiB", path.display())).into());
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(failed)?);
    let named = |error: dotenv::DotenvError| Failure::Usage(format!("{}: {error}", path.display()));
    let file = Dotenv::from_bytes(&bytes).map_err(named)?;
    let shell = run::texts(session);
    let outer = |name: &str| {
        let known = shell.iter().find(|(known, _)| known == name);
        known.map(|(_, text)| Zeroizing::new(text.clone()))
    };
    let mut set = Vec::new();
    for line in file.expand(outer).map_err(named)? {
        let new = match line.value {
            dotenv::Value::Reference(reference) => NewVariable::Reference(reference.to_string()),
            dotenv::Value::Text(text) => NewVariable::Source(Source::Text(text)),
            dotenv::Value::Composed(_) => {
                return Err(Failure::Usage(format!(
                    "{}: {} puts a reference into other text, which an environment can't hold; put the whole value into an item",
                    path.display(),
                    line.name
                ))
                .into());
            }
        };
        replace(&mut set, &line.name, new);
    }
    Ok(set)
}

fn rename(environment: &str, name: &str, broker: &Broker, output: Output) -> anyhow::Result<()> {
    let holes = || wait(broker.bound_policy()).map(|policy| policy.warnings().len());
    let before = holes()?;
    let renamed = wait(broker.rename_environment(&OWNER, environment, name))?;
    if holes()? > before {
        output.note(
            "the policy names the environment by its old name, and grants nothing with it now; `hushkey policy check` tells where",
        );
    }
    told("renamed", &renamed, output)
}

fn delete(
    environments: &[String],
    force: bool,
    broker: &Broker,
    output: Output,
) -> anyhow::Result<()> {
    let mut deleted = Vec::new();
    for name in environments {
        let question = format!("Delete environment {}, for good?", escaped(name));
        if !force && !terminal::confirm(&question)? {
            return Err(Failure::Denied("nothing more was deleted".to_owned()).into());
        }
        let view = wait(broker.delete_environment(&OWNER, name))?;
        if !output.is_json() {
            output.line(&format!("deleted environment {}", escaped(&view.name)))?;
        }
        deleted.push(view);
    }
    if output.is_json() {
        let deleted: Vec<_> = deleted.iter().map(EnvironmentJson::from).collect();
        output.json(&deleted)
    } else {
        Ok(())
    }
}

fn list(broker: &Broker, output: Output) -> anyhow::Result<()> {
    let all = wait(broker.environments(&OWNER))?;
    if output.is_json() {
        let all: Vec<_> = all.iter().map(EnvironmentJson::from).collect();
        return output.json(&all);
    }
    let rows = all.iter().map(|view| {
        [
            view.id.to_string(),
            escaped(&view.name),
            view.variables.as_ref().map_or(0, Vec::len).to_string(),
            escaped(&view.last_edited_by),
        ]
    });
    output.table(
        ["ID", "NAME", "VARIABLES", "CHANGED BY"],
        &rows.collect::<Vec<_>>(),
    )
}

fn get(name: &str, reveal: bool, broker: &Broker, output: Output) -> anyhow::Result<()> {
    if reveal {
        guard::refuse_agents("`hushkey environment get --reveal`")?;
    }
    let found = wait(broker.reveal_environment(&OWNER, name, reveal))?;
    if output.is_json() {
        return output.json(&WholeJson::of(&found, reveal));
    }
    let rows = found.variables.iter().map(|variable| {
        [
            variable.name.to_string(),
            match shown(&variable.content, variable.name.as_str(), reveal) {
                Some(text) => escaped(&text),
                None => CONCEALED.to_owned(),
            },
            escaped(&variable.set_by),
        ]
    });
    output.table(["NAME", "HOLDS", "SET BY"], &rows.collect::<Vec<_>>())
}

fn export(arguments: &EnvironmentExport, broker: &Broker, output: Output) -> anyhow::Result<()> {
    if arguments.reveal {
        guard::refuse_agents("`hushkey environment export --reveal`")?;
    }
    if let Some(path) = &arguments.out_file {
        out_file::may_write(path, arguments.force)?;
    }
    let found = wait(broker.reveal_environment(&OWNER, &arguments.environment, arguments.reveal))?;
    let lines: Vec<Zeroizing<String>> = found
        .variables
        .iter()
        .map(|variable| {
            let name = variable.name.as_str();
            match shown(&variable.content, name, arguments.reveal) {
                Some(text) => dotenv::line(name, &text),
                None => Zeroizing::new(format!("# {name} {CONCEALED}")),
            }
        })
        .collect();
    let length = lines.iter().map(|line| line.len() + 1).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for line in &lines {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    match &arguments.out_file {
        None => output::raw(&bytes),
        Some(path) => {
            out_file::write(path, &bytes, arguments.file_mode)?;
            if output.is_json() {
                return output.json(&serde_json::json!({ "out_file": path }));
            }
            output.line(&path.display().to_string())
        }
    }
}

/// What a variable holds, unless it is text that looks like a secret and nobody asked for that.
fn shown(content: &VariableContent, name: &str, reveal: bool) -> Option<Zeroizing<String>> {
    match content {
        VariableContent::Reference(reference) => Some(reference.to_string().into()),
        VariableContent::Text(text) => {
            shown_text(text, name, reveal).map(|text| Zeroizing::new(text.to_owned()))
        }
    }
}

fn shown_text<'t>(text: &'t Secret, name: &str, reveal: bool) -> Option<&'t str> {
    let text = text.expose_secret();
    let shows = reveal || !crate::import::looks_secret(name, text);
    shows.then_some(text)
}

/// What was done, and what a person should know of it.
fn told(done: &str, view: &EnvironmentView, output: Output) -> anyhow::Result<()> {
    let variables = view.variables.as_deref().unwrap_or_default();
    let secretive = variables.iter().filter(|it| it.looks_secret);
    for VariableLine { name, .. } in secretive {
        output.note(&format!(
            "{name} looks like a secret and is kept as text; `hushkey environment set {} --ask {name} --vault VAULT` puts \
             it into an item",
            escaped(&view.name)
        ));
    }
    if output.is_json() {
        return output.json(&EnvironmentJson::from(view));
    }
    output.line(&format!(
        "{done} environment {} ({} variables)",
        escaped(&view.name),
        variables.len()
    ))
}

/// An environment without the texts of its variables.
#[derive(Serialize)]
struct EnvironmentJson<'a> {
    id: &'a str,
    name: &'a str,
    updated_at: String,
    last_edited_by: &'a str,
    variables: Vec<LineJson<'a>>,
}

#[derive(Serialize)]
struct LineJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    concealed: bool,
    set_by: &'a str,
}

/// An environment with texts.
#[derive(Serialize)]
struct WholeJson<'a> {
    id: &'a str,
    name: &'a str,
    version: u64,
    created_at: String,
    updated_at: String,
    last_edited_by: &'a str,
    variables: Vec<VariableJson<'a>>,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    set_by: &'a str,
}

impl<'a> From<&'a EnvironmentView> for EnvironmentJson<'a> {
    fn from(view: &'a EnvironmentView) -> Self {
        let variables = view.variables.iter().flatten();
        Self {
            id: view.id.as_str(),
            name: &view.name,
            updated_at: view.updated_at.to_string(),
            last_edited_by: &view.last_edited_by,
            variables: variables
                .map(|variable| LineJson {
                    name: &variable.name,
                    reference: variable.reference.as_deref(),
                    concealed: variable.concealed,
                    set_by: &variable.set_by,
                })
                .collect(),
        }
    }
}

impl<'a> WholeJson<'a> {
    fn of(environment: &'a Environment, reveal: bool) -> Self {
        let variables = environment.variables.iter().map(|variable| {
            let name = variable.name.as_str();
            let (reference, text) = match &variable.content {
                VariableContent::Reference(reference) => (Some(reference.to_string()), None),
                VariableContent::Text(text) => (None, shown_text(text, name, reveal)),
            };
            VariableJson {
                name,
                reference,
                text,
                set_by: &variable.set_by,
            }
        });
        Self {
            id: environment.id.as_str(),
            name: environment.name.as_str(),
            version: environment.version,
            created_at: environment.created_at.to_string(),
            updated_at: environment.updated_at.to_string(),
            last_edited_by: &environment.last_edited_by,
            variables: variables.collect(),
        }
    }
}
