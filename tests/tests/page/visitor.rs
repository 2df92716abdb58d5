//! A user of the page in a real browser, who reads texts, taps what has an accessible name, and types.

use landline_tests::{Browser, eventually};
use serde_json::{Value, json};
use std::net::SocketAddr;

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

/// Elements that a user sees: with a box, and not hidden from screen readers.
const VISIBLE: &str = "node => node.getClientRects().length > 0 && !node.closest('[aria-hidden=true], [inert]')";

/// A browser with the page of a server.
pub struct Visitor {
    pub browser: Browser,
    screen: Screen,
}

impl Visitor {
    /// Starts a browser with this screen and opens the page at a web port, or `path` of it (`/#ops`). Returns `None` if the
    /// browser is not installed.
    pub fn open(address: SocketAddr, path: &str, screen: Screen) -> Option<Visitor> {
        let visitor = Visitor { browser: Browser::start(&[])?, screen };
        visitor.set_screen(screen);
        visitor.browser.open(&format!("http://{address}{path}"));
        Some(visitor)
    }

    /// Changes the screen, as by turning a phone.
    pub fn set_screen(&self, screen: Screen) {
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
        eventually(&format!("the page shows {text:?}"), || self.text().contains(text));
    }

    /// Waits until the page does not show `text` any more.
    #[track_caller]
    pub fn wait_until_gone(&self, text: &str) {
        eventually(&format!("the page shows {text:?} no more"), || !self.text().contains(text));
    }

    /// Returns the identity of the visible element with this role and accessible name, as a screen reader finds it.
    fn find(&self, role: &str, name: &str) -> Option<Value> {
        let root = self.browser.devtools("DOM.getDocument", &json!({ "depth": 0 }));
        let query = json!({ "nodeId": root["root"]["nodeId"], "role": role, "accessibleName": name });
        let found = self.browser.devtools("Accessibility.queryAXTree", &query);
        let nodes = found["nodes"].as_array().expect("a list of nodes").iter();
        nodes.filter(|node| node["ignored"] == false).map(|node| node["backendDOMNodeId"].clone()).find(|id| {
            let object = self.browser.devtools("DOM.resolveNode", &json!({ "backendNodeId": id }));
            let call = json!({
                "objectId": object["object"]["objectId"],
                "functionDeclaration": format!("function() {{ return ({VISIBLE})(this); }}"),
                "returnByValue": true,
            });
            self.browser.devtools("Runtime.callFunctionOn", &call)["result"]["value"] == true
        })
    }

    /// Returns true if the page shows an element with this role and accessible name.
    pub fn has(&self, role: &str, name: &str) -> bool {
        self.find(role, name).is_some()
    }

    /// Waits for an element with this role and accessible name, and returns its identity.
    #[track_caller]
    fn wait_to_find(&self, role: &str, name: &str) -> Value {
        let mut found = None;
        eventually(&format!("the page has a {role} {name:?}"), || {
            found = self.find(role, name);
            found.is_some()
        });
        found.expect("the element")
    }

    /// Taps or clicks the middle of the element with this role and accessible name.
    #[track_caller]
    pub fn tap(&self, role: &str, name: &str) {
        let element = json!({ "backendNodeId": self.wait_to_find(role, name) });
        self.browser.devtools("DOM.scrollIntoViewIfNeeded", &element);
        let model = self.browser.devtools("DOM.getBoxModel", &element);
        let corner = |index: usize| model["model"]["border"][index].as_f64().expect("a corner");
        let (x, y) = ((corner(0) + corner(4)) / 2.0, (corner(1) + corner(5)) / 2.0);
        if self.screen.is_touch {
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

    /// Types text into the field with this label, in place of what it has.
    #[track_caller]
    pub fn type_into(&self, label: &str, text: &str) {
        let element = json!({ "backendNodeId": self.wait_to_find("textbox", label) });
        self.browser.devtools("DOM.focus", &element);
        self.browser.eval("document.activeElement.select()");
        self.browser.devtools("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key that has no text of its own, such as `Escape`, or Enter.
    pub fn press(&self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
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
