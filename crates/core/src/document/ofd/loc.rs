//! ST_Loc (GB/T 33190-2016 clause 7.3): paths in the package, as the standard has them and as they are deployed.
//!
//! `/` begins at the root, anything else in the folder of the file that states the path. What the standard finds is taken
//! first; only where it finds nothing are the deployed readings tried, and the one that finds a member is named.

use super::{
    deviation::{DeviationKind, Deviations},
    package::{MemberId, Package},
};

/// A path that a file states, and the member it leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loc {
    /// As stated.
    pub stated: String,
    /// Where it leads; none where nothing is there.
    pub member: Option<MemberId>,
}

impl Loc {
    /// Follows a path that the file named `from` states.
    pub(super) fn resolve(
        package: &Package<'_>,
        from: &str,
        stated: &str,
        deviations: &mut Deviations,
    ) -> Self {
        Self::resolve_in(package, from, &[folder(from)], stated, deviations)
    }

    /// Follows a path that counts from one of some folders, the first where something is there.
    pub(super) fn resolve_in(
        package: &Package<'_>,
        from: &str,
        folders: &[&str],
        stated: &str,
        deviations: &mut Deviations,
    ) -> Self {
        let found = search(package, folders, stated);
        for kind in &found.deviations {
            deviations.note(*kind, from, stated);
        }
        Self {
            stated: stated.to_owned(),
            member: found.member,
        }
    }
}

/// The folder a file is in, without a slash behind; empty for the root.
pub(super) fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path in a folder. None where it leads out of the package.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

struct Found {
    member: Option<MemberId>,
    deviations: Vec<DeviationKind>,
}

fn search(package: &Package<'_>, folders: &[&str], stated: &str) -> Found {
    let mut deviations = Vec::new();
    let forward = stated.trim().replace('\\', "/");
    let is_absolute = forward.starts_with('/');
    if forward.contains("//") || stated.contains('\\') {
        deviations.push(DeviationKind::PathSlashes);
    }
    // 1. The ways to read it: that of the standard first.
    let mut ways: Vec<(Option<String>, Option<DeviationKind>)> = Vec::new();
    let root = || join("", &forward);
    let beside = folders.iter().map(|folder| join(folder, &forward));
    if is_absolute {
        ways.push((root(), None));
        ways.extend(beside.map(|path| (path, Some(DeviationKind::PathFromFile))));
    } else {
        ways.extend(beside.map(|path| (path, None)));
        ways.push((root(), Some(DeviationKind::PathFromRoot)));
    }
    if ways.first().is_none_or(|(path, _)| path.is_none()) {
        deviations.push(DeviationKind::PathOutside);
    }
    let ways: Vec<(String, Option<DeviationKind>)> = ways
        .into_iter()
        .filter_map(|(path, kind)| path.filter(|path| !path.is_empty()).map(|path| (path, kind)))
        .collect();

    // 2. By the exact name, then without regard to capitals.
    let exact = ways
        .iter()
        .find_map(|(path, kind)| package.find(path).map(|member| (member, *kind, None)));
    let found = exact.or_else(|| {
        ways.iter().find_map(|(path, kind)| {
            let member = package.find_any_case(path)?;
            Some((member, *kind, Some(DeviationKind::PathCase)))
        })
    });
    match found {
        Some((_, kind, case)) => deviations.extend(kind.into_iter().chain(case)),
        None => deviations.push(DeviationKind::MissingMember),
    }
    Found {
        member: found.map(|(member, ..)| member),
        deviations,
    }
}
