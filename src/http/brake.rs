//! Counts what is turned away, by address and minute, and says when an address has to wait.
//!
//! A valid token is always let in, whatever came from its address before: a brake that held it up would let anybody lock
//! others out. What is braked is only the noise. Each kind is reported when it first comes in a minute, and once more
//! when the minute is over, with how many there were: the log can't be flooded, and its sums are exact.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::arrival::Address;
use crate::access::AgentName;

const MINUTE: Duration = Duration::from_secs(60);
/// Addresses that are counted apart from each other.
const MOST_ADDRESSES: usize = 4096;

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    ConnectExpired,
    ConnectRevoked,
    ConnectUnknown,
    Expired,
    ForeignSession,
    Host,
    Malformed,
    Missing,
    Origin,
    Query,
    Revoked,
    Unknown,
    User,
}

/// So many requests were turned away for this reason since the last report of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) address: Address,
    pub(super) why: Why,
    pub(super) agent: Option<AgentName>,
    pub(super) count: u64,
}

/// What is to be done about a request that was turned away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What has to be recorded now.
    pub(super) report: Option<Report>,
    /// How long the address has to wait, if it is over the limit.
    pub(super) wait: Option<Duration>,
}

/// Counts of all addresses.
pub(super) struct Brake {
    limit: u32,
    minutes: Mutex<HashMap<Address, Minute>>,
}

/// One address in one minute.
struct Minute {
    began: Instant,
    failures: u32,
    /// How many were not reported yet.
    kinds: BTreeMap<(Why, Option<AgentName>), u64>,
}

impl Why {
    /// The reason as a predicate of "12 requests from 10.0.0.7 …".
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::ConnectExpired => "with a Connect server's token that has expired",
            Self::ConnectRevoked => "with a Connect server's token that was revoked",
            Self::ConnectUnknown => "with what is no token of a Connect server here",
            Self::Expired => "with a token that has expired",
            Self::ForeignSession => "with the session of another agent",
            Self::Host => "addressed to a name that is not this server's (DNS rebinding?)",
            Self::Malformed => "with something that is no token of an agent",
            Self::Missing => "without a token",
            Self::Origin => "made by a page of somebody else's",
            Self::Query => "with a token in the address",
            Self::Revoked => "with a token that was revoked",
            Self::Unknown => "with a token that was not made here",
            Self::User => "of another user's process",
        }
    }
}

impl Report {
    /// The report as a sentence: `12 requests from 10.0.0.7 without a token`.
    pub(super) fn sentence(&self) -> String {
        let requests = if self.count == 1 {
            "1 request".to_owned()
        } else {
            format!("{} requests", self.count)
        };
        format!("{requests} from {} {}", self.address, self.why.told())
    }
}

impl Brake {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            minutes: Mutex::default(),
        }
    }

    /// Counts a request that was turned away.
    pub(super) fn count(
        &self,
        address: &Address,
        why: Why,
        agent: Option<AgentName>,
        now: Instant,
    ) -> Verdict {
        let mut minutes = self.lock();
        let mut address = address.counted();
        if minutes.len() >= MOST_ADDRESSES && !minutes.contains_key(&address) {
            address = Address::Others;
        }
        let minute = minutes.entry(address.clone()).or_insert_with(|| Minute {
            began: now,
            failures: 0,
            kinds: BTreeMap::new(),
        });
        minute.failures = minute.failures.saturating_add(1);
        let failures = minute.failures;
        let key = (why, agent);
        let report = match minute.kinds.get_mut(&key) {
            Some(unreported) => {
                *unreported += 1;
                None
            }
            None => {
                minute.kinds.insert(key.clone(), 0);
                let (why, agent) = key;
                Some(Report {
                    address,
                    why,
                    agent,
                    count: 1,
                })
            }
        };
        let rest = MINUTE.saturating_sub(now.duration_since(minute.began));
        Verdict {
            report,
            wait: (failures > self.limit).then_some(rest),
        }
    }

    /// Takes what was not reported of the minutes that are over; of all, if the server ends.
    pub(super) fn over(&self, now: Instant, all: bool) -> Vec<Report> {
        let mut reports = Vec::new();
        self.lock().retain(|address, minute| {
            if !all && now.duration_since(minute.began) < MINUTE {
                return true;
            }
            for ((why, agent), count) in std::mem::take(&mut minute.kinds) {
                if count > 0 {
                    reports.push(Report {
                        address: address.clone(),
                        why,
                        agent,
                        count,
                    });
                }
            }
            false
        });
        reports
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Minute>> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Address {
        Address::Inet([10, 0, 0, last].into())
    }

    #[test]
    fn a_flood_is_two_reports_whose_sum_is_exact() {
        let brake = Brake::new(30);
        let now = Instant::now();

        let verdicts: Vec<_> = (0..100_000)
            .map(|_| brake.count(&address(7), Why::Unknown, None, now))
            .collect();
        let early = brake.over(now + Duration::from_secs(59), false);
        let late = brake.over(now + MINUTE, false);

        let first: u64 = verdicts
            .iter()
            .filter_map(|it| it.report.as_ref())
            .map(|it| it.count)
            .sum();
        assert_eq!((first, early.len(), late.len()), (1, 0, 1));
        assert_eq!(first + late[0].count, 100_000);
        assert_eq!(verdicts[29].wait, None);
        assert_eq!(verdicts[30].wait, Some(MINUTE));
        assert_eq!(brake.over(now + MINUTE, true), []);
    }

    #[test]
    fn each_kind_and_each_address_is_told_apart() {
        let brake = Brake::new(1);
        let now = Instant::now();

        let told = [
            brake.count(&address(1), Why::Unknown, None, now),
            brake.count(&address(1), Why::Missing, None, now),
            brake.count(&address(2), Why::Missing, None, now),
        ];

        assert!(told.iter().all(|verdict| verdict.report.is_some()));
        assert!(told[0].wait.is_none() && told[1].wait.is_some() && told[2].wait.is_none());
        assert_eq!(
            told[1].report.as_ref().unwrap().sentence(),
            "1 request from 10.0.0.1 without a token"
        );
    }

    #[test]
    fn however_many_addresses_come_few_are_remembered() {
        let brake = Brake::new(1);
        let now = Instant::now();

        for n in 0..(MOST_ADDRESSES as u32 + 100) {
            let address = Address::Inet(std::net::Ipv4Addr::from(n).into());
            brake.count(&address, Why::Unknown, None, now);
        }

        assert!(brake.lock().len() <= MOST_ADDRESSES + 1);
    }
}
