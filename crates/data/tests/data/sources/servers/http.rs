//! A small web server: files with entity tags and ranges of bytes, and the misfortunes that clients meet.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The server; it answers as long as the program lives, which for a test is short.
pub struct Http {
    pub port: u16,
    site: Arc<Mutex<Site>>,
}

#[derive(Default)]
struct Site {
    files: HashMap<String, Vec<u8>>,
    /// A header that requests must have.
    wanted: Option<String>,
    /// Whether bodies end after their first half.
    breaks_off: bool,
    /// `GET` requests of whole files, and bytes of bodies.
    whole: usize,
    bytes: usize,
}

impl Http {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let site = Arc::<Mutex<Site>>::default();
        let shared = site.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let site = shared.clone();
                thread::spawn(move || while answer(&stream, &site).is_some() {});
            }
        });
        Self { port, site }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.site
            .lock()
            .unwrap()
            .files
            .insert(format!("/{path}"), bytes.into());
    }

    pub fn want(&self, header: &str) {
        self.site.lock().unwrap().wanted = Some(header.to_lowercase());
    }

    pub fn break_off(&self) {
        self.site.lock().unwrap().breaks_off = true;
    }

    /// How many whole files were asked for, and how many bytes were sent.
    pub fn sent(&self) -> (usize, usize) {
        let site = self.site.lock().unwrap();
        (site.whole, site.bytes)
    }
}

/// One request and its answer; `None` when the connection ends.
fn answer(stream: &TcpStream, site: &Mutex<Site>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next()?.ok()?;
    let mut words = request.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let headers: Vec<String> = headers.iter().map(|line| line.to_lowercase()).collect();
    let mut site = site.lock().unwrap();
    let mut out = stream;
    let refused = site
        .wanted
        .as_ref()
        .is_some_and(|wanted| !headers.contains(wanted));
    let file = site.files.get(path.split('?').next()?).cloned();
    let (Some(file), false) = (file, refused) else {
        let status = if refused { "403 Forbidden" } else { "404 Not Found" };
        return write!(out, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").ok();
    };
    // There is no range of nothing.
    let range = headers
        .iter()
        .find_map(|line| line.strip_prefix("range: bytes="))
        .filter(|_| !file.is_empty());
    let tag = blake(&file);
    let (status, from, to) = match range {
        Some(range) => {
            let (from, to) = range.split_once('-')?;
            let (from, to): (usize, usize) = match (from, to) {
                ("", last) => (file.len().saturating_sub(last.parse().ok()?), file.len()),
                (from, "") => (from.parse().ok()?, file.len()),
                (from, to) => (from.parse().ok()?, to.parse::<usize>().ok()? + 1),
            };
            ("206 Partial Content", from, to.min(file.len()))
        }
        None => ("200 OK", 0, file.len()),
    };
    let ranges = format!(
        "Content-Range: bytes {from}-{}/{}\r\n",
        to.saturating_sub(1),
        file.len()
    );
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{tag}\"\r\nAccept-Ranges: bytes\r\n{}\r\n",
        to - from,
        if range.is_some() { &ranges } else { "" }
    )
    .ok()?;
    if method == "GET" {
        site.whole += usize::from(range.is_none());
        let body = &file[from..to];
        let body = if site.breaks_off {
            &body[..body.len() / 2]
        } else {
            body
        };
        site.bytes += body.len();
        out.write_all(body).ok()?;
        if site.breaks_off {
            return None;
        }
    }
    Some(())
}

/// A tag that another content doesn't have.
fn blake(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}
