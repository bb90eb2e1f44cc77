//! An essay in Markdown as HTML. Markup of its own is shown as text, headings stand below the page's, and a link leads to a
//! page of the site, away from it, or is plain text.

use std::fmt::Write;

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::{Site, of_claim};

const LEVELS: [HeadingLevel; 6] =
    [HeadingLevel::H1, HeadingLevel::H2, HeadingLevel::H3, HeadingLevel::H4, HeadingLevel::H5, HeadingLevel::H6];

/// The level of the first headings of an essay.
const FIRST: usize = 3;

/// The essay; the name of a claim in backticks becomes a link to it.
pub(super) fn essay(site: &Site, markdown: &str) -> Markup {
    let events: Vec<Event> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let levels = events.iter().filter_map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(*level as usize),
        _ => None,
    });
    let highest = levels.min().unwrap_or(1);
    let lowered = |level: HeadingLevel| LEVELS[(level as usize + FIRST - highest).min(6) - 1];
    let mut out = Vec::with_capacity(events.len());
    // Whether each open link leads anywhere.
    let mut links: Vec<bool> = Vec::new();
    for event in events {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => out.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => out.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                out.push(Event::Start(Tag::Heading { level: lowered(level), id: None, classes, attrs }));
            }
            Event::End(TagEnd::Heading(level)) => out.push(Event::End(TagEnd::Heading(lowered(level)))),
            Event::Start(Tag::Link { dest_url, title, .. }) => {
                let target = site.target(&dest_url);
                links.push(target.is_some());
                out.extend(target.map(|target| link(target, title)));
            }
            Event::End(TagEnd::Link) => out.extend(links.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link))),
            Event::Code(text) => match site.claim(&text).filter(|_| links.is_empty()) {
                Some(claim) => {
                    out.extend([link(of_claim(claim), "".into()), Event::Code(text), Event::End(TagEnd::Link)]);
                }
                None => out.push(Event::Code(text)),
            },
            other => out.push(other),
        }
    }
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, out.into_iter());
    PreEscaped(framed(&html))
}

fn link(target: String, title: CowStr<'_>) -> Event<'_> {
    let (link_type, id) = (LinkType::Inline, "".into());
    Event::Start(Tag::Link { link_type, dest_url: target.into(), title, id })
}

/// The tables in frames with captions; what looks like a tag here is one, because the essay's own are escaped.
fn framed(html: &str) -> String {
    let scoped = html.replace("<th>", "<th scope=\"col\">").replace("<th style", "<th scope=\"col\" style");
    let mut parts = scoped.split("<table>");
    let mut out = parts.next().unwrap_or("").to_owned();
    for (i, part) in parts.enumerate() {
        let caption = format!("Table {} of the analysis", i + 1);
        let _ = write!(
            out,
            "<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table><caption><span>{caption}</span>\
             </caption>{}",
            part.replace("</table>", "</table></div>")
        );
    }
    out
}
