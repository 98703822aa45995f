//! What a caller may do anywhere, by what is written: for telling what is of any use to it.

use crate::{
    access::Caller,
    policy::{Policy, Right, Rights},
};

/// What a caller may do in any vault or environment at all. It decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    rights: Rights,
    in_environments: Rights,
    runs: bool,
}

impl Scope {
    /// Tells whether there may be a vault where it has the right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Tells whether there may be an environment where it has the right.
    #[must_use]
    pub fn has_in_environments(self, right: Right) -> bool {
        self.in_environments.has(right)
    }

    /// Tells whether there may be a program that it can run.
    #[must_use]
    pub fn runs(self) -> bool {
        self.runs
    }
}

impl Policy {
    /// What the caller may do in any vault or environment at all; their names need not be bound for that.
    #[must_use]
    pub fn scope(&self, caller: &Caller) -> Scope {
        let Caller::Agent(agent) = caller else {
            return Scope {
                rights: Rights::ALL,
                in_environments: Rights::ALL,
                runs: true,
            };
        };
        let Some(granted) = self.granted(agent) else {
            return Scope {
                rights: Rights::NONE,
                in_environments: Rights::NONE,
                runs: false,
            };
        };
        let vaults = granted.vaults.iter().map(|grant| grant.rights);
        let environments = granted.environments.iter().map(|grant| grant.rights);
        Scope {
            rights: vaults.fold(Rights::NONE, Rights::union),
            in_environments: environments.fold(Rights::NONE, Rights::union),
            runs: !granted.rules.is_empty() && !agent.standing.distant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Agent, AgentName, Standing};

    #[test]
    fn what_an_agent_may_do_anywhere_is_told_together_of_vaults_and_of_environments() {
        let policy = Policy::parse(
            "[agents.a.vaults]\nDev = \"read\"\nCI = [\"create\"]\n[agents.a.environments]\nx = [\"update\"]\n\
             [[agents.a.commands]]\nrun = \"x\"",
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
        assert!(known.has_in_environments(Right::Update));
        assert!(!known.has_in_environments(Right::Create));
        assert!(!known.has(Right::Update) && !scope("a", true).runs());
        assert!(!scope("b", false).has(Right::Metadata) && !scope("b", false).runs());
        assert!(policy.scope(&Caller::Owner).has(Right::Delete));
    }
}
