//! The live connection: a WebSocket that carries the latest value of each subscribed tag.
//!
//! One task per connection and no queue: the namespace's subscription knows what changed since it was last
//! asked, so a client that reads slowly gets the latest value of each tag and costs no memory. Values
//! go out at most every [`crate::Limits::live_interval`], heartbeats once a second.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::StreamExt;
use lineshaft_model::{Sample, TagId, TagMeta, TagPath};
use lineshaft_namespace::{Diagnostics, Subscription};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::access::{Caller, ReadPlant, Scope};
use crate::limits;
use crate::metrics;
use crate::problem::{ApiError, Code, Problem};
use crate::server::Shared;
use crate::shape::{AnyValue, NOT_YET, reason};
use crate::tags::Text;

/// A ping goes out with every so many heartbeats; its answer shows that the client still lives.
const PING_EVERY: u32 = 20;

/// What a client asks for. A message has one of the members.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LiveRequest)]
struct Ask {
    /// Tags to watch.
    #[serde(default)]
    subscribe: Vec<String>,
    /// Tags to watch no longer.
    #[serde(default)]
    unsubscribe: Vec<String>,
    /// A path whose tags to watch, now and as the plant changes.
    subscribe_under: Option<String>,
    /// A path whose tags to watch no longer.
    unsubscribe_under: Option<String>,
}

/// What a client receives.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Tell<'a> {
    Subscribed { tags: Vec<Watched<'a>>, unknown: &'a [String] },
    Unsubscribed { ids: &'a [u32] },
    Values(Columns<'a>),
    Heartbeat { timestamp_ms: i64 },
    Error { code: &'static str, detail: &'a str },
}

/// A tag that is watched, with its number on this connection.
#[derive(Serialize)]
struct Watched<'a> {
    id: u32,
    tag: &'a str,
    #[serde(rename = "type")]
    data_type: Text<lineshaft_model::DataType>,
    unit: Option<Text<&'a lineshaft_model::Unit>>,
}

impl<'a> Watched<'a> {
    fn new(id: TagId, meta: &'a TagMeta) -> Watched<'a> {
        Watched {
            id: id.number(),
            tag: meta.path.as_str(),
            data_type: Text(meta.data_type),
            unit: meta.unit.as_ref().map(Text),
        }
    }
}

/// Values as columns of equal length.
#[derive(Default, Serialize)]
struct Columns<'a> {
    id: Vec<u32>,
    timestamp_ms: Vec<Option<i64>>,
    value: Vec<Option<AnyValue<'a>>>,
    quality: Vec<&'static str>,
    reason: Vec<Option<&'static str>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, id: TagId, meta: Option<&TagMeta>, sample: Option<&'a Sample>) {
        let quality = sample.map_or(NOT_YET, |sample| sample.quality);
        let data_type = meta.map_or(lineshaft_model::DataType::F64, |meta| meta.data_type);
        self.id.push(id.number());
        self.timestamp_ms.push(sample.map(|sample| sample.ts.millis()));
        self.value.push(sample.map(|sample| AnyValue::new(&sample.value, data_type)));
        self.quality.push(quality.word());
        self.reason.push(reason(quality));
    }
}

/// Opens a live connection (WebSocket).
///
/// Messages are JSON. The client sends `LiveRequest`; it receives `subscribed`, `unsubscribed`, `values`, `heartbeat` and
/// `error` messages, see the manual.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    responses(
        (status = 101, description = "A WebSocket", body = Ask),
        (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn watch_live(
    caller: Caller<ReadPlant>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| {
        ApiError::new(Code::NotWebSocket, rejection.body_text())
            .remedy("open it with a WebSocket client: `ws://…/api/v1/live`")
    })?;
    let shared = caller.may(Scope::Node)?.clone();
    let Ok(place) = shared.live.clone().try_acquire_owned() else {
        let max = shared.api.limits.live_max;
        return Err(ApiError::new(Code::Connections, format!("{max} live connections are open"))
            .remedy("close some, or try again"));
    };
    Ok(upgrade
        .max_message_size(limits::MESSAGE_BYTES_MAX)
        .max_frame_size(limits::MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| Live::run(caller, shared, socket, place)))
}

/// One live connection.
struct Live {
    caller: Caller<ReadPlant>,
    shared: Arc<Shared>,
    socket: WebSocket,
    subscription: Subscription,
    /// Tags the client has been told the number of.
    told: HashSet<TagId>,
    /// Tags asked for by name: leaving a path keeps them.
    named: HashSet<TagId>,
    folders: Vec<String>,
    heard: Instant,
    news: Vec<(TagId, Sample)>,
}

