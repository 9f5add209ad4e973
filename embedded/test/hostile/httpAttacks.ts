import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { Random } from "../support/random.js";
import {
  badBase64,
  exchange,
  nestedText,
  oddText,
  type Attack,
  type Target,
} from "./attack.js";
import { badArgs, badPath, spoiled } from "./values.js";

/** Wrong requests over HTTP. */
export function httpAttack(random: Random): Attack {
  return KINDS[random.weighted(WEIGHTS)](random);
}

const CALLS = ["/api/query", "/api/mutation", "/api/action"];
const BODIES = [
  ...CALLS,
  "/api/query_at_ts",
  "/api/query_batch",
  "/api/run/f/get",
  "/api/deploy2/start_push",
  "/api/deploy2/wait_for_schema",
  "/api/deploy2/finish_push",
  "/api/get_config_hashes",
];
const SOUND = '{"path":"f:get","args":{"name":"a"},"format":"json"}';

const WEIGHTS = {
  brokenJson: 6,
  wrongArgs: 12,
  wrongPath: 8,
  wrongFields: 8,
  wrongKey: 6,
  wrongToken: 6,
  wrongEncoding: 6,
  bomb: 0.15,
  oversized: 0.15,
  wrongLength: 6,
  smuggling: 6,
  headers: 6,
  requestLine: 8,
  traversal: 6,
  wrongUpgrade: 4,
};

