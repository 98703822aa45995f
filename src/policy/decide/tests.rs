use std::path::{Path, PathBuf};

use super::*;
use crate::{
    access::Agent,
    policy::{ApproveBy, Rights, edit},
    vault::{FieldId, ItemId, ResolvedReference},
};

mod groups;
mod property;

const DEV: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
const CI: &str = "cccccccccccccccccccccccccc";
const PRIVATE: &str = "pppppppppppppppppppppppppp";

fn vault(name: &str) -> Named<VaultId> {
    let id = match name {
        "Dev" => DEV,
        "CI" => CI,
        _ => PRIVATE,
    };
    Named {
        id: VaultId::parse(id).unwrap(),
        name: name.into(),
    }
}

/// `Dev/DB/password`.
fn field(path: &str) -> ResolvedReference {
    let parts: Vec<_> = path.split('/').collect();
    let id = format!("{:0<26}", parts[1].to_lowercase());
    ResolvedReference {
        vault: vault(parts[0]),
        item: Named {
            id: ItemId::parse(&id).unwrap(),
            name: parts[1].into(),
        },
        section: None,
        field: Named {
            id: FieldId::new(parts[2]),
            name: parts[2].into(),
        },
    }
}

fn resolve(name: &str) -> Option<PathBuf> {
    match name {
        "missing" => None,
        _ => Some(Path::new("/usr/bin").join(name)),
    }
}

fn policy(text: &str) -> Policy {
    let mut policy = Policy::parse(text, Some(Path::new("/home/ann"))).unwrap();
    policy.bind(&["Dev", "CI", "Private"].map(vault)[..]);
    policy.pin(&resolve);
    policy
}

fn agent(name: &str) -> Caller {
    Caller::Agent(Agent {
        name: AgentName::parse(name).unwrap(),
        default_roots: vec![],
        client: None,
        standing: crate::access::Standing::default(),
    })
}

fn standing(distant: bool, proven: bool) -> Caller {
    let Caller::Agent(mut agent) = agent("codex") else {
        unreachable!("an agent was made");
    };
    agent.standing = crate::access::Standing { distant, proven };
    Caller::Agent(agent)
}

/// A run that an agent asks for; what a test doesn't say is harmless.
#[derive(Clone, Debug, Default)]
struct Wanted {
    command: &'static str,
    secrets: Vec<&'static str>,
    origins: Vec<&'static str>,
    variables: Vec<&'static str>,
    secret_variables: Vec<&'static str>,
    output: Option<OutputMode>,
    cwd: Option<&'static str>,
    reasoned: bool,
}

impl Wanted {
    fn decide(&self, policy: &Policy) -> Decision {
        self.asked(|caller, run| policy.decide(caller, &Action::Run(run), Timestamp::UNIX_EPOCH))
    }

    fn explain(&self, policy: &Policy) -> crate::policy::Explanation {
        self.asked(|caller, run| policy.explain(caller, run, Timestamp::UNIX_EPOCH))
    }

