//! The fifteen calls.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    Item, Shared, State, Token,
    http::{Answer, Request},
    patch,
};

/// Answers a request.
pub fn answer(request: &Request, shared: &Shared) -> Answer {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.trim_end_matches('/');
    match (request.method.as_str(), path) {
        ("GET", "/heartbeat") => return text("."),
        ("GET", "/health") => {
            return ok(&json!({
                "name": "1Password Connect API", "version": "1.8.1",
                "dependencies": [
                    { "service": "sync", "status": "ACTIVE" },
                    { "service": "sqlite", "status": "ACTIVE", "message": "Connected to database" },
                ],
            }));
        }
        ("GET", "/metrics") => return text("# TYPE go_goroutines gauge\ngo_goroutines 9\n"),
        _ => {}
    }
    let mut state = shared.state();
    let sent = request
        .header("authorization")
        .and_then(|it| it.strip_prefix("Bearer "));
    let token = state
        .tokens
        .iter()
        .find(|token| Some(token.text.as_str()) == sent)
        .cloned();
    let Some(token) = token else {
        return error(401, "Invalid token signature");
    };
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let answer = state.route(request, &parts, query, &token);
    state.note(request, &parts, answer.status);
    answer
}

impl State {
    fn route(&mut self, request: &Request, parts: &[&str], query: &str, token: &Token) -> Answer {
        let method = request.method.as_str();
        match (method, parts) {
            ("GET", ["v1", "activity"]) => return self.activity(query),
            ("GET", ["v1", "vaults"]) => {
                let vaults = self.vaults.iter().filter(|vault| opens(token, vault));
                return filtered(vaults.cloned().collect(), query, &["name", "title"], false);
            }
            _ => {}
        }
        let ["v1", "vaults", vault, rest @ ..] = parts else {
            return error(404, "not found");
        };
        if vault.len() != 26 {
            return error(400, "Invalid Vault UUID");
        }
        let Some(known) = self.vaults.iter().find(|known| known["id"] == *vault) else {
            return error(404, &format!("vault {vault} not found"));
        };
        let writes = method != "GET";
        if !opens(token, known) {
            return error(403, &format!("vault {vault} is not in scope"));
        }
        if (writes && !token.write) || (!writes && !token.read && !rest.is_empty()) {
            return error(403, "Authorization: token does not have access to vault");
        }
        match (method, rest) {
            ("GET", []) => ok(known),
            ("GET", ["items"]) => {
                let items = self
                    .shown()
                    .into_iter()
                    .filter(|item| item["vault"]["id"] == *vault);
                let overviews = items.map(|mut item| {
                    for part in ["fields", "sections", "files"] {
                        item.as_object_mut().map(|item| item.remove(part));
                    }
                    item
                });
                filtered(overviews.collect(), query, &["title"], self.strict_case)
            }
            ("POST", ["items"]) => self.create(vault, request, token),
            (_, ["items", item, ..]) if item.len() != 26 => error(400, "Invalid Item UUID"),
            (_, ["items", item, rest @ ..]) => self.item(request, vault, item, rest, token, query),
            _ => error(404, "not found"),
        }
    }

    fn create(&mut self, vault: &str, request: &Request, token: &Token) -> Answer {
        let Ok(mut item) = serde_json::from_slice::<Value>(&request.body) else {
            return error(400, "Unable to parse Item");
        };
        if item["vault"]["id"] != vault {
            return error(400, "vault id does not match");
        }
        if let Err(why) = check(&item) {
            return error(400, why);
        }
        for field in item["fields"].as_array_mut().into_iter().flatten() {
            if field["id"].as_str().is_none_or(str::is_empty) {
                field["id"] = json!(self.id());
            }
        }
        let sync = self.sync;
        let made = self.make(vault, item);
        if let Some(last) = self.items.last_mut() {
            last.changed = Instant::now();
            last.before = (!sync.is_zero()).then_some(Value::Null);
        }
        if token.read {
            ok(&made)
        } else {
            let (id, version) = (&made["id"], &made["version"]);
            ok(
                &json!({ "id": id, "version": version, "title": made["title"], "vault": made["vault"], "category": made["category"] }),
            )
        }
    }

