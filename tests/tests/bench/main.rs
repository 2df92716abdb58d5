//! The load generator itself: it counts exactly, and its errors have advice. No figure is judged here.

mod faulty;

use landline_server::config::TlsMode;
use landline_tests::bench::{
    BenchTarget, CELLS, Cell, CellKind, ClientProtocol, Figures, GROWTH, MessageForm, Options, run,
};
use landline_tests::{DEADLINE, TestServer, eventually};
use std::process::{Command, Output};
use std::time::Duration;

/// Options for a short run.
const SHORT_RUN: Options = Options {
    time: Duration::from_millis(200),
    text_bytes: 64,
    patience: DEADLINE,
    protocol: ClientProtocol { tls: false, form: MessageForm::Text },
};

fn cell(name: &str) -> Cell {
    CELLS.iter().find(|cell| cell.name == name).expect("a cell").clone()
}

fn target(server: &TestServer, tag: &str) -> BenchTarget {
    BenchTarget { address: server.address(), process: Some(std::process::id()), tag: tag.to_owned() }
}

fn expect_exact(cell: &Cell, figures: &Figures) {
    assert!(figures.verdict.is_exact(), "{}: {:?}", cell.name, figures.verdict);
}

#[test]
fn smallest_cell_loses_and_doubles_nothing() {
    let server = TestServer::default();
    let cell = cell("10x8");
    let figures = run(&cell, &target(&server, ""), &SHORT_RUN).unwrap();
    expect_exact(&cell, &figures);
    // Five speakers, each with eight outstanding lines.
    assert!(figures.lines >= 40, "{} lines", figures.lines);
    assert_eq!(figures.deliveries, figures.lines * 9);
    assert!(figures.bytes > figures.deliveries * 64);
    assert!(figures.one.percentile(50).unwrap() <= figures.all.percentile(100).unwrap());
}

#[test]
fn other_loads_are_counted_exactly() {
    let server = TestServer::default();
    for name in ["100-serial", "last-of-100"] {
        let cell = cell(name).of(20);
        let figures = run(&cell, &target(&server, &format!("-{name}")), &SHORT_RUN).unwrap();
        expect_exact(&cell, &figures);
        assert_eq!(figures.deliveries, figures.lines * 19);
    }
}

#[test]
fn clients_of_each_protocol_are_counted_exactly() {
    let server = TestServer::default();
    let cell = cell("10x8");
    for tls in [false, true] {
        for form in [MessageForm::Text, MessageForm::JsonLines, MessageForm::WebSocket] {
            let tag = format!("-{tls}-{form:?}");
            let options = Options { protocol: ClientProtocol { tls, form }, ..SHORT_RUN };
            let figures = run(&cell, &target(&server, &tag), &options).unwrap();
            expect_exact(&cell, &figures);
            assert!(figures.lines >= 40, "{tag}: {} lines", figures.lines);
            assert_eq!(figures.deliveries, figures.lines * 9, "{tag}");
        }
    }
}

#[test]
fn rooms_are_counted_separately() {
    let cell = Cell { members: 5, ..GROWTH.iter().find(|cell| cell.name == "10-rooms-of-10").expect("a cell").clone() };
    let server = TestServer::default();
    let figures = run(&cell, &target(&server, "-rooms"), &SHORT_RUN).unwrap();
    expect_exact(&cell, &figures);
    // Two speakers in each of ten rooms, each with four outstanding lines.
    assert!(figures.lines >= 80, "{} lines", figures.lines);
    assert_eq!(figures.deliveries, figures.lines * 4);
}

#[test]
fn of_each_two_joining_clients_one_sees_the_other() {
    let server = TestServer::default();
    let cell = cell("join-5000").of(40);
    let figures = run(&cell, &target(&server, ""), &SHORT_RUN).unwrap();
    expect_exact(&cell, &figures);
    assert_eq!(figures.deliveries, 40 * 39 / 2);
    assert!(figures.all_in <= figures.all_heard);
}

