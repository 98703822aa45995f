//! Environments: who may know of one, use it and change it; and that using one widens nothing.

use hushkey::{
    access::Caller,
    broker::{EnvironmentView, NewVariable, RunRequest, SetVariables, Source},
    generate::Recipe,
    vault::{Secret, VariableContent},
};
use proptest::prelude::*;

use crate::house::{House, pairs, said, text};

const VALUE: &str = "canary-Vq7rT2mXk9LzPw4s";

/// May use what is in `Dev` and not what is in `Board`; may use `staging`, and do more with others.
const POLICY: &str = r#"
path = ["/usr/bin", "/bin"]
[agents.codex.vaults]
Dev = "full"
[agents.codex.environments]
staging = "use"
scratch = "write"
spare = "write"
seen = ["metadata"]
blind = ["update"]
made = ["create"]
[[agents.codex.commands]]
run = ["**"]
secrets = ["op://Dev/**"]
env = ["NODE_*", "LAST"]
"#;

async fn house() -> House {
    let house = House::new(POLICY).await;
    house
        .item(
            "Dev",
            "Stripe",
            &[("secret key", VALUE), ("other", "canary-other-77aa21")],
        )
        .await;
    house
        .item("Board", "Bank", &[("pin", "canary-board-4412zz")])
        .await;
    house
}

fn reference(name: &str, reference: &str) -> (String, NewVariable) {
    (
        name.to_owned(),
        NewVariable::Reference(reference.to_owned()),
    )
}

fn plain(name: &str, text: &str) -> (String, NewVariable) {
    let source = Source::Text(Secret::new(text.to_owned()));
    (name.to_owned(), NewVariable::Source(source))
}

fn change(environment: &str, set: Vec<(String, NewVariable)>) -> SetVariables {
    SetVariables {
        environment: environment.to_owned(),
        set,
        ..SetVariables::default()
    }
}

/// The owner makes an environment.
async fn made(house: &House, name: &str, set: Vec<(String, NewVariable)>) -> EnvironmentView {
    let owner = &Caller::Owner;
    house.broker.create_environment(owner, name).await.unwrap();
    let change = change(name, set);
    house
        .broker
        .set_variables(owner, change, std::future::pending())
        .await
        .unwrap()
}

async fn set(
    house: &House,
    caller: &Caller,
    change: SetVariables,
) -> Result<EnvironmentView, hushkey::broker::BrokerError> {
    house
        .broker
        .set_variables(caller, change, std::future::pending())
        .await
}

fn run(command: &[&str], environments: &[&str]) -> RunRequest {
    RunRequest {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environments: environments.iter().map(|it| (*it).to_owned()).collect(),
        ..RunRequest::default()
    }
}

fn lines(view: &EnvironmentView) -> Vec<String> {
    let variables = view.variables.iter().flatten();
    let line = |it: &hushkey::broker::VariableLine| {
        let holds = it.reference.as_deref().unwrap_or("(text)");
        format!("{} {holds} by {}", it.name, it.set_by)
    };
    variables.map(line).collect()
}

#[tokio::test]
async fn a_program_gets_an_environment_whole_and_prints_marks() {
    let house = house().await;
    let codex = house.agent("codex");
    made(
        &house,
        "staging",
        vec![
            reference("STRIPE", "op://Dev/Stripe/secret key"),
            plain("NODE_ENV", "staging"),
        ],
    )
    .await;

    let command = ["sh", "-c", "echo $STRIPE $NODE_ENV"];
    let answer = house.request(&codex, run(&command, &["Staging"])).await;
    let answer = answer.unwrap();

    assert_eq!(
        answer.stdout,
        "<concealed:op://Dev/Stripe/secret key> staging\n"
    );
    let log = house.log("codex").await;
    assert!(
        log[0].starts_with(
            "codex ran `sh` in the environment staging with Dev/Stripe/secret key: allowed"
        ),
        "{log:#?}"
    );
}

