//! Markdown to HTML, as the page in the browser shows it.
//!
//! - The title is left out: who shows the page shows it as its heading.
//! - A link to another page becomes `#/manual/PAGE?at=HEADING`; an error code in code font becomes a link to its page.
//! - HTML inside of a page is shown as the text it is: nothing a page says can be run.
//! - A second heading of the first level, as pages that include others have, moves everything below it one level down.

use std::collections::HashMap;

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::shelf::is_code;

/// A heading that can be linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The `id` it has in the HTML.
    pub id: String,
    /// Its text.
    pub title: String,
    /// 2 to 6.
    pub level: u8,
}

/// A part of a page: what stands below one heading, for the search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Section {
    /// `None` for what stands before the first one.
    pub(crate) heading: Option<Heading>,
    pub(crate) text: String,
}

/// A page as HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Without the title.
    pub html: String,
    /// Without the title.
    pub headings: Vec<Heading>,
    /// Where the links to pages of the manual lead: the page, and the heading or nothing.
    pub links: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
}

/// The text of a line of Markdown without its marks.
pub(crate) fn plain(line: &str) -> String {
    let mut out = String::new();
    for event in Parser::new(line) {
        if let Event::Text(text) | Event::Code(text) = event {
            out.push_str(&text);
        }
    }
    out
}

/// Renders a page; `page` is its name, from which its links go out.
pub(crate) fn render(page: &str, text: &str) -> Rendered {
    let mut writer = Writer { page, ..Writer::default() };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<Event<'_>> = Parser::new_ext(text, options).collect();
    let mut at = 0;
    while at < events.len() {
        at += writer.take(&events[at..]);
    }
    let Writer { out, headings, links, sections, section, .. } = writer;
    let mut all = sections;
    all.push(section);
    let mut html = String::with_capacity(text.len() * 2);
    html::push_html(&mut html, out.into_iter());
    Rendered { html, headings, links, sections: all }
}

#[derive(Default)]
struct Writer<'a> {
    page: &'a str,
    out: Vec<Event<'a>>,
    headings: Vec<Heading>,
    links: Vec<(String, String)>,
    sections: Vec<Section>,
    section: Section,
    /// How often each id was given.
    ids: HashMap<String, u32>,
    /// Headings of the first level seen so far.
    titles: u32,
    /// How deep inside of links.
    in_link: u32,
}

