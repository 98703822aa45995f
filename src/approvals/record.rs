//! How requests, decisions and memories lie on disk, within their seals.
//!
//! ```text
//! record: form (1 byte, 1) | postcard of the type here
//! lasting: form (1 byte, 2) | as above; form 1 has no passes
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    access::AgentName,
    approvals::{
        Code, Decision, Digest, Grant, GrantKey, Lasting, Matter, Muted, Pass, PassTerms, Person,
        Proof, Request, RequestId, Verdict, Way,
    },
    seal::Broken,
};

const FORM: u8 = 1;
/// The form of what is remembered, since there are passes.
const LASTING_FORM: u8 = 2;

#[derive(Serialize, Deserialize)]
struct RequestRecord {
    code: String,
    agent: String,
    client: Option<String>,
    matter: Matter,
    reason: Option<String>,
    digest: [u8; 32],
    /// Milliseconds since 1970.
    created: i64,
    expires: i64,
    local_only: bool,
    grant: Option<GrantKeyRecord>,
}

#[derive(Serialize, Deserialize)]
struct GrantKeyRecord {
    agent: String,
    pattern: String,
    program: String,
    references: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct DecisionRecord {
    yes: bool,
    remember: bool,
    name: String,
    uid: u32,
    way: WayRecord,
    at: i64,
    proof: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
enum WayRecord {
    Dialogue,
    Page,
    Terminal,
}

#[derive(Serialize, Deserialize)]
struct LastingRecord {
    revision: u64,
    grants: Vec<GrantRecord>,
    muted: Vec<MutedRecord>,
    passes: Vec<PassRecord>,
}

#[derive(Deserialize)]
struct LastingRecord1 {
    revision: u64,
    grants: Vec<GrantRecord>,
    muted: Vec<MutedRecord>,
}

#[derive(Serialize, Deserialize)]
struct PassRecord {
    until: i64,
    /// As a grant has them; its code is the request's.
    grant: GrantRecord,
}

#[derive(Serialize, Deserialize)]
struct GrantRecord {
    code: String,
    key: GrantKeyRecord,
    name: String,
    uid: u32,
    way: WayRecord,
    at: i64,
    request: [u8; 16],
    digest: [u8; 32],
    proof: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct MutedRecord {
    code: String,
    agent: String,
    digest: [u8; 32],
    text: String,
    name: String,
    uid: u32,
    at: i64,
}

/// The bytes of a matter, for its digest.
pub(super) fn matter(matter: &Matter) -> Vec<u8> {
    encode(matter)
}

/// The bytes of what a grant or a pass holds for, for a proof.
pub(super) fn grant_key(key: &GrantKey) -> Vec<u8> {
    encode(&GrantKeyRecord::of(key))
}

pub(super) fn encode_request(request: &Request) -> Vec<u8> {
    encode(&RequestRecord {
        code: request.code.to_string(),
        agent: request.agent.to_string(),
        client: request.client.clone(),
        matter: request.matter.clone(),
        reason: request.reason.clone(),
        digest: request.digest.0,
        created: request.created.as_millisecond(),
        expires: request.expires.as_millisecond(),
        local_only: request.local_only,
        grant: request.grant.as_ref().map(GrantKeyRecord::of),
    })
}

pub(super) fn decode_request(id: &RequestId, bytes: &[u8]) -> Result<Request, Broken> {
    let record: RequestRecord = decode(bytes)?;
    Ok(Request {
        id: id.clone(),
        code: code(&record.code)?,
        agent: agent(&record.agent)?,
        client: record.client,
        matter: record.matter,
        reason: record.reason,
        digest: Digest(record.digest),
        created: time(record.created)?,
        expires: time(record.expires)?,
        local_only: record.local_only,
        grant: record.grant.map(GrantKeyRecord::key).transpose()?,
        ticket: None,
    })
}

pub(super) fn encode_decision(decision: &Decision) -> Vec<u8> {
    encode(&DecisionRecord {
        yes: decision.verdict == Verdict::Yes,
        remember: decision.remember,
        name: decision.by.name.clone(),
        uid: decision.by.uid,
        way: WayRecord::of(decision.way),
        at: decision.at.as_millisecond(),
        proof: proof_bytes(decision.proof.as_ref()),
    })
}

pub(super) fn decode_decision(bytes: &[u8]) -> Result<Decision, Broken> {
    let record: DecisionRecord = decode(bytes)?;
    Ok(Decision {
        verdict: if record.yes {
            Verdict::Yes
        } else {
            Verdict::No
        },
        remember: record.remember,
        by: Person {
            name: record.name,
            uid: record.uid,
        },
        way: record.way.way(),
        at: time(record.at)?,
        proof: record.proof.map(proof).transpose()?,
    })
}

pub(super) fn encode_lasting(lasting: &Lasting) -> Vec<u8> {
    let grants = lasting.grants.iter().map(|grant| GrantRecord {
        code: grant.code.to_string(),
        key: GrantKeyRecord::of(&grant.key),
        name: grant.by.name.clone(),
        uid: grant.by.uid,
        way: WayRecord::of(grant.way),
        at: grant.at.as_millisecond(),
        request: grant.request.0,
        digest: grant.digest.0,
        proof: proof_bytes(grant.proof.as_ref()),
    });
    let muted = lasting.muted.iter().map(|muted| MutedRecord {
        code: muted.code.to_string(),
        agent: muted.agent.to_string(),
        digest: muted.digest.0,
        text: muted.text.clone(),
        name: muted.by.name.clone(),
        uid: muted.by.uid,
        at: muted.at.as_millisecond(),
    });
    let passes = lasting.passes.iter().map(|pass| PassRecord {
        until: pass.terms.until.as_millisecond(),
        grant: GrantRecord {
            code: pass.code.to_string(),
            key: GrantKeyRecord::of(&pass.terms.key),
            name: pass.by.name.clone(),
            uid: pass.by.uid,
            way: WayRecord::of(pass.way),
            at: pass.at.as_millisecond(),
            request: pass.request.0,
            digest: pass.digest.0,
            proof: proof_bytes(pass.proof.as_ref()),
        },
    });
    let record = LastingRecord {
        revision: lasting.revision,
        grants: grants.collect(),
        muted: muted.collect(),
        passes: passes.collect(),
    };
    encode_as(LASTING_FORM, &record)
}

pub(super) fn decode_lasting(bytes: &[u8]) -> Result<Lasting, Broken> {
    let record: LastingRecord = match bytes.first() {
        Some(&FORM) => decode::<LastingRecord1>(bytes)?.into(),
        _ => decode_as(LASTING_FORM, bytes)?,
    };
    Ok(Lasting {
        revision: record.revision,
        grants: all(record.grants, GrantRecord::grant)?,
        muted: all(record.muted, MutedRecord::muted)?,
        passes: all(record.passes, PassRecord::pass)?,
    })
}

impl From<LastingRecord1> for LastingRecord {
    fn from(record: LastingRecord1) -> Self {
        Self {
            revision: record.revision,
            grants: record.grants,
            muted: record.muted,
            passes: Vec::new(),
        }
    }
}

impl PassRecord {
    fn pass(self) -> Result<Pass, Broken> {
        let grant = self.grant.grant()?;
        Ok(Pass {
            code: grant.code,
            terms: PassTerms {
                key: grant.key,
                until: time(self.until)?,
            },
            by: grant.by,
            way: grant.way,
            at: grant.at,
            request: grant.request,
            digest: grant.digest,
            proof: grant.proof,
        })
    }
}

impl GrantRecord {
    fn grant(self) -> Result<Grant, Broken> {
        Ok(Grant {
            code: code(&self.code)?,
            key: self.key.key()?,
            by: Person {
                name: self.name,
                uid: self.uid,
            },
            way: self.way.way(),
            at: time(self.at)?,
            request: RequestId(self.request),
            digest: Digest(self.digest),
            proof: self.proof.map(proof).transpose()?,
        })
    }
}

impl MutedRecord {
    fn muted(self) -> Result<Muted, Broken> {
        Ok(Muted {
            code: code(&self.code)?,
            agent: agent(&self.agent)?,
            digest: Digest(self.digest),
            text: self.text,
            by: Person {
                name: self.name,
                uid: self.uid,
            },
            at: time(self.at)?,
        })
    }
}

impl GrantKeyRecord {
    fn of(key: &GrantKey) -> Self {
        Self {
            agent: key.agent.to_string(),
            pattern: key.pattern.clone(),
            program: key.program.clone(),
            references: key.references.clone(),
        }
    }

    fn key(self) -> Result<GrantKey, Broken> {
        Ok(GrantKey {
            agent: agent(&self.agent)?,
            pattern: self.pattern,
            program: self.program,
            references: self.references,
        })
    }
}

impl WayRecord {
    fn of(way: Way) -> Self {
        match way {
            Way::Dialogue => Self::Dialogue,
            Way::Page => Self::Page,
            Way::Terminal => Self::Terminal,
        }
    }

    fn way(self) -> Way {
        match self {
            Self::Dialogue => Way::Dialogue,
            Self::Page => Way::Page,
            Self::Terminal => Way::Terminal,
        }
    }
}

fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    encode_as(FORM, record)
}

fn encode_as<T: Serialize>(form: u8, record: &T) -> Vec<u8> {
    postcard::to_extend(record, vec![form]).expect("a vector takes any record")
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Broken> {
    decode_as(FORM, bytes)
}

fn decode_as<T: DeserializeOwned>(form: u8, bytes: &[u8]) -> Result<T, Broken> {
    match bytes.split_first() {
        Some((known, rest)) if *known == form => postcard::from_bytes(rest).map_err(|_| Broken),
        _ => Err(Broken),
    }
}

fn all<R, T>(records: Vec<R>, read: impl Fn(R) -> Result<T, Broken>) -> Result<Vec<T>, Broken> {
    records.into_iter().map(read).collect()
}

fn agent(name: &str) -> Result<AgentName, Broken> {
    AgentName::parse(name).map_err(|_| Broken)
}

fn code(text: &str) -> Result<Code, Broken> {
    Code::read(text).ok_or(Broken)
}

fn time(milliseconds: i64) -> Result<Timestamp, Broken> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Broken)
}

fn proof(bytes: Vec<u8>) -> Result<Proof, Broken> {
    bytes.try_into().map(Proof).map_err(|_| Broken)
}

fn proof_bytes(proof: Option<&Proof>) -> Option<Vec<u8>> {
    proof.map(|proof| proof.0.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_before_there_were_passes_is_remembered_still() {
        let lasting = Lasting {
            revision: 7,
            ..Lasting::default()
        };
        let mut bytes = encode_lasting(&lasting);

        assert_eq!(decode_lasting(&bytes).unwrap(), lasting);
        // The older form: its own number, and nothing where the passes are.
        bytes[0] = FORM;
        assert_eq!(bytes.pop(), Some(0));
        assert_eq!(decode_lasting(&bytes).unwrap(), lasting);
        bytes[0] = LASTING_FORM + 1;
        assert!(decode_lasting(&bytes).is_err());
    }
}