    fn asked<T>(&self, ask: impl FnOnce(&Caller, &Run<'_>) -> T) -> T {
        let mut words = self.command.split(' ').map(str::to_owned);
        let program = resolve(&words.next().unwrap()).unwrap();
        let arguments: Vec<_> = words.collect();
        let references: Vec<_> = self.secrets.iter().map(|path| field(path)).collect();
        let origins: Vec<_> = self.origins.iter().map(|path| field(path)).collect();
        let secrets: Vec<_> = references
            .iter()
            .map(|reference| Governed {
                reference,
                origins: &origins,
            })
            .collect();
        let run = Run {
            program: &program,
            arguments: &arguments,
            variables: &self.variables,
            secret_variables: &self.secret_variables,
            secrets: &secrets,
            cwd: Path::new(self.cwd.unwrap_or("/home/ann/src")),
            output: self.output,
            reasoned: self.reasoned,
        };
        ask(&agent("codex"), &run)
    }

    fn permit(&self, policy: &Policy) -> Permit {
        match self.decide(policy) {
            Decision::Allowed(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(&self, policy: &Policy) -> Refusal {
        match self.decide(policy) {
            Decision::Denied(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

fn wanted(command: &'static str, secrets: &[&'static str]) -> Wanted {
    Wanted {
        command,
        secrets: secrets.to_vec(),
        ..Wanted::default()
    }
}

fn decide_on(policy: &Policy, caller: &Caller, vault_name: &str, right: Right) -> Decision {
    let action = Action::Vault {
        vault: &vault(vault_name),
        right,
        reasoned: false,
    };
    policy.decide(caller, &action, Timestamp::UNIX_EPOCH)
}

fn rule_number(decision: &Decision) -> Option<u32> {
    decision.rule().map(|rule| rule.id.number)
}

const SHOP: &str = r#"
[agents.codex.vaults]
Dev = "use"
CI  = ["metadata", "create"]

[[agents.codex.commands]]
run     = ["psql", "--file", "*"]
secrets = ["op://Dev/DB/**"]
env     = ["PG*"]
output  = "tail"
timeout_seconds = 600

[[agents.codex.commands]]
run     = "npm **"
secrets = ["op://Dev/**"]
env     = ["*"]
"#;

#[test]
fn everything_is_denied_by_default() {
    let policy = policy("");

    let run = wanted("psql", &[]).refusal(&policy);
    let list = policy.decide(&agent("codex"), &Action::ListVaults, Timestamp::UNIX_EPOCH);

    assert_eq!(run.cause, Cause::UnknownAgent);
    assert!(!list.is_allowed());
    assert!(!decide_on(&policy, &agent("codex"), "Dev", Right::Metadata).is_allowed());
    assert_eq!(
        policy.rights(&agent("codex"), &vault("Dev").id),
        Rights::NONE
    );
}

#[test]
fn the_owner_may_do_everything() {
    let policy = policy("");
    let password = field("Private/DB/password");
    let governed = Governed {
        reference: &password,
        origins: &[],
    };

    for action in [
        Action::Administer,
        Action::ListVaults,
        Action::Reveal(&governed),
    ] {
        assert!(
            policy
                .decide(&Caller::Owner, &action, Timestamp::UNIX_EPOCH)
                .is_allowed()
        );
    }
    assert_eq!(
        policy.rights(&Caller::Owner, &vault("Private").id),
        Rights::ALL
    );
}

#[test]
fn an_agent_never_gets_a_value_in_the_clear_nor_changes_rights() {
    let policy = policy("[agents.codex.vaults]\nDev = \"full\"");
    let password = field("Dev/DB/password");
    let governed = Governed {
        reference: &password,
        origins: &[],
    };

    for action in [Action::Administer, Action::Reveal(&governed)] {
        let decision = policy.decide(&agent("codex"), &action, Timestamp::UNIX_EPOCH);
        let Decision::Denied(refusal) = decision else {
            panic!()
        };
        assert_eq!((refusal.cause, refusal.remedy), (Cause::OwnerOnly, None));
    }
}

#[test]
fn a_right_holds_in_its_vault_and_implies_no_other() {
    let policy = policy(SHOP);
    let codex = agent("codex");

    assert!(decide_on(&policy, &codex, "CI", Right::Create).is_allowed());
    assert!(!decide_on(&policy, &codex, "CI", Right::Use).is_allowed());
    assert!(!decide_on(&policy, &codex, "CI", Right::Update).is_allowed());
    assert!(!decide_on(&policy, &codex, "Dev", Right::Create).is_allowed());
    assert!(!decide_on(&policy, &agent("gemini"), "CI", Right::Create).is_allowed());
}

#[test]
fn a_run_needs_a_rule_and_the_right_to_use() {
    let rule_only =
        policy("[[agents.codex.commands]]\nrun = \"npm **\"\nsecrets = [\"op://Dev/**\"]");
    let right_only = policy("[agents.codex.vaults]\nDev = \"use\"");
    let run = wanted("npm test", &["Dev/DB/password"]);

    assert!(!run.decide(&rule_only).is_allowed());
    assert!(!run.decide(&right_only).is_allowed());
    assert!(run.decide(&policy(SHOP)).is_allowed());
}

#[test]
fn a_run_without_references_needs_a_rule_too() {
    let policy = policy(SHOP);

    assert!(wanted("npm test", &[]).decide(&policy).is_allowed());
    assert_eq!(wanted("curl x", &[]).refusal(&policy).cause, Cause::Command);
}

#[test]
fn the_first_rule_that_matches_wins() {
    let policy = policy(SHOP);
    let both = policy_with_wide_end();

    assert_eq!(
        rule_number(&wanted("psql --file x", &["Dev/DB/password"]).decide(&policy)),
        Some(1)
    );
    assert_eq!(
        rule_number(&wanted("npm test", &["Dev/DB/password"]).decide(&policy)),
        Some(2)
    );
    assert_eq!(
        rule_number(&wanted("psql --file x", &["Dev/DB/password"]).decide(&both)),
        Some(1)
    );
    assert_eq!(
        rule_number(&wanted("psql -c x", &["Dev/DB/password"]).decide(&both)),
        Some(3)
    );
}

fn policy_with_wide_end() -> Policy {
    policy(&format!(
        "{SHOP}\n[[agents.codex.commands]]\nrun = \"**\"\nsecrets = [\"op://Dev/**\"]\nenv = [\"*\"]"
    ))
}

#[test]
fn what_the_first_rule_demands_is_not_dodged_by_a_laxer_one() {
    let policy = policy_with_wide_end();
    let run = Wanted {
        variables: vec!["DEBUG"],
        ..wanted("psql --file x", &["Dev/DB/password"])
    };

    let refusal = run.refusal(&policy);

    assert_eq!(refusal.cause, Cause::Variable("DEBUG".into()));
    assert_eq!(refusal.rule.unwrap().id.number, 1);
}

#[test]
fn one_rule_has_to_cover_all_references_of_a_run() {
    let policy = policy(
        r#"
        [agents.codex.vaults]
        Dev = "use"
        [[agents.codex.commands]]
        run = "x"
        secrets = ["op://Dev/A/*"]
        [[agents.codex.commands]]
        run = "x"
        secrets = ["op://Dev/B/*"]
        "#,
    );

    assert!(wanted("x", &["Dev/A/k"]).decide(&policy).is_allowed());
    assert!(wanted("x", &["Dev/B/k"]).decide(&policy).is_allowed());
    assert_eq!(
        wanted("x", &["Dev/A/k", "Dev/B/k"]).refusal(&policy).cause,
        Cause::References
    );
}

#[test]
fn a_copy_stays_under_every_rule_that_governs_its_source() {
    let policy = policy(SHOP);
    let copy_of = |origin| Wanted {
        origins: vec![origin],
        ..wanted("psql --file x", &["Dev/DB/copy"])
    };

    assert!(copy_of("Dev/DB/password").decide(&policy).is_allowed());
    assert!(
        !copy_of("Dev/Stripe/key").decide(&policy).is_allowed(),
        "outside the rule"
    );
    assert!(
        !copy_of("Private/DB/password").decide(&policy).is_allowed(),
        "outside the rights"
    );
}

#[test]
fn copying_needs_use_on_the_source_and_on_what_it_was_copied_from() {
    let policy = policy(SHOP);
    let take = |path: &str, origins: &[&str], right| {
        let reference = field(path);
        let origins: Vec<_> = origins.iter().map(|path| field(path)).collect();
        let secrets = [Governed {
            reference: &reference,
            origins: &origins,
        }];
        policy.decide(
            &agent("codex"),
            &Action::Take {
                right,
                secrets: &secrets,
                reasoned: false,
            },
            Timestamp::UNIX_EPOCH,
        )
    };

    assert!(take("Dev/DB/password", &[], Right::Use).is_allowed());
    assert!(!take("Dev/DB/password", &["CI/DB/password"], Right::Use).is_allowed());
    assert!(!take("CI/DB/password", &[], Right::Use).is_allowed());
    assert!(!take("Dev/DB/password", &[], Right::Files).is_allowed());
}

#[test]
fn a_program_of_the_same_name_elsewhere_is_another_program() {
    let policy = policy(SHOP);
    let run = Run {
        program: Path::new("/home/ann/src/npm"),
        arguments: &[],
        variables: &[],
        secret_variables: &[],
        secrets: &[],
        cwd: Path::new("/"),
        output: None,
        reasoned: false,
    };

    let decision = policy.decide(&agent("codex"), &Action::Run(&run), Timestamp::UNIX_EPOCH);

    assert!(!decision.is_allowed());
}

#[test]
fn a_rule_whose_program_is_not_found_matches_nothing() {
    let policy = policy("[[agents.codex.commands]]\nrun = \"missing **\"");

    assert_eq!(wanted("true", &[]).refusal(&policy).cause, Cause::Command);
}

#[test]
fn output_is_the_stricter_of_rule_and_request() {
    let policy = policy(SHOP);
    let output = |wanted_output| {
        let run = Wanted {
            output: wanted_output,
            ..wanted("psql --file x", &[])
        };
        run.permit(&policy).output
    };

    assert_eq!(output(None), OutputMode::Tail);
    assert_eq!(output(Some(OutputMode::Full)), OutputMode::Tail);
    assert_eq!(output(Some(OutputMode::None)), OutputMode::None);
}

#[test]
fn a_rules_time_out_caps_the_run() {
    let permit = wanted("psql --file x", &[]).permit(&policy(SHOP));

    assert_eq!(permit.timeout, Some(std::time::Duration::from_secs(600)));
}

#[test]
fn a_rule_that_asks_for_approval_asks_and_never_falls_through_to_a_laxer_one() {
    let policy = policy(
        "[agents.codex]\napprove_by = 'local'\n[[agents.codex.commands]]\nrun = 'x'\napprove = 'once'\n\
         [[agents.codex.commands]]\nrun = 'y'\napprove = 'always'\napprove_by = 'any'\n\
         [[agents.codex.commands]]\nrun = '**'",
    );
    let asked = |command| match wanted(command, &[]).decide(&policy) {
        Decision::Asks(asking) => asking,
        other => panic!("{other:?}"),
    };

    let (x, y) = (asked("x"), asked("y"));

    assert_eq!((x.by, x.once), (Some(ApproveBy::Local), true));
    assert_eq!((y.by, y.once), (Some(ApproveBy::Any), false));
    assert_eq!(x.permit.grounds.rule().unwrap().id.number, 1);
    assert!(wanted("z", &[]).decide(&policy).is_allowed());
}

#[test]
fn a_reason_is_required_where_the_rule_or_the_agents_table_says_so() {
    let by_rule = policy(
        "[[agents.codex.commands]]\nrun = 'x'\nrequire_reason = true\n\
         [[agents.codex.commands]]\nrun = 'y'",
    );
    let by_agent = policy(
        "[agents.codex]\nrequire_reason = true\n[agents.codex.vaults]\nDev = 'write'\n\
         [[agents.codex.commands]]\nrun = 'y'",
    );

    assert_eq!(wanted("x", &[]).refusal(&by_rule).cause, Cause::Reason);
    let reasoned = Wanted {
        reasoned: true,
        ..wanted("x", &[])
    };
    assert!(reasoned.decide(&by_rule).is_allowed());
    assert!(wanted("y", &[]).decide(&by_rule).is_allowed());
    assert_eq!(wanted("y", &[]).refusal(&by_agent).cause, Cause::Reason);
    assert!(!decide_on(&by_agent, &agent("codex"), "Dev", Right::Create).is_allowed());
    assert!(decide_on(&by_agent, &agent("codex"), "Dev", Right::Metadata).is_allowed());
}

#[test]
fn deleting_is_confirmed_unless_the_policy_says_otherwise() {
    let decision = |lines: &str, right| {
        let policy = policy(&format!(
            "[agents.codex]\n{lines}\n[agents.codex.vaults]\nDev = 'full'"
        ));
        match decide_on(&policy, &agent("codex"), "Dev", right) {
            Decision::Allowed(_) => "allowed",
            Decision::Asks(_) => "asks",
            Decision::Denied(_) => "denied",
        }
    };

    assert_eq!(decision("", Right::Delete), "asks");
    assert_eq!(decision("", Right::Create), "allowed");
    assert_eq!(decision("confirm = []", Right::Delete), "allowed");
    assert_eq!(decision("confirm = ['create']", Right::Create), "asks");
    assert_eq!(decision("confirm = ['create']", Right::Delete), "allowed");
}

#[test]
fn plain_variables_need_the_rules_leave() {
    let policy = policy(SHOP);
    let psql = |name| Wanted {
        variables: vec![name],
        ..wanted("psql --file x", &[])
    };

    assert!(psql("PGHOST").decide(&policy).is_allowed());
    assert_eq!(
        psql("DEBUG").refusal(&policy).cause,
        Cause::Variable("DEBUG".into())
    );
}

#[test]
fn loader_variables_are_refused_always_whether_plain_or_secret() {
    let policy = policy("[[agents.codex.commands]]\nrun = \"**\"\nenv = [\"*\", \"LD_PRELOAD\"]");
    let plain = Wanted {
        variables: vec!["LD_PRELOAD"],
        ..wanted("x", &[])
    };
    let secret = Wanted {
        secret_variables: vec!["LD_PRELOAD"],
        ..wanted("x", &[])
    };

    for run in [plain, secret] {
        let refusal = run.refusal(&policy);
        assert_eq!(refusal.cause, Cause::Variable("LD_PRELOAD".into()));
        assert_eq!(refusal.remedy, None);
    }
}

#[test]
fn a_clients_configuration_needs_a_rule_that_names_it() {
    let open = policy("[[agents.codex.commands]]\nrun = \"**\"\nenv = [\"*\"]");
    let named = policy("[[agents.codex.commands]]\nrun = \"**\"\nenv = [\"*\", \"KUBECONFIG\"]");
    let run = Wanted {
        secret_variables: vec!["KUBECONFIG"],
        ..wanted("x", &[])
    };

    assert!(!run.decide(&open).is_allowed());
    assert!(run.decide(&named).is_allowed());
}

#[test]
fn a_rule_may_bind_a_run_to_a_directory() {
    let policy = policy("[[agents.codex.commands]]\nrun = \"x\"\ncwd = \"~/src\"");
    let from = |cwd| Wanted {
        cwd: Some(cwd),
        ..wanted("x", &[])
    };

    assert!(from("/home/ann/src/shop").decide(&policy).is_allowed());
    assert_eq!(
        from("/home/ann/srcs").refusal(&policy).cause,
        Cause::Directory
    );
}

#[test]
fn not_allowed_and_not_there_read_alike() {
    let policy = policy(
        r#"
        [agents.codex.vaults]
        Dev = ["use"]
        [[agents.codex.commands]]
        run = "x"
        secrets = ["op://Dev/A/*"]
        "#,
    );

    let other_vault = wanted("x", &["Private/DB/password"]).refusal(&policy);
    let unseen_item = wanted("x", &["Dev/DB/password"]).refusal(&policy);
    let Decision::Denied(vault) = decide_on(&policy, &agent("codex"), "Private", Right::Metadata)
    else {
        panic!()
    };

    for refusal in [other_vault, unseen_item, vault] {
        assert!(refusal.is_hidden());
        assert!(!refusal.advice.contains("Private") && !refusal.advice.contains("DB"));
    }
}

#[test]
fn a_refusal_does_not_tell_the_model_what_would_allow_it() {
    let policy = policy(SHOP);

    let refusal = wanted("curl https://x", &["Dev/DB/password"]).refusal(&policy);

    assert!(!refusal.advice.contains("hushkey agent"));
    insta::assert_snapshot!(refusal.advice, @"no rule lets you run this command with these references; these you may run, where `*` is any one argument and `**` any rest: `psql --file *`, `npm **`");
    insta::assert_snapshot!(refusal.remedy.unwrap(), @"hushkey agent allow codex --command '/usr/bin/curl *' --secrets op://Dev/DB/password");
}

#[test]
fn what_the_arguments_are_is_kept_out_of_advice_and_remedy() {
    let policy = policy(SHOP);

    let refusal = wanted("curl canary-argument", &["Dev/DB/password"]).refusal(&policy);

    assert!(!format!("{refusal:?}").contains("canary"));
}

/// Runs the commands of a remedy on the policy's text, as the command line would.
fn apply(remedy: &str, text: &str) -> String {
    remedy.split(" && ").fold(text.to_owned(), |text, command| {
        let mut words = shlex::split(command).unwrap().into_iter().skip(3);
        let agent = AgentName::parse(&words.next().unwrap()).unwrap();
        let (mut rule, mut text) = (edit::NewRule::default(), text);
        while let (Some(option), Some(value)) = (words.next(), words.next()) {
            match option.as_str() {
                "--vault" => {
                    let (vault, rights) = value.rsplit_once('=').unwrap();
                    text = edit::allow_vault(&text, &agent, vault, Rights::parse(rights).unwrap())
                        .unwrap();
                }
                "--command" => rule.run = value,
                "--secrets" => rule.secrets.push(value),
                "--env" => rule.env.push(value),
                other => panic!("{other}"),
            }
        }
        if rule.run.is_empty() {
            text
        } else {
            edit::allow_command(&text, &agent, &rule).unwrap()
        }
    })
}

#[test]
fn the_remedy_for_a_vault_allows_just_what_was_refused() {
    let Decision::Denied(refusal) = decide_on(&policy(SHOP), &agent("codex"), "CI", Right::Use)
    else {
        panic!()
    };

    let mended = policy(&apply(&refusal.remedy.unwrap(), SHOP));

    let rights = mended.rights(&agent("codex"), &vault("CI").id);
    assert_eq!(
        rights,
        Rights::listed(["metadata", "use", "create"]).unwrap()
    );
}

#[test]
fn a_name_that_has_to_be_proven_is_worth_nothing_without_its_token() {
    let policy = policy("[agents.codex]\nrequire_token = true\nvaults.Dev = 'use'");
    let (near, proven) = (standing(false, false), standing(false, true));
    let dev = VaultId::parse(DEV).unwrap();

    let refused = policy.decide(&near, &Action::ListVaults, Timestamp::UNIX_EPOCH);
    let allowed = policy.decide(&proven, &Action::ListVaults, Timestamp::UNIX_EPOCH);

    let Decision::Denied(refusal) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.cause, Cause::Unproven);
    assert!(refusal.advice.contains("HUSHKEY_AGENT_TOKEN"));
    assert_eq!(policy.rights(&near, &dev), Rights::NONE);
    assert!(allowed.is_allowed());
    assert_eq!(policy.rights(&proven, &dev), Rights::level("use").unwrap());
}

#[test]
fn nobody_runs_a_program_from_beyond_this_machine() {
    let policy = policy(
        "[agents.codex]\nvaults.Dev = 'use'\n[[agents.codex.commands]]\nrun = '**'\nsecrets = ['op://Dev/**']",
    );
    let run = Run {
        program: Path::new("/usr/bin/npm"),
        arguments: &[],
        variables: &[],
        secret_variables: &[],
        secrets: &[],
        cwd: Path::new("/"),
        output: None,
        reasoned: false,
    };
    let decide = |distant| {
        policy.decide(
            &standing(distant, true),
            &Action::Run(&run),
            Timestamp::UNIX_EPOCH,
        )
    };

    assert!(decide(false).is_allowed());
    assert!(matches!(decide(true), Decision::Denied(refusal) if refusal.cause == Cause::Distant));
}
