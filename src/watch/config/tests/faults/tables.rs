//! Of the balancers' tables.

use super::{beside, expect};

#[test]
fn of_their_kinds() {
    expect(
        &[
            ("[[table]]\nkind = \"haproxy\"", 5, "missing field `service`"),
            ("[[table]]\nkind = \"nginx\"\nservice = \"a/s\"", 6, "unknown variant `nginx`"),
            ("[[table]]\nkind = \"haproxy\"\nservice = \"a/s\"\nsocket = \"/x\"", 5, "backend is missing"),
            ("[[table]]\nkind = \"haproxy\"\nservice = \"a/s\"\nbackend = \"x\"", 5, "socket is missing"),
            ("[[table]]\nkind = \"lvs\"\nservice = \"a/s\"", 5, "virtual is missing"),
            ("[[table]]\nkind = \"exec\"\nservice = \"a/s\"", 5, "command is missing"),
        ],
        beside,
    );
}

#[test]
fn of_commands() {
    let exec = |keys: &str| beside(&format!("[[table]]\nkind = \"exec\"\n{keys}"));
    expect(
        &[
            ("service = \"a/t\"\ncommand = [\"x\"]", 7, "there is no such service"),
            ("service = \"node:x\"\ncommand = [\"x\"]", 7, "expected GROUP/SERVICE"),
            ("service = \"a/s\"\ncommand = []", 8, "the list is empty"),
            ("service = \"a/s\"\ncommand = [\"x\"]\nbackend = \"b\"", 9, "backend counts for nothing"),
        ],
        exec,
    );
}

#[test]
fn of_haproxy() {
    let table = "[[table]]\nkind = \"haproxy\"\nservice = \"a/s\"\n";
    let haproxy = |keys: &str| beside(&format!("{table}{keys}"));
    expect(
        &[
            ("backend = \"x\"\nsocket = \"x\"", 9, "begins with /"),
            ("backend = \"x\"\nsocket = \"tcp x\"", 9, "expected ADDRESS:PORT"),
            ("backend = \"x y\"\nsocket = \"/x\"", 8, "without blanks"),
            ("backend = \"x;y\"\nsocket = \"/x\"", 8, "expected letters"),
        ],
        haproxy,
    );
    let whole = format!("{table}backend = \"x\"\nsocket = \"/x\"\n");
    expect(
        &[
            ("ko = \"down\"", 10, "unknown variant `down`"),
            ("but-weight = 50", 10, "as \"50%\""),
            ("but-weight = \"101%\"", 10, "0% to 100%"),
            ("min-up = 3", 10, "the group has 2 hosts"),
            (&whole, 10, "the same servers"),
        ],
        |keys| beside(&format!("{whole}{keys}")),
    );
}

#[test]
fn of_lvs() {
    let table = "[[table]]\nkind = \"lvs\"\nservice = \"a/s\"\n";
    expect(
        &[
            ("virtual = \"192.0.2.1:80\"", 8, "expected \"tcp 192.0.2.1:80\""),
            ("virtual = \"tcp 192.0.2.1\"", 8, "the port is missing"),
            ("virtual = \"tcp 0.0.0.0:80\"", 8, "that clients connect to"),
            ("virtual = \"fwmark 0\"", 8, "fwmark 3"),
            ("virtual = \"tcp 192.0.2.1:80\"\nport = 81", 9, "expected 80"),
        ],
        |keys| beside(&format!("{table}{keys}")),
    );
    expect(
        &[
            ("scheduler = \"-x\"", 9, "expected a scheduler"),
            ("forward = \"nat\"", 9, "unknown variant `nat`"),
            ("persistent = \"1500ms\"", 9, "whole seconds"),
            ("weight = 65536", 9, "from 1 to 65535"),
            ("but-weight = \"50%\"", 9, "expected a number"),
            ("fallback = \"x\"", 9, "expected ADDRESS:PORT"),
            ("ko = \"maint\"", 9, "ko counts for nothing with kind = \"lvs\""),
        ],
        |keys| beside(&format!("{table}virtual = \"fwmark 1\"\n{keys}")),
    );
}
