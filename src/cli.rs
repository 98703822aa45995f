//! The command line: what can be typed, and nothing of what it does.
//!
//! Names follow `op` where `op` has them. Each subcommand's work is in a file of its own beneath
//! this module; this one knows only words, and the help that explains them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub mod agent_arguments;
pub mod approve_arguments;
pub mod connect_arguments;
pub mod dispatch;
pub mod environment_arguments;
pub mod exchange_arguments;
pub mod item_arguments;
pub mod process;
pub mod value_arguments;

mod agent;
mod approve;
mod backup;
mod connect;
mod demo;
mod doctor;
mod environment;
mod export;
mod failure;
mod file;
mod guard;
mod import;
mod init;
mod inject;
mod item;
mod log;
pub mod log_arguments;
mod mcp;
mod opening;
mod out_file;
mod output;
mod passphrase;
mod policy;
pub mod policy_arguments;
mod read;
mod record;
mod run;
mod serve;
mod session;
mod setup;
pub mod setup_arguments;
mod terminal;
mod ui;
mod unlock;
mod variables;
mod vault;
mod view;

use agent_arguments::{AgentCommand, Mcp, Serve};
use approve_arguments::Approve;
use connect_arguments::{ConnectCommand, GroupCommand};
use environment_arguments::EnvironmentCommand;
use exchange_arguments::{Backup, Export, ImportCommand, ImportDotenv, ImportFile, Restore};
#[cfg(any(test, fuzzing))]
pub(crate) use item::assigned_value;
use item_arguments::ItemCommand;
use log_arguments::Log;
use policy_arguments::PolicyCommand;
use setup_arguments::Setup;
use ui::Ui;
use value_arguments::{Inject, Read, Run};
use variables::Twinned;

/// Agents use your secrets. They never see them.
#[derive(Debug, Parser)]
#[command(
    name = "hushkey",
    version,
    propagate_version = true,
    after_help = "Every option has a variable: --read-only is HUSHKEY_READ_ONLY. A flag beats a variable, a variable beats config.toml.\n\
                  Exit status: 0 done, 1 failed, 2 wrong usage, 3 denied, 4 not found or ambiguous, 5 the vault could not be opened.\n\n\
                  Begin with `hushkey demo`, which needs nothing, or `hushkey init`."
)]
pub struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where help lists these: else they would stand between a command's own.
const EVERYWHERE: &str = "Options of every command";

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Keeps everything in this one directory instead of the XDG directories
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Where the secrets live [default: connect if OP_CONNECT_HOST and OP_CONNECT_TOKEN are set, else local]
    #[arg(
        long,
        global = true, help_heading = EVERYWHERE,
        value_enum,
        hide_possible_values = true,
        value_name = "local|connect"
    )]
    pub backend: Option<BackendName>,
    /// Asks a Connect server anew for everything; else lists and metadata are kept for 5 seconds, values never
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub refresh: bool,
    /// Prints JSON instead of text
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// The form of what is printed; `json` is the same as --json
    #[arg(
        long,
        global = true, help_heading = EVERYWHERE,
        value_enum,
        hide_possible_values = true,
        value_name = "human|json"
    )]
    pub format: Option<Format>,
    /// Prints without colours, also on a terminal
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_color: bool,
}

/// Where secrets live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendName {
    /// A 1Password Connect server.
    Connect,
    /// The encrypted store of this machine.
    Local,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text and tables.
    #[value(alias = "human-readable")]
    Human,
    /// JSON.
    Json,
}

/// What can be done.
///
/// What a subcommand takes is told to clap when it was typed: making it all would cost each start half a millisecond.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Makes agents and their tokens, and gives them rights in the policy file
    #[command(subcommand)]
    Agent(Twinned<AgentCommand>),
    /// Shows what waits for your leave, and gives or denies it
    Approve(Twinned<Approve>),
    /// Copies the sealed store into a file, also while others write
    Backup(Twinned<Backup>),
    /// Prints a completion script for a shell
    #[command(
        after_help = "Example:\n  hushkey completions bash > ~/.local/share/bash-completion/completions/hushkey"
    )]
    Completions(Twinned<Completions>),
    /// Makes Connect servers and their tokens for `serve`; asks the one that keeps the secrets about itself
    #[command(subcommand)]
    Connect(Twinned<ConnectCommand>),
    /// Shows, in a throw-away vault, that a program gets a secret and the model does not
    Demo,
    /// Tells what is in force here: places, keys, policy, checks, and how to make it safer
    Doctor(Twinned<Doctor>),
    /// Makes, shows and changes environments: named sets of variables for programs
    #[command(subcommand, visible_alias = "env")]
    Environment(Twinned<EnvironmentCommand>),
    /// Writes vaults with all that they hold into a file that a passphrase opens
    Export(Twinned<Export>),
    /// Attaches, saves, lists and deletes items' files
    #[command(subcommand)]
    File(Twinned<FileCommand>),
    /// Makes groups, whose members manage Connect servers of yours
    #[command(subcommand)]
    Group(Twinned<GroupCommand>),
    /// Becomes the process that holds the key; `unlock` starts it
    #[command(hide = true)]
    HoldKey(Twinned<HoldKey>),
    /// Brings secrets in from elsewhere
    #[command(subcommand)]
    Import(Twinned<ImportCommand>),
    /// Makes the store, a vault, the key, the policy and the audit log
    Init(Twinned<Init>),
    /// Fills a template with values
    Inject(Twinned<Inject>),
    /// Makes, reads and changes items
    #[command(subcommand)]
    Item(Twinned<ItemCommand>),
    /// Locks a store that `unlock` has opened
    Lock,
    /// Shows what was done, by whom, and what was decided
    Log(Twinned<Log>),
    /// Serves the tools to an agent over standard input and output
    Mcp(Twinned<Mcp>),
    /// Sets, changes and removes the passphrase of the key
    #[command(subcommand)]
    Passphrase(Twinned<PassphraseCommand>),
    /// Shows and checks the policy
    #[command(subcommand)]
    Policy(Twinned<PolicyCommand>),
    /// Prints one value
    Read(Twinned<Read>),
    /// Puts a backup in the store's place
    Restore(Twinned<Restore>),
    /// Runs a program with secrets in its environment
    Run(Twinned<Run>),
    /// Serves the tools to many agents over HTTP, each with its own token
    Serve(Twinned<Serve>),
    /// Tells clients on this machine of hushkey: Claude Code, Codex, Cursor and others
    Setup(Twinned<Setup>),
    /// Shows what waits, what was done and who may do what, in a browser on this machine
    Ui(Twinned<Ui>),
    /// Opens a store with a passphrase for a while: until `lock`, a time-out, or the end of this login
    Unlock(Twinned<Unlock>),
    /// Makes, reads and changes vaults
    #[command(subcommand)]
    Vault(Twinned<VaultCommand>),
}

