//! A document as lines of text: its headings as headings, what is hidden marked as hidden, and at the end what stands
//! beside the body. What nobody sees at first sight is searched and looked through like the rest.

use docling::{ContentLayer, DoclingDocument, Node};

/// Groups within groups; what lies deeper is written without its structure.
const MAX_DEPTH: usize = 64;

/// A document in two parts.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What its reader sees, and what is hidden from him, in its order.
    pub body: String,
    /// Heads and feet of pages, notes, remarks.
    pub aside: String,
}

/// Writes a document down.
pub(super) fn write(mut document: DoclingDocument) -> Written {
    let nodes = std::mem::take(&mut document.nodes);
    let mut writer = Writer { document, run: Vec::new(), written: Written::default(), is_hidden: false };
    for node in nodes {
        writer.node(node, 0);
    }
    writer.flush();
    writer.written
}

struct Writer {
    /// The document without its content: how it is to be written.
    document: DoclingDocument,
    /// What is written together.
    run: Vec<Node>,
    written: Written,
    /// Whether what came last is hidden, one by one.
    is_hidden: bool,
}

impl Writer {
    fn node(&mut self, node: Node, depth: usize) {
        match node {
            _ if depth > MAX_DEPTH => self.run.push(node),
            Node::Heading { level, .. } => {
                self.shown();
                let text = self.plain(vec![node]);
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if !text.is_empty() {
                    self.line(&format!("{} {text}", "#".repeat(usize::from(level.clamp(1, 6)))));
                }
            }
            Node::Group { label, name, layer, children } => self.group(&label, name.as_deref(), layer, children, depth),
            Node::Furniture { layer: ContentLayer::Invisible, inner } => {
                if !self.is_hidden {
                    self.line(HIDDEN);
                    self.is_hidden = true;
                }
                self.nested(*inner, depth);
            }
            Node::Furniture { inner, .. } => {
                let text = self.plain(vec![*inner]);
                self.aside(&text);
            }
            Node::ListItem { layer: Some(_), ordered, number, first_in_list, text, level, marker, location, dclx, href } => {
                let item = Node::ListItem { layer: None, ordered, number, first_in_list, text, level, marker, location, dclx, href };
                let text = self.plain(vec![item]);
                self.aside(&text);
            }
            Node::Prov { inner, .. } | Node::Located { inner, .. } | Node::Commented { inner, .. } | Node::Track { inner, .. } => {
                self.node(*inner, depth + 1);
            }
            Node::FurnitureText { text, .. } | Node::PageFurniture { text, .. } | Node::CommentSection { text, .. } => self.aside(&text),
            Node::PictureChildren(children) => children.into_iter().for_each(|child| self.node(child, depth + 1)),
            Node::PageBreak | Node::PageInfo { .. } => {
                self.flush();
                self.is_hidden = false;
            }
            _ => {
                self.shown();
                self.run.push(node);
            }
        }
    }

    /// What is hidden, without being marked once more.
    fn nested(&mut self, node: Node, depth: usize) {
        let is_hidden = self.is_hidden;
        self.is_hidden = false;
        self.node(node, depth + 1);
        self.flush();
        self.is_hidden = is_hidden;
    }

    fn group(&mut self, label: &str, name: Option<&str>, layer: Option<ContentLayer>, children: Vec<Node>, depth: usize) {
        let is_sheet = label == "sheet" || name.is_some_and(|name| name.starts_with("sheet: "));
        let name = name.map(|name| name.strip_prefix("sheet: ").unwrap_or(name));
        let hidden = layer == Some(ContentLayer::Invisible);
        if matches!(layer, Some(ContentLayer::Furniture | ContentLayer::Notes)) {
            let text = self.plain(children);
            self.aside(&text);
            return;
        }
        self.flush();
        let before = self.written.body.len();
        match name.filter(|_| is_sheet) {
            Some(name) => self.line(&format!(
                "# {}{}",
                name.split_whitespace().collect::<Vec<_>>().join(" "),
                if hidden { " (hidden sheet)" } else { "" }
            )),
            None if hidden => self.line(HIDDEN),
            None => {}
        }
        let head = self.written.body.len();
        for child in children {
            self.node(child, depth + 1);
        }
        if is_sheet || hidden {
            self.flush();
            // A head with nothing below it is no text.
            if self.written.body.len() == head {
                self.written.body.truncate(before);
            }
        }
    }

    /// What comes now is shown.
    fn shown(&mut self) {
        if self.is_hidden {
            self.flush();
            self.is_hidden = false;
            self.line(SHOWN);
        }
    }

    fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        let text = self.plain(run);
        if !text.trim().is_empty() {
            self.written.body.push_str(text.trim_end());
            self.written.body.push_str("\n\n");
        }
    }

    fn line(&mut self, line: &str) {
        self.flush();
        self.written.body.push_str(line);
        self.written.body.push_str("\n\n");
    }

    fn aside(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.written.aside.push_str(text);
            self.written.aside.push('\n');
        }
    }

    /// Content as the library writes it without marks.
    fn plain(&mut self, nodes: Vec<Node>) -> String {
        self.document.nodes = nodes;
        let text = self.document.export_to_text();
        self.document.nodes.clear();
        text
    }
}

const HIDDEN: &str = "(hidden)";
const SHOWN: &str = "(shown)";

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Node {
        Node::Paragraph { text: text.to_owned() }
    }

    fn hidden(node: Node) -> Node {
        Node::Furniture { layer: ContentLayer::Invisible, inner: Box::new(node) }
    }

    fn sheet(name: &str, layer: Option<ContentLayer>, text: &str) -> Node {
        Node::Group { label: "sheet".to_owned(), name: Some(name.to_owned()), layer, children: vec![words(text)] }
    }

    fn written(nodes: Vec<Node>) -> Written {
        let mut document = DoclingDocument::new("x");
        document.nodes = nodes;
        write(document)
    }

    #[test]
    fn headings_stay_headings_and_what_is_beside_the_body_comes_last() {
        let beside = Node::Furniture { layer: ContentLayer::Notes, inner: Box::new(words("Ann: is this right?")) };
        let written = written(vec![
            beside,
            Node::FurnitureText { label: "page_header".to_owned(), text: "Acme Legal".to_owned() },
            Node::Heading { level: 2, text: "Rent &\n**term**".to_owned() },
            words("It ends in June."),
        ]);
        assert_eq!(written.body.trim(), "## Rent & term\n\nIt ends in June.");
        assert_eq!(written.aside, "Ann: is this right?\nAcme Legal\n");
    }

    #[test]
    fn hidden_sheets_and_slides_are_there_and_marked() {
        let of_sheets = written(vec![sheet("Revenue", None, "12"), sheet("Margins", Some(ContentLayer::Invisible), "34")]);
        assert_eq!(of_sheets.body.trim(), "# Revenue\n\n12\n\n# Margins (hidden sheet)\n\n34");
        let empty = Node::Group { label: "sheet".to_owned(), name: Some("Sheet1".to_owned()), layer: None, children: Vec::new() };
        assert_eq!(written(vec![empty]).body, "");
        let of_slides =
            written(vec![words("one"), Node::PageBreak, hidden(words("two")), hidden(words("three")), Node::PageBreak, words("four")]);
        assert_eq!(of_slides.body.trim(), "one\n\n(hidden)\n\ntwo\n\nthree\n\nfour");
        let within = written(vec![words("one"), hidden(words("two")), words("three")]);
        assert_eq!(within.body.trim(), "one\n\n(hidden)\n\ntwo\n\n(shown)\n\nthree");
    }
}
