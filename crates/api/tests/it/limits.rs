//! Slow, greedy and too many clients; shutdown.

use std::time::Duration;

use lineshaft_api::Limits;
use lineshaft_identity::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{connect, read_reply};
use crate::plant::{LINE, Options, SOON, plant, plant_of, plant_with, policy};

/// Proves: A24.
#[tokio::test]
async fn a_client_that_dribbles_its_request_is_hung_up_on() {
    let head_timeout = Duration::from_millis(50);
    let plant = plant_with(Limits { head_timeout, ..Limits::default() }).await;
    let mut stream = connect(plant.address).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localh").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await.expect("hung up").unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

/// Proves: A24.
#[tokio::test]
async fn a_client_that_dribbles_its_body_is_told_so() {
    let body_timeout = Duration::from_millis(50);
    let plant = plant_with(Limits { body_timeout, ..Limits::default() }).await;
    let mut stream = connect(plant.address).await;
    let head = format!(
        "POST /api/v1/write HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        plant.admin
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let reply = read_reply(&mut stream).await;
    assert_eq!(reply.problem(), (408, "LS-API-008".into()));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let plant = plant().await;
    let json = [("content-type", "application/json")];
    let body = vec![b' '; 1024 * 1024 + 1];
    let reply = plant.ask("POST /api/v1/write HTTP/1.1", &json, &body).await;
    assert_eq!(reply.problem(), (413, "LS-API-005".into()));
}

#[tokio::test]
async fn a_request_head_that_is_too_large_is_refused() {
    let plant = plant().await;
    let reply = plant.get(&format!("/api/v1/tags?search={}", "x".repeat(100_000))).await;
    assert!(matches!(reply.status, 414 | 431), "{}", reply.status);
}

/// Proves: CR 7.1.
#[tokio::test]
async fn one_connection_too_many_is_told_so_and_a_free_place_is_given_again() {
    let plant = plant_with(Limits { connections_max: 2, ..Limits::default() }).await;
    // Somebody who is known: a stranger would have to make room.
    let request = format!(
        "GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        plant.admin
    );
    let request = request.as_bytes();
    let mut first = connect(plant.address).await;
    let mut second = connect(plant.address).await;
    for stream in [&mut first, &mut second] {
        stream.write_all(request).await.unwrap();
        stream.read_u8().await.unwrap(); // it is served now
    }
    let mut third = connect(plant.address).await;
    assert_eq!(read_reply(&mut third).await.problem(), (503, "LS-API-019".into()));
    drop(first);
    // The server learns of the free place when it sees the end of the first; until then it still refuses.
    let served = async {
        loop {
            let mut stream = connect(plant.address).await;
            if stream.write_all(request).await.is_err() {
                continue;
            }
            let mut head = [0; 12];
            match stream.read_exact(&mut head).await {
                Ok(_) if &head == b"HTTP/1.1 200" => break,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(SOON, served).await.expect("the place is given again");
}

#[tokio::test]
async fn shutdown_lets_a_request_under_way_finish_and_takes_no_new_one() {
    let plant = plant().await;
    let path = format!("/api/v1/history?tag={LINE}/derived&start=-5&end=9");
    let (reply, stragglers) = tokio::join!(plant.get(&path), async {
        tokio::time::timeout(SOON, plant.memory.arrived.notified()).await.unwrap();
        let (stragglers, ()) = tokio::join!(plant.tree.shutdown(SOON), async {
            let stop = plant.tree.stop_token(lineshaft_runtime::TaskKind::Api);
            stop.cancelled().await;
            plant.memory.open();
        });
        stragglers
    });
    assert_eq!(reply.status, 200);
    assert_eq!(stragglers, []);
    assert!(tokio::net::TcpStream::connect(plant.address).await.is_err());
}

/// Proves: A17, CR 7.1.
#[tokio::test]
async fn a_source_has_so_many_places_for_those_who_do_not_say_who_they_are() {
    let plant = plant_with(Limits { strangers_max: 2, ..Limits::default() }).await;
    let known = format!(
        "GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        plant.admin
    );
    let mut friends = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(plant.address).await;
        stream.write_all(known.as_bytes()).await.unwrap();
        stream.read_u8().await.unwrap(); // it is served, and kept alive
        friends.push(stream);
    }
    let mut strangers = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(plant.address).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        stream.read_u8().await.unwrap();
        strangers.push(stream);
    }
    let mut third = connect(plant.address).await;
    let reply = read_reply(&mut third).await;
    assert_eq!(reply.problem(), (503, "LS-API-019".into()));
    assert!(reply.json()["detail"].as_str().unwrap().contains("nobody logged in"));
}

/// Proves: A17, CR 7.1.
#[tokio::test]
async fn where_everybody_may_look_one_source_still_has_so_many_places_and_no_more() {
    let limits = Limits { strangers_max: 1, guests_max: 2, ..Limits::default() };
    let policy = Policy { anonymous: Some("viewer".into()), ..policy() };
    let plant = plant_of(Options { limits, policy: Some(policy), ..Options::default() }).await;
    let look = b"GET /api/v1/tags HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(plant.address).await;
        stream.write_all(look).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200", "two are guests, the third is served as a stranger");
        open.push(stream);
    }
    let mut fourth = connect(plant.address).await;
    assert_eq!(read_reply(&mut fourth).await.problem(), (503, "LS-API-019".into()));
}
