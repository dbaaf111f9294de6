import { expect, test } from "vitest";
import { blankEndpoint, isWhole, parseEndpoint, typedHost, writeEndpoint } from "./endpoint";

test("an endpoint comes back from its parts", () => {
  for (const text of ["tcp://192.168.0.17:502", "tcp://[::1]:502", "rtu+tcp://gw.plant:4001", "serial:///dev/ttyS0?baud=9600&parity=none", "serial://COM3", "opc.tcp://plc:4840/path/x", "tcp://plc"]) {
    expect(writeEndpoint(parseEndpoint(text)!)).toBe(text);
  }
  expect(parseEndpoint("192.168.0.17")).toBe(null);
  expect(writeEndpoint(parseEndpoint("serial:///dev/ttyS0?baud=19200&parity=even&stop=2")!)).toBe("serial:///dev/ttyS0?stop=2");
});

test("a new endpoint has the usual port and is whole when the host is there", () => {
  const blank = blankEndpoint("tcp", "tcp://192.168.0.17:502");
  expect(blank).toEqual({ scheme: "tcp", kind: "host", host: "", port: "502" });
  expect(isWhole(blank)).toBe(false);
  expect(isWhole({ scheme: "tcp", kind: "host", host: "plc", port: "70000" })).toBe(false);
  expect(isWhole(blankEndpoint("serial", "serial:///dev/ttyS0"))).toBe(false);
  expect(isWhole(parseEndpoint("serial://COM3")!)).toBe(true);
});

test("a host may be pasted with everything around it", () => {
  const now = { scheme: "tcp", kind: "host", host: "", port: "502" } as const;
  for (const [typed, whole] of [
    ["10.0.0.5", "tcp://10.0.0.5:502"], ["10.0.0.5:5020", "tcp://10.0.0.5:5020"], [" plc.local ", "tcp://plc.local:502"], ["tcp://127.0.0.1:15020", "tcp://127.0.0.1:15020"], ["tcp://plc", "tcp://plc:502"],
    ["serial:///dev/ttyS0", "serial:///dev/ttyS0"], ["[::1]:502", "tcp://[::1]:502"], ["10.0.0.5:", "tcp://10.0.0.5:502"],
  ] as const) {
    expect(writeEndpoint(typedHost(typed, now, ["tcp", "serial"])), typed).toBe(whole);
  }
});
