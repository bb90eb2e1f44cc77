//! One figure a panel and metric, as SVG that needs nothing else. It must not know pages.
//!
//! Exact values are lines with markers; sampled values are rings around them with bars of two standard errors either way,
//! or markers along a dotted line where nothing else is known. On a logarithmic axis a sampled value beside an exact one is
//! left out where its two standard errors are more than the value, and zeros are left out and named in the legend. Where lines lie on one another, the later series is dashed
//! and thinner, so that the earlier one shows. A legend stands below the axes, never over the data.
//!
//! Colours are those of Okabe and Ito, told apart by readers who are blind to some. Everything that is not a series is
//! `#000000` (frame, grid and words, the grid almost transparent) or `#FFFFFF` (one rectangle behind everything), so that
//! a page can restyle both: `[fill="#000000"]`, `[stroke="#000000"]` and `[fill="#FFFFFF"]` select them. The same record
//! gives the same bytes.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Tick};
use super::canvas::{Canvas, Drawn, INK, Lettering, Place, Stroke, sheet, text_width};
use super::curve::{Curve, Point, curves};
use super::legend::{Bars, Legend, Look};
use crate::experiment::{Comparison, Metric, Sampled};

/// Of the sheet.
pub(super) const WIDTH: f64 = 560.0;
const PLOT_HEIGHT: f64 = 272.0;

/// The sizes of letters: multiples of 2.5, which the backend writes without a tail of digits.
pub(super) const SMALL: f64 = 17.5;
const LARGE: f64 = 20.0;

/// The height of a line of the title and of the legend.
pub(super) const LINE: f64 = 25.0;

/// At most so many ticks on an axis.
const MOST_TICKS: usize = 7;

/// Curves closer than this lie on one another.
const TOUCHING: f64 = 1.5;

/// The figure of a panel (from 0) and a metric; `None` if it has nothing that can be drawn.
#[must_use]
pub fn figure(record: &Comparison, panel: usize, metric: Metric) -> Option<String> {
    let experiment = &record.experiment;
    let curves = curves(record, panel, metric);
    let figure = Figure::new(record, curves, metric)?;
    let title = Some(experiment.panel_title(panel)).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| metric.title().to_owned());
    drawn(&figure, &title, (experiment.axis(), metric.title()))
}

/// Curves over linear axes, with what their axes show.
pub(in crate::report) fn curves_over(title: &str, axes: (&str, &str), curves: Vec<Curve>) -> Option<String> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let y = Axis::new(points().filter_map(Point::best), false, MOST_TICKS - 1)?;
    let x = Axis::new(points().map(|point| point.x), false, MOST_TICKS)?;
    drawn(&Figure::on(x, y, curves), title, axes)
}

fn drawn(figure: &Figure, title: &str, (x_title, y_title): (&str, &str)) -> Option<String> {
    let description = format!("{title}: {y_title} against {x_title}");
    let lines = wrapped(title, WIDTH - 24.0);
    let legend = figure.legend();
    let top = 12.0 + LINE * lines.len() as f64 + 6.0;
    let labels = figure.y.ticks().iter().map(|tick| text_width(&tick.label, SMALL)).fold(0.0, f64::max);
    let frame = Frame { left: 30.0 + labels + 10.0, right: WIDTH - 22.0, top, bottom: top + PLOT_HEIGHT };
    let legend_top = frame.bottom + 62.0;
    let height = legend_top + LINE * legend.rows() as f64 + 8.0;
    let draw = |canvas: &Canvas| {
        for (i, line) in lines.iter().enumerate() {
            let lettering = Lettering { size: LARGE, bold: true, upward: false, anchor: HPos::Center };
            canvas.text(line, (title_place(&frame, line), 12.0 + LINE * (i as f64 + 0.5)), lettering)?;
        }
        figure.draw(canvas, &frame, x_title, y_title)?;
        legend.draw(canvas, legend_top)
    };
    sheet((WIDTH, height.ceil()), &description, draw).ok()
}

/// Over the middle of the axes, or of the figure if it is too long for that.
fn title_place(frame: &Frame, line: &str) -> f64 {
    let (middle, half) = (0.5 * (frame.left + frame.right), 0.5 * text_width(line, 1.08 * LARGE));
    if middle + half < WIDTH - 6.0 { middle } else { 0.5 * WIDTH }
}

