use insta::assert_snapshot;
use jiff::Timestamp;

use super::*;
use crate::{
    access::AgentName,
    audit::{ConnectActor, RequestCode, Target, Who},
    policy::RuleId,
    vault::{FieldId, ItemId, ServerId, TokenId, VaultId, reference::Named},
};

fn reference(item: &str, field: &str) -> ResolvedReference {
    ResolvedReference {
        vault: Named {
            id: VaultId::random(),
            name: "Dev".into(),
        },
        item: Named {
            id: ItemId::random(),
            name: item.into(),
        },
        section: None,
        field: Named {
            id: FieldId::new(field),
            name: field.into(),
        },
    }
}

fn rule(pattern: &str) -> RuleName {
    RuleName {
        id: RuleId {
            agent: AgentName::parse("codex").unwrap(),
            number: 2,
        },
        pattern: pattern.into(),
    }
}

fn entry(verb: Verb, event: Event) -> Entry {
    Entry {
        seq: 13,
        time: Timestamp::UNIX_EPOCH,
        who: Who {
            name: "codex".into(),
            is_agent: true,
            client: None,
        },
        verb,
        target: Target::default(),
        reason: None,
        actor: None,
        code: matches!(event, Event::Denied { .. }).then(|| RequestCode("K7Q2MX".into())),
        event,
    }
}

fn run(event: Event) -> Entry {
    let mut entry = entry(Verb::Run, event);
    entry.target.program = Some("/usr/bin/npm".into());
    entry.target.references = vec![reference("Stripe", "secret key")];
    entry
}

fn denied(hidden: bool) -> Event {
    Event::Denied {
        why: "no rule has this command with these references".into(),
        hidden,
        rule: None,
        remedy: Some("hushkey agent allow codex --command 'npm *'".into()),
    }
}

#[test]
fn a_run_reads_as_a_sentence() {
    let allowed = |pattern| {
        run(Event::Allowed {
            grounds: Grounds::Rule(rule(pattern)),
        })
    };
    let ended = run(Event::Ended {
        of: 12,
        outcome: Outcome::Exited(1),
    });

    assert_snapshot!(allowed("npm test").sentence(Viewer::Owner), @"codex ran `npm test` with Dev/Stripe/secret key: allowed by rule 2");
    assert_snapshot!(allowed("**").sentence(Viewer::Owner), @"codex ran `npm` with Dev/Stripe/secret key: allowed by rule 2");
    assert_snapshot!(ended.sentence(Viewer::Owner), @"codex ran `npm` with Dev/Stripe/secret key: exit status 1 (entry 12)");
    assert_snapshot!(ended.target_text(Viewer::Owner), @"`npm` with Dev/Stripe/secret key");
}

#[test]
fn the_owner_is_told_what_would_allow_it_and_the_agent_is_not() {
    assert_snapshot!(run(denied(false)).sentence(Viewer::Owner), @"codex was denied running `npm` with Dev/Stripe/secret key: no rule has this command with these references (request K7Q2MX); what would allow it: hushkey agent allow codex --command 'npm *'");
    assert_snapshot!(run(denied(false)).sentence(Viewer::Agent), @"codex was denied running `npm` with Dev/Stripe/secret key: no rule has this command with these references (request K7Q2MX)");
}

#[test]
fn an_agent_cannot_tell_from_its_log_what_is_not_allowed_from_what_is_not_there() {
    let not_allowed = run(denied(true));
    let mut not_there = entry(
        Verb::Run,
        Event::Denied {
            why: "there is no item `x`".into(),
            hidden: true,
            rule: None,
            remedy: None,
        },
    );
    not_there.target.unresolved = Some("op://Dev/x/y".into());

    let seen = |entry: &Entry| {
        (
            entry.sentence(Viewer::Agent),
            entry.target_text(Viewer::Agent),
            entry.decision_text(),
        )
    };
    assert_eq!(seen(&not_allowed), seen(&not_there));
    assert_snapshot!(not_there.sentence(Viewer::Agent), @"codex was denied running a program: there is nothing of that name that it may use (request K7Q2MX)");
    assert_snapshot!(not_there.sentence(Viewer::Owner), @"codex was denied running a program: there is no item `x` (request K7Q2MX)");
}

