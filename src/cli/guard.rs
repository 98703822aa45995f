//! A net under the promise that agents never see values: commands that print one, or change
//! rights, refuse where an agent's shell is recognised.
//!
//! It is a net and not a wall: whoever runs a shell can unset a variable. What stops an agent for
//! certain is a key that it can't read, and `hushkey doctor` tells how to get there.

use std::ffi::OsString;

use crate::{cli::failure::Failure, launch};

/// Variables that agents set for the commands that they run.
const AGENT_VARIABLES: [&str; 13] = [
    "AGENT",
    "AI_AGENT",
    "AUGMENT_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CLINE_ACTIVE",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "GOOSE_TERMINAL",
    "OPENCODE",
    "QWEN_CODE",
];

/// Refuses what only a person may do, where an agent's shell is recognised.
///
/// `what` ends the sentence "… is for a person": `` `hushkey read` ``.
pub(crate) fn refuse_agents(what: &str) -> Result<(), Failure> {
    match agent_here() {
        None => Ok(()),
        Some(variable) => Err(Failure::Denied(format!(
            "{what} is for a person, and {variable} tells that this is an agent's shell; run it in a terminal of your \
             own. An agent uses a secret without seeing it: `run_command` over MCP, or `hushkey run`"
        ))),
    }
}

/// The variable by which an agent's shell is recognised, if this is one.
pub(crate) fn agent_here() -> Option<&'static str> {
    agent_variable(|name| std::env::var_os(name))
}

/// Refuses to open a vault for a program that an agent's run has started.
pub(crate) fn refuse_beneath_a_run() -> Result<(), Failure> {
    if launch::beneath_a_run() {
        return Err(Failure::Denied(
            "hushkey was started by a program that an agent runs, and opens no vault there; name what the program \
             needs in the run's own `env`"
                .to_owned(),
        ));
    }
    Ok(())
}

fn agent_variable(variable: impl Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    AGENT_VARIABLES
        .into_iter()
        .find(|name| variable(name).is_some_and(|value| !value.is_empty() && value != "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_recognised_by_each_of_its_variables() {
        for name in AGENT_VARIABLES {
            let found = agent_variable(|asked| (asked == name).then(|| "1".into()));

            assert_eq!(found, Some(name));
        }
    }

    #[test]
    fn an_empty_variable_is_nobody() {
        assert_eq!(agent_variable(|_| Some(OsString::new())), None);
        assert_eq!(agent_variable(|_| None), None);
    }
}
