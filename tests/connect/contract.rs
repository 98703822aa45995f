//! Each request and answer held against `docs/connect-openapi.yaml` by prism, which stands between client and fake server.
//!
//! `tests/interop/connect_contract.sh` fetches prism and runs this; without it there is nothing to run.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use hushkey::{
    backend::connect::{ConnectVault, Limits, filter},
    connect::{Id, Item},
    vault::{
        Category, FieldId, FileId, ItemState, ItemUrl, NewItem, Purpose, Secret, Section,
        SectionId, Vault, VaultError,
    },
};
use serde_json::json;

use super::{FakeConnect, TOKEN, field, item_id, limits, new_item, vault_at, vault_id};

/// Prism in front of a server; ends when dropped.
struct Prism {
    child: Child,
    url: String,
    _description: tempfile::NamedTempFile,
}

impl Prism {
    fn before(server: &FakeConnect) -> Self {
        let prism = std::env::var("HUSHKEY_PRISM").expect("HUSHKEY_PRISM names prism's program");
        let description = without_bad_requests();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(prism)
            .args(["proxy", "--errors", "--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .arg(description.path())
            .arg(server.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("prism starts");
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "prism does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            _description: description,
        }
    }

    fn vault(&self) -> ConnectVault {
        let patient = Limits {
            connect: Duration::from_secs(5),
            header: Duration::from_secs(20),
            whole: Duration::from_secs(20),
            tries: 1,
            ..limits()
        };
        vault_at(&self.url, TOKEN, patient)
    }
}

/// The description without its answers to bad requests: where there is one, prism lets a wrong request pass and leaves it to the
/// server.
fn without_bad_requests() -> tempfile::NamedTempFile {
    let path = format!("{}/docs/connect-openapi.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let kept = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("'400':"));
    let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
    assert_ne!(kept.len(), text.len(), "there are none any more");
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::io::Write::write_all(&mut file, kept.as_bytes()).unwrap();
    file
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An item with all that can be in one.
fn full_item() -> NewItem {
    let section = SectionId::new("Section_1");
    let mut password = field("password", "canary-1");
    password.metadata.id = FieldId::new("password");
    password.metadata.purpose = Some(Purpose::Password);
    let mut host = field("host", "db.example.com");
    host.metadata.section = Some(section.clone());
    NewItem {
        category: Category::Database,
        urls: vec![ItemUrl {
            href: "https://db.example.com".into(),
            label: Some("console".into()),
            primary: true,
        }],
        tags: vec!["orders".into()],
        favorite: true,
        sections: vec![Section {
            id: section,
            label: "Network".into(),
        }],
        ..new_item("Orders & \"more\"", vec![password, host])
    }
}

#[tokio::test]
#[ignore = "needs prism: tests/interop/connect_contract.sh fetches it and runs this"]
async fn every_request_and_answer_is_as_the_description_has_it() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let prism = Prism::before(&server);
    let vault = prism.vault();
    let dev = vault_id(&dev);

    vault.vaults().await.unwrap();
    vault.client().vault(&dev).await.unwrap();
    let named = filter::name("Dev").unwrap();
    vault.client().vaults(Some(&named)).await.unwrap();
    let made = vault.create_item(&dev, full_item()).await.unwrap();
    vault.items(&dev, ItemState::Active).await.unwrap();
    let titled = filter::title("a&b #1 + 50% ü").unwrap();
    vault.client().items(&dev, Some(&titled)).await.unwrap();

    let mut item = vault.item(&dev, &made.overview.id).await.unwrap();
    item.overview.title = "Orders".into();
    item.overview.tags.clear();
    item.overview.urls.clear();
    item.overview.favorite = false;
    item.fields[0].value = Some(Secret::new("canary-2".into()));
    item.fields[1].metadata.label = "server".into();
    item.sections.push(Section {
        id: SectionId::new("Section_2"),
        label: "New".into(),
    });
    let mut added = field("added", "canary-3");
    added.metadata.section = Some(SectionId::new("Section_2"));
    item.fields.push(added);
    let changed = vault.replace_item(item).await.unwrap();
    assert_eq!(changed.overview.version, 2);
    let mut item = vault.item(&dev, &made.overview.id).await.unwrap();
    item.fields.remove(1);
    vault.replace_item(item).await.unwrap();

    let replaced = Item {
        id: made.overview.id.to_string(),
        title: "Replaced".into(),
        vault: Id {
            id: dev.to_string(),
        },
        category: "LOGIN".into(),
        ..Item::default()
    };
    let client = vault.client();
    client
        .replace(&dev, &made.overview.id, &replaced)
        .await
        .unwrap();
    let file = server.file(made.overview.id.as_str(), "cert.pem", b"canary-content");
    let file = FileId::parse(&file).unwrap();
    client.files(&dev, &made.overview.id).await.unwrap();
    let saved = vault.save_file(&dev, &made.overview.id, &file, Box::new(std::io::sink()));
    assert_eq!(saved.await.unwrap(), 14);
    vault.delete_item(&dev, &made.overview.id).await.unwrap();
    let status = vault.server_status().await.unwrap();
    assert_eq!((status.token.refused, status.dependencies.len()), (None, 2));
    let activity = vault.server_activity(5, 0).await.unwrap();
    assert!(activity.requests.len() == 5 && activity.total.is_some());
    assert!(
        vault
            .server_metrics()
            .await
            .unwrap()
            .contains("go_goroutines")
    );
    let missing = vault.item(&dev, &made.overview.id).await;
    assert!(
        matches!(missing, Err(VaultError::NotFound { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
#[ignore = "needs prism: tests/interop/connect_contract.sh fetches it and runs this"]
async fn prism_does_notice_a_wrong_request_and_a_wrong_answer() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let good = server.item(&dev, "Good", &[]);
    let bad = server.whole_item(
        &dev,
        json!({ "title": "Bad", "category": "LOGIN", "version": "one", "tags": "none" }),
    );
    let prism = Prism::before(&server);
    let vault = prism.vault();
    let dev = vault_id(&dev);

    let document = Item {
        title: "x".into(),
        vault: Id {
            id: dev.to_string(),
        },
        category: "DOCUMENT".into(),
        ..Item::default()
    };
    let request = vault.client().create(&dev, &document).await.unwrap_err();
    let came_through = server.asked().iter().any(|it| it.starts_with("POST"));
    server.change(&bad, |item| item["tags"] = json!("none"));
    let answer = vault.client().item(&dev, &item_id(&bad)).await.unwrap_err();

    assert_eq!(request.status(), Some(422), "{request:?}");
    assert!(!came_through, "the server saw it");
    assert_eq!(answer.status(), Some(500), "{answer:?}");
    vault.client().item(&dev, &item_id(&good)).await.unwrap();
}
