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
    )
        .prop_map(|(run, secrets, cwd, timeout, set, digest)| Line {
            run,
            secrets,
            cwd,
            timeout,
            set,
            digest,
        })
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

/// What is decided: the number of the rule, its time-out, what it sets, and its digest.
type Found = (u32, Option<u64>, Option<&'static str>, Option<u8>);

fn slow(written: &Written, command: &str, fields: &[&str], cwd: &str) -> Option<Found> {
    for field in fields {
        if !written.uses(field.split('/').next().unwrap()) {
            return None;
        }
    }
    let mut number = 0;
    for line in written.tables().iter().flat_map(|table| &table.rules) {
        number += 1;
        let nothing = [""];
        let fields = if fields.is_empty() { &nothing } else { fields };
        if fields.iter().all(|field| line.has(command, field)) {
            let here = line.cwd.is_empty() || line.cwd.iter().any(|it| cwd.starts_with(it));
            return here.then_some((number, line.timeout, line.set, line.digest));
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
    ) {
        let policy = policy(&written.text());
        let run = Wanted { cwd: Some(cwd), ..wanted(command, &fields) };

        let decision = run.decide(&policy);

        let found = match &decision {
            Decision::Allowed(permit) => Some((
                rule_number(&decision).unwrap(),
                permit.timeout.map(|timeout| timeout.as_secs()),
                permit.surroundings.set.first().map(|(_, text)| text.clone()),
                permit.surroundings.sha256.map(|digest| digest[0]),
            )),
            _ => None,
        };
        let expected = slow(&written, command, &fields, cwd);
        let expected = expected.map(|(number, timeout, set, digest)| (number, timeout, set.map(str::to_owned), digest));
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
