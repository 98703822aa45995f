//! What can be typed after `hushkey read`, `inject` and `run`, which give values away: words, and nothing of what they do.

use std::path::PathBuf;

use clap::Args;

use crate::cli::variables;

/// `hushkey read`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hushkey read op://Dev/Stripe/password\n  hushkey read -n 'op://Dev/Stripe/API keys/secret key'\n  \
                  hushkey read 'op://Dev/Stripe/password?attribute=type'\n  hushkey read -o key.pem op://Dev/Server/key"
)]
pub struct Read {
    /// op://vault/item/[section/]field, with ?attribute=otp for the one-time password, type, id, purpose for these, or
    /// ?ssh-format=openssh for a private key
    pub reference: String,
    /// Prints no line feed after the value
    #[arg(long, short)]
    pub no_newline: bool,
    /// Writes the value into a file instead
    #[arg(long, short, value_name = "FILE")]
    pub out_file: Option<PathBuf>,
    /// Mode of that file
    #[arg(long, value_name = "MODE", default_value = "0600", requires = "out_file", value_parser = variables::file_mode)]
    pub file_mode: u32,
    /// Overwrites the file without asking
    #[arg(long, short, requires = "out_file")]
    pub force: bool,
}

/// `hushkey inject`.
#[derive(Debug, Args)]
#[command(
    after_help = "A reference stands bare (op://Dev/Stripe/key) or between braces ({{ op://Dev/Stripe/secret key }}). $NAME, ${NAME} and\n\
                  ${NAME:-default} come from the environment. {{ \"text\" }} stands for the text as it is.\n\n\
                  Examples:\n  hushkey inject -i config.yml.tpl -o config.yml\n  echo 'key: {{ op://Dev/Stripe/secret key }}' | hushkey inject\n  \
                  STAGE=prod hushkey inject -i app.tpl      # with op://$STAGE/db/password in it"
)]
pub struct Inject {
    /// The template; standard input when absent
    #[arg(long, short, value_name = "FILE")]
    pub in_file: Option<PathBuf>,
    /// Writes the filled template into a file instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub out_file: Option<PathBuf>,
    /// Mode of that file
    #[arg(long, value_name = "MODE", default_value = "0600", requires = "out_file", value_parser = variables::file_mode)]
    pub file_mode: u32,
    /// Overwrites the file without asking
    #[arg(long, short, requires = "out_file")]
    pub force: bool,
}

/// `hushkey run`.
#[derive(Debug, Args)]
#[command(
    after_help = "References in the inherited environment, in env files, environments and in --env are resolved; --env beats --environment\n\
                  beats --env-file beats the shell.\n\
                  Exit status: the program's own, 128 + signal when one killed it, 126 or 127 when it could not be started,\n\
                  124 on time-out, 125 for every failure of hushkey's own.\n\n\
                  Examples:\n  hushkey run --env-file .env -- npm test\n  hushkey run --env TOKEN=op://Dev/Stripe/password -- sh -c 'curl -H \"Authorization: $TOKEN\" …'"
)]
pub struct Run {
    /// A file of NAME=VALUE lines; may be repeated, a later one wins
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_files: Vec<PathBuf>,
    /// An environment, by name or id, whose variables the program gets; may be repeated, a later one wins
    #[arg(long = "environment", value_name = "E")]
    pub environments: Vec<String>,
    /// A variable for the program; may be repeated
    #[arg(long = "env", value_name = "NAME=REFERENCE")]
    pub env: Vec<String>,
    /// Passes the program's output on as it is; the program takes hushkey's place
    #[arg(long, conflicts_with = "timeout")]
    pub no_masking: bool,
    /// Ends the program after so long: `90s`, `10m`
    #[arg(long, value_name = "TIME", value_parser = variables::duration)]
    pub timeout: Option<std::time::Duration>,
    /// Starts the program anew when a value that it was given has changed
    #[arg(long)]
    pub watch: bool,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}
