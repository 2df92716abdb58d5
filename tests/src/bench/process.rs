//! What a process has used, as Linux tells it in `/proc`. Elsewhere nothing is known.

use std::time::Duration;

/// What a process has used so far, and uses now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all its threads, also of those that have ended.
    pub cpu: Duration,
    /// Memory that is really there, in KiB.
    pub resident_kib: u64,
    /// The most of that there ever was.
    pub peak_kib: u64,
}

/// What the process has used; `None` if it is not there, or the system does not say.
#[must_use]
pub fn usage(process: u32) -> Option<Usage> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let ticks = ticks(&file("stat")?)?;
    let per_second = rustix::param::clock_ticks_per_second();
    let cpu = Duration::from_millis(ticks * 1_000 / per_second.max(1));
    let status = file("status")?;
    Some(Usage { cpu, resident_kib: kib(&status, "VmRSS:")?, peak_kib: kib(&status, "VmHWM:")? })
}

/// User and system time, in ticks. The program's name comes before them, and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut number = || fields.next()?.parse::<u64>().ok();
    Some(number()? + number()?)
}

fn kib(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_understood() {
        let stat = "4321 (a) b (c) S 1 4321 4321 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 5000";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("4321 (a"), None);
        let status = "Name:\tx\nVmHWM:\t    2345 kB\nVmRSS:\t    1234 kB\n";
        assert_eq!((kib(status, "VmRSS:"), kib(status, "VmHWM:")), (Some(1_234), Some(2_345)));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_something() {
        let used = usage(std::process::id()).unwrap();
        assert!(used.resident_kib > 100 && used.peak_kib >= used.resident_kib);
        assert_eq!(usage(u32::MAX), None);
    }
}
