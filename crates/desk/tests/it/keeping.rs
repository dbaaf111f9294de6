//! What is committed is there, whatever happens; what is not never was.

use lineshaft_desk::{
    Author, ChangeError, Density, Desk, NewTrend, Settings, TRENDS_OF_ONE_MAX, Theme,
};
use serde_json::json;

use crate::{Place, all, author, change, killed, new, texts};

#[tokio::test]
async fn everything_is_there_again_after_a_reopening_and_after_a_kill() {
    let place = Place::new();
    let desk = place.open();
    let made = change(&desk, 1, |draft| draft.annotate(new("belt slips", 1_000))).await.unwrap();
    let id = made.id;
    change(&desk, 2, move |draft| draft.reword(id, "belt slips at the start".into()))
        .await
        .unwrap();
    change(&desk, 3, |draft| draft.annotate(new("wrong", 2_000))).await.unwrap();
    change(&desk, 4, |draft| draft.withdraw(2, author("bob", 2), "other line".into()))
        .await
        .unwrap();
    let trend = NewTrend { name: "press".into(), shared: true, trend: json!({"pens": [1.5]}) };
    change(&desk, 5, move |draft| draft.keep_trend(trend, author("ada", 1))).await.unwrap();
    let mine = Settings {
        language: Some("de".into()),
        theme: Theme::Dark,
        density: Density::Wall,
        ..Settings::default()
    };
    let kept = mine.clone();
    change(&desk, 6, move |draft| draft.put_settings(1, kept)).await.unwrap();

    let before = (all(&desk).await, desk.trends(author("ada", 1), Some).await.unwrap());
    assert_eq!(before.0[0].text, "belt slips at the start");
    assert_eq!(before.0[1].withdrawn.as_ref().unwrap().why, "other line");
    let left = killed(&place); // while it is open, with its log beside it
    drop(desk);
    for place in [&place, &left] {
        let desk = place.open();
        assert_eq!((all(&desk).await, desk.trends(author("ada", 1), Some).await.unwrap()), before);
        assert_eq!(desk.settings(1).await.unwrap(), Some(mine.clone()));
        assert_eq!(desk.settings(2).await.unwrap(), None);
        assert_eq!(desk.last_seq().unwrap(), Some(6));
        let found = lineshaft_desk::verify(&place.path()).unwrap();
        assert_eq!((found.annotations, found.trends, found.settings), (2, 1, 1));
    }
}

