//! Prints results as a table or as JSON.

use landline_tests::bench::{Cell, CellKind, Figures, Histogram, Load};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Results of a cell.
#[derive(Debug)]
pub struct Measured {
    /// The cell as run, with its real number of clients.
    pub cell: Cell,
    /// Figures of the cell.
    pub figures: Figures,
    /// Figures without the client that never reads, if the cell has one.
    pub calm: Option<Figures>,
    /// Remark for the reader.
    pub note: Option<String>,
}

/// Prints the results of one cell after another.
#[derive(Debug)]
pub struct Printer {
    json: bool,
    text_bytes: usize,
    has_heading: bool,
}

const HEAD: [&str; 8] =
    ["cell", "deliveries/s", "CPU us", "load us", "MB/s", "one p50/p99 us", "all p50/p99 us", "wrong"];
const WIDTHS: [usize; 8] = [16, 12, 7, 7, 7, 15, 15, 6];

impl Measured {
    /// Returns whether there were no errors.
    pub fn is_exact(&self) -> bool {
        self.figures.verdict.is_exact() && self.calm.as_ref().is_none_or(|calm| calm.verdict.is_exact())
    }

    /// Formats the error counts.
    fn wrong(&self) -> String {
        let runs = [Some(&self.figures), self.calm.as_ref()].into_iter().flatten();
        let counts = runs.flat_map(|figures| figures.verdict.counts()).filter(|(_, count)| *count > 0);
        let words: Vec<String> = counts.map(|(name, count)| format!("{count} {name}")).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }

    fn cells(&self) -> [String; 8] {
        let f = &self.figures;
        let known = |value: Option<f64>, digits: usize| value.map_or("n/a".to_owned(), |v| format!("{v:.digits$}"));
        let talks = matches!(self.cell.kind, CellKind::Talk { .. });
        let has_fixed_rate = matches!(self.cell.kind, CellKind::Talk { load: Load::PerSecond(_), .. });
        let rate = if has_fixed_rate || f.deliveries == 0 { "-".into() } else { known(Some(per_second(f)), 0) };
        let busy = |text: String| if f.deliveries == 0 { "-".to_owned() } else { text };
        let times = |histogram| if talks { times(histogram) } else { "-".to_owned() };
        [
            self.cell.label(),
            rate,
            busy(known(micros_each(f.server.map(|s| s.cpu), f), 2)),
            busy(known(micros_each(f.load_cpu, f), 2)),
            busy(known(Some(f.bytes as f64 / 1e6 / seconds(f.time)), 1)),
            times(&f.one),
            times(&f.all),
            self.wrong(),
        ]
    }

    /// Returns further lines for a cell, which do not fit into the columns.
    fn remarks(&self) -> Vec<String> {
        let f = &self.figures;
        let mut remarks: Vec<String> = self.note.iter().cloned().collect();
        if !matches!(self.cell.kind, CellKind::Talk { .. }) {
            let (all_in, all_heard) = (f.all_in.as_secs_f64(), f.all_heard.as_secs_f64());
            remarks.push(format!("all signed in after {all_in:.2} s, all notices received after {all_heard:.2} s"));
        }
        if let (CellKind::Idle, Some(each), Some(server)) = (self.cell.kind, kib_each(self), f.server) {
            let idle = server.cpu.as_secs_f64() * 100.0 / seconds(f.time);
            remarks.push(format!("{each:.1} KiB per client, {idle:.1} % of a core while idle"));
        }
        if let (Some(cut), Some(calm)) = (f.cut, &self.calm) {
            let end = if cut { "disconnected" } else { "still connected at the end" };
            remarks.push(format!("the client that never reads was {end}"));
            remarks.push(format!("without it: one {}, all {}", times(&calm.one), times(&calm.all)));
        }
        remarks
    }

