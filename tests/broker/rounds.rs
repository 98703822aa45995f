//! What a run asks a Connect server for, it asks for at the same time.

use std::time::Duration;

use crate::{WIDE, house::House};

#[tokio::test]
async fn fifty_references_over_twenty_items_are_resolved_in_rounds_not_one_by_one() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let server = house.server.as_ref().unwrap();
    let dev = server.vault_named("Dev");
    for n in 0..20 {
        let values = ["a", "b", "c"].map(|label| format!("canary-{label}-{n:02}-5f2e9b"));
        let fields = [
            ("a", "CONCEALED", values[0].as_str()),
            ("b", "CONCEALED", values[1].as_str()),
            ("c", "CONCEALED", values[2].as_str()),
        ];
        server.item(&dev, &format!("Item {n}"), &fields);
    }
    server.latency(Duration::from_millis(100));
    let references: Vec<(String, String)> = (0..50)
        .map(|n| {
            (
                format!("V{n}"),
                format!("op://Dev/Item {}/{}", n % 20, ["a", "b", "c"][n / 20]),
            )
        })
        .collect();
    let env: Vec<(&str, &str)> = references
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();

    let answer = house
        .run(&codex, &["sh", "-c", "printf %s $V0 $V30 $V49 >got"], &env)
        .await
        .unwrap();

    assert!(answer.ok());
    let got = std::fs::read_to_string(house.work.join("got")).unwrap();
    assert_eq!(
        got,
        "canary-a-00-5f2e9bcanary-b-10-5f2e9bcanary-c-09-5f2e9b"
    );
    // The vaults, their list, each item for its shape and after the decision for its values.
    assert_eq!(
        server.requests().len(),
        1 + 1 + 20 + 20,
        "{:?}",
        server.asked()
    );
    // All twenty, unless the machine is so busy that the first is answered before the last is asked for.
    assert!(server.most_at_once() > 10, "{}", server.most_at_once());
}
