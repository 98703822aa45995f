//! Which vaults there are and what lies in them: names, and whether a field is set. Never a value.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use maud::html;

use super::{Desk, OWNER, Session, failed, page, time};
use crate::{
    broker::ItemsWanted,
    display_text::{escaped, safe_url},
};

pub(super) async fn list(State(desk): State<Arc<Desk>>, session: Session) -> Response {
    let vaults = match desk.owner.broker.vaults(&OWNER).await {
        Ok(vaults) => vaults,
        Err(error) => return failed(&session, &error),
    };
    let content = html! {
        h1 { "Vaults" }
        @if vaults.is_empty() { p { "There is no vault." } }
        ul.plain {
            @for vault in &vaults {
                li {
                    a href={ "/" (session.base) "/vaults/" (vault.overview.id.as_str()) } { (escaped(&vault.overview.name)) }
                    span.soft { " · " (vault.overview.items) " items" }
                    @if !vault.overview.description.is_empty() { br; (escaped(&vault.overview.description)) }
                }
            }
        }
    };
    page(&session, "vaults", "Vaults", content).into_response()
}

pub(super) async fn items(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path((_, vault)): Path<(String, String)>,
) -> Response {
    let wanted = ItemsWanted {
        vault: Some(vault.clone()),
        ..ItemsWanted::default()
    };
    let items = match desk.owner.broker.items(&OWNER, &wanted).await {
        Ok(page) => page.items,
        Err(error) => return failed(&session, &error),
    };
    let name = items
        .first()
        .map_or("Items".to_owned(), |it| escaped(&it.vault.name));
    let content = html! {
        p { a href={ "/" (session.base) "/vaults" } { "All vaults" } }
        h1 { (name) }
        @if items.is_empty() { p { "There is no item here." } }
        ul.plain {
            @for item in &items {
                li {
                    a href={ "/" (session.base) "/vaults/" (item.vault.id.as_str()) "/" (item.overview.id.as_str()) } { (escaped(&item.overview.title)) }
                    span.soft { " · " (escaped(item.overview.category.as_str())) }
                }
            }
        }
    };
    page(&session, "vaults", &name, content).into_response()
}

pub(super) async fn item(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path((_, vault, item)): Path<(String, String, String)>,
) -> Response {
    let view = match desk.owner.broker.item(&OWNER, &item, Some(&vault)).await {
        Ok(view) => view,
        Err(error) => return failed(&session, &error),
    };
    let overview = &view.metadata.overview;
    let title = escaped(&overview.title);
    let content = html! {
        p { a href={ "/" (session.base) "/vaults/" (view.vault.id.as_str()) } { (escaped(&view.vault.name)) } }
        h1 { (title) }
        dl {
            dt { "Category" } dd { (escaped(overview.category.as_str())) }
            @if !overview.tags.is_empty() { dt { "Tags" } dd { (escaped(&overview.tags.join(", "))) } }
            @for url in &overview.urls { dt { "Address" } dd { (safe_url(&url.href)) } }
            dt { "Version" } dd { (overview.version) }
            dt { "Changed" } dd { (time(overview.updated_at)) }
        }
        h2 { "Fields" }
        div.scroll tabindex="0" role="region" aria-label="Fields" {
            table {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Reference" } } }
                tbody {
                    @for (field, reference) in view.metadata.fields.iter().zip(&view.field_references) {
                        tr {
                            td { (escaped(&field.label)) }
                            td { @if !field.set { "empty" } @else if field.concealed() { "set, concealed" } @else { "set" } }
                            td { code { (escaped(reference)) } }
                        }
                    }
                }
            }
        }
        @if !view.metadata.files.is_empty() {
            h2 { "Files" }
            ul.plain { @for file in &view.metadata.files { li { (escaped(&file.name)) span.soft { " · " (file.size) " bytes" } } } }
        }
    };
    page(&session, "vaults", &title, content).into_response()
}
