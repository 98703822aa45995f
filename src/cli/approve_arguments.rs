//! What `hushkey approve` takes.

use std::path::PathBuf;

use clap::Args;

/// What `hushkey approve` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hushkey approve                 what waits\n  hushkey approve KXQ4-7MAB       shows it in full and asks\n  \
                  hushkey approve KXQ4-7MAB --once    one run, and no rule\n  \
                  hushkey approve --remembered    what you are not asked about again\n\nNo answer is a no. An agent's shell may not \
                  approve; where the store has a passphrase, a yes needs it."
)]
pub struct Approve {
    /// What to decide; without it, everything that waits is listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Says yes without asking; to a request for access, as a rule unless --once is said too
    #[arg(long, requires = "code", conflicts_with = "deny")]
    pub yes: bool,
    /// Says no without asking
    #[arg(long, requires = "code")]
    pub deny: bool,
    /// Allows this run only, where a yes would be remembered; or, of a command that an agent asks leave for, one run within a day
    #[arg(long, requires = "code", conflicts_with_all = ["deny", "remember"])]
    pub once: bool,
    /// Allows later runs of the same rule with the same references as well, as a yes does where the rule says `once`
    #[arg(long, requires = "code", conflicts_with = "deny")]
    pub remember: bool,
    /// Says no to a request for access, and wants to see it no more
    #[arg(long, requires = "code", conflicts_with_all = ["deny", "yes"])]
    pub never: bool,
    /// Lists what is remembered
    #[arg(long, conflicts_with = "code")]
    pub remembered: bool,
    /// Takes back what is remembered under a code
    #[arg(long, value_name = "CODE", conflicts_with_all = ["code", "remembered"])]
    pub revoke: Option<String>,
    /// Reads the passphrase from this private file instead of the terminal; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "code")]
    pub passphrase_file: Option<PathBuf>,
}
