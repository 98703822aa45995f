use jiff::SignedDuration;
use rusqlite::Connection;

use super::*;
use crate::{
    access::VaultAccess,
    registry::tests::{Home, at},
    vault::{Secret, VaultId},
};

fn open(home: &Home) -> ConnectRegistry {
    ConnectRegistry::open(&home.path(), &home.key).unwrap()
}

fn name(name: &str) -> ConnectName {
    ConnectName::parse(name).unwrap()
}

fn access(text: &str) -> VaultAccess {
    VaultAccess::parse(text).unwrap()
}

/// A server `CI` with two vaults: the first to read and write, the second to read.
fn server(registry: &ConnectRegistry) -> (ConnectServer, VaultId, VaultId) {
    let (dev, docs) = (VaultId::random(), VaultId::random());
    let reach = Reach::from_iter([(dev.clone(), access("rw")), (docs.clone(), access("r"))]);
    let server = registry.create_server(&name("CI"), reach, at(0)).unwrap();
    (server, dev, docs)
}

fn wanted(
    server: &ConnectServer,
    vaults: &[(&VaultId, Option<&str>)],
    expires: Option<Timestamp>,
) -> NewConnectToken {
    NewConnectToken {
        server: server.id.clone(),
        name: name("app"),
        vaults: vaults
            .iter()
            .map(|(vault, text)| ((*vault).clone(), text.map(access)))
            .collect(),
        expires,
    }
}

fn prove(registry: &ConnectRegistry, token: &Secret) -> Result<ProvenToken, NotProvenClient> {
    registry.prove(token.expose_secret(), at(1)).unwrap()
}

#[test]
fn a_token_proves_what_it_reaches_until_it_is_revoked_or_expires_or_its_server_is_deleted() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, docs) = server(&registry);
    let of = |vaults: &[_], expires| registry.create_token(&wanted(&ci, vaults, expires), at(0));
    let (kept, text) = of(&[(&dev, Some("w")), (&docs, None)], None).unwrap();
    let (_, short) = of(&[(&dev, None)], Some(at(1))).unwrap();
    let (revoked, other) = of(&[(&dev, None)], None).unwrap();
    registry.revoke_token(&revoked.id, at(0)).unwrap();

    let proven = prove(&registry, &text).unwrap();
    let reach = Reach::from_iter([(dev, access("w")), (docs, access("r"))]);
    assert_eq!((&proven.server, &proven.token), (&ci.id, &kept.id));
    assert_eq!((&*proven.server_name, &*proven.token_name), ("CI", "app"));
    assert_eq!(*proven.reach, reach);
    let expired = prove(&registry, &short);
    assert!(matches!(expired, Err(NotProvenClient::Expired(_))));
    let ended = prove(&registry, &other);
    assert!(matches!(ended, Err(NotProvenClient::Revoked(known)) if known.token == revoked.id));

    registry.delete_server(&ci.id).unwrap();

    assert_eq!(prove(&registry, &text), Err(NotProvenClient::Unknown));
    assert!(registry.tokens().unwrap().is_empty() && !registry.has_servers().unwrap());
}

#[test]
fn a_text_that_was_not_made_here_letter_for_letter_is_unknown() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, _) = server(&registry);
    let (_, text) = registry
        .create_token(&wanted(&ci, &[(&dev, None)], None), at(0))
        .unwrap();
    let text = text.expose_secret();
    let [header, claims, signature] = text.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    let again = crate::jwt::SigningKey::random().sign("k", &serde_json::json!({}));
    let signed_anew = again.expose_secret().rsplit_once('.').unwrap().1;

    assert!(
        registry.prove(text, at(1)).unwrap().is_ok(),
        "the control: it is taken"
    );
    for forged in [
        String::new(),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{claims}.{signed_anew}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}"),
        "x".repeat(1 << 20),
    ] {
        let proven = registry.prove(&forged, at(1)).unwrap();
        assert_eq!(proven, Err(NotProvenClient::Unknown));
    }
}

#[test]
fn a_token_is_never_made_for_more_than_its_server_has() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, docs) = server(&registry);
    let stranger = VaultId::random();

    for beyond in [
        [(&docs, Some("rw"))],
        [(&docs, Some("w"))],
        [(&stranger, Some("r"))],
        [(&stranger, None)],
    ] {
        let refused = registry.create_token(&wanted(&ci, &beyond, None), at(0));
        assert!(matches!(refused, Err(RegistryError::Beyond { .. })));
    }
    let none = registry.create_token(&wanted(&ci, &[], None), at(0));
    assert!(matches!(none, Err(RegistryError::NoVault)));
    let fits = registry.create_token(&wanted(&ci, &[(&dev, Some("rw"))], None), at(0));
    assert!(fits.is_ok());
}

