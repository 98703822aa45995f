//! What can be typed after `hushkey policy`: only words, as in the module above.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `hushkey policy …`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Reads the policy file and tells what is wrong or wide in it
    Check,
    /// Tells whether an agent might run a command, which rule decides, and why no other does
    #[command(after_help = "Nothing is run, and no value is read.\n\n\
                            Example:\n  hushkey policy explain --agent codex --command 'psql --file a.sql' --ref op://Dev/DB/password")]
    Explain(PolicyExplain),
    /// Prints what each agent may do
    Show,
}

/// `hushkey policy explain`.
#[derive(Debug, Args)]
pub struct PolicyExplain {
    /// Who would ask
    #[arg(long, value_name = "NAME", env = "HUSHKEY_EXPLAIN_AGENT")]
    pub agent: String,
    /// What it would run, as one string split as a shell splits words
    #[arg(long, value_name = "COMMAND")]
    pub command: String,
    /// A secret that the program would get; may be repeated
    #[arg(long = "ref", value_name = "REFERENCE")]
    pub references: Vec<String>,
    /// A plain variable that the agent would set; may be repeated
    #[arg(long = "env", value_name = "NAME", env = "HUSHKEY_EXPLAIN_ENV")]
    pub variables: Vec<String>,
    /// The agent would say why
    #[arg(long)]
    pub reason: bool,
    /// Where the program would start [default: the first of the agent's roots]
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
}
