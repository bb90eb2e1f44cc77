//! The records as a site: pages of HTML that link to one another and load nothing. It must not know how anything was
//! computed, nor how a figure is drawn.

mod audit;
mod chapter;
mod claims;
mod comparison;
mod conditions;
mod errata;
mod essay;
mod finding;
mod index;
mod page;
mod table;
#[cfg(test)]
mod tests;
mod training;

use std::collections::BTreeSet;

use crate::audit::MatrixRecord;
use crate::experiment::training::TrainingRecord;
use crate::experiment::{Comparison, Metric};
use crate::report::ledger::chapters;
use crate::report::prose::linked;
use crate::report::training::TrainingFigure;
use crate::verify::{ClaimRecord, Ledger};

/// What draws: SVG elements, which are put into the pages as they are.
#[derive(Clone, Copy)]
pub struct Figures<'a> {
    /// A panel of a comparison in one metric; without one the panel has its numbers in the tables alone.
    pub comparison: &'a dyn Fn(&Comparison, usize, Metric) -> Option<String>,
    /// What training runs show.
    pub training: &'a dyn Fn(&TrainingRecord) -> Vec<TrainingFigure>,
}

/// The records that a site is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contents<'a> {
    /// The ledger, if it is there.
    pub ledger: Option<&'a Ledger>,
    /// Comparisons.
    pub comparisons: &'a [Comparison],
    /// Training runs.
    pub trainings: &'a [TrainingRecord],
    /// The matrix of the audit, if it is there.
    pub audit: Option<&'a MatrixRecord>,
}

/// The site of some records: each page with the name of its file.
///
/// There are pages of what is there alone. All text but that of the figures is escaped. The same records give the same bytes.
#[must_use]
pub fn site(contents: Contents, figures: Figures) -> Vec<(String, String)> {
    let site = Site::new(contents, figures);
    let mut pages = vec![index::index(&site)];
    if let Some(ledger) = site.ledger {
        pages.push(claims::claims(&site, ledger));
        pages.extend(chapters(ledger).into_iter().map(|chapter| chapter::chapter(&site, ledger, chapter)));
        pages.push(errata::errata(&site, ledger));
        pages.push(conditions::conditions(&site, ledger));
    }
    pages.extend(site.comparisons.iter().map(|(file, record)| comparison::comparison(&site, file, record)));
    pages.extend(site.audit.map(|record| audit::audit(&site, record)));
    if !site.trainings.is_empty() {
        pages.push(training::overview(&site));
        pages.extend(site.trainings.iter().map(|(file, record)| training::experiment(&site, file, record)));
    }
    pages
}

/// The names of the pages that are there whatever the records say.
mod file {
    pub(super) const INDEX: &str = "index.html";
    pub(super) const LEDGER: &str = "ledger.html";
    pub(super) const ERRATA: &str = "errata.html";
    pub(super) const CONDITIONS: &str = "conditions.html";
    pub(super) const AUDIT: &str = "audit.html";
    pub(super) const TRAINING: &str = "training.html";

    pub(super) const ALL: [&str; 6] = [INDEX, LEDGER, ERRATA, CONDITIONS, AUDIT, TRAINING];

    pub(super) fn chapter(chapter: u32) -> String {
        format!("chapter-{chapter:02}.html")
    }
}

/// The records, and where each stands.
struct Site<'a> {
    ledger: Option<&'a Ledger>,
    /// With the names of their pages.
    comparisons: Vec<(String, &'a Comparison)>,
    /// With the names of their pages.
    trainings: Vec<(String, &'a TrainingRecord)>,
    audit: Option<&'a MatrixRecord>,
    figures: Figures<'a>,
}

impl<'a> Site<'a> {
    fn new(contents: Contents<'a>, figures: Figures<'a>) -> Self {
        let Contents { ledger, comparisons, trainings, audit } = contents;
        let mut taken: BTreeSet<String> = file::ALL.map(str::to_owned).into();
        taken.extend(ledger.iter().flat_map(|ledger| chapters(ledger)).map(file::chapter));
        let mut page = |stem: String| {
            let mut name = format!("{stem}.html");
            let mut copy = 1;
            while !taken.insert(name.clone()) {
                copy += 1;
                name = format!("{stem}-{copy}.html");
            }
            name
        };
        let comparisons = comparisons.iter().map(|record| (page(stem(&record.name)), record)).collect();
        let trainings =
            trainings.iter().map(|record| (page(format!("training-{}", stem(&record.name))), record)).collect();
        Self { ledger, comparisons, trainings, audit, figures }
    }

    fn claim(&self, id: &str) -> Option<&'a ClaimRecord> {
        self.ledger?.claims.iter().find(|claim| claim.id == id)
    }

    fn has(&self, name: &str) -> bool {
        let of_the_ledger = |ledger: &Ledger| {
            [file::LEDGER, file::ERRATA, file::CONDITIONS].contains(&name)
                || chapters(ledger).into_iter().any(|chapter| file::chapter(chapter) == name)
        };
        name == file::INDEX
            || self.ledger.is_some_and(of_the_ledger)
            || self.comparisons.iter().any(|(other, _)| other == name)
            || self.trainings.iter().any(|(other, _)| other == name)
            || (name == file::AUDIT && self.audit.is_some())
            || (name == file::TRAINING && !self.trainings.is_empty())
    }

    /// Where a link of an essay leads: away, or to the page of this site that is meant, in whatever form an essay names it
    /// (`ledger/chapter-07.md#ch07-waste-signal`); nowhere if there is no such page.
    fn target(&self, link: &str) -> Option<String> {
        if link.starts_with("https://") || link.starts_with("http://") {
            return Some(link.to_owned());
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let last = path.rsplit('/').next().unwrap_or(path);
        let stem = linked(last.strip_suffix(".md").or_else(|| last.strip_suffix(".html"))?);
        let page = Some(format!("{stem}.html")).filter(|page| self.has(page));
        // A comparison's page is not always called as its record is.
        let named = || self.comparisons.iter().find(|(_, record)| record.name == stem).map(|(page, _)| page.clone());
        let page = page.or_else(named)?;
        match self.claim(anchor) {
            Some(claim) if page == file::chapter(claim.chapter) || page == file::LEDGER => {
                Some(format!("{page}#{anchor}"))
            }
            _ => Some(page),
        }
    }
}

/// Where a claim stands in full.
fn of_claim(claim: &ClaimRecord) -> String {
    format!("{}#{}", file::chapter(claim.chapter), claim.id)
}

/// The anchor of a chapter in the ledger.
fn anchor(chapter: u32) -> String {
    format!("ch{chapter:02}")
}

/// A name that any file system and any address takes.
fn stem(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let stem: String = name.chars().map(kept).collect();
    if stem.is_empty() { "comparison".to_owned() } else { stem }
}
