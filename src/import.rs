//! From a `.env` file to the fields of an item, and back to a file that holds references.
//!
//! The pure part of `import dotenv`: it decides and rewrites. It opens no file and makes no item, and shows
//! nothing.
//!
//! A variable `$NAME` in another line goes on working: a line may be composed of references.

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use crate::{
    dotenv::{Dotenv, DotenvError, Entry, Kind},
    vault::{Field, FieldId, FieldMetadata, Secret, SecretReference},
};

mod plain;

/// What an import would do.
#[derive(Debug)]
pub struct ImportPlan {
    /// One field for each variable that has a value, in the order of the file; the label is the variable's name.
    pub fields: Vec<Field>,
    /// Lines that stay as they are.
    pub kept: Vec<Kept>,
    /// Variables that have several values, of which the last is taken.
    pub repeated: Vec<Repeated>,
}

/// A line that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The variable.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a line stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no value.
    Empty,
    /// It is made of other variables; text between them stays readable in the file.
    HasVariable,
    /// Another line puts it into the text of a secret reference, where no reference can stand.
    PartOfReference,
    /// It is a secret reference already.
    Reference,
    /// It has secret references between braces.
    Template,
}

/// A variable that has several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The variable.
    pub name: String,
    /// The lines, counted from 1; the value of the last is taken, and all of them will refer to it.
    pub lines: Vec<usize>,
}

impl Reason {
    /// The reason in words, for a list of lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "has no value",
            Self::HasVariable => "is made of other variables",
            Self::PartOfReference => "is a part of another line's secret reference",
            Self::Reference => "is a secret reference already",
            Self::Template => "has secret references in it",
        }
    }
}

/// Decides what becomes of each line.
///
/// # Errors
/// [`DotenvError::Reference`] for a line that begins like a secret reference and is none.
pub fn plan(dotenv: &Dotenv) -> Result<ImportPlan, DotenvError> {
    let mut values: Vec<(&Entry, Secret)> = Vec::new();
    let mut lines: HashMap<&str, (usize, Vec<usize>)> = HashMap::new();
    let mut kept = Vec::new();
    let parts_of_references = parts_of_references(dotenv);
    for entry in dotenv.entries() {
        let reason = match value(entry)? {
            Ok(_) if parts_of_references.contains(entry.name()) => Reason::PartOfReference,
            Ok(value) => {
                let (at, lines) = lines
                    .entry(entry.name())
                    .or_insert((values.len(), Vec::new()));
                lines.push(entry.line());
                match values.get_mut(*at) {
                    Some(earlier) => *earlier = (entry, value),
                    None => values.push((entry, value)),
                }
                continue;
            }
            Err(reason) => reason,
        };
        kept.push(Kept {
            name: entry.name().to_owned(),
            line: entry.line(),
            reason,
        });
    }

    let repeated = values
        .iter()
        .filter_map(|(entry, _)| lines.get_key_value(entry.name()))
        .filter(|(_, (_, lines))| lines.len() > 1)
        .map(|(name, (_, lines))| Repeated {
            name: (*name).to_owned(),
            lines: lines.clone(),
        })
        .collect();
    Ok(ImportPlan {
        fields: values
            .into_iter()
            .map(|(entry, value)| field(entry.name(), value))
            .collect(),
        kept,
        repeated,
    })
}

/// Tells whether a line's value would become a concealed field: such a value is concealed in a program's output, too.
#[must_use]
pub fn conceals(name: &str, value: &str) -> bool {
    !value.is_empty() && plain::field_type(name, value).concealed()
}

