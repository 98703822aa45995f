//! What can be typed after `hushkey connect` and `hushkey group`: only words, as in the module above.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use super::variables;

/// `hushkey connect …`.
#[derive(Debug, Subcommand)]
pub enum ConnectCommand {
    /// Shows the log of requests of the Connect server that keeps the secrets, newest first
    Activity {
        /// At most so many
        #[arg(
            long,
            short = 'n',
            value_name = "N",
            default_value_t = 50,
            env = "HUSHKEY_CONNECT_LIMIT"
        )]
        limit: u32,
        /// Leaves out the newest N
        #[arg(long, value_name = "N", default_value_t = 0)]
        offset: u64,
    },
    /// Lets groups manage Connect servers of yours
    #[command(subcommand)]
    Group(GroupGrantCommand),
    /// Prints the measurements of the Connect server that keeps the secrets, in Prometheus' form
    Metrics,
    /// Makes and manages Connect servers of yours, whose tokens open vaults over `hushkey serve`
    Server(Elsewhere<ConnectServerCommand>),
    /// Shows the health, version and clock of the Connect server that keeps the secrets, and what the token says and may do
    Status,
    /// Makes and manages the tokens of your Connect servers
    Token(Elsewhere<ConnectTokenCommand>),
    /// Shows which items the programs of your Connect servers were given, how often and when last
    #[command(
        after_help = "It is counted under the server's name, not the token's. What is older than the audit log reaches is not known.\n\n\
                      Examples:\n  hushkey connect usage --since 30d\n  hushkey connect usage --server CI --json"
    )]
    Usage(ConnectUsage),
    /// Gives vaults to Connect servers of yours, and takes them away
    Vault(Elsewhere<VaultGrantCommand>),
}

/// A command that can be done here, or on another machine by a manager.
#[derive(Debug, Args)]
pub struct Elsewhere<C: Subcommand> {
    /// Where and how else.
    #[command(flatten)]
    pub place: Place,
    /// What to do.
    #[command(subcommand)]
    pub command: C,
}

/// Another machine's `hushkey serve`.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Manages the Connect servers of a `hushkey serve` elsewhere, with the manager token in HUSHKEY_MANAGER_TOKEN
    #[arg(
        long,
        global = true,
        value_name = "https://…",
        env = "HUSHKEY_CONNECT_URL"
    )]
    pub url: Option<String>,
    /// A file with the certificates of a private authority, in PEM form; then no other is trusted
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HUSHKEY_CONNECT_CA_FILE"
    )]
    pub ca_file: Option<PathBuf>,
}

/// `hushkey connect usage`.
#[derive(Debug, Args)]
pub struct ConnectUsage {
    /// Only by the programs of this Connect server, by name or id; one that is deleted, too
    #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
    pub server: Option<String>,
    /// Only since then: `30d`, `1h`, or a time as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
}

/// `hushkey connect server …`.
#[derive(Debug, Subcommand)]
pub enum ConnectServerCommand {
    /// Makes a Connect server
    #[command(
        after_help = "A vault is granted to read and write; after its name, `r` or `w` narrows that.\n\
                      The credentials go into 1password-credentials.json here: with that file and a copy of the store, `hushkey serve\n\
                      --credentials` answers for this server on another machine.\n\n\
                      Examples:\n  hushkey connect server create CI --vaults Dev,CI\n  \
                      hushkey connect server create Reports --vaults Dev,r"
    )]
    Create {
        /// What it is called
        name: String,
        /// The vaults that it gets: A,B or A,r,B,rw; may be repeated
        #[arg(
            long,
            alias = "vault",
            value_name = "A,B",
            env = "HUSHKEY_CONNECT_VAULTS"
        )]
        vaults: Vec<String>,
        /// Replaces a credentials file that is here, without asking
        #[arg(long, short)]
        force: bool,
    },
    /// Deletes Connect servers: their tokens open nothing any more
    #[command(visible_alias = "rm")]
    Delete {
        /// Their names or ids; `-` reads names, ids or JSON objects from standard input
        #[arg(required = true)]
        servers: Vec<String>,
    },
    /// Gives a Connect server another name
    Edit {
        /// Its name or id
        server: String,
        /// The new name
        #[arg(long)]
        name: String,
    },
    /// Shows Connect servers with the vaults that they have
    Get {
        /// Their names or ids; `-` reads names, ids or JSON objects from standard input
        #[arg(required = true)]
        servers: Vec<String>,
    },
    /// Lists all Connect servers of yours
    #[command(visible_alias = "ls")]
    List,
}

