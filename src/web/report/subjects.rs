//! Which objects a report is of: what names, patterns, groups and levels stand for, and what these are made of.

use super::limits::{MEMBERS, NAMES};
use oco_fleet::journal::{Definitions, LevelDefinition};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use std::collections::HashSet;

/// What a report is of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Those that are listed, each once: what was asked for, each with its parts behind it.
    pub shown: Vec<Subject>,
    /// Those, and all that they are made of.
    pub beneath: HashSet<ObjectName>,
    /// The levels of those that are listed, in the order of the watcher's file.
    pub levels: Vec<LevelDefinition>,
    /// How many parts are not listed: there are too many.
    pub left_out: usize,
}

/// One that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub name: ObjectName,
    /// For people, where it has one.
    pub title: Option<String>,
    /// 0: it was asked for; 1: it is a part of that.
    pub depth: usize,
    /// Whether it was named itself, and is listed whether or not anybody watched it.
    pub is_named: bool,
}

/// What is known by name: all objects of the journal, and what the watcher's file says of them.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Sorted.
    pub names: &'a [ObjectName],
    /// Nodes and levels.
    pub definitions: &'a Definitions,
}

impl World<'_> {
    /// Finds out what `names` stand for.
    ///
    /// # Errors
    /// Nothing is known by one of them, or there are too many; one line.
    pub fn subjects(&self, names: &[String]) -> Result<Subjects, String> {
        if names.len() > NAMES {
            return Err(format!("{} names: expected at most {NAMES}", names.len()));
        }
        let mut subjects = Subjects::default();
        let mut seen = HashSet::new();
        let mut asked_levels = HashSet::new();
        for text in names {
            for (name, is_named) in self.asked(text, &mut asked_levels)? {
                self.show(&mut subjects, &mut seen, &name, 0, is_named);
                for part in self.parts(&name) {
                    self.show(&mut subjects, &mut seen, &part, 1, false);
                }
            }
        }
        for subject in &subjects.shown {
            self.sink(&subject.name, &mut subjects.beneath);
        }
        let is_meant =
            |level: &&LevelDefinition| asked_levels.contains(&level.name) || seen.contains(&level.of);
        subjects.levels = self.definitions.levels.iter().filter(is_meant).cloned().collect();
        Ok(subjects)
    }

    /// The objects that `text` asks for, of a level whose it is, and whether each is named itself.
    fn asked(&self, text: &str, levels: &mut HashSet<ObjectName>) -> Result<Vec<(ObjectName, bool)>, String> {
        let pattern = Pattern::parse(text)?;
        let nothing = || format!("{text}: nothing is known by that name");
        if text.starts_with("slo:") {
            let found = self.definitions.levels.iter().filter(|level| pattern.matches(&level.name));
            let found: Vec<&LevelDefinition> = found.collect();
            levels.extend(found.iter().map(|level| level.name.clone()));
            let of: Vec<_> = found.into_iter().map(|level| (level.of.clone(), true)).collect();
            return if of.is_empty() { Err(nothing()) } else { Ok(of) };
        }
        if let Ok(name) = ObjectName::parse(text) {
            let is_known = self.names.binary_search(&name).is_ok();
            return if is_known { Ok(vec![(name, true)]) } else { Err(nothing()) };
        }
        let found: Vec<_> = self.matching(&pattern).map(|name| (name.clone(), false)).collect();
        if found.is_empty() { Err(nothing()) } else { Ok(found) }
    }

    fn matching(&self, pattern: &Pattern) -> impl Iterator<Item = &ObjectName> {
        self.names.iter().filter(|name| name.kind() != Kind::Level && pattern.matches(name))
    }

    /// The parts that `name` is made of.
    fn parts(&self, name: &ObjectName) -> Vec<ObjectName> {
        match name.kind() {
            Kind::Service => {
                let prefix = format!("{name}/");
                let first = self.names.partition_point(|other| other.as_str() < prefix.as_str());
                let targets = self.names.get(first..).unwrap_or_default().iter();
                targets.take_while(|target| target.as_str().starts_with(&prefix)).cloned().collect()
            }
            Kind::Node => {
                let node = self.definitions.nodes.iter().find(|node| node.name == *name);
                let members = node.into_iter().flat_map(|node| &node.members);
                let mut parts = Vec::new();
                for pattern in members {
                    match ObjectName::parse(pattern.as_str()) {
                        Ok(name) if self.names.binary_search(&name).is_ok() => parts.push(name),
                        Ok(_) => {}
                        Err(_) => parts.extend(self.matching(pattern).cloned()),
                    }
                }
                parts
            }
            Kind::Target | Kind::Level => Vec::new(),
        }
    }

    fn show(
        &self,
        subjects: &mut Subjects,
        seen: &mut HashSet<ObjectName>,
        name: &ObjectName,
        depth: usize,
        is_named: bool,
    ) {
        if seen.insert(name.clone()) {
            if subjects.shown.len() >= MEMBERS {
                subjects.left_out += 1;
                return;
            }
            let node = self.definitions.nodes.iter().find(|node| node.name == *name);
            let title = node.and_then(|node| node.title.clone());
            subjects.shown.push(Subject { name: name.clone(), title, depth, is_named });
        }
    }

    /// Adds `name` and all below it.
    fn sink(&self, name: &ObjectName, beneath: &mut HashSet<ObjectName>) {
        let mut open = vec![name.clone()];
        while let Some(name) = open.pop() {
            if beneath.insert(name.clone()) {
                open.extend(self.parts(&name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::calendar::Period;
    use oco_fleet::journal::NodeDefinition;
    use oco_fleet::level::{CountedAs, Promise};

    fn name(text: &str) -> ObjectName {
        ObjectName::parse(text).unwrap()
    }

    fn shown(asked: &[&str]) -> Result<String, String> {
        let mut names: Vec<ObjectName> = [
            "db/pg",
            "db/pg/a",
            "db/pg/b",
            "web/page",
            "web/page/a",
            "web/page-old/x",
            "web/page-old",
            "node:shop",
            "node:all",
            "slo:shop",
        ]
        .map(name)
        .to_vec();
        names.sort();
        let node = |text: &str, title: Option<&str>, members: &[&str]| NodeDefinition {
            name: name(text),
            title: title.map(str::to_owned),
            rule: "all".to_owned(),
            members: members.iter().map(|one| Pattern::parse(one).unwrap()).collect(),
        };
        let promise =
            Promise { target: 99_900, period: Period::Month, hours: None, unknown: CountedAs::Excluded };
        let definitions = Definitions {
            // A circle, which only others can have written.
            nodes: vec![
                node("node:shop", Some("The shop"), &["web/page", "db/*", "node:all"]),
                node("node:all", None, &["node:*"]),
            ],
            levels: vec![LevelDefinition { name: name("slo:shop"), of: name("node:shop"), promise }],
        };
        let asked: Vec<String> = asked.iter().map(|one| (*one).to_owned()).collect();
        let found = World { names: &names, definitions: &definitions }.subjects(&asked)?;
        let shown: Vec<String> =
            found.shown.iter().map(|one| format!("{}{}", ">".repeat(one.depth), one.name)).collect();
        Ok(format!("{} | {} | {}", shown.join(" "), found.beneath.len(), found.levels.len()))
    }

    #[test]
    fn the_first_of_too_many_are_listed() {
        let mut names: Vec<ObjectName> =
            (0..MEMBERS + 5).map(|number| name(&format!("web/page/{number:05}"))).collect();
        names.insert(0, name("web/page"));
        names.sort();
        let world = World { names: &names, definitions: &Definitions::default() };
        let found = world.subjects(&["web".to_owned()]).unwrap();
        assert_eq!((found.shown.len(), found.left_out, found.beneath.len()), (MEMBERS, 6, MEMBERS + 6));
        assert_eq!(found.shown[0].name, name("web/page"));
    }

    #[test]
    fn names_stand_for_what_they_are_made_of() {
        for (asked, expected) in [
            (&["web/page"][..], "web/page >web/page/a | 2 | 0"),
            (&["db"], "db/pg >db/pg/a >db/pg/b | 3 | 0"),
            (&["web/page/a", "web/page"], "web/page/a web/page | 2 | 0"),
            (&["node:shop"], "node:shop >web/page >db/pg >node:all | 7 | 1"),
            (&["slo:shop"], "node:shop >web/page >db/pg >node:all | 7 | 1"),
            (&["web/pa*"], "web/page >web/page/a web/page-old >web/page-old/x | 4 | 0"),
        ] {
            assert_eq!(shown(asked).as_deref(), Ok(expected), "{asked:?}");
        }
        for asked in ["web/no", "no", "slo:no", "node:no", "web/no*"] {
            assert_eq!(shown(&[asked]), Err(format!("{asked}: nothing is known by that name")));
        }
        assert!(shown(&["a b"]).unwrap_err().contains("expected"));
        assert!(shown(&["db"; NAMES + 1]).unwrap_err().contains("at most"));
    }
}