const KINDS: Record<keyof typeof WEIGHTS, (random: Random) => Attack> = {
  brokenJson: (random) =>
    posting("broken JSON", random.pick(BODIES), spoiled(random, SOUND)),
  wrongArgs: (random) => {
    const { name, text } = badArgs(random);
    const body =
      random.below(4) === 0
        ? {
            to: "/api/query_batch",
            text: `{"queries":[{"path":"f:get","args":${text}}]}`,
          }
        : { to: random.pick(CALLS), text: `{"path":"f:get","args":${text}}` };
    return posting(name, body.to, body.text);
  },
  wrongPath: (random) =>
    posting(
      "a path of no function",
      random.pick(CALLS),
      JSON.stringify({ path: badPath(random), args: {} }),
    ),
  wrongFields: (random) => {
    const field = random.pick([
      "path",
      "format",
      "componentPath",
      "ts",
      "queries",
      "adminKey",
      "args",
    ]);
    const value = random.pick([
      nestedText(10_000),
      "7",
      "1e999",
      '{"a":{}}',
      '{"toString":1,"valueOf":2}',
      JSON.stringify(oddText(random)),
      JSON.stringify(badBase64(random)),
    ]);
    const sound = { path: '"f:nothing"', format: '"json"', args: "{}" };
    const body = Object.entries({ ...sound, [field]: value })
      .map(([key, text]) => `"${key}":${text}`)
      .join();
    const to = BODIES.filter((path) => !path.startsWith("/api/run/"));
    return posting(`a wrong ${field}`, random.pick(to), `{${body}}`);
  },
  wrongKey: (random) =>
    posting(
      "a wrong admin key",
      random.pick([
        "/api/function",
        "/api/update_environment_variables",
        ...CALLS,
      ]),
      SOUND,
      [
        `authorization: ${random.pick(["Convex ", "convex ", "Convex  "])}${random.pick(
          [
            "x",
            "embedded|" + "0".repeat(64),
            `embedded|0:${badBase64(random)}`,
            "a".repeat(8_000),
            "__proto__",
          ],
        )}`,
      ],
    ),
  wrongToken: (random) =>
    posting("a wrong token", random.pick(CALLS), SOUND, [
      `authorization: ${random.pick(["Bearer", "Basic", "Bearer x"])} ${badToken(random)}`,
    ]),
  wrongEncoding: (random) => {
    const encoding = random.pick([
      "gzip",
      "br",
      "deflate",
      "zstd",
      "gzip, br",
      "x",
    ]);
    const whole = random.pick([gzipSync, brotliCompressSync, deflateSync])(
      SOUND,
    );
    const body = random.pick([
      whole.subarray(0, random.below(whole.length)),
      Buffer.concat([Buffer.from([random.below(256)]), whole]),
      Buffer.from(oddText(random)),
    ]);
    return posting("an encoding that is none", random.pick(BODIES), body, [
      `content-encoding: ${encoding}`,
    ]);
  },
  bomb: () =>
    posting("a gzip bomb", "/api/query", BOMB(), ["content-encoding: gzip"]),
  oversized: (random) =>
    posting("a body beyond the limit", random.pick(CALLS), OVERSIZED()),
  wrongLength: (random) => {
    const length = random.pick([
      "-1",
      "NaN",
      "1e3",
      "0x10",
      "99999999999999999999",
      "5, 6",
      "",
      String(SOUND.length + 1 + random.below(1_000)),
      String(random.below(SOUND.length)),
    ]);
    return raw(
      "a wrong Content-Length",
      request("POST", random.pick(CALLS), [`content-length: ${length}`]) +
        SOUND,
      { halfClose: true },
    );
  },
  smuggling: (random) => {
    const hidden = "GET /api/hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    const chunked = `0\r\n\r\n${hidden}`;
    const headers = random.pick([
      [`content-length: ${chunked.length}`, "transfer-encoding: chunked"],
      ["transfer-encoding: chunked", "transfer-encoding: identity"],
      ["transfer-encoding: xchunked"],
      ["transfer-encoding : chunked"],
      ["transfer-encoding: chunked, gzip"],
      ["content-length: 5", "content-length: 6"],
      ["transfer-encoding: chunked\n x"],
    ]);
    const chunks = random.pick([
      chunked,
      "zz\r\nabc\r\n0\r\n\r\n",
      "-5\r\nabc",
      "fffffffffffffffff\r\na",
      "5\nabcde0\r\n\r\n",
    ]);
    return raw("smuggling", request("POST", "/api/query", headers) + chunks, {
      halfClose: true,
    });
  },
  headers: (random) => {
    const headers = random.pick([
      Array.from({ length: 5_000 }, (_, i) => `x-flood-${i}: 1`),
      [`x-long: ${"a".repeat(20_000)}`],
      ["no colon here"],
      ["x\0y: 1"],
      [": nameless"],
      ["x: a\0b"],
      ["bad(name): 1"],
      ["expect: nonsense"],
      ["x: a\rb: c"],
      Array.from({ length: 300 }, (_, i) => `cookie: a${i}=${"b".repeat(60)}`),
    ]);
    return raw("bad headers", request("GET", "/nowhere", headers), {
      halfClose: true,
    });
  },
  requestLine: (random) =>
    raw(
      "a bad request line",
      random.pick([
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /nowhere FTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET /nowhere HTTP/1.1\r\n\r\n",
        request("CONNECT", "example.test:443", []),
        request("TRACE", "/api/query", []),
        request("BREW", "/version", []),
        request("DELETE", "/api/query", []),
        request("PROPFIND", "/http/x", []),
        request("GET", `/${"a".repeat(20_000)}`, []),
        request("GET", "/a\0b", []),
        request("GET", "*", []),
        request("GET", "no-slash", []),
        request("GET", "http://other.example/api", []),
        request("GET", "/http/\x80\xff", []),
        "\r\n".repeat(100) + "x\r\n\r\n",
      ]),
      { halfClose: true },
    ),
  traversal: (random) =>
    raw(
      "a path out of the API",
      request(
        random.pick(["GET", "POST"]),
        random.pick([
          "/../../etc/passwd",
          "/api/../../admin-key",
          "/api/run/../../f",
          "/api/run/%2e%2e/get",
          "/api/run/f%00/get",
          "/%c0%ae%c0%ae/x",
          "/api/storage/x",
          "/api/storage/%2e%2e/%2e%2e/admin-key",
          "/api/storage/00000000-0000-4000-8000-000000000000?component=%zz",
          "/api/storage/upload?token=e30.e30",
          `/api/storage/upload?token=${"a".repeat(10_000)}`,
          "//example.test/x",
          "/http//example.test",
          "/http/%zz",
          "/http/?%zz=%",
          "/api/query?path=__proto__&args={",
          "/api/query?path=f:get&args=[[[",
          "/api/stream_function_logs?cursor=-1",
          "/api/1.48.0/sync",
          `/api/run/${encodeURIComponent(Buffer.from(oddText(random)).toString()).slice(0, 5_000)}`,
        ]),
        ["content-length: 0"],
      ),
      { halfClose: true },
    ),
  wrongUpgrade: (random) =>
    raw(
      "a wrong upgrade",
      request(
        "GET",
        random.pick([
          "/api/1.48.0/sync",
          "/api/sync",
          "/api/x/sync",
          "/nowhere",
          "/http/x",
        ]),
        [
          "connection: Upgrade",
          `upgrade: ${random.pick(["h2c", "websocket", "WebSocket, x", ""])}`,
          `sec-websocket-version: ${random.pick(["13", "99", "x", "-1"])}`,
          `sec-websocket-key: ${random.pick(["short", "", badBase64(random)])}`,
        ],
      ),
    ),
};