/// A text in lines of at most this width.
fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), 1.08 * LARGE) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The rectangle of the axes.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Curves with the axes they are drawn on.
struct Figure {
    x: Axis,
    y: Axis,
    curves: Vec<(Curve, Look)>,
}

/// A point of a curve on the sheet; whether it is exact.
type Placed = Option<(Place, bool)>;

impl Figure {
    fn new(record: &Comparison, curves: Vec<Curve>, metric: Metric) -> Option<Self> {
        let points = || curves.iter().flat_map(|curve| &curve.points);
        let sweep = &record.experiment.sweep;
        let y = Axis::new(points().filter_map(Point::best), metric.logarithmic(), MOST_TICKS - 1)?;
        let x = Axis::new(sweep.values.iter().copied(), sweep.logarithmic, MOST_TICKS)?;
        let x = if sweep.logarithmic { ticks_at(&x, &sweep.values) } else { x };
        Some(Self::on(x, y, curves))
    }

    fn on(x: Axis, y: Axis, curves: Vec<Curve>) -> Self {
        let count = curves.len();
        let look = |(rank, curve): (usize, Curve)| {
            let look = Look::new(curve.series, rank, count);
            (curve, look)
        };
        Self { x, y, curves: curves.into_iter().enumerate().map(look).collect() }
    }

