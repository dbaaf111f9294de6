// Endpoints in parts: `tcp://host:port` and `serial:///dev/ttyS0?baud=19200&parity=even`. A text that is neither stays
// the text it is. What is allowed in the end, the node says.

export interface Serial {
  port: string;
  /** As written; what is not there is the node's default. */
  options: Record<string, string>;
}

export type Endpoint = { scheme: string } & ({ kind: "host"; host: string; port: string } | { kind: "serial"; serial: Serial } | { kind: "text"; rest: string });

/** What the node takes when an option of a serial line is not written. */
export const SERIAL_DEFAULTS: Readonly<Record<string, string>> = { baud: "19200", parity: "even", data: "8", stop: "1" };
export const SERIAL_CHOICES: Readonly<Record<string, readonly string[]>> = {
  baud: ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"],
  parity: ["none", "even", "odd"],
  data: ["7", "8"],
  stop: ["1", "2"],
};

export function parseEndpoint(text: string): Endpoint | null {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text.trim());
  if (parts === null) return null;
  const [scheme, rest] = [parts[1]!.toLowerCase(), parts[2]!];
  if (scheme === "serial") {
    const [port = "", query = ""] = rest.split("?");
    return { scheme, kind: "serial", serial: { port, options: Object.fromEntries(query.split("&").filter((one) => one !== "").map((one) => [one.split("=")[0]!, one.split("=").slice(1).join("=")])) } };
  }
  const host = /^(\[[^\]]*\]|[^:/?[\]]*)(?::([^/?]*))?$/.exec(rest);
  if (host === null) return { scheme, kind: "text", rest };
  return { scheme, kind: "host", host: host[1]!, port: host[2] ?? "" };
}

export function writeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "text") return `${endpoint.scheme}://${endpoint.rest}`;
  if (endpoint.kind === "host") return `${endpoint.scheme}://${endpoint.host}${endpoint.port === "" ? "" : `:${endpoint.port}`}`;
  const { port, options } = endpoint.serial;
  const query = Object.entries(options).filter(([name, value]) => value !== "" && value !== SERIAL_DEFAULTS[name]).map(([name, value]) => `${name}=${value}`).join("&");
  return `serial://${port}${query === "" ? "" : `?${query}`}`;
}

/** An empty endpoint of a scheme; its port is the one of the example. */
export function blankEndpoint(scheme: string, example: string): Endpoint {
  const like = parseEndpoint(example);
  if (like?.kind === "serial" || scheme === "serial") return { scheme, kind: "serial", serial: { port: "", options: {} } };
  if (like?.kind === "host") return { scheme, kind: "host", host: "", port: like.port };
  return { scheme, kind: "text", rest: "" };
}

/** Whether there is enough to try it. */
export function isWhole(endpoint: Endpoint): boolean {
  if (endpoint.kind === "text") return endpoint.rest.trim() !== "";
  if (endpoint.kind === "serial") return endpoint.serial.port.trim() !== "";
  return endpoint.host.trim() !== "" && /^\d{1,5}$/.test(endpoint.port) && Number(endpoint.port) <= 65_535;
}

/** What somebody typed or pasted into the field for the host: also a whole endpoint, or a host with its port. */
export function typedHost(text: string, now: Extract<Endpoint, { kind: "host" }>, schemes: readonly string[]): Endpoint {
  const whole = text.includes("://") ? parseEndpoint(text) : null;
  if (whole !== null && schemes.includes(whole.scheme) && !(whole.kind === "host" && whole.host === "")) {
    return whole.kind === "host" && whole.port === "" ? { ...whole, port: now.port } : whole;
  }
  const both = /^(\[[^\]]*\]|[^:\s]+):(\d{1,5})$/.exec(text.trim());
  return both === null ? { ...now, host: text.trim().replace(/:$/, "") } : { ...now, host: both[1]!, port: both[2]! };
}
