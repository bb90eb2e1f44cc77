//! The ledger as a folder of pages: an index, a page a chapter, the errata, and the sentences that need a condition.

use std::fmt::Write;

use super::markdown::{GUIDE, chapters, head, page};
use super::{beside, chapter_title, drawn, numbers, quantity_text, tally};
use crate::report::prose::{capital, cell, plain, plural};
use crate::report::significant;
use crate::verify::{ClaimRecord, Finding, Ledger, Origin, Role, Route, TrialRecord};

/// The pages of a ledger, each with the name of its file. They link to one another.
#[must_use]
pub fn pages(ledger: &Ledger) -> Vec<(String, String)> {
    let mut pages = vec![
        ("README.md".to_owned(), index(ledger)),
        ("errata.md".to_owned(), errata(ledger)),
        ("conditions.md".to_owned(), conditions(ledger)),
    ];
    pages.extend(chapters(ledger).into_iter().map(|chapter| (file(chapter), chapter_page(ledger, chapter))));
    pages
}

fn file(chapter: u32) -> String {
    format!("chapter-{chapter:02}.md")
}

fn link(claim: &ClaimRecord) -> String {
    format!("[{}]({}#{})", claim.id, file(claim.chapter), claim.id)
}

pub(in crate::report) fn of_chapter(ledger: &Ledger, chapter: u32) -> impl Iterator<Item = &ClaimRecord> {
    ledger.claims.iter().filter(move |claim| claim.chapter == chapter)
}

fn index(ledger: &Ledger) -> String {
    let mut out = head(ledger, "../../docs");
    let _ = writeln!(
        out,
        "- [Errata](errata.md): the sentences that fail, with what is right and the smallest example that shows it.\n\
         - [Conditions](conditions.md): the sentences that are right only under a condition, with the condition.\n"
    );
    let _ = writeln!(out, "| chapter | claims | hold | conditional | fail | outside |\n|---|---|---|---|---|---|");
    for chapter in chapters(ledger) {
        let of = |finding: Finding| of_chapter(ledger, chapter).filter(|claim| claim.finding == finding).count();
        let _ = writeln!(
            out,
            "| [{chapter}. {}]({}) | {} | {} | {} | {} | {} |",
            chapter_title(chapter),
            file(chapter),
            of_chapter(ledger, chapter).count(),
            of(Finding::Holds),
            of(Finding::Conditional),
            of(Finding::Fails),
            of(Finding::Outside)
        );
    }
    let outside: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Outside).collect();
    if !outside.is_empty() {
        let _ = writeln!(out, "\n## {OUTSIDE}\n\n{NEVER_COUNTED}\n");
        for claim in outside {
            let _ = writeln!(out, "- {}: “{}” {}", link(claim), plain(&claim.quote), plain(&claim.lesson));
        }
    }
    out
}

fn chapter_page(ledger: &Ledger, chapter: u32) -> String {
    let claims: Vec<ClaimRecord> = of_chapter(ledger, chapter).cloned().collect();
    let mut out = format!("# Chapter {chapter}: {}\n\n", chapter_title(chapter));
    let _ = writeln!(
        out,
        "{}: {}. [All chapters](README.md), [errata](errata.md).\n",
        plural(claims.len(), "claim"),
        tally(&claims)
    );
    let _ = writeln!(out, "| claim | finding | the sentence |\n|---|---|---|");
    for claim in &claims {
        let _ = writeln!(out, "| [{}](#{}) | {} | {} |", claim.id, claim.id, claim.finding.word(), cell(&claim.quote));
    }
    for claim in &claims {
        page(&mut out, claim);
    }
    out
}

/// What follows the guide's own words in a quotation begins with one of these.
const NOTES: [&str; 2] = [" - counter-example", " with 'Proof"];

/// A quotation in the guide's own words, and what we noted beside them.
pub(in crate::report) fn words(quote: &str) -> (&str, &str) {
    let end = NOTES.iter().filter_map(|note| quote.find(note)).min().unwrap_or(quote.len());
    let (words, note) = quote.split_at(end);
    (words, note.trim_start_matches([' ', '-']))
}

/// What the guide says, or what a claim of ours stands beside.
fn sentence(out: &mut String, claim: &ClaimRecord) {
    let _ = match (claim.origin, beside(claim)) {
        (Origin::Guide, _) => match words(&claim.quote) {
            (quote, "") => writeln!(out, "The guide says:\n\n> {}\n", plain(quote)),
            (quote, note) => writeln!(out, "The guide says ({}):\n\n> {}\n", plain(note), plain(quote)),
        },
        (Origin::Ours, Some((how, guide))) => {
            writeln!(out, "Our addition, {how}:\n\n> {}\n", plain(words(guide).0))
        }
        (Origin::Ours, None) => writeln!(out, "Our addition.\n"),
    };
}

/// The same in a cell of a table.
fn sentence_in_short(claim: &ClaimRecord) -> String {
    match (claim.origin, beside(claim)) {
        (Origin::Guide, _) => cell(words(&claim.quote).0),
        (Origin::Ours, Some((how, guide))) => format!("*ours, {how}:* {}", cell(words(guide).0)),
        (Origin::Ours, None) => "*ours*".to_owned(),
    }
}

