use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use super::*;
use crate::{
    access::AgentName,
    seal::{DataKey, Subkey},
};

mod processes;
mod tampering;

struct Holder(Subkey);

impl Holder {
    fn new(byte: u8) -> Self {
        let bytes = zeroize::Zeroizing::new([byte; 32]);
        Self(DataKey::from_bytes(bytes).subkey("test/wrap"))
    }
}

impl KeyHolder for Holder {
    fn wrap(&self, purpose: &str, key: &DataKey) -> Vec<u8> {
        self.0.seal(purpose.as_bytes(), key.bytes())
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<DataKey, Broken> {
        let bytes = self.0.open(purpose.as_bytes(), wrapped)?;
        let bytes = <[u8; 32]>::try_from(&bytes[..]).map_err(|_| Broken)?;
        Ok(DataKey::from_bytes(zeroize::Zeroizing::new(bytes)))
    }
}

/// A private directory with the file in it.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("approvals.db")
    }

    fn open(&self) -> Approvals {
        Approvals::open(&self.path(), &Holder::new(1)).unwrap()
    }

    /// Does to the file what somebody with a database tool could.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn run(argument: &str) -> NewRequest {
    let agent = AgentName::parse("codex").unwrap();
    NewRequest {
        client: None,
        matter: Matter::Run(Box::new(RunMatter {
            program: "/usr/bin/psql".into(),
            argv: vec!["psql".into(), argument.into()],
            cwd: "/srv".into(),
            handed: vec![Handed {
                reference: "op://Dev/DB/password".into(),
                ids: "v/i/f".into(),
                way: "variable PGPASSWORD".into(),
            }],
            variables: vec![("PGHOST".into(), Some("db".into()))],
            rule: "psql *".into(),
            output: "full".into(),
        })),
        reason: Some("to look".into()),
        bound: b"values of variables".to_vec(),
        lasts: Duration::from_secs(120),
        local_only: false,
        grant: Some(GrantKey {
            agent: agent.clone(),
            pattern: "psql *".into(),
            program: "/usr/bin/psql".into(),
            references: vec![("v/i/f".into(), "op://Dev/DB/password".into())],
        }),
        agent,
        ticket: None,
    }
}

/// A request for a run, as it waits.
pub(super) fn opened(matter: RunMatter, now: Timestamp) -> Request {
    let desk = Desk::new();
    let new = NewRequest {
        matter: Matter::Run(Box::new(matter)),
        ..run("")
    };
    desk.open().ask(new, now).unwrap()
}

fn access(vault: &str) -> NewRequest {
    NewRequest {
        matter: Matter::Access(AccessMatter::Vault {
            vault: vault.into(),
            level: "use".into(),
        }),
        grant: None,
        lasts: Duration::from_secs(7 * 24 * 3600),
        ..run("")
    }
}

fn decision(verdict: Verdict, second: i64) -> Decision {
    Decision {
        verdict,
        remember: false,
        by: Person {
            name: "ann".into(),
            uid: 1000,
        },
        way: Way::Terminal,
        at: at(second),
        proof: None,
    }
}

#[test]
fn a_yes_reaches_who_waits_with_who_said_it_and_how() {
    let desk = Desk::new();
    let (asking, deciding) = (desk.open(), desk.open());
    let new = run("-c");
    let request = asking.ask(new.clone(), at(100)).unwrap();
    assert!(!asking.is_answered(&request.id).unwrap());
    assert_eq!(
        asking.take(&request.id, &request.digest, at(101)).unwrap(),
        None
    );

    let shown = deciding.find(&request.code, at(102)).unwrap();
    assert_eq!(shown.matter, new.matter);
    deciding
        .decide(&shown, &decision(Verdict::Yes, 103), at(103))
        .unwrap();

    assert!(asking.is_answered(&request.id).unwrap());
    let taken = asking
        .take(&request.id, &asking.digest(&new), at(104))
        .unwrap();
    assert_eq!(taken, Some(decision(Verdict::Yes, 103)));
}

