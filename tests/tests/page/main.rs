//! The web page: its files as HTTP sends them, its modules on their own, and the page in a real browser.

mod axe;
mod class;
mod fetch;
mod files;
mod flow;
mod folder_server;
mod hostile;
mod layout;
mod link;
mod modules;
mod outages;
mod owners;
mod qr;
mod rooms;
mod screens;
mod sign_in;
mod talk;
mod together;
mod tour;
mod visitor;
