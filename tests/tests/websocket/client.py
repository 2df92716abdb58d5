# Chats over a WebSocket: python client.py URL. Ends with the line "done" if the server answers as it should.
import json
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SECONDS = 20


def until(websocket, label):
    """Returns the events up to the last one of the answer to `label`."""
    events = []
    while True:
        events.append(json.loads(websocket.recv(timeout=SECONDS)))
        if events[-1].get("label") == label and events[-1].get("done"):
            return events


with connect(sys.argv[1], subprotocols=["landline.v1"]) as websocket:
    assert websocket.subprotocol == "landline.v1", websocket.subprotocol
    websocket.send("alice_hall")
    refusal = json.loads(websocket.recv(timeout=SECONDS))
    assert refusal["cause"] == "how_to_sign_in", refusal
    websocket.send(json.dumps({"type": "guest", "user": "alice", "room": "hall", "label": "1"}))
    assert until(websocket, "1")[0]["type"] == "auth_ok"
    # A message in three frames, with a ping behind it.
    websocket.send(iter(['{"type":"say","room":"hall",', '"text":"gr\u00fc\u00dfe",', '"label":"2"}']))
    assert websocket.ping().wait(SECONDS), "no pong"
    assert until(websocket, "2")[-1]["text"] == "gr\u00fc\u00dfe"
    websocket.send(json.dumps({"label": "3", "type": "say", "room": "hall", "text": "x" * 100_000}))
    assert until(websocket, "3")[-1]["cause"] == "line_too_long"
    websocket.send(b"binary")
    try:
        while True:
            websocket.recv(timeout=SECONDS)
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 1003, closed
print("done")
