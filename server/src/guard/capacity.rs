//! Computes how many clients fit. Each client needs a descriptor and a thread, and a process that starts more threads
//! than the system allows aborts instead of returning an error. So the server refuses clients before that.

use super::origin::NETWORK_MULTIPLIER;
use landline_common::limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::path::{Path, PathBuf};

/// Descriptors reserved for listeners, files and the database.
const SPARE_DESCRIPTORS: u64 = 64;
/// Memory maps of one thread: its stack and a guard page, and the same for its signal stack.
const MAPS_PER_THREAD: u64 = 4;
/// Memory maps reserved for the program itself and its heap, counted in threads.
const SPARE_MAP_THREADS: u64 = 512;
/// Threads and processes reserved for the server's own threads and for other programs.
const SPARE_TASKS: u64 = 64;

/// The reason of a capacity that the operator chose and the system allows.
pub const AS_CONFIGURED: &str = "the configured maximum";

/// Most clients of one address, unless the operator chooses another number or half of all clients is less.
pub const CLIENTS_PER_ADDRESS: usize = 256;

/// The number of clients that fit, and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Most clients at once, at least 1.
    pub clients: usize,
    /// The lowest limit, for the banner: "the limit on open files (ulimit -n)".
    pub why: &'static str,
}

impl Capacity {
    /// Returns the most clients of one address, unless the operator chooses another number. At most half of all
    /// clients, so that one address cannot keep all others out.
    #[must_use]
    pub fn per_address(&self) -> usize {
        CLIENTS_PER_ADDRESS.min(self.clients / 2).max(1)
    }

    /// Returns the most clients of one IPv6 network, given the most of one address: a multiple of it, but at most half
    /// of all clients, so that one network cannot keep all others out. Not less than one address may have.
    #[must_use]
    pub fn per_network(&self, per_address: usize) -> usize {
        per_address.saturating_mul(limits::count(NETWORK_MULTIPLIER)).min(self.clients / 2).max(per_address)
    }
}

/// The system's limits; `None` where it sets none or does not report it.
#[derive(Clone, Copy, Debug, Default)]
struct System {
    descriptors: Option<u64>,
    maps: Option<u64>,
    user_tasks: Option<u64>,
    group_tasks: Option<u64>,
    threads: Option<u64>,
    pids: Option<u64>,
}

/// Raises this process's soft limit on open files to its hard limit, and returns the number of clients that fit, at
/// most `wanted`.
#[must_use]
pub fn raise_and_measure(wanted: usize) -> Capacity {
    measure(wanted, &System::read())
}

fn measure(wanted: usize, system: &System) -> Capacity {
    let minus = |limit: Option<u64>, spare: u64| limit.map(|n| n.saturating_sub(spare));
    let bounds = [
        (minus(system.descriptors, SPARE_DESCRIPTORS), "the limit on open files (ulimit -n)"),
        (
            minus(system.maps.map(|n| n / MAPS_PER_THREAD), SPARE_MAP_THREADS),
            "the limit on memory maps (vm.max_map_count)",
        ),
        (minus(system.user_tasks, SPARE_TASKS), "the limit on this user's processes (ulimit -u)"),
        (minus(system.group_tasks, SPARE_TASKS), "the limit on tasks of the service or container (pids.max)"),
        (minus(system.threads, SPARE_TASKS), "the limit on threads (kernel.threads-max)"),
        (minus(system.pids, SPARE_TASKS), "the limit on process ids (kernel.pid_max)"),
    ];
    let mut least = Capacity { clients: wanted, why: AS_CONFIGURED };
    for (bound, why) in bounds {
        // A number that does not fit a usize is no bound.
        let clients = bound.and_then(|n| usize::try_from(n).ok());
        if let Some(clients) = clients.filter(|n| *n < least.clients) {
            least = Capacity { clients, why };
        }
    }
    Capacity { clients: least.clients.max(1), ..least }
}

impl System {
    /// Reads the limits. Systems other than Linux report the descriptors only.
    fn read() -> System {
        let linux = cfg!(target_os = "linux");
        // The limit on processes does not apply to the superuser.
        let is_limited = linux && !rustix::process::geteuid().is_root();
        System {
            descriptors: raised_descriptors(),
            maps: number(Path::new("/proc/sys/vm/max_map_count")),
            user_tasks: if is_limited { getrlimit(Resource::Nproc).current } else { None },
            group_tasks: fs::read_to_string("/proc/self/cgroup").ok().and_then(|groups| group_tasks(&groups)),
            threads: number(Path::new("/proc/sys/kernel/threads-max")),
            pids: number(Path::new("/proc/sys/kernel/pid_max")),
        }
    }
}

/// Raises the soft limit on open files as far as possible and returns it.
fn raised_descriptors() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // macOS reports "unlimited" but accepts no more than its OPEN_MAX, 10,240.
    for wanted in [maximum, Some(10_240)] {
        let higher = match (current, wanted) {
            (Some(current), Some(wanted)) => wanted > current && maximum.is_none_or(|most| wanted <= most),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if higher && setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum }).is_ok() {
            return wanted;
        }
    }
    current
}

