#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use super::*;
use crate::{
    catalogue::{Catalogue, Field, FieldKind},
    face::{
        EmblemArt, FontConfig, Picture, TextRun,
        emblem::tests::disc,
        spec::{Art, TemplateFile},
    },
};

static BOOK: LazyLock<FontBook> = LazyLock::new(|| FontBook::load(&FontConfig::default()).unwrap());

const PRINTED: Printed<'static> = Printed {
    identifier: "1.2.156.3005.2.11100000MB0900017M909.11419901MB0900017M.92419901MA4EXA1P5H000001.001.X",
    number: "92419901MA4EXA1P5H",
    issuer_name: "示例市样例区市场监督管理局",
};

fn templates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates")
}

fn types() -> Vec<Arc<CertificateType>> {
    Catalogue::load(&templates()).unwrap().types().cloned().collect()
}

fn load(certificate_type: &CertificateType) -> FaceTemplate {
    let folder = templates().join(&certificate_type.key);
    let loaded = FaceTemplate::load(certificate_type, &folder, &templates().join("_layouts"), &BOOK);
    loaded.unwrap_or_else(|error| panic!("{}: {error}", certificate_type.key))
}

fn food() -> Arc<CertificateType> {
    types()
        .into_iter()
        .find(|own| own.key == "food-business-permit")
        .unwrap()
}

fn data(certificate_type: &Arc<CertificateType>, text: impl Fn(&Field) -> String) -> FaceData {
    let mut printed = BTreeMap::new();
    for field in &certificate_type.fields {
        let value = match field.kind {
            FieldKind::Photo => continue,
            FieldKind::Date => "2024年12月28日".to_owned(),
            _ => text(field),
        };
        printed.insert(field.key.clone(), value);
    }
    let day = jiff::civil::date(2024, 12, 28);
    FaceData {
        certificate_type: Arc::clone(certificate_type),
        number: Some("1".to_owned()),
        holder_name: "示例".to_owned(),
        holder_code: None,
        issued_on: day,
        valid_from: day,
        valid_until: None,
        printed,
        photos: BTreeMap::new(),
    }
}

fn sample(field: &Field) -> String {
    field.sample.clone()
}

/// The longest value the type admits.
fn longest(field: &Field) -> String {
    let most = field.max_chars.unwrap_or(60);
    match field.kind {
        FieldKind::Choice => field
            .choices
            .iter()
            .max_by_key(|choice| choice.chars().count())
            .unwrap()
            .clone(),
        FieldKind::Text if field.role == Some(Role::HolderCode) => "9".repeat(most),
        FieldKind::Text => "普通货物运输，（含冷藏保鲜）"
            .chars()
            .cycle()
            .take(most)
            .collect(),
        _ => field.sample.clone(),
    }
}

fn runs(items: &[Item]) -> impl Iterator<Item = &TextRun> {
    items.iter().filter_map(|item| match item {
        Item::Text(run) => Some(run),
        _ => None,
    })
}

/// The ink box of a run, a little inside its em boxes.
fn ink(run: &TextRun) -> Rect {
    let end = run
        .glyphs
        .last()
        .map_or(0.0, |last| last.x + BOOK.advance(run.font, last.id) * run.size);
    Rect {
        x: run.x,
        y: run.y - run.size * 0.78,
        w: end,
        h: run.size * 0.86,
    }
}

fn overlap(a: Rect, b: Rect) -> bool {
    let w = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
    let h = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
    w > 0.35 && h > 0.2
}

fn text(run: &TextRun) -> String {
    run.glyphs.iter().map(|glyph| glyph.ch).collect()
}

