"""A Modbus server on pymodbus with the plant of modbus-points.csv.

    python server.py tcp|rtu+tcp [port]      port 0, the default, takes a free one
    python server.py serial PATH             19200 baud, no parity

Units: 1 and all others answer; 2 fails reading holding registers; 3 answers reads after half a second; 4 has no
mask write; 5 has no function at all; 6 is behind a gateway that does not reach it; 7 is busy.
"""

import asyncio
import csv
import pathlib
import struct
import sys

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

POINTS = pathlib.Path(__file__).parent.parent / "modbus-points.csv"
NUMBERS = {"i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q", "f32": "f", "f64": "d"}


LONG_ORDERS = {"ABCDEFGH": "ABCD", "GHEFCDAB": "CDAB", "BADCFEHG": "BADC", "HGFEDCBA": "DCBA"}


def ordered(data, order):
    """Bytes ABCD in the order in which the registers hold them."""
    order = LONG_ORDERS.get(order, order)
    pairs = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order in ("CDAB", "DCBA"):
        pairs.reverse()
    if order in ("BADC", "DCBA"):
        pairs = [pair[::-1] for pair in pairs]
    return b"".join(pairs)


def packed(kind, order, text):
    """The registers' bytes of one value."""
    if kind in ("i8", "u8"):
        return struct.pack(">BB", 0x5A, int(text) & 0xFF)
    if kind in NUMBERS:
        number = float(text) if kind[0] == "f" else int(text)
        return ordered(struct.pack(">" + NUMBERS[kind], number), order)
    length = int(kind[kind.index("(") + 1 : -1])
    data = bytes.fromhex(text) if kind.startswith("bytes") else text.encode()
    return ordered(data.ljust(length + length % 2, b"\0"), order)


def plant():
    """The four tables: cell -> value."""
    tables = {"co": {}, "di": {}, "ir": {}, "hr": {}}
    with POINTS.open(encoding="utf-8") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        for row in rows:
            table, cell = row["address"].split(":")
            kind, _, order = row["type"].partition(":")
            cells = tables[table]
            if table in ("co", "di"):
                cells[int(cell)] = row["value"] == "true"
            elif "." in cell:
                at, bit = (int(part) for part in cell.split("."))
                on = row["value"] == "true"
                cells[at] = cells.get(at, 0) | on << bit
            else:
                data = packed(kind, order or "ABCD", row["value"])
                for n in range(0, len(data), 2):
                    cells[int(cell) + n // 2] = data[n] << 8 | data[n + 1]
    for cell in range(1000, 1200):
        tables["hr"][cell] = 0
        tables["co"][cell] = False
    for cell in range(3000, 5000):
        tables["co"][cell] = tables["di"][cell] = cell % 3 == 0
    for cell in range(3000, 3125):
        tables["hr"][cell] = tables["ir"][cell] = cell * 7
    return tables


def block(cells, kind):
    return [SimData(cell, values=[cells[cell]], datatype=kind) for cell in sorted(cells)]


def acting(unit):
    """What a unit does with a request, before it is served."""

    async def act(function, _start, _address, _count, _cells, _values):
        if unit == 2 and function == 3:
            return ExcCodes.DEVICE_FAILURE
        if unit == 3 and function <= 4:
            await asyncio.sleep(0.5)
        if unit == 5 or (unit == 4 and function == 22):
            return ExcCodes.ILLEGAL_FUNCTION
        if unit == 6:
            return ExcCodes.GATEWAY_NO_RESPONSE
        if unit == 7:
            return ExcCodes.DEVICE_BUSY
        return None

    return act


def devices():
    tables = plant()
    # In this order by pymodbus: coils, discrete inputs, holding registers, input registers.
    blocks = (
        block(tables["co"], DataType.BITS),
        block(tables["di"], DataType.BITS),
        block(tables["hr"], DataType.REGISTERS),
        block(tables["ir"], DataType.REGISTERS),
    )
    return [SimDevice(unit, simdata=blocks, action=acting(unit)) for unit in range(8)]


async def main(mode, where):
    if mode == "serial":
        server = ModbusSerialServer(
            devices(), framer=FramerType.RTU, port=where, baudrate=19200, parity="N", broadcast_enable=True
        )
    else:
        framer = FramerType.RTU if mode == "rtu+tcp" else FramerType.SOCKET
        server = ModbusTcpServer(
            devices(), framer=framer, address=("127.0.0.1", int(where)), broadcast_enable=mode == "rtu+tcp"
        )
    await server.serve_forever(background=True)
    if mode != "serial":
        where = server.transport.sockets[0].getsockname()[1]
    print(f"listening {where}", flush=True)
    await server.serving


asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "0"))
