//! Graphs as Mermaid flowcharts.

use std::fmt::Write;

use stepwell_core::Family;

use super::{Detail, EdgeKind, Graph, Node, NodeId, NodeKind, Role};

impl Graph {
    /// Writes a [Mermaid](https://mermaid.js.org) flowchart.
    ///
    /// Steps are boxes, those that take several events together hexagons, and error handlers
    /// dashed. Events are rounded; circles begin a run and double circles end it; slanted ones
    /// come from outside or go there. Resources are cylinders.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = format!("---\ntitle: {}\n---\nflowchart TD\n", yaml(&self.name));
        for node in &self.nodes {
            let (open, close) = shape(node);
            let class = if is_handler(node) { ":::handler" } else { "" };
            let (id, label) = (self.mermaid_id(&node.id), escape(&node.label));
            line(&mut text, format_args!("{id}{open}\"{label}\"{close}{class}"));
        }
        for edge in &self.edges {
            let arrow = if edge.kind == EdgeKind::Flow { "-->" } else { "-.->" };
            let label = edge.label.as_deref().map(|label| format!("|\"{}\"|", escape(label)));
            let (source, target) = (self.mermaid_id(&edge.source), self.mermaid_id(&edge.target));
            let label = label.unwrap_or_default();
            line(&mut text, format_args!("{source} {arrow}{label} {target}"));
        }
        if self.nodes.iter().any(is_handler) {
            line(&mut text, format_args!("classDef handler stroke-dasharray: 5 5"));
        }
        text
    }

    /// Returns a name that Mermaid takes for nothing else, another one for each node.
    fn mermaid_id(&self, id: &NodeId) -> String {
        match id.kind {
            NodeKind::Step => format!("step_{}", identifier(&id.name)),
            NodeKind::Event => format!("event_{}", identifier(&id.name)),
            NodeKind::External => "outside".to_owned(),
            NodeKind::Resource => {
                let resources = self.nodes.iter().filter(|node| node.id.kind == id.kind);
                let before = resources.take_while(|node| node.id != *id).count();
                format!("resource_{before}")
            }
        }
    }
}

/// Writes a name as an identifier, each name as another one.
pub(super) fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_escape = letter == '_' && letters.peek() == Some(&'Z');
        if (letter.is_ascii_alphanumeric() || letter == '_') && !is_escape {
            identifier.push(letter);
        } else {
            write!(identifier, "_Z{:x}_", u32::from(letter)).expect("a text takes any letters");
        }
    }
    identifier
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "    {line}").expect("a text takes any letters");
}

fn is_handler(node: &Node) -> bool {
    matches!(node.detail, Detail::Step { role: Role::Handler, .. })
}

fn shape(node: &Node) -> (&'static str, &'static str) {
    match &node.detail {
        Detail::Step { role: Role::Join | Role::All, .. } => ("{{", "}}"),
        Detail::Step { .. } => ("[", "]"),
        Detail::Event { event, .. } => match event.family() {
            Family::Plain => ("([", "])"),
            Family::Start => ("((", "))"),
            Family::Stop => ("(((", ")))"),
            Family::Request => ("[/", "/]"),
            Family::Response => ("[\\", "\\]"),
        },
        Detail::External => (">", "]"),
        Detail::Resource { .. } => ("[(", ")]"),
    }
}

/// Writes a text that can stand between quotation marks, where Mermaid knows HTML and Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() || " _-.,:+/'()".contains(letter) {
            escaped.push(letter);
        } else {
            write!(escaped, "#{};", u32::from(letter)).expect("a text takes any letters");
        }
    }
    escaped
}

/// Writes a text as YAML does, of which JSON is a part.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
