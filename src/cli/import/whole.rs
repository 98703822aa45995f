//! `hushkey import 1pux` and `bitwarden`: whole vaults from other programs' exports, or from one of our own.
//!
//! All or nothing: what can be wrong is found before anything is stored, and the local store takes all of it in one
//! transaction. No value is printed, with or without `--dry-run`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{IsTerminal, Read},
    path::Path,
    sync::Arc,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zeroize::Zeroizing;

use crate::{
    age,
    broker::{ImportTerms, ImportedVault},
    cli::{
        ImportFile,
        failure::Failure,
        passphrase::{self, Asked},
        session::{OWNER, Session, wait},
    },
    display_text::escaped,
    portable::{
        Portable, PortableError, PortableItem, bitwarden as from_bitwarden, onepux as from_onepux,
    },
};

/// Bytes that an export may have.
const MAX_BYTES: u64 = 640 << 20;
/// From so many items on, a person sees how far it has come.
const MANY: usize = 1000;

/// Reads an export's bytes.
type Reader = fn(&[u8]) -> Result<Portable, PortableError>;

/// Reads 1Password's form.
pub(super) fn onepux(bytes: &[u8]) -> Result<Portable, PortableError> {
    from_onepux::read(bytes)
}

/// Reads Bitwarden's form.
pub(super) fn bitwarden(bytes: &[u8]) -> Result<Portable, PortableError> {
    from_bitwarden::read(bytes)
}

/// Does what the command says.
pub(super) fn perform(
    arguments: &ImportFile,
    reader: Reader,
    session: &Session,
) -> anyhow::Result<()> {
    let bytes = opened(read(&arguments.file)?, arguments)?;
    let mut portable = reader(&bytes)
        .map_err(|error| Failure::Usage(format!("{}: {error}", arguments.file.display())))?;
    drop(bytes);
    leave_out(&mut portable, arguments);
    let left_out = portable.left_out.clone();
    if arguments.dry_run {
        return tell_plan(&portable, &left_out, session);
    }
    let items: usize = portable.vaults.iter().map(|vault| vault.items.len()).sum();
    let terms = ImportTerms {
        into: arguments.vault.clone(),
        skip_existing: arguments.skip_existing,
    };
    let bar = progress_bar(items, session);
    let progress = {
        let bar = bar.clone();
        Arc::new(move |made| bar.set_position(made as u64))
    };
    let importing = session.broker()?;
    let stored = wait(importing.import_all(&OWNER, portable, &terms, progress));
    bar.finish_and_clear();
    let stored = stored?;
    tell(&stored, &left_out, arguments, session)
}

/// Shows a person on a terminal how far it has come; says elsewhere that it takes a while.
fn progress_bar(items: usize, session: &Session) -> ProgressBar {
    if items < MANY || session.output.is_json() {
        return ProgressBar::hidden();
    }
    if !std::io::stderr().is_terminal() {
        session
            .output
            .note(&format!("storing {items} items, which takes a while"));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(items as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("storing {pos} of {len} items {bar:30} {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut content = Zeroizing::new(Vec::with_capacity(size.min(MAX_BYTES) as usize));
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Failure::Usage(format!(
            "`{}` is longer than {} MiB; export fewer vaults at a time",
            path.display(),
            MAX_BYTES >> 20
        )));
    }
    Ok(content)
}

/// What a passphrase locks, opened.
fn opened(bytes: Zeroizing<Vec<u8>>, arguments: &ImportFile) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if !bytes.starts_with(age::MAGIC) {
        return Ok(bytes);
    }
    let asked = Asked::Once("Passphrase of the export");
    let passphrase = passphrase::given(arguments.passphrase_file.as_deref(), asked)?;
    age::decrypt(&bytes, passphrase.bytes())
        .map_err(|error| Failure::Usage(format!("{}: {error}", arguments.file.display())).into())
}

fn leave_out(portable: &mut Portable, arguments: &ImportFile) {
    let mut count = |what, number: usize| {
        if number > 0 {
            *portable.left_out.entry(what).or_default() += number;
        }
    };
    for vault in &mut portable.vaults {
        if arguments.skip_archived {
            let before = vault.items.len();
            vault.items.retain(|item| !item.archived);
            count("items that were put away", before - vault.items.len());
        }
        if arguments.skip_files {
            for item in &mut vault.items {
                count("attached files", item.files.len());
                item.files.clear();
            }
        }
    }
}

fn tell_plan(
    portable: &Portable,
    left_out: &BTreeMap<&'static str, usize>,
    session: &Session,
) -> anyhow::Result<()> {
    let concealed = |item: &PortableItem| {
        let fields = item.item.fields.iter();
        fields.filter(|field| field.metadata.concealed()).count()
    };
    let items = portable.vaults.iter().flat_map(|vault| {
        let name = &vault.name;
        vault.items.iter().map(move |item| (name, item))
    });
    if session.output.is_json() {
        let items: Vec<_> = items
            .map(|(vault, item)| {
                serde_json::json!({
                    "vault": vault,
                    "title": item.item.title,
                    "category": item.item.category.as_str(),
                    "fields": item.item.fields.len(),
                    "concealed": concealed(item),
                    "files": item.files.len(),
                    "archived": item.archived,
                })
            })
            .collect();
        return session
            .output
            .json(&serde_json::json!({ "dry_run": true, "items": items, "left_out": left_out }));
    }
    let rows: Vec<_> = items
        .map(|(vault, item)| {
            [
                escaped(vault),
                escaped(&item.item.title),
                item.item.category.as_str().to_owned(),
                format!("{} of {}", concealed(item), item.item.fields.len()),
                item.files.len().to_string(),
            ]
        })
        .collect();
    let heading = ["VAULT", "TITLE", "CATEGORY", "CONCEALED", "FILES"];
    session.output.table(heading, &rows)?;
    tell_left_out(left_out, session)?;
    session
        .output
        .line("Nothing was changed: this was a dry run.")
}

fn tell(
    stored: &[ImportedVault],
    left_out: &BTreeMap<&'static str, usize>,
    arguments: &ImportFile,
    session: &Session,
) -> anyhow::Result<()> {
    if session.output.is_json() {
        let vaults: Vec<_> = stored
            .iter()
            .map(|vault| {
                serde_json::json!({
                    "name": vault.name, "made": vault.made, "items": vault.items, "skipped": vault.skipped,
                })
            })
            .collect();
        return session
            .output
            .json(&serde_json::json!({ "vaults": vaults, "left_out": left_out }));
    }
    for vault in stored {
        let made = if vault.made { ", which is new" } else { "" };
        let skipped = match vault.skipped {
            0 => String::new(),
            count => format!("; {count} were there already"),
        };
        session.output.line(&format!(
            "{} items are in vault {}{made}{skipped}.",
            vault.items,
            escaped(&vault.name)
        ))?;
    }
    tell_left_out(left_out, session)?;
    session.output.line(&format!(
        "If {} holds values in clear, delete it now.",
        arguments.file.display()
    ))
}

fn tell_left_out(
    left_out: &BTreeMap<&'static str, usize>,
    session: &Session,
) -> anyhow::Result<()> {
    for (what, count) in left_out {
        session.output.line(&format!("Left out: {count} {what}."))?;
    }
    Ok(())
}
