//! Changes to the policy file's text that keep its comments and its order.
//!
//! Pure: text in, text out. Writing it to disk, atomically and with the right mode, is the caller's.

use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use crate::{
    access::AgentName,
    policy::{
        AgentPolicy, Approve, CommandPattern, CommandPatternError, Glob, OutputMode, Policy,
        PolicyError, ReferencePattern, ReferencePatternError, Rights, Rule, caution, fold,
    },
};

mod agents;
mod starter;

pub use agents::{add_agent, rename_agent};
pub use starter::starter;

/// A rule to add with [`allow_command`].
#[derive(Clone, Debug, Default)]
pub struct NewRule {
    /// The command pattern as one text, split as a shell splits words.
    pub run: String,
    /// Reference patterns.
    pub secrets: Vec<String>,
    /// Patterns of plain variables' names.
    pub env: Vec<String>,
    /// How much of the output comes back; `None` writes nothing, which means `full`.
    pub output: Option<OutputMode>,
}

/// Why the text is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The command is no pattern.
    #[error("`{text}` is no command pattern: {source}")]
    Command {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: CommandPatternError,
    },
    /// There is an agent of that name.
    #[error("the policy has an agent `{0}` already; choose another name")]
    Exists(AgentName),
    /// The policy that is there can't be read, or could not be after the change.
    #[error("the policy is left as it is: {0}")]
    Policy(#[from] PolicyError),
    /// A reference is no pattern.
    #[error("`{text}` is no reference pattern: {source}")]
    Secrets {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: ReferencePatternError,
    },
}

/// Sets an agent's rights in a vault; the agent is added if it is not there. `vault` is what
/// [`super::KnownVaults::spelling`] says. The same again changes nothing.
///
/// # Errors
/// [`EditError::Policy`] when the text is no policy.
pub fn allow_vault(
    text: &str,
    agent: &AgentName,
    vault: &str,
    rights: Rights,
) -> Result<String, EditError> {
    checked(text)?;
    let mut document = parsed(text);
    let vaults = table(agent_table(&mut document, agent), "vaults");

    grant(vaults, vault, rights);

    finished(&document)
}

/// Sets an agent's rights with an environment, by its name or id; the agent is added if it is not there. The same again
/// changes nothing.
///
/// # Errors
/// [`EditError::Policy`] when the text is no policy, or would be none.
pub fn allow_environment(
    text: &str,
    agent: &AgentName,
    environment: &str,
    rights: Rights,
) -> Result<String, EditError> {
    checked(text)?;
    let mut document = parsed(text);
    let environments = table(agent_table(&mut document, agent), "environments");
    grant(environments, environment, rights);
    finished(&document)
}

/// Adds a command rule for an agent; the agent is added if it is not there. What a rule allows already changes nothing; a
/// rule with the same command and references gets the variables that it lacks and the output mode; else the new rule is put
/// at the end, or before the first one that would decide in its place.
///
/// # Errors
/// [`EditError`] when the text is no policy or the rule is malformed.
pub fn allow_command(text: &str, agent: &AgentName, rule: &NewRule) -> Result<String, EditError> {
    let run = CommandPattern::parse(&rule.run).map_err(|source| EditError::Command {
        text: rule.run.clone(),
        source,
    })?;
    let secrets = rule.secrets.iter().map(|text| {
        ReferencePattern::parse(text).map_err(|source| EditError::Secrets {
            text: text.clone(),
            source,
        })
    });
    let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
    let policy = checked(text)?;
    let rules = policy
        .agents
        .get(agent)
        .map_or(&[][..], AgentPolicy::own_rules);
    let deciding = rules.iter().position(|known| known.shadows(&run, &secrets));
    if deciding.is_some_and(|at| allows(&rules[at], &run, rule)) {
        return Ok(text.to_owned());
    }

    let mut document = parsed(text);
    let commands = agent_table(&mut document, agent)
        .entry("commands")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    match deciding {
        Some(at) if is_same(&rules[at], &run, rule) => extend(nth(commands, at), rule),
        Some(at) => insert(commands, at, written(&run, rule)),
        None => insert(commands, rules.len(), written(&run, rule)),
    }

    finished(&document)
}

