//! The demonstration district: how many certificates of each type it has, and rows for them.

pub(crate) mod synthetic;

/// One certificate type of the district.
#[derive(Debug, Clone)]
pub(crate) struct TypeCount {
    /// Type key.
    pub(crate) key: String,
    /// Certificates sealed before.
    pub(crate) sealed: usize,
    /// Certificates not sealed yet.
    pub(crate) unsealed: usize,
}

/// The types in the order of the monthly table.
///
/// Counts are those one real district published for one month; everything else about the
/// demonstration district is made up.
pub(crate) fn district() -> Vec<TypeCount> {
    include_str!("demo/district.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some(TypeCount {
                key: cells.next()?.to_owned(),
                sealed: cells.next()?.parse().ok()?,
                unsealed: cells.next()?.parse().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_district_adds_up() {
        let types = district();
        assert_eq!(types.len(), 63);
        assert_eq!(types.iter().map(|t| t.sealed).sum::<usize>(), 6_799);
        assert_eq!(types.iter().map(|t| t.unsealed).sum::<usize>(), 34_528);
    }
}
