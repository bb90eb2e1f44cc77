//! How each series of a figure looks, and the legend that says so. It must not know the data's scale.

use plotters::prelude::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Drawn, INK, Lettering, Place, Shape, Stroke, text_width};
use super::curve::Curve;
use super::plot::{LINE, SMALL, WIDTH};

/// The palette of Okabe and Ito, without its yellow, which white paper swallows.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    INK,
];

/// The length of a legend's key, and what is left free after its words.
const KEY: f64 = 36.0;
const GAP: f64 = 20.0;

/// What the bars of a figure are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bars {
    /// Two standard errors either way, with a ring in the middle.
    Sampled,
    /// From one end of an interval to the other.
    Interval,
}

impl Bars {
    /// What the legend calls them.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Sampled => "sampled, ± 2 standard errors",
            Self::Interval => "interval at 95 %",
        }
    }
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) colour: RGBColor,
    pub(super) shape: Shape,
    /// Of the line.
    pub(super) width: f64,
    /// Of the markers.
    pub(super) radius: f64,
}

impl Look {
    /// Of curve `rank` among `count`: the earlier thicker, so that they show around the later ones.
    pub(super) fn new(series: Option<usize>, rank: usize, count: usize) -> Self {
        let share = if count > 1 { rank as f64 / (count - 1) as f64 } else { 0.5 };
        let colour = series.map_or(INK, |series| COLOURS[series % COLOURS.len()]);
        let series = series.unwrap_or(0);
        let shape = Shape::ALL[(series + series / COLOURS.len()) % Shape::ALL.len()];
        Self { colour, shape, width: 3.4 - 1.6 * share, radius: 6.2 - 1.8 * share }
    }

    pub(super) fn line(&self) -> Stroke {
        Stroke { colour: self.colour, opacity: 1.0, width: self.width }
    }

    pub(super) fn thin(&self) -> Stroke {
        Stroke { colour: self.colour, opacity: 1.0, width: 1.1 }
    }
}

/// What the curves are called, in rows and columns.
pub(super) struct Legend {
    entries: Vec<(String, Key)>,
    /// The widths of the columns.
    columns: Vec<f64>,
    /// What a last row says of.
    bars: Option<Bars>,
}

/// What stands before the words of a legend.
#[derive(Clone, Copy)]
enum Key {
    Exact(Look),
    Sampled(Look),
    Interval(Look),
}

impl Legend {
    /// Of curves with their looks; `bars` is what those are, if any are drawn.
    pub(super) fn new(curves: &[(Curve, Look)], bars: Option<Bars>) -> Self {
        let entry = |(curve, look): &(Curve, Look)| {
            let exact = curve.points.iter().any(|point| point.exact.is_some());
            (curve.title.clone(), if exact { Key::Exact(*look) } else { Key::Sampled(*look) })
        };
        let entries: Vec<(String, Key)> = curves.iter().map(entry).collect();
        let widths: Vec<f64> = entries.iter().map(|(title, _)| KEY + 8.0 + text_width(title, SMALL) + GAP).collect();
        let columns = |count: usize| -> Vec<f64> {
            let widest = |column: usize| widths.iter().skip(column).step_by(count).copied().fold(0.0, f64::max);
            (0..count).map(widest).collect()
        };
        let fits = |columns: &Vec<f64>| columns.iter().sum::<f64>() - GAP <= WIDTH - 16.0;
        let most = entries.len().clamp(1, 3);
        let columns = (1..=most).rev().map(columns).find(fits).unwrap_or_else(|| columns(1));
        Self { entries, columns, bars }
    }

    pub(super) fn rows(&self) -> usize {
        self.entries.len().div_ceil(self.columns.len()) + usize::from(self.bars.is_some())
    }

    pub(super) fn draw(&self, canvas: &Canvas, top: f64) -> Drawn {
        let left = (0.5 * (WIDTH - self.columns.iter().sum::<f64>() + GAP)).max(8.0);
        for (i, (title, key)) in self.entries.iter().enumerate() {
            let (row, column) = (i / self.columns.len(), i % self.columns.len());
            let x = left + self.columns[..column].iter().sum::<f64>();
            key.draw(canvas, (x, top + LINE * (row as f64 + 0.5)), title)?;
        }
        if let Some(bars) = self.bars {
            let x = left.min(WIDTH - KEY - 8.0 - text_width(bars.words(), SMALL));
            let y = top + LINE * (self.rows() as f64 - 0.5);
            let look = Look::new(None, 0, 1);
            let key = match bars {
                Bars::Sampled => Key::Sampled(look),
                Bars::Interval => Key::Interval(look),
            };
            key.draw(canvas, (x, y), bars.words())?;
        }
        Ok(())
    }
}

impl Key {
    fn draw(&self, canvas: &Canvas, (x, y): Place, title: &str) -> Drawn {
        let middle = (x + 0.5 * KEY, y);
        match self {
            Self::Exact(look) => {
                canvas.line([(x, y), (x + KEY, y)], look.line())?;
                canvas.filled(look.shape, middle, look.radius, look.line())?;
            }
            Self::Sampled(look) | Self::Interval(look) => {
                for (from, to) in
                    [((0.0, -10.0), (0.0, 10.0)), ((-3.5, -10.0), (3.5, -10.0)), ((-3.5, 10.0), (3.5, 10.0))]
                {
                    let at = |(dx, dy): Place| (middle.0 + dx, middle.1 + dy);
                    canvas.line([at(from), at(to)], look.thin())?;
                }
                if let Self::Sampled(look) = self {
                    canvas.hollow(look.shape, middle, look.radius, look.thin())?;
                }
            }
        }
        let lettering = Lettering { size: SMALL, bold: false, upward: false, anchor: HPos::Left };
        canvas.text(title, (x + KEY + 8.0, y), lettering)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_have_colours_and_shapes_of_their_own() {
        let look = |series: usize| {
            let Look { colour, shape, .. } = Look::new(Some(series), series, 14);
            format!("{colour:?} {shape:?}")
        };
        let mut looks: Vec<String> = (0..14).map(look).collect();
        looks.sort();
        looks.dedup();
        assert_eq!(looks.len(), 14);
    }
}
