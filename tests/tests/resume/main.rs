//! Sessions whose network is lost: ghosts and who takes their place, resuming, labels, acknowledgements.

mod acknowledgements;
mod after_a_loss;
mod any_moment;
mod ghosts;
mod network;
mod once;
mod probed;
mod take_over;
