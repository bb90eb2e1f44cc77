//! The site of small records, read by a simple scan for attributes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contents, Figures, site};
use crate::audit::MatrixRecord;
use crate::experiment::training::TrainingRecord;
use crate::experiment::{Comparison, Metric};
use crate::report::training::TrainingFigure;
use crate::verify::{Finding, Ledger};

const MARKUP: &str = "<script>alert('&')</script>";

fn claim(chapter: u32, name: &str, finding: &str, origin: &str) -> serde_json::Value {
    let role = match finding {
        "conditional" => "limits",
        "fails" => "contradicts",
        _ => "confirms",
    };
    let long: Vec<f64> = (0..50).map(|i| f64::from(i) / 3.0).collect();
    let trials = serde_json::json!([{
        "name": format!("a trial {MARKUP}"), "role": role, "setting": MARKUP, "route": "sampled", "judge": "within 2 %",
        "why": MARKUP, "measured": 2.511_482_857, "standard_error": 0.006, "interval": [[2.49, 2.53]],
        "expected": long, "verdict": "holds", "samples": 151_552,
        "counterfeits": [{"story": MARKUP, "measured": 1.25, "verdict": "violated", "samples": 20480}]
    }]);
    serde_json::json!({
        "id": format!("ch{chapter:02}-{name}"), "chapter": chapter, "origin": origin, "quote": format!("a quote {MARKUP}"),
        "statement": format!("a statement {MARKUP}"), "because": MARKUP, "lesson": MARKUP, "finding": finding,
        "recorded": finding, "quantities": {"x": 0.5, "y": [1.0, 2.0]}, "routes": {"x": "exact", "y": "sampled"},
        "intervals": {"x": [0.4, 0.6]}, "trials": if finding == "outside" { serde_json::json!([]) } else { trials }
    })
}

fn ledger() -> Ledger {
    let claims = [
        claim(1, "one", "holds", "guide"),
        claim(1, "two", "holds", "ours"),
        claim(1, "three", "conditional", "guide"),
        claim(7, "four", "fails", "guide"),
        claim(7, "five", "fails", "ours"),
        claim(7, "six", "fails", "guide"),
        claim(7, "seven", "outside", "guide"),
    ];
    let budget = serde_json::json!({"false_alarm": 1e-6, "false_holds": 1e-6, "shares": 409, "most_samples": 1000});
    serde_json::from_value(serde_json::json!({"seed": 3, "budget": budget, "claims": claims})).unwrap()
}

fn comparison(name: &str, analysis: &str) -> Comparison {
    let point = serde_json::json!({
        "verdict": "turned",
        "metrics": {"noise": {"exact": 2.439_064_8, "sampled": {"value": 2.456, "standard_error": 0.03}}},
        "agreement": {"comparisons": 8, "mean": 0.98, "metrics": 1.55, "resolution": 0.062}
    });
    let setting = |index: usize| serde_json::json!({"index": index, "panel": index / 2, "x": index % 2, "points": [point, point]});
    let record = serde_json::json!({
        "record": "comparison", "form": 1, "version": "0.1.0", "command": format!("unbiased compare {MARKUP}"),
        "name": name, "seed": 3,
        "experiment": {
            "title": format!("a title {MARKUP}"), "question": format!("a question {MARKUP}?"), "finding": MARKUP,
            "analysis": analysis, "metrics": ["noise", "bias"],
            "sweep": {"parameter": "budget", "values": [0.0, 1.0]},
            "panel": [{"label": MARKUP}, {"label": "another panel"}],
            "series": [{"label": format!("a series {MARKUP}")}, {"label": "another series"}]
        },
        "experiment_hash": "abc", "problems": [{"name": MARKUP, "hash": "def"}, {"name": "workload", "hash": "123"}],
        "settings": 4, "results": (0..4).map(setting).collect::<Vec<_>>()
    });
    serde_json::from_value(record).unwrap()
}

