//! Text as it is extracted, and where it is drawn.

use super::*;

const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";

/// An sfnt font with nothing but a character map: character and glyph.
fn font(map: &[(char, u32)]) -> Vec<u8> {
    let sorted: BTreeMap<char, u32> = map.iter().copied().collect();
    let mut groups = Vec::new();
    for (character, glyph) in sorted {
        let code = u32::from(character);
        groups.extend([code, code, glyph].into_iter().flat_map(u32::to_be_bytes));
    }
    let count = u32::try_from(map.len()).unwrap();
    let mut cmap = vec![0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0];
    cmap.extend((16 + 12 * count).to_be_bytes());
    cmap.extend(0_u32.to_be_bytes());
    cmap.extend(count.to_be_bytes());
    cmap.extend(groups);
    let mut head = vec![0; 54];
    head[..4].copy_from_slice(&[0, 1, 0, 0]);
    head[12..16].copy_from_slice(&[0x5F, 0x0F, 0x3C, 0xF5]);
    head[18] = 4;
    let maxp = vec![0, 0, 0x50, 0, 1, 0];
    let mut out = vec![0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0];
    let mut at = 12 + 3 * 16;
    let tables = [(b"cmap", cmap), (b"head", head), (b"maxp", maxp)];
    for (tag, table) in &tables {
        out.extend(*tag);
        let length = u32::try_from(table.len()).unwrap();
        for number in [0, at, length] {
            out.extend(number.to_be_bytes());
        }
        at += length;
    }
    out.extend(tables.into_iter().flat_map(|(_, table)| table));
    out
}

/// Text of a page with this object; its font is embedded where one is given.
fn runs(object: &str, embedded: Option<Vec<u8>>) -> DocumentText {
    let mut files = plain();
    files.set(
        PAGE,
        &format!("<ofd:Page {NS}><ofd:Content><ofd:Layer>{object}</ofd:Layer></ofd:Content></ofd:Page>"),
    );
    if let Some(font) = embedded {
        files.replace(
            "Doc_0/PublicRes.xml",
            "FontName=\"宋体\"/>",
            "FontName=\"宋体\"><ofd:FontFile>a.ttf</ofd:FontFile></ofd:Font>",
        );
        files.0.insert("Doc_0/Res/a.ttf".to_owned(), font);
    }
    let bytes = files.pack();
    open(&bytes).unwrap().text(0).unwrap().unwrap()
}

fn text_object(within: &str, codes: &str) -> String {
    format!(
        "<ofd:TextObject ID=\"7\" Boundary=\"20 30 50 6\" Font=\"3\" Size=\"5\">{within}\
         <ofd:TextCode X=\"0\" Y=\"5\" DeltaX=\"5\">{codes}</ofd:TextCode></ofd:TextObject>"
    )
}

fn transform(position: usize, count: usize, glyphs: &str) -> String {
    let number = glyphs.split(' ').count();
    format!(
        "<ofd:CGTransform CodePosition=\"{position}\" CodeCount=\"{count}\" GlyphCount=\"{number}\"><ofd:Glyphs>{glyphs}</ofd:Glyphs></ofd:CGTransform>"
    )
}

#[test]
fn characters_stand_where_they_are_drawn() {
    let bytes = plain().pack();
    let opened = open(&bytes).unwrap();
    let text = opened.text(0).unwrap().unwrap();
    let [page, watermark] = &text.runs[..] else {
        panic!("{:?}", text.runs);
    };
    assert_eq!(
        (page.text.as_str(), page.object, page.ground),
        ("许可证", Some(7), Ground::Page)
    );
    assert_eq!(page.font.as_deref(), Some("宋体"));
    assert_eq!((page.size, page.visible, &page.color), (5.0, true, &None));
    assert_eq!(page.places, [(20.0, 35.0), (25.0, 35.0), (30.0, 35.0)]);
    assert_eq!(page.drawn, Drawn::ByReader);
    assert_eq!(
        (watermark.ground, watermark.places[1]),
        (Ground::Annotation, (62.0, 70.0))
    );
    assert_eq!(text.page(0), "许可证\n副本\n");
    assert!(opened.text(1).unwrap().is_none());
}

