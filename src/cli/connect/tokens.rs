//! `hushkey connect token`: makes and manages the tokens of Connect servers of one's own.
//!
//! A token is data and goes to standard output, alone: `hushkey connect token create … > token` does what it looks like.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    desk::{Desk, NewToken},
    servers,
};
use crate::{
    admin::{WantedToken, view::TokenJson},
    cli::{
        connect_arguments::{ConnectTokenCommand, ConnectTokenCreate},
        failure::Failure,
        output::Output,
    },
    display_text::escaped,
};

/// Does what the command says.
pub(super) fn perform(command: &ConnectTokenCommand, desk: &Desk<'_>) -> anyhow::Result<()> {
    match command {
        ConnectTokenCommand::Create(arguments) => {
            show_once(&desk.create_token(&wanted(arguments)?)?, desk.output())
        }
        ConnectTokenCommand::Delete { token, server } => {
            let revoked = desk.revoke_token(token, server.as_deref())?;
            let name = escaped(&revoked.name);
            let sentence = format!("token {name} ({}) is refused from now on", revoked.id);
            desk.tell(&revoked, &sentence)
        }
        ConnectTokenCommand::Edit {
            token,
            name,
            server,
        } => {
            let renamed = desk.rename_token(token, server.as_deref(), name)?;
            let name = escaped(&renamed.name);
            let sentence = format!("the token is called {name} now ({})", renamed.id);
            desk.tell(&renamed, &sentence)
        }
        ConnectTokenCommand::List { server } => {
            list(&desk.tokens(server.as_deref())?, desk.output())
        }
    }
}

fn wanted(arguments: &ConnectTokenCreate) -> Result<WantedToken, Failure> {
    Ok(WantedToken {
        name: arguments.name.clone(),
        server: arguments.server.clone(),
        vaults: servers::wanted(&arguments.vaults)?,
        expires: arguments.expires_in.map(expiry).transpose()?,
    })
}

fn expiry(length: Duration) -> Result<Timestamp, Failure> {
    SignedDuration::try_from(length)
        .ok()
        .filter(|length| length.is_positive())
        .and_then(|length| Timestamp::now().checked_add(length).ok())
        .ok_or_else(|| {
            Failure::Usage("--expires-in is a time from now on: 12h, 30d, 4w".to_owned())
        })
}

/// Prints a token, which nobody can do again.
fn show_once(made: &NewToken, output: Output) -> anyhow::Result<()> {
    let text = made.token.expose_secret();
    if output.is_json() {
        return output.json(&NewTokenJson {
            token: text,
            details: &made.details,
        });
    }
    output.line(text)
}

/// A new token, as `--json` prints it.
#[derive(Serialize)]
struct NewTokenJson<'a> {
    token: &'a str,
    #[serde(flatten)]
    details: &'a TokenJson,
}

fn list(tokens: &[TokenJson], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&tokens);
    }
    if tokens.is_empty() {
        output.note("no Connect server has a token yet; `hushkey connect token create NAME --server S --vault V` makes one");
        return Ok(());
    }
    let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "never".to_owned());
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| {
            [
                token.id.clone(),
                escaped(&token.name),
                token.integration_id.clone(),
                token.state.clone(),
                servers::told(&token.vaults),
                time(&token.expires_at),
                time(&token.last_used_at),
            ]
        })
        .collect();
    output.table(
        [
            "ID",
            "NAME",
            "SERVER",
            "STATE",
            "VAULTS",
            "EXPIRES",
            "LAST USED",
        ],
        &rows,
    )
}
