//! A fleet of a hundred thousand, as `scripts/board large` shows it: a thousand services of a hundred hosts each, in forty
//! groups. In fifty of the services ten hosts are down. None of them is polled: they reported once, for a week.

use crate::fleet::{Nodes, by_chance};
use crate::story::{DAY, MINUTE, Story};

pub const NODES: Nodes = [
    ("shop", &["group03/service-003", "group03/service-043", "group04/service-004"]),
    ("mail", &["group23/service-023", "group05/service-005"]),
    ("company", &["node:shop", "node:mail"]),
];

/// Tells its week.
pub fn tell(story: &mut Story) {
    for number in 0..1_000 {
        let service = format!("group{:02}/service-{number:03}", number % 40);
        let fails = number % 20 == 3;
        let members: Vec<_> =
            (0..100).map(|host| format!("{service}/host-{number:03}-{host:02}.example.org")).collect();
        for (host, target) in members.iter().enumerate() {
            story.watched(target);
            story.reports(target, 7 * DAY);
            if fails && host < 10 {
                by_chance(story, target, 2);
                story.fails(target, (20 + number % 50) * MINUTE, DAY, 300, "timeout");
            }
        }
        story.above(&service, &members, 0);
    }
}
