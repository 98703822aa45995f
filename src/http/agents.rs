//! The agents that have called since the server began: each with its endpoint, its sessions and its places.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{limits::Limits, page::TypingDoor};
use crate::{
    access::{Agent, AgentName, Caller, Standing},
    broker::{LazyBroker, TypingPage},
    mcp::{Endpoint, OptionsError, ServerOptions, VaultServer},
    registry::TokenDigest,
};

/// What is there for one agent.
pub(super) struct Desk {
    pub(super) endpoint: Endpoint,
    pub(super) places: Arc<Semaphore>,
    /// The token that was used last, and in which hour.
    last: Mutex<Option<(TokenDigest, i64)>>,
}

/// All agents that have called.
pub(super) struct Agents {
    broker: Arc<LazyBroker>,
    options: ServerOptions,
    limits: Limits,
    /// Where a person of this machine types what an agent of this machine asked for.
    page: Arc<dyn TypingPage>,
    stop: CancellationToken,
    desks: Mutex<HashMap<(AgentName, bool), Arc<Desk>>>,
}

impl Desk {
    /// Tells whether this token was not used here in this hour yet.
    pub(super) fn is_news(&self, token: &TokenDigest, now: Timestamp) -> bool {
        let hour = now.as_second() / 3600;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last
            .as_ref()
            .is_some_and(|(known, at)| known == token && *at == hour);
        if !known {
            *last = Some((token.clone(), hour));
        }
        !known
    }
}

impl Agents {
    pub(super) fn new(
        broker: Arc<LazyBroker>,
        options: ServerOptions,
        limits: Limits,
        stop: CancellationToken,
    ) -> Self {
        Self {
            page: Arc::new(TypingDoor::new(Arc::clone(&broker))),
            broker,
            options,
            limits,
            stop,
            desks: Mutex::default(),
        }
    }

    /// The desk of an agent whose token was found good. Whoever comes from afar has another one than from near.
    ///
    /// # Errors
    /// [`OptionsError`], which the server's start has ruled out.
    pub(super) fn desk(&self, name: &AgentName, distant: bool) -> Result<Arc<Desk>, OptionsError> {
        let mut desks = self.lock();
        let key = (name.clone(), distant);
        if let Some(desk) = desks.get(&key) {
            return Ok(Arc::clone(desk));
        }
        let agent = Agent {
            name: name.clone(),
            // Whose directories these would be is not known here.
            default_roots: Vec::new(),
            client: None,
            standing: Standing {
                distant,
                proven: true,
            },
        };
        let broker = Arc::clone(&self.broker);
        let mut server = VaultServer::new(broker, Caller::Agent(agent), &self.options)?;
        // The page lies on this machine's loopback, where whoever comes from afar has no browser.
        if !distant {
            server = server.with_page(Arc::clone(&self.page));
        }
        let desk = Arc::new(Desk {
            endpoint: Endpoint::new(server, self.limits.body_bytes, self.stop.child_token()),
            places: Arc::new(Semaphore::new(self.limits.in_flight_each)),
            last: Mutex::default(),
        });
        desks.insert(key, Arc::clone(&desk));
        Ok(desk)
    }

    /// Tells whether a session belongs to another desk than this one.
    pub(super) async fn is_elsewhere(&self, session: &str, own: &Arc<Desk>) -> bool {
        let desks: Vec<_> = self.lock().values().map(Arc::clone).collect();
        for desk in desks {
            if !Arc::ptr_eq(&desk, own) && desk.endpoint.has_session(session).await {
                return true;
            }
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(AgentName, bool), Arc<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
