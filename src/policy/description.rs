//! The policy as a table for people.

use std::fmt;

use crate::{
    limits::Limits,
    policy::{Policy, Right, Rights, Rule, Surroundings, Unbound, VaultGrant},
};

/// The policy, agent by agent; `Display` prints the table of `hushkey policy show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where programs are looked up.
    pub path: Vec<String>,
    /// The agents, in order of name.
    pub agents: Vec<AgentDescription>,
}

/// What one agent may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDescription {
    /// Its name.
    pub name: String,
    /// Whether its name counts only where a token proves it.
    pub require_token: bool,
    /// Paths that it names lie beneath these; `None` when the session says.
    pub roots: Option<Vec<String>>,
    /// Its rights, vault by vault.
    pub vaults: Vec<VaultDescription>,
    /// Its rights, environment by environment.
    pub environments: Vec<EnvironmentDescription>,
    /// Its command rules, in order.
    pub rules: Vec<RuleDescription>,
}

/// What an agent may do in one vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultDescription {
    /// The vault's name or id, as the policy has it.
    pub vault: String,
    /// The rights that are written there.
    pub rights: Rights,
    /// The group that they come from, if they are not the agent's own.
    pub group: Option<String>,
    /// Why they grant nothing, if they don't.
    pub unbound: Option<Unbound>,
}

/// What an agent may do with one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentDescription {
    /// The environment's name or id, as the policy has it.
    pub environment: String,
    /// The rights that are written there.
    pub rights: Rights,
    /// Whether there is such an environment; else only `create` means something.
    pub there: bool,
}

/// One command rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDescription {
    /// Its number.
    pub number: u32,
    /// Its command pattern.
    pub command: String,
    /// The program's path; `None` when any program is meant or it was not found.
    pub program: Option<String>,
    /// Its reference patterns.
    pub secrets: Vec<String>,
    /// All else that it says, in words: `output tail`.
    pub terms: Vec<String>,
}

pub(super) fn describe(policy: &Policy) -> Description {
    let agents = policy.agents.iter().map(|(name, agent)| AgentDescription {
        name: name.to_string(),
        require_token: agent.require_token,
        roots: agent.roots.as_ref().map(|roots| {
            roots
                .iter()
                .map(|root| root.display().to_string())
                .collect()
        }),
        vaults: agent
            .vaults
            .iter()
            .filter(|grant| agent.holds(grant))
            .map(|grant| describe_grant(policy, grant))
            .collect(),
        environments: agent
            .environments
            .iter()
            .map(|grant| EnvironmentDescription {
                environment: grant.key.clone(),
                rights: grant.rights,
                there: policy.environments.called(&grant.key).is_ok(),
            })
            .collect(),
        rules: agent.rules.iter().map(describe_rule).collect(),
    });
    Description {
        path: policy
            .path
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
        agents: agents.collect(),
    }
}

fn describe_grant(policy: &Policy, grant: &VaultGrant) -> VaultDescription {
    VaultDescription {
        vault: grant.key.clone(),
        rights: grant.rights,
        group: grant.group.as_ref().map(ToString::to_string),
        unbound: policy.known.called(&grant.key).err(),
    }
}

fn describe_rule(rule: &Rule) -> RuleDescription {
    let mut terms = Vec::new();
    if !rule.env.is_empty() {
        let names: Vec<_> = rule.env.iter().map(ToString::to_string).collect();
        terms.push(format!("may set {}", names.join(", ")));
    }
    terms.push(format!("output {}", rule.output));
    if rule.approve != crate::policy::Approve::Never {
        let by = rule.approve_by.map(|by| format!(" ({})", by.as_str()));
        let by = by.unwrap_or_default();
        terms.push(format!("approve {}{by}", rule.approve.as_str()));
    }
    if rule.require_reason {
        terms.push("needs a reason".to_owned());
    }
    if rule.short_values != crate::policy::ShortValues::default() {
        terms.push(format!("short values: {}", rule.short_values.as_str()));
    }
    if !rule.plain.is_empty() {
        let plain: Vec<_> = rule.plain.iter().map(ToString::to_string).collect();
        terms.push(format!("shows {} if it is no secret", plain.join(", ")));
    }
    if let Some(timeout) = rule.timeout {
        terms.push(format!("at most {} s", timeout.as_secs()));
    }
    if rule.limits != Limits::default() {
        terms.push(format!("at most {}", rule.limits));
    }
    if !rule.cwd.is_empty() {
        let cwd = rule.cwd.iter().map(|cwd| cwd.display().to_string());
        terms.push(format!("in {}", cwd.collect::<Vec<_>>().join(" or ")));
    }
    surroundings(rule, &mut terms);
    if let Some(group) = &rule.group {
        terms.push(format!("from group {group}"));
    }
    if rule.run.program().is_some() && rule.run.pinned().is_none() {
        terms.push("program not found".to_owned());
    }
    RuleDescription {
        number: rule.id.number,
        command: rule.run.to_string(),
        program: rule.run.pinned().map(|path| path.display().to_string()),
        secrets: rule.secrets.iter().map(ToString::to_string).collect(),
        terms,
    }
}