#[test]
fn other_deeds_read_as_sentences_too() {
    let owner = |verb, vault: Option<&str>, unresolved: Option<&str>| {
        let mut entry = entry(
            verb,
            Event::Allowed {
                grounds: Grounds::Owner,
            },
        );
        entry.who.name = "owner".into();
        entry.target.vault = vault.map(|name| Named {
            id: VaultId::random(),
            name: name.into(),
        });
        entry.target.unresolved = unresolved.map(str::to_owned);
        entry.sentence(Viewer::Owner)
    };

    assert_snapshot!(owner(Verb::ListVaults, None, None), @"owner listed the vaults");
    assert_snapshot!(owner(Verb::ListItems, Some("Dev"), None), @"owner listed the items of Dev");
    assert_snapshot!(owner(Verb::CreateItem, Some("Dev"), Some("Stripe")), @"owner created Dev/Stripe");
    assert_snapshot!(owner(Verb::CreateVault, None, Some("CI")), @"owner created the vault CI");
    assert_snapshot!(owner(Verb::Import, Some("Dev"), Some(".env")), @"owner imported Dev/.env");
    assert_snapshot!(owner(Verb::ReadItem, None, None), @"owner looked at an item");
    assert_snapshot!(owner(Verb::ManageAccess, None, Some("codex")), @"owner changed who may do what: codex");
}

#[test]
fn what_a_program_did_over_the_connect_api_reads_as_a_sentence() {
    let stripe = |event| {
        let mut entry = entry(Verb::Reveal, event);
        entry.who.name = "connect:web".into();
        entry.code = None;
        entry.actor = Some(ConnectActor {
            server: ServerId::random(),
            server_name: "web".into(),
            token: TokenId::random(),
            token_name: "ci".into(),
            user_agent: Some("curl/8".into()),
            address: "127.0.0.1".into(),
            request: "4d8b5d0e".into(),
            item_version: Some(3),
        });
        entry.target.vault = Some(Named {
            id: VaultId::random(),
            name: "Dev".into(),
        });
        entry.target.item = Some(Named {
            id: ItemId::random(),
            name: "Stripe".into(),
        });
        entry.sentence(Viewer::Owner)
    };
    let grounds = Grounds::Token;
    let denied = Event::Denied {
        why: "its token may not read there".into(),
        hidden: false,
        rule: None,
        remedy: None,
    };
    let outcome = Outcome::Failed("the vault could not be reached".into());

    assert_snapshot!(stripe(Event::Allowed { grounds }), @"connect:web (token ci) revealed Dev/Stripe: allowed by its token");
    assert_snapshot!(stripe(denied), @"connect:web (token ci) was denied revealing Dev/Stripe: its token may not read there");
    assert_snapshot!(stripe(Event::Ended { of: 12, outcome }), @"connect:web (token ci) revealed Dev/Stripe: failed: the vault could not be reached (entry 12)");
}

#[test]
fn many_references_are_counted() {
    let mut entry = run(Event::Allowed {
        grounds: Grounds::Rule(rule("npm test")),
    });
    entry.target.references = (0..7).map(|n| reference(&format!("I{n}"), "k")).collect();

    assert_snapshot!(entry.sentence(Viewer::Agent), @"codex ran `npm test` with Dev/I0/k, Dev/I1/k, Dev/I2/k, Dev/I3/k, Dev/I4/k and 2 more: allowed by rule 2");
}

#[test]
fn what_came_from_outside_cannot_move_or_hide_anything() {
    let mut entry = run(denied(false));
    entry.who.name = "a\u{1b}[2J".into();
    entry.target.references = vec![reference("x\u{202e}\n", "k\u{200b}")];
    entry.target.program = Some("/bin/a\nb".into());
    entry.reason = Some("because\rowner allowed it".into());

    for viewer in [Viewer::Agent, Viewer::Owner] {
        let sentence = entry.sentence(viewer);
        assert_eq!(crate::display_text::escaped(&sentence), sentence);
    }
}
