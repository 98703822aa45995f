//! What programs were given over the Connect API, as their owner sees it: which items were used, and the entries in the log.

use hushkey::{
    access::{ConnectClient, Reach},
    audit::{AuditLog, NewEntry, Target, Verb},
    keys::KeySource,
    vault::{ItemId, ServerId, TokenId, VaultId, reference::Named},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::binary::Person;

/// Somebody from whose store a program of the server `web` was given `Dev/Stripe` twice, once today.
struct Used {
    person: Person,
    server: ServerId,
    item: Value,
}

impl Used {
    fn new() -> Self {
        let person = Person::with_stripe();
        let words = [
            "item", "get", "Stripe", "--vault", "Dev", "--format", "json",
        ];
        let item = person.types(words).succeeds().json();
        let key = KeySource::File(person.home().join("key")).load().unwrap();
        let log = AuditLog::open(&person.home().join("audit.db"), &key).unwrap();
        let web = ConnectClient {
            server: ServerId::random(),
            server_name: "web".into(),
            token: TokenId::random(),
            token_name: "ci".into(),
            reach: Reach::default().into(),
            request: "4d8b5d0e".into(),
            user_agent: Some("connect-sdk\u{1b}[2J".into()),
            address: "192.0.2.7".into(),
        };
        let (vault, id) = (text(&item["vault"]["id"]), text(&item["id"]));
        // As the server writes it, which knows no names.
        let target = Target {
            vault: Some(Named {
                id: VaultId::parse(&vault).unwrap(),
                name: vault,
            }),
            item: Some(Named {
                id: ItemId::parse(&id).unwrap(),
                name: id,
            }),
            ..Target::default()
        };
        for time in ["2026-01-02T03:04:05Z".parse().unwrap(), Timestamp::now()] {
            let entry = NewEntry::client_allowed(time, &web, Verb::Reveal, target.clone());
            log.append(&entry.of_version(Some(1))).unwrap();
        }
        Self {
            person,
            server: web.server,
            item,
        }
    }

    fn usage(&self, words: &[&str]) -> Value {
        let all = [&["connect", "usage", "--json"], words].concat();
        self.person.types(all).succeeds().json()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn what_programs_were_given_is_counted_by_item_and_server() {
    let used = Used::new();

    let all = used.usage(&[]);

    let last = text(&all[0]["last_used"]);
    assert!(last.parse::<Timestamp>().is_ok(), "{last}");
    let row = json!({
        "item": "Stripe",
        "item_id": used.item["id"],
        "vault": "Dev",
        "vault_id": used.item["vault"]["id"],
        "used_by": "web",
        "server_id": used.server.as_str(),
        "action": "Display",
        "count": 2,
        "last_used": last,
    });
    assert_eq!(all, json!([row]));
    assert_eq!(used.usage(&["--server", "WEB"]), all);
    assert_eq!(used.usage(&["--server", used.server.as_str()]), all);
    assert_eq!(used.usage(&["--server", "cron"]), json!([]));
    assert_eq!(used.usage(&["--since", "1d"])[0]["count"], 1);
    let table = used.person.types(["connect", "usage"]).succeeds().stdout;
    let lines: Vec<_> = table.lines().collect();
    assert!(
        lines[1].starts_with("Stripe  Dev    web      Display  2 "),
        "{table}"
    );
}

#[test]
fn what_is_gone_is_still_counted() {
    let used = Used::new();
    let id = text(&used.item["id"]);
    let words = [
        "item",
        "delete",
        "Stripe",
        "--vault",
        "Dev",
        "--permanent",
        "--force",
    ];
    used.person.types(words).succeeds();

    assert_eq!(used.usage(&[])[0]["item"], id);
    used.person
        .types(["vault", "delete", "Dev", "--force"])
        .succeeds();
    assert_eq!(used.usage(&[])[0]["vault"], used.item["vault"]["id"]);
}

#[test]
fn usage_is_not_shown_in_an_agents_shell() {
    let used = Used::new();
    let mut command = used.person.command(["connect", "usage"]);

    let refused = used.person.runs(command.env("CLAUDECODE", "1"));

    assert!(!refused.stdout.contains("Stripe"));
    refused.ends_with(3);
}

#[test]
fn the_log_shows_and_exports_what_a_program_asked_for() {
    let used = Used::new();
    let words = ["log", "--agent", "connect:web", "--json"];
    let entries = used.person.types(words).succeeds().json();

    let entry = &entries[0];
    let sentence = text(&entry["sentence"]);
    assert!(
        sentence.starts_with("connect:web (token ci) revealed "),
        "{sentence}"
    );
    assert!(sentence.ends_with(": allowed by its token"), "{sentence}");
    assert_eq!(entry["connect"]["server"], "web");
    assert_eq!(entry["connect"]["address"], "192.0.2.7");
    assert_eq!(entry["connect"]["request_id"], "4d8b5d0e");
    assert_eq!(entry["connect"]["item_version"], 1);
    let exported = used.person.types(["log", "export"]).succeeds();
    assert!(exported.stdout.contains(r#""request_id":"4d8b5d0e""#));
    assert!(!exported.stdout.contains('\u{1b}'));
}
