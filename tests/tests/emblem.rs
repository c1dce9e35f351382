//! Emblem art that a department supplies: in the documents it belongs to, and nowhere else.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{fs, path::Path, process::Command};

use certseal_tests::{
    certseal,
    documents::{issue, judged, verify},
    installation, judge_is_here, run_to,
};
use image::{Rgba, RgbaImage};

/// Names the art in the configuration, before its tables.
fn configure(home: &Path, art: &str) {
    let path = home.join("certseal.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("emblem = \"{art}\"\n{text}")).unwrap();
}

/// A blue ring on a transparent ground.
fn draw(path: &Path) {
    let art = RgbaImage::from_fn(500, 500, |x, y| {
        let radius = (f64::from(x) - 250.0).hypot(f64::from(y) - 250.0);
        if (150.0..240.0).contains(&radius) {
            Rgba([30, 60, 200, 255])
        } else {
            Rgba([0, 0, 0, 0])
        }
    });
    art.save(path).unwrap();
}

#[test]
fn supplied_art_is_part_of_the_documents_that_bear_an_emblem() {
    let folder = installation();
    let home = folder.path();
    draw(&home.join("emblem.png"));
    configure(home, "emblem.png");

    let licence = issue(home, "business-licence-individual", &[]);
    let (status, force) = licence.stands();
    verify(home, &[licence.file.to_str().unwrap()]).expect(status, "TOTAL-PASSED", force);
    if judge_is_here("qpdf") {
        judged(Command::new("qpdf").arg("--check").arg(&licence.file));
    }
    if judge_is_here("pdftoppm") {
        let picture = home.join("page");
        judged(
            Command::new("pdftoppm")
                .args(["-r", "100", "-png", "-singlefile"])
                .arg(&licence.file)
                .arg(&picture),
        );
        let page = image::open(picture.with_extension("png")).unwrap().to_rgb8();
        // The place is 23 mm wide around (148.5, 35.1) mm: ink of the ring, ground within and beside it.
        let at = |x: f64, y: f64| page.get_pixel((x / 0.254) as u32, (y / 0.254) as u32).0;
        let [r, _, b] = at(148.5 - 9.0, 35.1);
        assert!(b > 150 && r < 90, "{:?}", at(139.5, 35.1));
        for ground in [at(148.5, 35.1), at(148.5 - 11.3, 24.0)] {
            assert!(ground.iter().all(|part| *part > 200), "{ground:?}");
        }
    }

    let marked = |document: &[u8]| document.windows(6).any(|bytes| bytes == b"/SMask");
    assert!(marked(&licence.document));
    let food = issue(home, "food-business-permit", &[]);
    assert!(!marked(&food.document), "its real licence bears no emblem");
}

#[test]
fn art_that_cannot_be_used_stops_issuing_and_not_verifying() {
    let folder = installation();
    let home = folder.path();
    let licence = issue(home, "business-licence-individual", &[]);
    configure(home, "no-such.png");
    let (_, said) = run_to(
        2,
        certseal(home)
            .args(["type", "preview", "--out"])
            .arg(home.join("out")),
    );
    assert!(said.contains("no-such.png") && said.contains("emblem"), "{said}");
    let (status, force) = licence.stands();
    verify(home, &[licence.file.to_str().unwrap()]).expect(status, "TOTAL-PASSED", force);

    fs::write(home.join("no-such.png"), "<svg/>").unwrap();
    let (_, said) = run_to(
        2,
        certseal(home)
            .args(["type", "preview", "--out"])
            .arg(home.join("out")),
    );
    assert!(said.contains("no-such.png") && said.contains("PNG"), "{said}");
}
