//! One request for a list, however long it is.

use std::time::Duration;

use hushkey::vault::{ItemState, Vault};

use super::{FakeConnect, vault, vault_id};

#[tokio::test]
async fn a_thousand_items_are_listed_in_one_request() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    for n in 0..1000 {
        server.item(&dev, &format!("Item {n}"), &[("key", "CONCEALED", "x")]);
    }
    server.latency(Duration::from_millis(30));

    let items = vault(&server)
        .items(&vault_id(&dev), ItemState::Active)
        .await
        .unwrap();

    assert_eq!((items.len(), server.requests().len()), (1000, 1));
}
