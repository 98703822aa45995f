//! Groups of those who may manage Connect servers: the owner's alone, for whoever could change them could make himself one.

use jiff::Timestamp;

use super::{AdminError, Office, name, view::GroupJson};
use crate::{
    registry::connect::{ConnectGroup, Managed},
    vault::Secret,
};

const OWNERS: &str = "groups and their members are for the owner, at the command line";

/// What is given to a group, as somebody names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedManaged {
    /// Every server, those of the future too.
    AllServers,
    /// Secrets Automation as a whole.
    Everything,
    /// A server, by name or id.
    Server(String),
}

impl Office<'_> {
    /// All groups, by name.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn groups(&self) -> Result<Vec<GroupJson>, AdminError> {
        self.owner("the groups that manage Connect servers").await?;
        let servers = self.registry.servers()?;
        let groups = self.registry.groups()?;
        let view = |group: &ConnectGroup| GroupJson::of(group, &servers);
        Ok(groups.iter().map(view).collect())
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn create_group(&self, called: &str) -> Result<GroupJson, AdminError> {
        let called = name(called)?;
        let what = format!("a new group {called}");
        self.owner(&what).await?;
        let made = self
            .deed(&what, move |registry| {
                registry.create_group(&called, Timestamp::now())
            })
            .await?;
        Ok(GroupJson::of(&made, &[]))
    }

    /// Deletes a group; its members' tokens end.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn delete_group(&self, name_or_id: &str) -> Result<GroupJson, AdminError> {
        let group = self.group(name_or_id).await?;
        let view = GroupJson::of(&group, &self.registry.servers()?);
        let what = format!("group {} is deleted", group.name);
        self.deed(&what, move |registry| registry.delete_group(&group.id))
            .await?;
        Ok(view)
    }

    /// Takes somebody into a group; the manager token is shown once.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn add_member(&self, group: &str, member: &str) -> Result<Secret, AdminError> {
        let member = name(member)?;
        let group = self.group(group).await?;
        let what = format!("{member} in group {}, with a manager token", group.name);
        self.deed(&what, move |registry| {
            registry.add_member(&group.id, &member, Timestamp::now())
        })
        .await
    }

    /// Takes somebody out of a group; the manager token ends.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn remove_member(&self, group: &str, member: &str) -> Result<(), AdminError> {
        let group = self.group(group).await?;
        let what = format!("{member} is taken from group {}", group.name);
        let member = member.to_owned();
        self.deed(&what, move |registry| {
            registry.remove_member(&group.id, &member)
        })
        .await
    }

    /// Lets a group manage something, or no longer.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn set_managed(
        &self,
        group: &str,
        wanted: &WantedManaged,
        granted: bool,
    ) -> Result<GroupJson, AdminError> {
        let group = self.group(group).await?;
        let (managed, told) = match wanted {
            WantedManaged::AllServers => (Managed::AllServers, "all Connect servers".to_owned()),
            WantedManaged::Everything => (
                Managed::Everything,
                "Secrets Automation as a whole".to_owned(),
            ),
            WantedManaged::Server(server) => {
                let server = self.find(server).await?;
                (
                    Managed::Server(server.id),
                    format!("Connect server {}", server.name),
                )
            }
        };
        let what = if granted {
            format!("group {} manages {told}", group.name)
        } else {
            format!("group {} manages {told} no longer", group.name)
        };
        let id = group.id.clone();
        self.deed(&what, move |registry| {
            registry.set_managed(&id, &managed, granted)
        })
        .await?;
        let group = self.registry.group(group.id.as_str())?;
        Ok(GroupJson::of(&group, &self.registry.servers()?))
    }

    async fn group(&self, name_or_id: &str) -> Result<ConnectGroup, AdminError> {
        self.owner("a group that manages Connect servers").await?;
        Ok(self.registry.group(name_or_id)?)
    }

    async fn owner(&self, what: &str) -> Result<(), AdminError> {
        if self.manager.is_none() {
            return Ok(());
        }
        self.denied(what, OWNERS).await
    }
}
