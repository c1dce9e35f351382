//! Rows of made-up certificates: plausible in form and length, fictitious at first sight.
//!
//! Names bear 示例, 样例 or 示范; codes carry right check characters over region 419901 and its
//! neighbours, which no real place has. A row depends on the type, the seed and its place alone, so
//! the same call gives the same rows on every machine.

mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use certseal_core::{
    catalogue::{CertificateType, Field, FieldKind, HolderKind, Issuer, Role, ValidityRule},
    codes::{CitizenId, CreditCode},
};
use jiff::{ToSpan, civil::Date};

use self::words::{
    BRANDS, ETHNIC_GROUPS, ETHNIC_NAMES, GIVEN, MARKS, RARE, SCOPE_END, SCOPE_LICENSED, SCOPES, SHOPS,
    STREETS, SURNAMES, TOWNS, TWO_CHARACTER_SURNAMES,
};

/// Column headers of a table of this type: the labels of all fields but photos.
pub(crate) fn headers(t: &CertificateType) -> Vec<String> {
    columns(t).map(|field| field.label.clone()).collect()
}

/// `count` rows under [`headers`], issued within `dates`, numbered from 1 in each sequence of the type.
///
/// Rows end early only where the type's rule has no number left (`{seq:3}` ends at 999).
/// Numbers are unique within one call: draw all rows of a type from one.
pub(crate) fn rows<'a>(
    t: &'a CertificateType,
    issuer: &'a Issuer,
    count: usize,
    seed: u64,
    dates: RangeInclusive<Date>,
) -> impl Iterator<Item = Vec<String>> + use<'a> {
    let seed = t
        .key
        .bytes()
        .fold(seed, |seed, byte| Random(seed ^ u64::from(byte)).next());
    let mut maker = Maker {
        t,
        issuer,
        seed,
        dates,
        sequences: BTreeMap::new(),
    };
    (0..count).map_while(move |index| maker.row(index))
}

/// SplitMix64: small, fast, and good enough to shuffle names.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Credit code letters free to tell one made-up organisation from the next.
const ORGANISATION_LETTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const FIRST_DAY: Date = Date::constant(1900, 1, 1);
/// Sequence numbers of one sex in a citizen id.
const SEQUENCES: u64 = 499;
const ORGANISATIONS: u64 = 31 * 31 * 31 * 31;

struct Maker<'a> {
    t: &'a CertificateType,
    issuer: &'a Issuer,
    seed: u64,
    dates: RangeInclusive<Date>,
    sequences: BTreeMap<String, u64>,
}

/// What the fields of one row have in common.
struct Subject {
    index: u64,
    name: String,
    code: Option<String>,
    born: Date,
    male: bool,
    issued_on: Date,
    valid_from: Date,
    person: String,
    address: String,
}

