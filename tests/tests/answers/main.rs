//! No answer exceeds the backlog of its reader: lists come in pages, and the rooms opened by one address are limited.

mod largest;
mod pages;
mod rooms;
mod worst;
