// A Modbus TCP server on modbus-serial with the plant of modbus-points.csv.
//
//     node server.js [port]      port 0, the default, takes a free one
//
// Units: 1 and all others answer; 2 fails reading holding registers; 3 answers reads after half a second; 5 has no
// function at all; 6 is behind a gateway that does not reach it; 7 is busy. No unit has mask write: modbus-serial
// does not know it.

"use strict";
const fs = require("fs");
const path = require("path");
const ServerTCP = require("modbus-serial").ServerTCP;

const ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, DEVICE_FAILURE = 4, BUSY = 6, GATEWAY_TARGET = 11;

function refuse(code) {
    const error = new Error("exception " + code);
    error.modbusErrorCode = code;
    return error;
}

const LONG_ORDERS = { ABCDEFGH: "ABCD", GHEFCDAB: "CDAB", BADCFEHG: "BADC", HGFEDCBA: "DCBA" };

// Bytes ABCD in the order in which the registers hold them.
function ordered(data, longOrder) {
    const order = LONG_ORDERS[longOrder] ?? longOrder;
    const out = Buffer.from(data);
    if (order === "DCBA" || order === "CDAB") out.reverse();
    if (order === "BADC" || order === "CDAB") out.swap16();
    return out;
}

function packed(kind, order, text) {
    const out = Buffer.alloc(8);
    switch (kind) {
    case "i8": out[0] = 0x5a; out.writeInt8(Number(text), 1); return out.subarray(0, 2);
    case "u8": out[0] = 0x5a; out.writeUInt8(Number(text), 1); return out.subarray(0, 2);
    case "i16": out.writeInt16BE(Number(text)); return ordered(out.subarray(0, 2), order);
    case "u16": out.writeUInt16BE(Number(text)); return ordered(out.subarray(0, 2), order);
    case "i32": out.writeInt32BE(Number(text)); return ordered(out.subarray(0, 4), order);
    case "u32": out.writeUInt32BE(Number(text)); return ordered(out.subarray(0, 4), order);
    case "f32": out.writeFloatBE(real(text)); return ordered(out.subarray(0, 4), order);
    case "i64": out.writeBigInt64BE(BigInt(text)); return ordered(out, order);
    case "u64": out.writeBigUInt64BE(BigInt(text)); return ordered(out, order);
    case "f64": out.writeDoubleBE(real(text)); return ordered(out, order);
    }
    const length = Number(kind.slice(kind.indexOf("(") + 1, -1));
    const all = Buffer.alloc(length + length % 2);
    (kind.startsWith("bytes") ? Buffer.from(text, "hex") : Buffer.from(text)).copy(all);
    return ordered(all, order);
}

function real(text) {
    return { inf: Infinity, "-inf": -Infinity }[text] ?? Number(text);
}

function plant() {
    const tables = { co: new Map(), di: new Map(), ir: new Map(), hr: new Map() };
    const file = path.join(__dirname, "..", "modbus-points.csv");
    const lines = fs.readFileSync(file, "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
    for (const line of lines.slice(1)) {
        const [address, type, value] = line.split(",");
        const [table, cell] = address.split(":");
        const [kind, order] = type.split(":");
        const cells = tables[table];
        if (table === "co" || table === "di") {
            cells.set(Number(cell), value === "true");
        } else if (cell.includes(".")) {
            const [at, bit] = cell.split(".").map(Number);
            cells.set(at, (cells.get(at) ?? 0) | (value === "true") << bit);
        } else {
            const data = packed(kind, order, value);
            for (let n = 0; n < data.length; n += 2) cells.set(Number(cell) + n / 2, data.readUInt16BE(n));
        }
    }
    for (let cell = 1000; cell < 1200; cell++) {
        tables.hr.set(cell, 0);
        tables.co.set(cell, false);
    }
    for (let cell = 3000; cell < 5000; cell++) {
        tables.co.set(cell, cell % 3 === 0);
        tables.di.set(cell, cell % 3 === 0);
    }
    for (let cell = 3000; cell < 3125; cell++) {
        tables.hr.set(cell, cell * 7);
        tables.ir.set(cell, cell * 7);
    }
    return tables;
}

const units = new Map();
function cellsOf(unit, table) {
    if (!units.has(unit)) units.set(unit, plant());
    return units.get(unit)[table];
}

async function manner(unit, table) {
    if (unit === 2 && table === "hr") throw refuse(DEVICE_FAILURE);
    if (unit === 3 && table !== "writing") await new Promise((done) => setTimeout(done, 500));
    if (unit === 5) throw refuse(ILLEGAL_FUNCTION);
    if (unit === 6) throw refuse(GATEWAY_TARGET);
    if (unit === 7) throw refuse(BUSY);
}

async function read(table, at, unit) {
    await manner(unit, table);
    const cell = cellsOf(unit, table).get(at);
    if (cell === undefined) throw refuse(ILLEGAL_ADDRESS);
    return cell;
}

async function write(table, at, value, unit) {
    await manner(unit, "writing");
    const cells = cellsOf(unit, table);
    if (!cells.has(at)) throw refuse(ILLEGAL_ADDRESS);
    cells.set(at, value);
}

const vector = {
    getCoil: (at, unit) => read("co", at, unit),
    getDiscreteInput: (at, unit) => read("di", at, unit),
    getInputRegister: (at, unit) => read("ir", at, unit),
    getHoldingRegister: (at, unit) => read("hr", at, unit),
    setCoil: (at, value, unit) => write("co", at, value, unit),
    setRegister: (at, value, unit) => write("hr", at, value, unit),
};

// A number 0 would become the library's default, 502.
const server = new ServerTCP(vector, { host: "127.0.0.1", port: process.argv[2] ?? "0" });
server.on("initialized", () => console.log("listening " + server._server.address().port));
server.on("socketError", () => {}); // a client that goes away is what half of the tests are about
server.on("serverError", (error) => {
    console.error(error.message);
    process.exit(1);
});