impl Maker<'_> {
    fn row(&mut self, index: usize) -> Option<Vec<String>> {
        let index = index as u64;
        let mut random = Random(self.seed ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let subject = self.subject(index, &mut random);
        let number = self.number(&subject)?;
        let values = columns(self.t).map(|field| self.value(field, &subject, &number, &mut random));
        Some(values.collect())
    }

    fn subject(&self, index: u64, random: &mut Random) -> Subject {
        let span = days_between(*self.dates.start(), *self.dates.end());
        let issued_on = later(*self.dates.start(), random.below(span + 1));
        let sample = |role| self.t.field_of(role).map_or("", |field| field.sample.as_str());
        let is_person = match self.t.holder {
            HolderKind::Person => true,
            HolderKind::Organisation => false,
            HolderKind::Any => is_person(sample(Role::HolderName)),
        };
        let male = random.one_in(2);
        let born = self.born(index, issued_on, random);
        let name = if is_person {
            person(random)
        } else {
            organisation(sample(Role::HolderName), random)
        };
        let code = self.t.field_of(Role::HolderCode).and_then(|field| {
            if is_person {
                let sequence = (index % SEQUENCES * 2 + 2 - u64::from(male)) as u16;
                return CitizenId::compose("419901", born, sequence)
                    .ok()
                    .map(|id| id.as_str().to_owned());
            }
            let kind = field
                .sample
                .get(..2)
                .filter(|kind| kind.starts_with(['1', '5', '9']))
                .unwrap_or("91");
            self.credit_code(kind, index)
        });
        let town = random.pick(&TOWNS);
        let street = random.pick(&STREETS);
        let detail = match random.below(4) {
            0 => {
                let (block, entrance) = (random.below(20) + 1, random.below(4) + 1);
                let room = random.below(18) * 100 + random.below(6) + 101;
                format!("{block}号楼{entrance}单元{room}室")
            }
            1 => format!("附{}号", random.below(30) + 1),
            _ => String::new(),
        };
        let address = format!("示例市样例区{town}{street}{}号{detail}", random.below(400) + 1);
        Subject {
            index,
            name,
            code,
            born,
            male,
            issued_on,
            valid_from: issued_on,
            person: person(random),
            address,
        }
    }

    /// A birth date that fits the certificate: newborn, old, or of working age.
    fn born(&self, index: u64, issued_on: Date, random: &mut Random) -> Date {
        let (youngest, oldest) = match self.t.key.as_str() {
            "birth-certificate" => return earlier(issued_on, random.below(30) + 3),
            "destitute-support-certificate" | "senior-citizen-card" => (61, 90),
            _ => (23, 58),
        };
        let born = earlier(
            issued_on,
            youngest * 366 + random.below((oldest - youngest) * 365),
        );
        // Every eighth day, and from there on by the index: parts the holders of one sequence number.
        let day = days_between(FIRST_DAY, born) / 8 * 8 + index / SEQUENCES % 8;
        later(FIRST_DAY, day)
    }

    fn credit_code(&self, kind: &str, index: u64) -> Option<String> {
        // A permutation of all organisations, so that no two rows share one.
        let mut rest = (index % ORGANISATIONS * 700_001 + self.seed % ORGANISATIONS) % ORGANISATIONS;
        let mut organisation = "MAEX".to_owned();
        for _ in 0..4 {
            organisation.push(char::from(ORGANISATION_LETTERS[(rest % 31) as usize]));
            rest /= 31;
        }
        CreditCode::compose(kind, "419901", &organisation)
            .ok()
            .map(|code| code.to_string())
    }

    fn number(&mut self, subject: &Subject) -> Option<String> {
        let rule = &self.t.number;
        let year = subject.issued_on.year();
        let sequence = match rule.sequence_name(&self.t.key, &self.issuer.region, year) {
            Some(name) => {
                let last = self.sequences.entry(name).or_default();
                *last += 1;
                *last
            }
            None => 0,
        };
        rule.compose(&self.issuer.region, year, sequence, subject.code.as_deref())
            .ok()
    }

    fn value(&self, field: &Field, subject: &Subject, number: &str, random: &mut Random) -> String {
        match field.role {
            Some(Role::Number) => return number.to_owned(),
            Some(Role::HolderName) => return fit(subject.name.clone(), field),
            Some(Role::HolderCode) => return subject.code.clone().unwrap_or_default(),
            Some(Role::IssuedOn) => return self.date(subject.issued_on),
            Some(Role::ValidFrom) => return self.date(subject.valid_from),
            Some(Role::ValidUntil) => return self.until(subject, random),
            None => {}
        }
        if !field.required && field.key != "birth-date" && random.one_in(10) {
            return String::new();
        }
        match field.kind {
            FieldKind::Choice => choice(field, subject, random),
            FieldKind::CitizenId => subject
                .code
                .clone()
                .filter(|code| CitizenId::parse(code).is_ok())
                .or_else(|| {
                    CitizenId::compose("419902", subject.born, random.below(999) as u16 + 1)
                        .ok()
                        .map(|id| id.as_str().to_owned())
                })
                .unwrap_or_default(),
            FieldKind::CreditCode => self.credit_code("91", subject.index).unwrap_or_default(),
            FieldKind::Date if field.key == "birth-date" => self.date(subject.born),
            FieldKind::Date => self.date(earlier(subject.issued_on, random.below(700))),
            FieldKind::Decimal | FieldKind::Integer => vary(&field.sample, random),
            FieldKind::Photo => String::new(),
            FieldKind::Text => fit(self.text(field, subject, random), field),
        }
    }

    fn until(&self, subject: &Subject, random: &mut Random) -> String {
        let years = match self.t.validity {
            ValidityRule::Unlimited => return "长期".to_owned(),
            ValidityRule::Years { years } => years,
            ValidityRule::Given => 1 + random.below(5) as i16,
        };
        let end = subject.valid_from.saturating_add(years.years());
        self.date(earlier(end, 1))
    }

    /// Departments write dates in their own ways, each table in one.
    fn date(&self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self.seed % 5 {
            0 => format!("{year}/{month}/{day}"),
            1 => format!("{year:04}{month:02}{day:02}"),
            2 => format!("{year}年{month}月{day}日"),
            3 => format!("{date} 00:00:00"),
            _ => date.to_string(),
        }
    }

    fn text(&self, field: &Field, subject: &Subject, random: &mut Random) -> String {
        let sample = field.sample.as_str();
        match field.key.as_str() {
            "scope" if field.max_chars.is_some_and(|most| most >= 600) => return scope(random),
            "ethnicity" => return random.pick(&ETHNIC_GROUPS).to_owned(),
            "born-at" => {
                let (hour, minute) = (random.below(24), random.below(60));
                let (year, month, day) = (subject.born.year(), subject.born.month(), subject.born.day());
                return format!("{year}年{month}月{day}日{hour}时{minute}分");
            }
            "father-id" | "mother-id" => {
                let male = u64::from(field.key == "father-id");
                let born = earlier(subject.issued_on, 366 * 25 + random.below(3_650));
                let sequence = (random.below(500) * 2 + male) as u16;
                return CitizenId::compose("419902", born, sequence)
                    .map_or(String::new(), |id| id.as_str().to_owned());
            }
            _ => {}
        }
        if is_person(sample) {
            // The person who acts for the holder is the same wherever the row names one.
            return if field.required {
                subject.person.clone()
            } else {
                person(random)
            };
        }
        if sample.starts_with("示例市样例区") && sample.contains('号') {
            return subject.address.clone();
        }
        if is_organisation(sample) {
            return organisation(sample, random);
        }
        let holder = self
            .t
            .field_of(Role::HolderCode)
            .map_or("", |field| field.sample.as_str());
        if let (false, Some(at), Some(code)) = (holder.is_empty(), sample.find(holder), &subject.code) {
            return format!("{}{code}{}", &sample[..at], &sample[at + holder.len()..]);
        }
        if sample.contains('；')
            && !sample.contains('。')
            && !sample.starts_with(|c: char| c.is_ascii_digit())
        {
            return shuffled(sample, "；", random);
        }
        renumber(sample, subject.index + 1)
    }
}

