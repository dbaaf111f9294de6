//! The namespace itself: configure, publish, look up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::{Batch, Sample, TagId, TagMeta, TagPath, Tags};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use crate::assets::{AssetModel, Assets};
use crate::live::{Tally, chunk_of, place_of};
use crate::metrics::Metrics;
use crate::subscription::Subscription;
use crate::tree::{Child, Counts, Diagnostics, Page, Tree};

/// When nothing newer came for this long, an older sample is no late one: the device's clock was set back.
///
/// Long against the delay of a gateway that sends a backlog beside live values, short against the
/// patience of a person who looks at a value that does not move.
pub const CLOCK_SET_BACK_AFTER: Duration = Duration::from_secs(10);

/// The unified namespace of this node. Cloning shares it.
#[derive(Clone)]
pub struct Namespace(pub(crate) Arc<Shared>);

/// The assets with what they were made from.
struct Made {
    tree: u64,
    model: Arc<AssetModel>,
    assets: Arc<Assets>,
}

pub(crate) struct Shared {
    tags: Arc<Tags>,
    tree: RwLock<Arc<Tree>>,
    /// The version of `tree`, to compare without taking it.
    version: AtomicU64,
    versions: watch::Sender<u64>,
    /// One change of the tree at a time.
    configuring: Mutex<()>,
    model: RwLock<Arc<AssetModel>>,
    assets: Mutex<Option<Made>>,
    /// Wakes subscriptions after each publication.
    pub(crate) published: Notify,
    pub(crate) metrics: Metrics,
}

