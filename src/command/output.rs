//! What every command needs: threads, progress, colours, a place for the result, and writing whole files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One sentence that says what is wrong, where, and the mend.
pub(crate) struct Unusable(pub(crate) String);

impl<E: std::error::Error> From<E> for Unusable {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// More threads than any machine has cores only take memory.
const MOST_THREADS: usize = 1024;

/// How many threads to compute with.
#[derive(Args)]
pub(super) struct Threads {
    /// Threads to compute with; no result depends on it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Threads {
    /// Computes with so many, or with one a core.
    pub(super) fn set(&self) -> Result<(), Unusable> {
        if let Some(threads) = self.threads {
            if !(1..=MOST_THREADS).contains(&threads) {
                return Err(Unusable(format!("--threads is {threads}; give a number from 1 to {MOST_THREADS}")));
            }
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        }
        Ok(())
    }
}

/// Where a result goes.
#[derive(Args)]
pub(super) struct Target {
    /// Write to a file, which appears only when it is complete
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Target {
    /// The file, if one was named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// Whether what is delivered may have colours.
    pub(super) fn colour(&self) -> bool {
        self.output.is_none() && colour()
    }

    /// Writes `text` to the file, or to standard output.
    pub(super) fn deliver(&self, text: &str) -> Result<(), Unusable> {
        match self.file() {
            Some(path) => write_whole(path, text),
            None => print(text),
        }
    }
}

/// Writes `text` to standard output.
pub(super) fn print(text: &str) -> Result<(), Unusable> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads us may stop early, as `head` does.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Unusable(format!("standard output cannot be written: {error}; free some space or name another place")))
        }
        _ => Ok(()),
    }
}

/// Writes pages to a folder, which is made if it is not there, and removes those of an earlier run that are no more.
///
/// A run leaves the names of its pages in the hidden file `.unbiased-KIND`, sorted, one a line. Only what that file names
/// is ever removed. It is written before the pages, so that a run that stops leaves none that is not named. Each kind has
/// its own, so that two kinds in one folder leave each other alone.
pub(super) fn write_pages(folder: &Path, kind: &str, pages: &[(String, String)]) -> Result<(), Unusable> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Unusable(format!("{} cannot be made: {}; name another folder", folder.display(), error.kind()))
    })?;
    let names: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let manifest = folder.join(format!(".unbiased-{kind}"));
    // Without a list, or with one that cannot be read, nothing is known to be ours.
    let earlier = std::fs::read_to_string(&manifest).unwrap_or_default();
    for name in earlier.lines().filter(|name| names_a_page(name) && !names.contains(name)) {
        remove(&folder.join(name))?;
    }
    let list: String = names.iter().flat_map(|name| [name, "\n"]).collect();
    write_whole(&manifest, &list)?;
    pages.iter().try_for_each(|(name, text)| write_whole(&folder.join(name), text))
}

/// Whether a name is one that a page may have: of a file in the folder itself, neither hidden nor of another kind.
fn names_a_page(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && ending.is_some_and(|ending| ["md", "csv", "svg", "html"].contains(&ending))
}

/// Removes a file; what is no regular file, a link for instance, is not ours and stays.
fn remove(path: &Path) -> Result<(), Unusable> {
    if !path.symlink_metadata().is_ok_and(|there| there.is_file()) {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(|error| {
        let kind = error.kind();
        Unusable(format!("{} is of an earlier run and cannot be removed: {kind}; remove it", path.display()))
    })
}

/// A bar on the error stream that shows itself after a second, and only on a terminal.
pub(super) fn progress_bar(steps: u64) -> ProgressBar {
    progress(steps, "{wide_bar} {percent:>3} %  {eta} left")
}

/// The same with how many a second there are of what is counted.
pub(super) fn progress_of(count: u64, what: &str) -> ProgressBar {
    progress(count, &format!("{{wide_bar}} {{percent:>3}} %  {{per_sec:.0}} {what}  {{eta}} left"))
}

fn progress(count: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::hidden());
    if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.expect("the template is well formed"));
        let late = bar.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(1));
            if !late.is_finished() {
                late.set_draw_target(ProgressDrawTarget::stderr());
            }
        });
    }
    bar
}

/// Colours are for terminals whose owner did not say no (no-color.org).
pub(super) fn colour() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    std::io::stdout().is_terminal() && !plain
}

/// Refuses, before anything is computed, what could not be written to afterwards.
pub(super) fn check_target(path: &Path) -> Result<(), Unusable> {
    if path.is_dir() {
        return Err(Unusable(format!("{} is a directory; name a file in it", path.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(Unusable(format!("{} cannot be written: its folder does not exist; create it", path.display())))
        }
        _ => Ok(()),
    }
}

/// Where a run keeps what it has done so far: beside its output.
pub(super) fn aside(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    output.with_file_name(name)
}

/// Refuses to begin where a run that was stopped has left what it had `done`.
pub(super) fn check_aside(output: &Path, resume: bool, done: &str) -> Result<(), Unusable> {
    if resume || !aside(output).exists() {
        return Ok(());
    }
    Err(Unusable(format!(
        "{} holds what a run that was stopped had {done}; add --resume to go on, or remove it to begin again",
        aside(output).display()
    )))
}

/// Reads what a run has kept.
pub(super) fn read_kept(path: &Path) -> Result<String, Unusable> {
    std::fs::read_to_string(path)
        .map_err(|error| Unusable(format!("{} cannot be read: {}; remove it", path.display(), error.kind())))
}

/// Writes a record that holds all that was kept beside it.
pub(super) fn replace_kept(output: &Path, record: &str) -> Result<(), Unusable> {
    write_whole(output, record)?;
    // What was kept is in the record now; a file that cannot be removed does no harm.
    let _ = std::fs::remove_file(aside(output));
    Ok(())
}

/// Writes aside and renames, so that a file is there whole or not at all. What is no regular file, such as a pipe or
/// a device, is written to as it stands.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), Unusable> {
    let unwritable = |error: &std::io::Error| {
        // The error itself would name the file aside, which nobody asked for.
        let mend = match error.kind() {
            std::io::ErrorKind::NotFound => "its folder does not exist; create it".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission is denied; change the mode".to_owned(),
            kind => format!("{kind}; check the folder and the space left"),
        };
        Unusable(format!("{} cannot be written: {mend}", path.display()))
    };
    if path.is_dir() {
        return Err(Unusable(format!("{} is a directory; name a file in it", path.display())));
    }
    if path.exists() && !path.is_file() {
        return std::fs::write(path, text).map_err(|error| unwritable(&error));
    }
    // A link stays one: what it points to is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file, less what the umask takes; an old file keeps its mode.
        let mode = std::fs::metadata(&target).map_or(0o666, |old| old.permissions().mode());
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    let mut aside = builder.tempfile_in(folder).map_err(|error| unwritable(&error))?;
    aside.write_all(text.as_bytes()).map_err(|error| unwritable(&error))?;
    // On the disk before it takes the name of what was there: a machine that stops leaves the one or the other.
    aside.as_file().sync_all().map_err(|error| unwritable(&error))?;
    aside.persist(&target).map_err(|error| unwritable(&error.error))?;
    Ok(())
}
