//! A person decides: nothing is read or run without a yes to exactly that, and each step is in the log.

use std::time::Duration;

use hushkey::{
    access::Caller,
    approvals::{Approvals, Decision, Matter, Person, Proof, Request, Verdict, Way},
    broker::{BrokerError, RunRequest, Source},
};
use jiff::Timestamp;

use crate::house::{House, create, field, said};

const ASKING: &str = r#"
path = ["/usr/bin", "/bin"]
[agents.codex.vaults]
Dev = "full"
[[agents.codex.commands]]
run = "touch *"
secrets = ["op://Dev/**"]
approve = "always"
[[agents.codex.commands]]
run = "sh -c *"
secrets = ["op://Dev/**"]
env = ["*"]
approve = "once"
"#;

/// A house with one item, and its owner at another process's view of the approvals.
async fn house(policy: &str) -> (House, Caller) {
    let house = House::new(policy).await;
    house
        .item("Dev", "DB", &[("token", "canary-token-12345")])
        .await;
    let codex = house.agent("codex");
    (house, codex)
}

fn decision(verdict: Verdict) -> Decision {
    Decision {
        verdict,
        remember: false,
        by: Person {
            name: "ann".into(),
            uid: 1000,
        },
        way: Way::Terminal,
        at: Timestamp::now(),
        proof: None,
    }
}

/// What stands for the owner's signature.
fn signed(message: &[u8]) -> [u8; 64] {
    use sha2::{Digest, Sha512};
    Sha512::digest(message).into()
}

