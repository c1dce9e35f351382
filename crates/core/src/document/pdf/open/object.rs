//! The objects of PDF (ISO 32000-1 7.3), as they were read.

use std::{ops::Range, rc::Rc};

use smallvec::SmallVec;

/// Entries of a dictionary up to which comparing each with each is quicker than sorting them.
const FEW: usize = 16;

/// Number and generation of an indirect object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) number: u32,
    pub(super) generation: u16,
}

/// Bytes of a name, without its slash, or of a string. Nearly all are few enough to stand where they are kept.
pub(super) type Bytes = SmallVec<[u8; 16]>;

/// A PDF object. A stream is its dictionary; where its data lie is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Name(Bytes),
    String { bytes: Bytes, hexadecimal: bool },
    Array(Vec<Object>),
    Dict(Dict),
    Reference(Id),
}

impl Object {
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Real(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn string(&self) -> Option<&[u8]> {
        match self {
            Self::String { bytes, .. } => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub(super) fn reference(&self) -> Option<Id> {
        match self {
            Self::Reference(id) => Some(*id),
            _ => None,
        }
    }

    /// All that it refers to.
    pub(super) fn references(&self) -> Vec<Id> {
        let mut found = Vec::new();
        let mut todo = vec![self];
        while let Some(object) = todo.pop() {
            match object {
                Self::Array(items) => todo.extend(items),
                Self::Dict(dict) => todo.extend(dict.iter().map(|(_, value)| value)),
                Self::Reference(id) => found.push(*id),
                _ => {}
            }
        }
        found
    }
}

/// A dictionary in the order of the file. Its clones are one until one of them is changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Dict {
    entries: Rc<Vec<Entry>>,
    /// The entries in the order of their keys, where they are many.
    order: Option<Rc<[u32]>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: Bytes,
    pub(super) value: Object,
    /// Where the value stands in the bytes it was read from.
    pub(super) span: Range<usize>,
}

impl Dict {
    /// From values that stand nowhere.
    pub(super) fn of(values: Vec<(&str, Object)>) -> Dict {
        let entry = |(key, value): (&str, Object)| Entry {
            key: key.as_bytes().into(),
            value,
            span: 0..0,
        };
        Dict::from_entries(values.into_iter().map(entry).collect())
    }

    pub(super) fn from_entries(entries: Vec<Entry>) -> Dict {
        let key = |at: &u32| entries.get(*at as usize).map(|entry| &entry.key);
        let order = (entries.len() > FEW).then(|| {
            let mut order: Vec<u32> = (0..entries.len() as u32).collect();
            order.sort_by_key(key);
            order.into()
        });
        Dict {
            entries: Rc::new(entries),
            order,
        }
    }

    /// A value as it stands, references not followed. A value of null is an absent one (7.3.7).
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.value(key.as_bytes())
    }

    /// As [`get`](Self::get), for keys taken from another dictionary, which may be any bytes.
    pub(super) fn value(&self, key: &[u8]) -> Option<&Object> {
        self.entry(key)
            .map(|entry| &entry.value)
            .filter(|value| **value != Object::Null)
    }

    /// Whether it has a key at all, be its value null: some readers only ask that.
    pub(super) fn has_key(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// Puts a value in the place of the one before, or behind the others.
    pub(super) fn set(&mut self, key: &str, value: Object) {
        let mut entries = Rc::unwrap_or_clone(std::mem::take(&mut self.entries));
        match entries.iter_mut().find(|entry| *entry.key == *key.as_bytes()) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry {
                key: key.as_bytes().into(),
                value,
                span: 0..0,
            }),
        }
        *self = Dict::from_entries(entries);
    }

    /// Where the value stands in the bytes it was read from.
    pub(super) fn span(&self, key: &str) -> Option<Range<usize>> {
        self.entry(key.as_bytes()).map(|entry| entry.span.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Object)> + Clone {
        self.entries.iter().map(|entry| (&entry.key[..], &entry.value))
    }

    /// Keys that stand there twice.
    pub(super) fn keys_twice(&self) -> Vec<&Bytes> {
        let entries = &self.entries;
        let key = |at: u32| entries.get(at as usize).map(|entry| &entry.key);
        if let Some(order) = &self.order {
            let same = order.windows(2).filter_map(|pair| match *pair {
                [a, b] if key(a) == key(b) => key(a),
                _ => None,
            });
            return same.collect();
        }
        let is_second = |at: usize, key: &Bytes| entries.iter().take(at).any(|other| other.key == *key);
        let keys = entries.iter().map(|entry| &entry.key).enumerate();
        keys.filter(|(at, key)| is_second(*at, key))
            .map(|(_, key)| key)
            .collect()
    }

    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        let Some(order) = &self.order else {
            return self.entries.iter().find(|entry| *entry.key == *key);
        };
        let at = |at: &u32| self.entries.get(*at as usize);
        let found = order.binary_search_by(|held| at(held).map(|entry| &entry.key[..]).cmp(&Some(key)));
        order.get(found.ok()?).and_then(at)
    }
}
