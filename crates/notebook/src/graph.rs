//! Which cell comes before which.

use std::collections::{BTreeSet, VecDeque};

/// Nodes so that each comes after those that it reads, else by number. Nodes in a circle, and those that read them,
/// are left out. `reads[i]` are the nodes that node `i` reads.
pub(crate) fn order(reads: &[Vec<usize>]) -> Vec<usize> {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); reads.len()];
    let mut waiting: Vec<usize> = reads.iter().map(Vec::len).collect();
    for (node, inputs) in reads.iter().enumerate() {
        for &input in inputs {
            readers[input].push(node);
        }
    }
    let mut ready: BTreeSet<usize> = (0..reads.len()).filter(|&node| waiting[node] == 0).collect();
    let mut order = Vec::with_capacity(reads.len());
    while let Some(node) = ready.pop_first() {
        order.push(node);
        for &reader in &readers[node] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    order
}

/// The shortest way from a node over what it reads back to itself, without the node at its end; `None` where there is
/// no such way.
pub(crate) fn circle(reads: &[Vec<usize>], node: usize) -> Option<Vec<usize>> {
    let mut reached_from: Vec<Option<usize>> = vec![None; reads.len()];
    let mut queue = VecDeque::from([node]);
    while let Some(current) = queue.pop_front() {
        for &input in &reads[current] {
            if input == node {
                let mut way = vec![current];
                while let Some(&first) = way.last().filter(|&&first| first != node) {
                    way.push(reached_from[first].unwrap_or(node));
                }
                way.reverse();
                return Some(way);
            }
            if reached_from[input].is_none() {
                reached_from[input] = Some(current);
                queue.push_back(input);
            }
        }
    }
    None
}

/// All nodes that read a node, directly or through others, by number.
pub(crate) fn downstream(reads: &[Vec<usize>], node: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut queue = vec![node];
    while let Some(current) = queue.pop() {
        for (reader, inputs) in reads.iter().enumerate() {
            if inputs.contains(&current) && reader != node && found.insert(reader) {
                queue.push(reader);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_by_number_where_nothing_else_says() {
        assert_eq!(order(&[vec![2], vec![], vec![], vec![0, 1]]), [1, 2, 0, 3]);
        assert_eq!(
            order(&[vec![1], vec![0], vec![], vec![1]]),
            [2],
            "a circle and its reader are left out"
        );
    }

    #[test]
    fn circles_are_found_from_each_of_their_nodes_only() {
        let reads = [vec![1, 3], vec![2], vec![0], vec![0], vec![0]];
        assert_eq!(circle(&reads, 0), Some(vec![0, 3]));
        assert_eq!(circle(&reads, 1), Some(vec![1, 2, 0]));
        assert_eq!(circle(&reads, 4), None);
        assert_eq!(circle(&[vec![0]], 0), Some(vec![0]));
        assert_eq!(downstream(&reads, 2), BTreeSet::from([0, 1, 3, 4]));
    }
}
