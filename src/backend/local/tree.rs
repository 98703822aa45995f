//! The tree that vouches for records: a hash tree over places, whose every node bears a MAC.
//!
//! A record's *place* is a keyed hash of what it is, so nobody without the key knows which entry is whose.
//! An entry holds the record's *proof*. Reading a record follows one path from the root in the store's
//! head, so a record that was changed, put back or removed is noticed at the cost of a few small rows, and
//! so is a place that should be empty. A bucket that grows too long becomes a branch: a small store is one
//! node, 100,000 items lie four nodes deep. The tree does not know what the records are.
//!
//! ```text
//! table tree: number INTEGER PRIMARY KEY, node BLOB
//!   number: 1 for the root, else 16 × the parent's number + the place's next four bits
//!   node:   0 | entries in order: place (16 bytes), proof (32 bytes)           a bucket
//!           1 | bits of children that are there (2 bytes, little-endian), their MACs (32 bytes each)
//! ```

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use rusqlite::{Connection, OptionalExtension};

use crate::{
    backend::local::subkeys::{Mac, Place, Subkeys},
    seal::same_mac,
    vault::VaultError,
};

/// The MAC of a node that is not there.
pub(super) const ABSENT: Mac = [0; 32];

const ROOT: u64 = 1;
const FANOUT: u64 = 16;
/// How many entries a bucket holds before it becomes a branch.
const CAPACITY: usize = 32;
/// Below this depth buckets stay buckets, so that numbers fit in 64 bits. Nobody gets there by chance.
const DEEPEST: usize = 14;

/// The part of the tree that a transaction has looked at, and its changes to it.
pub(super) struct Tree {
    root: Mac,
    nodes: HashMap<u64, Node>,
    changed: BTreeSet<u64>,
}

enum Node {
    Branch(Box<[Mac; FANOUT as usize]>),
    Bucket(Vec<(Place, Mac)>),
}

/// What is under one root: for a full check.
pub(super) struct Contents {
    /// Every entry that can be trusted.
    pub(super) entries: HashMap<Place, Mac>,
    /// How many nodes do not match their MAC, or are missing.
    pub(super) broken: u64,
    /// How many nodes are sound.
    pub(super) sound: u64,
}

