//! Which agents there are, and what the policy lets each do.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{Desk, Session, failed, page};
use crate::{display_text::escaped, policy::AgentDescription};

pub(super) async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    let policy = match desk.owner.broker.bound_policy().await {
        Ok(policy) => policy.describe(),
        Err(error) => return failed(&session, &error),
    };
    let content = html! {
        h1 { "Agents" }
        p.soft { "What the policy lets each agent do. Everything else is refused. " code { "hushkey agent allow" } " changes it." }
        @if policy.agents.is_empty() { p { "No agent has any right." } }
        @for agent in &policy.agents { (card(agent)) }
    };
    page(&session, "agents", "Agents", content).into_response()
}

fn card(agent: &AgentDescription) -> Markup {
    html! {
        section {
            h2 { (escaped(&agent.name)) }
            @if agent.require_token { p { span.badge { "needs a token" } } }
            @if agent.vaults.is_empty() { p { "It sees no vault." } }
            @if !agent.vaults.is_empty() {
                div.scroll tabindex="0" role="region" aria-label={ "Vaults of " (escaped(&agent.name)) } {
                    table {
                        thead { tr { th scope="col" { "Vault" } th scope="col" { "It may" } } }
                        tbody {
                            @for vault in &agent.vaults {
                                tr {
                                    td { (escaped(&vault.vault)) }
                                    td {
                                        (vault.rights.to_string())
                                        @if vault.unbound.is_some() { " " span.warn { "(there is no such vault, or several)" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !agent.rules.is_empty() {
                h3 { "Programs that it may run" }
                ol.plain {
                    @for rule in &agent.rules {
                        li {
                            span.soft { (rule.number) ". " }
                            code { (escaped(&rule.command)) }
                            @if rule.secrets.is_empty() { span.soft { " without secrets" } }
                            @else { " with " (escaped(&rule.secrets.join(", "))) }
                            br;
                            span.soft { (escaped(&rule.terms.join(" · "))) }
                        }
                    }
                }
            }
        }
    }
}
