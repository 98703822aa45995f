//! JSON Patch in Connect's manner: fields are addressed by their ids.

use serde_json::{Value, json};

/// Applies operations to an item; `None` when one can't be.
pub fn apply(item: &mut Value, operations: &Value) -> Option<()> {
    // An object in place of the list is refused.
    for operation in operations.as_array()? {
        let op = operation["op"].as_str()?.to_ascii_lowercase();
        let path: Vec<String> = operation["path"]
            .as_str()?
            .strip_prefix('/')?
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let value = operation.get("value").cloned();
        match path[..] {
            ["fields"] if op == "add" => append(item, "fields", value?)?,
            ["sections"] if op == "add" => append(item, "sections", value?)?,
            ["fields", id] if op == "remove" => {
                let fields = item["fields"].as_array_mut()?;
                let at = fields.iter().position(|field| field["id"] == id)?;
                fields.remove(at);
            }
            ["fields", id] if op == "replace" => *field(item, id)? = value?,
            ["fields", id, member] => set(field(item, id)?, member, &op, value)?,
            [member @ ("title" | "tags" | "urls" | "favorite")] => set(item, member, &op, value)?,
            _ => return None,
        }
    }
    Some(())
}

fn field<'a>(item: &'a mut Value, id: &str) -> Option<&'a mut Value> {
    let fields = item["fields"].as_array_mut()?;
    fields.iter_mut().find(|field| field["id"] == id)
}

fn append(item: &mut Value, list: &str, value: Value) -> Option<()> {
    value.as_object()?;
    if !item[list].is_array() {
        item[list] = json!([]);
    }
    let list = item[list].as_array_mut()?;
    if list.iter().any(|known| known["id"] == value["id"]) {
        return None;
    }
    list.push(value);
    Some(())
}

/// As RFC 6902 has it: what is not there can be added and not replaced.
fn set(object: &mut Value, member: &str, op: &str, value: Option<Value>) -> Option<()> {
    let object = object.as_object_mut()?;
    match op {
        "add" => drop(object.insert(member.to_owned(), value?)),
        "replace" => *object.get_mut(member)? = value?,
        "remove" => drop(object.remove(member)?),
        _ => return None,
    }
    Some(())
}
