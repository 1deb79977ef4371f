//! Graphs with less in them.

use std::collections::BTreeSet;

use super::{Edge, Graph, NodeId, NodeKind};

impl Graph {
    /// Returns the graph without the nodes of a kind. Where they led from one node to another, an
    /// edge does now, labelled with the first of them.
    #[must_use]
    pub fn without(&self, kind: NodeKind) -> Self {
        let mut bridges = Vec::new();
        for edge in self.edges.iter().filter(|edge| edge.source.kind != kind) {
            self.follow(kind, edge.clone(), &mut BTreeSet::new(), &mut bridges);
        }
        let mut seen = BTreeSet::new();
        bridges.retain(|edge| seen.insert(edge.clone()));
        Self {
            name: self.name.clone(),
            description: self.description.clone(),
            nodes: self.nodes.iter().filter(|node| node.id.kind != kind).cloned().collect(),
            edges: bridges,
        }
    }

    /// Goes on from an edge until it leads to something that stays.
    fn follow(
        &self,
        kind: NodeKind,
        edge: Edge,
        visited: &mut BTreeSet<NodeId>,
        bridges: &mut Vec<Edge>,
    ) {
        if edge.target.kind != kind {
            bridges.push(edge);
            return;
        }
        if !visited.insert(edge.target.clone()) {
            return;
        }
        let left_out = || self.node(&edge.target).map(|node| node.label.clone());
        let label = edge.label.clone().or_else(left_out);
        for next in self.edges.iter().filter(|next| next.source == edge.target) {
            let bridge = Edge {
                source: edge.source.clone(),
                target: next.target.clone(),
                label: label.clone(),
                kind: edge.kind.max(next.kind),
            };
            self.follow(kind, bridge, visited, bridges);
        }
    }
}
