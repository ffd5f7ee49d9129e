//! Icons, drawn with lines: they are sharp at every scale and need no font.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

/// An icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Run.
    Play,
    /// Stop.
    Stop,
    /// Add.
    Plus,
    /// Dismiss.
    Close,
    /// A menu.
    Dots,
    /// What is folded.
    Right,
    /// What is open.
    Down,
}

impl Icon {
    /// Paints the icon in a square around `center` that is `side` wide.
    pub fn paint(self, painter: &Painter, center: Pos2, side: f32, color: Color32) {
        let h = side / 2.0;
        let at = |x: f32, y: f32| center + vec2(x * h, y * h);
        let stroke = Stroke::new((side / 9.0).max(1.3), color);
        let line = |points: Vec<Pos2>| Shape::line(points, stroke);
        match self {
            Self::Play => {
                let points = vec![at(-0.55, -0.8), at(0.75, 0.0), at(-0.55, 0.8)];
                painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
            }
            Self::Stop => {
                painter.rect_filled(Rect::from_center_size(center, vec2(side, side) * 0.7), 1.5, color);
            }
            Self::Plus => {
                painter.add(line(vec![at(-0.75, 0.0), at(0.75, 0.0)]));
                painter.add(line(vec![at(0.0, -0.75), at(0.0, 0.75)]));
            }
            Self::Close => {
                painter.add(line(vec![at(-0.6, -0.6), at(0.6, 0.6)]));
                painter.add(line(vec![at(-0.6, 0.6), at(0.6, -0.6)]));
            }
            Self::Dots => {
                for x in [-0.7, 0.0, 0.7] {
                    painter.circle_filled(at(x, 0.0), side / 9.0, color);
                }
            }
            Self::Right => {
                painter.add(line(vec![at(-0.3, -0.6), at(0.3, 0.0), at(-0.3, 0.6)]));
            }
            Self::Down => {
                painter.add(line(vec![at(-0.6, -0.3), at(0.0, 0.3), at(0.6, -0.3)]));
            }
        }
    }
}
