//! What the tools for items answer, over a vault in memory.

use hushkey::vault::{Section, SectionId};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::{
    BACKEND,
    desk::{Backend, Desk},
    fake_vault::FakeVault,
    tools::{CANARY, stripe, without_ids},
};

#[tokio::test]
async fn list_items_finds_by_text_and_goes_page_by_page() {
    let mut vault = stripe();
    for n in 0..5 {
        vault = vault.item(&format!("Key {n}"), &[]);
    }
    let desk = Desk::open(vault);

    let found = desk
        .answer("list_items", json!({ "query": "STRIPE" }))
        .await;
    let first = desk
        .answer("list_items", json!({ "vault": "dev", "limit": 4 }))
        .await;
    let second = desk
        .answer(
            "list_items",
            json!({ "vault": "Dev", "limit": 4, "cursor": first["next_cursor"] }),
        )
        .await;

    assert_json_snapshot!(without_ids(found), @r#"
    {
      "items": [
        {
          "category": "LOGIN",
          "id": "[id]",
          "tags": [],
          "title": "Stripe",
          "updated_at": "[time]",
          "urls": [
            "https://dashboard.stripe.com/login?token=…"
          ],
          "vault": "Dev",
          "version": 1
        }
      ]
    }
    "#);
    assert_eq!(first["items"].as_array().unwrap().len(), 4);
    assert_eq!(second["items"].as_array().unwrap().len(), 2);
    assert!(second.get("next_cursor").is_none());
}

#[tokio::test]
async fn get_item_tells_everything_but_values() {
    let vault = stripe().with(|item| {
        item.sections.push(Section {
            id: SectionId::new("api"),
            label: "API".into(),
        });
        item.fields[1].metadata.section = Some(SectionId::new("api"));
    });
    let desk = Desk::open(vault);

    let answer = desk.answer("get_item", json!({ "item": "stripe" })).await;

    assert!(!answer.to_string().contains("canary"));
    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "category": "LOGIN",
      "created_at": "[time]",
      "fields": [
        {
          "concealed": false,
          "id": "username",
          "label": "username",
          "reference": "op://Dev/Stripe/username",
          "set": true,
          "type": "STRING"
        },
        {
          "concealed": true,
          "id": "secret key",
          "label": "secret key",
          "reference": "op://Dev/Stripe/API/secret key",
          "section": "api",
          "set": true,
          "type": "CONCEALED"
        },
        {
          "concealed": true,
          "id": "empty",
          "label": "empty",
          "reference": "op://Dev/Stripe/empty",
          "set": false,
          "type": "CONCEALED"
        }
      ],
      "files": [],
      "id": "[id]",
      "sections": [
        {
          "id": "api",
          "label": "API"
        }
      ],
      "tags": [],
      "title": "Stripe",
      "updated_at": "[time]",
      "urls": [
        "https://dashboard.stripe.com/login?token=…"
      ],
      "vault": "Dev",
      "vault_id": "[id]",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn each_reference_of_get_item_resolves() {
    let desk = Desk::open(stripe());

    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    let references: Vec<&Value> = item["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["reference"])
        .collect();
    let checked = desk
        .answer("check_references", json!({ "references": references }))
        .await;

    for reference in checked["references"].as_array().unwrap() {
        let field = reference["reference"].as_str().unwrap();
        assert_eq!(
            reference["resolves"],
            json!(!field.contains("empty")),
            "{reference}"
        );
    }
}

#[tokio::test]
async fn create_item_generates_and_tells_no_value() {
    let desk = Desk::open(FakeVault::new().vault("Dev"));

    let answer = desk
        .answer(
            "create_item",
            json!({
                "vault": "Dev",
                "title": "Orders database",
                "category": "database",
                "tags": ["orders"],
                "urls": ["https://db.example.com", "https://other.example.com"],
                "fields": [
                    { "label": "username", "purpose": "username", "text": "orders" },
                    { "label": "password", "purpose": "PASSWORD", "generate": { "length": 40 } },
                    { "label": "port", "section": "Network", "text": "5432" },
                ],
            }),
        )
        .await;

    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "category": "DATABASE",
      "created_at": "[time]",
      "fields": [
        {
          "concealed": false,
          "id": "username",
          "label": "username",
          "purpose": "USERNAME",
          "reference": "op://Dev/Orders database/username",
          "set": true,
          "type": "STRING"
        },
        {
          "concealed": true,
          "id": "password",
          "label": "password",
          "purpose": "PASSWORD",
          "reference": "op://Dev/Orders database/password",
          "set": true,
          "type": "CONCEALED"
        },
        {
          "concealed": false,
          "id": "[id]",
          "label": "port",
          "reference": "op://Dev/Orders database/Network/port",
          "section": "[id]",
          "set": true,
          "type": "STRING"
        }
      ],
      "files": [],
      "id": "[id]",
      "sections": [
        {
          "id": "[id]",
          "label": "Network"
        }
      ],
      "tags": [
        "orders"
      ],
      "title": "Orders database",
      "updated_at": "[time]",
      "urls": [
        "https://db.example.com",
        "https://other.example.com"
      ],
      "vault": "Dev",
      "vault_id": "[id]",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn a_concealed_field_takes_no_text() {
    let desk = Desk::open(FakeVault::new().vault("Dev"));
    let field = json!({ "label": "password", "purpose": "PASSWORD", "text": CANARY });

    let refusal = desk
        .refusal(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [field] }),
        )
        .await;

    assert_snapshot!(refusal, @"field `password` is concealed, so its value must not pass through you: take it from `generate`, `file`, `command` or `copy`, or let a person type it with `ask`");
}

#[tokio::test]
async fn update_item_refuses_a_stale_version_and_changes_nothing() {
    let desk = Desk::open(stripe());
    let rename = |title: &str| json!({ "item": "Stripe", "version": 1, "tags": [title] });
    desk.answer("update_item", rename("first")).await;

    let refusal = desk.refusal("update_item", rename("second")).await;

    assert_snapshot!(refusal, @"the item is at version 2, not 1; read it again and repeat the change");
    assert_eq!(
        desk.answer("get_item", json!({ "item": "Stripe" })).await["tags"],
        json!(["first"])
    );
}

#[tokio::test]
async fn update_item_sets_adds_and_removes_fields() {
    let desk = Desk::open(stripe());

    let answer = desk
        .answer(
            "update_item",
            json!({
                "item": "Stripe",
                "title": "Stripe (live)",
                "urls": [],
                "set": [{ "field": "empty", "generate": { "kind": "hex" } }],
                "add": [{ "label": "host", "text": "api.stripe.com" }],
                "remove": ["username"],
            }),
        )
        .await;

    let fields = answer["fields"].as_array().unwrap().iter();
    let fields: Vec<_> = fields
        .map(|it| format!("{} {} {}", it["label"], it["type"], it["set"]))
        .collect();
    assert_eq!(
        fields,
        [
            r#""secret key" "CONCEALED" true"#,
            r#""empty" "CONCEALED" true"#,
            r#""host" "STRING" true"#
        ]
    );
    assert_eq!(
        (&answer["title"], &answer["version"]),
        (&json!("Stripe (live)"), &json!(2))
    );
}

#[tokio::test]
async fn delete_item_says_which_of_the_two_it_did() {
    let desk = Desk::open(stripe());

    let answer = desk
        .answer("delete_item", json!({ "item": "Stripe" }))
        .await;
    let again = desk
        .refusal("delete_item", json!({ "item": "Stripe" }))
        .await;

    let became = match BACKEND {
        Backend::Connect => "deleted",
        Backend::Memory => "archived",
    };
    assert_eq!(
        without_ids(answer),
        json!({ became: true, "id": "[id]", "title": "Stripe" })
    );
    assert_snapshot!(again, @"there is no item `Stripe`; list the items to see what there is");
}
