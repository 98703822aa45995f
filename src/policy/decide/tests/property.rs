//! For every policy and every run.

use proptest::prelude::*;

use super::*;
use crate::policy::ApproveBy;

fn any_policy() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["off", "read", "use", "write", "full"]);
    let rule = (
        prop::sample::select(vec![
            "**", "*", "npm test", "npm *", "npm **", "sh -c *", "missing",
        ]),
        prop::sample::subsequence(
            vec![
                "op://Dev/DB/**",
                "op://Dev/*/password",
                "op://CI/**",
                "op://**",
            ],
            0..3,
        ),
        prop::sample::subsequence(vec!["*", "PG*", "DEBUG"], 0..2),
        prop::sample::select(vec!["never", "never", "once", "always"]),
        prop::sample::select(vec!["", "approve_by = 'any'\n", "approve_by = 'local'\n"]),
        prop::bool::weighted(0.2),
        prop::sample::select(vec!["full", "none"]),
    );
    let agent = (
        prop::sample::select(vec!["", "approve_by = 'local'\n"]),
        prop::bool::weighted(0.2),
        prop::sample::select(vec![
            "",
            "confirm = []\n",
            "confirm = ['create', 'files']\n",
        ]),
    );
    (
        agent,
        level.clone(),
        level,
        prop::collection::vec(rule, 0..4),
    )
        .prop_map(|((by, reason, confirm), dev, ci, rules)| {
            let mut text = format!(
                "[agents.codex]\n{by}{confirm}require_reason = {reason}\n\
                 [agents.codex.vaults]\nDev = {dev:?}\nCI = {ci:?}\n"
            );
            for (run, secrets, env, approve, by, reason, output) in rules {
                text += &format!(
                    "[[agents.codex.commands]]\nrun = {run:?}\nsecrets = {secrets:?}\nenv = {env:?}\n\
                     approve = {approve:?}\n{by}require_reason = {reason}\noutput = {output:?}\n"
                );
            }
            text
        })
}

fn any_run() -> impl Strategy<Value = Wanted> {
    let fields = vec![
        "Dev/DB/password",
        "Dev/Stripe/password",
        "Dev/DB/user",
        "CI/DB/password",
        "Private/DB/password",
    ];
    (
        prop::sample::select(vec!["npm", "npm test", "npm test x", "sh -c x", "env"]),
        prop::sample::subsequence(fields.clone(), 0..3),
        prop::sample::subsequence(fields, 0..2),
        prop::sample::subsequence(vec!["PGHOST", "DEBUG", "LD_PRELOAD"], 0..2),
        any::<bool>(),
    )
        .prop_map(|(command, secrets, origins, variables, reasoned)| Wanted {
            origins: if secrets.is_empty() { vec![] } else { origins },
            variables,
            reasoned,
            ..wanted(command, &secrets)
        })
}

/// Who is asked before a run: nobody, or a person by these ways, who may want it remembered.
type Asked = Option<(Option<ApproveBy>, bool)>;

/// The decision once more, slowly and in the words of the documentation.
fn slow(policy: &Policy, run: &Wanted) -> Option<(u32, OutputMode, Asked)> {
    let codex = policy.agents.get(&AgentName::parse("codex").unwrap())?;
    let mut words = run.command.split(' ').map(str::to_owned);
    let program = resolve(&words.next().unwrap())?;
    let arguments: Vec<_> = words.collect();
    let mut all_fields = Vec::new();
    for path in run.secrets.iter().chain(&run.origins) {
        all_fields.push(field(path));
    }

    for name in &run.variables {
        if caution(name).is_some() {
            return None;
        }
    }
    for field in &all_fields {
        if !codex.rights(&field.vault.id).has(Right::Use) {
            return None;
        }
    }
    for rule in &codex.rules {
        let mut covered = rule.run.covers(&program, &arguments);
        for field in &all_fields {
            let mut by_one = false;
            for pattern in &rule.secrets {
                by_one |= pattern.covers(field);
            }
            covered &= by_one;
        }
        if covered {
            let variables = run
                .variables
                .iter()
                .all(|name| rule.env.iter().any(|pattern| pattern.covers(name)));
            let wants_reason = rule.require_reason || codex.require_reason;
            let reasoned = run.reasoned || !wants_reason;
            let by = match rule.approve_by {
                Some(by) => Some(by),
                None => codex.approve_by,
            };
            let asked = match rule.approve {
                Approve::Never => None,
                Approve::Once => Some((by, true)),
                Approve::Always => Some((by, false)),
            };
            return (variables && reasoned).then_some((rule.id.number, rule.output, asked));
        }
    }
    None
}

