use super::*;

fn path(boundary: &str, rest: &str, data: &str) -> String {
    format!(
        "<ofd:PathObject ID=\"9\" Boundary=\"{boundary}\" {rest}<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData>\
         </ofd:PathObject>"
    )
}

const SQUARE: &str = "M 0 0 L 10 0 L 10 10 L 0 10 C";

#[test]
fn areas_stand_in_their_boundary_and_in_their_colour() {
    let fill = |color: &str| format!("Stroke=\"false\" Fill=\"true\"><ofd:FillColor {color}/>");
    let page = drawn(ofd(
        "<ofd:ColorSpaces><ofd:ColorSpace ID=\"70\" Type=\"CMYK\"/><ofd:ColorSpace ID=\"71\" Type=\"GRAY\"/>\
         </ofd:ColorSpaces><ofd:DrawParams><ofd:DrawParam ID=\"80\" Relative=\"81\" LineWidth=\"2\"/>\
         <ofd:DrawParam ID=\"81\"><ofd:FillColor Value=\"255 0 0\"/><ofd:StrokeColor Value=\"0 0 255\"/></ofd:DrawParam>\
         </ofd:DrawParams>",
        &[
            path("10 10 10 10", &fill("Value=\"255 0 0\""), SQUARE),
            // Cut by its boundary.
            path("30 10 5 10", &fill("Value=\"255 0 0\""), SQUARE),
            path(
                "50 10 10 10",
                &fill("Value=\"0 255 255 0\" ColorSpace=\"70\""),
                SQUARE,
            ),
            path("70 10 10 10", &fill("Value=\"128\" ColorSpace=\"71\""), SQUARE),
            // Half through: of the object, of the colour.
            path(
                "10 30 10 10",
                &format!("Alpha=\"128\" {}", fill("Value=\"255 0 0\"")),
                SQUARE,
            ),
            path("30 30 10 10", &fill("Value=\"255 0 0\" Alpha=\"128\""), SQUARE),
            // Stretched, moved and turned by its own transformation.
            path(
                "50 30 20 20",
                &format!("CTM=\"0 2 -2 0 20 0\" {}", fill("Value=\"255 0 0\"")),
                SQUARE,
            ),
            // A ring.
            path(
                "10 50 20 20",
                &format!("Rule=\"Even-Odd\" {}", fill("Value=\"255 0 0\"")),
                "M 0 0 L 20 0 L 20 20 L 0 20 C M 5 5 L 15 5 L 15 15 L 5 15 C",
            ),
            // Colours and width out of parameters, the latter's own.
            path("40 60 10 10", "DrawParam=\"80\" Fill=\"true\">", SQUARE),
        ]
        .concat(),
    ));
    assert_eq!((page.width, page.height), (1000, 1000));
    assert!(page.notes.is_empty(), "{:?}", page.notes);
    assert_eq!(
        [page.at(15.0, 15.0), page.at(9.0, 15.0), page.at(21.0, 15.0)],
        [RED, WHITE, WHITE]
    );
    assert_eq!([page.at(34.0, 15.0), page.at(36.0, 15.0)], [RED, WHITE]);
    assert_eq!([page.at(55.0, 15.0), page.at(75.0, 15.0)], [RED, [128; 3]]);
    for x in [15.0, 35.0] {
        let [red, green, blue] = page.at(x, 35.0);
        assert!(
            red == 0xFF && green.abs_diff(127) < 3 && blue.abs_diff(127) < 3,
            "{x}"
        );
    }
    assert_eq!(
        [page.at(51.0, 49.0), page.at(69.0, 31.0), page.at(71.0, 31.0)],
        [RED, RED, WHITE]
    );
    assert_eq!([page.at(12.0, 60.0), page.at(20.0, 60.0)], [RED, WHITE]);
    assert_eq!([page.at(45.0, 65.0), page.at(40.5, 65.0)], [RED, [0, 0, 0xFF]]);
}

#[test]
fn lines_have_width_dashes_and_ends() {
    let line = |rest: &str| format!("LineWidth=\"2\" {rest}>");
    let page = drawn(ofd(
        "",
        &[
            path("10 10 80 0.1", &line(""), "M 0 0 L 80 0"),
            path("10 20 80 10", &line("DashPattern=\"10 10\""), "M 0 5 L 80 5"),
            path("10 40 80 10", &line("Cap=\"Square\""), "M 10 5 L 70 5"),
            path("10 60 80 10", &line("Visible=\"false\""), "M 0 5 L 80 5"),
            path("10 80 80 10", &line(""), "M 0 5 L 80 5 L oops"),
        ]
        .concat(),
    ));
    // A line along a boundary without height is drawn in its full width, as deployed readers do.
    assert_eq!(
        [page.at(50.0, 10.8), page.at(50.0, 9.2), page.at(50.0, 11.5)],
        [BLACK, BLACK, WHITE]
    );
    assert_eq!(
        [page.at(15.0, 25.0), page.at(25.0, 25.0), page.at(35.0, 25.0)],
        [BLACK, WHITE, BLACK]
    );
    assert_eq!([page.at(19.5, 45.0), page.at(18.5, 45.0)], [BLACK, WHITE]);
    assert_eq!(page.at(50.0, 65.0), WHITE);
    assert_eq!(
        page.at(50.0, 85.0),
        BLACK,
        "what stands before the fault is drawn"
    );
    assert_eq!(page.kinds(), [NoteKind::Path]);
}