/// `hushkey completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `hushkey doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Takes the store as it stands, after a backup was put back
    #[arg(long)]
    pub accept_store: bool,
}

/// What `unlock` starts, to hold the key.
#[derive(Debug, Args)]
pub struct HoldKey {
    /// Where it listens
    pub socket: PathBuf,
    /// For how long, in seconds
    pub seconds: u64,
}

/// `hushkey init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hushkey init\n  hushkey init --vault Work --strict\n  hushkey init --if-missing"
)]
pub struct Init {
    /// The first vault's name
    #[arg(long, value_name = "NAME", default_value = "Dev")]
    pub vault: String,
    /// Protects the key with a passphrase, asked for on the terminal
    #[arg(long)]
    pub passphrase: bool,
    /// With --passphrase: a private file that holds it; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Does nothing, successfully, where there is a store already
    #[arg(long)]
    pub if_missing: bool,
    /// Writes a policy that grants nothing to anybody
    #[arg(long)]
    pub strict: bool,
}

/// `hushkey file …`.
#[derive(Debug, Subcommand)]
pub enum FileCommand {
    /// Attaches a file from disk to an item; the local store alone takes files
    Attach {
        /// The item's title or id
        item: String,
        /// The file on disk
        path: PathBuf,
        /// The vault that holds the item
        #[arg(long, value_name = "V")]
        vault: Option<String>,
        /// The file's name in the item [default: that on disk]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Deletes a file of an item, for good
    Delete {
        /// The item's title or id
        item: String,
        /// The file's name or id
        file: String,
        /// The vault that holds the item
        #[arg(long, value_name = "V")]
        vault: Option<String>,
        /// Deletes without asking
        #[arg(long, short)]
        force: bool,
    },
    /// Lists an item's files
    #[command(visible_alias = "ls")]
    List {
        /// The item's title or id
        item: String,
        /// The vault that holds the item
        #[arg(long, value_name = "V")]
        vault: Option<String>,
    },
    /// Saves an item's file to disk
    #[command(
        after_help = "Example:\n  hushkey file save Server cert.pem --vault Dev -o /etc/ssl/private/cert.pem"
    )]
    Save {
        /// The item's title or id
        item: String,
        /// The file's name or id
        file: String,
        /// The vault that holds the item
        #[arg(long, value_name = "V")]
        vault: Option<String>,
        /// Where it is written [default: its own name, here]
        #[arg(long, short, value_name = "FILE")]
        out_file: Option<PathBuf>,
        /// Mode of that file
        #[arg(long, value_name = "MODE", default_value = "0600", value_parser = variables::file_mode)]
        file_mode: u32,
        /// Overwrites the file without asking
        #[arg(long, short)]
        force: bool,
    },
}

/// `hushkey passphrase …`.
#[derive(Debug, Subcommand)]
pub enum PassphraseCommand {
    /// Changes the passphrase, and the key with it
    Change {
        /// A private file that holds the passphrase [default: asks]; `-` for standard input
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// A private file that holds the new passphrase [default: asks]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Puts the key into its file in the clear
    Remove {
        /// A private file that holds the passphrase [default: asks]; `-` for standard input
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Locks the key of a store that has no passphrase yet, and makes it a new one
    Set {
        /// A private file that holds the passphrase [default: asks]; `-` for standard input
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

/// `hushkey unlock`.
#[derive(Debug, Args)]
#[command(
    after_help = "A server that nobody unlocks reads the passphrase itself: HUSHKEY_PASSPHRASE_FILE names a private file, or /dev/fd/N.\n\n\
                  Examples:\n  hushkey unlock\n  hushkey unlock --for 30m"
)]
pub struct Unlock {
    /// For how long: `30m`, `8h`, at most `7d`
    #[arg(long = "for", value_name = "TIME", default_value = "8h", value_parser = variables::duration)]
    pub time: std::time::Duration,
    /// A private file that holds the passphrase [default: asks]; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `hushkey vault …`.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Makes vaults
    Create {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
        /// What they are for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
    },
    /// Deletes vaults with all that they hold, for good
    Delete {
        /// Their names or ids
        #[arg(required = true)]
        vaults: Vec<String>,
        /// Deletes without asking
        #[arg(long, short)]
        force: bool,
    },
    /// Changes a vault's name or description
    Edit {
        /// Its name or id
        vault: String,
        /// A new name
        #[arg(long, required_unless_present = "description")]
        name: Option<String>,
        /// A new description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Shows vaults
    Get {
        /// Their names or ids
        #[arg(required = true)]
        vaults: Vec<String>,
    },
    /// Lists all vaults
    #[command(visible_alias = "ls")]
    List,
}
