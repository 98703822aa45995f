//! Decide, record, act: what is in the log when, and what happens without a log.

use std::{path::Path, time::Duration};

use hushkey::{broker::RunRequest, vault::Secret};

use crate::{
    WIDE,
    house::{House, create, said},
};

#[tokio::test]
async fn a_run_reads_as_a_sentence_in_the_log() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house
        .item("Dev", "Stripe", &[("secret key", "canary-secret-10")])
        .await;

    let env = [("K", "op://Dev/Stripe/secret key")];
    house
        .run(&codex, &["echo", "argument-canary"], &env)
        .await
        .unwrap();

    let log = house.log("codex").await.join("\n");
    assert!(log.contains("codex ran `"), "{log}");
    assert!(
        log.contains("with Dev/Stripe/secret key: allowed by rule 1"),
        "{log}"
    );
    assert!(!log.contains("argument-canary"), "{log}");
}

#[tokio::test]
async fn a_request_for_what_is_not_there_is_recorded() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");

    said(house.broker.item(&codex, "Nothing", None).await);
    said(
        house
            .run(&codex, &["true"], &[("K", "op://Dev/Nothing/key")])
            .await,
    );

    assert_eq!(house.log("codex").await.len(), 2);
}

#[tokio::test]
async fn the_decision_is_durable_before_the_program_runs() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house
        .item("Dev", "Stripe", &[("key", "canary-secret-11")])
        .await;
    let before = house.broker.audit().verify().unwrap().sound;

    // The program itself looks at how large the log has grown: a page is written before it starts.
    let wal = house.home.join("audit.db-wal");
    let size = std::fs::metadata(&wal).map_or(0, |wal| wal.len());
    let answer = house
        .run(
            &codex,
            &["stat", "-c", "%s", wal.to_str().unwrap()],
            &[("K", "op://Dev/Stripe/key")],
        )
        .await
        .unwrap();

    let during: u64 = answer.stdout.trim().parse().unwrap();
    assert!(during > size, "{during} bytes, {size} before");
    assert_eq!(house.broker.audit().verify().unwrap().sound, before + 2);
}

#[tokio::test]
async fn without_an_audit_log_nothing_is_released() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house
        .item("Dev", "Stripe", &[("key", "canary-secret-12")])
        .await;
    // Another process holds the log and does not let go.
    let log = rusqlite::Connection::open(house.home.join("audit.db")).unwrap();
    log.execute_batch("BEGIN IMMEDIATE").unwrap();

    let told = said(
        house
            .run(&codex, &["touch", "ran"], &[("K", "op://Dev/Stripe/key")])
            .await,
    );

    assert!(told.contains("audit log"), "{told}");
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn a_denied_request_is_recorded_and_nothing_runs() {
    let house = House::new("[agents.codex.vaults]\nDev = \"use\"\n").await;
    let codex = house.agent("codex");
    house
        .item("Dev", "Stripe", &[("key", "canary-secret-13")])
        .await;

    said(
        house
            .run(&codex, &["touch", "ran"], &[("K", "op://Dev/Stripe/key")])
            .await,
    );

    let log = house.log("codex").await.join("\n");
    assert!(log.contains("denied"), "{log}");
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn a_value_that_was_replaced_after_the_decision_is_not_released() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let made = house
        .item("Dev", "Stripe", &[("key", "canary-secret-14")])
        .await;
    // The decision has to wait for the log, and somebody else is quicker.
    let log = rusqlite::Connection::open(house.home.join("audit.db")).unwrap();
    log.execute_batch("BEGIN IMMEDIATE").unwrap();
    let store = house.vault();
    let other = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let overview = &made.metadata.overview;
        let mut item = store.item(&overview.vault, &overview.id).await.unwrap();
        item.fields[0].value = Some(Secret::new("canary-from-elsewhere".to_owned()));
        store.replace_item(item).await.unwrap();
        log.execute_batch("ROLLBACK").unwrap();
    };

    let run = house.run(&codex, &["touch", "ran"], &[("K", "op://Dev/Stripe/key")]);
    let (answer, ()) = tokio::join!(run, other);

    assert!(said(answer).contains("version 2, not 1"));
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn a_request_that_is_refused_before_it_is_decided_is_recorded() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let run = |program: &str, env_file: Option<&str>| RunRequest {
        command: vec![program.to_owned()],
        env_files: env_file.into_iter().map(Into::into).collect(),
        ..RunRequest::default()
    };

    for request in [
        run(env!("CARGO_BIN_EXE_hushkey"), None),
        run("no-such-program", None),
        run("true", Some("/etc/passwd")),
    ] {
        said(house.request(&codex, request).await);
    }
    said(house.create(&codex, create("Dev", " ", vec![])).await);

    let log = house.log("codex").await;
    assert_eq!(log.len(), 5, "{log:?}");
    for (entry, word) in log.iter().zip(["hushkey", "no-such-program", "true"]) {
        assert!(
            entry.contains(&format!("was denied running `{word}`")),
            "{log:?}"
        );
    }
    assert!(
        log[4].contains("failed: a name or title can't be empty"),
        "{log:?}"
    );
}

#[tokio::test]
async fn whatever_was_allowed_has_its_outcome_recorded() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let before = house.log("codex").await.len();

    let missing = Some(Path::new("not-there.env"));
    said(
        house
            .broker
            .check_references(&codex, &[], missing, None)
            .await,
    );

    let log = house.log("codex").await;
    assert_eq!(log.len(), before + 2, "{log:?}");
    assert!(
        log[before + 1].contains("failed: `not-there.env` does not exist"),
        "{log:?}"
    );
}
