//! The ways round that are closed from the start: one test each, by its sentence.

use std::{os::unix::fs::symlink, path::PathBuf};

use hushkey::{
    access::Caller,
    broker::{ActivityWanted, ItemsWanted, RunRequest, Source, UpdateItem},
    generate::Recipe,
    vault::{ItemUrl, Secret},
};

use crate::{
    BACKEND, WIDE,
    house::{Backend, House, create, field, pairs, said, text},
};

const HUSHKEY: &str = env!("CARGO_BIN_EXE_hushkey");

#[tokio::test]
async fn hushkey_is_never_launched_by_an_agents_run() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let link = house.work.join("innocent");
    symlink(HUSHKEY, &link).unwrap();
    let copy = house.work.join("copy");
    std::fs::copy(HUSHKEY, &copy).unwrap();

    for program in [HUSHKEY, "./innocent", text(&link), text(&copy)] {
        let refused = said(house.run(&codex, &[program, "--version"], &[]).await);
        assert!(
            refused.contains("does not run itself"),
            "{program}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_hushkey_beneath_an_agents_run_opens_no_vault() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let canary = "canary-beneath-a-run-1f2e3d4c";
    house.item("Dev", "Stripe", &[("key", canary)]).await;
    std::fs::copy(HUSHKEY, house.work.join("copy")).unwrap();
    let home = text(&house.home);
    let read = format!("--home {home} read op://Dev/Stripe/key");

    for script in [
        format!("{HUSHKEY} {read}"),
        format!("env -i {HUSHKEY} {read}"),
        format!("./copy {read}"),
        format!("HUSHKEY_HOME={home} {HUSHKEY} read op://Dev/Stripe/key"),
        format!("(setsid {HUSHKEY} {read} & wait)"),
        format!("setsid -f {HUSHKEY} {read}; sleep 1"),
    ] {
        let answer = house
            .run(&codex, &["sh", "-c", &script], &[])
            .await
            .unwrap();
        let shown = format!("{}{}", answer.stdout, answer.stderr);
        assert!(!shown.contains(canary), "{script}");
        assert!(shown.contains("opens no vault there"), "{script}: {shown}");
    }
}

#[tokio::test]
async fn a_path_that_an_agent_names_lies_beneath_its_roots_and_is_never_hushkeys_own() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let outside = house.home.parent().unwrap().join("outside");
    std::fs::write(&outside, "outside-content").unwrap();
    symlink(&outside, house.work.join("link")).unwrap();
    std::fs::hard_link(house.home.join("key"), house.work.join("hard")).unwrap();
    let key = house.home.join("key");

    for path in [
        "link",
        "hard",
        "../outside",
        text(&outside),
        text(&key),
        "/etc/passwd",
    ] {
        let new = create("Dev", "x", vec![field("f", Source::File(path.into()))]);
        let refused = said(house.create(&codex, new).await);
        assert!(refused.contains("is not open to you"), "{path}: {refused}");

        let request = RunRequest {
            command: vec!["true".into()],
            env_files: vec![path.into()],
            ..RunRequest::default()
        };
        let refused = said(house.request(&codex, request).await);
        assert!(refused.contains("is not open to you"), "{path}: {refused}");
        let checked = house
            .broker
            .check_references(&codex, &[], Some(&PathBuf::from(path)), None)
            .await;
        assert!(said(checked).contains("is not open to you"), "{path}");
    }
    let request = RunRequest {
        command: vec!["pwd".into()],
        cwd: Some("..".into()),
        ..RunRequest::default()
    };
    assert!(said(house.request(&codex, request).await).contains("is not open to you"));
}

