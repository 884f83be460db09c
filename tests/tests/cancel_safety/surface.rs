//! Which functions of the public API give a future, read from the sources of the library.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Attribute, ImplItem, Item, ReturnType, Signature, TraitItem, Type, Visibility};

use crate::alone::DRIVEN;
use crate::calls::calls;

/// What gives a future that is not the library's.
const NOT_OURS: [(&str, &str); 2] = [
    ("__private::boxed", "the future of a child's function, for the attributes"),
    ("RunsUnder::run", "the same, as the attributes write it"),
];

/// What is in a return type that is a future.
const FUTURES: [&str; 3] = ["Future", "BoxFuture", "Answer"];

#[derive(Default)]
struct Surface {
    /// The functions, and where they are.
    functions: BTreeMap<String, PathBuf>,
    /// Public types that are futures themselves.
    futures: BTreeSet<String>,
    /// Functions that give a type, until it is known whether that is a future.
    giving: Vec<(String, BTreeSet<String>, PathBuf)>,
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            files.push(path);
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.to_token_stream().to_string() == "cfg (test)"
    })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn name_of(of: &Type) -> String {
    match of {
        Type::Path(path) => path.path.segments.last().unwrap().ident.to_string(),
        of => of.to_token_stream().to_string(),
    }
}

impl Surface {
    fn items(&mut self, module: &str, items: &[Item], file: &Path) {
        for item in items {
            match item {
                Item::Fn(item) if is_public(&item.vis) && !is_for_tests(&item.attrs) => {
                    self.function(module, &item.sig, file);
                }
                Item::Impl(item) if !is_for_tests(&item.attrs) => {
                    let of = name_of(&item.self_ty);
                    if let Some((path, _)) = &item.trait_
                        && path.segments.last().is_some_and(|last| last.ident == "Future")
                    {
                        self.futures.insert(of.clone());
                    }
                    for item in &item.items {
                        if let ImplItem::Fn(item) = item
                            && is_public(&item.vis)
                            && !is_for_tests(&item.attrs)
                        {
                            self.function(&of, &item.sig, file);
                        }
                    }
                }
                Item::Trait(item) if is_public(&item.vis) => {
                    for function in &item.items {
                        if let TraitItem::Fn(function) = function {
                            self.function(&item.ident.to_string(), &function.sig, file);
                        }
                    }
                }
                Item::Mod(item) if !is_for_tests(&item.attrs) => {
                    if let Some((_, items)) = &item.content {
                        self.items(&item.ident.to_string(), items, file);
                    }
                }
                Item::Macro(item) => {
                    let text = item.mac.tokens.to_string();
                    assert!(!text.contains("async fn"), "{}: read it, too", file.display());
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, of: &str, signature: &Signature, file: &Path) {
        let name = format!("{of}::{}", signature.ident);
        if signature.asyncness.is_some() {
            self.functions.insert(name, file.to_owned());
        } else if let ReturnType::Type(_, gives) = &signature.output {
            let text = gives.to_token_stream().to_string();
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let words = words.map(str::to_owned).collect();
            self.giving.push((name, words, file.to_owned()));
        }
    }
}

fn surface() -> BTreeMap<String, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supervisor/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut surface = Surface::default();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // A file is its module, and `mod.rs` that of its folder.
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        surface.items(if stem == "mod" { &folder } else { &stem }, &parsed.items, &file);
    }
    let Surface { mut functions, futures, giving } = surface;
    for (name, words, file) in giving {
        let is_future = |word: &str| FUTURES.contains(&word) || futures.contains(word);
        if words.iter().any(|word| is_future(word)) {
            functions.insert(name, file);
        }
    }
    functions
}

#[test]
fn every_public_function_that_gives_a_future_is_dropped_in_these_tests() {
    let mut found = surface();
    assert!(found.len() > 60, "the sources are read: {found:?}");
    for (name, why) in NOT_OURS {
        assert!(found.remove(name).is_some(), "`{name}` is no more: it is not needed here ({why})");
    }
    let mut driven: BTreeSet<_> =
        calls().into_iter().map(|call| call.function.to_owned()).collect();
    driven.extend(DRIVEN.map(str::to_owned));
    for (name, file) in &found {
        assert!(
            driven.contains(name),
            "`{name}` in {} gives a future, and no test drops it: put it into `calls` or `alone`",
            file.display()
        );
    }
    for name in driven {
        assert!(found.contains_key(&name), "`{name}` is dropped in a test and gives no future");
    }
}
