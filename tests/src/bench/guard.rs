//! The performance guard: the maximum cost of a delivery, in bare sends measured on the same machine at the same time.

/// A cell that the guard checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// Name of the cell.
    pub cell: &'static str,
    /// Cost of one delivery to the server, in bare sends, on a quiet machine. On a busy one more lines share a send.
    pub usual: f64,
}

/// The checked cells. Lower the numbers when the server becomes faster, so that it stays fast.
pub const WATCHED: [Watched; 2] = [Watched { cell: "100-serial", usual: 1.1 }, Watched { cell: "100x8", usual: 0.055 }];

/// Maximum cost, as a multiple of the usual one. The noise of a busy machine stays below.
const MAX_FACTOR: f64 = 1.5;

/// Result for one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// CPU time of a bare send, in microseconds.
    pub send: f64,
    /// CPU time of the server for one delivery, in microseconds.
    pub delivery: f64,
    /// Cost of one delivery, in bare sends.
    pub cost: f64,
    /// Maximum cost, in bare sends.
    pub most: f64,
}

impl Judgement {
    /// Returns whether the cost is above the maximum, or unknown.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cost.is_nan() || self.cost > self.most
    }
}

/// Judges a cell by several rounds, each with the CPU time of a bare send and of one delivery.
///
/// Other load on the machine only adds to both, so the minimum of each is the best estimate.
#[must_use]
pub fn judge(watched: &Watched, rounds: &[(f64, f64)]) -> Judgement {
    let min = |times: &mut dyn Iterator<Item = f64>| times.fold(f64::INFINITY, f64::min);
    let send = min(&mut rounds.iter().map(|(send, _)| *send));
    let delivery = min(&mut rounds.iter().map(|(_, delivery)| *delivery));
    Judgement { send, delivery, cost: delivery / send, most: watched.usual * MAX_FACTOR }
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
    fn more_than_half_above_the_usual_cost_is_over() {
        assert!(!judged(&[(4.0, 8.0)]).is_over());
        assert!(!judged(&[(4.0, 12.0)]).is_over());
        assert!(judged(&[(4.0, 12.1)]).is_over());
        assert_eq!(judged(&[(4.0, 8.0)]), Judgement { send: 4.0, delivery: 8.0, cost: 2.0, most: 3.0 });
    }

    #[test]
    fn a_slow_machine_does_not_count_as_a_slow_server() {
        assert!(!judged(&[(40.0, 80.0)]).is_over());
        assert!(judged(&[(0.4, 8.0)]).is_over());
    }

    #[test]
    fn one_quiet_round_of_each_suffices() {
        assert!(!judged(&[(9.0, 30.0), (4.0, 50.0), (7.0, 8.0)]).is_over());
        assert!(judged(&[(9.0, 30.0), (4.0, 50.0), (7.0, 13.0)]).is_over());
    }

    #[test]
    fn without_figures_the_cell_is_over() {
        assert!(judged(&[]).is_over());
        assert!(judged(&[(0.0, 0.0)]).is_over());
    }

    #[test]
    fn each_watched_name_is_a_cell() {
        for watched in WATCHED {
            assert!(CELLS.iter().any(|cell| cell.name == watched.cell), "{}", watched.cell);
        }
    }
}
