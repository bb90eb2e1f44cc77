//! The records as a site: pages of HTML that link to one another and load nothing. It must not know how anything was
//! computed, nor how a figure is drawn.

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

use std::collections::BTreeSet;

use crate::experiment::{Comparison, Metric};
use crate::report::ledger::chapters;
use crate::report::prose::linked;
use crate::verify::{ClaimRecord, Ledger};

/// What draws a panel of a comparison in one metric, as an SVG element.
type Figure<'a> = &'a dyn Fn(&Comparison, usize, Metric) -> Option<String>;

/// The site of a ledger and of comparisons: each page with the name of its file.
///
/// Without a ledger there are pages of comparisons alone, and the other way round. `figure` draws a panel of a comparison in
/// one metric as an SVG element, which is put into the page as it is; without one the panel has its numbers in the tables
/// alone. All other text is escaped. The same records give the same bytes.
#[must_use]
pub fn site(ledger: Option<&Ledger>, comparisons: &[Comparison], figure: Figure) -> Vec<(String, String)> {
    let site = Site::new(ledger, comparisons, figure);
    let mut pages = vec![index::index(&site)];
    if let Some(ledger) = ledger {
        pages.push(claims::claims(&site, ledger));
        pages.extend(chapters(ledger).into_iter().map(|chapter| chapter::chapter(&site, ledger, chapter)));
        pages.push(errata::errata(&site, ledger));
        pages.push(conditions::conditions(&site, ledger));
    }
    pages.extend(site.comparisons.iter().map(|(file, record)| comparison::comparison(&site, file, record)));
    pages
}

/// The names of the pages that are there whatever the records say.
mod file {
    pub(super) const INDEX: &str = "index.html";
    pub(super) const LEDGER: &str = "ledger.html";
    pub(super) const ERRATA: &str = "errata.html";
    pub(super) const CONDITIONS: &str = "conditions.html";

    pub(super) fn chapter(chapter: u32) -> String {
        format!("chapter-{chapter:02}.html")
    }
}

/// The records, and where each stands.
struct Site<'a> {
    ledger: Option<&'a Ledger>,
    /// With the names of their pages.
    comparisons: Vec<(String, &'a Comparison)>,
    figure: Figure<'a>,
}

impl<'a> Site<'a> {
    fn new(ledger: Option<&'a Ledger>, comparisons: &'a [Comparison], figure: Figure<'a>) -> Self {
        let mut taken: BTreeSet<String> =
            [file::INDEX, file::LEDGER, file::ERRATA, file::CONDITIONS].map(str::to_owned).into();
        taken.extend(ledger.iter().flat_map(|ledger| chapters(ledger)).map(file::chapter));
        let named = |record: &'a Comparison| {
            let stem = stem(&record.name);
            let mut name = format!("{stem}.html");
            let mut copy = 1;
            while !taken.insert(name.clone()) {
                copy += 1;
                name = format!("{stem}-{copy}.html");
            }
            (name, record)
        };
        let comparisons = comparisons.iter().map(named).collect();
        Self { ledger, comparisons, figure }
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
