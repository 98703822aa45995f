//! What a person should look at in a policy: lines without effect, and holes.

use std::{fmt, path::Path};

use crate::{
    access::AgentName,
    policy::{
        AgentPolicy, Approve, Caution, Glob, KnownVaults, Policy, ReferencePattern, Right, Rule,
        ShortValues, Unbound, VaultGrant, caution,
    },
};

/// Programs that do whatever their arguments or their input say.
const INTERPRETERS: &str = "ash awk bash bun busybox csh dash deno docker elixir env erl expect fish find gawk gdb \
    groovy guile irb java jshell julia ksh lua mawk nawk nice node nodejs nohup npx osascript parallel perl php pnpx \
    podman powershell pwsh python R Rscript ruby scala sed setsid sh ssh stdbuf strace su sudo tclsh time timeout \
    uvx vi vim watch wish xargs zsh";

/// Programs that do what files of the project say, which an agent can usually change.
const PROJECT_RUNNERS: &str = "ant bazel bundle cargo cmake composer ctest dotnet go gradle gradlew gulp just mage make \
    meson mix mvn mvnw ninja nox npm pdm pip pnpm poetry pre-commit pytest rake sbt task terraform tox tofu turbo uv yarn";

/// Something in the policy that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line of the policy file, from 1.
    pub line: usize,
    /// What it is about.
    pub hole: Hole,
    /// A sentence for a person.
    pub message: String,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Hole {
    /// Several vaults have the name, so it grants nothing.
    AmbiguousVault,
    /// A rule gives secrets to any program.
    AnyProgram,
    /// A rule asks for a person's approval, which can't be asked for yet.
    Approval,
    /// A group has no members, so it grants nothing.
    EmptyGroup,
    /// A rule gives secrets to an interpreter or a shell, with arguments of the agent's choice.
    Interpreter,
    /// A later rule gives to any program what an earlier one holds back.
    Laxer,
    /// A rule lets the agent set any plain variable of a program that has secrets.
    OpenVariables,
    /// A program was not found, so its rule matches nothing.
    ProgramNotFound,
    /// A rule gives secrets to a program that does what files of the project say.
    ProjectRunner,
    /// A right lets values be written to files that the agent can read.
    Reveals,
    /// A rule gives secrets of a vault in which the agent lacks the right `use`.
    RightLacking,
    /// Values that are too short for a mark are masked all the same.
    ShortValues,
    /// Two lines are about the same vault; what both grant holds.
    TwiceGranted,
    /// No environment has the name, so it grants nothing.
    UnknownEnvironment,
    /// No vault has the name, so it grants nothing.
    UnknownVault,
    /// An earlier rule decides all that this one would.
    Unreachable,
    /// A variable is named that is never taken from an agent.
    VariableNeverTaken,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

pub(super) fn warnings(policy: &Policy) -> Vec<Warning> {
    let mut found = Findings {
        known: &policy.known,
        warnings: Vec::new(),
    };
    for (name, agent) in &policy.agents {
        for (at, grant) in agent.vaults.iter().enumerate() {
            found.grant(grant, &agent.vaults[..at]);
        }
        for grant in &agent.environments {
            let there = policy.environments.called(&grant.key).is_ok();
            if !there && !grant.rights.has(Right::Create) {
                let message = format!(
                    "there is no environment `{}`, so it grants nothing",
                    grant.key
                );
                found.add(grant.line, Hole::UnknownEnvironment, message);
            }
        }
        for (at, rule) in agent.rules.iter().enumerate() {
            found.lacking(name, agent, rule);
            found.holes(rule);
            found.earlier(rule, &agent.rules[..at]);
        }
    }
    for group in policy
        .groups
        .iter()
        .filter(|group| group.members.is_empty())
    {
        let message = format!(
            "the group `{}` has no members, so it grants nothing",
            group.name
        );
        found.add(group.line, Hole::EmptyGroup, message);
    }
    found
        .warnings
        .sort_by_key(|warning| (warning.line, warning.hole));
    found.warnings
}

struct Findings<'p> {
    known: &'p KnownVaults,
    warnings: Vec<Warning>,
}

