//! `hushkey connect server`: makes and manages Connect servers of one's own.

use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{desk::Desk, named};
use crate::{
    admin::{
        WantedVault,
        view::{CredentialsJson, GrantJson, NewServerJson, ServerJson},
    },
    cli::{connect_arguments::ConnectServerCommand, failure::Failure, out_file, output::Output},
    display_text::escaped,
};

/// The file that a new server's credentials are written to, as `op` calls it.
const CREDENTIALS: &str = "1password-credentials.json";
/// Readable by its owner alone.
const MODE: u32 = 0o600;

/// Does what the command says.
pub(super) fn perform(command: &ConnectServerCommand, desk: &Desk<'_>) -> anyhow::Result<()> {
    let output = desk.output();
    match command {
        ConnectServerCommand::Create {
            name,
            vaults,
            force,
        } => create(name, &wanted(vaults)?, *force, desk),
        ConnectServerCommand::Delete { servers } => {
            for server in named::all(servers)? {
                let deleted = desk.delete_server(&server)?;
                let name = escaped(&deleted.name);
                let sentence = format!(
                    "deleted Connect server {name} ({}); its tokens open nothing any more",
                    deleted.id
                );
                desk.tell(&deleted, &sentence)?;
            }
            Ok(())
        }
        ConnectServerCommand::Edit { server, name } => {
            let renamed = desk.rename_server(server, name)?;
            let name = escaped(&renamed.name);
            let sentence = format!("the Connect server is called {name} now ({})", renamed.id);
            desk.tell(&renamed, &sentence)
        }
        ConnectServerCommand::Get { servers } => {
            let mut found = Vec::new();
            for server in named::all(servers)? {
                found.push(desk.server(&server)?);
            }
            get(&found, output)
        }
        ConnectServerCommand::List => list(&desk.servers()?, output),
    }
}

/// Makes a server, and its credentials file: both or neither.
fn create(name: &str, vaults: &[WantedVault], force: bool, desk: &Desk<'_>) -> anyhow::Result<()> {
    let output = desk.output();
    let file = Path::new(CREDENTIALS);
    // Asked before anything is made.
    let is_there = file.symlink_metadata().is_ok();
    out_file::may_write(file, force)?;
    let NewServerJson {
        server,
        credentials,
    } = desk.create_server(name, vaults)?;
    if let Some(credentials) = &credentials
        && let Err(error) = write(file, credentials, is_there)
    {
        desk.delete_server(&server.id)?;
        return Err(error);
    }
    let written = credentials.is_some();
    if output.is_json() {
        return output.json(&CreatedJson {
            server: &server,
            credentials_file: written.then_some(CREDENTIALS),
        });
    }
    output.line(&format!(
        "made Connect server {} ({})",
        escaped(&server.name),
        server.id
    ))?;
    if written {
        output.line(&format!(
            "its credentials are in {CREDENTIALS}: for `hushkey serve --credentials` on another machine; delete the file where \
             it is not needed"
        ))?;
    }
    if server.vaults.is_empty() {
        output.note("it has no vault yet; `hushkey connect vault grant` gives it one");
    }
    Ok(())
}

fn write(file: &Path, credentials: &CredentialsJson, replace: bool) -> anyhow::Result<()> {
    let text = serde_json::to_vec_pretty(credentials).map(Zeroizing::new);
    let text =
        text.map_err(|_| Failure::Failed("the credentials can't be written as JSON".to_owned()))?;
    if replace {
        out_file::write(file, &text, MODE)?;
    } else {
        out_file::create(file, &text)?;
    }
    Ok(())
}

/// A new server, as `--json` prints it.
#[derive(Serialize)]
struct CreatedJson<'a> {
    #[serde(flatten)]
    server: &'a ServerJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials_file: Option<&'a str>,
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
