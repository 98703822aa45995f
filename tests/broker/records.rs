//! Decide, record, act: what is in the log when, and what happens without a log.

use std::os::unix::fs::PermissionsExt;

use hushkey::{access::Caller, broker::Anchor};

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
async fn an_older_copy_of_the_store_is_noticed_until_its_owner_accepts_it() {
    let house = House::new(WIDE).await;
    let copy = house.home.parent().unwrap().join("copy.db");
    let store = house.home.join("store.db");
    rusqlite::Connection::open(&store)
        .unwrap()
        .execute("VACUUM INTO ?", [copy.to_str().unwrap()])
        .unwrap();
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o600)).unwrap();
    house.item("Dev", "Later", &[]).await;
    assert_eq!(house.broker.anchor().await.unwrap(), Anchor::Sound);

    for companion in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(house.home.join(companion));
    }
    std::fs::rename(&copy, &store).unwrap();
    let broker = house.reopen();
    assert!(matches!(
        broker.anchor().await.unwrap(),
        Anchor::Older { .. }
    ));
    for title in ["A", "B", "C"] {
        let new = create("Dev", title, vec![]);
        let pending = std::future::pending();
        broker
            .create_item(&Caller::Owner, new, pending)
            .await
            .unwrap();
    }

    assert!(matches!(
        broker.anchor().await.unwrap(),
        Anchor::Older { .. }
    ));
    broker.accept_store(&Caller::Owner).await.unwrap();
    assert_eq!(broker.anchor().await.unwrap(), Anchor::Sound);
}