#[tokio::test]
async fn a_command_source_and_a_run_without_references_need_a_command_rule() {
    let house = House::new(
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "full"
        [[agents.codex.commands]]
        run = ["echo", "*"]
        "#,
    )
    .await;
    let codex = house.agent("codex");

    let refused = said(house.run(&codex, &["id"], &[]).await);
    assert!(refused.contains("request"), "{refused}");
    let command = Source::Command(vec!["id".into()]);
    let new = create("Dev", "x", vec![field("f", command)]);
    assert!(said(house.create(&codex, new).await).contains("request"));

    let allowed = house.run(&codex, &["echo", "hello"], &[]).await.unwrap();
    assert_eq!(allowed.stdout, "hello\n");
    let command = Source::Command(vec!["echo".into(), "made-by-a-program".into()]);
    let new = create("Dev", "y", vec![field("f", command)]);
    house.create(&codex, new).await.unwrap();
}

#[tokio::test]
async fn check_references_shows_only_lines_that_are_references() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[("key", "canary-1")]).await;
    house.file(
        ".env",
        "A=op://Dev/Stripe/key\nB=hunter2-canary\nC=op://Dev/Nothing/key\n",
    );

    let checked = house
        .broker
        .check_references(
            &codex,
            &["sk_live_pasted".into()],
            Some(&PathBuf::from(".env")),
            None,
        )
        .await
        .unwrap();

    let shown = format!("{checked:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("sk_live_pasted"),
        "{shown}"
    );
    let names: Vec<_> = checked.iter().map(|line| line.name.as_deref()).collect();
    assert_eq!(names, [None, Some("A"), Some("C")]);
    assert_eq!(checked[1].reason, None);
    assert!(checked[2].reason.is_some());
}

#[tokio::test]
async fn plain_variables_need_the_rules_leave_and_loader_variables_never_get_it() {
    let house = House::new(
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "use"
        [[agents.codex.commands]]
        run = ["env"]
        env = ["PG*"]
        [agents.wide.vaults]
        Dev = "use"
        [[agents.wide.commands]]
        run = ["**"]
        secrets = ["op://Dev/**"]
        env = ["*"]
        "#,
    )
    .await;
    house.item("Dev", "Stripe", &[("key", "canary-2")]).await;

    let codex = house.agent("codex");
    house
        .run(&codex, &["env"], &[("PGHOST", "db")])
        .await
        .unwrap();
    said(house.run(&codex, &["env"], &[("OTHER", "x")]).await);
    let wide = house.agent("wide");
    house.run(&wide, &["env"], &[("OTHER", "x")]).await.unwrap();
    for name in [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PATH",
        "BASH_ENV",
        "NODE_OPTIONS",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "https_proxy",
        "HTTP_PROXY",
        "HUSHKEY_HOME",
    ] {
        said(house.run(&wide, &["env"], &[(name, "x")]).await);
        said(
            house
                .run(&wide, &["env"], &[(name, "op://Dev/Stripe/key")])
                .await,
        );
        house.file(".env", &format!("{name}=x\n"));
        let request = RunRequest {
            command: vec!["env".into()],
            env_files: vec![".env".into()],
            ..RunRequest::default()
        };
        said(house.request(&wide, request).await);
    }
}

#[tokio::test]
async fn a_copy_needs_use_on_its_source_and_stays_under_the_sources_rules() {
    let house = House::new(
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "use"
        Lax = "full"
        Board = "metadata"
        [[agents.codex.commands]]
        run = ["true"]
        secrets = ["op://Dev/**", "op://Lax/**"]
        [[agents.codex.commands]]
        run = ["**"]
        secrets = ["op://Lax/**"]
        "#
        .replace("\"metadata\"", "[\"metadata\"]")
        .as_str(),
    )
    .await;
    let codex = house.agent("codex");
    let canary = "canary-ruled-secret-77aa88bb";
    house.item("Dev", "Ruled", &[("key", canary)]).await;
    house
        .item("Board", "Secret", &[("key", "canary-board")])
        .await;

    let from_board = create(
        "Lax",
        "b",
        vec![field("k", Source::Copy("op://Board/Secret/key".into()))],
    );
    said(house.create(&codex, from_board).await);
    let copy = create(
        "Lax",
        "c",
        vec![field("k", Source::Copy("op://Dev/Ruled/key".into()))],
    );
    if BACKEND == Backend::Connect {
        // The server has no place for where a value came from.
        let refused = said(house.create(&codex, copy).await);
        assert!(refused.contains("can't remember"), "{refused}");
        return;
    }
    house.create(&codex, copy).await.unwrap();
    let again = create(
        "Lax",
        "d",
        vec![field("k", Source::Copy("op://Lax/c/k".into()))],
    );
    house.create(&codex, again).await.unwrap();

    for reference in ["op://Lax/c/k", "op://Lax/d/k"] {
        let env = [("K", reference)];
        said(
            house
                .run(&codex, &["sh", "-c", "echo $K | rev"], &env)
                .await,
        );
        assert!(house.run(&codex, &["true"], &env).await.unwrap().ok());
    }
}

