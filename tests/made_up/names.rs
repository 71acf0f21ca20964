//! Names as people have them: of 64 characters, in Arabic, in Russian and in Chinese; and what is told of them, in the same
//! languages. `scripts/board burning` has them too.

use crate::fleet::by_chance;
use crate::story::{DAY, MINUTE, Story};
use oco_fleet::object::encode;

/// The most characters that a name may have.
const LONG: &str = "a-host-with-a-name-of-sixty-four-characters-as-some-people-do-it";
const ARABIC: &str = "\u{62e}\u{627}\u{62f}\u{645}-\u{627}\u{644}\u{646}\u{633}\u{62e}";
const RUSSIAN: &str = "\u{441}\u{435}\u{440}\u{432}\u{435}\u{440}-1";
const CHINESE: &str = "\u{5317}\u{4eac}\u{5907}\u{4efd}";

/// Hosts that report, and how their disks are.
const HOSTS: [(&str, &str); 4] = [
    (LONG, "the disk is full"),
    (ARABIC, "\u{627}\u{644}\u{642}\u{631}\u{635} \u{645}\u{645}\u{62a}\u{644}\u{626}"),
    (RUSSIAN, "\u{434}\u{438}\u{441}\u{43a} \u{437}\u{430}\u{43f}\u{43e}\u{43b}\u{43d}\u{435}\u{43d}"),
    (CHINESE, "\u{78c1}\u{76d8}\u{5df2}\u{6ee1}"),
];

/// Services that no file of ocod could name: who pushes on its own does. Nobody reports them again in this week.
const SERVICES: [(&str, &str); 3] = [
    ("\u{627}\u{644}\u{642}\u{631}\u{635}", ARABIC),
    ("\u{434}\u{438}\u{441}\u{43a}", RUSSIAN),
    ("\u{78c1}\u{76d8}", CHINESE),
];

/// The node of all who report, with the words of three scripts in its title.
pub const NODE: (&str, &str, &[&str]) = (
    "a-node-with-a-name-of-sixty-four-characters-as-some-people-do-it",
    "\u{421}\u{43a}\u{43b}\u{430}\u{434}, \u{4ed3}\u{5e93}, \u{645}\u{633}\u{62a}\u{648}\u{62f}\u{639} (made up)",
    &["push/disk", "push/printer"],
);

/// The hosts of such names under a service to which others report, as targets.
pub fn under(story: &mut Story, service: &str) -> Vec<String> {
    let mut targets = Vec::new();
    if !service.starts_with("push/") {
        return targets;
    }
    for (host, text) in HOSTS {
        let target = format!("{service}/{}", encode(host.as_bytes()));
        story.watched(&target);
        story.reports(&target, 5 * MINUTE);
        by_chance(story, &target, 2);
        if service == "push/disk" {
            story.fails(&target, 40 * MINUTE, DAY, 300, text);
        }
        targets.push(target);
    }
    targets
}

/// The services of such names.
pub fn tell(story: &mut Story) {
    for (service, host) in SERVICES {
        let service = format!("push/{}", encode(service.as_bytes()));
        let target = format!("{service}/{}", encode(host.as_bytes()));
        story.watched(&target);
        story.reports(&target, 30 * DAY);
        by_chance(story, &target, 3);
        story.above(&service, &[target], 0);
    }
}
