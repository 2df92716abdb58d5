//! The protocol that Landline's server and client share: names, lines, commands, events, discovery, encrypted links. Also
//! the bounded map and the token bucket that their limits are made of.
//!
//! All code here is pure: it uses no sockets, threads, clocks or terminals. Callers pass the time as a [`OffsetDateTime`] and
//! streams as `Read` and `Write`. Only [`link`] asks the system for something: random numbers.

pub mod action;
pub mod beacon;
pub mod bounded_map;
pub mod cause;
pub mod clean;
pub mod command;
pub mod event;
pub mod history;
pub mod json;
pub mod lantalk;
pub mod limits;
pub mod lines;
pub mod link;
pub mod mention;
pub mod mesh;
pub mod name;
pub mod page_url;
pub mod password;
pub mod qr;
pub mod rendering;
pub mod room_overview;
pub mod service;
pub mod telnet;
pub mod text;
pub mod time;
pub mod tls;
pub mod token_bucket;
pub mod visible;
pub mod websocket;
pub mod whois;

pub use cause::{Cause, Details, Report};
pub use command::{Command, CommandError, Request};
pub use event::{Event, EventKind, Reply};
pub use limits::Limits;
pub use name::{NameError, NameKey, RoomKey, RoomName, UserName};
pub use rendering::Rendering;
pub use room_overview::{RoomOverview, Standing};
pub use time::OffsetDateTime;
