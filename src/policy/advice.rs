//! What a refusal tells the model: what it may do instead.
//!
//! Nothing here tells of what exists beyond the agent's own rights and rules, and nothing names the command that
//! would change the policy.

use std::path::PathBuf;

use crate::{
    access::AgentName,
    display_text::escaped,
    policy::{Caution, Right, Rights, Rule, caution},
};

/// How many of its commands an agent is reminded of.
const COMMANDS_TOLD: usize = 5;

pub(super) const DISTANT: &str = "this server is reached from beyond its machine and runs no programs for anybody; use a hushkey that runs beside you \
     for that (`hushkey mcp`)";
pub(super) const NAME_ENVIRONMENT: &str =
    "you may not give an environment this name; `list_environments` tells which ones you may use";
pub(super) const NEVER_SHOWN: &str = "a value is never shown to an agent; hand its reference to a program with `run_command` instead";
pub(super) const NOT_YOURS: &str =
    "you may not use this value; `check_references` tells which ones you may";
pub(super) const NOTHING_THERE: &str =
    "there is nothing of that name that you may use; `list_vaults` tells where you may do what";
pub(super) const REASON: &str =
    "the owner wants to know why: say in `reason`, in one sentence, what it is needed for";
pub(super) const OWNER_ONLY: &str = "only the owner may do this, on the command line";

pub(super) const UNPROVEN: &str = "your name counts here only with your token, which was not given; ask the owner to put it into HUSHKEY_AGENT_TOKEN or a \
     token file of your entry";

pub(super) fn unknown_agent(agent: &AgentName) -> String {
    format!(
        "the policy does not name the agent `{agent}`, so it may do nothing; ask the owner to allow it"
    )
}

pub(super) fn right(wanted: Right, granted: Rights, vault: &str) -> String {
    let deed = deed(wanted);
    let vault = escaped(vault);
    let deeds: Vec<_> = granted.iter().map(self::deed).collect();
    format!(
        "you may not {deed} in the vault `{vault}`; what you may do there: {}",
        deeds.join(", ")
    )
}

pub(super) fn environment(wanted: Right, granted: Rights, name: &str) -> String {
    let name = escaped(name);
    let deeds: Vec<_> = granted.iter().map(environment_deed).collect();
    format!(
        "you may not {} the environment `{name}`; what you may do with it: {}",
        environment_deed(wanted),
        deeds.join(", ")
    )
}

pub(super) fn references(count: usize) -> String {
    if count == 1 {
        "no rule hands this value to a program for you; `check_references` tells which ones are"
            .into()
    } else {
        "no one rule hands all these values to a program for you; use fewer in one run, and see `check_references`".into()
    }
}

/// `covering` are the agent's own rules that cover the references.
pub(super) fn command<'r>(
    covering: impl Iterator<Item = &'r Rule>,
    without_references: bool,
) -> String {
    let mut commands: Vec<_> = covering
        .map(|rule| format!("`{}`", escaped(&rule.run.to_string())))
        .collect();
    commands.dedup();
    let with = if without_references {
        ""
    } else {
        " with these references"
    };
    if commands.is_empty() {
        return "no rule lets you run a command".to_owned();
    }
    let more = if commands.len() > COMMANDS_TOLD {
        " and others"
    } else {
        ""
    };
    commands.truncate(COMMANDS_TOLD);
    format!(
        "no rule lets you run this command{with}; these you may run, where `*` is any one argument and `**` any rest: {}{more}",
        commands.join(", ")
    )
}

pub(super) fn directory(allowed: &[PathBuf]) -> String {
    let shown = allowed.iter().map(|cwd| escaped(&cwd.to_string_lossy()));
    let shown: Vec<_> = shown.map(|cwd| format!("`{cwd}`")).collect();
    let list = shown.join(" or ");
    format!("this command has to start in {list} or beneath; set `cwd`")
}

pub(super) fn variable(name: &str) -> String {
    let shown = escaped(name);
    match caution(name) {
        Some(Caution::Never(why)) => {
            format!("the variable `{shown}` is never taken from an agent: it {why}; leave it out")
        }
        Some(Caution::ByName(why)) => {
            format!(
                "no rule lets you set `{shown}` for this command by name: it {why}; leave it out"
            )
        }
        None => {
            format!("no rule lets you set the variable `{shown}` for this command; leave it out")
        }
    }
}

fn environment_deed(right: Right) -> &'static str {
    match right {
        Right::Metadata => "see what is in",
        Right::Use => "use",
        Right::Create => "make",
        Right::Update => "change",
        Right::Delete => "delete",
        Right::Files => "write files with",
    }
}

fn deed(right: Right) -> &'static str {
    match right {
        Right::Metadata => "see items",
        Right::Use => "use values",
        Right::Create => "create items",
        Right::Update => "update items",
        Right::Delete => "delete items",
        Right::Files => "write values to files",
    }
}
