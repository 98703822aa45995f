//! What a person is shown before something is done: all of it, and no value.
//!
//! What decides what will happen and is not shown (values of variables from files, the program's file on disk) is
//! bound by a digest: if it changes while the person looks, the yes is for something else.

use std::{os::unix::fs::MetadataExt, path::Path, time::Duration};

use sha2::{Digest, Sha256};

use crate::{
    access::Caller,
    approvals::{
        DeleteMatter, GrantKey, Handed, Matter, NewRequest, RunMatter, Thing, WriteMatter,
    },
    audit::Verb,
    broker::{
        Ask, CreateItem, NewField, RunRequest, Source, UpdateItem,
        command::Command,
        fields::shapes,
        resolve::{Located, Target},
        wire::{Carried, Wiring},
    },
    policy::Asking,
    vault::{
        Category, Environment, FieldMetadata, ResolvedReference, Secret, VaultId, reference::Named,
    },
};

/// A run with all that the program gets.
pub(super) fn run(
    ask: &Ask<'_>,
    asking: &Asking,
    command: &Command,
    wiring: &Wiring,
    request: &RunRequest,
) -> Option<NewRequest> {
    let mut handed = Vec::new();
    for (name, carried) in &wiring.env {
        add_handed(&mut handed, &format!("variable {name}"), carried);
    }
    let files = wiring.files.iter();
    handed.extend(files.map(|(name, target)| handed_as(&format!("file in {name}"), target)));
    let stdin = wiring.stdin.iter();
    handed.extend(stdin.map(|target| handed_as("standard input", target)));

    let mut bound = Sha256::new();
    wiring.bind(&mut |part| add(&mut bound, part));
    add(
        &mut bound,
        &request.timeout.map_or(0, |it| it.as_millis()).to_le_bytes(),
    );
    bind_file(&mut bound, &command.program);
    let grant = asking
        .once
        .then(|| grant_key(ask, asking, command, &wiring.targets()));
    new(
        ask,
        Matter::Run(Box::new(RunMatter {
            variables: plain_variables(wiring, request),
            ..run_matter(asking, command, handed)
        })),
        bound,
        grant.flatten(),
    )
}

/// A program whose output becomes a field's value.
pub(super) fn source(ask: &Ask<'_>, asking: &Asking, command: &Command) -> Option<NewRequest> {
    let mut bound = Sha256::new();
    add(&mut bound, b"a source");
    bind_file(&mut bound, &command.program);
    let mut matter = run_matter(asking, command, Vec::new());
    matter.output = "a field's value".to_owned();
    let grant = asking.once.then(|| grant_key(ask, asking, command, &[]));
    new(ask, Matter::Run(Box::new(matter)), bound, grant.flatten())
}

/// An item that is to be put away or deleted.
pub(super) fn delete(ask: &Ask<'_>, located: &Located, archive: bool) -> Option<NewRequest> {
    let overview = &located.metadata.overview;
    let mut bound = Sha256::new();
    add(&mut bound, &overview.version.to_le_bytes());
    let matter = Matter::Delete(DeleteMatter {
        vault: thing(&located.vault),
        item: thing(&located.named()),
        archive,
    });
    new(ask, matter, bound, None)
}

/// An item that is to be made.
pub(super) fn create(
    ask: &Ask<'_>,
    vault: &Named<VaultId>,
    item: &CreateItem,
) -> Option<NewRequest> {
    let mut bound = Sha256::new();
    let category = item.category.clone().unwrap_or(Category::Login);
    let mut changes = vec![format!("category: {}", category.as_str())];
    fields(&category, &item.fields, &[], &mut changes, &mut bound);
    list("tags", &item.tags, &mut changes);
    let urls: Vec<_> = item.urls.iter().map(|url| url.href.clone()).collect();
    list("urls", &urls, &mut changes);
    let matter = Matter::Write(WriteMatter {
        verb: Verb::CreateItem.as_str().to_owned(),
        vault: thing(vault),
        item: Thing {
            id: String::new(),
            name: item.title.clone(),
        },
        changes,
    });
    new(ask, matter, bound, None)
}

