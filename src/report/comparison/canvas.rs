//! Lines, markers and words on an SVG canvas, in user units to a tenth. It must not know what they mean.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingAreaErrorKind, FontStyle, FontTransform, IntoDrawingArea, IntoTextStyle,
    PathElement, Polygon, RGBColor, SVGBackend, ShapeStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Whether something could be drawn; on text it always can.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

pub(super) type Place = (f64, f64);

/// What text, frame, ticks and grid are drawn in.
pub(super) const INK: RGBColor = RGBColor(0, 0, 0);

/// What they are drawn on.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);

/// The backend knows whole numbers alone; its unit is a tenth of ours.
const TENTHS: f64 = 10.0;

/// What the backend divides the size of letters by, a whole number.
const BACKEND_TEXT: f64 = 1.24;

/// How a line or a marker looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) colour: RGBColor,
    pub(super) opacity: f64,
    pub(super) width: f64,
}

/// How words look.
#[derive(Clone, Copy)]
pub(super) struct Lettering {
    pub(super) size: f64,
    pub(super) bold: bool,
    /// Whether they are read from below.
    pub(super) upward: bool,
    pub(super) anchor: HPos,
}

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Cross,
    Plus,
}

impl Shape {
    pub(super) const ALL: [Self; 7] =
        [Self::Circle, Self::Square, Self::Up, Self::Diamond, Self::Down, Self::Cross, Self::Plus];

    /// Its corners around 0; the ends of its two strokes for a cross. All shapes of a radius look about equally large.
    fn corners(self, radius: f64) -> Vec<Place> {
        let scaled = |factor: f64, corners: &[Place]| {
            corners.iter().map(|(x, y)| (x * factor * radius, y * factor * radius)).collect()
        };
        match self {
            Self::Circle => Vec::new(),
            Self::Square => scaled(0.88, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
            Self::Up => scaled(1.2, &[(0.0, -1.0), (0.95, 0.7), (-0.95, 0.7)]),
            Self::Down => scaled(1.2, &[(0.0, 1.0), (0.95, -0.7), (-0.95, -0.7)]),
            Self::Diamond => scaled(1.25, &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]),
            Self::Cross => scaled(0.85, &[(-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)]),
            Self::Plus => scaled(1.15, &[(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)]),
        }
    }
}

/// A canvas that writes SVG into a text.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws on a sheet of this size, described for those who do not see it.
pub(super) fn sheet(
    (width, height): Place,
    description: &str,
    draw: impl FnOnce(&Canvas) -> Drawn,
) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
    let mut text = String::new();
    {
        let size = ((width * TENTHS) as u32, (height * TENTHS) as u32);
        let canvas = Canvas { area: SVGBackend::with_string(&mut text, size).into_drawing_area() };
        canvas.area.fill(&PAPER)?;
        draw(&canvas)?;
        canvas.area.present()?;
    }
    // The backend's own root counts in tenths.
    let body = text.split_once(">\n").map_or("", |(_, body)| body);
    let description = maud::html! { (description) }.into_string();
    let root = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{description}\" xmlns=\"http://www.w3.org/2000/svg\">\n<g transform=\"scale(0.1)\">\n"
    );
    let mut text = root + body;
    // What the backend says although it is the default.
    for (long, short) in [
        ("\n</text>", "</text>"),
        (" opacity=\"1\"", ""),
        (" stroke=\"none\"", ""),
        (" stroke-width=\"1\"", ""),
        (" \"/>", "\"/>"),
        ("</svg>", "</g>\n</svg>"),
    ] {
        text = text.replace(long, short);
    }
    Ok(text)
}

fn tenths((x, y): Place) -> (i32, i32) {
    ((x * TENTHS).round() as i32, (y * TENTHS).round() as i32)
}

fn style(stroke: Stroke) -> ShapeStyle {
    stroke.colour.mix(stroke.opacity).stroke_width((stroke.width * TENTHS).round() as u32)
}

