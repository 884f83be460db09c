//! The layers of siblings: what is in a layer depends on nothing but what is in those before.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ChildPath;

/// A sibling, and what it and those below it depend on.
pub(crate) struct Sibling<'a> {
    pub(crate) id: &'a str,
    /// What it depends on itself.
    pub(crate) own: Vec<&'a ChildPath>,
    /// What those below it depend on.
    pub(crate) below: Vec<&'a ChildPath>,
}

/// The layer of each of the children of `supervisor`, from 0.
///
/// A dependency on what is below a sibling is one on that sibling. What those below depend on
/// counts as well, but where that leads into a circle (two supervisors whose children depend on
/// one another crosswise) only the siblings' own dependencies do, which never go round.
pub(crate) fn layers(supervisor: &ChildPath, siblings: &[Sibling<'_>]) -> Vec<usize> {
    let index: BTreeMap<_, _> = siblings.iter().enumerate().map(|(n, s)| (s.id, n)).collect();
    let sibling = |path: &ChildPath| {
        let rest = path.as_str().strip_prefix(supervisor.as_str())?.strip_prefix('/')?;
        index.get(rest.split('/').next()?).copied()
    };
    let mut edges = Edges::of(siblings.len());
    for (n, Sibling { own, below, .. }) in siblings.iter().enumerate() {
        let own: BTreeSet<_> = own.iter().filter_map(|path| sibling(path)).collect();
        let below: BTreeSet<_> = below.iter().filter_map(|path| sibling(path)).collect();
        for &on in own.iter().filter(|&&on| on != n) {
            edges.add(on, n, true);
        }
        for &on in below.difference(&own).filter(|&&on| on != n) {
            edges.add(on, n, false);
        }
    }
    edges.layers()
}

struct Edges {
    /// Who depends on each, and whether by itself.
    dependants: Vec<Vec<(usize, bool)>>,
    /// How many of those that each depends on have no layer yet.
    open: Vec<usize>,
}

impl Edges {
    fn of(siblings: usize) -> Self {
        Self { dependants: vec![Vec::new(); siblings], open: vec![0; siblings] }
    }

    fn add(&mut self, on: usize, dependant: usize, is_own: bool) {
        self.dependants[on].push((dependant, is_own));
        self.open[dependant] += 1;
    }

    fn layers(mut self) -> Vec<usize> {
        let mut layers = vec![0; self.open.len()];
        let mut is_done = vec![false; self.open.len()];
        let mut free: Vec<_> = (0..self.open.len()).filter(|&n| self.open[n] == 0).collect();
        for only_own in [false, true] {
            if only_own {
                for n in (0..self.open.len()).filter(|&n| !is_done[n]) {
                    for &(dependant, _) in self.dependants[n].iter().filter(|(_, is_own)| !is_own) {
                        self.open[dependant] -= 1;
                        if self.open[dependant] == 0 {
                            free.push(dependant);
                        }
                    }
                }
            }
            while let Some(n) = free.pop() {
                is_done[n] = true;
                for &(dependant, is_own) in &self.dependants[n] {
                    if only_own && !is_own {
                        continue;
                    }
                    layers[dependant] = layers[dependant].max(layers[n] + 1);
                    self.open[dependant] -= 1;
                    if self.open[dependant] == 0 {
                        free.push(dependant);
                    }
                }
            }
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(siblings: &[(&'static str, &[&str], &[&str])]) -> Vec<usize> {
        let paths = |names: &[&str]| -> Vec<ChildPath> {
            names.iter().map(|name| ChildPath::parse(&format!("/root/s/{name}")).unwrap()).collect()
        };
        let all: Vec<_> =
            siblings.iter().map(|(id, own, below)| (*id, paths(own), paths(below))).collect();
        let siblings: Vec<_> = all
            .iter()
            .map(|(id, own, below)| Sibling {
                id,
                own: own.iter().collect(),
                below: below.iter().collect(),
            })
            .collect();
        layers(&ChildPath::parse("/root/s").unwrap(), &siblings)
    }

    #[test]
    fn a_sibling_comes_after_the_last_of_what_it_depends_on() {
        let tree = of(&[
            ("a", &[], &[]),
            ("b", &["a"], &[]),
            ("c", &["a", "b/x"], &[]),
            ("d", &[], &["c"]),
            ("e", &[], &["e/x"]),
        ]);
        assert_eq!(tree, [0, 1, 2, 3, 0]);
    }

    #[test]
    fn what_goes_round_below_the_siblings_does_not_count() {
        let tree = of(&[("q", &[], &["z"]), ("z", &["q/w"], &[]), ("y", &["z"], &["q"])]);
        assert_eq!(tree, [0, 1, 2]);
        let crosswise = of(&[("a", &[], &["b/x"]), ("b", &[], &["a/y"]), ("c", &["a"], &[])]);
        assert_eq!(crosswise, [0, 0, 1]);
    }
}
