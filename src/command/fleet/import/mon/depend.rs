//! Dependencies: expressions of mon that name services which all have to be up, and circles of them.

use super::super::document::Note;
use super::plan::{Plan, Service};
use std::collections::{BTreeSet, HashMap};

/// What a service is to depend on, as mon's file has it.
pub(super) struct Wanted {
    pub place: Place,
    /// The group that `SELF` is.
    pub group: String,
    pub line: usize,
    /// The keyword and the expression.
    pub keyword: &'static str,
    pub expression: String,
    pub behavior: String,
}

/// A group and a service of it, by their places.
pub(super) type Place = (usize, usize);

/// Who depends on whom, services by their numbers.
struct Graph {
    numbers: HashMap<Place, usize>,
    names: Vec<String>,
    edges: Vec<Vec<usize>>,
    /// Which of what is wanted each edge comes of.
    sources: Vec<Vec<usize>>,
    /// Why something wanted is not taken, or not quite.
    notes: Vec<(usize, String)>,
}

/// Makes the services depend on what they are to, as far as that is there and no circle.
pub(super) fn depend(plan: &mut Plan, known: &HashMap<(String, String), Place>, wanted: &[Wanted]) {
    let mut graph = Graph::of(plan);
    for (index, one) in wanted.iter().enumerate() {
        graph.take(index, one, known);
    }
    let closing: BTreeSet<(usize, usize)> = closing(&graph.edges).into_iter().collect();
    for (from, edge) in &closing {
        let source = graph.sources.get(*from).and_then(|sources| sources.get(*edge));
        let notes =
            source.map(|source| (*source, "a circle of dependencies; it is left out here".to_owned()));
        graph.notes.extend(notes);
    }
    for (index, why) in &graph.notes {
        let Some(one) = wanted.get(*index) else { continue };
        if let Some(service) = service(plan, one.place) {
            let text = format!("{} {}", one.keyword, one.expression);
            service.notes.push(Note::new(one.line, &text, why.clone()));
        }
    }
    for (place, number) in &graph.numbers {
        let edges = graph.edges.get(*number).into_iter().flatten().enumerate();
        let kept = edges.filter(|(edge, _)| !closing.contains(&(*number, *edge)));
        let names = kept.filter_map(|(_, to)| graph.names.get(*to).cloned()).collect();
        if let Some(service) = service(plan, *place) {
            service.depends = names;
        }
    }
}

fn service(plan: &mut Plan, (group, service): Place) -> Option<&mut Service> {
    plan.groups.get_mut(group)?.services.get_mut(service)
}

impl Graph {
    /// The services of a plan, of which none depends on anything.
    fn of(plan: &Plan) -> Graph {
        let mut numbers = HashMap::new();
        let mut names = Vec::new();
        for (at, group) in plan.groups.iter().enumerate() {
            for (index, service) in group.services.iter().enumerate() {
                numbers.insert((at, index), names.len());
                names.push(service.full_name.clone());
            }
        }
        let none = vec![Vec::new(); names.len()];
        Graph { numbers, names, edges: none.clone(), sources: none, notes: Vec::new() }
    }

    /// Takes what one service is to depend on.
    fn take(&mut self, index: usize, wanted: &Wanted, known: &HashMap<(String, String), Place>) {
        let mut note = |why: &str| self.notes.push((index, why.to_owned()));
        if wanted.behavior == "hm" {
            return note("a dependency is of a whole service, not of single hosts; nothing is held back");
        }
        let Some(named) = services(&wanted.expression, &wanted.group) else {
            return note("an expression; only services that all have to be up can stand here");
        };
        if wanted.behavior == "m" {
            note("alerts are held back; the monitor goes on");
        }
        let Some(from) = self.numbers.get(&wanted.place) else { return };
        let (Some(edges), Some(sources)) = (self.edges.get_mut(*from), self.sources.get_mut(*from)) else {
            return;
        };
        for (group, service) in named {
            let place = known.get(&(group.to_owned(), service.to_owned()));
            match place.and_then(|place| self.numbers.get(place)) {
                None => note(&format!("there is no service {group}:{service}")),
                Some(to) if edges.contains(to) => {}
                Some(to) => {
                    edges.push(*to);
                    sources.push(index);
                }
            }
        }
    }
}

/// The services that an expression names as `GROUP:SERVICE`. None: it is more than a list of them.
fn services<'a>(expression: &'a str, own_group: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let words = expression.split(|c: char| c.is_whitespace() || "&(),;".contains(c));
    let words = words.filter(|word| !word.is_empty() && *word != "and");
    let service = |word: &'a str| {
        let (group, service) = word.split_once(':')?;
        let is_tag = |tag: &str| {
            !tag.is_empty()
                && tag.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_.-".contains(&octet))
        };
        let group = if group == "SELF" { own_group } else { group };
        (is_tag(group) && is_tag(service)).then_some((group, service))
    };
    words.map(service).collect()
}

/// How far the look at a service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Of `edges`, the lists of what each depends on, the ones without which there is no circle: (whose, which of its list).
fn closing(edges: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let mut marks = vec![Mark::New; edges.len()];
    let mut closing = Vec::new();
    for start in 0..edges.len() {
        let mut path = vec![(start, 0)];
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        set(&mut marks, start, Mark::Open);
        while let Some((at, next)) = path.pop() {
            let Some(to) = edges.get(at).and_then(|edges| edges.get(next)) else {
                set(&mut marks, at, Mark::Done);
                continue;
            };
            path.push((at, next + 1));
            match marks.get(*to) {
                Some(Mark::Open) => closing.push((at, next)),
                Some(Mark::New) => {
                    set(&mut marks, *to, Mark::Open);
                    path.push((*to, 0));
                }
                Some(Mark::Done) | None => {}
            }
        }
    }
    closing
}

fn set(marks: &mut [Mark], at: usize, mark: Mark) {
    if let Some(there) = marks.get_mut(at) {
        *there = mark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_and_nothing_else() {
        let all = Some(vec![("a", "ping"), ("b", "x.y")]);
        for text in ["SELF:ping && b:x.y", "a:ping b:x.y", "(a:ping) and (SELF:x.y , b:x.y)"] {
            let found = services(text, "a")
                .map(|found| found.into_iter().filter(|name| name.0 != "a" || name.1 == "ping").collect());
            assert_eq!(found, all, "{text}");
        }
        for text in ["a:ping || b:ping", "!a:ping", "a:ping == 1", "not a:ping", "a", "a:b:c"] {
            assert_eq!(services(text, "a"), None, "{text}");
        }
    }

    #[test]
    fn without_what_closes_it_there_is_no_circle() {
        assert_eq!(closing(&[vec![1], vec![2], vec![0, 2], vec![0]]), [(2, 0), (2, 1)]);
        assert!(closing(&[vec![1, 2], vec![2], vec![]]).is_empty());
        let ring: Vec<Vec<usize>> = (0..200_000).map(|at| vec![(at + 1) % 200_000]).collect();
        assert_eq!(closing(&ring), [(199_999, 0)]);
    }
}