#[tokio::test]
async fn a_concealed_value_is_not_copied_into_a_field_that_shows_it() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[("key", "canary-3")]).await;
    let mut shown = field("k", Source::Copy("op://Dev/Stripe/key".into()));
    shown.kind = Some(hushkey::vault::FieldType::String);

    let refused = said(house.create(&codex, create("Dev", "c", vec![shown])).await);

    assert!(
        refused.contains("would show a concealed value"),
        "{refused}"
    );
}

#[tokio::test]
async fn an_agent_cannot_rename_an_item_out_of_its_rules_or_into_others() {
    let house = House::new(
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "full"
        [[agents.codex.commands]]
        run = ["**"]
        secrets = ["op://Dev/Test/**"]
        "#,
    )
    .await;
    let codex = house.agent("codex");
    house
        .item("Dev", "Production", &[("key", "canary-production")])
        .await;

    let rename = UpdateItem {
        item: "Production".into(),
        title: Some("Test".into()),
        ..UpdateItem::default()
    };
    let refused = said(
        house
            .broker
            .update_item(&codex, rename, std::future::pending())
            .await,
    );

    assert!(refused.contains("which rules hold"), "{refused}");
    let rename = UpdateItem {
        item: "Production".into(),
        title: Some("Production EU".into()),
        ..UpdateItem::default()
    };
    house
        .broker
        .update_item(&codex, rename, std::future::pending())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_generated_secret_below_64_bits_is_refused_for_concealed_fields() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let weak = || Source::Generate(Recipe::parse("8,digits").unwrap());

    let refused = said(
        house
            .create(&codex, create("Dev", "x", vec![field("pin", weak())]))
            .await,
    );

    assert!(refused.contains("too easy to guess"), "{refused}");
    let mut plain = field("number", weak());
    plain.kind = Some(hushkey::vault::FieldType::String);
    house
        .create(&codex, create("Dev", "x", vec![plain]))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_agents_text_is_refused_for_concealed_fields() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let mut typed = field(
        "key",
        Source::Text(Secret::new("canary-typed-by-a-model".into())),
    );
    typed.kind = Some(hushkey::vault::FieldType::Concealed);

    let refused = said(house.create(&codex, create("Dev", "x", vec![typed])).await);

    assert!(refused.contains("must not pass through you"), "{refused}");
    assert!(!refused.contains("canary"), "{refused}");
}

#[tokio::test]
async fn a_variable_is_expanded_from_the_request_and_never_from_the_servers_environment() {
    let token = "canary-server-token-5e6f7a8b";
    let house = House::with_environment(
        WIDE,
        &[
            ("OP_CONNECT_TOKEN", token),
            ("ANTHROPIC_API_KEY", "canary-model-key"),
        ],
    )
    .await;
    let codex = house.agent("codex");
    house.file(
        ".env",
        "A=$OP_CONNECT_TOKEN\nB=${OP_CONNECT_TOKEN}x\nC=$GIVEN\n",
    );
    let request = RunRequest {
        command: ["sh", "-c", "env; echo \"$X\" \"$OP_CONNECT_TOKEN\""]
            .map(str::to_owned)
            .to_vec(),
        env: pairs(&[("X", "$OP_CONNECT_TOKEN"), ("GIVEN", "dev")]),
        env_files: vec![".env".into()],
        ..RunRequest::default()
    };

    let answer = house.request(&codex, request).await.unwrap();

    let shown = format!("{}{}", answer.stdout, answer.stderr);
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("C=dev\n"), "{shown}");
    assert!(shown.contains("X=$OP_CONNECT_TOKEN"), "{shown}");
}

