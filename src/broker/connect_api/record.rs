//! Decide and record, for programs: the reach of a token against what is asked, written down before anything is released.
//!
//! A read has one entry, unless it fails after it was allowed. A write has two, as an agent's has.

use jiff::Timestamp;

use crate::{
    access::{ConnectClient, VaultAccess},
    audit::{CLIENT_PREFIX, NewEntry, Outcome, Target, Verb},
    broker::{Broker, BrokerError},
    vault::{ItemId, ItemOverview, VaultId, reference::Named},
};

/// What a token needs in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// To reach it at all.
    Any,
    Create,
    Delete,
    Read,
    Update,
}

/// Proof that a token allows something and that the record of it is durable.
#[must_use = "that it failed has to be recorded"]
pub(super) struct Allowed<'a> {
    seq: u64,
    client: &'a ConnectClient,
    verb: Verb,
    target: Target,
    version: Option<u64>,
}

impl Allowed<'_> {
    /// Adds the item that came of it.
    pub(super) fn is_about(&mut self, item: &ItemOverview) {
        self.target.item = Some(Named {
            id: item.id.clone(),
            name: item.title.clone(),
        });
        self.version = Some(item.version);
    }

    /// Leaves out the version, which would tell too much.
    pub(super) fn of_no_version(&mut self) {
        self.version = None;
    }
}

impl Need {
    fn is_met_by(self, access: VaultAccess) -> bool {
        match self {
            Self::Any => access.read || access.write,
            Self::Create | Self::Delete | Self::Update => access.write,
            Self::Read => access.read,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Any | Self::Read => "read",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Update => "update",
        }
    }
}

impl Broker {
    /// Allows what needs no vault.
    pub(super) async fn allow<'a>(
        &self,
        client: &'a ConnectClient,
        verb: Verb,
    ) -> Result<Allowed<'a>, BrokerError> {
        self.refuse_if_locked()?;
        self.noted(client, verb, Target::default()).await
    }

    /// Decides by the token's reach and writes the decision down; durable when this returns. Whether the vault or the item
    /// is there is not asked before: out of reach, nobody is told.
    pub(super) async fn permit_client<'a>(
        &self,
        client: &'a ConnectClient,
        need: Need,
        verb: Verb,
        vault: &VaultId,
        item: Option<&ItemId>,
    ) -> Result<Allowed<'a>, BrokerError> {
        self.refuse_if_locked()?;
        let access = client.reach.access(vault);
        if access != VaultAccess::default() {
            self.learn_vault(vault).await;
        }
        let target = Target {
            vault: Some(self.names.vault(vault)),
            item: item.map(|item| self.names.item(item)),
            ..Target::default()
        };
        if need.is_met_by(access) {
            return self.noted(client, verb, target).await;
        }
        let why = if access == VaultAccess::default() {
            format!("vault {vault} is not in scope")
        } else {
            let word = need.word();
            format!("token does not have permission to perform {word} on vault {vault}")
        };
        let entry = NewEntry::client_denied(Timestamp::now(), client, verb, target, &why);
        self.record_one(entry).await?;
        Err(BrokerError::Denied {
            advice: why,
            code: None,
        })
    }

    /// Writes how it ended, if it failed, and passes the result on: that a read was allowed says already that it was done.
    pub(super) async fn unless_failed<T>(
        &self,
        allowed: Allowed<'_>,
        result: Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        match result {
            Ok(done) => Ok(done),
            failed => self.ended(allowed, failed).await,
        }
    }

    /// Writes how it ended, and where the store stands if it may have been changed; passes the result on. That this could
    /// not be recorded is told to the operator only: what was done is done.
    pub(super) async fn ended<T>(
        &self,
        allowed: Allowed<'_>,
        result: Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let (now, writes) = (Timestamp::now(), allowed.verb.writes());
        let Allowed {
            seq,
            client,
            verb,
            target,
            version,
        } = allowed;
        let entry = NewEntry::client_ended(now, client, verb, target, seq, outcome);
        if let Err(error) = self.record(vec![entry.of_version(version)], writes).await {
            tracing::error!(target: "hushkey", %error, "an outcome could not be recorded");
        }
        result
    }

    async fn noted<'a>(
        &self,
        client: &'a ConnectClient,
        verb: Verb,
        target: Target,
    ) -> Result<Allowed<'a>, BrokerError> {
        let now = Timestamp::now();
        let entry = NewEntry::client_allowed(now, client, verb, target.clone());
        Ok(Allowed {
            seq: self.record_one(entry).await?,
            client,
            verb,
            target,
            version: None,
        })
    }

    /// Learns once what a vault is called. Where it can't be found out, the log has its id.
    async fn learn_vault(&self, vault: &VaultId) {
        if !self.names.know(vault)
            && let Ok(vaults) = self.vault.vaults().await
        {
            self.names.learn_vaults(&vaults);
            self.names.learn_absent(vault);
        }
    }

    async fn record_one(&self, entry: NewEntry) -> Result<u64, BrokerError> {
        let recorded = self.record(vec![entry], false).await?;
        Ok(recorded.first().map_or(0, |recorded| recorded.seq))
    }

    fn refuse_if_locked(&self) -> Result<(), BrokerError> {
        let unlocked = self.grounds.unlocked.as_ref();
        match unlocked.is_none_or(|holds| holds()) {
            true => Ok(()),
            false => Err(BrokerError::locked()),
        }
    }
}

/// Who changed an item, as the item has it: a name that no agent can have.
pub(super) fn editor(client: &ConnectClient) -> String {
    format!("{CLIENT_PREFIX}{}", client.server_name)
}
