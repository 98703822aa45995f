//! What can be typed after `hushkey log`: only words, as in the module above.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `hushkey log`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  hushkey log --agent codex --since 1h\n  hushkey log --decision denied --about Dev/Stripe\n  \
                  hushkey log --follow\n  hushkey log --verify\n  hushkey log export --to journald --follow\n  hushkey log prune --before 90d"
)]
pub struct Log {
    /// What to do with the log, if it is not to be shown
    #[command(subcommand)]
    pub command: Option<LogCommand>,
    /// Goes on printing what happens
    #[arg(long, short)]
    pub follow: bool,
    /// Which entries
    #[command(flatten)]
    pub wanted: Wanted,
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N")]
    pub limit: Option<usize>,
    /// Checks that no entry was changed, removed or put in
    #[arg(long, conflicts_with_all = ["follow", "agent", "since", "until", "action", "decision", "about", "limit"])]
    pub verify: bool,
}

/// Which entries are wanted.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Only what this agent did; `owner` is you, `connect:NAME` the programs of a Connect server
    #[arg(long, value_name = "NAME", env = "HUSHKEY_LOG_AGENT")]
    pub agent: Option<String>,
    /// Only this action: run_command, create_item, reveal, manage_access …
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only what was `allowed`, `denied` or `failed`
    #[arg(long, value_name = "DECISION")]
    pub decision: Option<String>,
    /// Only about this vault or item: Dev, Stripe, Dev/Stripe, or an id
    #[arg(long, value_name = "VAULT/ITEM")]
    pub about: Option<String>,
    /// Only since then: `1h`, `2d`, or a time as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only until then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
}

/// `hushkey log …`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Writes entries for other programs: JSON Lines on standard output, or messages for syslog or journald
    #[command(
        after_help = "What is exported is in the clear: names of vaults, items and fields, never a value.\n\n\
                            Examples:\n  hushkey log export > audit.jsonl\n  hushkey log export --to syslog --after 1200 --follow"
    )]
    Export(LogExport),
    /// Removes the oldest entries for good; what is left is proven as before, and the cut is told
    Prune(LogPrune),
}

/// `hushkey log export`.
#[derive(Debug, Args)]
pub struct LogExport {
    /// To whom
    #[arg(long, value_enum, default_value = "jsonl", env = "HUSHKEY_EXPORT_TO")]
    pub to: Receiver,
    /// The socket of syslog or journald [default: /dev/log, /run/systemd/journal/socket]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Only entries after this number, for going on where the last export ended
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
    /// Goes on exporting what happens
    #[arg(long, short)]
    pub follow: bool,
    /// Which entries
    #[command(flatten)]
    pub wanted: Wanted,
}

/// Who takes entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Receiver {
    /// Journald, in its native protocol.
    Journald,
    /// Standard output, a JSON object a line.
    Jsonl,
    /// Syslog, in the form of RFC 5424.
    Syslog,
}

/// `hushkey log prune`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct LogPrune {
    /// Removes what is older: `90d`, or a time as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub before: Option<String>,
    /// Keeps the newest N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep: Option<u64>,
}
