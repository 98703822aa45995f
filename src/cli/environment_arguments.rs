//! What can be typed after `hushkey environment`: only words, as in the module above.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::variables;

/// `hushkey environment …`.
#[derive(Debug, Subcommand)]
pub enum EnvironmentCommand {
    /// Makes an environment
    #[command(
        after_help = "Examples:\n  hushkey environment create staging\n  hushkey environment create staging --env-file .env.staging"
    )]
    Create {
        /// Its name: letters, digits, spaces, `-`, `_`, `.`
        name: String,
        /// Takes the variables of a .env file over: references, and text that is no secret
        #[arg(
            long = "env-file",
            value_name = "FILE",
            env = "HUSHKEY_ENVIRONMENT_ENV_FILE"
        )]
        env_file: Option<PathBuf>,
    },
    /// Deletes environments; what their references mean stays where it is
    Delete {
        /// Their names or ids
        #[arg(required = true)]
        environments: Vec<String>,
        /// Deletes without asking
        #[arg(long, short)]
        force: bool,
    },
    /// Prints an environment as a .env file of references
    #[command(
        after_help = "Text that looks like a secret is left out, as a comment that says so, unless --reveal is said.\n\n\
                            Example:\n  hushkey environment export staging -o .env.staging"
    )]
    Export(EnvironmentExport),
    /// Shows an environment's variables
    Get {
        /// Its name or id
        environment: String,
        /// Shows text too that looks like a secret
        #[arg(long)]
        reveal: bool,
    },
    /// Lists all environments
    #[command(visible_alias = "ls")]
    List,
    /// Gives an environment another name
    Rename {
        /// Its name or id
        environment: String,
        /// Its new name
        name: String,
    },
    /// Sets variables
    #[command(
        after_help = "An environment keeps no secret itself: what is typed (--ask) or made (--generate) goes into an item of --vault, and\n\
                            the variable gets its reference.\n\n\
                            Examples:\n  hushkey environment set staging DATABASE_URL='op://Dev/Orders database/url' NODE_ENV=staging\n  \
                            hushkey environment set staging --generate SESSION_KEY --vault Dev\n  hushkey environment set staging --env-file .env"
    )]
    Set(EnvironmentSet),
    /// Removes variables
    Unset {
        /// The environment's name or id
        environment: String,
        /// The variables' names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// `hushkey environment export`.
#[derive(Debug, Args)]
pub struct EnvironmentExport {
    /// Its name or id
    pub environment: String,
    /// Writes into a file instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub out_file: Option<PathBuf>,
    /// Mode of that file
    #[arg(long, value_name = "MODE", default_value = "0600", requires = "out_file", value_parser = variables::file_mode)]
    pub file_mode: u32,
    /// Overwrites the file without asking
    #[arg(long, short, requires = "out_file")]
    pub force: bool,
    /// Writes text too that looks like a secret
    #[arg(long)]
    pub reveal: bool,
}

/// `hushkey environment set`.
#[derive(Debug, Args)]
pub struct EnvironmentSet {
    /// The environment's name or id
    pub environment: String,
    /// Variables: a reference, or text that is no secret
    #[arg(value_name = "NAME=REFERENCE|TEXT", required_unless_present_any = ["env_file", "ask", "generate"])]
    pub variables: Vec<String>,
    /// Takes the variables of a .env file over
    #[arg(
        long = "env-file",
        value_name = "FILE",
        env = "HUSHKEY_ENVIRONMENT_ENV_FILE"
    )]
    pub env_file: Option<PathBuf>,
    /// A variable whose secret is typed in this terminal; may be repeated
    #[arg(long, value_name = "NAME", requires = "vault")]
    pub ask: Vec<String>,
    /// A variable whose secret is made; may be repeated
    #[arg(long, value_name = "NAME", requires = "vault")]
    pub generate: Vec<String>,
    /// The vault that keeps what is typed or made
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// The title of the item there [default: the environment's name]
    #[arg(long, value_name = "TITLE")]
    pub item: Option<String>,
}
