//! Where every character of an impression goes, and how large it can be.
//!
//! Each character gets a cell: a box with a size and a turn. Sizes follow from the room there is;
//! at the end all cells are held against each other, the ring and the centre, so that an impression
//! whose parts touch is refused, not drawn.

use std::f64::consts::PI;

use super::{Centre, ImpressionError, ImpressionSpec, Reading, Shape};

/// Most characters a name can have; beyond that they are illegible at any official size.
pub const MAX_NAME_CHARS: usize = 44;
/// Space between the outer and the inner ring, for a seal of 42 mm.
pub(super) const INNER_RING_GAP: f64 = 0.6;

/// The size all figures below are given for.
const REFERENCE: f64 = 42.0;
/// Space between the ring and the heads of the name.
const HEAD_GAP: f64 = 1.0;
/// Least space between things that must not touch.
const CLEARANCE: f64 = 0.35;
/// Width over height of a character on the arc: Song on seals stands tall.
const ARC_ASPECT: (f64, f64) = (0.56, 0.8);
/// Narrowest legible character.
const MIN_CHAR_WIDTH: f64 = 1.5;
/// Share of the room between its neighbours that a character fills.
const FILL: f64 = 0.93;
/// Height, width and pitch of a digit of the number.
const DIGIT: (f64, f64, f64) = (1.75, 1.05, 1.3);
/// Space between the ring and the feet of the number.
const DIGIT_GAP: f64 = 0.55;

/// Place of one character: centre, size, and turn clockwise from upright, in radians.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
    pub(super) turn: f64,
}

/// All characters in their places.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) name: Vec<(char, Cell)>,
    pub(super) purpose: Vec<(char, Cell)>,
    pub(super) number: Vec<(char, Cell)>,
    /// Radius of the circle around the star or the reserved place; 0 for none.
    pub(super) centre_radius: f64,
    /// Size relative to the reference seal.
    pub(super) scale: f64,
}

pub(super) fn lay_out(spec: &ImpressionSpec) -> Result<Layout, ImpressionError> {
    let name: Vec<char> = spec.name.chars().collect();
    if name.len() > MAX_NAME_CHARS {
        return Err(too_long("名称", name.len()));
    }
    let (width, height) = (f64::from(spec.size().0), f64::from(spec.size().1));
    let scale = width.min(height) / REFERENCE;
    if let Shape::Square { reading, .. } = spec.shape {
        let cells = square(&name, width, f64::from(spec.ring), reading);
        return Ok(Layout {
            name: cells,
            purpose: vec![],
            number: vec![],
            centre_radius: 0.0,
            scale,
        });
    }
    let band = f64::from(spec.ring)
        + spec
            .inner_ring
            .map_or(0.0, |w| f64::from(w) + INNER_RING_GAP * scale);
    let room = Oval {
        cx: width / 2.0,
        cy: height / 2.0,
        a: width / 2.0 - band,
        b: height / 2.0 - band,
    };
    let centre_radius = match spec.centre {
        Centre::Empty => 0.0,
        Centre::Star => width.min(height) / 6.0,
        Centre::Reserved { diameter } => f64::from(diameter) / 2.0,
    };

    // 1. The number first: it has one size, and the name leaves room for it.
    let digits: Vec<char> = spec.number.iter().flat_map(|n| n.chars()).collect();
    let curve = room.inset((DIGIT_GAP + DIGIT.0 / 2.0) * scale);
    let share = digits.len() as f64 * DIGIT.2 * scale / curve.length();
    if share > 0.25 {
        return Err(too_long("编号", digits.len()));
    }
    let number: Vec<(char, Cell)> = digits
        .iter()
        .copied()
        .zip(
            curve
                .places(digits.len(), share, Side::Bottom)
                .into_iter()
                .map(|place| Cell {
                    w: DIGIT.1 * scale,
                    h: DIGIT.0 * scale,
                    ..place
                }),
        )
        .collect();

    // 2. The name around the centre, as large as it can be.
    let widest = if digits.is_empty() {
        300.0
    } else {
        (360.0 * (1.0 - share) - 24.0).min(300.0)
    };
    let span = if spec.purpose.is_some() {
        purpose_span(name.len())
    } else {
        plain_span(name.len())
    };
    let cells = arc_text(&room, name.len(), span.min(widest) / 360.0, scale, centre_radius)
        .ok_or_else(|| too_long("名称", name.len()))?;
    let name: Vec<(char, Cell)> = name.into_iter().zip(cells).collect();

    // 3. The purpose line in what is left under the centre.
    let purpose: Vec<char> = spec.purpose.iter().flat_map(|p| p.chars()).collect();
    let taken: Vec<Cell> = name.iter().chain(&number).map(|(_, cell)| *cell).collect();
    let line = line_text(&room, purpose.len(), &taken, centre_radius, scale)
        .ok_or_else(|| too_long("用途", purpose.len()))?;
    let purpose: Vec<(char, Cell)> = purpose.into_iter().zip(line).collect();

    // 4. Nothing touches anything.
    for (part, cells) in [("名称", &name), ("用途", &purpose), ("编号", &number)] {
        let free = cells.iter().all(|(_, cell)| {
            room.holds(cell, CLEARANCE * 0.9 * scale) && cell.distance_from(room.cx, room.cy) > centre_radius
        });
        if !free {
            return Err(too_long(part, cells.len()));
        }
    }
    let all: Vec<(&str, Cell)> = [("名称", &name), ("用途", &purpose), ("编号", &number)]
        .into_iter()
        .flat_map(|(part, cells)| cells.iter().map(move |(_, cell)| (part, *cell)))
        .collect();
    for (i, (_, cell)) in all.iter().enumerate() {
        if let Some((part, _)) = all.iter().skip(i + 1).find(|(_, other)| cell.touches(other, 0.0)) {
            return Err(too_long(
                if *part == "编号" { "编号" } else { "名称" },
                spec.name.chars().count(),
            ));
        }
    }
    Ok(Layout {
        name,
        purpose,
        number,
        centre_radius,
        scale,
    })
}

