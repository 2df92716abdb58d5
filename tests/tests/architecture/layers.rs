//! The layers of docs/ARCHITECTURE.md, and the paths that each must not name.

/// A layer, which is a folder or one file, and lists of paths that its sources must not name.
pub struct Layer {
    pub folder: &'static str,
    pub never: &'static [&'static [&'static str]],
}

/// The client's presenters, and what starts them.
const PRESENTERS: &[&str] =
    &["crate::tui", "crate::plain", "crate::connect", "crate::signals", "crate::clock::now", "crate::setup::answers"];

/// Paths by which pure code would reach the system or a library of the presenters.
const WORLD: &[&str] = &[
    "std::net",
    "std::fs",
    "std::thread",
    "std::io",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff",
    "ratatui",
    "crossbeam_channel",
    "serde_json",
];

/// The parts of the client that only the command line and the presenters may use.
const UPPER: &[&str] =
    &["crate::cli", "crate::tui", "crate::plain", "crate::connect", "crate::setup", "crate::signals"];

/// The parts of the client that run a session.
const SESSION: &[&str] =
    &["crate::chat", "crate::connection", "crate::direct", "crate::engine", "crate::mesh", "crate::signed_in"];

/// The parts that start, wire up and steer a server. Only each other, and the program, may use them.
const START_UP: &[&str] = &[
    "crate::acceptor",
    "crate::banner",
    "crate::config",
    "crate::console",
    "crate::discovery",
    "crate::housekeeping",
    "crate::import",
    "crate::logging",
    "crate::moderation",
    "crate::reload",
    "crate::server",
    "crate::signals",
    "crate::store_backend",
];

/// The parts of a server from the bottom to the top. Each part names only parts in front of it.
pub const SERVER_PARTS: [&str; 29] = [
    "faults",
    "ordered_mutex",
    "log_throttle",
    "ban_row",
    "rules_record",
    "clock",
    "logging",
    "reload",
    "config",
    "net",
    "fanout",
    "guard",
    "door",
    "http",
    "store",
    "tls",
    "hub",
    "connections",
    "connection",
    "store_backend",
    "import",
    "acceptor",
    "moderation",
    "console",
    "discovery",
    "housekeeping",
    "signals",
    "server",
    "banner",
    "main",
];

pub const LAYERS: &[Layer] = &[
    Layer {
        folder: "common/src",
        never: &[&[
            "std::net",
            "std::thread",
            "std::fs",
            "std::time::Instant",
            "std::time::SystemTime",
            "std::process",
            "std::env",
            "jiff",
        ]],
    },
    Layer {
        folder: "server/src/net",
        never: &[
            START_UP,
            &[
                "crate::door",
                "crate::hub",
                "crate::connection",
                "crate::connections",
                "crate::fanout",
                "crate::guard",
                "crate::store",
                "landline_common",
            ],
        ],
    },
    Layer {
        folder: "server/src/door",
        never: &[
            START_UP,
            &[
                "std::net",
                "std::thread",
                "std::sync",
                "parking_lot",
                "crate::hub",
                "crate::store",
                "crate::net",
                "crate::fanout",
                "crate::guard",
                "crate::connection",
                "crate::connections",
                "crate::clock",
            ],
        ],
    },
    Layer {
        folder: "server/src/http",
        never: &[
            START_UP,
            &[
                "std::net::TcpStream",
                "std::net::TcpListener",
                "std::net::UdpSocket",
                "std::fs",
                "std::io",
                "std::thread",
                "std::sync",
                "std::time::Instant",
                "std::time::SystemTime",
                "parking_lot",
                "crossbeam_channel",
                "jiff",
                "crate::door",
                "crate::hub",
                "crate::store",
                "crate::net",
                "crate::fanout",
                "crate::guard",
                "crate::connection",
                "crate::connections",
                "crate::clock",
            ],
        ],
    },
    Layer {
        folder: "server/src/hub",
        never: &[
            START_UP,
            &[
                "crate::net",
                "crate::door",
                "crate::store",
                "crate::connection",
                "crate::connections",
                "crate::guard",
                "crate::clock",
                "std::net",
                "std::fs",
                "std::thread",
                "std::time::Instant",
                "std::time::SystemTime",
                "jiff",
                "serde_json",
                "landline_common::json",
            ],
        ],
    },
    Layer {
        folder: "server/src/fanout",
        never: &[
            START_UP,
            &[
                "crate::hub",
                "crate::door",
                "crate::guard",
                "crate::connection",
                "crate::connections",
                "crate::store",
                "crate::clock",
                "landline_common::command",
                "landline_common::Command",
                "landline_common::event",
                "landline_common::Event",
                "landline_common::What",
            ],
        ],
    },
    Layer {
        folder: "server/src/store",
        never: &[
            START_UP,
            &[
                "crate::net",
                "crate::door",
                "crate::hub",
                "crate::fanout",
                "crate::connection",
                "crate::connections",
                "crate::guard",
                "crate::clock",
                "std::net",
            ],
        ],
    },
    Layer {
        folder: "server/src/guard",
        never: &[
            START_UP,
            &[
                "crate::door",
                "crate::hub",
                "crate::fanout",
                "crate::store",
                "crate::connection",
                "crate::connections",
                "crate::clock",
                "std::time::SystemTime",
            ],
        ],
    },
    Layer { folder: "server/src/connection", never: &[START_UP] },
    Layer {
        folder: "server/src/config",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::guard",
            "crate::store",
            "crate::connection",
            "crate::connections",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/import",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::connection",
            "crate::connections",
            "crate::moderation",
            "crate::config",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/console.rs",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::guard",
            "crate::store",
            "crate::connection",
            "crate::connections",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/moderation.rs",
        never: &[&["crate::net", "crate::door", "crate::console", "crate::config", "crate::import", "crate::server"]],
    },
    Layer {
        folder: "client/src/connection",
        never: &[
            UPPER,
            &["crate::engine", "crate::chat", "crate::direct", "crate::mesh", "crate::discovery", "ratatui"],
        ],
    },
    Layer {
        folder: "client/src/engine",
        never: &[
            PRESENTERS,
            WORLD,
            &["crate::chat", "crate::connection", "crate::direct", "crate::mesh", "crate::cli"],
        ],
    },
    Layer {
        folder: "client/src/direct",
        never: &[UPPER, &["crate::engine", "crate::chat", "crate::mesh", "crate::discovery", "ratatui"]],
    },
    Layer {
        folder: "client/src/chat",
        never: &[PRESENTERS, WORLD, &["crate::setup", "crate::connection", "crate::direct", "crate::mesh"]],
    },
    Layer {
        folder: "client/src/setup/questions",
        never: &[PRESENTERS, WORLD, &["crate::connection", "crate::engine", "crate::direct", "crate::mesh"]],
    },
    Layer {
        folder: "client/src/mesh/node",
        never: &[
            PRESENTERS,
            &[
                "crate::connection",
                "crate::chat",
                "std::fs",
                "std::thread",
                "std::io",
                "std::env",
                "std::process",
                "std::time::Instant",
                "std::time::SystemTime",
                "std::net::UdpSocket",
                "std::net::TcpStream",
                "std::net::TcpListener",
                "jiff",
                "socket2",
                "crossbeam_channel",
                "serde_json",
            ],
        ],
    },
    Layer {
        folder: "client/src/mesh",
        never: &[UPPER, &["crate::chat", "crate::direct", "crate::discovery", "ratatui"]],
    },
    Layer { folder: "client/src/discovery", never: &[UPPER, SESSION, &["ratatui"]] },
    Layer { folder: "client/src/wifi", never: &[UPPER, SESSION, &["crate::discovery", "ratatui"]] },
    Layer {
        folder: "client/src/setup",
        never: &[&[
            "crate::cli",
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::signals",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/cli/args.rs",
        never: &[&[
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::connection",
            "crate::setup",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/cli/config.rs",
        never: &[&[
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::connection",
            "crate::setup",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer { folder: "client/src/cli", never: &[&["crate::engine", "crate::direct", "crate::wifi", "ratatui"]] },
    Layer {
        folder: "client/src/plain",
        never: &[&["crate::cli", "crate::tui", "crate::mesh", "crate::direct", "crate::wifi", "ratatui"]],
    },
    Layer {
        folder: "client/src/tui",
        never: &[&["crate::cli", "crate::plain", "crate::mesh", "crate::direct", "crate::wifi", "crate::discovery"]],
    },
    Layer {
        folder: "client/src/connect.rs",
        never: &[&[
            "crate::cli",
            "crate::tui",
            "crate::plain",
            "crate::setup",
            "crate::chat",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/signed_in.rs",
        never: &[UPPER, &["crate::chat", "crate::direct", "crate::mesh", "ratatui"]],
    },
    Layer { folder: "client/src/sign_in.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/message.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/new_password.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/rate_counter.rs", never: &[UPPER, SESSION, WORLD] },
    Layer {
        folder: "client/src/tui/view",
        never: &[&[
            "crate::connection",
            "std::net",
            "std::fs",
            "std::thread",
            "std::io",
            "std::env",
            "std::time::Instant",
            "std::time::SystemTime",
            "jiff",
            "ratatui::crossterm",
            "ratatui::backend",
            "ratatui::Terminal",
        ]],
    },
];
