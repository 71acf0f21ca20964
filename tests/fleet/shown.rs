//! How a fleet looks in the status of its watcher.

use crate::scene::{Scene, wait_for};
use serde_json::Value;

/// One of a status by its name: a target, service or node; null where it is not there.
pub fn named(status: &Value, name: &str) -> Value {
    let list = |of: &Value, key: &str| of[key].as_array().cloned().unwrap_or_default();
    let services = list(status, "services");
    let targets = services.iter().flat_map(|service| list(service, "targets"));
    let nodes = list(status, "nodes");
    let mut all = services.iter().cloned().chain(targets).chain(nodes);
    all.find(|one| one["name"] == name).unwrap_or_default()
}

/// State and reason: `ko refused`, `ok`.
pub fn words(one: &Value) -> String {
    let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("state"), word("reason")).trim_end().to_owned()
}

impl Scene {
    /// A target, service or node as it is shown; null where it is not there.
    pub fn shown(&self, name: &str) -> Value {
        named(&self.status(), name)
    }

    /// Waits until state and reason of one begin so, and returns it.
    #[track_caller]
    pub fn wait_for_words(&self, name: &str, begin: &str) -> Value {
        let mut last = Value::Null;
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(&format!("{name} to be {begin:?}"), || {
                last = self.shown(name);
                words(&last).starts_with(begin).then(|| last.clone())
            })
        }));
        waited.unwrap_or_else(|_| panic!("waited in vain for {name} to be {begin:?}; it is {last}"))
    }

    /// What `--once` finds out about each target: its name and its words.
    #[track_caller]
    pub fn once(&self) -> Vec<(String, String)> {
        let output = self.ocowatch(&["--once", "--json"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        let status: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complaints}"));
        let mut found = Vec::new();
        for service in status["services"].as_array().unwrap() {
            for target in service["targets"].as_array().unwrap() {
                found.push((target["name"].as_str().unwrap().to_owned(), words(target)));
            }
        }
        found.sort();
        found
    }
}

/// The words of the only target of a service, in what [`Scene::once`] found out.
#[track_caller]
pub fn of_service<'a>(found: &'a [(String, String)], service: &str) -> &'a str {
    let begin = format!("{service}/");
    let mut of = found.iter().filter(|(name, _)| name.starts_with(&begin));
    let (_, words) = of.next().unwrap_or_else(|| panic!("no {service} in {found:?}"));
    assert!(of.next().is_none(), "several of {service}");
    words
}
