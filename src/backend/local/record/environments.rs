//! The record of all environments, before it is sealed.
//!
//! ```text
//! 1 | postcard of [environment: id, name, version, created, updated, last edited by,
//!                  [variable: name, reference or text, set by]]
//! ```

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FORMAT, Unreadable, append, body, microseconds, take, timestamp};
use crate::vault::{
    Environment, EnvironmentId, EnvironmentName, Secret, SecretReference, Variable,
    VariableContent, VariableName,
};

#[derive(Serialize, Deserialize)]
struct EnvironmentRecord<'a> {
    id: &'a str,
    name: &'a str,
    version: u64,
    created: i64,
    updated: i64,
    last_edited_by: &'a str,
    #[serde(borrow)]
    variables: Vec<VariableRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct VariableRecord<'a> {
    name: &'a str,
    is_reference: bool,
    text: &'a str,
    set_by: &'a str,
}

/// Encodes all environments.
pub(in crate::backend::local) fn encode(all: &[Environment]) -> Zeroizing<Vec<u8>> {
    let references: Vec<String> = all
        .iter()
        .flat_map(|environment| &environment.variables)
        .filter_map(|variable| match &variable.content {
            VariableContent::Reference(reference) => Some(reference.to_string()),
            VariableContent::Text(_) => None,
        })
        .collect();
    let mut reference = references.iter();
    let records: Vec<_> = all
        .iter()
        .map(|environment| EnvironmentRecord {
            id: environment.id.as_str(),
            name: environment.name.as_str(),
            version: environment.version,
            created: microseconds(environment.created_at),
            updated: microseconds(environment.updated_at),
            last_edited_by: &environment.last_edited_by,
            variables: environment
                .variables
                .iter()
                .map(|variable| {
                    let (is_reference, text) = match &variable.content {
                        VariableContent::Reference(_) => (true, reference.next()),
                        VariableContent::Text(_) => (false, None),
                    };
                    VariableRecord {
                        name: variable.name.as_str(),
                        is_reference,
                        text: text.map_or_else(|| plain(&variable.content), String::as_str),
                        set_by: &variable.set_by,
                    }
                })
                .collect(),
        })
        .collect();
    // Room for all of it at once: growing would leave pieces of texts behind.
    let room: usize = records
        .iter()
        .map(|it| {
            let variables = it.variables.iter();
            let variables =
                variables.map(|it| it.name.len() + it.text.len() + it.set_by.len() + 16);
            variables.sum::<usize>() + it.name.len() + it.last_edited_by.len() + 96
        })
        .sum();
    let mut bytes = Vec::with_capacity(room + 16);
    bytes.push(FORMAT);
    append(bytes.into(), &records)
}

/// Decodes all environments.
pub(in crate::backend::local) fn decode(bytes: &[u8]) -> Result<Vec<Environment>, Unreadable> {
    let (records, _) = take::<Vec<EnvironmentRecord<'_>>>(body(bytes)?)?;
    records.into_iter().map(environment).collect()
}

fn environment(record: EnvironmentRecord<'_>) -> Result<Environment, Unreadable> {
    let variables = record.variables.into_iter().map(variable);
    Ok(Environment {
        id: EnvironmentId::parse(record.id).map_err(|_| Unreadable)?,
        name: EnvironmentName::parse(record.name).map_err(|_| Unreadable)?,
        version: record.version,
        created_at: timestamp(record.created),
        updated_at: timestamp(record.updated),
        last_edited_by: record.last_edited_by.to_owned(),
        variables: variables.collect::<Result<_, _>>()?,
    })
}

fn variable(record: VariableRecord<'_>) -> Result<Variable, Unreadable> {
    let content = if record.is_reference {
        let reference = SecretReference::parse(record.text).map_err(|_| Unreadable)?;
        VariableContent::Reference(reference)
    } else {
        VariableContent::Text(Secret::new(record.text.to_owned()))
    };
    Ok(Variable {
        name: VariableName::parse(record.name).map_err(|_| Unreadable)?,
        content,
        set_by: record.set_by.to_owned(),
    })
}

fn plain(content: &VariableContent) -> &str {
    match content {
        VariableContent::Reference(_) => "",
        VariableContent::Text(text) => text.expose_secret(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_variable() -> impl Strategy<Value = Variable> {
        let content = prop_oneof![
            "[a-z]{1,8}".prop_map(|part| {
                let text = format!("op://{part}/An item/{part}");
                VariableContent::Reference(SecretReference::parse(&text).unwrap())
            }),
            ".{0,20}".prop_map(|text| VariableContent::Text(text.into())),
        ];
        ("[A-Z_][A-Z0-9_]{0,8}", content, "[a-z]{1,6}").prop_map(|(name, content, set_by)| {
            Variable {
                name: VariableName::parse(&name).unwrap(),
                content,
                set_by,
            }
        })
    }

    fn shown(all: &[Environment]) -> Vec<String> {
        let variables = all.iter().flat_map(|it| &it.variables);
        let variables = variables.map(|it| match &it.content {
            VariableContent::Reference(reference) => {
                format!("{} {reference} {}", it.name, it.set_by)
            }
            VariableContent::Text(text) => {
                format!("{} {:?} {}", it.name, text.expose_secret(), it.set_by)
            }
        });
        variables.collect()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(variables in prop::collection::vec(any_variable(), 0..6), version in 1u64..9) {
            let now = super::super::now();
            let environment = |name: &str, variables: Vec<Variable>| Environment {
                id: EnvironmentId::random(),
                name: EnvironmentName::parse(name).unwrap(),
                version,
                created_at: now,
                updated_at: now,
                last_edited_by: "owner".into(),
                variables,
            };
            let all = [environment("one", Vec::new()), environment("two", variables)];

            let read = decode(&encode(&all)).map_err(|_| TestCaseError::fail("unreadable"))?;

            prop_assert_eq!(shown(&read), shown(&all));
            let heads = |all: &[Environment]| all.iter().map(|it| (it.id.clone(), it.name.clone(), it.version, it.updated_at)).collect::<Vec<_>>();
            prop_assert_eq!(heads(&read), heads(&all));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes);
        }
    }
}
