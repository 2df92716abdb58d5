//! One port for every protocol: text, TLS, HTTP and WebSocket by the first bytes.

mod encryption;
mod together;