fn surroundings(rule: &Rule, terms: &mut Vec<String>) {
    let Surroundings {
        inherit,
        set,
        sha256,
    } = &rule.surroundings;
    if !set.is_empty() {
        let set: Vec<_> = set.iter().map(|(name, _)| name.as_str()).collect();
        terms.push(format!("sets {}", set.join(", ")));
    }
    if !inherit.is_empty() {
        terms.push(format!("takes {} from hushkey", inherit.join(", ")));
    }
    if let Some(digest) = sha256 {
        let hex = data_encoding::HEXLOWER.encode(&digest[..6]);
        terms.push(format!("only while its file is {hex}…"));
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "programs are looked up in {}", self.path.join(":"))?;
        if self.agents.is_empty() {
            writeln!(f, "\nno agent may do anything")?;
        }
        for agent in &self.agents {
            write!(f, "\n{agent}")?;
        }
        Ok(())
    }
}

impl fmt::Display for AgentDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        if self.require_token {
            writeln!(f, "  name      counts only with its token")?;
        }
        match &self.roots {
            None => writeln!(f, "  files     where it was started, or beneath")?,
            Some(roots) if roots.is_empty() => writeln!(f, "  files     none")?,
            Some(roots) => writeln!(f, "  files     beneath {}", roots.join(", "))?,
        }
        let width = self
            .vaults
            .iter()
            .map(|vault| vault.vault.chars().count())
            .max();
        let width = width.unwrap_or_default();
        for (at, vault) in self.vaults.iter().enumerate() {
            let head = if at == 0 { "vaults" } else { "" };
            writeln!(f, "  {head:8}  {:width$}  {vault}", vault.vault)?;
        }
        for (at, it) in self.environments.iter().enumerate() {
            let head = if at == 0 { "uses" } else { "" };
            writeln!(f, "  {head:8}  the environment {}  {it}", it.environment)?;
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let head = if at == 0 { "commands" } else { "" };
            writeln!(f, "  {head:8}  {rule}")?;
        }
        Ok(())
    }
}

impl fmt::Display for VaultDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rights: Vec<_> = self.rights.iter().map(Right::as_str).collect();
        match (self.rights.as_level(), self.unbound) {
            (_, Some(Unbound::Ambiguous)) => f.write_str("nothing: several vaults have this name"),
            (_, Some(Unbound::Unknown)) => f.write_str("nothing: there is no such vault"),
            (Some("off"), None) => f.write_str("off"),
            (Some(level), None) => write!(f, "{level}: {}", rights.join(", ")),
            (None, None) => f.write_str(&rights.join(", ")),
        }?;
        match &self.group {
            Some(group) => write!(f, " (group {group})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for EnvironmentDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.there, self.rights.has(Right::Create)) {
            (true, _) => write!(f, "{}", self.rights),
            (false, true) => write!(f, "{}: may make it, there is none yet", self.rights),
            (false, false) => f.write_str("nothing: there is no such environment"),
        }
    }
}

impl fmt::Display for RuleDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.number, self.command)?;
        if self.secrets.is_empty() {
            f.write_str(" without secrets")?;
        } else {
            write!(f, " with {}", self.secrets.join(", "))?;
        }
        write!(f, "; {}", self.terms.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use insta::assert_snapshot;

    use super::*;
    use crate::{
        policy::KnownVaults,
        vault::{VaultId, reference::Named},
    };

    #[test]
    fn a_policy_is_shown_as_a_table() {
        let text = r#"
            path = ["/usr/bin", "/bin"]
            [agents.codex]
            roots = ["~/src/shop"]
            [agents.codex.vaults]
            Dev = "use"
            "My CI" = ["metadata", "create"]
            Gone = "full"
            [[agents.codex.commands]]
            run = "psql --file *"
            secrets = ["op://Dev/DB/**"]
            env = ["PG*"]
            output = "tail"
            timeout_seconds = 600
            cwd = "~/src/shop/db"
            [[agents.codex.commands]]
            run = "missing"
            approve = "always"
            [agents.default]
            require_token = true
        "#;
        let mut policy = Policy::parse(text, Some(std::path::Path::new("/home/ann"))).unwrap();
        let vaults = ["Dev", "My CI"].map(|name| Named {
            id: VaultId::random(),
            name: name.into(),
        });
        policy.bind(vaults.into_iter().collect::<KnownVaults>());
        policy.pin(&|name| (name != "missing").then(|| PathBuf::from("/usr/bin").join(name)));

        assert_snapshot!(policy.describe(), @"
        programs are looked up in /usr/bin:/bin

        codex
          files     beneath /home/ann/src/shop
          vaults    Dev    use: metadata, use
                    My CI  metadata, create
                    Gone   nothing: there is no such vault
          commands  1. psql --file * with op://Dev/DB/**; may set PG*; output tail; at most 600 s; in /home/ann/src/shop/db
                    2. missing without secrets; output full; approve always; program not found

        default
          name      counts only with its token
          files     where it was started, or beneath
        ");
    }

    #[test]
    fn an_empty_policy_says_so() {
        let policy = Policy::parse("path = [\"/bin\"]", None).unwrap();

        assert_snapshot!(policy.describe(), @"
        programs are looked up in /bin

        no agent may do anything
        ");
    }
}
