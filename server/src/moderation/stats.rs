//! The counters of a running server, for `/stats`.

use super::Moderator;
use landline_common::Rendering;
use std::collections::BTreeMap;

impl Moderator {
    /// Shows the server's counters.
    #[must_use]
    pub fn stats(&self) -> String {
        let hub = &self.context.hub;
        let deliveries = self.flushers.stats();
        let mut doors = BTreeMap::new();
        let users = hub.online_users();
        for user in &users {
            *doors.entry(door_name(user.rendering())).or_insert(0) += 1;
        }
        let doors: Vec<_> = doors.iter().map(|(door, users)| format!("{door} {users}")).collect();
        let encrypted = users.iter().filter(|user| user.is_encrypted()).count();
        let bans = self.context.bans.list(self.context.clock.now()).len();
        let seconds = self.started.elapsed().as_secs();
        format!(
            "Connected: {} | Banned IPs: {bans}\nBy door: {}\nBy transport: TLS {encrypted}, clear {}\n\
             Rooms: {} | Messages: {} | Deliveries: {} | Bytes: {}\n\
             Uptime: {}:{:02}:{:02} | Memory: {} | Backlog: {} bytes\nTLS: {}",
            hub.user_count(),
            if doors.is_empty() { "none".to_owned() } else { doors.join(", ") },
            users.len() - encrypted,
            hub.rooms().len(),
            hub.message_count(),
            deliveries.deliveries(),
            deliveries.bytes(),
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60,
            memory(),
            self.context.poller.queued_bytes(),
            crate::tls::describe(self.context.tls.as_deref(), self.context.require_tls),
        )
    }
}

fn door_name(rendering: Rendering) -> &'static str {
    match rendering {
        Rendering::Text | Rendering::TextElsewhere => "text",
        Rendering::Json => "JSON",
        Rendering::TcpChat => "tcp_chat",
        Rendering::Chat77 => "Chat77",
        Rendering::LanTalk => "LanTalk",
        Rendering::WebSocket => "WebSocket",
    }
}

/// Returns the resident memory, or `?` on systems other than Linux.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    resident.map_or("?".to_owned(), |kib| kib.trim().to_owned())
}
