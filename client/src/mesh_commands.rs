//! The commands that work in a mesh: the help of the full screen and the mesh itself list them.

/// The commands that work in a mesh, and what they do there.
pub const MESH: [(&str, &str, &str); 14] = [
    ("/say", "/say TEXT", "say something to everybody, whatever it begins with"),
    ("/pm", "/pm NAME TEXT", "send one message to one person; it is kept nowhere"),
    ("/members", "/members", "list who is here, with addresses and the fingerprints of their keys"),
    (
        "/trust",
        "/trust NAME#DIGITS",
        "take the changed key of a member for the right one, after comparing it with /members",
    ),
    ("/users", "/users", "list who is here"),
    ("/who", "/who", "list who is here"),
    ("/others", "/others", "list who is here besides you"),
    ("/rooms", "/rooms", "name the one room there is"),
    ("/history", "/history [N | before ID | after ID]", "show what was said before, also before you came"),
    ("/search", "/search WORDS", "search what was said, newest first"),
    ("/hooray", "/hooray", "greet everybody who is here"),
    ("/ping", "/ping [TOKEN]", "see that this program lives"),
    ("/help", "/help [COMMAND]", "list the commands, or explain one"),
    ("/quit", "/quit", "leave; also /exit, /q and /logout"),
];
