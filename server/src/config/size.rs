//! Sizes in bytes as operators write and read them: `2G`, `500M`, `off`.

use std::fmt;

/// The units, largest first, each with its power of two.
const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('K', 10)];

/// A number of bytes, displayed in the largest unit that it fills.
#[derive(Clone, Copy, Debug)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.into_iter().find(|(_, bits)| self.0 >> bits > 0) {
            Some((unit, bits)) => {
                let tenths = (u128::from(self.0) * 10) >> bits;
                let whole = tenths / 10;
                let tenth = tenths % 10;
                if tenth == 0 { write!(f, "{whole} {unit}iB") } else { write!(f, "{whole}.{tenth} {unit}iB") }
            }
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// Parses a whole number with or without a unit (bytes), or `off`, which means no bound.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim().to_ascii_uppercase();
    if text == "OFF" {
        return Ok(u64::MAX);
    }
    let bare = ["IB", "B"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(&text);
    let unit = UNITS.into_iter().find_map(|(unit, bits)| Some((bare.strip_suffix(unit)?, bits)));
    let (number, bits) = unit.unwrap_or((bare, 0));
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << bits));
    bytes.ok_or_else(|| "write it with a unit, for example 2G or 500M, or off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed_and_shown() {
        for (text, bytes, shown) in [
            ("2G", 2 << 30, "2 GiB"),
            ("500m", 500 << 20, "500 MiB"),
            ("1536 MiB", 1_536 << 20, "1.5 GiB"),
            ("10KB", 10 << 10, "10 KiB"),
            ("100", 100, "100 bytes"),
            ("1T", 1 << 40, "1 TiB"),
        ] {
            assert_eq!(parse(text), Ok(bytes));
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
        assert_eq!(parse("OFF"), Ok(u64::MAX));
        for text in ["", "G", "-1G", "1.5G", "two", "99999999999T", "0x1G", "1GG"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
