//! Who may do what: deny by default, one readable file, a pure decision.
//!
//! [`Policy::parse`] reads the file, [`Policy::bind`] and [`Policy::pin`] fix names of vaults and programs to ids and
//! paths, [`Policy::decide`] answers. The module does no I/O and knows no clock: programs are
//! resolved by the caller, `now` is an argument. It sees names and ids, never a value.
//!
//! ```toml
//! path = ["/usr/bin", "/bin"]       # where programs are looked up
//!
//! [agents.codex]
//! roots = ["~/src/shop"]            # paths that it may name lie beneath these
//! confirm = ["delete"]              # what a person is asked about: create, update, delete, files; `delete` when absent
//! approve_by = "any"                # for `confirm`, and for rules that don't say
//! require_reason = false            # whether it has to say why it writes and runs
//! require_token = true              # its name counts only where its token proves it, over stdio too
//!
//! [agents.codex.vaults]             # bound to the vault's id, not to its spelling
//! Dev = "use"                       # a level: off < read < use < write < full
//! CI  = ["metadata", "create"]      # or rights: metadata, use, create, update, delete, files
//!
//! [agents.codex.environments]       # bound to the environment's id; see `environments`
//! staging = "use"                   # the same levels and rights
//!
//! [[agents.codex.commands]]         # the first rule that has command and references decides
//! run     = ["psql", "--file", "*"] # or one text, split as a shell splits words
//! secrets = ["op://Dev/**"]         # which references may reach it; none when absent
//! env     = ["PG*"]                 # which plain variables the agent may set; none when absent
//! approve = "never"                 # never | once | always: whether a person is asked
//! approve_by = "any"                # or local: a yes in the client's own dialogue does not count
//! require_reason = false            # whether the agent has to say why
//! output  = "full"                  # full | tail | summary | none
//! short_values = "withhold"         # or mask: what becomes of output when a secret is too short for a mark
//! plain   = ["op://Dev/DB/host"]    # fields that are no secrets, and that output may show as they are
//! timeout_seconds = 600             # when a run is ended at the latest
//! cwd     = "~/src/shop/db"         # where it has to start, or beneath; several: ["…", "…"]
//! set     = { PGSSLMODE = "require" }   # variables with the policy's own text
//! inherit = ["SSH_AUTH_SOCK"]       # variables that the program gets from hushkey's own environment
//! sha256  = "9f86d0…"               # what the program's file holds; another one is not started
//!
//! [groups.builders]                 # what several agents may do; each agent's own tables come first
//! members = ["codex", "gemini"]
//! vaults  = { CI = "use" }          # and all else that an agent's table has
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{
    access::{Agent, AgentName, Caller},
    vault::{ResolvedReference, VaultId},
};

pub mod edit;

mod action;
mod advice;
mod command_pattern;
mod decide;
mod decision;
mod description;
mod environments;
mod explain;
mod file;
mod glob;
mod group;
mod known_vaults;
mod pass;
mod reference_pattern;
mod remedy;
mod rights;
mod rule;
mod scope;
mod variables;
mod warning;

pub use action::{Action, Governed, Run};
pub use command_pattern::{CommandPattern, CommandPatternError};
pub use decision::{Asking, Cause, Decision, Grounds, Permit, Refusal};
pub use description::{
    AgentDescription, Description, EnvironmentDescription, RuleDescription, VaultDescription,
};
pub use environments::KnownEnvironments;
pub use explain::{Explanation, Finding, RuleFinding};
pub use file::PolicyError;
pub use glob::Glob;
pub use known_vaults::{KnownVaults, Unbound};
pub use reference_pattern::{ReferencePattern, ReferencePatternError};
pub use rights::{NotRights, Right, Rights};
pub use rule::{Approve, ApproveBy, OutputMode, Rule, RuleId, RuleName, ShortValues, Surroundings};
pub use scope::Scope;
pub use variables::{Caution, caution};
pub use warning::{Hole, Warning};

/// The whole policy.
///
/// Freshly parsed it grants nothing that is spelt by name: [`Policy::bind`] gives vaults' names their ids, and
/// [`Policy::pin`] gives programs their paths.
#[derive(Clone, Debug)]
pub struct Policy {
    path: Vec<PathBuf>,
    agents: BTreeMap<AgentName, AgentPolicy>,
    groups: Vec<group::Group>,
    known: KnownVaults,
    environments: KnownEnvironments,
}

