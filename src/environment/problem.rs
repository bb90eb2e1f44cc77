//! Problems from files.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{TabularMdp, parse};

/// A problem as read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What the file says about itself, if anything.
    pub description: Option<String>,
    /// The process.
    pub mdp: TabularMdp,
}

/// Why a file is not a usable problem: one sentence with the file, the place and the mend.
#[derive(Debug, Error)]
pub enum ProblemError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// The text is not JSON, or not a problem.
    #[error("{}, line {line}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and how to mend it.
        reason: String,
    },
}

impl Problem {
    /// Reads the problem file at `path`.
    ///
    /// # Errors
    /// [`ProblemError`] if the file cannot be read or does not hold a problem.
    pub fn read(path: &Path) -> Result<Self, ProblemError> {
        Self::parse(&read_text(path)?, path)
    }

    /// Parses the text of a problem file; `path` only names it in errors.
    ///
    /// # Errors
    /// [`ProblemError::Invalid`] if the text is not a problem.
    ///
    /// ```
    /// use std::path::Path;
    /// use unbiased::environment::Problem;
    /// let text = r#"{"kind": "tabular", "horizon": 3, "discount": 0.9, "initial": [1.0],
    ///     "P": {"0": {"0": [[0.5, 0, 1.0, false],
    ///                       [0.6, 0, 0.0, true]]}}}"#;
    /// let error = Problem::parse(text, Path::new("my.json")).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "my.json, line 3: state 0, action 0: the probabilities sum to 1.1, not 1; mend them or divide each by the sum"
    /// );
    /// ```
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProblemError> {
        parse::problem(text).map_err(|error| invalid(path, text, &error))
    }
}

/// Reads a table of numbers `[[…], …]`, such as logits or a baseline; `null` is read as `None`.
///
/// # Errors
/// [`ProblemError`] if the file cannot be read or is not such a table.
pub fn read_table(path: &Path) -> Result<Vec<Vec<Option<f64>>>, ProblemError> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| invalid(path, &text, &error))
}

/// The text of the file at `path`, where `what` (*problem files*, say) are written as `format`.
///
/// # Errors
/// What is wrong with the file and how to mend it, without its name.
pub fn read_file(path: &Path, what: &str, format: &str) -> Result<String, String> {
    if path.is_dir() {
        return Err(format!("is a directory; name a {format} file in it"));
    }
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission to read it is denied; change its mode".to_owned(),
        std::io::ErrorKind::InvalidData => format!("is not UTF-8 text; {what} are {format}"),
        _ => format!("cannot be read: {error}"),
    })
}

fn read_text(path: &Path) -> Result<String, ProblemError> {
    let text = read_file(path, "problem files", "JSON")
        .map_err(|reason| ProblemError::Unreadable { path: path.to_path_buf(), reason })?;
    // Some editors begin a file with a byte-order mark, which JSON does not know.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn invalid(path: &Path, text: &str, error: &serde_json::Error) -> ProblemError {
    let line = error.line().max(1);
    let full = error.to_string();
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    let reason = match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
            let rest = text.lines().nth(line - 1).unwrap_or("");
            let near =
                rest.get(error.column().saturating_sub(2)..).unwrap_or("").trim_start_matches(['[', ',', ' ', '-']);
            if ["N", "I"].iter().any(|start| near.starts_with(start)) || near.starts_with("aN") {
                "NaN and Infinity are not JSON; every number must be finite".to_owned()
            } else {
                format!("not valid JSON: {message} (column {})", error.column())
            }
        }
        _ => {
            let plain = [("expected f64", "expected a number"), ("expected usize", "expected a whole number from 0")];
            let plain = plain.iter().fold(message.to_owned(), |text, (jargon, word)| text.replace(jargon, word));
            plain.replace("expected a sequence", "expected a list [ … ]")
        }
    };
    ProblemError::Invalid { path: path.to_path_buf(), line, reason }
}