#[test]
fn what_is_taken_from_a_server_its_tokens_lose_at_once_in_other_processes_too() {
    let home = Home::new();
    let (command, serving) = (open(&home), open(&home));
    let (ci, dev, docs) = server(&command);
    let (_, text) = command
        .create_token(&wanted(&ci, &[(&dev, None), (&docs, None)], None), at(0))
        .unwrap();
    assert_eq!(prove(&serving, &text).unwrap().reach.vaults().count(), 2);

    let nothing = VaultAccess::default();
    command.set_access(&ci.id, &docs, nothing).unwrap();
    command.set_access(&ci.id, &dev, access("r")).unwrap();

    let left = Reach::from_iter([(dev.clone(), access("r"))]);
    assert_eq!(*prove(&serving, &text).unwrap().reach, left);
    command.set_access(&ci.id, &docs, access("rw")).unwrap();
    let again = prove(&serving, &text).unwrap().reach.access(&docs);
    assert_eq!(again, access("r"), "no more than it was made for");
}

#[test]
fn a_server_has_one_name_and_a_token_is_found_by_name_where_it_is_the_only_one() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, _) = server(&registry);

    let taken = registry.create_server(&name("ci"), Reach::default(), at(0));
    assert!(matches!(taken, Err(RegistryError::Taken { .. })));
    registry.rename_server(&ci.id, &name("Ci")).unwrap();
    registry.rename_server(&ci.id, &name("Build")).unwrap();
    assert_eq!(registry.server("build").unwrap().id, ci.id);
    assert_eq!(registry.server(ci.id.as_str()).unwrap().id, ci.id);
    assert!(matches!(
        registry.server("CI"),
        Err(RegistryError::NoSuch { .. })
    ));

    let make = || {
        registry
            .create_token(&wanted(&ci, &[(&dev, None)], None), at(0))
            .unwrap()
            .0
    };
    let (first, second) = (make(), make());
    let several = registry.token("app", |server| *server == ci.id);
    assert!(matches!(
        several,
        Err(RegistryError::Ambiguous { count: 2, .. })
    ));
    registry.revoke_token(&first.id, at(1)).unwrap();
    assert_eq!(registry.token("APP", |_| true).unwrap().id, second.id);
    registry.rename_token(&second.id, &name("web")).unwrap();
    assert_eq!(
        registry
            .token("web", |_| true)
            .unwrap()
            .reach
            .vaults()
            .count(),
        1
    );
}

#[test]
fn a_member_manages_what_its_group_was_given_and_no_server_that_has_a_group_of_its_own() {
    let home = Home::new();
    let registry = open(&home);
    let make = |text| {
        registry
            .create_server(&name(text), Reach::default(), at(0))
            .unwrap()
            .id
    };
    let (ci, live) = (make("CI"), make("Live"));
    let ops = registry.create_group(&name("ops"), at(0)).unwrap().id;
    let sre = registry.create_group(&name("sre"), at(0)).unwrap().id;
    let ann = registry.add_member(&ops, &name("ann"), at(0)).unwrap();
    let digest = |token: &Secret| crate::registry::TokenDigest::of(token.expose_secret()).unwrap();
    let manager = || registry.prove_manager(&digest(&ann)).unwrap();
    let manages = || [&ci, &live].map(|server| manager().unwrap().manages(server));

    assert_eq!(manages(), [false, false]);
    registry
        .set_managed(&ops, &Managed::AllServers, true)
        .unwrap();
    assert_eq!(manages(), [true, true]);
    let live_only = Managed::Server(live.clone());
    registry.set_managed(&sre, &live_only, true).unwrap();
    assert_eq!(manages(), [true, false]);
    assert!(!manager().unwrap().whole);
    registry
        .set_managed(&ops, &Managed::Everything, true)
        .unwrap();
    assert!(manager().unwrap().whole && manages() == [true, true]);

    registry.remove_member(&ops, "Ann").unwrap();
    assert_eq!(manager(), None);
}

