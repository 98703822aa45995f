//! What a Connect server's programs have asked for, for those programs: their own server's requests and no others.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    access::{ConnectClient, VaultAccess},
    audit::{Entry, Event, Verb},
    broker::{Broker, BrokerError, guard::blocking},
    vault::{ItemId, ServerId, TokenId, VaultId},
};

/// A request that a program has made.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// Its id.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// `READ`, `CREATE`, `UPDATE` or `DELETE`.
    pub action: &'static str,
    /// Whether the token allowed it.
    pub allowed: bool,
    /// The Connect server.
    pub server: ServerId,
    /// The token.
    pub token: TokenId,
    /// What the program calls itself.
    pub user_agent: Option<String>,
    /// From where it asked.
    pub address: String,
    /// Whether it was about an item, and not about a vault as a whole.
    pub is_about_an_item: bool,
    /// The vault, if it was about one.
    pub vault: Option<VaultId>,
    /// The item, if it had an id.
    pub item: Option<ItemId>,
    /// The item's version, where that is known.
    pub version: Option<u64>,
}

impl Broker {
    /// Lists the requests that programs of the same server have made, newest first; and how many there are. Which vault and
    /// item another token's request was for is told where the client's own token reaches that vault.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_activity(
        &self,
        client: &ConnectClient,
        limit: u64,
        offset: u64,
    ) -> Result<(Vec<ClientRequest>, u64), BrokerError> {
        let allowed = self.allow(client, Verb::ReadActivity).await?;
        let (audit, server) = (Arc::clone(&self.audit), client.server.clone());
        let page = blocking(move || audit.requests(&server, limit, offset)).await;
        let page = page.and_then(|page| page.map_err(BrokerError::from));
        let page = self.unless_failed(allowed, page).await?;
        let requests = page.entries.into_iter();
        let requests = requests.filter_map(|entry| ClientRequest::of(entry, client));
        Ok((requests.collect(), page.total))
    }
}

impl ClientRequest {
    fn of(entry: Entry, client: &ConnectClient) -> Option<Self> {
        let actor = entry.actor?;
        let is_about_an_item = entry.target.item.is_some() || entry.verb == Verb::CreateItem;
        let vault = entry.target.vault.map(|vault| vault.id);
        let reached = vault.as_ref().map(|vault| client.reach.access(vault));
        let told = actor.token == client.token
            || reached.is_some_and(|access| access != VaultAccess::default());
        Some(Self {
            id: actor.request,
            time: entry.time,
            action: match entry.verb {
                Verb::CreateItem => "CREATE",
                Verb::DeleteItem => "DELETE",
                Verb::UpdateItem => "UPDATE",
                _ => "READ",
            },
            allowed: !matches!(entry.event, Event::Denied { .. }),
            server: actor.server,
            token: actor.token,
            user_agent: actor.user_agent,
            address: actor.address,
            is_about_an_item,
            vault: vault.filter(|_| told),
            item: entry.target.item.map(|item| item.id).filter(|_| told),
            version: actor.item_version.filter(|_| told),
        })
    }
}