/// The first trial of a role: the example that a reader is shown.
pub(in crate::report) fn example(claim: &ClaimRecord, role: Role) -> Option<&TrialRecord> {
    claim.trials.iter().find(|trial| trial.role == role)
}

/// What a trial asks, in a table that shows what was measured and what it is compared with.
pub(in crate::report) fn asked(trial: &TrialRecord) -> String {
    if let Some(distance) = trial.distance {
        return format!("{}; it is {}", trial.judge, significant(distance, 3));
    }
    match trial.judge.strip_prefix("the same to ") {
        Some(_) if trial.route == Route::Arithmetic => "equal".to_owned(),
        Some(tolerance) => format!("equal, to {tolerance}"),
        None => trial.judge.replace("expected", "that"),
    }
}

/// A trial in sentences.
fn shown(out: &mut String, trial: &TrialRecord) {
    let drawn = if trial.samples > 0 { format!(" ({})", drawn(trial, trial.samples)) } else { String::new() };
    let _ = writeln!(out, "**An example.** {}. *Where:* {}.\n", capital(&plain(&trial.name)), plain(&trial.setting));
    let _ = writeln!(
        out,
        "| measured{drawn} | compared with | asked |\n|---|---|---|\n| {} | {} | {} |\n",
        numbers(&trial.measured, trial.standard_error.as_ref()),
        numbers(&trial.expected, None),
        asked(trial)
    );
    if let Some(other) = trial.counterfeits.first() {
        let _ = writeln!(out, "For comparison, *{}*: {}.\n", plain(&other.story), numbers(&other.measured, None));
    }
}

/// The numbers that a claim reports.
fn reported(out: &mut String, claim: &ClaimRecord) {
    if claim.quantities.is_empty() {
        return;
    }
    let _ = writeln!(out, "| its numbers | |\n|---|---|");
    for quantity in &claim.quantities {
        let _ = writeln!(out, "| {} | {} |", cell(&quantity.what), quantity_text(claim, quantity));
    }
    let _ = writeln!(out);
}

/// The heading over the sentences that no program can check.
pub(in crate::report) const OUTSIDE: &str = "Outside what a program can check";

/// What is said of them.
pub(in crate::report) const NEVER_COUNTED: &str = "Listed with the reason, never counted as checked.";

/// The heading over what the entries of the errata take for known.
pub(in crate::report) const NOTATION_AND_SETTINGS: &str = "Notation and settings";

/// What the entries of the errata take for known.
pub(in crate::report) const NOTATION: &str = "\
- `g_t = ∇θ log π(a_t|s_t)` is the score of step t; `r(τ) = Σ_t r_t` the return; `G_t = Σ_{t'≥t} r_{t'}` the \
  reward-to-go; `past_t = Σ_{t'<t} r_{t'}` what came before. `γ = 1` unless stated.
- `V1 = (Σ_t g_t) r(τ)` is the estimate of one trajectory without causality, `V2 = Σ_t g_t G_t` with it, `ĝ` any \
  estimate of `∇J`. In a formula with one g, it is `Σ_t g_t`. A baseline is called b.
- `trVar` is the sum of the variances of an estimate's components, for one trajectory unless N is named.
- `F` is the Fisher matrix, `F̂` an estimate of it, `F⁺` its pseudo-inverse, which is `F⁻¹` where F is regular.
- `ρ = π'(a|s)/π(a|s)`, new over old, is the ratio of one step; `w` the product of a trajectory's ratios. A prime \
  marks what belongs to the new policy. `χ² = E_old[ρ²] − 1`; TV is the total variation. `1/(1 + Var w)` is the \
  effective fraction of the samples.
- `d_t(s)` is the probability of state s at step t; `Q_t(s,a)` the expected reward-to-go; `A` an advantage.
- `KL` is a divergence in nats; δ, or ε, its bound; ε also the range of the clip; α a step size.

The settings, with states, actions and arms numbered from 0:

- **set-two-arm**: a bandit with one parameter, arm 1 with probability `p = σ(θ)`, rewards `r1` and `r0`.
- **set-four-arm**: a bandit with four arms and a logit each, uniform unless stated.
- **set-mdp-16**: 2 states, 2 actions, 2 steps, 16 trajectories. `p(s_1) = (.6, .4)`; `P[0,0] = (.7, .3)`, `P[0,1] = \
  (.2, .8)`, `P[1,0] = (.5, .5)`, `P[1,1] = (.9, .1)`; `R[s,a] = [[1, 0], [2, −1]]`; a softmax in each state with \
  `θ[s,a] = [[.3, −.2], [.1, .5]]`.
- **set-mdp-1296**: 3 states, 2 actions, 4 steps, 1296 trajectories. `p(s_1) = (.5, .3, .2)`; `P[0,0] = (.6, .3, \
  .1)`, `P[0,1] = (.1, .4, .5)`, `P[1,0] = (.3, .3, .4)`, `P[1,1] = (.2, .7, .1)`, `P[2,0] = (.5, .25, .25)`, \
  `P[2,1] = (.05, .15, .8)`; `R[s,a] = [[1, −.5], [.25, 2], [−1, 1.5]]`; a softmax in each state with `θ[s,a] = \
  [[.2, −.3], [−.1, .4], [.5, 0]]`.
