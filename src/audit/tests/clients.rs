//! Entries of programs that ask over the Connect API.

use super::*;
use crate::{
    access::{ConnectClient, Reach},
    vault::{ServerId, TokenId},
};

/// An entry with an environment in it, as it was sealed before programs could ask over the Connect API.
const EARLIER: &str = "\
    018080f2818389850605636f64657801010f636c617564652d636f646520322e310672657665616c011a6161616161616161\
    61616161616161616161616161616161616103446576011a6262626262626262626262626262626262626262626262626262\
    06537472697065000000000002070202011a6363636363636363636363636363636363636363636363636363077374616769\
    6e67";

pub(super) fn client(server: &str) -> ConnectClient {
    ConnectClient {
        server: ServerId::random(),
        server_name: server.into(),
        token: TokenId::random(),
        token_name: "ci".into(),
        reach: Reach::default().into(),
        request: "4d8b5d0e-9a1c-4c52-8d0d-0f3f4d5a6b7c".into(),
        user_agent: Some("connect-sdk-go/1.5.3".into()),
        address: "192.0.2.7".into(),
    }
}

pub(super) fn item_in(vault: &str, item: &str) -> Target {
    Target {
        vault: Some(Named {
            id: VaultId::random(),
            name: vault.into(),
        }),
        item: Some(Named {
            id: ItemId::random(),
            name: item.into(),
        }),
        ..Target::default()
    }
}

#[test]
fn every_part_of_a_programs_entry_reads_back() {
    let desk = Desk::new();
    let web = client("web");
    let target = item_in("Dev", "Stripe");
    let allowed = NewEntry::client_allowed(at(7), &web, Verb::Reveal, target.clone());
    let denied = NewEntry::client_denied(at(8), &web, Verb::ListItems, Target::default(), "no");
    let failed = Outcome::Failed("x".repeat(REASON_LIMIT + 1));
    let ended = NewEntry::client_ended(at(9), &web, Verb::Reveal, target.clone(), 1, failed);

    let recorded = desk
        .log()
        .append_all(&[allowed.of_version(Some(3)), denied, ended], None)
        .unwrap();

    let actor = |item_version| {
        Some(ConnectActor {
            server: web.server.clone(),
            server_name: "web".into(),
            token: web.token.clone(),
            token_name: "ci".into(),
            user_agent: web.user_agent.clone(),
            address: "192.0.2.7".into(),
            request: web.request.clone(),
            item_version,
        })
    };
    let entry = |seq: u64, verb, target: &Target, item_version, event| Entry {
        seq,
        time: at(6 + seq.cast_signed()),
        who: Who {
            name: "connect:web".into(),
            is_agent: false,
            client: None,
        },
        verb,
        target: target.clone(),
        reason: None,
        code: None,
        actor: actor(item_version),
        event,
    };
    let grounds = Grounds::Token;
    let denied = Event::Denied {
        why: "no".into(),
        hidden: false,
        rule: None,
        remedy: None,
    };
    let ended = Event::Ended {
        of: 1,
        outcome: Outcome::Failed("x".repeat(REASON_LIMIT)),
    };
    assert!(recorded.iter().all(|recorded| recorded.code.is_none()));
    assert_eq!(
        desk.log().read(&Query::default()).unwrap().entries,
        [
            entry(
                1,
                Verb::Reveal,
                &target,
                Some(3),
                Event::Allowed { grounds }
            ),
            entry(2, Verb::ListItems, &Target::default(), None, denied),
            entry(3, Verb::Reveal, &target, None, ended),
        ]
    );
    assert_eq!(desk.log().verify().unwrap().sound, 3);
}

#[test]
fn a_record_from_before_reads_as_it_did_and_is_written_as_it_was() {
    let bytes = data_encoding::HEXLOWER.decode(EARLIER.as_bytes()).unwrap();

    let entry = record::decode(1, &bytes).unwrap();

    assert_eq!(entry.actor, None);
    assert_eq!(entry.target.environments[0].name, "staging");
    let again = NewEntry::new(entry.time, entry.who, entry.verb, entry.target, entry.event);
    assert_eq!(record::encode(&again, None), bytes);
}

#[test]
fn what_a_program_says_of_itself_is_kept_up_to_a_limit_and_shown_escaped() {
    let desk = Desk::new();
    let mut web = client("web\u{1b}[2J");
    web.token_name = "ci)\n9 owner did nothing".into();
    web.user_agent = Some("\u{202e}x".repeat(REASON_LIMIT));
    let entry = NewEntry::client_allowed(at(0), &web, Verb::ListVaults, Target::default());
    desk.log().append(&entry).unwrap();

    let entries = desk.log().read(&Query::default()).unwrap().entries;

    let actor = entries[0].actor.as_ref().unwrap();
    let user_agent = actor.user_agent.as_ref().unwrap();
    assert_eq!(user_agent.chars().count(), REASON_LIMIT);
    let sentence = entries[0].sentence(Viewer::Owner);
    assert_eq!(crate::display_text::escaped(&sentence), sentence);
}

#[test]
fn no_agents_query_matches_a_programs_entry() {
    let desk = Desk::new();
    let log = desk.log();
    for server in ["codex", "owner", "codex.x"] {
        let web = client(server);
        let entry = NewEntry::client_allowed(at(0), &web, Verb::ListVaults, Target::default());
        log.append(&entry).unwrap();
    }
    log.append(&allowed()).unwrap();
    let seqs = |who: &str| -> Vec<u64> {
        let who = Some(who.to_owned());
        let query = Query {
            who,
            ..Query::default()
        };
        let page = log.read(&query).unwrap();
        page.entries.iter().map(|entry| entry.seq).collect()
    };

    assert_eq!(seqs("codex"), [4]);
    assert_eq!(seqs("owner"), [] as [u64; 0]);
    assert_eq!(seqs("connect:codex"), [1]);
    assert!(AgentName::parse("connect:codex").is_err());
}
