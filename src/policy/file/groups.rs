//! `[groups.NAME]`: members, and all that an agent's table has.

use std::collections::BTreeMap;

use toml_edit::{Item, TableLike};

use super::{File, Result, place_of_key};
use crate::{
    access::AgentName,
    policy::{AgentPolicy, group::Group},
};

impl File<'_> {
    pub(super) fn groups(&self, top: &dyn TableLike) -> Result<Vec<Group>> {
        let mut groups: Vec<Group> = Vec::new();
        for (name, item) in self.entries(top, "groups")? {
            let place = place_of_key(self.table(top.get("groups"))?, name);
            let name = AgentName::parse(name).map_err(|_| {
                let rule = "a group's name has 1 to 64 letters, digits, `-`, `_` or `.`";
                self.error(place.clone(), rule)
            })?;
            let granted = self.agent(&name, item, &["members"])?;
            groups.push(Group {
                line: self.line(place),
                members: self.members(item)?,
                granted,
                name,
            });
        }
        Ok(groups)
    }

    fn members(&self, group: &Item) -> Result<Vec<AgentName>> {
        let table = self.table(Some(group))?;
        let Some(item) = table.get("members") else {
            let error = self.error(group.span(), "a group needs `members`");
            return Err(error.with_hint("for example `members = [\"codex\"]`"));
        };
        self.each(item, |value| {
            AgentName::parse(self.text(value)?)
                .map_err(|error| self.error(value.span(), &error.to_string()))
        })
    }
}

/// Gives each member what its groups grant, in the order of the file.
pub(super) fn joined(groups: &[Group], agents: &mut BTreeMap<AgentName, AgentPolicy>) {
    for group in groups {
        for member in &group.members {
            let own = agents.entry(member.clone()).or_default();
            let already = own.groups.contains(&group.name);
            if !already {
                own.groups.push(group.name.clone());
                group.join(member, own);
            }
        }
    }
}
