//! Templates filled for an agent: into a file beneath its roots, by the right `files`.

use std::os::unix::fs::PermissionsExt;

use hushkey::{
    access::Caller,
    broker::{InjectTemplate, RunRequest, TemplateText},
    template::Template,
};

use crate::{
    WIDE,
    house::{House, said},
};

const VALUE: &str = "canary-Vq7rT2mXk9LzPw4s";

fn fill(template: &str, out_file: &str) -> InjectTemplate {
    InjectTemplate {
        template: TemplateText::Text(template.into()),
        out_file: out_file.into(),
        mode: 0o600,
        overwrite: false,
    }
}

async fn house(policy: &str) -> House {
    let house = House::new(policy).await;
    house
        .item(
            "Dev",
            "Stripe",
            &[("secret key", VALUE), ("other", "canary-other-77aa21")],
        )
        .await;
    house
}

#[tokio::test]
async fn a_template_becomes_a_private_file_and_the_answer_holds_no_value() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    let template = "a = {{ op://Dev/Stripe/secret key }}\nb = op://Dev/Stripe/other\nc = {{ op://Dev/Stripe/secret key }}";

    let filled = house
        .broker
        .inject_template(&codex, &fill(template, "out.toml"))
        .await
        .unwrap();
    let again = said(
        house
            .broker
            .inject_template(&codex, &fill(template, "out.toml"))
            .await,
    );

    let out = house.work.join("out.toml");
    assert_eq!(
        std::fs::read_to_string(&out).unwrap(),
        format!("a = {VALUE}\nb = canary-other-77aa21\nc = {VALUE}")
    );
    assert_eq!(
        std::fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        filled.references,
        ["op://Dev/Stripe/secret key", "op://Dev/Stripe/other"]
    );
    assert!(!format!("{filled:?}").contains("canary"));
    assert!(again.contains("is there already"), "{again}");
    assert_eq!(std::fs::read_dir(&house.work).unwrap().count(), 1);
}

#[tokio::test]
async fn what_was_filled_in_is_concealed_when_a_program_prints_the_file() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    house
        .broker
        .inject_template(&codex, &fill("{{ op://Dev/Stripe/secret key }}", "out"))
        .await
        .unwrap();

    let request = RunRequest {
        command: vec!["cat".into(), "out".into()],
        ..RunRequest::default()
    };
    let answer = house
        .broker
        .run(&codex, request, std::future::pending())
        .await
        .unwrap();

    assert!(
        answer.stdout.starts_with("<concealed:op://"),
        "{}",
        answer.stdout
    );
    assert!(!answer.stdout.contains(VALUE));
}

#[tokio::test]
async fn filling_needs_the_right_files_and_leaves_nothing_without_it() {
    let house = house(
        "[agents.codex.vaults]\nDev = \"use\"\n[[agents.codex.commands]]\nrun = [\"**\"]\nsecrets = [\"op://**\"]\n",
    )
    .await;
    let codex = house.agent("codex");

    let refused = said(
        house
            .broker
            .inject_template(&codex, &fill("{{ op://Dev/Stripe/secret key }}", "out"))
            .await,
    );

    assert!(refused.contains("may not"), "{refused}");
    assert_eq!(std::fs::read_dir(&house.work).unwrap().count(), 0);
}

#[tokio::test]
async fn every_reference_that_means_nothing_is_told_at_once() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    let template =
        "op://Dev/Stripe/nope\nop://Dev/Nope/key\nop://Dev/Stripe/other\nop://Elsewhere/a/b";

    let filled = said(
        house
            .broker
            .inject_template(&codex, &fill(template, "out"))
            .await,
    );
    let request = RunRequest {
        command: vec!["true".into()],
        env: vec![
            ("A".into(), "op://Dev/Stripe/nope".into()),
            ("B".into(), "op://Dev/Nope/key".into()),
        ],
        ..RunRequest::default()
    };
    let run = said(
        house
            .broker
            .run(&codex, request, std::future::pending())
            .await,
    );

    insta::assert_snapshot!(filled, @"3 references can't be resolved: (1) op://Dev/Nope/key: there is no item `Nope`; list the items to see what there is (2) op://Dev/Stripe/nope: there is no field `nope`; list the fields to see what there is (3) op://Elsewhere/a/b: there is no vault `Elsewhere`; list the vaults to see what there is");
    insta::assert_snapshot!(run, @"2 references can't be resolved: (1) op://Dev/Nope/key: there is no item `Nope`; list the items to see what there is (2) op://Dev/Stripe/nope: there is no field `nope`; list the fields to see what there is");
    assert_eq!(std::fs::read_dir(&house.work).unwrap().count(), 0);
}

#[tokio::test]
async fn an_agents_template_gets_nothing_from_the_environment_and_no_file_outside_its_roots() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    let from = |path: &str| InjectTemplate {
        template: TemplateText::File(path.into()),
        ..fill("", "out")
    };

    for (wanted, told) in [
        (
            fill("$HOME op://Dev/Stripe/other", "out"),
            "a variable is not set",
        ),
        (fill("no reference", "out"), "no secret reference"),
        (fill("op://Dev/Stripe", "out"), "too few"),
        (fill("op://Dev/Stripe/other", "../out"), "not open to you"),
        (from("/etc/passwd"), "not open to you"),
        (from("../home/policy.toml"), "not open to you"),
        (from("nothing.tpl"), "nothing.tpl"),
    ] {
        let said = said(house.broker.inject_template(&codex, &wanted).await);
        assert!(said.contains(told), "{wanted:?}: {said}");
    }
    assert_eq!(std::fs::read_dir(&house.work).unwrap().count(), 0);
}

#[tokio::test]
async fn a_template_in_the_open_is_the_owners_alone() {
    let house = house(WIDE).await;
    let template = || {
        Template::parse(
            "k={{ op://Dev/Stripe/secret key }};{{ op://Dev/Stripe/secret key?attribute=type }}",
            |_| None,
        )
        .unwrap()
    };

    let filled = house
        .broker
        .reveal_template(&Caller::Owner, template())
        .await
        .unwrap();
    let refused = said(
        house
            .broker
            .reveal_template(&house.agent("codex"), template())
            .await
            .map(|_| ()),
    );

    assert_eq!(filled.expose_secret(), format!("k={VALUE};concealed"));
    assert!(refused.contains("owner"), "{refused}");
}
