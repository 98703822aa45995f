//! Values that a person types: an agent names a field, and a person fills it in where no model looks.
//!
//! What is asked for waits among the approvals, under a code and a ticket. The ticket lets whoever has it write that one
//! field, once, within minutes, and read nothing. When the value comes, everything is decided again, recorded, and only
//! then claimed and written. It does not know how a person is reached.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    access::Caller,
    approvals::{
        Approvals, ApprovalsError, AskMatter, Digest, Matter, NewRequest, RequestId, Thing, Ticket,
        Verdict,
    },
    audit::{NewEntry, Outcome, Target, Verb},
    broker::{
        Ask, Broker, BrokerError, ItemView, guard::Deed, recorder::Recorder, resolve::Located,
    },
    offload::offload,
    policy::{Action, Right},
    vault::{FieldId, FieldMetadata, Noun, VaultError},
};

/// How long a person has at most.
pub const ASK_LASTS: Duration = Duration::from_secs(5 * 60);

/// How many fields one call may ask for: a person types them one by one.
const MOST: usize = 8;

/// How often it is looked whether the value has come: it may be another process that writes it.
const PAUSE: Duration = Duration::from_millis(250);

/// Where a person can type what was asked for.
#[async_trait]
pub trait TypingPage: Send + Sync {
    /// The address of the page for one field; `None` where no page can be had.
    async fn address(&self, asked: &Asked) -> Option<String>;
}

/// A field that a person was asked to type.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The field.
    pub field: FieldId,
    /// What a person calls it: vault, item and field; not escaped.
    pub path: String,
    /// What persons call the request; shown on both sides, so that they can be told to belong together.
    pub code: String,
    /// Until when it can be typed.
    pub expires: Timestamp,
    /// What became of it.
    pub state: AskState,
    /// What the agent's client said when it was shown the address: whether somebody went to type.
    pub consent: Option<bool>,
    /// What opens the page.
    pub ticket: Ticket,
    id: RequestId,
    digest: Digest,
    deed: AskDeed,
}

/// What became of a field that a person was asked to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskState {
    /// A person said no, or the client did.
    Declined,
    /// Nobody typed it in time.
    Expired,
    /// It is set.
    Set,
    /// It can still be typed.
    Waiting,
}

/// The audit entry that tells of an ask, and what its end has to say.
#[derive(Clone, Debug)]
pub(super) struct AskDeed {
    pub(super) caller: Caller,
    pub(super) target: Target,
    pub(super) entry: u64,
}

impl AskDeed {
    fn ended(&self, outcome: Outcome) -> NewEntry {
        NewEntry::ended(
            Timestamp::now(),
            &self.caller,
            Verb::AskValue,
            self.target.clone(),
            self.entry,
            outcome,
        )
    }
}

/// What agents were asked to come back for: one batch a call, until it was answered for.
#[derive(Default)]
pub(super) struct OpenAsks(Mutex<HashMap<RequestId, ItemView>>);

impl OpenAsks {
    fn keep(&self, id: RequestId, batch: ItemView) {
        let now = Timestamp::now();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somewhat longer than they can be typed, so that a late answer says what became of them.
        open.retain(|_, batch| batch.asked.iter().any(|it| now < it.expires + ASK_LASTS));
        open.insert(id, batch);
    }

    fn take(&self, id: &RequestId) -> Option<ItemView> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(id)
    }
}

impl Broker {
    /// Checks whether a person may be asked for a field's value.
    pub(super) fn check_ask(&self, label: &str, concealed: bool) -> Result<(), BrokerError> {
        if !concealed {
            return Err(BrokerError::Invalid(format!(
                "field `{label}` is not concealed, and what a person types has to be; leave its type out, or give its value as `text`"
            )));
        }
        self.approvals().map(drop)
    }

    /// Opens one request a field; each is recorded before it can be answered.
    pub(super) async fn open_asks(
        &self,
        ask: &Ask<'_>,
        located: &Located,
        fields: Vec<FieldId>,
        right: Right,
    ) -> Result<Vec<Asked>, BrokerError> {
        if fields.len() > MOST {
            return Err(BrokerError::Invalid(format!(
                "a person can be asked for {MOST} values at once; the item is stored, so ask for the rest with update_item"
            )));
        }
        let mut asked = Vec::with_capacity(fields.len());
        for field in fields {
            asked.push(self.open_ask(ask, located, &field, right).await?);
        }
        Ok(asked)
    }