const ESSAY: &str = "# Why\n\nSee `ch07-four`, `not-a-claim`, [the chapter](../ledger/chapter-07.md#ch07-six), [the other](second.md), \
                     [a page that is not here](../docs/METHOD.md), [a name](<../a \"name\".md>), [its code](%2E%2E%2Fa%20%22name%22.md), [bad](javascript:alert(1)), [away](https://example.org/) and \
                     ![a picture](http://example.org/picture.png).\n\n<script>alert('&')</script>\n\nText with <b onclick=\"x\">markup</b>.\n\n\
                     ## How\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n";

fn figure(record: &Comparison, panel: usize, metric: Metric) -> Option<String> {
    let there = record.experiment.metrics.contains(&metric) && metric == Metric::Noise;
    there.then(|| format!("<svg viewBox=\"0 0 1 1\"><text>figure {panel}</text></svg>"))
}

fn training(name: &str) -> TrainingRecord {
    let interval = |x: f64| serde_json::json!({"value": x, "low": x - 0.5, "high": x + 0.5});
    let run = |seed: u64| {
        let curve = [serde_json::json!({"steps": 100, "mean_return": 20.0})];
        serde_json::json!({"seed": seed, "steps": 1234, "curve": curve, "solved": 987, "evaluation": null})
    };
    let series = |label: &str| {
        serde_json::json!({
            "title": format!("{label} {MARKUP}"), "system": format!("system {MARKUP}"), "settings": {"task": "cart-pole", "steps": 1234},
            "yardstick": {}, "judged": "best", "least": 475.0,
            "summary": {
                "score": interval(480.25), "broken": 0, "reached": 1, "verdict": "reached", "steps_to_goal": interval(987.0),
                "curve": [{"steps": 100, "mean_return": interval(20.0)}], "profile": []
            },
            "runs": [run(0), run(1)]
        })
    };
    let record = serde_json::json!({
        "record": "training", "form": 1, "version": "0.1.0", "command": format!("unbiased train {MARKUP}"), "name": name,
        "experiment": {
            "title": format!("a title {MARKUP}"), "question": MARKUP, "sentence": format!("a sentence {MARKUP}"),
            "finding": format!("found {MARKUP}"), "analysis": ESSAY, "seeds": 2, "series": [{"label": "one"}, {"label": "two"}]
        },
        "series": [series("one"), series("two")]
    });
    serde_json::from_value(record).unwrap()
}

fn matrix() -> MatrixRecord {
    let mutant = |id: &str| {
        serde_json::json!({
            "id": id, "title": format!("a bug {MARKUP}"), "evidence": MARKUP, "wrong": "mean", "active": MARKUP, "of": "rloo",
            "equivalent": false, "killed": true, "by": ["scale/absolute"], "diagnosis": []
        })
    };
    let record = serde_json::json!({
        "record": "audit-matrix",
        "checks": [{"id": "scale/absolute", "statement": format!("a statement {MARKUP}")}],
        "mutants": [mutant("A1")], "held_out": [mutant("A2")], "subjects": [], "series": [], "followed": []
    });
    serde_json::from_value(record).unwrap()
}

fn training_figures(record: &TrainingRecord) -> Vec<TrainingFigure> {
    let svg = format!("<svg viewBox=\"0 0 1 1\"><text>{}</text></svg>", record.series.len());
    vec![TrainingFigure { suffix: "", caption: "Learning curves.", svg }]
}

const FIGURES: Figures = Figures { comparison: &figure, training: &training_figures };
const BARE: Figures = Figures { comparison: &|_, _, _| None, training: &|_| Vec::new() };

fn whole() -> Vec<(String, String)> {
    let (ledger, comparisons, trainings, audit) =
        (ledger(), comparisons(), [training("first"), training("first")], matrix());
    let contents =
        Contents { ledger: Some(&ledger), comparisons: &comparisons, trainings: &trainings, audit: Some(&audit) };
    site(contents, FIGURES)
}

