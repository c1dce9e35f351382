use std::time::Instant;

use super::*;

#[test]
fn what_is_no_document_is_refused_in_words() {
    let refusal = |bytes: &[u8]| refused(bytes.to_vec());
    assert!(matches!(refusal(b""), RenderError::NotDocument));
    assert!(matches!(refusal(b"\x89PNG"), RenderError::NotDocument));
    assert!(matches!(refusal(b"PK\x03\x04 nothing"), RenderError::Ofd(_)));
    assert!(matches!(
        refusal(b"%PDF-1.7\nnothing"),
        RenderError::Damaged | RenderError::NoPages
    ));
    let wide = |dpi, page| {
        let options = RenderOptions {
            dpi,
            page: NonZeroUsize::new(page),
        };
        render(ofd("", ""), None, options).map(|pages| pages.total())
    };
    assert!(matches!(wide(5, 1), Err(RenderError::Dpi { dpi: 5 })));
    assert!(matches!(
        wide(100, 2),
        Err(RenderError::NoSuchPage { page: 2, count: 1 })
    ));
    assert_eq!(wide(100, 1).unwrap(), 1);
}

#[test]
fn pages_without_bounds_are_refused() {
    let sized = |size: &str| {
        let page = format!(
            "<ofd:Page {NS}><ofd:Area><ofd:PhysicalBox>{size}</ofd:PhysicalBox></ofd:Area></ofd:Page>"
        );
        package(&[
            ("Doc_0/PublicRes.xml", format!("<ofd:Res {NS}/>").into_bytes()),
            ("Doc_0/Pages/Page_0/Content.xml", page.into_bytes()),
        ])
    };
    for size in ["0 0 9999999 9999999", "0 0 6554 1", "0 0 1000 1000"] {
        assert!(
            matches!(refused(sized(size)), RenderError::TooLarge { page: 1, .. }),
            "{size}"
        );
    }
    for size in ["0 0 0 0", "0 0 -5 5"] {
        let page = drawn(sized(size));
        assert_eq!(page.kinds(), [NoteKind::PageSize], "{size}");
        assert_eq!((page.width, page.height), (2100, 2970));
    }
}

#[test]
fn what_never_ends_is_refused_in_time() {
    let began = Instant::now();
    let unit = |id: u32, inner: &str| {
        format!(
            "<ofd:CompositeGraphicUnit ID=\"{id}\" Width=\"1\" Height=\"1\"><ofd:Content>{inner}</ofd:Content>\
             </ofd:CompositeGraphicUnit>"
        )
    };
    let units = |units: &str| format!("<ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits>");
    let of = |id: u32| {
        format!("<ofd:CompositeObject ID=\"9\" Boundary=\"0 0 100 100\" Alpha=\"200\" ResourceID=\"{id}\"/>")
    };
    // One that is in itself, and ten times ten times ten … layers of a whole page.
    let within_itself = ofd(&units(&unit(20, &of(20))), &of(20));
    assert!(matches!(refused(within_itself), RenderError::TooMuch(1)));
    let each: String = (20..27).map(|id| unit(id, &of(id + 1).repeat(10))).collect();
    assert!(matches!(
        refused(ofd(&units(&each), &of(20))),
        RenderError::TooMuch(1)
    ));
    // Large pictures, decoded once and gone through each time.
    let mut large = Cursor::new(Vec::new());
    let gray = image::GrayImage::from_pixel(6_000, 6_000, image::Luma([200]));
    gray.write_to(&mut large, image::ImageFormat::Png).unwrap();
    let pictures = package(&[
        (
            "Doc_0/PublicRes.xml",
            format!(
                "<ofd:Res {NS} BaseLoc=\"Res\"><ofd:MultiMedias><ofd:MultiMedia ID=\"5\" Type=\"Image\"><ofd:MediaFile>\
                 a.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
            )
            .into_bytes(),
        ),
        (
            "Doc_0/Pages/Page_0/Content.xml",
            format!(
                "<ofd:Page {NS}><ofd:Content><ofd:Layer ID=\"2\">{}</ofd:Layer></ofd:Content></ofd:Page>",
                "<ofd:ImageObject ID=\"9\" Boundary=\"0 0 9 9\" ResourceID=\"5\"/>".repeat(1_000)
            )
            .into_bytes(),
        ),
        ("Doc_0/Res/a.png", large.into_inner()),
    ]);
    assert!(matches!(refused(pictures), RenderError::TooMuch(1)));
    // Dashes by the million, and lines that leave the world.
    let lines = [
        ("DashPattern=\"0.0001 0.0001\"", "M 0 0 L 9999999 9999999"),
        ("LineWidth=\"9999999\"", "M -9999999 0 L 9999999 1"),
        (
            "CTM=\"1e6 0 0 1e6 -9999999 9999999\"",
            "M 0 0 B 1e6 -1e6 -1e6 1e6 9 9",
        ),
        ("CTM=\"0 0 0 0 0 0\"", "M 0 0 L 9 9"),
        (
            "",
            "M 0 0 A 1e-6 1e6 45 1 1 9 9 A 9999999 9999999 1 0 0 9999999 3",
        ),
        ("Boundary=\"1 1 -1 -1\"", "M 0 0 L 9 9"),
    ];
    for (rest, data) in lines {
        let object = format!(
            "<ofd:PathObject ID=\"9\" Fill=\"true\" {rest}><ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
        );
        assert_eq!(drawn(ofd("", &object)).width, 1000, "{rest}");
    }
    // Blocks that stretch one another beyond all numbers.
    let open = "<ofd:PageBlock CTM=\"9999999 0 0 9999999 9999999 0\">".repeat(50);
    let close = "</ofd:PageBlock>".repeat(50);
    let text = "<ofd:TextObject ID=\"8\" Font=\"3\" Size=\"9999999\" Boundary=\"0 0 9 9\"><ofd:TextCode X=\"0\" Y=\"0\" \
                DeltaX=\"g 4294967295 1\">国国</ofd:TextCode></ofd:TextObject>";
    drawn(ofd("", &[&open, text, &close].concat()));
    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
}

