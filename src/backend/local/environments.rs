//! Environments in the store: one sealed record with all of them.
//!
//! They are few and small, and each list or look-up needs most of it; so there is one record, which the tree vouches for
//! like any other. That none is missing needs no proof of its own then.
//!
//! [`EnvironmentFile`] is a store without vaults: where environments are kept when the vaults lie on a Connect server,
//! which has no place for them.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::OptionalExtension;

use crate::{
    backend::local::{
        LocalVault,
        record::{self, environments as encoded},
        session::{Session, broken, unreadable},
        subkeys::{Subject, fold, tag},
    },
    keys::Kek,
    vault::{
        Environment, EnvironmentEdit, EnvironmentId, EnvironmentName, Environments, Noun,
        StoreHead, Variable, VaultError,
    },
};

/// Limits that keep the record small and a list readable.
const MOST_ENVIRONMENTS: usize = 500;
const MOST_VARIABLES: usize = 1000;

/// How the record is called in an error's words.
pub(super) const NAMED: &str = "the record of environments";

/// A store that holds environments and no vaults.
#[derive(Clone)]
pub struct EnvironmentFile(LocalVault);

impl Session<'_> {
    /// All environments, in order of name.
    pub(super) fn environments(&mut self) -> Result<Vec<Environment>, VaultError> {
        let sealed: Option<Vec<u8>> = self
            .transaction
            .prepare_cached("SELECT record FROM environments WHERE id = 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let (place, what) = (self.keys.environments_place(), || NAMED.to_owned());
        let Some(sealed) = sealed else {
            self.verify_absent(&place, what)?;
            return Ok(Vec::new());
        };
        let record = &tag(&sealed);
        self.verify(&place, Subject::Environments { record }, what)?;
        let (key, bound) = self.keys.environments();
        let plain = key.open(&bound, &sealed).map_err(broken(what))?;
        encoded::decode(&plain).map_err(unreadable(what))
    }

    /// Makes an environment.
    pub(super) fn create_environment(
        &mut self,
        name: EnvironmentName,
        by: &str,
    ) -> Result<Environment, VaultError> {
        let mut all = self.environments()?;
        refuse_taken(&all, &name, None)?;
        if all.len() >= MOST_ENVIRONMENTS {
            return Err(VaultError::Invalid(format!(
                "a store has at most {MOST_ENVIRONMENTS} environments; delete one first"
            )));
        }
        let now = record::now();
        let new = Environment {
            id: EnvironmentId::random(),
            name,
            version: 1,
            created_at: now,
            updated_at: now,
            last_edited_by: by.to_owned(),
            variables: Vec::new(),
        };
        all.push(new.clone());
        self.write_environments(all)?;
        Ok(new)
    }

    /// Changes an environment.
    pub(super) fn edit_environment(
        &mut self,
        id: &EnvironmentId,
        edit: EnvironmentEdit,
    ) -> Result<Environment, VaultError> {
        let mut all = self.environments()?;
        if let Some(name) = &edit.name {
            refuse_taken(&all, name, Some(id))?;
        }
        let known = all.iter_mut().find(|known| known.id == *id);
        let environment = known.ok_or_else(|| not_there(id))?;
        apply(environment, edit)?;
        environment.version += 1;
        environment.updated_at = record::now();
        let changed = environment.clone();
        self.write_environments(all)?;
        Ok(changed)
    }

    /// Deletes an environment.
    pub(super) fn delete_environment(&mut self, id: &EnvironmentId) -> Result<(), VaultError> {
        let mut all = self.environments()?;
        let before = all.len();
        all.retain(|known| known.id != *id);
        if all.len() == before {
            return Err(not_there(id));
        }
        self.write_environments(all)
    }

    fn write_environments(&mut self, mut all: Vec<Environment>) -> Result<(), VaultError> {
        all.sort_by_cached_key(|known| fold(known.name.as_str()));
        let (key, bound) = self.keys.environments();
        let sealed = key.seal(&bound, &encoded::encode(&all));
        self.transaction
            .prepare_cached("REPLACE INTO environments (id, record) VALUES (1, ?1)")?
            .execute([&sealed])?;
        let record = &tag(&sealed);
        let place = self.keys.environments_place();
        self.vouch(&place, Subject::Environments { record })
    }
}