#[tokio::test]
async fn an_agent_can_ask_whether_an_environment_would_resolve_and_sees_no_plain_text() {
    let house = house().await;
    let codex = house.agent("codex");
    let set = vec![
        reference("KEY", "op://Dev/Stripe/secret key"),
        reference("PIN", "op://Board/Bank/pin"),
        plain("NODE_ENV", "canary-plain-8812"),
    ];
    made(&house, "seen", set).await;
    made(&house, "blind", Vec::new()).await;
    let check = |environment| {
        let (broker, codex) = (&house.broker, &codex);
        async move {
            broker
                .check_references(codex, &[], None, Some(environment))
                .await
        }
    };

    let checked = check("seen").await.unwrap();
    let unseen = check("blind").await;
    let missing = check("nothing").await;

    let resolves: Vec<_> = checked
        .iter()
        .map(|line| (line.name.as_deref(), line.reason.is_none()))
        .collect();
    assert_eq!(resolves, [(Some("KEY"), true), (Some("PIN"), false)]);
    assert!(!format!("{checked:?}").contains("canary"));
    assert!(unseen.is_err() && missing.is_err());
}

#[tokio::test]
async fn each_reference_of_an_environment_is_decided_as_if_the_agent_had_named_it() {
    let house = house().await;
    let codex = house.agent("codex");
    let board = "op://Board/Bank/pin";
    made(&house, "staging", vec![reference("PIN", board)]).await;

    let through = said(house.request(&codex, run(&["env"], &["staging"])).await);
    let named = said(house.run(&codex, &["env"], &[("PIN", board)]).await);

    assert_eq!(through, named);
    assert!(
        through.starts_with("there is no vault `Board`"),
        "{through}"
    );
}

#[tokio::test]
async fn a_plain_variable_of_an_environment_needs_its_rules_leave_and_loaders_have_none() {
    let house = house().await;
    let codex = house.agent("codex");
    made(&house, "staging", vec![plain("NODE_ENV", "staging")]).await;
    made(&house, "seen", vec![]).await;

    for (name, why) in [
        ("PGHOST", "no rule lets you set the variable `PGHOST`"),
        ("LD_PRELOAD", "is never taken from an agent"),
    ] {
        let change = change("staging", vec![plain(name, "localhost")]);
        set(&house, &Caller::Owner, change).await.unwrap();
        let refused = said(house.request(&codex, run(&["env"], &["staging"])).await);

        assert!(refused.contains(why), "{refused}");
    }
}

#[tokio::test]
async fn what_is_not_allowed_and_what_is_not_there_read_alike() {
    let house = house().await;
    let codex = house.agent("codex");
    made(
        &house,
        "hidden",
        vec![reference("A", "op://Dev/Stripe/other")],
    )
    .await;

    for ask in ["run", "variables", "set", "rename"] {
        let asked = async |name: &str| {
            let refused = match ask {
                "run" => said(house.request(&codex, run(&["env"], &[name])).await),
                "variables" => said(house.broker.environment(&codex, name).await),
                "set" => said(set(&house, &codex, change(name, vec![])).await),
                _ => said(
                    house
                        .broker
                        .rename_environment(&codex, name, "scratch")
                        .await,
                ),
            };
            refused.replace(name, "NAME")
        };

        assert_eq!(asked("hidden").await, asked("absent").await, "{ask}");
    }
    let seen = house.broker.environments(&codex).await.unwrap();
    assert!(seen.is_empty());
    let log = house.log("codex").await;
    assert_eq!(
        log.iter().filter(|it| it.contains("was denied")).count(),
        8,
        "{log:#?}"
    );
}

#[tokio::test]
async fn a_right_that_is_lacking_is_refused_on_record_with_what_there_is() {
    let house = house().await;
    let codex = house.agent("codex");
    made(
        &house,
        "seen",
        vec![reference("A", "op://Dev/Stripe/other")],
    )
    .await;
    made(&house, "blind", vec![]).await;

    let used = said(house.request(&codex, run(&["env"], &["seen"])).await);
    let set_ = said(set(&house, &codex, change("seen", vec![])).await);
    let read = said(house.broker.environment(&codex, "blind").await);

    for (refused, what) in [
        (
            &used,
            "you may not use the environment `seen`; what you may do with it: see what is in (request ",
        ),
        (&set_, "you may not change the environment `seen`"),
        (&read, "you may not see what is in the environment `blind`"),
    ] {
        assert!(refused.starts_with(what), "{refused}");
    }
    let log = house.log("codex").await.join("\n");
    assert!(
        log.contains("hushkey agent allow codex --environment 'seen=use'"),
        "{log}"
    );
    assert!(!log.contains("ran `env`"), "{log}");
    let views = house.broker.environments(&codex).await.unwrap();
    let counted: Vec<_> = views
        .iter()
        .map(|it| (it.name.as_str(), it.variables.is_some()))
        .collect();
    assert_eq!(counted, [("blind", false), ("seen", true)]);
}

