//! Type 2 charstrings (Adobe Technical Note 5177) from outlines.

use super::Segment;

const RLINETO: u8 = 5;
const HLINETO: u8 = 6;
const VLINETO: u8 = 7;
const RRCURVETO: u8 = 8;
const ENDCHAR: u8 = 14;
const RMOVETO: u8 = 21;
const HMOVETO: u8 = 22;
const VMOVETO: u8 = 4;
const VVCURVETO: u8 = 26;
const HHCURVETO: u8 = 27;
const VHCURVETO: u8 = 30;
const HVCURVETO: u8 = 31;

/// Operands an interpreter's stack must hold (section 4.1 of the note).
const STACK: usize = 48;

/// Encodes an outline given in ems, y upwards; the advance is the first operand.
pub(super) fn encode(advance: f32, outline: &[Segment]) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::with_capacity(outline.len() * 7 + 8),
        operands: Vec::with_capacity(STACK),
        op: None,
        at: (0, 0),
    };
    number(&mut writer.out, unit(advance));
    for (index, segment) in outline.iter().enumerate() {
        match *segment {
            Segment::Move(x, y) => writer.move_to(point(x, y)),
            Segment::Line(x, y) => {
                // The last line of a contour is implied when it ends where the contour began.
                let closes = matches!(outline.get(index + 1), Some(Segment::Close) | None);
                let start = outline[..index].iter().rev().find_map(|s| match *s {
                    Segment::Move(x, y) => Some(point(x, y)),
                    _ => None,
                });
                if !(closes && start == Some(point(x, y))) {
                    writer.line_to(point(x, y));
                }
            }
            Segment::Cubic(ax, ay, bx, by, x, y) => {
                writer.curve_to(point(ax, ay), point(bx, by), point(x, y));
            }
            Segment::Close => {}
        }
    }
    writer.flush();
    writer.out.push(ENDCHAR);
    writer.out
}

type Point = (i32, i32);

fn unit(ems: f32) -> i32 {
    (ems * 1000.0).round() as i32
}

fn point(x: f32, y: f32) -> Point {
    (unit(x), unit(y))
}

/// Gathers operands of like operators, to write the operator once.
struct Writer {
    out: Vec<u8>,
    operands: Vec<i32>,
    op: Option<u8>,
    at: Point,
}

impl Writer {
    fn step(&mut self, to: Point) -> Point {
        let delta = (to.0 - self.at.0, to.1 - self.at.1);
        self.at = to;
        delta
    }

    fn move_to(&mut self, to: Point) {
        self.flush();
        match self.step(to) {
            (dx, 0) => self.emit(HMOVETO, &[dx]),
            (0, dy) => self.emit(VMOVETO, &[dy]),
            (dx, dy) => self.emit(RMOVETO, &[dx, dy]),
        }
        self.flush();
    }

    fn line_to(&mut self, to: Point) {
        match self.step(to) {
            (0, 0) => {}
            (dx, 0) => self.axis_line(HLINETO, dx),
            (0, dy) => self.axis_line(VLINETO, dy),
            (dx, dy) => self.emit(RLINETO, &[dx, dy]),
        }
    }

    /// Horizontal and vertical lines may alternate under the operator of the first of them.
    fn axis_line(&mut self, op: u8, delta: i32) {
        let odd = self.operands.len() % 2 == 1;
        let expected = match self.op {
            Some(HLINETO) => Some(if odd { VLINETO } else { HLINETO }),
            Some(VLINETO) => Some(if odd { HLINETO } else { VLINETO }),
            _ => None,
        };
        if expected == Some(op) && self.operands.len() < STACK {
            self.operands.push(delta);
        } else {
            self.flush();
            self.emit(op, &[delta]);
        }
    }

    fn curve_to(&mut self, a: Point, b: Point, to: Point) {
        let (ax, ay) = self.step(a);
        let (bx, by) = self.step(b);
        let (cx, cy) = self.step(to);
        match (ax, ay, cx, cy) {
            (_, 0, _, 0) => self.emit(HHCURVETO, &[ax, bx, by, cx]),
            (0, _, 0, _) => self.emit(VVCURVETO, &[ay, bx, by, cy]),
            (_, 0, 0, _) => self.turning_curve(HVCURVETO, [ax, bx, by, cy]),
            (0, _, _, 0) => self.turning_curve(VHCURVETO, [ay, bx, by, cx]),
            _ => self.emit(RRCURVETO, &[ax, ay, bx, by, cx, cy]),
        }
    }

    /// Curves that begin along one axis and end along the other may alternate likewise.
    fn turning_curve(&mut self, op: u8, deltas: [i32; 4]) {
        let odd = (self.operands.len() / 4) % 2 == 1;
        let expected = match self.op {
            Some(HVCURVETO) => Some(if odd { VHCURVETO } else { HVCURVETO }),
            Some(VHCURVETO) => Some(if odd { HVCURVETO } else { VHCURVETO }),
            _ => None,
        };
        if expected == Some(op) && self.operands.len() + 4 <= STACK {
            self.operands.extend(deltas);
        } else {
            self.flush();
            self.emit(op, &deltas);
        }
    }

    fn emit(&mut self, op: u8, operands: &[i32]) {
        let same = self.op == Some(op);
        if !same || self.operands.len() + operands.len() > STACK {
            self.flush();
        }
        self.op = Some(op);
        self.operands.extend(operands);
    }

    fn flush(&mut self) {
        if let Some(op) = self.op.take() {
            for value in self.operands.drain(..) {
                number(&mut self.out, value);
            }
            self.out.push(op);
        }
    }
}

/// Section 3.2 of the note: the shorter the number, the fewer the bytes.
fn number(out: &mut Vec<u8>, value: i32) {
    match value {
        -107..=107 => out.push((value + 139) as u8),
        108..=1131 => {
            let v = value - 108;
            out.extend([(v >> 8) as u8 + 247, v as u8]);
        }
        -1131..=-108 => {
            let v = -value - 108;
            out.extend([(v >> 8) as u8 + 251, v as u8]);
        }
        _ => {
            out.push(28);
            let clamped = value.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
            out.extend((clamped as i16).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_shortest_form() {
        let cases: [(i32, &[u8]); 6] = [
            (0, &[139]),
            (-107, &[32]),
            (108, &[247, 0]),
            (1131, &[250, 255]),
            (-1131, &[254, 255]),
            (-1132, &[28, 0xFB, 0x94]),
        ];
        for (value, bytes) in cases {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
    }

    #[test]
    fn a_square_alternates_and_leaves_out_its_closing_line() {
        let square = [
            Segment::Move(0.1, 0.0),
            Segment::Line(0.2, 0.0),
            Segment::Line(0.2, 0.1),
            Segment::Line(0.1, 0.1),
            Segment::Line(0.1, 0.0),
            Segment::Close,
        ];
        let out = encode(1.0, &square);
        assert_eq!(out, [250, 124, 239, 22, 239, 239, 39, 6, 14]);
    }

    #[test]
    fn operands_never_exceed_the_stack() {
        let mut outline = vec![Segment::Move(0.0, 0.0)];
        for i in 1..200 {
            let v = i as f32 / 1000.0;
            outline.push(Segment::Line(v * 3.0, v * 2.0));
        }
        let out = encode(0.5, &outline);
        let mut depth = 0;
        for byte in out {
            depth = if byte >= 32 { depth + 1 } else { 0 };
            assert!(depth <= STACK);
        }
    }
}
