//! A headless Chromium, spoken to by the Chrome DevTools Protocol over a WebSocket (RFC 6455) on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::prerequisite::absent;

const WAIT: Duration = Duration::from_secs(60);

/// One page in a browser of its own.
pub(crate) struct Page {
    browser: Child,
    stream: TcpStream,
    next: u64,
    /// Console messages and exceptions.
    pub(crate) complaints: Vec<String>,
    /// Addresses that were asked for.
    pub(crate) requests: Vec<String>,
}

impl Page {
    /// Opens an address; `None`, with a word on standard error, where there is no browser.
    pub(crate) fn open(url: &str, scratch: &Path) -> Option<Self> {
        Self::start(url, scratch, true)
    }

    /// As [`Page::open`], in a browser that runs no script of the page.
    pub(crate) fn open_without_scripts(url: &str, scratch: &Path) -> Option<Self> {
        Self::start(url, scratch, false)
    }

    fn start(url: &str, scratch: &Path, scripts: bool) -> Option<Self> {
        let Some(program) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|p| installed(p)) else {
            absent("browser", "no Chromium here (Debian: apt-get install chromium); the HTML report was not tried");
            return None;
        };
        let mut browser = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-extensions", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", scratch.join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(browser.stderr.take().unwrap());
        let mut lines = said.lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|l| l.split("DevTools listening on ws://").nth(1).map(str::to_owned));
        // Whatever else it says must be read, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("the browser did not start");
        let host = address.split('/').next().unwrap().to_owned();
        let target = targets(&host);
        let mut page = Self { browser, stream: connect(&host, &target), next: 0, complaints: vec![], requests: vec![] };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.call("Emulation.setScriptExecutionDisabled", json!({ "value": !scripts }));
        page.call("Page.navigate", json!({ "url": url }));
        page.until("document.readyState === 'complete' && location.protocol === 'file:' && performance.timing.loadEventEnd > 0");
        Some(page)
    }

    /// Calls a method and returns its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        send(&mut self.stream, &json!({ "id": id, "method": method, "params": params }).to_string());
        loop {
            let message: Value = serde_json::from_str(&receive(&mut self.stream)).unwrap();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                self.complaints.push(message["params"].to_string());
            }
            "Network.requestWillBeSent" => {
                self.requests.push(message["params"]["request"]["url"].as_str().unwrap().to_owned());
            }
            _ => {}
        }
    }

    /// What an expression gives.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Runs statements in a scope of their own.
    pub(crate) fn run(&mut self, statements: &str) {
        self.value(&format!("(() => {{ {statements} }})()"));
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let end = Instant::now() + WAIT;
        while self.value(expression) != true {
            assert!(Instant::now() < end, "never true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key and lets it go.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { "\r" } else { "" };
            let key = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", key);
        }
    }

    /// Sets the width of the window, and whether dark colors are preferred.
    pub(crate) fn shape(&mut self, width: u32, dark: bool) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
    }

    /// The width of a sheet of A4 without its margins.
    pub(crate) fn shape_print(&mut self) {
        let metrics = json!({ "width": 703, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    pub(crate) fn screenshot(&mut self, whole: bool) -> Vec<u8> {
        let result = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": whole }));
        BASE64.decode(result["data"].as_str().unwrap().as_bytes()).unwrap()
    }

    pub(crate) fn pdf(&mut self) -> Vec<u8> {
        let result = self.call("Page.printToPDF", json!({ "printBackground": true, "preferCSSPageSize": true }));
        BASE64.decode(result["data"].as_str().unwrap().as_bytes()).unwrap()
    }

    /// Lets what is under way be told.
    pub(crate) fn settle(&mut self) {
        std::thread::sleep(Duration::from_millis(200));
        self.value("0");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

fn installed(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|s| s.success())
}

/// The path of the first page's own socket.
fn targets(host: &str) -> String {
    let end = Instant::now() + WAIT;
    loop {
        let mut stream = TcpStream::connect(host).unwrap();
        let request = format!("GET /json/list HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        // At once: the browser's small server does not wait for the rest.
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let list: Value = serde_json::from_slice(&body).unwrap();
        let page = list.as_array().unwrap().iter().find(|t| t["type"] == "page");
        if let Some(address) = page.and_then(|t| t["webSocketDebuggerUrl"].as_str()) {
            return format!("/{}", address.trim_start_matches("ws://").split_once('/').unwrap().1);
        }
        assert!(Instant::now() < end, "the browser has no page");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn connect(host: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let key = BASE64.encode(&[7; 16]);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// One masked text frame; a mask of zeros leaves the text as it is.
fn send(stream: &mut TcpStream, text: &str) {
    let mut frame = vec![0x81];
    match text.len() {
        n @ 0..=125 => frame.push(0x80 | n as u8),
        n @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend((n as u16).to_be_bytes());
        }
        n => {
            frame.push(0x80 | 127);
            frame.extend((n as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    stream.write_all(&frame).unwrap();
}

/// One message, put together from its frames.
fn receive(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        let len = match head[1] & 0x7f {
            126 => {
                let mut n = [0; 2];
                stream.read_exact(&mut n).unwrap();
                u64::from(u16::from_be_bytes(n))
            }
            127 => {
                let mut n = [0; 8];
                stream.read_exact(&mut n).unwrap();
                u64::from_be_bytes(n)
            }
            n => u64::from(n),
        };
        let mut body = vec![0; len as usize];
        stream.read_exact(&mut body).unwrap();
        // Control frames are not part of the message.
        if head[0] & 0x08 == 0 {
            text.extend(body);
            if head[0] & 0x80 != 0 {
                return String::from_utf8(text).unwrap();
            }
        }
    }
}
