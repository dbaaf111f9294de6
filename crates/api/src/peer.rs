//! Who is at the other end of a connection, as far as the connection says.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// By which way a connection came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// TCP without TLS.
    Plain,
    /// TCP with TLS, with the SHA-256 of the client's certificate if it showed one.
    Tls {
        /// Of the DER form.
        certificate: Option<[u8; 32]>,
    },
    /// The control socket in the data folder, with the operating system's name of the account behind it.
    Control {
        /// The name.
        user: Arc<str>,
    },
}

/// One connection. Every request carries the one it came by.
#[derive(Debug, Clone)]
pub(crate) struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    from: Option<SocketAddr>,
    way: Way,
    /// Resolves when the connection shall make room for another; never on the control socket.
    leave: CancellationToken,
    /// Held until somebody on this connection has said who he is. A guest holds it too, without being a stranger.
    place: Mutex<Option<Place>>,
}

impl Peer {
    pub(crate) fn new(from: Option<SocketAddr>, way: Way, place: Option<Place>) -> Peer {
        let leave = place.as_ref().map(|place| place.stranger.leave.clone()).unwrap_or_default();
        Peer(Arc::new(Inner { from, way, leave, place: Mutex::new(place) }))
    }

    /// Its address; none on the control socket.
    pub(crate) fn from(&self) -> Option<SocketAddr> {
        self.0.from
    }

    pub(crate) fn way(&self) -> &Way {
        &self.0.way
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.0.way, Way::Tls { .. })
    }

    pub(crate) fn is_control(&self) -> bool {
        matches!(self.0.way, Way::Control { .. })
    }

    /// Resolves when the connection shall make room for another.
    pub(crate) fn leave(&self) -> &CancellationToken {
        &self.0.leave
    }

    /// A whole request has come and is being answered: until it is, nobody takes the place of this connection.
    pub(crate) fn is_busy(&self, busy: Busy) {
        if let Some(place) = &*self.0.place.lock() {
            place.stranger.busy.store(busy == Busy::Yes, Ordering::Relaxed);
        }
    }

    /// Somebody here has said who he is: the place among the strangers is another's.
    pub(crate) fn is_known(&self) {
        drop(self.0.place.lock().take());
    }

    /// Somebody here may look without having said who he is: he leaves the strangers if his source has fewer than `max`
    /// guests, and stays among them if not.
    pub(crate) fn is_guest(&self, max: usize) {
        if let Some(place) = &mut *self.0.place.lock() {
            place.welcome(max);
        }
    }
}

/// Whether a connection is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    Yes,
    No,
}

/// The strangers and the guests: connections on which nobody has said who he is.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<Strangers>);

#[derive(Debug, Default)]
struct Strangers {
    of_source: HashMap<IpAddr, usize>,
    guests_of_source: HashMap<IpAddr, usize>,
    /// In the order they came.
    in_order: BTreeMap<u64, Arc<Stranger>>,
    next: u64,
}

#[derive(Debug, Default)]
struct Stranger {
    leave: CancellationToken,
    busy: AtomicBool,
}

impl Sources {
    /// A place for one more connection from `ip`, if it has fewer than `max`.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr, max: usize) -> Option<Place> {
        let source = source_of(ip);
        let mut strangers = self.0.lock();
        let count = strangers.of_source.entry(source).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        let number = strangers.next;
        strangers.next += 1;
        let stranger = Arc::<Stranger>::default();
        strangers.in_order.insert(number, stranger.clone());
        Some(Place {
            sources: self.clone(),
            source,
            number,
            stranger,
            standing: Standing::Stranger,
        })
    }

    /// How many strangers there are who have not been sent away.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().in_order.len()
    }

    /// Sends the stranger away who has kept the node waiting longest; says whether there was one.
    ///
    /// Thousands of addresses with a few slow connections each would else take every place, and nobody could log in.
    pub(crate) fn make_room(&self) -> bool {
        let mut strangers = self.0.lock();
        let waits = |(_, stranger): &(&u64, &Arc<Stranger>)| !stranger.busy.load(Ordering::Relaxed);
        let Some(oldest) = strangers.in_order.iter().find(waits).map(|(number, _)| *number) else {
            return false;
        };
        if let Some(stranger) = strangers.in_order.remove(&oldest) {
            stranger.leave.cancel();
        }
        true
    }
}

/// A network of IPv6 is one source: its owner has all 2^64 addresses.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// The place of one connection; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    sources: Arc<Sources>,
    source: IpAddr,
    number: u64,
    stranger: Arc<Stranger>,
    standing: Standing,
}

/// As what a place is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Stranger,
    Guest,
}

impl Place {
    /// Resolves when the connection shall make room for another.
    pub(crate) async fn leave(&self) {
        self.stranger.leave.cancelled().await;
    }

