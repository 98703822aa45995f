//! Groups whose members may manage servers, each with a manager token of their own.
//!
//! A group manages single servers, all servers, or Secrets Automation as a whole: the servers themselves and what vaults they
//! have. A server that was given to groups of its own is not among "all servers" of others.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    ConnectName, ConnectRegistry,
    entry::{Entry, Group, Member, groups, groups_mut, servers},
    no_group, no_server,
    servers::same,
};
use crate::{
    registry::{
        MANAGER_PREFIX, RegistryError, TokenDigest,
        sealed::{Keys, Row},
        token::NewToken,
    },
    vault::{GroupId, Secret, ServerId},
};

/// What a group manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Managed {
    /// Every server that has no group of its own, those of the future too.
    AllServers,
    /// Secrets Automation as a whole.
    Everything,
    /// One server.
    Server(ServerId),
}

/// A group of people or programs that may manage servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectGroup {
    /// Its id.
    pub id: GroupId,
    /// What it is called; no other is called so.
    pub name: ConnectName,
    /// When it was made.
    pub created: Timestamp,
    /// What it manages.
    pub manages: Vec<Managed>,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// A member of a group, who has a manager token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// How it is called in this group.
    pub name: ConnectName,
    /// Since when.
    pub created: Timestamp,
}

/// Who a manager token is, and what it manages now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The group's id.
    pub group: GroupId,
    /// What that is called.
    pub group_name: ConnectName,
    /// The member of the group.
    pub member: ConnectName,
    /// Whether it manages Secrets Automation as a whole.
    pub whole: bool,
    servers: BTreeSet<ServerId>,
}

impl Manager {
    /// Tells whether it manages this server.
    #[must_use]
    pub fn manages(&self, server: &ServerId) -> bool {
        self.whole || self.servers.contains(server)
    }
}

impl ConnectRegistry {
    /// Makes a group without members, which manages nothing.
    ///
    /// # Errors
    /// [`RegistryError::Taken`] when another is called so; [`RegistryError`] when the file can't be changed.
    pub fn create_group(
        &self,
        name: &ConnectName,
        now: Timestamp,
    ) -> Result<ConnectGroup, RegistryError> {
        self.file()?.change(|_, rows| {
            if groups(rows).any(|group| same(group.name.as_str(), name.as_str())) {
                return Err(taken("group", name));
            }
            let group = Group {
                id: GroupId::random(),
                name: name.clone(),
                created: now,
                manages: Vec::new(),
                members: Vec::new(),
            };
            let made = (&group).into();
            rows.push(Row::new(Entry::Group(group)));
            Ok(made)
        })
    }

