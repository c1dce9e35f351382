//! Other people's documents (`ofd/` of the folder that CERTSEAL_CORPORA names): text is dark where it is extracted, seals
//! are red where they are stamped.

use std::{fs, path::PathBuf};

use super::*;
use crate::document::ofd::{self, Ground};

fn files() -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return Vec::new();
    };
    let root = PathBuf::from(root).join("ofd");
    let folders = ["plain", "integrity", "signed_good", "signed_bad"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ofd"))
        .collect();
    files.sort();
    assert!(files.len() >= 15, "{}", files.len());
    files
}

#[test]
fn text_is_dark_and_seals_are_red_where_they_stand() {
    let (mut letters, mut missed, mut seals) = (0, 0, 0);
    for path in files() {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let options = RenderOptions { dpi: 120, page: None };
        let pages = render(bytes.clone(), Some(fonts()), options).unwrap();
        let pages: Vec<RenderedPage> = pages.map(Result::unwrap).collect();
        let opened = ofd::open(&bytes).unwrap();
        let text = opened.text(0).unwrap().unwrap();
        for run in text
            .runs
            .iter()
            .filter(|run| run.visible && run.ground != Ground::Annotation)
        {
            let Some(page) = pages.get(run.page) else { continue };
            let seen = run.text.chars().zip(&run.places);
            for (_, (x, y)) in seen.filter(|(character, _)| character.is_alphanumeric()) {
                let sheet = [f64::from(page.width), f64::from(page.height)].map(|side| side / 120.0 * 25.4);
                if !(0.0..sheet[0] - run.size).contains(x) || !(run.size..sheet[1]).contains(y) {
                    continue;
                }
                let glyph = [*x, y - 0.85 * run.size, 0.6 * run.size, 0.95 * run.size];
                letters += 1;
                missed += usize::from(
                    page.share(glyph, |[red, green, blue]| red.min(green).min(blue) < 200) < 0.02,
                );
            }
        }
        let document = &opened.documents()[0];
        for file in document
            .signatures
            .iter()
            .filter_map(|one| one.file.as_ref().ok())
        {
            for stamp in &file.stamps {
                let number = document
                    .document
                    .pages
                    .iter()
                    .position(|page| page.id == stamp.page);
                let (Some(page), Some(at)) = (number.and_then(|number| pages.get(number)), stamp.boundary)
                else {
                    continue;
                };
                let shown = stamp.clip.map_or([at.x, at.y, at.width, at.height], |clip| {
                    [at.x + clip.x, at.y + clip.y, clip.width, clip.height]
                });
                let reddish = |[red, green, blue]: [u8; 3]| i32::from(red) - i32::from(green.max(blue)) > 60;
                let share = page.share(shown, reddish);
                assert!(share > 0.02, "{name}: {share} of {shown:?} is red");
                seals += 1;
            }
        }
    }
    // Letters that templates cover or boundaries cut are few.
    assert!(
        missed * 50 <= letters,
        "{missed} of {letters} letters are not seen"
    );
    if letters > 0 {
        assert!(letters > 1_000 && seals >= 8, "{letters} letters, {seals} seals");
    }
}

#[test]
fn cut_and_changed_documents_are_drawn_or_refused() {
    for path in files().iter().take(4) {
        let bytes = fs::read(path).unwrap();
        let options = RenderOptions { dpi: 20, page: None };
        for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let cut = bytes[..at].to_vec();
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            for file in [cut, changed] {
                let drawn = render(file, Some(fonts()), options).map(Iterator::last);
                // Whatever it is, it is an answer; and no library gave up on it.
                let gave_up = matches!(
                    drawn,
                    Err(RenderError::GaveUp) | Ok(Some(Err(RenderError::GaveUp)))
                );
                assert!(!gave_up, "{} at {at}", path.display());
            }
        }
    }
}
