import { describe, expect, test } from "vitest";
import { AdminKey } from "../../../embedded/server/adminKey.js";
import { EMPTY_REVISION } from "../../../embedded/server/push/revision.js";
import type { ServerMessage } from "../../../embedded/server/sync/messages.js";
import { SyncSession } from "../../../embedded/server/sync/session.js";

const KEY = "0123456789abcdef";

function session(durableTs = 5n) {
  const sent: ServerMessage[] = [];
  let isClosed = false;
  const live = { revision: EMPTY_REVISION, environment: { TOKEN: "t" } };
  const open = new SyncSession(
    {
      live,
      adminKey: new AdminKey(KEY),
      database: { durableTs },
      urls: { cloud: "http://cloud", site: "http://site" },
    },
    {
      send: (message) => sent.push(message),
      close: () => {
        isClosed = true;
      },
    },
  );
  return {
    say: (message: unknown) =>
      open.receive(
        typeof message === "string" ? message : JSON.stringify(message),
      ),
    sent,
    isClosed: () => isClosed,
  };
}

const authenticate = (value: string, baseVersion = 0) => ({
  type: "Authenticate",
  tokenType: "Admin",
  value,
  baseVersion,
});

const ask = (udfPath: string, args: unknown = {}, queryId = 0) => ({
  type: "ModifyQuerySet",
  baseVersion: 0,
  newVersion: 1,
  modifications: [{ type: "Add", queryId, udfPath, args: [args] }],
});

describe("a session", () => {
  test("answers system queries to the holder of the key, in versions that join up", () => {
    const { say, sent } = session();
    say({ type: "Connect", sessionId: "s", connectionCount: 0 });
    say(authenticate(KEY));
    say(ask("_system/cli/convexUrl:cloudUrl"));
    const zero = Buffer.alloc(8).toString("base64");
    const five = Buffer.from([5, 0, 0, 0, 0, 0, 0, 0]).toString("base64");
    expect(sent).toEqual([
      {
        type: "Transition",
        startVersion: { querySet: 0, identity: 0, ts: zero },
        endVersion: { querySet: 0, identity: 1, ts: five },
        modifications: [],
      },
      {
        type: "Transition",
        startVersion: { querySet: 0, identity: 1, ts: five },
        endVersion: { querySet: 1, identity: 1, ts: five },
        modifications: [
          {
            type: "QueryUpdated",
            queryId: 0,
            value: "http://cloud",
            logLines: [],
            journal: null,
          },
        ],
      },
    ]);
  });

  test.each([
    [
      "_system/cli/queryEnvironmentVariables",
      {},
      [{ name: "TOKEN", value: "t" }],
    ],
    [
      "_system/cli/queryEnvironmentVariables:get",
      { name: "TOKEN" },
      { name: "TOKEN", value: "t" },
    ],
    ["_system/cli/queryEnvironmentVariables:get", { name: "__proto__" }, null],
    ["_system/cli/modules:apiSpec", {}, []],
    ["_system/cli/convexUrl.js:siteUrl", {}, "http://site"],
  ])("%s %j", (path, args, value) => {
    const { say, sent } = session();
    say(authenticate(KEY));
    say(ask(path, args));
    expect(sent.at(-1)).toMatchObject({
      modifications: [{ type: "QueryUpdated", value }],
    });
  });

  test("names what it does not do", () => {
    const { say, sent } = session();
    say(authenticate(KEY));
    say(ask("_system/cli/tables"));
    expect(sent.at(-1)).toMatchObject({
      modifications: [
        {
          type: "QueryFailed",
          errorMessage: expect.stringContaining("_system/cli/tables") as string,
        },
      ],
    });
    say({ type: "Mutation", requestId: 3, udfPath: "a:b", args: [{}] });
    expect(sent.at(-1)).toMatchObject({
      type: "MutationResponse",
      requestId: 3,
      success: false,
      result: expect.stringContaining("live queries") as string,
    });
  });

  test("tells nothing without the key, and ends after a wrong one", () => {
    const anonymous = session();
    anonymous.say(ask("_system/cli/queryEnvironmentVariables"));
    expect(anonymous.sent.at(-1)).toMatchObject({
      modifications: [{ type: "QueryFailed" }],
    });
    expect(JSON.stringify(anonymous.sent)).not.toContain("TOKEN");

    const wrong = session();
    wrong.say(authenticate("0123456789abcdeF"));
    expect(wrong.sent).toEqual([
      expect.objectContaining({ type: "AuthError", authUpdateAttempted: true }),
    ]);
    expect(wrong.isClosed()).toBe(true);
  });

  test.each([
    ["no JSON", "{"],
    ["no message", { type: "Dance" }],
    ["no version", { type: "ModifyQuerySet", modifications: [] }],
    ["a stale query set", { ...ask("x"), baseVersion: 4 }],
    ["a stale identity", authenticate(KEY, 9)],
    ["a negative id", ask("x", {}, -1)],
  ])("ends on %s", (_what, message) => {
    const { say, sent, isClosed } = session();
    say(message);
    expect(sent.at(-1)).toMatchObject({ type: "FatalError" });
    expect(isClosed()).toBe(true);
  });
});
