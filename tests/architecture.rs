//! The one-way doors: a room imports only from lower floors, and some rooms must not know each other at all.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room's floor.
const FLOORS: [(&str, usize); 17] = [
    ("numeric", 0),
    ("rng", 0),
    ("stats", 1),
    ("autodiff", 1),
    ("environment", 2),
    ("policy", 2),
    ("batch", 3),
    ("rollout", 4),
    ("exact", 4),
    ("estimator", 4),
    ("verify", 5),
    ("train", 5),
    ("audit", 6),
    ("claims", 6),
    ("experiment", 6),
    ("report", 7),
    ("command", 8),
];

/// Doors that are shut although they lead down, or that deserve a name of their own.
const SHUT: [(&str, &str, &str); 6] = [
    ("exact", "rng", "the oracle draws no random number"),
    ("exact", "rollout", "the oracle does not know the sampler"),
    ("exact", "estimator", "oracle and subject never share the code that computes the answer"),
    ("estimator", "exact", "a subject does not know the truth"),
    ("rollout", "exact", "the sampler does not know the truth"),
    // Rewards of bandits are drawn, so the environment may know streams; policies are data.
    ("policy", "rng", "a policy gives probabilities; the sampler draws"),
];

/// Rooms on one floor that may not import each other are the rule; this is the exception.
const SAME_FLOOR: [(&str, &str); 1] = [
    // The normal sampler's kernels are arithmetic.
    ("rng", "numeric"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The rooms that a file names as `crate::room`, tests and comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    assert!(!code.contains("crate::{"), "write one `use crate::room` a room, so that this test can read it");
    assert!(!code.contains("super::super"), "write `use crate::room` instead of climbing out of a room");
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|room| !room.is_empty())
        .collect()
}

fn floor(room: &str) -> usize {
    FLOORS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("room {room} has no floor")).1
}

#[test]
fn rooms_import_only_from_lower_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut doors = 0;
    for (room, own) in FLOORS {
        for file in sources(&root.join(room)) {
            for other in imports(&std::fs::read_to_string(&file).unwrap()) {
                if other == room {
                    continue;
                }
                doors += 1;
                let down = floor(&other) < own || SAME_FLOOR.contains(&(room, other.as_str()));
                assert!(down, "{} imports {other}, which is not on a lower floor than {room}", file.display());
                if let Some((_, _, why)) = SHUT.iter().find(|(from, to, _)| *from == room && *to == other) {
                    panic!("{} imports {other}: {why}", file.display());
                }
            }
        }
    }
    assert!(doors > 20, "the test saw only {doors} imports: does it still read the sources?");
}

#[test]
fn a_planted_import_is_seen() {
    let text = "//! crate::prose\nuse crate::estimator::Returns;\nfn f() { crate::rng::x() }\n#[cfg(test)]\nuse crate::exact;\n";
    assert_eq!(imports(text), ["estimator", "rng"].map(String::from).into());
}

#[test]
fn every_room_has_a_floor_and_says_what_it_must_not_know() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let _ = floor(&name);
            let head = std::fs::read_to_string(path.join("mod.rs")).unwrap();
            let prose: String = head.lines().take_while(|line| line.starts_with("//!")).collect();
            assert!(prose.contains("ust not know"), "{name}/mod.rs does not say what it must not know");
        }
    }
}

#[test]
fn the_oracle_never_asks_a_policy_for_its_score() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/exact");
    for file in sources(&root) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["add_score", "log_prob("] {
            assert!(!text.contains(word), "{} calls {word}", file.display());
        }
    }
}
