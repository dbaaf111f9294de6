use std::time::Duration;

use lineshaft_contract::{ConfigErrors, PointSpec};
use lineshaft_model::Access;
use proptest::prelude::*;

use super::super::config::Config;
use super::*;

fn point(address: &str, data_type: &str) -> Point {
    let (data_type, order) = DataType::parse_with_order(data_type).unwrap();
    let (name, period) = ("p".into(), Duration::from_secs(1));
    let access = if address.starts_with("hr") || address.starts_with("co") {
        Access::ReadWrite
    } else {
        Access::Read
    };
    let spec = PointSpec { name, address: address.into(), data_type, order, access, period };
    let mut mistakes = ConfigErrors::default();
    let point = Point::check(&Config::default(), 0, &spec, &mut mistakes);
    point.unwrap_or_else(|| panic!("{mistakes}"))
}

fn bytes_of(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// Decodes registers and prints value and quality.
#[track_caller]
fn check(data_type: &str, hex: &str, expect: &str) {
    let (value, quality) = value(&point("hr:0", data_type), 0, &bytes_of(hex), TextEncoding::Utf8);
    let quality = if quality.is_good() { String::new() } else { format!(" {quality}") };
    assert_eq!(format!("{value}{quality}"), expect, "{data_type} {hex}");
}

#[test]
fn registers_become_numbers() {
    check("i16", "80 00", "-32768");
    check("u16", "ff ff", "65535");
    check("i8", "00 80", "-128");
    check("u8", "ab ff", "255");
    check("i32", "ff ff ff fe", "-2");
    check("u32", "ff ff ff ff", "4294967295");
    check("i64", "80 00 00 00 00 00 00 00", "-9223372036854775808");
    check("u64", "ff ff ff ff ff ff ff ff", "18446744073709551615");
    check("f32", "42 f6 e9 79", "123.45600128173828");
    check("f64", "40 5e dd 2f 1a 9f be 77", "123.456");
}

#[test]
fn the_four_orders_of_the_bytes() {
    check("u32:ABCD", "01 02 03 04", "16909060");
    check("u32:CDAB", "03 04 01 02", "16909060");
    check("u32:BADC", "02 01 04 03", "16909060");
    check("u32:DCBA", "04 03 02 01", "16909060");
    check("u64:ABCDEFGH", "01 02 03 04 05 06 07 08", "72623859790382856");
    check("u64:GHEFCDAB", "07 08 05 06 03 04 01 02", "72623859790382856");
    check("u64:BADCFEHG", "02 01 04 03 06 05 08 07", "72623859790382856");
    check("u64:HGFEDCBA", "08 07 06 05 04 03 02 01", "72623859790382856");
}

#[test]
fn text_ends_at_a_zero_byte_and_bytes_do_not() {
    check("text(6)", "50 75 6d 70 00 31", "Pump");
    check("text(4)", "50 75 6d 70", "Pump");
    check("text(3)", "50 75 6d 70", "Pum");
    check("text(4):BADC", "75 50 70 6d", "Pump");
    check("text(4)", "4f 4b 20 20", "OK  ");
    check("text(4)", "32 31 b0 43", "21\u{fffd}C uncertain(device)");
    check("bytes(3)", "00 ff 00 01", "00ff00");
    let latin = value(&point("hr:0", "text(4)"), 0, b"21\xb0C", TextEncoding::Latin1);
    assert_eq!(latin, (Value::from("21°C"), Quality::GOOD));
}

#[test]
fn bits_of_registers_and_packed_bits() {
    let bit = |address: &str, offset, hex: &str| {
        value(&point(address, "bool"), offset, &bytes_of(hex), TextEncoding::Utf8).0
    };
    assert_eq!(bit("hr:0.0", 0, "00 01"), Value::Bool(true));
    assert_eq!(bit("hr:0.15", 0, "80 00"), Value::Bool(true));
    assert_eq!(bit("hr:0.8", 1, "ff ff 00 ff"), Value::Bool(false));
    assert_eq!(bit("co:0", 0, "01"), Value::Bool(true));
    assert_eq!(bit("co:0", 9, "00 02"), Value::Bool(true));
    assert_eq!(bit("di:0", 7, "7f"), Value::Bool(false));
}

#[test]
fn cells_that_are_not_there_are_bad_and_not_a_panic() {
    let short = value(&point("hr:0", "f64"), 120, &[0; 20], TextEncoding::Utf8);
    assert_eq!(short, (Value::Null, Quality::bad(Reason::Device)));
    let short = value(&point("co:0", "bool"), 2_000, &[0; 20], TextEncoding::Utf8);
    assert_eq!(short, (Value::Null, Quality::bad(Reason::Device)));
}

#[track_caller]
fn refused(data_type: &str, value: impl Into<Value>, what: &str) {
    let address = if data_type == "bool" { "co:0" } else { "hr:0" };
    let unfit = change(&point(address, data_type), &value.into(), TextEncoding::Utf8).unwrap_err();
    assert_eq!(unfit.to_string(), what);
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_the_reason() {
    refused("u8", 300_i64, "300 is not from 0 to 255, the range of u8");
    refused("i8", -129_i64, "-129 is not from -128 to 127, the range of i8");
    refused("u16", -1_i64, "-1 is not from 0 to 65535, the range of u16");
    refused("i16", 21.5, "21.5 is not a whole number, and i16 holds nothing else");
    refused("i16", f64::NAN, "NaN is not a whole number, and i16 holds nothing else");
    refused("u32", 4_294_967_296.0, "4294967296 is not from 0 to 4294967295, the range of u32");
    refused(
        "i64",
        u64::MAX,
        "18446744073709551615 is not from -9223372036854775808 to 9223372036854775807, the range of i64",
    );
    refused(
        "u64",
        1e300,
        &format!("{} is not from 0 to 18446744073709551615, the range of u64", 1e300),
    );
    refused("f32", 16_777_217_i64, "f32 cannot hold 16777217 exactly");
    refused("f32", 1e39, &format!("f32 cannot hold {} exactly", 1e39));
    refused("f64", f64::INFINITY, "f64 cannot hold inf exactly");
    refused("f64", 9_007_199_254_740_993_i64, "f64 cannot hold 9007199254740993 exactly");
    refused("bool", 2_i64, "2 is not from 0 to 1, the range of bool");
    refused("u16", true, "a value of kind bool cannot be written to u16");
    refused("u16", "5", "a value of kind text cannot be written to u16");
    refused("text(3)", "Pump", "4 bytes do not fit text(3)");
    refused("text(9)", "a\0b", "text with a zero byte would end there");
    refused("bytes(3)", Value::Bytes([1, 2].as_slice().into()), "2 bytes do not fit bytes(3)");
    let latin = change(&point("hr:0", "text(9)"), &"€".into(), TextEncoding::Latin1);
    assert_eq!(latin, Err(Unfit::Character('€')));
}

#[test]
fn a_part_of_a_register_is_written_alone() {
    let part = |address: &str, data_type: &str, value: Value| {
        change(&point(address, data_type), &value, TextEncoding::Utf8).unwrap()
    };
    assert_eq!(part("hr:0.3", "bool", true.into()), Change::Part { and: 0xfff7, or: 8 });
    assert_eq!(part("hr:0.15", "bool", false.into()), Change::Part { and: 0x7fff, or: 0 });
    assert_eq!(part("hr:0", "i8", (-1_i64).into()), Change::Part { and: 0xff00, or: 0xff });
    assert_eq!(part("hr:0", "u8", 5.0.into()), Change::Part { and: 0xff00, or: 5 });
    let swapped = Point { order: WordOrder::Badc, ..point("hr:0", "u8") };
    let change = change(&swapped, &Value::Int(5), TextEncoding::Utf8);
    assert_eq!(change, Ok(Change::Part { and: 0x00ff, or: 0x0500 }));
    assert_eq!(part("co:0", "bool", 1_i64.into()), Change::Coil(true));
}

fn numbers() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        any::<i16>().prop_map(|n| ("i16", Value::Int(n.into()))),
        any::<u16>().prop_map(|n| ("u16", Value::Int(n.into()))),
        any::<i32>().prop_map(|n| ("i32", Value::Int(n.into()))),
        any::<u32>().prop_map(|n| ("u32", Value::Int(n.into()))),
        any::<i64>().prop_map(|n| ("i64", Value::Int(n))),
        any::<u64>().prop_map(|n| ("u64", Value::Uint(n))),
        any::<f32>().prop_map(|n| ("f32", Value::Float(n.into()))),
        any::<f64>().prop_map(|n| ("f64", Value::Float(n))),
        "[ -~äöü€]{0,10}".prop_map(|text| ("text(40)", Value::from(text.as_str()))),
        prop::collection::vec(any::<u8>(), 7)
            .prop_map(|bytes| ("bytes(7)", Value::Bytes(bytes.into()))),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        (data_type, written) in numbers(),
        order in prop::sample::select(vec![WordOrder::Abcd, WordOrder::Cdab, WordOrder::Badc, WordOrder::Dcba]),
    ) {
        let point = Point { order, ..point("hr:0", data_type) };
        let change = change(&point, &written, TextEncoding::Utf8).unwrap();
        let Change::Registers(registers) = change else { panic!("{change:?}") };
        prop_assert_eq!(registers.len(), usize::from(point.count));
        let cells: Vec<u8> = registers.iter().flat_map(|word| word.to_be_bytes()).collect();
        let (read, quality) = value(&point, 0, &cells, TextEncoding::Utf8);
        prop_assert!(read.same_bits(&written), "{read} instead of {written}");
        prop_assert!(quality.is_good());
    }

    #[test]
    fn no_registers_make_it_panic(cells in prop::collection::vec(any::<u8>(), 0..260), offset in 0u16..130, latin: bool) {
        let encoding = if latin { TextEncoding::Latin1 } else { TextEncoding::Utf8 };
        for data_type in ["i8", "u16", "f32", "u64:CDAB", "text(249):DCBA", "bytes(245)", "text(1)"] {
            let _ = value(&point("ir:0", data_type), offset, &cells, encoding);
        }
    }
}