impl Findings<'_> {
    fn add(&mut self, line: usize, hole: Hole, message: String) {
        let warning = Warning {
            line,
            hole,
            message,
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn vault(&mut self, line: usize, name: &str) {
        match self.known.called(name) {
            Err(Unbound::Ambiguous) => {
                let message = format!(
                    "several vaults are called `{name}`, so it grants nothing; write the id"
                );
                self.add(line, Hole::AmbiguousVault, message);
            }
            Err(Unbound::Unknown) => {
                let message = format!("there is no vault `{name}`, so it grants nothing");
                self.add(line, Hole::UnknownVault, message);
            }
            Ok(_) => {}
        }
    }

    fn grant(&mut self, grant: &VaultGrant, before: &[VaultGrant]) {
        let key = &grant.key;
        self.vault(grant.line, key);
        let same = |other: &&VaultGrant| grant.bound.is_some() && grant.bound == other.bound;
        if let Some(other) = before.iter().find(same) {
            let message = format!(
                "`{key}` is the vault of line {} too; only what both lines grant holds",
                other.line
            );
            self.add(grant.line, Hole::TwiceGranted, message);
        }
        if grant.rights.has(Right::Files) {
            let message = format!(
                "the right `files` in `{key}` lets the agent have values written to files that it can read"
            );
            self.add(grant.line, Hole::Reveals, message);
        }
    }

    /// What keeps a rule from having an effect.
    fn lacking(&mut self, agent_name: &AgentName, agent: &AgentPolicy, rule: &Rule) {
        if let Some(program) = rule.run.program().filter(|_| rule.run.pinned().is_none()) {
            let message = format!(
                "the program `{program}` was not found on the policy's path, so this rule matches nothing"
            );
            self.add(rule.line, Hole::ProgramNotFound, message);
        }
        if rule.approve == Approve::Never && rule.approve_by.is_some() {
            let message = "`approve_by` has no effect where nobody is asked: set `approve` to `once` or `always`";
            self.add(rule.line, Hole::Approval, message.to_owned());
        }
        for variable in &rule.env {
            if let Some(Caution::Never(why)) = never_taken(variable) {
                let message =
                    format!("the variable `{variable}` is never taken from an agent: it {why}");
                self.add(rule.line, Hole::VariableNeverTaken, message);
            }
        }
        for pattern in &rule.secrets {
            let Some(name) = pattern.vault_name() else {
                continue;
            };
            self.vault(rule.line, name);
            let vault = self.known.called(name).ok();
            if vault.is_some_and(|vault| !agent.rights(&vault.id).has(Right::Use)) {
                let message = format!(
                    "`{pattern}` has no effect: {agent_name} lacks the right `use` in `{name}`"
                );
                self.add(rule.line, Hole::RightLacking, message);
            }
        }
    }

    /// What an agent could do with a rule that its author may not have meant.
    fn holes(&mut self, rule: &Rule) {
        if rule.secrets.is_empty() {
            return;
        }
        let secrets = list(&rule.secrets);
        let Some(program) = rule.run.program() else {
            let message = format!(
                "any program may have {secrets}; that includes shells, which can send them anywhere"
            );
            return self.add(rule.line, Hole::AnyProgram, message);
        };
        let open = rule.run.leaves_arguments_open();
        if open && is_one_of(program, INTERPRETERS) {
            let message = format!(
                "`{program}` does whatever its arguments say, and the agent chooses them: it can send {secrets} anywhere"
            );
            self.add(rule.line, Hole::Interpreter, message);
        } else if is_one_of(program, PROJECT_RUNNERS) {
            let message = format!(
                "`{program}` does what files of the project say: whoever can change those can send {secrets} anywhere"
            );
            self.add(rule.line, Hole::ProjectRunner, message);
        }
        if rule.short_values == ShortValues::Mask {
            let message = format!(
                "output comes back also where one of {secrets} is so short that the place of its mark tells it"
            );
            self.add(rule.line, Hole::ShortValues, message);
        }
        if rule.env.iter().any(Glob::is_any) {
            let message = format!(
                "the agent may set any variable of `{program}`, for example which server it sends {secrets} to"
            );
            self.add(rule.line, Hole::OpenVariables, message);
        }
    }

    /// How a rule stands to those before it.
    fn earlier(&mut self, rule: &Rule, before: &[Rule]) {
        let shadow = before
            .iter()
            .find(|earlier| earlier.shadows(&rule.run, &rule.secrets));
        if let Some(earlier) = shadow {
            let number = earlier.id.number;
            let message = format!(
                "rule {number} (line {}) decides all that this one would",
                earlier.line
            );
            return self.add(rule.line, Hole::Unreachable, message);
        }
        let stricter = before.iter().find(|earlier| {
            rule.run.is_anything()
                && !earlier.secrets.is_empty()
                && rule.hands_out(&earlier.secrets)
                && (rule.output > earlier.output || rule.approve < earlier.approve)
        });
        if let Some(earlier) = stricter {
            let number = earlier.id.number;
            let message = format!(
                "any program may have what rule {number} (line {}) gives to one more strictly: the agent has only to choose another",
                earlier.line
            );
            self.add(rule.line, Hole::Laxer, message);
        }
    }
}

fn never_taken(variable: &Glob) -> Option<Caution> {
    if variable.is_open() {
        return None;
    }
    caution(variable.as_str())
}

/// Compares a program's name without its version: `python3.11` is `python`.
fn is_one_of(program: &str, names: &str) -> bool {
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str());
    let name = name.unwrap_or(program);
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    names
        .split_whitespace()
        .any(|known| known == name || known == stem)
}