fn choice(field: &Field, subject: &Subject, random: &mut Random) -> String {
    let sex = if subject.male { "男" } else { "女" };
    let choices: BTreeSet<&str> = field.choices.iter().map(String::as_str).collect();
    if choices.contains(sex) {
        return sex.to_owned();
    }
    let choices: Vec<&str> = field.choices.iter().map(String::as_str).collect();
    if choices.is_empty() {
        String::new()
    } else {
        random.pick(&choices).to_owned()
    }
}

fn columns(t: &CertificateType) -> impl Iterator<Item = &Field> {
    t.fields.iter().filter(|field| field.kind != FieldKind::Photo)
}

/// Whether a sample names a person: a short name that ends with a mark.
fn is_person(sample: &str) -> bool {
    (3..=4).contains(&sample.chars().count()) && MARKS.iter().any(|mark| sample.ends_with(mark))
}

/// Whether a sample names an organisation of the made-up city.
fn is_organisation(sample: &str) -> bool {
    const ENDS: [&str; 11] = [
        "公司",
        "院",
        "站",
        "中心",
        "合作社",
        "学校",
        "店",
        "部",
        "场",
        "坊",
        "卫生室",
    ];
    (sample.starts_with("示例市") || sample.starts_with("样例区"))
        && ENDS.iter().any(|end| sample.ends_with(end))
        && !sample.contains(['，', '；', '、'])
}

fn person(random: &mut Random) -> String {
    let mark = random.pick(&MARKS);
    let surname = random.pick(&SURNAMES);
    match random.below(1_000) {
        0..=4 => format!("{surname}{}{mark}", random.pick(&RARE)),
        5..=9 => random.pick(&ETHNIC_NAMES).to_owned(),
        10..=29 => format!("{}{mark}", random.pick(&TWO_CHARACTER_SURNAMES)),
        30..=329 => format!("{surname}{mark}"),
        _ => format!("{surname}{}{mark}", random.pick(&GIVEN)),
    }
}