#[test]
fn damaged_files_never_stop_the_program() {
    let resources = "<ofd:Fonts><ofd:Font ID=\"3\" FontName=\"宋体\"><ofd:FontFile>f.ttf</ofd:FontFile></ofd:Font></ofd:Fonts>\
         <ofd:MultiMedias><ofd:MultiMedia ID=\"5\" Type=\"Image\" Format=\"JB2\"><ofd:MediaFile>a.jb2</ofd:MediaFile>\
         </ofd:MultiMedia><ofd:MultiMedia ID=\"6\" Type=\"Image\"><ofd:MediaFile>b.png</ofd:MediaFile></ofd:MultiMedia>\
         </ofd:MultiMedias>";
    let objects = "<ofd:ImageObject ID=\"9\" Boundary=\"0 0 9 9\" ResourceID=\"5\"/><ofd:ImageObject ID=\"9\" \
         Boundary=\"0 0 9 9\" ResourceID=\"6\"/><ofd:TextObject ID=\"8\" Font=\"3\" Size=\"5\" Boundary=\"0 0 9 9\">\
         <ofd:CGTransform CodePosition=\"0\" CodeCount=\"1\" GlyphCount=\"1\"><ofd:Glyphs>65535</ofd:Glyphs></ofd:CGTransform>\
         <ofd:TextCode X=\"0\" Y=\"5\">国A</ofd:TextCode></ofd:TextObject>";
    // A PNG of four thousand million pixels.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bomb.extend(b"\0\0\xff\xff\0\0\xff\xff\x08\x06\0\0\0\0\0\0\0");
    let fonts: [&[u8]; 4] = [
        b"",
        b"\0\x01\0\0\xff\xff",
        b"\x01\0\x04\x01\0\x01\x01",
        b"%!PS-AdobeFont-1.0",
    ];
    for font in fonts {
        let page = drawn(package(&[
            (
                "Doc_0/PublicRes.xml",
                format!("<ofd:Res {NS} BaseLoc=\"Res\">{resources}</ofd:Res>").into_bytes(),
            ),
            (
                "Doc_0/Pages/Page_0/Content.xml",
                format!(
                    "<ofd:Page {NS}><ofd:Content><ofd:Layer ID=\"2\">{objects}</ofd:Layer></ofd:Content></ofd:Page>"
                )
                .into_bytes(),
            ),
            ("Doc_0/Res/f.ttf", font.to_vec()),
            ("Doc_0/Res/a.jb2", b"\x97JB2\r\n\x1a\n\x01\0\0\0\x01\xff\xff\xff".to_vec()),
            ("Doc_0/Res/b.png", bomb.clone()),
        ]));
        let kinds = page.kinds();
        assert!(kinds.contains(&NoteKind::PictureUnreadable), "{kinds:?}");
        assert!(kinds.contains(&NoteKind::FontUnreadable), "{kinds:?}");
        assert!(kinds.contains(&NoteKind::GlyphsUnknown), "{kinds:?}");
        let two: Vec<&Note> = page
            .notes
            .iter()
            .filter(|note| note.kind == NoteKind::PictureUnreadable)
            .collect();
        assert_eq!(two.len(), 2, "{two:?}");
    }
}
