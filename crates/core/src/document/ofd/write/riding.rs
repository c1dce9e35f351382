//! Riding seals (骑缝章): one impression over the edges of several pages, a slice on each.

use super::StampPlace;
use crate::face::{Mm, Rect};

/// A page that a riding seal takes part in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Identifier of the page.
    pub page: u32,
    /// Its width.
    pub width: Mm,
}

/// Slices of a seal of this size along the right edges of pages, its top at `top`. Put beside one another in their
/// order the pages show the whole seal. None for fewer than two pages: there is no edge to ride on.
pub fn riding(sheets: &[Sheet], (width, height): (Mm, Mm), top: Mm) -> Option<Vec<StampPlace>> {
    if sheets.len() < 2 {
        return None;
    }
    let slice = width / sheets.len() as f32;
    let place = |(index, sheet): (usize, &Sheet)| {
        let before = slice * index as f32;
        StampPlace {
            page: sheet.page,
            // The whole picture, shifted so that this slice of it ends at the edge.
            boundary: Rect {
                x: sheet.width - slice - before,
                y: top,
                w: width,
                h: height,
            },
            clip: Some(Rect {
                x: before,
                y: 0.0,
                w: slice,
                h: height,
            }),
        }
    };
    Some(sheets.iter().enumerate().map(place).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;

    #[test]
    fn slices_are_those_of_deployed_files() {
        let sheets: Vec<Sheet> = (1..=5).map(|page| Sheet { page, width: 210.0 }).collect();
        let places = riding(&sheets, (40.0, 40.0), 128.5).unwrap();
        let x: Vec<f32> = places.iter().map(|place| place.boundary.x).collect();
        assert_eq!(x, [202.0, 194.0, 186.0, 178.0, 170.0]);
        let clips: Vec<f32> = places.iter().map(|place| place.clip.unwrap().x).collect();
        assert_eq!(clips, [0.0, 8.0, 16.0, 24.0, 32.0]);
        for place in &places {
            let clip = place.clip.unwrap();
            assert_eq!(place.boundary.x + clip.x + clip.w, 210.0);
        }
        assert!(riding(&sheets[..1], (40.0, 40.0), 0.0).is_none());
    }
}