/// Names that are taken, that are the same, and that no file should have.
fn comparisons() -> Vec<Comparison> {
    let names = ["first", "second", "second", "ledger", "../a \"name\""];
    names.map(|name| comparison(name, ESSAY)).into()
}

fn pages() -> BTreeMap<String, String> {
    let all = whole();
    let pages: BTreeMap<String, String> = all.iter().cloned().collect();
    assert_eq!(pages.len(), all.len(), "two pages have one name");
    pages
}

/// The values of an attribute, of all tags of a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What a page says, without its tags.
fn text(page: &str) -> String {
    let body = page.split("<main").nth(1).unwrap();
    body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

#[test]
fn every_link_leads_to_a_page_and_an_anchor() {
    let pages = pages();
    let mut anchors = 0;
    for (name, page) in &pages {
        let ids = values(page, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an anchor stands twice in {name}");
        for link in values(page, "href").into_iter().filter(|link| *link != "data:," && *link != "https://example.org/")
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { name } else { file };
            let target = pages.get(target).unwrap_or_else(|| panic!("{name}: {link} leads to no page"));
            if !anchor.is_empty() {
                anchors += 1;
                assert!(values(target, "id").contains(&anchor), "{name}: {link} leads to no anchor");
            }
        }
    }
    assert!(anchors > 20, "the scan saw only {anchors} anchors");
}

#[test]
fn every_page_is_reached_from_the_first() {
    let pages = pages();
    let mut reached = BTreeSet::new();
    let mut next = vec!["index.html"];
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            let links = values(&pages[name], "href").into_iter().map(|link| link.split('#').next().unwrap());
            next.extend(links.filter(|link| pages.contains_key(*link)));
        }
    }
    assert_eq!(reached, pages.keys().map(String::as_str).collect());
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for (name, page) in pages() {
        assert!(values(&page, "src").is_empty(), "{name} loads something");
        let links = page.split("<link ").skip(1).map(|rest| rest.split('>').next().unwrap());
        for link in links {
            assert_eq!(link, "rel=\"icon\" href=\"data:,\"", "{name}");
        }
        for wrong in ["@import", "url(", "srcset", "<img", "<iframe", "http-equiv"] {
            assert!(!page.contains(wrong), "{name} contains {wrong}");
        }
    }
}

#[test]
fn markup_from_records_is_text() {
    let own = pages()["ledger.html"].matches("<script>").count();
    assert_eq!(own, 1, "the ledger has its own script alone");
    for (name, page) in pages() {
        if name != "ledger.html" {
            assert!(!page.contains("<script"), "{name} has a script");
        }
        assert!(!page.contains("alert('&')"), "{name} has an ampersand that is not escaped");
        assert!(!page.contains("<b onclick") && !page.contains("javascript:"), "{name} has markup of the essay");
        assert!(page.contains("&lt;script&gt;") || name == "conditions.html", "{name} lost the text");
    }
    assert!(pages()["first.html"].contains("&lt;b onclick"), "the essay's markup is shown");
}

#[test]
fn every_claim_stands_in_the_ledger_and_whole_in_its_chapter() {
    let pages = pages();
    for claim in &ledger().claims {
        let here = format!(" id=\"{}\"", claim.id);
        let chapter = format!("chapter-{:02}.html", claim.chapter);
        assert!(pages["ledger.html"].contains(&here), "{} is not in the ledger", claim.id);
        let link = format!("href=\"{chapter}#{}\"", claim.id);
        assert!(pages["ledger.html"].contains(&link), "the ledger does not link to {}", claim.id);
        let whole = pages[&chapter].split("<article").find(|part| part.contains(&here));
        let whole = whole.unwrap_or_else(|| panic!("{} is not in {chapter}", claim.id));
        for word in ["a quote", "a statement", "0.4 to 0.6", "1, 2"] {
            assert!(whole.contains(word), "{} lacks {word}", claim.id);
        }
        if claim.finding != Finding::Outside {
            for word in ["2.5115\u{a0}±\u{a0}0.0060", "151,552", "20,480", "and 30 more"] {
                assert!(whole.contains(word), "{} lacks {word}", claim.id);
            }
        }
    }
}