/// What one agent may do.
#[derive(Clone, Debug)]
struct AgentPolicy {
    /// Whether its name counts only where a token proves it.
    require_token: bool,
    /// `None` leaves the session's own roots.
    roots: Option<Vec<PathBuf>>,
    vaults: Vec<VaultGrant>,
    environments: Vec<environments::EnvironmentGrant>,
    rules: Vec<Rule>,
    /// What a person is asked about before it is done.
    confirm: Rights,
    approve_by: Option<ApproveBy>,
    require_reason: bool,
    /// The groups whose tables were joined to the agent's own.
    groups: Vec<AgentName>,
}

/// What is confirmed where the policy does not say: what can't be taken back everywhere.
const CONFIRMED: Rights = Rights::NONE.with(Right::Delete);

impl Default for AgentPolicy {
    fn default() -> Self {
        Self {
            require_token: false,
            roots: None,
            vaults: Vec::new(),
            environments: Vec::new(),
            rules: Vec::new(),
            confirm: CONFIRMED,
            approve_by: None,
            require_reason: false,
            groups: Vec::new(),
        }
    }
}

/// One line of `[agents.NAME.vaults]`.
#[derive(Clone, Debug)]
struct VaultGrant {
    line: usize,
    /// The group that it comes from, if it is not the agent's own.
    group: Option<AgentName>,
    /// Name or id, as written.
    key: String,
    rights: Rights,
    bound: Option<VaultId>,
}

impl Policy {
    /// Reads a policy file's text. `home` stands for `~`.
    ///
    /// # Errors
    /// [`PolicyError`] says where, what, and what to write instead.
    pub fn parse(text: &str, home: Option<&Path>) -> Result<Self, PolicyError> {
        file::parse(text, home)
    }

    /// Binds the names of vaults to ids, afresh each time: a name that no vault or several vaults have grants nothing. To
    /// be repeated when vaults are made, renamed or deleted.
    pub fn bind(&mut self, vaults: impl Into<KnownVaults>) {
        self.known = vaults.into();
        for agent in self.agents.values_mut() {
            for grant in &mut agent.vaults {
                grant.bound = self.known.called(&grant.key).ok().map(|v| v.id.clone());
            }
            for rule in &mut agent.rules {
                for pattern in rule.secrets.iter_mut().chain(&mut rule.plain) {
                    pattern.bind(&self.known);
                }
            }
        }
    }

    /// Resolves each rule's program once to an absolute path. A program that is not found is matched by nothing. Whoever
    /// builds a [`Run`] has to resolve its program in the same way: on [`Policy::search_path`].
    pub fn pin(&mut self, resolve: &dyn Fn(&str) -> Option<PathBuf>) {
        for rule in self.agents.values_mut().flat_map(|a| &mut a.rules) {
            rule.run.pin(resolve);
        }
    }

    /// The absolute directories where programs are looked up, in order.
    #[must_use]
    pub fn search_path(&self) -> &[PathBuf] {
        &self.path
    }

    /// The absolute directories beneath which paths that the agent names have to lie. None for an
    /// agent that the policy does not name.
    #[must_use]
    pub fn roots<'a>(&'a self, agent: &'a Agent) -> &'a [PathBuf] {
        match self.granted(agent) {
            Some(policy) => policy.roots.as_deref().unwrap_or(&agent.default_roots),
            None => &[],
        }
    }

    /// What the caller may do in a vault. The owner may do everything.
    #[must_use]
    pub fn rights(&self, caller: &Caller, vault: &VaultId) -> Rights {
        let Caller::Agent(agent) = caller else {
            return Rights::ALL;
        };
        self.granted(agent)
            .map_or(Rights::NONE, |policy| policy.rights(vault))
    }

    /// Tells whether an agent's name counts only where a token proves it.
    #[must_use]
    pub fn requires_token(&self, agent: &AgentName) -> bool {
        let policy = self.agents.get(agent);
        policy.is_some_and(|policy| policy.require_token)
    }

