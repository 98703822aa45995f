//! What whoever may only write could find out by asking: two items that differ in their values alone answer everything alike.

use serde_json::{Value, json};

use crate::served::{Program, Served, text};

/// An item with these values.
fn item(vault: &str, values: [&str; 4]) -> Value {
    let [password, pin, day, otp] = values;
    json!({
        "title": "Shop", "category": "LOGIN", "vault": { "id": vault },
        "fields": [
            { "purpose": "PASSWORD", "value": password },
            { "id": "pin", "type": "CONCEALED", "label": "pin", "value": pin },
            { "id": "day", "type": "STRING", "label": "day", "value": day },
            { "id": "otp", "type": "OTP", "label": "otp", "value": otp },
        ],
    })
}

/// What is asked, and what was answered but for ids and times.
fn answers(program: &Program, own: &str, made: &Value, secrets: &[&str]) -> Vec<String> {
    let operation =
        |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let mut requests = vec![json!([])];
    for id in ["password", "pin", "day", "otp"] {
        let path = format!("/fields/{id}");
        for guess in secrets {
            requests.push(operation("replace", &format!("{path}/value"), json!(guess)));
            requests.push(operation("test", &format!("{path}/value"), json!(guess)));
            for kind in ["DATE", "MONTH_YEAR", "OTP", "EMAIL", "STRING"] {
                requests.push(json!([
                    { "op": "replace", "path": format!("{path}/type"), "value": kind },
                    { "op": "replace", "path": format!("{path}/value"), "value": guess },
                ]));
                requests.push(operation(
                    "replace",
                    &path,
                    json!({ "type": kind, "value": guess, "label": "x" }),
                ));
            }
        }
        for kind in ["DATE", "MONTH_YEAR", "OTP", "CONCEALED"] {
            requests.push(operation("replace", &format!("{path}/type"), json!(kind)));
            requests.push(operation("replace", "/title", json!("again")));
        }
        requests.push(operation("add", &format!("{path}/generate"), json!(true)));
        requests.push(operation(
            "replace",
            &format!("{path}/section"),
            json!({ "label": "s" }),
        ));
        requests.push(operation("remove", &format!("{path}/label"), json!(null)));
    }
    let mut told = Vec::new();
    for request in &requests {
        told.push(program.patch(own, request));
    }
    for guess in secrets {
        let mut whole = item(&text(&made["vault"]["id"]), [guess; 4]);
        whole["id"] = made["id"].clone();
        for (n, kind) in ["CONCEALED", "DATE", "MONTH_YEAR"].iter().enumerate() {
            whole["fields"][2]["type"] = json!(kind);
            whole["title"] = json!(format!("{n}"));
            told.push(program.put(own, &whole));
        }
    }
    for path in [own.to_owned(), format!("{own}/files")] {
        told.push(program.get(&path));
    }
    told.push(program.delete(own));
    let masked = |body: &str| {
        let body = body.replace(&text(&made["id"]), "[id]");
        let mut value: Value = serde_json::from_str(&body).unwrap_or(json!(body));
        if !value.is_object() {
            return body;
        }
        for member in ["createdAt", "updatedAt"] {
            if let Some(time) = value.get_mut(member) {
                *time = json!("[time]");
            }
        }
        for field in value["sections"].as_array_mut().into_iter().flatten() {
            field["id"] = json!("[section]");
        }
        for field in value["fields"].as_array_mut().into_iter().flatten() {
            if let Some(section) = field.get_mut("section") {
                section["id"] = json!("[section]");
            }
        }
        value.to_string()
    };
    told.iter()
        .map(|answer| format!("{} {}", answer.status, masked(&answer.body)))
        .collect()
}

#[test]
fn whoever_may_only_write_cannot_ask_for_a_value_by_guessing_it() {
    let served = Served::open();
    let program = served.program("w");
    let items = served.items("Dev");
    let one = ["hunter2", "2024-02-29", "2024-02-29", "JBSWY3DPEHPK3PXP"];
    let other = ["letmein9", "tomorrow", "canary", "none at all !"];
    let secrets = [&one[..], &other[..]].concat();

    let told: Vec<_> = [one, other]
        .map(|values| {
            let made = program.creates(&items, &item(served.vault("Dev"), values));
            let own = format!("{items}/{}", text(&made["id"]));
            answers(&program, &own, &made, &secrets)
        })
        .into();

    assert!(told[0].iter().filter(|it| it.starts_with("200")).count() > 50);
    assert!(told[0].iter().filter(|it| it.starts_with("400")).count() > 50);
    for (n, (a, b)) in told[0].iter().zip(&told[1]).enumerate() {
        assert_eq!(a, b, "answer {n}");
        for secret in &secrets {
            assert!(!a.contains(secret), "{a}");
        }
    }
}
