//! The routes of the program, as the source of its doors declares them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A method, upper case, and a path as the router has it: `("GET", "/v1/files/{file}")`. What another
/// router answers as a whole takes `ANY`.
pub type Route = (String, String);

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "any"];
/// Ways to add a route that the reader below does not understand.
const UNREAD: &[&str] = &["route_service", "nest_service", "on", "on_service", "MethodFilter"];

/// All routes under `src/api`, but for those of the router that is nested under `/mcp`.
pub fn routes() -> BTreeSet<Route> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        read(source.parse().unwrap(), &mut found).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    }
    found
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("api/mcp") {
            sources(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Collects `.route("/path", get(..).post(..))` and `.nest("/path", ..)`, however deep.
fn read(stream: TokenStream, found: &mut BTreeSet<Route>) -> Result<(), String> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        if let TokenTree::Group(group) = tree
            && !is_tests(&trees, at)
        {
            read(group.stream(), found)?;
        }
        let (TokenTree::Ident(name), Some(TokenTree::Group(arguments))) = (tree, trees.get(at + 1)) else { continue };
        let is_call = matches!(at.checked_sub(1).and_then(|before| trees.get(before)), Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
        if !is_call || arguments.delimiter() != Delimiter::Parenthesis {
            continue;
        }
        match name.to_string().as_str() {
            "route" => {
                let path = path_of(arguments.stream())?;
                let methods = methods_of(arguments.stream());
                if methods.is_empty() {
                    return Err(format!("`{path}` has no method that can be read"));
                }
                found.extend(methods.into_iter().map(|method| (method, path.clone())));
            }
            "nest" => drop(found.insert(("ANY".to_owned(), path_of(arguments.stream())?))),
            other if UNREAD.contains(&other) => return Err(format!("`.{other}(..)` adds a route that this test cannot read")),
            _ => {}
        }
    }
    Ok(())
}

/// Whether this is the body of `mod tests`, whose routes nobody outside can ask.
fn is_tests(trees: &[TokenTree], at: usize) -> bool {
    let word = |back: usize| at.checked_sub(back).and_then(|place| trees.get(place)).map(ToString::to_string);
    word(2).as_deref() == Some("mod") && word(1).as_deref() == Some("tests")
}

fn path_of(arguments: TokenStream) -> Result<String, String> {
    match arguments.into_iter().next() {
        Some(TokenTree::Literal(literal)) => Ok(literal.to_string().trim_matches('"').to_owned()),
        other => Err(format!("a route's path is no literal: {other:?}")),
    }
}

fn methods_of(arguments: TokenStream) -> Vec<String> {
    let trees: Vec<TokenTree> = arguments.into_iter().collect();
    let pairs = trees.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [TokenTree::Ident(name), TokenTree::Group(_)] => Some(name.to_string()),
            _ => None,
        })
        .filter(|name| METHODS.contains(&name.as_str()))
        .map(|name| name.to_uppercase())
        .collect()
}

#[test]
fn routes_are_read_however_they_are_chained() {
    let mut found = BTreeSet::new();
    let source = r#"fn r() { Router::new().route("/a/{x}", get(one).delete(two)).merge(b).nest("/m", other) } mod tests { fn r() { x.route("/t", get(t)) } }"#;
    read(source.parse().unwrap(), &mut found).unwrap();
    let expected = [("ANY", "/m"), ("DELETE", "/a/{x}"), ("GET", "/a/{x}")].map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    for unreadable in ["x.route(PATH, get(a))", r#"x.route("/a", handlers)"#, r#"x.route_service("/a", b)"#] {
        assert!(read(unreadable.parse().unwrap(), &mut BTreeSet::new()).is_err(), "{unreadable}");
    }
}
