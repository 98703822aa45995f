use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use jiff::Timestamp;

use super::*;
use crate::{
    access::{Agent, AgentName, Caller},
    limits::Limits,
    policy::{Cause, Decision, Grounds, Permit, Refusal, RuleId, RuleName, Surroundings},
    seal::Subkey,
    vault::{FieldId, ItemId, ResolvedReference, SectionId, VaultId, reference::Named},
};

mod clients;
mod processes;
mod pruning;
mod requests;
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

/// A private directory with a log in it.
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
        self.dir.path().join("audit.db")
    }

    fn log(&self) -> AuditLog {
        AuditLog::open(&self.path(), &Holder::new(1)).unwrap()
    }

    /// A log of so many entries.
    fn log_of(&self, count: usize) -> AuditLog {
        let log = self.log();
        for _ in 0..count {
            log.append(&allowed()).unwrap();
        }
        log
    }

    /// Does to the file what somebody with a database tool could.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn fault(&self) -> Option<Fault> {
        self.log().verify().unwrap().fault
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn agent(name: &str) -> Caller {
    Caller::Agent(Agent {
        name: AgentName::parse(name).unwrap(),
        default_roots: vec![],
        client: Some("claude-code 2.1".into()),
        standing: crate::access::Standing::default(),
    })
}

fn allowed() -> NewEntry {
    allowed_at(0, "codex")
}

fn allowed_at(second: i64, name: &str) -> NewEntry {
    let decision = Decision::Allowed(Permit {
        grounds: Grounds::Rights,
        output: crate::policy::OutputMode::Full,
        short_values: crate::policy::ShortValues::Withhold,
        plain: vec![],
        timeout: None,
        limits: Limits::default(),
        surroundings: Surroundings::default(),
    });
    NewEntry::decided(
        at(second),
        &agent(name),
        Verb::ListVaults,
        Target::default(),
        &decision,
    )
}

fn denied() -> NewEntry {
    let decision = Decision::Denied(Refusal {
        cause: Cause::Command,
        rule: None,
        advice: "do something else".into(),
        remedy: Some("hushkey agent allow codex".into()),
    });
    NewEntry::decided(
        at(0),
        &agent("codex"),
        Verb::Run,
        Target::default(),
        &decision,
    )
}

fn head(revision: u64, mark: u8) -> StoreHead {
    StoreHead {
        store: "the store".into(),
        revision,
        mark: [mark; 32],
    }
}

#[test]
fn every_part_of_an_entry_reads_back() {
    let desk = Desk::new();
    let named = |name: &str| Named {
        id: VaultId::random(),
        name: name.into(),
    };
    let item = Named {
        id: ItemId::random(),
        name: "Stripe".into(),
    };
    let target = Target {
        vault: Some(named("Dev")),
        item: Some(item.clone()),
        environments: vec![Named {
            id: crate::vault::EnvironmentId::random(),
            name: "staging".into(),
        }],
        references: vec![ResolvedReference {
            vault: named("Dev"),
            item,
            section: Some(Named {
                id: SectionId::new("s"),
                name: "keys".into(),
            }),
            field: Named {
                id: FieldId::new("f"),
                name: "secret key".into(),
            },
        }],
        program: Some("/usr/bin/npm".into()),
        unresolved: Some("op://Dev/x/y".into()),
    };
    let rule = RuleName {
        id: RuleId {
            agent: AgentName::parse("codex").unwrap(),
            number: 2,
        },
        pattern: "npm test".into(),
    };
    let decision = Decision::Allowed(Permit {
        grounds: Grounds::Rule(rule.clone()),
        output: crate::policy::OutputMode::Full,
        short_values: crate::policy::ShortValues::Withhold,
        plain: vec![],
        timeout: None,
        limits: Limits::default(),
        surroundings: Surroundings::default(),
    });
    let entry = NewEntry::decided(
        at(1_700_000_000),
        &agent("codex"),
        Verb::Run,
        target.clone(),
        &decision,
    )
    .because(Some("to run the tests"));

    let recorded = desk.log().append(&entry).unwrap();

    let read = desk.log().read(&Query::default()).unwrap();
    assert_eq!(recorded, Recorded { seq: 1, code: None });
    assert_eq!(
        read.entries,
        [Entry {
            seq: 1,
            time: at(1_700_000_000),
            who: Who {
                name: "codex".into(),
                is_agent: true,
                client: Some("claude-code 2.1".into())
            },
            verb: Verb::Run,
            target,
            reason: Some("to run the tests".into()),
            code: None,
            actor: None,
            event: Event::Allowed {
                grounds: Grounds::Rule(rule)
            },
        }]
    );
}

