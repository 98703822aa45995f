//! Where Connect servers are managed: here by the owner, or on another machine by a manager.

use serde::Serialize;

use super::{Open, remote::Remote};
use crate::{
    admin::{
        WantedToken, WantedVault,
        view::{NewServerJson, ServerJson, TokenJson},
    },
    cli::{connect_arguments::Place, guard, output::Output, session::Session},
    vault::Secret,
};

/// Here or there.
pub(super) enum Desk<'s> {
    Here(Box<Open<'s>>),
    There(Output, Remote),
}

/// A token that was just made.
pub(super) struct NewToken {
    pub(super) token: Secret,
    pub(super) details: TokenJson,
}

impl<'s> Desk<'s> {
    pub(super) fn begin(place: &Place, session: &'s Session) -> anyhow::Result<Self> {
        let Some(url) = &place.url else {
            return Ok(Self::Here(Box::new(Open::begin(session)?)));
        };
        guard::refuse_agents("managing Connect servers")?;
        guard::refuse_beneath_a_run()?;
        let remote = Remote::begin(url, place.ca_file.as_deref())?;
        Ok(Self::There(session.output, remote))
    }

    pub(super) fn output(&self) -> Output {
        match self {
            Self::Here(open) => open.session.output,
            Self::There(output, _) => *output,
        }
    }

    pub(super) fn servers(&self) -> anyhow::Result<Vec<ServerJson>> {
        match self {
            Self::Here(open) => open.wait(open.office().servers()),
            Self::There(_, remote) => remote.servers(),
        }
    }

    pub(super) fn server(&self, server: &str) -> anyhow::Result<ServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().server(server)),
            Self::There(_, remote) => remote.server(server),
        }
    }

    pub(super) fn create_server(
        &self,
        name: &str,
        vaults: &[WantedVault],
    ) -> anyhow::Result<NewServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().create_server(name, vaults)),
            Self::There(_, remote) => remote.create_server(name, vaults),
        }
    }

    pub(super) fn rename_server(&self, server: &str, name: &str) -> anyhow::Result<ServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().rename_server(server, name)),
            Self::There(_, remote) => remote.rename_server(server, name),
        }
    }

    pub(super) fn delete_server(&self, server: &str) -> anyhow::Result<ServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().delete_server(server)),
            Self::There(_, remote) => remote.delete_server(server),
        }
    }

    pub(super) fn grant_vault(
        &self,
        server: &str,
        vault: &WantedVault,
    ) -> anyhow::Result<ServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().grant_vault(server, vault)),
            Self::There(_, remote) => remote.grant_vault(server, vault),
        }
    }

    pub(super) fn revoke_vault(&self, server: &str, vault: &str) -> anyhow::Result<ServerJson> {
        match self {
            Self::Here(open) => open.wait(open.office().revoke_vault(server, vault)),
            Self::There(_, remote) => remote.revoke_vault(server, vault),
        }
    }

    pub(super) fn tokens(&self, server: Option<&str>) -> anyhow::Result<Vec<TokenJson>> {
        match self {
            Self::Here(open) => open.wait(open.office().tokens(server)),
            Self::There(_, remote) => remote.tokens(server),
        }
    }

    pub(super) fn create_token(&self, wanted: &WantedToken) -> anyhow::Result<NewToken> {
        match self {
            Self::Here(open) => {
                let issued = open.wait(open.office().create_token(wanted))?;
                let now = jiff::Timestamp::now();
                Ok(NewToken {
                    details: TokenJson::of(&issued.details, &issued.vaults, now),
                    token: issued.token,
                })
            }
            Self::There(_, remote) => remote.create_token(wanted),
        }
    }

    pub(super) fn rename_token(
        &self,
        token: &str,
        server: Option<&str>,
        name: &str,
    ) -> anyhow::Result<TokenJson> {
        match self {
            Self::Here(open) => open.wait(open.office().rename_token(token, server, name)),
            Self::There(_, remote) => remote.rename_token(token, server, name),
        }
    }

    pub(super) fn revoke_token(
        &self,
        token: &str,
        server: Option<&str>,
    ) -> anyhow::Result<TokenJson> {
        match self {
            Self::Here(open) => open.wait(open.office().revoke_token(token, server)),
            Self::There(_, remote) => remote.revoke_token(token, server),
        }
    }

    /// Prints JSON where that is wanted, else a sentence.
    pub(super) fn tell(&self, view: &impl Serialize, sentence: &str) -> anyhow::Result<()> {
        let output = self.output();
        if output.is_json() {
            output.json(view)
        } else {
            output.line(sentence)
        }
    }
}
