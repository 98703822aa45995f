//! What a person typed for an agent: decided again, recorded, claimed, and only then written.
//!
//! It does not know whether it came from a page or a terminal, and reads nothing out of the item that it changes.

use jiff::Timestamp;

use crate::{
    access::{Agent, Caller, Standing},
    approvals::{
        ApprovalsError, AskMatter, Decision as Answer, Matter, Person, Request, Ticket, Verdict,
        Way,
    },
    audit::{Outcome, Verb},
    broker::{
        Broker, BrokerError,
        asking::{AskDeed, answered, blocking, field_of, no_field},
        guard::Deed,
        resolve::Located,
    },
    policy::{Action, Decision, Right},
    vault::{FieldId, ItemId, ResolvedReference, Secret, VaultError, VaultId, reference::Named},
};

/// How often the write is tried when others change the item at the same time.
const TRIES: usize = 5;

impl Broker {
    /// The field that a page's ticket opens.
    ///
    /// # Errors
    /// [`ApprovalsError`] tells whether it is used, too late or unknown.
    pub async fn ask_by_ticket(&self, ticket: Ticket) -> Result<Request, ApprovalsError> {
        let approvals = self.approvals().map_err(|_| ApprovalsError::Unknown)?;
        blocking(move || approvals.by_ticket(&ticket, Timestamp::now())).await
    }