    /// Decides. Pure: the same policy, caller, action and time always get the same answer.
    pub fn decide(&self, caller: &Caller, action: &Action<'_>, now: Timestamp) -> Decision {
        decide::decide(self, caller, action, now)
    }

    /// Decides about a run, and tells how that came about: for the owner, who asks what an agent would be answered.
    #[must_use]
    pub fn explain(&self, caller: &Caller, run: &Run<'_>, now: Timestamp) -> Explanation {
        explain::explain(self, caller, run, now)
    }

    /// The rules of all agents that cover a field. A change of names by an agent must not change the set: else
    /// it would move a field out of a rule's reach, or into it.
    #[must_use]
    pub fn governing_rules(&self, reference: &ResolvedReference) -> BTreeSet<RuleId> {
        self.rules()
            .filter(|rule| rule.secrets.iter().any(|p| p.covers(reference)))
            .map(|rule| rule.id.clone())
            .collect()
    }

    /// What a person should look at, in the order of the file. Only after [`Policy::bind`] and [`Policy::pin`].
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        warning::warnings(self)
    }

    /// The programs whose files have to hold something certain: a rule's line, the file, and its SHA-256. Only after
    /// [`Policy::pin`]; whoever reads files compares.
    #[must_use]
    pub fn digests(&self) -> BTreeSet<(usize, PathBuf, [u8; 32])> {
        let pinned = |rule: &Rule| {
            let program = rule.run.pinned()?.to_owned();
            Some((rule.line, program, rule.surroundings.sha256?))
        };
        self.rules().filter_map(pinned).collect()
    }

    /// The policy as a readable table, agent by agent.
    #[must_use]
    pub fn describe(&self) -> Description {
        description::describe(self)
    }

    /// What is granted to an agent that came here in this way.
    fn granted(&self, agent: &Agent) -> Option<&AgentPolicy> {
        let policy = self.agents.get(&agent.name)?;
        (agent.standing.proven || !policy.require_token).then_some(policy)
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.agents.values().flat_map(|agent| &agent.rules)
    }
}

impl AgentPolicy {
    /// The rules of the agent's own table, which come before those of its groups.
    fn own_rules(&self) -> &[Rule] {
        let own = self.rules.iter().take_while(|rule| rule.group.is_none());
        &self.rules[..own.count()]
    }

    /// Tells whether a line has an effect: a group's has none where the agent's own table speaks of the vault.
    fn holds(&self, grant: &VaultGrant) -> bool {
        let own = |other: &&VaultGrant| other.group.is_none();
        let speaks = |other: &VaultGrant| grant.bound.is_some() && other.bound == grant.bound;
        grant.group.is_none() || !self.vaults.iter().filter(own).any(speaks)
    }

    /// What the agent's own lines say of a vault holds, also if it is less; where they say nothing, what any of its groups
    /// grants. Two lines of one table for one vault (its name and its id) grant only what both do.
    fn rights(&self, vault: &VaultId) -> Rights {
        let about = || {
            let about = |grant: &&VaultGrant| grant.bound.as_ref() == Some(vault);
            self.vaults.iter().filter(about)
        };
        let of = |group: Option<&AgentName>| {
            about()
                .filter(|grant| grant.group.as_ref() == group)
                .map(|grant| grant.rights)
                .reduce(Rights::intersection)
        };
        of(None).unwrap_or_else(|| {
            about()
                .filter_map(|grant| of(grant.group.as_ref()))
                .fold(Rights::NONE, Rights::union)
        })
    }
}

