import type { Random } from "../support/random.js";
import { exchange, nestedText, oddText, type Attack } from "./attack.js";
import { badToken } from "./httpAttacks.js";
import { HANDSHAKE, NOT_CLOSED, closeOf, declared, frame } from "./frames.js";
import { badArgs, badPath, spoiled } from "./values.js";

/** The refusal by which the client of a WebSocket can know its fault. */
type Refusal =
  /** A close code of WebSocket itself for broken frames. */
  | "badFrame"
  /** A FatalError, then the end. */
  | "fatal"
  | "authError"
  /** The failure of this query or call only; the session goes on. */
  | "failed";

/** Broken WebSocket frames, and wrong messages in sound frames. */
export function frameAttack(random: Random): Attack {
  return random.chance(0.4) ? brokenFrame(random) : wrongMessage(random);
}

const CONNECT =
  '{"type":"Connect","sessionId":"hostile","connectionCount":0,"lastCloseReason":"InitialConnect"}';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;

function brokenFrame(random: Random): Attack {
  const sound = Buffer.from('{"type":"Event"}');
  const kind = random.pick([
    ["a binary frame", "fatal", [frame(BINARY, sound)]],
    [
      "bad UTF-8",
      "badFrame",
      [frame(TEXT, Buffer.from([0xc0, 0xae, 0xff, random.below(256)]))],
    ],
    ["an unmasked frame", "badFrame", [frame(TEXT, sound, { mask: false })]],
    [
      "a reserved opcode",
      "badFrame",
      [frame(random.pick([3, 4, 5, 6, 7, 11, 12, 15]), sound)],
    ],
    [
      "a reserved bit",
      "badFrame",
      [frame(TEXT, sound, { bits: random.pick([0x10, 0x20, 0x40]) })],
    ],
    ["a fragment of nothing", "badFrame", [frame(0, sound)]],
    [
      "a message inside another",
      "badFrame",
      [frame(TEXT, sound, { fin: false }), frame(TEXT, sound)],
    ],
    ["a fragmented ping", "badFrame", [frame(PING, sound, { fin: false })]],
    [
      "a ping that is too long",
      "badFrame",
      [frame(PING, Buffer.alloc(126 + random.below(1_000)))],
    ],
    [
      "a close code that is none",
      "badFrame",
      [frame(CLOSE, Buffer.from([random.pick([0, 1]), random.below(200)]))],
    ],
    ["a close of one byte", "badFrame", [frame(CLOSE, Buffer.from([3]))]],
    [
      "a declared length beyond all",
      "badFrame",
      [declared(2n ** BigInt(40 + random.below(24)) - 1n)],
    ],
    [
      "thousands of fragments of no JSON",
      "fatal",
      [
        frame(TEXT, Buffer.from("["), { fin: false }),
        ...Array.from({ length: 2_000 }, () =>
          frame(0, Buffer.from("["), { fin: false }),
        ),
        frame(0, Buffer.from("]")),
      ],
    ],
  ] as const satisfies readonly (readonly [
    string,
    Refusal,
    readonly Buffer[],
  ])[]);
  const [name, refusal, frames] = kind;
  return speaking(name, refusal, [
    frame(TEXT, Buffer.from(CONNECT)),
    ...frames,
  ]);
}

const MESSAGES: Record<string, (random: Random) => [Refusal, ...string[]]> = {
  "broken JSON": (random) => [
    "fatal",
    spoiled(
      random,
      random.pick([
        modify(0, 1, add(1, "f:get", "{}")),
        call("Mutation", "f:add", "{}"),
      ]),
    ),
  ],
  "no message of the protocol": (random) => [
    "fatal",
    random.pick([
      "null",
      "7",
      "[]",
      "{}",
      nestedText(10_000),
      '{"type":"__proto__"}',
      '{"type":"constructor"}',
      '{"type":{"toString":1}}',
      `{"type":${JSON.stringify(oddText(random))}}`,
    ]),
  ],
  "a second Connect": () => ["fatal", CONNECT, CONNECT],
  "a wrong version": (random) => {
    const base = random.pick([
      "9",
      "-1",
      "0.5",
      "1e308",
      '"0"',
      "null",
      nestedText(10_000),
    ]);
    return [
      "fatal",
      random.pick([
        modify(base, 10_000_000, add(1, "f:get", "{}")),
        modify(0, base === "9" ? "0" : base, ""),
        `{"type":"Authenticate","tokenType":"None","baseVersion":${base}}`,
      ]),
    ];
  },
  "a wrong query set": (random) => [
    "fatal",
    random.pick([
      modify(0, 1, '{"type":"Remove","queryId":3}'),
      modify(0, 1, `${add(1, "f:get", "{}")},${add(1, "f:get", "{}")}`),
      modify(0, 1, add(-1, "f:get", "{}")),
      modify(0, 1, '{"type":"Add","queryId":1}'),
      modify(
        0,
        1,
        `{"type":"Add","queryId":1,"udfPath":${nestedText(10_000)},"args":[]}`,
      ),
      modify(0, 0, add(1, "f:get", "{}")),
    ]),
  ],
  "too many queries": () => [
    "fatal",
    modify(
      0,
      1,
      Array.from({ length: 10_001 }, (_, id) => add(id, "f:get", "{}")).join(),
    ),
  ],
  "a wrong request": (random) => [
    "fatal",
    random.pick([
      '{"type":"Mutation","requestId":0,"udfPath":"f:add"}',
      '{"type":"Mutation","requestId":-1,"udfPath":"f:add","args":[]}',
      '{"type":"Action","requestId":1e300,"udfPath":"f:add","args":[]}',
      '{"type":"Action","requestId":0,"udfPath":7,"args":[]}',
      `{"type":"Mutation","requestId":0,"udfPath":"f:add","args":[],"componentPath":${nestedText(9)}}`,
    ]),
  ],
  "a wrong token": (random) => [
    "authError",
    random.pick([
      authenticate("User", badToken(random)),
      authenticate(
        "User",
        `${base64url('{"alg":"RS256"}')}.${base64url(`{"iss":"https://a.example","aud":${nestedText(10_000)}}`)}.AAAA`,
      ),
      authenticate(
        "Admin",
        random.pick(["x", "a".repeat(100_000), "__proto__"]),
      ),
    ]),
  ],
  "a query that cannot be run": (random) => [
    "failed",
    modify(
      0,
      1,
      add(1, random.pick([badPath(random), "f:get"]), badArgs(random).text),
    ),
  ],
  "a query of a component": (random) => [
    "failed",
    modify(
      0,
      1,
      `{"type":"Add","queryId":1,"udfPath":"f:get","args":[{}],"componentPath":${JSON.stringify(oddText(random) || "x")}}`,
    ),
  ],
  "a bad journal": (random) => [
    "failed",
    modify(
      0,
      1,
      `{"type":"Add","queryId":1,"udfPath":"f:page","args":[{"paginationOpts":{"cursor":${JSON.stringify(oddText(random) || "x")},"numItems":1}}],"journal":${JSON.stringify(oddText(random))}}`,
    ),
  ],
  "a call that cannot be run": (random) => [
    "failed",
    call(
      random.pick(["Mutation", "Action"]),
      badPath(random),
      badArgs(random).text,
    ),
  ],
};