/// What is wrong with where text lies: off the page, on other text, the photo, the QR symbol or the
/// place of the emblem.
fn collisions(template: &FaceTemplate, face: &Face) -> Vec<String> {
    let (width, height) = template.page();
    let all: Vec<_> = runs(&face.base.items)
        .chain(runs(&face.items))
        .filter(|run| run.alpha > 0.5)
        .map(|run| (text(run), ink(run)))
        .collect();
    let photo = template.photo.as_ref().map(|slot| slot.place);
    let taken = [
        ("QR", Some(template.qr)),
        ("photo", photo),
        ("emblem", template.emblem),
    ];
    let mut found = Vec::new();
    for (index, (own, place)) in all.iter().enumerate() {
        let right = place.x + place.w;
        let inside =
            place.x >= 5.0 && place.y >= 5.0 && right <= width - 5.0 && place.y + place.h <= height - 5.0;
        if !inside {
            found.push(format!("{own} off the page: {place:?}"));
        }
        for (what, other) in taken {
            if other.is_some_and(|other| overlap(*place, other)) && !(what == "photo" && own == "照 片") {
                found.push(format!("{own} on the {what}: {place:?}"));
            }
        }
        for (other, its) in &all[index + 1..] {
            if overlap(*place, *its) {
                found.push(format!("{own} over {other}: {place:?} {its:?}"));
            }
        }
    }
    found
}

