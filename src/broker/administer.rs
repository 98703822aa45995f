//! Changes of who may do what, past the policy file: decided, recorded, done, and recorded again.
//!
//! What is changed is not the broker's to know. It says whether the vaults can be asked about now, and sees to it that
//! nothing is done that is not on record.

use jiff::Timestamp;

use super::{Broker, BrokerError, guard::blocking};
use crate::{
    access::Caller,
    audit::{ManagerActor, NewEntry, Outcome, Target, Verb},
    policy::{Action, Decision},
    vault::{StoreHead, VaultId, reference::Named},
};

/// Who administers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administrator {
    /// Somebody with a manager token.
    Manager(ManagerActor),
    /// The person who owns the store.
    Owner,
}

impl Broker {
    /// The vaults that there are, by id and name: for whoever grants them to others.
    ///
    /// # Errors
    /// [`BrokerError`] when the store is locked or does not answer.
    pub async fn grantable_vaults(&self) -> Result<Vec<Named<VaultId>>, BrokerError> {
        self.refuse_locked()?;
        let vaults = self.vault.vaults().await?;
        let named = vaults.into_iter().map(|vault| Named {
            id: vault.id,
            name: vault.name,
        });
        Ok(named.collect())
    }

    /// Does what an administrator may do, with an entry before and one after it; `what` says in a few words what it is. The
    /// work tells where the registry stands after it.
    ///
    /// # Errors
    /// [`BrokerError`] when it can't be recorded, and so is not done; the inner error is the work's.
    pub async fn administer<T: Send + 'static, E: std::fmt::Display + Send + 'static>(
        &self,
        who: &Administrator,
        what: &str,
        work: impl FnOnce() -> Result<(T, StoreHead), E> + Send + 'static,
    ) -> Result<Result<T, E>, BrokerError> {
        self.refuse_locked()?;
        let target = target(what);
        let now = Timestamp::now();
        let entry = match who {
            Administrator::Manager(manager) => {
                NewEntry::manager_allowed(now, manager, target.clone())
            }
            Administrator::Owner => {
                let decision = self.owners_decision(now).await?;
                let verb = Verb::ManageAccess;
                NewEntry::decided(now, &Caller::Owner, verb, target.clone(), &decision)
            }
        };
        let recorded = self.record(vec![entry], false).await?;
        let of = recorded.first().map_or(0, |recorded| recorded.seq);

        let (done, head) = match blocking(work).await? {
            Ok((made, head)) => (Ok(made), Some(head)),
            Err(error) => (Err(error), None),
        };
        let outcome = match &done {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let now = Timestamp::now();
        let entry = match who {
            Administrator::Manager(manager) => {
                NewEntry::manager_ended(now, manager, target, of, outcome)
            }
            Administrator::Owner => {
                let verb = Verb::ManageAccess;
                NewEntry::ended(now, &Caller::Owner, verb, target, of, outcome)
            }
        };
        let audit = std::sync::Arc::clone(&self.audit);
        blocking(move || audit.append_all(&[entry], head.as_ref())).await??;
        Ok(done)
    }

    /// Records what a manager was shown. What the owner looks at is not recorded.
    ///
    /// # Errors
    /// [`BrokerError`] when it can't be recorded, and so is not shown.
    pub async fn administration_seen(
        &self,
        who: &Administrator,
        what: &str,
    ) -> Result<(), BrokerError> {
        self.refuse_locked()?;
        let Administrator::Manager(manager) = who else {
            return Ok(());
        };
        let entry = NewEntry::manager_allowed(Timestamp::now(), manager, target(what));
        self.record(vec![entry], false).await.map(drop)
    }

    /// Records what a manager may not do; `why` in a few words.
    ///
    /// # Errors
    /// [`BrokerError`] when it can't be recorded.
    pub async fn administration_denied(
        &self,
        who: &Administrator,
        what: &str,
        why: &str,
    ) -> Result<(), BrokerError> {
        let Administrator::Manager(manager) = who else {
            return Ok(());
        };
        let entry = NewEntry::manager_denied(Timestamp::now(), manager, target(what), why);
        self.record(vec![entry], false).await.map(drop)
    }

    async fn owners_decision(&self, now: Timestamp) -> Result<Decision, BrokerError> {
        let policy = self.bound_policy().await?;
        Ok(policy.decide(&Caller::Owner, &Action::Administer, now))
    }

    fn refuse_locked(&self) -> Result<(), BrokerError> {
        if self.grounds.unlocked.as_ref().is_some_and(|holds| !holds()) {
            return Err(BrokerError::locked());
        }
        Ok(())
    }
}

fn target(what: &str) -> Target {
    Target {
        unresolved: Some(what.to_owned()),
        ..Target::default()
    }
}