#[tokio::test]
async fn a_change_cut_off_before_its_commit_never_was() {
    let place = Place::new();
    let desk = place.open();
    change(&desk, 1, |draft| draft.annotate(new("kept", 1))).await.unwrap();
    let now = lineshaft_model::Timestamp::from_secs(9);
    let (made, prepared) =
        desk.prepare(now, |draft| draft.annotate(new("cut off", 2))).await.unwrap();
    assert_eq!(made.id, 2);
    assert_eq!(texts(&desk).await, ["kept"], "nobody sees it yet");
    let left = killed(&place).open();
    assert_eq!(texts(&left).await, ["kept"], "killed between its entry and its commit");
    assert_eq!(left.last_seq().unwrap(), Some(1));
    drop(prepared);
    assert_eq!(texts(&desk).await, ["kept"]);
    change(&desk, 2, |draft| draft.annotate(new("next", 3))).await.unwrap();
    assert_eq!(texts(&desk).await, ["kept", "next"], "the next change has its turn");
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_nothing_and_no_turn() {
    let desk = Place::new().open_kept();
    let (_place, desk) = desk;
    for _ in 0..3 {
        let none = change(&desk, 1, |draft| draft.reword(7, "x".into())).await;
        assert!(matches!(none, Err(ChangeError::NoSuch { what: "annotation", id: 7 })));
        let empty = change(&desk, 1, |draft| {
            draft.annotate(new("first", 1))?;
            draft.annotate(new(" ", 1))
        });
        assert!(matches!(empty.await, Err(ChangeError::Invalid { member: "text", .. })));
    }
    assert_eq!(all(&desk).await, [], "of two in one change none");
    assert_eq!(desk.last_seq().unwrap(), None);
}

#[tokio::test]
async fn what_was_withdrawn_stays_as_it_was() {
    let (place, desk) = Place::new().open_kept();
    change(&desk, 1, |draft| draft.annotate(new("said", 1))).await.unwrap();
    change(&desk, 2, |draft| draft.withdraw(1, author("ada", 1), String::new())).await.unwrap();
    for again in [
        change(&desk, 3, |draft| draft.withdraw(1, author("bob", 2), "again".into())).await,
        change(&desk, 3, |draft| draft.reword(1, "other".into())).await,
    ] {
        assert!(matches!(again, Err(ChangeError::Withdrawn { id: 1, .. })));
    }
    drop(desk);
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    let refused = connection.execute("DELETE FROM annotations", []).unwrap_err().to_string();
    assert_eq!(refused, "annotations are withdrawn, never deleted");
}

#[tokio::test]
async fn one_person_does_not_take_the_trends_of_all() {
    let (_place, desk) = Place::new().open_kept();
    let keep = async |by: Author| {
        let trend = NewTrend { name: "t".into(), shared: false, trend: json!({}) };
        change(&desk, 1, move |draft| draft.keep_trend(trend, by)).await.map(|kept| kept.id)
    };
    for _ in 0..TRENDS_OF_ONE_MAX {
        keep(author("ada", 1)).await.unwrap();
    }
    let full = keep(author("ada", 1)).await.unwrap_err();
    assert_eq!(full.to_string(), "there are 200 trends of one person, and more are not kept");
    let program = Author { name: "token:report".into(), account: None };
    keep(program).await.unwrap();
    let id = keep(author("bob", 2)).await.unwrap();
    change(&desk, 2, move |draft| draft.delete_trend(id)).await.unwrap();
    change(&desk, 2, |draft| draft.delete_trend(1)).await.unwrap();
    assert!(keep(author("ada", 1)).await.unwrap() > id, "a number is never given twice");
}

#[tokio::test]
async fn the_trends_of_others_that_are_not_shared_are_not_read() {
    let (place, desk) = Place::new().open_kept();
    let report = Author { name: "token:report".into(), account: None };
    for (name, shared, by) in [
        ("a", false, author("ada", 1)),
        ("b", true, author("bob", 2)),
        ("c", false, author("bob", 2)),
        ("r", false, report.clone()),
    ] {
        let trend = NewTrend { name: name.into(), shared, trend: json!({}) };
        change(&desk, 1, move |draft| draft.keep_trend(trend, by)).await.unwrap();
    }
    // One that cannot be read would stop the list of whoever reads it.
    place.sql("UPDATE trends SET trend = 'no trend' WHERE name = 'c'");
    let names = async |reader: Author| desk.trends(reader, |trend| Some(trend.name)).await;
    assert_eq!(names(author("ada", 1)).await.unwrap(), ["a", "b"]);
    assert_eq!(names(author("report", 7)).await.unwrap(), ["b"]);
    assert_eq!(names(report).await.unwrap(), ["b", "r"]);
    names(author("bob", 2)).await.unwrap_err();
}

#[tokio::test]
async fn a_full_desk_says_so() {
    let place = Place::new();
    drop(place.open());
    place.sql(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000) \
         INSERT INTO annotations (path, tags, starts, until, text, author, made) \
         SELECT 'acme', '[]', x, x, 't', 'ada', x FROM n",
    );
    let desk = place.open();
    let full = change(&desk, 1, |draft| draft.annotate(new("one more", 1))).await.unwrap_err();
    assert_eq!(full.to_string(), "there are 100000 annotations, and more are not kept");
    assert_eq!(desk.status().await.unwrap().annotations, 100_000);
}

impl Place {
    /// The open desk with its folder, which goes when this is dropped.
    fn open_kept(self) -> (Place, Desk) {
        let desk = self.open();
        (self, desk)
    }
}