#[test]
fn tokens_of_clients_and_of_managers_are_not_each_others() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, _) = server(&registry);
    let (_, client) = registry
        .create_token(&wanted(&ci, &[(&dev, None)], None), at(0))
        .unwrap();
    let group = registry.create_group(&name("ops"), at(0)).unwrap().id;
    let manager = registry.add_member(&group, &name("ann"), at(0)).unwrap();

    let as_manager = crate::registry::TokenDigest::of(client.expose_secret());
    assert!(as_manager.is_none(), "it has not even the form");
    assert_eq!(prove(&registry, &manager), Err(NotProvenClient::Unknown));
}

#[test]
fn nothing_of_a_connect_server_lies_readable_in_the_file_and_no_change_to_it_is_taken() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, dev, _) = server(&registry);
    let (made, text) = registry
        .create_token(&wanted(&ci, &[(&dev, None)], None), at(0))
        .unwrap();
    let later = at(2) + SignedDuration::from_mins(5);
    registry.note_use(&made.id, later).unwrap();
    assert_eq!(open(&home).tokens().unwrap()[0].used, Some(at(2)));

    let bytes = home.bytes();
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(has(b"SQLite format 3"), "the control: something was read");
    let signature = text.expose_secret().rsplit_once('.').unwrap().1;
    for hidden in [ci.id.as_str(), made.id.as_str(), dev.as_str(), signature] {
        assert!(!has(hidden.as_bytes()));
    }
    assert!(!has(&digest_of(text.expose_secret())));

    let connection = Connection::open(home.path()).unwrap();
    connection
        .execute("DELETE FROM record WHERE rowid = 1", ())
        .unwrap();
    let refused = registry.prove(text.expose_secret(), at(3));
    assert!(matches!(refused, Err(error) if error.is_tampering()));
}

/// A registry whose store lends the names of vaults in place of their keys.
fn lending(home: &Home) -> ConnectRegistry {
    let lender = |vaults: &[VaultId]| {
        let names: Vec<&str> = vaults.iter().map(VaultId::as_str).collect();
        Ok(names.join(" ").into_bytes().into())
    };
    open(home).with_lender(Box::new(lender))
}

#[test]
fn credentials_open_one_servers_record_in_a_copy_and_the_deletion_of_the_server_voids_them() {
    let home = Home::new();
    let registry = lending(&home);
    let (ci, dev, docs) = server(&registry);
    let other = registry
        .create_server(&name("Other"), Reach::default(), at(0))
        .unwrap();
    let make = || {
        registry
            .create_token(&wanted(&ci, &[(&dev, None)], None), at(0))
            .unwrap()
    };
    let ((_, kept), (gone, revoked)) = (make(), make());
    registry.revoke_token(&gone.id, at(0)).unwrap();
    let write_only = access("w");
    registry.set_access(&ci.id, &docs, write_only).unwrap();
    let credentials = |id| registry.credentials(id).unwrap().unwrap();
    let (own, others) = (credentials(&ci.id), credentials(&other.id));
    let copy = |credentials| ConnectRegistry::open_copy(&home.path(), credentials);

    let opened = copy(&own).unwrap();

    assert_eq!(*opened.lent, dev.as_str().as_bytes(), "what it may read");
    let proven = prove(&opened.registry, &kept).unwrap();
    assert_eq!((proven.server, &*proven.server_name), (ci.id.clone(), "CI"));
    assert_eq!(proven.reach.access(&dev), access("rw"));
    let refused = prove(&opened.registry, &revoked);
    assert!(matches!(refused, Err(NotProvenClient::Revoked(_))));
    assert!(matches!(
        opened.registry.delete_server(&ci.id),
        Err(RegistryError::Copy)
    ));
    let foreign = prove(&copy(&others).unwrap().registry, &kept);
    assert_eq!(foreign, Err(NotProvenClient::Unknown));

    registry.delete_server(&ci.id).unwrap();

    assert!(matches!(copy(&own), Err(RegistryError::Void)));
    let bytes = home.bytes();
    let handle = own.key.subkey("connect copy/handle").mac(&[b"handle"]);
    let lies_there = |handle: &[u8]| bytes.windows(16).any(|window| window == handle);
    let others_handle = others.key.subkey("connect copy/handle").mac(&[b"handle"]);
    assert!(lies_there(&others_handle[..16]), "the control");
    assert!(
        !lies_there(&handle[..16]),
        "neither in the file nor in its log"
    );
}

#[test]
fn where_no_keys_are_lent_there_are_no_credentials() {
    let home = Home::new();
    let registry = open(&home);
    let (ci, ..) = server(&registry);

    assert!(registry.credentials(&ci.id).unwrap().is_none());
}
