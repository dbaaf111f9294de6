//! The real server on a free port, asked by a real client over TCP; only the plant behind it is small.

#[cfg(test)]
mod client;
#[cfg(test)]
mod dist;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod history;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod live;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod plant;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod write;
