//! What is said, as others read and write it: letter for letter.

use super::*;

fn request(order: FleetOrder) -> Request {
    Request { version: VERSION, by: None, zone: None, local: false, order }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn requests_are_what_the_page_says() {
    let act = Act { name: "web/oco".to_owned(), length: Some(7_200_000), ..Act::default() };
    let local =
        Request { zone: Some("Europe/Paris".to_owned()), local: true, ..request(FleetOrder::Ack(act)) };
    let report = Report {
        name: "a/b/c".to_owned(),
        code: 200,
        period: Some(60_000),
        text: "x".to_owned(),
        perfdata: String::new(),
        with_next: false,
    };
    for (request, line) in [
        (
            request(FleetOrder::Status { patterns: vec!["web".to_owned()], most: None }),
            r#"{"version":1,"order":"status","patterns":["web"]}"#,
        ),
        (
            local,
            r#"{"version":1,"zone":"Europe/Paris","local":true,"order":"ack","name":"web/oco","for":7200000}"#,
        ),
        (
            request(FleetOrder::Unack(Undo { name: "web".to_owned() })),
            r#"{"version":1,"order":"unack","name":"web"}"#,
        ),
        (
            request(FleetOrder::Log { patterns: vec![], since: Some("-2h".to_owned()) }),
            r#"{"version":1,"order":"log","patterns":[],"since":"-2h"}"#,
        ),
        (request(FleetOrder::Adjustments), r#"{"version":1,"order":"adjustments"}"#),
        (request(FleetOrder::Unadjust { id: 7 }), r#"{"version":1,"order":"unadjust","id":7}"#),
        (
            request(FleetOrder::Report { reports: vec![report] }),
            r#"{"version":1,"order":"report","reports":[{"name":"a/b/c","code":200,"period":60000,"text":"x"}]}"#,
        ),
    ] {
        assert_eq!(text(&request), line);
        assert_eq!(serde_json::from_str::<Request>(line).unwrap(), request);
    }
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let least = serde_json::from_str(r#"{"version":1,"order":"status","later":[{}]}"#).unwrap();
    assert_eq!(request(FleetOrder::Status { patterns: vec![], most: None }), least);
    let least = serde_json::from_str(r#"{"version":1,"order":"mute","name":"web"}"#).unwrap();
    let act = Act { name: "web".to_owned(), ..Act::default() };
    assert_eq!(request(FleetOrder::Mute(act)), least);
    for bad in
        [r#"{"version":1}"#, r#"{"version":1,"order":"x"}"#, r#"{"version":1,"order":"ack"}"#, "{}", "[]", ""]
    {
        assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
    }
}

#[test]
fn replies_are_what_the_page_says() {
    assert_eq!(text(&Done::default()), r#"{"version":1,"ok":true}"#);
    assert_eq!(text(&Refusal::new("no")), r#"{"version":1,"error":"no"}"#);
    let reply = ReportReply { version: VERSION, ok: true, results: vec![None, Some("no".to_owned())] };
    assert_eq!(text(&reply), r#"{"version":1,"ok":true,"results":[null,"no"]}"#);
    let reply = ActReply {
        version: VERSION,
        ok: true,
        act: "ack".to_owned(),
        name: "web".to_owned(),
        took: vec!["web/oco".to_owned()],
        who: "root".to_owned(),
        ..ActReply::default()
    };
    let line = r#"{"version":1,"ok":true,"act":"ack","name":"web","took":["web/oco"],"who":"root"}"#;
    assert_eq!(text(&reply), line);
    assert_eq!(serde_json::from_str::<ActReply>(line).unwrap(), reply);
}