#[test]
fn every_type_has_a_template_that_shows_its_fields_apart_from_each_other() {
    let types = types();
    assert_eq!(types.len(), 63);
    let mut wrong = Vec::new();
    for own in types {
        let template = load(&own);
        for (how, data) in [
            (
                "sample",
                own.check(&own.sample(), jiff::civil::date(2026, 11, 21)).unwrap(),
            ),
            ("longest", data(&own, longest)),
            ("empty", data(&own, |_| String::new())),
        ] {
            let issuer_name = if how == "longest" {
                "示例省示例市高新技术产业开发区行政审批与市场监督管理局"
            } else {
                PRINTED.issuer_name
            };
            let printed = Printed {
                issuer_name,
                ..PRINTED
            };
            let face = match template.lay_out(&data, &printed, &BOOK) {
                Ok(face) => face,
                Err(errors) => {
                    wrong.push(format!("{} {how}: {errors:?}", own.key));
                    continue;
                }
            };
            let found = collisions(&template, &face);
            wrong.extend(found.into_iter().map(|what| format!("{} {how}: {what}", own.key)));
            for field in own.fields.iter().filter(|field| field.kind != FieldKind::Photo) {
                let value = data.printed.get(&field.key).map_or("", String::as_str);
                let shown = shown(&face, &field.key);
                let number = field.role == Some(Role::Number);
                let expected = plain(if number { PRINTED.number } else { value });
                if !shown.contains(&expected) {
                    wrong.push(format!("{} {how}: {} shows {shown}", own.key, field.key));
                }
            }
            assert_eq!(shown(&face, "identifier"), PRINTED.identifier);
            assert_eq!(shown(&face, "issuer"), issuer_name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a border or frame encloses.
fn enclosed(own: &CertificateType) -> Rect {
    let path = match own.layout.as_str() {
        "own" => templates().join(&own.key).join("face.toml"),
        family => templates().join("_layouts").join(format!("{family}.toml")),
    };
    let file: TemplateFile = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut left, mut top, mut right, mut bottom) = (0.0_f32, 0.0_f32, file.page.width, file.page.height);
    for piece in &file.art {
        let (rect, band) = match piece {
            Art::Border { rect, band, .. } => (rect.0, *band),
            Art::Frame { rect, .. } => (rect.0, 0.0),
            _ => continue,
        };
        left = left.max(rect.x + band);
        top = top.max(rect.y + band);
        right = right.min(rect.x + rect.w - band);
        bottom = bottom.min(rect.y + rect.h - band);
    }
    Rect {
        x: left,
        y: top,
        w: right - left,
        h: bottom - top,
    }
}

#[test]
fn issuer_and_date_stand_inside_the_border_whichever_department_signs() {
    let catalogue = Catalogue::load(&templates()).unwrap();
    let departments = catalogue.departments().iter();
    let mut issuers: Vec<String> = departments
        .map(|department| format!("河南省示例市示例区{}", department.full_name))
        .collect();
    assert_eq!(issuers.len(), 15);
    issuers.push("示例省示例市高新技术产业开发区行政审批与市场监督管理局".to_owned());
    let mut wrong = Vec::new();
    for own in catalogue.types() {
        let template = load(own);
        let inner = enclosed(own);
        let data = data(own, sample);
        for issuer_name in &issuers {
            let printed = Printed {
                issuer_name,
                ..PRINTED
            };
            let face = template.lay_out(&data, &printed, &BOOK).unwrap();
            for run in runs(&face.items).filter(|run| run.y > template.seal.1) {
                let place = ink(run);
                let (right, bottom) = (inner.x + inner.w, inner.y + inner.h);
                let inside = place.x > inner.x + 0.5
                    && place.x + place.w < right - 0.5
                    && place.y + place.h < bottom - 0.2;
                if !inside {
                    wrong.push(format!("{}: {} at {place:?} in {inner:?}", own.key, text(run)));
                }
            }
            wrong.extend(
                collisions(&template, &face)
                    .into_iter()
                    .map(|what| format!("{}: {what}", own.key)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Baselines of the values with these keys.
fn baselines(face: &Face, keys: &[&str]) -> Vec<Mm> {
    let of = |key: &&str| {
        runs(&face.items)
            .find(|run| run.field.as_deref() == Some(*key))
            .unwrap()
            .y
    };
    keys.iter().map(of).collect()
}

#[test]
fn rows_of_one_line_have_one_pitch_and_columns_share_their_lines() {
    let laid = |key: &str| {
        let own = types().into_iter().find(|own| own.key == key).unwrap();
        load(&own).lay_out(&data(&own, sample), &PRINTED, &BOOK).unwrap()
    };
    let card = laid("professional-title-senior");
    let keys = ["holder-name", "birth-date", "series", "workplace"];
    let rows: Vec<Mm> = baselines(&card, &keys);
    let first = rows[1] - rows[0];
    assert!((rows[2] - rows[1] - first).abs() < 0.1, "{rows:?}");

    let licence = laid("business-licence-individual");
    let left = baselines(&licence, &["holder-name", "business-type", "operator"]);
    let right = baselines(&licence, &["composition", "registered-on", "premises"]);
    for (left, right) in left.iter().zip(&right) {
        assert!((left - right).abs() < 0.1, "{left} {right}");
    }
}

/// Text of the runs that show a field.
fn shown(face: &Face, key: &str) -> String {
    let own = runs(&face.items).filter(|run| run.field.as_deref() == Some(key));
    plain(&own.map(text).collect::<String>())
}

fn plain(text: &str) -> String {
    text.replace([' ', '\n'], "")
}

#[test]
fn the_seal_lies_on_the_page_and_clear_of_the_qr_symbol() {
    for own in types() {
        let template = load(&own);
        let ((x, y), (w, h)) = (template.seal_center(), template.page());
        let radius = 21.0;
        let inside = x >= radius + 3.0 && y >= radius + 3.0 && x <= w - radius - 3.0 && y <= h - radius - 3.0;
        assert!(inside, "{}", own.key);
        let circle = Rect {
            x: x - radius,
            y: y - radius,
            w: 2.0 * radius,
            h: 2.0 * radius,
        };
        assert!(!overlap(circle, template.qr), "{}", own.key);
    }
}

#[test]
fn a_value_too_long_for_its_place_is_named() {
    let own = food();
    let long = data(&own, |field| {
        if field.key == "holder-name" {
            "长".repeat(1500)
        } else {
            sample(field)
        }
    });
    let errors = load(&own).lay_out(&long, &PRINTED, &BOOK).unwrap_err();
    let [
        FaceError::DoesNotFit {
            field,
            label,
            chars: 1500,
            ..
        },
    ] = errors.as_slice()
    else {
        panic!("{errors:?}")
    };
    assert_eq!((field.as_str(), label.as_str()), ("holder-name", "经营者名称"));
}

#[test]
fn every_character_without_glyph_is_named_with_its_field() {
    let own = food();
    let odd = data(&own, |field| match field.key.as_str() {
        "holder-name" => "好\u{E123}味".to_owned(),
        "domicile" => "路\u{378}号\u{FFFFF}".to_owned(),
        _ => sample(field),
    });
    let errors = load(&own).lay_out(&odd, &PRINTED, &BOOK).unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
    let private = errors.iter().any(|error| {
        matches!(error, FaceError::PrivateUse { field, ch: '\u{E123}', position: 2, .. } if field == "holder-name")
    });
    let missing = errors.iter().any(|error| {
        matches!(error, FaceError::MissingGlyph { field, ch: '\u{378}', position: 2, .. } if field == "domicile")
    });
    assert!(private && missing, "{errors:?}");
    assert!(errors[0].to_string().contains("U+E123"), "{}", errors[0]);
}

#[test]
fn rare_characters_of_names_are_printed() {
    let own = food();
    let rare = data(&own, |field| match field.key.as_str() {
        "legal-representative" => "\u{20164}\u{2A6A5}\u{2B820}".to_owned(),
        "holder-name" => "示例区㛃𡈽䶮𠮷 SUNSHINE Coffee & Tea (H.K.) 商店".to_owned(),
        "signatory" => "阿卜杜拉·买买提·吐尔逊·𠮷尔".to_owned(),
        _ => sample(field),
    });
    let template = load(&own);
    let face = template.lay_out(&rare, &PRINTED, &BOOK).unwrap();
    assert_eq!(collisions(&template, &face), Vec::<String>::new());
    for key in ["legal-representative", "holder-name", "signatory"] {
        assert_eq!(shown(&face, key), plain(&rare.printed[key]));
    }
}

#[test]
fn a_label_with_an_aside_is_as_wide_as_its_neighbours() {
    let template = load(&food());
    let edges = |words: &str| {
        let run = runs(&template.base().items).find(|run| text(run) == words);
        let place = ink(run.unwrap_or_else(|| panic!("no label {words}")));
        (place.x, place.x + place.w)
    };
    let (left, right) = edges("住所");
    for label in ["社会信用代码", "法定代表人", "经营者名称"] {
        let own = edges(label);
        assert!(
            (own.0 - left).abs() < 0.1 && (own.1 - right).abs() < 0.1,
            "{label}: {own:?}"
        );
    }
    let aside = edges("（负责人）");
    assert!(aside.0 > left && aside.1 < right, "{aside:?}");
}

#[test]
fn a_photo_takes_the_place_of_its_empty_frame() {
    let own = types()
        .into_iter()
        .find(|own| own.key == "teacher-qualification-certificate")
        .unwrap();
    let template = load(&own);
    let slot = template.photo.as_ref().unwrap().place;
    let mut data = data(&own, sample);
    let frame = |face: &Face| runs(&face.items).any(|run| text(run) == "照 片");
    assert!(frame(&template.lay_out(&data, &PRINTED, &BOOK).unwrap()));

    let mut file = std::io::Cursor::new(Vec::new());
    let portrait = image::DynamicImage::new_rgb8(295, 413);
    portrait.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    data.photos.insert("photo".to_owned(), file.into_inner().into());
    let face = template.lay_out(&data, &PRINTED, &BOOK).unwrap();
    assert!(!frame(&face));
    let placed = face.items.iter().find_map(|item| match item {
        Item::Picture(placed) => Some(placed),
        _ => None,
    });
    let Rect { x, y, w, h } = placed.unwrap().place;
    assert!(x >= slot.x - 0.01 && y >= slot.y - 0.01);
    assert!(x + w <= slot.x + slot.w + 0.01 && y + h <= slot.y + slot.h + 0.01);

    data.photos
        .insert("photo".to_owned(), Arc::from(&b"no picture"[..]));
    let errors = template.lay_out(&data, &PRINTED, &BOOK).unwrap_err();
    assert!(matches!(errors.as_slice(), [FaceError::Photo { field, .. }] if field == "photo"));
}

#[test]
fn emblem_art_stands_in_the_place_kept_free_for_it_and_nowhere_else() {
    let art = EmblemArt::parse(&disc(600)).unwrap();
    let mut places = 0;
    for own in types() {
        let bare = load(&own);
        let (place, plain) = (bare.emblem_place(), Arc::clone(bare.base()));
        let template = bare.with_emblem(&art);
        let added = &template.base().items[plain.items.len()..];
        match (own.emblem, place, added) {
            (true, Some(place), [Item::Picture(placed)]) => {
                places += 1;
                let (own_place, own_key) = (placed.place, &own.key);
                assert!((own_place.w - place.w.min(place.h)).abs() < 0.01, "{own_key}");
                assert!(
                    placed.field.is_none() && matches!(placed.picture, Picture::Jpeg { alpha: Some(_), .. })
                );
                let face = template.lay_out(&data(&own, longest), &PRINTED, &BOOK).unwrap();
                assert_eq!(collisions(&template, &face), Vec::<String>::new());
            }
            (false, None, []) => {}
            other => panic!("{}: {other:?}", own.key),
        }
    }
    assert!(places > 5, "{places}");
}

#[test]
fn data_of_another_type_are_refused() {
    let own = food();
    let mut other = (*own).clone();
    other.version = 9;
    let errors = load(&own)
        .lay_out(&data(&Arc::new(other), sample), &PRINTED, &BOOK)
        .unwrap_err();
    assert!(matches!(errors.as_slice(), [FaceError::OtherType { .. }]));
}

#[test]
fn qr_modules_never_come_under_a_third_of_a_millimetre() {
    for own in types() {
        let template = load(&own);
        let mut face = template.lay_out(&data(&own, sample), &PRINTED, &BOOK).unwrap();
        let symbol = |width: u32| vec![true; (width * width) as usize].into();
        face.place_qr(symbol(85), 85).unwrap();
        let Some(Item::Picture(placed)) = face.items.last() else {
            panic!()
        };
        let module = placed.place.w / 85.0;
        assert!(module >= 0.33, "{}: {module}", own.key);
        assert!(placed.place.x - template.qr.x >= 4.0 * module - 0.01);
        assert!(matches!(placed.picture, Picture::Modules { width: 85, .. }));
        assert!(matches!(
            face.place_qr(symbol(177), 177),
            Err(FaceError::QrTooDense { modules: 177, .. })
        ));
        assert!(matches!(
            face.place_qr(symbol(20), 21),
            Err(FaceError::QrNotSquare { .. })
        ));
    }
}

#[test]
fn a_template_that_leaves_a_field_out_is_refused() {
    let mut own = (*food()).clone();
    let mut extra = own.fields[4].clone();
    extra.key = "extra".to_owned();
    own.fields.push(extra);
    let folder = templates().join(&own.key);
    let error = FaceTemplate::load(&own, &folder, &templates(), &BOOK).unwrap_err();
    assert!(error.to_string().contains("extra"), "{error}");
    own.layout = "../etc".to_owned();
    assert!(FaceTemplate::load(&own, &folder, &templates(), &BOOK).is_err());
}

#[test]
#[ignore = "measures"]
fn a_face_takes_microseconds() {
    for own in types() {
        let template = load(&own);
        let data = data(&own, longest);
        let once = || template.lay_out(&data, &PRINTED, &BOOK).unwrap();
        once();
        let start = std::time::Instant::now();
        for _ in 0..200 {
            std::hint::black_box(once());
        }
        let taken = start.elapsed() / 200;
        assert!(taken.as_micros() < 500, "{} {taken:?}", own.key);
    }
}