/// An organisation of the sample's sort: its place and purpose, under another brand.
fn organisation(sample: &str, random: &mut Random) -> String {
    let brand = random.pick(&BRANDS);
    let rest = sample.strip_prefix("示例市").unwrap_or(sample);
    let rest = rest.strip_prefix("样例区").unwrap_or(rest);
    let place = &sample[..sample.len() - rest.len()];
    let mark = MARKS.iter().filter_map(|mark| rest.find(mark)).min();
    let tail = match mark {
        Some(at) => &rest[at..],
        None => rest.char_indices().nth(2).map_or(rest, |(at, _)| &rest[at..]),
    };
    let number = if random.one_in(3) {
        random.pick(&["一", "二", "三", "第五", "城东", "城西"])
    } else {
        ""
    };
    if tail.ends_with('店') {
        let mark = random.pick(&MARKS);
        let shop = random.pick(&SHOPS);
        if random.one_in(100) {
            let second = random.pick(&BRANDS);
            return format!(
                "示例市样例区{brand}{second}{mark}农副产品购销暨日用百货综合服务社（{shop}）{number}柳林街分店"
            );
        }
        return format!("{place}{brand}{number}{mark}{shop}");
    }
    if random.one_in(100) {
        return format!("示例市样例区{brand}{number}（中原）产业集聚区创新创业综合服务{tail}第一分支机构");
    }
    format!("{place}{brand}{number}{tail}")
}

/// A business scope of one to twenty items, now and then long enough to test a face.
fn scope(random: &mut Random) -> String {
    let items = match random.below(50) {
        0 => 24,
        1..=9 => 10 + random.below(8),
        _ => 2 + random.below(7),
    };
    let first = random.below(SCOPES.len() as u64) as usize;
    let chosen: Vec<&str> = (0..items as usize)
        .map(|at| SCOPES[(first + at * 7) % SCOPES.len()])
        .collect();
    let licensed = if random.one_in(3) { SCOPE_LICENSED } else { "" };
    let head = if licensed.is_empty() {
        ""
    } else {
        "一般项目："
    };
    format!("{licensed}{head}{}{SCOPE_END}", chosen.join("；"))
}

/// Some of a list's items, in another order.
fn shuffled(sample: &str, separator: &str, random: &mut Random) -> String {
    let mut items: Vec<&str> = sample.split(separator).collect();
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at as u64 + 1) as usize);
    }
    let keep = items.len().div_ceil(2) + random.below(items.len() as u64 / 2 + 1) as usize;
    items.truncate(keep);
    items.join(separator)
}

/// A sample's serial (samples end theirs with 37 or 52) made the row's own.
fn renumber(sample: &str, index: u64) -> String {
    let bytes = sample.as_bytes();
    let Some(at) = ["37", "52"]
        .iter()
        .filter_map(|serial| sample.rfind(serial))
        .max()
    else {
        return sample.to_owned();
    };
    let start = (0..at)
        .rev()
        .take_while(|before| bytes[*before] == b'0')
        .last()
        .unwrap_or(at);
    let digits = at + 2 - start;
    if digits < 3 {
        return sample.to_owned();
    }
    let serial = index % 10_u64.pow(digits.min(9) as u32);
    format!("{}{serial:0digits$}{}", &sample[..start], &sample[at + 2..])
}

/// A number of the sample's size and precision.
fn vary(sample: &str, random: &mut Random) -> String {
    let places = sample.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let Ok(value) = sample.replace('.', "").parse::<u64>() else {
        return sample.to_owned();
    };
    let value = (value * (70 + random.below(60)) / 100).max(1);
    if places == 0 {
        return value.to_string();
    }
    let scale = 10_u64.pow(places as u32);
    format!("{}.{:0places$}", value / scale, value % scale)
}

/// A text no longer than the field takes, cut at the last whole item.
fn fit(text: String, field: &Field) -> String {
    let Some(most) = field.max_chars.filter(|most| text.chars().count() > *most) else {
        return text;
    };
    let cut: String = text.chars().take(most).collect();
    match cut.rfind('；') {
        Some(at) => cut[..at].to_owned(),
        None => cut,
    }
}

fn days_between(from: Date, to: Date) -> u64 {
    from.until(to).map_or(0, |span| span.get_days().max(0) as u64)
}

fn later(date: Date, days: u64) -> Date {
    date.saturating_add(days.cast_signed().days())
}

