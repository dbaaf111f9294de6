//! The live connection: a WebSocket that carries the latest value of each subscribed tag.
//!
//! One task per connection and no queue: the namespace's subscription knows what changed since it was last
//! asked, so a client that reads slowly gets the latest value of each tag and costs no memory. Values
//! go out at most every [`crate::Limits::live_interval`], heartbeats once a second.
//!
//! Only what the caller may see is subscribed, so nothing is asked for each value. What he may is looked at again
//! whenever anything changes about people, and at each heartbeat: a session that ended closes its connection. A change
//! that is none for this caller costs no more than finding that out.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::StreamExt;
use lineshaft_identity::{Denied, Parts, Prefix};
use lineshaft_model::{Sample, TagId, TagMeta, TagPath};
use lineshaft_namespace::{Diagnostics, Subscription};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::access::{Caller, Permission, ReadPlant, Scope};
use crate::limits;
use crate::metrics;
use crate::problem::{ApiError, Code, Problem};
use crate::server::Shared;
use crate::shape::{AnyValue, NOT_YET, reason};
use crate::tags::Text;
use crate::view::View;

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
    let shared = caller.may(Scope::Somewhere)?.clone();
    let upgrade = upgrade.map_err(|rejection| {
        ApiError::new(Code::NotWebSocket, rejection.body_text())
            .remedy("open it with a WebSocket client: `ws://…/api/v1/live`")
    })?;
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
    folders: Vec<Folder>,
    /// What the caller may see, as of when it was last looked at. Everything that is subscribed lies in it.
    sees: Parts,
    /// Changes whenever anything does about people.
    rights: watch::Receiver<u64>,
    heard: Instant,
    news: Vec<(TagId, Sample)>,
}

/// A path that is subscribed, and what of it the caller may see.
struct Folder {
    path: String,
    view: View,
}

/// Not known any more: the session ended, the token was revoked. After HTTP's 401, where applications may choose.
const CLOSE_NOT_KNOWN: u16 = 4401;
/// Known, and may not see the plant any more.
const CLOSE_FORBIDDEN: u16 = 4403;

/// Why a live connection ended.
enum End {
    /// The caller may not see the plant any more.
    Denied(Denied),
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
        // Before the first look at what the caller may see: no change between the two is missed.
        let rights = shared.api.identity.changes();
        let mut live = Live {
            sees: seen_by(&caller),
            caller,
            subscription: shared.api.namespace.subscribe(),
            rights,
            shared,
            socket,
            told: HashSet::new(),
            named: HashSet::new(),
            folders: Vec::new(),
            heard: Instant::now(),
            news: Vec::new(),
        };
        let end = live.serve().await;
        match end {
            End::Stop => live.close(close_code::AWAY, "the node stops".into()).await,
            End::Denied(Denied::NotKnown) => {
                live.close(CLOSE_NOT_KNOWN, "the session has ended".into()).await;
            }
            End::Denied(denied) => live.close(CLOSE_FORBIDDEN, denied.to_string()).await,
            End::Stalled => metrics::live_stalled().increment(1),
            End::Gone => {}
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
                Ok(()) = self.rights.changed() => self.look_again().await,
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
        self.is_allowed()?;
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
        // What he asks for is measured by what he may now.
        self.look_again().await?;
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

    /// Whether the caller may see any of the plant. Sessions also end by time, which nothing announces.
    fn is_allowed(&self) -> Result<(), End> {
        if self.caller.is_revoked() {
            return Err(End::Denied(Denied::NotKnown));
        }
        self.caller.pass().may(Permission::ReadPlant, &Scope::Somewhere).map_err(End::Denied)
    }

    /// Follows what the caller may see now: leaves what he may not any more, takes up what he may since.
    async fn look_again(&mut self) -> Result<(), End> {
        self.is_allowed()?;
        let sees = seen_by(&self.caller);
        if sees == self.sees {
            return Ok(());
        }
        self.sees = sees;
        let before = self.prefixes();
        for folder in &mut self.folders {
            folder.view = View::new(&folder.path, self.sees.under(&folder.path));
        }
        let now = self.prefixes();
        self.leave(before.difference(&now));
        let namespace = self.shared.api.namespace.clone();
        let mut added = Vec::new();
        let (mut room, mut over) = (self.room(), 0);
        for new in now.difference(&before) {
            let wanted = namespace.counts(new.as_str()).tags;
            if wanted > room {
                over += wanted;
                continue;
            }
            room -= wanted;
            self.subscription.add_under(new.as_str());
            added
                .extend(namespace.list(new.as_str(), None, None, wanted, Diagnostics::Include).ids);
        }
        let tags = namespace.tags().clone();
        let sees = |id: &TagId| tags.path(*id).is_some_and(|path| self.sees.covers(path.as_str()));
        let hidden: Vec<TagId> = self.named.iter().filter(|id| !sees(id)).copied().collect();
        for id in hidden {
            self.named.remove(&id);
            self.subscription.remove(id);
        }
        self.forget_unwatched().await?;
        if !added.is_empty() {
            self.introduce(&added, &[]).await?;
        }
        self.too_many(over).await
    }

    fn leave<'p>(&mut self, gone: impl Iterator<Item = &'p Prefix>) {
        let gone: Vec<&str> = gone.map(Prefix::as_str).collect();
        self.subscription.remove_each_under(&gone);
    }

