//! `ocoboard token` and `ocoboard key`.

use crate::scene::{Scene, parts};

#[test]
fn tokens_are_made_listed_and_revoked() {
    let scene = Scene::new("");
    let token = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    assert_eq!(token.trim().len(), 40);
    scene.told_by_board(&["token", "new", "eyes"]);
    scene.told_by_board(&["token", "new", "web 1", "--role", "push"]);
    let listed = scene.told_by_board(&["token", "list"]);
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect())
        .collect();
    assert_eq!([lines[0][0], lines[0][1]], ["eyes", "read"]);
    assert_eq!([lines[1][0], lines[1][1]], ["ops", "act"]);
    assert_eq!([lines[2][0], lines[2][1]], ["web 1", "push"]);
    scene.told_by_board(&["token", "revoke", "ops"]);
    scene.told_by_board(&["token", "revoke", "web 1"]);
    assert_eq!(scene.told_by_board(&["token", "list"]).lines().count(), 1);
    assert_eq!(scene.told_by_board(&["key", "list"]), "");
}

#[test]
fn what_can_not_be_done_is_one_line() {
    let scene = Scene::new("");
    scene.told_by_board(&["token", "new", "ops"]);
    for (arguments, said) in [
        (
            &["token", "new", "ops"][..],
            "ocoboard: ops: there is a token of that name; ocoboard token revoke takes it back\n",
        ),
        (
            &["token", "new", "a b"],
            "ocoboard: \"a b\": a name with other characters; expected A-Z a-z 0-9 . _ -\n",
        ),
        (&["token", "revoke", "nobody"], "ocoboard: nobody: there is no token of that name\n"),
        (&["key", "forget", "nobody"], "ocoboard: nobody: there is no key of that name\n"),
    ] {
        let output = scene.ocoboard(arguments).output().unwrap();
        assert_eq!(parts(&output), (Some(1), String::new(), said.to_owned()), "{arguments:?}");
    }
}

#[test]
fn a_command_without_its_word_says_what_is_missing() {
    let scene = Scene::new("");
    for (command, words) in [("token", "new, list, revoke"), ("key", "list, forget")] {
        let output = scene.ocoboard(&[command]).output().unwrap();
        let (status, said, complaint) = parts(&output);
        assert_eq!((status, said.as_str(), complaint.lines().count()), (Some(2), "", 1), "{complaint}");
        let expected =
            format!("ocoboard: 'ocoboard {command}' requires a subcommand but one was not provided");
        assert!(complaint.starts_with(&expected) && complaint.contains(words), "{complaint}");
    }
}
