//! Whatever names, reasons and texts are: no page is broken by them, nothing of them is executed.

use super::*;
use oco_fleet::journal::{Act, ActKind};
use oco_fleet::object::{ObjectName, encode};
use oco_fleet::state::{Standing, State};
use proptest::prelude::*;

const SCRIPT: &str = "<script>alert('x')</script>\"'&\u{202e}\u{1}";

/// The tags of a page, without what stands in their attributes.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, behind)) = rest.split_once('<') {
        let (tag, behind) = behind.split_once('>').unwrap_or((behind, ""));
        tags.push(tag.split([' ', '\n']).next().unwrap_or_default().to_owned());
        rest = behind;
    }
    tags
}

fn fleet(host: &str, text: &str) -> Facts {
    let host = encode(host.as_bytes());
    let object = |name: String, state: State| Stands {
        name: ObjectName::parse(&name).unwrap(),
        standing: Standing { state, code: None, reason: text.into(), planned: false },
        since: Millis(NOW - 5_000),
        flapping: None,
        failing: None,
        reports: true,
    };
    let mut facts = facts_of(vec![
        object(format!("push/{host}"), State::Ko),
        object(format!("push/{host}/{host}"), State::Ko),
        object("node:shop".to_owned(), State::Ko),
    ]);
    let act = Act {
        id: 1,
        kind: ActKind::Ack,
        name: "node:shop".to_owned(),
        who: text.to_owned(),
        at: Millis(0),
        since: Millis(0),
        until: None,
        text: text.to_owned(),
        ended: None,
        ended_by: None,
    };
    Arc::make_mut(&mut facts.snapshot).acts = Arc::new(vec![act]);
    facts
}

fn addresses(host: &str) -> [String; 7] {
    let part = encode(host.as_bytes());
    let segment = crate::view::name::encoded(&part);
    [
        "/".to_owned(),
        "/g/push".to_owned(),
        format!("/g/push/{segment}"),
        format!("/h/{segment}"),
        "/n/shop".to_owned(),
        "/p/shop".to_owned(),
        format!("/badge/push/{segment}.svg"),
    ]
}

#[test]
fn a_script_in_a_name_is_text() {
    let (strange, plain) = (fleet(SCRIPT, SCRIPT), fleet("host", "text"));
    for (address, other) in addresses(SCRIPT).iter().zip(addresses("host")) {
        let (shown, expected) = (text(address, &strange, None), text(&other, &plain, None));
        assert_eq!(tags(&shown).join("\n"), tags(&expected).join("\n"), "{address}\n{shown}");
        assert!(!shown.contains('\u{1}'), "{address}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_text_breaks_out(host in "[<>&\"'a\\u{202e}\\u{0}\\PC]{1,20}", words in "[<>&\"'a/=\\u{202e}\\PC]{0,20}") {
        let (strange, plain) = (fleet(&host, &words), fleet("host", if words.is_empty() { "" } else { "text" }));
        for (address, other) in addresses(&host).iter().zip(addresses("host")) {
            prop_assert_eq!(tags(&text(address, &strange, None)), tags(&text(&other, &plain, None)), "{}", address);
        }
    }

    #[test]
    fn no_address_panics(path in "/[gnhp]/\\PC{0,30}|/\\PC{0,40}", query in "(span|to|page|name|since|before|kind)=\\PC{0,20}") {
        let facts = fleet("host", "text");
        let page = page(&format!("{path}?{query}"), &facts, &anna(), None);
        prop_assert!([200, 400, 404].contains(&page.status));
    }
}