#[test]
fn counts_agree_with_the_ledger() {
    let pages = pages();
    let badges = |page: &str, word: &str| pages[page].matches(&format!("<article class=\"claim is-{word}\"")).count();
    for (finding, n) in [("holds", 2), ("conditional", 1), ("fails", 3), ("outside", 1)] {
        assert_eq!(badges("ledger.html", finding), n, "{finding}");
    }
    let index = text(&pages["index.html"]);
    for words in ["7 claims of", "2 hold, 1 conditional, 3 fail, 1 outside", "5 experiments"] {
        assert!(index.contains(words), "the first page does not say {words}");
    }
    assert_eq!(pages["index.html"].matches("<span class=\"number\">").count(), 4);
    assert!(text(&pages["chapter-07.html"]).contains("4 claims of"));
    let errata = &pages["errata.html"];
    assert_eq!(errata.matches("<article class=\"whole\"").count(), 3);
    assert!(text(errata).contains("Below are the 3 that we think need a change, 1 of them"));
    assert!(text(&pages["conditions.html"]).contains("1 sentence is right under a condition"));
}

#[test]
fn a_comparison_has_a_figure_a_panel_and_a_table_a_metric() {
    let page = &pages()["first.html"];
    let figures: Vec<&str> = page.split("<figure>").skip(1).collect();
    assert_eq!(figures.len(), 2, "one for each panel in the metric that can be drawn");
    for (panel, figure) in figures.iter().enumerate() {
        assert!(figure.contains(&format!("<svg viewBox=\"0 0 1 1\"><text>figure {panel}</text></svg>")));
        let caption = figure.split("<figcaption>").nth(1).unwrap().split("</figcaption>").next().unwrap();
        for word in ["oise: variance / |∇J|²", "budget N", "Lines: exact values", "Markers with bars", "another series"]
        {
            assert!(caption.contains(word), "the caption lacks {word}");
        }
    }
    for metric in [Metric::Noise, Metric::Bias] {
        assert!(text(page).contains(metric.meaning()), "there is no table of {}", metric.name());
    }
    let said = text(page);
    for word in ["64 numbers", "1.55", "6.2 %", "turned", "2.43906", "2.456 ± 0.030"] {
        assert!(said.contains(word), "the page lacks {word}");
    }
}

#[test]
fn sampling_is_judged_in_the_words_of_the_other_reports() {
    let record = &comparisons()[0];
    let page = &pages()["first.html"];
    let sentences = page.split("<h2 id=\"agreement\">").nth(1).unwrap();
    let sentences = sentences.split("<p>").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(sentences.starts_with("At 8 points, 64 numbers were compared."), "{sentences}");
    assert!(crate::report::comparison::markdown(record, false).contains(sentences), "{sentences}");
    assert!(crate::report::comparison::terminal(record, false).replace('\n', " ").contains(sentences), "{sentences}");
}

#[test]
fn swept_values_have_all_their_digits() {
    let mut record = comparison("first", "");
    record.results[1].x = 1.000_000_01;
    let pages = site(Contents { comparisons: &[record], ..Contents::default() }, BARE);
    assert!(pages[1].1.contains("scope=\"row\">1.00000001<"), "{}", pages[1].1);
}

#[test]
fn an_essay_links_to_what_is_there_and_its_headings_stand_below_the_pages() {
    let page = &pages()["first.html"];
    let essay = page.split("id=\"analysis\"").nth(1).unwrap().split("</section>").next().unwrap();
    for there in [
        "<h3>Why</h3>",
        "<h4>How</h4>",
        "<a href=\"chapter-07.html#ch07-four\"><code>ch07-four</code></a>",
        "<code>not-a-claim</code>",
        "<a href=\"chapter-07.html#ch07-six\">the chapter</a>",
        "<a href=\"second.html\">the other</a>",
        ", a page that is not here, a name, <a href=\"---a--name-.html\">its code</a>, bad, <a href=\"https://example.org/\">away</a> and a picture.",
        "<caption><span>Table 1 of the analysis</span></caption>",
        "<th scope=\"col\" style=\"text-align: right\">b</th>",
    ] {
        assert!(essay.contains(there), "the essay lacks {there}:\n{essay}");
    }
    assert!(!essay.contains("<h1") && !essay.contains("<h2"));
}

