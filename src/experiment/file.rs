//! Experiment files: typed, and checked whole before anything is computed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use toml::{Table, Value};

use super::Metric;
use super::setting::{PARAMETERS, Parameter, Setting};
use crate::environment::read_file;

/// An experiment as its file states it.
///
/// A *setting* is the table `base`, overridden by a `[[panel]]`, by the swept value and by a `[[series]]`. A panel is a
/// figure of its own, a series a line in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The title of its page.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// What it found, in a sentence or two.
    pub finding: String,
    /// An essay in Markdown: why, how it was measured, what follows.
    pub analysis: String,
    /// What is measured, each with figures of its own, the most important first.
    pub metrics: Vec<Metric>,
    /// What is swept.
    pub sweep: Sweep,
    /// The seed of what is sampled; the command line may say another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seed: Option<u64>,
    /// Whether the exact mean and variance of every parameter go into the record.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub parameters: bool,
    /// How much is sampled beside the exact route, if anything.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sampled: Option<Sampling>,
    /// What all settings share.
    #[serde(default)]
    pub base: Table,
    /// The panels; one without overrides if there is none.
    #[serde(default = "one_panel")]
    pub panel: Vec<Table>,
    /// The series.
    pub series: Vec<Table>,
}

fn one_panel() -> Vec<Table> {
    vec![Table::new()]
}

/// The parameter on the horizontal axis and its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The name of a numeric parameter of a setting.
    pub parameter: String,
    /// Its values, ascending.
    pub values: Vec<f64>,
    /// Whether the axis is logarithmic.
    #[serde(default)]
    pub logarithmic: bool,
}

/// How much is sampled in each setting.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// The trajectories of a series in a setting, or the single draws of a Gaussian problem.
    pub trajectories: usize,
}

/// Why a file is not a usable experiment: one sentence with the file, the place and the mend.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExperimentError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// The text is not TOML, or not an experiment.
    #[error("{}, line {line}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// A setting that cannot be measured.
    #[error("{}, line {line}: {place}: {reason}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The line on which the series begins, from 1.
        line: usize,
        /// The panel (from 1), the swept value and the series, in words.
        place: String,
        /// What is wrong and how to mend it.
        reason: String,
    },
}

/// An experiment with the place of its file, which problem files are looked up from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the file says.
    pub experiment: Experiment,
    /// Its name without the extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The line on which each series begins, from 1.
    series_lines: Vec<usize>,
    /// The line that names the swept parameter, from 1.
    sweep_line: usize,
}

impl Source {
    /// Why series number `series` cannot be measured in a panel at a swept value.
    pub(super) fn refusal(&self, panel: usize, x: f64, series: usize, reason: String) -> ExperimentError {
        let title = self.experiment.series_titles().swap_remove(series);
        let place = format!("panel {}, {} = {x}, series \"{title}\"", panel + 1, self.experiment.sweep.parameter);
        ExperimentError::Setting { path: self.path.clone(), line: self.series_lines[series], place, reason }
    }

    /// Why the sweep makes no sense.
    pub(super) fn useless_sweep(&self, reason: String) -> ExperimentError {
        ExperimentError::Invalid { path: self.path.clone(), line: self.sweep_line, reason }
    }

    /// Reads and checks the experiment at `path`.
    ///
    /// # Errors
    /// [`ExperimentError`] if the file cannot be read or is not an experiment.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        Self::parse(&read_text(path)?, path)
    }

    /// Parses and checks the text of an experiment at `path`.
    ///
    /// # Errors
    /// [`ExperimentError::Invalid`] if it is not an experiment.
    ///
    /// ```
    /// use std::path::Path;
    /// use unbiased::experiment::Source;
    /// let error = Source::parse("titel = 'Horizons'", Path::new("horizon.toml")).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "horizon.toml, line 1: there is no key \"titel\" here; did you mean \"title\"?"
    /// );
    /// ```
    pub fn parse(text: &str, path: &Path) -> Result<Self, ExperimentError> {
        let invalid = |line: usize, reason: String| ExperimentError::Invalid { path: path.into(), line, reason };
        let experiment: Experiment = toml::from_str(text).map_err(|error| invalid_toml(text, path, &error))?;
        let numbered = |header, tables: &[Table]| -> Vec<(Header, Table)> {
            tables.iter().enumerate().map(|(n, table)| (Header { text: header, number: n }, table.clone())).collect()
        };
        let tables = [
            numbered("[base]", std::slice::from_ref(&experiment.base)),
            numbered("[[panel]]", &experiment.panel),
            numbered("[[series]]", &experiment.series),
        ];
        for (header, table) in tables.iter().flatten() {
            if let Some((key, reason)) = Setting::fault(table) {
                return Err(invalid(header.line_of(text, &key), plain(&reason)));
            }
        }
        experiment.check().map_err(|(key, reason)| invalid(line_of(text, key), reason))?;
        let name = path.file_stem().map_or_else(|| "experiment".into(), |stem| stem.to_string_lossy().into_owned());
        let series_lines = tables[2].iter().map(|(header, _)| header.line(text)).collect();
        let sweep_line = line_of(text, "parameter");
        Ok(Self { experiment, name, path: path.into(), series_lines, sweep_line })
    }
}