#[test]
fn client_that_never_reads_is_no_receiver() {
    let server = TestServer::new(|config| config.limits.backlog_bytes = 64 << 10);
    let cell = Cell { members: 20, ..cell("stalled") };
    let mut runs = 0;
    // On a busy machine, a short run may send too few lines to fill the kernel's buffers.
    eventually("the client that never reads is disconnected", || {
        runs += 1;
        let longer = Options { time: Duration::from_secs(1), text_bytes: 1_000, ..SHORT_RUN };
        let figures = run(&cell, &target(&server, &format!("-{runs}")), &longer).unwrap();
        expect_exact(&cell, &figures);
        assert_eq!(figures.deliveries, figures.lines * 19);
        figures.cut.unwrap()
    });
}

#[test]
fn refusal_by_a_guard_is_reported_with_advice() {
    let server = TestServer::new(|config| config.rate = Some((3, Duration::from_secs(60))));
    let error = run(&cell("10x8"), &target(&server, ""), &SHORT_RUN).unwrap_err().to_string();
    assert!(error.contains("Slow down") && error.contains("--rate off"), "{error}");
    let server = TestServer::new(|config| config.password = Some("sesame".into()));
    let error = run(&cell("10x8"), &target(&server, ""), &SHORT_RUN).unwrap_err().to_string();
    assert!(error.contains("does not let u") && error.contains("without a password"), "{error}");
    for form in [MessageForm::JsonLines, MessageForm::WebSocket] {
        let options = Options { protocol: ClientProtocol { tls: false, form }, ..SHORT_RUN };
        let error = run(&cell("10x8"), &target(&server, ""), &options).unwrap_err().to_string();
        assert!(error.contains("does not let u") && error.contains("without a password"), "{error}");
    }
    let server = TestServer::new(|config| config.tls = TlsMode::Off);
    let options = Options { protocol: ClientProtocol { tls: true, form: MessageForm::Text }, ..SHORT_RUN };
    let error = run(&cell("10x8"), &target(&server, ""), &options).unwrap_err().to_string();
    assert!(error.contains("ended the connection"), "{error}");
}

fn program(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_landline-bench")).args(args).output().expect("the program")
}

#[test]
fn program_measures_its_own_server() {
    let output = program(&["--cells", "10x8,idle-10000", "--idle", "20", "--seconds", "0.2", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(rows.len(), 2, "{text}{}", String::from_utf8_lossy(&output.stderr));
    for (row, name) in rows.iter().zip(["10x8", "idle-20"]) {
        assert_eq!((row["cell"].as_str(), row["exact"].as_bool()), (Some(name), Some(true)), "{row}");
    }
    let lines = rows[0]["lines"].as_u64().unwrap();
    let deliveries = rows[0]["deliveries"].as_u64().unwrap();
    assert_eq!(deliveries, lines * 9);
    assert!(output.status.success());
}

#[test]
fn program_prints_a_table_and_fails_when_a_cell_fails() {
    let good = program(&["--cells", "10x8", "--seconds", "0.1"]);
    let table = String::from_utf8(good.stdout).unwrap();
    assert!(table.starts_with("cell ") && table.lines().nth(1).unwrap().ends_with("none"), "{table}");
    assert!(good.status.success());
    let bad = program(&["--cells", "10x8", "--address", "127.0.0.1:1", "--json"]);
    let text = String::from_utf8(bad.stdout).unwrap();
    assert!(text.contains("is it running?") && text.contains(r#""exact":false"#), "{text}");
    assert_eq!(bad.status.code(), Some(1));
}

#[test]
#[cfg(debug_assertions)]
fn debug_build_is_not_judged() {
    let output = program(&["--guard"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--profile bench-guard"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn only_join_and_idle_cells_change_their_label_with_the_size() {
    let sized = CELLS.iter().filter(|cell| cell.of(7).label() != cell.name);
    assert!(sized.clone().all(|cell| matches!(cell.kind, CellKind::Join | CellKind::Idle)));
    assert_eq!(sized.count(), 2);
}