#[tokio::test]
async fn counts_stop_at_nine_and_are_absent_where_output_is_withheld() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let long = "canary-counted-value-0011223344";
    house.item("Dev", "Long", &[("key", long)]).await;
    house.item("Dev", "Short", &[("key", "hunter2")]).await;
    let script = "i=0; while [ $i -lt 30 ]; do echo \"$K\"; i=$((i+1)); done";

    let env = [("K", "op://Dev/Long/key")];
    let counted = house
        .run(&codex, &["sh", "-c", script], &env)
        .await
        .unwrap();
    assert_eq!(counted.concealed.values().copied().collect::<Vec<_>>(), [9]);

    let env = [("K", "op://Dev/Short/key")];
    let withheld = house
        .run(&codex, &["sh", "-c", script], &env)
        .await
        .unwrap();
    assert!(withheld.withheld.is_some() && withheld.concealed.is_empty());
    assert_eq!(
        (withheld.stdout.as_str(), withheld.stderr.as_str()),
        ("", "")
    );
}

#[tokio::test]
async fn an_agent_sees_its_own_activity_only() {
    let house = House::new(
        r#"
        [agents.a.vaults]
        Dev = "read"
        [agents.b.vaults]
        Dev = "read"
        "#,
    )
    .await;
    house.broker.vaults(&house.agent("a")).await.unwrap();
    house.broker.vaults(&house.agent("b")).await.unwrap();

    let wanted = ActivityWanted {
        agent: Some("a".into()),
        ..ActivityWanted::default()
    };
    let seen = house
        .broker
        .activity(&house.agent("b"), &wanted)
        .await
        .unwrap();

    assert!(!seen.is_empty());
    assert!(seen.iter().all(|entry| entry.agent == "b"), "{seen:?}");
}

#[tokio::test]
async fn a_refusal_tells_the_model_a_code_and_the_owner_the_remedy() {
    let house = House::new("[agents.codex.vaults]\nDev = \"read\"\n").await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[("key", "canary-4")]).await;

    let told = said(
        house
            .run(&codex, &["true"], &[("K", "op://Dev/Stripe/key")])
            .await,
    );

    assert!(told.contains("(request "), "{told}");
    assert!(!told.contains("hushkey agent allow"), "{told}");
    let log = house.log("codex").await.join("\n");
    assert!(log.contains("hushkey agent allow codex"), "{log}");
}

#[tokio::test]
async fn not_allowed_and_not_there_read_alike() {
    let house = House::new("[agents.codex.vaults]\nDev = \"use\"\n").await;
    let codex = house.agent("codex");
    house.item("Board", "Merger", &[("key", "canary-5")]).await;

    let mut told = Vec::new();
    for vault in ["Board", "Nowhere"] {
        let error = said(house.broker.item(&codex, "Merger", Some(vault)).await);
        told.push(error.replace(vault, "V"));
        let reference = format!("op://{vault}/Merger/key");
        let error = said(house.run(&codex, &["true"], &[("K", &reference)]).await);
        told.push(error.replace(vault, "V"));
    }

    assert_eq!(told[..2], told[2..]);
    let unknown = house.agent("nobody");
    assert!(said(house.broker.vaults(&unknown).await).contains("does not name the agent"));
}

