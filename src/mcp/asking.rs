//! Has a person type what only a person knows: shows the client where, waits, and says what became of it.
//!
//! A client that can open an address gets the local page's, in the way of its era: a request of ours in a session, or an
//! answer that asks for another round. Whoever has no such client types in a terminal. Nothing of what is typed comes
//! by here: the broker tells that a field is set, and no more.

use std::{collections::BTreeMap, future::Future, pin::pin, time::Duration};

use jiff::Timestamp;
use rmcp::{
    ErrorData, Json, RoleServer,
    handler::server::{
        common::FromContextPart,
        tool::{IntoCallToolResult, ToolCallContext},
    },
    model::{
        CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
        InputRequest, InputRequiredResult, InputResponses, ProtocolVersion,
    },
    service::RequestContext,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    VaultServer,
    error::ToolError,
    progress,
    tools::item_details::{AskedDetails, WrittenDetails},
};
use crate::{
    broker::{ASK_LASTS, AskState, Asked, Broker, ItemView},
    display_text::escaped,
};

/// How long a call waits where the client can't be told that it still goes on: clients give up after a minute.
const UNTOLD: Duration = Duration::from_secs(45);

/// What makes a call one of several rounds: what it asked for first, and what the client brings back.
pub(super) struct Round {
    request: [u8; 32],
    state: Option<String>,
    responses: InputResponses,
}

impl FromContextPart<ToolCallContext<'_, VaultServer>> for Round {
    /// Stands before the arguments, which whoever reads them takes away.
    fn from_context_part(
        context: &mut ToolCallContext<'_, VaultServer>,
    ) -> Result<Self, ErrorData> {
        let mut digest = Sha256::new();
        digest.update(context.name().as_bytes());
        digest.update([0]);
        // What a model wrote may hold a value after all.
        let arguments = serde_json::to_vec(&context.arguments).map(Zeroizing::new);
        let no_json = |_| ErrorData::invalid_params("the arguments are no JSON", None);
        digest.update(&*arguments.map_err(no_json)?);
        Ok(Self {
            request: digest.finalize().into(),
            state: context.request_state.take(),
            responses: context.input_responses.take().unwrap_or_default(),
        })
    }
}

/// An item as it was written, or what is needed to go on.
pub(super) enum Written {
    Complete(Box<WrittenDetails>),
    InputRequired(InputRequiredResult),
}

impl IntoCallToolResult for Written {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        match self {
            Self::Complete(item) => Json(*item).into_call_tool_result(),
            Self::InputRequired(wanted) => wanted.into_call_tool_result(),
        }
    }
}

impl VaultServer {
    /// Writes an item, or comes back to one that waits for a person; then has typed what is to be typed.
    pub(super) async fn written(
        &self,
        context: &RequestContext<RoleServer>,
        round: Round,
        write: impl Future<Output = Result<ItemView, ToolError>>,
    ) -> Result<Written, ToolError> {
        let view = match &round.state {
            None => write.await?,
            Some(state) => {
                let caller = self.caller(context);
                let broker = self.broker().await?;
                broker.resume_asks(&caller, &round.request, state)?
            }
        };
        if view.asked.is_empty() {
            let written = WrittenDetails::of(view, &BTreeMap::new());
            return Ok(Written::Complete(Box::new(written)));
        }
        self.typed(context, round, view).await
    }

    async fn typed(
        &self,
        context: &RequestContext<RoleServer>,
        round: Round,
        mut view: ItemView,
    ) -> Result<Written, ToolError> {
        let broker = self.broker().await?;
        let mut asked = std::mem::take(&mut view.asked);
        let mut addresses = BTreeMap::new();
        if let Some(page) = &self.page {
            for asked in &asked {
                if let Some(address) = page.address(asked).await {
                    addresses.insert(asked.code.clone(), address);
                }
            }
        }
        let shows = opens_addresses(context) && addresses.len() == asked.len();
        if shows && is_modern(context) {
            hear(broker, &mut asked, &round.responses).await;
            let unheard = |it: &&Asked| it.state == AskState::Waiting && it.consent.is_none();
            let mut wanted: BTreeMap<_, _> = asked
                .iter()
                .filter(unheard)
                .map(|it| (it.code.clone(), dialogue(self, it, &addresses)))
                .collect();
            if wanted.is_empty() && is_awaited(&asked) {
                wait(context, broker, &mut asked).await;
            }
            // The client comes back at once, and we wait on.
            if !wanted.is_empty() || is_awaited(&asked) {
                view.asked = asked;
                let caller = self.caller(context);
                let state = broker.keep_asks(&caller, &round.request, view)?;
                let wanted = (!wanted.is_empty()).then(|| std::mem::take(&mut wanted));
                let wanted = wanted.map(|wanted| {
                    let requests = wanted.into_iter();
                    requests
                        .map(|(code, dialogue)| {
                            (
                                code,
                                InputRequest::Elicitation(ElicitRequest::new(dialogue)),
                            )
                        })
                        .collect()
                });
                let wanted = InputRequiredResult::new(wanted, Some(state));
                return Ok(Written::InputRequired(wanted));
            }
        } else if shows {
            self.ask_in_session(context, broker, &mut asked, &addresses)
                .await;
        }
        let view = broker.view_after(view, asked).await?;
        let written = WrittenDetails::of(view, &addresses);
        Ok(Written::Complete(Box::new(written)))
    }