/// A change to an item.
pub(super) fn update(ask: &Ask<'_>, located: &Located, update: &UpdateItem) -> Option<NewRequest> {
    let overview = &located.metadata.overview;
    let mut bound = Sha256::new();
    add(&mut bound, &overview.version.to_le_bytes());
    let mut changes = Vec::new();
    if let Some(title) = &update.title {
        changes.push(format!("title: {title}"));
    }
    for (name, source) in &update.set {
        let known = located.metadata.fields.iter();
        let concealed = known
            .filter(|field| field.label == *name || field.id.as_str() == name)
            .all(|field| field.concealed());
        changes.push(format!("{name}: {}", from(source, concealed, &mut bound)));
    }
    let present = &located.metadata.fields;
    fields(
        &overview.category,
        &update.add,
        present,
        &mut changes,
        &mut bound,
    );
    changes.extend(update.remove.iter().map(|name| format!("{name}: removed")));
    if let Some(tags) = &update.tags {
        list("tags", tags, &mut changes);
    }
    if let Some(urls) = &update.urls {
        let urls: Vec<_> = urls.iter().map(|url| url.href.clone()).collect();
        list("urls", &urls, &mut changes);
    }
    new(ask, write(Verb::UpdateItem, located, changes), bound, None)
}

/// An environment that is to be made or changed. `texts` decide too, and are none of a dialogue's business.
pub(super) fn environment(
    ask: &Ask<'_>,
    verb: Verb,
    environment: Option<&Environment>,
    name: &str,
    changes: Vec<String>,
    texts: &[Secret],
) -> Option<NewRequest> {
    let mut bound = Sha256::new();
    add(
        &mut bound,
        &environment.map_or(0, |it| it.version).to_le_bytes(),
    );
    for text in texts {
        add(&mut bound, text.expose_secret().as_bytes());
    }
    let matter = Matter::Write(WriteMatter {
        verb: verb.as_str().to_owned(),
        vault: Thing {
            id: String::new(),
            name: "the environments".to_owned(),
        },
        item: Thing {
            id: environment.map_or_else(String::new, |it| it.id.to_string()),
            name: name.to_owned(),
        },
        changes,
    });
    new(ask, matter, bound, None)
}

/// A file that goes from an item to disk, or from disk into one.
pub(super) fn file(
    ask: &Ask<'_>,
    verb: Verb,
    located: &Located,
    name: &str,
    path: &Path,
) -> Option<NewRequest> {
    let path = path.display();
    let change = match verb {
        Verb::SaveFile => format!("{name}: written to {path}"),
        _ => format!("{name}: taken from {path}"),
    };
    new(ask, write(verb, located, vec![change]), Sha256::new(), None)
}

/// A template that is filled into a file. The rest of the template is the agent's own text, and decides nothing.
pub(super) fn template(
    ask: &Ask<'_>,
    references: &[ResolvedReference],
    out_file: &Path,
) -> Option<NewRequest> {
    let first = references.first()?;
    let mut bound = Sha256::new();
    let changes = references.iter().map(|reference| {
        add(&mut bound, ids(reference).as_bytes());
        format!("{reference}: written to {}", out_file.display())
    });
    let matter = Matter::Write(WriteMatter {
        verb: Verb::Inject.as_str().to_owned(),
        vault: thing(&first.vault),
        item: thing(&first.item),
        changes: changes.collect(),
    });
    new(ask, matter, bound, None)
}

fn new(
    ask: &Ask<'_>,
    matter: Matter,
    bound: Sha256,
    grant: Option<GrantKey>,
) -> Option<NewRequest> {
    // The owner is never asked.
    let Caller::Agent(agent) = ask.caller else {
        return None;
    };
    Some(NewRequest {
        agent: agent.name.clone(),
        client: agent.client.clone(),
        matter,
        reason: ask.reason.map(str::to_owned),
        bound: bound.finalize().to_vec(),
        lasts: Duration::ZERO,
        local_only: true,
        grant,
        ticket: None,
    })
}

fn run_matter(asking: &Asking, command: &Command, handed: Vec<Handed>) -> RunMatter {
    let rule = asking.permit.grounds.rule();
    RunMatter {
        program: command.program.display().to_string(),
        argv: command.argv.clone(),
        cwd: command.cwd.display().to_string(),
        handed,
        variables: Vec::new(),
        rule: rule.map_or_else(String::new, |rule| rule.pattern.clone()),
        output: asking.permit.output.to_string(),
    }
}

