//! Seals and MACs of the file, each with a key for one use.

use crate::{
    approvals::{
        Code, Decision, Digest, GrantKey, Lasting, NewRequest, PassTerms, Request, RequestId,
        Ticket, Verdict, record,
    },
    seal::{Broken, DataKey, Subkey},
    vault::StoreHead,
};

/// The file's keys.
pub(super) struct Keys {
    id: Vec<u8>,
    code: Subkey,
    decision: Subkey,
    digest: Subkey,
    lasting: Subkey,
    request: Subkey,
    state: Subkey,
    ticket: Subkey,
}

impl Keys {
    pub(super) fn derive(key: &DataKey, id: Vec<u8>) -> Self {
        Self {
            id,
            code: key.subkey("approvals/code"),
            decision: key.subkey("approvals/decision"),
            digest: key.subkey("approvals/digest"),
            lasting: key.subkey("approvals/lasting"),
            request: key.subkey("approvals/request"),
            state: key.subkey("approvals/state"),
            ticket: key.subkey("approvals/ticket"),
        }
    }

    pub(super) fn code(&self, code: &Code) -> [u8; 32] {
        self.code.mac(&[&self.id, code.as_str().as_bytes()])
    }

    pub(super) fn ticket(&self, ticket: &Ticket) -> [u8; 32] {
        self.ticket.mac(&[&self.id, ticket.as_bytes()])
    }

    /// Everything that a person is shown, and what else decides what will happen.
    pub(super) fn digest(&self, new: &NewRequest) -> Digest {
        let reason = new.reason.as_deref().unwrap_or_default();
        let said = [u8::from(new.reason.is_some())];
        Digest(self.digest.mac(&[
            &self.id,
            new.agent.as_str().as_bytes(),
            &record::matter(&new.matter),
            &said,
            reason.as_bytes(),
            &new.bound,
        ]))
    }

    pub(super) fn message(
        &self,
        id: &RequestId,
        digest: &Digest,
        verdict: Verdict,
        remember: bool,
        grant: Option<&GrantKey>,
    ) -> Vec<u8> {
        // All parts have a fixed length, so that no two messages run into one another.
        let grant = match grant {
            Some(grant) if remember => self.digest.mac(&[b"grant", &record::grant_key(grant)]),
            _ => [0; 32],
        };
        let words = [u8::from(verdict == Verdict::Yes), u8::from(remember)];
        [
            &b"hushkey approval 1\n"[..],
            &id.0,
            &digest.0,
            &words,
            &grant,
        ]
        .concat()
    }

    /// What the proof of a yes signs that holds for one run: another message than any other yes.
    pub(super) fn pass_message(
        &self,
        id: &RequestId,
        digest: &Digest,
        terms: &PassTerms,
    ) -> Vec<u8> {
        let until = terms.until.as_millisecond().to_le_bytes();
        let terms = self
            .digest
            .mac(&[b"pass", &record::grant_key(&terms.key), &until]);
        [&b"hushkey approval, once 1\n"[..], &id.0, &digest.0, &terms].concat()
    }

    pub(super) fn seal_request(&self, request: &Request) -> Vec<u8> {
        let place = self.place(&request.id, &[]);
        self.request.seal(&place, &record::encode_request(request))
    }

    pub(super) fn open_request(&self, id: &RequestId, sealed: &[u8]) -> Result<Request, Broken> {
        let opened = self.request.open(&self.place(id, &[]), sealed)?;
        record::decode_request(id, &opened)
    }

    pub(super) fn seal_decision(&self, request: &Request, decision: &Decision) -> Vec<u8> {
        let place = self.place(&request.id, &request.digest.0);
        self.decision
            .seal(&place, &record::encode_decision(decision))
    }

    pub(super) fn open_decision(
        &self,
        request: &Request,
        sealed: &[u8],
    ) -> Result<Decision, Broken> {
        let place = self.place(&request.id, &request.digest.0);
        record::decode_decision(&self.decision.open(&place, sealed)?)
    }

    pub(super) fn seal_lasting(&self, lasting: &Lasting) -> Vec<u8> {
        self.lasting
            .seal(&self.id, &record::encode_lasting(lasting))
    }

    pub(super) fn open_lasting(&self, sealed: &[u8]) -> Result<Lasting, Broken> {
        record::decode_lasting(&self.lasting.open(&self.id, sealed)?)
    }

    pub(super) fn seal_state(&self, id: &RequestId, associated: &[&[u8]]) -> String {
        let bound = self.state.mac(associated);
        let sealed = self.state.seal(&bound, &id.0);
        data_encoding::BASE64URL_NOPAD.encode(&sealed)
    }

    pub(super) fn open_state(
        &self,
        state: &str,
        associated: &[&[u8]],
    ) -> Result<RequestId, Broken> {
        let sealed = data_encoding::BASE64URL_NOPAD.decode(state.as_bytes());
        let bound = self.state.mac(associated);
        let opened = self.state.open(&bound, &sealed.map_err(|_| Broken)?)?;
        Ok(RequestId(opened[..].try_into().map_err(|_| Broken)?))
    }

    pub(super) fn witness(&self, lasting: &Lasting) -> StoreHead {
        StoreHead {
            store: format!("approvals/{}", data_encoding::HEXLOWER.encode(&self.id)),
            revision: lasting.revision,
            mark: self
                .digest
                .mac(&[b"lasting", &self.id, &record::encode_lasting(lasting)]),
        }
    }

    fn place(&self, id: &RequestId, digest: &[u8]) -> Vec<u8> {
        [&self.id[..], &id.0, digest].concat()
    }
}
