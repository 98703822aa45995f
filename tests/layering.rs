//! The shape of the house, read from its sources: who may name whom, where values are lent, what the documents promise.
//!
//! A rule that could pass by reading nothing has a control beside it that shows the reading works.

use std::collections::{BTreeMap, BTreeSet};

#[path = "layering/documents.rs"]
mod documents;
#[path = "layering/files.rs"]
mod files;
#[path = "layering/packages.rs"]
mod packages;
#[path = "layering/paths.rs"]
mod paths;
#[path = "layering/rooms.rs"]
mod rooms;
#[path = "layering/source.rs"]
mod source;

use paths::named;
use rooms::ROOMS;
use source::{Source, sources};

/// Where `expose_secret` may stand, and how often: each place was looked at. Adding one is a decision.
const LENT: &[(&str, usize)] = &[
    ("src/backend/connect/claims.rs", 1),
    ("src/backend/connect/client.rs", 1),
    ("src/backend/connect/convert.rs", 1),
    ("src/backend/local/record/environments.rs", 1),
    ("src/backend/local/record.rs", 1),
    ("src/broker/connect_api/date.rs", 2),
    ("src/broker/environments.rs", 1),
    ("src/broker/inject.rs", 3),
    ("src/broker/run.rs", 2),
    ("src/broker/shown.rs", 3),
    ("src/broker/variables.rs", 1),
    ("src/broker/wire.rs", 2),
    ("src/cli/agent/token.rs", 2),
    ("src/cli/connect/groups.rs", 1),
    ("src/cli/connect/remote.rs", 1),
    ("src/cli/connect/tokens.rs", 1),
    ("src/cli/demo.rs", 1),
    ("src/cli/environment.rs", 1),
    ("src/cli/inject.rs", 1),
    ("src/cli/item/get.rs", 2),
    ("src/cli/mcp.rs", 1),
    ("src/cli/read.rs", 1),
    ("src/connect/text.rs", 2),
    ("src/dotenv/expand.rs", 1),
    ("src/fuzzing/parsers.rs", 2),
    ("src/generate.rs", 1),
    ("src/http/admin/calls.rs", 1),
    ("src/http/connect_api/files.rs", 1),
    ("src/http/connect_api/shown.rs", 2),
    ("src/import.rs", 1),
    ("src/launch/errand.rs", 2),
    ("src/launch/foreground.rs", 1),
    ("src/launch.rs", 2),
    ("src/otp.rs", 1),
    ("src/portable/text.rs", 1),
    ("src/redact/fingerprints.rs", 1),
    ("src/redact/gate.rs", 1),
    ("src/redact/ledger.rs", 1),
    ("src/redact.rs", 4),
    ("src/registry/connect/tokens.rs", 1),
    ("src/ssh_key.rs", 1),
    ("src/vault/secret.rs", 7),
];

/// Where the rooms are put together: the one file of the command line that names a backend.
const OPENING: &str = "src/cli/opening.rs";

/// Who may write to standard output, which belongs to the protocol while `hushkey mcp` runs: the command line, and a
/// person's own run.
const PRINTERS: &[&str] = &[
    "src/cli/",
    "src/launch/foreground.rs",
    "src/launch/foreground/",
    "src/launch/session.rs",
    // A process of its own, which says one word to whoever started it.
    "src/unlocked/holder.rs",
];

