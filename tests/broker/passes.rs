//! Leave for one run: the owner's yes to a request for a command that holds once, for exactly what was asked.

use hushkey::{
    access::{AgentName, Caller},
    approvals::{AccessMatter, Decision, Matter, NewRequest, Person, Proof, Request, Verdict, Way},
    broker::{BrokerError, RunAnswer, RunRequest, UpdateItem},
};
use jiff::{SignedDuration, Timestamp};

use crate::house::{House, pairs, said};

/// An agent that sees `Dev`, may run nothing, and knows of no other vault.
const POLICY: &str = r#"
path = ["/usr/bin", "/bin"]
[agents.codex.vaults]
Dev = "read"
"#;
const TOKEN: &str = "op://Dev/DB/token";
const HIDDEN: &str = "op://Board/Payroll/token";
const TOUCH: &[&str] = &["touch", "ran"];

async fn house(policy: &str) -> (House, Caller) {
    let house = House::new(policy).await;
    for (vault, title) in [("Dev", "DB"), ("Dev", "Other"), ("Board", "Payroll")] {
        let value = format!("canary-{title}-12345");
        house.item(vault, title, &[("token", &value)]).await;
    }
    let codex = house.agent("codex");
    (house, codex)
}

fn wanted(command: &[&str], references: &[&str]) -> AccessMatter {
    AccessMatter::Command {
        command: command.iter().map(|it| (*it).to_owned()).collect(),
        references: references.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn yes() -> Decision {
    Decision {
        verdict: Verdict::Yes,
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

/// A request as `request_access` opens it.
fn request(house: &House, agent: &str, matter: AccessMatter) -> Request {
    let new = NewRequest {
        agent: AgentName::parse(agent).unwrap(),
        client: None,
        matter: Matter::Access(matter),
        reason: Some("to migrate".into()),
        bound: Vec::new(),
        lasts: std::time::Duration::from_secs(60),
        local_only: true,
        grant: None,
        ticket: None,
    };
    house.approvals().ask(new, Timestamp::now()).unwrap()
}

/// The owner allows it once.
async fn allow_once(house: &House, matter: AccessMatter) -> Result<Request, BrokerError> {
    let request = request(house, "codex", matter);
    let terms = house.broker.pass_terms(&Caller::Owner, &request).await?;
    house
        .broker
        .answer_access_once(&Caller::Owner, &request, terms, yes())
        .await?;
    Ok(request)
}

async fn touches(house: &House, caller: &Caller) -> Result<RunAnswer, BrokerError> {
    house.run(caller, TOUCH, &[("K", TOKEN)]).await
}

/// A command and its variables.
type Asked<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

fn left(house: &House) -> usize {
    house.approvals().lasting().unwrap().passes.len()
}

#[tokio::test]
async fn leave_for_one_run_lets_exactly_that_run_once_and_both_are_on_record() {
    let (house, codex) = house(POLICY).await;
    touches(&house, &codex).await.unwrap_err();
    let request = allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();

    let first = touches(&house, &codex).await.unwrap();
    let second = said(touches(&house, &codex).await);

    assert!(first.ok() && house.work.join("ran").exists());
    assert!(second.contains("(request "), "{second}");
    assert_eq!(left(&house), 0);
    let log = house.log("codex").await;
    let code = &request.code;
    let given = format!(
        "ann (terminal) allowed codex that it may run `touch ran` with {TOKEN}: once, until "
    );
    assert!(log.iter().any(|it| it.starts_with(&given)), "{log:?}");
    let used = format!(
        "codex ran `touch` with Dev/DB/token: allowed by ann, in a terminal, once ({code})"
    );
    assert_eq!(log.iter().filter(|it| **it == used).count(), 1, "{log:?}");
}

#[tokio::test]
async fn leave_for_one_run_hands_out_a_field_of_a_vault_that_is_not_seen_and_shows_no_more_of_it() {
    let (house, codex) = house(POLICY).await;
    let print = ["sh", "-c", "echo got $K"];
    allow_once(&house, wanted(&print, &[HIDDEN])).await.unwrap();

    let before = said(house.run(&codex, &["true"], &[("K", HIDDEN)]).await);
    let answer = house.run(&codex, &print, &[("K", HIDDEN)]).await.unwrap();

    assert_eq!(answer.stdout, format!("got <concealed:{HIDDEN}>\n"));
    assert!(before.contains("there is no vault"), "{before}");
    let vaults = house.broker.vaults(&codex).await.unwrap();
    assert_eq!(vaults.len(), 1, "Board is not seen");
    assert!(house.broker.item(&codex, "Payroll", None).await.is_err());
    assert!(house.run(&codex, &print, &[("K", HIDDEN)]).await.is_err());
}

#[tokio::test]
async fn whatever_differs_from_what_was_allowed_once_is_refused_and_does_not_use_it_up() {
    let (house, codex) = house(POLICY).await;
    allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();
    let other = "op://Dev/Other/token";
    let runs: [Asked<'_>; 9] = [
        (&["touch", "other"], &[("K", TOKEN)]),
        (&["touch", "ran", "other"], &[("K", TOKEN)]),
        (&["touch"], &[("K", TOKEN)]),
        (&["/bin/../bin/touch", "ran"], &[("K", TOKEN)]),
        (&["sh", "-c", "touch ran"], &[("K", TOKEN)]),
        (TOUCH, &[]),
        (TOUCH, &[("K", other)]),
        (TOUCH, &[("K", TOKEN), ("L", other)]),
        (TOUCH, &[("K", TOKEN), ("PGHOST", "plain text")]),
    ];

    for (command, env) in runs {
        let refused = house.run(&codex, command, env).await;

        assert!(refused.is_err(), "{command:?} {env:?}");
    }
    let by_another = touches(&house, &house.agent("claude")).await;

    assert!(by_another.is_err());
    assert!(!house.work.join("ran").exists());
    assert_eq!(left(&house), 1);
    let twice = [("K", TOKEN), ("SAME", TOKEN)];
    house.run(&codex, TOUCH, &twice).await.unwrap();
}

#[tokio::test]
async fn what_was_renamed_moved_or_replaced_since_is_not_what_was_allowed_once() {
    let (house, codex) = house(POLICY).await;
    allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();
    let rename = |item: &str, title: &str| UpdateItem {
        item: item.to_owned(),
        title: Some(title.to_owned()),
        ..UpdateItem::default()
    };
    for (item, title) in [("DB", "Old"), ("Other", "DB")] {
        house
            .broker
            .update_item(&Caller::Owner, rename(item, title), std::future::pending())
            .await
            .unwrap();
    }

    let impostor = touches(&house, &codex).await;
    let renamed = house
        .run(&codex, TOUCH, &[("K", "op://Dev/Old/token")])
        .await;

    assert!(impostor.is_err() && renamed.is_err());
    assert_eq!(left(&house), 1);
}

#[tokio::test]
async fn leave_for_one_run_that_is_revoked_too_old_or_put_back_counts_for_nothing() {
    let (house, codex) = house(POLICY).await;
    let request = allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();
    let file = rusqlite::Connection::open(house.home.join("approvals.db")).unwrap();
    let sealed = |sql: &str| {
        file.query_row(sql, (), |row| row.get::<_, Vec<u8>>(0))
            .unwrap()
    };
    let unused = sealed("SELECT sealed FROM lasting");

    let revoked = house.broker.revoke_approval(&Caller::Owner, request.code);
    assert!(revoked.await.unwrap());
    touches(&house, &codex).await.unwrap_err();
    file.execute("UPDATE lasting SET sealed = ?", [&unused])
        .unwrap();
    assert_eq!(left(&house), 1, "the control");
    touches(&house, &codex).await.unwrap_err();

    // A fresh house: one that ran out.
    let (house, codex) = self::house(POLICY).await;
    let request = self::request(&house, "codex", wanted(TOUCH, &[TOKEN]));
    let terms = house
        .broker
        .pass_terms(&Caller::Owner, &request)
        .await
        .unwrap();
    let day = SignedDuration::from_hours(24);
    assert!(terms.until <= Timestamp::now() + day, "within a day");
    let old = hushkey::approvals::PassTerms {
        until: Timestamp::now() - SignedDuration::from_secs(1),
        ..terms
    };
    house
        .broker
        .answer_access_once(&Caller::Owner, &request, old, yes())
        .await
        .unwrap();
    touches(&house, &codex).await.unwrap_err();
    assert!(!house.work.join("ran").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_come_at_once_one_run_gets_the_leave() {
    let (house, codex) = house(POLICY).await;
    let command = ["sh", "-c", "echo x >> count"];
    allow_once(&house, wanted(&command, &[])).await.unwrap();
    let elsewhere = house.reopen();
    let request = || RunRequest {
        command: command.map(str::to_owned).to_vec(),
        env: pairs(&[]),
        ..RunRequest::default()
    };

    let (one, two, three) = tokio::join!(
        house.run(&codex, &command, &[]),
        elsewhere.run(&codex, request(), std::future::pending()),
        house.run(&codex, &command, &[]),
    );

    let ran = [one, two, three].into_iter().filter(Result::is_ok).count();
    assert_eq!(ran, 1);
    let lines = std::fs::read_to_string(house.work.join("count")).unwrap();
    assert_eq!(lines.lines().count(), 1);
}

#[tokio::test]
async fn where_the_owner_has_a_passphrase_leave_for_one_run_needs_its_proof() {
    use sha2::{Digest, Sha512};

    let (mut house, codex) = house(POLICY).await;
    house.proving(|message, proof| *proof == <[u8; 64]>::from(Sha512::digest(message)));
    let request = request(&house, "codex", wanted(TOUCH, &[TOKEN]));
    let terms = house
        .broker
        .pass_terms(&Caller::Owner, &request)
        .await
        .unwrap();
    let approvals = house.approvals();
    let proven = |message: Vec<u8>| Decision {
        proof: Some(Proof(Sha512::digest(message).into())),
        ..yes()
    };

    // Not at all; and for a rule, which is another yes.
    let as_rule = proven(approvals.message(&request, Verdict::Yes, false));
    for unproven in [yes(), as_rule] {
        let answered =
            house
                .broker
                .answer_access_once(&Caller::Owner, &request, terms.clone(), unproven);
        assert!(said(answered.await).contains("not signed"));
    }
    // By a program that has the file's key, and not the passphrase.
    approvals
        .remember(|lasting| lasting.add_pass(&request, terms.clone(), &yes()))
        .unwrap();
    touches(&house, &codex).await.unwrap_err();
    let signed = proven(approvals.pass_message(&request.id, &request.digest, &terms));
    house
        .broker
        .answer_access_once(&Caller::Owner, &request, terms, signed)
        .await
        .unwrap();

    touches(&house, &codex).await.unwrap();
}

#[tokio::test]
async fn what_a_rule_or_the_agents_table_demands_is_demanded_of_a_run_that_was_allowed_once() {
    let rule =
        "[[agents.codex.commands]]\nrun = 'touch *'\nsecrets = ['op://Dev/**']\ncwd = '/nowhere'\n";
    let (house, codex) = house(&POLICY.replace("\"read\"", "\"use\"")).await;
    allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();

    house.set_policy(&format!("{}{rule}", POLICY.replace("\"read\"", "\"use\"")));
    touches(&house, &codex).await.unwrap_err();
    house.set_policy(&format!("{POLICY}[agents.codex]\nrequire_reason = true\n"));
    let silent = said(touches(&house, &codex).await);
    house.set_policy(&format!("{POLICY}[agents.codex]\nrequire_token = true\n"));
    touches(&house, &codex).await.unwrap_err();

    assert!(silent.contains("the owner wants to know why"), "{silent}");
    assert!(!silent.contains("agent allow"), "{silent}");
    assert_eq!(left(&house), 1);
    house.set_policy(POLICY);
    touches(&house, &codex).await.unwrap();
}

#[tokio::test]
async fn what_does_not_happen_once_or_is_not_there_can_not_be_allowed_once() {
    let (house, _) = house(POLICY).await;
    let level = AccessMatter::Vault {
        vault: "Dev".into(),
        level: "use".into(),
    };
    let attempts = [
        (level, "only a command can be allowed once"),
        (wanted(&["./local", "x"], &[]), "only the agent knows"),
        (wanted(&["no-such-program"], &[]), "no-such-program"),
        (wanted(TOUCH, &["op://Dev/None/token"]), "None"),
    ];

    for (matter, why) in attempts {
        let refused = said(allow_once(&house, matter).await);

        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(left(&house), 0);
}

#[tokio::test]
async fn without_an_audit_log_what_was_allowed_once_is_used_up_and_nothing_runs() {
    let (house, codex) = house(POLICY).await;
    allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();
    let log = rusqlite::Connection::open(house.home.join("audit.db")).unwrap();
    log.execute_batch("BEGIN IMMEDIATE").unwrap();

    let told = said(touches(&house, &codex).await);

    assert!(told.contains("audit log"), "{told}");
    assert!(!house.work.join("ran").exists());
    log.execute_batch("ROLLBACK").unwrap();
    assert_eq!(left(&house), 0);
    touches(&house, &codex).await.unwrap_err();
}

#[tokio::test]
async fn a_program_that_stays_up_uses_leave_for_one_run_as_any_other() {
    let (house, codex) = house(POLICY).await;
    allow_once(&house, wanted(TOUCH, &[TOKEN])).await.unwrap();
    let request = || RunRequest {
        command: TOUCH.iter().map(|it| (*it).to_owned()).collect(),
        env: pairs(&[("K", TOKEN)]),
        ..RunRequest::default()
    };

    let started = house.broker.start_command(&codex, request()).await;
    let again = house.broker.start_command(&codex, request()).await;

    assert!(started.is_ok() && again.is_err());
    assert_eq!(left(&house), 0);
}
