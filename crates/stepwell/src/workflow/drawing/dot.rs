//! Graphs in the language of Graphviz.

use std::fmt::Write;

use stepwell_core::Family;

use super::{Detail, EdgeKind, Graph, Node, NodeId, NodeKind, Role};

impl Graph {
    /// Writes a graph for [Graphviz](https://graphviz.org).
    ///
    /// Steps are boxes, those that take several events together hexagons, and error handlers
    /// dashed. Events are round; circles begin a run and double circles end it; slanted ones come
    /// from outside or go there. Resources are cylinders.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut text = format!("digraph {} {{\n", quote(&self.name));
        for node in &self.nodes {
            let (id, label) = (id(&node.id), quote(&node.label));
            let (shape, tooltip) = (shape(node), tooltip(node));
            line(&mut text, format_args!("{id} [label={label}, {shape}{tooltip}];"));
        }
        for edge in &self.edges {
            let mut attributes = Vec::new();
            attributes.extend(edge.label.as_deref().map(|label| format!("label={}", quote(label))));
            attributes.extend((edge.kind != EdgeKind::Flow).then(|| "style=dashed".to_owned()));
            let (source, target) = (id(&edge.source), id(&edge.target));
            let attributes = match &*attributes.join(", ") {
                "" => String::new(),
                attributes => format!(" [{attributes}]"),
            };
            line(&mut text, format_args!("{source} -> {target}{attributes};"));
        }
        text + "}\n"
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "    {line}").expect("a text takes any letters");
}

fn shape(node: &Node) -> &'static str {
    match &node.detail {
        Detail::Step { role, .. } => match role {
            Role::Each => "shape=box",
            Role::Join | Role::All => "shape=hexagon",
            Role::Handler => "shape=box, style=dashed",
        },
        Detail::Event { event, .. } => match event.family() {
            Family::Plain => "shape=ellipse",
            Family::Start => "shape=circle",
            Family::Stop => "shape=doublecircle",
            Family::Request => "shape=polygon, sides=4, skew=0.4",
            Family::Response => "shape=polygon, sides=4, skew=-0.4",
        },
        Detail::External => "shape=house",
        Detail::Resource { .. } => "shape=cylinder",
    }
}

fn tooltip(node: &Node) -> String {
    let text = match &node.detail {
        Detail::Step { description: Some(description), .. } => description.as_str(),
        Detail::Resource { type_name } => type_name,
        _ => return String::new(),
    };
    format!(", tooltip={}", quote(text))
}

fn id(node: &NodeId) -> String {
    match node.kind {
        NodeKind::Step => quote(&format!("step {}", node.name)),
        NodeKind::Event => quote(&format!("event {}", node.name)),
        NodeKind::External => quote("outside"),
        NodeKind::Resource => quote(&format!("resource {}", node.name)),
    }
}

/// Writes a text between quotation marks, so that it is shown as it is.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            // Graphviz knows HTML's names of letters.
            '&' => quoted.push_str("&amp;"),
            '\n' => quoted.push_str("\\n"),
            letter if letter.is_control() => quoted.push(char::REPLACEMENT_CHARACTER),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}
