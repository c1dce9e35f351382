//! The monthly table of certificates by department and type (附件3).

use std::{collections::BTreeMap, ops::AddAssign};

use jiff::Timestamp;
use serde::Serialize;

use super::{Cell, Column, Paper, Table};
use crate::{
    catalogue::{CertificateType, Department},
    clock::china,
};

/// Certificates counted once each, however often they were renewed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sealed (已签章).
    pub sealed: u64,
    /// In the ledger and not sealed yet (未签章).
    pub unsealed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sealed += other.sealed;
        self.unsealed += other.unsealed;
    }
}

/// The whole table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annex3 {
    /// Whose table it is (某市某区).
    pub area: String,
    /// The instant the counts were taken.
    pub as_of: Timestamp,
    /// Every certificate type, in the order of the table.
    pub rows: Vec<Annex3Row>,
    /// The same by department, in the order of the table.
    pub departments: Vec<DepartmentTally>,
    /// All together.
    pub total: Tally,
}

/// One certificate type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annex3Row {
    /// Its place in the table, from 1.
    pub seq: u64,
    /// Name of the owning department.
    pub department: String,
    /// Key of the type.
    pub key: String,
    /// Name of the type.
    pub certificate_type: String,
    /// Its counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// One department.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DepartmentTally {
    /// Its name.
    pub department: String,
    /// How many types it owns.
    pub types: u64,
    /// Its counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Makes the table from the catalogue and the counts by type key.
///
/// Types without counts stand in it with zeros. Counts of a type the catalogue does not have (any
/// more) stand at the end under their key, so that the totals are always those of the registry.
pub fn annex3<'a>(
    area: &str,
    as_of: Timestamp,
    departments: &[Department],
    types: impl IntoIterator<Item = &'a CertificateType>,
    counts: &BTreeMap<String, Tally>,
) -> Annex3 {
    let department_name = |key: &str| {
        let found = departments.iter().find(|department| department.key == key);
        found.map_or_else(|| key.to_owned(), |department| department.name.clone())
    };
    let mut types: Vec<&CertificateType> = types.into_iter().collect();
    types.sort_by(|a, b| (a.seq, &a.key).cmp(&(b.seq, &b.key)));

    let mut uncounted: BTreeMap<&str, Tally> =
        counts.iter().map(|(key, tally)| (key.as_str(), *tally)).collect();
    let mut lines: Vec<(String, &str, &str, Tally)> = Vec::new();
    for of_type in &types {
        let tally = uncounted.remove(of_type.key.as_str()).unwrap_or_default();
        lines.push((
            department_name(&of_type.department),
            &of_type.key,
            &of_type.name,
            tally,
        ));
    }
    for (key, tally) in uncounted {
        lines.push((NOT_IN_CATALOGUE.to_owned(), key, key, tally));
    }

    let mut table = Annex3 {
        area: area.to_owned(),
        as_of,
        rows: Vec::with_capacity(lines.len()),
        departments: Vec::new(),
        total: Tally::default(),
    };
    for ((department, key, name, tally), seq) in lines.into_iter().zip(1..) {
        table.total += tally;
        match table.departments.iter_mut().find(|d| d.department == department) {
            Some(known) => {
                known.types += 1;
                known.tally += tally;
            }
            None => table.departments.push(DepartmentTally {
                department: department.clone(),
                types: 1,
                tally,
            }),
        }
        table.rows.push(Annex3Row {
            seq,
            department,
            key: key.to_owned(),
            certificate_type: name.to_owned(),
            tally,
        });
    }
    table
}

impl Annex3 {
    /// The table as people see it.
    pub fn table(&self) -> Table {
        let as_of = self.as_of.to_zoned(china()).strftime("%Y年%m月%d日 %H:%M");
        Table {
            title: format!("{}电子证照签章情况统计表", self.area),
            sheet: "附件3".to_owned(),
            notes: vec![format!("附件3    统计截至：{as_of}    单位：件")],
            as_of: self.as_of,
            paper: Paper::Portrait,
            columns: vec![
                Column::number("序号", 6).not_summed(),
                Column::text("部门", 24).grouped(),
                Column::text("证照类型", 46),
                Column::number("已签章", 11),
                Column::number("未签章", 11),
            ],
            rows: self
                .rows
                .iter()
                .map(|row| {
                    vec![
                        Cell::Number(row.seq),
                        Cell::Text(row.department.clone()),
                        Cell::Text(row.certificate_type.clone()),
                        Cell::Number(row.tally.sealed),
                        Cell::Number(row.tally.unsealed),
                    ]
                })
                .collect(),
            total: Some("合计".to_owned()),
        }
    }
}

