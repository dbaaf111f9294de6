//! Questions against the simplest model: a list.

use lineshaft_desk::{Annotation, AnnotationQuery, NewAnnotation, On, Order, Place as After};
use lineshaft_model::{TagPath, Timestamp};
use proptest::prelude::*;

use crate::{Place, author, change};

type Made = (i64, Option<i64>, bool);
type Asked = (Option<i64>, Option<i64>, bool, bool, usize);

fn expected(all: &[Annotation], query: &AnnotationQuery) -> Vec<u64> {
    let mut found: Vec<&Annotation> = all
        .iter()
        .filter(|one| query.start.is_none_or(|start| one.end.unwrap_or(one.start) >= start))
        .filter(|one| query.end.is_none_or(|end| one.start < end))
        .filter(|one| query.withdrawn || one.withdrawn.is_none())
        .collect();
    found.sort_by_key(|one| (one.start, one.id));
    if query.order == Order::NewestFirst {
        found.reverse();
    }
    found.into_iter().filter(|one| one.id % 5 != 0).map(|one| one.id).collect()
}

async fn ask_in_pages(desk: &lineshaft_desk::Desk, mut query: AnnotationQuery) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let page = desk.annotations(query.clone(), |one| one.id % 5 != 0).await.unwrap();
        assert!(page.annotations.len() <= query.limit);
        found.extend(page.annotations.iter().map(|one| one.id));
        let next: Option<After> = page.next;
        if next.is_none() {
            return found;
        }
        query.after = next;
    }
}

async fn check(made: Vec<Made>, asked: Vec<Asked>) {
    let place = Place::new();
    let desk = place.open();
    let mut all = Vec::new();
    for (n, (start, length, withdrawn)) in made.into_iter().enumerate() {
        let on = if n % 2 == 0 {
            On::Path(String::new())
        } else {
            On::Tags(vec![TagPath::new("acme/line-1/speed").unwrap()])
        };
        let new = NewAnnotation {
            on,
            start: Timestamp::from_millis(start),
            end: length.map(|length| Timestamp::from_millis(start + length)),
            text: format!("n{n}"),
            by: author("ada", 1),
        };
        let one = change(&desk, 1, move |draft| {
            let one = draft.annotate(new)?;
            if withdrawn {
                return Ok(draft.withdraw(one.id, author("bob", 2), String::new())?.new);
            }
            Ok(one)
        });
        all.push(one.await.unwrap());
    }
    for (start, end, withdrawn, newest, limit) in asked {
        let query = AnnotationQuery {
            start: start.map(Timestamp::from_millis),
            end: end.map(Timestamp::from_millis),
            withdrawn,
            order: if newest { Order::NewestFirst } else { Order::OldestFirst },
            limit,
            after: None,
        };
        assert_eq!(ask_in_pages(&desk, query.clone()).await, expected(&all, &query), "{query:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_question_is_answered_as_a_list_would(
        made in proptest::collection::vec(
            (-20..20_i64, proptest::option::of(0..15_i64), any::<bool>()), 0..30),
        asked in proptest::collection::vec(
            (proptest::option::of(-25..25_i64), proptest::option::of(-25..25_i64), any::<bool>(),
             any::<bool>(), 1..8_usize), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(made, asked));
    }
}
