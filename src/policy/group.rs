//! Groups of agents: what several may do, written once.
//!
//! A group's table is joined to each member's own when the file is read, so that no decision knows of groups: the agent's
//! own rules come first, then those of its groups in the order of the file. What is demanded of an agent (a token, a reason,
//! a person's yes) adds up: no group takes back what another or the agent's own table demands.

use crate::{access::AgentName, policy::AgentPolicy};

/// One `[groups.NAME]` of the policy file.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// What it is called; it follows the rules for agents' names.
    pub(super) name: AgentName,
    /// The line where it begins, from 1.
    pub(super) line: usize,
    /// Who is in it.
    pub(super) members: Vec<AgentName>,
    /// What its table says.
    pub(super) granted: AgentPolicy,
}

impl Group {
    /// What the group's table adds to a member's own.
    pub(super) fn join(&self, member: &AgentName, own: &mut AgentPolicy) {
        let granted = self.granted.clone();
        own.require_token |= granted.require_token;
        own.require_reason |= granted.require_reason;
        own.confirm = own.confirm.union(granted.confirm);
        // `local` comes after `any`, and both after nothing said.
        own.approve_by = own.approve_by.max(granted.approve_by);
        own.roots = own.roots.take().or(granted.roots);
        own.vaults
            .extend(granted.vaults.into_iter().map(|mut grant| {
                grant.group = Some(self.name.clone());
                grant
            }));
        own.environments
            .extend(granted.environments.into_iter().map(|mut grant| {
                grant.group = Some(self.name.clone());
                grant
            }));
        for mut rule in granted.rules {
            rule.group = Some(self.name.clone());
            rule.id.agent = member.clone();
            rule.id.number = u32::try_from(own.rules.len() + 1).unwrap_or(u32::MAX);
            own.rules.push(rule);
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::{
        access::AgentName,
        policy::{KnownVaults, Policy, Rights},
        vault::{VaultId, reference::Named},
    };

    const TEXT: &str = r#"
        [agents.codex.vaults]
        Dev = "read"
        [[agents.codex.commands]]
        run = "own"
        [groups.builders]
        members = ["codex", "gemini", "codex"]
        roots = ["/srv"]
        vaults = { Dev = "full", CI = "use" }
        [[groups.builders.commands]]
        run = "make"
        [groups.readers]
        members = ["gemini"]
        require_token = true
        vaults = { CI = "read", Dev = ["create"] }
        [[groups.readers.commands]]
        run = "ls"
    "#;

    fn bound() -> Policy {
        let mut policy = Policy::parse(TEXT, None).unwrap();
        let vaults = ["Dev", "CI"].map(|name| Named {
            id: VaultId::parse(&format!("{:a<26}", name.to_lowercase())).unwrap(),
            name: name.into(),
        });
        policy.bind(vaults.into_iter().collect::<KnownVaults>());
        policy
    }

    fn rights(policy: &Policy, agent: &str, vault: &str) -> Rights {
        let id = VaultId::parse(&format!("{:a<26}", vault.to_lowercase())).unwrap();
        policy.agents[&AgentName::parse(agent).unwrap()].rights(&id)
    }

    #[test]
    fn an_agents_own_rules_come_before_those_of_its_groups_in_the_order_of_the_file() {
        let policy = bound();
        let rules = |agent: &str| -> Vec<String> {
            let agent = &policy.agents[&AgentName::parse(agent).unwrap()];
            let rules = agent.rules.iter();
            rules
                .map(|rule| format!("{}: {}", rule.id, rule.run))
                .collect()
        };

        assert_eq!(
            rules("codex"),
            ["rule 1 of codex: own", "rule 2 of codex: make"]
        );
        assert_eq!(
            rules("gemini"),
            ["rule 1 of gemini: make", "rule 2 of gemini: ls"]
        );
    }

    #[test]
    fn an_agents_own_line_for_a_vault_holds_and_its_groups_add_up() {
        let policy = bound();

        assert_eq!(
            rights(&policy, "codex", "Dev"),
            Rights::level("read").unwrap()
        );
        assert_eq!(
            rights(&policy, "codex", "CI"),
            Rights::level("use").unwrap()
        );
        assert_eq!(
            rights(&policy, "gemini", "Dev"),
            Rights::level("full").unwrap()
        );
        assert_eq!(
            rights(&policy, "gemini", "CI"),
            Rights::level("use").unwrap()
        );
    }

    #[test]
    fn what_comes_from_a_group_is_shown_as_such() {
        assert_snapshot!(bound().describe(), @"
        programs are looked up in /usr/local/bin:/usr/bin:/bin

        codex
          files     beneath /srv
          vaults    Dev  read: metadata
                    CI   use: metadata, use (group builders)
          commands  1. own without secrets; output full; program not found
                    2. make without secrets; output full; from group builders; program not found

        gemini
          name      counts only with its token
          files     beneath /srv
          vaults    Dev  full: metadata, use, create, update, delete, files (group builders)
                    CI   use: metadata, use (group builders)
                    CI   read: metadata (group readers)
                    Dev  create (group readers)
          commands  1. make without secrets; output full; from group builders; program not found
                    2. ls without secrets; output full; from group readers; program not found
        ");
    }

    #[test]
    fn a_mistake_in_a_group_is_told_with_its_place() {
        let refusal = |text: &str| Policy::parse(text, None).unwrap_err().to_string();

        assert_snapshot!(refusal("[groups.a]"), @r#"line 1, column 1: a group needs `members`; for example `members = ["codex"]`"#);
        assert_snapshot!(refusal("[groups.a]\nmembers = [\"owner\"]"), @"line 2, column 12: an agent's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `owner`");
        assert_snapshot!(refusal("[groups.\"a b\"]\nmembers = []"), @"line 1, column 9: a group's name has 1 to 64 letters, digits, `-`, `_` or `.`");
        assert_snapshot!(refusal("[groups.a]\nmember = []"), @"line 2, column 1: unknown key `member`; did you mean `members`?");
        assert_snapshot!(refusal("[agents.a]\nmembers = []"), @"line 2, column 1: unknown key `members`; known are roots, require_token, vaults, environments, commands, confirm, approve_by, require_reason");
    }
}
