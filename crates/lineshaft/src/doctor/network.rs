//! The way to devices and people.

use lineshaft_api::is_loopback;

use super::Check;
use super::facts::{Facts, GateFacts, NameLook};
use super::finding::{Finding, count, list};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "listen-reach", title: "Other machines meet TLS", examine: reach },
    Check { name: "listen-port", title: "The page's port can be had", examine: port },
    Check { name: "device-names", title: "Host names of devices are known", examine: device_names },
    Check { name: "serial-ports", title: "Serial ports can be opened", examine: serial_ports },
    Check { name: "name-servers", title: "Names can be looked up", examine: name_servers },
    Check { name: "own-names", title: "The node's own names lead to it", examine: own_names },
    Check { name: "control-socket", title: "Commands reach the node", examine: control_socket },
];

fn reach(facts: &Facts) -> Finding {
    let (address, tls) = match (&facts.gate, &facts.plant.read) {
        (GateFacts::Open(gate), _) => (gate.address, gate.exposure.tls),
        (_, Ok(plant)) => (plant.http.listen, plant.http.speaks_tls(plant.http.listen)),
        (_, Err(_)) => return Finding::skipped("the plant folder cannot be read"),
    };
    if is_loopback(address.ip()) {
        return Finding::ok(format!("{address}: only this machine reaches it"));
    }
    if tls {
        return Finding::ok(format!("{address} speaks TLS"));
    }
    Finding::bad(
        format!("{address} can be reached from other machines, without TLS"),
        "passwords and values cross the network readable, and whoever is in between can change them",
        "take `http-without-tls` out of `[security] insecure` and set `[http] tls = \"on\"`",
    )
    .code("LS-NOD-008")
}

fn port(facts: &Facts) -> Finding {
    match (&facts.network.listen, &facts.running) {
        (None, _) => Finding::skipped("the plant folder cannot be read"),
        (Some(Ok(())), Some(_)) => Finding::ok("the page answers"),
        (Some(Ok(())), None) => Finding::ok("it is free"),
        (Some(Err(why)), Some(_)) => Finding::bad(
            format!("the page does not answer: {why}"),
            "a packet filter of this machine, or the listener stopped",
            "look into the log; start the node again",
        ),
        (Some(Err(why)), None) => Finding::bad(
            why.clone(),
            "another program has the port, or the address is not one of this machine",
            "`ss -ltnp` names who has it; change `[http] listen` in lineshaft.toml",
        )
        .code("LS-NOD-003"),
    }
}

fn failed(looks: &[&NameLook]) -> String {
    let names: Vec<String> = looks
        .iter()
        .map(|look| {
            let why = look.failed.as_deref().unwrap_or_default();
            format!("{} of {} ({why})", look.name, look.needed_by)
        })
        .collect();
    list(&names)
}

fn device_names(facts: &Facts) -> Finding {
    let of_devices: Vec<&NameLook> =
        facts.network.names.iter().filter(|look| look.is_device).collect();
    let unknown: Vec<&NameLook> =
        of_devices.iter().copied().filter(|look| look.failed.is_some()).collect();
    if of_devices.is_empty() {
        return Finding::skipped("devices have addresses, not names");
    }
    if unknown.is_empty() {
        return Finding::ok(format!("{} found", count(of_devices.len(), "name")));
    }
    Finding::bad(
        format!("not known: {}", failed(&unknown)),
        "the device cannot be reached by this name: a typing mistake, or the name server does not know it",
        "write the address instead of the name, or add the name to /etc/hosts or to the name server",
    )
    .code("LS-DRV-001")
}

fn serial_ports(facts: &Facts) -> Finding {
    let ports = &facts.network.ports;
    if ports.is_empty() {
        return Finding::skipped("there are no serial lines");
    }
    let wrong: Vec<String> = ports
        .iter()
        .filter_map(|port| {
            let why = port.failed.as_ref()?;
            Some(format!("{} of {} ({why})", port.path, port.device))
        })
        .collect();
    if wrong.is_empty() {
        return Finding::ok(format!("{} there", count(ports.len(), "port")));
    }
    Finding::bad(
        format!("cannot be opened: {}", list(&wrong)),
        "the adapter is not plugged in or has another name now, or the account of the node is not in the group `dialout`",
        "`ls -l /dev/serial/by-id` has names that stay; `usermod -aG dialout` gives the right",
    )
    .code("LS-DRV-001")
}

fn name_servers(facts: &Facts) -> Finding {
    let needed = facts.network.names.iter().any(|look| look.is_device);
    match facts.network.name_servers {
        _ if !needed => Finding::skipped("no device needs a name"),
        Some(0) => Finding::warn(
            "there is no name server in /etc/resolv.conf",
            "devices have names, and only those in /etc/hosts are found",
            "add a name server, or write addresses",
        ),
        Some(servers) => Finding::ok(count(servers, "name server")),
        None => Finding::unknown(
            "/etc/resolv.conf cannot be read",
            "who answers for names is not known",
            "look with `resolvectl status`",
        ),
    }
}

fn own_names(facts: &Facts) -> Finding {
    let own: Vec<&NameLook> = facts.network.names.iter().filter(|look| !look.is_device).collect();
    if own.is_empty() {
        return Finding::skipped("`[http] names` is empty");
    }
    let unknown: Vec<&NameLook> =
        own.iter().copied().filter(|look| look.failed.is_some()).collect();
    if unknown.is_empty() {
        return Finding::ok(format!("{} found", count(own.len(), "name")));
    }
    Finding::warn(
        format!("not known here: {}", failed(&unknown)),
        "people who type this name do not reach the node, if their name server says the same",
        "add the name to the name server, or correct `[http] names`",
    )
}

fn control_socket(facts: &Facts) -> Finding {
    if facts.running.is_none() {
        return Finding::skipped("no node runs");
    }
    match facts.network.socket_mode {
        None => Finding::bad(
            "there is no control socket in the data folder",
            "somebody removed it: `lineshaft user` and other commands do not reach this node",
            "start the node again",
        )
        .code("LS-NOD-007"),
        Some(mode) if mode & 0o077 != 0 => Finding::bad(
            format!("other accounts can open the control socket (mode {:o})", mode & 0o777),
            "whoever can, may do everything on this node",
            "chmod 600 control.sock in the data folder",
        ),
        Some(_) => Finding::ok("for the account of the node and root only"),
    }
}
