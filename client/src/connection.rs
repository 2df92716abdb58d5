//! Connecting and signing in.

use crate::args::Identity;
use anyhow::{Context, bail};
use landline_common::clean::clean;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECTING: Duration = Duration::from_secs(5);
/// A server that says more in one line is none.
const LONGEST_LINE: u64 = 64 << 10;

/// A connection on which somebody is signed in.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Connection {
    /// Connects to `server` (with its port) and signs in.
    ///
    /// # Errors
    /// It cannot be reached, or it refuses.
    pub fn open(server: &str, who: &Identity) -> anyhow::Result<Connection> {
        let addresses: Vec<_> = server.to_socket_addrs().with_context(|| format!("looking up {server}"))?.collect();
        let connect = |address| TcpStream::connect_timeout(address, CONNECTING);
        let mut stream = None;
        for address in &addresses {
            stream = Some(connect(address));
            if matches!(stream, Some(Ok(_))) {
                break;
            }
        }
        let stream = stream
            .with_context(|| format!("{server} has no address"))?
            .with_context(|| format!("no server answers at {server}; is landline-server running there?"))?;
        stream.set_nodelay(true)?;
        let mut connection = Connection { reader: BufReader::new(stream.try_clone()?), stream };
        match &who.password {
            None => connection.sign_in_guest(who)?,
            Some(password) => connection.sign_in_account(who, password)?,
        }
        Ok(connection)
    }

    /// The next line, or `None` when the server has closed. The server has cleaned it; a terminal deserves not to
    /// depend on that, so it is cleaned here too.
    ///
    /// # Errors
    /// The connection broke.
    pub fn line(&mut self) -> anyhow::Result<Option<String>> {
        let mut line = Vec::new();
        self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).context("the connection broke")?;
        if line.is_empty() {
            return Ok(None);
        }
        Ok(Some(clean(String::from_utf8_lossy(&line).trim_end()).into_owned()))
    }

    /// Where lines for the server go.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn sender(&self) -> anyhow::Result<TcpStream> {
        Ok(self.stream.try_clone()?)
    }

    fn send(&mut self, line: &str) -> anyhow::Result<()> {
        self.stream.write_all(format!("{line}\n").as_bytes()).context("the connection broke")
    }

    fn sign_in_guest(&mut self, who: &Identity) -> anyhow::Result<()> {
        self.send(&format!("{}_{}", who.name, who.room))?;
        loop {
            match self.answer()? {
                line if line == "PASSWORD?" => self.send(server_password(who)?)?,
                line if line.starts_with("200 ") => {
                    println!("{line}");
                    return Ok(());
                }
                line => bail!("{line}"),
            }
        }
    }

    fn sign_in_account(&mut self, who: &Identity, password: &str) -> anyhow::Result<()> {
        if who.register {
            self.credentials("REGISTER", who, password)?;
            match self.answer()? {
                line if line.starts_with("Registration successful") => println!("{line}"),
                line => bail!("{line}"),
            }
            self.answer()?;
        }
        self.credentials("LOGIN", who, password)?;
        match self.answer()? {
            line if line == "AUTH_SUCCESS" => println!("{}", self.answer()?),
            line => bail!("{line}"),
        }
        if who.room.as_str() != "lobby" {
            self.send(&format!("/join {}", who.room))?;
        }
        Ok(())
    }

    fn credentials(&mut self, mode: &str, who: &Identity, password: &str) -> anyhow::Result<()> {
        self.send(mode)?;
        loop {
            match self.answer()? {
                line if line.starts_with("INFO:") => {
                    self.answer()?;
                    self.send(server_password(who)?)?;
                }
                line if line == "ALIAS?" => break,
                line => bail!("{line}"),
            }
        }
        self.send(who.name.as_str())?;
        self.answer()?;
        self.send(password)
    }

    fn answer(&mut self) -> anyhow::Result<String> {
        self.line()?.context("the server closed the connection")
    }
}

fn server_password(who: &Identity) -> anyhow::Result<&str> {
    who.server_password.as_deref().context("this server has a password; give it with --server-password")
}
