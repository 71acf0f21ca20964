//! Small pieces of pages, each a type that is escaped already.

use crate::view::clock::{Clock, Moment};
use crate::view::fleet::{Counts, Object};
use crate::view::marks::{Mark, word};
use crate::view::name::{Name, plain};
use askama::Template;
use askama::filters::HtmlSafe;
use oco::logic::code::Code;
use oco_fleet::journal::ActKind;
use oco_fleet::state::{Standing, State};

/// A state: its shape, its word, its code.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<span class="s {{ class }}">{{ word }}{% if let Some(code) = code %} <span class="code">{{ code }}</span>{% endif %}</span>"#
)]
pub struct Chip {
    class: &'static str,
    word: &'static str,
    code: Option<u16>,
}

impl HtmlSafe for Chip {}

impl Chip {
    /// Where somebody stands.
    pub fn of(standing: &Standing) -> Chip {
        let is_plain = standing.code.is_none_or(|code| [200, 300].contains(&code.number()));
        let code = standing.code.map(Code::number).filter(|_| !is_plain);
        let class = match (standing.state, standing.planned, code) {
            (State::Ko, true, _) => "ko planned",
            (State::Ko, false, Some(500..)) => "ko severe",
            (state, _, _) => state.word(),
        };
        Chip { class, word: standing.state.word(), code }
    }

    /// The state that a code means, with the code, whichever it is.
    pub fn of_code(code: Code) -> Chip {
        Chip { code: Some(code.number()), ..Chip::of(&Standing::of_code(code, "")) }
    }

    /// A state alone.
    pub fn of_state(state: State) -> Chip {
        Chip { class: state.word(), word: state.word(), code: None }
    }

    /// Somebody works on it, as planned. That is no state, and looks like none.
    pub fn maintenance() -> Chip {
        Chip { class: "taken", word: MAINTENANCE, code: None }
    }

    /// Of somebody who is not watched.
    pub fn of_any(object: Option<&Object>) -> Chip {
        object.map_or(Chip::of_state(State::Unknown), |object| Chip::of(&object.standing))
    }
}

/// What is said of somebody on whom somebody works, as planned.
pub const MAINTENANCE: &str = "maintenance";

/// A name as a link. Each part may have its own direction of writing, which stays within it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<a href="{{ name.href }}">{% for part in name.parts %}{% if !loop.first %}<wbr>/{% endif %}<bdi>{{ part }}</bdi>{% endfor %}</a>"#
)]
pub struct Link {
    /// The name.
    pub name: Name,
}

impl HtmlSafe for Link {}

impl Link {
    /// To the page of this name.
    pub fn to(name: Name) -> Link {
        Link { name }
    }
}

/// The same where there is no way to its page.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"{% for part in name.parts %}{% if !loop.first %}<wbr>/{% endif %}<bdi>{{ part }}</bdi>{% endfor %}"#
)]
pub struct Words {
    /// The name.
    pub name: Name,
}

impl HtmlSafe for Words {}

/// Since when, and how long ago that is.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<span class="since"><time datetime="{{ at.iso }}">{{ at.text }}</time> <span class="age">{{ at.age }}</span></span>"#
)]
pub struct Since {
    at: Moment,
}

impl HtmlSafe for Since {}

impl Since {
    /// Since then.
    pub fn of(at: Moment) -> Since {
        Since { at }
    }
}

/// A time alone.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(ext = "html", source = r#"<time datetime="{{ at.iso }}">{{ at.text }}</time>"#)]
pub struct When {
    at: Moment,
}

impl HtmlSafe for When {}

impl When {
    /// Then.
    pub fn of(at: Moment) -> When {
        When { at }
    }
}

/// Who is on it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<span class="m {{ class }}"><b>{{ word }}</b> by <bdi>{{ who }}</bdi>, since {{ since }}{% if let Some(until) = until %}, until {{ until }}{% endif %}{% if !text.is_empty() %}: <bdi>{{ text }}</bdi>{% endif %}</span>"#
)]
pub struct MarkLine {
    class: &'static str,
    word: &'static str,
    who: String,
    since: When,
    until: Option<When>,
    text: String,
}

impl HtmlSafe for MarkLine {}

impl MarkLine {
    /// What somebody said.
    pub fn of(mark: &Mark<'_>, clock: &Clock) -> MarkLine {
        let class = match mark.kind {
            ActKind::Ack => "ack",
            ActKind::Mute => "mute",
            ActKind::Maint => "maint",
        };
        MarkLine {
            class,
            word: word(mark.kind),
            who: plain(mark.who),
            since: When::of(clock.moment(mark.since)),
            until: mark.until.map(|until| When::of(clock.moment(until))),
            text: plain(mark.text),
        }
    }

