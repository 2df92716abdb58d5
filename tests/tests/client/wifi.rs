//! `landline wifi`, with scripts that print the recorded output of the real tools.

use crate::{outcome, piped};
use landline_tests::Program;
use serde_json::Value;
use std::process::Command;
use tempfile::TempDir;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client/src/wifi/recorded");

/// A folder that is the only one in `PATH`.
struct Tools(TempDir);

impl Tools {
    fn none() -> Tools {
        Tools(TempDir::new().expect("a folder"))
    }

    /// Adds a tool that runs a script for arguments that match a shell pattern, and fails for all others.
    fn with(self, name: &str, cases: &[(&str, &str)]) -> Tools {
        let case = |(arguments, script): &(&str, &str)| format!("  {arguments}) {script} ;;\n");
        let cases: String = cases.iter().map(case).collect();
        let other = "  *) echo \"not expected: $*\" >&2; exit 9 ;;\n";
        let script = format!("#!/bin/sh\ncase \"$LC_ALL $*\" in\n{cases}{other}esac\n");
        // Another process writes the file, since a file that a test has open for writing cannot be executed.
        let write = "printf %s \"$1\" > \"$2\" && chmod +x \"$2\"";
        let file = self.0.path().join(name);
        let status = Command::new("sh").args(["-c", write, "sh", &script]).arg(file).status().expect("running sh");
        assert!(status.success());
        self
    }

    fn wifi(&self, more: &[&str]) -> (i32, String, String) {
        outcome(&piped(Program::client().arg("wifi").args(more).env("PATH", self.0.path()), ""))
    }

    /// Asserts that the program ends with exit code 1 and one line that contains `says`.
    #[track_caller]
    fn fails(&self, says: &str) {
        let (code, printed, complaint) = self.wifi(&[]);
        assert_eq!((code, &*printed, complaint.lines().count()), (1, "", 1), "{complaint}");
        assert!(complaint.starts_with("landline: ") && complaint.contains(says), "{complaint:?} does not say {says:?}");
    }
}

const LIST: &str = "\"C.UTF-8 -t -f IN-USE,SSID,BSSID,CHAN,FREQ,SIGNAL,SECURITY device wifi list\"";
const RADIO: &str = "\"C.UTF-8 -t -f WIFI-HW,WIFI radio\"";
const DEVICES: &str = "\"C.UTF-8 -t -f TYPE device\"";
const NOT_RUNNING: &str = "echo 'Error: NetworkManager is not running.' >&2; exit 8";

fn recorded(file: &str) -> String {
    format!("/bin/cat {RECORDED}/{file}")
}

#[test]
fn networks_are_listed_strongest_first() {
    let tools = Tools::none().with("nmcli", &[(LIST, &recorded("nmcli.txt"))]);
    let (code, printed, complaint) = tools.wifi(&[]);
    assert_eq!((code, &*complaint), (0, ""));
    let expected = "
   NAME            SIGNAL      CHANNEL  BAND     SECURITY
*  Room 12         ▂▄▆█  94 %  36       5 GHz    WPA2/WPA3
   a:b\\c           ▂▄▆_  72 %  11       2.4 GHz  WPA2
   Grüße ☕        ▂▄▆_  70 %  37       6 GHz    WPA3
   eduroam         ▂▄▆_  64 %  100      5 GHz    WPA2 Enterprise
   (hidden)        ▂▄▆_  59 %  1        2.4 GHz  WPA2
   Library         ▂▄▆_  55 %  44       5 GHz    OWE
   Library guests  ▂▄▆_  55 %  44       5 GHz    open/OWE
   museum          ▂▄__  40 %  3        2.4 GHz  WEP
   cafe            ▂▄__  35 %  13       2.4 GHz  open
   evilname        ▂___  22 %  6        2.4 GHz  WPA/WPA2
   vault           ▂___  12 %  149      5 GHz    WPA3 Enterprise
";
    assert_eq!(format!("\n{printed}"), expected);
}

