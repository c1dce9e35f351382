//! Black and white of a picture, and how many things in it look like the corner of a QR code.
//!
//! The reader library tries every three corners it finds, each time on a copy of the whole picture: a
//! picture of fifteen kilobytes that is tiled with corners would occupy it for hours. So they are counted
//! first, as the library will find them, in time that grows with the picture and with nothing else.

use std::{collections::BTreeSet, ops::Range};

use image::GrayImage;

use super::grid::Point;

/// A picture in black and white.
#[derive(Debug)]
pub(super) struct Bitmap {
    pub(super) width: usize,
    pub(super) height: usize,
    /// True where black, row by row.
    pub(super) black: Vec<bool>,
}

impl Bitmap {
    /// Black is what is darker than the mean of its surroundings: a mean that trails along the row, taken
    /// from both sides and handed on from row to row, so that shade and creases do no harm.
    pub(super) fn of(image: &GrayImage, inverted: bool) -> Bitmap {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let flip = if inverted { 0xFF } else { 0 };
        let reach = (width / 8).max(1);
        let (mut forth, mut back) = (0_usize, 0_usize);
        let mut sums = vec![0_usize; width];
        let mut black = Vec::with_capacity(width * height);
        for (y, row) in image.as_raw().chunks_exact(width.max(1)).enumerate() {
            sums.fill(0);
            for x in 0..width {
                let mirrored = width - 1 - x;
                let (here, there) = if y % 2 == 0 { (mirrored, x) } else { (x, mirrored) };
                forth = forth * (reach - 1) / reach + usize::from(row[here] ^ flip);
                back = back * (reach - 1) / reach + usize::from(row[there] ^ flip);
                sums[here] += forth;
                sums[there] += back;
            }
            black.extend(
                row.iter()
                    .zip(&sums)
                    .map(|(grey, sum)| usize::from(grey ^ flip) < sum * 95 / (200 * reach)),
            );
        }
        Bitmap { width, height, black }
    }

    /// Rings around a stone, crossed by some row in runs of 1:1:3:1:1.
    pub(super) fn corners(&self) -> Vec<Corner> {
        let mut areas = Areas::default();
        // Stretches of the row before and of this one: where they begin, where they end, their number.
        let mut above: Vec<(usize, usize, u32)> = Vec::new();
        let mut crossings: Vec<[u32; 3]> = Vec::new();
        for (y, row) in self.black.chunks_exact(self.width.max(1)).enumerate() {
            let mut here = Vec::with_capacity(above.len());
            let mut next = 0;
            let mut x = 0;
            while let Some(skip) = row[x..].iter().position(|black| *black) {
                let start = x + skip;
                let length = row[start..].iter().position(|black| !black);
                let end = length.map_or(row.len(), |length| start + length);
                let area = areas.add(start..end, y);
                // What touches it in the row above is the same area.
                while above.get(next).is_some_and(|(_, until, _)| *until <= start) {
                    next += 1;
                }
                for (_, _, other) in above[next..].iter().take_while(|(from, _, _)| *from < end) {
                    areas.join(*other, area);
                }
                here.push((start, end, area));
                x = end;
            }
            for stretches in here.windows(3) {
                if let [a, b, c] = stretches
                    && crosses_a_corner([a.1 - a.0, b.0 - a.1, b.1 - b.0, c.0 - b.1, c.1 - c.0])
                {
                    crossings.push([a.2, b.2, c.2]);
                }
            }
            above = here;
        }
        let mut stones = BTreeSet::new();
        for stretches in crossings {
            let [left, stone, right] = stretches.map(|stretch| areas.whole(stretch));
            let part = areas.size(stone) * 100 / areas.size(right).max(1);
            if left == right && stone != right && 10 < part && part < 70 {
                stones.insert(stone);
            }
        }
        stones.into_iter().map(|stone| areas.corner(stone)).collect()
    }

    /// Whether the column through a corner crosses it as the row did: noise and print seldom do.
    pub(super) fn crossed_upright(&self, corner: &Corner) -> bool {
        let (x, y) = (corner.center.x as usize, corner.center.y as usize);
        let row = |y: usize| self.black.chunks_exact(self.width.max(1)).nth(y);
        let black = |y: usize| row(y)?.get(x).copied();
        let reach = (corner.module * 12.0) as usize + 3;
        let mut runs = [0_usize; 5];
        for (order, steps) in [([2, 1, 0], true), ([2, 3, 4], false)] {
            let (mut part, mut at) = (0, y);
            for _ in 0..reach {
                at = if steps { at.wrapping_sub(1) } else { at + 1 };
                let Some(here) = black(at) else { break };
                if here != (order[part] % 2 == 0) {
                    part += 1;
                }
                let Some(run) = order.get(part) else { break };
                runs[*run] += 1;
            }
        }
        runs[2] += 1;
        black(y) == Some(true) && crosses_a_corner(runs)
    }
}

/// What looks like the corner of a QR code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corner {
    /// Middle of its stone.
    pub(super) center: Point,
    /// Side of a module, in pixels.
    pub(super) module: f64,
}

/// Whether runs of black, white, black, white and black are as long as those through a corner.
fn crosses_a_corner(runs: [usize; 5]) -> bool {
    let module = (runs[0] + runs[1] + runs[3] + runs[4]) / 4;
    let slack = module * 3 / 4;
    runs.iter()
        .zip([1, 1, 3, 1, 1])
        .all(|(run, modules)| run.abs_diff(modules * module) <= slack)
}

/// Areas of black that hang together, put together from stretches of rows.
#[derive(Debug, Default)]
struct Areas {
    parents: Vec<u32>,
    sizes: Vec<u32>,
    /// Sums of the places of their pixels.
    sums: Vec<(u64, u64)>,
}

impl Areas {
    fn add(&mut self, stretch: Range<usize>, y: usize) -> u32 {
        let number = self.parents.len() as u32;
        self.parents.push(number);
        self.sizes.push(stretch.len() as u32);
        // Twice the middles, which are whole numbers.
        let length = stretch.len() as u64;
        self.sums.push((
            (stretch.start + stretch.end) as u64 * length,
            (2 * y + 1) as u64 * length,
        ));
        number
    }

    fn corner(&self, stone: u32) -> Corner {
        let size = f64::from(self.sizes[stone as usize]);
        let (x, y) = self.sums[stone as usize];
        Corner {
            center: Point {
                x: x as f64 / 2.0 / size,
                y: y as f64 / 2.0 / size,
            },
            module: size.sqrt() / 3.0,
        }
    }

    /// The number that stands for the whole area.
    fn whole(&mut self, mut number: u32) -> u32 {
        while self.parents[number as usize] != number {
            let above = self.parents[number as usize];
            self.parents[number as usize] = self.parents[above as usize];
            number = above;
        }
        number
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.whole(a), self.whole(b));
        if a == b {
            return;
        }
        let larger = self.sizes[a as usize] >= self.sizes[b as usize];
        let (large, small) = if larger { (a, b) } else { (b, a) };
        self.parents[small as usize] = large;
        self.sizes[large as usize] += self.sizes[small as usize];
        let (x, y) = self.sums[small as usize];
        let sum = &mut self.sums[large as usize];
        *sum = (sum.0 + x, sum.1 + y);
    }

    fn size(&self, whole: u32) -> usize {
        self.sizes[whole as usize] as usize
    }
}