/// Names of plain variables; values where the agent wrote them itself, for those of a file are none of a dialogue's business.
fn plain_variables(wiring: &Wiring, request: &RunRequest) -> Vec<(String, Option<String>)> {
    let (plain, _) = wiring.names();
    let written = |name: &str| request.env.iter().rev().find(|(known, _)| known == name);
    let plain = plain.into_iter().map(|name| {
        let text = written(name).map(|(_, text)| text.clone());
        (name.to_owned(), text)
    });
    plain.collect()
}

fn grant_key(
    ask: &Ask<'_>,
    asking: &Asking,
    command: &Command,
    targets: &[Target],
) -> Option<GrantKey> {
    let Caller::Agent(agent) = ask.caller else {
        return None;
    };
    let mut references: Vec<_> = targets
        .iter()
        .map(|target| (ids(&target.reference), target.reference.to_string()))
        .collect();
    references.sort();
    Some(GrantKey {
        agent: agent.name.clone(),
        pattern: asking.permit.grounds.rule()?.pattern.clone(),
        program: command.program.display().to_string(),
        references,
    })
}

fn add_handed(handed: &mut Vec<Handed>, way: &str, carried: &Carried) {
    match carried {
        Carried::Composed(parts) => parts.iter().for_each(|part| add_handed(handed, way, part)),
        Carried::Plain(_) => {}
        Carried::Secret(target) => handed.push(handed_as(way, target)),
    }
}

fn handed_as(way: &str, target: &Target) -> Handed {
    Handed {
        reference: target.reference.to_string(),
        ids: ids(&target.reference),
        way: way.to_owned(),
    }
}

fn ids(reference: &ResolvedReference) -> String {
    let (vault, item, field) = (&reference.vault.id, &reference.item.id, &reference.field.id);
    format!("{vault}/{item}/{field}")
}

fn write(verb: Verb, located: &Located, changes: Vec<String>) -> Matter {
    Matter::Write(WriteMatter {
        verb: verb.as_str().to_owned(),
        vault: thing(&located.vault),
        item: thing(&located.named()),
        changes,
    })
}

/// New fields, with their text where it is no secret.
fn fields(
    category: &Category,
    wanted: &[NewField],
    present: &[FieldMetadata],
    changes: &mut Vec<String>,
    bound: &mut Sha256,
) {
    // What can't be made is refused afterwards; until then it counts as concealed.
    let shapes = shapes(category, wanted, &mut Vec::new(), present).unwrap_or_default();
    for (at, field) in wanted.iter().enumerate() {
        let concealed = shapes
            .get(at)
            .is_none_or(|shape| shape.metadata.concealed());
        let source = match &field.source {
            Some(source) => from(source, concealed, bound),
            None => "empty".to_owned(),
        };
        changes.push(format!("{}: {source}", field.label));
    }
}

/// Where a value comes from. A text that may be a secret is bound and not shown.
fn from(source: &Source, concealed: bool, bound: &mut Sha256) -> String {
    match source {
        Source::Ask => "typed by a person".to_owned(),
        Source::Command(argv) => format!("the output of `{}`", argv.join(" ")),
        Source::Copy(reference) => format!("a copy of {reference}"),
        Source::File(path) => format!("the content of {}", path.display()),
        Source::Generate(_) => "generated".to_owned(),
        Source::Text(text) => {
            add(bound, text.expose_secret().as_bytes());
            if concealed {
                "a text".to_owned()
            } else {
                format!("`{}`", text.expose_secret())
            }
        }
    }
}

fn list(name: &str, texts: &[String], changes: &mut Vec<String>) {
    if !texts.is_empty() {
        changes.push(format!("{name}: {}", texts.join(", ")));
    }
}

fn thing<T: std::fmt::Display>(named: &Named<T>) -> Thing {
    Thing {
        id: named.id.to_string(),
        name: named.name.clone(),
    }
}

/// The file as it lies on disk: another one in its place, or other content, is another program.
fn bind_file(bound: &mut Sha256, path: &Path) {
    if let Ok(metadata) = std::fs::metadata(path) {
        for number in [metadata.dev(), metadata.ino(), metadata.size()] {
            add(bound, &number.to_le_bytes());
        }
        for number in [
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ] {
            add(bound, &number.to_le_bytes());
        }
    }
}

fn add(bound: &mut Sha256, part: &[u8]) {
    bound.update((part.len() as u64).to_le_bytes());
    bound.update(part);
}