/// Tells whether a text that somebody calls plain is a secret all the same: by the name of its variable, as an address with
/// credentials, or by a run of letters and digits that nobody makes up. Says yes less often than [`conceals`], which has
/// nobody's word for it.
#[must_use]
pub fn looks_secret(name: &str, value: &str) -> bool {
    let spoken_of = || conceals(name, "production");
    let drawn = |piece: &str| {
        piece.len() >= 16
            && piece.bytes().any(|b| b.is_ascii_digit())
            && piece.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let pieces = || value.split(|c: char| !c.is_ascii_alphanumeric());
    conceals(name, value) && (spoken_of() || value.contains("://") || pieces().any(drawn))
}

/// The file with references in the place of imported values; `reference` tells which one a variable's
/// field has got. A line whose variable has none keeps its value.
#[must_use]
pub fn rewrite(
    dotenv: &Dotenv,
    reference: impl Fn(&str) -> Option<SecretReference>,
) -> Zeroizing<String> {
    dotenv.rewrite(|entry| {
        let imported = entry.literal().is_some_and(|value| !value.is_empty());
        imported.then(|| reference(entry.name()))?
    })
}

/// Variables that end up in the text of a reference: `STAGE` where a line says `op://$STAGE/db/password`.
fn parts_of_references(dotenv: &Dotenv) -> HashSet<&str> {
    let entries = dotenv.entries();
    let mut parts = HashSet::new();
    let mut found: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.builds_reference())
        .flat_map(Entry::variables)
        .collect();
    while let Some(name) = found.pop() {
        if parts.insert(name) {
            let lines = entries.iter().filter(|entry| entry.name() == name);
            found.extend(lines.flat_map(Entry::variables));
        }
    }
    parts
}

/// The value to import, or why there is none.
fn value(entry: &Entry) -> Result<Result<Secret, Reason>, DotenvError> {
    if let Some(Err(error)) = entry.reference() {
        return Err(DotenvError::Reference {
            line: entry.line(),
            name: entry.name().to_owned(),
            error,
        });
    }
    Ok(match (entry.kind(), entry.literal()) {
        (Kind::Literal, Some(value)) if !value.is_empty() => Ok(value),
        (Kind::Literal, _) => Err(Reason::Empty),
        (Kind::HasVariable, _) => Err(Reason::HasVariable),
        (Kind::Reference, _) => Err(Reason::Reference),
        (Kind::Template, _) => Err(Reason::Template),
    })
}

