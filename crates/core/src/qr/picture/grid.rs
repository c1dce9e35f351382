//! From three corners to the modules of a QR code, for photos: turned, tilted, unsharp, on curved paper.
//!
//! 1. Three corners that can belong to one code give its directions and, nearly, its size.
//! 2. Its size is the one whose fourth point, the last alignment pattern, and timing patterns show up best.
//! 3. The alignment patterns in between say how the paper is bent.
//! 4. The grey of each module, sharpened a little more at each try, is held against its surroundings.
//!
//! The work is bounded by the corners that are let in and by the constants below, whatever the picture shows.

use image::GrayImage;

use super::{bitmap::Corner, decode_modules};

/// Texts of the codes that these corners belong to, each once.
pub(super) fn read(image: &GrayImage, inverted: bool, corners: &[Corner]) -> Vec<String> {
    let light = Light { image, inverted };
    let mut used = vec![false; corners.len()];
    let mut texts = Vec::new();
    for trio in trios(corners).iter().take(MAX_TRIOS) {
        if trio.corners.iter().any(|corner| used[*corner]) {
            continue;
        }
        if let Some(text) = light.read(trio, corners) {
            for corner in trio.corners {
                used[corner] = true;
            }
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

/// Corners at the top left, top right and bottom left of what may be a code.
struct Trio {
    corners: [usize; 3],
    /// Modules from the first to the last, nearly.
    size: f64,
    /// How far it is from a square.
    skew: f64,
}

/// Every three corners that can belong to one code, the squarest first.
fn trios(corners: &[Corner]) -> Vec<Trio> {
    let mut found = Vec::new();
    for (top, here) in corners.iter().enumerate() {
        for (right, there) in corners.iter().enumerate() {
            for (down, below) in corners.iter().enumerate() {
                let (u, v) = (there.center.minus(here.center), below.center.minus(here.center));
                // Clockwise, so that each three are looked at once from each of them.
                if top == right || top == down || u.cross(v) <= 0.0 {
                    continue;
                }
                let (long, short) = (u.length().max(v.length()), u.length().min(v.length()));
                let modules = [here.module, there.module, below.module];
                let (large, small) = modules.iter().fold((0_f64, f64::MAX), |(large, small), m| {
                    (large.max(*m), small.min(*m))
                });
                let size = (long + short) * 1.5 / modules.iter().sum::<f64>() + 7.0;
                let cosine = (u.x * v.x + u.y * v.y).abs() / (u.length() * v.length());
                if long > short * 2.0
                    || large > small * 1.8
                    || cosine > 0.5
                    || !(18.0..=200.0).contains(&size)
                {
                    continue;
                }
                found.push(Trio {
                    corners: [top, right, down],
                    size,
                    skew: long / short - 1.0 + cosine + (large / small - 1.0) / 2.0,
                });
            }
        }
    }
    found.sort_by(|a, b| a.skew.total_cmp(&b.skew));
    found
}

/// How light a picture is, between pixels too.
struct Light<'a> {
    image: &'a GrayImage,
    inverted: bool,
}

impl Light<'_> {
    fn read(&self, trio: &Trio, corners: &[Corner]) -> Option<String> {
        let [top, right, down] = trio.corners.map(|corner| corners[corner].center);
        let nearest = ((trio.size - 17.0) / 4.0).round() as i32;
        let mut plans: Vec<Plan> = (nearest - VERSIONS_AROUND..=nearest + VERSIONS_AROUND)
            .filter(|version| (1..=40).contains(version))
            .filter_map(|version| self.plan(version, top, right, down))
            .collect();
        plans.retain(|plan| plan.contrast > FAINTEST);
        plans.sort_by(|a, b| b.contrast.total_cmp(&a.contrast));
        plans.iter().take(PLANS_TRIED).find_map(|plan| {
            let grey = self.modules(plan);
            SHARPENING
                .iter()
                .find_map(|by| decide(&grey, plan.size as usize, *by))
        })
    }

    /// The code if it is of this version.
    fn plan(&self, version: i32, top: Point, right: Point, down: Point) -> Option<Plan> {
        let size = f64::from(17 + 4 * version);
        let square = [(3.5, 3.5), (size - 3.5, 3.5), (3.5, size - 3.5)];
        let (u, v) = (
            right.minus(top).times(1.0 / (size - 7.0)),
            down.minus(top).times(1.0 / (size - 7.0)),
        );
        let last = (size - 6.5, size - 6.5);
        let guess = top.plus(u.times(size - 10.0)).plus(v.times(size - 10.0));
        let fourth = if version == 1 {
            guess
        } else {
            let place = |du: f64, dv: f64| guess.plus(u.times(du)).plus(v.times(dv));
            let (du, dv, _) = self.alignment(&place, 4.0 + size / 20.0, 0.5);
            let near = |x: f64, y: f64| place(du + x, dv + y);
            let (x, y, _) = self.alignment(&near, 0.5, 0.125);
            near(x, y)
        };
        let [a, b, c] = square;
        let view = View::new([a, b, c, last], [top, right, down, fourth])?;
        // Timing patterns: dark and light in turn between the corners.
        let (mut contrast, mut count) = (0.0, 0.0);
        for at in 8..size as i32 - 8 {
            let sign = if at % 2 == 0 { -1.0 } else { 1.0 };
            let at = f64::from(at) + 0.5;
            contrast += sign * (self.at(view.of(at, 6.5)) + self.at(view.of(6.5, at)));
            count += 2.0;
        }
        Some(Plan {
            version,
            size,
            view,
            contrast: contrast / count,
        })
    }

    /// Where around a place the alignment pattern stands out most, and by how much; `place` turns modules into
    /// points of the picture.
    fn alignment(&self, place: &dyn Fn(f64, f64) -> Point, reach: f64, step: f64) -> (f64, f64, f64) {
        let steps = (reach / step) as i32;
        let mut best = (0.0, 0.0, f64::MIN);
        for (row, column) in
            (-steps..=steps).flat_map(|row| (-steps..=steps).map(move |column| (row, column)))
        {
            let (du, dv) = (f64::from(column) * step, f64::from(row) * step);
            let (mut dark, mut light) = (0.0, 0.0);
            for (x, y) in (-2..=2).flat_map(|y: i32| (-2..=2).map(move |x: i32| (x, y))) {
                let here = self.at(place(du + f64::from(x), dv + f64::from(y)));
                if x.abs().max(y.abs()) == 1 {
                    light += here / 8.0;
                } else {
                    dark += here / 17.0;
                }
            }
            if light - dark > best.2 {
                best = (du, dv, light - dark);
            }
        }
        best
    }

    /// Grey of every module, row by row.
    fn modules(&self, plan: &Plan) -> Vec<f64> {
        let bends = self.bends(plan);
        let size = plan.size as usize;
        let mut grey = Vec::with_capacity(size * size);
        for row in 0..size {
            for column in 0..size {
                let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
                let (du, dv) = bends.at(x, y);
                let sum: f64 = WITHIN_A_MODULE
                    .iter()
                    .map(|(a, b)| self.at(plan.view.of(x + du + a, y + dv + b)))
                    .sum();
                grey.push(sum / WITHIN_A_MODULE.len() as f64);
            }
        }
        grey
    }

    /// How far each alignment pattern is from where a flat sheet would have it.
    fn bends(&self, plan: &Plan) -> Bends {
        let lines = alignment_lines(plan.version);
        let far = lines.len().saturating_sub(1);
        let mut by = Vec::with_capacity(lines.len() * lines.len());
        for (row, y) in lines.iter().enumerate() {
            for (column, x) in lines.iter().enumerate() {
                // There the corners are, which are known.
                if (row == 0 && (column == 0 || column == far)) || (row == far && column == 0) {
                    by.push((0.0, 0.0));
                    continue;
                }
                let place = |du: f64, dv: f64| plan.view.of(x + du, y + dv);
                let (du, dv, contrast) = self.alignment(&place, 1.5, 0.25);
                let seen = contrast > plan.contrast / 2.0;
                by.push(if seen { (du, dv) } else { (0.0, 0.0) });
            }
        }
        Bends { lines, by }
    }

    /// How light it is at a point; beyond the edge as on it.
    fn at(&self, point: Point) -> f64 {
        let (width, height) = self.image.dimensions();
        let x = (point.x - 0.5).clamp(0.0, f64::from(width - 1));
        let y = (point.y - 0.5).clamp(0.0, f64::from(height - 1));
        let (left, above) = (x as u32, y as u32);
        let (right, below) = ((left + 1).min(width - 1), (above + 1).min(height - 1));
        let (a, b) = (x - f64::from(left), y - f64::from(above));
        let pixel = |x, y| f64::from(self.image.get_pixel(x, y).0[0]);
        let upper = pixel(left, above) * (1.0 - a) + pixel(right, above) * a;
        let lower = pixel(left, below) * (1.0 - a) + pixel(right, below) * a;
        let light = upper * (1.0 - b) + lower * b;
        if self.inverted { 255.0 - light } else { light }
    }
}

/// A code of one version, laid over the picture.
struct Plan {
    version: i32,
    size: f64,
    view: View,
    /// How much lighter the light modules of the timing patterns are than the dark ones, by half.
    contrast: f64,
}

/// Reads modules by their grey: those darker than their surroundings are dark.
fn decide(grey: &[f64], size: usize, sharpening: f64) -> Option<String> {
    let at = |x: usize, y: usize| grey[y.min(size - 1) * size + x.min(size - 1)];
    let mut sharp = Vec::with_capacity(grey.len());
    for y in 0..size {
        for x in 0..size {
            let around =
                at(x.saturating_sub(1), y) + at(x + 1, y) + at(x, y.saturating_sub(1)) + at(x, y + 1);
            sharp.push(at(x, y) * (1.0 + 4.0 * sharpening) - around * sharpening);
        }
    }
    let mut dark = Vec::with_capacity(grey.len());
    for y in 0..size {
        for x in 0..size {
            let rows = y.saturating_sub(SURROUNDINGS)..(y + SURROUNDINGS + 1).min(size);
            let columns = x.saturating_sub(SURROUNDINGS)..(x + SURROUNDINGS + 1).min(size);
            let count = (rows.len() * columns.len()) as f64;
            let sum: f64 = rows
                .map(|y| grey[y * size..][columns.clone()].iter().sum::<f64>())
                .sum();
            dark.push(sharp[y * size + x] < sum / count);
        }
    }
    decode_modules(&dark, size as u32).or_else(|| {
        // Seen in a mirror, or through the paper.
        let turned: Vec<bool> = (0..dark.len())
            .map(|at| dark[at % size * size + at / size])
            .collect();
        decode_modules(&turned, size as u32)
    })
}

/// What the sheet adds to a module's place, between the alignment patterns.
struct Bends {
    lines: Vec<f64>,
    /// In modules, row by row.
    by: Vec<(f64, f64)>,
}

impl Bends {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let count = self.lines.len();
        if count < 2 {
            return (0.0, 0.0);
        }
        let cell = |v: f64| {
            let line = self.lines[1..count - 1].iter().filter(|line| **line <= v).count();
            (
                line,
                (v - self.lines[line]) / (self.lines[line + 1] - self.lines[line]),
            )
        };
        let ((column, a), (row, b)) = (cell(x), cell(y));
        let mix = |part: fn(&(f64, f64)) -> f64| {
            let at = |row: usize, column: usize| part(&self.by[row * count + column]);
            let upper = at(row, column) * (1.0 - a) + at(row, column + 1) * a;
            let lower = at(row + 1, column) * (1.0 - a) + at(row + 1, column + 1) * a;
            upper * (1.0 - b) + lower * b
        };
        (mix(|bend| bend.0), mix(|bend| bend.1))
    }
}

