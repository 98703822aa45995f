//! `docs/connect-openapi.yaml` against the server: each path, method and status that it has, and the form of each answer.

use std::{collections::BTreeSet, path::Path};

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

use crate::served::{Answer, Served, login, text};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn description() -> Value {
    serde_json::from_str(&file("connect-openapi.json")).unwrap()
}

#[test]
fn the_description_in_json_is_the_one_in_yaml_and_is_served() {
    let yaml = file("connect-openapi.yaml");
    let yaml = Yaml::load_from_str(&yaml).unwrap();

    assert_eq!(json_of(&yaml[0]), description());
    let served = Served::open();
    let told = served.bearing("").get("/openapi.json").is(200).json();
    assert_eq!(told, description());
}

#[test]
fn each_described_answer_has_the_described_form() {
    let served = Served::open();
    let description = description();
    let person = &served.house.person;
    person.writes("key.pem", "k");
    person.writes("large.bin", &"x".repeat(150 * 1024));
    person
        .types(["file", "attach", "Stripe", "key.pem", "--vault", "Dev"])
        .succeeds();
    let (program, reader, writer, nobody) = (
        served.program("rw"),
        served.program("r"),
        served.program("w"),
        served.bearing(""),
    );
    let (dev, nowhere) = (served.vault("Dev").to_owned(), "a".repeat(26));
    let items = served.items("Dev");
    let stripe = text(&program.get(&items).is(200).json()[0]["id"]);
    let file = text(
        &program
            .get(&format!("{items}/{stripe}/files"))
            .is(200)
            .json()[0]["id"],
    );
    let mut seen = BTreeSet::new();
    let mut held = |template: &str, method: &str, answer: Answer| {
        let status = answer.status.to_string();
        check(&description, template, method, &answer);
        seen.insert(format!("{} {template} {status}", method.to_uppercase()));
    };

    let paths = description["paths"].as_object().unwrap();
    for (template, operations) in paths {
        for method in operations
            .as_object()
            .unwrap()
            .keys()
            .filter(|it| *it != "parameters")
        {
            let verb = method.to_uppercase();
            let at = |vault: &str, item: &str, file: &str| {
                template
                    .replace("{vault}", vault)
                    .replace("{item}", item)
                    .replace("{file}", file)
            };
            let make = || text(&program.creates(&items, &login("Made", &dev))["id"]);
            let body = |item: &str| match verb.as_str() {
                "POST" => login("Made", &dev).to_string(),
                "PUT" => {
                    let mut item_body = login("Put", &dev);
                    item_body["id"] = json!(item);
                    item_body.to_string()
                }
                "PATCH" => {
                    json!([{ "op": "replace", "path": "/title", "value": "Patched" }]).to_string()
                }
                _ => String::new(),
            };
            let item = if verb == "GET" {
                stripe.clone()
            } else {
                make()
            };
            let path = at(&dev, &item, &file);
            held(template, method, program.asks(&verb, &path, &body(&item)));
            if !template.starts_with("/v1") {
                continue;
            }
            held(template, method, nobody.asks(&verb, &path, &body(&item)));
            if template.contains("{vault}") {
                held(
                    template,
                    method,
                    program.asks(&verb, &at("x", &item, &file), &body(&item)),
                );
                held(
                    template,
                    method,
                    program.asks(&verb, &at(&nowhere, &item, &file), &body(&item)),
                );
            }
            if template.contains("{item}") {
                let gone = at(&dev, &nowhere, &file);
                held(
                    template,
                    method,
                    program.asks(&verb, &gone, &body(&nowhere)),
                );
                held(
                    template,
                    method,
                    if verb == "GET" { &writer } else { &reader }.asks(&verb, &path, &body(&item)),
                );
            }
            if template.contains("{file}") {
                held(
                    template,
                    method,
                    program.asks(&verb, &at(&dev, &item, &nowhere), ""),
                );
            }
            if template.ends_with("items")
                || template.ends_with("items/")
                || template.ends_with("vaults")
                || template.ends_with("vaults/")
            {
                held(
                    template,
                    method,
                    program.asks(&verb, &format!("{path}?filter=%22"), "{"),
                );
            }
            if template == "/v1/activity" {
                held(template, method, program.get("/v1/activity?limit=0"));
            }
            if verb == "POST" {
                held(template, method, reader.asks(&verb, &path, &body("")));
            }
            if verb != "GET" && verb != "DELETE" {
                held(template, method, program.asks(&verb, &path, "{"));
                held(
                    template,
                    method,
                    program.asks(&verb, &path, &"x".repeat(1 << 21)),
                );
                let other = make();
                held(
                    template,
                    method,
                    writer.asks(&verb, &at(&dev, &other, &file), &body(&other)),
                );
            }
            if verb == "PUT" {
                let other = make();
                let mut stale: Value = serde_json::from_str(&body(&other)).unwrap();
                stale["version"] = json!(77);
                held(
                    template,
                    method,
                    program.put(&at(&dev, &other, &file), &stale),
                );
            }
        }
    }
    person
        .types(["file", "attach", "Stripe", "large.bin", "--vault", "Dev"])
        .succeeds();
    let all = format!("{items}/{stripe}/files");
    let large = program.get(&all).is(200).json()[1]["id"].clone();
    held(
        "/v1/vaults/{vault}/items/{item}/files",
        "get",
        program.get(&format!("{all}?inline_files=true")),
    );
    held(
        "/v1/vaults/{vault}/items/{item}/files/",
        "get",
        program.get(&format!("{all}/?inline_files=true")),
    );
    let inline = format!("{all}/{}?inline_files=true", text(&large));
    held(
        "/v1/vaults/{vault}/items/{item}/files/{file}",
        "get",
        program.get(&inline),
    );

    // A vault that a token reaches, and that is gone.
    let ci = served.program_for(&[("CI", "rw")], None);
    person
        .types(["vault", "delete", "CI", "--force"])
        .succeeds();
    let (gone, its_items) = (
        format!("/v1/vaults/{}", served.vault("CI")),
        served.items("CI"),
    );
    held("/v1/vaults/{vault}", "get", ci.get(&gone));
    for slash in ["", "/"] {
        let template = format!("/v1/vaults/{{vault}}/items{slash}");
        let path = format!("{its_items}{slash}");
        held(&template, "get", ci.get(&path));
        held(
            &template,
            "post",
            ci.post(&path, &login("Made", served.vault("CI"))),
        );
    }

    // What a test can't bring about at will: too much at a time, a store that is locked, an item that somebody else changes in
    // each of a few tries; and a file of many MiB, which another test fetches.
    let elsewhere = [
        "PATCH /v1/vaults/{vault}/items/{item} 409",
        "GET /v1/vaults/{vault}/items/{item}/files/{file}/content 413",
    ];
    let mut unseen = Vec::new();
    for (template, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            for status in operation["responses"]
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
            {
                let told = format!("{} {template} {status}", method.to_uppercase());
                let rare = ["429", "503", "default"].contains(&status.as_str());
                if !rare && !elsewhere.contains(&&*told) && !seen.contains(&told) {
                    unseen.push(told);
                }
            }
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// Holds an answer against what is described for it.
fn check(description: &Value, template: &str, method: &str, answer: &Answer) {
    let responses = &description["paths"][template][method]["responses"];
    let status = answer.status.to_string();
    let response = responses
        .get(&status)
        .unwrap_or_else(|| panic!("{method} {template}: {status} is not described: {answer:?}"));
    let response = resolved(description, response);
    let Some(content) = response.get("content") else {
        assert_eq!(answer.body, "", "{method} {template}");
        return;
    };
    let kind = answer
        .header("content-type")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let schema = &content
        .get(kind)
        .unwrap_or_else(|| panic!("{kind} is not described for {method} {template} {status}"))["schema"];
    if kind == "application/json" {
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        fits(
            description,
            schema,
            &body,
            &format!("{method} {template} {status}"),
        );
    }
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        assert!(
            answer.header(&name.to_lowercase()).is_some(),
            "{name} of {method} {template}"
        );
    }
}

/// As much of JSON Schema as the description uses of it.
fn fits(all: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(all, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fits(all, part, value, place);
    }
    let right = match schema["type"].as_str() {
        Some("array") => value.is_array(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("object") => value.is_object(),
        Some("string") => value.is_string(),
        _ => true,
    };
    assert!(right, "{place}: {value} is no {}", schema["type"]);
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            value.get(text(name)).is_some(),
            "{place}: no {name} in {value}"
        );
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = value.get(name) {
            fits(all, part, member, &format!("{place}.{name}"));
        }
    }
    for element in value.as_array().into_iter().flatten() {
        fits(all, &schema["items"], element, &format!("{place}[]"));
    }
    // Of an answer nothing is there that is not described.
    if let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object())
        && place.matches('.').count() > 0
    {
        for name in members.keys() {
            assert!(known.contains_key(name), "{place}: {name} is not described");
        }
    }
}

fn resolved<'a>(all: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(all, all.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    if let Some(members) = yaml.as_mapping() {
        let members = members.iter().map(|(name, value)| {
            let name = name.as_str().expect("a member's name is a text here");
            (name.to_owned(), json_of(value))
        });
        return Value::Object(members.collect());
    }
    if let Some(elements) = yaml.as_sequence() {
        return Value::Array(elements.iter().map(json_of).collect());
    }
    if let Some(flag) = yaml.as_bool() {
        return json!(flag);
    }
    if let Some(number) = yaml.as_integer() {
        return json!(number);
    }
    yaml.as_str().map_or(Value::Null, |text| json!(text))
}
