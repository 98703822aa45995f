//! How persons are reached: where their decisions are kept, who is told of a new request.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    approvals::{Approvals, ApprovalsError, Request},
    broker::{ASK_LASTS, Broker, BrokerError},
};

/// How persons are reached.
pub struct People {
    /// Opens the file of requests and decisions; only called when somebody is to be asked.
    pub open: Box<dyn Fn() -> Result<Approvals, ApprovalsError> + Send + Sync>,
    /// Tells the owner that something waits. It must not block.
    pub tell: Box<dyn Fn(&Request) + Send + Sync>,
    /// How long a person has to decide.
    pub patience: Duration,
    /// How long a person has to type a value; never more than [`ASK_LASTS`].
    pub typing: Duration,
}

/// The people, and the file once it was needed.
pub(super) struct Reached {
    pub people: People,
    file: OnceLock<Arc<Approvals>>,
}

impl Reached {
    pub(super) fn new(people: People) -> Self {
        Self {
            people,
            file: OnceLock::new(),
        }
    }

    fn file(&self) -> Result<Arc<Approvals>, ApprovalsError> {
        if let Some(file) = self.file.get() {
            return Ok(Arc::clone(file));
        }
        // Two that open it at once both can be used; one is kept.
        let opened = Arc::new((self.people.open)()?);
        Ok(Arc::clone(self.file.get_or_init(|| opened)))
    }
}

impl Broker {
    /// How long a person has to type a value.
    pub(super) fn typing_lasts(&self) -> Duration {
        let own = self.reached.as_ref().map(|it| it.people.typing);
        own.unwrap_or(ASK_LASTS).min(ASK_LASTS)
    }

    /// Adds the ways to persons. Without them, what needs a person's word is refused.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self {
            reached: Some(Reached::new(people)),
            ..self
        }
    }

    /// The file of requests and decisions: for who shows and decides them.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`] when it can't be opened.
    pub fn approvals(&self) -> Result<Arc<Approvals>, BrokerError> {
        Ok(self.reached()?.file()?)
    }

    pub(super) fn reached(&self) -> Result<&Reached, BrokerError> {
        self.reached
            .as_ref()
            .ok_or_else(|| BrokerError::Unavailable {
                message: "a person has to allow this, and none can be asked here".into(),
                source: None,
            })
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People(..)")
    }
}