/// Puts rights in the line of a name, however that is spelt there.
fn grant(table: &mut dyn TableLike, name: &str, rights: Rights) {
    let known = table.iter().map(|(key, _)| key.to_owned());
    let known: Vec<_> = known.filter(|key| fold(key) == fold(name)).collect();
    let key = known.first().map_or(name, String::as_str);
    put(table, key, rights_value(rights));
}

/// Tells whether the rule that decides allows all that the new one would.
fn allows(known: &Rule, run: &CommandPattern, new: &NewRule) -> bool {
    let asks_nobody = known.approve == Approve::Never || known.run.elements() == run.elements();
    asks_nobody
        && new.env.iter().all(|wanted| has_variable(known, wanted))
        && new.output.is_none_or(|output| output == known.output)
}

/// Tells whether a rule is about the same command and the same references.
fn is_same(known: &Rule, run: &CommandPattern, new: &NewRule) -> bool {
    let mut before: Vec<_> = known.secrets.iter().map(ReferencePattern::as_str).collect();
    let mut after: Vec<_> = new.secrets.iter().map(String::as_str).collect();
    before.sort_unstable();
    after.sort_unstable();
    after.dedup();
    known.run.elements() == run.elements() && before == after
}

fn has_variable(known: &Rule, wanted: &str) -> bool {
    let open = caution(wanted).is_none() || wanted.contains('*');
    let covers = |pattern: &Glob| pattern.as_str() == wanted || open && pattern.covers(wanted);
    known.env.iter().any(covers)
}

fn extend(rule: &mut dyn TableLike, new: &NewRule) {
    let env = rule
        .entry("env")
        .or_insert_with(|| Item::Value(Array::new().into()));
    if let Some(env) = env.as_array_mut() {
        for name in &new.env {
            if !env.iter().any(|known| known.as_str() == Some(name)) {
                env.push(name);
            }
        }
    }
    if rule
        .get("env")
        .and_then(Item::as_array)
        .is_some_and(Array::is_empty)
    {
        rule.remove("env");
    }
    if let Some(output) = new.output {
        put(rule, "output", output.as_str().into());
    }
}

fn written(run: &CommandPattern, rule: &NewRule) -> Table {
    let mut table = Table::new();
    put(&mut table, "run", list(&run.elements()));
    if !rule.secrets.is_empty() {
        put(&mut table, "secrets", list(&rule.secrets));
    }
    if !rule.env.is_empty() {
        put(&mut table, "env", list(&rule.env));
    }
    if let Some(output) = rule.output {
        put(&mut table, "output", output.as_str().into());
    }
    table
}

/// A level where there is one, else a list of rights.
fn rights_value(rights: Rights) -> Value {
    match rights.as_level() {
        Some(level) => level.into(),
        None => list(
            &rights
                .iter()
                .map(|right| right.as_str())
                .collect::<Vec<_>>(),
        ),
    }
}

fn list<T: AsRef<str>>(words: &[T]) -> Value {
    words.iter().map(AsRef::as_ref).collect::<Array>().into()
}

/// Puts a value in place of another, whose spaces and comment stay.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(before) => {
            *value.decor_mut() = before.decor().clone();
            *before = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// The agent's table, made if it is not there: without a header of its own, for only its subtables have something to say.
fn agent_table<'d>(document: &'d mut DocumentMut, agent: &AgentName) -> &'d mut dyn TableLike {
    let agents = implicit(document.as_table_mut(), "agents");
    implicit(agents, agent.as_str())
}

fn implicit<'t>(parent: &'t mut dyn TableLike, key: &str) -> &'t mut dyn TableLike {
    let entry = parent.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    entry
        .as_table_like_mut()
        .expect("the text was read as a policy")
}

fn table<'t>(parent: &'t mut dyn TableLike, key: &str) -> &'t mut dyn TableLike {
    let entry = parent
        .entry(key)
        .or_insert_with(|| Item::Table(Table::new()));
    entry
        .as_table_like_mut()
        .expect("the text was read as a policy")
}

