//! What stands on the page: text as it is extracted and where, pictures, tags.

use std::collections::BTreeMap;

use image::ImageFormat;

use super::*;
use crate::face::{
    Color, FontId, FontRole, Glyph, Item, Path, Picture, PlacedPicture, Segment, Stroke, TextRun,
};

fn opened_text(bytes: &[u8]) -> crate::document::ofd::DocumentText {
    let text = open(bytes).unwrap().text(0).unwrap().unwrap();
    let deviations: Vec<_> = text.deviations.iter().collect();
    assert!(deviations.is_empty(), "{deviations:?}");
    text
}

fn letters(run: &TextRun) -> String {
    run.glyphs.iter().map(|glyph| glyph.ch).collect()
}

fn texts(items: &[Item]) -> impl Iterator<Item = &TextRun> {
    items.iter().filter_map(|item| match item {
        Item::Text(run) => Some(run),
        _ => None,
    })
}

fn run(fonts: &FontBook, text: &str, rotation: f32) -> TextRun {
    let size = 8.0;
    let glyph = |(index, ch): (usize, char)| Glyph {
        id: fonts.glyph(FontRole::Song, ch).unwrap().1,
        ch,
        x: index as f32 * 9.5,
    };
    TextRun {
        font: fonts
            .glyph(FontRole::Song, text.chars().next().unwrap())
            .unwrap()
            .0,
        size,
        x: 60.0,
        y: 90.0,
        glyphs: text.chars().enumerate().map(glyph).collect(),
        color: Color(200, 0, 10),
        alpha: 0.25,
        rotation,
        field: None,
    }
}

#[test]
fn the_text_of_the_face_is_extracted_and_nothing_else_is_drawn() {
    let sample = Sample::new();
    let text = opened_text(&sample.sealed(Protection::Whole));
    let of_face: Vec<String> = texts(&sample.face.base.items)
        .chain(texts(&sample.face.items))
        .map(letters)
        .collect();
    let extracted: Vec<&str> = text.runs.iter().map(|run| run.text.as_str()).collect();
    assert_eq!(extracted, of_face);
    assert!(
        text.runs
            .iter()
            .all(|run| run.drawn == Drawn::AsExtracted && run.visible)
    );
    assert!(text.runs.iter().any(|run| run.ground == Ground::Template));

    // Every glyph stands where the layout has it, to 2 µm.
    let all = texts(&sample.face.base.items).chain(texts(&sample.face.items));
    for (run, of_face) in text.runs.iter().zip(all) {
        for ((x, y), glyph) in run.places.iter().zip(&of_face.glyphs) {
            let (wanted_x, wanted_y) = (f64::from(of_face.x + glyph.x), f64::from(of_face.y));
            assert!(
                (x - wanted_x).abs() < 0.002 && (y - wanted_y).abs() < 0.002,
                "{}",
                run.text
            );
        }
    }
}

#[test]
fn tags_lead_from_fields_to_the_text_that_shows_them() {
    let sample = Sample::new();
    let bytes = sample.sealed(Protection::Whole);
    let opened = open(&bytes).unwrap();
    let tag = &opened.documents()[0].custom_tags.as_ref().unwrap().tags[0];
    let (objects, _) = opened
        .tagged_objects(tag.file.as_ref().unwrap().member.unwrap())
        .unwrap();
    let text = opened_text(&bytes);
    let mut shown: BTreeMap<&str, String> = BTreeMap::new();
    for tagged in &objects {
        assert_eq!(tagged.page, Some(fixed::PAGE));
        let name = tagged.path.rsplit('/').next().unwrap();
        let runs = text.runs.iter().filter(|run| run.object == tagged.object);
        shown
            .entry(name)
            .or_default()
            .extend(runs.map(|run| run.text.as_str()));
    }
    for field in &sample.json.fields {
        assert_eq!(shown[&field.short[..]], field.text, "{}", field.key);
    }
    assert_eq!(shown["ZZBS"], IDENTIFIER);
    assert_eq!(shown["ZZBFJG"], sample.json.issuer.name);
    // The symbol has a tag, and no text.
    assert_eq!(shown["QR"], "");
}