#[test]
fn a_decision_counts_once_and_is_made_once() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();
    approvals
        .decide(&request, &decision(Verdict::No, 101), at(101))
        .unwrap();

    let second = approvals.decide(&request, &decision(Verdict::Yes, 102), at(102));
    assert!(matches!(second, Err(ApprovalsError::Decided)), "{second:?}");
    let taken = approvals
        .take(&request.id, &request.digest, at(103))
        .unwrap();
    assert_eq!(taken.unwrap().verdict, Verdict::No);
    let again = approvals.take(&request.id, &request.digest, at(104));
    assert!(matches!(again, Err(ApprovalsError::Unknown)), "{again:?}");
    let late = approvals.decide(&request, &decision(Verdict::Yes, 105), at(105));
    assert!(matches!(late, Err(ApprovalsError::Decided)), "{late:?}");
}

#[test]
fn what_was_decided_on_something_else_is_no_yes() {
    let desk = Desk::new();
    let approvals = desk.open();
    let mut others: Vec<NewRequest> = vec![run("-d"), run("-c"), run("-c"), run("-c")];
    others[1].reason = Some("to steal".into());
    others[2].bound = b"other values".to_vec();
    others[3].agent = AgentName::parse("gemini").unwrap();

    for other in others {
        let request = approvals.ask(run("-c"), at(100)).unwrap();
        approvals
            .decide(&request, &decision(Verdict::Yes, 101), at(101))
            .unwrap();

        let digest = approvals.digest(&other);
        let taken = approvals.take(&request.id, &digest, at(102));

        assert!(matches!(taken, Err(ApprovalsError::Changed)), "{taken:?}");
        let again = approvals.take(&request.id, &request.digest, at(102));
        assert!(matches!(again, Err(ApprovalsError::Unknown)), "{again:?}");
    }
}

#[test]
fn nobody_decides_after_its_time_and_nobody_takes_it() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();

    let late = approvals.decide(&request, &decision(Verdict::Yes, 221), at(221));
    assert!(matches!(late, Err(ApprovalsError::Expired)), "{late:?}");
    assert!(approvals.pending(at(221)).unwrap().is_empty());
    assert!(matches!(
        approvals.find(&request.code, at(221)),
        Err(ApprovalsError::Expired)
    ));
    let taken = approvals.take(&request.id, &request.digest, at(221));
    assert!(matches!(taken, Err(ApprovalsError::Expired)), "{taken:?}");

    // Decided in time, and taken when it has long been forgotten.
    let request = approvals.ask(run("-c"), at(100)).unwrap();
    approvals
        .decide(&request, &decision(Verdict::Yes, 219), at(219))
        .unwrap();
    let taken = approvals.take(&request.id, &request.digest, at(300));
    assert!(matches!(taken, Err(ApprovalsError::Expired)), "{taken:?}");
}

#[test]
fn a_request_that_was_withdrawn_can_be_neither_decided_nor_taken() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();

    approvals.withdraw(&request.id).unwrap();

    assert!(approvals.pending(at(101)).unwrap().is_empty());
    let late = approvals.decide(&request, &decision(Verdict::Yes, 101), at(101));
    assert!(matches!(late, Err(ApprovalsError::Decided)), "{late:?}");
    assert!(
        approvals
            .take(&request.id, &request.digest, at(101))
            .is_err()
    );
}

#[test]
fn an_agent_can_flood_nobody_with_requests() {
    let desk = Desk::new();
    let approvals = desk.open();
    let flooded = |new: fn(usize) -> NewRequest, second| {
        (0..100)
            .take_while(|n| approvals.ask(new(*n), at(second)).is_ok())
            .count()
    };

    assert_eq!(flooded(|n| run(&n.to_string()), 100), WAITING);
    assert_eq!(flooded(|n| access(&n.to_string()), 100), ACCESS_OPEN);
    // Others are not held up, nor is the agent for ever.
    let other = NewRequest {
        agent: AgentName::parse("gemini").unwrap(),
        ..run("")
    };
    assert!(approvals.ask(other, at(101)).is_ok());
    assert!(approvals.ask(run("later"), at(300)).is_ok());
    assert!(matches!(
        approvals.ask(access("later"), at(300)),
        Err(ApprovalsError::TooMany)
    ));
}

