//! Who may do what with which environment: `[agents.NAME.environments]`.
//!
//! ```toml
//! [agents.codex.environments]       # bound to the environment's id, as vaults are
//! staging = "use"                   # metadata: see names and references; use: run programs with them
//! scratch = "write"                 # create: make an environment of this name; update: set variables, rename
//! ```
//!
//! A right in an environment is no right in a vault: what its references mean is decided as if the agent had written
//! them itself.

use crate::{
    access::{AgentName, Caller},
    policy::{AgentPolicy, Policy, Right, Rights, Unbound, fold},
    vault::{EnvironmentId, reference::Named},
};

/// One line of `[agents.NAME.environments]`.
#[derive(Clone, Debug)]
pub(super) struct EnvironmentGrant {
    pub(super) line: usize,
    /// Name or id, as written.
    pub(super) key: String,
    pub(super) rights: Rights,
    /// The group whose table it stands in; `None` in the agent's own.
    pub(super) group: Option<AgentName>,
    bound: Option<EnvironmentId>,
}

/// The environments that there are, for binding the policy's names to ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownEnvironments(Vec<Named<EnvironmentId>>);

impl EnvironmentGrant {
    pub(super) fn new(line: usize, key: &str, rights: Rights) -> Self {
        Self {
            line,
            key: key.to_owned(),
            rights,
            group: None,
            bound: None,
        }
    }
}

impl KnownEnvironments {
    /// Finds the one environment that a key of the policy means: by id if the key has the form of one, else by name in any
    /// case. No store gives one name twice.
    pub(super) fn called(&self, key: &str) -> Result<&Named<EnvironmentId>, Unbound> {
        let means = |known: &&Named<EnvironmentId>| match EnvironmentId::parse(key) {
            Ok(id) => known.id == id,
            Err(_) => fold(&known.name) == fold(key),
        };
        let mut found = self.0.iter().filter(means);
        match (found.next(), found.next()) {
            (None, _) => Err(Unbound::Unknown),
            (Some(environment), None) => Ok(environment),
            (Some(_), Some(_)) => Err(Unbound::Ambiguous),
        }
    }

    fn renamed(&self, environment: &EnvironmentId, name: &str) -> Self {
        let rename = |known: &Named<EnvironmentId>| Named {
            id: known.id.clone(),
            name: if known.id == *environment {
                name.to_owned()
            } else {
                known.name.clone()
            },
        };
        Self(self.0.iter().map(rename).collect())
    }
}

impl FromIterator<Named<EnvironmentId>> for KnownEnvironments {
    fn from_iter<I: IntoIterator<Item = Named<EnvironmentId>>>(environments: I) -> Self {
        Self(environments.into_iter().collect())
    }
}

impl Policy {
    /// Binds the names of environments to ids, afresh each time, as [`Policy::bind`] does with vaults.
    pub fn bind_environments(&mut self, known: KnownEnvironments) {
        for agent in self.agents.values_mut() {
            agent.bind_environments(&known);
        }
        self.environments = known;
    }

    /// What the caller may do with an environment. The owner may do everything.
    #[must_use]
    pub fn environment_rights(&self, caller: &Caller, environment: &EnvironmentId) -> Rights {
        let Caller::Agent(agent) = caller else {
            return Rights::ALL;
        };
        let granted = self.granted(agent);
        granted.map_or(Rights::NONE, |it| it.environment_rights(environment))
    }

    /// The agents whose rights would be others if an environment had another name. A rename by an agent must not move it
    /// into somebody's rights, its own among them, or out of them.
    #[must_use]
    pub fn moved_by_renaming(&self, environment: &EnvironmentId, name: &str) -> Vec<AgentName> {
        let after = self.environments.renamed(environment, name);
        let moved = |(_, agent): &(&AgentName, &AgentPolicy)| {
            let mut then = (*agent).clone();
            then.bind_environments(&after);
            then.environment_rights(environment) != agent.environment_rights(environment)
        };
        let agents = self.agents.iter().filter(moved);
        agents.map(|(name, _)| name.clone()).collect()
    }
}

impl AgentPolicy {
    /// As with vaults: the agent's own lines hold; where they say nothing, what any of its groups grants. Two lines of
    /// one table for one environment (its name and its id) grant only what both do.
    pub(super) fn environment_rights(&self, environment: &EnvironmentId) -> Rights {
        self.rights_by(|grant| grant.bound.as_ref() == Some(environment))
    }