#[test]
fn each_room_names_only_what_its_row_allows() {
    let mut offences = BTreeSet::new();
    for source in sources() {
        let Some(room) = ROOMS.iter().find(|room| room.name == source.room()) else {
            offences.insert(format!(
                "{}: no row in tests/layering/rooms.rs",
                source.path
            ));
            continue;
        };
        let named = named(&source);
        for path in &named.own {
            let inside = path.first().is_none_or(|first| first == room.name);
            if !inside && !room.may.iter().any(|may| begins(path, may)) {
                offences.insert(format!(
                    "{}: names {}",
                    source.path,
                    path[..path.len().min(2)].join("::")
                ));
            }
        }
        for never in room.never {
            if named.names(never) {
                offences.insert(format!("{}: names {never}", source.path));
            }
        }
    }
    let offences: Vec<_> = offences.into_iter().collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn no_row_allows_more_than_its_room_needs() {
    let mut used: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for source in sources() {
        used.entry(source.room().to_owned())
            .or_default()
            .extend(named(&source).own);
    }

    let idle: Vec<String> = ROOMS
        .iter()
        .flat_map(|room| room.may.iter().map(move |may| (room.name, *may)))
        .filter(|(room, may)| !used[*room].iter().any(|path| begins(path, may)))
        .map(|(room, may)| format!("{room} no longer names {may}: take it from its row"))
        .collect();

    assert!(idle.is_empty(), "\n{}", idle.join("\n"));
}

#[test]
fn only_the_broker_calls_a_vault() {
    let holders = ["backend", "broker", "vault"];

    for source in sources() {
        let named = named(&source);
        let holds = named.names("vault::Vault");
        assert!(
            !holds || holders.contains(&source.room()),
            "{} names the trait",
            source.path
        );
        let opens = named.names("backend");
        assert!(
            !opens || source.room() == "backend" || source.path == OPENING,
            "{} names a backend",
            source.path
        );
    }

    let broker = sources()
        .into_iter()
        .find(|source| source.path == "src/broker.rs")
        .unwrap();
    assert!(
        named(&broker).names("vault::Vault"),
        "the control: the broker does hold one"
    );
    assert!(
        broker.has(&["vault", ":", "Arc", "<", "dyn", "Vault", ">"]),
        "and keeps it to itself"
    );
}

#[test]
fn values_are_lent_in_a_closed_list_of_files() {
    let lent: Vec<(String, usize)> = sources()
        .into_iter()
        .map(|source| (source.count(&["expose_secret"]), source.path))
        .filter(|(count, _)| *count > 0)
        .map(|(count, path)| (path, count))
        .collect();

    let listed: Vec<(String, usize)> = LENT
        .iter()
        .map(|(path, count)| ((*path).to_owned(), *count))
        .collect();
    assert_eq!(lent, listed, "each new place is looked at, and then listed");
}

#[test]
fn what_the_model_talks_to_can_name_no_value() {
    let unspeakable = [
        "FileContent",
        "Secret",
        "SecretString",
        "backend",
        "expose_secret",
        "reveal",
        "reveal_environment",
    ];

    let mut read = 0;
    for source in sources().iter().filter(|source| source.room() == "mcp") {
        for word in unspeakable {
            assert!(!source.has(&[word]), "{} says {word}", source.path);
        }
        read += source.words.len();
    }

    assert!(read > 1000, "the control: only {read} words were read");
}

#[test]
fn over_http_an_items_values_pass_the_connect_api_alone() {
    let holds = ["FileContent", "OpenItem", "ItemAnswer", "client_item"];

    let mut found = BTreeSet::new();
    for source in sources().iter().filter(|source| source.room() == "http") {
        let own = source.path.starts_with("src/http/connect_api");
        for word in holds {
            let said = source.has(&[word]);
            assert!(own || !said, "{} says {word}", source.path);
            found.extend(said.then_some(word));
        }
    }

    assert_eq!(found.len(), holds.len(), "the control: {found:?}");
}

#[test]
fn standard_output_belongs_to_the_protocol() {
    let ways = [
        ["print", "!", "("],
        ["println", "!", "("],
        ["dbg", "!", "("],
        ["::", "stdout", "("],
    ];
    let writes = |source: &Source| ways.iter().any(|way| source.has(way));

    for source in sources() {
        let may = PRINTERS
            .iter()
            .any(|printer| source.path.starts_with(printer));
        assert!(
            may || !writes(&source),
            "{} writes to standard output",
            source.path
        );
    }

    for text in ["println!(\"a\")", "io::stdout().lock()"] {
        let control = Source::parse("src/x.rs", format!("fn f() {{ {text} }}"));
        assert!(writes(&control), "the control: {text}");
    }
}

/// Tells whether a path is `prefix`, written as `vault::Secret`, or lies beneath it.
fn begins(path: &[String], prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.split("::").collect();
    path.len() >= parts.len() && path.iter().zip(&parts).all(|(a, b)| a == b)
}
