//! A person who is logged in.

use serde_json::Value;

use crate::client::Reply;
use crate::plant::Plant;

pub(crate) struct Person<'a> {
    plant: &'a Plant,
    cookie: String,
}

impl<'a> Person<'a> {
    /// Somebody with an account, with a session of his own.
    pub(crate) async fn of(plant: &'a Plant, account: &str) -> Person<'a> {
        let secret = plant.log_in(account).await;
        Person { plant, cookie: format!("lineshaft_session={secret}") }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let line = format!("GET /api/v1/{path} HTTP/1.1");
        self.plant.ask(&line, &[("cookie", &self.cookie)], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        let line = format!("POST /api/v1/{path} HTTP/1.1");
        let headers = [("cookie", self.cookie.as_str()), ("content-type", "application/json")];
        self.plant.ask(&line, &headers, body.to_string().as_bytes()).await
    }
}
