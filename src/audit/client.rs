//! Entries of programs that ask over the Connect API: who they are is a server and a token, not an agent.
//!
//! It knows nothing of what a token may do, and no token: a decision comes in as allowed or as denied.

use jiff::Timestamp;

use crate::{
    access::ConnectClient,
    audit::{Event, NewEntry, Outcome, Target, Verb, Who, entry::limited},
    vault::{ServerId, TokenId},
};

/// What the names of such programs begin with: no agent's name has a colon in it.
pub const CLIENT_PREFIX: &str = "connect:";

/// The program behind a request over the Connect API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectActor {
    /// The Connect server that its token belongs to.
    pub server: ServerId,
    /// What that was called.
    pub server_name: String,
    /// The token's id.
    pub token: TokenId,
    /// What the token was called.
    pub token_name: String,
    /// What the program calls itself: at most [`REASON_LIMIT`](crate::audit::REASON_LIMIT) characters, not escaped.
    pub user_agent: Option<String>,
    /// From where it asked.
    pub address: String,
    /// The request's id.
    pub request: String,
    /// Which version of the item it got or left, where that is known.
    pub item_version: Option<u64>,
}

impl NewEntry {
    /// A program's request that its token allows, before anything is done.
    #[must_use]
    pub fn client_allowed(
        time: Timestamp,
        client: &ConnectClient,
        verb: Verb,
        target: Target,
    ) -> Self {
        Self::by_client(time, client, verb, target, Event::allowed_by_token())
    }

    /// A program's request that comes to nothing; `why` for the owner, in a few words without a value.
    #[must_use]
    pub fn client_denied(
        time: Timestamp,
        client: &ConnectClient,
        verb: Verb,
        target: Target,
        why: &str,
    ) -> Self {
        let event = Event::denied(why, false);
        Self::by_client(time, client, verb, target, event)
    }

    /// How it ended what entry `of` allowed a program.
    #[must_use]
    pub fn client_ended(
        time: Timestamp,
        client: &ConnectClient,
        verb: Verb,
        target: Target,
        of: u64,
        outcome: Outcome,
    ) -> Self {
        Self::by_client(time, client, verb, target, Event::ended(of, outcome))
    }

    /// Says which version of the item it is about.
    #[must_use]
    pub fn of_version(mut self, version: Option<u64>) -> Self {
        if let Some(actor) = &mut self.actor {
            actor.item_version = version;
        }
        self
    }

    fn by_client(
        time: Timestamp,
        client: &ConnectClient,
        verb: Verb,
        target: Target,
        event: Event,
    ) -> Self {
        let who = Who {
            name: format!("{CLIENT_PREFIX}{}", client.server_name),
            is_agent: false,
            client: None,
        };
        let actor = ConnectActor {
            server: client.server.clone(),
            server_name: client.server_name.clone(),
            token: client.token.clone(),
            token_name: client.token_name.clone(),
            user_agent: client.user_agent.as_deref().map(limited),
            address: client.address.clone(),
            request: limited(&client.request),
            item_version: None,
        };
        Self {
            actor: Some(actor),
            ..Self::new(time, who, verb, target, event)
        }
    }
}
