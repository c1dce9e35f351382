//! The seal register (印章登记簿): every seal, its state and how often it was used.

use jiff::Timestamp;
use serde::Serialize;

use super::{Cell, Column, Paper, Table};
use crate::{
    clock::{china, civil_date},
    seal::{RegisterEntry, Seal, SealKind, SealStatus},
};

/// One seal as the register and the registry know it.
#[derive(Debug, Clone, Copy)]
pub struct SealUse<'a> {
    /// The seal.
    pub seal: &'a Seal,
    /// Its entry in the register.
    pub entry: &'a RegisterEntry,
    /// How many certificates it sealed.
    pub uses: u64,
}

/// The whole register.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SealRegister {
    /// Whose register it is.
    pub area: String,
    /// The instant it shows.
    pub as_of: Timestamp,
    /// Every seal, by number.
    pub seals: Vec<SealRow>,
}

/// One seal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SealRow {
    /// Its number.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Legal name of the owner.
    pub owner: String,
    /// The owner's unified social credit code.
    pub owner_code: String,
    /// What it is for.
    pub kind: SealKind,
    /// State in the register.
    pub state: SealStatus,
    /// When that state began.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
    /// Its dates allow signing at the instant shown.
    pub in_date: bool,
    /// First instant in force.
    pub not_before: Timestamp,
    /// Last instant in force.
    pub not_after: Timestamp,
    /// How many signer certificates may use it.
    pub signers: u64,
    /// How many certificates it sealed.
    pub uses: u64,
}

impl SealRow {
    /// State and dates in one word: what a seal keeper looks for.
    fn state_zh(&self, as_of: Timestamp) -> &'static str {
        match self.state {
            SealStatus::InForce if as_of < self.not_before => "未到启用日",
            SealStatus::InForce if !self.in_date => "已到期",
            state => state.name_zh(),
        }
    }
}

/// Makes the register report.
pub fn seal_register<'a>(
    area: &str,
    as_of: Timestamp,
    seals: impl IntoIterator<Item = SealUse<'a>>,
) -> SealRegister {
    let mut rows: Vec<SealRow> = seals
        .into_iter()
        .map(|SealUse { seal, entry, uses }| SealRow {
            code: seal.code().to_string(),
            name: seal.name().to_owned(),
            owner: seal.owner().to_owned(),
            owner_code: seal.owner_code().to_string(),
            kind: seal.kind(),
            state: entry.state,
            since: entry.since,
            reason: entry.reason.clone(),
            in_date: seal.in_force_at(as_of),
            not_before: seal.not_before(),
            not_after: seal.not_after(),
            signers: seal.signers().len() as u64,
            uses,
        })
        .collect();
    rows.sort_by(|a, b| a.code.cmp(&b.code));
    SealRegister {
        area: area.to_owned(),
        as_of,
        seals: rows,
    }
}