function wrongMessage(random: Random): Attack {
  const weights = Object.fromEntries(
    Object.keys(MESSAGES).map((name) => [
      name,
      name === "too many queries" ? 0.05 : 1,
    ]),
  );
  const name = random.weighted(weights);
  const [refusal, ...messages] = MESSAGES[name]!(random);
  if (refusal !== "fatal" || random.chance(0.9)) messages.unshift(CONNECT);
  return speaking(
    `${name} ${messages.at(-1)?.slice(0, 300) ?? ""}`,
    refusal,
    messages.map((message) => frame(TEXT, Buffer.from(message))),
  );
}

function add(queryId: number, udfPath: string, args: string): string {
  return `{"type":"Add","queryId":${queryId},"udfPath":${JSON.stringify(udfPath)},"args":[${args}]}`;
}

function modify(
  base: number | string,
  next: number | string,
  modifications: string,
): string {
  return `{"type":"ModifyQuerySet","baseVersion":${base},"newVersion":${next},"modifications":[${modifications}]}`;
}

function call(type: string, udfPath: string, args: string): string {
  return `{"type":"${type}","requestId":0,"udfPath":${JSON.stringify(udfPath)},"args":[${args}]}`;
}

function authenticate(tokenType: string, value: string): string {
  return JSON.stringify({
    type: "Authenticate",
    tokenType,
    value,
    baseVersion: 0,
  });
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function speaking(
  name: string,
  refusal: Refusal,
  frames: readonly Buffer[],
): Attack {
  return {
    name: `${name} (${refusal})`,
    async run(target) {
      const answer = await exchange(
        target,
        [HANDSHAKE, Buffer.concat(frames)],
        { isEnough },
      );
      const problem = problemWith(refusal, answer);
      if (problem !== undefined) {
        const shown = answer.toString("latin1").slice(120, 700);
        throw new Error(`${problem}: ${shown}`);
      }
    },
  };
}

/**
 * Whether the client has what it needs to end the connection: a close frame to answer, or the end
 * of a call.
 */
function isEnough(received: Buffer): boolean {
  return (
    closeOf(framesIn(received)).code !== NOT_CLOSED ||
    FAILED.test(received.toString())
  );
}

function framesIn(received: Buffer): Buffer {
  const end = received.indexOf("\r\n\r\n");
  return end === -1 ? Buffer.alloc(0) : received.subarray(end + 4);
}

const FAILED =
  /"type":"QueryFailed","errorMessage":".{5}|"success":false,"result":".{5}/;
const ERROR = /"error":".{5}/;

/** The reason why an answer is not the right refusal; undefined if it is. */
function problemWith(refusal: Refusal, answer: Buffer): string | undefined {
  const text = answer.toString();
  if (!text.startsWith("HTTP/1.1 101 ")) return "no handshake";
  const { code } = closeOf(framesIn(answer));
  const isCode = (...codes: number[]) =>
    codes.includes(code) ? undefined : `closed with ${code}`;
  switch (refusal) {
    case "badFrame":
      return isCode(1002, 1007, 1009);
    case "fatal":
      return text.includes('"type":"FatalError"') && ERROR.test(text)
        ? isCode(1008)
        : "no FatalError";
    case "authError":
      return text.includes('"type":"AuthError"') && ERROR.test(text)
        ? isCode(1008)
        : "no AuthError";
    case "failed":
      return FAILED.test(text) ? undefined : "nothing failed";
    default:
      return refusal satisfies never;
  }
}