    fn item(
        &mut self,
        request: &Request,
        vault: &str,
        id: &str,
        rest: &[&str],
        token: &Token,
        query: &str,
    ) -> Answer {
        let method = request.method.as_str();
        let shown = self
            .shown()
            .into_iter()
            .find(|item| item["id"] == id && item["vault"]["id"] == vault);
        let missing = || error(404, &format!("item {id} not found"));
        match (method, rest) {
            ("GET", []) => shown.map_or_else(missing, |item| ok(&item)),
            ("GET", ["files"]) => shown.map_or_else(missing, |item| ok(&item["files"])),
            ("GET", ["files", file]) => {
                let Some(item) = shown else { return missing() };
                let file = item["files"]
                    .as_array()
                    .and_then(|files| files.iter().find(|it| it["id"] == *file).cloned());
                match file {
                    Some(file)
                        if query.contains("inline_files=true")
                            && file["size"].as_u64() > Some(100_000) =>
                    {
                        error(413, "file too large")
                    }
                    Some(file) => ok(&file),
                    None => error(404, "file not found"),
                }
            }
            ("GET", ["files", file, "content"]) => {
                let found = self.files.iter().find(|it| it.id == *file && it.item == id);
                let Some(found) = found.filter(|_| shown.is_some()) else {
                    return error(404, "file not found");
                };
                Answer {
                    status: 200,
                    headers: vec![
                        ("content-type", "application/octet-stream".to_owned()),
                        (
                            "content-disposition",
                            format!("attachment; filename=\"{}\"", found.name),
                        ),
                    ],
                    body: found.content.clone(),
                }
            }
            ("PUT" | "PATCH", []) => self.change_item(request, vault, id, token),
            ("DELETE", []) => {
                let Some(item) = self
                    .items
                    .iter_mut()
                    .find(|it| it.now["id"] == id && !it.deleted)
                else {
                    return missing();
                };
                item.before = Some(item.now.clone());
                item.changed = Instant::now();
                item.deleted = true;
                self.count(vault);
                Answer {
                    status: 204,
                    headers: Vec::new(),
                    body: Vec::new(),
                }
            }
            _ => error(404, "not found"),
        }
    }

    fn change_item(&mut self, request: &Request, vault: &str, id: &str, token: &Token) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return error(400, "Unable to parse Item");
        };
        let Some(item) = self
            .items
            .iter_mut()
            .find(|it| it.now["id"] == id && !it.deleted)
        else {
            return error(404, &format!("item {id} not found"));
        };
        let before = item.now.clone();
        let mut after = before.clone();
        if request.method == "PATCH" {
            if patch::apply(&mut after, &body).is_none() {
                return error(400, "Invalid patch");
            }
        } else {
            if body["id"] != id || body["vault"]["id"] != vault {
                return error(400, "id does not match");
            }
            after = body;
            for kept in ["createdAt", "lastEditedBy"] {
                after[kept] = before[kept].clone();
            }
        }
        if let Err(why) = check(&after) {
            return error(400, why);
        }
        let version = before["version"].as_u64().unwrap_or(0);
        if after != before {
            after["version"] = json!(version + 1);
            after["updatedAt"] = json!("2026-07-25T17:20:09Z");
        }
        item.now = after.clone();
        item.before = Some(before);
        item.changed = Instant::now();
        if self.old_answers {
            after["version"] = json!(version);
        }
        if token.read {
            ok(&after)
        } else {
            ok(&json!({ "id": id, "vault": { "id": vault } }))
        }
    }

    /// The items as the server shows them: what was written a moment ago may not have come back yet.
    fn shown(&self) -> Vec<Value> {
        let shown = self.items.iter().filter_map(|item: &Item| {
            let synced = item.changed.elapsed() >= self.sync;
            let item_shown = match &item.before {
                Some(before) if !synced => before.clone(),
                _ if item.deleted => return None,
                _ => item.now.clone(),
            };
            item_shown.is_object().then_some(item_shown)
        });
        shown
            .map(|mut item| {
                let files: Vec<Value> = self
                    .files
                    .iter()
                    .filter(|file| item["id"] == file.item.as_str())
                    .map(|file| {
                        let path = format!("/v1/vaults/{}/items/{}/files/{}/content", item["vault"]["id"].as_str().unwrap_or_default(), file.item, file.id);
                        json!({ "id": file.id, "name": file.name, "size": file.content.len(), "content_path": path })
                    })
                    .collect();
                item["files"] = json!(files);
                item
            })
            .collect()
    }

    fn activity(&self, query: &str) -> Answer {
        let number = |name: &str, otherwise: usize| {
            let found = query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found
                .and_then(|text| text.parse().ok())
                .unwrap_or(otherwise)
        };
        let (limit, offset) = (number("limit", 50), number("offset", 0));
        let page: Vec<&Value> = self.log.iter().rev().skip(offset).take(limit).collect();
        let mut answer = ok(&json!(page));
        let range = format!("{}-{}/{}", offset + 1, offset + page.len(), self.log.len());
        answer.headers.push(("content-range", range));
        answer
    }

    fn note(&mut self, request: &Request, parts: &[&str], status: u16) {
        let action = match request.method.as_str() {
            "POST" => "CREATE",
            "PUT" | "PATCH" => "UPDATE",
            "DELETE" => "DELETE",
            _ => "READ",
        };
        let kind = if parts.len() > 4 { "ITEM" } else { "VAULT" };
        self.log.push(json!({
            "requestId": "20d86c54-c5e2-43c4-a2d4-f5ac5d7b0a2e",
            "timestamp": "2026-07-25T17:20:05Z",
            "action": action,
            "result": if status < 400 { "SUCCESS" } else { "DENY" },
            "actor": { "id": "SRV", "account": "ACC", "jti": "TOK", "userAgent": request.header("user-agent"), "requestIp": "127.0.0.1" },
            "resource": { "type": kind, "vault": { "id": parts.get(2) }, "item": { "id": parts.get(4) }, "itemVersion": 1 },
        }));
    }
}

