//! The page stays in its frame: nothing scrolls sideways, and nothing moves while messages arrive.

use crate::tour::{tour_chat, tour_hindrances};
use crate::visitor::{LAPTOP, PHONE, Screen, Visitor};
use landline_tests::TestServer;
use serde_json::Value;

/// The narrowest screen that the page is made for.
const NARROW: Screen = Screen { width: 320, height: 640, is_touch: true };
/// Largest sum of layout shifts.
const MOST_SHIFT: f64 = 0.02;

/// Returns what is wider than the window, or than the part of the page that scrolls around it. Code scrolls on its own.
const WIDE: &str = "const { clientWidth } = document.documentElement;
    const isWide = node => node.scrollWidth > node.clientWidth + 1;
    const scrollers = [document.documentElement, ...document.querySelectorAll('.join, .log, .rooms, .people, dialog')];
    const isOutside = node => { const { left, right, width } = node.getBoundingClientRect(); return width > 0 && (right > clientWidth + 1 || left < -1) };
    const nodes = [...document.querySelectorAll('button, input, textarea, h1, h2, p, img, li, .bar')];
    const free = nodes.filter(node => !node.closest('pre, .sr') && isOutside(node));
    return [...scrollers.filter(isWide), ...free].map(node => node.outerHTML.slice(0, 200));";

fn expect_narrow(visitor: &Visitor, state: &str) {
    let wide = visitor.browser.eval(WIDE);
    assert_eq!(wide, Value::Array(Vec::new()), "{state}");
}

#[test]
fn nothing_scrolls_sideways_on_the_narrowest_phone() {
    if tour_chat(NARROW, expect_narrow).is_some() {
        tour_hindrances(NARROW, expect_narrow);
    }
}

#[test]
fn list_follows_newer_lines_whatever_the_frame_does() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", PHONE) else { return };
    for number in 0..100 {
        alice.send(&format!("line {number}: {}", "long enough to wrap ".repeat(number % 7)));
    }
    visitor.wait_for("line 99:");
    for (number, screen) in [LAPTOP, PHONE, LAPTOP, PHONE].into_iter().enumerate() {
        // A bar comes and goes while the screen changes.
        visitor
            .browser
            .eval("document.querySelector('header').style.height = '200px'; await new Promise(requestAnimationFrame)");
        visitor.browser.eval("document.querySelector('header').style.height = ''");
        visitor.set_screen(screen);
        visitor.browser.wait_until(&format!("innerWidth === {}", screen.width));
        alice.send(&format!("newer line {number}"));
        visitor.wait_for(&format!("newer line {number}"));
        visitor.browser.wait_until("document.querySelector('.pill').hidden");
    }
    visitor.expect_no_errors();
}

#[test]
fn nothing_moves_while_lines_arrive() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", PHONE) else { return };
    for screen in [PHONE, LAPTOP] {
        visitor.set_screen(screen);
        visitor.browser.wait_until(&format!("innerWidth === {}", screen.width));
        visitor.browser.eval(
            "await new Promise(requestAnimationFrame);
            window.shifts?.disconnect();
            window.shift = 0;
            const add = list => { for (const entry of list.getEntries()) window.shift += entry.value; };
            window.shifts = new PerformanceObserver(add);
            window.shifts.observe({ type: 'layout-shift' });",
        );
        for number in 0..100 {
            alice.send(&format!("line {number} on {} px: {}", screen.width, "long enough to wrap ".repeat(number % 7)));
        }
        visitor.wait_for(&format!("line 99 on {} px", screen.width));
        let settle = "await new Promise(requestAnimationFrame); await new Promise(done => setTimeout(done, 100));";
        let shift = visitor.browser.eval(&format!("{settle} return window.shift")).as_f64().expect("a sum");
        assert!(shift < MOST_SHIFT, "{shift} at {screen:?}");
        // The measurement notices what moves.
        visitor.browser.eval("document.querySelector('header').style.height = '200px'");
        visitor.browser.wait_until(&format!("window.shift > {MOST_SHIFT}"));
        visitor.browser.eval("document.querySelector('header').style.height = ''");
    }
    visitor.expect_no_errors();
}