    fn json(&self, text_bytes: usize) -> Value {
        let f = &self.figures;
        let mut object = json!({
            "cell": self.cell.label(), "rooms": self.cell.rooms, "members": self.cell.members, "text_bytes": text_bytes,
            "seconds": f.time.as_secs_f64(), "lines": f.lines, "deliveries": f.deliveries,
            "deliveries_per_s": per_second(f), "bytes_per_s": f.bytes as f64 / seconds(f.time),
            "server_cpu_us_per_delivery": micros_each(f.server.map(|s| s.cpu), f),
            "load_cpu_us_per_delivery": micros_each(f.load_cpu, f),
            "server_cpu_us_per_s": f.server.map(|s| s.cpu.as_secs_f64() * 1e6 / seconds(f.time)),
            "one": json_times(&f.one), "all": json_times(&f.all),
            "all_in_s": f.all_in.as_secs_f64(), "all_heard_s": f.all_heard.as_secs_f64(),
            "resident_before_kib": f.server.map(|s| s.resident_before_kib),
            "resident_kib": f.server.map(|s| s.resident_kib), "resident_kib_per_client": kib_each(self),
            "exact": self.is_exact(), "verdict": verdict(f),
        });
        if let (Some(calm), Some(object)) = (&self.calm, object.as_object_mut()) {
            let without =
                json!({ "one": json_times(&calm.one), "all": json_times(&calm.all), "verdict": verdict(calm) });
            object.insert("without_stalled".into(), without);
            object.insert("stalled_was_cut_off".into(), f.cut.into());
        }
        if let (Some(note), Some(object)) = (&self.note, object.as_object_mut()) {
            object.insert("note".into(), note.as_str().into());
        }
        object
    }
}

impl Printer {
    /// Creates a printer. The heading of the table is printed with the first cell.
    pub fn new(json: bool, text_bytes: usize) -> Printer {
        Printer { json, text_bytes, has_heading: false }
    }

    /// Prints the results of a cell.
    pub fn figures(&mut self, measured: &Measured) {
        if self.json {
            println!("{}", measured.json(self.text_bytes));
            return;
        }
        self.print_heading_once();
        println!("{}", row(&measured.cells()));
        for remark in measured.remarks() {
            println!("{:>18}{remark}", "");
        }
    }

    /// Prints the error of a cell that has no results.
    pub fn failure(&mut self, cell: &Cell, error: &anyhow::Error) {
        if self.json {
            println!("{}", json!({ "cell": cell.label(), "exact": false, "error": format!("{error:#}") }));
            return;
        }
        self.print_heading_once();
        println!("{:<16}  {error:#}", cell.label());
    }

    fn print_heading_once(&mut self) {
        if !std::mem::replace(&mut self.has_heading, true) {
            println!("{}", row(&HEAD.map(str::to_owned)));
        }
    }
}

fn row(cells: &[String; 8]) -> String {
    let padded = cells.iter().zip(WIDTHS).enumerate().map(|(at, (text, width))| {
        if at == 0 || at + 1 == WIDTHS.len() { format!("{text:<width$}") } else { format!("{text:>width$}") }
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// Returns seconds for a division, never 0.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().max(1e-9)
}

fn per_second(figures: &Figures) -> f64 {
    figures.deliveries as f64 / seconds(figures.time)
}

/// Returns the CPU time per delivery, in microseconds; `None` if it is unknown or nothing was delivered.
pub fn micros_each(cpu: Option<Duration>, figures: &Figures) -> Option<f64> {
    (figures.deliveries > 0).then_some(cpu?.as_secs_f64() * 1e6 / figures.deliveries as f64)
}

fn kib_each(measured: &Measured) -> Option<f64> {
    let server = measured.figures.server?;
    let more = server.resident_kib.saturating_sub(server.resident_before_kib);
    Some(more as f64 / measured.cell.people() as f64)
}

fn micros(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_nanos() as f64 / 1e3)
}

fn times(histogram: &Histogram) -> String {
    let time = |percent| micros(histogram.percentile(percent)).map_or("-".to_owned(), |us| format!("{us:.0}"));
    format!("{}/{}", time(50), time(99))
}

fn json_times(histogram: &Histogram) -> Value {
    json!({ "p50_us": micros(histogram.percentile(50)), "p99_us": micros(histogram.percentile(99)) })
}

fn verdict(figures: &Figures) -> Value {
    let counts = figures.verdict.counts().into_iter().map(|(name, count)| (name.to_owned(), count.into()));
    counts.collect::<Map<String, Value>>().into()
}
