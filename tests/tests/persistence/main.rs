//! Persistent data: mailboxes, blocks, last-seen users, history, search and read marks.

mod blocks;
mod breaking_off;
mod corners;
mod history;
mod lines;
mod mailbox;
mod marks;
mod search;
mod since;
mod under_load;
