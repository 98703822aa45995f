//! Entries of those who manage Connect servers with a manager token: neither the owner nor an agent.

use jiff::Timestamp;

use crate::audit::{Event, NewEntry, Outcome, Target, Verb, Who, entry::limited};

/// What the names of managers begin with: no agent's name has a colon in it.
pub const MANAGER_PREFIX: &str = "manager:";

/// Somebody with a manager token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagerActor {
    /// Group and member: `ops/ann`.
    pub name: String,
    /// By which way and from where: `https 10.0.0.7`.
    pub way: String,
}

impl NewEntry {
    /// What a manager's token allows, before anything is done.
    #[must_use]
    pub fn manager_allowed(time: Timestamp, manager: &ManagerActor, target: Target) -> Self {
        Self::by_manager(time, manager, target, Event::allowed_by_token())
    }

    /// What a manager may not do; `why` in a few words.
    #[must_use]
    pub fn manager_denied(
        time: Timestamp,
        manager: &ManagerActor,
        target: Target,
        why: &str,
    ) -> Self {
        let event = Event::denied(why, false);
        Self::by_manager(time, manager, target, event)
    }

    /// How it ended what entry `of` allowed a manager.
    #[must_use]
    pub fn manager_ended(
        time: Timestamp,
        manager: &ManagerActor,
        target: Target,
        of: u64,
        outcome: Outcome,
    ) -> Self {
        Self::by_manager(time, manager, target, Event::ended(of, outcome))
    }

    fn by_manager(time: Timestamp, manager: &ManagerActor, target: Target, event: Event) -> Self {
        let who = Who {
            name: format!("{MANAGER_PREFIX}{}", manager.name),
            is_agent: false,
            client: Some(limited(&manager.way)),
        };
        Self::new(time, who, Verb::ManageAccess, target, event)
    }
}