#[test]
fn rare_characters_turned_lines_and_odd_glyphs_keep_their_places() {
    let mut sample = Sample::new();
    let rare = run(&sample.fonts, "王\u{20164}丁", 0.0);
    // The same font must serve all three: the layout makes a run of each stretch.
    let beyond = sample.fonts.glyph(FontRole::Song, '\u{20164}').unwrap().0;
    let rare = TextRun {
        glyphs: rare
            .glyphs
            .into_iter()
            .filter(|glyph| rare.font == beyond || glyph.ch != '\u{20164}')
            .collect(),
        ..rare
    };
    let mut lone = run(&sample.fonts, "\u{20164}", 0.0);
    lone.font = beyond;
    lone.glyphs.push(Glyph {
        x: 9.5,
        ..lone.glyphs[0]
    });
    let turned = run(&sample.fonts, "仅供查验", 30.0);
    // A second form of a character that stands there already.
    let mut odd = run(&sample.fonts, "一二一", 0.0);
    odd.glyphs[2].id = odd.glyphs[1].id;
    let expected: Vec<TextRun> = vec![rare, lone, turned, odd];
    sample.face.items = expected.iter().cloned().map(Item::Text).collect();
    let bytes = sample.sealed(Protection::Whole);
    let text = opened_text(&bytes);
    let own: Vec<_> = text
        .runs
        .iter()
        .filter(|run| run.ground == Ground::Page)
        .collect();
    // What is beyond the basic plane ends its TextCode.
    let extracted: Vec<&str> = own.iter().map(|run| run.text.as_str()).collect();
    assert!(
        extracted.windows(2).any(|two| two == ["\u{20164}", "\u{20164}"]),
        "{extracted:?}"
    );
    assert_eq!(
        extracted.concat(),
        expected.iter().map(letters).collect::<String>()
    );

    let watermark = own.iter().find(|run| run.text == "仅供查验").unwrap();
    assert!((watermark.size - 8.0).abs() < 1e-3);
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    for (index, (x, y)) in watermark.places.iter().enumerate() {
        let along = index as f64 * 9.5;
        assert!((x - (60.0 + along * cos)).abs() < 0.005, "{x}");
        assert!((y - (90.0 - along * sin)).abs() < 0.005, "{y}");
    }
    // The odd glyph is drawn by its number, and the reader says that it is another character's.
    let odd = own.iter().find(|run| run.text == "一二一").unwrap();
    let Drawn::Differs(found) = &odd.drawn else {
        panic!("{:?}", odd.drawn)
    };
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].at, 2);
}

#[test]
fn fonts_hold_only_what_is_used_and_say_what_it_is() {
    let sample = Sample::new();
    let bytes = sample.sealed(Protection::Whole);
    for (name, file) in members(&bytes).iter().filter(|(name, _)| name.contains("/font_")) {
        let font = skrifa::Font::new(file.clone(), 0).unwrap();
        let map = font.charmap();
        let count = map.unicodes().count();
        assert!(count > 5 && count + 1 >= font.num_glyphs() as usize, "{name}");
        assert!(map.map_unicode('\u{9F98}').is_none());
        let family = font.names().get(skrifa::raw::types::NameId::FAMILY_NAME);
        assert!(family.is_some(), "{name}");
    }
}