    /// Makes a guest of a stranger, if his source has fewer than `max` of them.
    fn welcome(&mut self, max: usize) {
        if self.standing == Standing::Guest {
            return;
        }
        let mut strangers = self.sources.0.lock();
        let guests = strangers.guests_of_source.get(&self.source).copied().unwrap_or(0);
        if guests >= max {
            return;
        }
        strangers.guests_of_source.insert(self.source, guests + 1);
        strangers.in_order.remove(&self.number);
        leave_one(&mut strangers.of_source, self.source);
        self.standing = Standing::Guest;
    }
}

/// Counts one connection of a source less; of a source without any nothing is kept.
fn leave_one(counts: &mut HashMap<IpAddr, usize>, source: IpAddr) {
    if let Some(count) = counts.get_mut(&source) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&source);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut strangers = self.sources.0.lock();
        strangers.in_order.remove(&self.number);
        match self.standing {
            Standing::Stranger => leave_one(&mut strangers.of_source, self.source),
            Standing::Guest => leave_one(&mut strangers.guests_of_source, self.source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_places_and_gets_them_back() {
        let sources = Arc::new(Sources::default());
        let enter = |ip: &str| sources.enter(ip.parse().unwrap(), 2);
        let first = enter("10.0.0.1");
        let _mapped = enter("::ffff:10.0.0.1").unwrap();
        assert!(enter("10.0.0.1").is_none(), "an address in two spellings is one source");
        assert!(enter("10.0.0.2").is_some());
        drop(first);
        let peer = Peer::new(None, Way::Plain, enter("10.0.0.1"));
        assert!(enter("10.0.0.1").is_none());
        peer.is_known();
        assert!(enter("10.0.0.1").is_some(), "who is known takes no stranger's place");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let sources = Arc::new(Sources::default());
        let enter = |ip: &str| sources.enter(ip.parse().unwrap(), 1);
        let _first = enter("2001:db8:0:1::1").unwrap();
        assert!(enter("2001:db8:0:1:ffff::2").is_none());
        assert!(enter("2001:db8:0:2::1").is_some());
    }

    #[test]
    fn nothing_is_kept_of_a_source_that_left() {
        let sources = Arc::new(Sources::default());
        drop(sources.enter([127, 0, 0, 1].into(), 1));
        let guest = Peer::new(None, Way::Plain, sources.enter([127, 0, 0, 1].into(), 1));
        guest.is_guest(1);
        drop(guest);
        let strangers = sources.0.lock();
        assert!(strangers.of_source.is_empty() && strangers.in_order.is_empty());
        assert!(strangers.guests_of_source.is_empty());
    }

    #[test]
    fn guests_take_no_strangers_place_and_those_over_their_number_stay_strangers() {
        let sources = Arc::new(Sources::default());
        let enter = |ip: &str| {
            Some(Peer::new(None, Way::Plain, Some(sources.enter(ip.parse().unwrap(), 1)?)))
        };
        let guests: Vec<Peer> = (0..2)
            .map(|_| {
                let peer = enter("10.0.0.1").unwrap();
                peer.is_guest(2);
                peer.is_guest(2); // every request says so again
                peer
            })
            .collect();
        assert_eq!(sources.count(), 0);
        let third = enter("10.0.0.1").unwrap();
        third.is_guest(2);
        assert!(enter("10.0.0.1").is_none(), "the third is a stranger still");
        enter("10.0.0.2").unwrap().is_guest(2);
        assert!(sources.make_room() && third.leave().is_cancelled());
        assert!(!sources.make_room() && !guests[0].leave().is_cancelled());
        drop(third);
        guests[0].is_known();
        let fourth = enter("10.0.0.1").unwrap();
        fourth.is_guest(2);
        assert!(enter("10.0.0.1").is_some(), "who says who he is, is no guest any more");
    }

    #[test]
    fn the_stranger_who_waits_longest_makes_room_and_nobody_who_is_answered_or_known() {
        let sources = Arc::new(Sources::default());
        let peers: Vec<Peer> = (1..=4)
            .map(|n| Peer::new(None, Way::Plain, sources.enter([10, 0, 0, n].into(), 1)))
            .collect();
        peers[0].is_busy(Busy::Yes);
        peers[1].is_known();
        assert!(sources.make_room() && peers[2].leave().is_cancelled());
        assert!(sources.make_room() && peers[3].leave().is_cancelled());
        assert!(!sources.make_room(), "one is answered, one is known");
        peers[0].is_busy(Busy::No);
        assert!(sources.make_room() && peers[0].leave().is_cancelled());
        assert!(!peers[1].leave().is_cancelled());
    }
}