impl Tree {
    /// The tree under a root whose MAC the caller has checked.
    pub(super) fn under(root: Mac) -> Self {
        Self {
            root,
            nodes: HashMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Looks up the proof at a place. `None` is as certain as a proof: nothing has that place.
    pub(super) fn get(
        &mut self,
        connection: &Connection,
        keys: &Subkeys,
        place: &Place,
    ) -> Result<Option<Mac>, VaultError> {
        let (number, _) = self.find_bucket(connection, keys, place)?;
        let entries = self.entries(number);
        let found = entries.binary_search_by_key(place, |(at, _)| *at);
        Ok(found.ok().map(|at| entries[at].1))
    }

    /// Puts a proof at a place, or takes it away. Nothing is written before [`Self::write`].
    pub(super) fn set(
        &mut self,
        connection: &Connection,
        keys: &Subkeys,
        place: &Place,
        proof: Option<Mac>,
    ) -> Result<(), VaultError> {
        let (number, depth) = self.find_bucket(connection, keys, place)?;
        let entries = self.entries(number);
        match (entries.binary_search_by_key(place, |(at, _)| *at), proof) {
            (Ok(at), Some(proof)) => entries[at].1 = proof,
            (Ok(at), None) => drop(entries.remove(at)),
            (Err(at), Some(proof)) => entries.insert(at, (*place, proof)),
            (Err(_), None) => {}
        }
        self.changed.insert(number);
        self.split(number, depth);
        Ok(())
    }

    /// Writes what changed and returns the new root's MAC.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        keys: &Subkeys,
    ) -> Result<Mac, VaultError> {
        // A parent's number is below its children's, so the greatest number is always ready.
        while let Some(number) = self.changed.pop_last() {
            let mac = match &self.nodes[&number] {
                Node::Bucket(entries) if entries.is_empty() => {
                    connection
                        .prepare_cached("DELETE FROM tree WHERE number = ?1")?
                        .execute([number])?;
                    ABSENT
                }
                node => {
                    let bytes = node.encode();
                    connection
                        .prepare_cached("REPLACE INTO tree (number, node) VALUES (?1, ?2)")?
                        .execute((number, &bytes))?;
                    keys.node(number, &bytes)
                }
            };
            if number == ROOT {
                self.root = mac;
            } else if let Some(Node::Branch(children)) = self.nodes.get_mut(&(number / FANOUT)) {
                children[(number % FANOUT) as usize] = mac;
                self.changed.insert(number / FANOUT);
            }
        }
        Ok(self.root)
    }

    /// Reads the whole tree, and counts what is broken instead of stopping there.
    pub(super) fn contents(
        connection: &Connection,
        keys: &Subkeys,
        root: Mac,
    ) -> Result<Contents, VaultError> {
        let mut contents = Contents {
            entries: HashMap::new(),
            broken: 0,
            sound: 0,
        };
        let mut open = vec![(ROOT, root)];
        while let Some((number, mac)) = open.pop() {
            match load(connection, keys, number, &mac) {
                Ok(Node::Bucket(entries)) => contents.entries.extend(entries),
                Ok(Node::Branch(children)) => {
                    let children = children.iter().enumerate();
                    open.extend(
                        children
                            .filter(|(_, mac)| **mac != ABSENT)
                            .map(|(slot, mac)| (number * FANOUT + slot as u64, *mac)),
                    );
                }
                Err(VaultError::Corrupted { .. }) => {
                    contents.broken += 1;
                    continue;
                }
                Err(e) => return Err(e),
            }
            contents.sound += u64::from(mac != ABSENT);
        }
        Ok(contents)
    }

    /// Finds the bucket that a place belongs to: its number and depth. Its entries are then at hand.
    fn find_bucket(
        &mut self,
        connection: &Connection,
        keys: &Subkeys,
        place: &Place,
    ) -> Result<(u64, usize), VaultError> {
        let (mut number, mut mac, mut depth) = (ROOT, self.root, 0);
        loop {
            let node = match self.nodes.entry(number) {
                // It was checked when it came, and may have changed since.
                Entry::Occupied(here) => here.into_mut(),
                Entry::Vacant(free) => free.insert(load(connection, keys, number, &mac)?),
            };
            let Node::Branch(children) = node else {
                return Ok((number, depth));
            };
            let slot = slot(place, depth);
            mac = children[slot as usize];
            number = number * FANOUT + slot;
            depth += 1;
        }
    }

    fn entries(&mut self, bucket: u64) -> &mut Vec<(Place, Mac)> {
        match self.nodes.get_mut(&bucket) {
            Some(Node::Bucket(entries)) => entries,
            _ => unreachable!("a bucket was found at this number"),
        }
    }

    /// Makes a branch of a bucket that has grown too long.
    fn split(&mut self, number: u64, depth: usize) {
        let entries = match self.nodes.get_mut(&number) {
            Some(Node::Bucket(entries)) if entries.len() > CAPACITY && depth < DEEPEST => {
                std::mem::take(entries)
            }
            _ => return,
        };
        let branch = Node::Branch(Box::new([ABSENT; FANOUT as usize]));
        self.nodes.insert(number, branch);
        for slot in 0..FANOUT {
            let child = number * FANOUT + slot;
            let belongs = |(place, _): &&(Place, Mac)| self::slot(place, depth) == slot;
            let entries: Vec<_> = entries.iter().filter(belongs).copied().collect();
            if !entries.is_empty() {
                self.changed.insert(child);
            }
            self.nodes.insert(child, Node::Bucket(entries));
            self.split(child, depth + 1);
        }
    }
}

impl Node {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Branch(children) => {
                let there = |mac: &&Mac| **mac != ABSENT;
                let bits = (0..FANOUT as usize)
                    .filter(|slot| there(&&children[*slot]))
                    .fold(0_u16, |bits, slot| bits | 1 << slot);
                let mut bytes = vec![1];
                bytes.extend_from_slice(&bits.to_le_bytes());
                for mac in children.iter().filter(there) {
                    bytes.extend_from_slice(mac);
                }
                bytes
            }
            Self::Bucket(entries) => {
                let mut bytes = vec![0];
                for (place, proof) in entries {
                    bytes.extend_from_slice(place);
                    bytes.extend_from_slice(proof);
                }
                bytes
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        if *kind == 0 {
            let (entries, []) = rest.as_chunks::<48>() else {
                return None;
            };
            let split = |entry: &[u8; 48]| Some((*entry.first_chunk()?, *entry.last_chunk()?));
            return entries
                .iter()
                .map(split)
                .collect::<Option<_>>()
                .map(Self::Bucket);
        }
        let (bits, rest) = rest.split_first_chunk()?;
        let bits = u16::from_le_bytes(*bits);
        let (macs, []) = rest.as_chunks::<32>() else {
            return None;
        };
        let mut macs = macs.iter();
        let mut children = Box::new([ABSENT; FANOUT as usize]);
        for (slot, child) in children.iter_mut().enumerate() {
            if bits & 1 << slot != 0 {
                *child = *macs.next()?;
            }
        }
        Some(Self::Branch(children))
    }
}

/// Reads a node and checks it against the MAC that its parent has for it.
fn load(
    connection: &Connection,
    keys: &Subkeys,
    number: u64,
    mac: &Mac,
) -> Result<Node, VaultError> {
    if *mac == ABSENT {
        return Ok(Node::Bucket(Vec::new()));
    }
    let corrupted = || VaultError::Corrupted {
        what: "the store's index of records".to_owned(),
    };
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT node FROM tree WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    let bytes = bytes.ok_or_else(corrupted)?;
    if !same_mac(&keys.node(number, &bytes), mac) {
        return Err(corrupted());
    }
    Node::decode(&bytes).ok_or_else(corrupted)
}

/// The four bits of a place that choose the child at this depth.
fn slot(place: &Place, depth: usize) -> u64 {
    let byte = place[depth / 2];
    u64::from(if depth.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 15
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{DataKey, random_bytes};

    fn keys() -> Subkeys {
        Subkeys::derive(&DataKey::random(), "a store".to_owned())
    }

    fn table() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE tree (number INTEGER PRIMARY KEY, node BLOB NOT NULL)")
            .unwrap();
        connection
    }

    /// Puts many entries in, in batches, and takes some away again.
    fn grown(connection: &Connection, keys: &Subkeys) -> (Mac, HashMap<Place, Mac>) {
        let mut known: HashMap<Place, Mac> = HashMap::new();
        let mut root = ABSENT;
        for batch in 0..10 {
            let mut tree = Tree::under(root);
            let gone: Vec<Place> = known.keys().step_by(3).copied().collect();
            for place in gone {
                tree.set(connection, keys, &place, None).unwrap();
                known.remove(&place);
            }
            for _ in 0..batch * 30 {
                let (place, proof) = (random_bytes(), random_bytes());
                tree.set(connection, keys, &place, Some(proof)).unwrap();
                known.insert(place, proof);
            }
            root = tree.write(connection, keys).unwrap();
        }
        (root, known)
    }

    #[test]
    fn a_tree_holds_what_was_put_in_and_nothing_else() {
        let (connection, keys) = (table(), keys());
        let (root, known) = grown(&connection, &keys);

        let mut tree = Tree::under(root);
        for (place, proof) in &known {
            let found = tree.get(&connection, &keys, place).unwrap();
            assert_eq!(found, Some(*proof));
        }
        for _ in 0..100 {
            assert_eq!(tree.get(&connection, &keys, &random_bytes()).unwrap(), None);
        }
        let contents = Tree::contents(&connection, &keys, root).unwrap();
        assert_eq!(contents.entries, known);
        assert_eq!(contents.broken, 0);
        let rows: u64 = connection
            .query_row("SELECT count(*) FROM tree", [], |row| row.get(0))
            .unwrap();
        assert_eq!(contents.sound, rows);
        assert!(rows > 17, "two levels of branches at least: {rows}");
    }

    #[test]
    fn a_path_with_a_changed_node_is_refused_and_the_others_are_not() {
        let (connection, keys) = (table(), keys());
        let (root, known) = grown(&connection, &keys);
        let changed = "UPDATE tree SET node = x'00' WHERE number = (SELECT max(number) FROM tree)";
        connection.execute(changed, []).unwrap();

        let (mut refused, mut sound) = (0, 0);
        for (place, proof) in &known {
            match Tree::under(root).get(&connection, &keys, place) {
                Ok(found) => {
                    assert_eq!(found, Some(*proof));
                    sound += 1;
                }
                Err(VaultError::Corrupted { .. }) => refused += 1,
                Err(e) => panic!("{e}"),
            }
        }

        assert!(refused > 0 && sound > refused, "{refused} {sound}");
        let contents = Tree::contents(&connection, &keys, root).unwrap();
        assert_eq!((contents.broken, contents.entries.len()), (1, sound));
    }

    #[test]
    fn a_node_in_another_place_is_refused() {
        let (connection, keys) = (table(), keys());
        let (root, known) = grown(&connection, &keys);
        connection
            .execute_batch(
                "UPDATE tree SET number = -16 WHERE number = 16;
                 UPDATE tree SET number = 16 WHERE number = 17;
                 UPDATE tree SET number = 17 WHERE number = -16",
            )
            .unwrap();

        for place in known.keys() {
            let found = Tree::under(root).get(&connection, &keys, place);
            assert_eq!(found.is_err(), slot(place, 0) < 2);
        }
    }
}