- **set-mdp-shifted**: data of θ in set-mdp-1296, new parameters `θ' = θ + e δ` with `δ[s,a] = [[.3, −.2], [−.25, \
  .4], [.15, −.35]]` and e = 1 unless stated.

`P[s,a]` is the distribution of the next state, `R[s,a]` the reward; a gradient is listed row by row, as θ is.
";

/// The first words of the errata: what was checked, and what follows.
pub(in crate::report) fn opening(ledger: &Ledger) -> String {
    let of = |finding: Finding| ledger.claims.iter().filter(|claim| claim.finding == finding).count();
    let fail = of(Finding::Fails);
    let ours =
        ledger.claims.iter().filter(|claim| claim.finding == Finding::Fails && claim.origin == Origin::Ours).count();
    format!(
        "Thank you for the guide. We checked {} of its statements and their consequences: {} as they stand, {} under \
         a [condition](conditions.md), {} cannot be tested by a program. Below {} that we think need a change, \
         {ours} of them examples of our own.\n\n\
         For each: what the guide says, what is right, why, and the smallest example that shows it, with its \
         numbers. Every number is computed by two independent routes, or drawn with both error rates stated \
         ([method](../../docs/METHOD.md)). For comparison stands what the same measurement gives for a wrong \
         version, or where there is no error. `unbiased explain NAME` repeats an entry with all its trials; all \
         other settings are [written out](../../docs/SETTINGS.md) too.\n",
        ledger.claims.len(),
        holding(of(Finding::Holds)),
        holding(of(Finding::Conditional)),
        of(Finding::Outside),
        if fail == 1 { "is the 1".to_owned() } else { format!("are the {fail}") },
    )
}

fn holding(n: usize) -> String {
    format!("{n} {}", if n == 1 { "holds" } else { "hold" })
}

fn errata(ledger: &Ledger) -> String {
    let failing: Vec<&ClaimRecord> = ledger.claims.iter().filter(|claim| claim.finding == Finding::Fails).collect();
    let mut out = format!("# Errata to *{GUIDE}*\n\n");
    let _ = writeln!(out, "{}\n## {NOTATION_AND_SETTINGS}\n\n{NOTATION}\n## The list\n", opening(ledger));
    let _ = writeln!(out, "| | chapter | the sentence | what is right |\n|---|---|---|---|");
    for (i, claim) in failing.iter().enumerate() {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} | {} | {} |",
            i + 1,
            claim.id,
            claim.chapter,
            sentence_in_short(claim),
            cell(&claim.statement)
        );
    }
    for (i, claim) in failing.iter().enumerate() {
        entry(&mut out, i + 1, claim);
    }
    out
}

/// How many sentences need a condition, and what stands with each.
pub(in crate::report) fn conditions_lead(count: usize) -> String {
    let how_many = match count {
        1 => "1 sentence is".to_owned(),
        n => format!("{n} sentences are"),
    };
    how_many
        + " right under a condition that the text around them does not state. For each: the sentence, the condition, and a \
           setting outside it."
}

/// One entry of the errata.
fn entry(out: &mut String, number: usize, claim: &ClaimRecord) {
    let ClaimRecord { id, chapter, .. } = claim;
    let _ = writeln!(out, "\n<a id=\"{id}\"></a>\n\n## {number}. Chapter {chapter}: `{id}`\n");
    sentence(out, claim);
    let _ = writeln!(
        out,
        "**What is right.** {} {}\n\n**Why.** {}\n",
        plain(&claim.statement),
        plain(&claim.lesson),
        plain(&claim.because)
    );
    if let Some(trial) = example(claim, Role::Contradicts) {
        shown(out, trial);
    }
    reported(out, claim);
    let _ = writeln!(out, "All trials: {}.", link(claim));
}

fn conditions(ledger: &Ledger) -> String {
    let conditional = || ledger.claims.iter().filter(|claim| claim.finding == Finding::Conditional);
    let mut out = String::from("# Sentences that need a condition\n\n");
    let _ = writeln!(out, "{} [Errata](errata.md), [all chapters](README.md).", conditions_lead(conditional().count()));
    for chapter in chapters(ledger) {
        let claims: Vec<&ClaimRecord> = conditional().filter(|claim| claim.chapter == chapter).collect();
        if claims.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n## Chapter {chapter}: {}\n", chapter_title(chapter));
        let _ = writeln!(out, "| the sentence | the condition | outside it |\n|---|---|---|");
        for claim in claims {
            let outside = example(claim, Role::Limits).map_or(String::new(), |trial| cell(&trial.name));
            let sentence = match beside(claim) {
                Some((how, guide)) => format!("{}: *ours, {how}* “{}”", cell(&claim.quote), cell(words(guide).0)),
                None => cell(&claim.quote),
            };
            let _ = writeln!(out, "| {sentence} ({}) | {} | {outside} |", link(claim), cell(&claim.lesson));
        }
    }
    out
}
