//! A vault in memory, with switches for what can go wrong behind the trait.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use hushkey::vault::{
    Category, Field, FieldId, FieldMetadata, FieldType, FileContent, FileId, FileMetadata, Item,
    ItemId, ItemMetadata, ItemOverview, ItemState, ItemUrl, NewFile, NewItem, NewVault, Noun,
    Secret, StoreHead, StoreReport, Vault, VaultEdit, VaultError, VaultId, VaultOverview,
};
use jiff::Timestamp;

/// Vaults and items in memory.
#[derive(Default)]
pub struct FakeVault {
    kept: Mutex<Kept>,
    trouble: Option<Trouble>,
    head: Option<Box<dyn Fn() -> StoreHead + Send + Sync>>,
}

#[derive(Default)]
struct Kept {
    vaults: Vec<VaultOverview>,
    items: Vec<Item>,
    files: Vec<(FileId, Vec<u8>)>,
    made: u32,
}

enum Trouble {
    Corrupted,
    Down(String),
}

/// The cause of an outage, which no model may read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl FakeVault {
    /// Nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does not answer; `cause` is what only the operator may read.
    pub fn down(cause: &str) -> Self {
        Self {
            trouble: Some(Trouble::Down(cause.to_owned())),
            ..Self::default()
        }
    }

    /// Finds every item changed from outside.
    pub fn corrupted(self) -> Self {
        Self {
            trouble: Some(Trouble::Corrupted),
            ..self
        }
    }

    /// With a vault.
    pub fn vault(self, name: &str) -> Self {
        let mut kept = self.kept();
        let now = kept.tick();
        kept.vaults.push(VaultOverview {
            id: VaultId::random(),
            name: name.to_owned(),
            description: String::new(),
            items: 0,
            attribute_version: 1,
            content_version: 1,
            created_at: now,
            updated_at: now,
        });
        drop(kept);
        self
    }

    /// With an item in the vault made last: label, type, value.
    pub fn item(self, title: &str, fields: &[(&str, &str, &str)]) -> Self {
        let fields = fields.iter().map(|(label, kind, value)| Field {
            metadata: FieldMetadata {
                id: FieldId::new(*label),
                section: None,
                label: (*label).to_owned(),
                kind: FieldType::read(kind),
                purpose: None,
                set: !value.is_empty(),
                origins: Vec::new(),
            },
            value: (!value.is_empty()).then(|| Secret::new((*value).to_owned())),
        });
        let new = NewItem {
            title: title.to_owned(),
            category: Category::Login,
            urls: Vec::new(),
            tags: Vec::new(),
            favorite: false,
            sections: Vec::new(),
            fields: fields.collect(),
            created_by: None,
        };
        let mut kept = self.kept();
        let vault = kept.vaults.last().expect("a vault comes first").id.clone();
        kept.make(&vault, new);
        drop(kept);
        self
    }

    /// Changes the item made last.
    pub fn with(self, change: impl FnOnce(&mut Item)) -> Self {
        change(self.kept().items.last_mut().expect("an item comes first"));
        self
    }

    /// With a web address on the item made last.
    pub fn url(self, href: &str) -> Self {
        let url = ItemUrl {
            href: href.to_owned(),
            label: None,
            primary: true,
        };
        self.with(|item| item.overview.urls.push(url))
    }

    /// With somebody who tells where it stands, and may do more when asked.
    #[allow(dead_code)]
    pub fn standing_at(self, head: impl Fn() -> StoreHead + Send + Sync + 'static) -> Self {
        Self {
            head: Some(Box::new(head)),
            ..self
        }
    }

    /// What is in it, unless it is to fail: for whoever keeps the same elsewhere.
    #[allow(dead_code)]
    pub fn contents(&self) -> Option<(Vec<VaultOverview>, Vec<Item>)> {
        let kept = self.kept();
        let well = self.trouble.is_none() && self.head.is_none();
        well.then(|| (kept.vaults.clone(), kept.items.clone()))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .expect("no test panics while it holds the vault")
    }

    fn well(&self) -> Result<MutexGuard<'_, Kept>, VaultError> {
        match &self.trouble {
            Some(Trouble::Down(cause)) => Err(VaultError::Unavailable {
                message: "the vault could not be reached".into(),
                source: Some(Box::new(Cause(cause.clone()))),
            }),
            _ => Ok(self.kept()),
        }
    }

    fn sound(&self) -> Result<MutexGuard<'_, Kept>, VaultError> {
        match self.trouble {
            Some(Trouble::Corrupted) => Err(VaultError::Corrupted {
                what: "the item".into(),
            }),
            _ => self.well(),
        }
    }
}

impl Kept {
    /// A clock that no test has to wait for.
    fn tick(&mut self) -> Timestamp {
        self.made += 1;
        Timestamp::from_second(1_785_000_000 + i64::from(self.made))
            .expect("a time of this century")
    }

    fn make(&mut self, vault: &VaultId, new: NewItem) -> ItemMetadata {
        let now = self.tick();
        let item = Item {
            overview: ItemOverview {
                id: ItemId::random(),
                vault: vault.clone(),
                title: new.title,
                category: new.category,
                urls: new.urls,
                tags: new.tags,
                favorite: new.favorite,
                state: ItemState::Active,
                version: 1,
                created_at: now,
                updated_at: now,
                last_edited_by: new.created_by,
            },
            sections: new.sections,
            fields: new.fields,
            files: Vec::new(),
        };
        let metadata = item.metadata();
        self.items.push(item);
        metadata
    }

