//! `hushkey file`: items' files, to and from disk.

use std::path::Path;

use crate::{
    broker::{AttachFile, ItemView, SaveFile},
    cli::{
        FileCommand,
        failure::Failure,
        guard, out_file,
        output::Output,
        session::{OWNER, Session, wait},
        terminal,
        view::ItemJson,
    },
    display_text::escaped,
};

/// Does what the command says.
pub(super) fn perform(command: FileCommand, session: &Session) -> anyhow::Result<()> {
    let output = session.output;
    match command {
        FileCommand::Attach {
            item,
            path,
            vault,
            name,
        } => {
            let wanted = AttachFile {
                item,
                vault,
                path,
                name,
            };
            let view = wait(session.broker()?.attach_file(&OWNER, &wanted))?;
            told("attached to", &view, output)
        }
        FileCommand::Delete {
            item,
            file,
            vault,
            force,
        } => {
            let question = format!(
                "Delete file {} of {}, for good?",
                escaped(&file),
                escaped(&item)
            );
            if !force && !terminal::confirm(&question)? {
                return Err(Failure::Denied("nothing was deleted".to_owned()).into());
            }
            let broker = session.broker()?;
            let view = wait(broker.detach_file(&OWNER, &item, vault.as_deref(), &file))?;
            told("deleted from", &view, output)
        }
        FileCommand::List { item, vault } => {
            let view = wait(session.broker()?.item(&OWNER, &item, vault.as_deref()))?;
            list(&view, output)
        }
        FileCommand::Save {
            item,
            file,
            vault,
            out_file: path,
            file_mode,
            force,
        } => {
            guard::refuse_agents("`hushkey file save`")?;
            let broker = session.broker()?;
            let path = path.unwrap_or_else(|| Path::new(&file).into());
            out_file::may_write(&path, force)?;
            let wanted = SaveFile {
                item,
                vault,
                file,
                // Whoever said no was asked above; what is there now may be replaced.
                overwrite: path.exists(),
                out_file: path,
                mode: file_mode,
            };
            let saved = wait(broker.save_file(&OWNER, &wanted))?;
            let path = saved.path.display().to_string();
            if output.is_json() {
                return output.json(&serde_json::json!({ "out_file": path, "size": saved.size }));
            }
            output.line(&path)
        }
    }
}

fn list(view: &ItemView, output: Output) -> anyhow::Result<()> {
    let files = view.metadata.files.iter().zip(&view.file_references);
    if output.is_json() {
        let files: Vec<_> = files
            .map(|(file, reference)| {
                serde_json::json!({
                    "id": file.id.as_str(), "name": file.name, "size": file.size, "reference": reference,
                })
            })
            .collect();
        return output.json(&files);
    }
    let rows: Vec<_> = files
        .map(|(file, reference)| {
            [
                file.id.to_string(),
                escaped(&file.name),
                file.size.to_string(),
                escaped(reference),
            ]
        })
        .collect();
    output.table(["ID", "NAME", "BYTES", "REFERENCE"], &rows)
}

fn told(verb: &str, view: &ItemView, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&ItemJson::from(view));
    }
    let item = &view.metadata.overview;
    output.line(&format!(
        "{verb} {} in vault {} ({}, version {})",
        escaped(&item.title),
        escaped(&view.vault.name),
        item.id,
        item.version
    ))
}
