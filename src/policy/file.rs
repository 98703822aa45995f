//! The policy file's form: TOML in, [`Policy`] or an error with line and hint out.
//!
//! The tables are walked by hand, for every mistake is to be told with its place and with what was
//! probably meant. A key that is not known is refused: a misspelt restriction must not be a missing one.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Component, Path, PathBuf},
};

use toml_edit::{Array, Document, Item, TableLike, Value};

use crate::{
    access::AgentName,
    policy::{
        AgentPolicy, ApproveBy, CONFIRMED, KnownEnvironments, KnownVaults, Policy, Right, Rights,
        RuleId, VaultGrant, environments::EnvironmentGrant, fold, rights::LEVEL_WORDS,
    },
    vault::{EnvironmentId, EnvironmentName, environment::NotAnEnvironmentName},
};

/// Where programs are looked up when the file does not say.
const DEFAULT_PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Why a policy file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}{}", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
pub struct PolicyError {
    /// Where, from 1.
    pub line: usize,
    /// Where in the line, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead, if that can be told.
    pub hint: Option<String>,
}

mod groups;
mod rule;
mod surroundings;

type Result<T> = std::result::Result<T, PolicyError>;

/// A place in the text, in bytes, where it is known.
type Span = Option<Range<usize>>;

pub(super) fn parse(text: &str, home: Option<&Path>) -> Result<Policy> {
    let file = File { text, home };
    let document =
        Document::parse(text).map_err(|error| file.error(error.span(), error.message()))?;
    file.policy(document.as_table())
}

/// The text that spans point into, and what `~` stands for.
struct File<'a> {
    text: &'a str,
    home: Option<&'a Path>,
}