impl Shared {
    pub(crate) fn tree(&self) -> Arc<Tree> {
        self.tree.read().clone()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

impl Namespace {
    /// An empty namespace over the process's table of paths.
    #[must_use]
    pub fn new(tags: Arc<Tags>) -> Namespace {
        Namespace(Arc::new(Shared {
            tags,
            tree: RwLock::new(Arc::new(Tree::empty())),
            version: AtomicU64::new(0),
            versions: watch::Sender::new(0),
            configuring: Mutex::new(()),
            model: RwLock::default(),
            assets: Mutex::new(None),
            published: Notify::new(),
            metrics: Metrics::new(),
        }))
    }

    /// The table that turns paths into ids and back.
    #[must_use]
    pub fn tags(&self) -> &Arc<Tags> {
        &self.0.tags
    }

    /// Replaces the whole set of tags: adds, updates, removes. Of two with one path the later counts.
    ///
    /// A tag that is gone vanishes from the tree; its last value becomes bad (out of service), keeps its
    /// time, and goes to its subscribers once. A tag that comes back has said nothing yet: bad (not yet).
    /// Costs a sort of all tags; readers and publishers go on meanwhile.
    pub fn configure(&self, metas: Vec<TagMeta>) {
        let configuring = self.0.configuring.lock();
        let old = self.0.tree();
        let new = Arc::new(Tree::build(metas, &self.0.tags, &old));
        for id in new.ids() {
            new.chunks[chunk_of(*id)].admit(place_of(*id));
        }
        *self.0.tree.write() = new.clone();
        for id in old.ids().iter().filter(|id| new.place(**id).is_none()) {
            new.chunks[chunk_of(*id)].dismiss(place_of(*id));
        }
        self.0.version.store(new.version, Ordering::Release);
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 tags")]
        self.0.metrics.tags.set(new.ids().len() as f64);
        self.0.versions.send_replace(new.version);
        drop(configuring);
        self.0.published.notify_waiters();
    }

    /// Takes a batch in: each row becomes the last value of its tag, and subscribers are woken.
    ///
    /// Values are taken in the order they arrive, with one exception: a sample whose time by the
    /// **device's** clock is older than that of the last value by the same kind of clock is late (a backlog),
    /// and does not replace it. It does replace it when nothing newer has arrived for
    /// [`CLOCK_SET_BACK_AFTER`] or longer, because then the device's clock was set back, and refusing its
    /// values would freeze the tag for as long as the step was. Samples stamped by our own clock are always
    /// in order of arrival.
    ///
    /// Rows of tags that are not configured are counted and left out.
    pub fn publish(&self, batch: &Batch) {
        let tree = self.0.tree();
        let mut tally = Tally::default();
        let mut rows = batch.rows.as_slice();
        while let Some(first) = rows.first() {
            let chunk = chunk_of(first.tag);
            let run = rows.iter().position(|row| chunk_of(row.tag) != chunk).unwrap_or(rows.len());
            let (now, later) = rows.split_at(run);
            match tree.chunks.get(chunk) {
                Some(chunk) => chunk.take(now, batch.arrived, CLOCK_SET_BACK_AFTER, &mut tally),
                None => tally.unconfigured += u64::try_from(run).unwrap_or(0),
            }
            rows = later;
        }
        let metrics = &self.0.metrics;
        metrics.samples.increment(tally.taken);
        if tally.late > 0 {
            metrics.samples_late.increment(tally.late);
        }
        if tally.unconfigured > 0 {
            metrics.samples_unconfigured.increment(tally.unconfigured);
        }
        if tally.taken > 0 {
            self.0.published.notify_waiters();
        }
    }

    /// What is known about a tag; `None` when it is not configured.
    #[must_use]
    pub fn meta(&self, id: TagId) -> Option<Arc<TagMeta>> {
        self.0.tree().meta(id).cloned()
    }

    /// What a tag said last; `None` when it has said nothing yet or never was configured.
    #[must_use]
    pub fn last(&self, id: TagId) -> Option<Sample> {
        self.0.tree().chunks.get(chunk_of(id))?.last(place_of(id))
    }

    /// The id of a configured tag.
    #[must_use]
    pub fn find(&self, path: &TagPath) -> Option<TagId> {
        let id = self.0.tags.id(path)?;
        self.0.tree().place(id).map(|_| id)
    }

    /// How many tags are configured.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.tree().ids().len()
    }

    /// How many tags there are at `under` and below, and how well they do. The empty path is everything.
    #[must_use]
    pub fn counts(&self, under: &str) -> Counts {
        let tree = self.0.tree();
        tree.counts(tree.range(under))
    }

    /// As [`Namespace::counts`], with or without diagnostics.
    #[must_use]
    pub fn tally(&self, under: &str, diagnostics: Diagnostics) -> Counts {
        self.0.tree().tally(under, diagnostics)
    }

    /// One level of the tree: what is right below `under`, in tree order. The empty path is the top.
    /// Nothing is below a path that does not exist.
    #[must_use]
    pub fn children(&self, under: &str, diagnostics: Diagnostics) -> Vec<Child> {
        self.0.tree().children(under, diagnostics)
    }

    /// A page of the tags at `under` and below, in tree order: those after `after`, at most `limit`.
    ///
    /// `search` keeps the tags that have each of its words anywhere in their path or description, upper and
    /// lower case alike. A page is taken from the tree as it is now; a tag that was removed may be named as
    /// `after` all the same.
    #[must_use]
    pub fn list(
        &self,
        under: &str,
        search: Option<&str>,
        after: Option<&TagPath>,
        limit: usize,
        diagnostics: Diagnostics,
    ) -> Page {
        self.0.tree().list(under, search, after, limit, diagnostics)
    }

    /// Replaces what the plant folder says about assets.
    pub fn set_assets(&self, model: AssetModel) {
        *self.0.model.write() = Arc::new(model);
    }

    /// The assets of the plant. Made anew by whoever asks first after a change of the tags or of the model, which
    /// takes about as long as listing all tags; until the next change everybody gets the same.
    #[must_use]
    pub fn assets(&self) -> Arc<Assets> {
        let mut kept = self.0.assets.lock();
        let (tree, model) = (self.0.tree(), self.0.model.read().clone());
        if let Some(made) = &*kept
            && made.tree == tree.version
            && Arc::ptr_eq(&made.model, &model)
        {
            return made.assets.clone();
        }
        let assets = Arc::new(Assets::build(&tree, &model));
        *kept = Some(Made { tree: tree.version, model, assets: assets.clone() });
        assets
    }

    /// Opens a subscription without tags.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.0.clone())
    }

    /// Counts the changes of the tree; 0 before the first.
    #[must_use]
    pub fn tree_version(&self) -> u64 {
        self.0.version()
    }

    /// Sees every change of the tree's version (or the latest of several).
    #[must_use]
    pub fn watch_tree(&self) -> watch::Receiver<u64> {
        self.0.versions.subscribe()
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({} tags, version {})", self.count(), self.tree_version())
    }
}
