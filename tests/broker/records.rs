//! Decide, record, act: what is in the log when, and what happens without a log.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hushkey::{
    access::Caller,
    audit::AuditLog,
    backend::local::LocalVault,
    broker::{Anchor, Broker, Grounds, PolicySource, RunRequest},
    keys::KeySource,
    policy::Policy,
    vault::{Secret, StoreHead, Vault},
};

use crate::{
    WIDE,
    fake_vault::FakeVault,
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

#[tokio::test]
async fn a_store_that_moves_on_while_it_is_looked_at_is_not_taken_for_an_older_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (key, path) = (dir.path().join("key"), dir.path().join("audit.db"));
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let key = KeySource::File(key).load_or_create().unwrap();
    let other = AuditLog::open(&path, &key).unwrap();
    let revision = AtomicU64::new(1);
    // As soon as we have looked, another process changes the store and notes where it stands now.
    let vault = FakeVault::new().standing_at(move || {
        let seen = revision.fetch_add(1, Ordering::Relaxed);
        other.note_head(&head(seen + 1)).unwrap();
        head(seen)
    });
    let audit = AuditLog::open(&path, &key).unwrap();
    let broker = Broker::new(
        Arc::new(vault),
        Box::new(Nothing),
        audit,
        Grounds::default(),
    );

    let anchors = [
        broker.anchor().await.unwrap(),
        broker.anchor().await.unwrap(),
    ];

    assert_eq!(anchors, [Anchor::Sound, Anchor::Sound]);
}

fn head(revision: u64) -> StoreHead {
    StoreHead {
        store: "the store".to_owned(),
        revision,
        mark: [u8::try_from(revision).unwrap(); 32],
    }
}

/// A policy that allows nobody anything.
struct Nothing;

impl PolicySource for Nothing {
    fn current(&self) -> Result<Policy, String> {
        Policy::parse("", None).map_err(|error| error.to_string())
    }
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
    let key = KeySource::File(house.home.join("key")).load().unwrap();
    let store = LocalVault::open(&house.home.join("store.db"), &key).unwrap();
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
    said(house.broker.check_references(&codex, &[], missing).await);

    let log = house.log("codex").await;
    assert_eq!(log.len(), before + 2, "{log:?}");
    assert!(
        log[before + 1].contains("failed: `not-there.env` does not exist"),
        "{log:?}"
    );
}
