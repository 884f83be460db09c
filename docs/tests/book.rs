//! The book hangs together: every page is in the summary and compiled, every link leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

const FILES_OF_THE_ROOT: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages() -> Vec<PathBuf> {
    let folder = root().join("docs/en/src");
    let files = fs::read_dir(&folder).expect("the folder of the book");
    let files = files.map(|file| file.expect("a file of the book").path());
    let mut pages: Vec<_> = files.filter(|file| file.extension() == Some("md".as_ref())).collect();
    pages.sort();
    pages
}

/// The targets of inline links, outside code blocks.
fn links(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if !is_code {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            links.extend(targets.map(str::to_owned));
        }
    }
    links
}

/// The anchor that mdBook and the forges give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = read(&root().join("docs/en/src/SUMMARY.md"));
    for page in pages() {
        let name = page.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name} is not");
    }
}

#[test]
fn every_page_is_compiled() {
    let compiled = read(&root().join("docs/src/lib.rs"));
    for page in pages() {
        let name = page.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(name == "SUMMARY.md" || compiled.contains(&format!("/{name}\"")), "{name} is not");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for file in pages().into_iter().chain(FILES_OF_THE_ROOT.map(|file| root().join(file))) {
        for link in links(&read(&file)) {
            if link.starts_with("http") {
                continue;
            }
            let (target, fragment) = link.split_once('#').unwrap_or((&*link, ""));
            let to = if target.is_empty() { file.clone() } else { file.with_file_name(target) };
            let is_there = to.exists()
                && (fragment.is_empty()
                    || read(&to)
                        .lines()
                        .any(|line| line.starts_with('#') && anchor(line) == fragment));
            if !is_there {
                dead.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}
