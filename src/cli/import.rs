//! `hushkey import dotenv`: the values of a `.env` file go into one item, and references may take their places.
//!
//! The item is durable before the file is touched, and the file is replaced as a whole. No value is printed.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    io::Read,
    path::Path,
};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    broker::{Broker, ItemView, ItemsWanted, NewField, Source, UpdateItem},
    cli::{
        ImportCommand, ImportDotenv,
        failure::Failure,
        out_file,
        output::Output,
        session::{OWNER, Session, uncancelled, wait},
    },
    display_text::escaped,
    dotenv::{Dotenv, Entry},
    import::{self, ImportPlan},
    vault::{Category, Field, NewItem, SecretReference, name::same_name},
};

/// Bytes that a `.env` file may have.
const MAX_BYTES: u64 = 1024 * 1024;

mod whole;

/// Does what the command says.
pub(super) fn perform(command: &ImportCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        ImportCommand::Bitwarden(arguments) => whole::perform(arguments, whole::bitwarden, session),
        ImportCommand::Dotenv(arguments) => dotenv(arguments, session),
        ImportCommand::Onepux(arguments) => whole::perform(arguments, whole::onepux, session),
    }
}

fn dotenv(arguments: &ImportDotenv, session: &Session) -> anyhow::Result<()> {
    let source = SourceFile::read(&arguments.file)?;
    let named = |error: &dyn std::error::Error| {
        Failure::Usage(format!("{}: {error}", arguments.file.display()))
    };
    let dotenv = Dotenv::from_bytes(&source.content).map_err(|error| named(&error))?;
    let mut plan = import::plan(&dotenv).map_err(|error| named(&error))?;

    let fields = std::mem::take(&mut plan.fields);
    let concealed: HashMap<String, bool> = fields
        .iter()
        .map(|field| (field.metadata.label.clone(), field.metadata.concealed()))
        .collect();
    let view = if fields.is_empty() || arguments.dry_run {
        None
    } else {
        Some(store(fields, arguments, &session.broker()?)?)
    };
    let references = view.as_ref().map(references).unwrap_or_default();
    let rewritten = arguments.rewrite && view.is_some();
    if rewritten {
        let text = import::rewrite(&dotenv, |name| {
            SecretReference::parse(references.get(name)?).ok()
        });
        source.replace(text.as_bytes())?;
    }

    let lines: Vec<_> = dotenv
        .entries()
        .iter()
        .map(|entry| Line::of(entry, &plan, &concealed, &references))
        .collect();
    tell(
        &lines,
        view.as_ref(),
        rewritten,
        arguments.dry_run,
        session.output,
    )
}

/// Puts the fields into a new item, or with `--update` into the one that has the title.
fn store(
    fields: Vec<Field>,
    arguments: &ImportDotenv,
    broker: &Broker,
) -> anyhow::Result<ItemView> {
    let wanted = ItemsWanted {
        vault: Some(arguments.vault.clone()),
        ..ItemsWanted::default()
    };
    let mut there = wait(broker.items(&OWNER, &wanted))?.items;
    there.retain(|line| same_name(&line.overview.title, &arguments.title));
    match &there[..] {
        [] => {
            let item = NewItem {
                title: arguments.title.clone(),
                category: Category::ApiCredential,
                urls: Vec::new(),
                tags: Vec::new(),
                favorite: false,
                sections: Vec::new(),
                fields,
                created_by: None,
            };
            wait(broker.import_item(&OWNER, &arguments.vault, item))
        }
        [line] if arguments.update => {
            let view = wait(broker.item(&OWNER, line.overview.id.as_str(), Some(line.vault.id.as_str())))?;
            wait(broker.update_item(&OWNER, update(fields, &view), uncancelled()))
        }
        [_] => Err(Failure::Failed(format!(
            "there is an item `{}` in the vault already; --update puts the values into it, another --title makes another",
            escaped(&arguments.title)
        ))
        .into()),
        several => Err(Failure::NotFound(format!(
            "{} items in the vault are called `{}`; choose another --title",
            several.len(),
            escaped(&arguments.title)
        ))
        .into()),
    }
}

