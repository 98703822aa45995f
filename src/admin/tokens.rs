//! Connect servers' tokens: made, listed, renamed, revoked.

use jiff::Timestamp;

use super::{AdminError, Issued, Office, WantedToken, name, vault_of, view::TokenJson};
use crate::{
    registry::{
        RegistryError,
        connect::{ConnectToken, NewConnectToken},
    },
    vault::ServerId,
};

impl Office<'_> {
    /// All tokens of the servers that are managed here, or of one; also those that are refused.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn tokens(&self, server: Option<&str>) -> Result<Vec<TokenJson>, AdminError> {
        let server = self.optional(server).await?;
        self.seen("the tokens of Connect servers").await?;
        let names = self.broker.grantable_vaults().await?;
        let mut tokens = self.registry.tokens()?;
        tokens.retain(|token| {
            self.manages(&token.server) && server.as_ref().is_none_or(|id| token.server == *id)
        });
        let now = Timestamp::now();
        let view = |token: &ConnectToken| TokenJson::of(token, &names, now);
        Ok(tokens.iter().map(view).collect())
    }

    /// Makes a token; its text is shown once.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn create_token(&self, wanted: &WantedToken) -> Result<Issued, AdminError> {
        let called = name(&wanted.name)?;
        let now = Timestamp::now();
        if wanted.expires.is_some_and(|end| end <= now) {
            let told = "a token expires at a time from now on".to_owned();
            return Err(AdminError::Invalid(told));
        }
        let server = self.find(&wanted.server).await?;
        let all = self.vaults(None).await?;
        let within = self.vaults(Some(&server.reach)).await?;
        let mut vaults = Vec::new();
        for wanted in &wanted.vaults {
            // Whoever may not grant vaults learns of none that the server has not.
            let whole = self.manager.as_ref().is_none_or(|manager| manager.whole);
            let among = if whole { &all } else { &within };
            vaults.push((vault_of(&wanted.vault, among)?.id, wanted.access));
        }
        let new = NewConnectToken {
            server: server.id,
            name: called.clone(),
            vaults,
            expires: wanted.expires,
        };
        let what = format!("token {called} for Connect server {}", server.name);
        let (details, token) = self
            .deed(&what, move |registry| registry.create_token(&new, now))
            .await?;
        Ok(Issued {
            details,
            vaults: within,
            token,
        })
    }

    /// Calls a token otherwise.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn rename_token(
        &self,
        name_or_id: &str,
        server: Option<&str>,
        called: &str,
    ) -> Result<TokenJson, AdminError> {
        let called = name(called)?;
        let mut token = self.token(name_or_id, server).await?;
        let what = format!(
            "token {} of a Connect server is called {called}",
            token.name
        );
        let (id, text) = (token.id.clone(), called.clone());
        self.deed(&what, move |registry| registry.rename_token(&id, &text))
            .await?;
        token.name = called;
        self.token_view(&token).await
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn revoke_token(
        &self,
        name_or_id: &str,
        server: Option<&str>,
    ) -> Result<TokenJson, AdminError> {
        let mut token = self.token(name_or_id, server).await?;
        let what = format!("token {} of a Connect server is revoked", token.name);
        let id = token.id.clone();
        let now = Timestamp::now();
        self.deed(&what, move |registry| registry.revoke_token(&id, now))
            .await?;
        token.revoked.get_or_insert(now);
        self.token_view(&token).await
    }

    async fn token_view(&self, token: &ConnectToken) -> Result<TokenJson, AdminError> {
        let names = self.broker.grantable_vaults().await?;
        Ok(TokenJson::of(token, &names, Timestamp::now()))
    }

    async fn optional(&self, server: Option<&str>) -> Result<Option<ServerId>, AdminError> {
        Ok(match server {
            Some(server) => Some(self.find(server).await?.id),
            None => None,
        })
    }

    /// A token by id or name. One of a server that is not managed is as unknown as one that is not there.
    async fn token(
        &self,
        name_or_id: &str,
        server: Option<&str>,
    ) -> Result<ConnectToken, AdminError> {
        let server = self.optional(server).await?;
        let manages = |id: &ServerId| self.manages(id);
        let found = self.registry.token(name_or_id, |id| {
            manages(id) && server.as_ref().is_none_or(|server| id == server)
        });
        if matches!(found, Err(RegistryError::NoSuch { .. })) {
            let what = format!("token {name_or_id} of a Connect server");
            let why = "there is none that its group manages";
            self.broker
                .administration_denied(&self.who, &what, why)
                .await?;
        }
        Ok(found?)
    }
}
