//! What a caller wants to do, with everything resolved that the decision needs.

use std::path::Path;

use crate::{
    policy::{OutputMode, Right},
    vault::{EnvironmentId, ResolvedReference, VaultId, reference::Named},
};

/// What a caller wants to do. Names are resolved before: a decision is on ids and programs.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// Change vaults, agents, policy, tokens: the owner's alone.
    Administer,
    /// Anything with one environment that needs a right: see what it holds, use it in a run, change it.
    Environment {
        /// The environment.
        environment: &'a Named<EnvironmentId>,
        /// What is needed there.
        right: Right,
        /// Whether the caller says why.
        reasoned: bool,
    },
    /// List the environments; an agent is shown those where it has a right.
    ListEnvironments,
    /// Give an environment this name, a new one or one that is there.
    NameEnvironment {
        /// The name.
        name: &'a str,
        /// Whether the caller says why.
        reasoned: bool,
    },
    /// Read the activity log; an agent is shown its own entries only.
    ReadActivity,
    /// List the vaults; an agent is shown those where it has a right.
    ListVaults,
    /// Get a value in the clear: the owner's alone.
    Reveal(&'a Governed<'a>),
    /// Run a program, with secrets or without; also a field's `command` source.
    Run(&'a Run<'a>),
    /// Take values without a program: copy them into an item (`use`), or write them to a file (`files`).
    Take {
        /// What is needed in every vault involved.
        right: Right,
        /// The fields whose values are taken.
        secrets: &'a [Governed<'a>],
        /// Whether the caller says why.
        reasoned: bool,
    },
    /// Anything else in one vault that needs a right: list items, read metadata, create, update, delete.
    Vault {
        /// The vault.
        vault: &'a Named<VaultId>,
        /// What is needed there.
        right: Right,
        /// Whether the caller says why.
        reasoned: bool,
    },
}

/// A field together with the fields that its value was copied from: every rule for one of them holds
/// for it too.
#[derive(Clone, Copy, Debug)]
pub struct Governed<'a> {
    /// The field.
    pub reference: &'a ResolvedReference,
    /// Where its value comes from: `FieldMetadata::origins`.
    pub origins: &'a [ResolvedReference],
}

impl<'a> Governed<'a> {
    /// The field and its origins.
    pub fn all(self) -> impl Iterator<Item = &'a ResolvedReference> {
        std::iter::once(self.reference).chain(self.origins)
    }
}

/// A program that a caller wants to run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The program's absolute path, from the same resolver that [`crate::policy::Policy::pin`] was given.
    pub program: &'a Path,
    /// Its arguments, without `argv[0]`. Never a value.
    pub arguments: &'a [String],
    /// Names of the variables that the caller sets in plain text.
    pub variables: &'a [&'a str],
    /// Names of the variables that carry a secret or the path of a secret file.
    pub secret_variables: &'a [&'a str],
    /// The fields whose values reach the program, by whatever way.
    pub secrets: &'a [Governed<'a>],
    /// Where it starts: absolute, without links.
    pub cwd: &'a Path,
    /// How much of its output is wanted; all of it when absent.
    pub output: Option<OutputMode>,
    /// Whether the caller says why.
    pub reasoned: bool,
}
