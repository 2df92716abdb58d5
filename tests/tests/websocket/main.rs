//! WebSocket clients, with tungstenite as the other side: its frames against the codec, and members of rooms at a hub
//! without ports.

mod codec;
mod members;
