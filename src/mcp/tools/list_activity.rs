//! `list_activity`: what was done, in plain English.

use jiff::Timestamp;
use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::{Activity, ActivityWanted},
    display_text::escaped,
    mcp::{
        VaultServer,
        arguments::{ArgumentError, Arguments},
        error::ToolError,
        schema,
    },
};

/// How many entries are listed when nothing is said.
const ENTRIES: usize = 50;

#[derive(Default, Deserialize, JsonSchema)]
pub(in crate::mcp) struct ListActivity {
    /// How many entries at most, the newest ones; 50 when absent.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
    /// Only what was done since: RFC 3339 (`2026-08-01T12:00:00Z`) or how long ago (`30m`, `1h`, `7d`).
    #[schemars(length(min = 1))]
    since: Option<String>,
    /// Only what this agent did. You see your own activity only.
    #[schemars(length(min = 1))]
    agent: Option<String>,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct ActivityList {
    /// The entries, newest last.
    entries: Vec<ActivityEntry>,
}

/// One thing that was done.
#[derive(Serialize, JsonSchema)]
struct ActivityEntry {
    /// When, RFC 3339.
    time: String,
    /// Who.
    agent: String,
    /// What, in one word.
    action: String,
    /// To what.
    target: String,
    /// `allowed` or `denied`, or how it ended.
    decision: String,
    /// All of it in plain English.
    sentence: String,
}

#[tool_router(router = list_activity_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/list_activity.md"),
        input_schema = schema::input::<ListActivity>(),
        output_schema = schema::output::<ActivityList>(),
        annotations(
            title = "List activity",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_activity(
        &self,
        arguments: Arguments<ListActivity>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<ActivityList>, ToolError> {
        Ok(Json(self.activity_list(arguments.read()?, &context).await?))
    }

    /// The answer, also for the resource of the same content.
    pub(in crate::mcp) async fn activity_list(
        &self,
        wanted: ListActivity,
        context: &RequestContext<RoleServer>,
    ) -> Result<ActivityList, ToolError> {
        let wanted = wanted.at(Timestamp::now())?;
        let entries = self
            .broker()
            .await?
            .activity(&self.caller(context), &wanted)
            .await?;
        Ok(ActivityList {
            entries: entries.into_iter().map(ActivityEntry::from).collect(),
        })
    }
}

impl ListActivity {
    fn at(self, now: Timestamp) -> Result<ActivityWanted, ArgumentError> {
        let since = match &self.since {
            Some(text) => Some(since(text, now).ok_or_else(|| {
                ArgumentError::new(
                    "argument `since` must be a time in RFC 3339, or a length such as `1h`",
                )
            })?),
            None => None,
        };
        Ok(ActivityWanted {
            limit: Some(self.limit.map_or(ENTRIES, usize::from)),
            since,
            agent: self.agent,
            after: None,
        })
    }
}

/// Reads a time in RFC 3339, or a length of time before now: a number and one of `s`, `m`, `h`, `d`, `w`.
fn since(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    let length = jiff::SignedDuration::from_secs(i64::from(count) * unit);
    now.checked_sub(length).ok()
}

impl From<Activity> for ActivityEntry {
    fn from(activity: Activity) -> Self {
        Self {
            time: activity.time.to_string(),
            agent: escaped(&activity.agent),
            action: escaped(&activity.action),
            target: escaped(&activity.target),
            decision: escaped(&activity.decision),
            sentence: escaped(&activity.sentence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_a_length_before_now() {
        let now: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();

        let read = |text| since(text, now).map(|time| time.to_string());

        assert_eq!(read("1h").as_deref(), Some("2026-08-01T11:00:00Z"));
        assert_eq!(read("7d").as_deref(), Some("2026-07-25T12:00:00Z"));
        assert_eq!(
            read("2026-07-01T00:00:00Z").as_deref(),
            Some("2026-07-01T00:00:00Z")
        );
        for bad in ["", "h", "1", "-1h", "1é", "yesterday", "4294967296s"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
