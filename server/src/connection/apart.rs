//! Runs the arrival of a client on a thread of its own, which ends with the sign-in.
//!
//! Most clients are idle most of the time, so their memory counts. A thread keeps each page of its stack that it has used
//! once, and the allocator keeps freed chunks for each thread. A handshake and a sign-in use much of both: some 10 KiB
//! of stack and, with TLS, 7 KiB of chunks. All of that goes when the thread ends. The connection's own thread waits
//! meanwhile; its stack stays flat until the client talks.

use super::sign_in::SignedIn;
use super::{Connection, Reason};
use std::panic::resume_unwind;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

/// Stack size in bytes. Below that of a connection's thread: the C library gives the stack of a thread that has ended,
/// with its used pages, to a new thread that needs no larger one.
const STACK: usize = 384 << 10;

/// Most of these threads at once, for all clients; well within the threads that the capacity leaves free. Further clients
/// arrive on their connection's own thread.
const MOST: usize = 256;

/// Waits until the client has signed in. Otherwise returns the reason for which it ended.
pub(super) fn arrive(connection: &mut Connection<'_>) -> Result<SignedIn, Reason> {
    let arrivals = &connection.context.arrivals;
    let joined = if arrivals.fetch_add(1, Relaxed) < MOST {
        thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || connection.arrive());
            thread.ok().map(thread::ScopedJoinHandle::join)
        })
    } else {
        None
    };
    arrivals.fetch_sub(1, Relaxed);
    match joined {
        Some(Ok(arrived)) => arrived,
        Some(Err(panic)) => resume_unwind(panic),
        // Also if the system has no thread left.
        None => connection.arrive(),
    }
}
