//! The sRGB profile of the output intent, built from the figures of IEC 61966-2-1.
//!
//! ICC.1:2004-10 (profile version 4.2), the newest that PDF 1.7 knows: a display profile of three
//! primaries and one parametric curve.

/// The profile.
pub(super) fn srgb() -> Vec<u8> {
    // Primaries and adaptation for the D50 connection space (Bradford), as s15Fixed16.
    let xyz = |values: [f64; 3]| {
        let mut tag = b"XYZ \0\0\0\0".to_vec();
        for value in values {
            tag.extend_from_slice(&fixed(value));
        }
        tag
    };
    let mut adaptation = b"sf32\0\0\0\0".to_vec();
    for value in [
        1.047_886, 0.022_919, -0.050_216, 0.029_582, 0.990_484, -0.017_079, -0.009_252, 0.015_073, 0.751_678,
    ] {
        adaptation.extend_from_slice(&fixed(value));
    }
    // Type 3: (aX + b)^g above d, cX below.
    let mut curve = b"para\0\0\0\0\0\x03\0\0".to_vec();
    for value in [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45] {
        curve.extend_from_slice(&fixed(value));
    }
    let tags: [(&[u8; 4], Vec<u8>); 7] = [
        (b"desc", localized("sRGB IEC61966-2.1")),
        (b"cprt", localized("No copyright, use freely")),
        (b"wtpt", xyz(D50)),
        (b"chad", adaptation),
        (b"rXYZ", xyz([0.436_041, 0.222_485, 0.013_920])),
        (b"gXYZ", xyz([0.385_113, 0.716_905, 0.097_067])),
        (b"bXYZ", xyz([0.143_046, 0.060_610, 0.713_913])),
    ];
    // The three channels share one curve.
    let curves: [&[u8; 4]; 3] = [b"rTRC", b"gTRC", b"bTRC"];

    let count = tags.len() + curves.len();
    let mut table = (count as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = HEADER + 4 + count * 12;
    let mut place = |names: &[&[u8; 4]], tag: &[u8]| {
        for name in names {
            table.extend_from_slice(*name);
            table.extend_from_slice(&((start + data.len()) as u32).to_be_bytes());
            table.extend_from_slice(&(tag.len() as u32).to_be_bytes());
        }
        data.extend_from_slice(tag);
        data.resize(data.len().next_multiple_of(4), 0);
    };
    for (name, tag) in &tags {
        place(&[name], tag);
    }
    place(&curves, &curve);

    let mut profile = Vec::with_capacity(start + data.len());
    profile.extend_from_slice(&((start + data.len()) as u32).to_be_bytes());
    profile.extend_from_slice(&[0; 4]);
    profile.extend_from_slice(&[4, 0x20, 0, 0]);
    profile.extend_from_slice(b"mntrRGB XYZ ");
    for part in [2026_u16, 1, 1, 0, 0, 0] {
        profile.extend_from_slice(&part.to_be_bytes());
    }
    profile.extend_from_slice(b"acsp");
    profile.resize(68, 0);
    for value in D50 {
        profile.extend_from_slice(&fixed(value));
    }
    profile.resize(HEADER, 0);
    profile.extend_from_slice(&table);
    profile.extend_from_slice(&data);
    profile
}

/// White of the connection space (ICC.1:2004-10 6.3.4.3).
const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// Bytes before the tag table.
const HEADER: usize = 128;

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

/// A multi-localised string with one record, en-US.
fn localized(text: &str) -> Vec<u8> {
    let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    tag.extend_from_slice(&((text.len() * 2) as u32).to_be_bytes());
    tag.extend_from_slice(&28_u32.to_be_bytes());
    for unit in text.encode_utf16() {
        tag.extend_from_slice(&unit.to_be_bytes());
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_tags_are_in_step() {
        let profile = srgb();
        let be = |at: usize| {
            u32::from_be_bytes([profile[at], profile[at + 1], profile[at + 2], profile[at + 3]]) as usize
        };
        assert_eq!(be(0), profile.len());
        assert_eq!(&profile[36..40], b"acsp");
        assert_eq!(be(128), 10);
        for tag in 0..10 {
            let at = 132 + tag * 12;
            assert_eq!(be(at + 4) % 4, 0);
            assert!(be(at + 4) + be(at + 8) <= profile.len());
        }
    }

    #[test]
    fn primaries_sum_to_white() {
        let profile = srgb();
        let tag = |name: &[u8; 4]| {
            let entry = (0..10)
                .map(|i| 132 + i * 12)
                .find(|at| &profile[*at..at + 4] == name);
            let at = entry.map_or(0, |at| {
                u32::from_be_bytes([profile[at + 4], profile[at + 5], profile[at + 6], profile[at + 7]])
            }) as usize
                + 8;
            [0, 4, 8].map(|i| {
                i32::from_be_bytes([
                    profile[at + i],
                    profile[at + i + 1],
                    profile[at + i + 2],
                    profile[at + i + 3],
                ])
            })
        };
        let (r, g, b, w) = (tag(b"rXYZ"), tag(b"gXYZ"), tag(b"bXYZ"), tag(b"wtpt"));
        for i in 0..3 {
            assert!((r[i] + g[i] + b[i] - w[i]).abs() <= 2, "{i}");
        }
    }
}