#[test]
fn every_verb_and_outcome_reads_back() {
    let desk = Desk::new();
    let log = desk.log();
    let outcomes = [
        Outcome::Cancelled,
        Outcome::Done,
        Outcome::Exited(3),
        Outcome::Failed("the vault could not be reached".into()),
        Outcome::Signaled(9),
        Outcome::TimedOut,
    ];

    for (at_verb, verb) in Verb::ALL.into_iter().enumerate() {
        let outcome = outcomes[at_verb % outcomes.len()].clone();
        let entry = NewEntry::ended(
            at(0),
            &Caller::Owner,
            verb,
            Target::default(),
            7,
            outcome.clone(),
        );
        log.append(&entry).unwrap();

        let read = log
            .read(&Query {
                limit: Some(1),
                ..Query::default()
            })
            .unwrap();
        assert_eq!(read.entries[0].verb, verb);
        assert_eq!(read.entries[0].event, Event::Ended { of: 7, outcome });
    }
}

#[test]
fn a_denial_is_found_by_its_code_in_any_case() {
    let desk = Desk::new();
    let log = desk.log_of(3);

    let code = log.append(&denied()).unwrap().code.unwrap();

    let found = log
        .find(&format!(" {} ", code.as_str().to_lowercase()))
        .unwrap()
        .unwrap();
    assert_eq!((found.seq, found.code.as_ref()), (4, Some(&code)));
    assert_eq!(code.as_str().len(), 6);
    assert_eq!(log.find("AAAAAA").unwrap(), None);
}

#[test]
fn no_two_denials_have_the_same_code() {
    let log = Desk::new();
    let log = log.log();

    let recorded = log.append_all(&vec![denied(); 500], None).unwrap();

    let codes: std::collections::HashSet<_> =
        recorded.into_iter().map(|r| r.code.unwrap()).collect();
    assert_eq!(codes.len(), 500);
}

#[test]
fn nothing_of_an_entry_is_readable_on_disk() {
    let desk = Desk::new();
    let mut entry = denied().because(Some("canary-reason"));
    entry.target.program = Some("/usr/bin/canary-program".into());
    let code = desk.log().append(&entry).unwrap().code.unwrap();

    for file in ["audit.db", "audit.db-wal"] {
        let bytes = fs::read(desk.dir.path().join(file)).unwrap();
        for needle in [
            "canary",
            "codex",
            "hushkey agent",
            code.as_str(),
            "run_command",
        ] {
            let found = bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes());
            assert!(!found, "{needle} in {file}");
        }
    }
}

#[test]
fn the_log_is_the_owners_alone() {
    let desk = Desk::new();
    drop(desk.log_of(1));
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        let mode = fs::metadata(desk.dir.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = AuditLog::open(&desk.path(), &Holder::new(1)).unwrap_err();

    assert!(matches!(refused, AuditError::File(_)));
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

#[test]
fn another_key_opens_nothing() {
    let desk = Desk::new();
    drop(desk.log_of(1));

    let refused = AuditLog::open(&desk.path(), &Holder::new(2)).unwrap_err();

    assert!(matches!(refused, AuditError::WrongKey));
}

#[test]
fn a_file_that_is_no_log_is_left_alone() {
    let desk = Desk::new();
    fs::write(desk.path(), "not a database, but 16 bytes and more of it").unwrap();
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o600)).unwrap();

    let refused = AuditLog::open(&desk.path(), &Holder::new(1)).unwrap_err();

    assert!(matches!(refused, AuditError::Form), "{refused:?}");
}

