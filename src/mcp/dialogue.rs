//! Asks a person through the client whether something may be done: a form with one question, in the way of the call's era.
//!
//! Before 2026-07-28 the server sends a request of its own and waits; since then a call ends with the question and comes again with
//! the answer and a state that only we can read. Which answers count, and whether a person is asked here at all, the
//! broker decides. No value is ever asked for in a form.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use rmcp::{
    RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationSchema, EnumSchema, InputRequest, InputRequests,
        InputRequiredResult, ProtocolVersion,
    },
    service::RequestContext,
};
use serde_json::Value;

use super::{error::ToolError, progress};
use crate::{
    approvals::Request,
    broker::{Asker, BrokerError, Dialogue, Reply, Suspended, Waiting},
};

/// What the question is called among a result's input requests, and what its answer.
const QUESTION: &str = "approval";
const ANSWER: &str = "answer";
/// How a state of ours begins, so that it is known among others.
const STATE: &str = "approval:";

const NO: &str = "deny";
const YES: &str = "allow";
const REMEMBER: &str = "allow and remember";

/// Longer questions are not shown in a dialogue: it might show their beginning only.
const LONGEST: usize = 6000;

/// The dialogue of one tool call.
pub(super) struct Talk {
    context: RequestContext<RoleServer>,
    call: Vec<u8>,
    resumed: Option<(String, Reply)>,
    waits: AtomicBool,
    suspended: Mutex<Option<Suspended>>,
}

impl Talk {
    /// Takes what belongs to a dialogue of ours out of a call.
    pub(super) fn begin(
        call: &mut CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Arc<Self> {
        let own = |state: &String| state.strip_prefix(STATE).map(str::to_owned);
        let resumed = call.request_state.as_ref().and_then(own).map(|state| {
            call.request_state = None;
            let answers = call.input_responses.take().unwrap_or_default();
            (state, answers.get(QUESTION).map_or(Reply::Suspended, heard))
        });
        let arguments = call.arguments.clone().map(Value::Object);
        Arc::new(Self {
            context: context.clone(),
            call: format!("{} {}", call.name, sorted(arguments.unwrap_or_default())).into_bytes(),
            resumed,
            waits: AtomicBool::new(false),
            suspended: Mutex::default(),
        })
    }

    /// The dialogue of the call that this context is of.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<&Self> {
        context.extensions.get::<Arc<Self>>().map(Arc::as_ref)
    }

    /// What the call ends with instead, if it goes on with another one.
    pub(super) fn question(&self) -> Option<CallToolResponse> {
        let mut suspended = self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Suspended { request, state } = suspended.take()?;
        let question = InputRequest::Elicitation(ElicitRequest::new(form(&request)?));
        let questions = InputRequests::from([(QUESTION.to_owned(), question)]);
        let state = format!("{STATE}{state}");
        Some(InputRequiredResult::new(Some(questions), Some(state)).into())
    }

    fn suspend(&self, suspended: Suspended) {
        *self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(suspended);
    }

    fn is_modern(&self) -> bool {
        let version = self.context.protocol_version();
        version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
    }

    /// Whether the client can show a form; one that says nothing of modes means forms.
    fn shows_forms(&self) -> bool {
        let capabilities = self.context.client_capabilities();
        let elicitation = capabilities.and_then(|it| it.elicitation);
        elicitation.is_some_and(|it| it.form.is_some() || it.url.is_none())
    }
}

/// Who asks, with the call's dialogue.
pub(super) fn asker<'a>(
    caller: &'a crate::access::Caller,
    context: &'a RequestContext<RoleServer>,
    reason: Option<&'a str>,
) -> Asker<'a> {
    let asker = Asker::from(caller).because(reason);
    match Talk::of(context) {
        Some(talk) => asker.with_dialogue(talk),
        None => asker,
    }
}

/// Does what may wait for a person, and tells the client meanwhile that it goes on. A call that goes on with another one
/// is kept for [`Talk::question`].
pub(super) async fn told<T>(
    context: &RequestContext<RoleServer>,
    limit: Option<std::time::Duration>,
    work: impl Future<Output = Result<T, BrokerError>>,
) -> Result<T, ToolError> {
    let talk = Talk::of(context);
    let doing = || match talk {
        Some(talk) if talk.waits.load(Ordering::Relaxed) => {
            ("waiting for a person to allow it", None)
        }
        _ => ("running", limit),
    };
    match (progress::told(context, &doing, work).await, talk) {
        (Err(BrokerError::Suspended(suspended)), Some(talk)) => {
            let told = BrokerError::Invalid("a person is asked first".into());
            talk.suspend(*suspended);
            Err(told.into())
        }
        (done, _) => Ok(done?),
    }
}

