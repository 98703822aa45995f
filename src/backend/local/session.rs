//! One transaction: a snapshot of the store under one head, and the changes to it.
//!
//! Everything that is read in a session hangs from the head that was checked when it began; everything that
//! is written becomes visible with the new head, or not at all.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    backend::local::{
        head::Head,
        record::Unreadable,
        subkeys::{Place, Subject, Subkeys},
        tree::Tree,
    },
    seal::{Broken, same_mac},
    vault::{StoreHead, VaultError},
};

/// A transaction with what vouches for its records. Dropping it undoes its changes.
pub(super) struct Session<'c> {
    pub(super) transaction: Transaction<'c>,
    pub(super) keys: &'c Subkeys,
    pub(super) head: Head,
    tree: Tree,
    changed: bool,
}

impl<'c> Session<'c> {
    /// Begins to read (deferred; others may write meanwhile) or to write (immediate; as the only one).
    pub(super) fn begin(
        connection: &'c mut Connection,
        keys: &'c Subkeys,
        behavior: TransactionBehavior,
    ) -> Result<Self, VaultError> {
        let transaction = connection.transaction_with_behavior(behavior)?;
        let head = Head::read(&transaction, keys)?;
        Ok(Self {
            tree: Tree::under(head.root),
            transaction,
            keys,
            head,
            changed: false,
        })
    }

    /// Where the store stood when the session began.
    pub(super) fn anchor(&self) -> StoreHead {
        self.head.anchor(self.keys)
    }

    /// Makes the changes durable, if there are any, and returns where the store stands now.
    pub(super) fn finish(mut self) -> Result<StoreHead, VaultError> {
        if self.changed {
            self.head.root = self.tree.write(&self.transaction, self.keys)?;
            self.head.revision += 1;
            self.head.write(&self.transaction, self.keys)?;
            let head = self.anchor();
            self.transaction.commit()?;
            return Ok(head);
        }
        Ok(self.anchor())
    }

    /// Checks that the tree vouches for this very record.
    pub(super) fn verify(
        &mut self,
        place: &Place,
        subject: Subject<'_>,
        what: impl Fn() -> String,
    ) -> Result<(), VaultError> {
        let found = self.tree.get(&self.transaction, self.keys, place)?;
        match found {
            Some(proof) if same_mac(&proof, &self.keys.proof(subject)) => Ok(()),
            _ => Err(VaultError::Corrupted { what: what() }),
        }
    }

    /// Checks that a record which was not found is one that is not there.
    pub(super) fn verify_absent(
        &mut self,
        place: &Place,
        what: impl Fn() -> String,
    ) -> Result<(), VaultError> {
        match self.tree.get(&self.transaction, self.keys, place)? {
            None => Ok(()),
            Some(_) => Err(VaultError::Corrupted { what: what() }),
        }
    }

    /// Lets the tree vouch for a record from now on.
    pub(super) fn vouch(&mut self, place: &Place, subject: Subject<'_>) -> Result<(), VaultError> {
        self.changed = true;
        let proof = self.keys.proof(subject);
        self.tree
            .set(&self.transaction, self.keys, place, Some(proof))
    }

    /// Lets the tree vouch for there being no such record from now on.
    pub(super) fn vouch_absent(&mut self, place: &Place) -> Result<(), VaultError> {
        self.changed = true;
        self.tree.set(&self.transaction, self.keys, place, None)
    }
}

/// The error for a record that its seal refuses.
pub(super) fn broken(what: impl Fn() -> String) -> impl Fn(Broken) -> VaultError {
    move |Broken| VaultError::Corrupted { what: what() }
}

/// The error for a record whose seal is whole and whose content is not understood.
pub(super) fn unreadable(what: impl Fn() -> String) -> impl Fn(Unreadable) -> VaultError {
    move |Unreadable| VaultError::Unavailable {
        message: format!("{} was written by a newer hushkey; update this one", what()),
        source: None,
    }
}
