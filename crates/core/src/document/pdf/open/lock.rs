//! What a signature forbids to change afterwards: DocMDP, FieldMDP, and the lock of its field (ISO 32000-2
//! 12.8.2.2, 12.8.2.4, 12.7.5.5).
//!
//! Read with the signature dictionary itself, wherever that stands, so that no number or generation can part
//! the two. What cannot be read forbids everything.

use std::collections::BTreeSet;

use super::{
    ModificationLevel, OpenError,
    object::{Dict, Object},
    reader::Reader,
    text::text_string,
};
use crate::limits::MAX_SIGNATURES;

/// What keeping the name of a locked field costs beside its letters, in bytes read.
const LOCKED_NAME: usize = 64;

/// The restrictions of one signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Locks {
    /// The changes allowed at most, where anything says so.
    pub(super) level: Option<ModificationLevel>,
    /// Whether a DocMDP transform says it, as a certification does.
    pub(super) certifies: bool,
    fields: Vec<Lock>,
}

/// Fields that may not change.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lock {
    All,
    Include(BTreeSet<String>),
    Exclude(BTreeSet<String>),
}

impl Locks {
    /// Those that the signature's own dictionary states.
    pub(super) fn of(reader: &Reader<'_>, signature: &Dict) -> Result<Locks, OpenError> {
        let mut found = Locks::default();
        let references = reader.get(signature, "Reference")?.object;
        let references = match &references {
            Object::Null => return Ok(found),
            Object::Array(references) if references.len() <= MAX_SIGNATURES => references,
            _ => {
                found.forbid();
                return Ok(found);
            }
        };
        for reference in references {
            let reference = reader.follow(reference)?.object;
            let Some(reference) = reference.dict() else {
                found.forbid();
                continue;
            };
            let parameters = reader.get(reference, "TransformParams")?.object;
            match reader.get(reference, "TransformMethod")?.object.name() {
                Some(b"DocMDP") => {
                    found.certifies = true;
                    // 2 is the default (table 257).
                    let level = match parameters.dict() {
                        Some(parameters) => level(&reader.get(parameters, "P")?.object),
                        None if parameters == Object::Null => None,
                        None => Some(ModificationLevel::None),
                    };
                    found.lower(level.unwrap_or(ModificationLevel::FormFilling));
                }
                // Acrobat writes the level of the field's lock (table 236) in here as well.
                Some(b"FieldMDP") => found.add(reader, &parameters)?,
                // Usage rights concern the features of one viewer; Identity is an older word for none.
                Some(b"UR" | b"UR3" | b"Identity") => {}
                _ => found.forbid(),
            }
        }
        Ok(found)
    }

    /// Adds the `/Lock` of the field that holds the signature, or the same in its FieldMDP transform.
    pub(super) fn add(&mut self, reader: &Reader<'_>, held: &Object) -> Result<(), OpenError> {
        self.fields.push(lock(reader, held)?);
        if let Some(dict) = held.dict()
            && let Some(level) = level(&reader.get(dict, "P")?.object)
        {
            self.lower(level);
        }
        Ok(())
    }

    /// Whether a field of that full name is locked.
    pub(super) fn hold(&self, name: &str) -> bool {
        // The field itself, and those that it belongs to.
        let is_among = |names: &BTreeSet<String>| {
            let mut ends = name.match_indices('.').map(|(dot, _)| dot).chain([name.len()]);
            ends.any(|end| name.get(..end).is_some_and(|above| names.contains(above)))
        };
        self.fields.iter().any(|lock| match lock {
            Lock::All => true,
            Lock::Include(names) => is_among(names),
            Lock::Exclude(names) => !is_among(names),
        })
    }

    fn lower(&mut self, level: ModificationLevel) {
        self.level = Some(self.level.map_or(level, |known| known.min(level)));
    }

    fn forbid(&mut self) {
        self.lower(ModificationLevel::None);
        self.fields.push(Lock::All);
    }
}

/// A level that is none of the three allows nothing.
fn level(stated: &Object) -> Option<ModificationLevel> {
    let stated = match stated {
        Object::Null => return None,
        stated => stated.number(),
    };
    Some(match stated {
        Some(2.0) => ModificationLevel::FormFilling,
        Some(3.0) => ModificationLevel::Annotations,
        _ => ModificationLevel::None,
    })
}

/// A lock that cannot be read locks everything.
fn lock(reader: &Reader<'_>, parameters: &Object) -> Result<Lock, OpenError> {
    let Some(dict) = parameters.dict() else {
        return Ok(Lock::All);
    };
    let fields = reader.get(dict, "Fields")?.object;
    let mut names = BTreeSet::new();
    for name in fields.array().unwrap_or_default() {
        match reader.follow(name)?.object.string() {
            Some(name) => {
                // Many locks may share one list.
                reader.budget.parse(LOCKED_NAME + name.len())?;
                names.insert(text_string(name));
            }
            None => return Ok(Lock::All),
        }
    }
    Ok(match reader.get(dict, "Action")?.object.name() {
        Some(b"Include") if fields.array().is_some() => Lock::Include(names),
        Some(b"Exclude") => Lock::Exclude(names),
        _ => Lock::All,
    })
}
