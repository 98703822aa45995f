//! What can be typed after `hushkey import`, `export`, `backup` and `restore`: words, and nothing of what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `hushkey import …`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Puts the values of a .env file into one item
    #[command(
        after_help = "Short, boolean and numeric values and addresses without credentials become plain fields, all others are concealed.\n\
                            Lines with $VAR stay as they are.\n\n\
                            Example:\n  hushkey import dotenv .env --vault Dev --title shop --rewrite\n  hushkey run --env-file .env -- npm test"
    )]
    Dotenv(ImportDotenv),
    /// Takes in an unencrypted JSON export of Bitwarden
    #[command(
        after_help = "Example:\n  hushkey import bitwarden bitwarden_export.json --dry-run\n  hushkey import bitwarden bitwarden_export.json --vault Dev\n\n\
                            Folders become tags. Delete the export afterwards: it holds every value in clear."
    )]
    Bitwarden(ImportFile),
    /// Takes in a .1pux file of 1Password, or what `hushkey export` made
    #[command(
        name = "1pux",
        after_help = "Example:\n  hushkey import 1pux export.1pux --dry-run\n  hushkey import 1pux export.1pux\n  hushkey import 1pux hushkey.age\n\n\
                            Each vault goes into that of its name, which is made if there is none. Delete an unencrypted export afterwards."
    )]
    Onepux(ImportFile),
}

/// `hushkey import 1pux` and `bitwarden`.
#[derive(Debug, Args)]
pub struct ImportFile {
    /// The export
    pub file: PathBuf,
    /// The vault that gets everything
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// Tells what would be taken in, without a value, and changes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leaves out items whose title is in the vault already, instead of refusing
    #[arg(long)]
    pub skip_existing: bool,
    /// Leaves out attached files
    #[arg(long)]
    pub skip_files: bool,
    /// Leaves out items that were put away
    #[arg(long)]
    pub skip_archived: bool,
    /// For an encrypted export: a private file that holds its passphrase; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `hushkey export`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is a .1pux in the age format: `hushkey import 1pux` reads it, and `age -d` opens it.\n\n\
                  Examples:\n  hushkey export hushkey.age\n  hushkey export work.age --vault Work"
)]
pub struct Export {
    /// The file to write
    pub file: PathBuf,
    /// Only these vaults; may be repeated
    #[arg(long = "vault", value_name = "V")]
    pub vaults: Vec<String>,
    /// A private file that holds the new file's passphrase; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Overwrites the file without asking
    #[arg(long, short)]
    pub force: bool,
}

/// `hushkey import dotenv`.
#[derive(Debug, Args)]
pub struct ImportDotenv {
    /// The .env file
    pub file: PathBuf,
    /// The vault that gets the item
    #[arg(long, value_name = "V")]
    pub vault: String,
    /// The item's title
    #[arg(long, value_name = "T")]
    pub title: String,
    /// Leaves references in the file where the values were
    #[arg(long)]
    pub rewrite: bool,
    /// Tells what would become of each line, without a value, and changes nothing
    #[arg(long, conflicts_with_all = ["rewrite", "update"])]
    pub dry_run: bool,
    /// Adds to the item of that title, and replaces values that it has, instead of refusing
    #[arg(long)]
    pub update: bool,
}

/// `hushkey backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "The copy is sealed as the store is, and opens with the same key: keep the two apart. Agents' tokens, the policy and\n\
                  the log are not in it.\n\n\
                  Example:\n  hushkey backup /mnt/backup/hushkey-store.db"
)]
pub struct Backup {
    /// The file to write
    pub file: PathBuf,
    /// Overwrites the file without asking
    #[arg(long, short)]
    pub force: bool,
}

/// `hushkey restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "The backup is checked first, record by record, and takes the store's place in one step. Servers that run notice it and\n\
                  refuse to go on; start them again. Afterwards the store is older than the log knows, until `hushkey doctor --accept-store`.\n\n\
                  Example:\n  hushkey restore /mnt/backup/hushkey-store.db --force"
)]
pub struct Restore {
    /// The backup
    pub file: PathBuf,
    /// Puts it in the place of the store that is there
    #[arg(long, short)]
    pub force: bool,
}
