//! What lasts: messages for those away, blocks, who was here, history and search.

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