#[test]
fn transformations_blocks_and_units_move_text() {
    let mut files = plain();
    let unit = "<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID=\"20\" Width=\"10\" Height=\"10\"><ofd:Content>\
        <ofd:TextObject Boundary=\"1 1 9 9\" Font=\"3\" Size=\"2\"><ofd:TextCode X=\"1\" Y=\"2\">单</ofd:TextCode></ofd:TextObject>\
        </ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>";
    files.replace("Doc_0/PublicRes.xml", "</ofd:Res>", unit);
    let object = "<ofd:PageBlock><ofd:CompositeObject Boundary=\"100 100 20 20\" CTM=\"2 0 0 3 0 0\" ResourceID=\"20\" Visible=\"false\"/></ofd:PageBlock></ofd:Layer>";
    files.replace(PAGE, "</ofd:Layer>", object);
    files.replace(
        PAGE,
        "Size=\"5\">",
        "Size=\"5\" CTM=\"0 1 -1 0 10 0\"><ofd:FillColor Value=\"255 255 255\" Alpha=\"0\"/>",
    );
    let bytes = files.pack();
    let text = open(&bytes).unwrap().text(0).unwrap().unwrap();
    let turned = &text.runs[0];
    assert_eq!(turned.places[..2], [(25.0, 30.0), (25.0, 35.0)]);
    assert_eq!(
        (turned.visible, turned.color.as_deref()),
        (false, Some(&[255.0; 3][..]))
    );
    let within = &text.runs[1];
    assert_eq!(within.places, [(104.0, 109.0)]);
    assert_eq!((within.size, within.visible), (6.0, false));
}

#[test]
fn glyphs_that_are_other_characters_are_told() {
    let map = [
        ('1', 1),
        ('8', 8),
        ('许', 20),
        ('可', 21),
        ('⼀', 30),
        ('一', 31),
        ('f', 40),
        ('i', 41),
    ];
    let drawn = |within: &str, codes: &str| {
        let text = runs(&text_object(within, codes), Some(font(&map)));
        text.runs.into_iter().next().unwrap().drawn
    };
    assert_eq!(drawn("", "许可18"), Drawn::AsExtracted);
    assert_eq!(drawn(&transform(0, 3, "20 21 1"), "许可1"), Drawn::AsExtracted);
    assert_eq!(
        drawn(&transform(0, 1, "30"), "一"),
        Drawn::AsExtracted,
        "a radical is its character"
    );
    let differs = |at, extracted: &str, drawn| {
        Drawn::Differs(vec![GlyphDifference {
            at,
            extracted: extracted.to_owned(),
            drawn,
        }])
    };
    assert_eq!(
        drawn(&transform(2, 1, "8"), "许可1"),
        differs(2, "1", DrawnOtherwise::Other("8".to_owned()))
    );
    assert_eq!(
        drawn(&transform(0, 1, "99"), "许可1"),
        differs(0, "许", DrawnOtherwise::Unnamed)
    );
    assert_eq!(
        drawn(&transform(0, 1, "0"), "许"),
        differs(0, "许", DrawnOtherwise::Missing)
    );
    assert_eq!(drawn("", "许证"), differs(1, "证", DrawnOtherwise::Missing));
    assert_eq!(
        drawn(&transform(1, 1, "8"), "许"),
        differs(0, "", DrawnOtherwise::Unnamed),
        "more than there is"
    );
    let twice = transform(0, 1, "20") + &transform(0, 1, "20");
    assert_eq!(
        drawn(&twice, "许"),
        differs(0, "许", DrawnOtherwise::Contradicting)
    );
    assert_eq!(
        drawn(&transform(0, 2, "1 8"), "许"),
        differs(0, "许", DrawnOtherwise::Contradicting)
    );
    // What is drawn first is not what overlapping transforms leave.
    let both = transform(0, 1, "20") + &transform(0, 1, "21");
    assert_eq!(
        drawn(&both, "许可"),
        differs(0, "许", DrawnOtherwise::Contradicting)
    );
    // A ligature is the sum of its names, and nothing else.
    let ligature = [('ﬁ', 50), ('f', 40), ('i', 41)];
    let text = runs(&text_object(&transform(0, 2, "50"), "fi"), Some(font(&ligature)));
    assert_eq!(text.runs[0].drawn, Drawn::AsExtracted);
    assert_eq!(
        drawn(&transform(0, 2, "8"), "fi"),
        differs(0, "fi", DrawnOtherwise::Other("8".to_owned()))
    );
    // Glyphs for no characters, before, behind and alone.
    for (position, codes, at) in [(0, "fi", 0), (1, "fi", 1), (2, "fi", 1), (0, "", 0)] {
        let added = differs(at, "", DrawnOtherwise::Other("8".to_owned()));
        assert_eq!(
            drawn(&transform(position, 0, "8"), codes),
            added,
            "{position} {codes}"
        );
    }
}

