//! Prompts for the jobs that people ask for: one file each in `prompts/`.
//!
//! A file begins with lines between `---`: `title`, `description`, `tools` (the prompt is offered only while
//! all of them are), and one `argument.NAME` a placeholder, with a question mark behind the name and `| what stands there
//! instead` when it may be left out. `{NAME}` in the text is replaced.

use std::sync::LazyLock;

use rmcp::{
    ErrorData,
    model::{
        CacheScope, GetPromptRequestParams, GetPromptResult, ListPromptsResult, PromptArgument,
        PromptMessage, Role,
    },
};
use serde_json::Value;

use super::{LIST_TTL_MS, VaultServer};

/// File stem and content of every prompt, in order of name.
const FILES: [(&str, &str); 5] = [
    (
        "add_credential",
        include_str!("../../prompts/add_credential.md"),
    ),
    (
        "move_env_file",
        include_str!("../../prompts/move_env_file.md"),
    ),
    (
        "review_access",
        include_str!("../../prompts/review_access.md"),
    ),
    (
        "rotate_credential",
        include_str!("../../prompts/rotate_credential.md"),
    ),
    (
        "run_with_secrets",
        include_str!("../../prompts/run_with_secrets.md"),
    ),
];

/// One prompt file, read.
pub(super) struct Prompt {
    pub(super) name: &'static str,
    title: &'static str,
    description: &'static str,
    tools: Vec<&'static str>,
    arguments: Vec<Argument>,
    text: &'static str,
}

struct Argument {
    name: &'static str,
    description: &'static str,
    /// What stands in its place when it is left out; it must not be left out when there is nothing.
    otherwise: Option<&'static str>,
}

/// All prompts.
pub(super) fn all() -> &'static [Prompt] {
    static ALL: LazyLock<Vec<Prompt>> = LazyLock::new(|| {
        let read = |(name, file)| {
            Prompt::read(name, file).unwrap_or_else(|| panic!("prompts/{name}.md is malformed"))
        };
        FILES.into_iter().map(read).collect()
    });
    &ALL
}

impl Prompt {
    fn read(name: &'static str, file: &'static str) -> Option<Self> {
        let (head, text) = file.strip_prefix("---\n")?.split_once("\n---\n")?;
        let mut prompt = Self {
            name,
            title: "",
            description: "",
            tools: Vec::new(),
            arguments: Vec::new(),
            text: text.trim(),
        };
        for line in head.lines() {
            let (key, value) = line.split_once(": ")?;
            match key {
                "title" => prompt.title = value,
                "description" => prompt.description = value,
                "tools" => prompt.tools = value.split(", ").collect(),
                _ => prompt
                    .arguments
                    .push(Argument::read(key.strip_prefix("argument.")?, value)?),
            }
        }
        Some(prompt)
    }

    /// Tells whether it has an argument of that name.
    pub(super) fn takes(&self, argument: &str) -> bool {
        self.arguments.iter().any(|it| it.name == argument)
    }

    fn offer(&self) -> rmcp::model::Prompt {
        let arguments = self.arguments.iter().map(|argument| {
            PromptArgument::new(argument.name)
                .with_description(argument.description)
                .with_required(argument.otherwise.is_none())
        });
        rmcp::model::Prompt::new(self.name, Some(self.description), Some(arguments.collect()))
            .with_title(self.title)
    }

    /// The text with its placeholders replaced, in one pass: what an argument brings is not looked at again.
    fn filled(&self, request: &GetPromptRequestParams) -> Result<String, ErrorData> {
        let given = request.arguments.as_ref();
        if given.is_some_and(|given| given.keys().any(|name| !self.takes(name))) {
            return Err(ErrorData::invalid_params(
                "the prompt has no such argument",
                None,
            ));
        }
        let mut text = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some((before, name, after)) = placeholder(rest) {
            let argument = self.arguments.iter().find(|it| it.name == name);
            text += before;
            text += match argument {
                Some(argument) => argument.filling(given.and_then(|it| it.get(name)))?,
                None => "",
            };
            rest = after;
        }
        Ok(text + rest)
    }
}

impl Argument {
    fn read(key: &'static str, value: &'static str) -> Option<Self> {
        match key.strip_suffix('?') {
            Some(name) => {
                let (description, otherwise) = value.split_once(" | ")?;
                Some(Self {
                    name,
                    description,
                    otherwise: Some(otherwise),
                })
            }
            None => Some(Self {
                name: key,
                description: value,
                otherwise: None,
            }),
        }
    }

    fn filling<'a>(&self, given: Option<&'a Value>) -> Result<&'a str, ErrorData>
    where
        'static: 'a,
    {
        match (given, self.otherwise) {
            (Some(Value::String(text)), _) if !text.is_empty() => Ok(text),
            (None | Some(Value::String(_)), Some(otherwise)) => Ok(otherwise),
            (None | Some(Value::String(_)), None) => Err(ErrorData::invalid_params(
                format!("the prompt needs the argument `{}`", self.name),
                None,
            )),
            (Some(_), _) => Err(ErrorData::invalid_params(
                format!("argument `{}` must be a string", self.name),
                None,
            )),
        }
    }
}

/// The first `{name}`: what is before it, the name, what is behind it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

impl VaultServer {
    fn offers(&self, prompt: &Prompt) -> bool {
        prompt.tools.iter().all(|tool| self.offered.has(tool))
    }

    pub(super) fn offered_prompts(&self) -> ListPromptsResult {
        let prompts = all()
            .iter()
            .filter(|it| self.offers(it))
            .map(Prompt::offer)
            .collect();
        ListPromptsResult::with_all_items(prompts)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private)
    }

    /// One prompt, filled.
    ///
    /// # Errors
    /// "Invalid params" for an unknown prompt or argument, and for a required one that is missing.
    pub(super) fn prompt(
        &self,
        request: &GetPromptRequestParams,
    ) -> Result<GetPromptResult, ErrorData> {
        let prompt = all()
            .iter()
            .find(|it| it.name == request.name && self.offers(it))
            .ok_or_else(|| ErrorData::invalid_params("there is no such prompt", None))?;
        let message = PromptMessage::new_text(Role::User, prompt.filled(request)?);
        Ok(GetPromptResult::new(vec![message]).with_description(prompt.description))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::tools;

    #[test]
    fn every_placeholder_is_declared_and_every_argument_used() {
        for prompt in all() {
            let mut used = Vec::new();
            let mut rest = prompt.text;
            while let Some((_, name, after)) = placeholder(rest) {
                used.push(name);
                rest = after;
            }

            assert!(
                used.iter().all(|name| prompt.takes(name)),
                "{}: {used:?}",
                prompt.name
            );
            assert!(
                prompt.arguments.iter().all(|it| used.contains(&it.name)),
                "{}",
                prompt.name
            );
            assert!(
                !prompt.title.is_empty() && !prompt.description.is_empty(),
                "{}",
                prompt.name
            );
            assert!(
                prompt.tools.iter().all(|it| tools::router().has_route(it)),
                "{}",
                prompt.name
            );
        }
    }

    #[test]
    fn what_an_argument_brings_is_not_expanded_again() {
        let prompt = Prompt::read(
            "x",
            "---\nargument.a: A\nargument.b?: B | none\n---\n{a} and {b}",
        )
        .unwrap();
        let arguments = serde_json::json!({ "a": "{b}" })
            .as_object()
            .cloned()
            .unwrap();

        let text = prompt.filled(&GetPromptRequestParams::new("x").with_arguments(arguments));

        assert_eq!(text.unwrap(), "{b} and none");
    }
}