#[test]
fn an_agent_or_a_time_or_a_place_selects_entries() {
    let desk = Desk::new();
    let log = desk.log();
    for second in 0..10 {
        let name = if second % 2 == 0 { "codex" } else { "gemini" };
        log.append(&allowed_at(second * 7200, name)).unwrap();
    }
    let seqs = |query: Query| -> Vec<u64> {
        let page = log.read(&query).unwrap();
        page.entries.iter().map(|entry| entry.seq).collect()
    };

    let gemini = Some("gemini".to_owned());
    assert_eq!(
        seqs(Query {
            who: gemini.clone(),
            ..Query::default()
        }),
        [2, 4, 6, 8, 10]
    );
    assert_eq!(
        seqs(Query {
            who: gemini,
            limit: Some(2),
            ..Query::default()
        }),
        [8, 10]
    );
    assert_eq!(
        seqs(Query {
            since: Some(at(7 * 7200)),
            ..Query::default()
        }),
        [8, 9, 10]
    );
    assert_eq!(
        seqs(Query {
            after: Some(7),
            limit: Some(2),
            ..Query::default()
        }),
        [8, 9]
    );
    assert_eq!(
        seqs(Query {
            after: Some(10),
            ..Query::default()
        }),
        [] as [u64; 0]
    );
}

#[test]
fn a_process_that_writes_much_folds_the_log_back_more_seldom() {
    let desk = Desk::new();
    let log = desk.log();
    let pages = || -> i64 {
        log.connection()
            .pragma_query_value(None, "wal_autocheckpoint", |row| row.get(0))
            .unwrap()
    };
    log.append(&denied()).unwrap();

    let seldom_before = pages();
    for _ in 0..20 {
        log.append(&denied()).unwrap();
    }

    assert!(
        pages() > 2 * seldom_before,
        "{} and {seldom_before}",
        pages()
    );
}

#[test]
fn a_log_that_cannot_be_written_says_that_nothing_is_released() {
    let desk = Desk::new();
    let log = desk.log_of(1);
    let pages: i64 = log
        .connection()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    log.connection()
        .pragma_update(None, "max_page_count", pages)
        .unwrap();

    let refused = loop {
        if let Err(error) = log.append(&denied()) {
            break error;
        }
    };

    assert!(matches!(refused, AuditError::Full), "{refused:?}");
    assert!(refused.to_string().contains("nothing is released"));
    assert_eq!(log.verify().unwrap().fault, None);
}

#[test]
fn an_older_copy_of_a_store_is_known_by_its_head() {
    let desk = Desk::new();
    let log = desk.log();
    assert_eq!(log.known_head("the store").unwrap(), None);

    log.append_all(&[allowed()], Some(&head(5, 5))).unwrap();
    log.note_head(&head(4, 4)).unwrap();
    log.note_head(&head(5, 55)).unwrap();
    assert_eq!(
        desk.log().known_head("the store").unwrap(),
        Some(head(5, 5))
    );
    assert_eq!(log.known_head("another").unwrap(), None);

    log.accept_head(&head(2, 2)).unwrap();
    assert_eq!(
        desk.log().known_head("the store").unwrap(),
        Some(head(2, 2))
    );
    assert_eq!(
        log.verify().unwrap(),
        Verification {
            sound: 1,
            fault: None,
            cut: None,
        }
    );
}

#[test]
fn a_decision_is_synced_before_anybody_is_told_and_an_outcome_alone_is_not() {
    let desk = Desk::new();
    let log = desk.log();
    let waited = || {
        let connection = log.connection();
        let setting =
            connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i32>(0));
        setting.unwrap() == 2
    };
    let outcome = || {
        let ended = Outcome::Done;
        NewEntry::ended(
            at(1),
            &agent("codex"),
            Verb::ListVaults,
            Target::default(),
            1,
            ended,
        )
    };
    let head = StoreHead {
        store: "a".repeat(26),
        revision: 1,
        mark: [0; 32],
    };

    let mut seen = vec![];
    log.append(&allowed()).unwrap();
    seen.push(waited());
    log.append(&outcome()).unwrap();
    seen.push(waited());
    log.append_all(&[outcome()], Some(&head)).unwrap();
    seen.push(waited());
    log.append_all(&[outcome(), allowed()], None).unwrap();
    seen.push(waited());
    let batch = |entries| Batch {
        entries,
        head: None,
    };
    log.append_batches(&[batch(vec![outcome()]), batch(vec![outcome()])])
        .unwrap();
    seen.push(waited());
    log.append_batches(&[batch(vec![outcome()]), batch(vec![allowed()])])
        .unwrap();
    seen.push(waited());

    assert_eq!(seen, [true, false, true, true, false, true]);
    assert_eq!(desk.fault(), None);
}
