//! Connect servers: made, renamed, deleted, and given vaults.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    ConnectName, ConnectRegistry, Managed,
    entry::{Entry, Server, groups_mut, servers, servers_mut},
    no_server,
};
use crate::{
    access::{Reach, VaultAccess},
    jwt::SigningKey,
    registry::{RegistryError, sealed::Row},
    seal::DataKey,
    vault::{ServerId, VaultId},
};

/// A Connect server: what its tokens can reach at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectServer {
    /// Its id.
    pub id: ServerId,
    /// What it is called; no other is called so.
    pub name: ConnectName,
    /// When it was made.
    pub created: Timestamp,
    /// The vaults that were granted to it.
    pub reach: Reach,
}

impl ConnectRegistry {
    /// Makes a server that has these vaults.
    ///
    /// # Errors
    /// [`RegistryError::Taken`] when another is called so; [`RegistryError`] when the file can't be changed.
    pub fn create_server(
        &self,
        name: &ConnectName,
        reach: Reach,
        now: Timestamp,
    ) -> Result<ConnectServer, RegistryError> {
        let lent = self.lent(&reach)?;
        self.file()?.change(|_, rows| {
            refuse_taken(rows, name, None)?;
            let server = Server {
                id: ServerId::random(),
                name: name.clone(),
                created: now,
                reach,
                key: SigningKey::random(),
                copies: DataKey::random(),
                lent,
            };
            let made = (&server).into();
            rows.push(Row::new(Entry::Server(server)));
            Ok(made)
        })
    }

    /// All servers, by name.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn servers(&self) -> Result<Vec<ConnectServer>, RegistryError> {
        let mut found: Vec<ConnectServer> = self
            .file()?
            .look(|table| servers(&table.rows).map(Into::into).collect())?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The server of this id, or of this name in any case.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`]; [`RegistryError`] when the file can't be read.
    pub fn server(&self, name_or_id: &str) -> Result<ConnectServer, RegistryError> {
        let found = self.servers()?.into_iter().find(|server| {
            server.id.as_str() == name_or_id.to_ascii_lowercase()
                || same(server.name.as_str(), name_or_id)
        });
        found.ok_or_else(|| no_server(name_or_id))
    }

    /// Calls a server otherwise.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], [`RegistryError::Taken`], or [`RegistryError`] when the file can't be changed.
    pub fn rename_server(&self, id: &ServerId, name: &ConnectName) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            refuse_taken(rows, name, Some(id))?;
            find(rows, id)?.name = name.clone();
            Ok(())
        })
    }

    /// Deletes a server with its tokens: they are unknown from the next request on.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn delete_server(&self, id: &ServerId) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            find(rows, id)?;
            rows.retain(|row| match &row.record {
                Entry::Group(_) => true,
                Entry::Server(server) => server.id != *id,
                Entry::Token(token) => token.server != *id,
            });
            for group in groups_mut(rows) {
                group
                    .manages
                    .retain(|it| *it != Managed::Server(id.clone()));
            }
            Ok(())
        })
    }

    /// Says what a server may do in a vault from now on: nothing, where the access allows nothing. Its tokens reach no further
    /// from their next request on.
    ///
    /// # Errors
    /// [`RegistryError::NoSuch`], or [`RegistryError`] when the file can't be changed.
    pub fn set_access(
        &self,
        id: &ServerId,
        vault: &VaultId,
        access: VaultAccess,
    ) -> Result<(), RegistryError> {
        self.file()?.change(|_, rows| {
            let server = find(rows, id)?;
            server.reach.set(vault.clone(), access);
            server.lent = self.lent(&server.reach)?;
            Ok(())
        })
    }

    /// The keys that a copy elsewhere gets: those of the vaults that the server may read, since a copy takes no changes.
    fn lent(&self, reach: &Reach) -> Result<Zeroizing<Vec<u8>>, RegistryError> {
        let Some(lender) = &self.lender else {
            return Ok(Zeroizing::default());
        };
        let readable = reach.vaults().filter(|(_, access)| access.read);
        let vaults: Vec<VaultId> = readable.map(|(vault, _)| vault.clone()).collect();
        lender(&vaults).map_err(RegistryError::Keys)
    }
}

impl From<&Server> for ConnectServer {
    fn from(server: &Server) -> Self {
        Self {
            id: server.id.clone(),
            name: server.name.clone(),
            created: server.created,
            reach: server.reach.clone(),
        }
    }
}

/// The server of an id.
pub(super) fn find<'r>(
    rows: &'r mut [Row<Entry>],
    id: &ServerId,
) -> Result<&'r mut Server, RegistryError> {
    let found = servers_mut(rows).find(|server| server.id == *id);
    found.ok_or_else(|| no_server(id.as_str()))
}

/// Two spellings of one name: letters count, their case does not.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn refuse_taken(
    rows: &[Row<Entry>],
    name: &ConnectName,
    except: Option<&ServerId>,
) -> Result<(), RegistryError> {
    let taken = servers(rows).any(|server| {
        same(server.name.as_str(), name.as_str()) && except.is_none_or(|id| server.id != *id)
    });
    if taken {
        return Err(RegistryError::Taken {
            what: "Connect server",
            name: name.to_string(),
        });
    }
    Ok(())
}
