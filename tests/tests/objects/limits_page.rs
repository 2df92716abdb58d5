//! docs/LIMITS.md is correct: the tests compare each value with the limit, option or constant that its row names.

use landline_common::limits::TABLE;
use landline_server::config::Config;
use landline_server::guard::capacity::CLIENTS_PER_ADDRESS;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use syn::{BinOp, Expr, Item, Lit};

/// A number without a unit of time, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Number(u64),
    Time(Duration),
}

/// A row of the page with a value.
struct Row {
    limit: String,
    value: String,
    name: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Reads the rows of all tables with five columns.
fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(repository().join("docs/LIMITS.md")).expect("docs/LIMITS.md");
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [limit, value, _, _, name] = cells[..] else { continue };
        if limit != "limit" {
            rows.push(Row { limit: limit.to_owned(), value: value.to_owned(), name: name.to_owned() });
        }
    }
    rows
}

/// Reads a value as the page writes it: `8,192 bytes`, `64 KiB`, `300 ms`, `5 min`, `128`.
fn parse_value(text: &str) -> Option<Value> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.replace(',', "").parse().ok()?;
    match unit {
        "" | "bytes" => Some(Value::Number(number)),
        "KiB" => Some(Value::Number(number << 10)),
        "MiB" => Some(Value::Number(number << 20)),
        "GiB" => Some(Value::Number(number << 30)),
        "ms" => Some(Value::Time(Duration::from_millis(number))),
        "s" => Some(Value::Time(Duration::from_secs(number))),
        "min" => Some(Value::Time(Duration::from_secs(60 * number))),
        _ => None,
    }
}

/// Returns the default of a limit of `common/src/limits.rs`.
fn value_of_limit(name: &str) -> Option<Value> {
    let (name, default, _) = TABLE.iter().find(|(limit, _, _)| limit.replace('_', "-") == name)?;
    Some(if name.ends_with("_ms") {
        Value::Time(Duration::from_millis(*default))
    } else if name.ends_with("_seconds") {
        Value::Time(Duration::from_secs(*default))
    } else {
        Value::Number(*default)
    })
}

/// Returns the defaults of an option of `landline-server`. A rate has two.
fn values_of_option(name: &str) -> Vec<Value> {
    let config = Config::default();
    match name {
        "--rate" => {
            let (lines, per) = config.rate.expect("a rate limit by default");
            vec![Value::Number(lines.into()), Value::Time(per)]
        }
        "--timeout" => vec![Value::Time(config.timeout)],
        "--block-duration" => vec![Value::Time(config.block_duration)],
        "--max-clients" => vec![Value::Number(config.max_clients as u64)],
        "--max-clients-per-ip" => vec![Value::Number(CLIENTS_PER_ADDRESS as u64)],
        _ => Vec::new(),
    }
}

/// Computes a constant expression out of numbers, durations and other constants of its file.
fn evaluate(expression: &Expr, constants: &HashMap<String, Expr>) -> Option<Value> {
    let number = |expression: &Expr| match evaluate(expression, constants)? {
        Value::Number(number) => Some(number),
        Value::Time(_) => None,
    };
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok().map(Value::Number),
            _ => None,
        },
        Expr::Paren(inner) => evaluate(&inner.expr, constants),
        Expr::Path(path) => evaluate(constants.get(&path.path.get_ident()?.to_string())?, constants),
        Expr::Binary(binary) => {
            let left = number(&binary.left)?;
            let right = number(&binary.right)?;
            match binary.op {
                BinOp::Add(_) => Some(Value::Number(left + right)),
                BinOp::Sub(_) => Some(Value::Number(left - right)),
                BinOp::Mul(_) => Some(Value::Number(left * right)),
                BinOp::Div(_) => Some(Value::Number(left / right)),
                BinOp::Shl(_) => Some(Value::Number(left << right)),
                _ => None,
            }
        }
        Expr::Call(call) => {
            let Expr::Path(function) = &*call.func else { return None };
            let argument = number(call.args.first()?)?;
            match function.path.segments.last()?.ident.to_string().as_str() {
                "from_secs" => Some(Value::Time(Duration::from_secs(argument))),
                "from_millis" => Some(Value::Time(Duration::from_millis(argument))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns the value of a constant in a source file. One whose name ends with `_MS` is a time.
fn value_of_constant(file: &str, name: &str) -> Option<Value> {
    let source = std::fs::read_to_string(repository().join(file)).ok()?;
    let mut constants = HashMap::new();
    for item in syn::parse_file(&source).expect(file).items {
        if let Item::Const(constant) = item {
            constants.insert(constant.ident.to_string(), *constant.expr);
        }
    }
    match evaluate(constants.get(name)?, &constants)? {
        Value::Number(number) if name.ends_with("_MS") => Some(Value::Time(Duration::from_millis(number))),
        value => Some(value),
    }
}

/// Returns the values that a cell of the last column names: `` `line-bytes` ``, `` `--rate` `` or
/// `` `server/src/logging.rs` `FILE_BYTES` ``. Empty if the code has no such name.
fn values_of(name: &str) -> Vec<Value> {
    let parts: Vec<&str> = name.split('`').filter(|part| !part.trim().is_empty()).collect();
    match parts[..] {
        [option] if option.starts_with("--") => values_of_option(option),
        [limit] => value_of_limit(limit).into_iter().collect(),
        [file, constant] => value_of_constant(file, constant).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_value_of_the_limits_page_is_that_of_the_code() {
    let rows = rows();
    assert!(rows.len() > 100, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for Row { limit, value, name } in &rows {
        let expected = values_of(name);
        if !parse_value(value).is_some_and(|value| expected.contains(&value)) {
            wrong.push(format!("{limit}: {value}, but {name} is {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "docs/LIMITS.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_limits_page_lists_every_limit_of_a_server() {
    let rows = rows();
    for (limit, _, _) in TABLE {
        let name = format!("`{}`", limit.replace('_', "-"));
        assert!(rows.iter().any(|row| row.name == name), "docs/LIMITS.md lacks {name}");
    }
}