/// `hushkey connect token …`.
#[derive(Debug, Subcommand)]
pub enum ConnectTokenCommand {
    /// Makes a token, and prints it once
    #[command(
        after_help = "The token goes to standard output and is kept nowhere. What it opens can't be changed: revoke it and make another.\n\
                      Without `r`, `w` or `rw` after a vault, the token may do there what its server may.\n\n\
                      Examples:\n  hushkey connect token create web --server CI --vault Dev,r --expires-in 30d\n  \
                      hushkey connect token create deploy --server CI --vaults Dev,CI,r > deploy.token"
    )]
    Create(ConnectTokenCreate),
    /// Revokes a token: it is refused from the next request on
    #[command(visible_alias = "rm")]
    Delete {
        /// Its name or id
        token: String,
        /// The Connect server that it belongs to, by name or id
        #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
        server: Option<String>,
    },
    /// Gives a token another name
    #[command(
        after_help = "What a token opens can't be changed: revoke it with `token delete`, and make another."
    )]
    Edit {
        /// Its name or id
        token: String,
        /// The new name
        #[arg(long)]
        name: String,
        /// The Connect server that it belongs to, by name or id
        #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
        server: Option<String>,
    },
    /// Lists tokens, also those that were revoked or have expired
    #[command(visible_alias = "ls")]
    List {
        /// Only those of this Connect server, by name or id
        #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
        server: Option<String>,
    },
}

/// `hushkey connect token create`.
#[derive(Debug, Args)]
pub struct ConnectTokenCreate {
    /// What it is called
    pub name: String,
    /// The Connect server that it is for, by name or id
    #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
    pub server: String,
    /// A vault that it opens, and what for: V, or V,r or V,w or V,rw; may be repeated
    #[arg(
        long = "vault",
        alias = "vaults",
        value_name = "V[,r|,w|,rw]",
        required = true,
        env = "HUSHKEY_CONNECT_VAULTS"
    )]
    pub vaults: Vec<String>,
    /// How long it is good for: 90s, 30m, 12h, 30d or 4w [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = variables::duration)]
    pub expires_in: Option<Duration>,
}

/// `hushkey connect vault …`.
#[derive(Debug, Subcommand)]
pub enum VaultGrantCommand {
    /// Gives a vault to a Connect server; tokens that are there open it only if they were made for it
    #[command(after_help = "Example:\n  hushkey connect vault grant --server CI --vault Dev,r")]
    Grant(VaultGrant),
    /// Takes a vault from a Connect server, and from its tokens at once
    Revoke(VaultGrant),
}

/// The server and the vault.
#[derive(Debug, Args)]
pub struct VaultGrant {
    /// The Connect server, by name or id
    #[arg(long, value_name = "S", env = "HUSHKEY_CONNECT_SERVER")]
    pub server: String,
    /// The vault, by name or id; a grant may end in ,r or ,w or ,rw [default: rw]
    #[arg(long, value_name = "V", env = "HUSHKEY_CONNECT_VAULTS")]
    pub vault: String,
}

/// `hushkey connect group …`.
#[derive(Debug, Subcommand)]
pub enum GroupGrantCommand {
    /// Lets a group manage a Connect server, all of them, or Secrets Automation as a whole
    #[command(
        after_help = "Whoever manages a server makes and revokes its tokens. With neither --server nor --all-servers the group also makes and\n\
                      deletes servers and gives them vaults. A server that was given to a group is not among all servers of others."
    )]
    Grant(GroupGrant),
    /// Lets a group manage it no longer
    Revoke(GroupGrant),
}

/// The group, and what it manages.
#[derive(Debug, Args)]
pub struct GroupGrant {
    /// The group, by name or id
    #[arg(long, value_name = "G")]
    pub group: String,
    /// The Connect server, by name or id
    #[arg(long, value_name = "S", conflicts_with = "all_servers")]
    pub server: Option<String>,
    /// Every Connect server, those of the future too
    #[arg(long)]
    pub all_servers: bool,
}

/// `hushkey group …`.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Takes somebody into a group, and prints a manager token once
    #[command(
        after_help = "With the token in HUSHKEY_MANAGER_TOKEN, `hushkey connect … --url https://…` manages what the group may.\n\n\
                      Example:\n  hushkey group add ops ann > ann.token"
    )]
    Add {
        /// The group's name or id
        group: String,
        /// What the member is called
        member: String,
    },
    /// Makes a group
    Create {
        /// What it is called
        name: String,
    },
    /// Deletes groups: their members' tokens open nothing any more
    #[command(visible_alias = "rm")]
    Delete {
        /// Their names or ids; `-` reads names, ids or JSON objects from standard input
        #[arg(required = true)]
        groups: Vec<String>,
    },
    /// Lists groups with their members and what they manage
    #[command(visible_alias = "ls")]
    List,
    /// Takes somebody out of a group: the manager token opens nothing any more
    Remove {
        /// The group's name or id
        group: String,
        /// What the member is called
        member: String,
    },
}
