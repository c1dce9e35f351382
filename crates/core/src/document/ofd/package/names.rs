//! Names of members: one file each on every system, inside the package and nowhere else.

use std::collections::BTreeMap;

use encoding_rs::GB18030;
use unicode_normalization::UnicodeNormalization as _;

use super::super::error::OfdError;
use crate::limits::{MAX_OFD_FOLDERS, MAX_OFD_NAME};

/// A name as bytes of the archive, decoded; and whether it is marked for what it is.
pub(super) struct Decoded {
    pub(super) name: String,
    /// Neither ASCII nor marked as UTF-8: readers guess.
    pub(super) foreign: bool,
}

/// Reads a name. `unicode` is what an Info-ZIP Unicode Path field says beside it, which some readers prefer.
pub(super) fn decode(raw: &[u8], is_utf8: bool, unicode: Option<&[u8]>) -> Result<Decoded, &'static str> {
    if raw.len() > MAX_OFD_NAME {
        return Err("name too long");
    }
    let (name, foreign) = match str::from_utf8(raw) {
        Ok(name) => (name.to_owned(), !is_utf8 && !name.is_ascii()),
        Err(_) if is_utf8 => return Err("name is not UTF-8"),
        // Writers on Chinese systems write the local encoding.
        Err(_) => match GB18030.decode_without_bom_handling_and_without_replacement(raw) {
            Some(name) => (name.into_owned(), true),
            None => return Err("name in no known encoding"),
        },
    };
    if unicode.is_some_and(|unicode| unicode != name.as_bytes()) {
        return Err("two different names");
    }
    check(&name)?;
    Ok(Decoded {
        foreign: foreign && unicode.is_none(),
        name,
    })
}

fn check(name: &str) -> Result<(), &'static str> {
    if name.contains('\\') {
        return Err("backslash in the name");
    }
    if name.chars().any(char::is_control) {
        return Err("control character in the name");
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return Err("name from a root or drive");
    }
    let path = name.strip_suffix('/').unwrap_or(name);
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("empty or dotted part in the name");
    }
    if path.split('/').count() > MAX_OFD_FOLDERS {
        return Err("name in too many folders");
    }
    Ok(())
}

/// What names that some file system takes for one have in common: canonical form, capitals aside, without the dots
/// and spaces that Windows drops.
pub(super) fn key(name: &str) -> String {
    let lower: String = name.nfc().flat_map(char::to_lowercase).collect();
    let parts: Vec<&str> = lower
        .split('/')
        .map(|part| part.trim_end_matches(['.', ' ']))
        .collect();
    parts.join("/").nfc().collect()
}

/// That no two names are one somewhere, and that none is a file and a folder.
pub(super) fn check_apart<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), OfdError> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        let key = key(name.strip_suffix('/').unwrap_or(name));
        if let Some(other) = seen.insert(key, name) {
            let what = if other == name {
                "name given twice"
            } else {
                "name that some systems take for another member's"
            };
            return Err(OfdError::member(name, what));
        }
    }
    for (key, name) in &seen {
        let folders = key.match_indices('/').filter_map(|(end, _)| key.get(..end));
        for folder in folders {
            if seen.get(folder).is_some_and(|other| !other.ends_with('/')) {
                return Err(OfdError::member(name, "folder that is a file too"));
            }
        }
    }
    Ok(())
}
