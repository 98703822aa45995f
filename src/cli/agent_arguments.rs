//! What can be typed after `hushkey agent`, `mcp` and `serve`: only words, as in the module above.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::variables;
use crate::policy::OutputMode;

/// `hushkey agent …`.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Lets an agent use a vault, or run a command with secrets
    #[command(
        after_help = "Levels: off < read < use < write < full; or the rights themselves: metadata, use, create, update, delete, files.\n\
                            In a command `*` is any one argument and a last `**` any rest; in a reference `*` is one segment.\n\n\
                            Examples:\n  hushkey agent allow codex --vault Dev=use --vault CI=metadata,create\n  \
                            hushkey agent allow codex --environment staging=use\n  \
                            hushkey agent allow codex --command 'npm run *' --secrets 'op://Dev/**'"
    )]
    Allow(AgentAllow),
    /// Makes an agent with a token, and prints the token once
    #[command(
        after_help = "The token goes to standard output and is kept nowhere: put it where the agent's client reads it.\n\n\
                            Examples:\n  hushkey agent create codex --vault Dev=use --expires-in 30d\n  \
                            hushkey agent create ci > ci.token"
    )]
    Create(AgentCreate),
    /// Lists agents' tokens: how they begin, since when, until when, when they were last used
    #[command(visible_alias = "ls")]
    List,
    /// Gives an agent another name, in the policy and for its token
    Rename {
        /// Its name
        from: String,
        /// Its new name
        to: String,
    },
    /// Ends an agent's token; running servers refuse it from their next request on
    Revoke {
        /// The agent's name
        name: String,
    },
    /// Ends an agent's token, makes another and prints it once
    Rotate {
        /// The agent's name
        name: String,
        /// How long the new one is good for: `90m`, `30d` [default: until it is revoked]
        #[arg(long, value_name = "TIME", value_parser = variables::duration)]
        expires_in: Option<std::time::Duration>,
    },
}

/// `hushkey agent create`.
#[derive(Debug, Args)]
pub struct AgentCreate {
    /// The agent's name, as policy and log have it
    pub name: String,
    /// A vault and what the agent may do in it; may be repeated
    #[arg(long = "vault", value_name = "VAULT=LEVEL")]
    pub vaults: Vec<String>,
    /// How long the token is good for: `90m`, `30d` [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = variables::duration)]
    pub expires_in: Option<std::time::Duration>,
}

/// `hushkey agent allow`.
#[derive(Debug, Args)]
pub struct AgentAllow {
    /// The agent's name, as `hushkey mcp --agent` gives it
    pub name: String,
    /// A vault and what the agent may do in it; may be repeated
    #[arg(
        long = "vault",
        value_name = "VAULT=LEVEL",
        required_unless_present_any = ["command", "environments"]
    )]
    pub vaults: Vec<String>,
    /// An environment and what the agent may do with it; may be repeated, and name one that is not there yet
    #[arg(
        long = "environment",
        value_name = "E=LEVEL",
        env = "HUSHKEY_ALLOW_ENVIRONMENT"
    )]
    pub environments: Vec<String>,
    /// A command that it may run, as one string split as a shell splits words; may be repeated
    #[arg(long = "command", value_name = "PATTERN")]
    pub command: Vec<String>,
    /// Which references may reach these commands; none when absent; may be repeated
    #[arg(long, value_name = "PATTERN", requires = "command")]
    pub secrets: Vec<String>,
    /// A plain variable that the agent may set for these commands; may be repeated
    #[arg(
        long = "env",
        value_name = "NAME",
        requires = "command",
        env = "HUSHKEY_ALLOW_ENV"
    )]
    pub variables: Vec<String>,
    /// How much of their output comes back: full, tail, summary or none
    #[arg(long, value_name = "MODE", requires = "command", value_parser = output_mode)]
    pub output: Option<OutputMode>,
}

fn output_mode(word: &str) -> Result<OutputMode, String> {
    OutputMode::read(word).ok_or_else(|| "one of full, tail, summary and none".to_owned())
}

/// `hushkey mcp`.
#[derive(Debug, Args)]
#[command(
    after_help = "An agent's entry: { \"command\": \"hushkey\", \"args\": [\"mcp\", \"--agent\", \"codex\"] }"
)]
pub struct Mcp {
    /// The name that policy knows the agent by [default: its token's, else config.toml's, else `default`]
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// A file with the token that proves the name; HUSHKEY_AGENT_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE")]
    pub agent_token_file: Option<PathBuf>,
    /// Offers only tools that change and run nothing
    #[arg(long)]
    pub read_only: bool,
    /// Offers only these tools
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Offers all but these tools
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub exclude_tools: Vec<String>,
}

/// `hushkey serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each agent needs a token: `hushkey agent create NAME`. Its client sends it in the header `Authorization: Bearer …`.\n\
                  Beyond loopback no programs are run for agents, since they could read hushkey's own files for them.\n\n\
                  Examples:\n  hushkey serve\n  hushkey serve --listen unix:/run/user/1000/hushkey.sock\n  \
                  hushkey serve --listen 0.0.0.0:8970 --allow-host vault.example.com --tls-cert cert.pem --tls-key key.pem"
)]
pub struct Serve {
    /// Where to listen: an address with its port, or unix:/path; may be repeated
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8970",
        value_delimiter = ','
    )]
    pub listen: Vec<crate::http::Listen>,
    /// A name by which it is addressed, besides localhost; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub allow_host: Vec<String>,
    /// Its certificate and those above it, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form, readable by its user alone
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A proxy stands before it, does TLS, and notes its clients in X-Forwarded-For
    #[arg(long, conflicts_with = "tls_cert")]
    pub behind_proxy: bool,
    /// Serves no agents: nothing at /mcp
    #[arg(long)]
    pub no_mcp: bool,
    /// Serves no programs with a Connect server's token: nothing beneath /v1
    #[arg(long)]
    pub no_connect_api: bool,
    /// Serves a copy of a store, with a Connect server's 1password-credentials.json and nothing else: no agents, no changes
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Kilobytes of an item's file that the Connect API sends along with its description
    /// [default: what OP_MAX_INLINE_FILE_SIZE_KB says, else 100]
    #[arg(long, value_name = "KB", value_parser = clap::value_parser!(u32).range(..=16384))]
    pub max_inline_file_size_kb: Option<u32>,
    /// Offers only tools that change and run nothing
    #[arg(long)]
    pub read_only: bool,
    /// Offers only these tools
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Offers all but these tools
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub exclude_tools: Vec<String>,
}