    /// One dialogue after the other. A person may be done on the page before the client says that it is open.
    async fn ask_in_session(
        &self,
        context: &RequestContext<RoleServer>,
        broker: &Broker,
        asked: &mut [Asked],
        addresses: &BTreeMap<String, String>,
    ) {
        for asked in asked.iter_mut() {
            let dialogue = dialogue(self, asked, addresses);
            let answer = context
                .peer
                .create_elicitation_with_timeout(dialogue, Some(ASK_LASTS));
            let mut answer = pin!(answer);
            let mut action = None;
            let one = std::slice::from_mut(asked);
            {
                let answered = async { action = Some(answer.as_mut().await.map(|it| it.action)) };
                let mut answered = pin!(answered);
                let either = progress::told(context, &waiting_for_a_person, async {
                    tokio::select! {
                        () = broker.typed_or(one, answered.as_mut()) => {}
                        () = context.ct.cancelled() => {}
                    }
                });
                either.await;
            }
            if one[0].state != AskState::Waiting {
                continue;
            }
            match action {
                Some(Ok(ElicitationAction::Accept)) => {
                    one[0].consent = Some(true);
                    wait(context, broker, one).await;
                }
                Some(Ok(ElicitationAction::Decline)) => broker.withdraw_asks(one).await,
                // Whoever closes a dialogue, or has no window to show one in, may still have a terminal.
                _ => return,
            }
        }
    }
}

/// What a client is told while a person types.
fn waiting_for_a_person() -> (&'static str, Option<Duration>) {
    ("waiting for a person", Some(ASK_LASTS))
}

/// Waits until all is typed to which somebody said yes, or as long as the client does.
async fn wait(context: &RequestContext<RoleServer>, broker: &Broker, asked: &mut [Asked]) {
    let limit = match context.meta.get_progress_token() {
        Some(_) => ASK_LASTS + Duration::from_secs(5),
        None => UNTOLD,
    };
    let enough = async {
        tokio::select! {
            () = tokio::time::sleep(limit) => {}
            () = context.ct.cancelled() => {}
        }
    };
    progress::told(context, &waiting_for_a_person, async {
        broker.typed_or(asked, pin!(enough)).await;
    })
    .await;
}

/// Takes in what the client's person said to the dialogues.
async fn hear(broker: &Broker, asked: &mut [Asked], responses: &InputResponses) {
    for asked in asked.iter_mut() {
        let Some(said) = responses.get(&asked.code) else {
            continue;
        };
        // What can't be understood is no yes, and no no either.
        let action = serde_json::from_value::<ElicitResult>(said.clone()).map(|it| it.action);
        match action {
            Ok(ElicitationAction::Accept) => asked.consent = Some(true),
            Ok(ElicitationAction::Decline) => {
                broker.withdraw_asks(std::slice::from_mut(asked)).await;
            }
            _ => asked.consent = Some(false),
        }
    }
}

/// Tells whether somebody said that it is being typed.
fn is_awaited(asked: &[Asked]) -> bool {
    asked
        .iter()
        .any(|it| it.state == AskState::Waiting && it.consent == Some(true))
}

fn dialogue(
    server: &VaultServer,
    asked: &Asked,
    addresses: &BTreeMap<String, String>,
) -> ElicitRequestParams {
    ElicitRequestParams::UrlElicitationParams {
        meta: None,
        message: format!(
            "{} asks you to type {} in a page on this computer; the agent will not see it. The page shows the code {}.",
            escaped(server.caller.name()),
            escaped(&asked.path),
            asked.code
        ),
        url: addresses.get(&asked.code).cloned().unwrap_or_default(),
        elicitation_id: asked.code.clone(),
    }
}

/// Tells whether the client can show a person an address.
fn opens_addresses(context: &RequestContext<RoleServer>) -> bool {
    let capabilities = context.client_capabilities();
    capabilities
        .and_then(|it| it.elicitation)
        .is_some_and(|it| it.url.is_some())
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

impl AskedDetails {
    /// What became of a field that a person was to type, on a page if there is one.
    pub(super) fn of(asked: &Asked, address: Option<String>) -> Self {
        let is_open = asked.state == AskState::Waiting;
        let address = address.filter(|_| is_open);
        let (state, next) = match asked.state {
            AskState::Declined => (
                "declined",
                "the user said no; leave the field as it is unless the user wants otherwise"
                    .to_owned(),
            ),
            AskState::Expired => (
                "expired",
                "nobody typed it in time; ask again with update_item when the user is there"
                    .to_owned(),
            ),
            AskState::Set => ("set", "nothing is left to do".to_owned()),
            AskState::Waiting => ("waiting", waiting(asked, address.is_some())),
        };
        Self {
            field: escaped(asked.field.as_str()),
            state: state.to_owned(),
            next,
            code: is_open.then(|| asked.code.clone()),
            address,
        }
    }
}

fn waiting(asked: &Asked, has_page: bool) -> String {
    let left = asked.expires.duration_since(Timestamp::now()).as_secs();
    let page = if has_page {
        ", or in a browser on this computer at the address that is given here"
    } else {
        " on the computer on which hushkey runs"
    };
    format!(
        "tell the user to type it, never in this chat: in a terminal with `hushkey approve {}`{page}, within {} minutes. \
         get_item tells whether the field is set",
        asked.code,
        (left + 59) / 60
    )
}