    async fn open_ask(
        &self,
        ask: &Ask<'_>,
        located: &Located,
        field: &FieldId,
        right: Right,
    ) -> Result<Asked, BrokerError> {
        let Caller::Agent(agent) = ask.caller else {
            return Err(BrokerError::Invalid(
                "the owner types a value in the terminal: `--ask FIELD`".into(),
            ));
        };
        let approvals = self.approvals()?;
        let field = field_of(located, field)?;
        let reference = located.reference(field);
        let action = Action::Vault {
            vault: &located.vault,
            right,
            reasoned: ask.reasoned(),
        };
        let deed = Deed::reference(Verb::AskValue, &reference);
        let target = deed.target().clone();
        let entry = self.permit_typing(ask, &action, deed).await?.leave();
        let deed = AskDeed {
            caller: ask.caller.clone(),
            target,
            entry,
        };
        let thing = |id: &str, name: &str| Thing {
            id: id.to_owned(),
            name: name.to_owned(),
        };
        let ticket = Ticket::random();
        let new = NewRequest {
            agent: agent.name.clone(),
            client: agent.client.clone(),
            matter: Matter::Ask(AskMatter {
                vault: thing(reference.vault.id.as_str(), &reference.vault.name),
                item: thing(reference.item.id.as_str(), &reference.item.name),
                field: thing(reference.field.id.as_str(), &reference.field.name),
                made: right == Right::Create,
                entry,
                proven: agent.standing.proven,
                distant: agent.standing.distant,
            }),
            reason: None,
            bound: Vec::new(),
            lasts: self.typing_lasts(),
            local_only: true,
            grant: None,
            ticket: Some(ticket.clone()),
        };
        let path = new.matter.to_string();
        let opened = {
            let approvals = Arc::clone(&approvals);
            blocking(move || approvals.ask(new, Timestamp::now())).await
        };
        let request = match opened {
            Ok(request) => request,
            Err(error) => {
                self.end_ask(&deed, Outcome::Failed(error.to_string()))
                    .await;
                return Err(error.into());
            }
        };
        let asked = Asked {
            field: field.id.clone(),
            path,
            code: request.code.to_string(),
            expires: request.expires,
            state: AskState::Waiting,
            consent: None,
            ticket,
            id: request.id,
            digest: request.digest,
            deed,
        };
        tokio::spawn(expire(approvals, self.recorder.clone(), asked.clone()));
        Ok(asked)
    }