#[test]
fn clips_let_show_what_all_of_them_have() {
    let area = |data: &str, rest: &str| {
        format!(
            "<ofd:Clip><ofd:Area {rest}><ofd:Path Boundary=\"0 0 100 100\" Stroke=\"false\" Fill=\"true\">\
             <ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:Path></ofd:Area></ofd:Clip>"
        )
    };
    let clipped = |boundary: &str, clips: &str| {
        path(
            boundary,
            &format!(
                "Stroke=\"false\" Fill=\"true\" CTM=\"4 0 0 4 0 0\"><ofd:FillColor Value=\"255 0 0\"/>\
                 <ofd:Clips TransFlag=\"false\">{clips}</ofd:Clips>"
            ),
            SQUARE,
        )
    };
    let left = area("M 0 0 L 20 0 L 20 40 L 0 40 C", "");
    let upper = area("M 0 0 L 10 0 L 10 5 L 0 5 C", "CTM=\"4 0 0 4 0 0\"");
    let page = drawn(ofd(
        "",
        &[
            clipped("5 5 40 40", &left),
            clipped("55 5 40 40", &[left.clone(), upper].concat()),
        ]
        .concat(),
    ));
    assert_eq!([page.at(15.0, 35.0), page.at(35.0, 15.0)], [RED, WHITE]);
    assert_eq!(
        [page.at(65.0, 15.0), page.at(65.0, 35.0), page.at(85.0, 15.0)],
        [RED, WHITE, WHITE]
    );
}

#[test]
fn gradients_run_and_patterns_are_said_to_be_plain() {
    let filled =
        |color: &str| format!("Stroke=\"false\" Fill=\"true\"><ofd:FillColor>{color}</ofd:FillColor>");
    let stops = "<ofd:Segment Position=\"0\"><ofd:Color Value=\"255 0 0\"/></ofd:Segment>\
                 <ofd:Segment Position=\"1\"><ofd:Color Value=\"0 0 255\"/></ofd:Segment>";
    let page = drawn(ofd(
        "",
        &[
            path(
                "10 10 40 10",
                &filled(&format!(
                    "<ofd:AxialShd StartPoint=\"10 0\" EndPoint=\"30 0\" Extend=\"1\">{stops}</ofd:AxialShd>"
                )),
                "M 0 0 L 40 0 L 40 10 L 0 10 C",
            ),
            path(
                "10 30 40 40",
                &filled(&format!(
                    "<ofd:RadialShd StartPoint=\"20 20\" StartRadius=\"0\" EndPoint=\"20 20\" EndRadius=\"20\" \
                     Extend=\"3\">{stops}</ofd:RadialShd>"
                )),
                "M 0 0 L 40 0 L 40 40 L 0 40 C",
            ),
            path(
                "60 10 10 10",
                &filled(
                    "<ofd:Pattern Width=\"1\" Height=\"1\"><ofd:CellContent><ofd:PathObject Boundary=\"0 0 1 1\">\
                     <ofd:FillColor Value=\"255 0 0\"/></ofd:PathObject></ofd:CellContent></ofd:Pattern>",
                ),
                SQUARE,
            ),
        ]
        .concat(),
    ));
    let [red, _, blue] = page.at(30.0, 15.0);
    assert!(red.abs_diff(blue) < 12, "halfway");
    assert_eq!([page.at(12.0, 15.0), page.at(45.0, 15.0)], [RED, WHITE]);
    let [centre, rim] = [page.at(30.0, 50.0), page.at(49.0, 50.0)];
    assert!(centre[0] > 240 && rim[2] > 230, "{centre:?} {rim:?}");
    assert_eq!(page.at(11.0, 31.0), [0, 0, 0xFF], "beyond the circle it goes on");
    assert_eq!(page.at(65.0, 15.0), RED);
    assert_eq!(page.kinds(), [NoteKind::Pattern]);
}