#[tokio::test]
async fn only_the_owner_reveals_and_administers() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[("key", "canary-6")]).await;
    let reference = hushkey::vault::SecretReference::parse("op://Dev/Stripe/key").unwrap();

    said(house.broker.reveal(&codex, &reference).await);
    said(house.broker.reveal_item(&codex, "Stripe", None).await);
    said(house.broker.create_vault(&codex, "Mine", "").await);
    said(house.broker.delete_vault(&codex, "Dev").await);
    said(house.broker.delete_item(&codex, "Stripe", None, true).await);

    let value = house
        .broker
        .reveal(&Caller::Owner, &reference)
        .await
        .unwrap();
    assert_eq!(value.expose_secret(), "canary-6");
}

#[tokio::test]
async fn where_items_may_not_be_seen_what_is_there_and_what_is_not_read_alike() {
    let house = House::new(
        r#"
        [agents.codex.vaults]
        Dev = "full"
        Lax = ["use", "create", "update", "delete"]
        "#,
    )
    .await;
    let codex = house.agent("codex");
    let made = house.item("Lax", "Hidden", &[("key", "canary-9")]).await;
    house.item("Dev", "Twin", &[("key", "canary-8")]).await;
    let twin = house.item("Lax", "Twin", &[("key", "canary-7")]).await;
    let (id, broker) = (made.metadata.overview.id.to_string(), &house.broker);

    for vault in [None, Some("Lax")] {
        let mut told = Vec::new();
        for name in [
            "Hidden",
            id.as_str(),
            "Nothing",
            "hhhhhhhhhhhhhhhhhhhhhhhhhh",
        ] {
            let update = UpdateItem {
                item: name.to_owned(),
                vault: vault.map(str::to_owned),
                tags: Some(vec!["seen".into()]),
                ..UpdateItem::default()
            };
            let changed = broker
                .update_item(&codex, update, std::future::pending())
                .await;
            for refused in [
                said(broker.item(&codex, name, vault).await),
                said(changed),
                said(broker.delete_item(&codex, name, vault, false).await),
            ] {
                let request = refused.split(" (request ").next().unwrap_or_default();
                told.push(request.replace(name, "NAME"));
            }
        }
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
    }
    // Nor does one that is hidden make a name ambiguous.
    let found = broker.item(&codex, "Twin", None).await.unwrap();
    assert_ne!(found.metadata.overview.id, twin.metadata.overview.id);
}

#[tokio::test]
async fn what_a_field_is_needs_the_right_to_metadata() {
    let policy = |rights: &str| {
        format!(
            r#"
            path = ["/usr/bin", "/bin"]
            [agents.codex.vaults]
            Lax = {rights}
            [[agents.codex.commands]]
            run = ["printenv", "T"]
            env = ["*"]
            "#
        )
    };
    let house = House::new(&policy(r#"["use"]"#)).await;
    let codex = house.agent("codex");
    house.item("Lax", "Hidden", &[("key", "canary-6")]).await;
    let ask = [("T", "op://Lax/Hidden/key?attribute=type")];

    let refused = said(house.run(&codex, &["printenv", "T"], &ask).await);
    house.set_policy(&policy(r#""read""#));
    let told = house.run(&codex, &["printenv", "T"], &ask).await.unwrap();

    assert!(refused.contains("no item"), "{refused}");
    assert_eq!(told.stdout, "concealed\n");
}

#[tokio::test]
async fn a_search_finds_nothing_in_what_is_hidden_of_an_address() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let href = "https://ada:canary-user@db.example/x?key=canary-query#canary-fragment";
    let mut new = create("Dev", "Database", vec![]);
    new.urls.push(ItemUrl {
        href: href.to_owned(),
        label: None,
        primary: true,
    });
    house.create(&Caller::Owner, new).await.unwrap();

    let mut found = Vec::new();
    for query in ["db.example", "ada", "canary", "canary-q", "CANARY-F"] {
        let wanted = ItemsWanted {
            query: Some(query.to_owned()),
            ..ItemsWanted::default()
        };
        found.push(
            house
                .broker
                .items(&codex, &wanted)
                .await
                .unwrap()
                .items
                .len(),
        );
    }

    assert_eq!(found, [1, 0, 0, 0, 0]);
}