/// Degrees of the name arc, first character's edge to the last's: 240 for short names to 300.
fn plain_span(chars: usize) -> f64 {
    240.0 + 60.0 * ((chars as f64 - 8.0) / 12.0).clamp(0.0, 1.0)
}

/// The same above a purpose line, which needs the room below.
fn purpose_span(chars: usize) -> f64 {
    232.0 + 16.0 * ((chars as f64 - 8.0) / 12.0).clamp(0.0, 1.0)
}

/// Characters on an arc around the top, feet to the centre.
fn arc_text(room: &Oval, count: usize, share: f64, scale: f64, centre_radius: f64) -> Option<Vec<Cell>> {
    let tallest = (if count <= 8 { 7.2 } else { 6.6 }) * scale;
    // A small ellipse has less depth between ring and centre than a circle of the same height.
    let depth = room.b - HEAD_GAP * scale - centre_radius - 1.2 * scale;
    let mut h = tallest.min(depth);
    let mut w = h * ARC_ASPECT.1;
    while h > MIN_CHAR_WIDTH {
        // The corners of a head stand further out than its middle by the sagitta of its width.
        for _ in 0..3 {
            let sagitta = w * w / (8.0 * (room.sharpest() - HEAD_GAP * scale).max(w));
            let curve = room.inset(HEAD_GAP * scale + sagitta + h / 2.0);
            if curve.b <= h / 2.0 {
                return None;
            }
            let mut cells = curve.places(count, share, Side::Top);
            let mut limit = f64::INFINITY;
            for pair in cells.windows(2) {
                if let [left, right] = pair {
                    limit = limit.min(foot_room(left, right, h));
                }
            }
            w = (limit * FILL).min(h * ARC_ASPECT.1);
            for cell in &mut cells {
                (cell.w, cell.h) = (w, h);
            }
            if w >= h * ARC_ASPECT.0 && w >= MIN_CHAR_WIDTH {
                return Some(cells);
            }
        }
        h *= 0.98;
        w = w.max(MIN_CHAR_WIDTH);
    }
    None
}

