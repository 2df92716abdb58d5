//! Sessions whose network is lost: ghosts and who takes their place, resuming, labels, acknowledgements.

mod ghosts;
mod network;
