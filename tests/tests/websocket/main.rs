//! WebSocket clients, with tungstenite and the Python package `websockets` as the other side: the codec, members of rooms
//! at a hub without ports, and a whole server.

mod codec;
mod fixture;
mod members;
mod python;
