//! What every page has: its head, the one stylesheet, the navigation and the footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Site, file};

const STYLE: &str = include_str!("style.css");

/// One page.
pub(super) struct Page<'a> {
    /// The name of its file.
    pub(super) file: &'a str,
    pub(super) title: &'a str,
    /// What a search engine shows under the title.
    pub(super) description: &'a str,
    /// More rules, of this page alone.
    pub(super) style: &'a str,
    pub(super) main: Markup,
}

impl Page<'_> {
    /// The name of the file and its text.
    pub(super) fn write(self, site: &Site) -> (String, String) {
        let whole =
            if self.file == file::INDEX { self.title.to_owned() } else { format!("{} · unbiased", self.title) };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="description" content=(self.description);
                    title { (whole) }
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) (PreEscaped(self.style)) }
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.top { (navigation(site, self.file)) }
                    main id="content" { (self.main) }
                    footer.bottom { p { (footer(site)) } }
                }
            }
        };
        (self.file.to_owned(), page.into_string() + "\n")
    }
}

fn navigation(site: &Site, here: &str) -> Markup {
    let mut links = Vec::new();
    if site.ledger.is_some() {
        links.extend([(file::LEDGER, "Ledger"), (file::ERRATA, "Errata"), (file::CONDITIONS, "Conditions")]);
    }
    if !site.comparisons.is_empty() {
        links.push(("index.html#comparisons", "Comparisons"));
    }
    if site.audit.is_some() {
        links.push((file::AUDIT, "Audit"));
    }
    if !site.trainings.is_empty() {
        links.push((file::TRAINING, "Training"));
    }
    html! {
        nav aria-label="Site" {
            a.home href=(file::INDEX) aria-current=[(here == file::INDEX).then_some("page")] { "unbiased" }
            ul { @for (link, name) in links {
                li { a href=(link) aria-current=[(here == link).then_some("page")] { (name) } }
            } }
        }
    }
}

fn footer(site: &Site) -> Markup {
    let seeds: Vec<u64> = site.ledger.iter().map(|ledger| ledger.seed).collect();
    html! {
        strong { "unbiased" } ", a correctness oracle for policy-gradient code. "
        @for seed in seeds { "Every number of the ledger is made again, to the last digit, by " code { "unbiased verify --seed " (seed) } ". " }
        "Numbers are rounded on these pages; the records behind them hold all digits."
    }
}
