//! Reads the command rules of the policy file.

use std::time::Duration;

use toml_edit::{Item, TableLike, Value};

use super::{File, Result, Span};
use crate::{
    limits::Limits,
    policy::{
        Approve, ApproveBy, CommandPattern, Glob, OutputMode, ReferencePattern, Rule, RuleId,
        ShortValues,
    },
};

/// How long a rule may let a run last, in seconds.
const LONGEST_TIMEOUT: i64 = 3600;
/// The largest number that a limit may have: a terabyte, where it counts mebibytes.
const LARGEST_LIMIT: i64 = 1_000_000;

impl File<'_> {
    pub(super) fn rule(&self, id: RuleId, table: &dyn TableLike, span: Span) -> Result<Rule> {
        self.only_known(
            table,
            &[
                "run",
                "secrets",
                "env",
                "approve",
                "approve_by",
                "require_reason",
                "output",
                "short_values",
                "plain",
                "timeout_seconds",
                "limits",
                "cwd",
                "set",
                "inherit",
                "sha256",
            ],
        )?;
        let Some(run) = table.get("run") else {
            let error = self.error(span, "a command rule needs `run`");
            return Err(error.with_hint("for example `run = [\"npm\", \"test\"]`"));
        };
        Ok(Rule {
            id,
            line: self.line(span),
            run: self.command(run)?,
            secrets: self.optional(table, "secrets", |value| self.references(value))?,
            env: self.optional(table, "env", |value| self.variable(value))?,
            approve: self.word(table, "approve", &Approve::WORDS, Approve::read)?,
            approve_by: self.maybe(table, "approve_by", &ApproveBy::WORDS, ApproveBy::read)?,
            require_reason: self.yes_or_no(table, "require_reason")?,
            output: self.word(table, "output", &OutputMode::WORDS, OutputMode::read)?,
            short_values: self.word(
                table,
                "short_values",
                &ShortValues::WORDS,
                ShortValues::read,
            )?,
            plain: self.optional(table, "plain", |value| self.references(value))?,
            timeout: table
                .get("timeout_seconds")
                .map(|item| self.timeout(item))
                .transpose()?,
            limits: table
                .get("limits")
                .map(|item| self.limits(item))
                .transpose()?
                .unwrap_or_default(),
            cwd: self.directories(table)?,
            surroundings: self.surroundings(table)?,
            group: None,
        })
    }

    /// One text split as a shell splits words, or an array of elements.
    fn command(&self, item: &Item) -> Result<CommandPattern> {
        let pattern = match item.as_str() {
            Some(text) => CommandPattern::parse(text),
            None => CommandPattern::from_elements(
                self.each(item, |value| self.text(value).map(str::to_owned))?,
            ),
        };
        pattern.map_err(|error| self.error(item.span(), &error.to_string()))
    }

    fn references(&self, value: &Value) -> Result<ReferencePattern> {
        let pattern = ReferencePattern::parse(self.text(value)?);
        pattern.map_err(|error| self.error(value.span(), &error.to_string()))
    }

    fn variable(&self, value: &Value) -> Result<Glob> {
        let name = self.text(value)?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'*';
        if !name.is_empty() && name.bytes().all(fits) {
            Ok(Glob::new(name))
        } else {
            let message = "a variable's name has letters, digits and `_`, and `*` for any of them";
            Err(self.error(value.span(), message))
        }
    }

    fn timeout(&self, item: &Item) -> Result<Duration> {
        item.as_integer()
            .filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds))
            .map(|seconds| Duration::from_secs(seconds.unsigned_abs()))
            .ok_or_else(|| {
                let message =
                    format!("a time-out is a number of seconds from 1 to {LONGEST_TIMEOUT}");
                self.error(item.span(), &message)
            })
    }

    fn limits(&self, item: &Item) -> Result<Limits> {
        let table = self.table(Some(item))?;
        let keys = ["cpu_seconds", "file_mib", "memory_mib", "processes"];
        self.only_known(table, &keys)?;
        let [cpu, file, memory, processes] = keys.map(|key| {
            let number = table.get(key).map(|item| {
                let number = item
                    .as_integer()
                    .filter(|n| (1..=LARGEST_LIMIT).contains(n));
                number.map(i64::unsigned_abs).ok_or_else(|| {
                    let message = format!("`{key}` is a number from 1 to {LARGEST_LIMIT}");
                    self.error(item.span(), &message)
                })
            });
            number.transpose()
        });
        let bytes = |mebibytes: u64| mebibytes << 20;
        Ok(Limits {
            cpu: cpu?.map(Duration::from_secs),
            file: file?.map(bytes),
            memory: memory?.map(bytes),
            processes: processes?,
        })
    }
}
