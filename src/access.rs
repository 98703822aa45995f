//! Who asks.
//!
//! A [`Caller`] is made once, at the edge (command line, MCP session, HTTP token), and handed down;
//! nothing below asks again who it is. What a caller may do is the policy's to say. A program with a Connect server's token
//! is no [`Caller`] but a [`ConnectClient`]: what agents and owners can ask for, it can't even name.

use std::{fmt, path::PathBuf};

pub mod client;

pub use client::{ConnectClient, NotAnAccess, Reach, VaultAccess};

/// Who asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An agent, by the name that policy knows it by.
    Agent(Agent),
    /// The person who owns the store, at the command line.
    Owner,
}

/// An agent as one session presents it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The name in the policy file.
    pub name: AgentName,
    /// Where paths that it names may lie when policy names no roots: the start directory over stdio,
    /// nothing over HTTP. Absolute.
    pub default_roots: Vec<PathBuf>,
    /// What the client calls itself (`claude-code 2.1`): for the log only, it decides nothing.
    pub client: Option<String>,
    /// How it came here.
    pub standing: Standing,
}

/// How an agent came here, and what that proves. Near and unproven is what a name on a command line is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It may come from beyond this machine.
    pub distant: bool,
    /// A token proved its name; otherwise the name is a label that anybody could give.
    pub proven: bool,
}

/// The name that the log has for the owner; no agent may have it.
const OWNER: &str = "owner";

/// An agent's name: 1 to 64 of letters, digits, `-`, `_`, `.`, and not `owner`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName(String);

/// Why a text is no agent's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an agent's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `owner`")]
pub struct NotAnAgentName;

impl AgentName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`NotAnAgentName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnAgentName> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if fits && !text.eq_ignore_ascii_case(OWNER) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnAgentName)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Caller {
    /// The name that the log shows: `owner`, or the agent's.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Agent(agent) => agent.name.as_str(),
            Self::Owner => OWNER,
        }
    }

    /// Tells whether an agent asks.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        matches!(self, Self::Agent(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_cannot_be_named_with_anything_that_a_log_could_misread() {
        assert!(AgentName::parse("codex-2.1_x").is_ok());
        for bad in ["", "a b", "a\nb", "../x", "ü", "Owner", &"x".repeat(65)] {
            assert_eq!(AgentName::parse(bad), Err(NotAnAgentName), "{bad}");
        }
    }
}
