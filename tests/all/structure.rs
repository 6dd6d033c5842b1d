//! `src/lib.rs` reads from top to bottom as a request travels: a module uses only modules that stand above it. No file
//! is long.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// The modules of `lib.rs` in order, and which of them each re-exported name comes from.
fn map() -> (Vec<String>, HashMap<String, String>) {
    let lib = fs::read_to_string("src/lib.rs").unwrap();
    let (mut modules, mut names) = (Vec::new(), HashMap::new());
    for line in lib.lines() {
        let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
        match words[..] {
            ["mod", name] | ["pub", "mod", name] => modules.push(name.to_owned()),
            ["pub", "use", ..] if !words[2].starts_with("crate::") => {
                let (module, rest) = words[2].split_once("::").unwrap();
                let listed = format!("{rest} {}", words[3..].join(" "));
                for name in listed.split(|c: char| !c.is_alphanumeric()).filter(|name| !name.is_empty()) {
                    names.insert(name.to_owned(), module.to_owned());
                }
            }
            _ => {}
        }
    }
    (modules, names)
}

/// What stands directly behind each `crate::` in code; comments and tests are left out.
fn used(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join(" ");
    let word =
        |text: &str| text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    let mut used = Vec::new();
    for after in code.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            used.push(word(after));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    used.push(word(&list[start..at]));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    used.push(word(&list[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
        }
    }
    used.retain(|name| !name.is_empty());
    used
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let (modules, names) = map();
    let place = |name: &str| modules.iter().position(|m| m == name);
    let mut uses = 0;
    for file in files(Path::new("src")) {
        let module = file.strip_prefix("src").unwrap().iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let Some(here) = place(module) else {
            assert_eq!(module, "lib", "{} is in no module of lib.rs", file.display());
            continue;
        };
        for name in used(&fs::read_to_string(&file).unwrap()) {
            let from = names.get(&name).map_or(&*name, String::as_str);
            if matches!(from, "__private" | "events") {
                continue;
            }
            let there = place(from).unwrap_or_else(|| panic!("{}: what is crate::{name}?", file.display()));
            assert!(there <= here, "{} uses {name}, which stands below it", file.display());
            uses += 1;
        }
    }
    assert!(uses > 100, "only {uses} uses were seen: is this test blind?");
}

/// An example is one file, which is read and copied as one.
const LONG: [&str; 2] = ["examples/conformance.rs", "examples/user_sync.rs"];

#[test]
fn no_file_has_more_than_400_lines() {
    let all: Vec<PathBuf> =
        ["src", "tests/all", "examples", "benches"].iter().flat_map(|folder| files(Path::new(folder))).collect();
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let mut long: Vec<&str> = all.iter().filter(|file| lines(file) > 400).map(|file| file.to_str().unwrap()).collect();
    long.sort_unstable();
    assert_eq!(long, LONG, "split what is long by theme; what no longer is leaves the list");
    assert!(all.len() > 200, "only {} files were seen: is this test blind?", all.len());
}
