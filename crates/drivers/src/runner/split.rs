//! Which addresses of a block the device refuses: halving, isolation, rejoining. Pure.
//!
//! A device refuses a whole request for one address it does not have. The request's points are then a family
//! that is cut in halves until the refused points stand alone; the rest is joined again into the fewest
//! requests around them. Some cuts are needed although nobody is refused alone (an unmapped register in a gap
//! between two good ones, a device that takes fewer registers than the protocol allows): a block refused again after
//! joining is cut for good.

use std::collections::BTreeSet;

/// The points that one request fetched when the device was planned, in the order of that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Family {
    members: Vec<Member>,
    /// Ranks before which a request must end.
    cuts: BTreeSet<usize>,
    /// Requests sent off after a change that have not been answered yet.
    open: usize,
    /// Whether joining again may save requests.
    loose: bool,
    /// Whether what is asked now is the attempt to join.
    joined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    point: u32,
    isolated: bool,
}

/// What to do with a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// Ask for each half.
    Halves(Vec<u32>, Vec<u32>),
    /// This point is the one; keep it out of requests and probe it alone.
    Alone(u32),
}

impl Family {
    pub(super) fn new(points: &[u32]) -> Family {
        let members = points.iter().map(|&point| Member { point, isolated: false }).collect();
        Family { members, cuts: BTreeSet::new(), open: 0, loose: false, joined: false }
    }

    /// A request for `points` was refused. The halves are asked next: tell how many requests they became
    /// with [`Family::opened`].
    pub(super) fn refused(&mut self, points: &[u32]) -> Refused {
        let mut ranks: Vec<usize> = points.iter().filter_map(|point| self.rank(*point)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let middle = ranks.len() / 2;
        match ranks.as_slice() {
            [] => Refused::Halves(Vec::new(), Vec::new()),
            [alone] => {
                self.members[*alone].isolated = true;
                self.loose = true;
                Refused::Alone(self.members[*alone].point)
            }
            ranks => {
                if self.joined {
                    self.cuts.insert(ranks[middle]);
                } else {
                    self.loose = true;
                }
                let points =
                    |ranks: &[usize]| ranks.iter().map(|r| self.members[*r].point).collect();
                Refused::Halves(points(&ranks[..middle]), points(&ranks[middle..]))
            }
        }
    }

    /// The device took an isolated point: it may join its neighbours again.
    pub(super) fn release(&mut self, point: u32) {
        if let Some(rank) = self.rank(point)
            && self.members[rank].isolated
        {
            self.members[rank].isolated = false;
            self.loose = true;
        }
    }

    /// This many new requests of the family are on their way.
    pub(super) fn opened(&mut self, requests: usize) {
        self.open += requests;
    }

    /// One of the new requests was answered, with values or a refusal.
    pub(super) fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// When everything new has been answered and joining may save requests: the runs of points to plan anew, in
    /// place of all requests of the family.
    pub(super) fn join(&mut self) -> Option<Vec<Vec<u32>>> {
        if self.open > 0 {
            return None;
        }
        self.joined = std::mem::take(&mut self.loose);
        self.joined.then(|| self.runs())
    }

    fn runs(&self) -> Vec<Vec<u32>> {
        let mut runs = vec![Vec::new()];
        for (rank, member) in self.members.iter().enumerate() {
            if member.isolated || self.cuts.contains(&rank) {
                runs.push(Vec::new());
            }
            if !member.isolated
                && let Some(run) = runs.last_mut()
            {
                run.push(member.point);
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn rank(&self, point: u32) -> Option<usize> {
        self.members.iter().position(|member| member.point == point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Asks for all of `0..count` until nothing changes; a request is refused when `refuses` says so. Returns
    /// the requests at the end, the isolated points, and how many requests it took.
    fn settle(count: u32, refuses: impl Fn(&[u32]) -> bool) -> (Vec<Vec<u32>>, Vec<u32>, usize) {
        let all: Vec<u32> = (0..count).collect();
        let mut family = Family::new(&all);
        let (mut ask, mut good, mut alone, mut asked) = (vec![all], Vec::new(), Vec::new(), 0);
        family.opened(1);
        loop {
            while let Some(points) = ask.pop() {
                asked += 1;
                family.closed();
                if !refuses(&points) {
                    good.push(points);
                    continue;
                }
                match family.refused(&points) {
                    Refused::Alone(point) => alone.push(point),
                    Refused::Halves(a, b) => {
                        family.opened(2);
                        ask.extend([a, b]);
                    }
                }
            }
            match family.join() {
                Some(runs) => {
                    good.clear();
                    family.opened(runs.len());
                    ask = runs;
                }
                None => break,
            }
        }
        good.sort();
        alone.sort_unstable();
        (good, alone, asked)
    }

    #[test]
    fn one_illegal_address_among_a_hundred_is_found_by_halving_and_costs_one_more_request_for_good()
    {
        let (requests, alone, asked) = settle(100, |points| points.contains(&50));
        assert_eq!(alone, [50]);
        assert_eq!(requests, [(0..50).collect::<Vec<_>>(), (51..100).collect()]);
        assert!(asked <= 1 + 2 * 7 + 2, "{asked} requests"); // log2(100) rounds of two, then the two joined
    }

    #[test]
    fn a_hole_between_two_good_addresses_cuts_but_isolates_nobody() {
        let (requests, alone, _) = settle(8, |points| points.contains(&3) && points.contains(&4));
        assert_eq!((requests.len(), alone), (2, vec![]));
        assert_eq!(requests, [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    }

    #[test]
    fn a_released_point_joins_its_neighbours_again() {
        let mut family = Family::new(&[7, 8, 9]);
        assert_eq!(family.refused(&[7, 8, 9]), Refused::Halves(vec![7], vec![8, 9]));
        assert_eq!(family.refused(&[8, 9]), Refused::Halves(vec![8], vec![9]));
        assert_eq!(family.refused(&[8]), Refused::Alone(8));
        assert_eq!(family.join(), Some(vec![vec![7], vec![9]]));
        assert_eq!(family.join(), None);
        family.release(8);
        assert_eq!(family.join(), Some(vec![vec![7, 8, 9]]));
    }

    proptest! {
        #[test]
        fn exactly_the_illegal_addresses_end_alone_and_all_others_are_read(
            count in 1_u32..200, illegal in proptest::collection::btree_set(0_u32..200, 0..8), size_max in 1_usize..100,
        ) {
            let refuses = |points: &[u32]| {
                points.len() > size_max || points.iter().any(|point| illegal.contains(point))
            };
            let (requests, alone, asked) = settle(count, refuses);
            let expected: Vec<u32> = illegal.iter().copied().filter(|point| *point < count).collect();
            prop_assert_eq!(&alone, &expected);
            let mut read: Vec<u32> = requests.into_iter().flatten().collect();
            read.sort_unstable();
            let others: Vec<u32> = (0..count).filter(|point| !illegal.contains(point)).collect();
            prop_assert_eq!(read, others);
            prop_assert!(asked < 12 * count as usize + 20, "{} requests for {}", asked, count);
        }
    }
}
