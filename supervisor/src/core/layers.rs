//! How a parallel supervisor stops its children: layer by layer, all of a layer at once.

use super::engine::Engine;
use super::key::NodeKey;
use super::nodes::Node;
use super::state::{After, State};
use super::supervisor::{Layers, Step};
use crate::id::ChildPath;
use crate::spec::layers::{Sibling, layers};

impl Engine {
    /// The children of a supervisor, or those from `first` on, as they are to be stopped.
    pub(super) fn layers(&self, key: NodeKey, first: Option<NodeKey>) -> Layers {
        let is_member = |child| first.is_none_or(|first| self.is_member(child, first));
        let children = self.children(key);
        let depends = |&child: &NodeKey| {
            let node = self.nodes.get(child);
            node.is_some_and(|node| node.supervisor().is_some() || !node.dependencies().is_empty())
        };
        if !children.iter().any(depends) {
            // Most know nothing of one another: it is a single layer.
            let mut layer = children;
            layer.retain(|&child| is_member(child));
            layer.reverse();
            return Layers { rest: vec![layer], stopping: Vec::new() };
        }
        let ids: Vec<_> = children.iter().map(|&child| self.path_of(child).id()).collect();
        let below: Vec<_> = children.iter().map(|&child| self.needed_below(child)).collect();
        let siblings: Vec<_> = children
            .iter()
            .zip(&ids)
            .zip(below)
            .map(|((&child, id), below)| {
                let node = self.nodes.get(child);
                let own = node.map(|node| node.dependencies().iter().collect());
                Sibling { id: id.as_str(), own: own.unwrap_or_default(), below }
            })
            .collect();
        let layer_of = layers(&self.path_of(key), &siblings);
        let mut rest = Vec::new();
        let members = children.iter().zip(layer_of).rev();
        for (&child, layer) in members.filter(|&(&child, _)| is_member(child)) {
            let layer = if cfg!(plant_bug = "layers_ignored") { 0 } else { layer };
            if rest.len() <= layer {
                rest.resize_with(layer + 1, Vec::new);
            }
            rest[layer].push(child);
        }
        Layers { rest, stopping: Vec::new() }
    }

    /// What those below a node depend on.
    fn needed_below(&self, key: NodeKey) -> Vec<&ChildPath> {
        let mut needed = Vec::new();
        let mut below = self.children(key);
        while let Some(key) = below.pop() {
            needed.extend(self.nodes.get(key).into_iter().flat_map(Node::dependencies));
            below.extend(self.children(key));
        }
        needed
    }

    /// The children of a supervisor that are in their start phase.
    pub(super) fn in_start(&self, key: NodeKey) -> Vec<NodeKey> {
        let mut starting = self.children(key);
        starting.retain(|&child| self.state_of(child).is_some_and(|state| state.is_in_start()));
        starting.reverse();
        starting
    }

    /// Stops the next layer when the one before is gone. Whether all of them are.
    pub(super) fn stop_layers(&mut self, key: NodeKey, after: After) -> bool {
        while let Some(layers) = self.layers_mut(key) {
            if let Some(&last) = layers.stopping.last() {
                if self.is_stopping(last) {
                    return false;
                }
                if let Some(layers) = self.layers_mut(key) {
                    layers.stopping.pop();
                }
                continue;
            }
            let Some(layer) = layers.rest.pop() else { return true };
            for &child in &layer {
                if let Some(State::Up | State::Starting { .. }) = self.state_of(child) {
                    self.stop_node(child, after);
                }
            }
            if let Some(layers) = self.layers_mut(key) {
                layers.stopping = layer;
            }
        }
        false
    }

    fn layers_mut(&mut self, key: NodeKey) -> Option<&mut Layers> {
        match &mut self.supervisor_mut(key)?.step {
            Step::Ending(ending) => ending.layers.as_mut(),
            Step::Round(round) => round.layers.as_mut(),
            Step::None | Step::Starting { .. } => None,
        }
    }
}
