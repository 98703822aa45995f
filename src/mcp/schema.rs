//! JSON schemas that every model provider understands.
//!
//! schemars derives them from the types; here they are made plain: nothing referenced, no `null`
//! beside a type, no `format` that a validator would not know, every input object closed. The same input schema
//! is what [`super::arguments`] holds the arguments against, so that what a model reads is what is checked.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// The schema of a tool's arguments: objects refuse unknown members.
pub(super) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12());
    each_schema(&mut schema, &mut close);
    root(schema)
}

/// The schema of a tool's answer: members may be added later, so objects stay open.
pub(super) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    root(generate::<T>(
        SchemaSettings::draft2020_12().for_serialize(),
    ))
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let generator = settings
        .with(|it| {
            it.inline_subschemas = true;
            it.meta_schema = None;
        })
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    each_schema(&mut schema, &mut plain);
    schema
}

/// The type's own name and comment are noise to a model: the tool's description says more.
fn root(schema: Value) -> Arc<JsonObject> {
    let Value::Object(mut schema) = schema else {
        unreachable!("arguments and answers are structs");
    };
    schema.remove("description");
    Arc::new(schema)
}

/// Visits a schema and all schemas in it, the inner ones first.
fn each_schema(schema: &mut Value, visit: &mut impl FnMut(&mut JsonObject)) {
    let Value::Object(object) = schema else {
        return;
    };
    for (keyword, inner) in object.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                properties
                    .values_mut()
                    .for_each(|it| each_schema(it, visit));
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => {
                choices.iter_mut().for_each(|it| each_schema(it, visit));
            }
            ("items" | "additionalProperties", inner) => each_schema(inner, visit),
            _ => {}
        }
    }
    visit(object);
}

fn plain(schema: &mut JsonObject) {
    for noise in ["default", "format", "title"] {
        schema.remove(noise);
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    drop_null(schema);
    join_words(schema);
}

/// An absent member is simply not there, so `null` need not be named as a type of it.
fn drop_null(schema: &mut JsonObject) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|it| !it.is_null());
    }
    let Some(Value::Array(choices)) = schema.get_mut("anyOf") else {
        return;
    };
    choices.retain(|it| it["type"] != "null");
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (keyword, value) in only {
            schema.entry(keyword).or_insert(value);
        }
    }
}

/// Joins the words of an enum whose variants have comments into one `enum`.
fn join_words(schema: &mut JsonObject) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else {
        return;
    };
    let words: Option<Vec<Value>> = choices
        .iter()
        .map(|choice| {
            choice
                .get("const")
                .or_else(|| {
                    choice["enum"]
                        .as_array()
                        .filter(|it| it.len() == 1)?
                        .first()
                })
                .cloned()
        })
        .collect();
    if let Some(words) = words {
        schema.remove("oneOf");
        schema.insert("type".into(), json!("string"));
        schema.insert("enum".into(), Value::Array(words));
    }
}

fn close(schema: &mut JsonObject) {
    if schema.get("type") == Some(&json!("object")) && !schema.contains_key("additionalProperties")
    {
        schema.entry("properties").or_insert_with(|| json!({}));
        schema.insert("additionalProperties".into(), Value::Bool(false));
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(JsonSchema, Serialize)]
    struct Outer {
        /// How many,
        /// at most.
        limit: Option<u32>,
        /// What is
        /// inside.
        inner: Option<Inner>,
        #[serde(flatten)]
        more: More,
    }

    #[derive(JsonSchema, Serialize)]
    struct Inner {
        word: Option<Word>,
    }

    #[derive(JsonSchema, Serialize)]
    struct More {
        more: Vec<String>,
    }

    #[derive(JsonSchema, Serialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Word {
        /// The first.
        FirstOne,
        /// The second.
        Second,
    }

    #[test]
    fn a_schema_is_flat_closed_and_without_null_or_formats() {
        let schema = Value::Object(input::<Outer>().as_ref().clone());

        insta::assert_json_snapshot!(schema, @r#"
        {
          "additionalProperties": false,
          "properties": {
            "inner": {
              "additionalProperties": false,
              "description": "What is inside.",
              "properties": {
                "word": {
                  "enum": [
                    "first_one",
                    "second"
                  ],
                  "type": "string"
                }
              },
              "type": "object"
            },
            "limit": {
              "description": "How many, at most.",
              "minimum": 0,
              "type": "integer"
            },
            "more": {
              "items": {
                "type": "string"
              },
              "type": "array"
            }
          },
          "required": [
            "more"
          ],
          "type": "object"
        }
        "#);
    }
}