#[test]
fn requests_for_access_are_counted_by_the_hour_however_fast_they_are_refused() {
    let desk = Desk::new();
    let approvals = desk.open();

    let mut made = 0;
    while let Ok(request) = approvals.ask(access(&made.to_string()), at(100 + made)) {
        let now = at(100 + made);
        approvals
            .decide(&request, &decision(Verdict::No, 100 + made), now)
            .unwrap();
        approvals.take(&request.id, &request.digest, now).unwrap();
        made += 1;
    }

    assert_eq!(usize::try_from(made).unwrap(), ACCESS_HOURLY);
    assert!(approvals.ask(access("later"), at(100 + 3700)).is_ok());
}

#[test]
fn a_ticket_opens_its_request_until_it_is_used_once() {
    let desk = Desk::new();
    let approvals = desk.open();
    let ticket = Ticket::random();
    let new = NewRequest {
        ticket: Some(Ticket::read(ticket.as_str())),
        ..run("-c")
    };
    let request = approvals.ask(new, at(100)).unwrap();
    assert!(approvals.by_ticket(&Ticket::random(), at(101)).is_err());
    for _ in 0..2 {
        assert_eq!(
            approvals.by_ticket(&ticket, at(101)).unwrap().id,
            request.id
        );
    }

    approvals.claim(&request, at(102)).unwrap();

    assert!(matches!(
        approvals.claim(&request, at(103)),
        Err(ApprovalsError::Decided)
    ));
    assert!(matches!(
        approvals.by_ticket(&ticket, at(103)),
        Err(ApprovalsError::Decided)
    ));
    approvals
        .decide(&request, &decision(Verdict::Yes, 104), at(104))
        .unwrap();
    assert!(approvals.is_answered(&request.id).unwrap());
}

#[test]
fn what_is_remembered_holds_for_exactly_that_until_it_is_revoked() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();
    let key = request.grant.clone().unwrap();
    approvals
        .remember(|lasting| lasting.add(&request, &decision(Verdict::Yes, 101)))
        .unwrap();

    let lasting = desk.open().lasting().unwrap();
    let grant = lasting.grants_for(&key).next().unwrap();
    assert_eq!((lasting.revision, &grant.by.name), (1, &"ann".to_owned()));
    for other in [
        GrantKey {
            agent: AgentName::parse("gemini").unwrap(),
            ..key.clone()
        },
        GrantKey {
            pattern: "psql **".into(),
            ..key.clone()
        },
        GrantKey {
            program: "/tmp/psql".into(),
            ..key.clone()
        },
        GrantKey {
            references: Vec::new(),
            ..key.clone()
        },
    ] {
        assert_eq!(lasting.grants_for(&other).count(), 0, "{other:?}");
    }

    let code = grant.code.clone();
    let lasting = approvals
        .remember(|lasting| assert!(lasting.revoke(&code)))
        .unwrap();
    assert_eq!((lasting.revision, lasting.grants_for(&key).count()), (2, 0));
}

#[test]
fn a_clients_state_opens_for_what_it_was_sealed_for_and_nothing_else() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), at(100)).unwrap();
    let state = approvals.seal_state(&request.id, &[b"codex", b"run_command"]);

    let opened = desk.open().open_state(&state, &[b"codex", b"run_command"]);

    assert_eq!(opened.unwrap(), request.id);
    for other in [
        &[b"gemini".as_slice(), b"run_command"][..],
        &[b"codexrun_command"],
    ] {
        assert!(approvals.open_state(&state, other).is_err());
    }
    for state in ["", "?", &state[1..], &state.replace(&state[4..6], "zz")] {
        assert!(
            approvals
                .open_state(state, &[b"codex", b"run_command"])
                .is_err()
        );
    }
}

#[test]
fn a_proof_signs_the_request_the_verdict_and_what_is_remembered() {
    let desk = Desk::new();
    let approvals = desk.open();
    let first = approvals.ask(run("-c"), at(100)).unwrap();
    let second = approvals.ask(run("-c"), at(100)).unwrap();

    let messages = [
        approvals.message(&first, Verdict::Yes, false),
        approvals.message(&first, Verdict::Yes, true),
        approvals.message(&first, Verdict::No, false),
        approvals.message(&second, Verdict::Yes, false),
    ];

    for (n, message) in messages.iter().enumerate() {
        assert!(!messages[..n].contains(message));
    }
    let lasting = approvals
        .remember(|lasting| lasting.add(&first, &decision(Verdict::Yes, 101)))
        .unwrap();
    assert_eq!(approvals.grant_message(&lasting.grants[0]), messages[1]);
}