/// Middles of the rows, and columns, with alignment patterns (ISO/IEC 18004 annex E): evenly apart by an even
/// number of modules, but for the first gap.
fn alignment_lines(version: i32) -> Vec<f64> {
    if version == 1 {
        return Vec::new();
    }
    let gaps = version / 7 + 1;
    let span = 4 * version + 4;
    let gap = if version == 32 {
        26
    } else {
        (span + 2 * gaps - 1) / (2 * gaps) * 2
    };
    let far = (0..gaps).rev().map(|line| f64::from(6 + span - line * gap) + 0.5);
    [6.5].into_iter().chain(far).collect()
}

/// A point of the picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    fn plus(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            y: self.y + other.y,
        }
    }

    fn minus(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }

    fn times(self, by: f64) -> Self {
        Self {
            x: self.x * by,
            y: self.y * by,
        }
    }

    fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    fn length(self) -> f64 {
        self.x.hypot(self.y)
    }
}

/// A flat sheet seen from somewhere: modules to points.
struct View([f64; 8]);

impl View {
    /// The one that shows four places of the sheet at four points.
    fn new(places: [(f64, f64); 4], points: [Point; 4]) -> Option<Self> {
        let mut rows = [[0.0; 9]; 8];
        for (index, ((x, y), point)) in places.into_iter().zip(points).enumerate() {
            rows[index * 2] = [x, y, 1.0, 0.0, 0.0, 0.0, -x * point.x, -y * point.x, point.x];
            rows[index * 2 + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -x * point.y, -y * point.y, point.y];
        }
        for column in 0..8 {
            let pivot =
                (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
            rows.swap(column, pivot);
            let top = rows[column];
            if top[column].abs() < 1e-9 {
                return None;
            }
            for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != column) {
                let by = row[column] / top[column];
                for (value, above) in row.iter_mut().zip(top) {
                    *value -= by * above;
                }
            }
        }
        Some(Self(std::array::from_fn(|index| {
            rows[index][8] / rows[index][index]
        })))
    }

    fn of(&self, x: f64, y: f64) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let depth = g * x + h * y + 1.0;
        Point {
            x: (a * x + b * y + c) / depth,
            y: (d * x + e * y + f) / depth,
        }
    }
}

/// Trios tried in one picture: five codes and what else looks like one.
const MAX_TRIOS: usize = 48;
/// Versions tried on each side of the one that the corners' size speaks for.
const VERSIONS_AROUND: i32 = 3;
/// Versions whose modules are read, of those tried.
const PLANS_TRIED: usize = 2;
/// Least contrast of a code, in steps of grey: without timing patterns there is none.
const FAINTEST: f64 = 4.0;
/// How much of its neighbours each module is freed from, in turn.
const SHARPENING: [f64; 3] = [0.0, 0.15, 0.4];
/// Modules on each side that a module is held against.
const SURROUNDINGS: usize = 4;
/// Where a module is looked at.
const WITHIN_A_MODULE: [(f64, f64); 5] = [(0.0, 0.0), (-0.2, -0.2), (0.2, -0.2), (-0.2, 0.2), (0.2, 0.2)];
