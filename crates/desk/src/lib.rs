//! What people put beside the values: annotations, saved trends, their own settings.
//!
//! - Source of truth for the file: `docs/formats/desk.md`.
//! - A change is prepared, gets its entry in the audit trail from whoever asked for it, and is then committed: see
//!   [`Desk::prepare`]. Committed is on disk.
//! - Nothing here knows who may do what: `api` asks `identity` before it comes here.
//! - Not here: alarms and their comments, shift logs, the audit trail.

mod annotation;
mod desk;
mod draft;
mod error;
mod limits;
mod rows;
mod settings;
mod store;
mod trend;
mod verify;

pub use annotation::{
    Annotation, AnnotationPage, AnnotationQuery, Author, NewAnnotation, On, Order, Place, Withdrawn,
};
pub use desk::{Desk, DeskStatus, Prepared};
pub use draft::{Changed, Draft};
pub use error::{ChangeError, StoreError, StoreFault};
pub use limits::{
    ANNOTATION_TAGS_MAX, ANNOTATIONS_MAX, FILE_BYTES_MAX, HOME_BYTES_MAX, NAME_BYTES_MAX,
    PAGE_BYTES_MAX, TEXT_BYTES_MAX, TREND_BYTES_MAX, TRENDS_MAX, TRENDS_OF_ONE_MAX, WHY_BYTES_MAX,
};
pub use settings::{Density, Numbers, Settings, Theme};
pub use trend::{NewTrend, Trend};
pub use verify::{Verification, verify};