fn list(patterns: &[ReferencePattern]) -> String {
    let patterns: Vec<_> = patterns.iter().map(|p| format!("`{p}`")).collect();
    patterns.join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use insta::assert_snapshot;

    use super::*;
    use crate::vault::{VaultId, reference::Named};

    fn warned(text: &str) -> String {
        let mut policy = Policy::parse(text, None).unwrap();
        let vaults = ["Dev", "CI", "Twin", "twin"];
        let named = |name: &str| Named {
            id: VaultId::parse(&format!("{:a<26}", name.to_lowercase())).unwrap(),
            name: name.into(),
        };
        policy.bind(
            vaults
                .iter()
                .map(|name| named(name))
                .collect::<KnownVaults>(),
        );
        policy.pin(&|name| (name != "missing").then(|| PathBuf::from("/usr/bin").join(name)));
        let lines: Vec<_> = policy.warnings().iter().map(Warning::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn a_narrow_policy_is_not_warned_of() {
        let text = r#"
            [agents.codex.vaults]
            Dev = "use"
            [[agents.codex.commands]]
            run = "psql --file *"
            secrets = ["op://Dev/DB/*"]
            env = ["PGHOST"]
            [[agents.codex.commands]]
            run = "psql --list"
            secrets = ["op://Dev/DB/*"]
        "#;

        assert_eq!(warned(text), "");
    }

    #[test]
    fn lines_without_effect_are_told() {
        let text = r#"
            [agents.codex.vaults]
            dev = "use"
            devaaaaaaaaaaaaaaaaaaaaaaa = "read"
            Gone = "use"
            Twin = "use"
            CI = "read"
            [[agents.codex.commands]]
            run = "missing"
            env = ["LD_PRELOAD"]
            [[agents.codex.commands]]
            run = "psql"
            approve_by = "local"
            secrets = ["op://CI/**", "op://Gone/**"]
            [[agents.codex.commands]]
            run = "psql"
            secrets = ["op://CI/DB/*"]
            [agents.codex.environments]
            gone = "use"
            new = "write"
        "#;

        assert_snapshot!(warned(text), @"
        line 4: `devaaaaaaaaaaaaaaaaaaaaaaa` is the vault of line 3 too; only what both lines grant holds
        line 5: there is no vault `Gone`, so it grants nothing
        line 6: several vaults are called `Twin`, so it grants nothing; write the id
        line 8: the program `missing` was not found on the policy's path, so this rule matches nothing
        line 8: the variable `LD_PRELOAD` is never taken from an agent: it makes programs load other code
        line 11: `approve_by` has no effect where nobody is asked: set `approve` to `once` or `always`
        line 11: `op://CI/**` has no effect: codex lacks the right `use` in `CI`
        line 11: there is no vault `Gone`, so it grants nothing
        line 15: `op://CI/DB/*` has no effect: codex lacks the right `use` in `CI`
        line 15: rule 2 (line 11) decides all that this one would
        line 19: there is no environment `gone`, so it grants nothing
        ");
    }

    #[test]
    fn holes_are_told() {
        let text = r#"
            [agents.codex.vaults]
            Dev = "full"
            [[agents.codex.commands]]
            run = "psql --file *"
            secrets = ["op://Dev/DB/*"]
            env = ["*"]
            output = "none"
            short_values = "mask"
            [[agents.codex.commands]]
            run = "python3.11 -c *"
            secrets = ["op://Dev/Stripe/*"]
            [[agents.codex.commands]]
            run = "npm test"
            secrets = ["op://Dev/Stripe/*"]
            [[agents.codex.commands]]
            run = "**"
            secrets = ["op://Dev/**"]
        "#;

        assert_snapshot!(warned(text), @"
        line 3: the right `files` in `Dev` lets the agent have values written to files that it can read
        line 4: the agent may set any variable of `psql`, for example which server it sends `op://Dev/DB/*` to
        line 4: output comes back also where one of `op://Dev/DB/*` is so short that the place of its mark tells it
        line 10: `python3.11` does whatever its arguments say, and the agent chooses them: it can send `op://Dev/Stripe/*` anywhere
        line 13: `npm` does what files of the project say: whoever can change those can send `op://Dev/Stripe/*` anywhere
        line 16: any program may have `op://Dev/**`; that includes shells, which can send them anywhere
        line 16: any program may have what rule 1 (line 4) gives to one more strictly: the agent has only to choose another
        ");
    }
}