    fn content(&self, id: &FileId) -> Result<Vec<u8>, VaultError> {
        let found = self.files.iter().find(|(known, _)| known == id);
        found
            .map(|(_, content)| content.clone())
            .ok_or_else(|| VaultError::NotFound {
                noun: Noun::File,
                name: id.to_string(),
            })
    }

    fn find(&mut self, vault: &VaultId, id: &ItemId) -> Result<&mut Item, VaultError> {
        self.items
            .iter_mut()
            .find(|item| item.overview.id == *id && item.overview.vault == *vault)
            .ok_or_else(|| VaultError::NotFound {
                noun: Noun::Item,
                name: id.to_string(),
            })
    }
}

fn unsupported<T>() -> Result<T, VaultError> {
    Err(VaultError::Unsupported(
        "the fake vault can't do that".into(),
    ))
}

#[async_trait]
impl Vault for FakeVault {
    async fn vaults(&self) -> Result<Vec<VaultOverview>, VaultError> {
        let kept = self.well()?;
        let mut vaults = kept.vaults.clone();
        for vault in &mut vaults {
            let within = kept
                .items
                .iter()
                .filter(|item| item.overview.vault == vault.id);
            vault.items = within.count() as u64;
        }
        vaults.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(vaults)
    }

    async fn create_vault(&self, _new: NewVault) -> Result<VaultOverview, VaultError> {
        unsupported()
    }

    async fn edit_vault(&self, _: &VaultId, _: VaultEdit) -> Result<VaultOverview, VaultError> {
        unsupported()
    }

    async fn delete_vault(&self, _: &VaultId) -> Result<(), VaultError> {
        unsupported()
    }

    async fn items(
        &self,
        vault: &VaultId,
        state: ItemState,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let kept = self.well()?;
        let overviews = kept.items.iter().map(|item| item.overview.clone());
        let mut found: Vec<_> = overviews
            .filter(|it| it.vault == *vault && it.state == state)
            .collect();
        found.sort_by(|a, b| a.title.cmp(&b.title));
        Ok(found)
    }

    async fn items_titled(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let mut found = self.items(vault, ItemState::Active).await?;
        found.retain(|item| item.title.eq_ignore_ascii_case(title));
        Ok(found)
    }

    async fn metadata(&self, vault: &VaultId, item: &ItemId) -> Result<ItemMetadata, VaultError> {
        Ok(self.sound()?.find(vault, item)?.metadata())
    }

    async fn item(&self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError> {
        Ok(self.sound()?.find(vault, item)?.clone())
    }

    async fn create_item(&self, vault: &VaultId, new: NewItem) -> Result<ItemMetadata, VaultError> {
        Ok(self.well()?.make(vault, new))
    }

    async fn replace_item(&self, item: Item) -> Result<ItemMetadata, VaultError> {
        let mut kept = self.sound()?;
        let now = kept.tick();
        let kept = kept.find(&item.overview.vault, &item.overview.id)?;
        if kept.overview.version != item.overview.version {
            return Err(VaultError::Conflict {
                expected: item.overview.version,
                found: kept.overview.version,
            });
        }
        *kept = item;
        kept.overview.version += 1;
        kept.overview.updated_at = now;
        for field in &mut kept.fields {
            field.metadata.set = field.value.as_ref().is_some_and(|value| !value.is_empty());
        }
        Ok(kept.metadata())
    }

    async fn set_item_state(
        &self,
        vault: &VaultId,
        item: &ItemId,
        state: ItemState,
    ) -> Result<ItemOverview, VaultError> {
        let mut kept = self.sound()?;
        let item = kept.find(vault, item)?;
        item.overview.state = state;
        item.overview.version += 1;
        Ok(item.overview.clone())
    }

    async fn delete_item(&self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError> {
        let mut kept = self.sound()?;
        kept.find(vault, item)?;
        kept.items.retain(|it| it.overview.id != *item);
        Ok(())
    }

    async fn file_content(
        &self,
        _: &VaultId,
        _: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        Ok(FileContent::new(self.sound()?.content(file)?))
    }

    async fn save_file(
        &self,
        _: &VaultId,
        _: &ItemId,
        file: &FileId,
        mut into: Box<dyn std::io::Write + Send>,
    ) -> Result<u64, VaultError> {
        let content = self.sound()?.content(file)?;
        into.write_all(&content)
            .map_err(|_| VaultError::Refused("the file can't be written".into()))?;
        Ok(content.len() as u64)
    }

    async fn attach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        mut file: NewFile,
    ) -> Result<ItemMetadata, VaultError> {
        let mut content = Vec::new();
        let read = std::io::Read::read_to_end(&mut file.content, &mut content);
        read.map_err(|_| VaultError::Refused("the file can't be read".into()))?;
        let mut kept = self.sound()?;
        let id = FileId::random();
        kept.files.push((id.clone(), content));
        let item = kept.find(vault, item)?;
        item.files.push(FileMetadata {
            id,
            name: file.name,
            size: file.size,
            section: file.section,
        });
        item.overview.version += 1;
        Ok(item.metadata())
    }

    async fn detach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<ItemMetadata, VaultError> {
        let mut kept = self.sound()?;
        let item = kept.find(vault, item)?;
        item.files.retain(|known| known.id != *file);
        item.overview.version += 1;
        Ok(item.metadata())
    }

    async fn head(&self) -> Result<Option<StoreHead>, VaultError> {
        Ok(self.head.as_ref().map(|head| head()))
    }

    async fn check(&self) -> Result<StoreReport, VaultError> {
        Ok(StoreReport::default())
    }

    fn archives(&self) -> bool {
        true
    }
}
