//! The full check, for `doctor`: every record against its seal, the tree and the sets, and every trace of
//! one that is missing or too many.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Instant,
};

use rusqlite::{OptionalExtension, Params};

use crate::{
    backend::local::{
        environments, files,
        record::{self, Members, StoredItem, VaultRecord},
        rows::{self, ItemRow},
        schema,
        session::Session,
        subkeys::{Mac, Part, Place, Subject, TitleIndex, state_code, tag},
        tree::Tree,
        vaults,
    },
    seal::same_mac,
    vault::{FileId, ItemId, ItemState, StoreReport, VaultError, VaultId},
};

/// How many faults are told one by one.
const MOST_FAULTS: usize = 100;

/// What a check has found so far.
struct Check {
    report: StoreReport,
    /// Faults beyond those that are told.
    untold: u64,
    /// Entries of the tree that no record has claimed yet.
    unclaimed: HashMap<Place, Mac>,
    /// How many rows the tree has.
    nodes: u64,
    members: HashMap<(VaultId, u8), Members>,
    titled: BTreeMap<(VaultId, TitleIndex), Vec<ItemId>>,
    files: HashSet<FileId>,
}

impl Session<'_> {
    /// Checks everything. An error means that the check itself was not possible.
    pub(super) fn check(&self) -> Result<StoreReport, VaultError> {
        let started = Instant::now();
        let mut check = Check::begin(self)?;
        self.check_file(&mut check)?;
        let vaults = self.check_vaults(&mut check)?;
        self.check_items(&mut check)?;
        self.check_environments(&mut check)?;
        self.check_strays(&mut check)?;
        check.finish_titles(self);
        check.finish_vaults(&vaults);
        check.finish_tree();
        check.report.took = started.elapsed();
        Ok(check.report)
    }

    /// SQLite's own check of its pages and indexes, and whether the tables are ours.
    fn check_file(&self, check: &mut Check) -> Result<(), VaultError> {
        let mut statement = self.transaction.prepare("PRAGMA integrity_check(20)")?;
        let lines: Vec<String> = statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for line in lines.iter().filter(|line| *line != "ok") {
            check.fault(format!("the store's file is damaged: {line}"));
        }
        if !schema::is_ours(&self.transaction)? {
            check.changed("the layout of the store's tables");
        }
        Ok(())
    }

    fn check_vaults(&self, check: &mut Check) -> Result<Vec<(VaultId, VaultRecord)>, VaultError> {
        let mut sound = Vec::new();
        let rows = self.vault_rows()?;
        if rows.len() as u64 != self.head.vaults {
            check.fault(format!(
                "there should be {} vaults, and there are {}",
                self.head.vaults,
                rows.len()
            ));
        }
        for (id, sealed) in rows {
            check.report.vaults += 1;
            let subject = Subject::Vault {
                vault: &id,
                record: &tag(&sealed),
            };
            let vouched = check.claim(&self.keys.vault_place(&id), &self.keys.proof(subject));
            let (key, bound) = self.keys.vault(&id);
            let plain = key.open(&bound, &sealed).ok();
            match plain.and_then(|plain| VaultRecord::decode(&plain).ok()) {
                Some(record) if vouched => sound.push((id, record)),
                _ => check.changed(&vaults::named(&id)),
            }
        }
        Ok(sound)
    }

    fn check_environments(&self, check: &mut Check) -> Result<(), VaultError> {
        let sealed = self.blob("SELECT record FROM environments WHERE id = ?1", [1])?;
        let Some(sealed) = sealed else {
            return Ok(());
        };
        let record = &tag(&sealed);
        let proof = self.keys.proof(Subject::Environments { record });
        let vouched = check.claim(&self.keys.environments_place(), &proof);
        let (key, bound) = self.keys.environments();
        let plain = key.open(&bound, &sealed).ok();
        let sound = plain.is_some_and(|plain| record::environments::decode(&plain).is_ok());
        if !(vouched && sound) {
            check.changed(environments::NAMED);
        }
        Ok(())
    }

    fn check_items(&self, check: &mut Check) -> Result<(), VaultError> {
        let mut statement = self.transaction.prepare(
            "SELECT number, id, vault, version, state, title, overview FROM items ORDER BY number",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            check.report.items += 1;
            match ItemRow::read(row) {
                Ok(row) => match self.check_item(check, &row)? {
                    Some(item) => check.take(&row, &item),
                    None => check.changed(&rows::named(&row.identity.item)),
                },
                Err(VaultError::Corrupted { what }) => check.changed(&what),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Opens all of an item; `None` when its overview is refused.
    fn check_item(
        &self,
        check: &mut Check,
        row: &ItemRow,
    ) -> Result<Option<StoredItem>, VaultError> {
        let (vault, item) = (&row.identity.vault, &row.identity.item);
        let subject = Subject::Item {
            item,
            vault,
            title: &row.title,
            overview: &tag(&row.sealed),
        };
        let vouched = check.claim(&self.keys.item_place(item), &self.keys.proof(subject));
        let part = Part::Overview {
            version: row.identity.version,
            state: row.identity.state,
        };
        let (key, bound) = self.keys.part(vault, item, part);
        let plain = key.open(&bound, &row.sealed).ok();
        let opened =
            plain.and_then(|p| StoredItem::decode(&p, row.number, row.identity.clone()).ok());
        let Some(stored) = opened.filter(|_| vouched) else {
            return Ok(None);
        };
        if self.keys.title(vault, &stored.metadata.overview.title) != row.title {
            check.changed(&format!("the title of {}", rows::named(item)));
        }

        let part = Part::Details {
            version: stored.details_version,
        };
        let (key, bound) = self.keys.part(vault, item, part);
        let details = self.blob("SELECT sealed FROM details WHERE item = ?1", [row.number])?;
        let opened = details
            .filter(|sealed| tag(sealed) == stored.details_tag)
            .and_then(|sealed| key.open(&bound, &sealed).ok());
        if opened.is_none_or(|plain| record::decode_details(&plain).is_err()) {
            check.changed(&format!("a value of {}", rows::named(item)));
        }

        for file in &stored.metadata.files {
            check.report.files += 1;
            check.files.insert(file.id.clone());
            match self.read_file(vault, item, file, &mut std::io::sink()) {
                Err(VaultError::Corrupted { .. }) => check.changed(&files::named(&file.id)),
                read => read?,
            }
        }
        Ok(Some(stored))
    }

    /// Rows that nothing leads to: they would never be read, and yet nobody should be able to add them.
    fn check_strays(&self, check: &mut Check) -> Result<(), VaultError> {
        let count = |statement| {
            self.transaction
                .query_row(statement, [], |row| row.get::<_, u64>(0))
        };
        let details = count(
            "SELECT count(*) FROM details WHERE NOT EXISTS (SELECT 1 FROM items WHERE number = details.item)",
        )?;
        let files = count("SELECT count(*) FROM files")?;
        let nodes = count("SELECT count(*) FROM tree")?;
        for (there, known, what) in [
            (details, 0, "values"),
            (files, check.files.len() as u64, "files"),
            (nodes, check.nodes, "entries of the index of records"),
        ] {
            if there > known {
                check.fault(format!(
                    "{} {what} belong to nothing in the store",
                    there - known
                ));
            }
        }
        Ok(())
    }

    fn blob(&self, statement: &str, ids: impl Params) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self
            .transaction
            .prepare_cached(statement)?
            .query_row(ids, |row| row.get(0))
            .optional()?)
    }
}

