//! Secrets do not get into the lines that are kept.
//!
//! Whoever logs does not log them in the first place: passwords and tokens are types without text. This is the second
//! fence, for what comes in the texts of others: addresses with a password, headers, error messages.

/// What stands in the place of a secret.
const HIDDEN: &str = "•••";

/// A name that has one of these words is the name of a secret.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "private_key",
];

/// Begins an API token.
const TOKEN: &str = "ls_";

/// Characters behind it from which on it is one.
const TOKEN_CHARS_MIN: usize = 16;

/// `value` as the value of `name`, without what nobody may read.
pub(super) fn without(name: &str, value: String) -> String {
    let low = name.to_ascii_lowercase();
    if NAMES.iter().any(|word| low.contains(word)) {
        return HIDDEN.to_owned();
    }
    if is_harmless(&value) {
        return value;
    }
    if value.contains("PRIVATE KEY") {
        return HIDDEN.to_owned();
    }
    let value = behind_names(&value);
    let value = in_addresses(&value);
    let value = behind_bearer(&value);
    tokens(&value)
}

/// The usual line has none of the marks, and costs one look.
fn is_harmless(value: &str) -> bool {
    let low = value.to_ascii_lowercase();
    !low.contains(TOKEN)
        && !low.contains("bearer ")
        && !low.contains("://")
        && !low.contains("private key")
        && !NAMES.iter().any(|name| low.contains(name))
}

/// What ends a secret in a text.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '<' | '>' | ')' | ']' | '}')
}

/// `password=…`, `"token": "…"`.
fn behind_names(text: &str) -> String {
    let low = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let next = NAMES
            .iter()
            .filter_map(|name| low[at..].find(name).map(|found| at + found + name.len()))
            .min();
        let Some(behind) = next else { break };
        let rest = &text[behind..];
        let value = rest.trim_start_matches(['"', '\'', ' ']);
        let Some(value) = value.strip_prefix(['=', ':']) else {
            out.push_str(&text[at..behind]);
            at = behind;
            continue;
        };
        let value = value.trim_start_matches(' ');
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        let value = behind_scheme(&value[quote.map_or(0, char::len_utf8)..]);
        let start = text.len() - value.len();
        let length = match quote {
            Some(quote) => value.find(quote),
            None => value.find(ends),
        };
        let end = start + length.unwrap_or(value.len());
        out.push_str(&text[at..start]);
        if end > start {
            out.push_str(HIDDEN);
        }
        at = end.max(behind);
    }
    out.push_str(&text[at..]);
    out
}

/// `authorization: Basic …`: the secret is the word behind the scheme.
fn behind_scheme(value: &str) -> &str {
    let scheme = ["basic ", "bearer "].into_iter().find(|scheme| {
        value.get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme))
    });
    value[scheme.map_or(0, str::len)..].trim_start_matches(' ')
}

/// `scheme://name:password@host`.
fn in_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        let (before, behind) = rest.split_at(found + 3);
        out.push_str(before);
        let end = behind.find(|c: char| ends(c) || matches!(c, '/' | '?' | '#'));
        let (authority, after) = behind.split_at(end.unwrap_or(behind.len()));
        match authority.rsplit_once('@') {
            Some((who, host)) => {
                let name = who.split(':').next().unwrap_or_default();
                out.push_str(name);
                if who.contains(':') {
                    out.push(':');
                    out.push_str(HIDDEN);
                }
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn behind_bearer(text: &str) -> String {
    const WORD: &str = "bearer ";
    let low = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = low[at..].find(WORD) {
        let start = at + found + WORD.len();
        let end = start + text[start..].find(ends).unwrap_or(text.len() - start);
        out.push_str(&text[at..start]);
        out.push_str(HIDDEN);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

fn tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(TOKEN) {
        let (before, behind) = rest.split_at(found + TOKEN.len());
        out.push_str(before);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
        let starts_a_word = !before[..found].ends_with(|c: char| c.is_ascii_alphanumeric());
        if starts_a_word && end >= TOKEN_CHARS_MIN {
            out.push_str(HIDDEN);
        } else {
            out.push_str(&behind[..end]);
        }
        rest = &behind[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expect: &str) {
        assert_eq!(without(name, value.to_owned()), expect);
    }

    #[test]
    fn what_nobody_may_read_is_taken_out_and_the_rest_stays() {
        check("message", "press-1 is back after 3 s", "press-1 is back after 3 s");
        check("endpoint", "tcp://10.0.0.5:502", "tcp://10.0.0.5:502");
        check("url", "mqtt://anna:pw@host:1883/a", "mqtt://anna:•••@host:1883/a");
        check("url", "mqtt://anna@host/a", "mqtt://anna@host/a");
        check("client_secret", "x", "•••");
        check("message", "{\"password\": \"x y\"}", "{\"password\": \"•••\"}");
        check("message", "token=abc&x=1", "token=•••&x=1");
        check("message", "no token was given", "no token was given");
        check("message", "Bearer abc def", "Bearer ••• def");
        check("message", "made ls_0123456789abcdefXYZ for Maria", "made ls_••• for Maria");
        check("message", "tools_of_the_trade_and_others", "tools_of_the_trade_and_others");
        check("message", "password:", "password:");
        check("message", "Authorization: Bearer abc, x", "Authorization: Bearer •••, x");
        check("message", "authorization: Basic YTpi and on", "authorization: Basic ••• and on");
        check(
            "message",
            "{\"authorization\": \"Basic YTpi\"}",
            "{\"authorization\": \"Basic •••\"}",
        );
    }
}