/// Width at which the feet of two neighbours meet.
fn foot_room(left: &Cell, right: &Cell, h: f64) -> f64 {
    let (lx, ly) = left.at(0.0, h / 2.0);
    let (rx, ry) = right.at(0.0, h / 2.0);
    (lx - rx).hypot(ly - ry) / ((right.turn - left.turn) / 2.0).cos().max(0.1)
}

/// A horizontal line under the centre, as wide as its surroundings allow.
fn line_text(room: &Oval, count: usize, taken: &[Cell], centre_radius: f64, scale: f64) -> Option<Vec<Cell>> {
    if count == 0 {
        return Some(vec![]);
    }
    let top = room.cy + (centre_radius.max(5.0 * scale) + 1.3 * scale);
    let mut h = 4.3 * scale;
    while h > 2.0 * scale {
        let fits = |half: f64| {
            let cell = Cell {
                x: room.cx,
                y: top + h / 2.0,
                w: 2.0 * half,
                h,
                turn: 0.0,
            };
            let gap = CLEARANCE * 1.6 * scale;
            room.holds(&cell, gap) && taken.iter().all(|other| !cell.touches(other, gap))
        };
        let (mut low, mut high) = (0.0, room.a);
        for _ in 0..24 {
            let middle = f64::midpoint(low, high);
            if fits(middle) { low = middle } else { high = middle }
        }
        let pitch = (2.0 * low / count as f64).min(h * 0.98);
        let w = pitch * FILL;
        if w >= 0.62 * h && w >= MIN_CHAR_WIDTH * scale.min(1.0) {
            let first = room.cx - pitch * (count as f64 - 1.0) / 2.0;
            return Some(
                (0..count)
                    .map(|i| Cell {
                        x: first + pitch * i as f64,
                        y: top + h / 2.0,
                        w,
                        h,
                        turn: 0.0,
                    })
                    .collect(),
            );
        }
        h *= 0.97;
    }
    None
}

/// Characters of a square seal, each column (or row) filling the whole side.
fn square(name: &[char], side: f64, ring: f64, reading: Reading) -> Vec<(char, Cell)> {
    let lines = (name.len() as f64).sqrt().ceil().max(1.0) as usize;
    let (least, more) = (name.len() / lines, name.len() % lines);
    let margin = ring + side * 0.04;
    let inner = side - 2.0 * margin;
    let across = inner / lines as f64;
    let mut cells = Vec::with_capacity(name.len());
    let mut rest = name;
    for line in 0..lines {
        // Where the characters do not divide evenly, the later lines take one more: 姓 alone, 名 after.
        let count = least + usize::from(line >= lines - more);
        let (here, after) = rest.split_at(count.min(rest.len()));
        rest = after;
        let along = inner / count.max(1) as f64;
        for (i, ch) in here.iter().enumerate() {
            let (line, i) = (line as f64, i as f64);
            let cell = match reading {
                Reading::Columns => Cell {
                    x: side - margin - across * (line + 0.5),
                    y: margin + along * (i + 0.5),
                    w: across * FILL,
                    h: along * FILL,
                    turn: 0.0,
                },
                Reading::Rows => Cell {
                    x: margin + along * (i + 0.5),
                    y: margin + across * (line + 0.5),
                    w: along * FILL,
                    h: across * FILL,
                    turn: 0.0,
                },
            };
            cells.push((*ch, cell));
        }
    }
    cells
}

fn too_long(part: &'static str, chars: usize) -> ImpressionError {
    ImpressionError::DoesNotFit { part, chars }
}

impl Cell {
    /// A point given from the middle of the cell, to the right and downwards.
    pub(super) fn at(&self, right: f64, down: f64) -> (f64, f64) {
        let (sin, cos) = self.turn.sin_cos();
        (
            self.x + right * cos - down * sin,
            self.y + right * sin + down * cos,
        )
    }

    fn corners(&self, more: f64) -> [(f64, f64); 4] {
        let (w, h) = (self.w / 2.0 + more, self.h / 2.0 + more);
        [self.at(-w, -h), self.at(w, -h), self.at(w, h), self.at(-w, h)]
    }

