//! The shared language of Landline: what a name, a line, a command and an event are.
//!
//! Everything here is pure: no sockets, no threads, no clock, no terminal. Time comes in as a [`Moment`].

pub mod beacon;
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
pub mod mesh;
pub mod moment;
pub mod name;
pub mod password;
pub mod rendering;
pub mod telnet;
pub mod text;
pub mod visible;

pub use cause::{About, Cause, Report};
pub use command::{Command, CommandError, Request};
pub use event::{Event, Reply, What};
pub use limits::Limits;
pub use moment::Moment;
pub use name::{NameError, NameKey, RoomKey, RoomName, UserName};
pub use rendering::Rendering;