impl File<'_> {
    fn policy(&self, table: &dyn TableLike) -> Result<Policy> {
        self.only_known(table, &["path", "agents", "groups"])?;
        let path = match table.get("path") {
            Some(item) => self.each(item, |value| self.directory(value))?,
            None => DEFAULT_PATH.map(PathBuf::from).to_vec(),
        };
        let mut agents = BTreeMap::new();
        for (name, item) in self.entries(table, "agents")? {
            let place = place_of_key(self.table(table.get("agents"))?, name);
            let name =
                AgentName::parse(name).map_err(|error| self.error(place, &error.to_string()))?;
            let agent = self.agent(&name, item, &[])?;
            agents.insert(name, agent);
        }
        let groups = self.groups(table)?;
        groups::joined(&groups, &mut agents);
        Ok(Policy {
            path,
            agents,
            groups,
            known: KnownVaults::default(),
            environments: KnownEnvironments::default(),
        })
    }

    /// One agent's table, or a group's, which has `more` keys.
    fn agent(&self, name: &AgentName, item: &Item, more: &[&str]) -> Result<AgentPolicy> {
        let table = self.table(Some(item))?;
        let known = [
            "roots",
            "require_token",
            "vaults",
            "environments",
            "commands",
            "confirm",
            "approve_by",
            "require_reason",
        ];
        self.only_known(table, &[&known, more].concat())?;
        let roots = table
            .get("roots")
            .map(|item| self.each(item, |value| self.directory(value)))
            .transpose()?;
        let mut rules = Vec::new();
        for (table, span) in self.commands(table.get("commands"))? {
            let number = u32::try_from(rules.len() + 1).unwrap_or(u32::MAX);
            let id = RuleId {
                agent: name.clone(),
                number,
            };
            rules.push(self.rule(id, table, span)?);
        }
        let require_token = match table.get("require_token") {
            None => false,
            Some(item) => item.as_bool().ok_or_else(|| {
                self.error(
                    item.span(),
                    "`require_token` is true or false, without quotes",
                )
            })?,
        };
        Ok(AgentPolicy {
            require_token,
            roots,
            vaults: self.vaults(table)?,
            environments: self.environments(table)?,
            rules,
            confirm: self.confirmed(table)?,
            approve_by: self.maybe(table, "approve_by", &ApproveBy::WORDS, ApproveBy::read)?,
            require_reason: self.yes_or_no(table, "require_reason")?,
            groups: Vec::new(),
        })
    }

    fn vaults(&self, agent: &dyn TableLike) -> Result<Vec<VaultGrant>> {
        let mut grants: Vec<VaultGrant> = Vec::new();
        for (key, item) in self.entries(agent, "vaults")? {
            let place = place_of_key(self.table(agent.get("vaults"))?, key);
            if let Some(first) = grants.iter().find(|grant| fold(&grant.key) == fold(key)) {
                let message = format!("the vault `{key}` stands in line {} already", first.line);
                return Err(self.error(place, &message));
            }
            grants.push(VaultGrant {
                line: self.line(place),
                group: None,
                key: key.to_owned(),
                rights: self.rights(item)?,
                bound: None,
            });
        }
        Ok(grants)
    }

    fn environments(&self, agent: &dyn TableLike) -> Result<Vec<EnvironmentGrant>> {
        let mut grants: Vec<EnvironmentGrant> = Vec::new();
        for (key, item) in self.entries(agent, "environments")? {
            let place = place_of_key(self.table(agent.get("environments"))?, key);
            if let Some(first) = grants.iter().find(|grant| fold(&grant.key) == fold(key)) {
                let message = format!(
                    "the environment `{key}` stands in line {} already",
                    first.line
                );
                return Err(self.error(place, &message));
            }
            let named = EnvironmentName::parse(key).is_ok() || EnvironmentId::parse(key).is_ok();
            if !named {
                return Err(self.error(place, &NotAnEnvironmentName.to_string()));
            }
            grants.push(EnvironmentGrant::new(
                self.line(place),
                key,
                self.rights(item)?,
            ));
        }
        Ok(grants)
    }

    /// A level, or a list of rights.
    fn rights(&self, item: &Item) -> Result<Rights> {
        if let Some(word) = item.as_str() {
            return Rights::level(word)
                .ok_or_else(|| self.unknown(item.span(), "level", word, &LEVEL_WORDS));
        }
        let words = Right::ALL.map(Right::as_str);
        let rights = self.each(item, |value| {
            let word = self.text(value)?;
            Right::read(word).ok_or_else(|| self.unknown(value.span(), "right", word, &words))
        })?;
        Ok(rights.into_iter().fold(Rights::NONE, Rights::with))
    }

    /// The writes that a person is asked about.
    fn confirmed(&self, table: &dyn TableLike) -> Result<Rights> {
        let Some(item) = table.get("confirm") else {
            return Ok(CONFIRMED);
        };
        let words = Right::WRITES.map(Right::as_str);
        let rights = self.each(item, |value| {
            let word = self.text(value)?;
            Right::read(word)
                .filter(|right| right.writes())
                .ok_or_else(|| self.unknown(value.span(), "word", word, &words))
        })?;
        Ok(rights.into_iter().fold(Rights::NONE, Rights::with))
    }

    /// An absolute directory, or one beneath `~`.
    fn directory(&self, value: &Value) -> Result<PathBuf> {
        let text = self.text(value)?;
        let path = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = self.home.ok_or_else(|| {
                    self.error(
                        value.span(),
                        "the home directory is not known here, so `~` means nothing",
                    )
                    .with_hint("write the path in full")
                })?;
                home.join(rest.trim_start_matches('/'))
            }
            _ => PathBuf::from(text),
        };
        let climbs = path.components().any(|part| part == Component::ParentDir);
        if path.is_absolute() && !climbs {
            Ok(path)
        } else {
            let message = format!("`{text}` is no absolute path without `..`");
            Err(self
                .error(value.span(), &message)
                .with_hint("begin it with `/` or `~/`"))
        }
    }

    fn word<T: Default>(
        &self,
        table: &dyn TableLike,
        key: &str,
        words: &[&str],
        read: fn(&str) -> Option<T>,
    ) -> Result<T> {
        Ok(self.maybe(table, key, words, read)?.unwrap_or_default())
    }

    fn maybe<T>(
        &self,
        table: &dyn TableLike,
        key: &str,
        words: &[&str],
        read: fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(item) = table.get(key) else {
            return Ok(None);
        };
        let word = item
            .as_str()
            .ok_or_else(|| self.error(item.span(), &format!("`{key}` is a word")))?;
        let known = read(word);
        known
            .map(Some)
            .ok_or_else(|| self.unknown(item.span(), "word", word, words))
    }

    fn yes_or_no(&self, table: &dyn TableLike, key: &str) -> Result<bool> {
        table.get(key).map_or(Ok(false), |item| {
            item.as_bool()
                .ok_or_else(|| self.error(item.span(), &format!("`{key}` is `true` or `false`")))
        })
    }

    /// The rules, written as `[[…commands]]` or as an array of inline tables.
    fn commands<'t>(&self, item: Option<&'t Item>) -> Result<Vec<(&'t dyn TableLike, Span)>> {
        match item {
            None => Ok(Vec::new()),
            Some(Item::ArrayOfTables(tables)) => Ok(tables
                .iter()
                .map(|table| (table as &dyn TableLike, table.span()))
                .collect()),
            Some(item) => {
                let inline = item.as_array().and_then(|array| {
                    array
                        .iter()
                        .map(|value| {
                            let table = value.as_inline_table()?;
                            Some((table as &dyn TableLike, value.span()))
                        })
                        .collect()
                });
                inline.ok_or_else(|| {
                    self.error(item.span(), "`commands` is a list of rules")
                        .with_hint("begin each with `[[agents.NAME.commands]]`")
                })
            }
        }
    }

    fn entries<'t>(&self, table: &'t dyn TableLike, key: &str) -> Result<Vec<(&'t str, &'t Item)>> {
        match table.get(key) {
            None => Ok(Vec::new()),
            Some(item) => Ok(self.table(Some(item))?.iter().collect()),
        }
    }

    fn table<'t>(&self, item: Option<&'t Item>) -> Result<&'t dyn TableLike> {
        item.and_then(Item::as_table_like)
            .ok_or_else(|| self.error(item.and_then(Item::span), "a table has to stand here"))
    }

    fn optional<T>(
        &self,
        table: &dyn TableLike,
        key: &str,
        read: impl Fn(&Value) -> Result<T>,
    ) -> Result<Vec<T>> {
        table
            .get(key)
            .map_or(Ok(Vec::new()), |item| self.each(item, read))
    }

    fn each<T>(&self, item: &Item, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
        item.as_array()
            .map(Array::iter)
            .ok_or_else(|| self.error(item.span(), "a list has to stand here, as in `[\"…\"]`"))?
            .map(read)
            .collect()
    }

    fn text<'v>(&self, value: &'v Value) -> Result<&'v str> {
        value
            .as_str()
            .ok_or_else(|| self.error(value.span(), "a text in quotes has to stand here"))
    }

    fn only_known(&self, table: &dyn TableLike, known: &[&str]) -> Result<()> {
        match table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(self.unknown(place_of_key(table, key), "key", key, known)),
        }
    }

    fn unknown(&self, span: Span, noun: &str, found: &str, known: &[&str]) -> PolicyError {
        let hint = match nearest(found, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        self.error(span, &format!("unknown {noun} `{found}`"))
            .with_hint(&hint)
    }

    fn error(&self, span: Span, message: &str) -> PolicyError {
        let before = span.map_or("", |span| self.text.get(..span.start).unwrap_or(self.text));
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        PolicyError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.to_owned(),
            hint: None,
        }
    }

    fn line(&self, span: Span) -> usize {
        self.error(span, "").line
    }
}

