//! Links to devices as a seam.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_serial::{DataBits, Parity, SerialPortBuilderExt, StopBits};

/// A stream of bytes to a device, whatever carries it.
pub trait Link: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Link for T {}

/// Where a device is: `tcp://host:502` or `serial:///dev/ttyS0?baud=19200&parity=even`.
///
/// The text is the identity of the physical link: two devices with the same text share one connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    text: String,
    /// What speaks first: `tcp`, `serial`, or a protocol's own word.
    pub scheme: String,
    /// The host and port, or the path of a serial port.
    pub address: String,
    /// The options after `?`, in order.
    pub options: Vec<(String, String)>,
}

/// Why a text is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// No `scheme://`.
    #[error(
        "`{0}` is not an endpoint; write for example tcp://192.168.0.17:502 or serial:///dev/ttyS0?baud=19200"
    )]
    Form(String),
    /// No port.
    #[error("`{0}` has no port; write for example tcp://192.168.0.17:502")]
    Port(String),
    /// Something that is not a port stands where the port belongs.
    #[error("`{port}` in `{text}` is not a port, a number from 0 to 65535")]
    PortNumber {
        /// What stands there.
        port: String,
        /// The whole endpoint.
        text: String,
    },
    /// Options where there are none.
    #[error(
        "`{0}` has options, and only serial:// has any; all others are the device's own keys and settings"
    )]
    NoOptions(String),
    /// An option that this scheme does not have, or a wrong value.
    #[error("option `{name}={value}` is not one of {allowed}")]
    Option {
        /// The option.
        name: String,
        /// Its value.
        value: String,
        /// What there is.
        allowed: &'static str,
    },
}

impl FromStr for Endpoint {
    type Err = EndpointError;
    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        let form = || EndpointError::Form(text.into());
        let (scheme, rest) = text.split_once("://").ok_or_else(form)?;
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        if scheme.is_empty() || address.is_empty() {
            return Err(form());
        }
        if scheme != "serial" {
            check_port(address, text)?;
        }
        if scheme.ends_with("tcp") && !query.is_empty() {
            return Err(EndpointError::NoOptions(text.into()));
        }
        let options = query
            .split('&')
            .filter(|option| !option.is_empty())
            .map(|option| {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                (name.to_owned(), value.to_owned())
            })
            .collect();
        let endpoint =
            Endpoint { text: text.into(), scheme: scheme.into(), address: address.into(), options };
        if endpoint.scheme == "serial" {
            serial_settings(&endpoint)?;
        }
        Ok(endpoint)
    }
}

