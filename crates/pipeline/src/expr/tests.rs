use super::*;
use proptest::prelude::*;

/// The tags of the tests: `a` and `b` are numbers, `on` is a bool, `mode` is text.
const TAGS: [(&str, Kind); 4] =
    [("a", Kind::Number), ("b", Kind::Number), ("on", Kind::Bool), ("mode", Kind::Text)];

fn compile(text: &str) -> Result<(Parsed, Expression), ExprError> {
    let parsed = Parsed::new(text)?;
    let kinds: Vec<Kind> = parsed
        .names()
        .iter()
        .map(|(name, _)| {
            let (Name::Beside(name) | Name::Below(name)) = name;
            TAGS.iter().find(|(tag, _)| tag == name).map_or(Kind::Number, |(_, kind)| *kind)
        })
        .collect();
    parsed.compile(&kinds).map(|expression| (parsed, expression))
}

/// Computes `text` for `a = 7`, `b` bad, `on` true, `mode` 'RUN'.
fn compute(text: &str) -> String {
    let (parsed, expression) = match compile(text) {
        Ok(compiled) => compiled,
        Err(error) => {
            let at =
                error.position().map_or(String::new(), |at| format!("{}:{} ", at.line, at.column));
            return format!("{at}{error}");
        }
    };
    let inputs: Vec<Input> = parsed
        .names()
        .iter()
        .map(|(name, _)| match name {
            Name::Beside(name) | Name::Below(name) => match name.as_str() {
                "a" => Input::Number(7.0),
                "on" => Input::Bool(true),
                "mode" => Input::Text("RUN".into()),
                _ => Input::Null,
            },
        })
        .collect();
    match expression.evaluate(&inputs) {
        Ok(value) => value.to_string(),
        Err(absent) => format!("{absent:?}"),
    }
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(compute(text), *expected, "{text}");
    }
}

#[test]
fn numbers_are_computed_as_in_sql_but_never_cut() {
    check(&[
        ("a + 2 * 3", "13"),
        ("(a + 2) * 3", "27"),
        ("a / 2", "3.5"),
        ("a % 4", "3"),
        ("-a", "-7"),
        ("+a - -1", "8"),
        ("1.5e3", "1500"),
        ("\"a\" * 2", "14"),
        ("a / 0", "Undefined"),
        ("a % 0", "Undefined"),
        ("1e308 * 10", "Undefined"),
        ("a + b", "Input"),
    ]);
}

#[test]
fn functions_say_undefined_where_there_is_no_value() {
    check(&[
        ("ABS(-a)", "7"),
        ("SIGN(-a)", "-1"),
        ("SIGN(0)", "0"),
        ("ROUND(2.5)", "3"),
        ("ROUND(-2.5)", "-3"),
        ("ROUND(a / 3, 2)", "2.33"),
        ("ROUND(1234, -2)", "1200"),
        ("FLOOR(-0.5)", "-1"),
        ("CEIL(0.5)", "1"),
        ("CEILING(0.5)", "1"),
        ("TRUNC(-1.9)", "-1"),
        ("SQRT(16)", "4"),
        ("SQRT(-1)", "Undefined"),
        ("POWER(2, 10)", "1024"),
        ("POW(-1, 0.5)", "Undefined"),
        ("MOD(a, 4)", "3"),
        ("LN(0)", "Undefined"),
        ("LOG10(1000)", "3"),
        ("LN(EXP(1))", "1"),
        ("LEAST(3, a, 5)", "3"),
        ("greatest(3, a, 5)", "7"),
        ("LEAST(3, b)", "Input"),
        ("COALESCE(b, a)", "7"),
        ("COALESCE(a / 0, 1)", "1"),
        ("COALESCE(b, NULL)", "Input"),
        ("NULLIF(a, 7)", "Input"),
        ("NULLIF(a, 8)", "7"),
    ]);
}

#[test]
fn logic_has_three_values() {
    check(&[
        ("a > 5 AND on", "true"),
        ("a > 5 AND b > 5", "Input"),
        ("a < 5 AND b > 5", "false"),
        ("b > 5 AND a < 5", "false"),
        ("a > 5 OR b > 5", "true"),
        ("b > 5 OR a > 5", "true"),
        ("a < 5 OR b > 5", "Input"),
        ("NOT on", "false"),
        ("NOT b > 1", "Input"),
        ("b IS NULL", "true"),
        ("a IS NOT NULL", "true"),
        ("(b > 1) IS TRUE", "false"),
        ("(b > 1) IS NOT TRUE", "true"),
        ("on IS FALSE", "false"),
        ("a = 7", "true"),
        ("a <> 7", "false"),
        ("a >= 7 AND a <= 7", "true"),
        ("mode = 'RUN'", "true"),
        ("'RUN' = mode", "true"),
        ("mode < 'S'", "true"),
        ("on = TRUE", "true"),
        ("a BETWEEN 7 AND 8", "true"),
        ("a NOT BETWEEN 7 AND 8", "false"),
        ("b BETWEEN 1 AND 2", "Input"),
        ("a IN (1, 7)", "true"),
        ("a IN (1, NULL)", "Input"),
        ("a NOT IN (1, 2)", "true"),
        ("mode IN ('STOP', 'RUN')", "true"),
    ]);
}

