//! Waiting to be let in.

use super::signals::Signal;
use crate::direct::Direct;
use crate::link::{Cause, Connection, Entered, Identity, Link, Refusal};
use crossbeam_channel::{Receiver, select};
use landline_common::link::LinkError;

/// A connection to a server, with direct chats past it; not made yet.
///
/// # Errors
/// The system has no random numbers.
pub fn connection(server: &str, who: Identity) -> Result<Direct<Link>, LinkError> {
    let link = Link::new(server, who);
    let out = link.out();
    Direct::around(link, out)
}

/// Connects, and waits until one is in, or told to end.
///
/// # Errors
/// One is not in.
pub fn enter(server: &str, who: &Identity, signals: &Receiver<Signal>) -> Result<Entered, Refusal> {
    let broken = |why: String| Refusal { why, cause: Cause::Unreachable };
    let mut link = connection(server, who.clone()).map_err(|why| broken(why.to_string()))?;
    link.connect().map_err(|why| broken(format!("no thread can be had: {why}")))?;
    loop {
        let news = link.news().clone();
        select! {
            recv(news) -> news => return match news.map(|news| link.current(news)) {
                Ok(Some(news)) => Entered::of(Box::new(link), news),
                _ => Err(broken("the connection was not made".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::GoOn) => {}
                _ => return Err(broken("told to end before it was connected".into())),
            },
        }
    }
}