    /// All that was said.
    pub fn all(marks: &[Mark<'_>], clock: &Clock) -> Vec<MarkLine> {
        marks.iter().map(|mark| MarkLine::of(mark, clock)).collect()
    }
}

/// How many are in which state: `3 ko, 409 ok`, and the same as a bar.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<span class="counts">{% for (state, count) in some %}{% if !loop.first %}, {% endif %}<span class="n {{ state }}">{{ count }} {{ state }}</span>{% endfor %}</span>"#
)]
pub struct CountsLine {
    some: Vec<(&'static str, usize)>,
}

impl HtmlSafe for CountsLine {}

impl CountsLine {
    /// Of these; of nobody nothing.
    pub fn of(counts: Counts) -> CountsLine {
        let all = State::WORST_FIRST.into_iter().map(|state| (state.word(), counts.of(state)));
        CountsLine { some: all.filter(|(_, count)| *count > 0).collect() }
    }
}

/// The same as a picture beside it, which says nothing new.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{% for (state, x, width) in parts %}<rect class="{{ state }}" x="{{ x }}" width="{{ width }}" height="10"/>{% endfor %}</svg>"#
)]
pub struct CountsBar {
    parts: Vec<(&'static str, usize, usize)>,
}

impl HtmlSafe for CountsBar {}

impl CountsBar {
    /// Of these. Somebody who fails is seen, also beside a hundred thousand who do not.
    pub fn of(counts: Counts) -> CountsBar {
        let total = counts.total().max(1);
        let mut parts = Vec::new();
        let mut x = 0;
        for state in State::WORST_FIRST {
            let count = counts.of(state);
            let width = if count == 0 { 0 } else { (count * 1_000 / total).max(12) };
            let width = width.min(1_000_usize.saturating_sub(x));
            let width = if state == State::Ok && count > 0 { 1_000_usize.saturating_sub(x) } else { width };
            if width > 0 {
                parts.push((state.word(), x, width));
            }
            x += width;
        }
        CountsBar { parts }
    }
}

/// The page of a list that is shown where `page` is asked for, from 0 on: behind its end that is the last one, for lists
/// grow shorter while somebody reads them.
pub fn page_within(page: usize, rows: usize, each: usize) -> usize {
    page.min(rows.div_ceil(each.max(1)).saturating_sub(1))
}

/// Links to the other pages of a long list.
#[derive(Debug, Clone, PartialEq, Eq, Template, Default)]
#[template(
    ext = "html",
    source = r#"{% if last > 1 %}<nav class="pager" aria-label="Pages of this list">{% if let Some(href) = before %}<a rel="prev" href="{{ href }}">&lsaquo; before</a> {% endif %}<span>page {{ here }} of {{ last }}</span>{% if let Some(href) = next %} <a rel="next" href="{{ href }}">next &rsaquo;</a>{% endif %}</nav>{% endif %}"#
)]
pub struct Pager {
    here: usize,
    last: usize,
    before: Option<String>,
    next: Option<String>,
}

impl HtmlSafe for Pager {}

impl Pager {
    /// The page `page`, from 0 on, of `rows` rows, `each` on a page. `href` is that of the list, with its query but for the
    /// page.
    pub fn new(page: usize, rows: usize, each: usize, href: &str) -> Pager {
        let page = page_within(page, rows, each);
        let last = rows.div_ceil(each.max(1));
        let sign = if href.contains('?') { '&' } else { '?' };
        let link = |page: usize| format!("{href}{sign}page={}", page + 1);
        Pager {
            here: page + 1,
            last,
            before: page.checked_sub(1).map(link),
            next: (page + 1 < last).then(|| link(page + 1)),
        }
    }

    /// With links that lead to this part of the page.
    pub fn to(mut self, part: &str) -> Pager {
        for link in [&mut self.before, &mut self.next].into_iter().flatten() {
            link.push('#');
            link.push_str(part);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::object::ObjectName;

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let name = ObjectName::parse("push/%3Cscript%3E/%E2%80%AEa%26b").unwrap();
        let link = Link::to(Name::of(&name)).to_string();
        assert_eq!(
            link,
            "<a href=\"/h/%25E2%2580%25AEa%2526b\"><bdi>push</bdi><wbr>/<bdi>&#60;script&#62;</bdi><wbr>/<bdi>\u{202e}a&#38;b</bdi></a>"
        );
    }

    #[test]
    fn a_state_has_its_word_and_its_code() {
        let chip = |code: u16| Chip::of(&Standing::of_code(Code::new(code).unwrap(), "")).to_string();
        assert_eq!(chip(200), "<span class=\"s ok\">ok</span>");
        assert_eq!(chip(550), "<span class=\"s ko severe\">ko <span class=\"code\">550</span></span>");
        assert_eq!(
            Chip::of_code(Code::new(200).unwrap()).to_string(),
            "<span class=\"s ok\">ok <span class=\"code\">200</span></span>"
        );
        assert_eq!(Chip::of_any(None).to_string(), "<span class=\"s unknown\">unknown</span>");
    }

    #[test]
    fn one_of_many_is_seen() {
        let bar = CountsBar::of(Counts { ko: 1, ok: 99_999, ..Counts::default() });
        assert_eq!(bar.parts, [("ko", 0, 12), ("ok", 12, 988)]);
        assert_eq!(CountsBar::of(Counts::default()).parts, []);
        let all = CountsBar::of(Counts { ko: 1, unknown: 1, but: 1, ok: 1 });
        assert_eq!(all.parts.iter().map(|(_, _, width)| width).sum::<usize>(), 1_000);
    }

    #[test]
    fn a_pager_leads_to_the_pages_beside() {
        let text = Pager::new(1, 1_001, 500, "/log?q=a").to_string();
        assert!(text.contains("/log?q=a&#38;page=1") && text.contains("/log?q=a&#38;page=3"), "{text}");
        assert!(text.contains("page 2 of 3"));
        assert_eq!(Pager::new(0, 500, 500, "/").to_string(), "");
        // Behind the end is the last one.
        assert!(Pager::new(98, 1_001, 500, "/log").to_string().contains("page 3 of 3"));
        assert_eq!((page_within(98, 1_001, 500), page_within(3, 0, 500)), (2, 0));
    }
}
