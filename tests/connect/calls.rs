//! Each of the fifteen calls, as it goes over the wire.

use hushkey::{
    backend::connect::filter,
    connect::{Field, Id, Item, Operation, PatchValue, Text},
    vault::FileId,
};
use serde_json::{Value, json};

use super::{FakeConnect, TOKEN, item_id, vault, vault_id};

#[tokio::test]
async fn each_of_the_fifteen_calls_is_made_as_the_description_has_it() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[("key", "CONCEALED", "canary-old")]);
    let file = server.file(&id, "notes.txt", b"canary-content");
    let vault = vault(&server);
    let client = vault.client();
    let (dev, item, file) = (vault_id(&dev), item_id(&id), FileId::parse(&file).unwrap());

    let named = filter::name("Dev").unwrap();
    assert_eq!(client.vaults(Some(&named)).await.unwrap().len(), 1);
    assert_eq!(client.vault(&dev).await.unwrap().name, "Dev");
    let titled = filter::title("stripe").unwrap();
    assert_eq!(client.items(&dev, Some(&titled)).await.unwrap().len(), 1);
    let whole = Item {
        title: "New".into(),
        vault: Id {
            id: dev.to_string(),
        },
        category: "LOGIN".into(),
        fields: vec![Field {
            label: Some("key".into()),
            kind: "CONCEALED".into(),
            value: Some(Text::new("canary-new".into())),
            ..Field::default()
        }],
        ..Item::default()
    };
    let made = client.create(&dev, &whole).await.unwrap();
    let made_id = item_id(&made.id);
    assert_eq!(client.item(&dev, &made_id).await.unwrap().title, "New");
    let replaced = Item {
        id: made.id.clone(),
        title: "Replaced".into(),
        ..whole
    };
    let replaced = client.replace(&dev, &made_id, &replaced).await.unwrap();
    assert_eq!((replaced.title.as_str(), replaced.version), ("Replaced", 2));
    let operation = Operation {
        op: "replace",
        path: "/fields/key/value".into(),
        value: Some(PatchValue::Text(Text::new("canary-patched".into()))),
    };
    client.patch(&dev, &item, &[operation]).await.unwrap();
    client.delete(&dev, &made_id).await.unwrap();
    assert_eq!(
        client.files(&dev, &item).await.unwrap()[0].name,
        "notes.txt"
    );
    assert_eq!(client.file(&dev, &item, &file).await.unwrap().size, 14);
    let mut content = Vec::new();
    client
        .content(&dev, &item, &file, 1000, &mut content)
        .await
        .unwrap();
    assert_eq!(content, b"canary-content");
    let page = client.activity(2, 1).await.unwrap();
    assert_eq!((page.requests.len(), page.total), (2, Some(11)));
    client.heartbeat().await.unwrap();
    assert_eq!(client.health().await.unwrap().dependencies.len(), 2);
    assert!(client.metrics().await.unwrap().contains("go_goroutines"));

    let items = format!("/v1/vaults/{dev}/items");
    assert_eq!(
        server.asked(),
        [
            "GET /v1/vaults?filter=name%20eq%20%22Dev%22".to_owned(),
            format!("GET /v1/vaults/{dev}"),
            format!("GET {items}?filter=title%20eq%20%22stripe%22"),
            format!("POST {items}"),
            format!("GET {items}/{made_id}"),
            format!("PUT {items}/{made_id}"),
            format!("PATCH {items}/{item}"),
            format!("DELETE {items}/{made_id}"),
            format!("GET {items}/{item}/files"),
            format!("GET {items}/{item}/files/{file}"),
            format!("GET {items}/{item}/files/{file}/content"),
            "GET /v1/activity?limit=2&offset=1".to_owned(),
            "GET /heartbeat".to_owned(),
            "GET /health".to_owned(),
            "GET /metrics".to_owned(),
        ]
    );
    assert_eq!(server.item_now(&id)["fields"][0]["value"], "canary-patched");
}

#[tokio::test]
async fn the_token_goes_where_it_is_needed_and_nowhere_else() {
    let server = FakeConnect::new();
    server.vault("Dev");
    let vault = vault(&server);

    vault.client().vaults(None).await.unwrap();
    vault.client().health().await.unwrap();

    let bearer = format!("Bearer {TOKEN}");
    let sent: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(sent, [Some(bearer), None]);
}

#[tokio::test]
async fn what_is_written_is_exactly_what_was_meant() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let vault = vault(&server);
    let new = super::new_item("Stripe", vec![super::field("key", "canary-1")]);
    let id = new.fields[0].metadata.id.to_string();

    hushkey::vault::Vault::create_item(&vault, &vault_id(&dev), new)
        .await
        .unwrap();

    let sent: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(
        sent,
        json!({
            "title": "Stripe", "vault": { "id": dev }, "category": "LOGIN",
            "fields": [{ "id": id, "type": "CONCEALED", "label": "key", "value": "canary-1" }],
        })
    );
}