/// Why a live connection ended.
enum End {
    /// The client closed it or broke off.
    Gone,
    /// The client does not take what is sent, or fell silent.
    Stalled,
    /// The node stops.
    Stop,
}

impl Live {
    async fn run(
        caller: Caller<ReadPlant>,
        shared: Arc<Shared>,
        socket: WebSocket,
        _place: OwnedSemaphorePermit,
    ) {
        metrics::live().increment(1.0);
        let mut live = Live {
            caller,
            subscription: shared.api.namespace.subscribe(),
            shared,
            socket,
            told: HashSet::new(),
            named: HashSet::new(),
            folders: Vec::new(),
            heard: Instant::now(),
            news: Vec::new(),
        };
        let end = live.serve().await;
        if matches!(end, End::Stop) {
            let reason = Utf8Bytes::from_static("the node stops");
            let goodbye = Message::Close(Some(CloseFrame { code: close_code::AWAY, reason }));
            let _ = live.send(goodbye).await;
        }
        if matches!(end, End::Stalled) {
            metrics::live_stalled().increment(1);
        }
        metrics::live().decrement(1.0);
    }

    async fn serve(&mut self) -> End {
        let stop = self.shared.stop.clone();
        let limits = self.shared.api.limits.clone();
        let mut heartbeat = tokio::time::interval(limits.heartbeat);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut beats = 0_u32;
        let mut next_values = Instant::now();
        loop {
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => return End::Stop,
                message = self.socket.next() => match message {
                    Some(Ok(message)) => {
                        self.heard = Instant::now();
                        self.hear(message).await
                    }
                    Some(Err(_)) | None => Err(End::Gone),
                },
                _ = heartbeat.tick() => {
                    beats = beats.wrapping_add(1);
                    self.beat(beats, limits.silence_max).await
                }
                () = news(&mut self.subscription, next_values) => {
                    next_values = Instant::now() + limits.live_interval;
                    self.tell_news().await
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn beat(&mut self, beats: u32, silence_max: Duration) -> Result<(), End> {
        if self.heard.elapsed() > silence_max {
            return Err(End::Stalled);
        }
        if beats.is_multiple_of(PING_EVERY) {
            self.send(Message::Ping(bytes::Bytes::new())).await?;
        }
        let timestamp_ms = self.shared.api.clock.now().millis();
        self.tell(&Tell::Heartbeat { timestamp_ms }).await
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()), // answered by the library
            Message::Binary(_) => return self.complain(Code::Body, "send text, not bytes").await,
        };
        match serde_json::from_str::<Ask>(&text) {
            Ok(ask) => self.answer(ask).await,
            Err(error) => self.complain(Code::Body, &error.to_string()).await,
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<(), End> {
        if !ask.subscribe.is_empty() {
            self.subscribe(&ask.subscribe).await?;
        }
        if !ask.unsubscribe.is_empty() {
            self.unsubscribe(&ask.unsubscribe).await?;
        }
        if let Some(folder) = ask.subscribe_under {
            self.subscribe_under(&folder).await?;
        }
        if let Some(folder) = ask.unsubscribe_under {
            self.unsubscribe_under(&folder).await?;
        }
        Ok(())
    }

    async fn subscribe(&mut self, paths: &[String]) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let max = self.shared.api.limits.live_tags_max;
        let (mut added, mut unknown, mut over) = (Vec::new(), Vec::new(), 0);
        for text in paths {
            let path = TagPath::new(text).ok();
            if let Some(path) = &path
                && let Err(error) = self.caller.may(Scope::Tags(std::slice::from_ref(path)))
            {
                return self.complain(error.code, &error.detail).await;
            }
            match path.and_then(|path| namespace.find(&path)) {
                None => unknown.push(text.clone()),
                Some(id) if self.subscription.count() >= max && !self.told.contains(&id) => {
                    over += 1
                }
                Some(id) => {
                    self.subscription.add(id);
                    self.named.insert(id);
                    added.push(id);
                }
            }
        }
        self.introduce(&added, &unknown).await?;
        self.too_many(over).await
    }

    async fn unsubscribe(&mut self, paths: &[String]) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let mut gone = Vec::new();
        for path in paths {
            let id = TagPath::new(path).ok().and_then(|path| namespace.tags().id(&path));
            let Some(id) = id.filter(|id| self.named.remove(id)) else { continue };
            self.subscription.remove(id);
            if !self.is_under(path) {
                self.told.remove(&id);
                gone.push(id.number());
            }
        }
        self.tell(&Tell::Unsubscribed { ids: &gone }).await
    }

    async fn subscribe_under(&mut self, folder: &str) -> Result<(), End> {
        let folder = folder.trim_matches('/').to_owned();
        if let Err(error) = self.caller.may(Scope::Under(&folder)) {
            return self.complain(error.code, &error.detail).await;
        }
        let namespace = self.shared.api.namespace.clone();
        let room = self.shared.api.limits.live_tags_max.saturating_sub(self.subscription.count());
        let wanted = namespace.counts(&folder).tags;
        if wanted == 0 {
            return self.introduce(&[], std::slice::from_ref(&folder)).await;
        }
        // A path that is subscribed already is only introduced again.
        if wanted > room && !self.folders.contains(&folder) {
            return self.too_many(wanted - room).await;
        }
        self.subscription.add_under(&folder);
        let added = namespace.list(&folder, None, None, wanted, Diagnostics::Include).ids;
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
        self.introduce(&added, &[]).await
    }

    async fn unsubscribe_under(&mut self, folder: &str) -> Result<(), End> {
        let folder = folder.trim_matches('/');
        self.folders.retain(|added| added != folder);
        self.subscription.remove_under(folder);
        let tags = self.shared.api.namespace.tags().clone();
        let gone: Vec<TagId> = {
            let stays = |id: &TagId| {
                let path = tags.path(*id);
                self.named.contains(id) || path.is_some_and(|path| self.is_under(path.as_str()))
            };
            self.told.iter().filter(|id| !stays(id)).copied().collect()
        };
        for id in &gone {
            self.told.remove(id);
        }
        let ids: Vec<u32> = gone.into_iter().map(TagId::number).collect();
        self.tell(&Tell::Unsubscribed { ids: &ids }).await
    }

    fn is_under(&self, path: &str) -> bool {
        let is_in = |folder: &String| {
            folder.is_empty()
                || path
                    .strip_prefix(folder.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.folders.iter().any(is_in)
    }

    /// Gives tags their numbers, and says "not yet" for those that have no value: the others follow as values.
    async fn introduce(&mut self, ids: &[TagId], unknown: &[String]) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let metas: Vec<(TagId, Arc<TagMeta>)> =
            ids.iter().filter_map(|id| Some((*id, namespace.meta(*id)?))).collect();
        let tags = metas.iter().map(|(id, meta)| Watched::new(*id, meta)).collect();
        self.tell(&Tell::Subscribed { tags, unknown }).await?;
        let mut silent = Columns::default();
        for (id, meta) in &metas {
            if self.told.insert(*id) && namespace.last(*id).is_none() {
                silent.push(*id, Some(meta), None);
            }
        }
        if silent.id.is_empty() { Ok(()) } else { self.tell(&Tell::Values(silent)).await }
    }

    async fn tell_news(&mut self) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let mut news = std::mem::take(&mut self.news);
        news.clear();
        let count = self.subscription.drain(limits::VALUES_PER_MESSAGE_MAX, &mut news);
        if count == 0 {
            self.news = news;
            return Ok(());
        }
        let new: Vec<TagId> =
            news.iter().map(|(id, _)| *id).filter(|id| !self.told.contains(id)).collect();
        if !new.is_empty() {
            self.introduce(&new, &[]).await?;
        }
        let mut columns = Columns::default();
        for (id, sample) in news.iter().filter(|(id, _)| self.told.contains(id)) {
            columns.push(*id, namespace.meta(*id).as_deref(), Some(sample));
        }
        if !columns.id.is_empty() {
            self.tell(&Tell::Values(columns)).await?;
        }
        metrics::live_values().increment(count as u64);
        self.news = news;
        Ok(())
    }

    async fn too_many(&mut self, over: usize) -> Result<(), End> {
        if over == 0 {
            return Ok(());
        }
        let max = self.shared.api.limits.live_tags_max;
        let detail = format!("{over} tags were not subscribed: one connection carries {max}");
        self.complain(Code::LiveTags, &detail).await
    }

    async fn complain(&mut self, code: Code, detail: &str) -> Result<(), End> {
        self.tell(&Tell::Error { code: code.line().0, detail }).await
    }

    async fn tell(&mut self, message: &Tell<'_>) -> Result<(), End> {
        match serde_json::to_string(message) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a live message cannot be written as JSON");
                Ok(())
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let limit = self.shared.api.limits.write_timeout;
        match tokio::time::timeout(limit, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_elapsed) => Err(End::Stalled),
        }
    }
}

/// Resolves when there are values to send and it is time to. Cancel-safe.
async fn news(subscription: &mut Subscription, not_before: Instant) {
    tokio::time::sleep_until(not_before).await;
    subscription.wait().await;
}