#[test]
fn letters_stand_where_they_are_extracted() {
    let resources = "<ofd:Fonts><ofd:Font ID=\"3\" FontName=\"宋体\"/></ofd:Fonts>";
    let text = |rest: &str, code: &str| {
        format!(
            "<ofd:TextObject ID=\"8\" Font=\"3\" Size=\"10\" {rest}><ofd:TextCode {code}</ofd:TextCode></ofd:TextObject>"
        )
    };
    let file = ofd(
        resources,
        &[
            text(
                "Boundary=\"10 10 40 15\"",
                "X=\"0\" Y=\"10\" DeltaX=\"10 20\">国国国",
            ),
            // Turned about its own origin; stretched to twice its width; unknown anywhere.
            text(
                "Boundary=\"0 0 100 100\" CharDirection=\"90\"",
                "X=\"60\" Y=\"10\">国",
            ),
            text("Boundary=\"0 50 100 20\" HScale=\"2\"", "X=\"10\" Y=\"12\">国"),
            text("Boundary=\"0 70 100 20\"", "X=\"10\" Y=\"12\">\u{E000}"),
        ]
        .concat(),
    );
    let page = drawn(file);
    let inked = |x, y, width, height| page.share([x, y, width, height], |pixel| pixel[0] < 128);
    assert!(inked(10.0, 11.0, 10.0, 10.0) > 0.1);
    assert!(inked(20.0, 11.0, 10.0, 10.0) > 0.1);
    assert!(inked(30.2, 11.0, 9.0, 10.0) < 0.01, "an advance of twenty");
    assert!(inked(40.0, 11.0, 10.0, 10.0) > 0.1);
    // A quarter turn clockwise brings what was above the base line to its right.
    assert!(inked(59.5, 10.0, 10.0, 10.0) > 0.1 && inked(60.0, 0.0, 10.0, 9.5) < 0.01);
    assert!(inked(20.5, 53.0, 8.0, 10.0) > 0.1);
    assert_eq!(page.kinds(), [NoteKind::FontSubstituted, NoteKind::GlyphMissing]);
}

#[test]
fn pictures_fill_their_boundary_and_masks_cut_them() {
    let png = |pixels: &[[u8; 4]; 4]| {
        let picture = image::RgbaImage::from_raw(2, 2, pixels.concat()).unwrap();
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
        file.into_inner()
    };
    let (red, blue, clear) = ([0xFF, 0, 0, 0xFF], [0, 0, 0xFF, 0xFF], [0; 4]);
    let (white, black) = ([0xFF; 4], [0, 0, 0, 0xFF]);
    let resources = "<ofd:MultiMedias><ofd:MultiMedia ID=\"5\" Type=\"Image\"><ofd:MediaFile>a.png</ofd:MediaFile>\
         </ofd:MultiMedia><ofd:MultiMedia ID=\"6\" Type=\"Image\"><ofd:MediaFile>mask.png</ofd:MediaFile></ofd:MultiMedia>\
         <ofd:MultiMedia ID=\"7\" Type=\"Image\"><ofd:MediaFile>gone.png</ofd:MediaFile></ofd:MultiMedia>\
         <ofd:MultiMedia ID=\"8\" Type=\"Image\"><ofd:MediaFile>b.bin</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>";
    let image =
        |boundary: &str, rest: &str| format!("<ofd:ImageObject ID=\"9\" Boundary=\"{boundary}\" {rest}/>");
    let objects = [
        image("10 10 20 20", "ResourceID=\"5\" CTM=\"20 0 0 20 0 0\""),
        image("40 10 20 20", "ResourceID=\"5\""),
        image(
            "70 10 20 20",
            "ResourceID=\"5\" ImageMask=\"6\" CTM=\"20 0 0 20 0 0\"",
        ),
        image("10 40 20 20", "ResourceID=\"7\""),
        image("10 40 20 20", "ResourceID=\"8\""),
        image("10 40 20 20", "ResourceID=\"99\""),
        image("10 40 20 20", ""),
    ];
    let page = drawn(package(&[
        (
            "Doc_0/PublicRes.xml",
            format!("<ofd:Res {NS} BaseLoc=\"Res\">{resources}</ofd:Res>").into_bytes(),
        ),
        (
            "Doc_0/Pages/Page_0/Content.xml",
            format!(
                "<ofd:Page {NS}><ofd:Content><ofd:Layer ID=\"2\">{}</ofd:Layer></ofd:Content></ofd:Page>",
                objects.concat()
            )
            .into_bytes(),
        ),
        ("Doc_0/Res/a.png", png(&[red, blue, clear, red])),
        ("Doc_0/Res/mask.png", png(&[white, black, white, white])),
        ("Doc_0/Res/b.bin", b"no picture".to_vec()),
    ]));
    let blue = [0, 0, 0xFF];
    for x in [10.0, 40.0] {
        assert_eq!([page.at(x + 3.0, 13.0), page.at(x + 17.0, 13.0)], [RED, blue]);
        assert_eq!([page.at(x + 3.0, 27.0), page.at(x + 17.0, 27.0)], [WHITE, RED]);
    }
    assert_eq!([page.at(73.0, 13.0), page.at(87.0, 13.0)], [RED, WHITE]);
    assert_eq!(
        page.kinds(),
        [
            NoteKind::Incomplete,
            NoteKind::PictureFormat,
            NoteKind::PictureMissing,
            NoteKind::Resource
        ]
    );
}