/// Stands for the department of counts whose type is gone from the catalogue.
const NOT_IN_CATALOGUE: &str = "（目录外）";

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        catalogue::{HolderKind, NumberRule, ValidityRule},
        profile::Profile,
    };

    /// A month as a district would publish it: 63 types of 15 departments, with these totals.
    const MONTH: [(&str, &[(u64, u64)]); 15] = [
        ("自然资源局", &[(2, 0), (7, 0), (6, 0), (7, 0), (3, 0), (6, 0)]),
        ("生态环境局", &[(186, 0)]),
        ("市场监管局", &[(1953, 44), (1, 32_726), (0, 0)]),
        ("交通局", &[(610, 0), (0, 0)]),
        ("民政局", &[(50, 0)]),
        (
            "人力资源和社会保障局",
            &[(0, 0), (1, 0), (1, 0), (89, 0), (0, 0), (0, 0)],
        ),
        ("发改委", &[(0, 0); 7]),
        (
            "卫健委",
            &[
                (5, 0),
                (68, 0),
                (0, 831),
                (1451, 0),
                (1097, 0),
                (4, 0),
                (1, 506),
                (1, 0),
                (43, 0),
                (0, 0),
            ],
        ),
        (
            "农业农村局",
            &[
                (1, 0),
                (1, 0),
                (1, 0),
                (1, 0),
                (0, 0),
                (0, 0),
                (1, 0),
                (0, 0),
                (1, 0),
                (3, 0),
                (0, 0),
                (0, 0),
                (0, 0),
                (0, 0),
                (0, 0),
                (1, 0),
                (0, 0),
            ],
        ),
        ("住建局", &[(13, 2), (0, 0), (1, 1)]),
        ("城管局", &[(0, 0), (0, 0)]),
        ("文广体旅局", &[(797, 0), (3, 0)]),
        ("应急管理局", &[(92, 0)]),
        ("林业局", &[(0, 0)]),
        ("教育局", &[(291, 418)]),
    ];

    fn of_type(seq: u16, department: &str) -> CertificateType {
        CertificateType {
            key: format!("type-{seq:02}"),
            version: 1,
            seq,
            name: format!("第{seq}种许可证（示范）"),
            name_en: format!("Permit {seq}"),
            title: None,
            department: department.to_owned(),
            code: "11100000000013338W001".to_owned(),
            holder: HolderKind::Any,
            seal: "licence".to_owned(),
            issuer_label: "发证机关".to_owned(),
            emblem: false,
            statement: None,
            notes: Vec::new(),
            profiles: vec![Profile::PdfPades],
            validity: ValidityRule::Unlimited,
            number: NumberRule {
                pattern: "{seq:8}".to_owned(),
                max_chars: 40,
            },
            layout: "own".to_owned(),
            fields: Vec::new(),
        }
    }

    pub(in crate::report) fn month() -> Annex3 {
        let mut departments = Vec::new();
        let mut types = Vec::new();
        let mut counts = BTreeMap::new();
        for (name, tallies) in MONTH {
            let key = format!("d{}", departments.len());
            for &(sealed, unsealed) in tallies {
                let of_type = of_type(types.len() as u16 + 1, &key);
                // The registry has no entry for a type nothing was ever issued of.
                if sealed + unsealed > 0 {
                    counts.insert(of_type.key.clone(), Tally { sealed, unsealed });
                }
                types.push(of_type);
            }
            departments.push(Department {
                key,
                name: name.to_owned(),
                full_name: name.to_owned(),
                name_en: name.to_owned(),
            });
        }
        types.reverse();
        let as_of = "2026-11-21T08:00:00Z".parse().unwrap();
        annex3("示范市示范区", as_of, &departments, &types, &counts)
    }

    #[test]
    fn a_month_adds_up_in_the_order_of_the_table() {
        let month = month();
        assert_eq!((month.rows.len(), month.departments.len()), (63, 15));
        assert_eq!(
            month.total,
            Tally {
                sealed: 6_799,
                unsealed: 34_528
            }
        );
        let seqs: Vec<u64> = month.rows.iter().map(|row| row.seq).collect();
        assert_eq!(seqs, (1..=63).collect::<Vec<_>>());
        let health = &month.departments[7];
        assert_eq!((health.department.as_str(), health.types), ("卫健委", 10));
        assert_eq!(
            health.tally,
            Tally {
                sealed: 2_670,
                unsealed: 1_337
            }
        );
    }

    #[test]
    fn counts_outside_the_catalogue_are_not_lost() {
        let counts = BTreeMap::from([(
            "gone".to_owned(),
            Tally {
                sealed: 3,
                unsealed: 4,
            },
        )]);
        let table = annex3("示范区", Timestamp::UNIX_EPOCH, &[], &[of_type(1, "d0")], &counts);
        assert_eq!((table.total.sealed, table.total.unsealed), (3, 4));
        let last = table.rows.last().unwrap();
        assert_eq!(
            (last.department.as_str(), last.key.as_str(), last.seq),
            ("（目录外）", "gone", 2)
        );
        assert_eq!(table.rows[0].department, "d0");
    }

    #[test]
    fn json_has_rows_departments_and_total() {
        let json = serde_json::to_value(month()).unwrap();
        assert_eq!(json["total"]["unsealed"], 34_528);
        assert_eq!(json["rows"][8]["sealed"], 1);
        assert_eq!(json["rows"][8]["key"], "type-09");
        assert_eq!(json["departments"][2]["unsealed"], 32_770);
        assert_eq!(json["as_of"], "2026-11-21T08:00:00Z");
    }
}