impl PolicyError {
    fn with_hint(self, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            ..self
        }
    }
}

fn place_of_key(table: &dyn TableLike, key: &str) -> Span {
    table.key(key).and_then(toml_edit::Key::span)
}

/// The known word that is at most two slips away.
fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|word| {
            (
                strsim::damerau_levenshtein(&found.to_lowercase(), word),
                *word,
            )
        })
        .filter(|(slips, word)| *slips <= 2 && *slips < word.len())
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        limits::Limits,
        policy::{Approve, OutputMode},
    };

    fn refusal(text: &str) -> String {
        parse(text, Some(Path::new("/home/ann")))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_whole_form_is_understood() {
        let policy = parse(
            r#"
            path = ["/usr/bin", "~/bin"]
            [agents.codex]
            roots = ["~/src/shop"]
            confirm = ["create", "delete"]
            approve_by = "local"
            require_reason = true
            [agents.codex.vaults]
            Dev = "use"
            CI = ["metadata", "create"]
            [[agents.codex.commands]]
            run = ["psql", "--file", "*"]
            secrets = ["op://Dev/**"]
            env = ["PG*"]
            approve = "once"
            approve_by = "any"
            require_reason = true
            output = "tail"
            timeout_seconds = 600
            limits = { cpu_seconds = 60, file_mib = 100, memory_mib = 2048, processes = 64 }
            cwd = "~"
            [[agents.codex.commands]]
            run = "npm run *"
            "#,
            Some(Path::new("/home/ann")),
        )
        .unwrap();

        let codex = &policy.agents[&AgentName::parse("codex").unwrap()];
        assert_eq!(
            policy.path,
            ["/usr/bin", "/home/ann/bin"].map(PathBuf::from)
        );
        assert_eq!(codex.roots, Some(vec![PathBuf::from("/home/ann/src/shop")]));
        assert_eq!(codex.vaults[0].rights.to_string(), "use");
        assert_eq!(codex.vaults[1].rights.to_string(), "metadata,create");
        let rule = &codex.rules[0];
        assert_eq!(codex.confirm.to_string(), "create,delete");
        assert_eq!(codex.approve_by, Some(ApproveBy::Local));
        assert!(codex.require_reason && rule.require_reason);
        assert_eq!(rule.approve_by, Some(ApproveBy::Any));
        assert!(!codex.rules[1].require_reason);
        assert_eq!((rule.line, rule.id.number), (11, 1));
        assert_eq!(rule.run.to_string(), "psql --file *");
        assert_eq!(rule.timeout, Some(Duration::from_secs(600)));
        let limits = Limits {
            cpu: Some(Duration::from_secs(60)),
            file: Some(100 << 20),
            memory: Some(2 << 30),
            processes: Some(64),
        };
        assert_eq!(
            (rule.limits, codex.rules[1].limits),
            (limits, Limits::default())
        );
        assert_eq!(
            (rule.approve, rule.output),
            (Approve::Once, OutputMode::Tail)
        );
        assert_eq!(rule.cwd, [PathBuf::from("/home/ann")]);
        assert_eq!(codex.rules[1].run.to_string(), "npm run *");
        assert_eq!(codex.rules[1].output, OutputMode::Full);
    }

    #[test]
    fn an_empty_file_is_a_policy_that_grants_nothing() {
        let policy = parse("", None).unwrap();

        assert!(policy.agents.is_empty());
        assert_eq!(policy.path.len(), DEFAULT_PATH.len());
    }

    #[test]
    fn a_misspelt_restriction_is_refused_with_its_place_and_what_was_meant() {
        assert_snapshot!(
            refusal("[[agents.a.commands]]\nrun = \"x\"\n  aprove = \"always\""),
            @"line 3, column 3: unknown key `aprove`; did you mean `approve`?"
        );
        assert_snapshot!(refusal("[agents.a.vaults]\nDev = \"usee\""), @"line 2, column 7: unknown level `usee`; did you mean `use`?");
        assert_snapshot!(refusal("[agents.a.vaults]\nDev = [\"metadata\", \"reveal\"]"), @"line 2, column 20: unknown right `reveal`; known are metadata, use, create, update, delete, files");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"x\"\noutput = \"tial\""), @"line 3, column 10: unknown word `tial`; did you mean `tail`?");
        assert_snapshot!(refusal("[agents.a]\nconfirm = [\"use\"]"), @"line 2, column 12: unknown word `use`; known are create, update, delete, files");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"x\"\napprove_by = \"locally\""), @"line 3, column 14: unknown word `locally`; did you mean `local`?");
        assert_snapshot!(refusal("[agents.a]\nrequire_reason = \"yes\""), @"line 2, column 18: `require_reason` is `true` or `false`");
        assert_snapshot!(refusal("[agent.a]"), @"line 1, column 2: unknown key `agent`; did you mean `agents`?");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        assert_snapshot!(refusal("[agents.\"a b\"]"), @"line 1, column 9: an agent's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `owner`");
        assert_snapshot!(refusal("[agents.a]\nroots = [\"src\"]"), @"line 2, column 10: `src` is no absolute path without `..`; begin it with `/` or `~/`");
        assert_snapshot!(refusal("[agents.a]\nroots = [\"~/../b\"]"), @"line 2, column 10: `~/../b` is no absolute path without `..`; begin it with `/` or `~/`");
        assert_snapshot!(refusal("[agents.a.vaults]\nDev = \"use\"\ndev = \"off\""), @"line 3, column 1: the vault `dev` stands in line 2 already");
        assert_snapshot!(refusal("[[agents.a.commands]]\nsecrets = []"), @r#"line 1, column 1: a command rule needs `run`; for example `run = ["npm", "test"]`"#);
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = [\"a\", \"**\", \"b\"]"), @"line 2, column 7: `**` stands for the rest of the arguments, so it has to be the last element");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\nsecrets = [\"Dev\"]"), @"line 3, column 12: a reference pattern begins with `op://`, as in `op://Dev/**`");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\nsecrets = \"op://**\""), @r#"line 3, column 11: a list has to stand here, as in `["…"]`"#);
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\ntimeout_seconds = 0"), @"line 3, column 19: a time-out is a number of seconds from 1 to 3600");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\nlimits = { processes = 0 }"), @"line 3, column 24: `processes` is a number from 1 to 1000000");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\nlimits = { memory = 1 }"), @"line 3, column 12: unknown key `memory`; known are cpu_seconds, file_mib, memory_mib, processes");
        assert_snapshot!(refusal("[[agents.a.commands]]\nrun = \"a\"\nenv = [\"A=B\"]"), @"line 3, column 8: a variable's name has letters, digits and `_`, and `*` for any of them");
        assert_snapshot!(refusal("[agents.a\n"), @"line 1, column 10: unclosed table, expected `]`");
        assert_snapshot!(parse("path = [\"~/bin\"]", None).unwrap_err(), @"line 1, column 9: the home directory is not known here, so `~` means nothing; write the path in full");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_policy_panic(text in ".{0,80}") {
            let _ = parse(&text, None);
        }

        #[test]
        fn no_value_in_any_place_makes_the_policy_panic(
            key in "path|roots|require_token|vaults|commands|confirm|run|secrets|env|approve|approve_by|require_reason|output|timeout_seconds|limits|cwd",
            value in r#"1|true|"x"|\[\]|\[1\]|\{\}|\{a=1\}|\[\{\}\]|"""#,
        ) {
            for table in ["", "[agents]", "[agents.a]", "[agents.a.vaults]", "[[agents.a.commands]]\nrun='x'"] {
                let _ = parse(&format!("{table}\n{key} = {value}"), None);
            }
        }
    }
}
