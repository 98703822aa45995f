//! Whose token opens what, and for how long.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hushkey::{
    access::{Reach, VaultAccess},
    keys::KeySource,
    registry::connect::{ConnectName, ConnectRegistry, NewConnectToken},
    vault::{TokenId, VaultId},
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    binary::Person,
    client::{House, Wire, bearer, turned_away},
    served::{Served, login},
};

#[test]
fn a_token_that_was_not_made_here_opens_nothing_whatever_it_says() {
    let served = Served::open();
    let program = served.program("rw");
    let parts: Vec<&str> = program.token.split('.').collect();
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let [head, claims, signature] = parts[..] else {
        panic!("three parts")
    };
    let mut flipped = program.token.clone();
    let last = flipped.pop().unwrap();
    flipped.push(if last == 'A' { 'B' } else { 'A' });

    let tokens = [
        String::new(),
        "x".to_owned(),
        flipped,
        format!("{}.{claims}.", encode(r#"{"alg":"none","typ":"JWT"}"#)),
        format!(
            "{}.{claims}.{signature}",
            encode(r#"{"alg":"none","typ":"JWT"}"#)
        ),
        format!(
            "{}.{claims}.{signature}",
            encode(r#"{"alg":"HS256","typ":"JWT"}"#)
        ),
        format!(
            "{head}.{}.{signature}",
            encode(r#"{"iss":"hushkey","1password.com/vts":[]}"#)
        ),
        format!("{head}.{claims}"),
        format!("{}=", program.token),
        foreign_token(&served),
        "hka_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "x".repeat(20_000),
    ];
    for token in &tokens {
        let told = served.bearing(token).get("/v1/vaults").is(401);
        assert_eq!(
            told.header("www-authenticate"),
            Some("Bearer realm=\"hushkey\"")
        );
        assert!(token.is_empty() || !told.body.contains(&**token));
    }
    for header in ["Basic dXNlcjpwYXNz", "Bearer", &program.token] {
        let asked =
            served
                .bearing("")
                .asks_with("GET", "/v1/vaults", &[("authorization", header)], "");
        asked.is(401);
    }
    let twice = bearer(&program.token);
    program
        .asks_with("GET", "/v1/vaults", &[("authorization", &twice)], "")
        .is(401);
    let query = format!("/v1/vaults?access_token={}", program.token);
    program.get(&query).is(400);
    program.get("/v1/vaults").is(200);
}

#[test]
fn a_token_ends_when_it_expires_is_revoked_or_loses_its_server() {
    let served = Served::open();
    let soon = Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let short = served.program_for(&[("Dev", "r")], Some(soon));
    let (revoked, other) = (served.program("rw"), served.program("r"));
    for program in [&short, &revoked, &other] {
        program.get("/v1/vaults").is(200);
    }

    served
        .registry
        .revoke_token(&served.id_of(&revoked), Timestamp::now())
        .unwrap();
    revoked.get("/v1/vaults").is(401);
    std::thread::sleep(Duration::from_millis(1600));
    short.get("/v1/vaults").is(401);
    let dev = VaultId::parse(served.vault("Dev")).unwrap();
    served
        .registry
        .set_access(&served.server, &dev, VaultAccess::default())
        .unwrap();
    assert_eq!(other.get("/v1/vaults").is(200).json(), json!([]));
    other.get(&served.items("Dev")).is(403);
    served.registry.delete_server(&served.server).unwrap();
    other.get("/v1/vaults").is(404);

    let told = turned_away(&served.house.person).join("\n");
    for why in ["that has expired", "that was revoked"] {
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_vault_out_of_reach_reads_alike_whether_it_is_there_or_not() {
    let served = Served::open();
    let program = served.program("rw");
    let nowhere = VaultId::random();

    let listed = program.get("/v1/vaults").is(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for vault in [
        served.vault("Private"),
        served.vault("CI"),
        nowhere.as_str(),
    ] {
        let items = format!("/v1/vaults/{vault}/items");
        let own = format!("{items}/{}", "a".repeat(26));
        for answer in [
            program.get(&format!("/v1/vaults/{vault}")),
            program.get(&items),
            program.post(&items, &login("X", vault)),
            program.get(&own),
            program.put(
                &own,
                &json!({ "id": "a".repeat(26), "vault": { "id": vault }, "title": "x" }),
            ),
            program.patch(&own, &json!([])),
            program.delete(&own),
            program.get(&format!("{own}/files")),
            program.get(&format!("{own}/files/{}", "a".repeat(26))),
            program.get(&format!("{own}/files/{}/content", "a".repeat(26))),
        ] {
            let told = answer.fails(403);
            assert_eq!(told, format!("vault {vault} is not in scope"));
        }
    }
    let reader = served.program("r");
    let items = served.items("Dev");
    reader
        .post(&items, &login("X", served.vault("Dev")))
        .is(403);
    reader
        .delete(&format!("{items}/{}", "a".repeat(26)))
        .is(403);
}

#[test]
fn neither_kind_of_token_opens_the_others_door() {
    let served = Served::open();
    let agent = served.house.bare_agent("codex", &["--vault", "Dev=full"]);
    let program = served.program("rw");

    served.bearing(&agent.token).get("/v1/vaults").is(401);
    let mut wire = Wire::to(&served.house.address);
    let reply = wire.modern(&program.token, "tools/list", json!({}));
    assert_eq!(reply.status, 401);
    assert_eq!(agent.ask("tools/list", json!({})).status, 200);
}

#[test]
fn there_is_nothing_until_a_server_was_made_and_then_at_once() {
    let house = House::of(Person::with_stripe(), &[]);
    let mut wire = Wire::to(&house.address);
    let before = wire.request("GET", "/v1/vaults", &[], "");
    assert_eq!(before.status, 404);
    assert!(before.body.contains("no Connect server was made here"));

    let key = KeySource::File(house.person.home().join("key"))
        .load_or_create()
        .unwrap();
    let registry = ConnectRegistry::open(&house.person.home().join("connect.db"), &key).unwrap();
    let name = ConnectName::parse("shop").unwrap();
    registry
        .create_server(&name, Reach::default(), Timestamp::now())
        .unwrap();
    assert_eq!(wire.request("GET", "/v1/vaults", &[], "").status, 401);
}

#[test]
fn what_is_left_out_is_not_there() {
    let without = Served::serving(&["--no-connect-api"]);
    let program = without.program("r");
    for path in ["/v1/vaults", "/heartbeat", "/metrics", "/openapi.json"] {
        program.get(path).is(404);
    }
    program.get("/health").is(200);
    drop(without);

    let alone = Served::serving(&["--no-mcp"]);
    alone.program("r").get("/v1/vaults").is(200);
    let mut wire = Wire::to(&alone.house.address);
    assert_eq!(wire.request("POST", "/mcp", &[], "{}").status, 404);
}

#[test]
fn a_hundred_thousand_wrong_tokens_keep_nobody_out_and_fill_nothing() {
    const MANY: usize = 100_000;
    let served = Served::open();
    let program = served.program("r");
    let before = served.memory();

    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let address = served.house.address.clone();
            std::thread::spawn(move || {
                let mut wire = Wire::to(&address);
                let mut braked = 0;
                for n in 0..MANY / 8 {
                    let token = bearer(&format!("eyJhbGciOiJFUzI1NiJ9.{thread}.{n}"));
                    let reply = wire.request("GET", "/v1/vaults", &[("authorization", &token)], "");
                    assert!(matches!(reply.status, 401 | 429), "{reply:?}");
                    assert!(reply.body.contains("\"status\":"), "{reply:?}");
                    braked += usize::from(reply.status == 429);
                }
                braked
            })
        })
        .collect();
    let braked: usize = threads.into_iter().map(|it| it.join().unwrap()).sum();

    assert!(braked > MANY / 2, "{braked}");
    program.get("/v1/vaults").is(200);
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    let (_, _, person) = served.house.ends(rustix::process::Signal::TERM);
    let told = turned_away(&person);
    assert!(told.len() <= 12, "{}", told.len());
    let counted: usize = told
        .iter()
        .filter(|it| it.contains("no token of a Connect server"))
        .map(|it| {
            it.split(" request")
                .next()
                .unwrap()
                .rsplit(' ')
                .next()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        })
        .sum();
    assert_eq!(counted, MANY, "{told:?}");
}

/// A token of another home's server, for the same vault.
fn foreign_token(served: &Served) -> String {
    let other = Person::new();
    other.types(["init"]).succeeds();
    let key = KeySource::File(other.home().join("key"))
        .load_or_create()
        .unwrap();
    let registry = ConnectRegistry::open(&other.home().join("connect.db"), &key).unwrap();
    let dev = VaultId::parse(served.vault("Dev")).unwrap();
    let reach = Reach::from_iter([(dev.clone(), VaultAccess::ALL)]);
    let name = ConnectName::parse("shop").unwrap();
    let server = registry
        .create_server(&name, reach, Timestamp::now())
        .unwrap();
    let wanted = NewConnectToken {
        server: server.id,
        name,
        vaults: vec![(dev, None)],
        expires: None,
    };
    let (_, text) = registry.create_token(&wanted, Timestamp::now()).unwrap();
    text.expose_secret().to_owned()
}

impl Served {
    /// The id of a program's token: its own claims tell it.
    fn id_of(&self, program: &crate::served::Program) -> TokenId {
        let tokens = self.registry.tokens().unwrap();
        let claims = program.token.split('.').nth(1).unwrap();
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
        let claims = String::from_utf8(claims).unwrap();
        let found = tokens
            .into_iter()
            .find(|token| claims.contains(token.id.as_str()));
        found.unwrap().id
    }
}