    /// Whether two cells come nearer than `gap` (separating axes; exact for boxes side by side).
    pub(super) fn touches(&self, other: &Self, gap: f64) -> bool {
        let (mine, theirs) = (self.corners(gap), other.corners(0.0));
        let axes = [self.turn, self.turn + PI / 2.0, other.turn, other.turn + PI / 2.0];
        axes.iter().all(|axis| {
            let (sin, cos) = axis.sin_cos();
            let extent = |corners: &[(f64, f64); 4]| {
                corners
                    .iter()
                    .map(|(x, y)| x * cos + y * sin)
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                        (low.min(v), high.max(v))
                    })
            };
            let ((a, b), (c, d)) = (extent(&mine), extent(&theirs));
            a < d - 1e-9 && c < b - 1e-9
        })
    }

    /// Distance of a point from the cell; 0 inside.
    pub(super) fn distance_from(&self, x: f64, y: f64) -> f64 {
        let (sin, cos) = self.turn.sin_cos();
        let (dx, dy) = (x - self.x, y - self.y);
        let (right, down) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let beyond = |v: f64, size: f64| (v.abs() - size / 2.0).max(0.0);
        beyond(right, self.w).hypot(beyond(down, self.h))
    }
}

/// Which part of an oval characters stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Around the top, left to right, heads outwards.
    Top,
    /// Around the bottom, left to right, heads inwards.
    Bottom,
}

/// An ellipse, or a circle.
#[derive(Debug, Clone, Copy)]
struct Oval {
    cx: f64,
    cy: f64,
    a: f64,
    b: f64,
}

impl Oval {
    fn inset(&self, by: f64) -> Self {
        Self {
            a: self.a - by,
            b: self.b - by,
            ..*self
        }
    }

    /// Smallest radius of curvature.
    fn sharpest(&self) -> f64 {
        self.b * self.b / self.a
    }

    /// Whether a cell lies inside with `gap` to spare.
    fn holds(&self, cell: &Cell, gap: f64) -> bool {
        let inner = self.inset(gap);
        cell.corners(0.0)
            .iter()
            .all(|(x, y)| ((x - inner.cx) / inner.a).powi(2) + ((y - inner.cy) / inner.b).powi(2) <= 1.0)
    }

    /// Lengths from the top, clockwise, at even steps of the parameter.
    fn lengths(&self) -> Vec<f64> {
        let mut total = 0.0;
        let mut lengths = Vec::with_capacity(STEPS + 1);
        lengths.push(0.0);
        for i in 0..STEPS {
            let t = (i as f64 + 0.5) * 2.0 * PI / STEPS as f64;
            total += (self.a * t.cos()).hypot(self.b * t.sin()) * 2.0 * PI / STEPS as f64;
            lengths.push(total);
        }
        lengths
    }

    fn length(&self) -> f64 {
        self.lengths().last().copied().unwrap_or(0.0)
    }

    /// `count` places at even distances over a `share` of the whole length.
    fn places(&self, count: usize, share: f64, side: Side) -> Vec<Cell> {
        let lengths = self.lengths();
        let total = lengths.last().copied().unwrap_or(0.0);
        (0..count)
            .map(|i| {
                let along = ((i as f64 + 0.5) / count as f64 - 0.5) * share * total;
                let s = match side {
                    Side::Top => along,
                    Side::Bottom => total / 2.0 - along,
                };
                let s = s.rem_euclid(total);
                let step = lengths.partition_point(|l| *l <= s).clamp(1, STEPS);
                let (low, high) = (lengths[step - 1], lengths[step]);
                let t = (step as f64 - 1.0 + (s - low) / (high - low)) * 2.0 * PI / STEPS as f64;
                let (sin, cos) = t.sin_cos();
                let outwards = (self.b * sin).atan2(self.a * cos);
                let turn = match side {
                    Side::Top => outwards,
                    Side::Bottom => outwards + PI,
                };
                Cell {
                    x: self.cx + self.a * sin,
                    y: self.cy - self.b * cos,
                    w: 0.0,
                    h: 0.0,
                    turn,
                }
            })
            .collect()
    }
}

/// Steps of the length table: a hundredth of a millimetre on the largest seal.
const STEPS: usize = 2880;
