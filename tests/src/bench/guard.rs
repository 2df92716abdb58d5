//! The guard against slowing down: what a delivery may cost at most, in bare sends of the same machine at the same time.

/// A cell that is watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// Its name among the cells.
    pub cell: &'static str,
    /// What one delivery costs the server, in bare sends, on a quiet machine: on a busy one more lines share a send.
    pub usual: f64,
}

/// THE table of what is watched. Who makes the server faster lowers the numbers, so that it stays fast.
pub const WATCHED: [Watched; 2] = [Watched { cell: "100-serial", usual: 1.1 }, Watched { cell: "100x8", usual: 0.055 }];

/// So many times the usual cost is too much. What a busy machine adds stays below.
const TOO_MUCH: f64 = 1.5;

/// What was measured of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The CPU time of a bare send, in microseconds.
    pub send: f64,
    /// The server's for one delivery.
    pub delivery: f64,
    /// What one delivery costs, in bare sends.
    pub cost: f64,
    /// What it may cost.
    pub most: f64,
}

impl Judgement {
    /// Whether the server has become slower.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cost.is_nan() || self.cost > self.most
    }
}

/// Judges a cell by several rounds: the CPU time of a bare send in each, and that of one delivery.
///
/// What else runs on the machine only ever adds to either, so the least of each is the nearest to what it is alone.
#[must_use]
pub fn judge(watched: &Watched, rounds: &[(f64, f64)]) -> Judgement {
    let least = |times: &mut dyn Iterator<Item = f64>| times.fold(f64::INFINITY, f64::min);
    let send = least(&mut rounds.iter().map(|(send, _)| *send));
    let delivery = least(&mut rounds.iter().map(|(_, delivery)| *delivery));
    Judgement { send, delivery, cost: delivery / send, most: watched.usual * TOO_MUCH }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::CELLS;

    const CELL: Watched = Watched { cell: "some", usual: 2.0 };

    fn judged(rounds: &[(f64, f64)]) -> Judgement {
        judge(&CELL, rounds)
    }

    #[test]
    fn what_costs_half_as_much_again_is_over() {
        assert!(!judged(&[(4.0, 8.0)]).is_over());
        assert!(!judged(&[(4.0, 12.0)]).is_over());
        assert!(judged(&[(4.0, 12.1)]).is_over());
        assert_eq!(judged(&[(4.0, 8.0)]), Judgement { send: 4.0, delivery: 8.0, cost: 2.0, most: 3.0 });
    }

    #[test]
    fn a_slow_machine_is_no_slow_server() {
        assert!(!judged(&[(40.0, 80.0)]).is_over());
        assert!(judged(&[(0.4, 8.0)]).is_over());
    }

    #[test]
    fn one_calm_round_of_each_is_enough() {
        assert!(!judged(&[(9.0, 30.0), (4.0, 50.0), (7.0, 8.0)]).is_over());
        assert!(judged(&[(9.0, 30.0), (4.0, 50.0), (7.0, 13.0)]).is_over());
    }

    #[test]
    fn without_figures_nothing_is_right() {
        assert!(judged(&[]).is_over());
        assert!(judged(&[(0.0, 0.0)]).is_over());
    }

    #[test]
    fn what_is_watched_is_a_cell() {
        for watched in WATCHED {
            assert!(CELLS.iter().any(|cell| cell.name == watched.cell), "{}", watched.cell);
        }
    }
}