/// The text of an experiment's file.
pub(super) fn read_text(path: &Path) -> Result<String, ExperimentError> {
    read_file(path, "experiments", "TOML").map_err(|reason| ExperimentError::Unreadable { path: path.into(), reason })
}

/// Why a text is no experiment, with the line and the nearest name.
pub(super) fn invalid_toml(text: &str, path: &Path, error: &toml::de::Error) -> ExperimentError {
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    ExperimentError::Invalid { path: path.into(), line, reason: plain(error.message()) }
}

/// Whether a line sets a key.
fn sets(line: &str, key: &str) -> bool {
    let line = line.trim_start().trim_start_matches(['[', '{', ' ']);
    line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.']))
}

/// The first line on which a key is set, from 1.
fn line_of(text: &str, key: &str) -> usize {
    1 + text.lines().position(|line| sets(line, key)).unwrap_or(0)
}

/// Which of the tables that begin with such a line, from 0.
pub(super) struct Header {
    pub(super) text: &'static str,
    pub(super) number: usize,
}

impl Header {
    /// The line of the header itself, from 1; that of the key where the file writes its tables otherwise.
    pub(super) fn line(&self, text: &str) -> usize {
        let mut headers = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with(self.text));
        let line = headers.nth(self.number).map(|(line, _)| 1 + line);
        line.unwrap_or_else(|| line_of(text, self.text.trim_matches(['[', ']'])))
    }

    /// The line on which a key is set below the header, from 1.
    pub(super) fn line_of(&self, text: &str, key: &str) -> usize {
        let start = self.line(text);
        let below = text.lines().skip(start).take_while(|line| !line.trim_start().starts_with('['));
        below.into_iter().position(|line| sets(line, key)).map_or(start, |line| start + 1 + line)
    }
}

pub(super) fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// The reader's message in plain words, with the nearest key or value that there is.
pub(super) fn plain(message: &str) -> String {
    let names = quoted(message);
    let (Some((first, candidates)), true) = (names.split_first(), message.starts_with("unknown")) else {
        return message.replace("missing field `", "the key `").replace('`', "\"")
            + if message.starts_with("missing field") { " is missing; add it" } else { "" };
    };
    let what = if message.starts_with("unknown field") { "key" } else { "value" };
    match nearest(first, candidates.iter().copied()) {
        Some(near) => format!("there is no {what} \"{first}\" here; did you mean \"{near}\"?"),
        None => format!("there is no {what} \"{first}\" here"),
    }
}

/// The candidate that is most like `text`.
pub(super) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates.max_by(|a, b| strsim::jaro_winkler(a, text).total_cmp(&strsim::jaro_winkler(b, text)))
}

/// More trajectories than any experiment needs.
const MOST_TRAJECTORIES: usize = 1_000_000_000;

/// Whole numbers beyond this are not all doubles.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The first title that stands twice.
fn repeated(titles: &[String]) -> Option<&String> {
    titles.iter().enumerate().find(|(i, title)| titles[..*i].contains(title)).map(|(_, title)| title)
}