    /// Waits until each field is typed, declined or too late, or until `enough`; then tells what became of them.
    pub async fn typed_or(
        &self,
        asked: &mut [Asked],
        enough: Pin<&mut (dyn Future<Output = ()> + Send)>,
    ) {
        let watch = async {
            loop {
                for asked in asked.iter_mut().filter(|it| it.state == AskState::Waiting) {
                    asked.state = self.state_of(asked).await;
                }
                if asked.iter().all(|it| it.state != AskState::Waiting) {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = watch => {}
            () = enough => {}
        }
    }

    async fn state_of(&self, asked: &Asked) -> AskState {
        let Ok(approvals) = self.approvals() else {
            return AskState::Declined;
        };
        let (id, digest, expires) = (asked.id.clone(), asked.digest.clone(), asked.expires);
        let taken = blocking(move || {
            let now = Timestamp::now();
            if now <= expires && !approvals.is_answered(&id)? {
                return Ok(None);
            }
            approvals.take(&id, &digest, now)
        });
        match taken.await {
            Ok(None) => AskState::Waiting,
            Ok(Some(answer)) if answer.verdict == Verdict::Yes => AskState::Set,
            Err(ApprovalsError::Expired) => AskState::Expired,
            Ok(Some(_)) | Err(_) => AskState::Declined,
        }
    }

    /// Takes back what nobody is to type any more: the client said no.
    pub async fn withdraw_asks(&self, asked: &mut [Asked]) {
        for asked in asked.iter_mut().filter(|it| it.state == AskState::Waiting) {
            asked.state = AskState::Declined;
            let (Ok(approvals), id) = (self.approvals(), asked.id.clone()) else {
                continue;
            };
            // One that was answered in the meantime has its end already.
            let withdrawn = blocking(move || {
                let open = !approvals.is_answered(&id)?;
                approvals.withdraw(&id).map(|()| open)
            });
            if matches!(withdrawn.await, Ok(true)) {
                self.end_ask(&asked.deed, Outcome::Cancelled).await;
            }
        }
    }

    /// The item as it is now, with what became of its asks.
    ///
    /// # Errors
    /// [`BrokerError`] when the item is gone.
    pub async fn view_after(
        &self,
        view: ItemView,
        asked: Vec<Asked>,
    ) -> Result<ItemView, BrokerError> {
        let view = if asked.iter().any(|it| it.state == AskState::Set) {
            let id = &view.metadata.overview.id;
            let metadata = self.vault.metadata(&view.vault.id, id).await?;
            let vault = view.vault;
            self.view(Located { vault, metadata }).await?
        } else {
            view
        };
        Ok(ItemView { asked, ..view })
    }

    /// Keeps a call's asks until its client comes back with the state that is returned: sealed, bound to the agent and to
    /// `request`, good for one answer.
    ///
    /// # Errors
    /// [`BrokerError`] when there is nothing to keep, or no file of approvals.
    pub fn keep_asks(
        &self,
        caller: &Caller,
        request: &[u8],
        view: ItemView,
    ) -> Result<String, BrokerError> {
        let approvals = self.approvals()?;
        let first = view.asked.first().ok_or_else(answered)?.id.clone();
        let state = approvals.seal_state(&first, &[caller.name().as_bytes(), request]);
        self.asks.keep(first, view);
        Ok(state)
    }

    /// Takes out what was kept under a state. Whoever is not done with it keeps it again.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] when the state is another agent's, another request's, made up, or was answered for.
    pub fn resume_asks(
        &self,
        caller: &Caller,
        request: &[u8],
        state: &str,
    ) -> Result<ItemView, BrokerError> {
        let bound = [caller.name().as_bytes(), request];
        let id = self.approvals()?.open_state(state, &bound);
        let id = id.map_err(|_| answered())?;
        self.asks.take(&id).ok_or_else(answered)
    }

    pub(super) async fn end_ask(&self, deed: &AskDeed, outcome: Outcome) {
        note_end(&self.recorder, deed.ended(outcome)).await;
    }
}

/// Records that nobody typed it in time.
async fn expire(approvals: Arc<Approvals>, recorder: Recorder, asked: Asked) {
    let left = asked.expires.duration_since(Timestamp::now()) + SignedDuration::from_secs(1);
    tokio::time::sleep(left.unsigned_abs()).await;
    let id = asked.id.clone();
    let answered = blocking(move || approvals.is_answered(&id)).await;
    if matches!(answered, Ok(false)) {
        note_end(&recorder, asked.deed.ended(Outcome::TimedOut)).await;
    }
}

/// What is done is done: that its record could not be written is told to the operator only.
async fn note_end(recorder: &Recorder, entry: NewEntry) {
    if let Err(error) = recorder.record(vec![entry], None).await {
        tracing::error!(target: "hushkey", %error, "the end of a request for a value could not be recorded");
    }
}

/// The file waits for the disk: off the thread that serves others.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApprovalsError> + Send + 'static,
) -> Result<T, ApprovalsError> {
    let done = offload(work).await;
    done.unwrap_or(Err(ApprovalsError::Broken))
}

pub(super) fn answered() -> BrokerError {
    BrokerError::Invalid(
        "that was answered already, or is too old; read the item with get_item, and ask again if a field is still empty"
            .into(),
    )
}

pub(super) fn field_of<'a>(
    located: &'a Located,
    id: &FieldId,
) -> Result<&'a FieldMetadata, BrokerError> {
    let field = located.metadata.fields.iter().find(|it| it.id == *id);
    Ok(field.ok_or_else(|| no_field(id.as_str()))?)
}

pub(super) fn no_field(name: &str) -> VaultError {
    VaultError::NotFound {
        noun: Noun::Field,
        name: name.to_owned(),
    }
}
