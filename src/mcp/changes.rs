//! What a client is told unasked: that its list of tools has changed, and that there is new activity.
//!
//! The policy is a file and the log is another process' as well, so both are looked at, seldom. A look tells nothing but
//! that something changed; what it is, the client asks for and is answered as ever.

use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::SubscriptionFilter,
    service::{Peer, SubscriptionContext},
};

use super::{VaultServer, resources::ACTIVITY};
use crate::access::Caller;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(2);

/// What was there at the last look.
#[derive(PartialEq, Eq)]
struct Seen {
    tools: Vec<String>,
    /// The number of the agent's last entry that is no look at the log itself.
    activity: Option<u64>,
}

impl VaultServer {
    /// What can be subscribed to: the list of tools, and the activity, if that is offered at all.
    pub(super) fn can_be_told(&self, requested: &SubscriptionFilter) -> SubscriptionFilter {
        let mut accepted = SubscriptionFilter::new();
        accepted.tools_list_changed = requested.tools_list_changed;
        let wanted = requested.resource_subscriptions.iter().flatten();
        let activity = wanted.filter(|uri| *uri == ACTIVITY && self.offered.has("list_activity"));
        accepted.resource_subscriptions = Some(activity.take(1).cloned().collect());
        accepted
    }

    /// Tells a client of the newest version, until it goes.
    pub(super) async fn tell_subscriber(
        &self,
        context: SubscriptionContext,
    ) -> Result<(), ErrorData> {
        let caller = self.caller(context.request_context());
        let mut before = self.look(&caller).await;
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = tokio::time::sleep(EVERY) => {}
            }
            let now = self.look(&caller).await;
            let (tools, activity) = (now.tools != before.tools, now.activity != before.activity);
            before = now;
            let sink = context.sink();
            // What it did not subscribe to is held back there; one that is gone has cancelled.
            if tools {
                let _ = sink.notify_tool_list_changed().await;
            }
            if activity {
                let _ = sink.notify_resource_updated(ACTIVITY).await;
            }
        }
    }

    /// Tells a session of an older version, until it ends: of its tools only.
    pub(super) async fn tell_session(self, caller: Caller, peer: Peer<RoleServer>) {
        let mut before = self.useful_tools(&caller);
        loop {
            tokio::time::sleep(EVERY).await;
            if peer.is_transport_closed() {
                return;
            }
            let now = self.useful_tools(&caller);
            if now != before && peer.notify_tool_list_changed().await.is_err() {
                return;
            }
            before = now;
        }
    }

    async fn look(&self, caller: &Caller) -> Seen {
        // Before it is open there is no activity, and nothing is opened for a look.
        let activity = match self.broker.opened() {
            Some(broker) => broker.activity_mark(caller).await,
            None => None,
        };
        Seen {
            tools: self.useful_tools(caller),
            activity,
        }
    }

    fn useful_tools(&self, caller: &Caller) -> Vec<String> {
        let tools = self.offered_tools(caller).into_iter();
        tools.map(|tool| tool.name.to_string()).collect()
    }
}