    /// All groups, by name.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn groups(&self) -> Result<Vec<ConnectGroup>, RegistryError> {
        let mut found: Vec<ConnectGroup> = self
            .file()?
            .look(|table| groups(&table.rows).map(Into::into).collect())?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The group of this id, or of this name in any case.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`]; [`RegistryError`] when the file can't be read.
    pub fn group(&self, name_or_id: &str) -> Result<ConnectGroup, RegistryError> {
        let found = self.groups()?.into_iter().find(|group| {
            group.id.as_str() == name_or_id.to_ascii_lowercase()
                || same(group.name.as_str(), name_or_id)
        });
        found.ok_or_else(|| RegistryError::NoSuch {
            what: "group",
            name: name_or_id.to_owned(),
            list: "`hushkey group list`",
        })
    }

    /// Deletes a group: its members' tokens are unknown from the next request on.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn delete_group(&self, id: &GroupId) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            find(rows, id)?;
            rows.retain(|row| !matches!(&row.record, Entry::Group(group) if group.id == *id));
            Ok(())
        })
    }

    /// Takes somebody into a group. The manager token is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], [`RegistryError::Taken`], or [`RegistryError`] when the file can't be changed.
    pub fn add_member(
        &self,
        id: &GroupId,
        name: &ConnectName,
        now: Timestamp,
    ) -> Result<Secret, RegistryError> {
        self.file()?.change(|keys, rows| {
            let group = find(rows, id)?;
            let mut members = group.members.iter();
            if members.any(|member| same(member.name.as_str(), name.as_str())) {
                return Err(taken("member", name));
            }
            let token = NewToken::random(MANAGER_PREFIX);
            group.members.push(Member {
                name: name.clone(),
                created: now,
                digest: digest(keys, &token.digest),
            });
            Ok(token.text)
        })
    }

    /// Takes somebody out of a group: the manager token is unknown from the next request on.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn remove_member(&self, id: &GroupId, name: &str) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            let group = find(rows, id)?;
            let before = group.members.len();
            group
                .members
                .retain(|member| !same(member.name.as_str(), name));
            if group.members.len() < before {
                return Ok(());
            }
            Err(RegistryError::NoSuch {
                what: "member of the group",
                name: name.to_owned(),
                list: "`hushkey group list`",
            })
        })
    }

    /// Lets a group manage something, or no longer; `false` when that was so already.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`] without the group or the server; [`RegistryError`] when the file can't be changed.
    pub fn set_managed(
        &self,
        id: &GroupId,
        managed: &Managed,
        granted: bool,
    ) -> Result<bool, RegistryError> {
        self.file()?.change(|_, rows| {
            if let Managed::Server(server) = managed
                && !servers(rows).any(|it| it.id == *server)
            {
                return Err(no_server(server.as_str()));
            }
            let manages = &mut find(rows, id)?.manages;
            let had = manages.contains(managed);
            manages.retain(|it| it != managed);
            if granted {
                manages.push(managed.clone());
            }
            Ok(had != granted)
        })
    }

    /// Finds whose manager token this is and what it manages, as the file stands now; `None` for any other token.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read or was changed outside hushkey: then no token is accepted.
    pub fn prove_manager(&self, token: &TokenDigest) -> Result<Option<Manager>, RegistryError> {
        let digest = digest(self.file()?.keys(), token);
        self.file()?.look(|table| {
            let (at, place) = *table.index.managers.get(&digest)?;
            let Entry::Group(group) = &table.rows[at].record else {
                return None;
            };
            Some(Manager {
                group: group.id.clone(),
                group_name: group.name.clone(),
                member: group.members[place].name.clone(),
                whole: group.manages.contains(&Managed::Everything),
                servers: managed_by(group, &table.rows),
            })
        })
    }
}

impl From<&Group> for ConnectGroup {
    fn from(group: &Group) -> Self {
        let member = |member: &Member| GroupMember {
            name: member.name.clone(),
            created: member.created,
        };
        Self {
            id: group.id.clone(),
            name: group.name.clone(),
            created: group.created,
            manages: group.manages.clone(),
            members: group.members.iter().map(member).collect(),
        }
    }
}

/// The servers that a group manages.
fn managed_by(group: &Group, rows: &[Row<Entry>]) -> BTreeSet<ServerId> {
    let own = |server: &ServerId| {
        let given = Managed::Server(server.clone());
        groups(rows).any(|group| group.manages.contains(&given))
    };
    let manages = |server: &ServerId| {
        group.manages.contains(&Managed::Server(server.clone()))
            || group.manages.contains(&Managed::AllServers) && !own(server)
    };
    let ids = servers(rows).map(|server| &server.id);
    ids.filter(|id| manages(id)).cloned().collect()
}

fn find<'r>(rows: &'r mut [Row<Entry>], id: &GroupId) -> Result<&'r mut Group, RegistryError> {
    let found = groups_mut(rows).find(|group| group.id == *id);
    found.ok_or_else(|| no_group(id))
}

/// A manager's token is kept as an agent's is.
fn digest(keys: &Keys, token: &TokenDigest) -> [u8; 32] {
    keys.digest(token.bytes())
}

fn taken(what: &'static str, name: &ConnectName) -> RegistryError {
    RegistryError::Taken {
        what,
        name: name.to_string(),
    }
}