fn field(name: &str, value: Secret) -> Field {
    Field {
        metadata: FieldMetadata {
            id: FieldId::random(),
            section: None,
            label: name.to_owned(),
            kind: plain::field_type(name, value.expose_secret()),
            purpose: None,
            set: true,
            origins: Vec::new(),
        },
        value: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    use crate::dotenv::Value;

    const FILE: &str = r#"# Shop, development
NODE_ENV=development
export PORT=3000
DEBUG=true
LOG_LEVEL=info          # or debug

# Database
DB_HOST="localhost"
DB_PASSWORD='hunter2'
DATABASE_URL=postgres://shop:${DB_PASSWORD}@$DB_HOST/shop
REDIS_URL=redis://localhost:6379/0
REPLICA_URL=postgres://shop:canary@replica/shop

STRIPE_SECRET_KEY=sk_live_51H8xQ2
SENTRY_DSN=
FEATURES={"beta":true,"limit":3}
GITHUB_TOKEN="op://Dev/GitHub/token"
JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----END PRIVATE KEY-----"
PIN=0000
PORT=3001
"#;

    fn planned(text: &str) -> ImportPlan {
        plan(&Dotenv::parse(text).unwrap()).unwrap()
    }

    fn reference(name: &str) -> Option<SecretReference> {
        SecretReference::parse(&format!("op://Dev/Shop .env/{name}")).ok()
    }

    #[test]
    fn each_value_becomes_a_field_of_its_type() {
        let plan = planned(FILE);

        let types: Vec<(&str, &str)> = plan
            .fields
            .iter()
            .map(|field| (&*field.metadata.label, field.metadata.kind.as_str()))
            .collect();
        assert_eq!(
            types,
            [
                ("NODE_ENV", "STRING"),
                ("PORT", "STRING"),
                ("DEBUG", "STRING"),
                ("LOG_LEVEL", "STRING"),
                ("DB_HOST", "STRING"),
                ("DB_PASSWORD", "CONCEALED"),
                ("REDIS_URL", "URL"),
                ("REPLICA_URL", "CONCEALED"),
                ("STRIPE_SECRET_KEY", "CONCEALED"),
                ("FEATURES", "CONCEALED"),
                ("JWT_PRIVATE_KEY", "CONCEALED"),
                ("PIN", "CONCEALED"),
            ]
        );
        let pem = plan.fields[10].value.as_ref().unwrap().expose_secret();
        assert!(pem.starts_with("-----BEGIN") && pem.ends_with("KEY-----"));
        assert!(plan.fields.iter().all(|field| field.metadata.set));
    }

    #[test]
    fn what_stays_in_the_file_is_listed_with_its_reason() {
        let kept: Vec<(String, usize, Reason)> = planned(FILE)
            .kept
            .into_iter()
            .map(|kept| (kept.name, kept.line, kept.reason))
            .collect();

        assert_eq!(
            kept,
            [
                ("DATABASE_URL".to_owned(), 10, Reason::HasVariable),
                ("SENTRY_DSN".to_owned(), 15, Reason::Empty),
                ("GITHUB_TOKEN".to_owned(), 17, Reason::Reference),
            ]
        );
    }

    #[test]
    fn of_several_values_the_last_is_taken_and_said() {
        let plan = planned("A=canary\nB=1\nA=\nA=other\nA=$A");

        assert_eq!(
            plan.repeated,
            [Repeated {
                name: "A".into(),
                lines: vec![1, 4]
            }]
        );
        assert_eq!(plan.fields.len(), 2);
        assert_eq!(
            plan.fields[0].value.as_ref().unwrap().expose_secret(),
            "other"
        );
    }

    #[test]
    fn what_other_lines_build_references_from_stays_text() {
        let file = Dotenv::parse("STAGE=dev\nVAULT=$STAGE\nKEY=op://$VAULT/db/key\nA=1").unwrap();
        let plan = plan(&file).unwrap();

        let rewritten = rewrite(&file, |name| {
            let field = plan
                .fields
                .iter()
                .find(|field| field.metadata.label == name)?;
            reference(&field.metadata.label)
        });

        assert_eq!(plan.kept[0].reason, Reason::PartOfReference);
        assert_eq!(plan.fields.len(), 1);
        let given = Dotenv::parse(&rewritten).unwrap().expand(|_| None).unwrap();
        assert!(matches!(&given[2].value, Value::Reference(key) if key.vault == "dev"));
    }

    #[test]
    fn a_malformed_reference_is_not_imported_as_text() {
        let file = Dotenv::parse("A=1\nB=op://canary").unwrap();

        let error = plan(&file).unwrap_err();

        assert!(matches!(error, DotenvError::Reference { line: 2, .. }));
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn a_rewritten_file_holds_no_imported_value_and_gives_every_variable_what_it_had() {
        let file = Dotenv::parse(FILE).unwrap();
        let plan = plan(&file).unwrap();

        let rewritten = rewrite(&file, reference);

        let resolved: BTreeMap<String, String> = plan
            .fields
            .iter()
            .map(|field| {
                let value = field.value.as_ref().unwrap().expose_secret();
                (
                    reference(&field.metadata.label).unwrap().to_string(),
                    value.to_owned(),
                )
            })
            .chain([("op://Dev/GitHub/token".to_owned(), "ghp".to_owned())])
            .collect();
        let given = |text: &str| -> BTreeMap<String, String> {
            let assignments = Dotenv::parse(text).unwrap().expand(|_| None).unwrap();
            assignments
                .into_iter()
                .map(|one| (one.name, resolve(&one.value, &resolved)))
                .collect()
        };
        assert_eq!(given(&rewritten), given(FILE));
        for secret in ["hunter2", "canary", "sk_live", "MIIEv", "0000"] {
            assert!(!rewritten.contains(secret), "{secret}");
        }
        assert_eq!(rewritten.matches('#').count(), FILE.matches('#').count());
        assert!(rewritten.contains("export PORT=\"op://Dev/Shop .env/PORT\"\n"));
        assert!(
            rewritten
                .contains("\nLOG_LEVEL=\"op://Dev/Shop .env/LOG_LEVEL\"          # or debug\n")
        );
    }

    fn resolve(value: &Value, resolved: &BTreeMap<String, String>) -> String {
        use crate::dotenv::Part;

        match value {
            Value::Composed(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Reference(reference) => resolved[&reference.to_string()].clone(),
                    Part::Text(text) => text.expose_secret().to_owned(),
                })
                .collect(),
            Value::Reference(reference) => resolved[&reference.to_string()].clone(),
            Value::Text(text) => text.expose_secret().to_owned(),
        }
    }

    #[test]
    fn a_variable_without_a_reference_keeps_its_value() {
        let file = Dotenv::parse("A=1\nB=2").unwrap();

        let rewritten = rewrite(&file, |name| (name == "A").then(|| reference(name))?);

        assert_eq!(*rewritten, "A=\"op://Dev/Shop .env/A\"\nB=2");
    }
}
