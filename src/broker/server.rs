//! The server behind a remote backend: its state, for whoever may ask; its log and measurements, for the owner.
//!
//! No vault is looked at first, so that a server that does not answer can still be asked why.

use jiff::Timestamp;

use crate::{
    access::Caller,
    audit::Verb,
    broker::{Ask, Broker, BrokerError, guard::Deed},
    policy::Action,
    vault::{ServerActivity, ServerStatus},
};

impl Broker {
    /// What the server says of itself, and of our token.
    ///
    /// # Errors
    /// [`BrokerError`] when there is no server, or when it does not answer.
    pub async fn server_status(&self, caller: &Caller) -> Result<ServerStatus, BrokerError> {
        let ask = self.ask_blindly(caller)?;
        let deed = Deed::of(Verb::ReadServer);
        let ticket = self.permit(&ask, &Action::ListVaults, deed).await?;
        let status = self.vault.server_status().await.map_err(BrokerError::from);
        self.closing(ticket, status).await
    }

    /// A page of the server's own log, newest first (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn server_activity(
        &self,
        caller: &Caller,
        limit: u32,
        offset: u64,
    ) -> Result<ServerActivity, BrokerError> {
        let ask = self.ask_blindly(caller)?;
        let deed = Deed::of(Verb::ReadServer);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let activity = self.vault.server_activity(limit, offset).await;
        let activity = activity.map_err(BrokerError::from);
        self.closing(ticket, activity).await
    }

    /// The server's measurements as it writes them (owner only).
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn server_metrics(&self, caller: &Caller) -> Result<String, BrokerError> {
        let ask = self.ask_blindly(caller)?;
        let deed = Deed::of(Verb::ReadServer);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let metrics = self.vault.server_metrics().await.map_err(BrokerError::from);
        self.closing(ticket, metrics).await
    }

    /// Whether deleting an item can be undone here.
    #[must_use]
    pub fn archives(&self) -> bool {
        self.vault.archives()
    }

    fn ask_blindly<'a>(&self, caller: &'a Caller) -> Result<Ask<'a>, BrokerError> {
        Ok(Ask {
            reason: None,
            consents: super::question::Consents::none(),
            caller,
            policy: self.policy(&[])?,
            seen: Vec::new(),
            now: Timestamp::now(),
        })
    }
}
