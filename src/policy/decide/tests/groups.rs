//! For every agent in any groups, and every run: against a reference that knows only what was written into the file.
//!
//! The reference does not read the policy: it works on what the text was made from, and spells every match out.

use proptest::prelude::*;

use super::*;

const LEVELS: [&str; 5] = ["off", "read", "use", "write", "full"];
const FIELDS: [&str; 4] = [
    "Dev/DB/password",
    "Dev/Stripe/password",
    "CI/DB/password",
    "Private/DB/password",
];

/// One table: an agent's own, or a group's.
#[derive(Clone, Debug)]
struct Table {
    dev: Option<&'static str>,
    ci: Option<&'static str>,
    rules: Vec<Line>,
}

/// One command rule.
#[derive(Clone, Debug)]
struct Line {
    run: &'static str,
    secrets: Vec<&'static str>,
    cwd: Vec<&'static str>,
    timeout: Option<u64>,
    set: Option<&'static str>,
    digest: Option<u8>,
    env: Vec<&'static str>,
    inherit: Vec<&'static str>,
    short: Option<&'static str>,
    plain: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Written {
    own: Option<Table>,
    /// Whether the agent is a member, and what the group's table says.
    groups: Vec<(bool, Table)>,
}

fn any_line() -> impl Strategy<Value = Line> {
    (
        prop::sample::select(vec!["npm test", "npm *", "npm **", "sh -c *", "**"]),
        prop::sample::subsequence(
            vec!["op://Dev/**", "op://*/DB/*", "op://Dev/DB/password"],
            0..3,
        ),
        prop::sample::subsequence(vec!["/home/ann/src", "/srv"], 0..3),
        prop::option::of(1_u64..3600),
        prop::option::of(prop::sample::select(vec!["a", "b"])),
        prop::option::of(any::<u8>()),
        prop::sample::subsequence(vec!["PG*", "*_PORT", "DEBUG", "PYTHONUTF8"], 0..3),
        prop::sample::subsequence(vec!["SSH_AUTH_SOCK", "DISPLAY"], 0..3),
        prop::option::of(prop::sample::select(vec!["withhold", "mask"])),
        prop::sample::subsequence(vec!["op://Dev/DB/host", "op://CI/**"], 0..3),
    )
        .prop_map(
            |(run, secrets, cwd, timeout, set, digest, env, inherit, short, plain)| Line {
                run,
                secrets,
                cwd,
                timeout,
                set,
                digest,
                env,
                inherit,
                short,
                plain,
            },
        )
}

fn any_table() -> impl Strategy<Value = Table> {
    let level = || prop::option::of(prop::sample::select(LEVELS.to_vec()));
    (level(), level(), prop::collection::vec(any_line(), 0..3)).prop_map(|(dev, ci, rules)| Table {
        dev,
        ci,
        rules,
    })
}

fn any_written() -> impl Strategy<Value = Written> {
    let groups = prop::collection::vec((any::<bool>(), any_table()), 0..3);
    (prop::option::of(any_table()), groups).prop_map(|(own, groups)| Written { own, groups })
}

impl Written {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(own) = &self.own {
            text += &own.text("agents.codex", "");
        }
        for (at, (member, table)) in self.groups.iter().enumerate() {
            let members = if *member { "'x', 'codex'" } else { "'x'" };
            text += &table.text(
                &format!("groups.g{at}"),
                &format!("members = [{members}]\n"),
            );
        }
        text
    }

    /// All tables that are about the agent, its own first.
    fn tables(&self) -> Vec<&Table> {
        let groups = self.groups.iter().filter(|(member, _)| *member);
        self.own
            .iter()
            .chain(groups.map(|(_, table)| table))
            .collect()
    }

    /// Whether the agent may use a vault: as its own table says; where that is silent, if any group lets it.
    fn uses(&self, vault: &str) -> bool {
        let says = |table: &Table| match vault {
            "Dev" => table.dev,
            "CI" => table.ci,
            _ => None,
        };
        let lets = |level: &str| matches!(level, "use" | "write" | "full");
        match self.own.as_ref().and_then(says) {
            Some(level) => lets(level),
            None => self.tables().into_iter().filter_map(says).any(lets),
        }
    }
}

impl Table {
    fn text(&self, name: &str, first: &str) -> String {
        let mut text = format!("[{name}]\n{first}");
        text += &format!("[{name}.vaults]\n");
        for (vault, level) in [("Dev", self.dev), ("CI", self.ci)] {
            text += &level.map_or(String::new(), |level| format!("{vault} = '{level}'\n"));
        }
        for line in &self.rules {
            text += &format!("[[{name}.commands]]\nrun = '{}'\n", line.run);
            text += &format!("secrets = {:?}\ncwd = {:?}\n", line.secrets, line.cwd);
            text += &format!(
                "env = {:?}\ninherit = {:?}\nplain = {:?}\n",
                line.env, line.inherit, line.plain
            );
            if let Some(short) = line.short {
                text += &format!("short_values = '{short}'\n");
            }
            if let Some(timeout) = line.timeout {
                text += &format!("timeout_seconds = {timeout}\n");
            }
            if let Some(set) = line.set {
                text += &format!("set = {{ A = '{set}' }}\n");
            }
            if let Some(digest) = line.digest {
                text += &format!("sha256 = '{}'\n", format!("{digest:02x}").repeat(32));
            }
        }
        text
    }
}

