//! What the token may do: found out, remembered, and refused before anything is sent.

use hushkey::vault::{
    BackendAccess, Category, FileId, ItemState, NewFile, NewVault, Vault, VaultEdit, VaultError,
};

use super::{
    FakeConnect, fake_connect::Token, field, item_id, limits, new_item, vault_at, vault_id,
};

fn token(server: &FakeConnect, read: bool, write: bool) -> &'static str {
    let text = "a-token-of-another-form-77f1";
    server.token(Token {
        text: text.to_owned(),
        vaults: None,
        read,
        write,
    });
    text
}

#[tokio::test]
async fn access_is_unknown_until_it_is_tried_and_then_a_write_is_refused_unsent() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[("key", "CONCEALED", "canary-1")]);
    let vault = vault_at(&server.url(), token(&server, true, false), limits());
    let dev = vault_id(&dev);
    assert_eq!(vault.access(&dev), Some(BackendAccess::default()));

    vault.item(&dev, &item_id(&id)).await.unwrap();
    let first = vault
        .create_item(&dev, new_item("New", vec![field("k", "canary-2")]))
        .await
        .unwrap_err();
    assert_eq!(
        vault.access(&dev),
        Some(BackendAccess {
            read: Some(true),
            write: Some(false)
        })
    );
    server.forget();
    let second = vault.delete_item(&dev, &item_id(&id)).await.unwrap_err();

    assert!(matches!(
        (&first, &second),
        (VaultError::Forbidden(_), VaultError::Forbidden(_))
    ));
    assert_eq!(
        second.to_string(),
        "the Connect token may only read in this vault; ask for a token with write access to it"
    );
    assert_eq!(server.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_write_only_token_makes_items_and_tells_what_was_sent() {
    let server = FakeConnect::new();
    let dev = vault_id(&server.vault("Dev"));
    let vault = vault_at(&server.url(), token(&server, false, true), limits());

    let made = vault
        .create_item(&dev, new_item("New", vec![field("k", "canary-2")]))
        .await
        .unwrap();
    let unread = vault.metadata(&dev, &made.overview.id).await.unwrap_err();

    assert_eq!(
        (made.fields.len(), made.fields[0].set, made.overview.version),
        (1, true, 1)
    );
    assert!(matches!(unread, VaultError::Forbidden(_)));
    assert_eq!(
        vault.access(&dev),
        Some(BackendAccess {
            read: Some(false),
            write: Some(true)
        })
    );
}

#[tokio::test]
async fn what_connect_cannot_do_is_refused_with_the_reason_before_a_request_is_sent() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[]);
    let vault = super::vault(&server);
    let (dev, item) = (vault_id(&dev), item_id(&id));
    let mut told = String::new();
    let mut say = |error: VaultError| {
        assert!(matches!(error, VaultError::Unsupported(_)), "{error:?}");
        told += &format!("{error}\n");
    };

    say(vault.create_vault(NewVault::default()).await.unwrap_err());
    say(vault
        .edit_vault(&dev, VaultEdit::default())
        .await
        .unwrap_err());
    say(vault.delete_vault(&dev).await.unwrap_err());
    for category in [
        Category::Document,
        Category::Custom,
        Category::Other("HOVERCRAFT".into()),
    ] {
        let new = hushkey::vault::NewItem {
            category,
            ..new_item("x", vec![])
        };
        say(vault.create_item(&dev, new).await.unwrap_err());
    }
    say(vault
        .set_item_state(&dev, &item, ItemState::Archived)
        .await
        .unwrap_err());
    let file = NewFile {
        name: "f".into(),
        section: None,
        size: 0,
        content: Box::new(std::io::empty()),
    };
    say(vault.attach_file(&dev, &item, file).await.unwrap_err());
    say(vault
        .detach_file(&dev, &item, &FileId::random())
        .await
        .unwrap_err());

    assert_eq!(server.asked(), [] as [&str; 0]);
    insta::assert_snapshot!(told, @"
    a Connect server can't make vaults; make it in 1Password, and give the Connect server access to it (`op connect vault grant`)
    a Connect server can't change vaults; change it in 1Password
    a Connect server can't delete vaults; delete it in 1Password
    a Connect server can't make items of the category DOCUMENT; choose another, such as SECURE_NOTE, or make it in 1Password
    a Connect server can't make items of the category CUSTOM; choose another, such as SECURE_NOTE, or make it in 1Password
    a Connect server can't make items of the category HOVERCRAFT; choose another, such as SECURE_NOTE, or make it in 1Password
    a Connect server can't put items away or bring them back; do that in 1Password, or delete the item for good
    a Connect server can't take files; attach it in 1Password, or keep the item in the local store (--backend local)
    a Connect server can't remove files; remove it in 1Password
    ");
}