#[test]
fn a_choice_takes_the_first_that_is_true() {
    check(&[
        ("CASE WHEN a > 10 THEN 1 WHEN a > 5 THEN 2 ELSE 3 END", "2"),
        ("CASE WHEN b > 10 THEN 1 ELSE 3 END", "3"),
        ("CASE WHEN a > 10 THEN 1 END", "Input"),
        ("CASE mode WHEN 'STOP' THEN 'off' WHEN 'RUN' THEN 'on' END", "on"),
        ("CASE WHEN on THEN a > 1 ELSE NULL END", "true"),
        ("CAST(on AS INTEGER) + 1", "2"),
        ("CAST(2.5 AS INT)", "3"),
        ("CAST(a AS BOOLEAN)", "true"),
        ("CAST(a / 2 AS TEXT)", "3.5"),
        ("CAST('12.5' AS DOUBLE)", "12.5"),
        ("CAST(mode AS DOUBLE)", "Undefined"),
        ("a::text", "7"),
    ]);
}

/// Proves: A13, SAR 2.4.
#[test]
fn a_mistake_is_named_with_its_place() {
    check(&[
        ("", "expected an expression, found EOF"),
        ("a +", "expected an expression, found EOF"),
        ("a b", "1:3 `b` does not belong to the expression"),
        (
            "a + on",
            "1:5 a number is needed here, this is a bool; CAST(… AS INTEGER) makes it 1 or 0",
        ),
        ("a AND on", "1:1 a condition is needed here, this is a number; write `… <> 0`"),
        ("a +\n  mode", "2:3 a number is needed here, this is text"),
        ("a = mode", "1:1 a number cannot be compared with a text"),
        ("on < on", "1:1 bools are equal or not, none is less than the other"),
        ("a IN (1, 'x')", "1:10 a number cannot be compared with a text"),
        (
            "CASE WHEN on THEN 1 ELSE 'x' END",
            "1:26 the results of a CASE are of one kind; the first is a number, this is a text",
        ),
        (
            "MAX(a, 1)",
            "1:1 there is no function `MAX`; the largest of several is GREATEST(a, b, …)",
        ),
        ("SQRT(1, 2)", "1:1 SQRT takes 1 argument, not 2"),
        ("ROUND()", "1:1 ROUND takes 1 or 2 arguments, not 0"),
        ("ROUND(a, a)", "1:10 the digits of ROUND are a whole number from -15 to 15"),
        ("line.speed", "1:1 a tag of another folder is written as a path in double quotes"),
        ("(SELECT 1)", "1:2 `(SELECT 1)` is not offered in tag expressions"),
        ("a || 'x'", "1:1 the operator `||` is not offered in tag expressions"),
        ("mode LIKE 'R%'", "1:1 `mode LIKE 'R%'` is not offered in tag expressions"),
        ("SUM(a) OVER ()", "1:1 `SUM` with clauses is not offered in tag expressions"),
        (
            "CAST(a AS DATE)",
            "1:6 a cast to DATE (DOUBLE, INTEGER, BOOLEAN and TEXT are) is not offered in tag expressions",
        ),
        (
            "FLOOR(a TO DAY)",
            "1:7 FLOOR and CEIL with a second argument is not offered in tag expressions",
        ),
    ]);
}

#[test]
fn what_would_take_the_stack_or_the_memory_is_refused() {
    let deep =
        |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    assert_eq!(
        compute(&deep("(", ")", 100)),
        format!("the expression has more than {DEPTH_MAX} levels of brackets")
    );
    assert_eq!(compute(&deep("(", ")", 10)), "7");
    // Where the parser gives up it takes the next NOT for a name; it is refused one way or the other.
    assert!(compute(&format!("{}on", "NOT ".repeat(200))).contains("does not belong"));
    assert!(compute(&format!("{}a", "- ".repeat(200))).contains("levels"));
    assert!(compute(&format!("a{}", " + a".repeat(1_000))).contains("words and signs"));
    assert_eq!(compute(&format!("a{}", " + a".repeat(200))), "1407");
    assert!(compute(&"x".repeat(5_000)).contains("bytes"));
    let many: Vec<String> = (0..100).map(|n| format!("t{n}")).collect();
    assert!(compute(&many.join(" + ")).contains("tags"));
    let mut nested = String::from("a");
    for _ in 0..12 {
        nested = format!("CASE {nested} WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 END");
    }
    assert!(compute(&nested).contains("more than"), "{}", compute(&nested));
}

#[test]
fn names_come_once_in_their_order() {
    let parsed = Parsed::new("\"x/y\" + speed + \"x/y\" + \"speed\"").unwrap();
    let names: Vec<Name> = parsed.names().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(
        names,
        [Name::Below("x/y".into()), Name::Beside("speed".into()), Name::Below("speed".into())]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = compute(&text);
    }

    #[test]
    fn no_sequence_of_words_makes_it_panic(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "a", "b", "on", "mode", "\"x/y\"", "1", "2.5", "'t'", "NULL", "TRUE", "+", "-", "*", "/", "%", "=", "<>", "<",
            "(", ")", ",", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "END", "IN", "IS", "BETWEEN",
            "CAST", "AS", "DOUBLE", "ABS", "COALESCE", "ROUND", "LIKE", "INTERVAL", "::", ".", "[", "]", "{", "->", "SELECT",
            "EXISTS", "FLOOR", "TO", "OVER", "@", "$1", "~", "||", ":", ";", "DATE", "EXTRACT", "FROM", "ARRAY", "STRUCT", "MAP",
        ]), 0..40,
    )) {
        let _ = compute(&words.join(" "));
    }
}