fn apply(environment: &mut Environment, edit: EnvironmentEdit) -> Result<(), VaultError> {
    for name in &edit.remove {
        let before = environment.variables.len();
        environment.variables.retain(|known| known.name != *name);
        if environment.variables.len() == before {
            return Err(VaultError::NotFound {
                noun: Noun::Variable,
                name: name.to_string(),
            });
        }
    }
    for (name, content) in edit.set {
        let variable = Variable {
            name,
            content,
            set_by: edit.by.clone(),
        };
        let mut known = environment.variables.iter_mut();
        match known.find(|known| known.name == variable.name) {
            Some(known) => *known = variable,
            None => environment.variables.push(variable),
        }
    }
    if environment.variables.len() > MOST_VARIABLES {
        return Err(VaultError::Invalid(format!(
            "an environment has at most {MOST_VARIABLES} variables; make a second one"
        )));
    }
    environment.name = edit.name.unwrap_or_else(|| environment.name.clone());
    environment.last_edited_by = edit.by;
    Ok(())
}

fn refuse_taken(
    all: &[Environment],
    name: &EnvironmentName,
    except: Option<&EnvironmentId>,
) -> Result<(), VaultError> {
    let taken = |known: &&Environment| Some(&known.id) != except && known.name.is(name.as_str());
    match all.iter().find(taken) {
        None => Ok(()),
        Some(_) => Err(VaultError::Exists {
            noun: Noun::Environment,
            name: name.to_string(),
        }),
    }
}

fn not_there(id: &EnvironmentId) -> VaultError {
    VaultError::NotFound {
        noun: Noun::Environment,
        name: id.to_string(),
    }
}

#[async_trait]
impl Environments for LocalVault {
    async fn environments(&self) -> Result<Vec<Environment>, VaultError> {
        self.read(|session| session.environments()).await
    }

    async fn create_environment(
        &self,
        name: EnvironmentName,
        by: &str,
    ) -> Result<Environment, VaultError> {
        let by = by.to_owned();
        self.write(move |session| session.create_environment(name, &by))
            .await
    }

    async fn edit_environment(
        &self,
        id: &EnvironmentId,
        edit: EnvironmentEdit,
    ) -> Result<Environment, VaultError> {
        let id = id.clone();
        self.write(move |session| session.edit_environment(&id, edit))
            .await
    }

    async fn delete_environment(&self, id: &EnvironmentId) -> Result<(), VaultError> {
        let id = id.clone();
        self.write(move |session| session.delete_environment(&id))
            .await
    }

    /// The store's own head tells of its environments too.
    async fn environments_head(&self) -> Result<Option<StoreHead>, VaultError> {
        Ok(None)
    }
}

impl EnvironmentFile {
    /// Opens the file, and makes it first if there is none: mode 0600, directory 0700.
    ///
    /// # Errors
    /// As [`LocalVault::open`].
    pub fn open_or_create(path: &Path, kek: &Kek) -> Result<Self, VaultError> {
        LocalVault::open_or_create(path, kek).map(Self)
    }
}

#[async_trait]
impl Environments for EnvironmentFile {
    async fn environments(&self) -> Result<Vec<Environment>, VaultError> {
        self.0.environments().await
    }

    async fn create_environment(
        &self,
        name: EnvironmentName,
        by: &str,
    ) -> Result<Environment, VaultError> {
        self.0.create_environment(name, by).await
    }

    async fn edit_environment(
        &self,
        id: &EnvironmentId,
        edit: EnvironmentEdit,
    ) -> Result<Environment, VaultError> {
        self.0.edit_environment(id, edit).await
    }

    async fn delete_environment(&self, id: &EnvironmentId) -> Result<(), VaultError> {
        self.0.delete_environment(id).await
    }

    /// Called by a path, so that nobody takes it for a store of secrets.
    async fn environments_head(&self) -> Result<Option<StoreHead>, VaultError> {
        let head = self.0.read(|session| Ok(session.anchor())).await?;
        Ok(Some(StoreHead {
            store: format!("environments/{}", head.store),
            ..head
        }))
    }
}