    /// Writes what a person typed into the field that was asked for.
    ///
    /// # Errors
    /// [`BrokerError`]; the field is as it was then.
    pub async fn type_value(
        &self,
        shown: &Request,
        value: Secret,
        way: Way,
    ) -> Result<(), BrokerError> {
        let Matter::Ask(matter) = &shown.matter else {
            return Err(BrokerError::Invalid("that request wants no value".into()));
        };
        if value.is_empty() {
            return Err(BrokerError::Invalid("nothing was typed".into()));
        }
        let field = self.decide_again(shown, matter).await?;
        let person = Person::current();
        let owner = self.ask(&Caller::Owner).await?;
        let written = Deed::reference(Verb::TypeValue, &field).because(Some(&format!(
            "{} asked for it, and {person} typed it ({}, request {})",
            shown.agent,
            way.as_str(),
            shown.code
        )));
        let ticket = self.permit(&owner, &Action::Administer, written).await?;
        let done = self
            .claim_and_write(shown, &field, value, way, person)
            .await;
        let outcome = match &done {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let done = self.closing(ticket, done).await;
        // A second try that came too late is not the end of the first.
        if !matches!(&done, Err(BrokerError::Approvals(error)) if error.is_no()) {
            let deed = deed_of(shown, matter, &field);
            self.end_ask(&deed, outcome).await;
        }
        done
    }

    /// Ends a request for a value with a person's no.
    ///
    /// # Errors
    /// [`BrokerError`] when it was answered before.
    pub async fn refuse_to_type(&self, shown: &Request, way: Way) -> Result<(), BrokerError> {
        let Matter::Ask(matter) = &shown.matter else {
            return Err(BrokerError::Invalid("that request wants no value".into()));
        };
        let noted = reference_of(matter)?;
        self.answer(shown, Verdict::No, way, Person::current())
            .await?;
        let deed = deed_of(shown, matter, &noted);
        self.end_ask(&deed, Outcome::Cancelled).await;
        Ok(())
    }

    /// Policy and item may have changed since the agent asked.
    async fn decide_again(
        &self,
        shown: &Request,
        matter: &AskMatter,
    ) -> Result<ResolvedReference, BrokerError> {
        let agent = agent_of(shown, matter);
        let ask = self.ask(&agent).await?;
        let noted = reference_of(matter)?;
        let right = if matter.made {
            Right::Create
        } else {
            Right::Update
        };
        let action = Action::Vault {
            vault: &noted.vault,
            right,
            // It gave its reason when it asked.
            reasoned: true,
        };
        if let Decision::Denied(_) = ask.policy.decide(&agent, &action, ask.now) {
            let deed = Deed::reference(Verb::TypeValue, &noted);
            return match self.permit(&ask, &action, deed).await {
                // The policy has no clock of its own: it can't have changed its mind in between.
                Ok(ticket) => self.closing(ticket, Err(answered())).await,
                Err(error) => Err(error),
            };
        }
        let metadata = self.vault.metadata(&noted.vault.id, &noted.item.id).await?;
        let located = Located {
            vault: noted.vault,
            metadata,
        };
        let field = field_of(&located, &noted.field.id)?;
        if matter.made && field.set {
            return Err(BrokerError::Invalid(
                "the field was set in the meantime; ask again to replace its value".into(),
            ));
        }
        Ok(located.reference(field))
    }

    async fn claim_and_write(
        &self,
        shown: &Request,
        field: &ResolvedReference,
        value: Secret,
        way: Way,
        person: Person,
    ) -> Result<(), BrokerError> {
        let approvals = self.approvals()?;
        let claimed = shown.clone();
        blocking(move || approvals.claim(&claimed, Timestamp::now())).await?;
        let written = self.write_value(field, value).await;
        let verdict = if written.is_ok() {
            Verdict::Yes
        } else {
            Verdict::No
        };
        if let Err(error) = self.answer(shown, verdict, way, person).await {
            tracing::warn!(target: "hushkey", %error, "the agent could not be told that a value was typed");
        }
        written
    }

    async fn write_value(
        &self,
        field: &ResolvedReference,
        value: Secret,
    ) -> Result<(), BrokerError> {
        let mut tries = 1;
        loop {
            let mut item = self.vault.item(&field.vault.id, &field.item.id).await?;
            let place = item
                .fields
                .iter_mut()
                .find(|it| it.metadata.id == field.field.id);
            let place = place.ok_or_else(|| no_field(&field.field.name))?;
            place.value = Some(value.clone());
            place.metadata.set = true;
            place.metadata.origins.clear();
            item.overview.last_edited_by = Some(Caller::Owner.name().to_owned());
            match self.vault.replace_item(item).await {
                Ok(_) => return Ok(()),
                Err(VaultError::Conflict { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn answer(
        &self,
        shown: &Request,
        verdict: Verdict,
        way: Way,
        by: Person,
    ) -> Result<(), BrokerError> {
        let approvals = self.approvals()?;
        let shown = shown.clone();
        let now = Timestamp::now();
        let answer = Answer {
            verdict,
            remember: false,
            by,
            way,
            at: now,
            proof: None,
        };
        Ok(blocking(move || approvals.decide(&shown, &answer, now)).await?)
    }
}

/// The agent as it asked.
fn agent_of(shown: &Request, matter: &AskMatter) -> Caller {
    Caller::Agent(Agent {
        name: shown.agent.clone(),
        default_roots: Vec::new(),
        client: shown.client.clone(),
        standing: Standing {
            distant: matter.distant,
            proven: matter.proven,
        },
    })
}

fn deed_of(shown: &Request, matter: &AskMatter, noted: &ResolvedReference) -> AskDeed {
    AskDeed {
        caller: agent_of(shown, matter),
        target: Deed::reference(Verb::AskValue, noted).target().clone(),
        entry: matter.entry,
    }
}

/// The field as it was when the agent asked.
fn reference_of(matter: &AskMatter) -> Result<ResolvedReference, BrokerError> {
    let broken = |_| BrokerError::from(ApprovalsError::Broken);
    Ok(ResolvedReference {
        vault: Named {
            id: VaultId::parse(&matter.vault.id).map_err(broken)?,
            name: matter.vault.name.clone(),
        },
        item: Named {
            id: ItemId::parse(&matter.item.id).map_err(broken)?,
            name: matter.item.name.clone(),
        },
        section: None,
        field: Named {
            id: FieldId::new(&matter.field.id),
            name: matter.field.name.clone(),
        },
    })
}
