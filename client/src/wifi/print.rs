//! Prints networks: as a table for people, as JSON lines for scripts.

use super::network::{Name, Network};
use crate::table::aligned;
use serde_json::json;

const HEAD: [&str; 6] = ["", "NAME", "SIGNAL", "CHANNEL", "BAND", "SECURITY"];
const BARS: [char; 4] = ['▂', '▄', '▆', '█'];

/// Formats a table with a heading and one row per network.
#[must_use]
pub fn table(networks: &[Network]) -> String {
    aligned(HEAD, networks.iter().map(row))
}

fn row(network: &Network) -> [String; 6] {
    let or_unknown = |value: Option<String>| value.unwrap_or_else(|| "?".into());
    [
        if network.in_use { "*" } else { "" }.into(),
        match &network.name {
            Name::Known(name) => name.clone(),
            Name::Hidden => "(hidden)".into(),
            Name::Withheld => "(withheld)".into(),
        },
        or_unknown(network.signal.map(|signal| format!("{} {signal:>3} %", bars(signal)))),
        or_unknown(network.channel.map(|channel| channel.to_string())),
        or_unknown(network.band.map(|band| band.to_string())),
        network.security.clone(),
    ]
}

/// Draws the signal as four bars: one per quarter begun, `_` for the others.
fn bars(signal: u8) -> String {
    let lit = usize::from(signal).div_ceil(25);
    BARS.iter().enumerate().map(|(at, bar)| if at < lit { *bar } else { '_' }).collect()
}

/// Formats one JSON object per line. Unknown values are null.
#[must_use]
pub fn json_lines(networks: &[Network]) -> String {
    let object = |network: &Network| {
        let name = match &network.name {
            Name::Known(name) => Some(name),
            Name::Hidden | Name::Withheld => None,
        };
        json!({
            "name": name,
            "in_use": network.in_use,
            "signal": network.signal,
            "channel": network.channel,
            "band": network.band.map(|band| band.to_string()),
            "security": network.security,
            "bssid": network.bssid.map(|bssid| bssid.to_string()),
        })
    };
    networks.iter().map(|network| format!("{}\n", object(network))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::network::{Band, Bssid};

    fn networks() -> Vec<Network> {
        let office = Network {
            name: Name::of("会議室"),
            bssid: Bssid::parse("02:aa:bb:cc:dd:01"),
            signal: Some(100),
            channel: Some(36),
            band: Some(Band::Five),
            security: "WPA2/WPA3".into(),
            in_use: true,
        };
        let hidden = Network {
            name: Name::Hidden,
            bssid: None,
            signal: Some(7),
            channel: Some(6),
            in_use: false,
            ..office.clone()
        };
        let unknown = Network { name: Name::Withheld, signal: None, channel: None, band: None, ..hidden.clone() };
        vec![office, hidden, unknown]
    }

    #[test]
    fn formats_a_table() {
        let expected = "\x20  NAME        SIGNAL      CHANNEL  BAND   SECURITY
*  会議室      ▂▄▆█ 100 %  36       5 GHz  WPA2/WPA3
   (hidden)    ▂___   7 %  6        5 GHz  WPA2/WPA3
   (withheld)  ?           ?        ?      WPA2/WPA3
";
        assert_eq!(table(&networks()), expected);
    }

    #[test]
    fn draws_a_bar_per_quarter() {
        assert_eq!([0, 1, 25, 26, 75, 76, 100].map(bars), ["____", "▂___", "▂___", "▂▄__", "▂▄▆_", "▂▄▆█", "▂▄▆█"]);
    }

    #[test]
    fn formats_an_object_per_line() {
        let text = json_lines(&networks());
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = json!({"name": "会議室", "in_use": true, "signal": 100, "channel": 36, "band": "5 GHz",
            "security": "WPA2/WPA3", "bssid": "02:aa:bb:cc:dd:01"});
        assert_eq!((lines.len(), &lines[0]), (3, &expected));
        let expected = json!({"name": null, "in_use": false, "signal": null, "channel": null, "band": null,
            "security": "WPA2/WPA3", "bssid": null});
        assert_eq!(lines[2], expected);
    }
}