impl Experiment {
    /// What is wrong with it as a whole: the key, and what and how to mend it.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let texts = [("title", &self.title), ("question", &self.question), ("finding", &self.finding)];
        let panels: Vec<String> = (0..self.panel.len()).map(|panel| self.panel_title(panel)).collect();
        let series = self.series_titles();
        let mut lines = texts.into_iter().map(|(_, text)| text).chain(&panels).chain(&series);
        if let Some(text) = lines.find(|text| text.trim().chars().any(char::is_control)) {
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            return Err(("title", format!("\"{text}\" has a control character in it; write plain text")));
        }
        for (key, text) in texts.into_iter().chain([("analysis", &self.analysis)]) {
            if text.trim().is_empty() {
                return Err((key, format!("\"{key}\" is empty; write what the report is to print")));
            }
        }
        if self.metrics.is_empty() {
            return Err(("metrics", "\"metrics\" is empty; name at least one".to_owned()));
        }
        if (1..self.metrics.len()).any(|i| self.metrics[..i].contains(&self.metrics[i])) {
            return Err(("metrics", "a metric stands twice; keep one".to_owned()));
        }
        if self.series.is_empty() {
            return Err(("series", "there is no [[series]]; add at least one".to_owned()));
        }
        if self.panel.is_empty() {
            return Err(("panel", "the list of panels is empty; leave it out for a single one".to_owned()));
        }
        self.parameter()?;
        let Sweep { values, logarithmic, .. } = &self.sweep;
        if values.is_empty() {
            return Err(("values", "the sweep has no values; give at least one".to_owned()));
        }
        if let Some(x) = values.iter().find(|x| !x.is_finite()) {
            return Err(("values", format!("{x} cannot be swept; give finite numbers")));
        }
        if values.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(("values", "the swept values are not ascending; sort them and keep each once".to_owned()));
        }
        if *logarithmic && values[0] <= 0.0 {
            return Err((
                "values",
                format!("{} has no logarithm; sweep positive values or drop \"logarithmic\"", values[0]),
            ));
        }
        let range = 2 * super::measure::PARTS..=MOST_TRAJECTORIES;
        if let Some(Sampling { trajectories }) = self.sampled.filter(|s| !range.contains(&s.trajectories)) {
            let (least, most) = (range.start(), range.end());
            return Err((
                "trajectories",
                format!("{trajectories} cannot be sampled; give a number from {least} to {most}"),
            ));
        }
        if let Some(title) = repeated(&panels) {
            return Err(("panel", format!("two panels are called \"{title}\"; give each a label of its own")));
        }
        if let Some(title) = repeated(&series) {
            return Err(("series", format!("two series are called \"{title}\"; give each a label of its own")));
        }
        Ok(())
    }

    /// The swept parameter.
    ///
    /// # Errors
    /// The key and the reason if there is none of that name.
    pub(super) fn parameter(&self) -> Result<&'static Parameter, (&'static str, String)> {
        let name = &self.sweep.parameter;
        PARAMETERS.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
            let near = nearest(name, PARAMETERS.iter().map(|parameter| parameter.name)).unwrap_or_default();
            ("parameter", format!("\"{name}\" cannot be swept; did you mean \"{near}\"?"))
        })
    }

    /// The title of the horizontal axis.
    #[must_use]
    pub fn axis(&self) -> &'static str {
        self.parameter().map_or("", |parameter| parameter.title)
    }

    /// The title of panel `panel`, empty if there is a single one without a label.
    #[must_use]
    pub fn panel_title(&self, panel: usize) -> String {
        Setting::of(&self.panel[panel]).ok().and_then(|setting| setting.label.or(setting.problem)).unwrap_or_default()
    }

    /// The titles of the series.
    #[must_use]
    pub fn series_titles(&self) -> Vec<String> {
        let title = |table: &Table| Setting::of(table).map_or_else(|_| String::new(), |setting| setting.title());
        self.series.iter().map(title).collect()
    }

    /// Setting `index`, in the order of panels and then swept values: the panel and the value.
    pub(super) fn place(&self, index: usize) -> (usize, f64) {
        let sweep = self.sweep.values.len();
        (index / sweep, self.sweep.values[index % sweep])
    }

    /// The number of settings.
    #[must_use]
    pub fn settings(&self) -> usize {
        self.panel.len() * self.sweep.values.len()
    }

    /// The setting of a series in a panel at a swept value, or why it is none.
    pub(super) fn setting(&self, panel: usize, x: f64, series: usize) -> Result<Setting, String> {
        let mut table = self.base.clone();
        table.extend(self.panel[panel].clone());
        let parameter = self.parameter().map_err(|(_, reason)| reason)?;
        let value = if parameter.whole {
            if !(0.0..=MOST_WHOLE).contains(&x) || libm::trunc(x) != x {
                return Err(format!("{} takes whole numbers", parameter.name));
            }
            Value::Integer(x as i64)
        } else {
            Value::Float(x)
        };
        table.insert(parameter.name.to_owned(), value);
        table.extend(self.series[series].clone());
        // The titles of panels are not those of series.
        if !self.series[series].contains_key("label") {
            table.remove("label");
        }
        Setting::of(&table).map_err(|error| plain(error.message()))
    }

    /// SHA-256 of the experiment, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_of(self)
    }
}

/// SHA-256 of something as JSON, in hexadecimal.
pub(super) fn hash_of(experiment: &impl Serialize) -> String {
    let text = serde_json::to_string(experiment).unwrap_or_default();
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
