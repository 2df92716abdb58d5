//! WebSocket clients, with tungstenite and the Python package `websockets` as the other side: the codec, and members of
//! rooms at a hub without ports.

mod codec;
mod fixture;
mod members;
mod python;