/// Names are compared in lower case.
fn fold(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{FieldId, ItemId, reference::Named};

    const DEV: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const CI: &str = "cccccccccccccccccccccccccc";

    fn vault(id: &str, name: &str) -> Named<VaultId> {
        Named {
            id: VaultId::parse(id).unwrap(),
            name: name.into(),
        }
    }

    /// What agent `a` may do in the vault with the id [`DEV`].
    fn rights_in_dev(lines: &str, vaults: &[Named<VaultId>]) -> Rights {
        let mut policy = Policy::parse(&format!("[agents.a.vaults]\n{lines}"), None).unwrap();
        policy.bind(vaults);
        policy.rights(&agent("a", &[]), &VaultId::parse(DEV).unwrap())
    }

    fn agent(name: &str, default_roots: &[&str]) -> Caller {
        Caller::Agent(Agent {
            name: AgentName::parse(name).unwrap(),
            default_roots: default_roots.iter().map(PathBuf::from).collect(),
            client: None,
            standing: crate::access::Standing::default(),
        })
    }

    fn level(word: &str) -> Rights {
        Rights::level(word).unwrap()
    }

    #[test]
    fn a_vaults_name_is_bound_in_any_case_to_the_vault_that_has_it() {
        let vaults = [vault(DEV, "Dév"), vault(CI, "CI")];

        assert_eq!(rights_in_dev("\"DÉV\" = \"use\"", &vaults), level("use"));
        assert_eq!(rights_in_dev("CI = \"use\"", &vaults), Rights::NONE);
    }

    #[test]
    fn a_vaults_name_that_two_vaults_have_grants_nothing() {
        let vaults = [vault(DEV, "Dev"), vault(CI, "dev")];

        assert_eq!(rights_in_dev("Dev = \"use\"", &vaults), Rights::NONE);
        assert_eq!(
            rights_in_dev(&format!("{DEV} = \"use\""), &vaults),
            level("use")
        );
    }

    #[test]
    fn an_id_means_only_the_id() {
        let impostor = [vault(DEV, CI), vault(CI, "CI")];

        assert_eq!(
            rights_in_dev(&format!("{CI} = \"use\""), &impostor),
            Rights::NONE
        );
        assert_eq!(
            rights_in_dev(&format!("{CI} = \"use\""), &impostor[..1]),
            Rights::NONE
        );
    }

    #[test]
    fn two_lines_for_one_vault_grant_only_what_both_do() {
        let lines = format!("Dev = \"write\"\n{DEV} = [\"metadata\", \"delete\"]");

        let rights = rights_in_dev(&lines, &[vault(DEV, "Dev")]);

        assert_eq!(rights, level("read"));
    }

    #[test]
    fn binding_again_follows_a_renamed_vault() {
        let mut policy = Policy::parse("[agents.a.vaults]\nDev = \"use\"", None).unwrap();
        policy.bind(&[vault(DEV, "Dev")][..]);

        policy.bind(&[vault(DEV, "Old"), vault(CI, "Dev")][..]);

        let rights = |id| policy.rights(&agent("a", &[]), &VaultId::parse(id).unwrap());
        assert_eq!((rights(DEV), rights(CI)), (Rights::NONE, level("use")));
    }

    #[test]
    fn roots_are_the_policys_or_else_the_sessions() {
        let text = "[agents.a]\nroots = [\"/srv\"]\n[agents.b]\n[agents.c]\nroots = []";
        let policy = Policy::parse(text, None).unwrap();
        let roots = |name| {
            let Caller::Agent(agent) = agent(name, &["/home/ann"]) else {
                unreachable!("an agent was made");
            };
            policy.roots(&agent).to_vec()
        };

        assert_eq!(roots("a"), [PathBuf::from("/srv")]);
        assert_eq!(roots("b"), [PathBuf::from("/home/ann")]);
        assert_eq!(roots("c"), [] as [PathBuf; 0]);
        assert_eq!(roots("unknown"), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_new_name_that_moves_an_item_into_or_out_of_a_rule_shows_in_its_governing_rules() {
        let mut policy = Policy::parse(
            "[[agents.a.commands]]\nrun = 'x'\nsecrets = ['op://Dev/DB/*']\n\
             [[agents.b.commands]]\nrun = 'y'\nsecrets = ['op://Dev/*/password']",
            None,
        )
        .unwrap();
        policy.bind(&[vault(DEV, "Dev")][..]);
        let governing = |item: &str, field: &str| {
            let reference = ResolvedReference {
                vault: vault(DEV, "Dev"),
                item: Named {
                    id: ItemId::parse(CI).unwrap(),
                    name: item.into(),
                },
                section: None,
                field: Named {
                    id: FieldId::new("f"),
                    name: field.into(),
                },
            };
            policy
                .governing_rules(&reference)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };

        assert_eq!(governing("DB", "password"), ["rule 1 of a", "rule 1 of b"]);
        assert_eq!(governing("Other", "password"), ["rule 1 of b"]);
        assert_eq!(governing("Other", "user"), [] as [&str; 0]);
    }
}
