//! A user of the page in a real browser, who reads texts, taps what has an accessible name, and types.

use landline_tests::{Browser, DEADLINE};
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Instant;

/// The screen of a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    /// Fingers instead of a mouse.
    pub is_touch: bool,
}

/// A phone, held upright.
pub const PHONE: Screen = Screen { width: 360, height: 740, is_touch: true };
/// A laptop.
pub const LAPTOP: Screen = Screen { width: 1_440, height: 900, is_touch: false };

/// Returns the middle of an element if a tap there hits it, or null while the page moves or hides it.
const MIDDLE: &str = "function() {
    this.scrollIntoViewIfNeeded();
    const { left, right, top, bottom } = this.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    return this.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
}";
/// Tells whether a user sees an element: with a box, and not hidden from screen readers.
const IS_VISIBLE: &str = "function() {
    return this.getClientRects().length > 0 && !this.closest('[aria-hidden=true], [inert]');
}";

/// A browser with the page of a server.
pub struct Visitor {
    pub browser: Browser,
    screen: Cell<Screen>,
    taps: Cell<u32>,
}

impl Visitor {
    /// Starts a browser with this screen and opens the page at a web port, or `path` of it (`/#ops`). Returns `None` if the
    /// browser is not installed. Drawers open without motion, so that a tap hits what it was aimed at.
    pub fn open(address: SocketAddr, path: &str, screen: Screen) -> Option<Visitor> {
        let visitor = Visitor { browser: Browser::start(&[])?, screen: Cell::new(screen), taps: Cell::new(0) };
        visitor.show_page(address, path);
        Some(visitor)
    }

    /// Opens the page and joins `room` as a guest. Returns `None` if the browser is not installed.
    #[track_caller]
    pub fn guest(address: SocketAddr, name: &str, room: &str, screen: Screen) -> Option<Visitor> {
        let visitor = Visitor::open(address, &format!("/#{room}"), screen)?;
        visitor.join(name, room);
        Some(visitor)
    }

    /// Opens the page in the present tab.
    pub fn show_page(&self, address: SocketAddr, path: &str) {
        self.set_screen(self.screen.get());
        self.set_theme("light");
        self.browser.open(&format!("http://{address}{path}"));
    }

