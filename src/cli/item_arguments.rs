//! What can be typed after `hushkey item`: words, and nothing of what they do.

use clap::{Args, Subcommand};

/// `hushkey item …`.
#[derive(Debug, Subcommand)]
pub enum ItemCommand {
    /// Makes an item
    #[command(after_help = ASSIGNMENT_HELP)]
    Create(ItemCreate),
    /// Puts an item away, or deletes it for good
    Delete(ItemDelete),
    /// Changes an item
    #[command(after_help = ASSIGNMENT_HELP)]
    Edit(ItemEdit),
    /// Shows an item; values only with --reveal
    #[command(
        after_help = "Examples:\n  hushkey item get Stripe --vault Dev\n  hushkey item get Stripe --fields label=username,label=password --reveal\n  hushkey item get GitHub --otp"
    )]
    Get(ItemGet),
    /// Lists items
    #[command(visible_alias = "ls")]
    List(ItemList),
    /// Brings an archived item back
    Restore {
        /// Its title or id
        item: String,
        /// The vault that holds it
        #[arg(long, value_name = "V")]
        vault: Option<String>,
    },
}

const ASSIGNMENT_HELP: &str = "A field is written [SECTION.]FIELD[TYPE]=VALUE; a backslash goes before a . = [ or \\ that belongs to a name.\n\
    Types: password (meant when nothing is said), text, email, url, date, monthYear, phone, otp, and Connect's own words.\n\
    FIELD[delete] removes a field in `item edit`. What stands on a command line can be seen by others while it runs;\n\
    --ask, --from-file and a JSON item on standard input can not.\n\n\
    Examples:\n  hushkey item create --vault Dev --title Stripe username=ops --ask password\n  \
    hushkey item create --vault Dev --title Mail --category api-credential --from-file credential=token.txt 'host[text]=smtp.example.com'\n  \
    hushkey item create --vault Dev --title Db --generate-password=letters,digits,24\n  \
    hushkey item create --vault Dev --title Deploy --ssh-generate-key\n  \
    hushkey item create --vault Dev - < item.json";

/// Where an item's values come from.
#[derive(Debug, Args)]
pub struct FieldArguments {
    /// Fields, or `-` for a JSON item on standard input
    #[arg(value_name = "[SECTION.]FIELD[TYPE]=VALUE")]
    pub assignments: Vec<String>,
    /// A field whose value is typed on the terminal; may be repeated
    #[arg(long, value_name = "FIELD")]
    pub ask: Vec<String>,
    /// A field whose value is a file's content, without the last line feed; may be repeated
    #[arg(long, value_name = "FIELD=PATH")]
    pub from_file: Vec<String>,
    /// Makes a random password: `letters,digits,symbols,32` is the recipe when none is given
    #[arg(
        long,
        value_name = "RECIPE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub generate_password: Option<String>,
}

/// `hushkey item create`.
#[derive(Debug, Args)]
pub struct ItemCreate {
    /// The vault that gets it
    #[arg(long, value_name = "V")]
    pub vault: String,
    /// Its title
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// What kind of item it is: login, password, api-credential, database, server … [default: login]
    #[arg(long, value_name = "C")]
    pub category: Option<String>,
    /// Labels for finding it
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// A web address it belongs to; may be repeated, the first is the main one
    #[arg(long = "url", value_name = "U")]
    pub urls: Vec<String>,
    /// Marks it
    #[arg(long)]
    pub favorite: bool,
    /// Makes a key pair for SSH: the private key, and beside it the public key, its fingerprint and type; the category is
    /// ssh-key then. Only ed25519 is made
    #[arg(long, value_name = "ed25519", num_args = 0..=1, require_equals = true, default_missing_value = "ed25519")]
    pub ssh_generate_key: Option<String>,
    /// Its fields.
    #[command(flatten)]
    pub fields: FieldArguments,
}

/// `hushkey item edit`.
#[derive(Debug, Args)]
pub struct ItemEdit {
    /// Its title or id
    pub item: String,
    /// The vault that holds it
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// A new title
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// New labels in place of the old ones; `--tags=` removes all
    #[arg(long, value_name = "A,B")]
    pub tags: Option<String>,
    /// New web addresses in place of the old ones; may be repeated
    #[arg(long = "url", value_name = "U")]
    pub urls: Vec<String>,
    /// Marks it, or not
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub favorite: Option<bool>,
    /// Its fields.
    #[command(flatten)]
    pub fields: FieldArguments,
}

/// `hushkey item get`.
#[derive(Debug, Args)]
pub struct ItemGet {
    /// Its title or id
    pub item: String,
    /// The vault that holds it
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// Only these fields: label=A, type=T, or a label or id
    #[arg(long, value_name = "label=A,label=B", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Shows values
    #[arg(long)]
    pub reveal: bool,
    /// Prints the one-time password that is valid now, and nothing else
    #[arg(long, conflicts_with_all = ["fields", "reveal"])]
    pub otp: bool,
}

/// `hushkey item list`.
#[derive(Debug, Args)]
pub struct ItemList {
    /// Only this vault
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// Only these categories
    #[arg(long, value_name = "C,D", value_delimiter = ',')]
    pub categories: Vec<String>,
    /// Only items with one of these tags
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Only marked items
    #[arg(long)]
    pub favorite: bool,
    /// Archived items instead of the others
    #[arg(long)]
    pub archived: bool,
}

/// `hushkey item delete`.
#[derive(Debug, Args)]
pub struct ItemDelete {
    /// Its title or id
    pub item: String,
    /// The vault that holds it
    #[arg(long, value_name = "V")]
    pub vault: Option<String>,
    /// Puts it away, so that it can be brought back; this is what happens anyway
    #[arg(long, conflicts_with = "permanent")]
    pub archive: bool,
    /// Deletes it for good
    #[arg(long)]
    pub permanent: bool,
    /// Deletes without asking
    #[arg(long, short, requires = "permanent")]
    pub force: bool,
}
