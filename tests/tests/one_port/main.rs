//! One port for every protocol: text, TLS, HTTP and WebSocket by the first bytes.

mod admission;
mod encryption;
mod flood;
mod http;
mod http_attacks;
mod http_client;
mod raw_web_socket;
mod refused;
mod require_tls;
mod tls;
mod tls_attacks;
mod tls_client;
mod together;
mod web_socket;
mod web_socket_attacks;
