//! Any octets as a pusher's request: what is read of it makes reports that the watcher takes, with names of one part.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use oco_fleet::object::ObjectName;
use ocoboard::push::body::{Content, Kind, parse};
use ocoboard::push::error_json;

fuzz_target!(|input: &[u8]| {
    for kind in [Kind::Ping, Kind::Status, Kind::Alerts] {
        let body = match parse(kind, Some("application/json"), input) {
            Ok(body) => body,
            Err(wrong) => {
                let json: serde_json::Value = serde_json::from_str(&error_json(&wrong.0)).expect("JSON");
                assert_eq!(json["error"], wrong.0.as_str());
                continue;
            }
        };
        match body.content {
            Content::Ping => {}
            Content::Services(services) => {
                for service in services {
                    let name = format!("push/{}/{}", service.name, body.name);
                    assert!(ObjectName::parse(&name).is_ok(), "{name}");
                    assert!(Code::new(service.code).is_some() && service.period > 0);
                    assert!(!service.reason.contains('\n') && service.reason.len() <= 1100);
                }
            }
            Content::Alerts(alerts) => {
                for alert in alerts {
                    assert!(!alert.text.trim().is_empty() && alert.text.len() <= 4096);
                }
            }
        }
    }
});