fn nth(commands: &mut Item, at: usize) -> &mut dyn TableLike {
    let rule: Option<&mut dyn TableLike> = match commands {
        Item::ArrayOfTables(rules) => rules.get_mut(at).map(|rule| rule as _),
        other => other
            .as_array_mut()
            .and_then(|rules| rules.get_mut(at))
            .and_then(Value::as_inline_table_mut)
            .map(|rule| rule as _),
    };
    rule.expect("the text was read as a policy")
}

/// Puts a rule before the one that stands at `at`, or at the end.
fn insert(commands: &mut Item, at: usize, mut rule: Table) {
    match commands {
        Item::ArrayOfTables(rules) => {
            // Tables are written in the order of their positions; of two with the same, the first comes first.
            rule.set_position(rules.get(at).and_then(Table::position));
            let mut reordered: Vec<_> = std::mem::take(rules).into_iter().collect();
            reordered.insert(at, rule);
            rules.extend(reordered);
        }
        other => other
            .as_array_mut()
            .expect("the text was read as a policy")
            .insert(at, rule.into_inline_table()),
    }
}

fn checked(text: &str) -> Result<Policy, EditError> {
    Ok(Policy::parse(text, Some(Path::new("/")))?)
}

fn parsed(text: &str) -> DocumentMut {
    text.parse().expect("the text was read as a policy")
}