    fn draw(&self, canvas: &Canvas, frame: &Frame, x_title: &str, y_title: &str) -> Drawn {
        self.axes(canvas, frame, x_title, y_title)?;
        for (curve, look) in &self.curves {
            for point in &curve.points {
                for sampled in self.sampled(point) {
                    let reach = 2.0 * sampled.standard_error;
                    self.bar(canvas, frame, look, point.x, [sampled.value - reach, sampled.value + reach])?;
                }
                if let Some(interval) = point.interval {
                    self.bar(canvas, frame, look, point.x, interval)?;
                }
            }
        }
        let placed: Vec<Vec<Placed>> = self.curves.iter().map(|(curve, _)| self.placed(frame, curve)).collect();
        for (i, (_, look)) in self.curves.iter().enumerate() {
            for (run, dashes) in runs(&placed, i) {
                match dashes {
                    None => canvas.line(run, look.line())?,
                    Some(dashes) => canvas.dashes(&run, dashes, look.line())?,
                }
            }
        }
        let some = self.has_intervals();
        for (i, (curve, look)) in self.curves.iter().enumerate() {
            for (place, point) in placed[i].iter().zip(&curve.points) {
                if let Some((place, true)) = place
                    && (!some || point.interval.is_some())
                {
                    canvas.filled(look.shape, *place, look.radius, look.line())?;
                }
            }
            for point in &curve.points {
                for sampled in self.sampled(point) {
                    if let Some(place) = self.place(frame, point.x, sampled.value) {
                        canvas.hollow(look.shape, place, look.radius + 2.2, look.thin())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn legend(&self) -> Legend {
        let points = || self.curves.iter().flat_map(|(curve, _)| &curve.points);
        let sampled = points().any(|point| self.sampled(point).next().is_some());
        let bars = if self.has_intervals() { Some(Bars::Interval) } else { sampled.then_some(Bars::Sampled) };
        Legend::new(&self.curves, bars)
    }

    fn has_intervals(&self) -> bool {
        self.curves.iter().flat_map(|(curve, _)| &curve.points).any(|point| point.interval.is_some())
    }

    /// Grid, frame, ticks and titles.
    fn axes(&self, canvas: &Canvas, frame: &Frame, x_title: &str, y_title: &str) -> Drawn {
        let Frame { left, right, top, bottom } = *frame;
        let grid = Stroke { colour: INK, opacity: 0.13, width: 1.0 };
        let ink = Stroke { colour: INK, opacity: 1.0, width: 1.2 };
        let small = Lettering { size: SMALL, bold: false, upward: false, anchor: HPos::Center };
        for Tick { position, label } in self.x.ticks() {
            let x = left + position * (right - left);
            canvas.line([(x, top), (x, bottom)], grid)?;
            canvas.line([(x, bottom), (x, bottom + 5.0)], ink)?;
            canvas.text(&label, (x, bottom + 17.0), small)?;
        }
        for Tick { position, label } in self.y.ticks() {
            let y = bottom - position * (bottom - top);
            canvas.line([(left, y), (right, y)], grid)?;
            canvas.line([(left - 5.0, y), (left, y)], ink)?;
            canvas.text(&label, (left - 9.0, y), Lettering { anchor: HPos::Right, ..small })?;
        }
        for position in self.y.minor() {
            let y = bottom - position * (bottom - top);
            canvas.line([(left - 3.0, y), (left, y)], ink)?;
        }
        canvas.line([(left, top), (left, bottom), (right, bottom)], ink)?;
        canvas.text(x_title, (0.5 * (left + right), bottom + 42.0), small)?;
        canvas.text(y_title, (17.0, 0.5 * (top + bottom)), Lettering { upward: true, ..small })
    }

    /// Where a number is on the sheet, if it is inside the axes.
    fn place(&self, frame: &Frame, x: f64, y: f64) -> Option<Place> {
        let (x, y) = (self.x.position(x)?, self.y.position(y)?);
        let inside = (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
        inside.then_some((frame.left + x * (frame.right - frame.left), frame.bottom - y * (frame.bottom - frame.top)))
    }

    fn placed(&self, frame: &Frame, curve: &Curve) -> Vec<Placed> {
        let placed = |point: &Point| Some((self.place(frame, point.x, point.best()?)?, point.exact.is_some()));
        curve.points.iter().map(placed).collect()
    }

    /// The sampled values that are drawn. Beside an exact value on a logarithmic axis, one whose two standard errors are
    /// more than the value itself is not: it would say nothing, and in a bar without a lower end.
    fn sampled<'a>(&'a self, point: &'a Point) -> impl Iterator<Item = Sampled> {
        let tells = |sampled: &Sampled| match point.exact {
            Some(exact) => !self.y.is_logarithmic() || 2.0 * sampled.standard_error <= exact,
            None => true,
        };
        point.sampled.iter().filter(move |sampled| tells(sampled)).copied()
    }

    /// A bar from a number to another, as far as the axes reach.
    fn bar(&self, canvas: &Canvas, frame: &Frame, look: &Look, x: f64, [low, high]: [f64; 2]) -> Drawn {
        let (Some(x), Some(high)) = (self.x.position(x), self.y.position(high)) else {
            return Ok(());
        };
        let low = self.y.position(low).unwrap_or(0.0);
        if low > 1.0 || high < 0.0 {
            return Ok(());
        }
        let x = frame.left + x * (frame.right - frame.left);
        let y = |share: f64| frame.bottom - share.clamp(0.0, 1.0) * (frame.bottom - frame.top);
        let stroke = look.thin();
        canvas.line([(x, y(low)), (x, y(high))], stroke)?;
        // A bar that goes on beyond the axes has no end.
        for end in [low, high].into_iter().filter(|end| (0.001..0.999).contains(end)) {
            canvas.line([(x - 3.5, y(end)), (x + 3.5, y(end))], stroke)?;
        }
        Ok(())
    }
}

/// Ticks at the swept values themselves where their names have room.
fn ticks_at(axis: &Axis, values: &[f64]) -> Axis {
    // The least room that an axis ever has.
    let room = 410.0;
    let fits = |axis: &Axis| {
        axis.ticks().windows(2).all(|pair| {
            let words = 0.5 * (text_width(&pair[0].label, SMALL) + text_width(&pair[1].label, SMALL));
            (pair[1].position - pair[0].position) * room > words + 8.0
        })
    };
    axis.with_ticks_at(values).filter(fits).unwrap_or_else(|| axis.clone())
}

/// The dashes of a line on top of so many others, `None` for a whole line.
fn dashes(others: usize) -> Option<Dashes> {
    match others {
        0 => None,
        1 => Some((9.0, 8.0)),
        2 => Some((5.0, 12.0)),
        _ => Some((2.5, 14.5)),
    }
}

/// The lengths of dashes and of gaps between them.
type Dashes = (f64, f64);

/// Places that are joined, by a whole line if it has no dashes.
type Run = (Vec<Place>, Option<Dashes>);

/// Curve `i` in runs that are drawn alike. A line has a gap where a number is missing.
fn runs(placed: &[Vec<Placed>], i: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for pair in placed[i].windows(2) {
        let [Some((from, from_exact)), Some((to, to_exact))] = pair else { continue };
        let touches = |place: Place, other: &[Placed]| {
            let near = |(x, y): Place| (x - place.0).abs() < TOUCHING && (y - place.1).abs() < TOUCHING;
            other.iter().flatten().any(|(there, _)| near(*there))
        };
        let under = placed[..i].iter().filter(|other| touches(*from, other) && touches(*to, other)).count();
        // What is only sampled is never a whole line.
        let how = if *from_exact && *to_exact { dashes(under) } else { Some((3.5, 5.0)) };
        match runs.last_mut() {
            Some((run, same)) if *same == how && run.last() == Some(from) => run.push(*to),
            _ => runs.push((vec![*from, *to], how)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    const SAMPLED: &str = "sampled, ± 2 standard errors";

    #[test]
    fn a_figure_names_its_series_and_says_where_they_are_zero() {
        let record = sample::record();
        let noise = figure(&record, 0, Metric::Noise).unwrap();
        for part in
            [">\none | two</text>", ">\nplain</text>", "with, &quot;comma&quot;</text>", SAMPLED, "#0072B2", "#009E73"]
        {
            assert!(noise.contains(part), "{part}: {noise}");
        }
        let bias = figure(&record, 0, Metric::Bias).unwrap();
        // The first series is 0, the third has no number: neither has a marker.
        assert!(bias.contains(">\nplain (0)</text>") && !bias.contains("a | b") && !bias.contains(SAMPLED), "{bias}");
        assert_eq!(bias.matches("<circle").count(), 1, "the legend's alone: {bias}");
    }

    #[test]
    fn a_figure_with_nothing_above_zero_on_a_logarithmic_axis_is_none() {
        let mut record = sample::exact_record();
        for point in record.results.iter_mut().flat_map(|setting| &mut setting.points) {
            point.metrics.values_mut().for_each(|number| number.exact = Some(0.0));
        }
        assert_eq!(figure(&record, 0, Metric::Bias), None);
        record.results.clear();
        assert_eq!(figure(&record, 0, Metric::Noise), None);
    }

    #[test]
    fn a_sweep_over_all_that_doubles_hold_is_drawn() {
        let mut record = sample::exact_record();
        let values = [-1.7e308, 0.0, 1.7e308];
        record.experiment.sweep.logarithmic = false;
        record.experiment.sweep.values = values.to_vec();
        for setting in &mut record.results {
            setting.x = values[setting.index % 3];
        }
        let svg = figure(&record, 0, Metric::Noise).unwrap();
        assert!(svg.contains(">\n−10³⁰⁸</text>") && svg.contains("<circle") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn series_that_are_all_alike_are_one_curve() {
        let mut record = sample::exact_record();
        for setting in &mut record.results {
            setting.points[1] = setting.points[0].clone();
        }
        let svg = figure(&record, 1, Metric::Noise).unwrap();
        assert!(svg.contains("2 of 3 series, alike</text>") && !svg.contains("#0072B2"), "{svg}");
        record.experiment.series.truncate(2);
        assert!(figure(&record, 1, Metric::Noise).unwrap().contains("all 2 series alike</text>"));
    }

    #[test]
    fn figures_are_small_and_the_same_twice_and_scale() {
        let record = sample::record();
        let svg = figure(&record, 0, Metric::Noise).unwrap();
        assert_eq!(Some(&svg), figure(&record, 0, Metric::Noise).as_ref());
        assert!(svg.len() < 20_000 && svg.starts_with("<svg width=\"560\"") && svg.contains("viewBox=\"0 0 560 "));
        let sizes = svg.split("font-size=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
        assert!(sizes.into_iter().all(|size| size >= 170.0), "{svg}");
    }

    #[test]
    fn what_lies_beneath_is_seen_through_dashes() {
        let at = |x: f64, y: f64| Some(((x, y), true));
        let placed =
            vec![vec![at(0.0, 0.0), at(50.0, 0.0), at(99.0, 0.0)], vec![at(0.0, 0.5), at(50.0, 0.0), at(99.0, 40.0)]];
        assert_eq!(runs(&placed, 0), [(vec![(0.0, 0.0), (50.0, 0.0), (99.0, 0.0)], None)]);
        let expected = [(vec![(0.0, 0.5), (50.0, 0.0)], dashes(1)), (vec![(50.0, 0.0), (99.0, 40.0)], None)];
        assert_eq!(runs(&placed, 1), expected);
        let gap = vec![vec![at(0.0, 0.0), None, at(9.0, 0.0), at(10.0, 0.0)]];
        assert_eq!(runs(&gap, 0), [(vec![(9.0, 0.0), (10.0, 0.0)], None)]);
    }

    #[test]
    fn a_long_title_is_broken_into_lines() {
        let lines =
            wrapped("a panel whose title says a great deal more than one line of the figure can ever hold", 536.0);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| text_width(line, LARGE) < WIDTH));
    }
}
