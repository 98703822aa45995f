//! Vaults on a Connect server: the client's manners towards a fake one, good and bad.

#[path = "support/agent.rs"]
mod agent;
#[path = "support/binary.rs"]
mod binary;
#[path = "support/fake_connect.rs"]
mod fake_connect;

#[path = "connect/access.rs"]
mod access;
#[path = "connect/calls.rs"]
mod calls;
#[path = "connect/contract.rs"]
mod contract;
#[path = "connect/faults.rs"]
mod faults;
#[path = "connect/files.rs"]
mod files;
#[path = "connect/imports.rs"]
mod imports;
#[path = "connect/manners.rs"]
mod manners;
#[path = "connect/person.rs"]
mod person;
#[path = "connect/proxies.rs"]
mod proxies;
#[path = "connect/speed.rs"]
mod speed;

use std::time::Duration;

use hushkey::{
    backend::connect::{ConnectVault, Limits, Server},
    vault::{Category, Field, FieldId, FieldMetadata, FieldType, ItemId, NewItem, Secret, VaultId},
};

use fake_connect::{FakeConnect, TOKEN};

/// Short enough for tests, and in the same proportions as the real ones.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        header: Duration::from_millis(700),
        whole: Duration::from_millis(900),
        pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(200),
        kept: Duration::ZERO,
        ..Limits::default()
    }
}

fn vault_at(host: &str, token: &str, limits: Limits) -> ConnectVault {
    let server = Server {
        host: host.to_owned(),
        token: Secret::new(token.to_owned()),
        authority: None,
    };
    ConnectVault::new(server, limits).unwrap()
}

fn vault(server: &FakeConnect) -> ConnectVault {
    vault_at(&server.url(), TOKEN, limits())
}

fn vault_id(text: &str) -> VaultId {
    VaultId::parse(text).unwrap()
}

fn item_id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn field(label: &str, value: &str) -> Field {
    Field {
        metadata: FieldMetadata {
            id: FieldId::random(),
            section: None,
            label: label.to_owned(),
            kind: FieldType::Concealed,
            purpose: None,
            set: true,
            origins: Vec::new(),
        },
        value: Some(Secret::new(value.to_owned())),
    }
}

fn new_item(title: &str, fields: Vec<Field>) -> NewItem {
    NewItem {
        title: title.to_owned(),
        category: Category::Login,
        urls: Vec::new(),
        tags: Vec::new(),
        favorite: false,
        sections: Vec::new(),
        fields,
        created_by: None,
    }
}

/// A person of these tests has a server only where a test says so.
const BACKEND: binary::Backend = binary::Backend::Local;