impl<'a> Writer<'a> {
    /// Takes the first of the events, or as many as belong to it, and says how many.
    fn take(&mut self, events: &[Event<'a>]) -> usize {
        match &events[0] {
            Event::Start(Tag::Heading { level, .. }) => return self.heading(*level, events),
            Event::Start(Tag::Image { .. }) => {
                return self.image(events);
            }
            Event::Start(Tag::Link { dest_url, link_type, .. }) => {
                self.in_link += 1;
                let target = self.target(dest_url, *link_type);
                self.raw(target);
            }
            Event::End(TagEnd::Link) => {
                self.in_link = self.in_link.saturating_sub(1);
                self.raw("</a>".into());
            }
            // Both scroll sideways by themselves, so the keyboard must reach them.
            Event::Start(Tag::CodeBlock(_)) => self.raw("<pre tabindex=\"0\"><code>".into()),
            Event::End(TagEnd::CodeBlock) => {
                self.part();
                self.raw("</code></pre>\n".into());
            }
            Event::Start(Tag::Table(_)) => {
                self.raw("<div class=\"table\" tabindex=\"0\">".into());
                self.out.push(events[0].clone());
            }
            Event::End(TagEnd::Table) => {
                self.out.push(events[0].clone());
                self.raw("</div>\n".into());
            }
            Event::Code(code) if self.in_link == 0 && is_code(code) => {
                self.say(code);
                self.links.push((format!("errors/{code}"), String::new()));
                self.raw(format!("<a href=\"#/manual/errors/{code}\"><code>{code}</code></a>"));
            }
            Event::Html(text) | Event::InlineHtml(text) => self.out.push(Event::Text(text.clone())),
            Event::Text(text) | Event::Code(text) => {
                self.say(text);
                self.out.push(events[0].clone());
            }
            // Cells stand beside each other without a word between them.
            Event::End(TagEnd::TableCell) => {
                self.say(" · ");
                self.out.push(events[0].clone());
            }
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {
                self.out.push(events[0].clone());
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_) => {
                self.part();
                self.out.push(events[0].clone());
            }
            _ => self.out.push(events[0].clone()),
        }
        1
    }

    fn raw(&mut self, html: String) {
        self.out.push(Event::InlineHtml(CowStr::from(html)));
    }

    /// Text for the search.
    fn say(&mut self, text: &str) {
        self.section.text.push_str(text);
    }

    /// What comes next is another word.
    fn part(&mut self) {
        if !self.section.text.is_empty() && !self.section.text.ends_with(char::is_whitespace) {
            self.section.text.push(' ');
        }
    }

    fn heading(&mut self, level: HeadingLevel, events: &[Event<'a>]) -> usize {
        let end = events.iter().position(|one| matches!(one, Event::End(TagEnd::Heading(_))));
        let end = end.unwrap_or(events.len() - 1);
        let inside = &events[1..end];
        let mut title = String::new();
        for event in inside {
            if let Event::Text(text) | Event::Code(text) = event {
                title.push_str(text);
            }
        }
        if level == HeadingLevel::H1 {
            self.titles += 1;
            if self.titles == 1 {
                return end + 1;
            }
        }
        let depth = (level as u8 + u8::from(self.titles > 1)).min(6);
        let id = self.id(&title);
        let heading = Heading { id: id.clone(), title, level: depth };
        self.headings.push(heading.clone());
        let fresh = Section { heading: Some(heading), text: String::new() };
        self.sections.push(std::mem::replace(&mut self.section, fresh));
        self.raw(format!("<h{depth} id=\"{id}\">"));
        for event in inside {
            if let Event::Text(_) | Event::Code(_) = event {
                self.out.push(event.clone());
            }
        }
        self.raw(format!("</h{depth}>\n"));
        end + 1
    }

    /// An image is its description: what is to be seen is on the screen anyway.
    fn image(&mut self, events: &[Event<'a>]) -> usize {
        let end = events.iter().position(|one| matches!(one, Event::End(TagEnd::Image)));
        let end = end.unwrap_or(events.len() - 1);
        for event in &events[1..end] {
            if let Event::Text(text) = event {
                self.say(text);
                self.out.push(event.clone());
            }
        }
        end + 1
    }

    /// The id of a heading, as mdBook and GitHub make it; another one of the same text gets a number.
    fn id(&mut self, title: &str) -> String {
        let id = slug(title);
        let count = self.ids.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id}-{}", *count - 1) }
    }

    /// The opening tag of a link.
    fn target(&mut self, url: &str, kind: LinkType) -> String {
        if url.contains("://") || kind == LinkType::Email {
            return format!("<a href=\"{}\" target=\"_blank\" rel=\"noreferrer\">", escaped(url));
        }
        let (file, heading) = url.split_once('#').unwrap_or((url, ""));
        let page = if file.is_empty() { self.page.to_owned() } else { resolved(self.page, file) };
        self.links.push((page.clone(), heading.to_owned()));
        let at = if heading.is_empty() { String::new() } else { format!("?at={heading}") };
        format!("<a href=\"{}\">", escaped(&format!("#/manual/{page}{at}")))
    }
}

/// The page that a relative link from `page` to `file` means.
fn resolved(page: &str, file: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in file.strip_suffix(".md").unwrap_or(file).split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter_map(|c| match c {
        '-' | '_' => Some(c),
        c if c.is_whitespace() => Some('-'),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, text: &str, html: &str) {
        assert_eq!(render(page, text).html, html);
    }

    #[test]
    fn the_title_is_left_out_and_headings_have_ids() {
        check(
            "a",
            "# A title\n\n## `pipelines/*.toml`\n\ntext\n\n## Reload\n\n## Reload\n",
            "<h2 id=\"pipelinestoml\"><code>pipelines/*.toml</code></h2>\n<p>text</p>\n\
             <h2 id=\"reload\">Reload</h2>\n<h2 id=\"reload-1\">Reload</h2>\n",
        );
        let rendered = render("a", "# A\n\nfirst\n\n# scale\n\n## Limits\n");
        let levels: Vec<(&str, u8)> =
            rendered.headings.iter().map(|one| (one.title.as_str(), one.level)).collect();
        assert_eq!(levels, [("scale", 2), ("Limits", 3)]);
    }

    #[test]
    fn links_lead_to_pages_of_the_page() {
        check(
            "screens/trend",
            "[a](../plant-folder.md#reload) [b](#keys) [c](tags.md) [d](https://example.com/?a=1&b)",
            "<p><a href=\"#/manual/plant-folder?at=reload\">a</a> <a href=\"#/manual/screens/trend?at=keys\">b</a> \
             <a href=\"#/manual/screens/tags\">c</a> \
             <a href=\"https://example.com/?a=1&amp;b\" target=\"_blank\" rel=\"noreferrer\">d</a></p>\n",
        );
        check(
            "a",
            "`LS-CFG-004`, `LS-AB-1`",
            "<p><a href=\"#/manual/errors/LS-CFG-004\"><code>LS-CFG-004</code></a>, <code>LS-AB-1</code></p>\n",
        );
    }

    #[test]
    fn nothing_a_page_says_can_be_run() {
        let text = "<script>alert(1)</script>\n\n<b onclick=\"x\">b</b> [l](javascript:alert(1)) ![i](x.png)";
        let html = render("a", text).html;
        assert!(
            !html.contains("<script") && !html.contains("<b") && !html.contains("<img"),
            "{html}"
        );
        assert!(!html.contains("href=\"javascript:"), "{html}");
    }

    #[test]
    fn what_is_wide_can_be_scrolled_by_keyboard() {
        check(
            "a",
            "```toml\na = 1 < 2\n```\n",
            "<pre tabindex=\"0\"><code>a = 1 &lt; 2\n</code></pre>\n",
        );
        let table = render("a", "| a |\n|---|\n| b |\n").html;
        assert!(table.starts_with("<div class=\"table\" tabindex=\"0\"><table>"), "{table}");
    }
}
