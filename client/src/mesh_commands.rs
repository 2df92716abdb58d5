//! The table of commands that work in a mesh, for the help of the full screen and for the mesh itself.

/// The word, the usage and the help text of each command.
pub const MESH: [(&str, &str, &str); 15] = [
    ("/say", "/say TEXT", "send a message to all members, even if it begins with a slash"),
    ("/me", "/me TEXT", "say what you do: /me waves is shown as * alice waves"),
    ("/pm", "/pm NAME TEXT", "send a message to one member; it is stored nowhere"),
    ("/members", "/members", "list the members with their addresses and key fingerprints"),
    ("/trust", "/trust NAME#DIGITS", "trust a member's changed key, after comparing it with /members"),
    ("/users", "/users", "list the members"),
    ("/who", "/who", "list the members"),
    ("/others", "/others", "list the other members"),
    ("/rooms", "/rooms", "show the name of the only room"),
    ("/history", "/history [N | before ID | after ID]", "show earlier messages, also from before you joined"),
    ("/search", "/search WORDS", "search the messages, newest first"),
    ("/hooray", "/hooray", "greet all members"),
    ("/ping", "/ping [TOKEN]", "check that this program responds"),
    ("/help", "/help [COMMAND]", "list the commands, or explain one"),
    ("/quit", "/quit", "leave; also /exit, /q and /logout"),
];