fn earlier(date: Date, days: u64) -> Date {
    date.saturating_sub(days.cast_signed().days())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, path::Path, sync::Arc};

    use certseal_core::{
        catalogue::RawRecord,
        face::{FontBook, FontConfig, FontRole},
    };
    use jiff::civil::date;

    use super::*;

    const DATES: RangeInclusive<Date> = date(2018, 1, 1)..=date(2026, 11, 20);

    fn types() -> Vec<Arc<CertificateType>> {
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        let mut types: Vec<Arc<CertificateType>> = fs::read_dir(templates)
            .unwrap()
            .filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("type.toml")).ok())
            .map(|text| Arc::new(toml::from_str(&text).unwrap()))
            .collect();
        types.sort_by_key(|found| found.seq);
        types
    }

    fn issuer() -> Issuer {
        Issuer {
            name: "示例市样例区市场监督管理局".to_owned(),
            code: "11419901MB0EX11A1X".to_owned(),
            region: "419901".to_owned(),
        }
    }

    fn record(t: &CertificateType, headers: &[String], row: &[String]) -> RawRecord {
        assert_eq!(headers.len(), row.len());
        let mut raw = RawRecord::default();
        for (header, value) in headers.iter().zip(row) {
            raw.values
                .insert(t.column_for(header).unwrap().key.clone(), value.clone());
        }
        raw
    }

    #[test]
    fn rows_of_every_type_pass_its_check_under_numbers_of_their_own() {
        let types = types();
        assert!(types.len() >= 63);
        for t in &types {
            let headers = headers(t);
            let mut numbers = BTreeSet::new();
            let count = 90;
            for row in rows(t, &issuer(), count, 7, DATES) {
                let face = t
                    .check(&record(t, &headers, &row), date(2026, 11, 21))
                    .unwrap_or_else(|errors| panic!("{}: {errors:?} {row:?}", t.key));
                assert!(DATES.contains(&face.issued_on));
                assert!(
                    numbers.insert(face.number.clone().unwrap()),
                    "{}: {:?}",
                    t.key,
                    face.number
                );
            }
            assert_eq!(numbers.len(), count, "{}", t.key);
        }
    }

    #[test]
    fn a_large_backlog_stays_unique_and_has_its_hard_cases() {
        let types = types();
        let licence = types
            .iter()
            .find(|t| t.key == "business-licence-individual")
            .unwrap();
        let headers = headers(licence);
        let mut codes = BTreeSet::new();
        let (mut long_names, mut long_scopes, mut rare) = (0, 0, 0);
        for row in rows(licence, &issuer(), 32_727, 1, DATES) {
            let face = licence
                .check(&record(licence, &headers, &row), date(2026, 11, 21))
                .unwrap();
            assert!(codes.insert(face.holder_code.clone()));
            assert!(
                MARKS.iter().any(|mark| face.holder_name.contains(mark)),
                "{}",
                face.holder_name
            );
            long_names += usize::from(face.holder_name.chars().count() > 30);
            long_scopes += usize::from(face.printed["scope"].chars().count() > 200);
            rare += usize::from(RARE.iter().any(|c| face.printed["operator"].contains(c)));
        }
        assert!(
            long_names > 100 && long_scopes > 100 && rare > 50,
            "{long_names} {long_scopes} {rare}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_rows() {
        let types = types();
        let t = types.first().unwrap();
        let make = |seed| rows(t, &issuer(), 20, seed, DATES).collect::<Vec<_>>();
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
    }

    #[test]
    fn persons_of_one_type_do_not_share_a_citizen_id() {
        let types = types();
        for t in types.iter().filter(|t| t.holder == HolderKind::Person) {
            let headers = headers(t);
            let mut seen = BTreeSet::new();
            for row in rows(t, &issuer(), 1_500, 5, DATES) {
                let face = t.check(&record(t, &headers, &row), date(2026, 11, 21)).unwrap();
                if let Some(code) = face.holder_code {
                    assert!(seen.insert(code), "{}", t.key);
                }
            }
        }
    }

    #[test]
    fn every_rare_character_has_a_glyph() {
        let book = FontBook::load(&FontConfig::default()).unwrap();
        for c in RARE.iter().flat_map(|text| text.chars()) {
            for role in [FontRole::Song, FontRole::Kai, FontRole::Hei] {
                assert!(book.glyph(role, c).is_some(), "{c} U+{:04X}", u32::from(c));
            }
        }
    }
}