fn opens(token: &Token, vault: &Value) -> bool {
    let named = |names: &Vec<String>| names.iter().any(|name| vault["name"] == name.as_str());
    token.vaults.as_ref().is_none_or(named)
}

/// What a real server is known to refuse.
fn check(item: &Value) -> Result<(), &'static str> {
    let known = [
        "LOGIN",
        "PASSWORD",
        "API_CREDENTIAL",
        "SERVER",
        "DATABASE",
        "SECURE_NOTE",
        "SSH_KEY",
        "IDENTITY",
        "CREDIT_CARD",
        "EMAIL_ACCOUNT",
    ];
    if !item["category"]
        .as_str()
        .is_some_and(|it| known.contains(&it))
    {
        return Err("Invalid item category");
    }
    if item["title"].as_str().is_none_or(str::is_empty) {
        return Err("the item has no title");
    }
    let fields = item["fields"].as_array().cloned().unwrap_or_default();
    if fields
        .iter()
        .filter(|field| field["purpose"] == "PASSWORD")
        .count()
        > 1
    {
        return Err("You can only use one password field.");
    }
    for field in &fields {
        if field
            .get("value")
            .is_some_and(|value| !value.is_string() && !value.is_null())
        {
            return Err("a value is a string");
        }
        if field["type"] == "TOTP" {
            return Err("unsupported field type: totp");
        }
    }
    Ok(())
}

/// Applies `eq`; a quote that does not end is refused.
fn filtered(list: Vec<Value>, query: &str, members: &[&str], strict: bool) -> Answer {
    let Some(filter) = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("filter="))
    else {
        return ok(&json!(list));
    };
    let filter = decoded(filter);
    let parsed = filter.split_once(" eq ").and_then(|(member, quoted)| {
        let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
        (members.contains(&member) && !text.contains('"')).then(|| text.to_owned())
    });
    let Some(wanted) = parsed else {
        return error(400, "Invalid filter");
    };
    let fits = |value: &Value| {
        let text = value["title"]
            .as_str()
            .or(value["name"].as_str())
            .unwrap_or_default();
        if strict {
            text == wanted
        } else {
            text.eq_ignore_ascii_case(&wanted)
        }
    };
    ok(&json!(list.into_iter().filter(fits).collect::<Vec<_>>()))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                // As servers read queries.
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ok(value: &Value) -> Answer {
    json_answer(200, value)
}

fn error(status: u16, message: &str) -> Answer {
    json_answer(status, &json!({ "status": status, "message": message }))
}

fn json_answer(status: u16, value: &Value) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json".to_owned())],
        body: value.to_string().into_bytes(),
    }
}

fn text(text: &str) -> Answer {
    Answer {
        status: 200,
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        body: text.as_bytes().to_vec(),
    }
}