#[tokio::test]
async fn an_agent_makes_only_environments_whose_names_its_policy_has() {
    let house = house().await;
    let codex = house.agent("codex");

    let scratch = house
        .broker
        .create_environment(&codex, "Scratch")
        .await
        .unwrap();
    let refused = said(house.broker.create_environment(&codex, "production").await);
    let staging = said(house.broker.create_environment(&codex, "staging").await);
    let taken = said(house.broker.create_environment(&codex, "SCRATCH").await);

    assert_eq!(scratch.rights.to_string(), "write");
    assert!(
        refused.starts_with("you may not give an environment this name"),
        "{refused}"
    );
    assert!(
        staging.starts_with("you may not give an environment this name"),
        "{staging}"
    );
    assert_eq!(
        taken,
        "another environment is called `SCRATCH`; choose another name"
    );
}

#[tokio::test]
async fn an_agent_renames_only_where_nobodys_rights_move() {
    let house = house().await;
    let codex = house.agent("codex");
    made(&house, "scratch", vec![]).await;

    let to_use = said(
        house
            .broker
            .rename_environment(&codex, "scratch", "staging")
            .await,
    );
    let to_create = said(
        house
            .broker
            .rename_environment(&codex, "scratch", "made")
            .await,
    );
    let away = said(
        house
            .broker
            .rename_environment(&codex, "scratch", "elsewhere")
            .await,
    );
    let alike = house
        .broker
        .rename_environment(&codex, "scratch", "spare")
        .await;

    assert!(
        to_use.starts_with("you may not give an environment this name"),
        "{to_use}"
    );
    assert!(
        to_create.starts_with("that name would change who may do what"),
        "{to_create}"
    );
    assert!(
        away.starts_with("you may not give an environment this name"),
        "{away}"
    );
    assert_eq!(alike.unwrap().name, "spare");
}

#[tokio::test]
async fn a_secret_that_is_set_goes_into_an_item_and_the_environment_has_its_reference() {
    let house = house().await;
    let codex = house.agent("codex");
    made(&house, "scratch", vec![]).await;
    let generate = || NewVariable::Source(Source::Generate(Recipe::default()));
    let first = SetVariables {
        vault: Some("Dev".into()),
        ..change("scratch", vec![("SESSION_KEY".into(), generate())])
    };

    let once = set(&house, &codex, first).await.unwrap();
    let second = SetVariables {
        vault: Some("Dev".into()),
        ..change(
            "scratch",
            vec![
                ("SESSION_KEY".into(), generate()),
                ("OTHER_KEY".into(), generate()),
            ],
        )
    };
    let twice = set(&house, &codex, second).await.unwrap();

    assert_eq!(
        lines(&once),
        ["SESSION_KEY op://Dev/scratch/SESSION_KEY by codex"]
    );
    assert_eq!(
        lines(&twice),
        [
            "SESSION_KEY op://Dev/scratch/SESSION_KEY by codex",
            "OTHER_KEY op://Dev/scratch/OTHER_KEY by codex"
        ]
    );
    let command = ["sh", "-c", "echo $SESSION_KEY; echo ${#OTHER_KEY}"];
    let answer = house
        .request(&codex, run(&command, &["scratch"]))
        .await
        .unwrap();
    assert_eq!(
        answer.stdout,
        "<concealed:op://Dev/scratch/SESSION_KEY>\n32\n"
    );
}

