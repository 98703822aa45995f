use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::*;
use crate::keys::{Kek, KeySource};

pub(super) struct Home {
    directory: tempfile::TempDir,
    pub(super) key: Kek,
}

impl Home {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let key = KeySource::File(directory.path().join("key"));
        Self {
            key: key.load_or_create().unwrap(),
            directory,
        }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("agents.db")
    }

    fn open(&self) -> Registry {
        Registry::open(&self.path(), &self.key).unwrap()
    }

    /// All that lies there.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read(file.unwrap().path());
        files.flat_map(|file| read(file).unwrap()).collect()
    }

    /// Changes the file past hushkey.
    fn meddle(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        assert!(connection.execute(sql, ()).unwrap() > 0, "{sql}");
    }
}

fn name(name: &str) -> AgentName {
    AgentName::parse(name).unwrap()
}

pub(super) fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
}

fn digest(token: &Secret) -> TokenDigest {
    TokenDigest::of(token.expose_secret()).unwrap()
}

#[test]
fn a_token_proves_its_agent_until_it_is_revoked_or_expires() {
    let home = Home::new();
    let registry = home.open();
    let codex = digest(&registry.create(&name("codex"), None, at(0)).unwrap());
    let claude = registry
        .create(&name("claude"), Some(at(2)), at(0))
        .unwrap();
    let claude = digest(&claude);
    let stranger = digest(&token::NewToken::random(PREFIX).text);
    let prove = |token| registry.prove(token, at(1)).unwrap();

    assert_eq!(prove(&codex), Ok(name("codex")));
    assert_eq!(prove(&claude), Ok(name("claude")));
    assert_eq!(prove(&stranger), Err(NotProven::Unknown));

    registry.revoke(&name("codex"), at(1)).unwrap();

    assert_eq!(prove(&codex), Err(NotProven::Revoked(name("codex"))));
    assert_eq!(
        registry.prove(&claude, at(2)).unwrap(),
        Err(NotProven::Expired(name("claude")))
    );
}

#[test]
fn a_revocation_counts_at_once_in_other_processes() {
    let home = Home::new();
    let (server, command) = (home.open(), home.open());
    let token = digest(&command.create(&name("codex"), None, at(0)).unwrap());
    assert_eq!(server.prove(&token, at(1)).unwrap(), Ok(name("codex")));

    command.revoke(&name("codex"), at(1)).unwrap();

    let refused = server.prove(&token, at(1)).unwrap();
    assert_eq!(refused, Err(NotProven::Revoked(name("codex"))));
}

#[test]
fn an_agent_has_one_token_and_a_new_one_ends_the_old() {
    let home = Home::new();
    let registry = home.open();
    let first = digest(&registry.create(&name("codex"), None, at(0)).unwrap());

    let second = registry.create(&name("codex"), None, at(0));
    let unknown = registry.rotate(&name("nobody"), None, at(0));
    let rotated = digest(&registry.rotate(&name("codex"), None, at(1)).unwrap());

    assert!(matches!(second, Err(RegistryError::Exists(_))));
    assert!(matches!(unknown, Err(RegistryError::Missing(_))));
    assert!(registry.prove(&first, at(1)).unwrap().is_err());
    assert_eq!(registry.prove(&rotated, at(1)).unwrap(), Ok(name("codex")));
    assert_eq!(registry.list().unwrap().len(), 2);
}

#[test]
fn a_renamed_agent_keeps_its_token() {
    let home = Home::new();
    let registry = home.open();
    let token = digest(&registry.create(&name("a"), None, at(0)).unwrap());
    registry.create(&name("b"), None, at(0)).unwrap();

    let taken = registry.rename(&name("a"), &name("b"));
    registry.rename(&name("a"), &name("c")).unwrap();

    assert!(matches!(taken, Err(RegistryError::Exists(_))));
    assert_eq!(registry.prove(&token, at(0)).unwrap(), Ok(name("c")));
}

#[test]
fn the_hour_of_the_last_use_is_noted() {
    let home = Home::new();
    let registry = home.open();
    let token = digest(&registry.create(&name("codex"), None, at(0)).unwrap());

    registry
        .note_use(&token, at(5) + jiff::SignedDuration::from_mins(17))
        .unwrap();

    assert_eq!(registry.list().unwrap()[0].used, Some(at(5)));
    assert_eq!(home.open().list().unwrap()[0].used, Some(at(5)));
}

#[test]
fn neither_a_token_nor_a_name_lies_readable_in_the_file() {
    let home = Home::new();
    let registry = home.open();
    let token = registry.create(&name("codex-canary"), None, at(0)).unwrap();
    drop(registry);

    let bytes = home.bytes();
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(has(b"SQLite format 3"), "the control: something was read");
    assert!(!has(b"codex-canary") && !has(token.expose_secret().as_bytes()));
    assert!(!has(digest(&token).bytes()), "nor its plain digest");
}

#[test]
fn a_table_that_was_changed_outside_hushkey_accepts_no_token() {
    for sql in [
        "DELETE FROM record WHERE rowid = 1",
        "UPDATE record SET sealed = x'00' WHERE rowid = 1",
        "UPDATE record SET handle = zeroblob(16) WHERE rowid = 1",
        "UPDATE head SET revision = revision + 1",
        "DELETE FROM head",
    ] {
        let home = Home::new();
        let registry = home.open();
        let token = digest(&registry.create(&name("codex"), None, at(0)).unwrap());
        registry.create(&name("other"), None, at(0)).unwrap();

        home.meddle(sql);

        let refused = registry.prove(&token, at(0));
        assert!(
            matches!(refused, Err(error) if error.is_tampering()),
            "{sql}"
        );
    }
}

#[test]
fn a_revocation_can_not_be_undone_by_putting_the_old_record_back() {
    let home = Home::new();
    let registry = home.open();
    let token = digest(&registry.create(&name("codex"), None, at(0)).unwrap());
    let before = |home: &Home| -> String {
        let connection = Connection::open(home.path()).unwrap();
        connection
            .query_row("SELECT hex(sealed) FROM record", (), |row| row.get(0))
            .unwrap()
    };
    let sealed = before(&home);
    registry.revoke(&name("codex"), at(1)).unwrap();

    home.meddle(&format!("UPDATE record SET sealed = x'{sealed}'"));

    let refused = registry.prove(&token, at(1));
    assert!(matches!(refused, Err(error) if error.is_tampering()));
}

#[test]
fn each_change_moves_the_head_on() {
    let home = Home::new();
    let registry = home.open();
    let before = registry.head().unwrap();

    registry.create(&name("codex"), None, at(0)).unwrap();

    let after = registry.head().unwrap();
    assert_eq!(after.store, before.store);
    assert!(after.store.starts_with(STORE_PREFIX));
    assert!(after.revision > before.revision && after.mark != before.mark);
}
