//! Long lists: what stands first, and the pages after that.

use super::*;
use crate::view::fleet::tests::stands;
use oco_fleet::journal::{Definitions, NodeDefinition};
use oco_fleet::object::ObjectName;

#[test]
fn never_more_than_500_rows_are_on_a_page() {
    let all: Vec<Stands> =
        fleets::burning().into_iter().filter(|one| one.name.group() == "group03").collect();
    let facts = facts_of(all);
    let rows = |address: &str| text(address, &facts, None).matches("<tr").count();
    assert_eq!(rows("/g/group03"), 501, "with the heading");
    let pages = 25 * 101_usize;
    assert_eq!(rows(&format!("/g/group03?page={}", pages.div_ceil(500))), pages % 500 + 1);
    assert!(text("/g/group03", &facts, None).contains("page 1 of 6"));
    assert!(text("/", &facts, None).matches("<li").count() <= 500);
}

#[test]
fn of_a_host_with_many_services_what_fails_is_on_the_first_page() {
    let services = |n: usize| format!("many/service-{n:04}");
    let mut all: Vec<Stands> = (0..620).map(|n| stands(&services(n), 200)).collect();
    all.extend((0..620).map(|n| stands(&format!("{}/web1", services(n)), if n == 611 { 300 } else { 200 })));
    let facts = facts_of(all);
    let first = text("/h/web1", &facts, None);
    let (_, heading) = first.split_once("<h1>").unwrap();
    let (heading, _) = heading.split_once("<h2").unwrap();
    for words in ["s ko", "1 ko", "619 ok"] {
        assert!(heading.contains(words), "{words} is not in\n{heading}");
    }
    let (_, now) = first.split_once("<h2 id=\"now\">").unwrap();
    let (_, card) = now.split_once("<li>").unwrap();
    assert!(card.starts_with("<span class=\"s ko\">") && card.contains("service-0611"), "{card:.200}");
    assert_eq!(first.matches("<tr").count(), 501, "with the heading");
    assert!(first.contains("page 1 of 2"));
    let second = text("/h/web1?page=2", &facts, None);
    assert_eq!(second.matches("<tr").count(), 121);
    assert!(second.contains("1 ko") && second.contains("/h/web1?span=24h&#38;page=1"), "{second:.3000}");
}

#[test]
fn behind_the_last_page_is_the_last_page() {
    let all: Vec<Stands> =
        fleets::burning().into_iter().filter(|one| one.name.group() == "group03").collect();
    let facts = facts_of(all);
    let of = |page: &str| text(&format!("/g/group03?page={page}"), &facts, None);
    assert_eq!(of("99"), of("6"));
    assert!(of("99").contains("page 6 of 6") && of("99").contains("rel=\"prev\""));
    assert_eq!(of("18446744073709551615"), of("6"));
    assert_eq!(text("/?page=99", &facts, None), text("/", &facts, None));
    assert_eq!(page("/incidents?page=99", &facts, &anna(), None).status, 200);
}

#[test]
fn a_node_of_many_members_has_pages() {
    let mut all: Vec<Stands> = (0..1_201).map(|n| stands(&format!("many/service-{n:04}"), 200)).collect();
    all.push(stands("node:all", 200));
    let mut facts = facts_of(all);
    let node = NodeDefinition {
        name: ObjectName::node("all"),
        title: None,
        rule: "all".to_owned(),
        members: vec![Pattern::parse("many/*").unwrap()],
    };
    let definitions = Definitions { nodes: vec![node], levels: Vec::new() };
    let snapshot = Arc::make_mut(&mut facts.snapshot);
    snapshot.heard = Arc::new(Heard::new(&definitions, &snapshot.fleet));
    let mut seen = std::collections::HashSet::new();
    for (page, members, rows) in [(1, 500, 500), (2, 500, 500), (3, 201, 202)] {
        let text = text(&format!("/n/all?page={page}"), &facts, None);
        let (_, tree) = text.split_once("<ul class=\"tree\">").unwrap();
        let (tree, rest) = tree.split_once("</ul>").unwrap();
        assert_eq!(tree.matches("<li class=\"d1\">").count(), members, "{page}");
        assert!(!tree.contains("and more"));
        assert_eq!(rest.matches("<tr").count(), rows + 1, "{page}");
        assert_eq!(rest.matches(&format!("page {page} of 3")).count(), 2, "by each list");
        for (rel, other) in [("prev", page - 1), ("next", page + 1)] {
            let link = format!("rel=\"{rel}\" href=\"/n/all?span=30d&#38;page={other}#");
            assert_eq!(rest.matches(&link).count(), if (1..=3).contains(&other) { 2 } else { 0 }, "{link}");
        }
        seen.extend(tree.split("service-").skip(1).map(|rest| rest[..4].to_owned()));
    }
    assert_eq!(seen.len(), 1_201);
    assert_eq!(text("/n/all?page=99", &facts, None), text("/n/all?page=3", &facts, None));
    assert_eq!(page("/n/all?page=0", &facts, &anna(), None).status, 400);
}
