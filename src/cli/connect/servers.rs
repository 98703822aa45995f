//! `hushkey connect server`: makes and manages Connect servers of one's own.

use super::{Open, named};
use crate::{
    admin::{
        WantedVault,
        view::{GrantJson, ServerJson},
    },
    cli::{connect_arguments::ConnectServerCommand, failure::Failure, output::Output},
    display_text::escaped,
};

/// Does what the command says.
pub(super) fn perform(command: &ConnectServerCommand, open: &Open<'_>) -> anyhow::Result<()> {
    let office = open.office();
    let output = open.session.output;
    match command {
        ConnectServerCommand::Create { name, vaults } => {
            let vaults = wanted(vaults)?;
            let made = open.wait(office.create_server(name, &vaults))?;
            if output.is_json() {
                return output.json(&made);
            }
            output.line(&format!(
                "made Connect server {} ({})",
                escaped(&made.name),
                made.id
            ))?;
            if made.vaults.is_empty() {
                output.note("it has no vault yet; `hushkey connect vault grant` gives it one");
            }
            Ok(())
        }
        ConnectServerCommand::Delete { servers } => {
            for server in named::all(servers)? {
                let deleted = open.wait(office.delete_server(&server))?;
                if output.is_json() {
                    output.json(&deleted)?;
                } else {
                    output.line(&format!(
                        "deleted Connect server {} ({}); its tokens open nothing any more",
                        escaped(&deleted.name),
                        deleted.id
                    ))?;
                }
            }
            Ok(())
        }
        ConnectServerCommand::Edit { server, name } => {
            let renamed = open.wait(office.rename_server(server, name))?;
            if output.is_json() {
                return output.json(&renamed);
            }
            output.line(&format!(
                "the Connect server is called {} now ({})",
                escaped(&renamed.name),
                renamed.id
            ))
        }
        ConnectServerCommand::Get { servers } => {
            let mut found = Vec::new();
            for server in named::all(servers)? {
                found.push(open.wait(office.server(&server))?);
            }
            get(&found, output)
        }
        ConnectServerCommand::List => list(&open.wait(office.servers())?, output),
    }
}

/// The vaults that were typed.
pub(super) fn wanted(typed: &[String]) -> Result<Vec<WantedVault>, Failure> {
    WantedVault::parse_all(typed.iter().map(String::as_str))
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// Grants in a few words: `Dev (rw), CI (r)`.
pub(super) fn told(grants: &[GrantJson]) -> String {
    let each = grants.iter().map(|grant| {
        let vault = grant.name.as_deref().unwrap_or(&grant.id);
        format!("{} ({})", escaped(vault), grant.access())
    });
    each.collect::<Vec<_>>().join(", ")
}

fn get(servers: &[ServerJson], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return match servers {
            [server] => output.json(server),
            servers => output.json(&servers),
        };
    }
    for server in servers {
        output.line(&format!("ID:       {}", server.id))?;
        output.line(&format!("Name:     {}", escaped(&server.name)))?;
        output.line(&format!("State:    {}", server.state))?;
        output.line(&format!("Created:  {}", server.created_at))?;
        output.line(&format!("Vaults:   {}", told(&server.vaults)))?;
    }
    Ok(())
}

fn list(servers: &[ServerJson], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&servers);
    }
    if servers.is_empty() {
        output.note("there is no Connect server yet; `hushkey connect server create NAME --vaults VAULT` makes one");
        return Ok(());
    }
    let rows: Vec<_> = servers
        .iter()
        .map(|server| {
            [
                server.id.clone(),
                escaped(&server.name),
                server.state.clone(),
                told(&server.vaults),
            ]
        })
        .collect();
    output.table(["ID", "NAME", "STATE", "VAULTS"], &rows)
}