impl Dialogue for Talk {
    fn ask<'a>(&'a self, request: &'a Request) -> Waiting<'a, Reply> {
        Box::pin(async move {
            let Some(form) = form(request).filter(|_| self.shows_forms()) else {
                return Reply::None;
            };
            if self.is_modern() {
                return Reply::Suspended;
            }
            match self.context.peer.create_elicitation(form).await {
                Ok(answer) => understood(&answer),
                // Nobody was asked, or nobody can tell what was said.
                Err(_) => Reply::None,
            }
        })
    }

    fn resumed(&self) -> Option<(String, Reply)> {
        self.resumed.clone()
    }

    fn call(&self) -> &[u8] {
        &self.call
    }

    fn cancelled(&self) -> Waiting<'_, ()> {
        Box::pin(self.context.ct.cancelled())
    }

    fn waits(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }
}

/// The form: what will happen, and one question. `None` if it is too long to be shown for certain.
fn form(request: &Request) -> Option<ElicitRequestParams> {
    let mut message = format!(
        "{} needs your leave. It was asked by an agent: read what it wants before you allow it.\n",
        request.agent
    );
    for told in request.told() {
        message += &format!("\n{}: {}", told.label, told.text);
    }
    let mut answers = vec![NO.to_owned(), YES.to_owned()];
    if let Some(remembering) = request.remembering() {
        message += &format!("\n\n\"{REMEMBER}\" allows from now on: {remembering}");
        answers.push(REMEMBER.to_owned());
    }
    if message.chars().count() > LONGEST {
        return None;
    }
    let question = EnumSchema::builder(answers).title("May it?").build();
    let schema = ElicitationSchema::builder()
        .required_enum_schema(ANSWER, question)
        .build();
    Some(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema: schema.ok()?,
    })
}

/// What is no answer to the question is no answer.
fn heard(answer: &Value) -> Reply {
    let answer = serde_json::from_value::<ElicitResult>(answer.clone());
    answer.map_or(Reply::None, |answer| understood(&answer))
}

fn understood(answer: &ElicitResult) -> Reply {
    let said = answer
        .content
        .as_ref()
        .and_then(|it| it.get(ANSWER)?.as_str());
    match (&answer.action, said) {
        (ElicitationAction::Accept, Some(NO)) | (ElicitationAction::Decline, _) => Reply::No,
        (ElicitationAction::Accept, Some(REMEMBER)) => Reply::Yes { remember: true },
        (ElicitationAction::Accept, Some(YES)) => Reply::Yes { remember: false },
        // Closed, or accepted without a word: nobody said yes.
        _ => Reply::None,
    }
}

/// A value as JSON whose members stand in order, so that the same call reads the same however its client writes it.
fn sorted(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_word_of_consent_is_a_yes() {
        for (answer, reply) in [
            (
                json!({ "action": "accept", "content": { "answer": "allow" } }),
                Reply::Yes { remember: false },
            ),
            (
                json!({ "action": "accept", "content": { "answer": "allow and remember" } }),
                Reply::Yes { remember: true },
            ),
            (
                json!({ "action": "accept", "content": { "answer": "deny" } }),
                Reply::No,
            ),
            (json!({ "action": "decline" }), Reply::No),
            (json!({ "action": "cancel" }), Reply::None),
            (
                json!({ "action": "cancel", "content": { "answer": "allow" } }),
                Reply::None,
            ),
            (json!({ "action": "accept" }), Reply::None),
            (json!({ "action": "accept", "content": {} }), Reply::None),
            (
                json!({ "action": "accept", "content": { "answer": true } }),
                Reply::None,
            ),
            (
                json!({ "action": "accept", "content": { "answer": "ALLOW" } }),
                Reply::None,
            ),
            (json!({ "answer": "allow" }), Reply::None),
            (json!("allow"), Reply::None),
        ] {
            assert_eq!(heard(&answer), reply, "{answer}");
        }
    }
}
