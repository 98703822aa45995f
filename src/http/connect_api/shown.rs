//! From 1Password's nouns to the wire: the one place where a value leaves towards a program.

use crate::{
    broker::connect_api::{ClientRequest, ItemAnswer, OpenItem, shown_date},
    connect::{Actor, ApiRequest, Field, File, Id, Item, Resource, Section, Text, Url, Vault},
    vault::{
        FieldMetadata, FileContent, FileMetadata, ItemMetadata, ItemOverview, ItemState, Secret,
        VaultOverview, item,
    },
};

/// A vault.
pub(super) fn vault(vault: VaultOverview) -> Vault {
    Vault {
        id: vault.id.to_string(),
        name: vault.name,
        description: vault.description,
        attribute_version: vault.attribute_version,
        content_version: vault.content_version,
        items: vault.items,
        kind: "USER_CREATED".to_owned(),
        created_at: Some(vault.created_at.to_string()),
        updated_at: Some(vault.updated_at.to_string()),
    }
}

/// An item, as a list shows it.
pub(super) fn overview(item: ItemOverview) -> Item {
    let urls = item.urls.into_iter().map(|url| Url {
        href: url.href,
        label: url.label,
        primary: url.primary,
    });
    Item {
        id: item.id.to_string(),
        vault: Id {
            id: item.vault.to_string(),
        },
        category: item.category.as_str().to_owned(),
        urls: urls.collect(),
        state: (item.state == ItemState::Archived).then(|| "ARCHIVED".to_owned()),
        title: item.title,
        tags: item.tags,
        favorite: item.favorite,
        version: item.version,
        created_at: Some(item.created_at.to_string()),
        updated_at: Some(item.updated_at.to_string()),
        last_edited_by: item.last_edited_by,
        ..Item::default()
    }
}

/// A request that was made.
pub(super) fn request(request: ClientRequest) -> ApiRequest {
    let id = |id: Option<String>| Id {
        id: id.unwrap_or_default(),
    };
    ApiRequest {
        request_id: request.id,
        timestamp: request.time.to_string(),
        action: request.action.to_owned(),
        result: if request.allowed { "SUCCESS" } else { "DENY" }.to_owned(),
        actor: Actor {
            id: request.server.to_string(),
            jti: request.token.to_string(),
            user_agent: request.user_agent.unwrap_or_default(),
            request_ip: request.address,
            ..Actor::default()
        },
        resource: Resource {
            kind: if request.is_about_an_item {
                "ITEM"
            } else {
                "VAULT"
            }
            .to_owned(),
            vault: id(request.vault.map(|vault| vault.to_string())),
            item: id(request.item.map(|item| item.to_string())),
            item_version: request.version.unwrap_or_default(),
        },
    }
}

/// An item that was written.
pub(super) fn answer(answer: ItemAnswer) -> Item {
    match answer {
        ItemAnswer::Bare(metadata) => bare(*metadata),
        ItemAnswer::Open(open) => self::open(*open),
        ItemAnswer::Sparse(metadata) => Item {
            version: 0,
            created_at: None,
            updated_at: None,
            last_edited_by: None,
            ..bare(*metadata)
        },
    }
}

/// An item with its values.
pub(super) fn open(open: OpenItem) -> Item {
    let OpenItem { item, codes, bits } = open;
    let base = format!(
        "/v1/vaults/{}/items/{}",
        item.overview.vault, item.overview.id
    );
    let extras = codes.into_iter().zip(bits);
    let fields = item.fields.into_iter().zip(extras);
    let fields = fields.map(|(field, (code, bits))| Field {
        value: field
            .value
            .map(|value| shown_value(&field.metadata, &value)),
        entropy: bits,
        totp: code.map(|code| lent(&code)),
        ..self::field(field.metadata, &item.sections)
    });
    let fields = fields.collect();
    let files = item.files.into_iter().map(|it| file(it, &base, None));
    Item {
        fields,
        files: files.collect(),
        sections: item.sections.iter().map(section).collect(),
        ..overview(item.overview)
    }
}

/// An item without anything that it holds.
fn bare(item: ItemMetadata) -> Item {
    let fields = item.fields.into_iter();
    Item {
        fields: fields.map(|it| field(it, &item.sections)).collect(),
        sections: item.sections.iter().map(section).collect(),
        ..overview(item.overview)
    }
}

/// A file, with its content if that was asked for. `base` is the item's own path.
pub(super) fn file(file: FileMetadata, base: &str, content: Option<FileContent>) -> File {
    let content = content.map(|content| {
        let bytes = content.expose_secret();
        Text::new(data_encoding::BASE64.encode(bytes))
    });
    File {
        content_path: format!("{base}/files/{}/content", file.id),
        id: file.id.to_string(),
        name: file.name,
        size: file.size,
        section: file.section.map(|id| Section {
            id: id.to_string(),
            label: None,
        }),
        content,
    }
}

fn field(field: FieldMetadata, sections: &[item::Section]) -> Field {
    let own = |id: &crate::vault::SectionId| sections.iter().find(|known| known.id == *id);
    Field {
        id: field.id.to_string(),
        section: field.section.as_ref().and_then(own).map(section),
        kind: field.kind.as_str().to_owned(),
        purpose: field
            .purpose
            .map_or_else(String::new, |purpose| purpose.as_str().to_owned()),
        label: Some(field.label),
        ..Field::default()
    }
}

fn section(section: &item::Section) -> Section {
    Section {
        id: section.id.to_string(),
        label: Some(section.label.clone()).filter(|label| !label.is_empty()),
    }
}

fn shown_value(field: &FieldMetadata, value: &Secret) -> Text {
    match shown_date(&field.kind, value) {
        Some(seconds) => Text::new(seconds.to_string()),
        None => lent(value),
    }
}

fn lent(value: &Secret) -> Text {
    Text::new(value.expose_secret().to_owned())
}
