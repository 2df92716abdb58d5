//! What a process has used, as Linux tells it in `/proc`. Elsewhere nothing is known.

use std::time::Duration;

/// What a process has used so far, and uses now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all its threads, also of those that have ended.
    pub cpu: Duration,
    /// Memory that is really there, in KiB.
    pub resident_kib: u64,
}

/// What the process has used; `None` if it is not there, or the system does not say.
#[must_use]
pub fn usage(process: u32) -> Option<Usage> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let ticks = ticks(&file("stat")?)?;
    let per_second = rustix::param::clock_ticks_per_second();
    let cpu = Duration::from_millis(ticks * 1_000 / per_second.max(1));
    Some(Usage { cpu, resident_kib: resident_kib(&file("status")?)? })
}

/// User and system time, in ticks. The program's name comes before them, and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut number = || fields.next()?.parse::<u64>().ok();
    Some(number()? + number()?)
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
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
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t    1234 kB\n"), Some(1_234));
        assert_eq!(resident_kib("Name:\tx\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_something() {
        assert!(usage(std::process::id()).unwrap().resident_kib > 100);
        assert_eq!(usage(u32::MAX), None);
    }
}