#[test]
fn wifi_json_prints_objects() {
    let tools = Tools::none().with("nmcli", &[(LIST, &recorded("nmcli.txt"))]);
    let (code, printed, complaint) = tools.wifi(&["--json"]);
    assert_eq!((code, &*complaint), (0, ""));
    let rows: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 11);
    assert_eq!(
        (&rows[0]["name"], &rows[0]["in_use"], &rows[0]["signal"]),
        (&"Room 12".into(), &true.into(), &94.into())
    );
    assert_eq!((&rows[4]["name"], &rows[4]["band"]), (&Value::Null, &"2.4 GHz".into()));
}

#[test]
fn missing_wifi_tools_are_named() {
    Tools::none().fails("no Wi-Fi tool was found; install NetworkManager (nmcli) or iw");
}

#[test]
fn wifi_failures_are_explained() {
    let nmcli = |cases: &[(&str, &str)]| Tools::none().with("nmcli", cases);
    nmcli(&[(LIST, NOT_RUNNING)]).fails("start it, or install iw");
    nmcli(&[(LIST, "printf 'Error: \\033[2Jodd.\\n' >&2; exit 1")])
        .fails("nmcli cannot list the Wi-Fi networks: Error: odd.");
    nmcli(&[(LIST, "echo 'Usage: nmcli'")]).fails("unknown format");
    nmcli(&[(LIST, ":"), (RADIO, "echo enabled:disabled")]).fails("switch it on: nmcli radio wifi on");
    nmcli(&[(LIST, ":"), (RADIO, "echo enabled:enabled"), (DEVICES, "echo ethernet")]).fails("no Wi-Fi adapter");
    nmcli(&[(LIST, ":"), (RADIO, "echo enabled:enabled"), (DEVICES, "echo wifi")]).fails("no Wi-Fi network");
}

#[test]
fn iw_is_used_without_networkmanager() {
    let with_iw = |scan: &str, dump: &str| {
        let cases = [
            ("\"C.UTF-8 dev\"", &*recorded("iw-dev.txt")),
            ("\"C.UTF-8 dev wlp2s0 scan\"", scan),
            ("\"C.UTF-8 dev wlp2s0 scan dump\"", dump),
            ("\"C.UTF-8 dev wlan1 scan\"", "echo 'command failed: Network is down (-100)' >&2; exit 156"),
        ];
        Tools::none().with("nmcli", &[(LIST, NOT_RUNNING)]).with("iw", &cases)
    };
    let denied = "echo 'command failed: Operation not permitted (-1)' >&2; exit 255";
    let seen = with_iw(&recorded("iw.txt"), "exit 9").wifi(&[]);
    assert_eq!((seen.0, &*seen.2, seen.1.lines().count()), (0, "", 13));
    assert!(seen.1.contains("\n*  Room 12       ▂▄▆█ 100 %  36       5 GHz    WPA2/WPA3\n"), "{}", seen.1);
    let (code, printed, complaint) = with_iw(denied, &recorded("iw.txt")).wifi(&[]);
    assert_eq!((code, printed), (0, seen.1));
    assert_eq!(complaint, "landline: scanning needs root; these are the results of the last scan\n");
    let (code, _, complaint) = with_iw("exit 1", "exit 9").wifi(&[]);
    assert!(code == 1 && complaint.contains("rfkill unblock wifi"), "{complaint}");

    let alone = |scan| {
        Tools::none()
            .with("iw", &[("*dev", "printf '\\tInterface w0\\n\\t\\ttype managed\\n'"), ("*dump", ":"), ("*", scan)])
    };
    alone(denied).fails("needs root: sudo landline wifi");
    alone("echo 'command failed: No such device (-19)' >&2; exit 237").fails("No such device");
    Tools::none().with("iw", &[("*", "echo 'nl80211 not found.' >&2; exit 1")]).fails("no Wi-Fi adapter");
}

#[test]
fn wifi_refuses_other_arguments() {
    for more in ["--nope", "here"] {
        let (code, printed, complaint) = Tools::none().wifi(&[more]);
        assert!(code == 2 && printed.is_empty() && complaint.starts_with("error: "), "{complaint}");
    }
}
