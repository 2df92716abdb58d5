//! No answer exceeds what its reader's backlog takes: lists come in pages, and one address opens so many rooms only.

mod largest;
mod pages;
mod rooms;
mod worst;