    /// The parts of the plant that are subscribed.
    fn prefixes(&self) -> BTreeSet<Prefix> {
        self.folders.iter().flat_map(|folder| folder.view.parts().iter().cloned()).collect()
    }

    /// How many more tags the connection carries.
    fn room(&self) -> usize {
        self.shared.api.limits.live_tags_max.saturating_sub(self.subscription.count())
    }

    async fn subscribe(&mut self, paths: &[String]) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let max = self.shared.api.limits.live_tags_max;
        let (mut added, mut unknown, mut over) = (Vec::new(), Vec::new(), 0);
        let mut refused = None;
        for text in paths {
            let path = TagPath::new(text).ok();
            // Whether a tag is there that he may not see, he does not learn.
            if let Some(path) = path.as_ref().filter(|path| !self.sees.covers(path.as_str())) {
                // One denial says it for the whole message.
                if refused.is_none() {
                    refused = self.caller.may(Scope::Tags(std::slice::from_ref(path))).err();
                }
                continue;
            }
            match path.and_then(|path| namespace.find(&path)) {
                None => unknown.push(text.clone()),
                Some(id) if self.subscription.count() >= max && !self.told.contains(&id) => {
                    over += 1;
                }
                Some(id) => {
                    self.subscription.add(id);
                    self.named.insert(id);
                    added.push(id);
                }
            }
        }
        if refused.is_none() || !added.is_empty() || !unknown.is_empty() {
            self.introduce(&added, &unknown).await?;
        }
        if let Some(error) = refused {
            self.complain(error.code, &error.detail).await?;
        }
        self.too_many(over).await
    }

    async fn unsubscribe(&mut self, paths: &[String]) -> Result<(), End> {
        let namespace = self.shared.api.namespace.clone();
        let (mut gone, under) = (Vec::new(), Parts::new(self.prefixes()));
        for path in paths {
            let id = TagPath::new(path).ok().and_then(|path| namespace.tags().id(&path));
            let Some(id) = id.filter(|id| self.named.remove(id)) else { continue };
            self.subscription.remove(id);
            if !under.covers(path) {
                self.told.remove(&id);
                gone.push(id.number());
            }
        }
        self.tell(&Tell::Unsubscribed { ids: &gone }).await
    }

    async fn subscribe_under(&mut self, folder: &str) -> Result<(), End> {
        let path = folder.trim_matches('/').to_owned();
        if let Err(error) = self.caller.view(&path) {
            return self.complain(error.code, &error.detail).await;
        }
        let view = View::new(&path, self.sees.under(&path));
        let namespace = self.shared.api.namespace.clone();
        let wanted = view.count(&namespace);
        if wanted == 0 {
            return self.introduce(&[], std::slice::from_ref(&path)).await;
        }
        // A path that is subscribed already is only introduced again.
        let is_new = !self.folders.iter().any(|folder| folder.path == path);
        if is_new && self.folders.len() >= limits::LIVE_FOLDERS_MAX {
            let max = limits::LIVE_FOLDERS_MAX;
            let detail = format!("`{path}` is not followed: one connection follows {max} paths");
            return self.complain(Code::LiveTags, &detail).await;
        }
        if wanted > self.room() && is_new {
            return self.too_many(wanted - self.room()).await;
        }
        for part in view.parts() {
            self.subscription.add_under(part.as_str());
        }
        let added = view.list(&namespace, None, None, wanted, Diagnostics::Include).ids;
        if is_new {
            self.folders.push(Folder { path, view });
        }
        self.introduce(&added, &[]).await
    }

    async fn unsubscribe_under(&mut self, folder: &str) -> Result<(), End> {
        let path = folder.trim_matches('/');
        let before = self.prefixes();
        self.folders.retain(|folder| folder.path != path);
        let now = self.prefixes();
        self.leave(before.difference(&now));
        let gone = self.unwatched();
        self.tell(&Tell::Unsubscribed { ids: &gone }).await
    }

    /// Tells the client which tags it does not watch any more, if there are any.
    async fn forget_unwatched(&mut self) -> Result<(), End> {
        let gone = self.unwatched();
        if gone.is_empty() { Ok(()) } else { self.tell(&Tell::Unsubscribed { ids: &gone }).await }
    }

    /// Takes out what is neither named nor below a path, and says what that was.
    fn unwatched(&mut self) -> Vec<u32> {
        let tags = self.shared.api.namespace.tags().clone();
        let under = Parts::new(self.prefixes());
        let stays = |id: &TagId| {
            let path = tags.path(*id);
            self.named.contains(id) || path.is_some_and(|path| under.covers(path.as_str()))
        };
        let gone: Vec<TagId> = self.told.iter().filter(|id| !stays(id)).copied().collect();
        for id in &gone {
            self.told.remove(id);
        }
        gone.into_iter().map(TagId::number).collect()
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

    async fn close(&mut self, code: u16, reason: String) {
        let goodbye = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let _ = self.send(goodbye).await;
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

/// What a caller may see of the plant, all of one moment.
fn seen_by(caller: &Caller<ReadPlant>) -> Parts {
    Parts::new(caller.pass().parts(Permission::ReadPlant, ""))
}

/// Resolves when there are values to send and it is time to. Cancel-safe.
async fn news(subscription: &mut Subscription, not_before: Instant) {
    tokio::time::sleep_until(not_before).await;
    subscription.wait().await;
}
