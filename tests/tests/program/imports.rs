//! `landline-server import` and `export`.

use crate::{folder, server, start, stop};
use landline_tests::{Client, Program};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a subcommand on a data folder. Returns its exit code, standard output and standard error.
fn task(data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Program::server();
    // Variables for the server must not disturb subcommands.
    command.env("LANDLINE_PASSWORD", "sesame").env_remove("LANDLINE_LOG").args(args).arg("--data").arg(data);
    let Output { status, stdout, stderr } = command.output().expect("running it");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

fn import(data: &Path, file: &Path) -> (Option<i32>, String, String) {
    task(data, &["import", file.to_str().expect("a path"), "--limit", "bcrypt-cost=4"])
}

#[test]
fn imported_chat77_users_sign_in_with_their_passwords() {
    let folder = folder();
    let (data, file) = (folder.path().join("data"), folder.path().join("client_connections.json"));
    let users = r#"{"users": [{"aliase": "bob", "password": "pw", "created_at": "2025-01-02 03:04:05"},
                              {"aliase": "a b", "password": "hidden"}], "connections": []}"#;
    fs::write(&file, users).expect("a file");
    let (code, said, complaint) = import(&data, &file);
    assert_eq!((code, &*complaint), (Some(0), ""));
    assert!(
        said.contains("passwords: 1.") && said.contains("\"a b\": a name has") && !said.contains("hidden"),
        "{said}"
    );
    let (mut program, address) = start(&mut server(&data));
    let mut bob = Client::connect(address);
    ["LOGIN", "bob", "pw"].iter().for_each(|line| bob.send(line));
    bob.until("AUTH_SUCCESS");

    let (code, said, complaint) = import(&data, &file);
    assert_eq!((code, &*said), (Some(1), ""));
    let pid = format!("process {}", program.child().id());
    assert!(
        complaint.starts_with("landline-server: another landline-server") && complaint.contains(&pid),
        "{complaint}"
    );
    stop(&mut program);
    let (code, said, _) = import(&data, &file);
    assert!(code == Some(0) && said.contains("left unchanged (1): bob"), "{said}");
}

#[test]
fn imported_lantalk_bans_apply() {
    let folder = folder();
    let (data, file) = (folder.path().join("data"), folder.path().join("bans.json"));
    fs::write(&file, r#"["127.0.0.1"]"#).expect("a file");
    assert_eq!(import(&data, &file).0, Some(0));
    let (mut program, address) = start(&mut server(&data));
    Client::connect(address).expect("403 Your address is banned from this server. Reason: imported from LanTalk");
    stop(&mut program);
    let (code, _, complaint) = import(&data, &data.join("bans.json"));
    assert!(code == Some(1) && complaint.contains("this server's own bans.json"), "{complaint}");
}

#[test]
fn import_and_export_refuse_wrong_arguments() {
    let folder = folder();
    let data = folder.path().join("data");
    for (args, says) in [
        (&["import"][..], "<FILE>"),
        (&["import", "x", "--limit", "speed=1"], "no limit called speed"),
        (&["export", "--since", "yesterday"], "how long ago"),
        (&["export", "--port", "1"], "'--port'"),
    ] {
        let (code, said, complaint) = task(&data, args);
        assert_eq!((code, &*said), (Some(2), ""), "{args:?}");
        assert!(complaint.contains(says) && !complaint.contains("sesame"), "{args:?}: {complaint}");
    }
    let (code, said, complaint) = import(&data, &folder.path().join("nowhere"));
    assert_eq!((code, &*said, complaint.lines().count()), (Some(1), "", 1));
    assert!(
        complaint.starts_with("landline-server: cannot import ") && complaint.contains("nowhere: No such"),
        "{complaint}"
    );
    assert!(!data.exists(), "nothing was begun");
}

/// Writes a file of 63 MiB: `beginning`, then `piece` repeated, then `end`.
fn hostile(path: &Path, beginning: &str, piece: &str, end: &str) {
    let mut content = String::from(beginning);
    while content.len() < 63 << 20 {
        content.push_str(piece);
    }
    content.push_str(end);
    fs::write(path, content).expect("a file");
}

#[test]
fn x14_hostile_import_is_refused_in_bounded_memory() {
    let folder = folder();
    let file = folder.path().join("hostile.json");
    for (beginning, piece, end) in [
        ("[", "[],", "\"\"]"),
        ("[", "\"\",", "\"\"]"),
        ("{\"users\":[", "{},", "{}]}"),
        ("{\"connections\":[", "0,", "0]}"),
        ("{\"x\":[", "{\"\":0},", "0]}"),
    ] {
        hostile(&file, beginning, piece, end);
        let server = Program::server();
        let mut limited = Command::new("sh");
        // KiB of address space: enough for three times the file and the program itself.
        limited.args(["-c", "ulimit -v 400000 && exec \"$@\"", "sh"]).arg(server.get_program());
        limited.args(["import".as_ref(), file.as_os_str(), "--data".as_ref(), folder.path().as_os_str()]);
        let done = limited.output().expect("sh");
        let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!complaint.contains("memory") && done.status.code().is_some(), "{beginning}{piece}: {complaint}");
    }
}