impl Canvas<'_> {
    pub(super) fn line(&self, places: impl IntoIterator<Item = Place>, stroke: Stroke) -> Drawn {
        let places: Vec<(i32, i32)> = places.into_iter().map(tenths).collect();
        self.area.draw(&PathElement::new(places, style(stroke)))
    }

    /// A line in dashes of a length with gaps of another between them.
    pub(super) fn dashes(&self, places: &[Place], (dash, gap): (f64, f64), stroke: Stroke) -> Drawn {
        for dash in cut(places, dash, gap) {
            self.line(dash, stroke)?;
        }
        Ok(())
    }

    pub(super) fn filled(&self, shape: Shape, (x, y): Place, radius: f64, stroke: Stroke) -> Drawn {
        let corners = shape.corners(radius).into_iter().map(|(dx, dy)| (x + dx, y + dy));
        match shape {
            Shape::Circle => {
                let radius = (radius * TENTHS).round() as i32;
                self.area.draw(&Circle::new(tenths((x, y)), radius, stroke.colour.filled()))
            }
            Shape::Cross | Shape::Plus => {
                self.two_strokes(&corners.collect::<Vec<Place>>(), Stroke { width: 2.6, ..stroke })
            }
            _ => {
                let corners: Vec<(i32, i32)> = corners.map(tenths).collect();
                self.area.draw(&Polygon::new(corners, stroke.colour.filled()))
            }
        }
    }

    pub(super) fn hollow(&self, shape: Shape, (x, y): Place, radius: f64, stroke: Stroke) -> Drawn {
        let mut corners: Vec<Place> = shape.corners(radius).into_iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        match shape {
            Shape::Circle => {
                let radius = (radius * TENTHS).round() as i32;
                self.area.draw(&Circle::new(tenths((x, y)), radius, style(stroke)))
            }
            Shape::Cross | Shape::Plus => self.two_strokes(&corners, stroke),
            _ => {
                // Past its beginning, so that the first corner is as sharp as the others.
                corners.extend_from_within(..2);
                self.line(corners, stroke)
            }
        }
    }

    fn two_strokes(&self, ends: &[Place], stroke: Stroke) -> Drawn {
        let (first, second) = ends.split_at(2);
        self.line(first.to_vec(), stroke)?;
        self.line(second.to_vec(), stroke)
    }

    /// Words whose middle line is at `place`.
    pub(super) fn text(&self, text: &str, place: Place, lettering: Lettering) -> Drawn {
        let style = if lettering.bold { FontStyle::Bold } else { FontStyle::Normal };
        let transform = if lettering.upward { FontTransform::Rotate270 } else { FontTransform::None };
        let font = ("sans-serif", (lettering.size * TENTHS * BACKEND_TEXT).round(), style).into_text_style(&self.area);
        let font = font.transform(transform).pos(Pos::new(lettering.anchor, VPos::Center)).color(&INK);
        self.area.draw_text(text, &font, tenths(place))
    }
}

/// The parts of a line that dashes cover.
fn cut(places: &[Place], dash: f64, gap: f64) -> Vec<Vec<Place>> {
    let (mut dashes, mut current) = (Vec::new(), places.first().map_or_else(Vec::new, |first| vec![*first]));
    let (mut on, mut left) = (true, dash);
    for pair in places.windows(2) {
        let ((x, y), (x_next, y_next)) = (pair[0], pair[1]);
        let length = libm::hypot(x_next - x, y_next - y);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let share = done / length;
            let here = (x + share * (x_next - x), y + share * (y_next - y));
            if on {
                current.push(here);
                dashes.push(std::mem::take(&mut current));
            } else {
                current = vec![here];
            }
            on = !on;
            left = if on { dash } else { gap };
        }
        left -= length - done;
        if on {
            current.push((x_next, y_next));
        }
    }
    if current.len() > 1 {
        dashes.push(current);
    }
    dashes
}

/// About how wide a text is in a common sans-serif face, rather too wide than too narrow.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let width = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' => 0.32,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '/' | '-' | '·' => 0.40,
        '⁻' | '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' => 0.42,
        'm' | 'w' | 'M' | 'W' | '−' | '±' | '∇' | '→' => 0.90,
        c if c.is_uppercase() => 0.70,
        _ => 0.61,
    };
    size * text.chars().map(width).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_distinct() {
        let outline = |shape: &Shape| format!("{:?}", shape.corners(1.0));
        let mut seen: Vec<String> = Shape::ALL.iter().map(outline).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), Shape::ALL.len());
    }

    #[test]
    fn dashes_cover_their_share_of_a_line_and_turn_its_corners() {
        let dashes = cut(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 6.0, 2.0);
        let expected = vec![
            vec![(0.0, 0.0), (6.0, 0.0)],
            vec![(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)],
            vec![(10.0, 6.0), (10.0, 10.0)],
        ];
        assert_eq!(dashes, expected);
    }

    #[test]
    fn a_sheet_is_scaled_and_escaped() {
        let lettering = Lettering { size: 17.5, bold: false, upward: false, anchor: HPos::Left };
        let svg = sheet((56.0, 44.0), "\"a\" < b", |canvas| canvas.text("a < b", (1.0, 2.0), lettering)).unwrap();
        assert!(svg.starts_with("<svg width=\"56\" height=\"44\" viewBox=\"0 0 56 44\""), "{svg}");
        assert!(svg.contains("aria-label=\"&quot;a&quot; &lt; b\"") && svg.contains(">\na &lt; b</text>"), "{svg}");
        assert!(svg.contains("font-size=\"175\"") && svg.ends_with("</g>\n</svg>\n"), "{svg}");
    }
}