#[test]
fn paths_have_their_lines_areas_dashes_and_opacity() {
    let mut sample = Sample::new();
    sample.face.items = vec![Item::Path(Path {
        segments: vec![
            Segment::Move(10.0, 10.0),
            Segment::Line(30.0, 10.0),
            Segment::Cubic(30.0, 20.0, 20.0, 30.0, 10.0, 30.0),
            Segment::Close,
        ],
        fill: Some(Color(1, 2, 3)),
        even_odd: true,
        stroke: Some(Stroke {
            color: Color(4, 5, 6),
            width: 0.4,
            dash: vec![2.0, 1.5],
        }),
        alpha: 0.5,
    })];
    let bytes = sample.sealed(Protection::Whole);
    let found = members(&bytes);
    let page = &found.iter().find(|(name, _)| name.contains("Page_0")).unwrap().1;
    let page = str::from_utf8(page).unwrap();
    for part in [
        "Boundary=\"8 8 24 24\" LineWidth=\"0.4\" MiterLimit=\"10\" DashPattern=\"2 1.5\" Fill=\"true\" Rule=\"Even-Odd\" Alpha=\"128\"",
        "<ofd:StrokeColor Value=\"4 5 6\"/><ofd:FillColor Value=\"1 2 3\"/>",
        "M 2 2 L 22 2 B 22 12 12 22 2 22 C<",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn pictures_come_as_they_are_or_as_png() {
    let mut sample = Sample::new();
    let mut jpeg = Vec::new();
    let grey = image::RgbImage::from_pixel(4, 3, image::Rgb([120, 120, 120]));
    grey.write_to(&mut Cursor::new(&mut jpeg), ImageFormat::Jpeg)
        .unwrap();
    let place = |picture| {
        Item::Picture(PlacedPicture {
            place: Rect {
                x: 10.0,
                y: 20.0,
                w: 8.0,
                h: 6.0,
            },
            picture,
            field: None,
        })
    };
    let see_through = |alpha: Option<Arc<[u8]>>| Picture::Jpeg {
        data: jpeg.clone().into(),
        width: 4,
        height: 3,
        components: 3,
        alpha,
    };
    let dark: Vec<bool> = (0..25).map(|at| at % 2 == 0).collect();
    sample.face.items = vec![
        place(see_through(None)),
        place(see_through(Some((0_u8..12).collect()))),
        place(Picture::Rgb {
            data: [9, 8, 7].repeat(6).into(),
            width: 3,
            height: 2,
        }),
        place(Picture::Modules {
            dark: dark.clone().into(),
            width: 5,
        }),
    ];
    let bytes = sample.sealed(Protection::Whole);
    check_coverage(&open(&bytes).unwrap(), 0);
    let found = members(&bytes);
    let mut pictures = found
        .iter()
        .filter(|(name, _)| name.contains("image_"))
        .map(|(_, file)| file);
    assert_eq!(pictures.next(), Some(&jpeg));
    let mut png = || image::load_from_memory_with_format(pictures.next().unwrap(), ImageFormat::Png).unwrap();
    let rgba = png().into_rgba8();
    let alphas: Vec<u8> = rgba.pixels().map(|pixel| pixel.0[3]).collect();
    assert_eq!(alphas, (0_u8..12).collect::<Vec<_>>());
    assert_eq!(png().into_rgb8().get_pixel(2, 1).0, [9, 8, 7]);
    let symbol = png().into_luma8();
    assert_eq!(symbol.dimensions(), (40, 40));
    for (index, dark) in dark.iter().enumerate() {
        let (x, y) = (index as u32 % 5 * 8, index as u32 / 5 * 8);
        for (x, y) in [(x, y), (x + 7, y + 7)] {
            assert_eq!(symbol.get_pixel(x, y).0, [if *dark { 0 } else { 255 }]);
        }
    }

    // What contradicts itself is refused by name.
    for picture in [
        see_through(Some([0].into())),
        Picture::Rgb {
            data: [0].into(),
            width: 1,
            height: 1,
        },
        Picture::Modules {
            dark: [true].into(),
            width: 2,
        },
    ] {
        sample.face.items = vec![place(picture)];
        let prepared = sample.prepared(Protection::Whole);
        let refused = prepared.write(&sample.face, &sample.info(), &sample.file());
        assert!(matches!(refused, Err(OfdWriteError::Picture { .. })));
    }
}

#[test]
fn an_unknown_font_draws_nothing_and_breaks_nothing() {
    let mut sample = Sample::new();
    let mut lost = run(&sample.fonts, "证", 0.0);
    lost.font = FontId(999);
    sample.face.items = vec![Item::Text(lost)];
    let bytes = sample.sealed(Protection::Whole);
    assert_eq!(opened_text(&bytes).runs.last().unwrap().text, "证");
}