#[test]
fn what_nothing_can_tell_is_unknown() {
    let with = |within: &str, codes: &str, font| runs(&text_object(within, codes), font).runs.remove(0).drawn;
    assert_eq!(
        with(&transform(0, 1, "5"), "许", None),
        Drawn::Unknown,
        "a glyph of whose font?"
    );
    assert_eq!(with("", "许", Some(b"no font".to_vec())), Drawn::Unknown);
    assert_eq!(
        with("", "许", Some(font(&[]))),
        Drawn::Unknown,
        "no character map"
    );
    let map = font(&[('许', 20), ('𠮷', 21)]);
    assert_eq!(
        with(&transform(1, 1, "20"), "𠮷许", Some(map.clone())),
        Drawn::Unknown,
        "counted in two ways"
    );
    assert_eq!(with("", "𠮷许", Some(map)), Drawn::AsExtracted);
    let broken = text_object("<ofd:CGTransform CodePosition=\"x\"/>", "许");
    let mut files = plain();
    files.set(
        PAGE,
        &format!("<ofd:Page {NS}><ofd:Content><ofd:Layer>{broken}</ofd:Layer></ofd:Content></ofd:Page>"),
    );
    let bytes = files.pack();
    assert!(
        open(&bytes)
            .unwrap()
            .text(0)
            .unwrap_err()
            .to_string()
            .contains("CGTransform")
    );
}

#[test]
fn text_made_to_exhaust_ends() {
    // Units that hold units: eight levels of a hundred each.
    let mut units = String::new();
    for level in 0..9 {
        let next = format!(
            "<ofd:CompositeObject Boundary=\"0 0 1 1\" ResourceID=\"{}\"/>",
            101 + level
        );
        units += &format!(
            "<ofd:CompositeGraphicUnit ID=\"{}\" Width=\"1\" Height=\"1\"><ofd:Content>{}</ofd:Content></ofd:CompositeGraphicUnit>",
            100 + level,
            next.repeat(100)
        );
    }
    let mut files = plain();
    files.replace(
        "Doc_0/PublicRes.xml",
        "</ofd:Res>",
        &format!("<ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits></ofd:Res>"),
    );
    files.replace(
        PAGE,
        "</ofd:Layer>",
        "<ofd:CompositeObject Boundary=\"0 0 1 1\" ResourceID=\"100\"/></ofd:Layer>",
    );
    let bytes = files.pack();
    let error = open(&bytes).unwrap().text(0).unwrap_err();
    assert!(matches!(error, OfdError::Limit { .. }), "{error}");
    // What each run keeps of what stands once is little.
    let wide = format!("<ofd:FillColor Value=\"{}\"/>", "1 ".repeat(90_000));
    let wide = runs(&text_object(&wide, "字"), None);
    assert_eq!(wide.runs[0].color.as_deref(), Some(&[][..]));
    let many = "<ofd:TextCode X=\"0\" Y=\"5\" DeltaX=\"g 4294967295 1 g 4294967295 1\">一二</ofd:TextCode>";
    let object = format!(
        "<ofd:TextObject Boundary=\"0 0 1 1\" Font=\"3\" Size=\"5\">{}</ofd:TextObject>",
        many.repeat(1_000)
    );
    assert_eq!(runs(&object, None).runs.len(), 1_001);
}

#[test]
fn advances_that_are_missing_are_named() {
    let short = runs(&text_object("", "四个字符"), None);
    assert_eq!(short.runs[0].places[3], (35.0, 35.0));
    assert!(short.deviations.has(DeviationKind::ShortDeltas));
    let none = "<ofd:TextObject Boundary=\"0 0 9 9\" Font=\"9\" Size=\"5\"><ofd:TextCode X=\"1\" Y=\"5\">重叠</ofd:TextCode><ofd:TextCode>后</ofd:TextCode></ofd:TextObject>";
    let none = runs(none, None);
    assert_eq!(none.runs[0].places, [(1.0, 5.0), (1.0, 5.0)], "all in one place");
    assert_eq!(none.runs[1].places, [(1.0, 5.0)], "where the text before began");
    assert!(none.deviations.has(DeviationKind::UnknownResource), "font 9");
    assert!(!none.deviations.has(DeviationKind::ShortDeltas));
}
