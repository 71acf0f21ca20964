use super::*;
use proptest::prelude::*;

const JSON: Option<&str> = Some("application/json");

fn status(text: &str) -> Result<Body, Wrong> {
    parse(Kind::Status, JSON, text.as_bytes())
}

/// A request whose services are these.
fn of_services(services: &str) -> Result<Vec<Service>, Wrong> {
    let text =
        format!(r#"{{"server": {{"name": "h1", "key": "k"}}, "period": 60, "services": [{services}]}}"#);
    status(&text).map(|body| match body.content {
        Content::Services(services) => services,
        other => panic!("{other:?}"),
    })
}

fn of_alerts(alerts: &str) -> Result<Vec<Alert>, Wrong> {
    let text = format!(r#"{{"server": {{"name": "h1", "key": "k"}}, "alerts": {alerts}}}"#);
    parse(Kind::Alerts, JSON, text.as_bytes()).map(|body| match body.content {
        Content::Alerts(alerts) => alerts,
        other => panic!("{other:?}"),
    })
}

#[test]
fn what_overcli_sends_is_understood() {
    let ping = br#"{"server": {"name": "localhost", "key": "1234"}}"#;
    let body = parse(Kind::Ping, JSON, ping).unwrap();
    assert_eq!((body.name.as_str(), body.key.as_str(), body.content), ("localhost", "1234", Content::Ping));
    let body = status(
        r#"{"services": [{"info": "Runs fine", "state": "OK", "name": "app"}], "period": "60", "server": {"name": "localhost", "key": "1234"}}"#,
    )
    .unwrap();
    let app = Service {
        name: "app".to_owned(),
        code: 200,
        period: 60_000,
        reason: "Runs fine".to_owned(),
        perfdata: String::new(),
        info: None,
    };
    assert_eq!(body.content, Content::Services(vec![app]));
    let body = status(
        r#"{"services": [{"info": "OK - load 0.1|load1=0.10;5;10;0\nsecond line", "state": "OK", "name": "ok"},
            {"info": "CRITICAL - y", "state": "FAIL", "name": "fail"},
            {"info": "Failed to execute plugin `missing` by command `./plugin.d/missing.sh`: ", "state": "UNK", "name": "missing", "period": 10}],
            "period": 10, "server": {"name": "h", "key": "a:b"}}"#,
    )
    .unwrap();
    let Content::Services(services) = body.content else { panic!() };
    assert_eq!(services[0].reason, "OK - load 0.1");
    assert_eq!(services[0].perfdata, "load1=0.10;5;10;0");
    assert_eq!(services[0].info.as_deref(), Some("OK - load 0.1|load1=0.10;5;10;0\nsecond line"));
    assert_eq!(
        (services[1].code, services[1].reason.as_str(), &services[1].info),
        (300, "CRITICAL - y", &None)
    );
    assert_eq!((services[2].code, services[2].period), (310, 10_000));
    assert_eq!(
        of_alerts(r#"[{"message": "Something bad has happened"}, {"message": "m", "service": "app"}]"#)
            .unwrap(),
        [
            Alert { service: None, text: "Something bad has happened".to_owned() },
            Alert { service: Some("app".to_owned()), text: "m".to_owned() },
        ]
    );
    let last_words = of_alerts(r#"["Monitoring failure: HTTPError: "]"#).unwrap();
    assert_eq!(last_words[0].text, "Monitoring failure: HTTPError:");
}

#[test]
fn what_is_wrong_is_said_as_overc_says_it() {
    let server = r#""server": {"name": "h1", "key": "k"}"#;
    let services = "Data: \"services\" should be a list of objects with keys \"name\", \"state\", \"info\"?, \"period\"?";
    let whole = |rest: &str| format!("{{{server}, {rest}}}");
    for (text, said) in [
        (String::new(), NO_JSON),
        ("{".to_owned(), NO_JSON),
        ("[]".to_owned(), NO_OBJECT),
        ("7".to_owned(), NO_OBJECT),
        ("null".to_owned(), NO_OBJECT),
        ("{}".to_owned(), "Data: \"server\" key is missing"),
        (r#"{"server": "h1"}"#.to_owned(), "Data: \"server\" should be a dict"),
        (r#"{"server": null}"#.to_owned(), "Data: \"server\" should be a dict"),
        (r#"{"server": {"key": "k"}}"#.to_owned(), "Data: \"server.name\" should be a string"),
        (r#"{"server": {"name": 7, "key": "k"}}"#.to_owned(), "Data: \"server.name\" should be a string"),
        (r#"{"server": {"name": "h1"}}"#.to_owned(), "Data: \"server.key\" should be a string"),
        (
            r#"{"server": {"name": "", "key": "k"}}"#.to_owned(),
            "Data: \"server.name\" should be neither empty nor too long",
        ),
        (
            r#"{"server": {"name": "h1", "key": ""}}"#.to_owned(),
            "Data: \"server.key\" should be neither empty nor too long",
        ),
        (whole(r#""services": []"#), "Data: \"period\" key is missing"),
        (whole(r#""period": null, "services": []"#), "Data: \"period\" key is missing"),
        (whole(r#""period": "abc""#), "Data: \"period\" should be an integer"),
        (whole(r#""period": []"#), "Data: \"period\" should be an integer"),
        (whole(r#""period": "inf""#), "Data: \"period\" should be an integer"),
        (whole(r#""period": true"#), "Data: \"period\" should be an integer"),
        (
            whole(r#""period": -5"#),
            "Data: \"period\" should be a positive number of seconds, of at most a year",
        ),
        (
            whole(r#""period": 0"#),
            "Data: \"period\" should be a positive number of seconds, of at most a year",
        ),
        (
            whole(r#""period": "31622401""#),
            "Data: \"period\" should be a positive number of seconds, of at most a year",
        ),
        (whole(r#""period": 60"#), "Data: \"services\" key is missing"),
        (whole(r#""period": 60, "services": {}"#), "Data: \"services\" should be a list"),
        (whole(r#""period": 60, "services": [7]"#), services),
        (whole(r#""period": 60, "services": [{"state": "OK"}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a"}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a", "state": 1}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a", "state": "OK", "info": null}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a", "state": "OK", "period": "zz"}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a", "state": "OK", "period": -1}]"#), services),
        (whole(r#""period": 60, "services": [{"name": "a", "state": "OK", "code": 999}]"#), services),
        (
            whole(r#""period": 60, "services": [{"name": "", "state": "OK"}]"#),
            "Data: \"services.name\" should be neither empty nor too long",
        ),
    ] {
        assert_eq!(status(&text), Err(Wrong(said.to_owned())), "{text}");
    }
    let alerts =
        "Data: \"alerts\" should be a list of objects with keys \"title\", \"message\"?, \"service\"?";
    for (text, said) in [
        ("{}", "Data: \"alerts\" should be a list"),
        ("[7]", alerts),
        ("[{}]", alerts),
        (r#"[{"message": 7}]"#, alerts),
        (r#"[{"message": "m", "service": null}]"#, alerts),
        (
            r#"[{"message": "m", "service": ""}]"#,
            "Data: \"alerts.service\" should be neither empty nor too long",
        ),
    ] {
        assert_eq!(of_alerts(text), Err(Wrong(said.to_owned())), "{text}");
    }
    let missing = parse(Kind::Alerts, JSON, whole(r#""period": 1"#).as_bytes());
    assert_eq!(missing, Err(Wrong("Data: \"alerts\" key is missing".to_owned())));
}

#[test]
fn another_content_type_is_as_no_object() {
    let ping = br#"{"server": {"name": "a", "key": "b"}}"#;
    for bad in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/jsonp"),
        Some("application/x-www-form-urlencoded"),
    ] {
        assert_eq!(parse(Kind::Ping, bad, ping), Err(Wrong(NO_OBJECT.to_owned())), "{bad:?}");
    }
    for good in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
        assert!(parse(Kind::Ping, Some(good), ping).is_ok(), "{good}");
    }
}

#[test]
fn states_and_codes_are_those_of_the_contract() {
    for (keys, code, reason) in [
        (r#""state": "OK""#, 200, ""),
        (r#""state": "WARN""#, 210, ""),
        (r#""state": "ERR""#, 300, ""),
        (r#""state": "FAIL""#, 300, ""),
        (r#""state": "UNK""#, 310, ""),
        (r#""state": "ok""#, 310, "(sent unsupported state: \"ok\")"),
        (r#""state": "", "info": "x""#, 310, "x (sent unsupported state: \"\")"),
        (r#""state": "FAIL", "code": 500, "info": "burns""#, 500, "burns"),
        (r#""state": "OK", "code": 250"#, 250, ""),
        (r#""state": "OK", "code": null"#, 200, ""),
    ] {
        let services = of_services(&format!(r#"{{"name": "a", {keys}}}"#)).unwrap();
        assert_eq!((services[0].code, services[0].reason.as_str()), (code, reason), "{keys}");
    }
}

#[test]
fn periods_are_seconds_however_they_are_written() {
    for (written, millis) in [
        ("60", 60_000),
        ("\"60\"", 60_000),
        ("\" 60 \"", 60_000),
        ("4.7", 4_700),
        ("0.1", 100),
        ("31622400", 31_622_400_000),
    ] {
        let services =
            of_services(&format!(r#"{{"name": "a", "state": "OK", "period": {written}}}"#)).unwrap();
        assert_eq!(services[0].period, millis, "{written}");
    }
    let services = of_services(r#"{"name": "a", "state": "OK", "period": null}"#).unwrap();
    assert_eq!(services[0].period, 60_000, "null is as if missing");
}

#[test]
fn of_the_same_service_twice_the_last_counts() {
    let services = of_services(
        r#"{"name": "a", "state": "OK"}, {"name": "b", "state": "OK"}, {"name": "a", "state": "FAIL", "info": "x"}"#,
    )
    .unwrap();
    let shown: Vec<(&str, u16)> = services.iter().map(|one| (one.name.as_str(), one.code)).collect();
    assert_eq!(shown, [("a", 300), ("b", 200)]);
}

#[test]
fn texts_are_cut_to_what_is_kept() {
    let long = "ж".repeat(INFO_OCTETS);
    let services = of_services(&format!(r#"{{"name": "a", "state": "OK", "info": "{long}"}}"#)).unwrap();
    assert_eq!(services[0].reason.len(), REASON_OCTETS);
    assert_eq!(services[0].info.as_ref().map(String::len), Some(INFO_OCTETS));
    let services =
        of_services(r#"{"name": "a", "state": "OK", "info": "\n\n first | x=1\nmore\n\n"}"#).unwrap();
    assert_eq!((services[0].reason.as_str(), services[0].perfdata.as_str()), ("first", "x=1"));
    // No figure is passed on shorter than it is.
    let many: String = (0..1000).map(|number| format!("label{number}=1234 ")).collect();
    let services =
        of_services(&format!(r#"{{"name": "a", "state": "OK", "info": "x|{many}|later"}}"#)).unwrap();
    let perfdata = &services[0].perfdata;
    assert!(perfdata.len() > INFO_OCTETS - 20 && perfdata.ends_with("=1234"), "{perfdata}");
    let one = "9".repeat(INFO_OCTETS + 1);
    let services = of_services(&format!(r#"{{"name": "a", "state": "OK", "info": "x|a={one}"}}"#)).unwrap();
    assert_eq!(services[0].perfdata, "");
    let alerts = of_alerts(&format!(r#"["{long}"]"#)).unwrap();
    assert_eq!(alerts[0].text.len(), ALERT_OCTETS);
    assert_eq!(of_alerts(r#"[{"title": " "}]"#).unwrap()[0].text, "an alert without words");
}

#[test]
fn what_our_own_clients_add_is_taken_and_what_is_not_theirs_is_ignored() {
    let with = |oco: &str| {
        let text = format!(r#"{{"server": {{"name": "a", "key": "b", "x": 1}}, "oco": {oco}, "y": []}}"#);
        parse(Kind::Ping, JSON, text.as_bytes()).unwrap().oco
    };
    assert_eq!(
        with(r#"{"version": "0.2.0", "code": 250}"#),
        Some(Oco { version: "0.2.0".to_owned(), code: Some(250) })
    );
    assert_eq!(with("7"), None);
    assert_eq!(with(r#"{"version": 1}"#), None);
}

proptest! {
    #[test]
    fn no_body_panics(text in "\\PC{0,200}", kind in 0usize..3) {
        let kind = [Kind::Ping, Kind::Status, Kind::Alerts][kind];
        let _ = parse(kind, JSON, text.as_bytes());
    }

    #[test]
    fn no_body_with_the_right_keys_panics(
        values in prop::collection::vec("(null|true|-?[0-9]{1,20}(\\.[0-9]{1,4})?(e-?[0-9]{1,3})?|\"\\PC{0,6}\"|\\[\\]|\\{\\})", 8)
    ) {
        let [name, key, period, a, state, info, own, code] = values.as_slice() else { return Ok(()) };
        let text = format!(
            r#"{{"server": {{"name": {name}, "key": {key}}}, "period": {period}, "alerts": [{info}, {{"message": {a}, "service": {own}}}],
                "services": [{{"name": {a}, "state": {state}, "info": {info}, "period": {own}, "code": {code}}}]}}"#
        );
        for kind in [Kind::Status, Kind::Alerts] {
            let body = parse(kind, JSON, text.as_bytes());
            if let Ok(Body { content: Content::Services(services), .. }) = body {
                for service in services {
                    prop_assert!(service.period > 0 && Code::new(service.code).is_some());
                }
            }
        }
    }
}

#[test]
fn a_line_that_the_watcher_cuts_is_kept_whole() {
    for (octets, is_kept) in
        [(511, false), (512, false), (513, true), (1_000, true), (1_024, true), (1_025, true)]
    {
        let info = "x".repeat(octets);
        let (reason, _, kept) = words(&info);
        assert_eq!(reason.len(), octets.min(512), "{octets}");
        assert_eq!(kept, is_kept.then_some(info), "{octets}");
    }
}

#[test]
fn half_a_character_fails_no_request() {
    let app = |info: &str| {
        let info = format!(r#"{{"name": "app", "state": "OK", "info": "{info}"}}"#);
        of_services(&info).map(|services| services[0].reason.clone())
    };
    for (info, reason) in [
        (r"a \udcff b", "a \u{fffd} b"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ud83d\ude00", "\u{1f600}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\\udcff \udcff\\", "\\udcff \u{fffd}\\"),
        (r"\u00e9\udcff", "\u{e9}\u{fffd}"),
    ] {
        assert_eq!(app(info).as_deref(), Ok(reason), "{info}");
    }
    let ignored = r#"{"server": {"name": "h\udcff", "key": "k", "x\udcff": "\udcff"}, "y": "\udc80"}"#;
    assert_eq!(parse(Kind::Ping, JSON, ignored.as_bytes()).unwrap().name, "h%EF%BF%BD");
    for bad in [r#"{"a": "\udcf"}"#, r#"{"a": "\u"#, r#"{"a": "\"#, "\\"] {
        assert_eq!(parse(Kind::Ping, JSON, bad.as_bytes()), Err(Wrong(NO_JSON.to_owned())), "{bad}");
    }
}