/// New values for the fields that the item has, and the others added.
fn update(fields: Vec<Field>, view: &ItemView) -> UpdateItem {
    let mut update = UpdateItem {
        item: view.metadata.overview.id.to_string(),
        vault: Some(view.vault.id.to_string()),
        version: Some(view.metadata.overview.version),
        ..UpdateItem::default()
    };
    for Field { metadata, value } in fields {
        let Some(value) = value else { continue };
        let same = |known: &&crate::vault::FieldMetadata| {
            known.label == metadata.label && known.section.is_none()
        };
        match view.metadata.fields.iter().find(same) {
            Some(known) => update.set.push((known.id.to_string(), Source::Text(value))),
            None => update.add.push(NewField {
                label: metadata.label,
                section: None,
                kind: Some(metadata.kind),
                purpose: None,
                source: Some(Source::Text(value)),
            }),
        }
    }
    update
}

/// For each label, the reference that resolves to its field.
fn references(view: &ItemView) -> HashMap<String, String> {
    let fields = view.metadata.fields.iter().zip(&view.field_references);
    fields
        .map(|(field, reference)| (field.label.clone(), reference.clone()))
        .collect()
}

/// The `.env` file as it was read.
struct SourceFile {
    /// Without links, so that a link stays one.
    path: std::path::PathBuf,
    metadata: Metadata,
    content: Zeroizing<Vec<u8>>,
}

impl SourceFile {
    fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::file("read", path, &error);
        let real = fs::canonicalize(path).map_err(failed)?;
        let file = File::open(&real).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Failure::Usage(format!(
                "`{}` is not a file",
                path.display()
            )));
        }
        let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(failed)?;
        if content.len() as u64 > MAX_BYTES {
            return Err(Failure::Usage(format!(
                "`{}` is longer than {} KiB",
                path.display(),
                MAX_BYTES / 1024
            )));
        }
        Ok(Self {
            path: real,
            metadata,
            content,
        })
    }

    /// Puts other content in its place, unless somebody has changed the file since it was read.
    fn replace(&self, content: &[u8]) -> Result<(), Failure> {
        if Self::read(&self.path)?.content != self.content {
            return Err(Failure::Failed(format!(
                "`{}` was changed meanwhile and is left as it is; the values are in the vault: import again with --update",
                self.path.display()
            )));
        }
        out_file::replace(&self.path, content, &self.metadata)
    }
}

/// What became of one line.
#[derive(Serialize)]
struct Line {
    line: usize,
    name: String,
    /// `concealed`, `plain` or `kept`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

impl Line {
    fn of(
        entry: &Entry,
        plan: &ImportPlan,
        concealed: &HashMap<String, bool>,
        references: &HashMap<String, String>,
    ) -> Self {
        let kept = plan.kept.iter().find(|kept| kept.line == entry.line());
        let outcome = match (kept, concealed.get(entry.name())) {
            (None, Some(true)) => "concealed",
            (None, Some(false)) => "plain",
            _ => "kept",
        };
        Self {
            line: entry.line(),
            name: entry.name().to_owned(),
            outcome,
            reason: kept.map(|kept| kept.reason.as_str()),
            reference: kept
                .is_none()
                .then(|| references.get(entry.name()).cloned())
                .flatten(),
        }
    }

    fn row(&self) -> [String; 4] {
        [
            self.line.to_string(),
            escaped(&self.name),
            match self.reason {
                Some(reason) => format!("stays: {reason}"),
                None => self.outcome.to_owned(),
            },
            self.reference.as_deref().map(escaped).unwrap_or_default(),
        ]
    }
}

fn tell(
    lines: &[Line],
    view: Option<&ItemView>,
    rewritten: bool,
    dry_run: bool,
    output: Output,
) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&serde_json::json!({
            "item": view.map(|view| serde_json::json!({
                "id": view.metadata.overview.id.as_str(),
                "title": view.metadata.overview.title,
                "version": view.metadata.overview.version,
                "vault": { "id": view.vault.id.as_str(), "name": view.vault.name },
            })),
            "rewritten": rewritten,
            "lines": lines,
        }));
    }
    let rows: Vec<_> = lines.iter().map(Line::row).collect();
    output.table(["LINE", "NAME", "BECAME", "REFERENCE"], &rows)?;
    let Some(view) = view else {
        return output.line(if dry_run {
            "Nothing was changed: this was a dry run."
        } else {
            "Nothing was there to import."
        });
    };
    let item = &view.metadata.overview;
    let count = lines.iter().filter(|line| line.reason.is_none()).count();
    output.line(&format!(
        "{count} values are in {} in vault {} ({}, version {}).",
        escaped(&item.title),
        escaped(&view.vault.name),
        item.id,
        item.version
    ))?;
    output.line(if rewritten {
        "The file holds references now. What it held may still be in backups and in version control: rotate what was there."
    } else {
        "The file is as it was; --rewrite --update leaves references where the values were."
    })
}
