//! The changes that a program makes to parts of an item, one after another; fields and sections by their ids.

use crate::{
    broker::{
        BrokerError,
        connect_api::draft::{DraftField, DraftItem, DraftSection},
    },
    generate::Recipe,
    vault::{FieldType, ItemUrl, Purpose, Secret},
};

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Marks it, or takes the mark away.
    Favorite(bool),
    /// Adds a field.
    FieldAdded(DraftField),
    /// Changes a field's part.
    FieldChanged(String, FieldChange),
    /// Adds a field of this id, or puts it in another's place.
    FieldPut(String, DraftField),
    /// Removes a field.
    FieldRemoved(String),
    /// Puts a field in another's place, which has to be there.
    FieldReplaced(String, DraftField),
    /// Replaces all fields.
    Fields(Vec<DraftField>),
    /// Adds a section.
    SectionAdded(DraftSection),
    /// Gives a section another label.
    SectionLabeled(String, String),
    /// Gives a section a label; makes it if there is none of that id.
    SectionPut(String, String),
    /// Removes a section; its fields stay, in none.
    SectionRemoved(String),
    /// Replaces all sections.
    Sections(Vec<DraftSection>),
    /// Changes the tags.
    Tags(ListChange<String>),
    /// Gives it another title.
    Title(String),
    /// Changes the web addresses.
    Urls(ListChange<ItemUrl>),
    /// Replaces all of it.
    Whole(Box<DraftItem>),
}

/// A change of one field's part.
#[derive(Clone, Debug)]
pub enum FieldChange {
    /// Whether a value is to be made up where there is none.
    Generates(bool),
    /// What a person calls it.
    Label(String),
    /// Its part in signing in.
    Purpose(Option<Purpose>),
    /// How a value is made up.
    Recipe(Recipe),
    /// The section that it stands in.
    Section(Option<DraftSection>),
    /// How its value is to be read.
    Type(FieldType),
    /// Its value.
    Value(Option<Secret>),
}

/// A change of a list.
#[derive(Clone, Debug)]
pub enum ListChange<T> {
    /// Puts one in at a place, or at the end.
    Add(Option<usize>, T),
    /// Replaces all.
    All(Vec<T>),
    /// Takes one out.
    Remove(usize),
    /// Puts another one in a place.
    Set(usize, T),
}

impl DraftItem {
    /// Makes one change.
    ///
    /// # Errors
    /// [`BrokerError::Invalid`] when what it names is not there.
    pub(super) fn apply(&mut self, change: Change) -> Result<(), BrokerError> {
        match change {
            Change::Favorite(favorite) => self.favorite = favorite,
            Change::FieldAdded(field) => self.fields.push(field),
            Change::FieldChanged(id, change) => {
                let place = self.field(&id)?;
                change.apply(&mut self.fields[place]);
            }
            Change::FieldRemoved(id) => {
                let place = self.field(&id)?;
                self.fields.remove(place);
            }
            Change::FieldPut(id, field) => {
                let field = with_id(id, field)?;
                match self.field(&field.id) {
                    Ok(place) => self.fields[place] = field,
                    Err(_) => self.fields.push(field),
                }
            }
            Change::FieldReplaced(id, field) => {
                let field = with_id(id, field)?;
                let place = self.field(&field.id)?;
                self.fields[place] = field;
            }
            Change::Fields(fields) => self.fields = fields,
            Change::SectionAdded(section) => self.sections.push(section),
            Change::SectionLabeled(id, label) => {
                let place = self.section(&id)?;
                self.sections[place].label = Some(label);
            }
            Change::SectionPut(id, label) => match self.section(&id) {
                Ok(place) => self.sections[place].label = Some(label),
                Err(_) => self.sections.push(DraftSection {
                    id,
                    label: Some(label),
                }),
            },
            Change::SectionRemoved(id) => {
                let place = self.section(&id)?;
                self.sections.remove(place);
                self.leave_sections();
            }
            Change::Sections(sections) => {
                self.sections = sections;
                self.leave_sections();
            }
            Change::Tags(change) => change.apply(&mut self.tags)?,
            Change::Title(title) => self.title = title,
            Change::Urls(change) => change.apply(&mut self.urls)?,
            Change::Whole(draft) => *self = *draft,
        }
        Ok(())
    }

    fn field(&self, id: &str) -> Result<usize, BrokerError> {
        let place = self.fields.iter().position(|field| field.id == id);
        place
            .ok_or_else(|| BrokerError::Invalid("The item doesn't have a field of that id.".into()))
    }

    fn section(&self, id: &str) -> Result<usize, BrokerError> {
        let place = self.sections.iter().position(|section| section.id == id);
        place.ok_or_else(|| {
            BrokerError::Invalid("The item doesn't have a section of that id.".into())
        })
    }

    /// Fields of a section that is gone stand in none.
    fn leave_sections(&mut self) {
        let sections = &self.sections;
        for field in &mut self.fields {
            field.section = field
                .section
                .take()
                .filter(|own| sections.iter().any(|section| section.id == own.id));
        }
    }
}

impl FieldChange {
    fn apply(self, field: &mut DraftField) {
        match self {
            Self::Generates(generates) => field.generates = generates,
            Self::Label(label) => field.label = Some(label),
            Self::Purpose(purpose) => field.purpose = purpose,
            Self::Recipe(recipe) => field.generate = Some(recipe),
            Self::Section(section) => field.section = section,
            Self::Type(kind) => field.kind = Some(kind),
            Self::Value(value) => {
                field.value = value;
                field.stored = false;
            }
        }
    }
}

impl<T> ListChange<T> {
    fn apply(self, list: &mut Vec<T>) -> Result<(), BrokerError> {
        let length = list.len();
        let within = |at: usize, end: usize| {
            (at < end).then_some(at).ok_or_else(|| {
                BrokerError::Invalid("the list doesn't have an element at that place".into())
            })
        };
        match self {
            Self::Add(None, element) => list.push(element),
            Self::Add(Some(at), element) => list.insert(within(at, length + 1)?, element),
            Self::All(all) => *list = all,
            Self::Remove(at) => drop(list.remove(within(at, length)?)),
            Self::Set(at, element) => list[within(at, length)?] = element,
        }
        Ok(())
    }
}

fn with_id(id: String, field: DraftField) -> Result<DraftField, BrokerError> {
    if !field.id.is_empty() && field.id != id {
        return invalid("a field's id can't be changed; remove it and add another");
    }
    Ok(DraftField { id, ..field })
}

fn invalid<T>(message: &str) -> Result<T, BrokerError> {
    Err(BrokerError::Invalid(message.to_owned()))
}