/// A change must never leave a file behind that is no policy.
fn finished(document: &DocumentMut) -> Result<String, EditError> {
    let text = document.to_string();
    checked(&text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const SHOP: &str = r#"# our agents

[agents.codex.vaults] # bound to ids
Dev = "use" # for now

# the database
[[agents.codex.commands]]
run = ["psql", "--file", "*"]
secrets = ["op://Dev/DB/*"] # only this

[agents.gemini] # not yet
"#;

    fn codex() -> AgentName {
        AgentName::parse("codex").unwrap()
    }

    fn rule(run: &str, secrets: &[&str], env: &[&str]) -> NewRule {
        NewRule {
            run: run.into(),
            secrets: secrets.iter().map(|&text| text.into()).collect(),
            env: env.iter().map(|&text| text.into()).collect(),
            output: None,
        }
    }

    #[test]
    fn a_right_is_changed_in_its_place_and_comments_stay() {
        let text = allow_vault(SHOP, &codex(), "dev", Rights::parse("write").unwrap()).unwrap();

        assert_eq!(text, SHOP.replace("\"use\"", "\"write\""));
    }

    #[test]
    fn a_vault_and_a_rule_are_added_where_they_belong() {
        let text = allow_vault(
            SHOP,
            &codex(),
            "My CI",
            Rights::parse("metadata,create").unwrap(),
        )
        .unwrap();
        let text = allow_command(
            &text,
            &codex(),
            &rule("npm run *", &["op://Dev/*"], &["CI"]),
        )
        .unwrap();

        assert_snapshot!(text, @r#"
        # our agents

        [agents.codex.vaults] # bound to ids
        Dev = "use" # for now
        "My CI" = ["metadata", "create"]

        # the database
        [[agents.codex.commands]]
        run = ["psql", "--file", "*"]
        secrets = ["op://Dev/DB/*"] # only this

        [[agents.codex.commands]]
        run = ["npm", "run", "*"]
        secrets = ["op://Dev/*"]
        env = ["CI"]

        [agents.gemini] # not yet
        "#);
    }

    #[test]
    fn an_environment_is_added_and_changed_like_a_vault() {
        let write = Rights::parse("write").unwrap();
        let text = allow_environment(SHOP, &codex(), "staging", Rights::parse("use").unwrap());
        let text = allow_environment(&text.unwrap(), &codex(), "Staging", write).unwrap();

        assert_snapshot!(text, @r#"
        # our agents

        [agents.codex.vaults] # bound to ids
        Dev = "use" # for now

        # the database
        [[agents.codex.commands]]
        run = ["psql", "--file", "*"]
        secrets = ["op://Dev/DB/*"] # only this

        [agents.codex.environments]
        staging = "write"

        [agents.gemini] # not yet
        "#);
        assert!(allow_environment(SHOP, &codex(), "a=b", write).is_err());
    }

    #[test]
    fn an_agent_that_is_not_there_is_added() {
        let agent = AgentName::parse("new.one").unwrap();

        let text = allow_vault("", &agent, "Dev", Rights::parse("use").unwrap()).unwrap();
        let text = allow_command(&text, &agent, &rule("**", &["op://Dev/**"], &[])).unwrap();

        assert_snapshot!(text, @r#"
        [agents."new.one".vaults]
        Dev = "use"

        [[agents."new.one".commands]]
        run = ["**"]
        secrets = ["op://Dev/**"]
        "#);
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let wide = rule("npm run *", &["op://Dev/*", "op://CI/*"], &["A"]);
        let once = allow_command(SHOP, &codex(), &wide).unwrap();
        let once = allow_vault(&once, &codex(), "CI", Rights::parse("full").unwrap()).unwrap();

        let twice = allow_command(&once, &codex(), &wide).unwrap();
        let twice =
            allow_command(&twice, &codex(), &rule("npm run *", &["op://CI/*"], &[])).unwrap();
        let twice = allow_vault(&twice, &codex(), "CI", Rights::parse("full").unwrap()).unwrap();

        assert_ne!(once, SHOP);
        assert_eq!(twice, once);
    }

    #[test]
    fn a_variable_joins_the_rule_that_it_is_for() {
        let new = rule("psql --file *", &["op://Dev/DB/*"], &["PGHOST"]);

        let text = allow_command(SHOP, &codex(), &new).unwrap();

        assert_eq!(
            text,
            SHOP.replace("# only this\n", "# only this\nenv = [\"PGHOST\"]\n")
        );
    }

    #[test]
    fn what_is_allowed_is_not_decided_by_an_earlier_rule() {
        let wide = "[[agents.codex.commands]]\nrun = [\"**\"]\nsecrets = [\"op://**\"]\noutput = \"none\"\n";
        let mut new = rule("npm *", &["op://Dev/DB/*"], &[]);
        assert_eq!(
            allow_command(wide, &codex(), &new).unwrap(),
            wide,
            "allowed already"
        );

        new.output = Some(OutputMode::Full);
        let text = allow_command(wide, &codex(), &new).unwrap();

        assert_snapshot!(text, @r#"
        [[agents.codex.commands]]
        run = ["npm", "*"]
        secrets = ["op://Dev/DB/*"]
        output = "full"
        [[agents.codex.commands]]
        run = ["**"]
        secrets = ["op://**"]
        output = "none"
        "#);
    }

    #[test]
    fn inline_tables_are_edited_too() {
        let text =
            r#"agents = { codex = { vaults = { Dev = "use" }, commands = [{ run = "x" }] } }"#;

        let text = allow_vault(text, &codex(), "CI", Rights::parse("read").unwrap()).unwrap();
        let text = allow_command(&text, &codex(), &rule("y", &[], &["A"])).unwrap();
        let text = allow_command(&text, &codex(), &rule("x", &[], &["B"])).unwrap();

        assert_snapshot!(text, @r#"agents = { codex = { vaults = { Dev = "use" , CI = "read" }, commands = [{ run = "x" , env = ["B"] }, { run = ["y"], env = ["A"] }] } }"#);
    }

    #[test]
    fn what_is_malformed_is_refused_and_nothing_is_written() {
        let broken = allow_vault("[agents", &codex(), "Dev", Rights::ALL);
        let command = allow_command("", &codex(), &rule("a ** b", &[], &[]));
        let secrets = allow_command("", &codex(), &rule("a", &["Dev"], &[]));
        let variable = allow_command("", &codex(), &rule("a", &[], &["A=B"]));

        assert!(matches!(broken, Err(EditError::Policy(_))));
        assert!(matches!(command, Err(EditError::Command { .. })));
        assert!(matches!(secrets, Err(EditError::Secrets { .. })));
        assert!(matches!(variable, Err(EditError::Policy(_))));
    }
}