    /// Sets the theme of the system: `light` or `dark`.
    pub fn set_theme(&self, theme: &str) {
        let feature = |name: &str, value: &str| json!({ "name": name, "value": value });
        let features = [feature("prefers-color-scheme", theme), feature("prefers-reduced-motion", "reduce")];
        self.browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Fills the first screen of `room`, and waits until the room is open.
    #[track_caller]
    pub fn join(&self, name: &str, room: &str) {
        self.type_into("Your name", name);
        self.tap("button", &format!("Join {room}"));
        self.wait_to_find("textbox", &format!("Write to {room}"));
    }

    /// Changes the screen, as by turning a phone.
    pub fn set_screen(&self, screen: Screen) {
        self.screen.set(screen);
        let Screen { width, height, is_touch } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_touch });
        self.browser.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let touch = json!({ "enabled": is_touch, "maxTouchPoints": 5 });
        self.browser.devtools("Emulation.setTouchEmulationEnabled", &touch);
    }

    /// Tells the browser that it has no network, or has one again. Requests fail, and the page gets the events `offline` and
    /// `online`. An open WebSocket stays open: use a [`landline_tests::Breaker`] to cut it.
    pub fn set_offline(&self, is_offline: bool) {
        self.browser.devtools("Network.enable", &json!({}));
        let conditions =
            json!({ "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.browser.devtools("Network.emulateNetworkConditions", &conditions);
    }

    /// Returns the text that the page shows.
    #[track_caller]
    pub fn text(&self) -> String {
        self.browser.text()
    }

    /// Waits until the page shows `text`.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("the page shows {text:?}"), || self.text().contains(text));
    }

    /// Waits until the page does not show `text` any more.
    #[track_caller]
    pub fn wait_until_gone(&self, text: &str) {
        self.wait(&format!("the page shows {text:?} no more"), || !self.text().contains(text));
    }

    /// Returns the texts of the messages in the list, oldest first.
    #[track_caller]
    pub fn messages(&self) -> Vec<String> {
        self.strings("[...document.querySelectorAll('li.message .text')].map(text => text.innerText)")
    }

    /// Returns the strings in an array of the page.
    #[track_caller]
    pub fn strings(&self, expression: &str) -> Vec<String> {
        let found = self.browser.eval(&format!("return {expression}"));
        let texts = found.as_array().expect("an array").iter();
        texts.map(|text| text.as_str().expect("a string").to_owned()).collect()
    }

    /// Waits until the list has exactly these messages.
    #[track_caller]
    pub fn wait_for_messages(&self, texts: &[&str]) {
        self.wait(&format!("the messages are {texts:?}"), || self.messages() == texts);
    }

    /// Waits until `holds` returns true.
    ///
    /// # Panics
    /// It does not in time. The message has the text of the page.
    #[track_caller]
    pub fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "not in time: {what}; the page shows:\n{}", self.text());
        }
    }

    /// Calls a function of JavaScript with an element as `this`.
    fn call(&self, element: &Value, function: &str) -> Value {
        let call = json!({ "objectId": element, "functionDeclaration": function, "returnByValue": true });
        self.browser.devtools("Runtime.callFunctionOn", &call)["result"]["value"].clone()
    }

    /// Returns the visible element with this role and accessible name, as a screen reader finds it.
    fn find(&self, role: &str, name: &str) -> Option<Value> {
        let root = self.browser.devtools("DOM.getDocument", &json!({ "depth": 0 }));
        let query = json!({ "nodeId": root["root"]["nodeId"], "role": role, "accessibleName": name });
        let found = self.browser.devtools("Accessibility.queryAXTree", &query);
        let nodes = found["nodes"].as_array().expect("a list of nodes").iter();
        let shown = nodes.filter(|node| node["ignored"] == false).map(|node| {
            let id = json!({ "backendNodeId": node["backendDOMNodeId"] });
            self.browser.devtools("DOM.resolveNode", &id)["object"]["objectId"].clone()
        });
        shown.into_iter().find(|element| self.call(element, IS_VISIBLE) == true)
    }

    /// Returns the element that an expression of JavaScript finds.
    fn find_by_script(&self, expression: &str) -> Option<Value> {
        let found = self.browser.devtools("Runtime.evaluate", &json!({ "expression": expression }));
        found["result"].get("objectId").filter(|_| found["result"]["subtype"] == "node").cloned()
    }

    /// Returns true if the page shows an element with this role and accessible name.
    pub fn has(&self, role: &str, name: &str) -> bool {
        self.find(role, name).is_some()
    }

    /// Waits for an element with this role and accessible name.
    #[track_caller]
    pub fn wait_to_find(&self, role: &str, name: &str) -> Value {
        let mut found = None;
        self.wait(&format!("the page has a {role} {name:?}"), || {
            found = self.find(role, name);
            found.is_some()
        });
        found.expect("the element")
    }

    /// Taps or clicks the middle of the element with this role and accessible name.
    #[track_caller]
    pub fn tap(&self, role: &str, name: &str) {
        self.tap_what(&format!("a {role} {name:?}"), || self.find(role, name));
    }

    /// Taps or clicks the middle of the element that an expression of JavaScript finds.
    #[track_caller]
    pub fn tap_by_script(&self, expression: &str) {
        self.tap_what(expression, || self.find_by_script(expression));
    }

    #[track_caller]
    fn tap_what(&self, what: &str, find: impl Fn() -> Option<Value>) {
        let mut middle = Value::Null;
        self.wait(&format!("{what} can be tapped"), || {
            middle = find().map_or(Value::Null, |element| self.call(&element, MIDDLE));
            !middle.is_null()
        });
        self.taps.set(self.taps.get() + 1);
        let (x, y) = (&middle[0], &middle[1]);
        if self.screen.get().is_touch {
            for (kind, points) in [("touchStart", json!([{ "x": x, "y": y }])), ("touchEnd", json!([]))] {
                self.browser.devtools("Input.dispatchTouchEvent", &json!({ "type": kind, "touchPoints": points }));
            }
            return;
        }
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.browser.devtools("Input.dispatchMouseEvent", &event);
        }
    }

    /// Opens the menu of the message with this text: by a tap on the message and one on its button. A mouse needs only
    /// the second one, but a browser without a window has no mouse that hovers.
    #[track_caller]
    pub fn open_menu(&self, text: &str) {
        let rows = "[...document.querySelectorAll('li.message')]";
        let row = format!("{rows}.find(row => row.querySelector('.text').textContent.includes({}))", json!(text));
        if self.browser.eval(&format!("return Boolean({row}?.matches('.active'))")) == false {
            self.tap_by_script(&format!("{row}?.querySelector('.text')"));
        }
        self.tap_by_script(&format!("{row}?.querySelector('.row-more')"));
    }

    /// Chooses an entry of the menu of the page.
    #[track_caller]
    pub fn choose(&self, entry: &str) {
        self.tap("button", "Menu");
        self.tap("button", entry);
    }

    /// Asserts that a user does this with at most `most` taps.
    #[track_caller]
    pub fn in_taps(&self, most: u32, action: impl FnOnce(&Visitor)) {
        self.taps.set(0);
        action(self);
        let taps = self.taps.get();
        assert!((1..=most).contains(&taps), "{taps} taps");
    }

    /// Writes a message, or a command, in `room` and sends it.
    #[track_caller]
    pub fn say(&self, room: &str, text: &str) {
        self.type_into(&format!("Write to {room}"), text);
        self.tap("button", "Send");
    }

    /// Types text into the field with this label, in place of what it has.
    #[track_caller]
    pub fn type_into(&self, label: &str, text: &str) {
        let field = self.wait_to_find("textbox", label);
        self.call(&field, "function() { this.focus(); this.select(); }");
        match text {
            "" => self.press("Delete"),
            _ => drop(self.browser.devtools("Input.insertText", &json!({ "text": text }))),
        }
    }

    /// Returns what the field with this label has.
    #[track_caller]
    pub fn value_of(&self, label: &str) -> String {
        let field = self.wait_to_find("textbox", label);
        self.call(&field, "function() { return this.value; }").as_str().expect("a text").to_owned()
    }

    /// Presses a key that has no text of its own, such as `Escape`, or Enter.
    pub fn press(&self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "Delete" => 46,
            _ => 0,
        };
        let mut event = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.browser.devtools("Input.dispatchKeyEvent", &event);
        event["type"] = "keyUp".into();
        self.browser.devtools("Input.dispatchKeyEvent", &event);
    }

    /// Asserts that the console has no errors and warnings.
    #[track_caller]
    pub fn expect_no_errors(&self) {
        assert_eq!(self.browser.console_errors(), [""; 0]);
    }
}