impl Line {
    fn has(&self, command: &str, field: &str) -> bool {
        let command = match self.run {
            "npm test" => command == "npm test",
            "npm *" => command == "npm test" || command == "npm run",
            "npm **" => command.starts_with("npm"),
            "sh -c *" => command == "sh -c x",
            _ => true,
        };
        let secret = |pattern: &&str| match *pattern {
            "op://Dev/**" => field.starts_with("Dev/"),
            "op://*/DB/*" => field.contains("/DB/"),
            _ => field == "Dev/DB/password",
        };
        command && (field.is_empty() || self.secrets.iter().any(secret))
    }
}

/// What is decided: the number of the rule, and all that it says of how the program starts and what comes back.
#[derive(Debug, PartialEq)]
struct Found {
    number: u32,
    timeout: Option<u64>,
    set: Option<String>,
    digest: Option<u8>,
    inherit: Vec<String>,
    masks: bool,
    plain: Vec<String>,
}

/// The plain variables that a run may set, with what of `env` lets it; the last is a loader's.
const VARIABLES: [(&str, &[&str]); 5] = [
    ("PGHOST", &["PG*"]),
    ("DB_PORT", &["*_PORT"]),
    ("DEBUG", &["DEBUG"]),
    ("DEBUG_X", &[]),
    ("LD_PRELOAD", &[]),
];

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn slow(
    written: &Written,
    command: &str,
    fields: &[&str],
    cwd: &str,
    variables: &[(&str, &[&str])],
) -> Option<Found> {
    for field in fields {
        if !written.uses(field.split('/').next().unwrap()) {
            return None;
        }
    }
    let tables = written.tables();
    let lines = tables.iter().flat_map(|table| &table.rules);
    for (number, line) in (1..).zip(lines) {
        let nothing = [""];
        let fields = if fields.is_empty() { &nothing } else { fields };
        if fields.iter().all(|field| line.has(command, field)) {
            let here = line.cwd.is_empty() || line.cwd.iter().any(|it| cwd.starts_with(it));
            let lets = |by: &[&str]| by.iter().any(|it| line.env.contains(it));
            let set = variables.iter().all(|(_, by)| lets(by));
            return (here && set).then(|| Found {
                number,
                timeout: line.timeout,
                set: line.set.map(str::to_owned),
                digest: line.digest,
                inherit: owned(&line.inherit),
                masks: line.short == Some("mask"),
                plain: owned(&line.plain),
            });
        }
    }
    None
}

proptest! {
    #[test]
    fn for_every_agent_in_any_groups_the_decision_is_that_of_a_reference_that_reads_no_policy(
        written in any_written(),
        command in prop::sample::select(vec!["npm", "npm test", "npm run", "npm test x", "sh -c x"]),
        fields in prop::sample::subsequence(FIELDS.to_vec(), 0..3),
        cwd in prop::sample::select(vec!["/home/ann/src", "/srv/deep", "/tmp"]),
        variables in prop::sample::subsequence(VARIABLES.to_vec(), 0..2),
    ) {
        let policy = policy(&written.text());
        let names = variables.iter().map(|(name, _)| *name).collect();
        let run = Wanted { cwd: Some(cwd), variables: names, ..wanted(command, &fields) };

        let decision = run.decide(&policy);

        let found = match &decision {
            Decision::Allowed(permit) => {
                let Permit { surroundings, .. } = permit;
                Some(Found {
                    number: rule_number(&decision).unwrap(),
                    timeout: permit.timeout.map(|timeout| timeout.as_secs()),
                    set: surroundings.set.first().map(|(_, text)| text.clone()),
                    digest: surroundings.sha256.map(|digest| digest[0]),
                    inherit: surroundings.inherit.clone(),
                    masks: permit.short_values == ShortValues::Mask,
                    plain: permit.plain.iter().map(|it| it.as_str().to_owned()).collect(),
                })
            }
            _ => None,
        };
        let expected = slow(&written, command, &fields, cwd, &variables);
        prop_assert_eq!(found, expected, "{}", written.text());
    }

    #[test]
    fn for_every_run_what_is_explained_is_what_is_decided(
        written in any_written(),
        command in prop::sample::select(vec!["npm test", "npm run", "sh -c x"]),
        fields in prop::sample::subsequence(FIELDS.to_vec(), 0..3),
    ) {
        use crate::policy::Finding;

        let policy = policy(&written.text());
        let run = wanted(command, &fields);

        let explained = run.explain(&policy);

        let deciding = explained.rules.iter().filter(|found| found.finding == Finding::Decides);
        let deciding: Vec<u32> = deciding.map(|found| found.rule.id.number).collect();
        prop_assert!(deciding.len() <= 1);
        prop_assert_eq!(&explained.decision, &run.decide(&policy));
        if let Some(rule) = explained.decision.rule() {
            prop_assert_eq!(deciding, vec![rule.id.number]);
        }
        let unusable = explained.unusable().count() > 0;
        prop_assert_eq!(unusable, fields.iter().any(|field| !written.uses(field.split('/').next().unwrap())));
    }
}
