//! Pictures of documents: drawn as another renderer draws them, the seal included.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{fs, path::PathBuf, process::Command};

use certseal_tests::{
    certseal,
    documents::{issue, judged},
    installation, judge_is_here, run_json, run_ok, run_to,
};
use image::RgbImage;

fn read(path: &PathBuf) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

#[test]
fn our_pdf_looks_as_another_renderer_has_it() {
    let folder = installation();
    let home = folder.path();
    let permit = issue(home, "food-business-permit", &[]);
    let out = home.join("page.png");
    let mut command = certseal(home);
    command.args(["--json", "render"]).arg(&permit.file);
    let told = run_json(0, command.arg("-o").arg(&out).args(["--dpi", "100"]));
    let page = read(&out);
    assert_eq!(told[0]["width"], page.width());
    assert_eq!(told[0]["notes"], serde_json::json!([]), "everything is drawn");

    // The seal is there: it is a form field's appearance.
    let red = |picture: &RgbImage| {
        let reddish = |pixel: &&image::Rgb<u8>| pixel.0[0] > 180 && pixel.0[1] < 60 && pixel.0[2] < 80;
        picture.pixels().filter(reddish).count()
    };
    assert!(red(&page) > 3_000, "{} red pixels", red(&page));
    if judge_is_here("pdftoppm") {
        let theirs = home.join("theirs");
        judged(
            Command::new("pdftoppm")
                .args(["-r", "100", "-png", "-singlefile"])
                .arg(&permit.file)
                .arg(&theirs),
        );
        let theirs = read(&theirs.with_extension("png"));
        assert_eq!(theirs.dimensions(), page.dimensions());
        let pairs = page.as_raw().iter().zip(theirs.as_raw());
        let difference: u64 = pairs
            .map(|(ours, theirs)| u64::from(ours.abs_diff(*theirs)))
            .sum();
        let mean = difference as f64 / page.as_raw().len() as f64;
        // Fine lines are weighed otherwise by every renderer. A blank page differs by 23, one a pixel aside by 17.
        assert!(mean < 10.0, "mean difference {mean}");
        let (ours, other) = (red(&page) as f64, red(&theirs) as f64);
        assert!(
            (0.8..1.25).contains(&(ours / other)),
            "{ours} and {other} red pixels"
        );
    }
}

#[test]
fn pages_are_chosen_and_refusals_say_why() {
    let folder = installation();
    let home = folder.path();
    let permit = issue(home, "food-business-permit", &[]);
    let out = home.join("page.png");
    let render = |file: &PathBuf, more: &[&str]| {
        let mut command = certseal(home);
        command.arg("render").arg(file).arg("-o").arg(&out).args(more);
        command
    };
    let said = run_ok(&mut render(&permit.file, &["--page", "1", "--dpi", "20"]));
    assert!(said.contains("第 1 页"), "{said}");
    assert!(read(&out).width() < 300);

    let (_, said) = run_to(2, &mut render(&permit.file, &["--page", "2"]));
    assert!(said.contains("没有第 2 页") && said.contains("共 1 页"), "{said}");
    let (_, said) = run_to(2, &mut render(&permit.file, &["--dpi", "1200"]));
    assert!(said.contains("请减小 --dpi"), "{said}");
    let text = home.join("text.ofd");
    fs::write(&text, "no document").unwrap();
    let (_, said) = run_to(2, &mut render(&text, &[]));
    assert!(said.contains("既不是 PDF 也不是 OFD"), "{said}");
}
