//! Rust source as tokens: comments and strings are gone, so what is found was meant.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// An identifier, a piece of punctuation (`::` is one) or a bracket; a literal is `"`.
pub struct Token {
    pub text: String,
    pub line: usize,
}

pub fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    flatten(source.parse().expect("source is Rust"), &mut found);
    found
}

fn flatten(stream: TokenStream, found: &mut Vec<Token>) {
    let mut colon = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: &str| found.push(Token { text: text.to_owned(), line });
        let was_colon = std::mem::take(&mut colon);
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open);
                flatten(group.stream(), found);
                found.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && was_colon => found.last_mut().unwrap().text.push(':'),
            TokenTree::Punct(punct) => {
                colon = punct.as_char() == ':' && punct.spacing() == proc_macro2::Spacing::Joint;
                push(&punct.as_char().to_string());
            }
            TokenTree::Ident(ident) => push(ident.to_string().trim_start_matches("r#")),
            TokenTree::Literal(_) => push("\""),
        }
    }
}

/// A name and the line on which it stands.
pub type Named = (String, usize);

/// The first names of all paths that start at `root` (`crate`, `std`, ...); `*` where the root
/// itself is named, by a glob, by `self` or under another name.
pub fn under(root: &str, tokens: &[Token]) -> Vec<Named> {
    let starts = tokens.iter().enumerate().filter(|(at, token)| token.text == root && starts_a_path(tokens, *at));
    starts.flat_map(|(at, _)| first_names(tokens, at + 1)).collect()
}

/// Like [`under`], for paths that climb to the root of the crate by `super`, from a file that lies
/// `depth` modules deep; modules written out in the file are counted too.
pub fn climbing(depth: usize, tokens: &[Token]) -> Vec<Named> {
    let mut found = Vec::new();
    // For each bracket that is open: whether it is the body of a module.
    let mut open = Vec::new();
    for at in 0..tokens.len() {
        match text(tokens, at) {
            "{" | "(" | "[" => open.push(at >= 2 && text(tokens, at) == "{" && text(tokens, at - 2) == "mod"),
            "}" | ")" | "]" => drop(open.pop()),
            _ => {}
        }
        let after_self = at >= 2 && text(tokens, at - 1) == "::" && text(tokens, at - 2) == "self";
        if text(tokens, at) != "super" || !(starts_a_path(tokens, at) || after_self) {
            continue;
        }
        let is_step = |pair: &&[Token]| pair[0].text == "super" && pair[1].text == "::";
        let steps = tokens[at..].chunks_exact(2).take_while(is_step).count();
        if steps > 0 && steps == depth + open.iter().filter(|module| **module).count() {
            found.extend(first_names(tokens, at + 2 * steps - 1));
        }
    }
    found
}

/// The names that could be those of crates: they start a path, or are brought in whole.
pub fn crates(tokens: &[Token]) -> Vec<Named> {
    let named = |at: &usize| {
        let (before, after) = (before(tokens, *at), text(tokens, at + 1));
        let whole = matches!(before, "use" | "crate") && matches!(after, ";" | "as");
        (whole || after == "::") && starts_a_path(tokens, *at)
    };
    (0..tokens.len()).filter(named).map(|at| (tokens[at].text.clone(), tokens[at].line)).collect()
}

/// The tokens without attributes, inner doc comments among them.
pub fn without_attributes(tokens: &[Token]) -> Vec<&Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let open = if text(tokens, at + 1) == "!" { at + 2 } else { at + 1 };
        if text(tokens, at) == "#" && text(tokens, open) == "[" {
            at = closing(tokens, open);
        } else {
            kept.push(&tokens[at]);
        }
        at += 1;
    }
    kept
}

/// Whether these texts stand anywhere one after the other, and where.
pub fn sequences(wanted: &[&str], tokens: &[Token]) -> Vec<usize> {
    let windows = tokens.windows(wanted.len());
    windows
        .filter(|window| window.iter().map(|token| token.text.as_str()).eq(wanted.iter().copied()))
        .map(|window| window[0].line)
        .collect()
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

fn before(tokens: &[Token], at: usize) -> &str {
    at.checked_sub(1).map_or("", |before| text(tokens, before))
}

/// `x` in `x::y`, `::x::y` and `use x`, not in `y::x::z`, `.x` or the lifetime `'x`.
fn starts_a_path(tokens: &[Token], at: usize) -> bool {
    match before(tokens, at) {
        "." | "'" => false,
        "::" => {
            let root = at.checked_sub(2).map_or("", |root| text(tokens, root));
            let keyword =
                matches!(root, "use" | "as" | "in" | "mut" | "dyn" | "impl" | "return" | "for" | "where" | "else" | "match" | "if");
            keyword || !(root == ">" || root.starts_with(|first: char| first.is_alphanumeric() || first == '_'))
        }
        _ => true,
    }
}

/// What follows the root of a path: one name, the first names of a group, or the root itself.
fn first_names(tokens: &[Token], at: usize) -> Vec<Named> {
    let name = |at: usize| {
        let text = text(tokens, at);
        let name = if text == "self" { "*" } else { text };
        tokens.get(at).map(|token| (name.to_owned(), token.line))
    };
    match (text(tokens, at), text(tokens, at + 1)) {
        ("as", _) => vec![("*".to_owned(), tokens[at].line)],
        ("::", "{") => {
            let end = closing(tokens, at + 1);
            let mut depth = 0;
            let mut names = Vec::new();
            for inner in at + 1..end {
                match text(tokens, inner) {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 1 && matches!(text(tokens, inner), "{" | ",") && inner + 1 < end {
                    names.extend(name(inner + 1));
                }
            }
            names
        }
        ("::", _) => name(at + 1).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Where the bracket that opens at `open` closes.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for at in open..tokens.len() {
        match text(tokens, at) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}
