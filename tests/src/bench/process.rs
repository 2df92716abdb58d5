//! Resource usage of a process, from Linux's `/proc`. Unknown on other platforms.

use std::time::Duration;

/// Resource usage of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all threads, also ended ones.
    pub cpu: Duration,
    /// Resident memory, in KiB.
    pub resident_kib: u64,
    /// Peak of the resident memory, in KiB.
    pub peak_kib: u64,
}

/// Returns the usage of a process, or `None` if it does not exist or the platform has no `/proc`.
#[must_use]
pub fn usage(process: u32) -> Option<Usage> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let ticks = ticks(&file("stat")?)?;
    let per_second = rustix::param::clock_ticks_per_second();
    let cpu = Duration::from_millis(ticks * 1_000 / per_second.max(1));
    let status = file("status")?;
    Some(Usage { cpu, resident_kib: kib(&status, "VmRSS:")?, peak_kib: kib(&status, "VmHWM:")? })
}

/// Returns user plus system time, in ticks. Skips the program's name, which may contain spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut number = || fields.next()?.parse::<u64>().ok();
    Some(number()? + number()?)
}

/// Returns the value of a field, in KiB.
fn kib(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_files() {
        let stat = "4321 (a) b (c) S 1 4321 4321 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 5000";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("4321 (a"), None);
        let status = "Name:\tx\nVmHWM:\t    2345 kB\nVmRSS:\t    1234 kB\n";
        assert_eq!((kib(status, "VmRSS:"), kib(status, "VmHWM:")), (Some(1_234), Some(2_345)));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn measures_this_process() {
        let used = usage(std::process::id()).unwrap();
        assert!(used.resident_kib > 100 && used.peak_kib >= used.resident_kib);
        assert_eq!(usage(u32::MAX), None);
    }
}