/// Reads a file with one number in it; other text, such as "max", is `None`.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns the least `pids.max` of the control groups listed in `/proc/self/cgroup` and of the groups that contain
/// them.
fn group_tasks(groups: &str) -> Option<u64> {
    groups.lines().filter_map(group_folder).filter_map(|(root, folder)| least_up_to(&root, &folder)).min()
}

/// Returns the root and the folder of the control group in a line of `/proc/self/cgroup`: `0::/path` in version 2,
/// `8:pids:/path` in version 1. `None` if the group does not limit tasks.
fn group_folder(line: &str) -> Option<(PathBuf, PathBuf)> {
    let mut parts = line.splitn(3, ':');
    // The number of the hierarchy.
    parts.next()?;
    let controllers = parts.next()?;
    let path = parts.next()?;
    let root = match controllers {
        "" => PathBuf::from("/sys/fs/cgroup"),
        _ if controllers.split(',').any(|c| c == "pids") => PathBuf::from("/sys/fs/cgroup/pids"),
        _ => return None,
    };
    let folder = root.join(path.trim_start_matches('/'));
    Some((root, folder))
}

/// Returns the least `pids.max` of the folders from `folder` up to `root`.
fn least_up_to(root: &Path, folder: &Path) -> Option<u64> {
    let around = folder.ancestors().take_while(|folder| folder.starts_with(root));
    around.filter_map(|folder| number(&folder.join("pids.max"))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_limit_applies_and_is_named() {
        let system =
            System { descriptors: Some(1_024), maps: Some(65_530), threads: Some(192_730), ..System::default() };
        let capacity = measure(100_000, &system);
        assert_eq!(capacity, Capacity { clients: 960, why: "the limit on open files (ulimit -n)" });
        let capacity = measure(100_000, &System { descriptors: Some(1 << 20), ..system });
        assert_eq!(capacity.clients, 65_530 / 4 - 512);
        assert!(capacity.why.contains("vm.max_map_count"));
        let capacity = measure(100_000, &System { group_tasks: Some(512), ..system });
        assert_eq!(capacity.clients, 448);
        assert!(capacity.why.contains("pids.max"));
        assert_eq!(measure(50, &system), Capacity { clients: 50, why: AS_CONFIGURED });
    }

    #[test]
    fn unknown_limits_do_not_bound_and_one_client_always_fits() {
        assert_eq!(measure(7, &System::default()).clients, 7);
        assert_eq!(measure(7, &System { descriptors: Some(10), ..System::default() }).clients, 1);
        assert_eq!(measure(0, &System::default()).clients, 1);
    }

    #[test]
    fn one_address_gets_at_most_half_of_the_clients() {
        let per_address = |clients| Capacity { clients, why: AS_CONFIGURED }.per_address();
        assert_eq!([10_000, 512, 511, 60, 3, 2, 1].map(per_address), [256, 256, 255, 30, 1, 1, 1]);
    }

    #[test]
    fn one_network_gets_at_most_half_of_the_clients_unless_one_address_may_have_more() {
        let per_network = |(clients, per_address)| Capacity { clients, why: AS_CONFIGURED }.per_network(per_address);
        let cases = [(10_000, 256), (1_000, 256), (512, 256), (1, 1), (100, 80), (100, usize::MAX)];
        assert_eq!(cases.map(per_network), [1_024, 500, 256, 1, 80, usize::MAX]);
    }

    #[test]
    fn control_groups_of_both_versions_are_found() {
        let at = |line| group_folder(line).map(|(_, folder)| folder.display().to_string());
        assert_eq!(at("0::/system.slice/landline.service").unwrap(), "/sys/fs/cgroup/system.slice/landline.service");
        assert_eq!(at("8:pids:/user").unwrap(), "/sys/fs/cgroup/pids/user");
        assert_eq!(at("9:name=systemd:/"), None);
        assert_eq!(at("nonsense"), None);
    }

    #[test]
    fn group_is_bounded_by_the_groups_that_contain_it() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("outer/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("pids.max"), "max\n").unwrap();
        assert_eq!(least_up_to(root.path(), &inner), None);
        fs::write(root.path().join("outer/pids.max"), "300\n").unwrap();
        assert_eq!(least_up_to(root.path(), &inner), Some(300));
        fs::write(inner.join("pids.max"), "100\n").unwrap();
        assert_eq!(least_up_to(root.path(), &inner), Some(100));
    }

    #[test]
    fn at_least_one_client_fits_on_this_system() {
        let capacity = raise_and_measure(usize::MAX);
        assert!(capacity.clients >= 1 && capacity.why.starts_with("the limit on"));
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert!(current == maximum || cfg!(not(target_os = "linux")));
    }
}