impl Check {
    fn begin(session: &Session<'_>) -> Result<Self, VaultError> {
        let contents = Tree::contents(&session.transaction, session.keys, session.head.root)?;
        let mut check = Self {
            report: StoreReport::default(),
            untold: 0,
            unclaimed: contents.entries,
            nodes: contents.sound,
            members: HashMap::new(),
            titled: BTreeMap::new(),
            files: HashSet::new(),
        };
        if contents.broken > 0 {
            check.changed("the store's index of records");
        }
        Ok(check)
    }

    /// Tells whether the tree vouches for a record, and notes that the record is there.
    fn claim(&mut self, place: &Place, proof: &Mac) -> bool {
        self.unclaimed
            .remove(place)
            .is_some_and(|known| same_mac(&known, proof))
    }

    /// Notes a sound item.
    fn take(&mut self, row: &ItemRow, item: &StoredItem) {
        let vault = row.identity.vault.clone();
        let set = (vault.clone(), state_code(row.identity.state));
        self.members.entry(set).or_default().add(item.mark);
        let titled = self.titled.entry((vault, row.title)).or_default();
        titled.push(row.identity.item.clone());
    }

    fn finish_titles(&mut self, session: &Session<'_>) {
        for ((vault, title), mut items) in std::mem::take(&mut self.titled) {
            items.sort();
            let subject = Subject::Title {
                vault: &vault,
                title: &title,
                items: &items,
            };
            let place = session.keys.title_place(&vault, &title);
            if !self.claim(&place, &session.keys.proof(subject)) {
                self.changed(&format!("the index of titles of {}", vaults::named(&vault)));
            }
        }
    }

    fn finish_vaults(&mut self, vaults: &[(VaultId, VaultRecord)]) {
        for (id, record) in vaults {
            for state in [ItemState::Active, ItemState::Archived] {
                let found = self.members.remove(&(id.clone(), state_code(state)));
                if found.unwrap_or_default() != record.members(state) {
                    self.changed(&format!("the list of items of {}", vaults::named(id)));
                }
            }
        }
    }

    fn finish_tree(&mut self) {
        match self.unclaimed.len() {
            0 => {}
            1 => self.fault("1 record was removed outside hushkey".to_owned()),
            n => self.fault(format!("{n} records were removed outside hushkey")),
        }
        if self.untold > 0 {
            let more = format!("and {} more faults", self.untold);
            self.report.faults.push(more);
        }
    }

    fn changed(&mut self, what: &str) {
        self.fault(format!("{what} was changed or removed outside hushkey"));
    }

    fn fault(&mut self, sentence: String) {
        if self.report.faults.len() < MOST_FAULTS {
            self.report.faults.push(sentence);
        } else {
            self.untold += 1;
        }
    }
}