#[tokio::test]
async fn a_secret_is_kept_only_where_the_agent_may_make_items() {
    let house = house().await;
    let codex = house.agent("codex");
    made(&house, "scratch", vec![]).await;
    let generate = |vault: Option<&str>| SetVariables {
        vault: vault.map(str::to_owned),
        ..change(
            "scratch",
            vec![
                plain("NODE_ENV", "test"),
                (
                    "KEY".into(),
                    NewVariable::Source(Source::Generate(Recipe::default())),
                ),
            ],
        )
    };

    let nowhere = said(set(&house, &codex, generate(None)).await);
    let hidden = said(set(&house, &codex, generate(Some("Board"))).await);

    assert!(
        nowhere.contains("`vault` has to say in which vault"),
        "{nowhere}"
    );
    assert!(hidden.starts_with("there is no vault `Board`"), "{hidden}");
    let view = house.broker.environment(&codex, "scratch").await.unwrap();
    assert_eq!(lines(&view), [] as [&str; 0], "all or nothing");
}

#[tokio::test]
async fn an_agent_sets_neither_loaders_nor_secrets_as_text_nor_what_means_nothing() {
    let house = house().await;
    let codex = house.agent("codex");
    made(&house, "scratch", vec![]).await;

    for (new, why) in [
        (plain("LD_PRELOAD", "x"), "is never taken from an agent"),
        (
            reference("NODE_OPTIONS", "op://Dev/Stripe/other"),
            "is never taken from an agent",
        ),
        (plain("API_TOKEN", VALUE), "looks like a secret"),
        (plain("URL", "https://u:pw@host/"), "looks like a secret"),
        (
            plain("A", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            "looks like a secret",
        ),
        (
            plain("A", "op://Dev/Stripe/other"),
            "is a reference; give it as one",
        ),
        (plain("A", "a\0b"), "a zero byte"),
        (plain("A", &"x".repeat(40_000)), "longer than 32 KiB"),
        (plain("A-B", "x"), "a variable's name has letters"),
        (
            reference("A", "op://Dev/Stripe/gone"),
            "there is no field `gone`",
        ),
        (
            reference("A", "op://Board/Bank/pin"),
            "there is no vault `Board`",
        ),
        (reference("A", VALUE), "op://"),
    ] {
        let refused = said(set(&house, &codex, change("scratch", vec![new])).await);

        assert!(refused.contains(why), "{refused}");
        assert!(
            !refused.contains("canary") && !refused.contains("4eC39"),
            "{refused}"
        );
    }
    let fine = set(
        &house,
        &codex,
        change("scratch", vec![plain("DB_HOST", "db.internal")]),
    )
    .await;
    assert_eq!(lines(&fine.unwrap()), ["DB_HOST (text) by codex"]);
}

#[tokio::test]
async fn all_references_that_mean_nothing_are_told_at_once() {
    let house = house().await;
    made(&house, "scratch", vec![]).await;
    let change = change(
        "scratch",
        vec![
            reference("A", "op://Dev/Stripe/gone"),
            reference("B", "op://Dev/Nothing/key"),
            reference("C", "op://Dev/Stripe/other"),
        ],
    );

    let refused = said(set(&house, &Caller::Owner, change).await);

    assert!(
        refused.starts_with("2 references can't be resolved"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_later_source_of_a_variable_replaces_an_earlier_one_before_it_is_decided() {
    let house = house().await;
    let codex = house.agent("codex");
    // What codex may not use stands in each source that is replaced.
    let file = house.file(".env", "LAST=op://Board/Bank/pin\nNODE_FILE=local\n");
    made(
        &house,
        "staging",
        vec![
            reference("LAST", "op://Dev/Stripe/other"),
            plain("NODE_X", "1"),
        ],
    )
    .await;
    house.set_policy(&POLICY.replace("seen = [\"metadata\"]", "seen = \"use\""));
    made(&house, "seen", vec![plain("NODE_X", "2")]).await;
    let command = ["sh", "-c", "echo $LAST $NODE_X $NODE_FILE"];
    let both = RunRequest {
        env_files: vec![file],
        ..run(&command, &["staging", "seen"])
    };
    let named = RunRequest {
        env: pairs(&[("LAST", "plain")]),
        ..run(&command, &["seen", "staging"])
    };

    let both = house.request(&codex, both).await.unwrap();
    let named = house.request(&codex, named).await.unwrap();

    assert_eq!(both.stdout, "<concealed:op://Dev/Stripe/other> 2 local\n");
    assert_eq!(named.stdout, "plain 1\n");
    assert!(named.concealed.is_empty(), "{:?}", named.concealed);
}

#[tokio::test]
async fn text_that_looks_like_a_secret_is_concealed_and_never_told() {
    let house = house().await;
    let codex = house.agent("codex");
    let view = made(&house, "staging", vec![plain("NODE_TOKEN", VALUE)]).await;
    let line = &view.variables.as_ref().unwrap()[0];
    assert!(line.concealed && line.reference.is_none());

    let answer = house
        .request(&codex, run(&["printenv", "NODE_TOKEN"], &["staging"]))
        .await;

    assert_eq!(answer.unwrap().stdout, "<concealed:NODE_TOKEN>\n");
    let told = house.broker.environment(&codex, "staging").await.unwrap();
    assert!(!format!("{told:?}").contains("canary"));
    let refused = said(
        house
            .broker
            .reveal_environment(&codex, "staging", true)
            .await,
    );
    assert!(refused.contains("only the owner may do this"), "{refused}");
    let own = house
        .broker
        .reveal_environment(&Caller::Owner, "staging", true)
        .await
        .unwrap();
    assert!(!format!("{own:?}").contains("canary"));
    assert!(
        matches!(&own.variables[0].content, VariableContent::Text(text) if text.expose_secret() == VALUE)
    );
}

#[tokio::test]
async fn an_environment_is_there_for_other_processes_until_it_is_deleted() {
    let house = house().await;
    let view = made(
        &house,
        "staging",
        vec![reference("A", "op://Dev/Stripe/other")],
    )
    .await;

    let other = house.reopen();
    let found = other
        .environment(&Caller::Owner, view.id.as_str())
        .await
        .unwrap();
    let denied = said(
        other
            .delete_environment(&house.agent("codex"), "staging")
            .await,
    );
    other
        .delete_environment(&Caller::Owner, "staging")
        .await
        .unwrap();

    assert_eq!(lines(&found), ["A op://Dev/Stripe/other by owner"]);
    assert!(denied.contains("only the owner may do this"), "{denied}");
    assert!(
        house
            .broker
            .environments(&Caller::Owner)
            .await
            .unwrap()
            .is_empty()
    );
    let files = [
        "store.db",
        "store.db-wal",
        "environments.db",
        "environments.db-wal",
    ];
    for file in files.map(|name| house.home.join(name)) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("Stripe/other"),
            "{}",
            crate::house::text(&file)
        );
    }
    assert!(text(&house.home).starts_with('/'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// For every set of variables: through an environment an agent gets what it gets by naming them, or the same refusal.
    #[test]
    fn an_environment_is_worth_what_the_agent_could_have_written_itself(
        chosen in prop::collection::btree_map(
            prop::sample::select(vec!["A", "NODE_B", "LAST", "LD_PRELOAD", "PGHOST"]),
            prop::sample::select(vec!["op://Dev/Stripe/secret key", "op://Board/Bank/pin", "op://Dev/Stripe/other", "staging"]),
            0..4,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (through, named) = runtime.block_on(async {
            let house = house().await;
            let codex = house.agent("codex");
            let variables = chosen.iter().map(|(name, text)| match text.strip_prefix("op://") {
                Some(_) => reference(name, text),
                None => plain(name, text),
            });
            made(&house, "staging", variables.collect()).await;
            let command = ["sh", "-c", "echo $A-$NODE_B-$LAST-$PGHOST"];
            let env: Vec<(&str, &str)> = chosen.iter().map(|(name, text)| (*name, *text)).collect();
            let answer = |answer: Result<hushkey::broker::RunAnswer, _>| match answer {
                Ok(answer) => Ok((answer.stdout, answer.concealed)),
                // Each refusal has a code of its own.
                Err(error) => Err(format!("{error}").split(" (request").next().unwrap_or_default().to_owned()),
            };
            let through = answer(house.request(&codex, run(&command, &["staging"])).await);
            let named = answer(house.run(&codex, &command, &env).await);
            (through, named)
        });

        prop_assert_eq!(through, named);
    }
}