impl SealRegister {
    /// The register as people see it.
    pub fn table(&self) -> Table {
        let as_of = self.as_of.to_zoned(china()).strftime("%Y年%m月%d日 %H:%M");
        let rows = self.seals.iter().map(|row| {
            vec![
                Cell::Text(row.code.clone()),
                Cell::Text(row.name.clone()),
                Cell::Text(row.owner.clone()),
                Cell::Text(row.kind.name_zh().to_owned()),
                Cell::Text(row.state_zh(self.as_of).to_owned()),
                Cell::Text(civil_date(row.since).to_string()),
                Cell::Text(civil_date(row.not_after).to_string()),
                Cell::Number(row.uses),
                Cell::Text(row.reason.clone()),
            ]
        });
        Table {
            title: format!("{}电子印章登记簿", self.area),
            sheet: "印章登记簿".to_owned(),
            notes: vec![format!("统计截至：{as_of}")],
            as_of: self.as_of,
            paper: Paper::Landscape,
            columns: vec![
                Column::text("印章编号", 17),
                Column::text("印章名称", 44),
                Column::text("所属单位", 34),
                Column::text("印章类型", 17),
                Column::text("状态", 12),
                Column::text("状态起始", 12),
                Column::text("有效期至", 12),
                Column::number("用印次数", 11),
                Column::text("事由", 24),
            ],
            rows: rows.collect(),
            total: Some("合计".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        codes::CreditCode,
        face::{Color, Drawing, Item, Path, Segment},
        qr::token::tests::identity,
        seal::{SealCode, SealDefinition, SignedSeal},
    };

    fn seal(serial: u32, not_after: &str) -> Seal {
        let maker = identity("Test seal maker");
        let dot = Path {
            segments: vec![
                Segment::Move(1.0, 1.0),
                Segment::Line(9.0, 1.0),
                Segment::Line(9.0, 9.0),
                Segment::Close,
            ],
            fill: Some(Color(0xE6, 0, 0x12)),
            even_odd: false,
            stroke: None,
            alpha: 1.0,
        };
        let definition = SealDefinition {
            code: SealCode::compose("410000", serial).unwrap(),
            name: format!("示范区第{serial}局电子证照专用章"),
            owner: format!("示范区第{serial}局"),
            owner_code: CreditCode::compose("11", "410000", "MB090000").unwrap(),
            kind: SealKind::Licence,
            impression: Drawing {
                width: 10.0,
                height: 10.0,
                items: vec![Item::Path(dot)],
            },
            not_before: "2026-01-01T00:00:00+08:00".parse().unwrap(),
            not_after: not_after.parse().unwrap(),
            signers: vec![[1; 32]],
        };
        let made = Seal::make(definition, "2026-01-01T00:00:00Z".parse().unwrap(), &maker).unwrap();
        let signed = SignedSeal::parse(&made).unwrap();
        signed.verify(&maker.certificate).unwrap().clone()
    }

    #[test]
    fn the_register_shows_state_dates_and_uses() {
        let as_of = "2026-11-21T08:00:00Z".parse().unwrap();
        let seals = [
            (
                seal(3, "2030-12-31T23:59:59+08:00"),
                SealStatus::Suspended,
                "保管人调离",
                12,
            ),
            (
                seal(1, "2030-12-31T23:59:59+08:00"),
                SealStatus::InForce,
                "",
                34_528,
            ),
            (
                seal(2, "2026-10-31T23:59:59+08:00"),
                SealStatus::InForce,
                "",
                6_799,
            ),
        ];
        let entries: Vec<RegisterEntry> = seals
            .iter()
            .map(|(seal, state, reason, _)| RegisterEntry {
                code: seal.code().to_string(),
                state: *state,
                since: seal.not_before(),
                reason: (*reason).to_owned(),
            })
            .collect();
        let uses = seals.iter().zip(&entries);
        let register = seal_register(
            "示范市示范区",
            as_of,
            uses.map(|((seal, _, _, uses), entry)| SealUse {
                seal,
                entry,
                uses: *uses,
            }),
        );
        let codes: Vec<&str> = register.seals.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(codes, ["41000000000001", "41000000000002", "41000000000003"]);

        let text = register.table().to_text();
        let line = |code: &str| text.lines().find(|line| line.starts_with(code)).unwrap();
        assert!(
            line("41000000000001").contains("启用    2026-01-01  2030-12-31"),
            "{text}"
        );
        assert!(line("41000000000002").contains("已到期"), "{text}");
        assert!(line("41000000000003").contains("停用") && line("41000000000003").ends_with("保管人调离"));
        let total = text.lines().rev().nth(1).unwrap();
        assert_eq!(total.split_whitespace().collect::<Vec<_>>(), ["合计", "41339"]);
        assert!(register.table().to_xlsx().is_ok());
        let json = serde_json::to_value(&register).unwrap();
        assert_eq!(json["seals"][2]["state"], "suspended");
        assert_eq!(json["seals"][1]["in_date"], false);
    }
}