    /// Tells whether it may give this name to an environment: the name itself stands in its table.
    pub(super) fn may_name_environment(&self, name: &str) -> bool {
        let name = fold(name.trim());
        let rights = self.rights_by(|grant| fold(&grant.key) == name);
        rights.has(Right::Create)
    }

    fn rights_by(&self, about: impl Fn(&EnvironmentGrant) -> bool) -> Rights {
        let about: Vec<_> = self.environments.iter().filter(|it| about(it)).collect();
        let of = |group: Option<&AgentName>| {
            let lines = about.iter().filter(|grant| grant.group.as_ref() == group);
            lines.map(|grant| grant.rights).reduce(Rights::intersection)
        };
        of(None).unwrap_or_else(|| {
            let groups = about.iter().filter_map(|grant| of(grant.group.as_ref()));
            groups.fold(Rights::NONE, Rights::union)
        })
    }

    fn bind_environments(&mut self, known: &KnownEnvironments) {
        for grant in &mut self.environments {
            grant.bound = known.called(&grant.key).ok().map(|it| it.id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Agent, Standing};

    const STAGING: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const SCRATCH: &str = "cccccccccccccccccccccccccc";

    fn named(id: &str, name: &str) -> Named<EnvironmentId> {
        Named {
            id: EnvironmentId::parse(id).unwrap(),
            name: name.into(),
        }
    }

    fn bound(text: &str) -> Policy {
        let mut policy = Policy::parse(text, None).unwrap();
        let known = [named(STAGING, "staging"), named(SCRATCH, "scratch")];
        policy.bind_environments(known.into_iter().collect());
        policy
    }

    fn rights(policy: &Policy, agent: &str, environment: &str) -> String {
        let caller = Caller::Agent(Agent {
            name: AgentName::parse(agent).unwrap(),
            default_roots: Vec::new(),
            client: None,
            standing: Standing::default(),
        });
        let environment = EnvironmentId::parse(environment).unwrap();
        policy.environment_rights(&caller, &environment).to_string()
    }

    #[test]
    fn a_name_is_bound_in_any_case_and_everything_else_grants_nothing() {
        let policy =
            bound("[agents.a.environments]\nSTAGING = \"use\"\ngone = \"full\"\n[agents.b]");

        assert_eq!(rights(&policy, "a", STAGING), "use");
        assert_eq!(rights(&policy, "a", SCRATCH), "off");
        assert_eq!(rights(&policy, "b", STAGING), "off");
        assert_eq!(rights(&policy, "nobody", STAGING), "off");
    }

    #[test]
    fn two_lines_for_one_environment_grant_only_what_both_do() {
        let text =
            format!("[agents.a.environments]\nstaging = \"write\"\n{STAGING} = [\"metadata\"]");

        assert_eq!(rights(&bound(&text), "a", STAGING), "read");
    }

    #[test]
    fn a_group_grants_where_the_agents_own_lines_say_nothing() {
        let policy = bound(
            "[agents.a.environments]\nstaging = \"read\"\n[groups.g]\nmembers = [\"a\"]\n\
             environments = { staging = \"write\", scratch = \"use\" }",
        );

        assert_eq!(rights(&policy, "a", STAGING), "read");
        assert_eq!(rights(&policy, "a", SCRATCH), "use");
    }

    #[test]
    fn a_new_name_that_gives_or_takes_rights_is_told_with_whose() {
        let policy = bound(&format!(
            "[agents.a.environments]\n{STAGING} = \"write\"\n[agents.b.environments]\nprod = \"use\"\n\
             [agents.c.environments]\nstaging = \"read\""
        ));
        let environment = EnvironmentId::parse(STAGING).unwrap();
        let moved = |name: &str| {
            let moved = policy.moved_by_renaming(&environment, name);
            moved.iter().map(ToString::to_string).collect::<Vec<_>>()
        };

        assert_eq!(moved("Staging"), [] as [&str; 0]);
        assert_eq!(moved("other"), ["c"]);
        assert_eq!(moved("prod"), ["b", "c"]);
    }

    #[test]
    fn only_a_name_that_stands_there_with_create_may_be_given() {
        let text = format!(
            "[agents.a.environments]\nnew = [\"create\"]\nseen = \"use\"\n{STAGING} = \"full\""
        );
        let policy = bound(&text);
        let agent = &policy.agents[&AgentName::parse("a").unwrap()];

        assert!(agent.may_name_environment(" NEW "));
        for other in ["seen", "staging", "*", ""] {
            assert!(!agent.may_name_environment(other), "{other}");
        }
    }
}
