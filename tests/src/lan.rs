//! Virtual networks of Linux network namespaces: hosts with cables to switches, separate from this machine's network.
//! No host has a default route.

use crate::{DEADLINE, skip_if_missing};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Hosts and switches, removed on drop. Programs on a host must end first.
#[derive(Debug)]
pub struct Lan {
    name: String,
    hosts: Vec<String>,
    cables: u32,
}

/// Handle of a host.
#[derive(Clone, Copy, Debug)]
pub struct Host(usize);

impl Lan {
    /// Creates `switches` switches and no hosts. Returns `None` without root or `ip`, so that the caller skips the
    /// test.
    ///
    /// # Panics
    /// A command fails, or root or `ip` is missing in CI, where no test may be skipped.
    #[must_use]
    pub fn new(switches: usize) -> Option<Lan> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if skip_if_missing("ip") {
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            assert!(std::env::var_os("CI").is_none(), "only root makes networks, and in CI no test may be skipped");
            eprintln!("skipped: this test makes networks, which needs root");
            return None;
        }
        let name = format!("landline-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let mut lan = Lan { name, hosts: Vec::new(), cables: 0 };
        // Host 0 holds the switches, so that this machine's own network stays unchanged.
        lan.host();
        for switch in 0..switches {
            lan.ip(Host(0), &format!("link add switch{switch} type bridge"));
            lan.ip(Host(0), &format!("link set switch{switch} up"));
        }
        Some(lan)
    }

    /// Adds a host that has only a loopback interface.
    pub fn host(&mut self) -> Host {
        let namespace = format!("{}-{}", self.name, self.hosts.len());
        ip(&["netns", "add", &namespace]);
        self.hosts.push(namespace);
        let host = Host(self.hosts.len() - 1);
        self.ip(host, "link set lo up");
        host
    }

    /// Connects a host to a switch by a cable, and adds an address (such as `10.0.0.1/24`, optionally followed by
    /// options of `ip address add`). Returns the name of the host's interface.
    pub fn plug(&mut self, host: Host, switch: usize, address: &str) -> String {
        let cable = self.cables;
        self.cables += 1;
        let namespace = &self.hosts[host.0];
        self.ip(Host(0), &format!("link add port{cable} type veth peer name lan{cable} netns {namespace}"));
        self.ip(Host(0), &format!("link set port{cable} master switch{switch} up"));
        self.ip(host, &format!("address add {address} dev lan{cable}"));
        self.ip(host, &format!("link set lan{cable} up"));
        self.wait_for(host, &format!("link show lan{cable}"), " state UP ");
        let interface = format!("lan{cable}");
        self.wait_until_switched(&interface);
        interface
    }

    /// Unplugs a cable, given as a host's interface or a cable between switches.
    pub fn unplug(&self, cable: &str) {
        self.ip(Host(0), &format!("link set {} down", port_of(cable)));
    }

    /// Plugs the cable in again.
    pub fn replug(&self, cable: &str) {
        self.ip(Host(0), &format!("link set {} up", port_of(cable)));
        self.wait_until_switched(cable);
    }

    fn wait_until_switched(&self, cable: &str) {
        self.wait_for(Host(0), &format!("-details link show {}", port_of(cable)), " state forwarding ");
    }

    /// Connects two switches by a cable. Returns the name of the cable.
    pub fn join(&mut self, one: usize, other: usize) -> String {
        let cable = self.cables;
        self.cables += 1;
        self.ip(Host(0), &format!("link add port{cable} type veth peer name end{cable}"));
        self.ip(Host(0), &format!("link set end{cable} master switch{other} up"));
        self.ip(Host(0), &format!("link set port{cable} master switch{one} up"));
        let cable = format!("end{cable}");
        self.wait_until_switched(&cable);
        cable
    }

    /// Waits until `ip` reports a state, since the kernel notices a new cable with a delay.
    fn wait_for(&self, host: Host, words: &str, state: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.ip(host, words).contains(state) {
            assert!(Instant::now() < deadline, "no{state}in time: {}", self.ip(host, words));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs `ip` on a host. Returns its output.
    pub fn ip(&self, host: Host, words: &str) -> String {
        let words: Vec<&str> = ["-n", &self.hosts[host.0]].into_iter().chain(words.split(' ')).collect();
        ip(&words)
    }

    /// Runs `work` on a host: its sockets and threads belong to the host's network.
    pub fn run_on<T: Send>(&self, host: Host, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.hosts[host.0])).expect("a namespace");
        let there = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("moving there");
            work()
        };
        std::thread::scope(|scope| scope.spawn(there).join().expect("no panic there"))
    }

    /// Wraps a command so that it runs on a host.
    #[must_use]
    pub fn on(&self, host: Host, command: &Command) -> Command {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &self.hosts[host.0]]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        there
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for namespace in &self.hosts {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).output();
        }
    }
}

/// Returns the switch's end of a cable.
fn port_of(cable: &str) -> String {
    format!("port{}", cable.trim_start_matches(char::is_alphabetic))
}

fn ip(words: &[&str]) -> String {
    let output = Command::new("ip").args(words).output().expect("ip");
    assert!(output.status.success(), "ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