/** A JWT's text whose claims are not what they should be. */
export function badToken(random: Random): string {
  const claims = random.pick([
    '{"iss":{"toString":1},"sub":"a"}',
    '{"iss":5,"sub":"a","exp":1}',
    `{"iss":${nestedText(2_000)}}`,
    `{"iss":"https://a.example","aud":${nestedText(2_000)}}`,
    '{"iss":"https://a.example","aud":{"toString":null}}',
    '{"iss":"https://a.example","__proto__":{"exp":9999999999}}',
    '{"iss":null}',
    "[]",
    "null",
    "{",
    "{}",
  ]);
  return random.pick([
    `${base64url('{"alg":"none"}')}.${base64url(claims)}.`,
    `${base64url('{"alg":"RS256"}')}.${base64url(claims)}.AAAA`,
    `.${base64url(claims)}.`,
    "a.b",
    "....",
    "x".repeat(1_000),
  ]);
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function request(method: string, path: string, headers: string[]): string {
  return [
    `${method} ${path} HTTP/1.1`,
    "Host: x",
    "Connection: close",
    ...headers,
    "\r\n",
  ]
    .join("\r\n")
    .replace(/\r\n\r\n\r\n$/, "\r\n\r\n");
}

function posting(
  name: string,
  path: string,
  body: string | Buffer,
  headers: string[] = [],
): Attack {
  const bytes = Buffer.from(body as string);
  const head = request("POST", path, [
    ...headers.map((header) => header.replace(/[\0\r\n]/g, "?")),
    `content-length: ${bytes.length}`,
  ]);
  return sending(`${name} at ${path}`, [head, bytes]);
}

function raw(
  name: string,
  text: string,
  options: { halfClose?: boolean } = {},
): Attack {
  return sending(name, [Buffer.from(text, "latin1")], options);
}

function sending(
  name: string,
  bytes: (string | Buffer)[],
  options: { halfClose?: boolean } = {},
): Attack {
  return {
    name: `${name}: ${Buffer.concat(
      bytes.map((part) => Buffer.from(part as string)),
    )
      .subarray(0, 300)
      .toString("latin1")}`,
    async run(target: Target) {
      const answer = await exchange(target, bytes, options);
      const problem = problemWith(answer.toString("latin1"));
      if (problem !== undefined) throw new Error(problem);
    },
  };
}

/** The reason why an answer is not a clear refusal; undefined if it is. */
function problemWith(answer: string): string | undefined {
  const [head = "", body = ""] = answer.split(/\r\n\r\n([\s\S]*)/);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const shown = answer.slice(0, 500);
  if (Number.isNaN(status)) return `no HTTP answer: ${shown}`;
  if (status === 404 && !/content-type: application\/json/i.test(head)) {
    // An app's own routes would be at this path.
    return /No matching routes|HTTP actions/.test(body) ? undefined : shown;
  }
  let refusal: Record<string, unknown>;
  try {
    refusal = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return `no JSON: ${shown}`;
  }
  const says = (key: string) =>
    typeof refusal[key] === "string" && refusal[key] !== "";
  if (status === 200 && refusal["status"] === "error") {
    return says("errorMessage") ? undefined : shown;
  }
  if (status === 200 && Array.isArray(refusal["results"])) return undefined;
  return status >= 400 && status < 500 && says("code") && says("message")
    ? undefined
    : `no refusal: ${shown}`;
}

const BOMB = once(() => gzipSync(Buffer.alloc(64 << 20, " ")));
const OVERSIZED = once(() => Buffer.alloc(18 << 20, " "));

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
