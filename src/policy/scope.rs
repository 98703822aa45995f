//! What a caller may do anywhere, by what is written: for telling what is of any use to it.

use crate::{
    access::Caller,
    policy::{Policy, Right, Rights},
};

/// What a caller may do in any vault at all. It decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    rights: Rights,
    runs: bool,
}

impl Scope {
    /// Tells whether there may be a vault where it has the right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Tells whether there may be a program that it can run.
    #[must_use]
    pub fn runs(self) -> bool {
        self.runs
    }
}

impl Policy {
    /// What the caller may do in any vault at all; names of vaults need not be bound for that.
    #[must_use]
    pub fn scope(&self, caller: &Caller) -> Scope {
        let Caller::Agent(agent) = caller else {
            return Scope {
                rights: Rights::ALL,
                runs: true,
            };
        };
        let Some(granted) = self.granted(agent) else {
            return Scope {
                rights: Rights::NONE,
                runs: false,
            };
        };
        let each = granted.vaults.iter().flat_map(|grant| grant.rights.iter());
        Scope {
            rights: each.fold(Rights::NONE, Rights::with),
            runs: !granted.rules.is_empty() && !agent.standing.distant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Agent, AgentName, Standing};

    #[test]
    fn what_an_agent_may_do_anywhere_is_told_vault_by_vault_together() {
        let policy = Policy::parse(
            "[agents.a.vaults]\nDev = \"read\"\nCI = [\"create\"]\n[[agents.a.commands]]\nrun = \"x\"",
            None,
        )
        .unwrap();
        let scope = |name: &str, distant| {
            policy.scope(&Caller::Agent(Agent {
                name: AgentName::parse(name).unwrap(),
                default_roots: vec![],
                client: None,
                standing: Standing {
                    distant,
                    proven: false,
                },
            }))
        };

        let known = scope("a", false);

        assert!(known.has(Right::Metadata) && known.has(Right::Create) && known.runs());
        assert!(!known.has(Right::Update) && !scope("a", true).runs());
        assert!(!scope("b", false).has(Right::Metadata) && !scope("b", false).runs());
        assert!(policy.scope(&Caller::Owner).has(Right::Delete));
    }
}
