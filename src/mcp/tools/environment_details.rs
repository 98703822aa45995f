//! An environment, as a model sees it: names and references. Holds no value, and no plain text either.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    broker::{EnvironmentView, VariableLine},
    display_text::escaped,
};

/// One environment in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct EnvironmentLine {
    /// The environment's id.
    id: String,
    /// Its name.
    name: String,
    /// What you may do with it: any of metadata (see its variables), use (run programs with it), create, update.
    access: Vec<String>,
    /// How many variables it has; absent where you may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<usize>,
    /// When it changed last, RFC 3339.
    updated_at: String,
}

/// An environment with its variables.
#[derive(Serialize, JsonSchema)]
pub(super) struct EnvironmentDetails {
    /// The environment's id.
    id: String,
    /// Its name.
    environment: String,
    /// Its variables; absent where you may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Vec<VariableDetails>>,
}

/// One variable.
#[derive(Serialize, JsonSchema)]
struct VariableDetails {
    /// The variable's name.
    name: String,
    /// The op:// reference that it holds; absent for plain text, which is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Whether its value is concealed in a program's output.
    concealed: bool,
    /// Who set it last: an agent's name, or owner.
    set_by: String,
}

impl From<EnvironmentView> for EnvironmentLine {
    fn from(environment: EnvironmentView) -> Self {
        let rights = environment.rights.iter();
        Self {
            id: environment.id.to_string(),
            name: escaped(&environment.name),
            access: rights.map(|right| right.to_string()).collect(),
            variables: environment.variables.map(|it| it.len()),
            updated_at: environment.updated_at.to_string(),
        }
    }
}

impl From<EnvironmentView> for EnvironmentDetails {
    fn from(environment: EnvironmentView) -> Self {
        let variables = environment.variables;
        Self {
            id: environment.id.to_string(),
            environment: escaped(&environment.name),
            variables: variables.map(|it| it.into_iter().map(VariableDetails::from).collect()),
        }
    }
}

impl From<VariableLine> for VariableDetails {
    fn from(variable: VariableLine) -> Self {
        Self {
            name: variable.name,
            reference: variable.reference,
            concealed: variable.concealed,
            set_by: escaped(&variable.set_by),
        }
    }
}
