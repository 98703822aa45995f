//! `hushkey vault`: makes, reads and changes vaults.

use serde::Serialize;

use crate::{
    broker::{Broker, BrokerError, VaultView},
    cli::{
        VaultCommand,
        failure::Failure,
        output::Output,
        session::{OWNER, Session, wait},
        terminal,
        view::VaultJson,
    },
    display_text::escaped,
    vault::{Noun, VaultEdit, VaultError, name::same_name},
};

/// Does what the command says.
pub(super) fn perform(command: VaultCommand, session: &Session) -> anyhow::Result<()> {
    let broker = session.broker()?;
    let output = session.output;
    match command {
        VaultCommand::Create { names, description } => {
            create(&names, &description, &broker, output)
        }
        VaultCommand::Delete { vaults, force } => delete(&vaults, force, &broker, output),
        VaultCommand::Edit {
            vault,
            name,
            description,
        } => edit(&vault, VaultEdit { name, description }, &broker, output),
        VaultCommand::Get { vaults } => get(&vaults, &broker, output),
        VaultCommand::List => list(&broker, output),
    }
}

fn create(
    names: &[String],
    description: &str,
    broker: &Broker,
    output: Output,
) -> anyhow::Result<()> {
    let mut made = Vec::new();
    for name in names {
        let vault = wait(broker.create_vault(&OWNER, name, description))?;
        if !output.is_json() {
            output.line(&format!(
                "made vault {} ({})",
                escaped(&vault.name),
                vault.id
            ))?;
        }
        made.push(VaultJson::from(&vault));
    }
    if output.is_json() {
        json(&made, output)
    } else {
        Ok(())
    }
}

fn edit(vault: &str, edit: VaultEdit, broker: &Broker, output: Output) -> anyhow::Result<()> {
    let holes = || wait(broker.bound_policy()).map(|policy| policy.warnings().len());
    let before = holes()?;
    let edited = wait(broker.edit_vault(&OWNER, vault, edit))?;
    if holes()? > before {
        output.note(
            "the policy names the vault by its old name, and grants nothing in it now; `hushkey policy check` tells where",
        );
    }
    if output.is_json() {
        return output.json(&VaultJson::from(&edited));
    }
    output.line(&format!(
        "changed vault {} ({})",
        escaped(&edited.name),
        edited.id
    ))
}

fn delete(wanted: &[String], force: bool, broker: &Broker, output: Output) -> anyhow::Result<()> {
    let mut deleted = Vec::new();
    for VaultView {
        overview: vault, ..
    } in find(wanted, broker)?
    {
        let question = format!(
            "Delete vault {} with all that it holds ({} items), for good?",
            escaped(&vault.name),
            vault.items
        );
        if !force && !terminal::confirm(&question)? {
            return Err(Failure::Denied("nothing more was deleted".to_owned()).into());
        }
        wait(broker.delete_vault(&OWNER, vault.id.as_str()))?;
        if !output.is_json() {
            output.line(&format!(
                "deleted vault {} ({})",
                escaped(&vault.name),
                vault.id
            ))?;
        }
        deleted.push(VaultJson::from(&vault));
    }
    if output.is_json() {
        json(&deleted, output)
    } else {
        Ok(())
    }
}

fn get(wanted: &[String], broker: &Broker, output: Output) -> anyhow::Result<()> {
    let views = find(wanted, broker)?;
    if output.is_json() {
        return json(
            &views.iter().map(VaultJson::from).collect::<Vec<_>>(),
            output,
        );
    }
    for view in &views {
        let vault = &view.overview;
        output.line(&format!("ID:           {}", vault.id))?;
        output.line(&format!("Name:         {}", escaped(&vault.name)))?;
        output.line(&format!("Description:  {}", escaped(&vault.description)))?;
        output.line(&format!("Items:        {}", vault.items))?;
        output.line(&format!("Created:      {}", vault.created_at))?;
        output.line(&format!("Updated:      {}", vault.updated_at))?;
    }
    Ok(())
}

fn list(broker: &Broker, output: Output) -> anyhow::Result<()> {
    let views = wait(broker.vaults(&OWNER))?;
    if output.is_json() {
        return output.json(&views.iter().map(VaultJson::from).collect::<Vec<_>>());
    }
    let rows: Vec<_> = views
        .iter()
        .map(|VaultView { overview, .. }| {
            [
                overview.id.to_string(),
                escaped(&overview.name),
                overview.items.to_string(),
                escaped(&overview.description),
            ]
        })
        .collect();
    output.table(["ID", "NAME", "ITEMS", "DESCRIPTION"], &rows)
}

/// Finds each vault by id, else by name.
fn find(wanted: &[String], broker: &Broker) -> anyhow::Result<Vec<VaultView>> {
    let all = wait(broker.vaults(&OWNER))?;
    wanted.iter().map(|wanted| find_one(wanted, &all)).collect()
}

pub(super) fn find_one(wanted: &str, all: &[VaultView]) -> anyhow::Result<VaultView> {
    if let Some(view) = all.iter().find(|view| view.overview.id.as_str() == wanted) {
        return Ok(view.clone());
    }
    let named: Vec<_> = all
        .iter()
        .filter(|view| same_name(&view.overview.name, wanted))
        .collect();
    match named[..] {
        [] => Err(BrokerError::from(VaultError::NotFound {
            noun: Noun::Vault,
            name: wanted.to_owned(),
        })
        .into()),
        [view] => Ok(view.clone()),
        _ => Err(BrokerError::from(VaultError::Ambiguous {
            noun: Noun::Vault,
            name: wanted.to_owned(),
            candidates: named
                .iter()
                .map(|view| view.overview.id.to_string())
                .collect(),
        })
        .into()),
    }
}

/// One object where one was asked for, else a list.
fn json<T: Serialize>(views: &[T], output: Output) -> anyhow::Result<()> {
    match views {
        [view] => output.json(view),
        views => output.json(&views),
    }
}
