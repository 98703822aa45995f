//! `hushkey group` and `hushkey connect group`: who may manage Connect servers beside the owner.

use serde_json::json;

use super::{Open, named};
use crate::{
    admin::{WantedManaged, view::GroupJson},
    cli::{
        connect_arguments::{GroupCommand, GroupGrant, GroupGrantCommand},
        output::Output,
    },
    display_text::escaped,
};

/// Does what `hushkey group` says.
pub(super) fn perform(command: &GroupCommand, open: &Open<'_>) -> anyhow::Result<()> {
    let office = open.office();
    let output = open.session.output;
    match command {
        GroupCommand::Add { group, member } => {
            let token = open.wait(office.add_member(group, member))?;
            let text = token.expose_secret();
            if output.is_json() {
                return output.json(&json!({ "group": group, "member": member, "token": text }));
            }
            output.note(&format!(
                "the manager token of {} is shown this once; it goes into HUSHKEY_MANAGER_TOKEN of `hushkey connect … --url https://…`",
                escaped(member.trim())
            ));
            output.line(text)
        }
        GroupCommand::Create { name } => {
            let made = open.wait(office.create_group(name))?;
            if output.is_json() {
                return output.json(&made);
            }
            output.line(&format!("made group {} ({})", escaped(&made.name), made.id))?;
            output.note("it manages nothing yet; `hushkey connect group grant` lets it, and `hushkey group add` takes somebody in");
            Ok(())
        }
        GroupCommand::Delete { groups } => {
            for group in named::all(groups)? {
                let deleted = open.wait(office.delete_group(&group))?;
                if output.is_json() {
                    output.json(&deleted)?;
                } else {
                    output.line(&format!(
                        "deleted group {} ({}); its members manage nothing any more",
                        escaped(&deleted.name),
                        deleted.id
                    ))?;
                }
            }
            Ok(())
        }
        GroupCommand::List => list(&open.wait(office.groups())?, output),
        GroupCommand::Remove { group, member } => {
            open.wait(office.remove_member(group, member))?;
            if output.is_json() {
                return output.json(&json!({ "group": group, "member": member, "removed": true }));
            }
            output.line(&format!(
                "{} is out of group {}, and the manager token is refused from now on",
                escaped(member),
                escaped(group)
            ))
        }
    }
}

/// Does what `hushkey connect group` says.
pub(super) fn grants(command: &GroupGrantCommand, open: &Open<'_>) -> anyhow::Result<()> {
    let office = open.office();
    let output = open.session.output;
    let (grant, granted) = match command {
        GroupGrantCommand::Grant(grant) => (grant, true),
        GroupGrantCommand::Revoke(grant) => (grant, false),
    };
    let changed = open.wait(office.set_managed(&grant.group, &wanted(grant), granted))?;
    if output.is_json() {
        return output.json(&changed);
    }
    output.line(&format!(
        "group {} manages {} now",
        escaped(&changed.name),
        managed(&changed)
    ))
}

fn wanted(grant: &GroupGrant) -> WantedManaged {
    match &grant.server {
        Some(server) => WantedManaged::Server(server.clone()),
        None if grant.all_servers => WantedManaged::AllServers,
        None => WantedManaged::Everything,
    }
}

fn managed(group: &GroupJson) -> String {
    if group.manages_everything {
        return "everything".to_owned();
    }
    let all = group.manages_all_servers.then(|| "all servers".to_owned());
    let servers = group.servers.iter().map(|server| escaped(&server.name));
    match &all.into_iter().chain(servers).collect::<Vec<_>>()[..] {
        [] => "nothing".to_owned(),
        each => each.join(", "),
    }
}

fn list(groups: &[GroupJson], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&groups);
    }
    if groups.is_empty() {
        output.note("there is no group yet; `hushkey group create NAME` makes one");
        return Ok(());
    }
    let rows: Vec<_> = groups
        .iter()
        .map(|group| {
            let members = group.members.iter().map(|member| escaped(&member.name));
            [
                group.id.clone(),
                escaped(&group.name),
                managed(group),
                members.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    output.table(["ID", "NAME", "MANAGES", "MEMBERS"], &rows)
}
