//! The real server on a free port, asked by a real client over TCP; only the plant behind it is small.

#[cfg(test)]
mod assets;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod cells;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod client;
#[cfg(test)]
mod control;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod dist;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod history;
#[cfg(test)]
mod history_export;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod live;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod people;
#[cfg(test)]
mod person;
#[cfg(test)]
mod plant;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod probes_desk;
#[cfg(test)]
mod probes_devices;
#[cfg(test)]
mod probes_operate;
#[cfg(test)]
mod probes_reading;
#[cfg(test)]
mod quiet;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod revisions;
#[cfg(test)]
mod scope;
#[cfg(test)]
mod security;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod write;