/// Waits until something is asked.
async fn asked(approvals: &Approvals) -> Request {
    for _ in 0..2000 {
        if let Some(request) = approvals.pending(Timestamp::now()).unwrap().pop() {
            return request;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody is asked");
}

/// Somebody who decides whatever is asked first, after a look at it.
async fn decides(house: &House, decision: Decision) -> Request {
    let approvals = house.approvals();
    let request = asked(&approvals).await;
    approvals
        .decide(&request, &decision, Timestamp::now())
        .unwrap();
    request
}

/// Runs `touch ran` with a secret while somebody decides.
async fn touched(house: &House, codex: &Caller, with: Decision) -> Result<Request, String> {
    let env = [("K", "op://Dev/DB/token")];
    let (ran, request) = tokio::join!(
        house.run(codex, &["touch", "ran"], &env),
        decides(house, with)
    );
    ran.map(|_| request).map_err(|error| error.to_string())
}

#[tokio::test]
async fn nothing_runs_until_a_person_said_yes_to_exactly_that() {
    let (house, codex) = house(ASKING).await;

    let request = touched(&house, &codex, decision(Verdict::Yes))
        .await
        .unwrap();

    let Matter::Run(run) = &request.matter else {
        panic!("{request:?}");
    };
    assert!(house.work.join("ran").exists());
    assert_eq!(
        (&run.argv[..], run.rule.as_str()),
        (&["touch".to_owned(), "ran".into()][..], "touch *")
    );
    assert_eq!(run.handed[0].reference, "op://Dev/DB/token");
    assert_eq!(run.handed[0].way, "variable K");
    assert!(!format!("{request:?}").contains("canary"));
    let log = house.log("codex").await;
    let code = request.code.as_str();
    assert!(
        log[0].contains("waits for a person's leave for running `touch *` with Dev/DB/token"),
        "{log:?}"
    );
    assert!(log[0].contains(code), "{log:?}");
    assert!(
        log[1].starts_with("ann (terminal) allowed codex running"),
        "{log:?}"
    );
    assert!(
        log[2].contains(&format!("allowed by ann, in a terminal ({code})")),
        "{log:?}"
    );
    assert_eq!(log.len(), 4, "{log:?}");
}

#[tokio::test]
async fn a_no_is_recorded_with_who_said_it_and_nothing_runs() {
    let (house, codex) = house(ASKING).await;

    let told = touched(&house, &codex, decision(Verdict::No))
        .await
        .unwrap_err();

    assert!(
        told.starts_with("a person has not allowed it (request "),
        "{told}"
    );
    assert!(!house.work.join("ran").exists());
    let log = house.log("codex").await;
    assert!(
        log[1].starts_with("ann (terminal) did not allow codex running"),
        "{log:?}"
    );
    assert!(log[2].contains("was denied running"), "{log:?}");
    assert_eq!(log.len(), 3, "{log:?}");
}

#[tokio::test]
async fn no_answer_in_time_is_a_no() {
    let (mut house, codex) = house(ASKING).await;
    house.patience(Duration::from_millis(300));

    let told = said(house.run(&codex, &["touch", "ran"], &[]).await);

    assert!(told.starts_with("a person has not allowed it"), "{told}");
    assert!(!house.work.join("ran").exists());
    let log = house.log("codex").await;
    assert!(
        log[1].starts_with("no person allowed codex running"),
        "{log:?}"
    );
    assert!(log[1].contains("nobody answered in time"), "{log:?}");
    assert!(
        house
            .approvals()
            .pending(Timestamp::now())
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_changed_while_the_person_looked_is_not_done() {
    let (house, codex) = house(ASKING).await;
    let script = house.file("vars.env", "K=op://Dev/DB/token\nMODE=dry-run\n");
    let request = || RunRequest {
        command: ["sh", "-c", "touch ran"].map(str::to_owned).into(),
        env_files: vec![script.clone()],
        ..RunRequest::default()
    };
    let change = async {
        let approvals = house.approvals();
        let request = asked(&approvals).await;
        std::fs::write(&script, "K=op://Dev/DB/token\nMODE=for-real\n").unwrap();
        approvals
            .decide(&request, &decision(Verdict::Yes), Timestamp::now())
            .unwrap();
    };

    let (ran, ()) = tokio::join!(house.request(&codex, request()), change);

    assert!(said(ran).starts_with("a person has not allowed it"));
    assert!(!house.work.join("ran").exists());
    let log = house.log("codex").await;
    assert!(log.last().unwrap().contains("was denied"), "{log:?}");
}

#[tokio::test]
async fn what_the_policy_forbids_after_the_yes_is_not_done() {
    let (house, codex) = house(ASKING).await;
    let change = async {
        let approvals = house.approvals();
        let request = asked(&approvals).await;
        house.set_policy("[agents.codex.vaults]\nDev = 'read'\n");
        approvals
            .decide(&request, &decision(Verdict::Yes), Timestamp::now())
            .unwrap();
    };

    let (ran, ()) = tokio::join!(house.run(&codex, &["touch", "ran"], &[]), change);

    assert!(said(ran).contains("no rule lets you run"));
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn once_is_remembered_for_the_pattern_with_exactly_these_references_until_it_is_revoked() {
    let (house, codex) = house(ASKING).await;
    house
        .item("Dev", "Other", &[("token", "canary-other-12345")])
        .await;
    let env = [("K", "op://Dev/DB/token")];
    let yes = Decision {
        remember: true,
        ..decision(Verdict::Yes)
    };
    let (first, _) = tokio::join!(
        house.run(&codex, &["sh", "-c", "true"], &env),
        decides(&house, yes)
    );
    first.unwrap();

    house
        .run(&codex, &["sh", "-c", "touch again"], &env)
        .await
        .unwrap();

    assert!(house.work.join("again").exists());
    let grant = house.approvals().lasting().unwrap().grants.remove(0);
    let log = house.log("codex").await;
    assert!(log[1].contains("and so from now on"), "{log:?}");
    assert!(
        log.iter()
            .any(|it| it.contains(&format!("remembered as {}", grant.code))),
        "{log:?}"
    );
    // Another reference, another agent's shell of words: asked again.
    let (other, _) = tokio::join!(
        house.run(
            &codex,
            &["sh", "-c", "true"],
            &[("K", "op://Dev/Other/token")]
        ),
        decides(&house, decision(Verdict::No))
    );
    assert!(other.is_err());

    assert!(
        house
            .broker
            .revoke_approval(&Caller::Owner, grant.code)
            .await
            .unwrap()
    );
    let (revoked, _) = tokio::join!(
        house.run(&codex, &["sh", "-c", "true"], &env),
        decides(&house, decision(Verdict::No))
    );
    assert!(revoked.is_err());
}

#[tokio::test]
async fn a_grant_that_was_revoked_and_put_back_counts_for_nothing() {
    let (house, codex) = house(ASKING).await;
    let yes = Decision {
        remember: true,
        ..decision(Verdict::Yes)
    };
    let (first, _) = tokio::join!(
        house.run(&codex, &["sh", "-c", "true"], &[]),
        decides(&house, yes)
    );
    first.unwrap();
    let file = rusqlite::Connection::open(house.home.join("approvals.db")).unwrap();
    let before: Vec<u8> = file
        .query_row("SELECT sealed FROM lasting", (), |row| row.get(0))
        .unwrap();
    let code = house.approvals().lasting().unwrap().grants.remove(0).code;
    assert!(
        house
            .broker
            .revoke_approval(&Caller::Owner, code)
            .await
            .unwrap()
    );

    file.execute("UPDATE lasting SET sealed = ?", [&before])
        .unwrap();

    assert_eq!(
        house.approvals().lasting().unwrap().grants.len(),
        1,
        "the control"
    );
    let (asked_again, _) = tokio::join!(
        house.run(&codex, &["sh", "-c", "true"], &[]),
        decides(&house, decision(Verdict::No))
    );
    assert!(asked_again.is_err());
}

#[tokio::test]
async fn where_the_owner_has_a_passphrase_a_yes_without_its_proof_is_none() {
    let (mut house, codex) = house(ASKING).await;
    house.proving(|message, proof| *proof == signed(message));

    let told = touched(&house, &codex, decision(Verdict::Yes))
        .await
        .unwrap_err();
    assert!(told.starts_with("a person has not allowed it"), "{told}");
    let forged = Decision {
        proof: Some(Proof(signed(b"something else"))),
        ..decision(Verdict::Yes)
    };
    touched(&house, &codex, forged).await.unwrap_err();
    assert!(!house.work.join("ran").exists());

    let signs = async {
        let approvals = house.approvals();
        let request = asked(&approvals).await;
        let message = approvals.message(&request, Verdict::Yes, false);
        let signed = Decision {
            proof: Some(Proof(signed(&message))),
            ..decision(Verdict::Yes)
        };
        approvals
            .decide(&request, &signed, Timestamp::now())
            .unwrap();
    };
    let (ran, ()) = tokio::join!(house.run(&codex, &["touch", "ran"], &[]), signs);
    ran.unwrap();
    assert!(house.work.join("ran").exists());
}

#[tokio::test]
async fn deleting_and_what_confirm_names_wait_for_a_person() {
    let policy = "[agents.codex]\nconfirm = ['delete', 'create', 'update']\n[agents.codex.vaults]\nDev = 'full'\n";
    let (house, codex) = house(policy).await;
    let new = || {
        create(
            "Dev",
            "New",
            vec![field("host", Source::Text("db.example".to_owned().into()))],
        )
    };

    let (deleted, request) = tokio::join!(
        house.broker.delete_item(&codex, "DB", Some("Dev"), false),
        decides(&house, decision(Verdict::No))
    );
    assert!(deleted.is_err() && request.matter.kind() == "delete");
    let (made, request) = tokio::join!(
        house.create(&codex, new()),
        decides(&house, decision(Verdict::No))
    );
    assert!(made.is_err());
    let Matter::Write(write) = request.matter else {
        panic!("{request:?}");
    };
    assert!(
        write.changes.contains(&"host: `db.example`".to_owned()),
        "{write:?}"
    );
    let (made, _) = tokio::join!(
        house.create(&codex, new()),
        decides(&house, decision(Verdict::Yes))
    );
    made.unwrap();
    let (deleted, _) = tokio::join!(
        house.broker.delete_item(&codex, "DB", Some("Dev"), false),
        decides(&house, decision(Verdict::Yes))
    );
    deleted.unwrap();
}

#[tokio::test]
async fn a_request_whose_record_was_changed_is_a_no() {
    let (house, codex) = house(ASKING).await;
    let tampers = async {
        let approvals = house.approvals();
        let request = asked(&approvals).await;
        approvals
            .decide(&request, &decision(Verdict::No), Timestamp::now())
            .unwrap();
        let file = rusqlite::Connection::open(house.home.join("approvals.db")).unwrap();
        file.execute("UPDATE request SET decision = randomblob(120)", ())
            .unwrap();
    };

    let (ran, ()) = tokio::join!(house.run(&codex, &["touch", "ran"], &[]), tampers);

    assert!(said(ran).starts_with("a person has not allowed it"));
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn without_a_way_to_persons_what_needs_one_is_refused() {
    let (mut house, codex) = house(ASKING).await;
    house.broker = house.without_people();

    let error = house.run(&codex, &["touch", "ran"], &[]).await.unwrap_err();

    assert!(matches!(error, BrokerError::Unavailable { .. }), "{error}");
    assert!(!house.work.join("ran").exists());
}