proptest! {
    #[test]
    fn for_every_policy_and_run_the_decision_is_that_of_a_slow_reference(text in any_policy(), run in any_run()) {
        let policy = policy(&text);

        let decision = run.decide(&policy);

        let found = match &decision {
            Decision::Allowed(permit) => {
                rule_number(&decision).map(|number| (number, permit.output, None))
            }
            Decision::Asks(asking) => rule_number(&decision)
                .map(|number| (number, asking.permit.output, Some((asking.by, asking.once)))),
            Decision::Denied(_) => None,
        };
        prop_assert_eq!(found, slow(&policy, &run));
    }

    #[test]
    fn for_every_policy_a_write_is_asked_about_exactly_where_confirm_says_so(
        text in any_policy(),
        right in prop::sample::select(Right::ALL.to_vec()),
        vault_name in prop::sample::select(vec!["Dev", "CI", "Private"]),
        reasoned in any::<bool>(),
    ) {
        let policy = policy(&text);
        let codex = &policy.agents[&AgentName::parse("codex").unwrap()];
        let named = vault(vault_name);

        let action = Action::Vault { vault: &named, right, reasoned };
        let decision = policy.decide(&agent("codex"), &action, Timestamp::UNIX_EPOCH);

        let is_write = !matches!(right, Right::Metadata | Right::Use);
        let silent = is_write && codex.require_reason && !reasoned;
        let has = codex.rights(&named.id).has(right) && !silent;
        let confirmed = if text.contains("confirm = []") {
            false
        } else if text.contains("confirm") {
            matches!(right, Right::Create | Right::Files)
        } else {
            right == Right::Delete
        };
        prop_assert_eq!(matches!(decision, Decision::Denied(_)), !has);
        prop_assert_eq!(matches!(decision, Decision::Asks(_)), has && confirmed);
    }

    #[test]
    fn for_every_policy_and_run_a_pass_stands_in_for_right_and_rule_and_for_nothing_else(
        text in any_policy(),
        run in any_run(),
        kept_back in any::<bool>(),
    ) {
        let plain = policy(&text);
        let codex = AgentName::parse("codex").unwrap();
        let mut items: Vec<_> = run.secrets.iter().chain(&run.origins).map(|path| {
            let field = field(path);
            (field.vault.id, field.item.id)
        }).collect();
        items.sort();
        items.dedup();
        let kept = if kept_back { items.pop() } else { None };

        let passed = plain.clone().with_pass(&codex, &items);
        let decision = run.decide(&passed);

        // Every field is of an item that the pass names: only what is demanded of all runs is left.
        if kept.is_none() {
            let silent = plain.agents[&codex].require_reason && !run.reasoned;
            let allowed = run.variables.is_empty() && !silent;
            prop_assert_eq!(matches!(decision, Decision::Allowed(_)), allowed, "{:?}", decision);
            prop_assert!(!matches!(decision, Decision::Asks(_)));
        } else if rule_number(&decision).is_some_and(|number| number == 0) {
            prop_assert!(false, "a field of another item was handed out: {:?}", decision);
        }
        // Nobody else has anything of it.
        let claude = AgentName::parse("claude").unwrap();
        prop_assert!(!passed.agents.contains_key(&claude));
    }

    #[test]
    fn the_remedy_is_the_exact_command_that_allows_what_was_refused(text in any_policy(), run in any_run()) {
        let mut text = text;
        // A rule that matches for the first time may have demands of its own: one more round for each.
        for _ in 0..4 {
            let Decision::Denied(refusal) = run.decide(&policy(&text)) else {
                return Ok(());
            };
            prop_assert_ne!(&refusal.cause, &Cause::Approval);
            match refusal.remedy {
                Some(remedy) if remedy.starts_with("hushkey") => text = apply(&remedy, &text),
                // What only the policy's author can change, or nobody.
                _ => return Ok(()),
            }
        }

        prop_assert!(!matches!(run.decide(&policy(&text)), Decision::Denied(_)), "{}", text);
    }
}