#[test]
fn pages_of_comparisons_have_names_of_their_own() {
    let pages = pages();
    for name in ["first.html", "second.html", "second-2.html", "ledger-2.html", "---a--name-.html"] {
        assert!(pages.contains_key(name), "there is no {name}: {:?}", pages.keys());
    }
    assert!(pages["ledger.html"].contains("ch07-four"));
}

#[test]
fn a_ledger_or_comparisons_alone_are_a_site() {
    let names = |pages: Vec<(String, String)>| pages.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let alone = site(Contents { comparisons: &comparisons()[..1], ..Contents::default() }, BARE);
    assert!(!alone[0].1.contains("href=\"ledger.html\"") && !alone[1].1.contains("<figure"));
    assert_eq!(names(alone), ["index.html", "first.html"]);
    let alone = site(Contents { ledger: Some(&ledger()), ..Contents::default() }, BARE);
    assert!(!alone[0].1.contains("#comparisons"));
    let expected =
        ["index.html", "ledger.html", "chapter-01.html", "chapter-07.html", "errata.html", "conditions.html"];
    assert_eq!(names(alone), expected);
    let alone = site(Contents { trainings: &[training("first")], ..Contents::default() }, BARE);
    assert_eq!(names(alone), ["index.html", "training.html", "training-first.html"]);
    let alone = site(Contents { audit: Some(&matrix()), ..Contents::default() }, BARE);
    assert_eq!(names(alone), ["index.html", "audit.html"]);
}

#[test]
fn training_runs_have_their_systems_figures_and_numbers() {
    let pages = pages();
    let overview = text(&pages["training.html"]);
    for word in ["cart-pole", "480.2", "479.8 … 480.8", "1 of 2", "reached", "1,234", "2 experiments"] {
        let there = overview.contains(word) || text(&pages["index.html"]).contains(word);
        assert!(there, "nothing says {word}: {overview}");
    }
    assert_eq!(overview.matches("system &lt;script").count(), 4, "a row for each system");
    let page = &pages["training-first-2.html"];
    assert!(page.contains("<svg viewBox=\"0 0 1 1\"><text>2</text></svg>"));
    for word in ["a sentence", "found", "steps to goal", "987", "475", "4, of 4,936 steps together"] {
        assert!(text(page).contains(word), "the page lacks {word}: {}", text(page));
    }
}

#[test]
fn the_audit_has_its_scores_and_its_tables() {
    let page = text(&pages()["audit.html"]);
    for word in ["1 of 1 are found", "a bug", "a statement", "scale/absolute", "Settings"] {
        assert!(page.contains(word), "the page lacks {word}");
    }
}

#[test]
fn the_same_records_give_the_same_bytes() {
    assert_eq!(whole(), whole());
}

#[test]
fn every_page_says_what_it_is() {
    for (name, page) in pages() {
        for part in
            ["<html lang=\"en\">", "name=\"viewport\"", "<main id=\"content\">", "class=\"skip\" href=\"#content\""]
        {
            assert!(page.contains(part), "{name} lacks {part}");
        }
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        let description = page.split("name=\"description\" content=\"").nth(1).unwrap();
        assert!(!description.starts_with('"'), "{name} has no description");
        assert_eq!(
            page.matches("<table").count(),
            page.matches("<caption").count(),
            "a table of {name} has no caption"
        );
        assert_eq!(page.matches("<th ").count(), page.matches(" scope=\"").count(), "a head in {name} has no scope");
        assert!(!page.contains("<th>"), "a head in {name} has no scope");
    }
}
