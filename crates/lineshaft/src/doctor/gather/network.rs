//! Names, ports and listeners.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::fs::Access;

use super::super::facts::{NameLook, NetworkFacts, PlantFacts, PortLook};
use super::host;

/// How long a name server may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Names that are looked up at once.
const NAMES_MAX: usize = 64;

pub(super) async fn look(plant: &PlantFacts, root: &Path) -> NetworkFacts {
    let Ok(read) = &plant.read else {
        return NetworkFacts { name_servers: host::name_servers(root), ..NetworkFacts::default() };
    };
    let mut wanted: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let mut ports: BTreeMap<String, PortLook> = BTreeMap::new();
    for device in read.devices.iter().filter(|device| device.enabled) {
        let endpoint = &device.device.spec().endpoint;
        if endpoint.scheme == "serial" {
            let path = endpoint.address.clone();
            let look =
                PortLook { failed: port(&path), device: device.name.clone(), path: path.clone() };
            ports.entry(path).or_insert(look);
        } else if let Some((host, _)) = endpoint.address.rsplit_once(':')
            && is_name(host)
        {
            wanted.entry(host.to_owned()).or_insert_with(|| (device.name.clone(), true));
        }
    }
    for name in read.http.names.iter().filter(|name| is_name(name)) {
        wanted.entry(name.clone()).or_insert_with(|| ("`[http] names`".to_owned(), false));
    }
    let lookups = wanted.into_iter().take(NAMES_MAX).map(async |(name, (needed_by, is_device))| {
        let failed = resolve(&name).await;
        NameLook { name, needed_by, is_device, failed }
    });
    NetworkFacts {
        names: join_all(lookups).await,
        ports: ports.into_values().collect(),
        name_servers: host::name_servers(root),
        ..NetworkFacts::default()
    }
}

fn is_name(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_err()
}

async fn resolve(name: &str) -> Option<String> {
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await {
        Ok(Ok(mut addresses)) => addresses.next().is_none().then(|| "no address".to_owned()),
        Ok(Err(_)) => Some("not found".to_owned()),
        Err(_) => Some("no answer from the name server".to_owned()),
    }
}

/// Why a serial port cannot be opened; it is not opened here, for a device may be talking on it.
fn port(path: &str) -> Option<String> {
    let path = Path::new(path);
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Some("it is not there".to_owned());
        }
        Err(error) => return Some(error.to_string()),
    };
    if !metadata.file_type().is_char_device() {
        return Some("it is no device".to_owned());
    }
    let access = rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK);
    access.is_err().then(|| "not permitted".to_owned())
}

/// Whether an address can be listened on.
pub(super) fn listen(address: SocketAddr) -> Result<(), String> {
    match std::net::TcpListener::bind(address) {
        Ok(_free) => Ok(()),
        Err(error) => Err(format!("{address}: {error}")),
    }
}

/// Whether the node's own listener takes a connection.
pub(super) async fn connect(address: SocketAddr) -> Result<(), String> {
    let mut to = address;
    if address.ip().is_unspecified() {
        let own = if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        };
        to.set_ip(own);
    }
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(to)).await {
        Ok(Ok(_stream)) => Ok(()),
        Ok(Err(error)) => Err(format!("{to}: {error}")),
        Err(_) => Err(format!("{to} takes no connection within {} s", PATIENCE.as_secs())),
    }
}
