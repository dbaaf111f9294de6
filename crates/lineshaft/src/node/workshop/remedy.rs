//! What went wrong on the way to a device, and what a person can do about it.

use std::io::{self, ErrorKind};

use lineshaft_contract::{Chain, DriverError, Fault as _};
use lineshaft_runtime::{Endpoint, Net};

/// A failure with its code and its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) what: String,
    pub(super) code: String,
    pub(super) remedy: String,
}

/// Host and port of an endpoint that has them.
pub(super) fn host_and_port(endpoint: &Endpoint) -> (&str, &str) {
    endpoint.address.rsplit_once(':').unwrap_or((&endpoint.address, ""))
}

/// No address for the host.
pub(super) fn of_name(endpoint: &Endpoint, error: &io::Error) -> Failure {
    let (host, _) = host_and_port(endpoint);
    if error.kind() == ErrorKind::TimedOut {
        return Failure {
            what: format!("no name server answered for `{host}`"),
            code: "LS-DRV-011".into(),
            remedy: "write the IP address of the device, or check the name server of this machine (/etc/resolv.conf)".into(),
        };
    }
    Failure {
        what: format!("there is no host `{host}`: {error}"),
        code: "LS-DRV-011".into(),
        remedy: format!(
            "check the spelling of `{host}`, or write the IP address of the device; names of plant devices are often not known to the name server"
        ),
    }
}

/// No connection.
pub(super) fn of_connect(endpoint: &Endpoint, net: &Net, error: &DriverError) -> Failure {
    let DriverError::Connect { source, .. } = error else {
        return Failure {
            what: Chain(error).to_string(),
            code: error.code().into(),
            remedy: String::new(),
        };
    };
    if endpoint.scheme == "serial" {
        return of_port(endpoint, net, source);
    }
    let (host, port) = host_and_port(endpoint);
    let (what, remedy) = match source.kind() {
        ErrorKind::ConnectionRefused => (
            format!("{host} is there, and nothing listens on port {port}"),
            format!(
                "check the port ({port}): Modbus TCP is 502 unless the device says otherwise; check that the server is \
                 switched on in the device's own settings; a firewall can refuse like this too"
            ),
        ),
        ErrorKind::TimedOut => (
            format!("{host} does not answer on port {port}"),
            "check that the device is switched on and that the IP address is right (`ping` it from this machine); a firewall \
             in between that drops packets looks the same"
                .into(),
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => (
            format!("there is no way from this machine to {host}"),
            "check the IP address, the cable, and the network of this machine: device and node must be in one subnet, or have a \
             route between them"
                .into(),
        ),
        ErrorKind::PermissionDenied => (
            format!("this machine may not connect to {host}"),
            "a firewall or a policy on this machine forbids it".into(),
        ),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => (
            format!("{host} ended the connection at once"),
            "it may take one connection only, or from certain addresses only: look for another master and for its list of \
             allowed ones"
                .into(),
        ),
        _ => (
            Chain(error).to_string(),
            "check the address and the network between this machine and the device".into(),
        ),
    };
    Failure { what, code: error.code().into(), remedy }
}

/// A serial port that is not there or cannot be opened.
pub(super) fn of_port(endpoint: &Endpoint, net: &Net, error: &io::Error) -> Failure {
    let port = &endpoint.address;
    let busy = error.kind() == ErrorKind::ResourceBusy || error.to_string().contains("busy");
    let (what, code, remedy) = match error.kind() {
        _ if busy => (
            format!("{port} is in use by another program"),
            "LS-DRV-014",
            format!("stop the program that has it open (`fuser {port}` names it): a line has one master"),
        ),
        ErrorKind::NotFound => {
            let there = net.serial_ports();
            let there = match there.as_slice() {
                [] => "this machine has no serial port at the moment".to_owned(),
                ports => format!("this machine has {}", ports.join(", ")),
            };
            (
                format!("there is no {port}"),
                "LS-DRV-012",
                format!(
                    "{there}; plug the adapter in, or pass it into the container or virtual machine (`/dev/serial/by-id/…` keeps its name)"
                ),
            )
        }
        ErrorKind::InvalidInput => (
            format!("{port} is no serial port"),
            "LS-DRV-012",
            "write the path of a port such as /dev/ttyUSB0".into(),
        ),
        ErrorKind::PermissionDenied => (
            format!("this program may not open {port}"),
            "LS-DRV-013",
            "add its user to the group of the port (`dialout` on Debian, `uucp` elsewhere) and start it again".into(),
        ),
        _ => (
            format!("{port} cannot be opened: {error}"),
            "LS-DRV-001",
            "check that the port can do this baud rate, parity and stop bits".into(),
        ),
    };
    Failure { what, code: code.into(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_fail_has_its_own_remedy() {
        let tcp: Endpoint = "tcp://plc.local:502".parse().unwrap();
        let serial: Endpoint = "serial:///dev/ttyUSB7".parse().unwrap();
        let mut remedies = std::collections::BTreeSet::new();
        for (endpoint, kind, code, what) in [
            (&tcp, ErrorKind::ConnectionRefused, "LS-DRV-001", "nothing listens on port 502"),
            (&tcp, ErrorKind::TimedOut, "LS-DRV-001", "does not answer on port 502"),
            (&tcp, ErrorKind::HostUnreachable, "LS-DRV-001", "no way from this machine"),
            (&tcp, ErrorKind::PermissionDenied, "LS-DRV-001", "may not connect"),
            (&tcp, ErrorKind::ConnectionReset, "LS-DRV-001", "at once"),
            (&serial, ErrorKind::NotFound, "LS-DRV-012", "there is no /dev/ttyUSB7"),
            (&serial, ErrorKind::PermissionDenied, "LS-DRV-013", "may not open"),
            (&serial, ErrorKind::ResourceBusy, "LS-DRV-014", "in use by another program"),
            (&serial, ErrorKind::InvalidInput, "LS-DRV-012", "no serial port"),
        ] {
            let error =
                DriverError::Connect { endpoint: endpoint.to_string(), source: kind.into() };
            let failure = of_connect(endpoint, &Net::default(), &error);
            assert_eq!(failure.code, code, "{kind}");
            assert!(failure.what.contains(what), "{kind}: {}", failure.what);
            assert!(remedies.insert(failure.remedy), "{kind}");
        }
    }
}