fn check_port(address: &str, text: &str) -> Result<(), EndpointError> {
    match address.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.is_empty() => {
            let wrong = |_| EndpointError::PortNumber { port: port.into(), text: text.into() };
            port.parse::<u16>().map(|_| ()).map_err(wrong)
        }
        _ => Err(EndpointError::Port(text.into())),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct SerialSettings {
    baud: u32,
    parity: Parity,
    data: DataBits,
    stop: StopBits,
}

fn serial_settings(endpoint: &Endpoint) -> Result<SerialSettings, EndpointError> {
    const ALLOWED: &str = "baud=1200…4000000, parity=none|even|odd, data=7|8, stop=1|2";
    let mut settings = SerialSettings {
        baud: 19_200,
        parity: Parity::Even,
        data: DataBits::Eight,
        stop: StopBits::One,
    };
    for (name, value) in &endpoint.options {
        let wrong =
            || EndpointError::Option { name: name.clone(), value: value.clone(), allowed: ALLOWED };
        match (name.as_str(), value.as_str()) {
            ("baud", _) => {
                let baud = value.parse().ok().filter(|baud| (1_200..=4_000_000).contains(baud));
                settings.baud = baud.ok_or_else(wrong)?;
            }
            ("parity", "none") => settings.parity = Parity::None,
            ("parity", "even") => settings.parity = Parity::Even,
            ("parity", "odd") => settings.parity = Parity::Odd,
            ("data", "7") => settings.data = DataBits::Seven,
            ("data", "8") => settings.data = DataBits::Eight,
            ("stop", "1") => settings.stop = StopBits::One,
            ("stop", "2") => settings.stop = StopBits::Two,
            _ => return Err(wrong()),
        }
    }
    Ok(settings)
}

/// Opens links.
#[derive(Debug, Clone)]
pub struct Net {
    connect_timeout: Duration,
}

impl Default for Net {
    fn default() -> Net {
        Net { connect_timeout: Duration::from_secs(5) }
    }
}

impl Net {
    /// A net that gives up on a connection after `connect_timeout`.
    #[must_use]
    pub const fn new(connect_timeout: Duration) -> Net {
        Net { connect_timeout }
    }

    /// Opens the serial port of a `serial` endpoint, or a TCP connection for any other scheme.
    ///
    /// # Errors
    /// As the operating system says; [`io::ErrorKind::TimedOut`] when nobody answers.
    pub async fn open(&self, endpoint: &Endpoint) -> io::Result<Box<dyn Link>> {
        if endpoint.scheme == "serial" {
            let settings = serial_settings(endpoint).map_err(io::Error::other)?;
            let port = tokio_serial::new(&endpoint.address, settings.baud)
                .parity(settings.parity)
                .data_bits(settings.data)
                .stop_bits(settings.stop)
                .open_native_async()
                .map_err(io::Error::from)?;
            return Ok(Box::new(port));
        }
        let connect = TcpStream::connect(&endpoint.address);
        let stream = tokio::time::timeout(self.connect_timeout, connect).await??;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    /// The addresses behind the host of an endpoint that is no serial port.
    ///
    /// # Errors
    /// As the operating system says; [`io::ErrorKind::TimedOut`] when no name server answers.
    pub async fn resolve(&self, endpoint: &Endpoint) -> io::Result<Vec<SocketAddr>> {
        let found = lookup_host(&endpoint.address);
        Ok(tokio::time::timeout(self.connect_timeout, found).await??.collect())
    }

    /// Whether there is a serial port at the path of a `serial` endpoint.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] and whatever else the operating system says; [`io::ErrorKind::InvalidInput`] when
    /// something else is there.
    pub fn look_for_port(&self, endpoint: &Endpoint) -> io::Result<()> {
        if std::fs::metadata(&endpoint.address)?.file_type().is_char_device() {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no serial port"))
    }

    /// The serial ports of this machine, as far as there is something behind them.
    #[must_use]
    pub fn serial_ports(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_real = |name: &String| {
            let plugged = ["ttyUSB", "ttyACM", "ttyAMA"].iter().any(|kind| name.starts_with(kind));
            // The kernel makes numbers for ports that are not there; their type is 0.
            let kind = std::fs::read_to_string(format!("/sys/class/tty/{name}/type"));
            plugged || name.starts_with("ttyS") && kind.is_ok_and(|kind| kind.trim() != "0")
        };
        let mut ports: Vec<String> =
            names.filter(is_real).map(|name| format!("/dev/{name}")).collect();
        ports.sort();
        ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_says_what_is_wrong_with_it() {
        for good in [
            "tcp://192.168.0.17:502",
            "tcp://[::1]:502",
            "serial:///dev/ttyS0?baud=9600&parity=none&stop=2",
        ] {
            assert_eq!(good.parse::<Endpoint>().unwrap().to_string(), good);
        }
        for (wrong, why) in [
            ("192.168.0.17:502", "is not an endpoint"),
            ("tcp://host", "has no port"),
            ("tcp://:502", "has no port"),
            ("tcp://h:", "has no port"),
            ("tcp://h:99999", "`99999` in `tcp://h:99999` is not a port"),
            ("tcp://h:502?unit=7", "has options"),
            ("rtu+tcp://h:502?baud=9600", "has options"),
            ("serial:///dev/ttyS0?baud=x", "option `baud=x`"),
        ] {
            let error = wrong.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }
}
