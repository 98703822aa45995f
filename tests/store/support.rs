//! A store in a private directory of its own, and items to put in it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use hushkey::{
    backend::local::LocalVault,
    keys::{Kek, KeySource},
    vault::{
        Category, Environment, EnvironmentEdit, Field, FieldId, FieldMetadata, FieldType, Item,
        ItemMetadata, NewFile, NewItem, NewVault, Purpose, Secret, Section, SectionId,
        VariableContent, VariableName, Vault, VaultId, VaultOverview,
    },
};
use tempfile::TempDir;

/// A directory with a key and a store.
pub(crate) struct Home {
    dir: TempDir,
}

impl Home {
    /// An empty private directory.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        set_mode(dir.path(), 0o700);
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        store_in(self.path())
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path().join("key")
    }

    pub(crate) fn kek(&self) -> Kek {
        kek_in(self.path())
    }

    /// Opens the store, made if need be.
    pub(crate) fn open(&self) -> LocalVault {
        open_in(self.path())
    }
}

pub(crate) fn store_in(home: &Path) -> PathBuf {
    home.join("store.db")
}

pub(crate) fn kek_in(home: &Path) -> Kek {
    KeySource::File(home.join("key")).load_or_create().unwrap()
}

pub(crate) fn open_in(home: &Path) -> LocalVault {
    LocalVault::open_or_create(&store_in(home), &kek_in(home)).unwrap()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) async fn vault_named(store: &LocalVault, name: &str) -> VaultOverview {
    let new = NewVault {
        name: name.to_owned(),
        description: String::new(),
    };
    store.create_vault(new).await.unwrap()
}

pub(crate) async fn login_in(store: &LocalVault, vault: &VaultId, title: &str) -> ItemMetadata {
    store.create_item(vault, login(title)).await.unwrap()
}

/// A login whose password is made from its title.
pub(crate) fn login(title: &str) -> NewItem {
    let admin = SectionId::new("admin");
    NewItem {
        title: title.to_owned(),
        category: Category::Login,
        urls: Vec::new(),
        tags: vec!["test".to_owned()],
        favorite: false,
        sections: vec![Section {
            id: admin.clone(),
            label: "Admin".to_owned(),
        }],
        fields: vec![
            field(
                "username",
                FieldType::String,
                Some(Purpose::Username),
                "anna",
            ),
            field(
                "password",
                FieldType::Concealed,
                Some(Purpose::Password),
                &password(title),
            ),
            field("empty", FieldType::String, None, ""),
        ],
        created_by: Some("owner".to_owned()),
    }
}

pub(crate) fn password(title: &str) -> String {
    format!("password of {title}")
}

pub(crate) fn field(id: &str, kind: FieldType, purpose: Option<Purpose>, value: &str) -> Field {
    Field {
        metadata: FieldMetadata {
            id: FieldId::new(id),
            section: None,
            label: id.to_owned(),
            kind,
            purpose,
            set: false,
            origins: Vec::new(),
        },
        value: Some(Secret::new(value.to_owned())),
    }
}

pub(crate) fn file(name: &str, content: &[u8]) -> NewFile {
    NewFile {
        name: name.to_owned(),
        section: None,
        size: content.len() as u64,
        content: Box::new(std::io::Cursor::new(content.to_vec())),
    }
}

/// A variable with plain text.
pub(crate) fn variable(name: &str, text: &str) -> (VariableName, VariableContent) {
    let content = VariableContent::Text(Secret::new(text.to_owned()));
    (VariableName::parse(name).unwrap(), content)
}

/// A change by the owner that sets variables.
pub(crate) fn set(variables: Vec<(VariableName, VariableContent)>) -> EnvironmentEdit {
    EnvironmentEdit {
        set: variables,
        by: "owner".to_owned(),
        ..EnvironmentEdit::default()
    }
}

/// All of some environments, for comparison.
pub(crate) fn texts(environments: &[Environment]) -> Vec<String> {
    let text = |content: &VariableContent| match content {
        VariableContent::Reference(reference) => reference.to_string(),
        VariableContent::Text(text) => text.expose_secret().to_owned(),
    };
    let line = |it: &Environment| {
        let variables = it.variables.iter();
        let variables =
            variables.map(|it| format!("{}={} {}", it.name, text(&it.content), it.set_by));
        let variables: Vec<_> = variables.collect();
        format!(
            "{} {} {} {}",
            it.id,
            it.name,
            it.version,
            variables.join(" ")
        )
    };
    environments.iter().map(line).collect()
}

/// The values of an item's fields, for comparison.
pub(crate) fn values(item: &Item) -> Vec<Option<String>> {
    let value = |field: &Field| field.value.as_ref().map(|v| v.expose_secret().to_owned());
    item.fields.iter().map(value).collect()
}
