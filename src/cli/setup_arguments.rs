//! What can be typed after `hushkey setup`: only words, as in the module above.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};

use crate::setup::CLIENTS;

/// `hushkey setup`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a client's name it lists what is here and changes nothing. An entry holds no secret. What else a client's file \
                  says stays as it is, byte for byte; a copy of it is left beside it.\n\n\
                  Examples:\n  hushkey setup\n  hushkey setup codex --print\n  hushkey setup codex --agent codex\n  \
                  hushkey setup cursor --project\n  hushkey setup codex --url http://127.0.0.1:8970/mcp\n  \
                  hushkey setup codex --remove"
)]
pub struct Setup {
    /// The client that is told of hushkey [default: lists those that are here]
    #[arg(value_name = "CLIENT", value_parser = clients(), conflicts_with = "all")]
    pub client: Option<String>,
    /// Tells every client that is here
    #[arg(long)]
    pub all: bool,
    /// Shows the entry and the file that it belongs in, and writes nothing
    #[arg(long, conflicts_with = "remove")]
    pub print: bool,
    /// Takes the entry out again
    #[arg(long)]
    pub remove: bool,
    /// The client's file for the project in this directory, instead of the one for all that you do
    #[arg(long)]
    pub project: bool,
    /// The entry's name in the client's file
    #[arg(long, value_name = "NAME", default_value = "hushkey", value_parser = entry_name, env = "HUSHKEY_SETUP_NAME")]
    pub name: String,
    /// The address of a `hushkey serve` that the client is sent to, instead of starting a server of its own
    #[arg(
        long,
        value_name = "URL",
        value_parser = address,
        conflicts_with_all = ["agent", "agent_token_file", "read_only", "tools", "exclude_tools"],
        env = "HUSHKEY_SETUP_URL"
    )]
    pub url: Option<String>,
    /// With --url: the variable that holds the agent's token where the client starts
    #[arg(long, value_name = "NAME", default_value = "HUSHKEY_TOKEN", value_parser = variable_name)]
    pub token_variable: String,
    /// The name that policy and log know this client by [default: config.toml's, else `default`]
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// A file with the token that proves the name, for the entry to point at
    #[arg(long, value_name = "FILE")]
    pub agent_token_file: Option<PathBuf>,
    /// Has only tools offered that change and run nothing
    #[arg(long)]
    pub read_only: bool,
    /// Has only these tools offered
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Has all but these tools offered
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub exclude_tools: Vec<String>,
}

fn clients() -> PossibleValuesParser {
    let values = CLIENTS.iter().map(|client| {
        PossibleValue::new(client.id)
            .help(client.title)
            .aliases(client.aliases.iter().copied())
    });
    PossibleValuesParser::new(values)
}

/// Names that every client takes for a server: model providers allow no others in names of tools.
fn entry_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=32).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("1 to 32 letters, digits, `-` and `_`".to_owned())
    }
}

/// An address for a client's file: without a user or password in it, which would lie there in clear.
fn address(text: &str) -> Result<String, String> {
    let address: http::Uri = text
        .parse()
        .map_err(|_| "an address is written as http://127.0.0.1:8970/mcp".to_owned())?;
    let authority = address.authority().map(http::uri::Authority::as_str);
    if !matches!(address.scheme_str(), Some("http" | "https")) || authority.is_none() {
        return Err("an address begins with http:// or https://".to_owned());
    }
    if authority.is_some_and(|authority| authority.contains('@')) || address.query().is_some() {
        return Err("an address in a client's file has no credentials and no query".to_owned());
    }
    Ok(text.to_owned())
}

fn variable_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("letters, digits and `_`; the token itself stays out of the file".to_owned())
    }
}
